package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate/internal/testdb"
)

// replicas starts two servers on one PostgreSQL.
func replicas(t *testing.T) (db string, both [2]*server) {
	t.Helper()
	db = testdb.Postgres(t)
	key := prepare(t, db)
	return db, [2]*server{serve(t, db, key), serve(t, db, key)}
}

func usage(customer, meter string, amount int, tx string) string {
	return fmt.Sprintf(`{"customer":%q,"meter":%q,"amount":%d,"transactionId":%q}`, customer, meter, amount, tx)
}

func TestSixtyFourCallersOfTwoServersSpendTenUnitsExactlyTenTimes(t *testing.T) {
	t.Parallel()
	db, both := replicas(t)
	for round := range 3 {
		who := fmt.Sprint("c", round)
		both[0].must(t, 201, "PUT", "/v1/customers/"+who, "{}")
		if round > 0 { // both know the account already
			for i, s := range both {
				s.must(t, 200, "POST", "/v1/consume", usage(who, "scarce", 0, fmt.Sprint("warm", i)))
			}
		}
		count := map[int]int{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				status, body, err := both[i%2].ask("POST", "/v1/consume", usage(who, "scarce", 1, fmt.Sprint("t", i)))
				if err != nil || status != 200 && status != 402 {
					t.Errorf("status %d, %v: %s", status, err, body)
				}
				mu.Lock()
				count[status]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if count[200] != 10 || count[402] != 54 {
			t.Errorf("%s: answers %v, want 10 of 200 and 54 of 402", who, count)
		}
		for _, s := range both {
			if got := s.must(t, 200, "GET", "/v1/customers/"+who+"/balances/scarce", ""); !bytes.Contains(got, []byte(`"available":0,`)) {
				t.Errorf("%s: %s, want 0 available", who, got)
			}
		}
	}
	runProgram(t, "audit", "--db", db)
}

func TestFiftySendsThroughTwoServersMakeOneEventWithOneAnswer(t *testing.T) {
	t.Parallel()
	db, both := replicas(t)
	both[0].must(t, 201, "PUT", "/v1/customers/ann", "{}")
	for round := range 5 {
		body := fmt.Sprintf(`{"customer":"ann","meter":"requests","amount":3,"transactionId":"same%d","at":"2026-01-02T03:04:05.678+01:00","properties":{"b":1.50,"a":"é<>&\u2028"}}`, round)
		answers := map[string]int{}
		firsts := 0
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				status, answer, err := both[i%2].ask("POST", "/v1/consume", body)
				if err != nil || status != 200 {
					t.Errorf("status %d, %v: %s", status, err, answer)
				}
				mu.Lock()
				defer mu.Unlock()
				if bytes.Contains(answer, []byte(`"duplicate":false`)) {
					firsts++
				}
				answers[strings.Replace(string(answer), `"duplicate":true`, `"duplicate":false`, 1)]++
			})
		}
		wg.Wait()
		if firsts != 1 || len(answers) != 1 {
			t.Errorf("round %d: %d first answers and %d different ones, want one of each: %v", round, firsts, len(answers), answers)
		}
	}
	if n := countEvents(t, both[1], "ann", "requests"); n != 5 {
		t.Errorf("%d events, want 5", n)
	}
	runProgram(t, "audit", "--db", db)
}

// consume sends usage and returns the status and, of a 200, what is available afterwards.
func consume(t testing.TB, s *server, customer, meter string, amount int, tx string) (status int, available float64, duplicate bool) {
	t.Helper()
	status, body, err := s.ask("POST", "/v1/consume", usage(customer, meter, amount, tx))
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Balance   struct{ Available float64 }
		Duplicate bool
	}
	if status != 200 {
		return status, 0, false
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	return status, answer.Balance.Available, answer.Duplicate
}

func TestWhatOneServerChangesHoldsInTheOtherAtOnce(t *testing.T) {
	t.Parallel()
	db, both := replicas(t)
	for round := range 10 { // each way, on accounts that both have in memory
		a, b := both[round%2], both[1-round%2]
		who := fmt.Sprint("c", round)
		path := "/v1/customers/" + who
		step := 0
		want := func(what string, wantStatus int, wantAvailable float64, amount int) {
			t.Helper()
			step++
			status, available, duplicate := consume(t, b, who, "scarce", amount, fmt.Sprint("t", step))
			if status != wantStatus || available != wantAvailable || duplicate {
				t.Errorf("round %d, %s: status %d, %v available (duplicate %t); want %d and %v", round, what, status, available, duplicate, wantStatus, wantAvailable)
			}
		}
		a.must(t, 201, "PUT", path, "{}")
		want("a new customer", 200, 2, 8)
		want("more than is left", 402, 0, 3)
		a.must(t, 200, "PATCH", path, `{"plan":"pro"}`)
		want("an upgrade", 200, 1, 11)
		a.must(t, 200, "PATCH", path, `{"plan":"free"}`)
		want("a downgrade", 402, 0, 1)
		a.must(t, 200, "POST", path+"/grants", `{"balance":"scarce","amount":5,"id":"g"}`)
		want("a grant", 200, 1, 4)
		var granted struct{ ID string }
		if err := json.Unmarshal(a.must(t, 200, "POST", path+"/grants", `{"balance":"scarce","amount":5,"id":"g"}`), &granted); err != nil {
			t.Fatal(err)
		}
		a.must(t, 200, "POST", "/v1/grants/"+granted.ID+"/revoke", `{}`)
		want("a revoke", 402, 0, 1)
		a.must(t, 200, "DELETE", path+"/events/t1", "")
		want("a void", 402, 0, 10)
		if status, _, duplicate := consume(t, b, who, "scarce", 8, "t1"); status != 200 || !duplicate {
			t.Errorf("round %d: the transactionId of a voided event: status %d, duplicate %t; want 200 and true", round, status, duplicate)
		}
		if status, _, _ := a.ask("DELETE", path, ""); status != 200 && status != 204 {
			t.Fatalf("erase: status %d", status)
		}
		want("an erasure", 404, 0, 1)
		if status, _, _ := consume(t, b, who, "scarce", 8, "t1"); status != 404 {
			t.Errorf("round %d: a repeat after the erasure: status %d, want 404", round, status)
		}
		a.must(t, 201, "PUT", path, "{}")
		step = 0
		want("a new customer of the same name under the same transactionId", 200, 2, 8)
	}
	runProgram(t, "audit", "--db", db)
}

// within waits until done reports true.
func within(t testing.TB, limit time.Duration, what string, done func() bool) {
	t.Helper()
	for began := time.Now(); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > limit {
			t.Errorf("%s: not within %s", what, limit)
			return
		}
	}
}

func TestACatalogAndARevokedKeyReachBothServersWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	db, both := replicas(t)
	both[0].must(t, 201, "PUT", "/v1/customers/ann", "{}")
	for _, s := range both {
		s.must(t, 200, "GET", "/v1/customers/ann/balances/scarce", "")
	}
	apply(t, db, strings.Replace(catalog, "scarce:   {limit: 10,", "scarce:   {limit: 15,", 1))
	for i, s := range both {
		within(t, 2*time.Second, fmt.Sprint("catalog in server ", i), func() bool {
			return bytes.Contains(s.must(t, 200, "GET", "/v1/customers/ann/balances/scarce", ""), []byte(`"limit":15,`))
		})
		if status, _, _ := consume(t, s, "ann", "scarce", 7, fmt.Sprint("t", i)); status != 200 {
			t.Errorf("server %d refuses (%d) what the new catalog allows", i, status)
		}
	}
	var keys struct{ Data []struct{ ID string } }
	if err := json.Unmarshal([]byte(runProgram(t, "key", "list", "--db", db, "--json")), &keys); err != nil || len(keys.Data) != 1 {
		t.Fatalf("keys %v, %v", keys, err)
	}
	runProgram(t, "key", "revoke", "--db", db, keys.Data[0].ID)
	for i, s := range both {
		within(t, 2*time.Second, fmt.Sprint("revoked key in server ", i), func() bool {
			status, _, err := s.ask("GET", "/v1/customers/ann", "")
			return err == nil && status == 401
		})
	}
}

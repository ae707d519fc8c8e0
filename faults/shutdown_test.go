package faults_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/testdb"
)

func TestTerminatingTheServerUnderLoadLosesNothing(t *testing.T) {
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		l := newLoad(seed(t))
		key := prepare(t, db)
		for round := range 3 {
			s := serve(t, db, key)
			if round == 0 {
				populate(t, s)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() { l.call(ctx, t, s) })
			}
			time.Sleep(150 * time.Millisecond) // of load
			s.terminate(t)
			s.wait(t)
			cancel()
			wg.Wait()
			if s.err != nil {
				t.Errorf("round %d: the server ended with %v\n%s", round, s.err, s.told())
			}
		}
		s := serve(t, db, key)
		l.replay(t, s, callers)
		l.checkTotals(t, s)
		runProgram(t, "audit", "--db", db)
	})
}

// Requests that wait for the database when SIGTERM comes are answered before the server ends.
func TestRequestsInFlightAreAnsweredBeforeTheServerEnds(t *testing.T) {
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		key := prepare(t, db)
		s := serve(t, db, key)
		s.must(t, 201, "PUT", "/v1/customers/ann", "{}")
		s.must(t, 200, "POST", "/v1/consume", usage("ann", "requests", 1, "first"))

		engine, err := tollgate.Open(t.Context(), db, tollgate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer engine.Close()
		tx, err := engine.SQL().BeginTx(t.Context(), nil) // on SQLite this alone keeps writers out
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if _, err := tx.Exec("UPDATE account SET version = version"); err != nil {
			t.Fatal(err)
		}
		const inFlight = 32
		var wg sync.WaitGroup
		for i := range inFlight {
			wg.Go(func() {
				status, body, err := s.ask("POST", "/v1/consume", usage("ann", "requests", 1, fmt.Sprint("t", i)))
				if err != nil || status != 200 {
					t.Errorf("a request in flight: status %d, %v: %s", status, err, body)
				}
			})
		}
		time.Sleep(300 * time.Millisecond) // for the requests to arrive: nothing tells when one has
		s.terminate(t)
		within(t, 5*time.Second, "new requests are refused", func() bool {
			_, _, err := s.ask("GET", "/healthz", "")
			return err != nil
		})
		select {
		case <-s.ended:
			t.Error("the server ended before its requests were answered")
		default:
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		s.wait(t)
		if s.err != nil {
			t.Errorf("the server ended with %v\n%s", s.err, s.told())
		}
		again := serve(t, db, key)
		if n := countEvents(t, again, "ann", "requests"); n != inFlight+1 {
			t.Errorf("%d events, want %d", n, inFlight+1)
		}
	})
}

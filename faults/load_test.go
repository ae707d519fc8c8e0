package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	people    = 12 // customers of the load
	scarceMax = 10 // what each of them can use of scarce
)

// A load is a sequence of acts, the same for the same seed, and what the servers have acknowledged of it.
type load struct {
	seed uint64

	mu       sync.Mutex
	next     int               // the number of the next act nobody has begun
	unsure   []int             // acts that were begun and not acknowledged to their end
	answers  map[string]string // by the request, as if it were the first
	accepted map[string]int    // of scarce, by customer
}

func newLoad(seed uint64) *load {
	return &load{seed: seed, answers: map[string]string{}, accepted: map[string]int{}}
}

func person(n int) string { return fmt.Sprintf("c/%d|@ x", n%people) }

// A step is one request of an act.
type step struct{ path, body string }

// An act is what one caller does, one step after the other. Usage and tokens say what it adds to its customer.
type act struct {
	kind            string
	customer        string
	requests, token int
	steps           func(answers [][]byte) (step, bool) // the next step, given the answers so far
}

// act returns the act of a number.
func (l *load) act(n int) act {
	random := rand.New(rand.NewPCG(l.seed, uint64(n)))
	who := person(random.IntN(people))
	amount := 1 + random.IntN(9)
	usage := func(meter string, amount int, tx string) string {
		return fmt.Sprintf(`{"customer":%q,"meter":%q,"amount":%d,"transactionId":%q}`, who, meter, amount, tx)
	}
	once := func(path, body string) func([][]byte) (step, bool) {
		return func(answers [][]byte) (step, bool) { return step{path, body}, len(answers) == 0 }
	}
	switch kind := random.IntN(20); {
	case kind < 2:
		return act{kind: "scarce", customer: who, steps: once("/v1/consume", usage("scarce", 1, fmt.Sprint("s", n)))}
	case kind < 4:
		items := make([]string, 1+random.IntN(150)) // on both sides of where PostgreSQL gets them with COPY
		for i := range items {
			items[i] = usage("requests", amount, fmt.Sprint("b", n, "-", i))
		}
		body := `{"events":[` + strings.Join(items, ",") + `]}`
		return act{kind: "batch", customer: who, requests: amount * len(items), steps: once("/v1/events", body)}
	case kind < 7:
		used := random.IntN(amount + 1)
		return act{kind: "hold", customer: who, token: used, steps: func(answers [][]byte) (step, bool) {
			switch len(answers) {
			case 0:
				return step{"/v1/holds", usage("tokens", amount, fmt.Sprint("h", n))}, true
			case 1:
				var held struct{ ID string }
				json.Unmarshal(answers[0], &held) // an empty id answers 404, which is an error
				return step{"/v1/holds/" + held.ID + "/capture", fmt.Sprintf(`{"amount":%d}`, used)}, true
			}
			return step{}, false
		}}
	}
	return act{kind: "consume", customer: who, requests: amount, steps: once("/v1/consume", usage("requests", amount, fmt.Sprint("t", n)))}
}

// take returns the number of an act to do: one that is unsure, or the next one.
func (l *load) take() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.unsure); n > 0 {
		last := l.unsure[n-1]
		l.unsure = l.unsure[:n-1]
		return last
	}
	l.next++
	return l.next - 1
}

func (l *load) giveBack(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsure = append(l.unsure, n)
}

// do does one act to its end, and reports whether all of it was acknowledged.
func (l *load) do(t testing.TB, s *server, n int) bool {
	a := l.act(n)
	var answers [][]byte
	for {
		next, more := a.steps(answers)
		if !more {
			return true
		}
		status, body, err := s.ask("POST", next.path, next.body)
		switch {
		case err != nil || status == http.StatusServiceUnavailable:
			return false
		case status == http.StatusPaymentRequired && a.kind == "scarce":
			l.acknowledge(t, a, next, nil)
			return true
		case status != http.StatusOK:
			t.Errorf("seed %d, act %d: %s %s: %d %s", l.seed, n, next.path, next.body, status, body)
			return false
		}
		l.acknowledge(t, a, next, body)
		answers = append(answers, body)
	}
}

// acknowledge remembers an answer. One that was given before must be given again, marked duplicate.
func (l *load) acknowledge(t testing.TB, a act, asked step, body []byte) {
	first := bytes.ReplaceAll(body, []byte(`"duplicate":true`), []byte(`"duplicate":false`))
	l.mu.Lock()
	defer l.mu.Unlock()
	key := asked.path + asked.body
	had, again := l.answers[key]
	switch {
	case again && body == nil:
		t.Errorf("seed %d: %s was acknowledged with %s and then refused", l.seed, asked.body, had)
	case again && had != string(first):
		t.Errorf("seed %d: %s was first answered\n%sand then\n%s", l.seed, asked.body, had, first)
	case again && bytes.Contains(body, []byte(`"duplicate":false`)):
		t.Errorf("seed %d: %s was recorded anew after it had been acknowledged: %s", l.seed, asked.body, body)
	case !again && body != nil:
		l.answers[key] = string(first)
		if a.kind == "scarce" {
			l.accepted[a.customer]++
		}
	}
}

// replay does acts 0 to l.next again, all of which must be acknowledged.
func (l *load) replay(t testing.TB, s *server, callers int) {
	t.Helper()
	numbers := make(chan int)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for n := range numbers {
				if !l.do(t, s, n) {
					t.Errorf("seed %d: act %d was not answered", l.seed, n)
				}
			}
		})
	}
	for n := range l.next {
		numbers <- n
	}
	close(numbers)
	wg.Wait()
	l.unsure = nil
}

// checkTotals compares what the server says with a count of the acts that uses nothing but their numbers.
func (l *load) checkTotals(t testing.TB, s *server) {
	t.Helper()
	requests, tokens, events := map[string]int{}, map[string]int{}, map[string]int{}
	for n := range l.next {
		a := l.act(n)
		requests[a.customer] += a.requests
		tokens[a.customer] += a.token
		switch a.kind {
		case "consume":
			events[a.customer+" requests"]++
		case "hold":
			events[a.customer+" tokens"]++
		case "batch":
			first, _ := a.steps(nil)
			events[a.customer+" requests"] += strings.Count(first.body, "transactionId")
		}
	}
	for n := range people {
		who := person(n)
		events[who+" scarce"] = l.accepted[who]
		for meter, want := range map[string]int{"requests": requests[who], "tokens": tokens[who], "scarce": l.accepted[who]} {
			var got struct {
				Used, Held float64
			}
			body := s.must(t, 200, "GET", "/v1/customers/"+escaped(who)+"/balances/"+meter, "")
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			if got.Used != float64(want) || got.Held != 0 {
				t.Errorf("seed %d: %s used %v of %s and holds %v, want %d and 0", l.seed, who, got.Used, meter, got.Held, want)
			}
			if found := countEvents(t, s, who, meter); found != events[who+" "+meter] {
				t.Errorf("seed %d: %s has %d events of %s, want %d", l.seed, who, found, meter, events[who+" "+meter])
			}
		}
		if l.accepted[who] > scarceMax {
			t.Errorf("seed %d: %s was given %d of scarce, more than %d", l.seed, who, l.accepted[who], scarceMax)
		}
	}
}

// countEvents counts the events in a ledger, each of which must be there once.
func countEvents(t testing.TB, s *server, who, meter string) int {
	t.Helper()
	var seen []string
	for cursor := ""; ; {
		var page struct {
			Data []struct {
				Event *struct{ TransactionID string }
			}
			Next string
		}
		path := "/v1/customers/" + escaped(who) + "/entries?limit=1000&balance=" + meter
		if cursor != "" {
			path += "&cursor=" + cursor
		}
		if err := json.Unmarshal(s.must(t, 200, "GET", path, ""), &page); err != nil {
			t.Fatal(err)
		}
		for _, line := range page.Data {
			if line.Event != nil {
				seen = append(seen, line.Event.TransactionID)
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	slices.Sort(seen)
	if n := len(slices.Compact(slices.Clone(seen))); n != len(seen) {
		t.Errorf("%s has %d events of %s under %d transactionIds", who, len(seen), meter, n)
	}
	return len(seen)
}

// populate makes the customers of the load.
func populate(t testing.TB, s *server) {
	t.Helper()
	for n := range people {
		s.must(t, 201, "PUT", "/v1/customers/"+escaped(person(n)), "{}")
	}
}

func escaped(name string) string {
	return strings.NewReplacer("/", "%2F", "|", "%7C", "@", "%40", " ", "%20").Replace(name)
}

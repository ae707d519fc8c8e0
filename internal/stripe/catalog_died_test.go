package stripe_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/sandbox"
)

// Whatever answer is lost or refused, and whenever the process dies, the next run ends where one run would have.
func TestARunThatDiedIsTakenUpWhereItStopped(t *testing.T) {
	t.Parallel()
	first, second := wish(t, shop), wish(t, strings.NewReplacer("amount: 20000", "amount: 25000", "name: Pro", "name: Prof",
		"0.123456789012", "0.2", "      disk_monthly: ", "      # ", "  coins_100:", "  coins_200:").Replace(shop))
	whole := open(t, nil)
	apply(t, whole.Client, first)
	want := whole.stock(t)
	apply(t, whole.Client, second)
	after := whole.stock(t)
	all := func(l till) int {
		n := 0
		for _, path := range []string{"/v1/products", "/v1/prices", "/v1/billing/meters", "/v1/billing_portal/configurations", "/v1/webhook_endpoints"} {
			n += len(l.get(t, path+"?limit=100"))
		}
		return n
	}
	for _, mode := range []string{"before the request", "after the request"} {
		for stop := 1; ; stop++ {
			dying := &mortal{stop: stop, after: mode == "after the request"}
			l := open(t, dying.around)
			done := run(t, l, dying, first)
			if diff := cmp.Diff(want, l.stock(t)); diff != "" {
				t.Fatalf("died %s %d (-want +got):\n%s", mode, stop, diff)
			}
			dying.again()
			done = run(t, l, dying, second) && done
			if diff := cmp.Diff(after, l.stock(t)); diff != "" {
				t.Fatalf("died %s %d of the change (-want +got):\n%s", mode, stop, diff)
			}
			if got, want := all(l), all(whole); got != want {
				t.Fatalf("died %s %d: %d objects, want %d as without dying", mode, stop, got, want)
			}
			if done {
				break
			}
		}
	}
}

// run applies a wish until it is done, and reports whether it was at once.
func run(t *testing.T, l till, m *mortal, w stripe.Wish) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	m.kill(cancel)
	changes, err := l.PlanCatalog(ctx, w)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = l.ApplyCatalog(ctx, changes); err == nil {
		return true
	}
	m.kill(nil)
	apply(t, l.Client, w)
	if again := apply(t, l.Client, w); again != nil {
		t.Fatalf("taken up and done, and still there is %q", again)
	}
	return false
}

// A mortal kills its client at one change: before the server has seen it, or with the answer on its way.
type mortal struct {
	stop  int
	after bool

	mu   sync.Mutex
	seen int
	die  context.CancelFunc
}

func (m *mortal) kill(die context.CancelFunc) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.die = die
}

func (m *mortal) again() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = 0
}

func (m *mortal) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		if r.Method == "POST" {
			m.seen++
		}
		die := m.die
		if r.Method != "POST" || m.seen != m.stop {
			die = nil
		}
		m.mu.Unlock()
		if die == nil {
			next.ServeHTTP(w, r)
			return
		}
		if m.after {
			next.ServeHTTP(httptest.NewRecorder(), r)
		}
		die()
		panic(http.ErrAbortHandler)
	})
}

func TestLostAnswersAndRefusalsAreOutlived(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	l.SetChaos(sandbox.Chaos{Faults: []sandbox.Fault{{Percent: 15, Lose: true}, {Percent: 10, Status: 500}, {Percent: 5, Status: 429}, {Percent: 5, Status: 409}}})
	for _, document := range []string{shop, strings.Replace(shop, "amount: 20000", "amount: 1", 1), shop} {
		w := wish(t, document)
		for try := 1; ; try++ {
			changes, err := l.PlanCatalog(t.Context(), w)
			if err == nil && len(changes.Steps()) == 0 {
				break
			}
			if err == nil {
				_, err = l.ApplyCatalog(t.Context(), changes)
			}
			if err != nil && !fault.Has(err, fault.Unavailable) {
				t.Fatal(err)
			}
			if try == 20 {
				t.Fatalf("not done after %d tries: %q", try, short(changes))
			}
		}
	}
	l.SetChaos(sandbox.Chaos{})
	calm := open(t, nil)
	apply(t, calm.Client, wish(t, shop))
	if diff := cmp.Diff(calm.stock(t), l.stock(t)); diff != "" {
		t.Errorf("what Stripe has (-without chaos +with):\n%s", diff)
	}
	if got := len(l.get(t, "/v1/prices?limit=100")); got != len(calm.get(t, "/v1/prices?limit=100"))+1 {
		t.Errorf("%d prices, want one more than without the change", got)
	}
}

func TestTwoRunsAtOnceMakeNothingTwice(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	for _, document := range []string{shop, strings.NewReplacer("amount: 20000", "amount: 1", "      disk_monthly: ", "      # ").Replace(shop), shop} {
		w := wish(t, document)
		var secrets [4]string
		var together sync.WaitGroup
		for i := range secrets {
			client := caller(t, l.url)
			together.Go(func() {
				changes, err := client.PlanCatalog(t.Context(), w)
				if err == nil {
					secrets[i], err = client.ApplyCatalog(t.Context(), changes)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		together.Wait()
		if again := apply(t, l.Client, w); again != nil {
			t.Errorf("after %d runs at once: %q", len(secrets), again)
		}
	}
	calm := open(t, nil)
	apply(t, calm.Client, wish(t, shop))
	if diff := cmp.Diff(calm.stock(t), l.stock(t)); diff != "" {
		t.Errorf("what Stripe has (-one run +many):\n%s", diff)
	}
	if got, want := len(l.get(t, "/v1/prices?limit=100")), len(calm.get(t, "/v1/prices?limit=100"))+1; got != want {
		t.Errorf("%d prices, want %d", got, want)
	}
}

// Stripe repeats the first answer to an idempotency key, a failure too.
func TestAFailureThatStripeRepeatsIsNotForEver(t *testing.T) {
	t.Parallel()
	failed := ""
	l := open(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			key := r.Header.Get("Idempotency-Key")
			if r.URL.Path != "/v1/prices" || key == "" || failed != "" && key != failed {
				next.ServeHTTP(w, r)
				return
			}
			if failed == key {
				w.Header().Set("Idempotent-Replayed", "true")
			}
			failed = key
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"error":{"type":"api_error","message":"no"}}`)
		})
	})
	small := wish(t, "currency: usd\nmeters: {tokens: {aggregation: sum}}\nplans: {free: {default: true}, pro: {prices: {pro_monthly: {amount: 100, every: month}}}}")
	apply(t, l.Client, small)
	if again := apply(t, l.Client, small); again != nil || failed == "" {
		t.Errorf("after the failure: %q", again)
	}
}

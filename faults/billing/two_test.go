package billing_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// A gate stands before Stripe for one more process: between is called before its call of a number.
type gate struct {
	shop    *shop
	calls   int
	at      int // the call that is waited for; 0 is none
	between func(*http.Request)
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.calls++; g.calls == g.at {
		g.between(r)
	}
	g.shop.calls.ServeHTTP(w, r)
}

// gated starts one more process on a database, behind a gate.
func (s *shop) gated(db string) (*gate, *tollgate.Engine) {
	s.Helper()
	g := &gate{shop: s}
	listening := httptest.NewServer(g)
	s.Cleanup(listening.Close)
	before := s.options.Payments.URL
	s.options.Payments.URL = listening.URL
	defer func() { s.options.Payments.URL = before }()
	return g, s.begin(db)
}

// live returns how many live subscriptions a customer has at Stripe.
func (s *shop) live(name id.Customer) int {
	s.Helper()
	all := list[object](s, "/v1/subscriptions", of(s.stripeID(name)))
	return len(slices.DeleteFunc(all, func(o object) bool { return o.Status == "canceled" || o.Status == "incomplete_expired" }))
}

// leftCard makes a customer that has left a card.
func (s *shop) leftCard(name id.Customer) {
	s.Helper()
	s.customer(name)
	s.buy(tollgate.CheckoutRequest{Customer: name, Card: true}, visa)
	if err := s.engine.SyncCustomer(s.ctx, name); err != nil {
		s.Fatal(err)
	}
}

// A beginning is a way to begin a subscription. It returns the page where it is to be paid, "" when it has been.
type beginning struct {
	name string
	do   func(s *shop, e *tollgate.Engine, name id.Customer) (page string, err error)
}

var beginnings = []beginning{
	{"a checkout", func(s *shop, e *tollgate.Engine, name id.Customer) (string, error) {
		visit, err := e.Checkout(s.ctx, tollgate.CheckoutRequest{Customer: name, Price: "pro_monthly", TrialDays: &noTrial})
		return visit.URL, err
	}},
	{"a checkout that is paid", func(s *shop, e *tollgate.Engine, name id.Customer) (string, error) {
		visit, err := e.Checkout(s.ctx, tollgate.CheckoutRequest{Customer: name, Price: "max_monthly"})
		if err == nil && s.pay(visit.URL, visa) == "" {
			s.Errorf("%s cannot pay on the page that it was given", name)
		}
		return "", err
	}},
	{"a subscription paid with a card on file", func(s *shop, e *tollgate.Engine, name id.Customer) (string, error) {
		_, err := e.Subscribe(s.ctx, tollgate.SubscribeRequest{Customer: name, Price: "max_monthly"})
		return "", err
	}},
}

// TestWhateverComesBetweenASubscriptionIsBegunOnce lets one process begin a subscription, and another one begin another between any
// two of the first one's calls to Stripe. Whoever was given a page then pays on it.
func TestWhateverComesBetweenASubscriptionIsBegunOnce(t *testing.T) {
	t.Parallel()
	for _, first := range []beginning{beginnings[0], beginnings[2]} {
		for _, second := range beginnings {
			t.Run(second.name+" between "+first.name, func(t *testing.T) {
				t.Parallel()
				testdb.Each(t, func(t *testing.T, db string) {
					t.Parallel()
					s := open(t, db, sandbox.Options{Chaos: sandbox.Chaos{Drop: 100}})
					gate, other := s.gated(db)
					for at := 1; ; at++ {
						name := id.Customer(fmt.Sprintf("c%02d", at))
						s.leftCard(name)
						var pages [2]string
						var errs [2]error
						between := false
						gate.calls, gate.at, gate.between = 0, at, func(*http.Request) {
							between = true
							pages[1], errs[1] = second.do(s, s.engine, name)
						}
						pages[0], errs[0] = first.do(s, other, name)
						if !between {
							return
						}
						for _, err := range errs {
							if err != nil && !fault.Has(err, fault.Conflict) {
								t.Errorf("before call %d: it is answered %v, want conflict or nothing", at, err)
							}
						}
						if errs[0] != nil && errs[1] != nil {
							t.Errorf("before call %d: both are refused: %v; %v", at, errs[0], errs[1])
						}
						for _, page := range pages {
							if page != "" {
								s.pay(page, visa)
							}
						}
						if n := s.live(name); n != 1 {
							t.Errorf("before call %d: there are %d live subscriptions, want 1 (%q, %v)", at, n, pages, errs)
						}
					}
				})
			})
		}
	}
}

// TestOfCheckoutsAtOnceOneCanBePaid: those of a customer, begun at once by two processes.
func TestOfCheckoutsAtOnceOneCanBePaid(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		processes := []*tollgate.Engine{s.engine, s.begin(db)}
		for round := range 5 {
			name := id.Customer(fmt.Sprint("c", round))
			s.customer(name)
			const each = 6
			pages := make([]string, each)
			var all sync.WaitGroup
			for n := range each {
				all.Go(func() {
					visit, err := processes[n%2].Checkout(s.ctx, tollgate.CheckoutRequest{Customer: name, Price: "pro_monthly"})
					if err != nil && !fault.Has(err, fault.Conflict) {
						t.Errorf("a checkout is answered %v, want conflict or nothing", err)
					}
					pages[n] = visit.URL
				})
			}
			all.Wait()
			paid := 0
			for _, page := range pages {
				if page != "" && s.pay(page, visa) != "" {
					paid++
				}
			}
			s.settle()
			if n := s.live(name); paid != 1 || n != 1 {
				t.Errorf("%d checkouts were paid, and there are %d live subscriptions; want one", paid, n)
			}
			s.want("one was paid", name, "pro", "requests", 1000)
		}
	})
}

// TestAPageThatIsBeingPaidOnIsNotReplaced: one that Stripe does not end because of that.
func TestAPageThatIsBeingPaidOnIsNotReplaced(t *testing.T) {
	t.Parallel()
	s := open(t, testdb.SQLite(t), sandbox.Options{Chaos: sandbox.Chaos{Drop: 100}})
	paying := true
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if paying && strings.HasSuffix(r.URL.Path, "/expire") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":{"type":"invalid_request_error","message":"This Checkout Session is being processed."}}`)
			return
		}
		s.calls.ServeHTTP(w, r)
	}))
	t.Cleanup(listening.Close)
	s.options.Payments.URL = listening.URL
	e := s.begin(testdb.SQLite(t))
	s.engine = e
	if _, err := e.Publish(s.ctx, "catalog.yaml", []byte(catalog), false); err != nil {
		t.Fatal(err)
	}
	s.customer("ann")
	want := tollgate.CheckoutRequest{Customer: "ann", Price: "pro_monthly"}
	visit, err := e.Checkout(s.ctx, want)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Checkout(s.ctx, want); !fault.Has(err, fault.Conflict) {
		t.Errorf("another checkout is answered %v, want conflict", err)
	}
	paying = false
	if _, err := e.Checkout(s.ctx, want); err != nil {
		t.Errorf("when nobody pays any more it is answered %v", err)
	}
	if s.pay(visit.URL, visa) != "" {
		t.Error("the first page can be paid on still")
	}
}

// TestASecondLiveSubscriptionIsSeenAndCancelled: one that came about at Stripe.
func TestASecondLiveSubscriptionIsSeenAndCancelled(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		for _, cancelled := range []int{0, 1} {
			name := id.Customer(fmt.Sprint("c", cancelled))
			s.customer(name)
			s.buy(tollgate.CheckoutRequest{Customer: name, Price: "max_monthly"}, visa)
			s.settle()
			first := s.subscription(name).ID
			s.advance(time.Hour)
			s.stripe("/v1/subscriptions", url.Values{"customer": {s.stripeID(name)}, "items[0][price]": {s.prices["pro_monthly"]},
				"default_payment_method": {list[object](s, "/v1/customers/"+s.stripeID(name)+"/payment_methods", nil)[0].ID}})
			s.settle()
			ids := func() (all []string) {
				t.Helper()
				found, err := s.engine.Subscriptions(s.ctx, name)
				if err != nil {
					t.Fatal(err)
				}
				for _, one := range found {
					all = append(all, one.ID)
				}
				return all
			}
			both := ids()
			if len(both) != 2 || both[0] == first || both[1] != first {
				t.Fatalf("the subscriptions are %q, want the newer one, which counts, and %s", both, first)
			}
			s.want("the newer one counts", name, "pro", "requests", 1000)
			own, err := app.Sell(s.engine).Subscriptions(s.ctx, name)
			if err != nil || len(own) != 2 || own[0].ID != both[0] || own[1].ID != first {
				t.Errorf("a page is shown %+v (%v), want both", own, err)
			}
			for _, repair := range []bool{false, true} {
				s.wantDiagnosed("two are live", name, repair, "subscription: "+both[0]+" / "+first+" … active")
			}
			if _, err := s.engine.CancelSubscription(s.ctx, both[cancelled], tollgate.Now); err != nil {
				t.Fatal(err)
			}
			left := []string{both[1-cancelled]}
			for _, when := range []string{"cancelled", "all events are read"} {
				if got := ids(); !slices.Equal(got, left) {
					t.Errorf("%s: the subscriptions are %q, want %q", when, got, left)
				}
				s.want(when, name, []id.Slug{"max", "pro"}[cancelled], "requests", []int64{5000, 1000}[cancelled])
				s.settle()
			}
			s.wantDiagnosed("one is live", name, false)
		}
		s.audit()
	})
}

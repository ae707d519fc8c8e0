package billing_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// A drama is what a process does for a customer, and is killed at.
type drama struct {
	name string
	open func(t testing.TB, db string) *shop
	set  func(s *stage, name id.Customer)        // what is there before
	acts func(s *stage, name id.Customer)        // what the process does; a request to it is repeated when it was killed
	ends func(s *stage, name id.Customer) ending // what there is at last; it also says what is wrong
}

// TestKillingTheProcessAtAnyStepOfBillingLosesAndDoublesNothing kills the process before each step of each drama in turn,
// each time for another customer. The one that takes its place goes on, and everything ends as it does undisturbed. Of the
// steps on PostgreSQL, under the race detector and in a short run some are drawn.
func TestKillingTheProcessAtAnyStepOfBillingLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	program := program(t)
	for _, d := range dramas {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			testdb.Each(t, func(t *testing.T, db string) {
				t.Parallel()
				s := d.open(t, db).stage(program, db)
				want, steps := d.play(s, "c000", 0)
				stops, seed := drawn(len(steps), db[0] == 'p')
				t.Logf("of %d steps %d are drawn, again with -args -seed %d: %q", len(steps), len(stops), seed, steps)
				for _, stop := range stops {
					got, seen := d.play(s, id.Customer(fmt.Sprintf("c%03d", stop)), stop)
					if len(seen) != stop {
						t.Errorf("it was to be killed at step %d, and passed %d: %q", stop, len(seen), seen)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("it ends otherwise (-want +got):\n%s", diff)
					}
					if t.Failed() {
						t.Fatalf("killed at step %d, %s", stop, seen[len(seen)-1])
					}
				}
				s.audit()
			})
		})
	}
}

var seedFlag = flag.Uint64("seed", 0, "the seed by which the steps to be killed at are drawn again")

// drawn returns the numbers of the steps to be killed at.
func drawn(steps int, postgres bool) (stops []int, seed uint64) {
	if seed = *seedFlag; seed == 0 {
		seed = rand.Uint64N(1_000_000) + 1
	}
	random := rand.New(rand.NewPCG(seed, 0))
	every := 1
	if postgres || raced { // the killed process is not under the race detector, its mother is
		every = 3
	}
	if testing.Short() {
		every = 12
	}
	for n := range steps {
		if random.IntN(every) == 0 {
			stops = append(stops, n+1)
		}
	}
	return stops, seed
}

// play plays a drama for a customer, and kills the process at a step; at none when stop is 0.
func (d drama) play(s *stage, name id.Customer, stop int) (end ending, steps []string) {
	s.Helper()
	s.customer(name)
	d.set(s, name)
	s.arm(stop)
	d.acts(s, name)
	steps = s.disarm()
	return d.ends(s, name), steps
}

var dramas = []drama{
	{
		name: "checkout of a subscription", open: silent,
		set:  func(s *stage, _ id.Customer) { s.later(2 * time.Hour) }, // so that the events of others are not read again
		acts: func(s *stage, name id.Customer) { s.checkout(name, `"price":"pro_monthly","trialDays":0`) },
		ends: (*stage).bought,
	},
	{
		name: "checkout of a top-up", open: silent,
		set:  func(s *stage, _ id.Customer) { s.later(2 * time.Hour) }, // so that the events of others are not read again
		acts: func(s *stage, name id.Customer) { s.checkout(name, `"topUp":"pack","quantity":3`) },
		ends: (*stage).bought,
	},
	{
		name: "webhooks of a subscription", open: telling,
		set: func(s *stage, name id.Customer) {
			s.visited(tollgate.CheckoutRequest{Customer: name, Price: "pro_monthly", TrialDays: new(int)})
		},
		acts: func(s *stage, _ id.Customer) {
			s.pay(s.page, visa)
			s.delivered()
			s.do()
		},
		ends: (*stage).heard,
	},
	{
		name: "webhooks of a top-up and its refund", open: telling,
		set: func(s *stage, name id.Customer) {
			s.visited(tollgate.CheckoutRequest{Customer: name, TopUp: "pack", Quantity: 3})
		},
		acts: func(s *stage, name id.Customer) {
			s.pay(s.page, visa)
			charges := list[object](s.shop, "/v1/charges", of(s.stripeID(name)))
			s.stripe("/v1/refunds", url.Values{"charge": {charges[0].ID}, "amount": {"700"}})
			s.delivered()
			s.do()
		},
		ends: (*stage).heard,
	},
	{
		name: "usage reports",
		open: func(t testing.TB, db string) *shop {
			s := billing(t, db)
			s.sandbox.SetChaos(sandbox.Chaos{Drop: 100})
			return s
		},
		set: (*stage).using,
		acts: func(s *stage, name id.Customer) {
			s.later(time.Minute)
			s.do()
			s.later(40 * time.Minute) // Stripe has counted it
			s.do()
			s.later(32 * day) // it is billed, and nobody here knows of the renewal
			s.ask(http.MethodPost, "/v1/consume", fmt.Sprintf(`{"customer":%q,"meter":"gb","amount":"5","transactionId":"late"}`, name), nil)
			s.do()
		},
		ends: (*stage).reported,
	},
}

// silent opens a shop whose webhooks never come.
func silent(t testing.TB, db string) *shop {
	return open(t, db, sandbox.Options{Chaos: sandbox.Chaos{Drop: 100}})
}

// telling opens a shop to which webhooks are sent until they are answered.
func telling(t testing.TB, db string) *shop {
	return open(t, db, sandbox.Options{WebhookBackoff: slices.Repeat([]time.Duration{time.Millisecond}, 1000)})
}

// visited makes a checkout, on whose page the customer now is.
func (s *stage) visited(r tollgate.CheckoutRequest) {
	s.Helper()
	visit, err := s.engine.Checkout(s.ctx, r)
	if err != nil {
		s.Fatal(err)
	}
	s.page = visit.URL
	s.later(time.Minute) // so that the newest events are this customer's
	s.delivered()
	s.do()
}

// using subscribes a customer who has used 40.
func (s *stage) using(name id.Customer) {
	s.Helper()
	s.buy(tollgate.CheckoutRequest{Customer: name, Price: "pay_monthly"}, visa)
	if err := s.engine.SyncCustomer(s.ctx, name); err != nil {
		s.Fatal(err)
	}
	s.later(time.Hour)
	s.do() // what others have left
	if err := s.use(name, "gb", 40, "a"); err != nil {
		s.Fatal(err)
	}
}

// checkout sells, and comes back from Stripe's page.
func (s *stage) checkout(name id.Customer, what string) {
	s.Helper()
	var visit tollgate.CheckoutSession
	if err := json.Unmarshal(s.ask(http.MethodPost, "/v1/checkout-sessions", fmt.Sprintf(`{"customer":%q,%s}`, name, what), nil), &visit); err != nil {
		s.Fatal(err)
	}
	if s.pay(visit.URL, visa) == "" {
		s.Fatal("the checkout was not paid")
	}
	s.ask(http.MethodGet, "/v1/checkout-sessions/"+visit.ID, "", nil)
}

// later moves the clock.
func (s *stage) later(d time.Duration) {
	s.Helper()
	if err := s.sandbox.AdvanceBy(s.ctx, d); err != nil {
		s.Fatal(err)
	}
}

// An ending is what a customer has at last, without ids and times.
type ending struct {
	Plan     id.Slug
	Status   string
	Lines    []string       // of the ledger
	Records  []string       // payments and invoices
	AtStripe map[string]int // objects, by their kind
}

// ending reads what a customer has: here, and at Stripe, where it must be one customer.
func (s *stage) ending(name id.Customer, balances ...id.Slug) ending {
	s.Helper()
	c, err := s.engine.Customer(s.ctx, name)
	if err != nil {
		s.Fatal(err)
	}
	out := ending{Plan: c.Plan, Status: c.Status, AtStripe: map[string]int{}}
	for _, balance := range balances {
		for _, l := range s.lines(name, balance) {
			out.Lines = append(out.Lines, fmt.Sprintf("%s %s %s", balance, l.Kind, l.Amount))
		}
	}
	payments, err := s.engine.PaymentsOf(s.ctx, name, "", 100)
	if err != nil {
		s.Fatal(err)
	}
	for _, p := range payments.Data {
		out.Records = append(out.Records, fmt.Sprintf("payment %s %d, %d refunded", p.Status, p.Amount, p.Refunded))
	}
	invoices, err := s.engine.InvoicesOf(s.ctx, name, "", 100)
	if err != nil {
		s.Fatal(err)
	}
	for _, i := range invoices.Data {
		out.Records = append(out.Records, fmt.Sprintf("invoice %s %s, %d of %d", i.Reason, i.Status, i.AmountPaid, i.Total))
	}
	at := s.stripeID(name)
	for _, kind := range []string{"subscriptions", "charges", "invoices", "invoiceitems", "checkout/sessions"} {
		filter := of(at)
		if kind == "subscriptions" {
			filter.Set("status", "all")
		}
		for _, o := range list[object](s.shop, "/v1/"+kind, filter) {
			if kind != "checkout/sessions" || o.Status == "complete" { // visits that nobody heard of lapse
				out.AtStripe[kind]++
			}
		}
	}
	return out
}

// stands compares a customer with Stripe: it stands as Stripe says and has what was paid for.
func (s *stage) stands(name id.Customer) ending {
	s.Helper()
	s.agrees(name)
	s.topUpsMatch(name, s.stripeID(name), true)
	return s.ending(name, "tokens", "requests")
}

// bought says how a checkout ended, of which no webhook came: and that nothing is otherwise after all of them came.
func (s *stage) bought(name id.Customer) ending {
	s.Helper()
	out := s.stands(name)
	s.recover()
	if diff := cmp.Diff(out, s.stands(name)); diff != "" {
		s.Errorf("what was true on return is otherwise after all events were read (-return +events):\n%s", diff)
	}
	return out
}

// heard says how webhooks ended: each event of Stripe's is here, and done.
func (s *stage) heard(name id.Customer) ending {
	s.Helper()
	here := map[string]string{}
	events, err := s.engine.Webhooks(s.ctx, "", 2*eventsRead)
	if err != nil {
		s.Fatal(err)
	}
	for _, ev := range events {
		here[ev.ID] = ev.State
	}
	for _, ev := range s.events() {
		if here[ev.ID] != "done" {
			s.Errorf("Stripe's event %s %s is %q here, want done", ev.ID, ev.Type, here[ev.ID])
		}
	}
	return s.stands(name)
}

// reported says what Stripe was told of usage: 40 in time, and 5 late, on an item of the next invoice.
func (s *stage) reported(name id.Customer) ending {
	s.Helper()
	s.noErrors()
	sub := s.subscription(name)
	if got := s.counted(name, "gb", sub.CreatedAt); got != 40 {
		s.Errorf("Stripe counts %d, want 40", got)
	}
	var late []int64
	for _, item := range list[object](s.shop, "/v1/invoiceitems", of(s.stripeID(name))) {
		late = append(late, item.Amount)
	}
	if want := []int64{50}; !slices.Equal(late, want) {
		s.Errorf("late usage is billed as %d, want %d", late, want)
	}
	if got := s.reportable(name, "gb"); got.ToReport != 0 {
		s.Errorf("%d are left to report", got.ToReport)
	}
	out := s.ending(name, "gb")
	s.shop.send(http.MethodDelete, "/v1/subscriptions/"+sub.ID, nil)
	if err := s.engine.SyncCustomer(s.ctx, name); err != nil {
		s.Fatal(err)
	}
	return out
}

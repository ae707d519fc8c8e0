package billing_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// A postbox takes what the sandbox sends and sorts it by customer; couriers carry it on to the engine.
type postbox struct {
	mu     sync.Mutex
	owners map[string]string   // of objects at Stripe: their customer's id
	waits  map[string][][]byte // bodies by customer's id
	all    map[string]int      // how many there were
}

// ServeHTTP takes a webhook in.
func (p *postbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var e struct {
		Data struct {
			Object map[string]any `json:"object"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	text := func(field string) string { t, _ := e.Data.Object[field].(string); return t }
	owner := text("customer")
	if text("object") == "customer" {
		owner = text("id")
	}
	for _, field := range []string{"charge", "invoice", "payment_intent"} {
		if owner == "" {
			owner = p.owners[text(field)]
		}
	}
	p.owners[text("id")] = owner
	p.waits[owner] = append(p.waits[owner], body)
	p.all[owner]++
}

// A courier decides which webhooks of a customer are delivered after a step, in which order, and which ones wait. last says
// that there is no later step.
type courier struct {
	name  string
	drops int // the number of the event that never comes; -1 when all may come
	take  func(bodies [][]byte, last bool) (deliver, wait [][]byte)
}

// couriers are all the ways in which webhooks may come; one for each of the first events drops it.
func couriers(events int) []courier {
	reversed := func(bodies [][]byte) [][]byte {
		out := slices.Clone(bodies)
		slices.Reverse(out)
		return out
	}
	all := []courier{
		{"in order", -1, func(b [][]byte, _ bool) ([][]byte, [][]byte) { return b, nil }},
		{"reversed", -1, func(b [][]byte, _ bool) ([][]byte, [][]byte) { return reversed(b), nil }},
		{"reversed at the end", -1, func(b [][]byte, last bool) ([][]byte, [][]byte) {
			if !last {
				return nil, b
			}
			return reversed(b), nil
		}},
		{"doubled", -1, func(b [][]byte, _ bool) (twice [][]byte, _ [][]byte) {
			for _, body := range b {
				twice = append(twice, body, body)
			}
			return twice, nil
		}},
		{"lost", -1, func([][]byte, bool) ([][]byte, [][]byte) { return nil, nil }},
	}
	for seed := range 4 {
		random := rand.New(rand.NewPCG(uint64(seed), 0))
		all = append(all, courier{fmt.Sprint("shuffled by ", seed), -1, func(b [][]byte, last bool) (now, later [][]byte) {
			random.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] })
			n := len(b)
			if !last {
				n = random.IntN(len(b) + 1)
			}
			return b[:n], b[n:]
		}})
	}
	for k := range events {
		seen := 0
		all = append(all, courier{fmt.Sprint("without event ", k), k, func(b [][]byte, _ bool) (now, _ [][]byte) {
			for _, body := range b {
				if seen != k {
					now = append(now, body)
				}
				seen++
			}
			return now, nil
		}})
	}
	return all
}

// A step is what one customer does at Stripe, or how far the clock goes.
type step struct {
	do      func(s *shop, name id.Customer)
	advance time.Duration
}

func then(do func(s *shop, name id.Customer)) step { return step{do: do} }
func wait(d time.Duration) step                    { return step{advance: d} }

var noTrial = 0

// subscribed begins pro without a trial, with a card that pays.
var subscribed = then(func(s *shop, name id.Customer) {
	s.buy(tollgate.CheckoutRequest{Customer: name, Price: "pro_monthly", TrialDays: &noTrial}, visa)
})

// atStripe changes a customer's subscription by Stripe's API, where the engine sees nothing of it.
func atStripe(path string, form url.Values) step {
	return then(func(s *shop, name id.Customer) {
		subs := list[object](s, "/v1/subscriptions", of(s.at[name]))
		s.stripe("/v1/subscriptions/"+subs[0].ID+path, form)
	})
}

func toppedUp(card string) step {
	return then(func(s *shop, name id.Customer) {
		s.buy(tollgate.CheckoutRequest{Customer: name, TopUp: "pack", Quantity: 3}, card)
	})
}

func refunded(amount string) step {
	return then(func(s *shop, name id.Customer) {
		form := url.Values{"charge": {list[object](s, "/v1/charges", of(s.at[name]))[0].ID}}
		if amount != "" {
			form.Set("amount", amount)
		}
		s.stripe("/v1/refunds", form)
	})
}

// spent consumes tokens, after what was paid is read.
func spent(tokens int64) step {
	return then(func(s *shop, name id.Customer) {
		if err := s.engine.SyncCustomer(s.ctx, name); err != nil {
			s.Fatal(err)
		}
		if err := s.use(name, "tokens", tokens, "spent"); err != nil {
			s.Fatal(err)
		}
	})
}

func disputed(evidence string) step {
	return then(func(s *shop, name id.Customer) {
		charge := list[object](s, "/v1/charges", of(s.at[name]))[0].ID
		d := list[object](s, "/v1/disputes", url.Values{"charge": {charge}})[0]
		s.stripe("/v1/disputes/"+d.ID, url.Values{"evidence[uncategorized_text]": {evidence}})
	})
}

func newCard(number string) step {
	return then(func(s *shop, name id.Customer) { s.newCard(name, number) })
}

// moved changes to the plan max.
func moved(proration string) step {
	return then(func(s *shop, name id.Customer) {
		sub := s.told(name)
		s.stripe("/v1/subscriptions/"+sub.ID, url.Values{"items[0][id]": {sub.Items.Data[0].ID}, "items[0][price]": {s.prices["max_monthly"]}, "proration_behavior": {proration}})
	})
}

// looked has the customer look at a checkout, and so be one at Stripe.
var looked = then(func(s *shop, name id.Customer) {
	if _, err := s.engine.Checkout(s.ctx, tollgate.CheckoutRequest{Customer: name, TopUp: "pack"}); err != nil {
		s.Fatal(err)
	}
})

// tried begins pro at Stripe without a card, with a trial that pauses it when it ends so.
var tried = then(func(s *shop, name id.Customer) {
	s.stripe("/v1/subscriptions", url.Values{"customer": {s.at[name]}, "items[0][price]": {s.prices["pro_monthly"]}, "trial_period_days": {"3"},
		"trial_settings[end_behavior][missing_payment_method]": {"pause"}})
})

const renewal = 31*day + 2*time.Hour

// sequences are those of Stripe's events that Stripe's documentation and recorded logs show, with what each ends in.
var sequences = []struct {
	name             string
	events           int // of one customer, at most
	steps            []step
	plan             id.Slug
	status           string
	requests, tokens int64
	policies         string
}{
	{name: "checkout", events: 24, steps: []step{subscribed}, plan: "pro", status: "active", requests: 1000},
	{name: "top-up", events: 16, steps: []step{toppedUp(visa)}, plan: "free", status: "active", requests: 20, tokens: 300},
	{name: "top-up for nothing", events: 16, steps: []step{bought(tollgate.CheckoutRequest{TopUp: "pack", Quantity: 3, PromotionCode: gratis})}, plan: "free", status: "active", requests: 20, tokens: 300},
	{name: "top-up for less", events: 20, steps: []step{bought(tollgate.CheckoutRequest{TopUp: "pack", Quantity: 3, PromotionCode: half})}, plan: "free", status: "active", requests: 20, tokens: 300},
	{name: "checkout for nothing, renewed", events: 40, plan: "pro", status: "active", requests: 1000, steps: []step{
		bought(tollgate.CheckoutRequest{Price: "pro_monthly", TrialDays: &noTrial, PromotionCode: gratis}), wait(renewal)}},
	{name: "trial, and nothing for its first month", events: 40, plan: "pro", status: "active", requests: 1000, steps: []step{
		bought(tollgate.CheckoutRequest{Price: "pro_monthly", PromotionCode: gratis}), wait(14*day + 2*time.Hour)}},
	{name: "trial", events: 36, plan: "pro", status: "active", requests: 1000, steps: []step{
		then(func(s *shop, name id.Customer) {
			s.buy(tollgate.CheckoutRequest{Customer: name, Price: "pro_monthly"}, visa)
		}),
		wait(12 * day), wait(2*day + 10*time.Minute), wait(2 * time.Hour)}},
	{name: "trial without a card", events: 24, plan: "free", status: "paused", requests: 20, steps: []step{looked, tried, wait(3*day + 2*time.Hour)}},
	{name: "trial without a card, resumed", events: 48, plan: "pro", status: "active", requests: 1000, steps: []step{
		looked, tried, wait(3*day + 2*time.Hour), newCard(visa), atStripe("/resume", url.Values{"billing_cycle_anchor": {"now"}}), wait(2 * time.Hour)}},
	{name: "renewal", events: 36, plan: "pro", status: "active", requests: 1000, steps: []step{subscribed, wait(renewal)}},
	{name: "failing renewal, paid later", events: 60, plan: "pro", status: "active", requests: 1000, steps: []step{
		subscribed, newCard(failing), wait(renewal), newCard(visa), wait(4 * day)}},
	{name: "failing renewal, never paid", events: 60, plan: "free", status: "canceled", requests: 20, steps: []step{
		subscribed, newCard(failing), wait(renewal), wait(4 * day), wait(6 * day), wait(8 * day)}},
	{name: "change now", events: 40, plan: "max", status: "active", requests: 5000, steps: []step{subscribed, wait(5 * day), moved("always_invoice")}},
	{name: "change from the next period", events: 48, plan: "max", status: "active", requests: 5000, steps: []step{subscribed, wait(5 * day), moved("none"), wait(27 * day)}},
	{name: "cancel now", events: 28, plan: "free", status: "canceled", requests: 20, steps: []step{subscribed, then(func(s *shop, name id.Customer) {
		s.send(http.MethodDelete, "/v1/subscriptions/"+s.told(name).ID, nil)
	})}},
	{name: "cancel at the period's end", events: 28, plan: "free", status: "canceled", requests: 20, steps: []step{
		subscribed, atStripe("", url.Values{"cancel_at_period_end": {"true"}}), wait(renewal)}},
	{name: "cancel in the portal", events: 30, plan: "free", status: "canceled", requests: 20, steps: []step{subscribed, then(func(s *shop, name id.Customer) {
		at, err := s.engine.Portal(s.ctx, tollgate.PortalRequest{Customer: name})
		if err != nil {
			s.Fatal(err)
		}
		s.submit(at.URL, url.Values{"action": {"cancel"}, "subscription": {s.told(name).ID}})
	}), wait(renewal)}},
	{name: "refund in parts", events: 24, plan: "free", status: "active", requests: 20, steps: []step{toppedUp(visa), refunded("500"), refunded("")}},
	{name: "refund of a period", events: 30, plan: "pro", status: "active", requests: 500, steps: []step{subscribed, refunded("400")}},
	{name: "refund that fails", events: 28, plan: "free", status: "active", requests: 20, tokens: 300, steps: []step{toppedUp("4000000000005126"), refunded("7"), refunded("8"), wait(2 * time.Hour)}},
	{name: "refund of what is spent, owed and paid", events: 40, policies: "refunds: {spent: debt}", plan: "free", status: "active", requests: 20, tokens: 50, steps: []step{
		toppedUp(visa), spent(250), refunded("500"), refunded(""), toppedUp(visa)}},
	{name: "refund of what is spent that fails when it is paid", events: 40, policies: "refunds: {spent: suspend}", plan: "free", status: "active", requests: 20, tokens: 350, steps: []step{
		toppedUp("4000000000005126"), spent(250), refunded("1000"), toppedUp(visa), wait(2 * time.Hour)}},
	{name: "dispute lost", events: 28, plan: "free", status: "active", requests: 20, steps: []step{toppedUp(disputing), disputed("losing_evidence")}},
	{name: "dispute won", events: 28, plan: "free", status: "active", requests: 20, tokens: 300, steps: []step{toppedUp(disputing), disputed("winning_evidence")}},
}

const disputing = "4000000000000259"

// TestEachSequenceOfEventsEndsAlikeHoweverItComes gives the same sequence to one customer per courier.
func TestEachSequenceOfEventsEndsAlikeHoweverItComes(t *testing.T) {
	t.Parallel()
	for _, q := range sequences {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			testdb.Each(t, func(t *testing.T, db string) {
				t.Parallel()
				s := open(t, db, sandbox.Options{})
				s.publish(q.policies)
				s.promote()
				box := &postbox{owners: map[string]string{}, waits: map[string][][]byte{}, all: map[string]int{}}
				s.box.Store(box)
				all := couriers(q.events)
				if raced { // a third of the drops, another one in each run: together they take minutes
					third := rand.IntN(3)
					t.Logf("of the events, those are dropped whose number is %d more than a multiple of three", third)
					all = slices.DeleteFunc(all, func(c courier) bool { return c.drops >= 0 && c.drops%3 != third })
				}
				names := make([]id.Customer, len(all))
				for n := range all {
					names[n] = id.Customer(fmt.Sprintf("c%02d", n))
					s.customer(names[n])
				}
				for n, st := range q.steps {
					if st.do == nil {
						if err := s.sandbox.AdvanceBy(s.ctx, st.advance); err != nil {
							t.Fatal(err)
						}
					} else {
						for _, name := range names {
							st.do(s, name)
						}
						s.at = s.stripeIDs()
					}
					s.carry(box, all, names, n == len(q.steps)-1)
				}
				s.recover()
				want := s.standing(names[0])
				if want.Plan != q.plan || want.Status != q.status || want.Requests != q.requests || want.Tokens != q.tokens {
					t.Errorf("in order it ends with %+v, want %s (%s) with %d requests and %d tokens", want, q.plan, q.status, q.requests, q.tokens)
				}
				if got := box.all[s.at[names[0]]]; got > q.events || got == 0 {
					t.Errorf("the sequence has %d events; only %d are dropped, each once", got, q.events)
				}
				for n, name := range names {
					s.same(want, name, all[n].name)
					s.agrees(name)
				}
				s.audit()
			})
		})
	}
}

// carry has every courier deliver, one webhook of each customer at a time, with work done between.
func (s *shop) carry(box *postbox, all []courier, names []id.Customer, last bool) {
	s.Helper()
	if err := s.sandbox.Flush(s.ctx); err != nil {
		s.Fatal(err)
	}
	queues := make([][][]byte, len(all))
	box.mu.Lock()
	for n, c := range all {
		at := s.at[names[n]]
		queues[n], box.waits[at] = c.take(box.waits[at], last)
	}
	box.mu.Unlock()
	for round := 0; ; round++ {
		sent := 0
		for n := range queues {
			few := queues[n]
			if n < len(all) && round == 0 && n > 8 { // the dropping ones care for the set, not for the order
				queues[n] = nil
			} else if len(few) > 0 {
				few, queues[n] = few[:1], few[1:]
			}
			for _, body := range few {
				s.deliver(body)
				sent++
			}
		}
		if sent == 0 {
			return
		}
		s.work()
	}
}

// deliver hands a webhook to the engine, signed at the moment.
func (s *shop) deliver(body []byte) {
	s.Helper()
	signed := stripe.GenerateTestSignedPayload(&stripe.UnsignedPayload{Payload: body, Secret: s.secret})
	if err := s.engine.Webhook(s.ctx, body, signed.Header); err != nil {
		s.Fatal(err)
	}
}

package tollgate

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

// A purchase is an engine whose one customer has bought 100 requests for 5 dollars. Nothing of it is at Stripe: readings are told
// what to find.
type purchase struct {
	*testing.T
	engine   *Engine
	customer store.Customer
	bought   time.Time
}

func buys(t *testing.T, db, policies string) *purchase {
	t.Helper()
	p := &purchase{T: t, bought: time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)}
	var err error
	if p.engine, err = Open(t.Context(), db, Options{
		Now:      func() time.Time { return p.bought.Add(time.Hour) },
		Payments: Payments{SecretKey: "sk_test_nobody", WebhookSecret: "whsec_none", URL: "http://127.0.0.1:1", SuccessURL: "https://example.com/ok", NoWork: true},
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	p.publish(policies)
	p.customer = p.new("u")
	return p
}

func (p *purchase) publish(policies string) {
	p.Helper()
	catalog := "currency: usd\nmeters:\n  requests: {aggregation: sum}\nplans:\n  free: {default: true}\n" + policies
	if _, err := p.engine.Publish(p.Context(), "c.yaml", []byte(catalog), false); err != nil {
		p.Fatal(err)
	}
}

// new returns a customer of a name, and another one once that was erased.
func (p *purchase) new(name id.Customer) store.Customer {
	p.Helper()
	if _, _, err := p.engine.PutCustomer(p.Context(), name, CustomerChange{}); err != nil {
		p.Fatal(err)
	}
	c, err := p.engine.db.CustomerOf(p.Context(), name)
	if err != nil {
		p.Fatal(err)
	}
	return c
}

// decided is what is decided when a payment, known by a name, has some returns.
func (p *purchase) decided(payment string, returns ...subscription.Return) subscription.Decision {
	pay := subscription.Payment{ID: "ch_" + payment, Intent: "pi_" + payment, Amount: 500, Status: "succeeded", CreatedAt: p.bought,
		Grants: map[id.Slug]quantity.Units{"requests": quantity.Whole(100)}, Returns: returns}
	return subscription.Decide(subscription.Picture{Payments: []subscription.Payment{pay}}, subscription.Policy{}, p.bought)
}

// look does what follows from a reading that finds some returns.
func (p *purchase) look(returns ...subscription.Return) {
	p.Helper()
	if _, err := p.engine.settle(p.Context(), p.customer, p.decided("1", returns...)); err != nil {
		p.Fatal(err)
	}
}

func (p *purchase) balance() credit.Balance {
	p.Helper()
	b, err := p.engine.Balance(p.Context(), p.customer.ExternalID, "requests")
	if err != nil {
		p.Fatal(err)
	}
	return b
}

func (p *purchase) left(when string, want int64) {
	p.Helper()
	if b := p.balance(); *b.Available != quantity.Whole(want) {
		p.Errorf("%s: %s of the 100 bought are left, want %d", when, *b.Available, want)
	}
}

func (p *purchase) refund(name string, amount int64, status string) subscription.Return {
	return subscription.Return{ID: name, Amount: amount, Status: status, CreatedAt: p.bought.Add(time.Minute)}
}

func (p *purchase) dispute(name, status string) subscription.Return {
	return subscription.Return{ID: name, Amount: 500, Status: status, Dispute: true, CreatedAt: p.bought.Add(2 * time.Minute)}
}

// TestADisputeTakesWhatTheRefundThatFailedBesideItHadTaken: Stripe fails a refund that is pending when its charge is disputed.
func TestADisputeTakesWhatTheRefundThatFailedBesideItHadTaken(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		p := buys(t, db, "")
		p.look()
		p.left("bought", 100)
		p.look(p.refund("re_1", 300, "pending"))
		p.left("3 of 5 are refunded", 40)
		p.look(p.refund("re_1", 300, "pending"), p.dispute("du_1", "needs_response"))
		p.left("and all disputed", 0)
		p.look(p.refund("re_1", 300, "failed"), p.dispute("du_1", "needs_response"))
		p.left("the refund failed", 0)
		p.look(p.refund("re_1", 300, "failed"), p.dispute("du_1", "lost"))
		p.left("the dispute is lost", 0)
		p.look(p.refund("re_1", 300, "failed"), p.dispute("du_1", "won"))
		p.left("it was won after all", 100)
	})
}

// TestRefundsOfOneSecondTakeTheirShareWhoeverIsReadFirst: Stripe's ids are no order.
func TestRefundsOfOneSecondTakeTheirShareWhoeverIsReadFirst(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		p := buys(t, db, "")
		a, b, c := p.refund("re_a", 166, "succeeded"), p.refund("re_b", 167, "succeeded"), p.refund("re_c", 167, "succeeded")
		p.look(c)
		p.left("a third", 67)
		p.look(c, b)
		p.left("two thirds", 34)
		p.look(c, b, a)
		p.left("all", 0)
	})
}

// TestUnitsLeftAreThoseOfTheMoneyThatStayed: whatever is refunded, disputed, fails and is won, in whatever order, and however often it is
// read, by readings that are late, too: when the newest has been read, the balance is as if only what stands now had ever been.
func TestUnitsLeftAreThoseOfTheMoneyThatStayed(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		p := buys(t, db, "refunds: {spent: forgive}\ndisputes: {spent: forgive}\n")
		for seed := range uint64(16) {
			if seed == 8 {
				p.publish("refunds: {spent: debt}\n")
			}
			random := rand.New(rand.NewPCG(seed, 0))
			p.customer = p.new(id.Customer(fmt.Sprint("u", seed)))
			p.look()
			used, once := int64(0), 0
			returns := map[string]subscription.Return{}
			var seen [][]subscription.Return
			for range 8 {
				now := p.turn(random, returns)
				seen = append(seen, now)
				for range random.IntN(3) { // some readings are of earlier
					p.look(seen[random.IntN(len(seen))]...)
				}
				if left := int64(*p.balance().Available / quantity.One); left > 0 && random.IntN(2) == 0 {
					n := random.Int64N(left + 1)
					once++
					if _, err := p.engine.Consume(t.Context(), meter.Usage{Customer: p.customer.ExternalID, Meter: "requests", Amount: new(quantity.Whole(n)),
						TransactionID: id.Transaction(fmt.Sprint("use", once))}); err != nil {
						t.Fatal(err)
					}
					used += n
				}
				p.look(now...)
				var gone int64
				for _, r := range now {
					if r.Stands() {
						gone += r.Amount
					}
				}
				want := 100 - min(gone, 500)*100/500 - used
				if seed < 8 {
					want = max(want, 0)
				}
				p.left(fmt.Sprintf("seed %d, %v, %d used", seed, now, used), want)
			}
		}
		if found, err := p.engine.Audit(t.Context()); err != nil || len(found.Findings) > 0 {
			t.Errorf("the audit finds %v, %v", found, err)
		}
	})
}

// turn changes some of what went back, and returns all of it.
func (p *purchase) turn(random *rand.Rand, returns map[string]subscription.Return) (all []subscription.Return) {
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	switch name := pick("re_1", "re_2", "re_3", "du_1"); {
	case name == "du_1" && returns[name].ID == "":
		returns[name] = p.dispute(name, pick("warning_needs_response", "needs_response"))
	case name == "du_1": // which becomes no inquiry
		returns[name] = p.dispute(name, pick("needs_response", "under_review", "won", "lost"))
	case returns[name].ID == "":
		returns[name] = p.refund(name, 1+random.Int64N(300), "pending")
	default:
		r := returns[name]
		r.Status = pick("succeeded", "failed", "pending")
		returns[name] = r
	}
	for _, name := range slices.Sorted(maps.Keys(returns)) {
		all = append(all, returns[name])
	}
	return all
}

package billing_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/sandbox"
)

// TestWhatAPlanByUseGaveIsBilledWhateverPlansFollow changes plans up and down at random, now and at the period's end, uses
// tokens in between while answers are lost and webhooks come late, and then asks every invoice: together they bill each token that
// was used on the plan by use, once, and none that was used on the other.
func TestWhatAPlanByUseGaveIsBilledWhateverPlansFollow(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		for n, seed := range []uint64{0, 14, 54, 66, 67, 73} {
			if n > 0 && db[0] == 'p' {
				break // one on PostgreSQL: the test is about the order of things
			}
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				t.Parallel()
				at := db
				if db[0] != 'p' {
					at = testdb.SQLite(t)
				}
				randomClimb(t, at, seed)
			})
		}
	})
}

func randomClimb(t *testing.T, db string, seed uint64) {
	s := climbing(t, db, "scale", nil)
	random := rand.New(rand.NewPCG(seed, 11))
	s.sandbox.SetChaos(sandbox.Chaos{Duplicate: 30, Faults: []sandbox.Fault{
		{Method: http.MethodPost, Path: "/v1/billing/meter_events", Percent: 7, Lose: true},
		{Method: http.MethodPost, Path: "/v1/billing/meter_events", Percent: 7, Status: 500},
		{Method: http.MethodPost, Path: "/v1/subscriptions", Percent: 20, Lose: true},
		{Method: http.MethodPost, Path: "/v1/invoiceitems", Percent: 30, Lose: true},
	}})
	var want int64
	changes := 0
	for n := range 80 {
		switch roll := random.IntN(10); {
		case roll < 6:
			c, err := s.engine.Customer(s.ctx, "org")
			if err != nil {
				t.Fatal(err)
			}
			amount := 1 + random.Int64N(9)
			units := quantity.Whole(amount)
			_, err = s.engine.Consume(s.ctx, meter.Usage{Customer: "org", Meter: "tokens", Amount: &units, TransactionID: id.Transaction(fmt.Sprint("e", n))})
			switch {
			case err == nil && c.Plan == "scale":
				want += amount
			case err != nil && !fault.Has(err, fault.InsufficientCredits):
				t.Fatal(err)
			}
		case roll < 8:
			if err := s.sandbox.AdvanceBy(s.ctx, 2*time.Second); err != nil { // Stripe counts by whole seconds
				t.Fatal(err)
			}
			to := []id.Slug{"flat_monthly", "scale_monthly"}[random.IntN(2)]
			when := []tollgate.When{"", tollgate.Now, tollgate.AtPeriodEnd}[random.IntN(3)]
			s.change(to, when)
			changes++
		}
		switch random.IntN(5) {
		case 0:
			s.minute()
		case 1: // webhooks wait
			if err := s.sandbox.AdvanceBy(s.ctx, time.Duration(1+random.IntN(90))*time.Minute); err != nil {
				t.Fatal(err)
			}
		case 2:
			s.advance(time.Duration(1+random.IntN(90)) * time.Hour)
		}
	}
	s.sandbox.SetChaos(sandbox.Chaos{})
	s.minute()
	s.advance(2 * time.Hour)
	s.advance(31 * day)
	s.advance(2 * time.Hour)
	s.advance(31 * day) // past the invoice that has what was late
	s.settle()

	got, late := s.usageBilled("scale_tokens")
	t.Logf("%d changes, usage of %d cents, %d of them late", changes, want*10, late)
	if got != want*10 || want == 0 {
		t.Errorf("the invoices bill %d cents of usage, want %d", got, want*10)
	}
	s.noErrors()
	s.audit()
}

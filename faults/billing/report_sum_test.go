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
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/sandbox"
)

// TestWhatWasSentIsWhatWasUsed uses, voids and refunds at random over months while answers are lost, and then asks
// every invoice: what they bill together, late usage included, is what each month's usage past its limit costs.
func TestWhatWasSentIsWhatWasUsed(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		for seed := range uint64(4) {
			if seed > 0 && db[0] == 'p' {
				break // one on PostgreSQL: the test is about the order of things
			}
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				t.Parallel()
				at := db
				if db[0] != 'p' {
					at = testdb.SQLite(t)
				}
				randomMonths(t, at, seed)
			})
		}
	})
}

// A month is what a window of the test's customer should be billed for.
type month struct {
	net int64 // used, less what was given back
}

func (m month) over() int64 { return max(0, m.net-10_000) }

func randomMonths(t *testing.T, db string, seed uint64) {
	s := console(t, db, sandbox.Options{Seed: int64(seed)}, nil)
	s.paying("org")
	random := rand.New(rand.NewPCG(seed, 7))
	s.sandbox.SetChaos(sandbox.Chaos{Duplicate: 30, Faults: []sandbox.Fault{
		{Method: http.MethodPost, Path: "/v1/billing/meter_events", Percent: 7, Lose: true},
		{Method: http.MethodPost, Path: "/v1/billing/meter_events", Percent: 7, Status: 500},
		{Method: http.MethodPost, Path: "/v1/invoiceitems", Percent: 30, Lose: true},
	}})
	windows := map[time.Time]*month{}
	var order []time.Time
	type used struct {
		txid   string
		amount int64
		window time.Time
	}
	var events []used
	window := func() time.Time {
		b, err := s.engine.Balance(s.ctx, "org", requests)
		if err != nil {
			t.Fatal(err)
		}
		if windows[*b.Since] == nil {
			windows[*b.Since] = &month{}
			order = append(order, *b.Since)
		}
		return *b.Since
	}
	for n := 0; len(order) < 4; n++ {
		w := window()
		m := windows[w]
		ending := s.sandbox.Now().After(w.AddDate(0, 0, 27)) // then nothing is given back: it may be billed already
		switch roll := random.IntN(10); {
		case roll < 6:
			amount := 1 + random.Int64N(1500)
			txid := fmt.Sprint("e", n)
			s.spend("org", amount, txid)
			m.net += amount
			events = append(events, used{txid, amount, w})
		case roll == 6 && !ending && len(events) > 0:
			i := random.IntN(len(events))
			if e := events[i]; e.window.Equal(w) {
				_, err := s.engine.Void(s.ctx, "org", id.Transaction(e.txid), "random")
				if fault.Has(err, fault.Conflict) {
					break // refunds have given it back
				}
				if err != nil {
					t.Fatal(err)
				}
				m.net -= e.amount
				events = append(events[:i], events[i+1:]...)
			}
		case roll == 7 && !ending && m.net > 0:
			amount := 1 + random.Int64N(min(m.net, 800))
			_, err := s.engine.AdjustUsage(s.ctx, tollgate.AdjustmentRequest{Customer: "org", Meter: requests, Amount: quantity.Whole(amount),
				Kind: tollgate.AdjustRefund, Reason: "random", TransactionID: id.Transaction(fmt.Sprint("r", n))})
			if err != nil {
				t.Fatal(err)
			}
			m.net -= amount
		}
		switch random.IntN(4) {
		case 0:
			s.minute()
		case 1: // webhooks wait
			if err := s.sandbox.AdvanceBy(s.ctx, time.Duration(1+random.IntN(90))*time.Minute); err != nil {
				t.Fatal(err)
			}
		case 2:
			s.advance(time.Duration(1+random.IntN(50)) * time.Hour)
		case 3:
			if err := s.sandbox.AdvanceBy(s.ctx, time.Minute); err != nil {
				t.Fatal(err)
			}
			s.settle()
		}
	}
	s.sandbox.SetChaos(sandbox.Chaos{})
	s.advance(2 * time.Hour)
	s.advance(62 * day) // past the invoice that has what was late of the last full month
	s.settle()

	var want int64
	for _, w := range order {
		want += (windows[w].over() + 1) / 2 // half a cent each, half up
	}
	got, late := s.usageBilled("additional_requests_overage")
	t.Logf("usage of %d cents, %d of them late", want, late)
	if want == 0 {
		t.Error("nothing was used past the limit: the test tells nothing")
	}
	if got != want {
		t.Errorf("the invoices bill %d cents of usage, want %d", got, want)
		for _, w := range order {
			t.Logf("window from %s: %+v, past the limit %d", w, *windows[w], windows[w].over())
		}
	}
	if left := s.reportable("org", requests); left.ToReport != 0 {
		t.Errorf("%d are left to report", left.ToReport)
	}
	s.noErrors()
	s.audit()
}

// usageBilled adds up what org's invoices bill of a metered price and of late usage, and the late part of it, in cents. When the test
// fails it tells the invoices.
func (s *shop) usageBilled(price id.Slug) (all, late int64) {
	s.Helper()
	page, err := s.engine.InvoicesOf(s.ctx, "org", "", 100)
	if err != nil {
		s.Fatal(err)
	}
	for _, i := range page.Data {
		for _, l := range i.Lines {
			switch l.Price {
			case "":
				all, late = all+l.Amount, late+l.Amount
			case price:
				all += l.Amount
			}
		}
	}
	s.Cleanup(func() {
		for _, i := range page.Data {
			if s.Failed() {
				s.Logf("invoice of %s: %+v", i.CreatedAt, i.Lines)
			}
		}
	})
	return all, late
}

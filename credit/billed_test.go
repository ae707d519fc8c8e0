package credit_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// A payer plays one account whose terms a subscription at Stripe gives.
type payer struct {
	t     *testing.T
	state credit.State
	lines []credit.Entry
	now   time.Time
}

func newPayer(t *testing.T) *payer {
	return &payer{t: t, now: time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)}
}

// billed returns the terms of the period of n months after January 2026, paid when paid says.
func billed(limit quantity.Units, n int, paid time.Time) credit.Terms {
	start := time.Date(2026, time.Month(1+n), 10, 0, 0, 0, 0, time.UTC)
	return credit.Terms{Window: period.Span{Start: start, End: start.AddDate(0, 1, 0)}, Limit: limit, Billed: true, Paid: paid}
}

func daily(limit quantity.Units, now time.Time) credit.Terms {
	return credit.Terms{Window: period.Window(period.Day, nil, period.Cycle{}, now), Limit: limit}
}

func (p *payer) consume(terms credit.Terms, n quantity.Units) error {
	s, lines, _, err := credit.Apply(p.state, terms, credit.Request{
		Kind: credit.KindConsume, Cause: "tx", Meter: "m", Aggregation: meter.Sum, Amount: n, Cost: quantity.One}, p.now)
	p.state, p.lines = s, append(p.lines, lines...)
	return err
}

func (p *payer) mustLeave(terms credit.Terms, n, want quantity.Units) {
	p.t.Helper()
	if err := p.consume(terms, n); err != nil {
		p.t.Fatalf("consume %s: %v", n, err)
	}
	if got := p.state.Available(p.now); got != want {
		p.t.Errorf("after consuming %s, %s is available, want %s", n, got, want)
	}
	replayed, err := credit.Fold(credit.State{}, p.lines)
	if err != nil {
		p.t.Fatalf("the ledger does not follow: %v", err)
	}
	if err := replayed.Same(&p.state); err != nil {
		p.t.Fatalf("the ledger gives %v", err)
	}
}

const unit = quantity.One

func TestPaidInvoiceOpensOneFreshWindow(t *testing.T) {
	t.Parallel()
	p := newPayer(t)
	first := billed(100*unit, 0, p.now)
	p.mustLeave(first, 60*unit, 40*unit)
	p.now = first.Window.End.Add(30 * time.Minute)
	p.mustLeave(billed(100*unit, 1, p.now), 10*unit, 90*unit)
	p.mustLeave(billed(100*unit, 1, p.now), 10*unit, 80*unit)
}

// The hour between the end of a period and the payment of the next one.
func TestUnspentAllowanceLastsUntilTheRenewalIsPaid(t *testing.T) {
	t.Parallel()
	p := newPayer(t)
	terms := billed(100*unit, 0, p.now)
	p.mustLeave(terms, 60*unit, 40*unit)
	end := terms.Window.End
	p.now, terms.Window.End = end.Add(time.Minute), end.Add(72*time.Hour)
	p.mustLeave(terms, 10*unit, 30*unit)
	if err := p.consume(terms, 31*unit); err == nil {
		t.Error("units of an unpaid period were given")
	}
	p.now = p.now.Add(time.Hour)
	p.mustLeave(billed(100*unit, 1, p.now), 5*unit, 95*unit)
}

// A period that is over goes on until the next one is paid; where that is known it ends with no further word.
func TestARenewalIsTwoLines(t *testing.T) {
	t.Parallel()
	p := newPayer(t)
	first := billed(100*unit, 0, p.now)
	p.mustLeave(first, 60*unit, 40*unit)
	p.now = first.Window.End.Add(time.Hour)
	longer := first
	longer.Window.End = first.Window.End.Add(72 * time.Hour)
	next := billed(100*unit, 1, p.now)
	s, lines := credit.Change(p.state, longer, next, p.now)
	if len(lines) != 2 || lines[0].Kind != credit.KindExpire || lines[1].Kind != credit.KindAllowance {
		t.Fatalf("a renewal writes %v, want an expire and an allowance line", lines)
	}
	p.state, p.lines = s, append(p.lines, lines...)
	p.mustLeave(next, 10*unit, 90*unit)
}

// Nobody gains by going round through the free plan.
func TestPaidWindowIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	p := newPayer(t)
	p.mustLeave(daily(20*unit, p.now), 5*unit, 15*unit)
	paid := p.now
	p.mustLeave(billed(100*unit, 0, paid), 30*unit, 70*unit)
	p.mustLeave(daily(20*unit, p.now), 0, 0) // 5 and 30 were used today
	p.mustLeave(billed(100*unit, 0, paid), 1*unit, 69*unit)
	p.mustLeave(billed(500*unit, 0, paid), 1*unit, 468*unit) // an upgrade within the period keeps what was used
}

func TestOlderInvoiceOpensNothing(t *testing.T) {
	t.Parallel()
	p := newPayer(t)
	newer, older := p.now, p.now.Add(-time.Hour)
	p.mustLeave(billed(100*unit, 0, newer), 90*unit, 10*unit)
	p.mustLeave(billed(100*unit, 0, older), 1*unit, 9*unit)
	p.mustLeave(billed(100*unit, 0, newer), 1*unit, 8*unit)
}

func TestTrialGivesOnce(t *testing.T) {
	t.Parallel()
	p := newPayer(t)
	trial := billed(100*unit, 0, time.Time{})
	p.mustLeave(trial, 60*unit, 40*unit)
	trial.Window.End = trial.Window.End.AddDate(0, 0, 14) // extended
	p.mustLeave(trial, 10*unit, 30*unit)
	p.now = trial.Window.End.Add(time.Hour)
	p.mustLeave(billed(100*unit, 2, p.now), 10*unit, 90*unit)
}

// TestBilledUnitsWerePaidFor: whatever order plans, periods, invoices and gaps come in, one invoice's allowance is
// spent at most once, and the ledger follows.
func TestBilledUnitsWerePaidFor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s credit.State
		var lines []credit.Entry
		now := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
		paid := map[int]time.Time{}       // by period: when its invoice was made
		spent := map[int]quantity.Units{} // by period: of its allowance
		for range rapid.IntRange(1, 60).Draw(t, "acts") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{1, 40, 600, 20000}).Draw(t, "minutes")) * time.Minute)
			n := monthsSince(now)
			if rapid.Bool().Draw(t, "pay") && paid[n].IsZero() {
				paid[n] = now
			}
			last := n
			for last > 0 && paid[last].IsZero() {
				last--
			}
			var terms credit.Terms
			onPaid := !paid[last].IsZero() && rapid.IntRange(0, 3).Draw(t, "free") > 0
			switch {
			case onPaid:
				limit := rapid.SampledFrom([]quantity.Units{50 * unit, 100 * unit}).Draw(t, "limit")
				terms = billed(limit, last, paid[last])
				if !now.Before(terms.Window.End) {
					terms.Window.End = now.Add(72 * time.Hour) // not paid yet
				}
			default:
				terms = daily(7*unit, now)
			}
			want := quantity.Units(rapid.IntRange(1, 60).Draw(t, "units")) * unit
			next, written, res, err := credit.Apply(s, terms, credit.Request{
				Kind: credit.KindConsume, Cause: "tx", Meter: "m", Aggregation: meter.Sum, Amount: want, Cost: unit}, now)
			s, lines = next, append(lines, written...)
			if err == nil && onPaid {
				spent[last] += res.Charge
				if spent[last] > 100*unit {
					t.Fatalf("%s spent of the 100 that the invoice of period %d paid for", spent[last], last)
				}
			}
			replayed, err := credit.Fold(credit.State{}, lines)
			if err != nil {
				t.Fatal(err)
			}
			if err := replayed.Same(&s); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func monthsSince(now time.Time) int {
	n := 0
	for !now.Before(time.Date(2026, time.Month(2+n), 10, 0, 0, 0, 0, time.UTC)) {
		n++
	}
	return n
}

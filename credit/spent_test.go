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

// TestWindowsSayWhatEachWindowCharged uses at random in paid months that follow one another, some of which nobody touches,
// and compares what Windows reads from the lines with what was used in each.
func TestWindowsSayWhatEachWindowCharged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
		limit := quantity.Whole(rapid.Int64Range(0, 20).Draw(t, "limit"))
		month := func(n int) credit.Terms {
			span := period.Span{Start: period.AddMonths(start, n), End: period.AddMonths(start, n+1)}
			return credit.Terms{Window: span, Limit: limit, Soft: true, Billed: true, Paid: span.Start}
		}
		var s credit.State
		var lines []credit.Entry
		used := map[time.Time]quantity.Units{}
		n := 0
		for range rapid.IntRange(1, 30).Draw(t, "acts") {
			n += rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "months later")
			terms := month(n)
			amount := quantity.Whole(rapid.Int64Range(1, 15).Draw(t, "amount"))
			after, written, _, err := credit.Apply(s, terms, credit.Request{Kind: credit.KindConsume, Aggregation: meter.Sum, Amount: amount, Cost: quantity.One}, terms.Window.Start.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			s = after
			used[terms.Window.Start] += amount
			for _, l := range written {
				if l.Kind == credit.KindAllowance || l.Kind == credit.KindPlanChange || l.Kind == credit.KindExpire {
					lines = append(lines, l)
				}
			}
		}
		terms := month(n + rapid.IntRange(0, 1).Draw(t, "months not touched"))
		current, _, _, err := credit.Apply(s, terms, credit.Request{}, terms.Window.Start.Add(2*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		got := map[time.Time]quantity.Units{}
		for _, w := range credit.Windows(lines, &s, &current) {
			if _, twice := got[w.Start]; twice {
				t.Fatalf("the window from %s is there twice", w.Start)
			}
			got[w.Start] = w.Over(0)
			if !w.Billed {
				t.Errorf("the window from %s is not billed", w.Start)
			}
		}
		for at, sum := range used {
			if want := max(sum-limit, 0); got[at] != want {
				t.Errorf("the window from %s was used %s past its limit of %s, want %s", at, got[at], limit, want)
			}
		}
	})
}

// TestAWindowThatWasLeftIsBilledForWhatItHadCharged: what is used on another plan is no part of it, until it is taken up again.
func TestAWindowThatWasLeftIsBilledForWhatItHadCharged(t *testing.T) {
	t.Parallel()
	p := newPayer(t)
	paid := billed(100*unit, 0, p.now)
	paid.Soft = true
	over := func(when string, want quantity.Units) {
		t.Helper()
		var got quantity.Units
		for _, w := range credit.Windows(p.lines, &p.state, &p.state) {
			if w.Billed {
				got += w.Over(0)
			}
		}
		if got != want {
			t.Errorf("%s, %s are past the limit, want %s", when, got, want)
		}
	}
	p.mustLeave(paid, 130*unit, -30*unit)
	free := daily(20*unit, p.now)
	var lines []credit.Entry
	p.state, lines = credit.Change(p.state, paid, free, p.now)
	p.lines = append(p.lines, lines...)
	over("when it was left", 30*unit)
	p.now = p.now.AddDate(0, 0, 1)
	p.mustLeave(daily(20*unit, p.now), 5*unit, 15*unit)
	over("with 5 used since", 30*unit)
	p.mustLeave(paid, 1*unit, -36*unit)
	over("taken up again", 36*unit)
	p.mustLeave(daily(20*unit, p.now), 0, 14*unit)
	p.now = p.now.AddDate(0, 2, 0)
	p.mustLeave(daily(20*unit, p.now), 0, 20*unit)
	over("long over", 36*unit)
}

func TestALimitThatARefundTookBackCostsNothing(t *testing.T) {
	t.Parallel()
	w := credit.Spent{Limit: quantity.Whole(50), Amount: quantity.Whole(120)}
	if got := w.Over(quantity.Whole(100)); got != quantity.Whole(20) {
		t.Errorf("past a limit of 100, of which 50 were refunded, 120 used are %s over, want 20", got)
	}
	w.Unlimited = true
	if got := w.Over(0); got != 0 {
		t.Errorf("nothing is past an unlimited allowance; got %s", got)
	}
}

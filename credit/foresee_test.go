package credit_test

import (
	"testing"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// However much is asked for, no sum of what is foreseen overflows.
func TestForeseeingEndsWhereAWindowIsFull(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	s := credit.State{Opened: true, Unlimited: true, Window: credit.Window{Span: period.Span{Start: now.Add(-time.Hour), End: now.Add(time.Hour)}}}
	most := credit.Request{Kind: credit.KindConsume, Meter: "requests", Aggregation: meter.Sum, Amount: quantity.Max, Cost: quantity.One}
	times, ok := 0, true
	for ok && times < 100 {
		if s, ok = s.Foresee(most, now); ok {
			times++
		}
	}
	if times != 4 || s.Window.Used != 4*quantity.Max || s.Window.Spent != 4*quantity.Max {
		t.Errorf("%d times the largest amount: used %s, spent %s; want 4 times", times, s.Window.Used, s.Window.Spent)
	}
}

// What is foreseen comes to pass as long as nothing but counting does; what else would is not foreseen.
func TestForesee(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	day := period.Span{Start: now.Add(-12 * time.Hour), End: now.Add(12 * time.Hour)}
	hard := credit.Terms{Window: day, Limit: quantity.Whole(10)}
	soft, unlimited := hard, hard
	soft.Soft, unlimited.Unlimited, unlimited.Limit = true, true, 0
	same := func(*credit.State) {}
	for name, tt := range map[string]struct {
		terms credit.Terms
		state func(*credit.State)
		kind  credit.Kind
		agg   meter.Aggregation
		whole int64
		at    time.Time
		want  bool
	}{
		"a sum":             {hard, same, credit.KindConsume, meter.Sum, 9, now, true},
		"a count":           {hard, same, credit.KindConsume, meter.Count, 1, now, true},
		"recorded":          {hard, same, credit.KindRecord, meter.Sum, 2, now, true},
		"past the limit":    {hard, same, credit.KindConsume, meter.Sum, 10, now, false},
		"a soft limit":      {soft, same, credit.KindConsume, meter.Sum, 10, now, true},
		"no limit":          {unlimited, same, credit.KindConsume, meter.Sum, 10, now, true},
		"a peak":            {hard, same, credit.KindConsume, meter.Max, 1, now, false},
		"a latest value":    {hard, same, credit.KindConsume, meter.Last, 1, now, false},
		"a distinct value":  {hard, same, credit.KindConsume, meter.Unique, 1, now, false},
		"a hold":            {hard, same, credit.KindHold, meter.Sum, 1, now, false},
		"a new account":     {hard, func(s *credit.State) { *s = credit.State{} }, credit.KindConsume, meter.Sum, 1, now, false},
		"a window that end": {hard, same, credit.KindConsume, meter.Sum, 1, day.End, false},
		"with grants":       {hard, func(s *credit.State) { s.Lots = []credit.Lot{{ID: "lot"}} }, credit.KindConsume, meter.Sum, 1, now, false},
		"too much":          {hard, same, credit.KindConsume, meter.Sum, int64(quantity.Max / quantity.One * 2), now, false},
	} {
		first := credit.Request{Kind: credit.KindConsume, Cause: "first", Meter: "requests", Amount: quantity.One, Cost: quantity.One}
		state, _, _, err := credit.Apply(credit.State{}, tt.terms, first, now)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		tt.state(&state)
		r := credit.Request{Kind: tt.kind, Cause: "tx", Meter: "requests", Aggregation: tt.agg, Amount: quantity.Whole(tt.whole), Cost: quantity.One}
		got, ok := state.Foresee(r, tt.at)
		if ok != tt.want {
			t.Errorf("%s: foreseen %t, want %t", name, ok, tt.want)
		}
		if !ok {
			continue
		}
		want, _, _, err := credit.Apply(state, tt.terms, r, tt.at)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !want.OnlyCounted(&got) || got.Seq != want.Seq || got.Window.Used != want.Window.Used || got.Window.Spent != want.Window.Spent {
			t.Errorf("%s: foreseen %+v, and it came to %+v", name, got, want)
		}
	}
}

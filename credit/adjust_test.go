package credit_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

func TestLimitAdjustmentsApply(t *testing.T) {
	t.Parallel()
	at := func(d, h int) time.Time { return time.Date(2026, 5, d, h, 0, 0, 0, time.UTC) }
	span := func(from, to time.Time) credit.LimitAdjustment {
		return credit.LimitAdjustment{Balance: "m", Amount: 5 * unit, StartsAt: from, EndsAt: to}
	}
	day := period.Span{Start: at(2, 0), End: at(3, 0)}
	for _, c := range []struct {
		name   string
		a      credit.LimitAdjustment
		kind   credit.AdjustmentType
		window period.Span
		now    time.Time
		want   bool
	}{
		{"one-time, before", span(at(2, 12), at(2, 18)), credit.OneTime, day, at(2, 11), false},
		{"one-time, at its start", span(at(2, 12), at(2, 18)), credit.OneTime, day, at(2, 12), true},
		{"one-time, at its end", span(at(2, 12), at(2, 18)), credit.OneTime, day, at(2, 18), false},
		{"recurring, before, in a window it overlaps", span(at(2, 12), at(2, 18)), credit.Recurring, day, at(2, 1), true},
		{"recurring, after, in a window it overlaps", span(at(2, 12), at(2, 18)), credit.Recurring, day, at(2, 23), true},
		{"recurring, the window before", span(at(3, 0), at(9, 0)), credit.Recurring, day, at(2, 23), false},
		{"recurring, the window after", span(at(1, 0), at(2, 0)), credit.Recurring, day, at(2, 0), false},
		{"recurring, without end", span(at(1, 0), time.Time{}), credit.Recurring, day, at(2, 0), true},
		{"recurring, endless window, before", span(at(2, 0), time.Time{}), credit.Recurring, period.Span{}, at(1, 0), false},
		{"recurring, endless window", span(at(2, 0), at(3, 0)), credit.Recurring, period.Span{}, at(2, 0), true},
		{"recurring, endless window, after", span(at(2, 0), at(3, 0)), credit.Recurring, period.Span{}, at(4, 0), false},
	} {
		a := c.a
		a.Type = c.kind
		want := 10 * unit
		if c.want {
			want = 15 * unit
		}
		if got := credit.Adjusted(10*unit, []credit.LimitAdjustment{a, {Balance: "other", Amount: unit, Type: credit.Recurring}}, "m", c.window, c.now); got != want {
			t.Errorf("%s: the limit is %s, want %s", c.name, got, want)
		}
		a.RemovedAt = at(1, 0)
		if got := credit.Adjusted(10*unit, []credit.LimitAdjustment{a}, "m", c.window, c.now); got != 10*unit {
			t.Errorf("%s, removed: the limit is %s", c.name, got)
		}
	}
	down := credit.LimitAdjustment{Balance: "m", Amount: -20 * unit, Type: credit.OneTime}
	if got := credit.Adjusted(10*unit, []credit.LimitAdjustment{down}, "m", day, at(2, 0)); got != 0 {
		t.Errorf("lowered below nothing: %s, want 0", got)
	}
}

func TestRefundIsBoundedByWhatWasUsed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 2, 9, 0, 0, 0, time.UTC)
	terms := daily(10*unit, now)
	act := func(s credit.State, kind credit.Kind, n quantity.Units) (credit.State, error) {
		s, _, _, err := credit.Apply(s, terms, credit.Request{Kind: kind, Cause: "tx", Meter: "m", Aggregation: meter.Sum, Amount: n, Cost: unit,
			Lot: credit.Lot{ID: "back", Source: "refund"}}, now)
		return s, err
	}
	s, err := act(credit.State{}, credit.KindConsume, 6*unit)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := act(s, credit.KindRefund, 7*unit); fault.Of(err) == nil || fault.Of(err).Details["limit"] != 6*unit {
		t.Errorf("a refund of 7 where 6 were used: %v, want a refusal that says 6", err)
	}
	if s, err = act(s, credit.KindRefund, 6*unit); err != nil || s.Window.Used != 0 || s.Available(now) != 10*unit {
		t.Errorf("a refund of all: %v, used %s, available %s", err, s.Window.Used, s.Available(now))
	}
	if s, err = act(s, credit.KindDeduction, 4*unit); err != nil || s.Window.Used != 4*unit {
		t.Errorf("a deduction: %v, used %s", err, s.Window.Used)
	}
	if _, err = act(s, credit.KindDeduction, 7*unit); fault.Of(err) == nil || fault.Of(err).Code != fault.InsufficientCredits {
		t.Errorf("a deduction of 7 where 6 are left: %v, want insufficient_credits", err)
	}
}

// Neither a reset nor a refund gives units back that a void then gives back once more.
func TestNothingIsGivenBackTwice(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 2, 9, 0, 0, 0, time.UTC)
	terms := daily(10*unit, now)
	act := func(s credit.State, r credit.Request) (credit.State, []credit.Entry, error) {
		r.Meter, r.Aggregation, r.Cost = "m", meter.Sum, unit
		s, lines, _, err := credit.Apply(s, terms, r, now)
		return s, lines, err
	}
	void := func(line credit.Entry) credit.Request {
		return credit.Request{Kind: credit.KindVoid, Cause: line.Cause, Parts: line.Parts, Seq: line.Seq}
	}
	s, lines, err := act(credit.State{}, credit.Request{Kind: credit.KindConsume, Cause: "a", Amount: 6 * unit})
	if err != nil {
		t.Fatal(err)
	}
	first := lines[len(lines)-1]

	reset, _, _ := act(s, credit.Request{Kind: credit.KindReset, Cause: "reset"})
	reset, lines, err = act(reset, credit.Request{Kind: credit.KindConsume, Cause: "b", Amount: 6 * unit})
	if err != nil {
		t.Fatal(err)
	}
	second := lines[len(lines)-1]
	if reset, _, err = act(reset, void(first)); err != nil || reset.Available(now) != 4*unit || reset.Window.Used != 6*unit {
		t.Errorf("usage from before a reset, voided: %v, used %s, available %s; want 6 and 4", err, reset.Window.Used, reset.Available(now))
	}
	if reset, _, err = act(reset, void(second)); err != nil || reset.Available(now) != 10*unit {
		t.Errorf("usage from after it, voided: %v, available %s; want 10", err, reset.Available(now))
	}

	granted, _, err := act(credit.State{}, credit.Request{Kind: credit.KindGrant, Cause: "grant", Lot: credit.Lot{ID: "grant", Amount: 100 * unit, CreatedAt: now, StartsAt: now, ExpiresAt: now.Add(time.Hour)}})
	if err != nil {
		t.Fatal(err)
	}
	granted, lines, err = act(granted, credit.Request{Kind: credit.KindConsume, Cause: "c", Amount: 7 * unit})
	if err != nil || lines[len(lines)-1].Parts[0].Grant != "grant" {
		t.Fatal(lines, err)
	}
	third := lines[len(lines)-1]
	granted, _, _ = act(granted, credit.Request{Kind: credit.KindReset, Cause: "reset"})
	granted, _, _ = act(granted, credit.Request{Kind: credit.KindConsume, Cause: "d", Amount: 5 * unit})
	if granted, _, err = act(granted, void(third)); err != nil || granted.Window.Used != 5*unit || granted.Available(now) != 105*unit {
		t.Errorf("usage from before a reset that a grant paid, voided: %v, used %s, available %s; want 5 and 105", err, granted.Window.Used, granted.Available(now))
	}

	refunded, _, err := act(s, credit.Request{Kind: credit.KindRefund, Cause: "refund", Amount: 4 * unit})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := act(refunded, void(first)); fault.Of(err) == nil || fault.Of(err).Code != fault.Conflict {
		t.Errorf("usage of 6, 4 of it refunded, voided: %v, want a conflict", err)
	}
}

// TestRefundsAndResetsKeepTheBooks: among consumption, holds, grants and plan changes, a refund gives back exactly what
// it says and never more than was used, a reset leaves nothing used, and the ledger follows.
func TestRefundsAndResetsKeepTheBooks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s credit.State
		var lines []credit.Entry
		now := time.Date(2026, 5, 2, 9, 0, 0, 0, time.UTC)
		for i := range rapid.IntRange(1, 50).Draw(t, "acts") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 300, 1500}).Draw(t, "minutes")) * time.Minute)
			terms := daily(rapid.SampledFrom([]quantity.Units{0, 10 * unit, 30 * unit}).Draw(t, "limit"), now)
			terms.Unlimited = rapid.IntRange(0, 9).Draw(t, "unlimited") == 0
			if terms.Unlimited {
				terms.Limit = 0
			}
			kind := rapid.SampledFrom([]credit.Kind{credit.KindConsume, credit.KindRecord, credit.KindGrant, credit.KindHold, credit.KindRelease,
				credit.KindRefund, credit.KindRefund, credit.KindDeduction, credit.KindReset}).Draw(t, "kind")
			cause := string(rune('a' + i%26))
			r := credit.Request{Kind: kind, Cause: cause, Meter: "m", Aggregation: meter.Sum, Cost: unit,
				Amount: quantity.Units(rapid.IntRange(0, 12).Draw(t, "units")) * unit, ExpiresAt: now.Add(time.Hour),
				Lot: credit.Lot{ID: time.Duration(i).String(), Source: "refund", Amount: 5 * unit, Priority: 100, CreatedAt: now, StartsAt: now}}
			if rapid.Bool().Draw(t, "lot ends") {
				r.Lot.ExpiresAt = now.Add(20 * time.Hour)
			}
			before, _, _, err := credit.Apply(s, terms, credit.Request{}, now)
			if err != nil {
				t.Fatal(err)
			}
			next, written, res, err := credit.Apply(s, terms, r, now)
			s, lines = next, append(lines, written...)
			switch {
			case err != nil:
				if kind == credit.KindRefund && r.Amount <= before.Window.Used {
					t.Fatalf("%s of %s used cannot be refunded: %v", r.Amount, before.Window.Used, err)
				}
			case kind == credit.KindRefund:
				if got := s.Balance() - before.Balance(); got != r.Amount || res.Charge != -r.Amount || before.Window.Used-s.Window.Used != r.Amount {
					t.Fatalf("a refund of %s moved the balance by %s and used from %s to %s", r.Amount, got, before.Window.Used, s.Window.Used)
				}
			case kind == credit.KindReset:
				if s.Window.Used != 0 || s.Balance()+s.Held() < before.Balance()+before.Held() {
					t.Fatalf("a reset leaves %s used, balance %s and held %s of %s and %s", s.Window.Used, s.Balance(), s.Held(), before.Balance(), before.Held())
				}
			}
			if s.Available(now) < 0 {
				t.Fatalf("available is %s", s.Available(now))
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

package credit

import (
	"fmt"
	"slices"
)

// Fold posts stored ledger lines, in the order of their sequence numbers, to s and returns the state they
// lead to. It is the audit: an error names the first line that does not follow from those before it,
// because a number is missing, or its stored amount or balance is not what posting it gives.
//
// Fold does not rebuild gauges, nor does it drop spent lots as Apply does; see Same.
func Fold(s State, lines []Entry) (State, error) {
	s = s.clone()
	for _, e := range lines {
		if e.Seq != s.Seq+1 {
			return s, fmt.Errorf("line %d follows line %d", e.Seq, s.Seq)
		}
		if got := s.post(e); got.Amount != e.Amount || got.Balance != e.Balance {
			return s, fmt.Errorf("line %d (%s of %s) adds %s and leaves %s; the ledger says %s and %s",
				e.Seq, e.Kind, e.Cause, got.Amount, got.Balance, e.Amount, e.Balance)
		}
	}
	return s, nil
}

// Same returns nil when s and t agree in all that a ledger determines: the line count, the open window and
// its counts, the suspended ones, what is left of every lot, the debts, and the open holds. Otherwise its error names
// what differs.
func (s *State) Same(t *State) error {
	switch {
	case s.Seq != t.Seq:
		return fmt.Errorf("%d lines, not %d", s.Seq, t.Seq)
	case !s.Window.Span.Equal(t.Window.Span):
		return fmt.Errorf("window from %s to %s, not from %s to %s", s.Window.Start, s.Window.End, t.Window.Start, t.Window.End)
	case s.Limit != t.Limit || s.Unlimited != t.Unlimited || s.Soft != t.Soft:
		return fmt.Errorf("limit %s (unlimited %t, soft %t), not %s (unlimited %t, soft %t)",
			s.Limit, s.Unlimited, s.Soft, t.Limit, t.Unlimited, t.Soft)
	case s.Window.Billed != t.Window.Billed || !s.Paid.Equal(t.Paid) || !s.Billed.Equal(t.Billed):
		return fmt.Errorf("billed %t from %s, paid %s, not %t from %s, paid %s",
			s.Window.Billed, s.Billed, s.Paid, t.Window.Billed, t.Billed, t.Paid)
	case s.Reset != t.Reset || s.Window.Refunded != t.Window.Refunded:
		return fmt.Errorf("reset by line %d, %s refunded, not line %d, %s", s.Reset, s.Window.Refunded, t.Reset, t.Window.Refunded)
	case s.Window.Used != t.Window.Used:
		return fmt.Errorf("used %s, not %s", s.Window.Used, t.Window.Used)
	case s.Window.Spent != t.Window.Spent:
		return fmt.Errorf("spent %s, not %s", s.Window.Spent, t.Window.Spent)
	case s.Balance() != t.Balance():
		return fmt.Errorf("balance %s, not %s", s.Balance(), t.Balance())
	}
	if !slices.Equal(s.Debts, t.Debts) {
		return fmt.Errorf("debts %v, not %v", s.Debts, t.Debts)
	}
	if !slices.EqualFunc(s.Suspended, t.Suspended, Window.equal) {
		return fmt.Errorf("suspended windows %v, not %v", s.Suspended, t.Suspended)
	}
	left, right := unspent(s.Lots), unspent(t.Lots)
	if !slices.EqualFunc(left, right, func(a, b Lot) bool { return a.ID == b.ID && a.Remaining == b.Remaining }) {
		return fmt.Errorf("grants %v, not %v", left, right)
	}
	if !slices.EqualFunc(s.Holds, t.Holds, func(a, b Hold) bool { return a.ID == b.ID && a.Charge == b.Charge }) {
		return fmt.Errorf("%d open holds, not %d", len(s.Holds), len(t.Holds))
	}
	return nil
}

func (w Window) equal(o Window) bool {
	return w.Span.Equal(o.Span) && w.Used == o.Used && w.Spent == o.Spent && w.Billed == o.Billed && w.Refunded == o.Refunded
}

func unspent(lots []Lot) []Lot {
	return slices.DeleteFunc(slices.Clone(lots), func(l Lot) bool { return l.Remaining == 0 })
}

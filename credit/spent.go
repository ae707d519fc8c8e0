package credit

import (
	"slices"

	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// A Spent is what one window of an account has charged to the plan's allowance, past its limit included. What grants paid
// is not in it.
type Spent struct {
	period.Span
	Billed    bool           // a period of a subscription at Stripe
	Limit     quantity.Units // 0 when unlimited
	Unlimited bool
	Amount    quantity.Units
}

// Over returns what was used past a limit: the window's own, or least when that is more.
func (s Spent) Over(least quantity.Units) quantity.Units {
	if s.Unlimited {
		return 0
	}
	return max(s.Amount-max(s.Limit, least), 0)
}

// Windows returns what the windows of an account have charged, oldest line first, each window once: those that closed, by
// the lines that opened and closed windows, in their order and from any one on; and the last one, by the account as it
// is stored and as it is brought up to date. The lines must have been read after the stored account.
//
// A window that has closed stays as it was settled: holds that were open then count as used. Of the one that is open they
// do not. A window that a plan change left before its end is not among them.
func Windows(lines []Entry, stored, current *State) []Spent {
	var out []Spent
	var open *Opening
	for _, l := range lines {
		switch {
		case l.Window != nil:
			open = l.Window
		case l.Kind == KindExpire && open != nil: // its line says by how much the window was not spent up, or more than that
			out = append(out, Spent{Span: open.Span, Billed: open.Billed, Limit: open.Limit, Unlimited: open.Unlimited, Amount: open.Limit + l.Amount})
			open = nil
		}
	}
	add := func(s *State, amount quantity.Units) {
		same := func(o Spent) bool { return o.Billed == s.Window.Billed && o.Start.Equal(s.Window.Start) }
		if s.Opened && !slices.ContainsFunc(out, same) {
			out = append(out, Spent{Span: s.Window.Span, Billed: s.Window.Billed, Limit: s.Limit, Unlimited: s.Unlimited, Amount: amount})
		}
	}
	if !current.Window.Start.Equal(stored.Window.Start) || current.Window.Billed != stored.Window.Billed {
		add(stored, stored.Window.Spent) // it has ended, and nobody has touched the account since
	}
	add(current, current.Window.Spent-current.heldFrom(""))
	return out
}

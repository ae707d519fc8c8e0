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

	left bool // by a plan change: it may be taken up again
}

// Over returns what was used past a limit: the window's own, or least when that is more.
func (s Spent) Over(least quantity.Units) quantity.Units {
	if s.Unlimited {
		return 0
	}
	return max(s.Amount-max(s.Limit, least), 0)
}

// is reports whether s and t are of one window.
func (s Spent) is(t Spent) bool { return s.Billed == t.Billed && s.Start.Equal(t.Start) }

// Windows returns what the windows of an account have charged, oldest line first, each window once: those that closed and
// those that plan changes left, by the lines that opened and closed windows, in their order and from any one on; and the last
// one, by the account as it is stored and as it is brought up to date. The lines must have been read after the stored account.
//
// A window that has closed stays as it was settled: holds that were open then count as used, as they do of one that was left.
// Of the one that is open they do not. What is charged while another window is open is no part of one that was left; it becomes
// one when the window is taken up again.
func Windows(lines []Entry, stored, current *State) []Spent {
	var out []Spent
	add := func(w Spent) {
		out = append(slices.DeleteFunc(out, func(o Spent) bool { return o.left && o.is(w) }), w)
	}
	known := func(w Spent, left bool) bool {
		return slices.ContainsFunc(out, func(o Spent) bool { return o.is(w) && (left || !o.left) })
	}
	var open *Opening
	of := func(o *Opening, amount quantity.Units, left bool) Spent {
		return Spent{Span: o.Span, Billed: o.Billed, Limit: o.Limit, Unlimited: o.Unlimited, Amount: amount, left: left}
	}
	for _, l := range lines {
		switch {
		case l.Window != nil:
			if open != nil && l.Window.Left > 0 {
				if w := of(open, l.Window.Left, true); !known(w, false) {
					add(w)
				}
			}
			open = l.Window
		case l.Kind == KindExpire && open != nil: // its line says by how much the window was not spent up, or more than that
			add(of(open, open.Limit+l.Amount, false))
			open = nil
		}
	}
	last := func(s *State, amount quantity.Units) Spent {
		return Spent{Span: s.Window.Span, Billed: s.Window.Billed, Limit: s.Limit, Unlimited: s.Unlimited, Amount: amount}
	}
	now := last(current, current.Window.Spent-current.heldFrom(""))
	if before := last(stored, stored.Window.Spent); stored.Opened && !before.is(now) && !known(before, true) {
		add(before) // it has ended or been left, and nobody has touched the account since
	}
	if current.Opened && !known(now, false) {
		add(now)
	}
	return out
}

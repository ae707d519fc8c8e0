package credit

import (
	"fmt"
	"slices"
	"time"
)

// settle brings the account up to date: holds, lots and the window that have come to their end by now, in
// the order of their times; then the window that holds now, or the new limit of the open one.
func (a *act) settle() {
	for a.expireNext() {
	}
	t := a.terms
	o := Opening{Span: t.Window, Limit: t.Limit, Unlimited: t.Unlimited, Soft: t.Soft, Billed: t.Billed, Paid: t.Paid}
	fresh := t.Paid.After(a.Paid)
	if fresh && a.Opened && a.Window.Billed {
		a.closeWindow(a.now) // the next period is paid for: what is left of this one ends with it
	}
	switch {
	case fresh && a.Opened: // a free window goes on counting until its own end
		a.write(Entry{Kind: KindPlanChange, Cause: causePlan, Window: &o})
	case !fresh && !a.Opened && a.suspended(t.Billed, t.Window) >= 0: // its allowance was given when it first opened
		a.write(Entry{Kind: KindPlanChange, Cause: causePlan, Window: &o})
	case !a.Opened:
		if a.rollover > 0 {
			a.carry()
		}
		a.write(Entry{Kind: KindAllowance, Cause: causeWindow, At: a.openedAt(), Window: &o})
	case !a.Window.Span.Equal(t.Window) || a.Window.Billed != t.Billed || a.Limit != t.Limit || a.Unlimited != t.Unlimited || a.Soft != t.Soft:
		a.write(Entry{Kind: KindPlanChange, Cause: causePlan, Window: &o})
	}
	a.Lots = slices.DeleteFunc(a.Lots, func(l Lot) bool {
		return l.Remaining == 0 && (l.ended(a.now) || !a.terms.Keep && l.Source != sourceRollover && !a.isHeld(l.ID))
	})
}

// openedAt is when a window opened lazily now is said to have opened: at its start, but never before the
// line that came last.
func (a *act) openedAt() time.Time {
	if a.Seq == 0 || a.Window.End.IsZero() || a.terms.Window.Start.Before(a.Window.End) {
		return a.now
	}
	start := a.terms.Window.Start
	if n := len(a.lines); n > 0 && start.Before(a.lines[n-1].At) {
		return a.lines[n-1].At
	}
	return start
}

// expireNext ends what is due first, and reports whether anything was.
func (a *act) expireNext() bool {
	var due time.Time
	var end func()
	consider := func(t time.Time, f func()) {
		if !t.IsZero() && !a.now.Before(t) && (end == nil || t.Before(due)) {
			due, end = t, f
		}
	}
	for _, h := range a.Holds {
		consider(h.ExpiresAt, func() {
			a.write(Entry{Kind: KindRelease, Cause: h.ID, Reason: "expired", Meter: h.Meter, At: due})
		})
	}
	for _, l := range a.Lots {
		if l.Remaining != 0 {
			consider(l.ExpiresAt, func() {
				a.write(Entry{Kind: KindExpire, Cause: l.ID, At: due, Parts: []Part{{Grant: l.ID, Amount: -l.Remaining}}})
			})
		}
	}
	if a.Opened && !a.Window.continues(a.terms.Billed, a.terms.Window) {
		consider(a.Window.End, func() { a.closeWindow(a.Window.End) })
	}
	if end == nil {
		return false
	}
	end()
	return true
}

// closeWindow ends the open window at a moment and carries over what its plan lets it carry. When whole
// windows went by untouched, the one before now carries what it would have left: its full limit. (Not so
// when they are billed: nobody says that they were paid for.)
func (a *act) closeWindow(ended time.Time) {
	unspent := max(a.Limit-a.Window.Spent, 0)
	if a.Limit != a.Window.Spent {
		a.write(Entry{Kind: KindExpire, Cause: causeWindow, At: ended})
	}
	a.Opened = false
	start := a.terms.Window.Start
	if a.terms.Rollover == 0 || a.Unlimited || a.terms.Window.End.IsZero() || start.Before(ended) && !a.Window.Billed {
		return
	}
	if start.After(ended) && !a.Window.Billed {
		unspent = a.terms.Limit
	}
	a.rollover = min(unspent, a.terms.Rollover)
}

// carry adds what rolls over as a lot that ends with the new window. It counts as older than the window's own
// allowance, so it burns first: what is left of the allowance can roll over once more, this cannot.
func (a *act) carry() {
	start := a.terms.Window.Start
	a.addLot(KindRollover, Lot{
		ID:     fmt.Sprintf("roll_over_%d", start.UnixMicro()),
		Source: sourceRollover, Amount: a.rollover, Priority: PriorityDefault,
		CreatedAt: start.Add(-time.Microsecond), StartsAt: start, ExpiresAt: a.terms.Window.End,
	}, "", a.openedAt())
}

func (a *act) isHeld(lot string) bool {
	for _, h := range a.Holds {
		for _, p := range h.Parts {
			if p.Grant == lot {
				return true
			}
		}
	}
	return false
}

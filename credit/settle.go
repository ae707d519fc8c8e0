package credit

import (
	"fmt"
	"slices"
	"time"
)

// settle brings the account up to date: first as of the moment its terms came into force, when nobody has touched
// it since; then as of now.
func (a *act) settle() {
	if t := a.terms; a.behind() {
		recorded := a.now
		a.now, a.recorded, a.terms.Window = t.Since, recorded, t.First
		a.renew()
		a.now, a.recorded, a.terms = recorded, time.Time{}, t
	}
	a.renew()
}

// behind reports whether the open window still ran when the terms came into force, and is none of theirs: what it has
// counted is carried into their first window, and not into one that began later.
func (a *act) behind() bool {
	t := a.terms
	return a.Opened && t.Since.Before(a.now) && a.Window.Start.Before(t.Since) && !a.Window.ended(t.Since) &&
		!a.Window.Span.Equal(t.First) && !a.Window.continues(t.Billed, t.First) && !t.Paid.After(t.Since)
}

// renew ends what has come to its end by now: holds, lots and the window, in the order of their times; then it opens the
// window that holds now, or sets the new limit of the open one.
func (a *act) renew() {
	for a.expireNext() {
	}
	t := a.terms
	opening := func() *Opening {
		return &Opening{Span: t.Window, Limit: t.Limit, Unlimited: t.Unlimited, Soft: t.Soft, Billed: t.Billed, Paid: t.Paid}
	}
	fresh := t.Paid.After(a.Paid)
	if fresh && a.Opened && a.Window.Billed {
		a.closeWindow(a.now) // the next period is paid for: what is left of this one ends with it
	}
	switch {
	case fresh && a.Opened: // a free window goes on counting until its own end
		a.write(Entry{Kind: KindPlanChange, Cause: causePlan, Reason: t.Reason, Window: opening()})
	case !fresh && !a.Opened && a.suspended(t.Billed, t.Window) >= 0: // its allowance was given when it first opened
		a.write(Entry{Kind: KindPlanChange, Cause: causePlan, Reason: t.Reason, Window: opening()})
	case !a.Opened:
		if a.rollover > 0 {
			a.carry()
		}
		a.write(Entry{Kind: KindAllowance, Cause: causeWindow, Reason: t.Reason, At: a.openedAt(), Window: opening()})
	case !a.Window.Span.Equal(t.Window) || a.Window.Billed != t.Billed || a.Limit != t.Limit || a.Unlimited != t.Unlimited || a.Soft != t.Soft:
		a.write(Entry{Kind: KindPlanChange, Cause: causePlan, Reason: t.Reason, Window: opening()})
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
	var due time.Time // zero while nothing is
	sooner := func(t time.Time) bool {
		if t.IsZero() || a.now.Before(t) || !due.IsZero() && !t.Before(due) {
			return false
		}
		due = t
		return true
	}
	var hold *Hold
	for i := range a.Holds {
		if sooner(a.Holds[i].ExpiresAt) {
			hold = &a.Holds[i]
		}
	}
	var lot *Lot
	for i := range a.Lots {
		if l := &a.Lots[i]; l.Remaining != 0 && sooner(l.ExpiresAt) {
			lot = l
		}
	}
	window := a.Opened && !a.Window.continues(a.terms.Billed, a.terms.Window) && sooner(a.Window.End)
	switch {
	case due.IsZero():
		return false
	case window:
		a.closeWindow(due)
	case lot != nil:
		a.write(Entry{Kind: KindExpire, Cause: lot.ID, At: due, Parts: []Part{{Grant: lot.ID, Amount: -lot.Remaining}}})
	default:
		a.write(Entry{Kind: KindRelease, Cause: hold.ID, Reason: "expired", Meter: hold.Meter, At: due})
	}
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

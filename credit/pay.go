package credit

import (
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/quantity"
)

// pay decides what pays for charge, in burn order, without posting it. Unlimited accounts count against
// the allowance alone and leave grants untouched. With overdraw, or under a soft limit, what no source
// covers is charged to the allowance, past its limit. A negative charge (a last meter that fell) is given
// back in the reverse order.
func (a *act) pay(charge quantity.Units, overdraw bool) ([]Part, error) {
	switch {
	case charge == 0:
		return nil, nil
	case charge < 0:
		parts, _ := a.giveBack(-charge)
		return parts, nil
	case a.Unlimited:
		return []Part{{Amount: -charge, At: a.now, Ever: a.ever()}}, nil
	}
	if available := a.Available(a.now); charge > available && !overdraw && !a.Soft {
		refusal := fault.New(fault.InsufficientCredits, "The balance has %s left; %s is required.", available, charge)
		owed := a.Owed()
		if owed > 0 {
			refusal = fault.New(fault.InsufficientCredits, "The balance has %s left, for it owes %s that were spent before their money went back; %s is required.", available, owed, charge).
				With("owed", owed)
		}
		return nil, refusal.With("availableBalance", available).With("required", charge).With("resetsAt", a.resetsAt())
	}
	parts := make([]Part, 0, 1+min(len(a.Lots), 1)) // most are paid by one source or two
	own := -1                                       // the allowance's place in parts
	take := func(grant string, n quantity.Units) {
		n = min(n, charge)
		if n <= 0 {
			return
		}
		if grant == "" {
			own = len(parts)
		}
		parts = append(parts, Part{Grant: grant, Amount: -n, At: a.now, Ever: a.ever()})
		charge -= n
	}
	allowance, taken := a.allowance(), false
	for _, l := range a.Lots {
		if !taken && allowance.burnsBefore(l) < 0 {
			take("", allowance.Remaining)
			taken = true
		}
		if l.live(a.now) {
			take(l.ID, l.Remaining)
		}
	}
	if !taken {
		take("", allowance.Remaining)
	}
	switch {
	case charge == 0:
	case own >= 0:
		parts[own].Amount -= charge
	default:
		parts = append(parts, Part{Amount: -charge, At: a.now, Ever: a.ever()})
	}
	return parts, nil
}

// giveBack returns n units to the sources in reverse burn order, none above what it was granted, and none
// of what open holds have set aside. A grant whose money went back takes none. rest is what no source can take.
func (a *act) giveBack(n quantity.Units) (parts []Part, rest quantity.Units) {
	give := func(grant string, room quantity.Units) {
		if m := min(n, room); m > 0 {
			parts = append(parts, Part{Grant: grant, Amount: m, At: a.now, Ever: a.ever()})
			n -= m
		}
	}
	allowance, given := a.allowance(), false
	spent := a.Window.Spent - a.heldFrom("")
	for i := len(a.Lots) - 1; i >= 0; i-- {
		l := a.Lots[i]
		if !given && l.burnsBefore(allowance) < 0 {
			give("", spent)
			given = true
		}
		if l.live(a.now) && !a.forgives(l.ID) {
			give(l.ID, a.room(l))
		}
	}
	if !given {
		give("", spent)
	}
	return parts, n
}

// resetsAt returns when the open window ends, nil when it never does.
func (s *State) resetsAt() *time.Time {
	if s.Window.End.IsZero() {
		return nil
	}
	end := s.Window.End
	return &end
}

// ever reports whether the open window never ends.
func (s *State) ever() bool { return s.Window.End.IsZero() }

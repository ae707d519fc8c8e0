package credit

import (
	"slices"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/quantity"
)

// ClawBackPolicy says what becomes of units that are spent already when the money that bought them goes back.
type ClawBackPolicy string

// The policies.
const (
	Forgive ClawBackPolicy = "forgive" // what was spent stays spent; only what comes back to the grant is taken, too
	Owe     ClawBackPolicy = "debt"    // the account owes them: grants, the next ones included, pay it first
	Suspend ClawBackPolicy = "suspend" // as Owe, and nothing is consumed or held from the account until it is paid
)

// ClawBackPolicies lists every policy.
func ClawBackPolicies() []ClawBackPolicy { return []ClawBackPolicy{Forgive, Owe, Suspend} }

// A Debt is what a claw-back did not find in its grant, because it was spent or is set aside.
type Debt struct {
	ID     string         `json:"id"`    // of the refund or dispute
	Grant  string         `json:"grant"` // the lot whose money went back
	Owed   quantity.Units `json:"owed"`  // not paid yet
	Policy ClawBackPolicy `json:"policy"`
}

// counts reports whether the debt is part of the balance. One that is forgiven is not: it only lies in wait for units that
// come back to its grant.
func (d Debt) counts() bool { return d.Policy != Forgive }

// Owed returns what the account owes because money went back after its units were spent.
func (s *State) Owed() quantity.Units {
	var sum quantity.Units
	for _, d := range s.Debts {
		if d.counts() {
			sum += d.Owed
		}
	}
	return sum
}

// Barred reports whether the account is suspended until what it owes is paid.
func (s *State) Barred() bool {
	return slices.ContainsFunc(s.Debts, func(d Debt) bool { return d.Policy == Suspend })
}

// forgives reports whether units that come back to a lot are taken by a claw-back that found it spent.
func (s *State) forgives(lot string) bool {
	return slices.ContainsFunc(s.Debts, func(d Debt) bool { return d.Policy == Forgive && d.Grant == lot })
}

// NoAccess returns the fault of a customer whose subscription is not paid and gives no access until it is.
func NoAccess() *fault.Error {
	return fault.New(fault.Suspended, "The subscription is not paid, and gives no access until it is: have the customer pay its open invoice.")
}

// refused returns the fault that consuming and holding meet while the account is suspended or the customer has no access.
func (a *act) refused() error {
	switch {
	case a.terms.NoAccess:
		return NoAccess()
	case a.Barred():
		return fault.New(fault.Suspended, "The balance is suspended: money was refunded or disputed after %s that it had bought were spent. A top-up or a grant of as much lifts it.", a.Owed()).
			With("owed", a.Owed())
	}
	return nil
}

// clawBack takes units of one grant back: Amount of them, or what is left of it when that is less; then of its homes, the lots
// to which this act has given back what the grant could not take. Of the rest, what was spent or is set aside becomes a
// debt; what expired or was revoked is gone without one.
func (a *act) clawBack(r Request, homes []string) Result {
	var taken quantity.Units
	var from []Lot
	var parts []Part
	for i, name := range slices.Concat([]string{r.Lot.ID}, homes) {
		var n quantity.Units
		if l := a.lot(name); l != nil {
			if n = min(l.Remaining, r.Amount-taken); n > 0 {
				from = append(from, l.empty())
			}
		}
		if taken += n; n > 0 || i == 0 { // the line names its grant in any case
			parts = append(parts, Part{Grant: name, Amount: -n})
		}
	}
	d := Debt{ID: r.Cause, Grant: r.Lot.ID, Policy: r.Policy}
	d.Owed = min(r.Amount-taken, a.spent(r))
	if d.Policy == "" {
		d.Policy = Forgive
	}
	if d.counts() {
		d.Owed = min(d.Owed, countMax-a.Owed()) // so that no sum of an account can overflow
	}
	own := Entry{Kind: KindClawBack, Cause: r.Cause, Reason: r.Reason, Lots: from, Parts: parts, Share: r.Amount}
	switch {
	case d.Owed <= 0:
		a.add(own)
	case d.counts():
		a.add(own)
		a.add(Entry{Kind: KindDebt, Cause: r.Cause, Reason: r.Reason, Debt: &d})
	default:
		own.Debt = &d
		a.add(own)
	}
	return Result{Charge: -taken}
}

// A share is what one claw-back has taken of a grant, or found spent there.
type share struct {
	all   quantity.Units // when it was made
	taken quantity.Units // from the grant, then and since
}

// spent returns how much of the grant that r takes back is spent or set aside, and not yet any claw-back's share. The account
// may have let go of the lot, so it is counted from what was granted.
func (a *act) spent(r Request) quantity.Units {
	rest := r.Lot.Amount
	if l := a.lot(r.Lot.ID); l != nil {
		rest -= l.Remaining
	}
	shares := map[string]share{}
	for _, e := range slices.Concat(r.Past, a.lines) {
		taken, named := e.takenFrom(r.Lot.ID)
		c, known := shares[e.Cause]
		switch {
		case e.Kind == KindExpire || e.Kind == KindRevoke:
			rest -= taken
			continue
		case e.Kind == KindClawBack && named && !known:
			c.all = taken
			known = true
		case e.Kind == KindRestore && known: // what could not come back has left with its grant
			rest -= c.taken + taken
			delete(shares, e.Cause)
			continue
		}
		if !known {
			continue
		}
		if e.Debt != nil {
			c.all += e.Debt.Owed
		}
		c.taken += taken
		shares[e.Cause] = c
	}
	for _, c := range shares {
		rest -= c.all
	}
	return max(rest, 0)
}

// takenFrom returns what a line took from a lot, and whether it names the lot.
func (e *Entry) takenFrom(lot string) (sum quantity.Units, named bool) {
	for _, p := range e.Parts {
		if p.Grant == lot {
			sum, named = sum-p.Amount, true
		}
	}
	return sum, named
}

// collect lets units that have come to grants pay what they owe: first each grant its own claw-back that was forgiven, then
// the grants, in burn order, the debts of the account, the oldest first.
func (a *act) collect(at time.Time) {
	for _, counting := range []bool{false, true} {
		for _, d := range slices.Clone(a.Debts) {
			if d.counts() == counting {
				a.payDebt(d, at)
			}
		}
	}
}

func (a *act) payDebt(d Debt, at time.Time) {
	e := Entry{Kind: KindDebtPaid, Cause: d.ID, At: at}
	if !d.counts() {
		e.Kind, e.Reason = KindClawBack, "its money went back"
	}
	for _, l := range a.Lots {
		if n := min(l.Remaining, d.Owed); n > 0 && !l.ended(at) && (d.counts() || l.ID == d.Grant) {
			e.Parts, e.Lots = append(e.Parts, Part{Grant: l.ID, Amount: -n}), append(e.Lots, l.empty())
			d.Owed -= n
		}
	}
	if len(e.Parts) > 0 {
		a.add(e)
	}
}

// restore undoes a claw-back whose money stayed after all: what it and its debt have taken goes back to the very grants, and
// what is still owed is owed no more. What came from a grant that has ended since, or been filled by a refund of usage, becomes
// r.Lot, which never ends; what came from one that was revoked is gone with it.
func (a *act) restore(r Request) (Result, error) {
	e := Entry{Kind: KindRestore, Cause: r.Cause, Reason: r.Reason}
	var sum, homeless quantity.Units
	for _, back := range a.takenBy(r) {
		sum += back.Remaining
		n, l := back.Remaining, back.empty()
		if kept := a.lot(l.ID); kept != nil {
			n = min(n, a.room(*kept))
		}
		if l.ended(a.now) {
			n = 0
		}
		if homeless += back.Remaining - n; n == 0 {
			continue
		}
		e.Parts = append(e.Parts, Part{Grant: l.ID, Amount: n})
		if a.lot(l.ID) == nil {
			e.Lots = append(e.Lots, l)
		}
	}
	if sum > a.growth() {
		return Result{}, pastBalance(sum)
	}
	if homeless > 0 {
		l := r.Lot
		l.Amount, l.Remaining, l.Priority, l.CreatedAt, l.StartsAt = homeless, 0, PriorityDefault, a.now, a.now
		a.add(Entry{Kind: KindGrant, Cause: l.ID, Reason: r.Reason, Lots: []Lot{l}}) // empty: the line below fills it
		e.Parts = append(e.Parts, Part{Grant: l.ID, Amount: homeless})
	}
	made := a.add(e)
	return Result{Charge: made.Amount}, nil
}

// takenBy returns the grants that a claw-back and its debt took units from since it was last undone, each with those units as
// Remaining, but for those that were revoked.
func (a *act) takenBy(r Request) []Lot {
	var from []Lot
	for _, e := range slices.Concat(r.Past, a.lines) {
		switch {
		case e.Kind == KindRevoke:
			from = slices.DeleteFunc(from, func(l Lot) bool { return l.ID == e.Cause })
		case e.Kind == KindRestore && e.Cause == r.Cause:
			from = nil
		}
		if e.Cause != r.Cause || e.Kind != KindClawBack && e.Kind != KindDebtPaid {
			continue
		}
		for _, l := range e.Lots {
			i := slices.IndexFunc(from, func(o Lot) bool { return o.ID == l.ID })
			if i < 0 {
				i, from = len(from), append(from, l.empty())
			}
			taken, _ := e.takenFrom(l.ID)
			from[i].Remaining += taken
		}
	}
	return from
}

// payOff takes n off a debt.
func (s *State) payOff(debt string, n quantity.Units) {
	for i := range s.Debts {
		if s.Debts[i].ID == debt {
			s.Debts[i].Owed -= n
		}
	}
	s.Debts = slices.DeleteFunc(s.Debts, func(d Debt) bool { return d.ID == debt && d.Owed <= 0 })
}

// empty returns the lot as a line names it: with nothing in it.
func (l Lot) empty() Lot {
	l.Remaining = 0
	return l
}

package credit

import (
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/quantity"
)

// A Return is money of a grant that went back, or was to. For it the grant is to lose its share.
type Return struct {
	ID     string         // of the refund or dispute
	Reason string         // of a claw-back
	Undone string         // why what was taken is given back
	Policy ClawBackPolicy // for what of the share is spent; empty is Forgive
	Share  quantity.Units // of the grant; 0 when the money is there
	Home   Lot            // its ID and Source: for what no grant can take when the share is given back
}

// Unsettled compares what a grant, of which the ID and the Amount count, has lost for returns with what it is to lose. lost are those
// whose claw-back is to be undone, and due those to be made then; one whose share has changed is among both. past are the
// account's lines that MovesGrants. A return that is not among all stays as it is. number is how many claw-backs and undoings
// of the grant there were: it grows with every act that settles returns, so that two who settle the same at once are told apart.
func Unsettled(past []Entry, grant Lot, all []Return) (lost, due []Return, number int) {
	shares, number := standing(past, grant.ID)
	var sum quantity.Units
	for _, share := range shares {
		sum += share
	}
	settled := true
	for _, r := range all {
		settled = settled && shares[r.ID] == r.Share
	}
	if settled {
		return nil, nil, number
	}
	anew := sum > grant.Amount // some have found taken what others are to give back
	for _, r := range all {
		share, stands := shares[r.ID]
		if !anew && share == r.Share {
			continue
		}
		if stands {
			lost = append(lost, r)
		}
		if r.Share > 0 {
			due = append(due, r)
		}
	}
	return lost, due, number
}

// standing returns the shares of the claw-backs of a grant that were not undone, and how many claw-backs and undoings there were.
func standing(past []Entry, grant string) (shares map[string]quantity.Units, number int) {
	shares = map[string]quantity.Units{}
	untold := map[string]bool{} // those of before lines told their share: it is what they took and found spent
	for _, e := range past {
		_, stands := shares[e.Cause]
		switch taken, named := e.takenFrom(grant); {
		case e.Kind == KindClawBack && named && !stands:
			if shares[e.Cause] = e.Share; e.Share == 0 {
				shares[e.Cause], untold[e.Cause] = taken, true
				if e.Debt != nil {
					shares[e.Cause] += e.Debt.Owed
				}
			}
			number++
		case e.Kind == KindDebt && stands && untold[e.Cause]:
			shares[e.Cause] += e.Debt.Owed
		case e.Kind == KindRestore && stands:
			delete(shares, e.Cause)
			number++
		}
	}
	return shares, number
}

// returned does what a request for a claw-back or its undoing asks for.
func (a *act) returned(r Request) (Result, error) {
	switch {
	case len(r.Returns) > 0:
		return a.settleReturns(r)
	case r.Kind == KindRestore:
		return a.restore(r)
	}
	return a.clawBack(r, nil), nil
}

// settleReturns brings what a grant has lost in line with its returns, in one act: what one claw-back gives back and another one takes is
// at no moment there to be spent.
func (a *act) settleReturns(r Request) (Result, error) {
	lost, due, _ := Unsettled(r.Past, r.Lot, r.Returns)
	if len(lost)+len(due) == 0 {
		return Result{}, fault.New(fault.Conflict, "The grant %s has lost what its returns are to take.", r.Lot.ID)
	}
	before, lines := a.State.clone(), len(a.lines)
	var sum Result
	var homes []string // of what has come back here and cannot to the grant
	for _, l := range lost {
		res, err := a.restore(Request{Cause: l.ID, Reason: l.Undone, Lot: l.Home, Past: r.Past})
		if err != nil {
			a.State, a.lines = before, a.lines[:lines]
			return Result{}, err
		}
		if sum.Charge += res.Charge; a.lot(l.Home.ID) != nil {
			homes = append(homes, l.Home.ID)
		}
	}
	for _, d := range due {
		res := a.clawBack(Request{Cause: d.ID, Reason: d.Reason, Policy: d.Policy, Amount: d.Share, Lot: r.Lot, Past: r.Past}, homes)
		sum.Charge += res.Charge
	}
	return sum, nil
}

package credit

import (
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
)

// setAside opens a hold: its units leave the sources now, so that the capture cannot be refused. Only
// amounts that add up can be held: meters of aggregation sum and count.
func (a *act) setAside(r Request) (Result, error) {
	switch r.Aggregation {
	case meter.Max, meter.Last, meter.Unique:
		return Result{}, fault.Field("meter", r.Meter, nil, "A meter of aggregation %s cannot be held: only sum and count add up.", r.Aggregation)
	}
	if err := a.refused(); err != nil {
		return Result{}, err
	}
	if _, open := a.hold(r.Cause); open {
		return Result{}, fault.New(fault.Conflict, "The balance has an open hold %q already.", r.Cause).With("hold", r.Cause)
	}
	if len(a.Holds) >= HoldsMax {
		return Result{}, fault.Field("holds", len(a.Holds)+1, HoldsMax, "The balance has %d open holds already; the limit is %d. Capture or release some.", len(a.Holds), HoldsMax)
	}
	charge, err := price(r.Amount, r.Cost)
	if err == nil {
		err = a.count(charge)
	}
	if err == nil && charge > countMax-a.Held() {
		err = tooMuch(charge)
	}
	if err != nil {
		return Result{}, err
	}
	parts, err := a.pay(charge, false)
	if err != nil {
		return Result{}, err
	}
	h := Hold{
		ID: r.Cause, Meter: r.Meter, TransactionID: r.TransactionID, Amount: r.Amount, Cost: r.Cost, Charge: charge,
		Parts: parts, CreatedAt: a.now, ExpiresAt: r.ExpiresAt,
	}
	a.write(Entry{Kind: KindHold, Cause: r.Cause, Meter: r.Meter, Parts: parts, Hold: &h})
	return Result{Charge: h.Charge, Parts: parts}, nil
}

// capture turns a hold into usage of r.Amount units of the meter: what the hold set aside pays first, the
// rest of the hold goes back, and what exceeds it is paid like any consumption, or refused like one.
func (a *act) capture(r Request) (Result, error) {
	h, ok := a.hold(r.Cause)
	if !ok {
		return Result{}, notOpen(r.Cause)
	}
	charge, err := price(r.Amount, h.Cost)
	if err != nil {
		return Result{}, err
	}
	var paid []Part
	rest := charge
	for _, p := range h.Parts {
		if n := min(rest, -p.Amount); n > 0 {
			paid = append(paid, Part{Grant: p.Grant, Amount: -n, At: p.At, Ever: p.Ever})
			rest -= n
		}
	}
	if rest > 0 {
		if err := a.refused(); err != nil {
			return Result{}, err
		}
		if err := a.count(rest); err != nil {
			return Result{}, err
		}
		more, err := a.pay(rest, false)
		if err != nil {
			return Result{}, err
		}
		paid = append(paid, more...)
	}
	a.write(Entry{Kind: KindCapture, Cause: r.Cause, Meter: h.Meter, Parts: paid})
	return Result{Charge: charge, Parts: paid}, nil
}

// release lets a hold go: its units return to the sources they came from.
func (a *act) release(r Request) (Result, error) {
	h, ok := a.hold(r.Cause)
	if !ok {
		return Result{}, notOpen(r.Cause)
	}
	made := a.write(Entry{Kind: KindRelease, Cause: h.ID, Reason: r.Reason, Meter: h.Meter})
	return Result{Charge: made.Amount}, nil
}

func notOpen(hold string) error {
	return fault.New(fault.NotFound, "There is no open hold %q: it was captured, released or has expired.", hold).With("hold", hold)
}

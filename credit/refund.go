package credit

import (
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/quantity"
)

// refund gives units of the open window's usage back: to the sources in reverse burn order, and what none of
// them can take, because the grant that paid is spent up and gone, as a lot of its own that never ends. More than the
// window has used is refused: invalid_request, with what can be refunded of the meter as limit.
func (a *act) refund(r Request) (Result, error) {
	charge, err := price(r.Amount, r.Cost)
	if err != nil {
		return Result{}, err
	}
	if charge > a.Window.Used {
		most := a.Window.Used.At(r.Cost) // of the meter, whichever balance pays
		return Result{}, fault.Field("amount", r.Amount, most, "Only as much as %s of %s was used in this window, so no more can be refunded. To give more, send kind bonus.", most, r.Meter)
	}
	parts, rest := a.giveBack(charge)
	if rest > 0 {
		switch {
		case len(a.Lots) >= LotsMax:
			return Result{}, fault.Field("grants", len(a.Lots)+1, LotsMax, "The balance carries %d grants already; the limit is %d.", len(a.Lots), LotsMax)
		case rest > a.growth():
			return Result{}, pastBalance(rest)
		}
		l := r.Lot
		l.Amount, l.Remaining, l.Priority, l.CreatedAt, l.StartsAt = rest, 0, PriorityDefault, a.now, a.now
		a.write(Entry{Kind: KindGrant, Cause: l.ID, Reason: r.Reason, Lots: []Lot{l}}) // empty: the refund's own line fills it
		parts = append(parts, Part{Grant: l.ID, Amount: rest, At: a.now, Ever: a.ever()})
	}
	a.write(Entry{Kind: KindRefund, Cause: r.Cause, Meter: r.Meter, Reason: r.Reason, Parts: parts})
	return Result{Charge: -charge, Parts: parts}, nil
}

// notRefunded refuses a void that would give back what refunds have given back already.
func (a *act) notRefunded(cause string, back []Part) error {
	var counted quantity.Units
	for _, p := range back {
		if a.Window.counts(p) {
			counted += p.Amount
		}
	}
	if a.Window.Refunded == 0 || counted <= a.Window.Used {
		return nil
	}
	return fault.New(fault.Conflict, "The usage %q cannot be voided: refunds have given back %s of what was used in its window, and only %s are left. Refund the rest instead.", cause, a.Window.Refunded, a.Window.Used).
		With("transactionId", cause).With("refunded", a.Window.Refunded).With("used", a.Window.Used)
}

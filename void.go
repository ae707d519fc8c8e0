package tollgate

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// A Voided is the answer to a void.
type Voided struct {
	Customer      id.Customer    `json:"customer"`
	TransactionID id.Transaction `json:"transactionId"`
	Returned      quantity.Units `json:"returned"` // to the balance; less than was charged when a window or a grant that paid has ended
	Balance       credit.Balance `json:"balance"`
	Duplicate     bool           `json:"duplicate"`
}

// Void undoes a usage event: its units return to the very allowance and grants that paid for it, and the
// statistics no longer count it. Its transactionId stays used for ever. Voiding twice answers as the first time.
// A value of a unique meter stays paid for while another event of its window names it; the void of the last one returns
// what the value has cost to the balance that paid, which is then the one answered with. What the meter was when the event
// was recorded decides, whatever the catalog says of it by now.
// Faults: not_found for an unknown customer or event; conflict for an event of a max or last meter, which a new
// reading corrects.
func (e *Engine) Void(ctx context.Context, customer id.Customer, t id.Transaction, reason string) (Voided, error) {
	if err := checkReason(reason); err != nil {
		return Voided{}, err
	}
	c, err := e.Customer(ctx, customer)
	if err != nil {
		return Voided{}, err
	}
	if err := t.Check("transactionId"); err != nil {
		return Voided{}, err
	}
	event, ok, err := e.db.EventOf(ctx, c.key, t)
	if err != nil {
		return Voided{}, outside("find event", err)
	}
	if !ok {
		return Voided{}, fault.New(fault.NotFound, "The customer %q has no event %q.", string(customer), string(t)).
			With("customer", string(customer)).With("transactionId", string(t))
	}
	if event.Line.Kind == credit.KindRefund {
		return Voided{}, fault.New(fault.Conflict, "%q is a refund: send a deduction instead of voiding it.", string(t)).With("transactionId", string(t))
	}
	m := e.book.Load().meterThen(event.Meter, event.RecordedAt)
	if m.Aggregation == meter.Max || m.Aggregation == meter.Last {
		return Voided{}, fault.New(fault.Conflict, "%s keeps the %s of its readings: send a new reading instead of voiding one.", event.Meter, m.Aggregation).
			With("meter", string(event.Meter))
	}
	o := &op{
		customer: customer, who: c.key, slug: event.PaidBy, name: "void:" + string(t), hash: hashOf("void"), void: t, lock: true,
		req: credit.Request{Kind: credit.KindVoid, Cause: string(t), Reason: reason, Meter: event.Meter, Parts: event.Line.Parts, Seq: event.Line.Seq},
	}
	if m.Aggregation == meter.Unique && event.Line.Kind != credit.KindBackfill {
		if err := e.uniqueVoid(ctx, o, c, m, event); err != nil {
			return Voided{}, err
		}
	}
	if o.req.Lots, err = e.lotsOf(ctx, c.key, o.req.Parts); err != nil {
		return Voided{}, err
	}
	o.answer = func(s *credit.State, line credit.Entry, now time.Time) any {
		return Voided{Customer: customer, TransactionID: t, Returned: line.Amount, Balance: s.Receipt(o.slug, now)}
	}
	var out Voided
	return out, e.doNamed(ctx, o, nil, &out, &out.Duplicate)
}

// uniqueVoid adds what the void of a unique meter's event needs: the value, the window it was counted in, and
// what had paid for the value, should this be the last event that names it.
func (e *Engine) uniqueVoid(ctx context.Context, o *op, c Customer, m meter.Meter, event store.Event) error {
	n, err := m.Check(meter.Usage{Customer: o.customer, Meter: m.Slug, TransactionID: event.TransactionID, Properties: event.Properties},
		e.Now(), meter.Limits{PropertiesBytes: PropertiesBytesMax})
	if err != nil {
		return fault.New(fault.Conflict, "The event no longer carries the property %q that its meter counts.", m.Property).Because(err)
	}
	o.value = n.Value
	opened, err := e.db.OpeningBefore(ctx, store.AccountKey{Customer: c.key, Slug: event.PaidBy}, event.Line.Seq) // the plan of then may be no more
	if err != nil {
		return outside("find the window of an event", err)
	}
	if !opened.Start.IsZero() {
		o.since = opened.Start.UnixMicro()
	}
	met, err := e.db.SeenOf(ctx, store.Value{Customer: c.key, Meter: m.Slug, WindowStart: o.since, Value: n.Value})
	if err != nil {
		return outside("look up a value", err)
	}
	if met.Events < 1 || met.Payer == event.TransactionID {
		return nil
	}
	payer, ok, err := e.db.EventOf(ctx, c.key, met.Payer)
	if err != nil {
		return outside("find event", err)
	}
	if ok { // its balance need not be the event's: the plan may have changed in between
		o.slug, o.req.Parts, o.req.Seq = payer.PaidBy, payer.Line.Parts, payer.Line.Seq // a reset since the payer is a reset of what it had used
	}
	return nil
}

// lotsOf returns the lots among parts as they were granted, leaving out those revoked since. One revoked from now on
// is left out under the lock.
func (e *Engine) lotsOf(ctx context.Context, key id.Key, parts []credit.Part) ([]credit.Lot, error) {
	var lots []credit.Lot
	for _, p := range parts {
		if p.Grant == "" {
			continue
		}
		_, revoked, err := e.db.EntryNamed(ctx, key, revokeName(p.Grant))
		if err != nil {
			return nil, outside("find grant", err)
		}
		line, ok, err := e.db.EntryNamed(ctx, key, "grant:"+p.Grant)
		if err != nil {
			return nil, outside("find grant", err)
		}
		if ok && !revoked {
			lots = append(lots, line.Lots...)
		}
	}
	return lots, nil
}

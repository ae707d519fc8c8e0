package tollgate

import (
	"context"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// What is done once is answered as at first for ever. An act that the present refuses, for its time, its catalog or its plan, may
// repeat one that was done when they were others: that is looked up before anybody is told of the refusal, and only then, so that
// it costs nothing where nothing is refused.

// doNamed does an act that leaves a ledger line, and reads its answer. What is refused already is done only if it repeats one.
func (e *Engine) doNamed(ctx context.Context, o *op, refused error, into any, duplicate *bool) error {
	err := refused
	if refused == nil {
		err = e.do(ctx, o)
	} else if again, failed := e.namedBefore(ctx, o); again {
		err = failed
	}
	if err != nil {
		return err
	}
	err = o.read(into)
	*duplicate = o.duplicate
	return err
}

// namedBefore ends an act whose name is there already, and reports whether it is.
func (e *Engine) namedBefore(ctx context.Context, o *op) (bool, error) {
	line, ok, err := e.db.EntryNamed(ctx, o.who, o.name)
	switch {
	case err != nil:
		return true, outside("look up a repeat", err)
	case !ok:
		return false, nil
	case !o.same(line.Hash):
		return true, o.crossed()
	}
	o.said, o.duplicate = line.Answer, true
	return true, outside("look up a repeat", e.db.Flush(ctx))
}

// first returns the first error that is one.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// same reports whether a request of such a hash asks for what o does.
func (o *op) same(hash int64) bool { return hash == o.hash || o.was != 0 && hash == o.was }

// repeatOp makes an act of a usage fact that is refused now, good for nothing but to be looked up: whatever the catalog says of its
// meter. It reports false when no catalog could have taken it.
func (e *Engine) repeatOp(o *op, u meter.Usage, kind credit.Kind) bool {
	m := meter.Meter{Slug: u.Meter, Aggregation: meter.Sum, Decimals: quantity.DecimalsMax}
	if u.Amount == nil {
		m.Aggregation = meter.Count
	}
	n, err := m.Check(u, e.Now(), usageLimits())
	*o = op{customer: u.Customer, who: o.who, txid: u.TransactionID, hash: usageHash(u, n, kind)}
	return err == nil
}

// usedBefore looks for what acts that are refused would repeat. Those that do are answered as at first, or are conflicts: why[i],
// which says why acts[i] is refused, is changed to that. An act that is nil is left alone.
func (e *Engine) usedBefore(ctx context.Context, acts []*op, why []error) error {
	var customers []id.Customer
	for _, o := range acts {
		if o != nil {
			customers = append(customers, o.customer)
		}
	}
	if len(customers) == 0 {
		return nil
	}
	found, err := e.db.CustomersOf(ctx, customers)
	if err != nil {
		return outside("look up a repeat", err)
	}
	keys := make(map[id.Customer]id.Key, len(found))
	for _, c := range found {
		keys[c.ExternalID] = c.Key
	}
	var names []store.Name
	for _, o := range acts {
		if o != nil && keys[o.customer] != 0 && (o.who == 0 || o.who == keys[o.customer]) {
			o.key = keys[o.customer]
			names = append(names, store.Name{Customer: o.key, Name: string(o.txid)})
		}
	}
	events, err := e.db.EventsOf(ctx, names)
	if err != nil {
		return outside("look up a repeat", err)
	}
	for i, o := range acts {
		if o == nil || o.key == 0 {
			continue
		}
		event := events[store.Name{Customer: o.key, Name: string(o.txid)}]
		switch {
		case event == nil || event.Claims():
		case !o.same(event.Hash):
			why[i] = conflict("transactionId", string(o.txid))
		default:
			o.left, o.duplicate, why[i] = event, true, nil
		}
	}
	return outside("look up a repeat", e.db.Flush(ctx))
}

// doUsage does an act that leaves an event. What is refused already is done only if it repeats one.
func (e *Engine) doUsage(ctx context.Context, o *op, refused error) (Receipt, error) {
	err := refused
	if refused == nil {
		err = e.do(ctx, o)
	} else if o.txid.Check("transactionId") == nil {
		why := []error{refused}
		if err = e.usedBefore(ctx, []*op{o}, why); err == nil {
			err = why[0]
		}
	}
	if err != nil {
		return Receipt{}, err
	}
	return o.receipt(), nil
}

// refusedUsage answers a usage fact that is refused, unless it repeats one of before.
func (e *Engine) refusedUsage(ctx context.Context, o *op, u meter.Usage, kind credit.Kind, refused error) (Receipt, error) {
	if !e.repeatOp(o, u, kind) {
		return Receipt{}, refused
	}
	return e.doUsage(ctx, o, refused)
}

// refusedBatch is refusedUsage for those facts of a batch that are refused, by their places.
func (e *Engine) refusedBatch(ctx context.Context, usage []meter.Usage, kind func(meter.Usage) credit.Kind, refused []int, ops []op, out []Outcome) error {
	acts, why := make([]*op, len(refused)), make([]error, len(refused))
	for n, i := range refused {
		if why[n] = out[i].Err; e.repeatOp(&ops[i], usage[i], kind(usage[i])) {
			acts[n] = &ops[i]
		}
	}
	if err := e.usedBefore(ctx, acts, why); err != nil {
		return err
	}
	for n, i := range refused {
		if out[i].Err = why[n]; why[n] == nil {
			r := acts[n].receipt()
			out[i].Receipt = &r
		}
	}
	return nil
}

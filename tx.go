package tollgate

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
)

// SQL returns the pool of the Engine's own database, for programs that keep their rows beside ours and join them in
// one transaction with ConsumeTx. Do not close it.
func (e *Engine) SQL() *sql.DB { return e.db.SQL() }

// ConsumeTx is Consume within the caller's own transaction on the same database: the usage is recorded when, and
// only when, the caller commits, together with the rows the caller writes. Until then the balance is locked for all
// others, so keep the transaction short. On SQLite the transaction must come from SQL(), which begins it as a writer.
//
// A refusal writes nothing and leaves the transaction usable. Faults are those of Consume; any other error means that
// the transaction must be rolled back.
func (e *Engine) ConsumeTx(ctx context.Context, tx *sql.Tx, u meter.Usage) (Receipt, error) {
	o := new(op)
	if err := e.usageOp(o, u, kindOf(u)); err != nil {
		return e.refusedUsage(ctx, o, u, kindOf(u), err)
	}
	o.done = newLatch(1)
	if err := e.consumeIn(ctx, e.db.Join(tx), o); err != nil {
		return Receipt{}, err
	}
	if o.err != nil {
		return Receipt{}, o.err
	}
	return o.receipt(), nil
}

func (e *Engine) consumeIn(ctx context.Context, tx *store.Tx, o *op) error {
	b, now := e.book.Load(), e.Now()
	c, err := tx.CustomerOf(ctx, o.customer)
	if store.None(err) {
		return unknownCustomer(o.customer)
	}
	if err != nil {
		return outside("read customer", err)
	}
	o.key = c.Key
	o.slug, o.req.Cost = b.payer(c.Plan, o.req.Meter)
	w := &writer{engine: e, caches: []*cache{newCache()}}
	var v *view
	err = tx.Locked(ctx, w.want([]*op{o}, true), func(f store.Found) (*store.Batch, error) {
		v = newView(w, 1, b, now, &f)
		v.joined = true
		v.decide(ctx, o)
		return &v.batch, nil
	})
	switch {
	case err != nil:
		return outside("consume", err)
	case len(v.again) > 0:
		return unavailable(errors.New("the customer changed at the same moment"))
	}
	if o.duplicate { // the caller's commit need not write anything
		if err := e.db.Flush(ctx); err != nil {
			return outside("consume", err)
		}
	}
	v.settle()
	return nil
}

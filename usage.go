package tollgate

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/fnv"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
)

// A Receipt is the answer to usage: the event as it was recorded, and the balance that paid for it as it was
// just after. A retry gets the same receipt again, with Duplicate set.
type Receipt struct {
	Event     meter.Event    `json:"event"`
	Balance   credit.Balance `json:"balance"`
	Duplicate bool           `json:"duplicate"`
}

// An Outcome is one answer of a batch: a receipt or an error, never both.
type Outcome struct {
	*Receipt
	Err error `json:"-"`
}

// Consume checks and records usage as one act: either the balance covers it and it is durably recorded, or it
// is refused and nothing is written. u.Record turns it into Record.
//
// Faults: insufficient_credits with balance, availableBalance, required and resetsAt; not_found for an unknown
// customer or meter; conflict when the transactionId was used with another payload; invalid_request.
func (e *Engine) Consume(ctx context.Context, u meter.Usage) (Receipt, error) {
	o := new(op)
	if err := e.usageOp(o, u, kindOf(u)); err != nil {
		return e.refusedUsage(ctx, o, u, kindOf(u), err)
	}
	if err := e.do(ctx, o); err != nil {
		return Receipt{}, err
	}
	return o.receipt(), nil
}

// Record records usage that has already happened. It is never refused for want of balance: what no source
// covers is counted past the limit. Faults are those of Consume but insufficient_credits.
func (e *Engine) Record(ctx context.Context, u meter.Usage) (Receipt, error) {
	u.Record = true
	return e.Consume(ctx, u)
}

// Backfill records usage of the past at its true time for the statistics, and charges it to no balance.
func (e *Engine) Backfill(ctx context.Context, usage []meter.Usage) ([]Outcome, error) {
	return e.batch(ctx, usage, func(meter.Usage) credit.Kind { return credit.KindBackfill })
}

// Batch does up to BatchMax usage facts, each by itself: out[i] answers usage[i]. The facts of one customer are
// decided in their order. The error is for the batch as a whole: too many facts, or the end of ctx, after which
// any of them may or may not have been recorded.
func (e *Engine) Batch(ctx context.Context, usage []meter.Usage) ([]Outcome, error) {
	return e.batch(ctx, usage, kindOf)
}

func (e *Engine) batch(ctx context.Context, usage []meter.Usage, kind func(meter.Usage) credit.Kind) ([]Outcome, error) {
	if len(usage) > BatchMax {
		return nil, fault.New(fault.TooLarge, "A batch carries up to %d events; this one has %d. Send it in parts.", BatchMax, len(usage)).
			With("field", "events").With("value", len(usage)).With("limit", BatchMax)
	}
	out, ops := make([]Outcome, len(usage)), make([]op, len(usage))
	queues, working := map[*writer][]*op{}, e.working()
	acts := 0
	var refused []int
	for i, u := range usage {
		if out[i].Err = e.usageOp(&ops[i], u, kind(u)); out[i].Err == nil {
			acts++
		} else {
			refused = append(refused, i)
		}
	}
	if len(refused) > 0 {
		if err := e.refusedBatch(ctx, usage, kind, refused, ops, out); err != nil {
			return nil, err
		}
	}
	if acts == 0 {
		return out, nil
	}
	done := newLatch(acts)
	for i := range ops {
		if out[i].Err != nil || out[i].Receipt != nil {
			continue
		}
		o := &ops[i]
		o.ctx, o.done = ctx, done
		w := e.writerOf(o, working)
		if queues[w] == nil {
			queues[w] = make([]*op, 0, acts)
		}
		queues[w] = append(queues[w], o)
	}
	for w, queue := range queues {
		if err := w.enqueue(queue...); err != nil {
			for _, o := range queue {
				o.finish(err)
			}
		}
	}
	if err := done.wait(ctx); err != nil {
		return nil, err
	}
	receipts := make([]Receipt, len(ops))
	for i := range ops {
		if out[i].Err != nil || out[i].Receipt != nil {
			continue
		}
		switch err := ops[i].err; {
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
			return nil, err
		case err != nil:
			out[i].Err = err
		default:
			receipts[i] = ops[i].receipt()
			out[i].Receipt = &receipts[i]
		}
	}
	return out, nil
}

func kindOf(u meter.Usage) credit.Kind {
	if u.Record {
		return credit.KindRecord
	}
	return credit.KindConsume
}

// usageLimits bounds what usage may carry.
func usageLimits() meter.Limits {
	return meter.Limits{Ahead: AheadMax, PropertiesBytes: PropertiesBytesMax}
}

// usageOp checks a usage fact and makes it an act, which it fills in.
func (e *Engine) usageOp(o *op, u meter.Usage, kind credit.Kind) error {
	m, ok := e.book.Load().Meters[u.Meter]
	if !ok {
		return e.unknownMeter(u)
	}
	now := e.Now()
	n, err := m.Check(u, now, usageLimits())
	if err != nil {
		return err
	}
	*o = op{
		customer: u.Customer, usage: true, txid: u.TransactionID, value: n.Value, hash: usageHash(u, n, kind),
		req: credit.Request{
			Kind: kind, Cause: string(u.TransactionID), Meter: u.Meter, Aggregation: m.Aggregation, Amount: n.Amount, UsageAt: n.At,
		},
		event: meter.Event{Meter: u.Meter, Amount: n.Amount, TransactionID: u.TransactionID, Properties: n.Properties},
	}
	if u.At != nil {
		o.event.At = n.At
	}
	if kind == credit.KindBackfill {
		o.value = "" // counted in no window
	}
	return nil
}

func (e *Engine) unknownMeter(u meter.Usage) error {
	if err := u.Customer.Check("customer"); err != nil {
		return err
	}
	if u.Meter == "" {
		return fault.Field("meter", "", nil, "meter is missing: send the slug of a meter of the catalog.")
	}
	if e.book.Load().Version == 0 {
		return fault.New(fault.NotFound, "There is no meter %q: no catalog has been published yet. Publish one with `tollgate apply FILE`.", string(u.Meter)).With("meter", string(u.Meter))
	}
	return fault.New(fault.NotFound, "There is no meter %q in the catalog.", string(u.Meter)).With("meter", string(u.Meter))
}

// usageHash identifies a request, so that the same transactionId with other content is told from a retry.
func usageHash(u meter.Usage, n meter.Reading, kind credit.Kind) int64 {
	at := int64(0)
	if u.At != nil {
		at = n.At.UnixMicro()
	}
	b := make([]byte, 0, 64+len(n.Properties))
	b = append(append(b, kind...), 0)
	b = append(append(b, u.Meter...), 0)
	b = binary.BigEndian.AppendUint64(b, uint64(n.Amount))
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	h := fnv.New64a()
	h.Write(append(b, n.Properties...))
	return int64(h.Sum64())
}

package tollgate

import (
	"context"
	"math"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/meter"
)

// UsageOfEvents is Usage read from the events alone.
func (e *Engine) UsageOfEvents(ctx context.Context, r UsageRequest) (UsageReport, error) {
	r.raw = true
	return e.Usage(ctx, r)
}

// UsageHash is what is stored of a request to tell a retry from another one.
func UsageHash(u meter.Usage, n meter.Reading, kind credit.Kind) int64 { return usageHash(u, n, kind) }

// OnFlush has e call f where it makes what a group has committed durable before it tells anybody. Call it before e gets work.
func OnFlush(e *Engine, f func(flush func(context.Context) error) error) {
	for _, w := range e.writers {
		flush := w.teller.flush
		w.teller.flush = func(context.Context) error { return f(flush) }
	}
}

// RollUpAsIdle rolls up what the background would once nothing has been written for a while: without reading it, where it remembers it.
func RollUpAsIdle(ctx context.Context, e *Engine) error {
	e.roller.mu.Lock()
	e.roller.wrote = time.Time{}
	e.roller.mu.Unlock()
	return e.roller.work(ctx)
}

// Working returns how many of an Engine's writers work now.
func Working(e *Engine) int { return len(e.working()) }

// Widen has all of an Engine's writers work, unless other processes cross it.
func Widen(e *Engine) {
	e.lanes.wide.Store(true)
	e.lanes.turned.Store(math.MaxInt64 / 2)
}

// FillMemory has the roll-up remember as much as it may, so that it remembers nothing that is written from now on.
func FillMemory(e *Engine) {
	e.roller.mu.Lock()
	defer e.roller.mu.Unlock()
	e.roller.kept += rollKeptMax
}

// ConsumeAsOne does usage of a customer in one group, as if the hashes of all its transactions were the same.
func ConsumeAsOne(ctx context.Context, e *Engine, c Customer, usage ...meter.Usage) (out []Outcome, err error) {
	done, ops := newLatch(len(usage)), make([]*op, len(usage))
	var w *writer
	for i, u := range usage {
		o := new(op)
		if err := e.usageOp(o, u, kindOf(u)); err != nil {
			return nil, err
		}
		o.ctx, o.done, o.key, o.mark = ctx, done, c.key, 1
		w = e.writerOf(o, e.working())
		ops[i] = o
	}
	if err := w.enqueue(ops...); err != nil {
		return nil, err
	}
	if err := done.wait(ctx); err != nil {
		return nil, err
	}
	for _, o := range ops {
		one := Outcome{Err: o.err}
		if o.err == nil {
			r := o.receipt()
			one.Receipt = &r
		}
		out = append(out, one)
	}
	return out, nil
}

// EndTwice ends the first of two acts that share a latch twice, and reports whether whoever waits for both is told.
func EndTwice() (told bool) {
	o := &op{done: newLatch(2)}
	defer func() {
		told = recover() == nil || o.done.left.Load() == 0
	}()
	o.finish(nil)
	o.finish(nil)
	return true
}

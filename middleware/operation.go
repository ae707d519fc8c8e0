package middleware

import (
	"context"
	"sync"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// An Operation is the metered work of one request, for its handler to report on. Its methods may be called from any
// goroutine until the handler returns, and on nil, where nothing is metered.
type Operation struct {
	transactionID id.Transaction
	customer      id.Customer
	outer         *Operation // of the middleware around this one; nil when there is none

	mu       sync.Mutex
	used     quantity.Units
	reported bool
	forgiven bool
	stopped  bool // the handler was not reached
}

type operationKey struct{ meter id.Slug }

type latestKey struct{}

// Of returns the operation of a request whose context is ctx, that of the innermost middleware; nil when there is none.
func Of(ctx context.Context) *Operation {
	op, _ := ctx.Value(latestKey{}).(*Operation)
	return op
}

// OfMeter returns the operation of one meter, where several middlewares stand before a handler.
func OfMeter(ctx context.Context, slug id.Slug) *Operation {
	op, _ := ctx.Value(operationKey{slug}).(*Operation)
	return op
}

func (o *Operation) in(ctx context.Context, slug id.Slug) context.Context {
	return context.WithValue(context.WithValue(ctx, operationKey{slug}, o), latestKey{}, o)
}

// Use adds units to what the request has used, such as the tokens of one more piece of an answer. Without any report the
// request costs what was set aside for it; Use(0) makes it cost nothing.
func (o *Operation) Use(n quantity.Units) {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.used, o.reported = o.used+n, true
}

// Forgive makes the request cost nothing, whatever was reported.
func (o *Operation) Forgive() {
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forgiven = true
}

// TransactionID returns the name under which the usage is counted; empty on nil.
func (o *Operation) TransactionID() id.Transaction {
	if o == nil {
		return ""
	}
	return o.transactionID
}

// Customer returns who pays; empty on nil.
func (o *Operation) Customer() id.Customer {
	if o == nil {
		return ""
	}
	return o.customer
}

// stop tells an operation and those around it that a middleware further in has refused the request.
func (o *Operation) stop() {
	for ; o != nil; o = o.outer {
		o.mu.Lock()
		o.stopped = true
		o.mu.Unlock()
	}
}

// settled returns what to charge when the handler has ended: cost unless it reported or was not reached, and false for
// nothing.
func (o *Operation) settled(cost quantity.Units) (used quantity.Units, reported, charge bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.reported {
		return cost, false, !o.forgiven && !o.stopped
	}
	return max(o.used, 0), true, !o.forgiven
}

// Package middleware puts a meter before an http.Handler: it sets the cost of a request aside, or looks whether it is
// covered, lets the handler work, and settles what it really used. Nothing is charged for an answer of 500 and above or
// a panic.
//
// What cannot be asked while Tollgate is down is decided by an outage policy, per meter.
package middleware

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/spool"
)

const (
	// HoldFor is how long units are set aside for one request unless Options say otherwise. A request that takes longer is
	// still counted, but its units may be spent by others meanwhile.
	HoldFor = 15 * time.Minute
	// Timeout is how long Tollgate may take over one question before it counts as down, unless Options say otherwise.
	Timeout = 2 * time.Second
)

// A Tollgate is what the middleware asks: a *tollgate.Engine in the same program, or a *client.Client.
type Tollgate interface {
	Check(context.Context, tollgate.CheckRequest) (tollgate.Check, error)
	Hold(context.Context, tollgate.HoldRequest) (tollgate.Held, error)
	Capture(ctx context.Context, holdID string, amount *quantity.Units) (tollgate.Receipt, error)
	Release(ctx context.Context, holdID string) (tollgate.Held, error)
	Consume(context.Context, meter.Usage) (tollgate.Receipt, error)
}

// Options changes how a meter stands before a handler. The zero value works: it holds, and is closed in an outage.
type Options struct {
	// CheckOnly looks before the handler and records after it, instead of holding. It is what meters need that cannot be
	// held (max, last, unique), and spares a write; requests that arrive together may all pass on the last units.
	CheckOnly bool
	// HoldFor is how long units are set aside: whole seconds, up to credit.HoldMax. HoldFor when 0.
	HoldFor time.Duration
	// TransactionID names the work of a request, the same on every retry; client.OperationID and client.RequestID make
	// such names. nil makes a new one for each request, so that a caller's retry is charged as work done again.
	//
	// A request whose name was seen before is let through and charged nothing more. So the name must not come from whoever
	// pays: a browser that sends the same X-Request-Id for ever would work for nothing.
	TransactionID func(*http.Request) (id.Transaction, error)
	// Outage says what happens while Tollgate cannot be asked; Closed() when it is the zero value.
	Outage Outage
	// Spool keeps usage that cannot be told; without one, what an outage swallows is only logged. Run it with Deliver.
	Spool *spool.Spool
	// RefusalStatus answers for want of balance: 402 when 0, or 429 for limits that are a pace, with Retry-After.
	RefusalStatus int
	// UpgradeURL is told in a refusal that names none itself.
	UpgradeURL string
	// Refuse answers a request that is not let through, in place of the JSON body: for handlers that show pages. The headers
	// but for Content-Type are set; status is what the JSON would be sent with, and why says what it would. nil sends the JSON.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, why *fault.Error)
	// Timeout is how long one question may take; Timeout when 0.
	Timeout time.Duration
	Logger  *slog.Logger // trouble; discarded when nil
}

// Check returns an error for options that New panics on.
func (o Options) Check() error {
	switch {
	case o.RefusalStatus != 0 && o.RefusalStatus != http.StatusPaymentRequired && o.RefusalStatus != http.StatusTooManyRequests:
		return errors.New("RefusalStatus is 402 or 429")
	case o.HoldFor < 0 || o.HoldFor > credit.HoldMax || o.HoldFor%time.Second != 0:
		return errors.New("HoldFor is a number of whole seconds up to 30 days")
	case o.Outage.limited && o.Spool == nil:
		return errors.New("OpenUpTo counts what the Spool holds: give it one")
	case o.Outage.upTo < 0 || o.Timeout < 0:
		return errors.New("OpenUpTo and Timeout must not be negative")
	}
	return nil
}

// An Outage is a policy for the time in which Tollgate cannot be asked.
type Outage struct {
	open, limited bool
	upTo          quantity.Units
}

// Closed refuses with 503: nothing is given that is not paid for.
func Closed() Outage { return Outage{} }

// Open lets every request pass.
func Open() Outage { return Outage{open: true} }

// OpenUpTo lets requests pass until a customer has used n units that Tollgate has not been told of, then refuses. It
// needs a Spool, in which these units outlive a crash.
func OpenUpTo(n quantity.Units) Outage { return Outage{open: true, limited: true, upTo: n} }

// Cost returns a cost that is the same for every request.
func Cost(n quantity.Units) func(*http.Request) quantity.Units {
	return func(*http.Request) quantity.Units { return n }
}

// New returns a middleware that meters every request of a handler on slug. cost is what to set aside, or to look for,
// before the handler knows better; identify returns the externalId of who pays: an error, or none, answers 401, and a
// *fault.Error answers as it says.
//
// The handler reports through Of(r.Context()). It panics when opts.Check returns an error.
func New(t Tollgate, slug id.Slug, cost func(*http.Request) quantity.Units, identify func(*http.Request) (externalID string, err error), opts Options) func(http.Handler) http.Handler {
	if err := opts.Check(); err != nil {
		panic("middleware: " + err.Error())
	}
	g := &gate{tollgate: t, meter: slug, cost: cost, identify: identify, opts: opts, log: opts.Logger}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	if g.opts.HoldFor == 0 {
		g.opts.HoldFor = HoldFor
	}
	if g.opts.Timeout == 0 {
		g.opts.Timeout = Timeout
	}
	if g.opts.RefusalStatus == 0 {
		g.opts.RefusalStatus = http.StatusPaymentRequired
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, next) })
	}
}

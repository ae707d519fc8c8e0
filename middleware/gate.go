package middleware

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/spool"
)

// A gate is one meter before one handler.
type gate struct {
	tollgate Tollgate
	meter    id.Slug
	cost     func(*http.Request) quantity.Units
	identify func(*http.Request) (string, error)
	opts     Options
	log      *slog.Logger
}

// A pass is what a request was let through with.
type pass struct {
	op      *Operation
	cost    quantity.Units
	at      time.Time
	hold    string // empty when nothing was set aside
	outage  bool   // nobody could be asked
	release func() // of what an outage reserved; nil when nothing was
}

// serve meters one request.
func (g *gate) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	p, err := g.admit(w, r)
	if err != nil {
		Of(r.Context()).stop()
		g.refuse(w, r, err)
		return
	}
	watched := &watcher{ResponseWriter: w}
	defer func() {
		panicked := recover()
		g.settle(r.Context(), p, watched.status, panicked)
		if panicked != nil {
			panic(panicked) // the server's own way to end such a request
		}
	}()
	next.ServeHTTP(watched, r.WithContext(p.op.in(r.Context(), g.meter)))
}

// admit decides whether a request may pass, and tells its caller in headers what is left.
func (g *gate) admit(w http.ResponseWriter, r *http.Request) (*pass, error) {
	name, err := g.identify(r)
	if f := fault.Of(err); f != nil {
		return nil, f
	}
	if err != nil || name == "" {
		return nil, fault.New(fault.Unauthorized, "Nobody is signed in.").Because(err)
	}
	op := &Operation{customer: id.Customer(name), transactionID: id.Transaction("request_" + rand.Text()), outer: Of(r.Context())}
	p := &pass{op: op, cost: g.cost(r), at: time.Now().UTC().Truncate(time.Microsecond)}
	if g.opts.TransactionID != nil {
		if p.op.transactionID, err = g.opts.TransactionID(r); err != nil {
			return nil, err
		}
	}
	ctx, cancel := g.asking(r.Context())
	defer cancel()
	if g.opts.CheckOnly {
		err = g.look(ctx, w, p)
	} else {
		err = g.hold(ctx, w, p)
	}
	switch {
	case err != nil && down(err):
		return p, g.outage(p, err)
	case err != nil:
		return nil, err
	case r.Context().Err() != nil: // the caller has left: nobody waits for the work
		g.settle(r.Context(), p, statusGone, nil)
		return nil, fault.New(fault.Unavailable, "The request ended before its work began.").Because(r.Context().Err())
	}
	return p, nil
}

// statusGone stands for a request that was not worked on.
const statusGone = 599

// hold sets the cost aside.
func (g *gate) hold(ctx context.Context, w http.ResponseWriter, p *pass) error {
	held, err := g.tollgate.Hold(ctx, tollgate.HoldRequest{
		Customer: p.op.customer, Meter: g.meter, Amount: p.cost, TransactionID: p.op.transactionID, ExpiresIn: int64(g.opts.HoldFor / time.Second),
	})
	if err != nil {
		return err
	}
	p.hold = held.ID
	left{balance: held.Balance.Slug, limit: held.Balance.Limit, available: held.Balance.Available, resetsAt: held.Balance.ResetsAt}.tell(w.Header(), p.at)
	return nil
}

// look asks whether the cost is covered at this moment.
func (g *gate) look(ctx context.Context, w http.ResponseWriter, p *pass) error {
	c, err := g.tollgate.Check(ctx, tollgate.CheckRequest{Customer: p.op.customer, Meter: g.meter, Amount: &p.cost})
	if err != nil {
		return err
	}
	if !c.Allowed {
		return refusalOf(c)
	}
	after := left{balance: c.Balance, limit: c.Limit, resetsAt: c.ResetsAt}
	if c.Available != nil && c.Required != nil {
		available := *c.Available - *c.Required
		after.available = &available
	}
	after.tell(w.Header(), p.at)
	return nil
}

// refusalOf says of a check what Consume would.
func refusalOf(c tollgate.Check) error {
	f := fault.New(fault.InsufficientCredits, "The balance has %s left; %s is required.", c.Available, c.Required)
	if c.Suspended {
		f = fault.New(fault.Suspended, "Nothing may be used until the subscription, or what the balance owes, is paid.")
	}
	f = f.With("availableBalance", c.Available).With("required", c.Required).With("resetsAt", c.ResetsAt).
		With("balance", string(c.Balance)).With("meter", string(c.Meter))
	if c.UpgradeURL != "" {
		f = f.With("upgradeUrl", c.UpgradeURL)
	}
	return f
}

// down reports whether an error says that Tollgate cannot be asked, rather than what it thinks of the request. A key that
// is wrong or too fast is the program's trouble, not its customer's.
func down(err error) bool {
	f := fault.Of(err)
	if f == nil {
		return true
	}
	switch f.Code {
	case fault.Unavailable, fault.Internal, fault.RateLimited, fault.Unauthorized, fault.Forbidden:
		return true
	}
	return false
}

// outage decides about a request that nobody can be asked about.
func (g *gate) outage(p *pass, cause error) error {
	g.log.Error("Tollgate cannot be asked", "meter", string(g.meter), "open", g.opts.Outage.open, "error", cause)
	closed := fault.New(fault.Unavailable, "Usage cannot be counted now. Try again in a moment.").Because(cause)
	if !g.opts.Outage.open {
		return closed
	}
	p.outage = true
	if !g.opts.Outage.limited {
		return nil
	}
	release, ok := g.opts.Spool.Reserve(p.op.customer, g.meter, p.cost, g.opts.Outage.upTo)
	if !ok {
		return closed
	}
	p.release = release
	return nil
}

// settle charges what a request has used, or gives back what was set aside for it. net/http sends the end of an answer
// after this has returned: who has all of it has been charged, on disk.
func (g *gate) settle(ctx context.Context, p *pass, status int, panicked any) {
	if p.release != nil {
		defer p.release() // when the spool has it
	}
	used, reported, charge := p.op.settled(p.cost)
	if panicked != nil {
		aborted := panicked == http.ErrAbortHandler // deliberate: the caller may have had what was reported
		charge = charge && aborted && reported
	}
	if status >= http.StatusInternalServerError {
		charge = false
	}
	ctx, cancel := g.asking(ctx)
	defer cancel()
	fact := spool.Fact{Hold: p.hold, Usage: meter.Usage{
		Customer: p.op.customer, Meter: g.meter, Amount: &used, TransactionID: p.op.transactionID, At: &p.at, Record: true,
	}}
	switch {
	case !charge && p.hold != "":
		if _, err := g.tollgate.Release(ctx, p.hold); err != nil {
			g.log.Warn("a hold is left to expire", "hold", p.hold, "error", err)
		}
	case !charge || used == 0 && p.hold == "":
	case p.outage:
		g.keep(fact, nil)
	default:
		if err := deliver(ctx, g.tollgate, fact); err != nil {
			g.keep(fact, err)
		}
	}
}

// keep puts usage that could not be told into the spool.
func (g *gate) keep(fact spool.Fact, why error) {
	attrs := []any{"customer", string(fact.Usage.Customer), "meter", string(g.meter), "amount", fact.Usage.Amount.String(), "transactionId", string(fact.Usage.TransactionID)}
	if why != nil && spool.Final(why) {
		g.log.Error("Tollgate refuses usage that has happened", append(attrs, "error", why)...)
		return
	}
	err := errors.New("there is no spool")
	if g.opts.Spool != nil {
		err = g.opts.Spool.Append(fact)
	}
	if err != nil {
		g.log.Error("usage was not counted", append(attrs, "error", errors.Join(why, err))...)
	}
}

// asking returns a context for one question. It outlives the request's own: what was begun is ended.
func (g *gate) asking(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), g.opts.Timeout)
}

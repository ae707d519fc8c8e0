package tollgate

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
)

const (
	// DebugDefault is how long debug logging lasts when nobody says.
	DebugDefault = 15 * time.Minute
	// DebugMax is the longest debug logging lasts.
	DebugMax = 24 * time.Hour
	// debugCustomersMax is how many customers are looked at apart.
	debugCustomersMax = 100

	// Everyone stands for all customers in Debug.
	Everyone id.Customer = "*"
)

// A Debugging says whose acts this process logs, and until when.
type Debugging struct {
	Customer id.Customer `json:"customer"` // * for all
	Until    time.Time   `json:"until"`
}

// A watch holds what is being debugged. Off, it costs an act one atomic load.
type watch struct {
	on    atomic.Bool
	mu    sync.Mutex
	until map[id.Customer]time.Time
}

// Debug logs every act of a customer, or of Everyone, for a while: what was asked, the terms, what paid, the balance
// before and after, and how it was decided. lasts 0 means DebugDefault; below 0 switches it off. Only this process
// logs, to Options.Logger. Properties are never logged.
func (e *Engine) Debug(customer id.Customer, lasts time.Duration) (Debugging, error) {
	if err := customer.Check("customer"); err != nil {
		return Debugging{}, err
	}
	if lasts == 0 {
		lasts = DebugDefault
	}
	if lasts > DebugMax {
		return Debugging{}, fault.Field("seconds", int64(lasts/time.Second), int64(DebugMax/time.Second), "Debug logging lasts up to 24 hours.")
	}
	w := &e.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now().UTC().Truncate(time.Second)
	for c, until := range w.until {
		if !now.Before(until) {
			delete(w.until, c)
		}
	}
	if lasts < 0 {
		delete(w.until, customer)
		w.on.Store(len(w.until) > 0)
		return Debugging{Customer: customer, Until: now}, nil
	}
	if _, ok := w.until[customer]; !ok && len(w.until) >= debugCustomersMax {
		return Debugging{}, fault.Field("customer", string(customer), debugCustomersMax, "%d customers are debugged already: end some first, or send * for all.", debugCustomersMax)
	}
	if w.until == nil {
		w.until = map[id.Customer]time.Time{}
	}
	w.until[customer] = now.Add(lasts)
	w.on.Store(true)
	return Debugging{Customer: customer, Until: w.until[customer]}, nil
}

// sees reports whether a customer's acts are to be logged.
func (w *watch) sees(c id.Customer) bool {
	if !w.on.Load() {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	return now.Before(w.until[c]) || now.Before(w.until[Everyone])
}

// decided logs how an act was decided.
func (e *Engine) decided(o *op, terms credit.Terms, before, after *credit.State, lines []credit.Entry, own int, err error, locked bool, took time.Duration) {
	how := "cache"
	if locked {
		how = "lock"
	}
	attrs := []any{
		"customer", string(o.customer), "act", string(o.req.Kind), "balance", string(o.slug), "meter", string(o.req.Meter), "id", o.req.Cause,
		"amount", o.req.Amount.String(), "cost", o.req.Cost.String(), "decided", how, "took", took,
		slog.Group("terms", "limit", terms.Limit.String(), "unlimited", terms.Unlimited, "soft", terms.Soft, "from", terms.Window.Start, "to", terms.Window.End),
		slog.Group("before", "seq", before.Seq, "used", before.Window.Used.String(), "balance", before.Balance().String()),
		slog.Group("after", "seq", after.Seq, "used", after.Window.Used.String(), "balance", after.Balance().String()),
	}
	if err != nil {
		attrs = append(attrs, "refused", err.Error())
	} else if own >= 0 {
		line := lines[own]
		attrs = append(attrs, "line", string(line.Kind), "moved", line.Amount.String(), "sources", sources(line.Parts))
	}
	e.log.Info("decided", attrs...) // whoever asked for it wants it whatever the level
}

// sources names what paid, and how much.
func sources(parts []credit.Part) []string {
	out := make([]string, len(parts))
	for i, p := range parts {
		name := p.Grant
		if name == "" {
			name = "plan"
		}
		out[i] = name + " " + p.Amount.String()
	}
	return out
}

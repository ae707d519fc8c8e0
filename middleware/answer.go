package middleware

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/pace"
	"github.com/tollgate/tollgate/quantity"
)

// left is what a customer can still use of the balance that pays.
type left struct {
	balance          id.Slug
	limit, available *quantity.Units // nil when unlimited
	resetsAt         *time.Time
}

// tell sets the headers RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers): whole units, rounded down.
// Unlimited balances have none. Where several middlewares stand, each adds its own.
func (l left) tell(h http.Header, now time.Time) {
	if l.balance == "" {
		return
	}
	name := `"` + string(l.balance) + `"` // a slug needs no escapes
	if l.limit != nil {
		h.Add("RateLimit-Policy", name+";q="+whole(*l.limit))
	}
	if l.available == nil {
		return
	}
	value := name + ";r=" + whole(*l.available)
	if l.resetsAt != nil {
		value += ";t=" + strconv.FormatInt(pace.WholeSeconds(max(l.resetsAt.Sub(now), 0)), 10)
	}
	h.Add("RateLimit", value)
}

func whole(n quantity.Units) string { return strconv.FormatInt(int64(max(n, 0)/quantity.One), 10) }

// refuse answers with the fault in err.
func (g *gate) refuse(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.Of(err)
	if f == nil {
		g.log.Error("a request cannot be metered", "meter", string(g.meter), "error", err)
		f = fault.New(fault.Internal, "Something went wrong before the request was worked on.")
	}
	status := f.Status()
	switch f.Code {
	case fault.InsufficientCredits:
		status = g.opts.RefusalStatus
		if _, ok := f.Details["upgradeUrl"]; !ok && g.opts.UpgradeURL != "" {
			f = f.With("upgradeUrl", g.opts.UpgradeURL)
		}
	case fault.Unavailable:
		w.Header().Set("Retry-After", "1")
	}
	body, err := json.Marshal(f)
	if err != nil {
		g.log.Error("a refusal cannot be told", "error", err)
		body = []byte(`{"error":"internal","message":"The error cannot be told."}`)
	}
	if f.Code == fault.InsufficientCredits {
		if err := tellRefusal(w.Header(), body, status, time.Now()); err != nil {
			g.log.Error("a refusal has no RateLimit header", "error", err)
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	if g.opts.Refuse != nil {
		g.opts.Refuse(w, r, status, f)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(body, '\n')) //nolint:errcheck // a caller who has left is not told
}

// tellRefusal sets the headers of a refusal from its body: an Engine's details have Go's types, a client's have JSON's.
func tellRefusal(h http.Header, body []byte, status int, now time.Time) error {
	var told struct {
		Balance   id.Slug         `json:"balance"`
		Available *quantity.Units `json:"availableBalance"`
		ResetsAt  *time.Time      `json:"resetsAt"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		return err
	}
	left{balance: told.Balance, available: told.Available, resetsAt: told.ResetsAt}.tell(h, now)
	if status == http.StatusTooManyRequests && told.ResetsAt != nil {
		h.Set("Retry-After", pace.RetryAfter(max(told.ResetsAt.Sub(now), 0)))
	}
	return nil
}

// A watcher remembers the status of an answer.
type watcher struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *watcher) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK { // those below are not the answer yet
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Flush implements http.Flusher, for handlers that stream and ask for it. A caller who has left is told of by the next
// write.
func (w *watcher) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap is for http.ResponseController.
func (w *watcher) Unwrap() http.ResponseWriter { return w.ResponseWriter }

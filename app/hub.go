package app

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
)

const (
	// lookEvery is how often the hub looks for changes: twice in the second that a page is promised.
	lookEvery = 400 * time.Millisecond
	// lookMax is how long one look may take.
	lookMax = 5 * time.Second
	// readAnyway is how soon balances are read though nothing was written: time changes them too.
	readAnyway = 15 * time.Second
	// readsMax is how many customers' balances are read at once.
	readsMax = 8
)

// A hub tells streams what their customers' balances are. Whichever process writes, the database knows: the hub asks it
// which balances have changed, in one query for all customers that are watched. Its goroutine runs while there are
// streams.
type hub struct {
	engine  *tollgate.Engine
	log     *slog.Logger
	wake    chan struct{} // holds one token when somebody has joined
	mu      sync.Mutex
	looking bool
	streams int
	watched map[id.Customer]*watched
}

// A watched customer is one with streams. Only the hub's goroutine touches what follows streams but last, which mu guards.
type watched struct {
	streams []*stream
	last    []byte // what was said last; nil before
	seen    mark
	due     time.Time // by the Engine's clock: when to read though nothing was written
}

// A mark changes with every write that balances depend on.
type mark struct{ balances, catalog int64 }

// A stream is one page that listens.
type stream struct {
	customer id.Customer
	news     chan []byte // holds the latest that was not sent yet; closed when the customer is gone
}

func newHub(e *tollgate.Engine, log *slog.Logger) *hub {
	return &hub{engine: e, log: log, wake: make(chan struct{}, 1), watched: map[id.Customer]*watched{}}
}

// join adds a stream. Faults: rate_limited when there are too many.
func (h *hub) join(customer id.Customer) (*stream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.watched[customer]
	switch {
	case h.streams >= StreamsMax:
		return nil, tooManyStreams(StreamsMax)
	case w != nil && len(w.streams) >= StreamsOfCustomerMax:
		return nil, tooManyStreams(StreamsOfCustomerMax)
	case w == nil:
		w = &watched{}
		h.watched[customer] = w
	}
	s := &stream{customer: customer, news: make(chan []byte, 1)}
	w.streams = append(w.streams, s)
	h.streams++
	if w.last != nil {
		s.news <- w.last
	}
	if !h.looking {
		h.looking = true
		go h.look()
	}
	select {
	case h.wake <- struct{}{}:
	default:
	}
	return s, nil
}

// leave takes a stream away.
func (h *hub) leave(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.watched[s.customer]
	if w == nil {
		return
	}
	i := slices.Index(w.streams, s)
	if i < 0 {
		return
	}
	w.streams = slices.Delete(w.streams, i, i+1)
	h.streams--
	if len(w.streams) == 0 {
		delete(h.watched, s.customer)
	}
}

// look runs until the last stream has left.
func (h *hub) look() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	failed := false
	for {
		names := h.names()
		if names == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), lookMax)
		var err error
		for group := range slices.Chunk(names, tollgate.BatchMax) {
			if err = h.compare(ctx, group); err != nil {
				break
			}
		}
		cancel()
		if err != nil && !failed { // once, not twice a second
			h.log.Error("live balances wait for the database", "error", err)
		}
		failed = err != nil
		select {
		case <-tick.C:
		case <-h.wake:
		}
	}
}

// names returns the customers that are watched, or nil, after which the goroutine must end.
func (h *hub) names() []id.Customer {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.looking = len(h.watched) > 0
	var names []id.Customer
	for name := range h.watched {
		names = append(names, name)
	}
	return names
}

// compare reads the balances of those customers for whom something was written, or time has come.
func (h *hub) compare(ctx context.Context, names []id.Customer) error {
	versions, err := h.engine.BalanceVersions(ctx, names)
	if err != nil {
		return err
	}
	catalog := h.engine.Catalog().Version
	reads, ctx := errgroup.WithContext(ctx)
	reads.SetLimit(readsMax)
	for _, name := range names {
		h.mu.Lock()
		w := h.watched[name]
		h.mu.Unlock()
		version, there := versions[name]
		now := mark{version, catalog}
		switch {
		case w == nil:
		case !there:
			h.end(name)
		case w.seen != now || !h.engine.Now().Before(w.due):
			reads.Go(func() error { return h.read(ctx, name, w, now) })
		}
	}
	return reads.Wait()
}

// read reads a customer's balances and tells its streams what is new.
func (h *hub) read(ctx context.Context, name id.Customer, w *watched, now mark) error {
	all, err := balancesOf(ctx, h.engine, name)
	if fault.Has(err, fault.NotFound) {
		h.end(name)
		return nil
	}
	if err != nil {
		return err
	}
	body, err := json.Marshal(struct {
		Balances []credit.Balance `json:"balances"`
	}{all})
	if err != nil {
		return err
	}
	w.seen, w.due = now, nextChange(all, h.engine.Now())
	h.mu.Lock()
	defer h.mu.Unlock()
	if bytes.Equal(body, w.last) {
		return nil
	}
	w.last = body
	for _, s := range w.streams {
		select {
		case <-s.news: // it has not been sent and is out of date
		default:
		}
		s.news <- body
	}
	return nil
}

// end ends the streams of a customer that is gone.
func (h *hub) end(name id.Customer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.watched[name]
	if w == nil {
		return
	}
	delete(h.watched, name)
	h.streams -= len(w.streams)
	for _, s := range w.streams {
		close(s.news)
	}
	w.streams = nil // a read that is under way must not tell them more
}

// nextChange returns when time alone changes one of the balances: a window ends, a grant begins or expires.
func nextChange(all []credit.Balance, now time.Time) time.Time {
	next := now.Add(readAnyway)
	sooner := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	for _, b := range all {
		if b.ResetsAt != nil {
			sooner(*b.ResetsAt)
		}
		for _, g := range b.Grants {
			sooner(g.StartsAt)
			sooner(g.ExpiresAt)
		}
	}
	return next
}

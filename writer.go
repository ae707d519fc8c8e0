package tollgate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
)

const (
	// aheadMin is how many acts a group must have for the next one to be decided while it gets to disk: for fewer, waiting costs
	// less than telling another goroutine.
	aheadMin = 16
	// pessimism is how long a writer locks before it decides, after another process crossed it.
	pessimism = 500 * time.Millisecond
	// unlikely is for how long a writer does not foresee what acts count, after it was wrong.
	unlikely = pessimism / 10
	// attemptMax is how long the database may take over one attempt before its connection is given up.
	attemptMax = 15 * time.Second
	// triesMax is how often a group is decided anew before its acts are committed one by one.
	triesMax = 3
)

// A writer does the acts of the customers that hash to it. Acts that arrive while it commits share its next commit;
// nobody waits for a timer. See DESIGN.md, "Group commit".
type writer struct {
	engine *Engine
	caches []*cache  // of all writers; see hold
	teller *teller   // on SQLite
	shared int       // acts in the last group
	wary   time.Time // until then, lock first
	doubt  time.Time // until then, look every id up under the lock
	unlike time.Time // until then, do not foresee what acts count

	mu     sync.Mutex
	queue  []*op
	closed bool
	wake   chan struct{} // holds one token when the queue may have grown
	ended  chan struct{}
}

func newWriter(e *Engine, caches []*cache) *writer {
	w := &writer{engine: e, caches: caches, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	if !e.db.Postgres() {
		w.teller = newTeller(e.db.Flush)
	}
	go w.loop()
	return w
}

func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	w.signal()
	w.mu.Unlock()
	<-w.ended
	if w.teller != nil {
		w.teller.close()
	}
}

// loop runs until the writer is closed and its queue is empty.
func (w *writer) loop() {
	defer close(w.ended)
	for range w.wake {
		for {
			w.gather()
			group, closed := w.take()
			if len(group) == 0 {
				if closed {
					return
				}
				break
			}
			w.engine.weigh(w.engine.Now(), len(group))
			w.run(group)
		}
	}
}

// run brings every act of a group to its end.
func (w *writer) run(group []*op) {
	ctx := context.Background() // one caller's patience must not decide for the others
	live := group[:0:0]
	for _, o := range group {
		if err := o.ctx.Err(); err != nil {
			o.finish(err)
			continue
		}
		live = append(live, o)
	}
	for try := 1; len(live) > 0 && try <= triesMax; try++ {
		var err error
		live, err = w.attempt(ctx, live)
		if store.Lost(err) {
			for _, o := range live {
				o.finish(unavailable(err))
			}
			return
		}
		if err != nil && !retryable(err) {
			break
		}
	}
	for _, o := range live { // one by one, so that a bad request harms only its sender
		w.single(ctx, o)
	}
}

func (w *writer) single(ctx context.Context, o *op) {
	for range triesMax {
		again, err := w.attempt(ctx, []*op{o})
		if err != nil && !retryable(err) {
			o.finish(outside("commit", err))
			return
		}
		if len(again) == 0 && err == nil {
			return
		}
	}
	o.finish(unavailable(errors.New("the account kept moving")))
}

func retryable(err error) bool {
	return errors.Is(err, store.ErrMoved) || errors.Is(err, store.ErrSeen)
}

// attempt decides a group and commits it. It finishes the acts that came to an end and returns the others, with
// an error or without: an act that has ended must not be finished again.
func (w *writer) attempt(ctx context.Context, ops []*op) ([]*op, error) {
	defer w.hold(ops)()
	ctx, cancel := context.WithTimeout(ctx, attemptMax)
	defer cancel()
	now := w.engine.Now()
	b := w.engine.book.Load()
	ops, err := w.load(ctx, b, ops)
	if err != nil || len(ops) == 0 {
		return ops, err
	}
	if now.Before(w.wary) || needLock(ops) {
		return w.lockedAttempt(ctx, b, ops, now)
	}
	v := newView(w, len(ops), b, now, nil)
	for _, o := range ops {
		v.decide(ctx, o)
	}
	if len(v.batch.Accounts) == 0 {
		events, err := w.engine.db.EventsOf(ctx, v.batch.Ask)
		if err != nil {
			return ops, err
		}
		v.answer(events)
		v.unflushed = true // the events that were read
		v.settle()
		return v.again, nil
	}
	commit := w.engine.db.Commit
	if v.unflushed = len(ops) >= aheadMin; v.unflushed {
		commit = w.engine.db.CommitAhead
	}
	switch err := commit(ctx, &v.batch); {
	case retryable(err):
		w.wary = now.Add(pessimism)
		if errors.Is(err, store.ErrSeen) {
			w.doubt = w.wary
		}
		w.forget(ops)
		return ops, err
	case err != nil:
		w.forget(ops)
		w.wary, w.doubt = now.Add(pessimism), now.Add(pessimism) // the batch may have been written
		return ops, err
	}
	v.answer(v.batch.Told)
	v.settle()
	return v.again, nil
}

// lockedAttempt is attempt with the accounts locked first. Ids are looked up where that is likely to find something:
// elsewhere their unique keys answer.
func (w *writer) lockedAttempt(ctx context.Context, b *book, ops []*op, now time.Time) ([]*op, error) {
	var v *view
	want := w.want(ops, now.Before(w.doubt))
	if !needLock(ops) && now.After(w.unlike) {
		want.Counts = w.foresee(ops, now)
	}
	err := w.engine.db.Locked(ctx, want, func(f store.Found) (*store.Batch, error) {
		if len(want.Counts) > 0 && !f.Counted {
			w.unlike = now.Add(unlikely)
		}
		v = newView(w, len(ops), b, now, &f)
		for _, o := range ops {
			v.decide(ctx, o)
		}
		return &v.batch, nil
	})
	if err != nil {
		w.doubt = now.Add(pessimism) // an id was there, or the batch may have been written
		w.forget(ops)
		return ops, err
	}
	v.unflushed = len(v.batch.Accounts) == 0
	if v.crossed > 0 {
		w.wary = now.Add(pessimism)
		w.engine.cross(now, v.crossed, len(v.accounts))
	}
	v.settle()
	return v.again, nil
}

func needLock(ops []*op) bool {
	for _, o := range ops {
		if o.lock {
			return true
		}
	}
	return false
}

// want names what a locked attempt reads for ops: of transactions all, or those that a moment ago or the act itself
// gives reason to look up.
func (w *writer) want(ops []*op, all bool) store.Want {
	want := store.Want{Known: map[id.Key]*store.Customer{}}
	accounts, events, entries := map[store.AccountKey]bool{}, map[store.Name]bool{}, map[store.Name]bool{}
	for _, o := range ops {
		if m := w.cacheOf(o).member(o.customer); m != nil && m.Key == o.key {
			want.Known[o.key] = &m.Customer
		}
		if k := (store.AccountKey{Customer: o.key, Slug: o.slug}); !accounts[k] {
			accounts[k], want.Accounts = true, append(want.Accounts, k)
		}
		n := store.Name{Customer: o.key, Name: string(o.transaction())}
		if o.looked = all || o.lock || o.txid == "" || w.cacheOf(o).knows(o); o.looked && n.Name != "" && !events[n] {
			events[n], want.Transactions = true, append(want.Transactions, n)
		}
		names := []string{o.name}
		for _, l := range o.req.Lots {
			names = append(names, revokeName(l.ID))
		}
		for _, name := range names {
			if n := (store.Name{Customer: o.key, Name: name}); name != "" && !entries[n] {
				entries[n], want.Entries = true, append(want.Entries, n)
			}
		}
	}
	return want
}

// forget drops what the writer remembers of the customers of ops.
func (w *writer) forget(ops []*op) {
	for _, o := range ops {
		w.cacheOf(o).drop(o.customer)
	}
}

// load fills in each act's customer and account, reading from the database what the cache lacks. Acts whose
// customer does not exist come to their end.
func (w *writer) load(ctx context.Context, b *book, ops []*op) ([]*op, error) {
	for range triesMax {
		read, err := w.loadCustomers(ctx, ops)
		if err != nil {
			return ops, err
		}
		known := ops[:0:0]
		for _, o := range ops {
			if read {
				o.m = w.cacheOf(o).member(o.customer)
			}
			m := o.m
			if m == nil || o.who != 0 && o.who != m.Key {
				o.finish(unknownCustomer(o.customer))
				continue
			}
			if o.key != m.Key {
				o.key, o.mark = m.Key, 0
			}
			if o.usage {
				o.slug, o.req.Cost = m.payer(b, o.req.Meter)
			}
			known = append(known, o)
		}
		ops = known
		stale, err := w.loadAccounts(ctx, ops)
		if err != nil || !stale {
			return ops, err
		}
	}
	return ops, fmt.Errorf("load: %w", store.ErrMoved)
}

// loadCustomers sets each act's m from the cache, and reports whether it has read customers that were not in it: then the
// cache has changed, and every m is to be set anew.
func (w *writer) loadCustomers(ctx context.Context, ops []*op) (read bool, err error) {
	var names []id.Customer
	asked := map[id.Customer]int{} // the cache of each
	for _, o := range ops {
		m := w.cacheOf(o).member(o.customer)
		if m != nil && o.who != 0 && o.who != m.Key { // one of the two was erased; the database knows which
			w.cacheOf(o).drop(o.customer)
			m = nil
		}
		if _, is := asked[o.customer]; m == nil && !is {
			asked[o.customer], names = o.shard, append(names, o.customer)
		}
		o.m = m
	}
	if len(names) == 0 {
		return false, nil
	}
	found, err := w.engine.db.CustomersOf(ctx, names)
	for _, c := range found {
		w.caches[asked[c.ExternalID]].add(c)
	}
	return true, err
}

// loadAccounts reports stale when a customer has changed since the cache read it.
func (w *writer) loadAccounts(ctx context.Context, ops []*op) (stale bool, err error) {
	var keys []store.AccountKey
	asked := map[store.AccountKey]*op{}
	for _, o := range ops {
		if o.m.slot(o.slug).account != nil {
			continue
		}
		if k := (store.AccountKey{Customer: o.key, Slug: o.slug}); asked[k] == nil {
			asked[k], keys = o, append(keys, k)
		}
	}
	if len(keys) == 0 {
		return false, nil
	}
	found, err := w.engine.db.Accounts(ctx, keys)
	if err == nil && len(found) < len(keys) {
		if err = w.engine.db.Update(ctx, func(tx *store.Tx) error { return tx.EnsureAccounts(ctx, keys) }); err == nil {
			found, err = w.engine.db.Accounts(ctx, keys)
		}
	}
	if err != nil {
		return false, err
	}
	if len(found) < len(keys) { // a customer was erased a moment ago
		w.forget(ops)
		return true, nil
	}
	for i := range found {
		o := asked[found[i].AccountKey]
		m := w.cacheOf(o).member(o.customer)
		if m == nil || m.Version != found[i].CustomerVersion {
			w.cacheOf(o).drop(o.customer)
			stale = true
			continue
		}
		m.slot(o.slug).account = &found[i]
	}
	return stale, nil
}

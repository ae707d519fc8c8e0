package tollgate

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/store"
)

const (
	// BatchMax is how many usage facts one Batch carries.
	BatchMax = 1000
	// PageDefault is how many rows a page has when its request names no number.
	PageDefault = 100
	// PageMax is the largest page.
	PageMax = 1000
	// AheadMax is how far in the future an event's time may lie.
	AheadMax = 5 * time.Minute
	// PropertiesBytesMax is the largest properties object of an event.
	PropertiesBytesMax = 16 << 10
	// MetadataBytesMax is the largest metadata of a customer, keys and values together.
	MetadataBytesMax = 16 << 10

	// catalogPoll is how soon a process sees a catalog that another one published.
	catalogPoll = time.Second
)

// Options changes how an Engine works. The zero value works.
type Options struct {
	Now     func() time.Time // the clock; time.Now when nil
	Logger  *slog.Logger     // background trouble; discarded when nil
	Writers int              // group-commit writers; 2 on PostgreSQL and 1 on SQLite when 0
	// NoRollUp leaves the roll-up of usage to other processes on the same database, or to RollUp. What it has not counted,
	// questions about usage read line by line.
	NoRollUp bool
	// Notices keeps what changes of customers, subscriptions and payments, for ClaimNotices. Every process that changes them
	// must be opened with it, or what that one changes is not told.
	Notices  bool
	Payments Payments // how plans are sold; the zero value sells nothing
	// TokenKeys sign customer tokens, each of TokenKeyBytesMin bytes or more: the first one signs, all of them verify, so
	// that a key can be replaced without a gap. Without any, one is made and kept in the database, for all processes on it.
	TokenKeys [][]byte
}

// An Engine is an open Tollgate.
type Engine struct {
	db      *store.DB
	clock   func() time.Time
	log     *slog.Logger
	seed    maphash.Seed
	writers []*writer
	lanes   lanes
	views   atomic.Uint64 // so many have begun
	roller  *roller
	watch   watch
	seller  *seller // nil without payments
	notices bool
	book    atomic.Pointer[book]
	zones   sync.Map // IANA name → *time.Location
	purged  sync.Map // table → time.Time of its last purge

	tokenKeys *tokenRing

	stop     context.CancelFunc
	stopped  chan struct{} // closed when the catalog watcher has ended
	closing  sync.Once
	closeErr error
}

// Open opens the database that url names, making or updating its tables: postgres://… or the path of a
// SQLite file. The caller closes the Engine.
func Open(ctx context.Context, url string, opts Options) (*Engine, error) {
	ring, err := newTokenRing(opts.TokenKeys)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	e := &Engine{db: db, clock: opts.Now, log: opts.Logger, seed: maphash.MakeSeed(), tokenKeys: ring, notices: opts.Notices, stopped: make(chan struct{})}
	if e.clock == nil {
		e.clock = time.Now
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.roller = newRoller(e)
	e.roller.off = opts.NoRollUp
	if e.seller, err = newSeller(e, opts.Payments); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	e.book.Store(emptyBook())
	if err := e.reload(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	n := opts.Writers
	if n == 0 {
		n = 1 // SQLite has one writer
		if db.Postgres() {
			n = max(2, runtime.GOMAXPROCS(0))
		}
	}
	caches := make([]*cache, n)
	for i := range caches {
		caches[i] = newCache()
	}
	for range n {
		e.writers = append(e.writers, newWriter(e, caches))
	}
	background, stop := context.WithCancel(context.Background())
	e.stop = stop
	go e.watchCatalog(background)
	go e.roller.loop(background)
	if e.seller != nil {
		go e.work(background)
	}
	return e, nil
}

// Close stops taking requests, commits those already taken, and closes the database. It may be called twice.
func (e *Engine) Close() error {
	e.closing.Do(func() {
		e.stop()
		<-e.stopped
		<-e.roller.ended
		if e.seller != nil {
			<-e.seller.ended
		}
		for _, w := range e.writers {
			w.close()
		}
		e.closeErr = e.db.Close()
	})
	return e.closeErr
}

// Ready returns nil when the database answers.
func (e *Engine) Ready(ctx context.Context) error {
	if err := e.db.Ping(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}

// Now returns the Engine's time: UTC, in whole microseconds, as it is stored.
func (e *Engine) Now() time.Time { return e.clock().UTC().Truncate(time.Microsecond) }

// do sends an act to its customer's writer and waits for its end. When ctx ends first the act may still be
// done; the same request again is safe.
func (e *Engine) do(ctx context.Context, o *op) error {
	o.ctx, o.done = ctx, newLatch(1)
	if err := e.writerOf(o, e.working()).enqueue(o); err != nil {
		return err
	}
	if err := o.done.wait(ctx); err != nil {
		return err
	}
	return o.err
}

// unavailable is the fault for a store that cannot answer now.
func unavailable(cause error) error {
	return fault.New(fault.Unavailable, "The database cannot answer now. Nothing is confirmed; send the same request again.").Because(cause)
}

// outside turns an error of the store into one that callers may see: faults pass, the end of the caller's own
// context passes, anything else means that the store is unavailable.
func outside(verb string, err error) error {
	switch {
	case err == nil:
		return nil
	case fault.Of(err) != nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return unavailable(fmt.Errorf("%s: %w", verb, err))
}

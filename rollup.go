package tollgate

import (
	"context"
	"sync"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/internal/store"
)

const (
	// rollLines is about how many ledger lines of an account wait before the roll-up counts them; see rollAt. A question about
	// usage reads those that wait one by one.
	rollLines = 128
	// rollAccounts is how many accounts share one transaction of the roll-up.
	rollAccounts = 128
	// rollWaitMax is how many accounts the roller remembers; past that it looks for them in the database.
	rollWaitMax = 100_000
	// rollKeptMax is how many bytes of memory it takes to remember what was written; beyond that it is read.
	rollKeptMax = 6 << 20
	// rollRests is how many times as long as it has read the roll-up lets others write.
	rollRests = 3
	// rollIdle is how long nothing is written before accounts with fewer lines are rolled up, too.
	rollIdle = 2 * time.Second
	// rollLook is how often, while something is written all the time, accounts with rollLines are looked for that are not
	// remembered: those of before the start, and those that other processes did not get to.
	rollLook = 10 * time.Minute
)

// A roller keeps the roll-up of usage near the ledger, in the background. Nothing depends on it but speed.
type roller struct {
	engine *Engine
	off    bool

	mu      sync.Mutex
	waiting map[store.AccountKey]*backlog
	kept    int                // bytes that the runs of those waiting take
	due     []store.AccountKey // those with rollLines or more
	lost    bool               // accounts are waiting that are not remembered
	looked  time.Time          // when such were last looked for
	wrote   time.Time          // the last note

	wake  chan struct{}
	ended chan struct{}
}

// A backlog is what was written to an account since it was last rolled up.
type backlog struct {
	lines int
	run   *store.Run // of all of them; nil when they have to be read
	taken bool       // it is no longer among those waiting
}

func newRoller(e *Engine) *roller {
	return &roller{engine: e, waiting: map[store.AccountKey]*backlog{}, lost: true, wake: make(chan struct{}, 1), ended: make(chan struct{})}
}

// note says what a view has written. It never waits for anything slow.
func (r *roller) note(v *view) {
	if r.off {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wrote = time.Now()
	for _, a := range v.accounts {
		if a.lines == 0 {
			continue
		}
		k, b := a.AccountKey, a.slot.backlog
		if b == nil || b.taken {
			b = r.waiting[k]
			if b == nil && len(r.waiting) >= rollWaitMax {
				a.slot.backlog, r.lost = nil, true
				continue
			}
			if b == nil {
				b = &backlog{run: store.NewRun(a.State.Seq - int64(a.lines))}
				r.waiting[k] = b
			}
			a.slot.backlog = b
		}
		if b.run != nil && (v.joined || b.run.To() != a.State.Seq-int64(a.lines)) { // may be undone, or another process has written between
			r.unkeep(b)
		}
		if b.run != nil {
			b.run.Extend(a.State.Seq)
		}
		before := b.lines
		b.lines += a.lines
		if at := rollAt(k); before < at && b.lines >= at {
			r.due = append(r.due, k)
		}
	}
	for i, e := range v.batch.Events {
		if b := v.of[i].slot.backlog; b != nil && b.run != nil {
			size := b.run.Size()
			b.run.Add(e)
			if r.kept += b.run.Size() - size; r.kept > rollKeptMax {
				r.unkeep(b)
			}
		}
	}
	for _, e := range v.batch.Entries {
		if b := r.waiting[e.AccountKey]; e.Kind == credit.KindVoid && b != nil {
			r.unkeep(b)
		}
	}
	if len(r.due) >= rollAccounts {
		r.signal()
	}
}

// unkeep forgets the run of a backlog.
func (r *roller) unkeep(b *backlog) {
	if b.run != nil {
		r.kept -= b.run.Size()
		b.run = nil
	}
}

// rollAt is how many lines of an account are to wait: rollLines, up to half of it more or less, so that accounts that grow
// alike are not all due at the same moment.
func rollAt(k store.AccountKey) int { return rollLines/2 + int(uint64(k.Customer)%rollLines) }

func (r *roller) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// loop rolls up what is due, until ctx ends.
func (r *roller) loop(ctx context.Context) {
	defer close(r.ended)
	if r.off {
		return
	}
	tick := time.NewTicker(rollIdle / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-tick.C:
		}
		if err := r.work(ctx); err != nil && ctx.Err() == nil {
			r.engine.log.Warn("usage cannot be rolled up now; it is read line by line", "error", err)
		}
	}
}

func (r *roller) work(ctx context.Context) error {
	for {
		group, runs := r.take()
		if len(group) == 0 {
			break
		}
		began := time.Now()
		if err := r.engine.roll(ctx, group, runs); err != nil {
			r.lose()
			return err
		}
		if len(runs) < len(group) {
			r.rest(ctx, time.Since(began))
		}
	}
	r.mu.Lock()
	lines := int64(1)
	if time.Since(r.wrote) < rollIdle {
		lines = rollLines
	}
	if !r.lost || lines > 1 && time.Since(r.looked) < rollLook {
		r.mu.Unlock()
		return nil
	}
	r.lost, r.looked = lines > 1, time.Now() // those with fewer lines are still to be found
	r.mu.Unlock()
	err := r.engine.rollAll(ctx, lines, r.rest)
	if err != nil {
		r.lose()
	}
	return err
}

// rest keeps reading, which took a while, from slowing down those who write meanwhile.
func (r *roller) rest(ctx context.Context, took time.Duration) {
	r.mu.Lock()
	idle := time.Since(r.wrote) >= rollIdle
	r.mu.Unlock()
	if idle {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(min(rollRests*took, rollIdle)):
	}
}

// lose says that accounts are waiting that are not remembered.
func (r *roller) lose() {
	r.mu.Lock()
	r.lost = true
	r.mu.Unlock()
}

// take returns the accounts to roll up together, with what is remembered of their lines: those that are due, and while nothing
// else goes on any that wait.
func (r *roller) take() ([]store.AccountKey, map[store.AccountKey]*store.Run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(len(r.due), rollAccounts)
	group := r.due[:n:n]
	r.due = r.due[n:]
	if len(r.due) == 0 {
		r.due = nil
	}
	if n == 0 && time.Since(r.wrote) >= rollIdle {
		for k := range r.waiting {
			if len(group) == rollAccounts {
				break
			}
			group = append(group, k)
		}
	}
	runs := make(map[store.AccountKey]*store.Run, len(group))
	for _, k := range group {
		b := r.waiting[k]
		if b.run != nil {
			runs[k] = b.run
			r.unkeep(b)
		}
		b.taken = true
		delete(r.waiting, k)
	}
	return group, runs
}

// roll counts all lines of accounts into the roll-up, those of runs as they are remembered.
func (e *Engine) roll(ctx context.Context, group []store.AccountKey, runs map[store.AccountKey]*store.Run) error {
	for len(group) > 0 {
		var err error
		if group, err = e.db.Roll(ctx, group, runs); err != nil {
			return err
		}
		runs = nil
	}
	return nil
}

// RollUp brings the roll-up of usage up to the ledger at once, such as after an import, rather than in the background.
// Answers are the same before and after; they come sooner.
func (e *Engine) RollUp(ctx context.Context) error {
	return outside("roll usage up", e.rollAll(ctx, 1, nil))
}

// rollAll counts the lines of every account that has so many of them waiting, and after each page of accounts calls rest, unless it is nil.
func (e *Engine) rollAll(ctx context.Context, lines int64, rest func(context.Context, time.Duration)) error {
	var after store.AccountKey
	for {
		page, err := e.db.Unrolled(ctx, after, lines, rollAccounts)
		if err != nil || len(page) == 0 {
			return err
		}
		began := time.Now()
		after = page[len(page)-1]
		if err := e.roll(ctx, page, nil); err != nil {
			return err
		}
		if rest != nil {
			rest(ctx, time.Since(began))
		}
	}
}

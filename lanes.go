package tollgate

import (
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/id"
)

// lanes say which writers work: all, where that leaves each group many acts, else half of them, so that what a group costs whatever its
// size is paid less often. For a while after other processes were found to write the same accounts it is half of them in any case: then
// acts are decided under locks, in two round trips, and what a group costs counts double. Who works is a
// matter of speed alone: an account that another writer has written meanwhile is found as one that another process has.
type lanes struct {
	crossed atomic.Int64 // until when others write the same accounts: microseconds since 1970
	wide    atomic.Bool  // groups have many acts
	turned  atomic.Int64 // when wide last changed: microseconds since 1970
	turns   atomic.Int64 // how often other writers have begun to work

	groups, acts atomic.Int64 // since they were last weighed
}

const (
	// crossedMin is how many accounts of a group others must have written, and that an eighth of them.
	crossedMin = 2
	// narrow is for how long half of the writers work at the least.
	narrow = 10 * pessimism
	// Half of the writers work when all together had groups of fewerMin acts at the most, and all when half of them had groups of more than moreMin,
	// counted over weighed groups. The two are further apart than twice, which is what the change itself makes of a group.
	fewerMin, moreMin, weighed = 17, 40, 64
)

// cross takes note that of a group's accounts others have written some.
func (e *Engine) cross(now time.Time, crossed, accounts int) {
	if len(e.writers) == 1 || crossed < crossedMin || crossed*8 < accounts {
		return
	}
	if e.lanes.crossed.Swap(now.Add(narrow).UnixMicro()) < now.UnixMicro() {
		e.lanes.turns.Add(1)
	}
}

// weigh takes note of the size of a group.
func (e *Engine) weigh(now time.Time, acts int) {
	l := &e.lanes
	l.acts.Add(int64(acts))
	if l.groups.Add(1) < weighed || len(e.writers) == 1 {
		return
	}
	groups, wide := l.groups.Swap(0), l.wide.Load()
	if groups == 0 { // another writer has weighed them
		return
	}
	size := l.acts.Swap(0) / groups
	if wide && size > fewerMin || !wide && size <= moreMin {
		return
	}
	if turned := l.turned.Load(); now.UnixMicro() >= turned+narrow.Microseconds() && l.turned.CompareAndSwap(turned, now.UnixMicro()) {
		l.wide.Store(!wide)
		l.turns.Add(1)
	}
}

// working returns the writers that work now.
func (e *Engine) working() []*writer {
	if len(e.writers) == 1 || e.lanes.wide.Load() && e.Now().UnixMicro() > e.lanes.crossed.Load() {
		return e.writers
	}
	return e.writers[:len(e.writers)/2]
}

// writerOf returns the one of some writers to which a customer belongs.
func (e *Engine) writerOf(c id.Customer, of []*writer) *writer {
	if len(of) == 1 {
		return of[0]
	}
	return of[maphash.String(e.seed, string(c))%uint64(len(of))]
}

// refresh drops from a writer's cache what other writers may have written since: customers that were another's before other writers
// last began to work. Those that stay with it all the time are known to nobody else.
func (w *writer) refresh() {
	turns := w.engine.lanes.turns.Load()
	if turns == w.turns {
		return
	}
	w.turns = turns
	w.cache.keepOnly(func(c id.Customer) bool {
		all := w.engine.writers
		return w.engine.writerOf(c, all) == w && w.engine.writerOf(c, all[:len(all)/2]) == w
	})
}

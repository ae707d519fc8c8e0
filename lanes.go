package tollgate

import (
	"hash/maphash"
	"sync/atomic"
	"time"
)

// lanes say which writers work: all, where that leaves each group many acts, else half of them, so that what a group costs whatever its
// size is paid less often. For a while after other processes were found to write the same accounts it is half of them in any case: then
// acts are decided under locks, in two round trips, and what a group costs counts double. Who works is a
// matter of speed alone: what is known of a customer passes from writer to writer (hold), and the database has the last word.
type lanes struct {
	crossed atomic.Int64 // until when others write the same accounts: microseconds since 1970
	wide    atomic.Bool  // groups have many acts
	turned  atomic.Int64 // when wide last changed: microseconds since 1970

	groups, acts atomic.Int64 // since they were last weighed
}

const (
	// crossedMin is how many accounts of a group others must have written, and that an eighth of them.
	crossedMin = 2
	// narrow is for how long half of the writers work when others write the same accounts.
	narrow = 10 * pessimism
	// wideMin is for how long all work at the least.
	wideMin = time.Second
	// Half of the writers work when all together had groups of fewerMin acts at the most, and all when half of them had groups of more than moreMin,
	// counted over weighed groups. The two are further apart than twice, which is what the change itself makes of a group.
	fewerMin, moreMin, weighed = 17, 40, 64
)

// cross takes note that of a group's accounts others have written some.
func (e *Engine) cross(now time.Time, crossed, accounts int) {
	if len(e.writers) == 1 || crossed < crossedMin || crossed*8 < accounts {
		return
	}
	e.lanes.crossed.Store(now.Add(narrow).UnixMicro())
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
	turned := l.turned.Load()
	if wide && now.UnixMicro() < turned+wideMin.Microseconds() || !l.turned.CompareAndSwap(turned, now.UnixMicro()) {
		return
	}
	l.wide.Store(!wide)
}

// working returns the writers that work now.
func (e *Engine) working() []*writer {
	if len(e.writers) == 1 || e.lanes.wide.Load() && e.Now().UnixMicro() > e.lanes.crossed.Load() {
		return e.writers
	}
	return e.writers[:len(e.writers)/2]
}

// writerOf returns the one of some writers that is to do an act, which learns its shard.
func (e *Engine) writerOf(o *op, of []*writer) *writer {
	if len(e.writers) > 1 {
		o.shard = int(maphash.String(e.seed, string(o.customer)) % uint64(len(e.writers)))
	}
	return of[o.shard%len(of)]
}

// cacheOf returns the cache of an act's customer.
func (w *writer) cacheOf(o *op) *cache { return w.caches[o.shard] }

// hold keeps other writers from the caches of acts until release is called: those who did the work of these customers until a moment ago
// finish what they have begun.
func (w *writer) hold(ops []*op) (release func()) {
	held := make([]bool, len(w.caches))
	for _, o := range ops {
		held[o.shard] = true
	}
	for i, c := range w.caches { // all in one order, so that no two wait for each other
		if held[i] {
			c.mu.Lock()
		}
	}
	return func() {
		for i, c := range w.caches {
			if held[i] {
				c.mu.Unlock()
			}
		}
	}
}

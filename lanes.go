package tollgate

import (
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/id"
)

// lanes say which writers work: all, or half of them for a while after other processes were found to write the same accounts. Then
// acts are decided under locks, in two round trips, and what a group costs whatever its size counts double. Who works is a
// matter of speed alone: an account that another writer has written meanwhile is found as one that another process has.
type lanes struct {
	until atomic.Int64 // when all work again: microseconds since 1970
	turns atomic.Int64 // how often half of them have begun to work
}

const (
	// crossedMin is how many accounts of a group others must have written, and that an eighth of them.
	crossedMin = 2
	// narrow is for how long half of the writers work.
	narrow = 10 * pessimism
)

// cross takes note that of a group's accounts others have written some.
func (e *Engine) cross(now time.Time, crossed, accounts int) {
	if len(e.writers) == 1 || crossed < crossedMin || crossed*8 < accounts {
		return
	}
	if e.lanes.until.Swap(now.Add(narrow).UnixMicro()) < now.UnixMicro() {
		e.lanes.turns.Add(1)
	}
}

// working returns the writers that work now.
func (e *Engine) working() []*writer {
	if len(e.writers) > 1 && e.Now().UnixMicro() <= e.lanes.until.Load() {
		return e.writers[:len(e.writers)/2]
	}
	return e.writers
}

// writerOf returns the one of some writers to which a customer belongs.
func (e *Engine) writerOf(c id.Customer, of []*writer) *writer {
	if len(of) == 1 {
		return of[0]
	}
	return of[maphash.String(e.seed, string(c))%uint64(len(of))]
}

// refresh drops from a writer's cache what other writers may have written since: customers that were another's when half of the
// writers last began to work. Those that stay with it all the time are known to nobody else.
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

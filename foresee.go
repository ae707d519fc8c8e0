package tollgate

import (
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
)

// A foreseen account is one that acts are expected to count on, as those so far would leave it.
type foreseen struct {
	known *store.Account
	state credit.State
	last  id.Transaction
}

// foresee returns what acts are likely to add to their accounts, as far as the cache tells; nothing when one of
// them is likely to do more than that, and on SQLite, where it would spare nothing.
func (w *writer) foresee(ops []*op, now time.Time) []store.Count {
	if !w.engine.db.Postgres() {
		return nil
	}
	states := make(map[*slot]*foreseen, len(ops))
	marks := make(map[uint64]bool, len(ops))
	for _, o := range ops {
		if !o.usage || o.value != "" || o.txid == "" {
			return nil
		}
		mark := w.cacheOf(o).mark(o)
		if marks[mark] || w.cacheOf(o).knows(o) { // it repeats another act
			continue
		}
		marks[mark] = true
		s := o.m.slot(o.slug)
		f := states[s]
		if f == nil {
			if s.account == nil {
				return nil
			}
			f = &foreseen{known: s.account, state: s.account.State}
			states[s] = f
		}
		var ok bool
		if f.state, ok = f.state.Foresee(o.req, now); !ok {
			return nil
		}
		f.last = o.txid
	}
	counts := make([]store.Count, 0, len(states))
	for _, f := range states {
		s, from := &f.state, &f.known.State
		counts = append(counts, store.Count{Known: f.known, Lines: s.Seq - from.Seq,
			Used: s.Window.Used - from.Window.Used, Spent: s.Window.Spent - from.Window.Spent, Last: f.last})
	}
	return counts
}

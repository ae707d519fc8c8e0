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
	states := make(map[store.AccountKey]*foreseen, len(ops))
	names := make(map[store.Name]bool, len(ops))
	for _, o := range ops {
		if !o.usage || o.value != "" || o.txid == "" {
			return nil
		}
		n := store.Name{Customer: o.key, Name: string(o.txid)}
		if names[n] || w.cacheOf(o).knows(n) { // it repeats another act
			continue
		}
		names[n] = true
		k := store.AccountKey{Customer: o.key, Slug: o.slug}
		f := states[k]
		if f == nil {
			m := w.cacheOf(o).member(o.customer)
			if m == nil || m.Key != o.key || m.accounts[o.slug] == nil {
				return nil
			}
			f = &foreseen{known: m.accounts[o.slug]}
			f.state = f.known.State
			states[k] = f
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

package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// The days of a customer's accounts share a row: what is rolled up of them at one moment is all kept.
func TestAccountsOfOneCustomerAreRolledUpAtOnce(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		const accounts, rounds = 8, 6
		c := insert(t, db, customer("ann"))
		keys := make([]store.AccountKey, accounts)
		for i := range keys {
			keys[i] = ensure(t, db, store.AccountKey{Customer: c.Key, Slug: id.Slug(fmt.Sprint("balance_", i))}).AccountKey
		}
		for round := range rounds {
			for _, k := range keys {
				a := reread(t, db, k)
				a.State.Seq++
				e := event(k, a.State.Seq, id.Transaction(fmt.Sprint(k.Slug, round)))
				e.At = noon().AddDate(0, 0, -9*round) // of two months
				if err := db.Commit(t.Context(), &store.Batch{Accounts: []*store.Account{a}, Events: []*store.Event{e}}); err != nil {
					t.Fatal(err)
				}
			}
			var wg sync.WaitGroup
			for _, k := range keys {
				wg.Go(func() {
					if _, err := db.Roll(t.Context(), []store.AccountKey{k}, nil); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Go(func() {
				if days, tail := eventsOf(t, db); days+tail != int64(accounts*(round+1)) {
					t.Errorf("while some of %d events are rolled up, a reader counts %d and %d", accounts*(round+1), days, tail)
				}
			})
			wg.Wait()
			var ahead int
			err := db.SQL().QueryRow(`SELECT COUNT(*) FROM usage_days AS d
				WHERE d.lines > (SELECT SUM(t.seq) FROM usage_tally AS t WHERE t.customer = d.customer)`).Scan(&ahead)
			if err != nil || ahead > 0 {
				t.Errorf("%d rows say that they have more lines than are rolled up (%v)", ahead, err)
			}
		}
		for _, k := range keys {
			update(t, db, func(tx *store.Tx) error {
				tally, rolled, err := tx.RolledOf(t.Context(), k)
				if err != nil || tally != rounds {
					t.Fatalf("%s is rolled up to line %d, want %d (%v)", k.Slug, tally, rounds, err)
				}
				again, err := tx.Recount(t.Context(), k, tally)
				differ(t, string(k.Slug)+", in slots that its days add up to", spelled(again), spelled(rolled))
				return err
			})
		}
		if days, tail := eventsOf(t, db); days != accounts*rounds || tail != 0 {
			t.Errorf("the days count %d events, and %d are not in them, want %d", days, tail, accounts*rounds)
		}
	})
}

// eventsOf counts ann's events as a batch of statistics does: those in days, and those behind them.
func eventsOf(t *testing.T, db *store.DB) (days, tail int64) {
	t.Helper()
	err := db.EachUsage(t.Context(), []id.Customer{"ann"}, []id.Slug{"chat"}, period.Span{Start: noon().AddDate(0, -2, 0), End: noon().Add(time.Hour)}, usage.Day, func(u store.CustomerUsage) {
		for _, m := range u.Months {
			if err := m.EachSlot(func(s usage.Slot) { days += s.Events }); err != nil {
				t.Error(err)
			}
		}
		tail += int64(len(u.Tail))
	})
	if err != nil {
		t.Error(err)
	}
	return days, tail
}

func spelled(rolled map[store.MeterKey]map[int64]usage.Slots) map[string]string {
	out := map[string]string{}
	for m, months := range rolled {
		for month, slots := range months {
			out[fmt.Sprint(m, month)] = slots.String()
		}
	}
	return out
}

// What a run remembers is counted as if it had been read: lines behind the tally once, those that something else has counted
// meanwhile not again, and none when lines before it are missing.
func TestRunsAreRolledUpAsIfTheyWereRead(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		c := insert(t, db, customer("ann"))
		const lines = 40
		for _, from := range []int64{0, 1, 12, 25} { // the line before the run
			for _, tally := range []int64{0, 12, 25, 33, lines} { // what is rolled up before it
				k := ensure(t, db, store.AccountKey{Customer: c.Key, Slug: id.Slug(fmt.Sprintf("balance_%d_%d", from, tally))}).AccountKey
				run := store.NewRun(from)
				for seq := int64(1); seq <= lines; seq++ {
					e := event(k, seq, id.Transaction(fmt.Sprint(k.Slug, seq)))
					e.Meter = []id.Slug{"chat", "tokens"}[seq*seq%3%2]
					e.At, e.Amount = noon().Add(time.Duration(seq*seq%7-12)*71*time.Hour), 4-e.Amount*quantity.Units(seq%5)
					a := reread(t, db, k)
					a.State.Seq = seq
					b := &store.Batch{Accounts: []*store.Account{a}, Events: []*store.Event{e}}
					if seq%9 == 0 { // a line that is no usage
						b.Events, b.Entries = nil, []*store.Entry{entry(k, seq, fmt.Sprint(k.Slug, seq))}
					}
					if err := db.Commit(t.Context(), b); err != nil {
						t.Fatal(err)
					}
					if seq == tally {
						if _, err := db.Roll(t.Context(), []store.AccountKey{k}, nil); err != nil {
							t.Fatal(err)
						}
					}
					if seq <= from {
						continue
					}
					if seq%9 != 0 {
						run.Add(e)
					}
					run.Extend(seq)
				}
				for range 2 { // a run that is rolled up again changes nothing
					more, err := db.Roll(t.Context(), []store.AccountKey{k}, map[store.AccountKey]*store.Run{k: run})
					if err != nil || len(more) > 0 {
						t.Fatal(more, err)
					}
				}
				update(t, db, func(tx *store.Tx) error {
					at, rolled, err := tx.RolledOf(t.Context(), k)
					if err != nil || at != lines {
						t.Fatalf("%s is rolled up to line %d, want %d (%v)", k.Slug, at, lines, err)
					}
					again, err := tx.Recount(t.Context(), k, at)
					differ(t, string(k.Slug), spelled(again), spelled(rolled))
					return err
				})
			}
		}
	})
}

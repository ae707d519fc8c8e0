package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/period"
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
					if _, err := db.Roll(t.Context(), []store.AccountKey{k}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
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
		var used []store.CustomerUsage
		err := db.EachUsage(t.Context(), []id.Customer{"ann"}, []id.Slug{"chat"}, period.Span{Start: noon().AddDate(0, -2, 0), End: noon().Add(time.Hour)}, usage.Day,
			func(u store.CustomerUsage) { used = append(used, u) })
		if err != nil || len(used) != 1 || len(used[0].Tail) != 0 {
			t.Fatalf("the days are %v (%v)", used, err)
		}
		events := int64(0)
		for _, m := range used[0].Months {
			if err := m.EachSlot(func(s usage.Slot) { events += s.Events }); err != nil {
				t.Error(err)
			}
		}
		if events != accounts*rounds {
			t.Errorf("the days count %d events, want %d", events, accounts*rounds)
		}
	})
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

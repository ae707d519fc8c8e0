package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
)

func TestLinesArePagedInOrderBothWays(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a := account(t, db, "ann")
		other := ensure(t, db, store.AccountKey{Customer: a.Customer, Slug: "requests-2"})
		const n = 200
		b := &store.Batch{Events: []*store.Event{event(other.AccountKey, 1, "elsewhere")}}
		for seq := int64(1); seq <= n; seq++ { // entries and events in turn, in runs of different lengths
			if seq%3 == 0 || seq > 60 && seq < 90 || seq > 190 { // also where the chain of events would be led into
				b.Entries = append(b.Entries, entry(a.AccountKey, seq, fmt.Sprint("name:", seq)))
				continue
			}
			b.Events = append(b.Events, event(a.AccountKey, seq, id.Transaction(fmt.Sprint(seq))))
		}
		after, otherAfter := *a, *other
		after.State.Seq, otherAfter.State.Seq = n, 1
		b.Accounts = []*store.Account{&after, &otherAfter}
		if err := db.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		for limit := 1; limit <= n+1; limit += 1 + limit*3/2 {
			var up, down []int64
			err := db.View(t.Context(), func(tx *store.Tx) error {
				for after := int64(0); ; {
					lines, err := tx.Lines(t.Context(), a.AccountKey, after, limit)
					if err != nil || len(lines) == 0 {
						return err
					}
					for _, l := range lines {
						up = append(up, l.Seq)
					}
					after = up[len(up)-1]
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			err = db.View(t.Context(), func(tx *store.Tx) error {
				for before := int64(n + 1); ; {
					lines, err := tx.LinesBefore(t.Context(), a.AccountKey, before, limit)
					if err != nil || len(lines) == 0 {
						return err
					}
					for _, l := range lines {
						down = append(down, l.Seq)
					}
					before = down[len(down)-1]
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			slices.Reverse(down)
			var want []int64
			for seq := int64(1); seq <= n; seq++ {
				want = append(want, seq)
			}
			differ(t, fmt.Sprint("up in pages of ", limit), want, up)
			differ(t, fmt.Sprint("down in pages of ", limit), want, down)
		}
	})
}

func TestAccountsAreMadeOnceAndPagedInKeyOrder(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		var keys []store.AccountKey
		for i := range 4 {
			c := insert(t, db, customer(id.Customer(fmt.Sprint("c", i))))
			for _, slug := range []id.Slug{"a", "a-b", "a_b", "aa", "b", "0"} { // an order that locales do not agree on
				keys = append(keys, store.AccountKey{Customer: c.Key, Slug: slug})
			}
		}
		for range 2 {
			nobody := store.AccountKey{Customer: id.NewKey(), Slug: "a"}
			update(t, db, func(tx *store.Tx) error { return tx.EnsureAccounts(t.Context(), append(keys, keys[0], nobody)) })
		}
		found, err := db.Accounts(t.Context(), append(keys, store.AccountKey{Customer: keys[0].Customer, Slug: "none"}))
		if err != nil || len(found) != len(keys) {
			t.Fatalf("%d accounts, %v; want %d", len(found), err, len(keys))
		}
		sorted := func(list []store.Account) bool {
			return slices.IsSortedFunc(list, func(a, b store.Account) int {
				if a.Customer != b.Customer {
					return int(min(max(a.Customer-b.Customer, -1), 1))
				}
				if a.Slug < b.Slug {
					return -1
				}
				return 1
			})
		}
		var pages []store.Account
		err = db.View(t.Context(), func(tx *store.Tx) error {
			for last := (store.AccountKey{}); ; {
				page, err := tx.AccountsAfter(t.Context(), last, 5)
				if err != nil || len(page) == 0 {
					return err
				}
				pages = append(pages, page...)
				last = page[len(page)-1].AccountKey
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if !sorted(found) || !sorted(pages) {
			t.Error("accounts are not in the order of their keys")
		}
		differ(t, "pages of five", found, pages)
		mine, err := db.AccountsOf(t.Context(), keys[0].Customer)
		if err != nil || len(mine) != 6 || !sorted(mine) {
			t.Errorf("accounts of one customer: %v, %v; want its 6 in order", mine, err)
		}
		if found, err := db.Accounts(t.Context(), nil); err != nil || len(found) != 0 {
			t.Errorf("no keys: %v, %v", found, err)
		}
	})
}

// TestAResetOfUnknownSortForgetsBoth: accounts written before the two were told apart know of their last reset alone.
func TestAResetOfUnknownSortForgetsBoth(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a := account(t, db, "ann")
		if _, err := db.SQL().Exec(`UPDATE account SET detail = '{"reset":7}'`); err != nil {
			t.Fatal(err)
		}
		found, err := db.AccountsOf(t.Context(), a.Customer)
		if err != nil || len(found) != 1 {
			t.Fatalf("accounts: %v, %v", found, err)
		}
		if s := found[0].State; s.Reset != 7 || s.ResetEver != 7 || s.ResetRenewing != 7 {
			t.Errorf("the last reset is line %d, of endless windows %d, of others %d; want 7 of all", s.Reset, s.ResetEver, s.ResetRenewing)
		}
	})
}

func TestAViewSeesOneMoment(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a := account(t, db, "ann")
		err := db.View(t.Context(), func(tx *store.Tx) error {
			before, err := tx.StateOf(t.Context(), a.AccountKey)
			if err != nil {
				return err
			}
			if err := db.Commit(t.Context(), batch(a, 1, "t")); err != nil {
				return err
			}
			after, err := tx.StateOf(t.Context(), a.AccountKey)
			if err != nil {
				return err
			}
			differ(t, "state within one view", before, after)
			got, err := tx.Lines(t.Context(), a.AccountKey, 0, 10)
			if len(got) != 0 {
				t.Errorf("%d lines of after the view began", len(got))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestUpdateRollsBackAndAViewCannotWrite(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		stop := errors.New("stop")
		write := func(tx *store.Tx) error {
			_, err := tx.InsertCustomer(t.Context(), customer("ann"))
			return err
		}
		err := db.Update(t.Context(), func(tx *store.Tx) error { return errors.Join(write(tx), stop) })
		if !errors.Is(err, stop) {
			t.Errorf("got %v, want the closure's own error", err)
		}
		if err := db.View(t.Context(), write); err == nil {
			t.Error("a view wrote")
		}
		if _, err := db.CustomerOf(t.Context(), "ann"); !store.None(err) {
			t.Errorf("the customer is there: %v", err)
		}
		insert(t, db, customer("ann"))
	})
}

func TestKeysAreKeptAndRevokedOnce(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		var want []store.Key
		for i := range 3 {
			k := store.Key{ID: fmt.Sprint("key_", i), Hash: fmt.Sprint("hash", i), Hint: "sk_…", Name: oddTexts()[i], Scope: "full", CreatedAt: noon().Add(-time.Duration(i) * time.Hour)}
			update(t, db, func(tx *store.Tx) error { return tx.InsertKey(t.Context(), k) })
			want = append([]store.Key{k}, want...)
		}
		again := want[0]
		again.ID = "key_again"
		if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertKey(t.Context(), again) }); !errors.Is(err, store.ErrSeen) {
			t.Errorf("the hash of another key: %v, want ErrSeen", err)
		}
		for i, wantFound := range []bool{true, false} {
			update(t, db, func(tx *store.Tx) error {
				found, err := tx.RevokeKey(t.Context(), "key_1", noon().Add(time.Duration(i+1)*time.Minute))
				if found != wantFound {
					t.Errorf("revoke %d found %t, want %t", i, found, wantFound)
				}
				return err
			})
		}
		want[1].RevokedAt = noon().Add(time.Minute)
		got, err := db.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		differ(t, "keys, oldest first", want, got)
		one, err := db.KeyOf(t.Context(), "hash1")
		if err != nil {
			t.Fatal(err)
		}
		differ(t, "key of a hash", want[1], one)
		if _, err := db.KeyOf(t.Context(), "none"); !store.None(err) {
			t.Errorf("an unknown hash: %v, want no row", err)
		}
	})
}

func TestAVersionOfTheCatalogIsPublishedOnce(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		if _, err := db.Catalog(t.Context()); !store.None(err) {
			t.Errorf("before the first: %v, want no row", err)
		}
		if v, err := db.CatalogVersion(t.Context()); err != nil || v != 0 {
			t.Errorf("before the first: version %d, %v", v, err)
		}
		for v := int64(1); v <= 11; v++ {
			want := store.Document{Version: v, Text: "meters: {} # é 🦦 \\ '", PublishedAt: noon()}
			update(t, db, func(tx *store.Tx) error { return tx.Publish(t.Context(), want) })
			got, err := db.Catalog(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			differ(t, "newest", want, got)
			if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Publish(t.Context(), want) }); !errors.Is(err, store.ErrSeen) {
				t.Errorf("the same version again: %v, want ErrSeen", err)
			}
			if newest, err := db.CatalogVersion(t.Context()); err != nil || newest != v {
				t.Errorf("version %d, %v; want %d", newest, err, v)
			}
		}
	})
}

func TestRowsJoinTheCallersTransaction(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		for _, commit := range []bool{false, true} {
			tx, err := db.SQL().BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Join(tx).InsertCustomer(t.Context(), customer("ann")); err != nil {
				t.Fatal(err)
			}
			end := tx.Rollback
			if commit {
				end = tx.Commit
			}
			if err := end(); err != nil {
				t.Fatal(err)
			}
			if _, err := db.CustomerOf(t.Context(), "ann"); store.None(err) == commit {
				t.Errorf("committed %t: %v", commit, err)
			}
		}
	})
}

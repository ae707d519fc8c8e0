package store_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// sizes are numbers of events in a batch.
func sizes() []int { return []int{1, 2, 250} }

// write is one of the two ways to write a batch.
type write struct {
	name   string
	commit func(context.Context, *store.DB, *store.Batch) error
}

func writes() []write {
	return []write{
		{"commit", func(ctx context.Context, db *store.DB, b *store.Batch) error { return db.Commit(ctx, b) }},
		{"locked", func(ctx context.Context, db *store.DB, b *store.Batch) error {
			return db.Locked(ctx, store.Want{}, func(store.Found) (*store.Batch, error) { return b, nil })
		}},
	}
}

// batch returns a batch of n events of an account, numbered from its Seq, with one row of everything else.
func batch(a *store.Account, n int, prefix string) *store.Batch {
	after := *a
	after.State = fullState()
	b := &store.Batch{}
	for i := range n {
		b.Events = append(b.Events, event(a.AccountKey, a.State.Seq+int64(i)+1, id.Transaction(fmt.Sprint(prefix, i))))
	}
	after.State.Seq = a.State.Seq + int64(n) + 1
	b.Accounts = []*store.Account{&after}
	b.Entries = []*store.Entry{entry(a.AccountKey, after.State.Seq, "grant:"+prefix)}
	b.Seen = []store.Seen{{Value: store.Value{Customer: a.Customer, Meter: "users", WindowStart: 5, Value: prefix}, Events: 1, Payer: "payer"}}
	return b
}

// all is everything of one account that a batch writes.
type all struct {
	Account store.Account
	Lines   []store.Line
	Seen    store.Seen
}

func everything(t testing.TB, db *store.DB, k store.AccountKey, value string) all {
	t.Helper()
	out := all{Account: *reread(t, db, k)}
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		out.Lines, err = tx.Lines(t.Context(), k, 0, 2000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if out.Seen, err = db.SeenOf(t.Context(), store.Value{Customer: k.Customer, Meter: "users", WindowStart: 5, Value: value}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCommitWritesEverythingAndReadsItBack(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		for _, w := range writes() {
			for _, n := range sizes() {
				a := account(t, db, id.Customer(fmt.Sprint(w.name, n)))
				b := batch(a, n, "t")
				if err := w.commit(t.Context(), db, b); err != nil {
					t.Fatalf("%s of %d: %v", w.name, n, err)
				}
				got := everything(t, db, a.AccountKey, "t")
				want := all{Account: *b.Accounts[0], Seen: b.Seen[0]}
				want.Account.Version++
				for _, e := range b.Events {
					want.Lines = append(want.Lines, store.Line{Entry: e.Line, Event: e})
				}
				want.Lines = append(want.Lines, store.Line{Entry: b.Entries[0].Entry})
				differ(t, fmt.Sprintf("%s of %d", w.name, n), want, got)
				stored, ok, err := db.EntryNamed(t.Context(), a.Customer, "grant:t")
				if err != nil || !ok {
					t.Fatal(ok, err)
				}
				differ(t, "entry", *b.Entries[0], stored)
			}
		}
	})
}

// An account that is Counted keeps what the row says of all but what was counted, and is guarded by its version like any other.
func TestACountedAccountIsWrittenInPart(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		for _, w := range writes() {
			for _, n := range sizes() {
				name := fmt.Sprint(w.name, n)
				a := account(t, db, id.Customer(name))
				if err := w.commit(t.Context(), db, batch(a, 1, "full")); err != nil {
					t.Fatal(err)
				}
				before := reread(t, db, a.AccountKey)
				counted := *before
				counted.Counted, counted.State.Seq, counted.State.Window.Used, counted.State.Window.Spent = true, before.State.Seq+int64(n), 101, 102
				counted.State.Limit, counted.State.Soft, counted.State.Lots = 7, false, nil // what is not counted is not written
				b := &store.Batch{Accounts: []*store.Account{&counted}}
				for i := range n {
					b.Events = append(b.Events, event(a.AccountKey, before.State.Seq+int64(i)+1, id.Transaction(fmt.Sprint("part", i))))
				}
				stale := *b
				moved := counted
				moved.Version--
				stale.Accounts = []*store.Account{&moved}
				if err := w.commit(t.Context(), db, &stale); !errors.Is(err, store.ErrMoved) {
					t.Errorf("%s: a version that moved: %v, want %v", name, err, store.ErrMoved)
				}
				differ(t, name+": after a version that moved", before, reread(t, db, a.AccountKey))
				if err := w.commit(t.Context(), db, b); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				want := *before
				want.Version = counted.Next()
				want.State.Seq, want.State.Window.Used, want.State.Window.Spent = counted.State.Seq, 101, 102
				differ(t, name, &want, reread(t, db, a.AccountKey))
			}
		}
	})
}

func TestCommitIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		for _, w := range writes() {
			for _, n := range sizes() {
				name := fmt.Sprint(w.name, n)
				a := account(t, db, id.Customer(name))
				other := ensure(t, db, store.AccountKey{Customer: a.Customer, Slug: "other"})
				if err := w.commit(t.Context(), db, batch(a, n, "first")); err != nil {
					t.Fatal(err)
				}
				before, beforeOther := everything(t, db, a.AccountKey, "next"), everything(t, db, other.AccountKey, "next")
				fresh := func() *store.Batch { return batch(&before.Account, n, "next") }
				for _, tt := range []struct {
					name string
					want error
					with func(*store.Batch)
				}{
					{"a version that moved", store.ErrMoved, func(b *store.Batch) { b.Accounts[0].Version-- }},
					{"a version ahead", store.ErrMoved, func(b *store.Batch) { b.Accounts[0].Version++ }},
					{"one version among others that moved", store.ErrMoved, func(b *store.Batch) {
						moved := *other
						moved.Version--
						b.Accounts = append(b.Accounts, &moved)
					}},
					{"an account that is not there", store.ErrMoved, func(b *store.Batch) {
						none := *other
						none.Slug = "none"
						b.Accounts = append(b.Accounts, &none)
					}},
					{"a transaction that is there", store.ErrSeen, func(b *store.Batch) { b.Events[n-1].TransactionID = "first0" }},
					{"a transaction twice", store.ErrSeen, func(b *store.Batch) {
						b.Events = append(b.Events, event(a.AccountKey, 900, b.Events[0].TransactionID))
					}},
					{"a transaction that is there on another account", store.ErrSeen, func(b *store.Batch) {
						b.Events[n-1] = event(other.AccountKey, 1, "first0")
						b.Accounts = append(b.Accounts, other)
					}},
					{"an entry name that is there", store.ErrSeen, func(b *store.Batch) { b.Entries[0].Name = "grant:first" }},
					{"an entry name twice", store.ErrSeen, func(b *store.Batch) {
						b.Entries = append(b.Entries, entry(other.AccountKey, 1, b.Entries[0].Name))
					}},
					{"the place of an event", store.ErrSeen, func(b *store.Batch) { b.Events[n-1].Line.Seq = 1 }},
					{"the place of an entry", store.ErrSeen, func(b *store.Batch) { b.Entries[0].Seq = int64(n) + 1 }},
				} {
					b := fresh()
					tt.with(b)
					if err := w.commit(t.Context(), db, b); !errors.Is(err, tt.want) || store.Lost(err) {
						t.Errorf("%s: %s: %v, want %v", name, tt.name, err, tt.want)
					}
					differ(t, name+": after "+tt.name, before, everything(t, db, a.AccountKey, "next"))
					differ(t, name+": other account after "+tt.name, beforeOther, everything(t, db, other.AccountKey, "next"))
				}
				if err := w.commit(t.Context(), db, fresh()); err != nil {
					t.Errorf("%s: the same batch without the fault: %v", name, err)
				}
			}
		}
	})
}

func TestOfTwoCommitsOnOneVersionOneWins(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		for _, n := range []int{1, 250} {
			a := account(t, db, id.Customer(fmt.Sprint("c", n)))
			var won, moved atomic.Int64
			var wg sync.WaitGroup
			for i := range 16 {
				wg.Go(func() {
					switch err := db.Commit(t.Context(), batch(a, n, fmt.Sprint("w", i, "-"))); {
					case err == nil:
						won.Add(1)
					case errors.Is(err, store.ErrMoved), errors.Is(err, store.ErrSeen):
						moved.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 || moved.Load() != 15 {
				t.Errorf("%d won and %d lost, want 1 and 15", won.Load(), moved.Load())
			}
			if got := reread(t, db, a.AccountKey); got.Version != a.Version+1 {
				t.Errorf("version %d, want %d", got.Version, a.Version+1)
			}
		}
	})
}

// Two processes that write the same accounts in opposite orders deadlock on PostgreSQL. Whoever is made to give way
// is told that the accounts moved, not that the database is in trouble.
func TestACommitThatGivesWayInADeadlockHasMoved(t *testing.T) {
	t.Parallel()
	db := open(t, testdb.Postgres(t))
	c := insert(t, db, customer("ann"))
	first := ensure(t, db, store.AccountKey{Customer: c.Key, Slug: "a"})
	second := ensure(t, db, store.AccountKey{Customer: c.Key, Slug: "b"})
	tx, err := db.SQL().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	lock := func(a *store.Account) {
		t.Helper()
		if _, err := tx.Exec("UPDATE account SET version = version WHERE customer = $1 AND slug = $2", int64(a.Customer), string(a.Slug)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tx.Exec("SET LOCAL deadlock_timeout = '1min'"); err != nil { // so that the other one gives way
		t.Fatal(err)
	}
	lock(second)
	ended := make(chan error, 1)
	go func() { ended <- db.Commit(t.Context(), &store.Batch{Accounts: []*store.Account{first, second}}) }()
	waits := func() (n int) {
		if err := db.SQL().QueryRow("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for began := time.Now(); waits() == 0 && time.Since(began) < 10*time.Second; {
		time.Sleep(time.Millisecond)
	}
	lock(first)
	if err := <-ended; !errors.Is(err, store.ErrMoved) || store.Lost(err) {
		t.Errorf("got %v, want ErrMoved", err)
	}
}

func TestLockedFindsWhatItWasAskedFor(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a := account(t, db, "ann")
		c, err := db.CustomerOf(t.Context(), "ann")
		if err != nil {
			t.Fatal(err)
		}
		b := batch(a, 2, "t")
		if err := db.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		fresh := store.AccountKey{Customer: a.Customer, Slug: "fresh"}
		nobody := store.AccountKey{Customer: id.NewKey(), Slug: "requests"}
		name := func(s string) store.Name { return store.Name{Customer: a.Customer, Name: s} }
		want := store.Want{
			Accounts:     []store.AccountKey{a.AccountKey, fresh, nobody},
			Transactions: []store.Name{name("t0"), name("t1"), name("none"), {Customer: nobody.Customer, Name: "t0"}},
			Entries:      []store.Name{name("grant:t"), name("none")},
		}
		err = db.Locked(t.Context(), want, func(f store.Found) (*store.Batch, error) {
			account := *b.Accounts[0]
			account.Version++
			differ(t, "accounts", map[store.AccountKey]*store.Account{
				a.AccountKey: &account, fresh: {AccountKey: fresh, Version: 1, CustomerVersion: 1},
			}, f.Accounts)
			differ(t, "customers", map[id.Key]*store.Customer{a.Customer: &c}, f.Customers)
			differ(t, "events", map[store.Name]*store.Event{name("t0"): b.Events[0], name("t1"): b.Events[1]}, f.Events)
			differ(t, "entries", map[store.Name]*store.Entry{name("grant:t"): b.Entries[0]}, f.Entries)
			seen, err := f.Seen(t.Context(), b.Seen[0].Value)
			differ(t, "seen", b.Seen[0], seen)
			return nil, err
		})
		if err != nil {
			t.Fatal(err)
		}
		stop := errors.New("stop")
		err = db.Locked(t.Context(), store.Want{Accounts: []store.AccountKey{a.AccountKey}}, func(f store.Found) (*store.Batch, error) {
			return batch(f.Accounts[a.AccountKey], 1, "stopped"), stop
		})
		if !errors.Is(err, stop) {
			t.Errorf("got %v, want the closure's own error", err)
		}
		if _, ok, err := db.EventOf(t.Context(), a.Customer, "stopped0"); ok || err != nil {
			t.Errorf("an act whose decision failed was written: %t, %v", ok, err)
		}
	})
}

// TestPastHasTheLinesThatMoveGrants: of the account alone, and no others.
func TestPastHasTheLinesThatMoveGrants(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a, other := account(t, db, "ann"), account(t, db, "bob")
		b := &store.Batch{Accounts: []*store.Account{a, other}}
		var want []credit.Entry
		for _, k := range []credit.Kind{credit.KindAllowance, credit.KindExpire, credit.KindRollover, credit.KindPlanChange, credit.KindGrant, credit.KindRevoke,
			credit.KindHold, credit.KindRelease, credit.KindVoid, credit.KindClawBack, credit.KindDebt, credit.KindDebtPaid, credit.KindRestore, credit.KindReset} {
			for _, cause := range []string{"window", "grant_1"} {
				e := entry(a.AccountKey, int64(len(b.Entries)+1), "")
				e.Kind, e.Cause, e.Entry.Gauge = k, cause, nil
				b.Entries = append(b.Entries, e)
				if cause != "window" && credit.MovesGrants(e.Entry) {
					want = append(want, e.Entry)
				}
			}
		}
		e := entry(other.AccountKey, 1, "")
		e.Kind = credit.KindRestore
		b.Entries = append(b.Entries, e)
		if err := db.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		read := func(f store.Found) (*store.Batch, error) {
			got, err := f.Past(t.Context(), a.AccountKey)
			differ(t, "past", want, got)
			return nil, err
		}
		if err := db.Locked(t.Context(), store.Want{Accounts: []store.AccountKey{a.AccountKey}}, read); err != nil {
			t.Fatal(err)
		}
		if err := db.Update(t.Context(), func(tx *store.Tx) error {
			return tx.Locked(t.Context(), store.Want{Accounts: []store.AccountKey{a.AccountKey}}, read)
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func TestLockedKeepsOthersOut(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a, b := account(t, db, "ann"), account(t, db, "bob")
		orders := [][]store.AccountKey{{a.AccountKey, b.AccountKey}, {b.AccountKey, a.AccountKey}}
		const callers, turns = 8, 5
		var wg sync.WaitGroup
		for i := range callers {
			wg.Go(func() {
				for range turns {
					err := db.Locked(t.Context(), store.Want{Accounts: orders[i%2]}, func(f store.Found) (*store.Batch, error) {
						out := &store.Batch{}
						for _, k := range orders[i%2] {
							f.Accounts[k].State.Window.Used += quantity.One
							out.Accounts = append(out.Accounts, f.Accounts[k])
						}
						return out, nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for _, k := range orders[0] {
			if got := reread(t, db, k).State.Window.Used; got != quantity.Whole(callers*turns) {
				t.Errorf("used %s, want %d: an update was lost", got, callers*turns)
			}
		}
	})
}

func TestStatesAndEventsSurviveTheLimitsOfTheirTypes(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		states := map[id.Slug]credit.State{
			"zero": {},
			"full": fullState(),
			"big": {Seq: math.MaxInt64 - 1, Limit: math.MaxInt64, Window: credit.Window{Used: 4 * quantity.Max, Spent: math.MinInt64},
				Lots: []credit.Lot{{ID: "l", Amount: quantity.Max, Remaining: quantity.Max}}},
			"past": {Opened: true, Window: credit.Window{Used: -1, Spent: -quantity.Max}},
		}
		c := insert(t, db, customer("ann"))
		for slug, state := range states {
			a := ensure(t, db, store.AccountKey{Customer: c.Key, Slug: slug})
			a.State = state
			if err := db.Commit(t.Context(), &store.Batch{Accounts: []*store.Account{a}}); err != nil {
				t.Fatalf("%s: %v", slug, err)
			}
			got := reread(t, db, a.AccountKey)
			differ(t, string(slug), state, got.State)
			err := db.View(t.Context(), func(tx *store.Tx) error {
				s, err := tx.StateOf(t.Context(), a.AccountKey)
				differ(t, string(slug)+" alone", state, s)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		of := ensure(t, db, store.AccountKey{Customer: c.Key, Slug: "events"})
		k := of.AccountKey
		bare := &store.Event{Event: meter.Event{TransactionID: "bare", PaidBy: k.Slug, RecordedAt: noon(), At: noon()}, Key: k.Customer,
			Line: credit.Entry{Seq: 1, Kind: credit.KindBackfill, Cause: "bare", At: noon(), RecordedAt: noon()}}
		big := &store.Event{
			Event: meter.Event{TransactionID: "big", PaidBy: k.Slug, Amount: quantity.Max, Charged: quantity.Max, RecordedAt: noon(),
				At: time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)},
			Key: k.Customer, Unlimited: true, Used: 4 * quantity.Max, Available: -4 * quantity.Max, Hash: math.MinInt64,
			Line: credit.Entry{Seq: 2, Kind: credit.KindRecord, Cause: "big", Amount: math.MinInt64, Balance: math.MaxInt64, At: noon(), RecordedAt: noon(),
				Parts: []credit.Part{{Amount: -quantity.Max, At: noon(), Ever: true}}},
		}
		events := []*store.Event{bare, big}
		if err := db.Commit(t.Context(), &store.Batch{Accounts: []*store.Account{of}, Events: events}); err != nil {
			t.Fatal(err)
		}
		for _, want := range events {
			got, ok, err := db.EventOf(t.Context(), k.Customer, want.TransactionID)
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			differ(t, string(want.TransactionID), *want, got)
		}
	})
}

func TestOddTextsComeBackAsTheyWere(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		for _, n := range []int{1, 200} {
			a := account(t, db, id.Customer(fmt.Sprint("c", n)))
			b := &store.Batch{Accounts: []*store.Account{a}}
			for len(b.Events) < n || len(b.Events) < len(oddTexts()) {
				for _, text := range oddTexts() {
					e := event(a.AccountKey, int64(len(b.Events)+1), id.Transaction(text))
					if len(b.Events) >= len(oddTexts()) {
						e.TransactionID += id.Transaction(fmt.Sprint(len(b.Events)))
					}
					e.Hold = text
					e.Line.Cause = text
					e.Properties = []byte(`{"odd":"\u0041\\u0000\ud83e\udda6 \" ' 🦦"}`)
					b.Events = append(b.Events, e)
				}
			}
			for i, text := range oddTexts() {
				line := entry(a.AccountKey, int64(1000+i), "name:"+text)
				line.Reason, line.Cause, line.Answer, line.Lots[0].Source = text, text, text, text
				b.Entries = append(b.Entries, line)
				b.Seen = append(b.Seen, store.Seen{Value: store.Value{Customer: a.Customer, Meter: "users", Value: text}, Events: 1, Payer: id.Transaction(text)})
			}
			if err := db.Commit(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			var want store.Want
			for _, e := range b.Events {
				want.Transactions = append(want.Transactions, store.Name{Customer: a.Customer, Name: string(e.TransactionID)})
			}
			for _, e := range b.Entries {
				want.Entries = append(want.Entries, store.Name{Customer: a.Customer, Name: e.Name})
			}
			err := db.Locked(t.Context(), want, func(f store.Found) (*store.Batch, error) {
				for i, name := range want.Transactions {
					differ(t, "event", b.Events[i], f.Events[name])
				}
				for i, name := range want.Entries {
					differ(t, "entry", b.Entries[i], f.Entries[name])
				}
				return nil, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range b.Seen {
				got, err := db.SeenOf(t.Context(), v.Value)
				if err != nil {
					t.Fatal(err)
				}
				differ(t, "seen", v, got)
			}
		}
	})
}

func TestSeenCountsTheEventsOfAValueAndRemembersWhoPaid(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a := account(t, db, "ann")
		v := store.Value{Customer: a.Customer, Meter: "users", WindowStart: -1, Value: `"u"`}
		for i, step := range []struct {
			add   int64
			payer id.Transaction
			want  store.Seen
		}{
			{0, "", store.Seen{Value: v}},
			{1, "a", store.Seen{Value: v, Events: 1, Payer: "a"}},
			{1, "b", store.Seen{Value: v, Events: 2, Payer: "a"}},
			{-1, "a", store.Seen{Value: v, Events: 1, Payer: "a"}},
			{-1, "a", store.Seen{Value: v, Events: 0, Payer: "a"}},
			{1, "c", store.Seen{Value: v, Events: 1, Payer: "c"}},
		} {
			if step.add != 0 {
				if err := db.Commit(t.Context(), &store.Batch{Seen: []store.Seen{{Value: v, Events: step.add, Payer: step.payer}}}); err != nil {
					t.Fatal(err)
				}
			}
			got, err := db.SeenOf(t.Context(), v)
			if err != nil {
				t.Fatal(err)
			}
			differ(t, fmt.Sprint("step ", i), step.want, got)
		}
	})
}

func TestAVoidMarksItsEventAlone(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a := account(t, db, "ann")
		b := batch(a, 2, "t")
		for _, e := range b.Events {
			e.VoidedAt = time.Time{}
		}
		b.Voids = []store.Void{{Customer: a.Customer, ID: "t1", At: noon().UnixMicro()}, {Customer: a.Customer, ID: "none", At: 1}}
		if err := db.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		for tx, want := range map[id.Transaction]time.Time{"t0": {}, "t1": noon()} {
			got, ok, err := db.EventOf(t.Context(), a.Customer, tx)
			if err != nil || !ok || !got.VoidedAt.Equal(want) {
				t.Errorf("%s voided at %v (%t, %v), want %v", tx, got.VoidedAt, ok, err, want)
			}
		}
	})
}

func TestCommitReadsTheEventsItIsAskedFor(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a, erased := account(t, db, "ann"), account(t, db, "bob")
		old := batch(a, 2, "old")
		for _, b := range []*store.Batch{old, batch(erased, 1, "gone")} {
			if err := db.Commit(t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.Erase(t.Context(), erased.Customer, noon()) }); err != nil {
			t.Fatal(err)
		}
		for _, n := range sizes() {
			b := batch(reread(t, db, a.AccountKey), n, fmt.Sprint("new", n, "-"))
			for _, name := range []string{"old1", "none", b.Events[0].Line.Cause} {
				b.Ask = append(b.Ask, store.Name{Customer: a.Customer, Name: name})
			}
			b.Ask = append(b.Ask, store.Name{Customer: erased.Customer, Name: "gone0"})
			if err := db.Commit(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			differ(t, fmt.Sprint("told by a commit of ", n), map[store.Name]*store.Event{b.Ask[0]: old.Events[1]}, b.Told)
		}
	})
}

func TestLockedReadsAgainOnlyCustomersThatChanged(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a, b := account(t, db, "ann"), account(t, db, "bob")
		known := map[id.Key]*store.Customer{}
		for _, name := range []id.Customer{"ann", "bob"} {
			c, err := db.CustomerOf(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			known[c.Key] = &c
		}
		changed := *known[b.Customer]
		changed.Timezone = "Europe/Paris"
		if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.UpdateCustomer(t.Context(), changed, true) }); err != nil {
			t.Fatal(err)
		}
		changed.Version++
		want := store.Want{Accounts: []store.AccountKey{a.AccountKey, b.AccountKey}, Known: known}
		err := db.Locked(t.Context(), want, func(f store.Found) (*store.Batch, error) {
			differ(t, "customers", map[id.Key]*store.Customer{a.Customer: known[a.Customer], b.Customer: &changed}, f.Customers)
			if got := f.Accounts[b.AccountKey].CustomerVersion; got != changed.Version {
				t.Errorf("the account knows version %d of its customer, want %d", got, changed.Version)
			}
			return nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

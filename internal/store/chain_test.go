package store_test

import (
	"fmt"
	"testing"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/testdb"
)

func linesOf(t *testing.T, db *store.DB, k store.AccountKey) (lines []store.Line) {
	t.Helper()
	err := db.View(t.Context(), func(tx *store.Tx) (err error) {
		lines, err = tx.Lines(t.Context(), k, 0, 1000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// A database of before the chain has an index of all events in its place.
func TestEventsOfBeforeTheChainAreChained(t *testing.T) {
	t.Parallel()
	testdb.Each(t, eventsOfBeforeAreChained)
}

// unchain returns what makes a database one of before its chain.
func unchain(db *store.DB) []string {
	common := []string{
		"CREATE UNIQUE INDEX event_ledger ON event (account, customer, seq)",
		"ALTER TABLE account DROP COLUMN last",
		"DELETE FROM migration WHERE name IN ('0015_event_chain.sql', '0016_event_chain.sql')",
	}
	if db.Postgres() {
		return append([]string{"DROP INDEX event_anchor", "ALTER TABLE event DROP COLUMN prev"}, common...)
	}
	return append([]string{
		"CREATE TABLE before AS SELECT * FROM event ORDER BY seq % 7", // in an order of its own
		"ALTER TABLE before DROP COLUMN id", "ALTER TABLE before DROP COLUMN prev",
		"DROP TABLE event", "ALTER TABLE before RENAME TO event",
		"CREATE UNIQUE INDEX event_once ON event (customer, transaction_id)",
	}, common...)
}

func eventsOfBeforeAreChained(t *testing.T, url string) {
	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	ann := account(t, db, "ann")
	accounts := []*store.Account{
		ann, account(t, db, "bob"), account(t, db, "nobody"),
		ensure(t, db, store.AccountKey{Customer: ann.Customer, Slug: "requests-2"}),
	}
	for round := range 70 {
		for i, a := range accounts {
			if i == 2 {
				continue
			}
			b := batch(a, 1+(round+i)%3, fmt.Sprint(round, "-", i, "-"))
			b.Seen = nil
			if err := db.Commit(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			accounts[i] = reread(t, db, a.AccountKey)
		}
	}
	var want [][]store.Line
	for _, a := range accounts {
		want = append(want, linesOf(t, db, a.AccountKey))
	}
	for _, stmt := range unchain(db) {
		if _, err := db.SQL().Exec(stmt); err != nil {
			t.Fatal(stmt, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, url)
	for i, a := range accounts {
		a := reread(t, db, a.AccountKey)
		differ(t, fmt.Sprint("lines of account ", i), want[i], linesOf(t, db, a.AccountKey))
		if err := db.Commit(t.Context(), batch(a, 2, fmt.Sprint("after", i))); err != nil {
			t.Fatal(err)
		}
		lines := linesOf(t, db, a.AccountKey)
		if len(lines) != len(want[i])+3 {
			t.Errorf("account %d has %d lines, want three more than %d", i, len(lines), len(want[i]))
		}
	}
}

// An account that is written without events keeps its place in the chain.
func TestTheChainGoesOnAfterOtherLines(t *testing.T) {
	each(t, theChainGoesOn)
}

func theChainGoesOn(t *testing.T, db *store.DB) {
	a := account(t, db, "ann")
	for round := range 5 {
		b := &store.Batch{Accounts: []*store.Account{a}}
		if round%2 == 0 {
			b.Events = []*store.Event{event(a.AccountKey, a.State.Seq+1, id.Transaction(fmt.Sprint(round)))}
		} else {
			b.Entries = []*store.Entry{entry(a.AccountKey, a.State.Seq+1, fmt.Sprint("grant:", round))}
		}
		a.State.Seq++
		if err := db.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		a = reread(t, db, a.AccountKey)
	}
	for i, l := range linesOf(t, db, a.AccountKey) {
		if l.Seq != int64(i+1) || (l.Event != nil) != (i%2 == 0) {
			t.Errorf("line %d is %+v", i+1, l)
		}
	}
	if lines := linesOf(t, db, a.AccountKey); len(lines) != 5 {
		t.Errorf("%d lines, want 5", len(lines))
	}
}

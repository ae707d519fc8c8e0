package store_test

import (
	"os"
	"testing"
	"time"

	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/testdb"
)

func synchronous(t *testing.T, db *store.DB) (level int) {
	t.Helper()
	if err := db.SQL().QueryRow("PRAGMA synchronous").Scan(&level); err != nil {
		t.Fatal(err)
	}
	return level
}

// Callers' own transactions go by the same connection, and their commits are to be on disk.
func TestACommitAheadLeavesOtherCommitsDurable(t *testing.T) {
	t.Parallel()
	db := open(t, testdb.SQLite(t))
	a := account(t, db, "ann")
	if err := db.CommitAhead(t.Context(), batch(a, 2, "first")); err != nil {
		t.Fatal(err)
	}
	if got := synchronous(t, db); got != 2 {
		t.Errorf("after a commit ahead, synchronous is %d, want 2", got)
	}
	if err := db.CommitAhead(t.Context(), batch(a, 2, "second")); err == nil {
		t.Error("a batch decided on an account that has moved was committed")
	}
	if got := synchronous(t, db); got != 2 {
		t.Errorf("after a commit ahead that failed, synchronous is %d, want 2", got)
	}
	if err := db.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if now := reread(t, db, a.AccountKey); now.Version != a.Version+1 {
		t.Errorf("the account is at version %d, want %d", now.Version, a.Version+1)
	}
}

func TestWhatASyncMayHaveLostIsCarriedIntoTheFile(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(*store.DB, *store.Account) error{
		"flush":        func(db *store.DB, _ *store.Account) error { return db.Flush(t.Context()) },
		"commit":       func(db *store.DB, a *store.Account) error { return db.Commit(t.Context(), batch(a, 2, "second")) },
		"commit ahead": func(db *store.DB, a *store.Account) error { return db.CommitAhead(t.Context(), batch(a, 2, "second")) },
		"update": func(db *store.DB, a *store.Account) error {
			return db.Update(t.Context(), func(*store.Tx) error { return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := testdb.SQLite(t)
			db := open(t, path)
			a := account(t, db, "ann")
			if err := db.CommitAhead(t.Context(), batch(a, 2, "first")); err != nil {
				t.Fatal(err)
			}
			before := size(t, path)
			db.SuspectLog()
			*a = *reread(t, db, a.AccountKey)
			if err := next(db, a); err != nil {
				t.Fatal(err)
			}
			if after := size(t, path); after <= before {
				t.Errorf("the file has %d bytes, and had %d before: the log has not been carried over", after, before)
			}
		})
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	f, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return f.Size()
}

func TestALongLogIsCarriedBesideTheWriter(t *testing.T) {
	t.Parallel()
	path := testdb.SQLite(t)
	db := open(t, path)
	const bytes = 4096 * 11_000
	if _, err := db.SQL().Exec("CREATE TABLE long (value BLOB) STRICT; INSERT INTO long VALUES (zeroblob($1))", bytes); err != nil {
		t.Fatal(err)
	}
	if got := size(t, path); got > bytes {
		t.Fatalf("the file has %d bytes already", got)
	}
	if err := db.Commit(t.Context(), batch(account(t, db, "ann"), 1, "first")); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); size(t, path) < bytes; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the file has %d bytes: the log has not been carried over", size(t, path))
		}
	}
}

// Nothing is written on top of what a sync may have lost, and the writer is told that all of the database has to wait.
func TestALogThatCannotBeCarriedStopsWritingUntilItCan(t *testing.T) {
	t.Parallel()
	db := open(t, testdb.SQLite(t))
	a := account(t, db, "ann")
	err := db.View(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.StateOf(t.Context(), a.AccountKey); err != nil { // from now on it reads what the log holds now
			return err
		}
		if err := db.CommitAhead(t.Context(), batch(a, 2, "first")); err != nil {
			return err
		}
		db.SuspectLog()
		if err := db.Hurry(t.Context()); err != nil {
			return err
		}
		next := reread(t, db, a.AccountKey)
		for name, write := range map[string]func() error{
			"flush":        func() error { return db.Flush(t.Context()) },
			"commit":       func() error { return db.Commit(t.Context(), batch(next, 2, "second")) },
			"commit ahead": func() error { return db.CommitAhead(t.Context(), batch(next, 2, "second")) },
			"update":       func() error { return db.Update(t.Context(), func(*store.Tx) error { return nil }) },
		} {
			if err := write(); !store.Lost(err) {
				t.Errorf("%s: %v, want an error of the database as a whole", name, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Commit(t.Context(), batch(reread(t, db, a.AccountKey), 2, "second")); err != nil {
		t.Errorf("when nobody reads any more: %v", err)
	}
}

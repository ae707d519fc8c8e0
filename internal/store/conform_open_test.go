package store_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/testdb"
)

func TestManyOpenOneNewDatabaseAtOnce(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				db, err := store.Open(t.Context(), url)
				if err != nil {
					t.Error(err)
					return
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		db := open(t, url)
		var migrations, names int
		if err := db.SQL().QueryRow("SELECT count(*), count(DISTINCT name) FROM migration").Scan(&migrations, &names); err != nil || migrations == 0 || migrations != names {
			t.Errorf("%d migrations of %d names were recorded (%v)", migrations, names, err)
		}
	})
}

func TestOpeningAgainChangesNothing(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		first := open(t, url)
		a := account(t, first, "ann")
		if err := first.Commit(t.Context(), batch(a, 2, "t")); err != nil {
			t.Fatal(err)
		}
		before := everything(t, first, a.AccountKey, "t")
		second := open(t, url)
		differ(t, "data", before, everything(t, second, a.AccountKey, "t"))
		differ(t, "schema", schema(t, first), schema(t, second))
	})
}

func TestADatabaseOfAnotherHistoryIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, do, want string }{
		{"a migration that has changed", "UPDATE migration SET hash = 'other' WHERE name = '0001_ledger.sql'", "has changed since it was applied"},
		{"a newer version", "INSERT INTO migration (name, hash) VALUES ('9998_x.sql', 'x'), ('9999_x.sql', 'x')", "written by a newer version"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			testdb.Each(t, func(t *testing.T, url string) {
				db := open(t, url)
				if _, err := db.SQL().Exec(tt.do); err != nil {
					t.Fatal(err)
				}
				again, err := store.Open(t.Context(), url)
				if err == nil {
					again.Close()
				}
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
			})
		})
	}
}

func TestWhatCannotBeOpenedSaysSoWithoutThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", ":memory:", filepath.Join(t.TempDir(), "no", "such", "folder", "x.db"), t.TempDir(),
		"postgres://u:secret@127.0.0.1:1/x?sslmode=disable&connect_timeout=2", "postgres://u:secret@[::1/x", "postgres://u:secret@h/x?pool_max_conns=many",
	} {
		db, err := store.Open(t.Context(), url)
		if err == nil {
			db.Close()
			t.Errorf("%q was opened", url)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error tells the password: %v", url, err)
		}
	}
}

func TestAFileOfAnyNameIsOpened(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"with space.db", "per%20cent?.db", "hash#1.db", "ünï.db", "a&b=c.db"} {
		path := filepath.Join(t.TempDir(), name)
		for _, url := range []string{path, "sqlite://" + path} {
			open(t, url)
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%q made another file: %v", url, err)
			}
		}
	}
}

func TestABackupIsWholeWhileWritesGoOn(t *testing.T) {
	t.Parallel()
	db := open(t, testdb.SQLite(t))
	a := account(t, db, "ann")
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			if err := db.Commit(context.Background(), batch(a, 3, fmt.Sprint(i, "-"))); err != nil {
				t.Error(err)
				return
			}
			a.Version++
			a.State.Seq += 4
		}
	})
	for i := range 5 {
		path := filepath.Join(t.TempDir(), fmt.Sprint("copy'", i, ".db"))
		if err := db.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if err := db.Backup(t.Context(), path); err == nil || !strings.Contains(err.Error(), "is there already") {
			t.Errorf("onto a file that exists: %v", err)
		}
		copied := open(t, path)
		var events, entries, seq int64
		query := "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM entry), (SELECT seq FROM account)"
		if err := copied.SQL().QueryRow(query).Scan(&events, &entries, &seq); err != nil || events != 3*entries || seq != events+entries {
			t.Errorf("the copy has %d events, %d entries and %d lines in its account (%v): batches of 3 and 1 were cut", events, entries, seq, err)
		}
		var ok string
		if err := copied.SQL().QueryRow("PRAGMA integrity_check").Scan(&ok); err != nil || ok != "ok" {
			t.Errorf("integrity check: %s, %v", ok, err)
		}
	}
	stop()
	wg.Wait()
	if err := db.Backup(t.Context(), filepath.Join(t.TempDir(), "no", "folder", "x.db")); err == nil {
		t.Error("a copy into a folder that is not there succeeded")
	}
	if err := db.View(t.Context(), func(tx *store.Tx) error { _, err := tx.InsertCustomer(t.Context(), customer("bob")); return err }); err == nil {
		t.Error("after a backup, a connection of the readers writes")
	}
}

func TestSQLiteAcknowledgesOnlyWhatIsOnDisk(t *testing.T) {
	t.Parallel()
	db := open(t, testdb.SQLite(t))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "10000"} {
		var got string
		if err := db.SQL().QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s (%v), want %s", pragma, got, err, want)
		}
	}
}

var rewrite = flag.Bool("update", false, "write the golden files anew")

func TestTheSchemaIsTheOneReviewed(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		name := "schema_sqlite.txt"
		if store.IsPostgres(url) {
			name = "schema_postgres.txt"
		}
		golden := filepath.Join("testdata", name)
		got := schema(t, open(t, url))
		if *rewrite {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		differ(t, golden+": run with -update and review", string(want), got)
	})
}

// schema spells tables, columns, keys and indexes.
func schema(t testing.TB, db *store.DB) string {
	t.Helper()
	query := `SELECT type || ' ' || name, COALESCE(sql, 'of ' || tbl_name) FROM sqlite_master ORDER BY tbl_name, type DESC, name`
	if db.Postgres() {
		query = `
			SELECT 'column ' || table_name || '.' || column_name,
				data_type || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END || COALESCE(' collate ' || collation_name, '')
			FROM information_schema.columns WHERE table_schema = 'public'
			UNION ALL
			SELECT 'index ' || tablename || ' ' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
			UNION ALL
			SELECT 'option ' || relname, array_to_string(reloptions, ', ') FROM pg_class WHERE reloptions IS NOT NULL AND relnamespace = 'public'::regnamespace
			ORDER BY 1`
	}
	rows, err := db.SQL().Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var name, text sql.NullString
		if err := rows.Scan(&name, &text); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s: %s\n", name.String, text.String)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

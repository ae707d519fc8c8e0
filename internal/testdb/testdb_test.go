package testdb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tollgate/tollgate/internal/testdb"
)

func TestSQLiteFilesAreFreshAndTheTestsOwn(t *testing.T) {
	t.Parallel()
	first, second := testdb.SQLite(t), testdb.SQLite(t)
	if first == second {
		t.Errorf("two calls gave one file: %s", first)
	}
	for _, file := range []string{first, second} {
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s exists already", file)
		}
		if _, err := os.Stat(filepath.Dir(file)); err != nil {
			t.Errorf("the folder of the file is missing: %v", err)
		}
	}
}

func TestPostgresDatabasesDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, address := range []string{testdb.Postgres(t), testdb.Postgres(t)} {
		conn := connect(t, address)
		// The second CREATE TABLE would fail if both were one database.
		if _, err := conn.Exec(ctx, "CREATE TABLE customers (id text PRIMARY KEY)"); err != nil {
			t.Error(err)
		}
	}
}

func TestPostgresDatabasesCanBeMadeAtOnce(t *testing.T) {
	t.Parallel()
	const databases = 8
	var addresses sync.Map
	for i := range databases {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			address := testdb.Postgres(t)
			if _, made := addresses.LoadOrStore(address, i); made {
				t.Error("two calls gave one database")
			}
		})
	}
}

func TestPostgresDatabaseIsDroppedThoughSomebodyIsConnected(t *testing.T) {
	t.Parallel()
	var address string
	t.Run("a test that leaves a connection", func(t *testing.T) {
		address = testdb.Postgres(t)
		conn, err := pgx.Connect(context.Background(), address)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Ping(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
	if address == "" {
		t.Skip("no server")
	}
	_, err := pgx.Connect(t.Context(), address)
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) || refusal.Code != "3D000" {
		t.Errorf("connecting after the test gave %v, want invalid_catalog_name (3D000)", err)
	}
}

func TestEachRunsOnBothDatabases(t *testing.T) {
	t.Parallel()
	var names []string
	testdb.Each(t, func(t *testing.T, url string) {
		names = append(names, t.Name()+" "+strings.Split(url, ":")[0])
	})
	want := []string{t.Name() + "/sqlite"}
	if os.Getenv(testdb.ServerVariable) != "" {
		want = append(want, t.Name()+"/postgres")
	}
	if len(names) != len(want) {
		t.Fatalf("ran %q, want %q", names, want)
	}
	for i := range want {
		if !strings.HasPrefix(names[i], want[i]+" ") {
			t.Errorf("subtest %d is %q, want %q", i, names[i], want[i])
		}
	}
}

// TestPostgresWithoutServer changes the environment, so it is not parallel.
func TestPostgresWithoutServer(t *testing.T) {
	for _, tt := range []struct {
		name    string
		server  string
		require string
		skipped bool
		says    string
	}{
		{name: "skips", skipped: true, says: "make test"},
		{name: "skips when another database is required", require: "sqlite", skipped: true, says: "make test"},
		{name: "fails when PostgreSQL is required", require: "sqlite,postgres", says: "make test"},
		{name: "fails on an address that is no URL", server: "host=127.0.0.1", says: "postgres:// URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(testdb.ServerVariable, tt.server)
			t.Setenv(testdb.RequireVariable, tt.require)
			ending := &recorder{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				testdb.Postgres(ending)
			}()
			<-done
			if ending.skipped != tt.skipped || ending.failed == tt.skipped {
				t.Errorf("skipped %v, failed %v, want skipped %v", ending.skipped, ending.failed, tt.skipped)
			}
			if !strings.Contains(ending.said, tt.says) {
				t.Errorf("said %q, which does not mention %q", ending.said, tt.says)
			}
		})
	}
}

// A recorder notes how a test would have ended instead of ending it.
type recorder struct {
	testing.TB
	skipped, failed bool
	said            string
}

func (r *recorder) Skipf(format string, args ...any) {
	r.skipped, r.said = true, fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed, r.said = true, fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return conn
}

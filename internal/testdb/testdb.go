// Package testdb makes databases for tests: a fresh one for each test, on SQLite and on PostgreSQL,
// removed when the test ends.
//
// Only tests and benchmarks import it.
package testdb

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// ServerVariable names the environment variable with the URL of the PostgreSQL server on which
	// databases are made. Its user must be allowed to create databases.
	ServerVariable = "TOLLGATE_TEST_POSTGRES"

	// PoolerVariable names the environment variable with the URL of a PgBouncer in transaction mode before that server.
	PoolerVariable = "TOLLGATE_TEST_PGBOUNCER"

	// RequireVariable names the environment variable that lists the databases a test run may not go
	// without. When it contains "postgres", a test without a server fails instead of being skipped.
	RequireVariable = "TOLLGATE_TEST_REQUIRE"
)

const (
	triesMax       = 40
	retryWait      = 25 * time.Millisecond
	createTimeout  = time.Minute
	dropTimeout    = time.Minute
	nameRandomSize = 8 // bytes
)

// SQLite returns the path of a SQLite file that does not exist yet, in a folder that is removed when
// the test ends.
func SQLite(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "tollgate.db")
}

// Postgres creates an empty database on the test server and returns its postgres:// URL. The database
// is dropped when the test ends, whoever is still connected to it.
//
// Without a server the test is skipped, or fails when PostgreSQL is required (see RequireVariable).
func Postgres(t testing.TB) string {
	t.Helper()
	server := os.Getenv(ServerVariable)
	if server == "" {
		if strings.Contains(os.Getenv(RequireVariable), "postgres") {
			t.Fatalf("%s is not set and PostgreSQL is required: run `make test`, or scripts/with-postgres go test ./...", ServerVariable)
		}
		t.Skipf("%s is not set: run `make test`, or scripts/with-postgres go test ./...", ServerVariable)
	}
	address, err := url.Parse(server)
	if err != nil || (address.Scheme != "postgres" && address.Scheme != "postgresql") {
		t.Fatalf("%s is not a postgres:// URL", ServerVariable)
	}
	name, err := newName()
	if err != nil {
		t.Fatal(err)
	}
	if err := create(t.Context(), server, name); err != nil {
		t.Fatalf("create database %s: %v", name, err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		if err := drop(context.Background(), server, name); err != nil {
			t.Errorf("drop database %s: %v", name, err)
		}
	})
	address.Path = "/" + name
	return address.String()
}

// Pooled returns the URL of a database that Postgres made, through the PgBouncer in transaction mode. Without one the
// test is skipped, or fails when pgbouncer is required (see RequireVariable).
func Pooled(t testing.TB, database string) string {
	t.Helper()
	pooler := os.Getenv(PoolerVariable)
	if pooler == "" {
		if strings.Contains(os.Getenv(RequireVariable), "pgbouncer") {
			t.Fatalf("%s is not set and PgBouncer is required: install pgbouncer and run `make test`", PoolerVariable)
		}
		t.Skipf("%s is not set: install pgbouncer and run `make test`", PoolerVariable)
	}
	at, err := url.Parse(pooler)
	if err != nil {
		t.Fatalf("%s is not a postgres:// URL", PoolerVariable)
	}
	to, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	at.Path = to.Path
	return at.String()
}

// Each runs a subtest on a fresh SQLite file and a subtest on a fresh PostgreSQL database. Each calls
// no t.Parallel: run may.
func Each(t *testing.T, run func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { run(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { run(t, Postgres(t)) })
}

// newName returns a database name of its own, which needs no quotes.
func newName() (string, error) {
	random := make([]byte, nameRandomSize)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	return "tollgate_test_" + hex.EncodeToString(random), nil
}

func create(ctx context.Context, server, name string) error {
	ctx, cancel := context.WithTimeout(ctx, createTimeout)
	defer cancel()
	// template0 admits no connections, so copying it does not fail because somebody is connected to
	// it, as copying template1 may.
	return execute(ctx, server, fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0", name))
}

func drop(ctx context.Context, server, name string) error {
	ctx, cancel := context.WithTimeout(ctx, dropTimeout)
	defer cancel()
	return execute(ctx, server, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name))
}

// execute runs one statement on a connection of its own, again while the server is busy.
func execute(ctx context.Context, server, statement string) error {
	var err error
	for try := range triesMax {
		if try > 0 {
			select {
			case <-ctx.Done():
				return errors.Join(err, ctx.Err())
			case <-time.After(time.Duration(try) * retryWait):
			}
		}
		if err = executeOnce(ctx, server, statement); err == nil || !busy(err) {
			return err
		}
	}
	return err
}

func executeOnce(ctx context.Context, server, statement string) (err error) {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// busy reports whether the same statement may succeed a moment later, when other tests are done with
// what they hold.
func busy(err error) bool {
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.Code {
	case "55006", // object_in_use: somebody is connected to the template or the database
		"53300", // too_many_connections
		"57P03", // cannot_connect_now: the server is starting
		"40001", // serialization_failure
		"40P01": // deadlock_detected
		return true
	}
	return strings.Contains(refusal.Message, "tuple concurrently updated")
}

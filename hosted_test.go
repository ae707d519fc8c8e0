package tollgate_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// TestHostedPostgres runs what an app does on tables in a schema of their own, through PgBouncer in transaction mode,
// from two processes at once, while every statement may meet another session.
func TestHostedPostgres(t *testing.T) {
	t.Parallel()
	direct := testdb.Postgres(t)
	url := testdb.Pooled(t, direct) + "&schema=billing&pooler=transaction"
	c := newClock(noon())
	engines := []*tollgate.Engine{open(t, url, c), openWith(t, url, tollgate.Options{Now: c.now})}
	ctx := t.Context()
	put(t, engines[0], "ann", "pro")
	var wg sync.WaitGroup
	for i, e := range engines {
		for worker := range 8 {
			wg.Go(func() {
				for n := range 25 {
					id := fmt.Sprint(worker, "-", n) // both processes send the same ids
					if _, err := e.Consume(ctx, use("ann", "requests", 2, id)); err != nil {
						t.Errorf("process %d: %v", i, err)
					}
				}
			})
		}
	}
	wg.Wait()
	e := engines[1]
	batch := make([]meter.Usage, 300) // past what goes by COPY
	for i := range batch {
		batch[i] = use("ann", "tokens", 1000, fmt.Sprint("batch-", i))
	}
	if _, err := e.Batch(ctx, batch); err != nil {
		t.Fatal(err)
	}
	hold, err := e.Hold(ctx, tollgate.HoldRequest{Customer: "ann", Meter: "tokens", Amount: quantity.Whole(1000), TransactionID: "held"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Capture(ctx, hold.ID, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Void(ctx, "ann", "0-0", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Consume(ctx, use("ann", "requests", 999, "too-much")); !fault.Has(err, fault.InsufficientCredits) {
		t.Errorf("past the limit: %v", err)
	}
	if err := e.RollUp(ctx); err != nil {
		t.Fatal(err)
	}
	for slug, want := range map[id.Slug]int64{"requests": 398, "tokens": 301_000} {
		got, err := e.Usage(ctx, tollgate.UsageRequest{Customer: "ann", Meter: slug})
		if err != nil || got.Total != quantity.Whole(want) {
			t.Errorf("%s: %s, %v; want %d", slug, got.Total, err, want)
		}
	}
	if b, err := e.Balance(ctx, "ann", "requests"); err != nil || *b.Available != quantity.Whole(602) {
		t.Errorf("balance %+v, %v", b, err)
	}
	checkHosted(t, direct)
}

// checkHosted looks at what was made with another role's eyes.
func checkHosted(t *testing.T, direct string) {
	t.Helper()
	db, err := sql.Open("pgx", direct)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ask := func(query string) (n int) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	if n := ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"); n != 0 {
		t.Errorf("%d tables are outside the schema", n)
	}
	made := ask("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'billing'::regnamespace")
	if secured := ask("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'billing'::regnamespace AND relrowsecurity"); made == 0 || secured != made {
		t.Errorf("row level security is on for %d of %d tables", secured, made)
	}
	if n := ask("SELECT count(*) FROM billing.event"); n == 0 {
		t.Error("the owner sees no events")
	}
	role := "reader_" + strings.TrimPrefix(direct[strings.LastIndex(direct, "tollgate_test_"):strings.Index(direct, "?")], "tollgate_test_")
	for _, stmt := range []string{"CREATE ROLE " + role, "GRANT USAGE ON SCHEMA billing TO " + role, "GRANT SELECT ON ALL TABLES IN SCHEMA billing TO " + role} {
		if _, err := db.ExecContext(t.Context(), stmt); err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		for _, stmt := range []string{"DROP OWNED BY " + role, "DROP ROLE " + role} {
			if _, err := db.Exec(stmt); err != nil {
				t.Error(err)
			}
		}
	}()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
			t.Error(err)
		}
	}()
	if _, err := tx.Exec("SET LOCAL ROLE " + role); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"event", "customer", "account", "api_key"} {
		var n int
		if err := tx.QueryRow("SELECT count(*) FROM billing." + table).Scan(&n); err != nil || n != 0 {
			t.Errorf("another role sees %d rows of %s: %v", n, table, err)
		}
	}
}

func TestPostgresURLsAreChecked(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"postgres://x@127.0.0.1:1/x?schema=Bad-Name": "cannot be the schema",
		"postgres://x@127.0.0.1:1/x?pooler=session":  "write pooler=transaction",
		"postgres://x:secret@127.0.0.1:1/%zz":        "cannot be read",
	} {
		_, err := tollgate.Open(t.Context(), url, tollgate.Options{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
}

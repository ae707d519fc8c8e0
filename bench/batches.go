package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tollgate/tollgate"
)

// settleDown brings PostgreSQL into the state of a server that has run for a while: it knows its tables, as after an
// autovacuum, and has log files to write over, as after a checkpoint. A new server makes every log file anew, and all
// commits wait for it, the plain loop's as well as ours.
func settleDown(ctx context.Context, e *tollgate.Engine) {
	for _, stmt := range []string{
		"ANALYZE",
		"SELECT pg_logical_emit_message(FALSE, 'bench', repeat('x', 1000000)) FROM generate_series(1, 2000)",
		"CHECKPOINT",
	} {
		_, err := e.SQL().ExecContext(ctx, stmt)
		check(err)
	}
}

// batches compares batches of 1,000 over HTTP with COPY of as many rows into a table of the same columns and
// indexes: one copier against four senders.
func (b *bench) batches() {
	if b.postgres == "" {
		fmt.Println("no PostgreSQL: run make bench")
		return
	}
	e := openEngine(b.ctx, b.postgres)
	defer e.Close()
	populate(b.ctx, e)
	settleDown(b.ctx, e)
	srv := b.serve(e)
	defer srv.close()
	copier, err := pgx.Connect(b.ctx, b.postgres)
	check(err)
	defer copier.Close(b.ctx)
	_, err = copier.Exec(b.ctx, `DROP TABLE IF EXISTS copied; CREATE TABLE copied (LIKE event INCLUDING ALL)`)
	check(err)
	var copied, sent []float64
	var next int64
	for range b.rounds {
		copied = append(copied, b.copyRate(copier, &next))
		sent = append(sent, b.batchRate(srv, &next))
	}
	slices.Sort(copied)
	slices.Sort(sent)
	x, y := copied[len(copied)/2], sent[len(sent)/2]
	fmt.Printf("COPY %.0f rows/s, batches over HTTP %.0f events/s\n", x, y)
	b.rows = append(b.rows, row{"PostgreSQL: batches of 1,000 over HTTP / raw COPY of 10,000 rows", fmt.Sprintf("%.0f/s, %.0f/s", y, x), y / x, 0.4, false})
	audit(b.ctx, e)
}

// copyRate copies rows like those of real events, 10,000 at a time.
func (b *bench) copyRate(conn *pgx.Conn, next *int64) float64 {
	columns := []string{"customer", "account", "seq", "transaction_id", "meter", "kind", "amount", "charge", "delta", "balance", "used", "quota",
		"available", "resets_at", "at", "recorded_at", "voided_at", "late", "hash", "hold", "paid", "properties", "prev"}
	start := time.Now()
	var rows int64
	for time.Since(start) < b.span {
		base := *next
		n, err := conn.CopyFrom(b.ctx, pgx.Identifier{"copied"}, columns, pgx.CopyFromSlice(10_000, func(i int) ([]any, error) {
			k := base + int64(i)
			now := time.Now().UnixMicro()
			return []any{(k%customers)*7919*7919 + 1, "requests", k, fmt.Sprint("tx-", k), "requests", "consume", int64(1_000_000), int64(1_000_000), int64(-1_000_000),
				int64(1e14) - k, k, int64(1e14), int64(1e14) - k, now, now, now, int64(0), false, k * 7919, "", "", "", fmt.Sprint("tx-", k-customers)}, nil
		}))
		check(err)
		*next += n
		rows += n
	}
	return float64(rows) / time.Since(start).Seconds()
}

func (b *bench) batchRate(srv *server, next *int64) float64 {
	var mu sync.Mutex
	var events int64
	var wg sync.WaitGroup
	start := time.Now()
	for range 4 {
		wg.Go(func() {
			for time.Since(start) < b.span {
				mu.Lock()
				base := *next
				*next += 1000
				mu.Unlock()
				check(srv.batch(base, 1000))
				mu.Lock()
				events += 1000
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return float64(events) / time.Since(start).Seconds()
}

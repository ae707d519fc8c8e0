package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// SeenEvents returns in how many events that count a value was met within its window; v.Events is ignored.
func (db *DB) SeenEvents(ctx context.Context, v Seen) (int64, error) {
	return seenEvents(ctx, db.reads, v)
}

func (tx *Tx) seenEvents(ctx context.Context, v Seen) (int64, error) {
	return seenEvents(ctx, tx.sql, v)
}

func seenEvents(ctx context.Context, q querier, v Seen) (int64, error) {
	var n int64
	err := q.QueryRowContext(ctx, `
		SELECT events
		FROM seen
		WHERE customer = $1 AND meter = $2 AND window_start = $3 AND value = $4`,
		int64(v.Customer), string(v.Meter), v.WindowStart, v.Value).Scan(&n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read seen: %w", err)
	}
	return n, nil
}

const (
	seenUpsert = `
		INSERT INTO seen (customer, meter, window_start, value, events)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (customer, meter, window_start, value) DO UPDATE SET events = seen.events + excluded.events`
	voidUpdate = "UPDATE event SET voided_at = $3 WHERE customer = $1 AND transaction_id = $2"
)

func (v Seen) values() []any {
	return []any{int64(v.Customer), string(v.Meter), v.WindowStart, v.Value, v.Events}
}

func (v Void) values() []any { return []any{int64(v.Customer), string(v.ID), v.At} }

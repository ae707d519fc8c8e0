package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// SeenOf returns how often a value was met; a value never met has no events.
func (db *DB) SeenOf(ctx context.Context, v Value) (Seen, error) { return seenOf(ctx, db.reads, v) }

func seenOf(ctx context.Context, q querier, v Value) (Seen, error) {
	s := Seen{Value: v}
	err := q.QueryRowContext(ctx, `
		SELECT events, payer
		FROM seen
		WHERE customer = $1 AND meter = $2 AND window_start = $3 AND value = $4`,
		int64(v.Customer), string(v.Meter), v.WindowStart, v.Value).Scan(&s.Events, &s.Payer)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return s, fmt.Errorf("read seen: %w", err)
	}
	return s, nil
}

const (
	seenUpsert = `
		INSERT INTO seen (customer, meter, window_start, value, events, payer)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (customer, meter, window_start, value) DO UPDATE
		SET events = seen.events + excluded.events,
			payer = CASE WHEN seen.events = 0 THEN excluded.payer ELSE seen.payer END`
	voidUpdate = "UPDATE event SET voided_at = $3 WHERE customer = $1 AND transaction_id = $2"
)

func (s Seen) values() []any {
	return []any{int64(s.Customer), string(s.Meter), s.WindowStart, s.Value.Value, s.Events, string(s.Payer)}
}

func (v Void) values() []any { return []any{int64(v.Customer), string(v.ID), v.At} }

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
	return scanSeen(v, q.QueryRowContext(ctx, seenSelect, v.key()...))
}

func scanSeen(v Value, row scanner) (Seen, error) {
	s := Seen{Value: v}
	if err := row.Scan(&s.Events, &s.Payer); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return s, fmt.Errorf("read seen: %w", err)
	}
	return s, nil
}

const (
	seenSelect = `
		SELECT events, payer
		FROM seen
		WHERE customer = $1 AND meter = $2 AND window_start = $3 AND value = $4`
	seenUpsert = `
		INSERT INTO seen (customer, meter, window_start, value, events, payer)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (customer, meter, window_start, value) DO UPDATE
		SET events = seen.events + excluded.events,
			payer = CASE WHEN seen.events = 0 THEN excluded.payer ELSE seen.payer END`
	voidUpdate = "UPDATE event SET voided_at = $3 WHERE customer = $1 AND transaction_id = $2"
)

func (v Value) key() []any { return []any{int64(v.Customer), string(v.Meter), v.WindowStart, v.Value} }

func (s Seen) values() []any { return append(s.key(), s.Events, string(s.Payer)) }

func (v Void) values() []any { return []any{int64(v.Customer), string(v.ID), v.At} }

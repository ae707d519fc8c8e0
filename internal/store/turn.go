package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/id"
)

// TakeTurn begins a turn of a customer's, which ends the one before it, and returns its number. It reports false while the one
// before it is held.
func (db *DB) TakeTurn(ctx context.Context, customer id.Key, now time.Time) (turn int64, taken bool, err error) {
	err = db.updateIn(ctx, 1, func(tx *Tx) error {
		err := tx.sql.QueryRowContext(ctx, "UPDATE stripe_customer SET turn = turn + 1, turn_held = 0 WHERE customer = $1 AND turn_held <= $2 RETURNING turn",
			int64(customer), micros(now)).Scan(&turn)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		taken = err == nil
		return err
	})
	return turn, taken, err
}

// IsTurn reports whether a turn is the customer's newest.
func (db *DB) IsTurn(ctx context.Context, customer id.Key, turn int64) (bool, error) {
	var newest int64
	err := db.reads.QueryRowContext(ctx, "SELECT turn FROM stripe_customer WHERE customer = $1", int64(customer)).Scan(&newest)
	return newest == turn, err
}

// HoldTurn keeps others from taking a turn until a moment; the zero time lets them. It reports false when it is not the
// customer's newest.
func (db *DB) HoldTurn(ctx context.Context, customer id.Key, turn int64, until time.Time) (held bool, err error) {
	err = db.updateIn(ctx, 1, func(tx *Tx) error {
		res, err := tx.sql.ExecContext(ctx, "UPDATE stripe_customer SET turn_held = $3 WHERE customer = $1 AND turn = $2", int64(customer), turn, micros(until))
		if err != nil {
			return fmt.Errorf("hold a turn: %w", err)
		}
		n, err := res.RowsAffected()
		held = n == 1
		return err
	})
	return held, err
}

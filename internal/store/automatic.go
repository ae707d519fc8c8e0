package store

import (
	"context"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/id"
)

// An Automatic is a customer who is given a subscription in the background.
type Automatic struct {
	Customer id.Key
	State    string
	Attempts int64
	NextAt   time.Time
	Error    string // of the last attempt, for the operator
}

// The states of an Automatic.
const (
	AutomaticPending = "pending" // to be given at NextAt
	AutomaticDone    = "done"    // given, or the customer had one
	AutomaticFailed  = "failed"  // given up: a person must look
)

// Unbilled returns the customers on a plan after a key who are none at Stripe and were never given a subscription, in the
// order of their keys.
func (db *DB) Unbilled(ctx context.Context, plan id.Slug, after id.Key, limit int) ([]Customer, error) {
	return db.customers(ctx, `SELECT `+customerColumns+customerFrom+`
		LEFT JOIN stripe_customer AS b ON b.customer = c.id
		LEFT JOIN automatic_subscription AS a ON a.customer = c.id
		WHERE c.id > $1 AND c.erased_at = 0 AND s.plan = $2 AND b.customer IS NULL AND a.customer IS NULL
		ORDER BY c.id
		LIMIT $3`, int64(after), string(plan), limit)
}

// PutAutomatic notes customers to be given a subscription; one who is noted stays as it is. It returns how many are new.
func (db *DB) PutAutomatic(ctx context.Context, at time.Time, customers ...id.Key) (fresh int, err error) {
	if len(customers) == 0 {
		return 0, nil
	}
	err = db.Update(ctx, func(tx *Tx) error {
		fresh = 0
		for _, key := range customers {
			res, err := tx.sql.ExecContext(ctx, `
				INSERT INTO automatic_subscription (customer, state, attempts, next_at, error, created_at)
				VALUES ($1, 'pending', 0, $2, '', $2)
				ON CONFLICT (customer) DO NOTHING`, int64(key), micros(at))
			if err != nil {
				return fmt.Errorf("note customer: %w", err)
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			fresh += int(n)
		}
		return nil
	})
	return fresh, err
}

// ClaimAutomatic returns customers whose time has come, and puts them off until a later time: whoever claims them works on
// them until then.
func (db *DB) ClaimAutomatic(ctx context.Context, now, until time.Time, limit int) (all []Automatic, err error) {
	skip := ""
	if db.Postgres() {
		skip = "FOR UPDATE SKIP LOCKED"
	}
	err = db.Update(ctx, func(tx *Tx) error {
		all = nil
		rows, err := tx.sql.QueryContext(ctx, `
			UPDATE automatic_subscription
			SET next_at = $2, attempts = attempts + 1
			WHERE customer IN (
				SELECT customer
				FROM automatic_subscription
				WHERE state = 'pending' AND next_at <= $1
				ORDER BY next_at, customer
				LIMIT $3 `+skip+`)
			RETURNING customer, state, attempts, next_at, error`, micros(now), micros(until), limit)
		if err != nil {
			return fmt.Errorf("claim customers: %w", err)
		}
		return each(rows, func() error {
			var a Automatic
			var next int64
			err := rows.Scan(&a.Customer, &a.State, &a.Attempts, &next, &a.Error)
			a.NextAt = moment(next)
			all = append(all, a)
			return err
		})
	})
	return all, err
}

// SettleAutomatic writes what became of a customer that was claimed. One that somebody else has claimed since, or settled, stays as it
// is.
func (db *DB) SettleAutomatic(ctx context.Context, a Automatic) error {
	return db.Update(ctx, func(tx *Tx) error {
		_, err := tx.sql.ExecContext(ctx, `
			UPDATE automatic_subscription
			SET state = $2, next_at = $3, error = $4
			WHERE customer = $1 AND state = 'pending' AND attempts = $5`, int64(a.Customer), a.State, micros(a.NextAt), a.Error, a.Attempts)
		if err != nil {
			return fmt.Errorf("settle customer: %w", err)
		}
		return nil
	})
}

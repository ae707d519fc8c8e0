package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A StripeEvent is one of Stripe's events, in the inbox.
type StripeEvent struct {
	ID         string
	Kind       string // such as invoice.paid
	Stripe     string // the customer at Stripe that it is about; empty when it is about none
	Payload    string // JSON, as Stripe sent it
	State      string
	Attempts   int64
	NextAt     time.Time
	Error      string // of the last attempt, for the operator
	CreatedAt  time.Time
	ReceivedAt time.Time
}

// The states of an event.
const (
	EventPending = "pending" // to be worked on at NextAt
	EventDone    = "done"
	EventParked  = "parked" // given up: a person must look
)

const inboxColumns = "id, kind, stripe, payload, state, attempts, next_at, error, created_at, received_at"

func scanStripeEvent(row scanner) (StripeEvent, error) {
	var e StripeEvent
	var next, created, received int64
	err := row.Scan(&e.ID, &e.Kind, &e.Stripe, &e.Payload, &e.State, &e.Attempts, &next, &e.Error, &created, &received)
	e.NextAt, e.CreatedAt, e.ReceivedAt = moment(next), moment(created), moment(received)
	return e, err
}

// PutEvents keeps events that are not there yet, and returns how many were new.
func (db *DB) PutEvents(ctx context.Context, events ...StripeEvent) (fresh int, err error) {
	err = db.updateIn(ctx, len(events), func(tx *Tx) error {
		fresh = 0
		for _, e := range events {
			res, err := tx.sql.ExecContext(ctx, `
				INSERT INTO stripe_event (`+inboxColumns+`)
				SELECT $1, $2, $3, CASE WHEN EXISTS (
					SELECT 1
					FROM stripe_customer AS b
					JOIN customer AS c ON c.id = b.customer
					WHERE b.stripe = $3 AND c.erased_at > 0
				) THEN '{}' ELSE $4 END, $5, 0, CAST($6 AS BIGINT), '', CAST($7 AS BIGINT), CAST($6 AS BIGINT)
				WHERE TRUE
				ON CONFLICT (id) DO NOTHING`, e.ID, e.Kind, e.Stripe, e.Payload, e.State, micros(e.ReceivedAt), micros(e.CreatedAt))
			if err != nil {
				return fmt.Errorf("write event: %w", err)
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

// ClaimEvents returns pending events whose time has come, oldest first, and puts them off until a later time: whoever
// claims them works on them until then, and another one after it.
func (db *DB) ClaimEvents(ctx context.Context, now, until time.Time, limit int) ([]StripeEvent, error) {
	skip := ""
	if db.Postgres() {
		skip = "FOR UPDATE SKIP LOCKED"
	}
	var all []StripeEvent
	err := db.updateIn(ctx, 1, func(tx *Tx) error {
		all = nil
		rows, err := tx.sql.QueryContext(ctx, `
			UPDATE stripe_event
			SET next_at = $2, attempts = attempts + 1
			WHERE id IN (
				SELECT id FROM stripe_event
				WHERE state = 'pending' AND next_at <= $1
				ORDER BY next_at, created_at
				LIMIT $3 `+skip+`)
			RETURNING `+inboxColumns, micros(now), micros(until), limit)
		if err != nil {
			return fmt.Errorf("claim events: %w", err)
		}
		return each(rows, func() error {
			e, err := scanStripeEvent(rows)
			all = append(all, e)
			return err
		})
	})
	return all, err
}

// SettleEvents writes what became of events that were claimed: done, or to be tried again, or parked. One that somebody else has
// claimed since, or settled, stays as it is.
func (db *DB) SettleEvents(ctx context.Context, events []StripeEvent) error {
	return db.updateIn(ctx, len(events), func(tx *Tx) error {
		for _, e := range events {
			_, err := tx.sql.ExecContext(ctx, "UPDATE stripe_event SET state = $2, next_at = $3, error = $4 WHERE id = $1 AND state = 'pending' AND attempts = $5",
				e.ID, e.State, micros(e.NextAt), e.Error, e.Attempts)
			if err != nil {
				return fmt.Errorf("settle event: %w", err)
			}
		}
		return nil
	})
}

// ReplayEvent has an event worked on at a time, whatever became of it, from its first attempt. It reports false when there is none.
func (db *DB) ReplayEvent(ctx context.Context, eventID string, at time.Time) (found bool, err error) {
	err = db.updateIn(ctx, 1, func(tx *Tx) error {
		res, err := tx.sql.ExecContext(ctx, "UPDATE stripe_event SET state = 'pending', attempts = 0, next_at = $2, error = '' WHERE id = $1", eventID, micros(at))
		if err != nil {
			return fmt.Errorf("replay event: %w", err)
		}
		n, err := res.RowsAffected()
		found = n == 1
		return err
	})
	return found, err
}

// PurgeEvents forgets up to limit events that came before a time and were worked on, and returns how many.
func (db *DB) PurgeEvents(ctx context.Context, before time.Time, limit int) (int, error) {
	return db.purge(ctx, `
		DELETE FROM stripe_event
		WHERE id IN (SELECT id FROM stripe_event WHERE state = $1 AND received_at < $2 ORDER BY received_at LIMIT $3)`, EventDone, micros(before), limit)
}

// purge deletes rows and returns how many.
func (db *DB) purge(ctx context.Context, query string, args ...any) (purged int, err error) {
	err = db.Update(ctx, func(tx *Tx) error {
		res, err := tx.sql.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		purged = int(n)
		return err
	})
	return purged, err
}

// StripeEvents returns events of the states named, all when none are, newest first, up to limit.
func (db *DB) StripeEvents(ctx context.Context, limit int, states ...string) ([]StripeEvent, error) {
	where, args := "", []any{limit}
	if len(states) > 0 {
		marks := make([]string, len(states))
		for i, s := range states {
			args = append(args, s)
			marks[i] = fmt.Sprintf("$%d", i+2)
		}
		where = "WHERE state IN (" + strings.Join(marks, ", ") + ")"
	}
	rows, err := db.reads.QueryContext(ctx, "SELECT "+inboxColumns+" FROM stripe_event "+where+" ORDER BY received_at DESC, id DESC LIMIT $1", args...)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	var all []StripeEvent
	err = each(rows, func() error {
		e, err := scanStripeEvent(rows)
		all = append(all, e)
		return err
	})
	return all, err
}

// EventsRead returns up to when Stripe's list of events was read; zero before the first time.
func (db *DB) EventsRead(ctx context.Context) (time.Time, error) {
	var at int64
	err := db.reads.QueryRowContext(ctx, "SELECT COALESCE(MAX(at), 0) FROM stripe_mark WHERE name = 'events'").Scan(&at)
	return moment(at), err
}

// MarkEventsRead says up to when Stripe's list of events was read, all of it. It never goes back.
func (db *DB) MarkEventsRead(ctx context.Context, at time.Time) error {
	return db.Update(ctx, func(tx *Tx) error {
		_, err := tx.sql.ExecContext(ctx, `
			INSERT INTO stripe_mark (name, at)
			VALUES ('events', $1)
			ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE stripe_mark.at < excluded.at`, micros(at))
		if err != nil {
			return fmt.Errorf("mark events read: %w", err)
		}
		return nil
	})
}

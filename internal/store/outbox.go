package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/id"
)

// An Outbox is a table of what is to be sent, each thing once for what caused it.
type Outbox string

// The outboxes.
const (
	MailBox   Outbox = "mail"   // e-mails, in the order of their times
	NoticeBox Outbox = "notice" // what an application is told; a customer's one after the other
)

// A Letter is a thing to be sent, or that was.
type Letter struct {
	Cause     string // what it is about: an outbox has one letter of a cause
	Customer  id.Key
	Body      json.RawMessage
	Attempts  int64
	NextAt    time.Time
	Error     string // of the last attempt
	CreatedAt time.Time
}

// The states of a letter.
const (
	LetterPending = "pending"
	LetterSent    = "sent"
	LetterFailed  = "failed" // given up
)

// Post keeps a letter to be sent, unless there is one of its cause.
func (tx *Tx) Post(ctx context.Context, box Outbox, l Letter) error {
	statement := `
		INSERT INTO mail (cause, customer, body, state, attempts, next_at, error, created_at)
		VALUES ($1, $2, $3, 'pending', 0, $4, '', $4)
		ON CONFLICT (cause) DO NOTHING`
	if box == NoticeBox {
		statement = `
		INSERT INTO notice (cause, customer, seq, body, state, attempts, next_at, error, created_at)
		SELECT $1, CAST($2 AS BIGINT), COALESCE(MAX(seq), 0) + 1, $3, 'pending', 0, CAST($4 AS BIGINT), '', CAST($4 AS BIGINT)
		FROM notice
		WHERE customer = $2
		ON CONFLICT (cause) DO NOTHING`
	}
	if _, err := tx.sql.ExecContext(ctx, statement, l.Cause, int64(l.Customer), string(l.Body), micros(l.CreatedAt)); err != nil {
		return fmt.Errorf("write %s: %w", box, err)
	}
	return nil
}

// Claim returns letters that are to be sent, and leaves them to the caller until a later time. Of a customer's notices one that
// waits holds the later ones back.
func (db *DB) Claim(ctx context.Context, box Outbox, now, until time.Time, limit int) ([]Letter, error) {
	first, skip := "", ""
	if box == NoticeBox {
		first = `AND NOT EXISTS (
					SELECT 1
					FROM notice AS o
					WHERE o.customer = l.customer AND o.state = 'pending' AND (o.seq, o.cause) < (l.seq, l.cause))`
	}
	if db.Postgres() {
		skip = "FOR UPDATE OF l SKIP LOCKED"
	}
	var all []Letter
	err := db.Update(ctx, func(tx *Tx) error {
		all = nil
		rows, err := tx.sql.QueryContext(ctx, `
			UPDATE `+string(box)+`
			SET next_at = $2, attempts = attempts + 1
			WHERE cause IN (
				SELECT l.cause
				FROM `+string(box)+` AS l
				WHERE l.state = 'pending' AND l.next_at <= $1 `+first+`
				ORDER BY l.next_at, l.cause
				LIMIT $3 `+skip+`)
			RETURNING cause, customer, body, attempts, next_at, error, created_at`, micros(now), micros(until), limit)
		if err != nil {
			return fmt.Errorf("claim %s: %w", box, err)
		}
		return each(rows, func() error {
			var l Letter
			var body string
			var next, created int64
			err := rows.Scan(&l.Cause, &l.Customer, &body, &l.Attempts, &next, &l.Error, &created)
			l.Body, l.NextAt, l.CreatedAt = json.RawMessage(body), moment(next), moment(created)
			all = append(all, l)
			return err
		})
	})
	return all, err
}

// Settle writes what became of a letter. It reports false when another process has claimed it since, or it is gone.
func (db *DB) Settle(ctx context.Context, box Outbox, l Letter, state string) (mine bool, err error) {
	err = db.Update(ctx, func(tx *Tx) error {
		res, err := tx.sql.ExecContext(ctx, `
			UPDATE `+string(box)+`
			SET state = $2, next_at = $3, error = $4
			WHERE cause = $1 AND attempts = $5 AND state = 'pending'`, l.Cause, state, micros(l.NextAt), l.Error, l.Attempts)
		if err != nil {
			return fmt.Errorf("settle %s: %w", box, err)
		}
		changed, err := res.RowsAffected()
		mine = changed == 1
		return err
	})
	return mine, err
}

// Purge forgets up to limit letters that are older than a time and wait no more, and returns how many.
func (db *DB) Purge(ctx context.Context, box Outbox, before time.Time, limit int) (int, error) {
	return db.purge(ctx, `
		DELETE FROM `+string(box)+`
		WHERE cause IN (
			SELECT cause FROM `+string(box)+`
			WHERE state IN ($1, $2) AND next_at < $3 AND created_at < $3
			LIMIT $4)`, LetterSent, LetterFailed, micros(before), limit)
}

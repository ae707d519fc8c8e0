package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/id"
)

// A Mail is an e-mail that is to be sent, or was.
type Mail struct {
	Cause     string // what it is about: there is one e-mail of a cause
	Customer  id.Key
	Body      json.RawMessage
	Attempts  int64
	NextAt    time.Time
	Error     string
	CreatedAt time.Time
}

// The states of an e-mail.
const (
	MailPending = "pending"
	MailSent    = "sent"
	MailFailed  = "failed" // given up
)

// PutMail keeps an e-mail to be sent, unless there is one of its cause.
func (tx *Tx) PutMail(ctx context.Context, m Mail) error {
	_, err := tx.sql.ExecContext(ctx, `
		INSERT INTO mail (cause, customer, body, state, attempts, next_at, error, created_at)
		VALUES ($1, $2, $3, 'pending', 0, $4, '', $4)
		ON CONFLICT (cause) DO NOTHING`, m.Cause, int64(m.Customer), string(m.Body), micros(m.CreatedAt))
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	return nil
}

// ClaimMail returns e-mails that are to be sent, and leaves them to the caller until a later time.
func (db *DB) ClaimMail(ctx context.Context, now, until time.Time, limit int) ([]Mail, error) {
	skip := ""
	if db.Postgres() {
		skip = "FOR UPDATE SKIP LOCKED"
	}
	var all []Mail
	err := db.Update(ctx, func(tx *Tx) error {
		all = nil
		rows, err := tx.sql.QueryContext(ctx, `
			UPDATE mail
			SET next_at = $2, attempts = attempts + 1
			WHERE cause IN (
				SELECT cause FROM mail
				WHERE state = 'pending' AND next_at <= $1
				ORDER BY next_at
				LIMIT $3 `+skip+`)
			RETURNING cause, customer, body, attempts, next_at, error, created_at`, micros(now), micros(until), limit)
		if err != nil {
			return fmt.Errorf("claim mail: %w", err)
		}
		return each(rows, func() error {
			var m Mail
			var body string
			var next, created int64
			err := rows.Scan(&m.Cause, &m.Customer, &body, &m.Attempts, &next, &m.Error, &created)
			m.Body, m.NextAt, m.CreatedAt = json.RawMessage(body), moment(next), moment(created)
			all = append(all, m)
			return err
		})
	})
	return all, err
}

// SettleMail writes what became of an e-mail.
func (db *DB) SettleMail(ctx context.Context, m Mail, state string) error {
	return db.Update(ctx, func(tx *Tx) error {
		_, err := tx.sql.ExecContext(ctx, "UPDATE mail SET state = $2, next_at = $3, error = $4 WHERE cause = $1", m.Cause, state, micros(m.NextAt), m.Error)
		if err != nil {
			return fmt.Errorf("settle mail: %w", err)
		}
		return nil
	})
}

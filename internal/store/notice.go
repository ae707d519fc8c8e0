package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/id"
)

// A Notice is what an application is to be told, or was.
type Notice struct {
	Cause     string // what it is about: there is one notice of a cause
	Customer  id.Key
	Body      json.RawMessage
	Attempts  int64
	NextAt    time.Time
	Error     string
	CreatedAt time.Time
}

// The states of a notice.
const (
	NoticePending = "pending"
	NoticeSent    = "sent"
	NoticeFailed  = "failed" // given up
)

// PutNotice keeps a notice to be sent, after the customer's earlier ones, unless there is one of its cause.
func (tx *Tx) PutNotice(ctx context.Context, n Notice) error {
	_, err := tx.sql.ExecContext(ctx, `
		INSERT INTO notice (cause, customer, seq, body, state, attempts, next_at, error, created_at)
		SELECT $1, CAST($2 AS BIGINT), COALESCE(MAX(seq), 0) + 1, $3, 'pending', 0, CAST($4 AS BIGINT), '', CAST($4 AS BIGINT)
		FROM notice
		WHERE customer = $2
		ON CONFLICT (cause) DO NOTHING`, n.Cause, int64(n.Customer), string(n.Body), micros(n.CreatedAt))
	if err != nil {
		return fmt.Errorf("write notice: %w", err)
	}
	return nil
}

// ClaimNotices returns notices that are to be sent, and leaves them to the caller until a later time. A customer's come in their
// order: one that waits holds the later ones back.
func (db *DB) ClaimNotices(ctx context.Context, now, until time.Time, limit int) ([]Notice, error) {
	skip := ""
	if db.Postgres() {
		skip = "FOR UPDATE OF n SKIP LOCKED"
	}
	var all []Notice
	err := db.Update(ctx, func(tx *Tx) error {
		all = nil
		rows, err := tx.sql.QueryContext(ctx, `
			UPDATE notice
			SET next_at = $2, attempts = attempts + 1
			WHERE cause IN (
				SELECT n.cause
				FROM notice AS n
				WHERE n.state = 'pending' AND n.next_at <= $1 AND NOT EXISTS (
					SELECT 1
					FROM notice AS o
					WHERE o.customer = n.customer AND o.state = 'pending' AND (o.seq, o.cause) < (n.seq, n.cause))
				ORDER BY n.next_at, n.cause
				LIMIT $3 `+skip+`)
			RETURNING cause, customer, body, attempts, next_at, error, created_at`, micros(now), micros(until), limit)
		if err != nil {
			return fmt.Errorf("claim notices: %w", err)
		}
		return each(rows, func() error {
			var n Notice
			var body string
			var next, created int64
			err := rows.Scan(&n.Cause, &n.Customer, &body, &n.Attempts, &next, &n.Error, &created)
			n.Body, n.NextAt, n.CreatedAt = json.RawMessage(body), moment(next), moment(created)
			all = append(all, n)
			return err
		})
	})
	return all, err
}

// SettleNotice writes what became of a notice. It reports false when another process has claimed it since.
func (db *DB) SettleNotice(ctx context.Context, n Notice, state string) (mine bool, err error) {
	err = db.Update(ctx, func(tx *Tx) error {
		res, err := tx.sql.ExecContext(ctx, `
			UPDATE notice
			SET state = $2, next_at = $3, error = $4
			WHERE cause = $1 AND attempts = $5 AND state = 'pending'`, n.Cause, state, micros(n.NextAt), n.Error, n.Attempts)
		if err != nil {
			return fmt.Errorf("settle notice: %w", err)
		}
		changed, err := res.RowsAffected()
		mine = changed == 1
		return err
	})
	return mine, err
}

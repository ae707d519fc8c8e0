package store

import (
	"context"
	"fmt"
	"time"
)

// A Key is an API key's row. The key itself is not kept.
type Key struct {
	ID        string    `json:"id"`
	Hash      string    `json:"-"`    // hex SHA-256 of the key
	Hint      string    `json:"hint"` // its first and last characters
	Name      string    `json:"name,omitempty"`
	Scope     string    `json:"scope"`
	CreatedAt time.Time `json:"createdAt"`
	RevokedAt time.Time `json:"revokedAt,omitzero"`
}

const keyColumns = "id, hash, hint, name, scope, created_at, revoked_at"

func scanKey(row scanner) (Key, error) {
	var k Key
	var created, revoked int64
	err := row.Scan(&k.ID, &k.Hash, &k.Hint, &k.Name, &k.Scope, &created, &revoked)
	k.CreatedAt, k.RevokedAt = moment(created), moment(revoked)
	return k, err
}

// InsertKey writes a key.
func (tx *Tx) InsertKey(ctx context.Context, k Key) error {
	_, err := tx.sql.ExecContext(ctx, "INSERT INTO api_key ("+keyColumns+") VALUES ($1, $2, $3, $4, $5, $6, 0)",
		k.ID, k.Hash, k.Hint, k.Name, k.Scope, micros(k.CreatedAt))
	return tx.seen("write key", err)
}

// KeyOf returns the key with a hash, revoked or not; sql.ErrNoRows when there is none.
func (db *DB) KeyOf(ctx context.Context, hash string) (Key, error) {
	return scanKey(db.reads.QueryRowContext(ctx, "SELECT "+keyColumns+" FROM api_key WHERE hash = $1", hash))
}

// Keys returns every key, oldest first.
func (db *DB) Keys(ctx context.Context) ([]Key, error) {
	rows, err := db.reads.QueryContext(ctx, "SELECT "+keyColumns+" FROM api_key ORDER BY created_at, id")
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	var out []Key
	err = each(rows, func() error {
		k, err := scanKey(rows)
		out = append(out, k)
		return err
	})
	return out, err
}

// RevokeKey marks a key revoked and reports false when there is no such key, or it was revoked before.
func (tx *Tx) RevokeKey(ctx context.Context, id string, at time.Time) (bool, error) {
	res, err := tx.sql.ExecContext(ctx, "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0", id, micros(at))
	if err != nil {
		return false, fmt.Errorf("revoke key: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

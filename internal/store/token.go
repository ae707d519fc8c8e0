package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"
)

// TokenKey returns the key that signs customer tokens; sql.ErrNoRows when there is none yet.
func (db *DB) TokenKey(ctx context.Context) ([]byte, error) {
	return tokenKey(ctx, db.reads)
}

func tokenKey(ctx context.Context, q querier) ([]byte, error) {
	var secret string
	if err := q.QueryRowContext(ctx, "SELECT secret FROM token_key WHERE id = 1").Scan(&secret); err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(secret)
	if err != nil {
		return nil, fmt.Errorf("token key: %w", err)
	}
	return key, nil
}

// EnsureTokenKey keeps fresh as the key that signs customer tokens unless there is one, and returns the one there is.
func (tx *Tx) EnsureTokenKey(ctx context.Context, fresh []byte, at time.Time) ([]byte, error) {
	_, err := tx.sql.ExecContext(ctx, `
		INSERT INTO token_key (id, secret, created_at)
		VALUES (1, $1, $2)
		ON CONFLICT (id) DO NOTHING`, hex.EncodeToString(fresh), micros(at))
	if err != nil {
		return nil, fmt.Errorf("write token key: %w", err)
	}
	return tokenKey(ctx, tx.sql)
}

// ReplaceTokenKey puts fresh in the place of the key that signs customer tokens.
func (tx *Tx) ReplaceTokenKey(ctx context.Context, fresh []byte, at time.Time) error {
	_, err := tx.sql.ExecContext(ctx, `
		INSERT INTO token_key (id, secret, created_at)
		VALUES (1, $1, $2)
		ON CONFLICT (id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at`, hex.EncodeToString(fresh), micros(at))
	if err != nil {
		return fmt.Errorf("write token key: %w", err)
	}
	return nil
}

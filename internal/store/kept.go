package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/id"
)

// A Kept is an act that moves no balance, remembered for ever so that its repeat is known: a row among the entries, whose names
// are unique within the customer, which is of no account and so in no ledger.
type Kept struct {
	Customer id.Key
	Name     string
	Kind     string
	Hash     int64  // of the request
	Answer   string // JSON
	At       time.Time
}

// Keep writes k. The customer must be locked.
func (tx *Tx) Keep(ctx context.Context, k Kept) error {
	_, err := tx.sql.ExecContext(ctx, `
		INSERT INTO entry (customer, account, seq, name, kind, delta, balance, at, recorded_at, cause, reason, meter, detail, hash, answer)
		VALUES ($1, '', (SELECT COALESCE(MAX(e.seq), 0) + 1 FROM entry AS e WHERE e.account = '' AND e.customer = $1), $2, $3, 0, 0, $4, $4, '', '', '', '{}', $5, $6)`,
		int64(k.Customer), k.Name, k.Kind, micros(k.At), k.Hash, k.Answer)
	return tx.seen("keep an act", err)
}

// Rekeep changes the answer of what is kept, if it is.
func (tx *Tx) Rekeep(ctx context.Context, customer id.Key, name, answer string) error {
	_, err := tx.sql.ExecContext(ctx, "UPDATE entry SET answer = $3 WHERE customer = $1 AND name = $2 AND account = ''", int64(customer), name, answer)
	if err != nil {
		return fmt.Errorf("keep an act: %w", err)
	}
	return nil
}

// KeptOf returns what is kept under a name, or false when nothing is.
func (tx *Tx) KeptOf(ctx context.Context, customer id.Key, name string) (Kept, bool, error) {
	k := Kept{Customer: customer, Name: name}
	var at int64
	err := tx.sql.QueryRowContext(ctx, `
		SELECT e.kind, e.hash, e.answer, e.at
		FROM entry AS e
		WHERE e.customer = $1 AND e.name = $2 AND e.account = ''`, int64(customer), name).Scan(&k.Kind, &k.Hash, &k.Answer, &at)
	k.At = moment(at)
	if errors.Is(err, sql.ErrNoRows) {
		return k, false, nil
	}
	if err != nil {
		return k, false, fmt.Errorf("read what is kept: %w", err)
	}
	return k, true, nil
}

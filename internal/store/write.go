package store

import (
	"context"
	"errors"
	"fmt"
)

// write writes a batch within a transaction that has locked its accounts.
func (tx *Tx) write(ctx context.Context, b *Batch) error {
	if b == nil {
		return nil
	}
	if tx.set {
		all, err := b.statements()
		if err != nil {
			return err
		}
		return tx.run(ctx, all)
	}
	for _, a := range b.Accounts {
		if err := tx.outdateAccount(ctx, a); err != nil {
			return err
		}
		if err := tx.SaveAccount(ctx, *a); err != nil {
			return err
		}
	}
	for _, e := range b.Events {
		if err := tx.InsertEvent(ctx, e); err != nil {
			return err
		}
	}
	rare, err := b.rare()
	if err != nil {
		return err
	}
	return tx.run(ctx, rare)
}

func (tx *Tx) run(ctx context.Context, all []statement) error {
	for _, s := range all {
		if _, err := tx.sql.ExecContext(ctx, s.text, s.args...); err != nil {
			if pgCode(err) == movedCode {
				return ErrMoved
			}
			return tx.seen("write batch", err)
		}
	}
	return nil
}

// outdateAccount raises an account's version, and is ErrMoved when it is not the expected one.
func (tx *Tx) outdateAccount(ctx context.Context, a *Account) error {
	res, err := tx.sql.ExecContext(ctx, "UPDATE account SET version = version + 1 WHERE customer = $1 AND slug = $2 AND version = $3",
		int64(a.Customer), string(a.Slug), a.Version)
	if err != nil {
		return fmt.Errorf("outdate account: %w", err)
	}
	n, err := res.RowsAffected()
	if n != 1 {
		err = errors.Join(err, ErrMoved)
	}
	return err
}

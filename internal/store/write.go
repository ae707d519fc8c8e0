package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// write writes a batch within a transaction that has locked its accounts.
func (tx *Tx) write(ctx context.Context, b *Batch) error {
	if b == nil {
		return nil
	}
	if tx.numbered() {
		err := b.writeChained(func(text string, args ...any) (sql.Result, error) { return tx.sql.ExecContext(ctx, text, args...) })
		return tx.seen("write batch", err)
	}
	if err := b.place(); err != nil {
		return err
	}
	for _, a := range b.Accounts {
		if err := tx.writeAccount(ctx, a); err != nil {
			return err
		}
	}
	if err := tx.run(ctx, b.frees()); err != nil {
		return err
	}
	for _, e := range b.Events {
		values, err := e.values()
		if err != nil {
			return err
		}
		if err := tx.run(ctx, []statement{{text: eventInsert, args: append(values, string(e.prev))}}); err != nil {
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
			return tx.seen("write batch", err)
		}
	}
	return nil
}

// writeAccount writes an account, and is ErrMoved when its version is not the expected one.
func (tx *Tx) writeAccount(ctx context.Context, a *Account) error {
	s, err := a.update()
	if err != nil {
		return err
	}
	res, err := tx.sql.ExecContext(ctx, s.text, s.args...)
	if err != nil {
		return fmt.Errorf("write account: %w", err)
	}
	n, err := res.RowsAffected()
	if n != 1 {
		err = errors.Join(err, ErrMoved)
	}
	return err
}

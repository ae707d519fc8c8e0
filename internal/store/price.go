package store

import (
	"context"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
)

// A Price is an amount that a price had at Stripe.
type Price struct {
	Amount   money.Amount
	SyncedAt time.Time // as of when
}

// Prices returns the amounts stored, by the slugs of their prices.
func (db *DB) Prices(ctx context.Context) (map[id.Slug]Price, error) {
	rows, err := db.reads.QueryContext(ctx, "SELECT slug, amount, currency, synced_at FROM price")
	if err != nil {
		return nil, fmt.Errorf("read prices: %w", err)
	}
	out := map[id.Slug]Price{}
	err = each(rows, func() error {
		var slug id.Slug
		var p Price
		var at int64
		err := rows.Scan(&slug, &p.Amount.Minor, &p.Amount.Currency, &at)
		p.SyncedAt = moment(at)
		out[slug] = p
		return err
	})
	return out, err
}

// SyncPrice stores an amount unless a later one is there.
func (tx *Tx) SyncPrice(ctx context.Context, slug id.Slug, p Price) error {
	_, err := tx.sql.ExecContext(ctx, `
		INSERT INTO price (slug, amount, currency, synced_at)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (slug) DO UPDATE SET amount = excluded.amount, currency = excluded.currency, synced_at = excluded.synced_at
		WHERE price.synced_at <= excluded.synced_at`, string(slug), p.Amount.Minor, p.Amount.Currency, micros(p.SyncedAt))
	if err != nil {
		return fmt.Errorf("write price: %w", err)
	}
	return nil
}

package store

import (
	"context"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/subscription"
)

// A Subscription is one row of a customer's subscriptions: a span in which plan, status and paid period stayed as they are.
// Rows that follow one another with the same Plan and Since are one subscription.
type Subscription struct {
	ID      string
	Plan    id.Slug
	Status  string
	Cycle   period.Cycle
	Since   time.Time // when the subscription to Plan began
	EndedAt time.Time // of the row; zero while it is the current one
	Paid    subscription.Paid
}

// SubscriptionsOf returns up to limit rows of a customer's subscriptions, newest first.
func (db *DB) SubscriptionsOf(ctx context.Context, key id.Key, limit int) ([]Subscription, error) {
	return db.subscriptions(ctx, `WHERE s.customer = $1
		ORDER BY s.started_at DESC, s.id
		LIMIT $2`, int64(key), limit)
}

// SubscriptionOf returns the row of a customer's subscriptions with an id, and false when there is none.
func (db *DB) SubscriptionOf(ctx context.Context, key id.Key, name string) (Subscription, bool, error) {
	rows, err := db.subscriptions(ctx, `WHERE s.customer = $1 AND s.id = $2`, int64(key), name)
	if err != nil || len(rows) == 0 {
		return Subscription{}, false, err
	}
	return rows[0], true, nil
}

func (db *DB) subscriptions(ctx context.Context, where string, args ...any) ([]Subscription, error) {
	rows, err := db.reads.QueryContext(ctx, `
		SELECT s.id, s.plan, s.status, s.anchor, s.months, s.since, s.ended_at, s.paid_start, s.paid_end, s.paid_at, s.paid_amount, s.paid_refunded
		FROM subscription AS s
		`+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read subscriptions: %w", err)
	}
	var out []Subscription
	err = each(rows, func() error {
		var s Subscription
		var anchor, months, since, ended, start, end, paid int64
		err := rows.Scan(&s.ID, &s.Plan, &s.Status, &anchor, &months, &since, &ended, &start, &end, &paid, &s.Paid.Amount, &s.Paid.Refunded)
		s.Cycle = period.Cycle{Anchor: moment(anchor), Months: int(months)}
		s.Since, s.EndedAt = moment(since), moment(ended)
		s.Paid.Start, s.Paid.End, s.Paid.At = moment(start), moment(end), moment(paid)
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read subscriptions: %w", err)
	}
	return out, nil
}

// CountCustomers returns how many customers there are, leaving out those erased.
func (db *DB) CountCustomers(ctx context.Context) (int, error) {
	var n int
	if err := db.reads.QueryRowContext(ctx, "SELECT COUNT(*) FROM customer WHERE erased_at = 0").Scan(&n); err != nil {
		return 0, fmt.Errorf("count customers: %w", err)
	}
	return n, nil
}

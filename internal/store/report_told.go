package store

import (
	"context"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/id"
)

// Reported is what a period's steps come to, in whole units.
type Reported struct {
	Events   int64     // that Stripe has taken as meter events
	Carried  int64     // on a later invoice
	Failed   int64     // given up
	Included int64     // never to be told
	Pending  int64     // to be told yet
	Last     int64     // the number of the last one taken
	Tried    bool      // one that is pending has been tried
	CheckAt  time.Time // when the last one that was sent is compared with what Stripe counts; zero when each has been
}

// All returns what has reached an invoice, or will.
func (r Reported) All() int64 { return r.Events + r.Carried }

// ReportedOf adds up the steps of a period.
func (db *DB) ReportedOf(ctx context.Context, k ReportKey) (Reported, error) {
	return db.ReportedBefore(ctx, k, time.Unix(1<<40, 0))
}

// ReportedBefore adds up the steps of a period that were told to be of before a moment.
func (db *DB) ReportedBefore(ctx context.Context, k ReportKey, at time.Time) (Reported, error) {
	var r Reported
	rows, err := db.reads.QueryContext(ctx, `
		SELECT state, CAST(SUM(quantity) AS BIGINT), MAX(number), MAX(attempts), MAX(CASE WHEN error = '' THEN next_at ELSE 0 END)
		FROM usage_report
		WHERE customer = $1 AND meter = $2 AND period_start = $3 AND at < $4
		GROUP BY state
		ORDER BY state`, int64(k.Customer), string(k.Meter), micros(k.Start), at.Unix())
	if err != nil {
		return r, fmt.Errorf("read reports: %w", err)
	}
	err = each(rows, func() error {
		var state string
		var sum, last, tries, next int64
		if err := rows.Scan(&state, &sum, &last, &tries, &next); err != nil {
			return err
		}
		switch state {
		case ReportSent, ReportConfirmed:
			r.Events, r.Last = r.Events+sum, max(r.Last, last)
			if state == ReportSent {
				r.CheckAt = moment(next)
			}
		case ReportCarried:
			r.Carried += sum
		case ReportFailed:
			r.Failed += sum
		case ReportIncluded:
			r.Included += sum
		default:
			r.Pending, r.Tried = r.Pending+sum, tries > 0
		}
		return nil
	})
	return r, err
}

// LatestReports returns the last step of each period of a customer that ended after a moment, in the order of the meters.
func (db *DB) LatestReports(ctx context.Context, customer id.Key, after time.Time) ([]Report, error) {
	return db.reports(ctx, `
		SELECT `+reportColumns+`
		FROM usage_report AS u
		WHERE customer = $1 AND period_end > $2 AND number = (
			SELECT MAX(n.number)
			FROM usage_report AS n
			WHERE n.customer = u.customer AND n.meter = u.meter AND n.period_start = u.period_start)
		ORDER BY meter, period_start`, int64(customer), micros(after))
}

// IncludeReport keeps a step that is never told nor billed: by what a period comes to, r.Total, more or less than with the steps before.
// It fills in number, identifier and quantity; identify makes the identifier of a number. Nothing is kept where that is nothing.
func (tx *Tx) IncludeReport(ctx context.Context, r Report, identify func(number int64) string) error {
	const tries = 10 // somebody else may take a number
	for range tries {
		var number, total int64
		err := tx.sql.QueryRowContext(ctx, `
			SELECT number, total
			FROM usage_report
			WHERE customer = $1 AND meter = $2 AND period_start = $3
			ORDER BY number DESC
			LIMIT 1`, int64(r.Customer), string(r.Meter), micros(r.Start)).Scan(&number, &total)
		if err != nil && !None(err) {
			return fmt.Errorf("read reports: %w", err)
		}
		if r.Total == total {
			return nil
		}
		res, err := tx.sql.ExecContext(ctx, `
			INSERT INTO usage_report (`+reportColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'included', 0, $11, '', $11)
			ON CONFLICT DO NOTHING`, int64(r.Customer), string(r.Meter), micros(r.Start), number+1, micros(r.End), r.Event, identify(number+1),
			r.Total-total, r.Total, r.At.Unix(), micros(r.CreatedAt))
		if err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
	}
	return fmt.Errorf("write report: every number was taken")
}

// CorrectReport keeps a step that is not sent, for Stripe counts it already, and reports false when its number is taken.
func (db *DB) CorrectReport(ctx context.Context, r Report) (fresh bool, err error) {
	err = db.Update(ctx, func(tx *Tx) error {
		res, err := tx.sql.ExecContext(ctx, `
			INSERT INTO usage_report (`+reportColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'confirmed', 0, $11, '', $11)
			ON CONFLICT DO NOTHING`, int64(r.Customer), string(r.Meter), micros(r.Start), r.Number, micros(r.End), r.Event, r.Identifier,
			r.Quantity, r.Total, r.At.Unix(), micros(r.CreatedAt))
		if err != nil {
			return fmt.Errorf("correct report: %w", err)
		}
		n, err := res.RowsAffected()
		fresh = n == 1
		return err
	})
	return fresh, err
}

// HastenReports has the pending steps of a customer that carry an error tried now.
func (db *DB) HastenReports(ctx context.Context, customer id.Key, now time.Time) error {
	return db.Update(ctx, func(tx *Tx) error {
		_, err := tx.sql.ExecContext(ctx, "UPDATE usage_report SET next_at = $2 WHERE customer = $1 AND state = 'pending' AND error <> '' AND next_at > $2",
			int64(customer), micros(now))
		if err != nil {
			return fmt.Errorf("hasten reports: %w", err)
		}
		return nil
	})
}

// TroubledReportsOf returns the steps of a customer that carry an error, those of a meter together, the latest first.
func (db *DB) TroubledReportsOf(ctx context.Context, customer id.Key, limit int) ([]Report, error) {
	return db.reports(ctx, `
		SELECT `+reportColumns+`
		FROM usage_report
		WHERE customer = $1 AND state IN ('pending', 'failed') AND error <> ''
		ORDER BY meter, created_at DESC, number
		LIMIT $2`, int64(customer), limit)
}

// TroubledReports returns the steps that carry an error, those of a meter together, the latest first.
func (db *DB) TroubledReports(ctx context.Context, limit int) ([]Report, error) {
	return db.reports(ctx, `
		SELECT `+reportColumns+`
		FROM usage_report
		WHERE state IN ('pending', 'sent', 'failed') AND error <> ''
		ORDER BY meter, created_at DESC, customer, number
		LIMIT $1`, limit)
}

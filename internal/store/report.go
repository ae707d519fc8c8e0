package store

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
)

// A ReportKey names a billing period's usage of a customer's meter, or credits pool.
type ReportKey struct {
	Customer id.Key
	Meter    id.Slug
	Start    time.Time // of the period
}

// A Report is one step in which usage is told to Stripe.
type Report struct {
	ReportKey
	End        time.Time // of the period
	Number     int64     // 1, 2, 3 … within the period
	Event      string    // the meter's name at Stripe
	Identifier string    // once within the customer
	Quantity   int64     // whole units; below 0 takes back
	Total      int64     // of the period with this step
	At         time.Time // within the period, in whole seconds: when Stripe is told that it was used
	State      string
	Attempts   int64
	NextAt     time.Time
	Error      string // of the last attempt, for the operator
	CreatedAt  time.Time
}

// The states of a report.
const (
	ReportPending   = "pending"   // to be told at NextAt
	ReportSent      = "sent"      // Stripe has taken it; to be compared with what Stripe counts at NextAt
	ReportConfirmed = "confirmed" // Stripe counts it
	ReportCarried   = "carried"   // it came after its invoice, and is an item of the next one
	ReportFailed    = "failed"    // given up: a person must look
	ReportIncluded  = "included"  // not told, and not billed: it was used before the plan that bills it was in force
)

const reportColumns = "customer, meter, period_start, number, period_end, event, identifier, quantity, total, at, state, attempts, next_at, error, created_at"

func scanReport(row scanner) (Report, error) {
	var r Report
	var start, end, at, next, created int64
	err := row.Scan(&r.Customer, &r.Meter, &start, &r.Number, &end, &r.Event, &r.Identifier, &r.Quantity, &r.Total, &at, &r.State, &r.Attempts,
		&next, &r.Error, &created)
	r.Start, r.End, r.At = moment(start), moment(end), time.Unix(at, 0).UTC()
	r.NextAt, r.CreatedAt = moment(next), moment(created)
	return r, err
}

// PutReports keeps steps whose numbers are free, pending where they have no state, and returns how many those were. A number that is taken was counted by
// somebody else from the same usage.
func (db *DB) PutReports(ctx context.Context, reports ...Report) (fresh int, err error) {
	if len(reports) == 0 {
		return 0, nil
	}
	err = db.Update(ctx, func(tx *Tx) error {
		fresh = 0
		for _, r := range reports {
			res, err := tx.sql.ExecContext(ctx, `
				INSERT INTO usage_report (`+reportColumns+`)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, '', $13)
				ON CONFLICT DO NOTHING`, int64(r.Customer), string(r.Meter), micros(r.Start), r.Number, micros(r.End), r.Event, r.Identifier,
				r.Quantity, r.Total, r.At.Unix(), cmp.Or(r.State, ReportPending), micros(r.NextAt), micros(r.CreatedAt))
			if err != nil {
				return fmt.Errorf("write report: %w", err)
			}
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			fresh += int(n)
		}
		return nil
	})
	return fresh, err
}

// LastReports returns the last step of each of the periods named that has one.
func (db *DB) LastReports(ctx context.Context, keys []ReportKey) (map[ReportKey]Report, error) {
	type key struct {
		C string  `json:"c"`
		M id.Slug `json:"m"`
		P string  `json:"p"`
	}
	list := make([]key, len(keys))
	for i, k := range keys {
		list[i] = key{fmt.Sprint(int64(k.Customer)), k.Meter, fmt.Sprint(micros(k.Start))}
	}
	packed, err := pack(list)
	if err != nil {
		return nil, err
	}
	const of = `%[1]s.customer = CAST(r.value->>'c' AS BIGINT) AND %[1]s.meter = r.value->>'m' AND %[1]s.period_start = CAST(r.value->>'p' AS BIGINT)`
	all, err := db.reports(ctx, `
		SELECT u.`+reportColumns+`
		FROM `+db.rows+` AS r
		`+db.match("usage_report", "u", fmt.Sprintf(of, "u")+` AND u.number = (SELECT MAX(n.number) FROM usage_report AS n WHERE `+fmt.Sprintf(of, "n")+`)`, "")+`
		ORDER BY u.customer, u.meter, u.period_start`, packed)
	out := map[ReportKey]Report{}
	for _, r := range all {
		out[r.ReportKey] = r
	}
	return out, err
}

func (db *DB) reports(ctx context.Context, query string, args ...any) ([]Report, error) {
	rows, err := db.reads.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read reports: %w", err)
	}
	var all []Report
	err = each(rows, func() error {
		r, err := scanReport(rows)
		all = append(all, r)
		return err
	})
	return all, err
}

// claimReports takes pending steps on: of one customer and meter only ever the first that waits. %s are a further condition, an end
// of the query, and a lock.
const claimReports = `
	UPDATE usage_report
	SET next_at = $1, attempts = attempts + 1
	WHERE (customer, meter, period_start, number) IN (
		SELECT u.customer, u.meter, u.period_start, u.number
		FROM usage_report AS u
		WHERE u.state = 'pending' AND %s AND NOT EXISTS (
			SELECT 1
			FROM usage_report AS o
			WHERE o.customer = u.customer AND o.meter = u.meter AND o.state = 'pending'
				AND (o.period_start, o.number) < (u.period_start, u.number))
		ORDER BY %s)
	RETURNING ` + reportColumns

// ClaimReports returns pending steps whose time has come, and puts them off until a later time: whoever claims them works
// on them until then.
func (db *DB) ClaimReports(ctx context.Context, now, until time.Time, limit int) ([]Report, error) {
	skip := ""
	if db.Postgres() {
		skip = " FOR UPDATE OF u SKIP LOCKED"
	}
	query := fmt.Sprintf(claimReports, "u.next_at <= $2", "u.next_at, u.customer, u.meter LIMIT $3"+skip)
	return db.updateReports(ctx, query, micros(until), micros(now), limit)
}

// ClaimReportsOf is ClaimReports for one customer whose usage must be told at once: a step whose time has not come is returned,
// too, and one that somebody else works on. Told twice it counts once, by its identifier.
func (db *DB) ClaimReportsOf(ctx context.Context, customer id.Key, until time.Time) ([]Report, error) {
	query := fmt.Sprintf(claimReports, "u.customer = $2", "u.meter")
	return db.updateReports(ctx, query, micros(until), int64(customer))
}

// ClaimChecks returns sent steps that are to be compared with what Stripe counts, and puts them off until a later time.
func (db *DB) ClaimChecks(ctx context.Context, now, until time.Time, limit int) ([]Report, error) {
	skip := ""
	if db.Postgres() {
		skip = "FOR UPDATE SKIP LOCKED"
	}
	return db.updateReports(ctx, `
		UPDATE usage_report
		SET next_at = $2
		WHERE (customer, meter, period_start, number) IN (
			SELECT customer, meter, period_start, number
			FROM usage_report
			WHERE state = 'sent' AND next_at <= $1
			ORDER BY next_at, customer, meter
			LIMIT $3 `+skip+`)
		RETURNING `+reportColumns, micros(now), micros(until), limit)
}

func (db *DB) updateReports(ctx context.Context, query string, args ...any) (all []Report, err error) {
	err = db.Update(ctx, func(tx *Tx) error {
		all = nil
		rows, err := tx.sql.QueryContext(ctx, query, args...)
		if err != nil {
			return fmt.Errorf("claim reports: %w", err)
		}
		return each(rows, func() error {
			r, err := scanReport(rows)
			all = append(all, r)
			return err
		})
	})
	return all, err
}

// SettleReport writes what became of a pending step that was claimed as an attempt: r.Attempts may be another number, of what is to count.
// One that somebody else has claimed since, or settled, stays as it is.
func (db *DB) SettleReport(ctx context.Context, r Report, attempt int64) error {
	return db.Update(ctx, func(tx *Tx) error {
		_, err := tx.sql.ExecContext(ctx, `
			UPDATE usage_report
			SET state = $5, attempts = $6, next_at = $7, error = $8, at = $9
			WHERE customer = $1 AND meter = $2 AND period_start = $3 AND number = $4 AND state = 'pending' AND attempts = $10`,
			int64(r.Customer), string(r.Meter), micros(r.Start), r.Number, r.State, r.Attempts, micros(r.NextAt), r.Error, r.At.Unix(), attempt)
		if err != nil {
			return fmt.Errorf("settle report: %w", err)
		}
		return nil
	})
}

// SettleChecks says of the sent steps of a period, up to a number, whether Stripe counts them: they are confirmed when
// trouble is empty, else they keep it.
func (db *DB) SettleChecks(ctx context.Context, k ReportKey, upTo int64, trouble string) error {
	state := ReportConfirmed
	if trouble != "" {
		state = ReportSent
	}
	return db.Update(ctx, func(tx *Tx) error {
		_, err := tx.sql.ExecContext(ctx, `
			UPDATE usage_report
			SET state = $5, error = $6
			WHERE customer = $1 AND meter = $2 AND period_start = $3 AND number <= $4 AND state = 'sent'`,
			int64(k.Customer), string(k.Meter), micros(k.Start), upTo, state, trouble)
		if err != nil {
			return fmt.Errorf("settle report: %w", err)
		}
		return nil
	})
}

// A PaidPeriod is a billing period that an invoice paid for, and the plan it was for at its end.
type PaidPeriod struct {
	period.Span
	Plan     id.Slug
	Refunded bool // some of it
}

// PaidPeriods returns the periods of customers that were paid for and ended after a moment, oldest first.
func (db *DB) PaidPeriods(ctx context.Context, customers []id.Key, after time.Time) (map[id.Key][]PaidPeriod, error) {
	list := make([]string, len(customers))
	for i, k := range customers {
		list[i] = fmt.Sprint(int64(k))
	}
	packed, err := packNames(list)
	if err != nil {
		return nil, err
	}
	rows, err := db.reads.QueryContext(ctx, `
		SELECT s.customer, s.plan, s.paid_start, s.paid_end, s.paid_refunded
		FROM `+db.rows+` AS r
		`+db.match("subscription", "s", "s.customer = CAST(r.value->>'n' AS BIGINT)", "")+`
		WHERE s.paid_at > 0 AND s.paid_end > $2
		ORDER BY s.customer, s.paid_start, CASE WHEN s.ended_at = 0 THEN 1 ELSE 0 END, s.ended_at`, packed, micros(after))
	if err != nil {
		return nil, fmt.Errorf("read paid periods: %w", err)
	}
	out := map[id.Key][]PaidPeriod{}
	err = each(rows, func() error {
		var key id.Key
		var p PaidPeriod
		var start, end, refunded int64
		if err := rows.Scan(&key, &p.Plan, &start, &end, &refunded); err != nil {
			return err
		}
		p.Start, p.End, p.Refunded = moment(start), moment(end), refunded > 0
		if all := out[key]; len(all) > 0 && all[len(all)-1].Start.Equal(p.Start) {
			all[len(all)-1] = p
			return nil
		}
		out[key] = append(out[key], p)
		return nil
	})
	return out, err
}

// WindowLines returns the lines by which windows of accounts opened and closed, recorded at or after a moment of each, in
// their order.
func (db *DB) WindowLines(ctx context.Context, since map[AccountKey]time.Time) (map[AccountKey][]credit.Entry, error) {
	type key struct {
		C string  `json:"c"`
		S id.Slug `json:"s"`
		F string  `json:"f"`
	}
	list := make([]key, 0, len(since))
	for k, from := range since {
		list = append(list, key{fmt.Sprint(int64(k.Customer)), k.Slug, fmt.Sprint(micros(from))})
	}
	packed, err := pack(list)
	if err != nil {
		return nil, err
	}
	rows, err := db.reads.QueryContext(ctx, `
		SELECT `+entryColumns+`
		FROM `+db.rows+` AS r
		`+db.match("entry", "e", `e.account = r.value->>'s' AND e.customer = CAST(r.value->>'c' AS BIGINT)
			AND e.kind IN ('allowance', 'expire', 'plan_change') AND e.recorded_at >= CAST(r.value->>'f' AS BIGINT)`, "")+`
		WHERE e.kind <> 'expire' OR e.cause = 'window'
		ORDER BY e.customer, e.account, e.seq`, packed)
	if err != nil {
		return nil, fmt.Errorf("read windows: %w", err)
	}
	out := map[AccountKey][]credit.Entry{}
	err = each(rows, func() error {
		e, err := scanEntry(rows)
		out[e.AccountKey] = append(out[e.AccountKey], e.Entry)
		return err
	})
	return out, err
}

// CustomersByKeys returns the customers of keys, but those unknown or erased.
func (db *DB) CustomersByKeys(ctx context.Context, keys []id.Key) ([]Customer, error) {
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = fmt.Sprint(int64(k))
	}
	packed, err := packNames(list)
	if err != nil {
		return nil, err
	}
	return db.customers(ctx, `SELECT `+customerColumns+`
		FROM `+db.rows+` AS r
		`+db.match("customer", "c", "c.id = CAST(r.value->>'n' AS BIGINT)", "")+`
		`+db.match("subscription", "s", "s.customer = c.id AND s.ended_at = 0", "")+`
		WHERE c.erased_at = 0
		ORDER BY c.id`, packed)
}

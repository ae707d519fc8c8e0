package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/usage"
)

// A MeterKey names a meter of a customer.
type MeterKey struct {
	Customer id.Key
	Meter    id.Slug
}

// A UsageFact is a ledger line as the statistics see it, and whose it is.
type UsageFact struct {
	MeterKey
	usage.Fact
	Account    id.Slug
	Properties json.RawMessage // where they were asked for
}

// UsageMonth is a row of the roll-up.
type UsageMonth struct {
	MeterKey
	Account id.Slug
	Slots   usage.Slots
}

// UsageRead is usage as the roll-up has it, and the lines that are not in it yet.
type UsageRead struct {
	Months []UsageMonth
	Tail   []UsageFact
}

// ofAccount is the tally t of account a.
const ofAccount = "t.customer = a.customer AND t.account = a.slug"

// UsageOf returns the usage of meters within a span, as of one moment of the database: the roll-up's months that the span
// touches, and the facts within the span that are not in the roll-up, those of other meters of the same
// customers included.
func (db *DB) UsageOf(ctx context.Context, keys []MeterKey, span period.Span) (UsageRead, error) {
	type pair struct {
		C string  `json:"c"`
		M id.Slug `json:"m"`
	}
	list := make([]pair, len(keys))
	for i, k := range keys {
		list[i] = pair{fmt.Sprint(int64(k.Customer)), k.Meter}
	}
	packed, err := pack(list)
	if err != nil {
		return UsageRead{}, err
	}
	return db.readUsage(ctx, span, `
		SELECT d.customer, d.meter, d.account, d.slots, 0, 0
		FROM `+db.rows+` AS r
		`+db.match("usage_month", "d", "d.customer = CAST(r.value->>'c' AS BIGINT) AND d.meter = r.value->>'m' AND d.month BETWEEN $2 AND $3", "")+`
		UNION ALL
		SELECT a.customer, '', a.slug, '', COALESCE(t.seq, 0), a.seq
		FROM (SELECT DISTINCT CAST(value->>'c' AS BIGINT) AS customer FROM `+db.rows+`) AS r
		`+db.match("account", "a", "a.customer = r.customer", "")+`
		`+db.maybe("usage_tally", "t", ofAccount)+`
		WHERE a.seq > COALESCE(t.seq, 0)`, packed, usage.MonthOf(span.Start), usage.MonthOf(span.End))
}

// UsageOfAll is UsageOf for every customer there is, of one meter, or of all when it is empty; the facts are those of every
// meter.
func (db *DB) UsageOfAll(ctx context.Context, meter id.Slug, span period.Span) (UsageRead, error) {
	return db.readUsage(ctx, span, `
		SELECT d.customer, d.meter, d.account, d.slots, 0, 0
		FROM usage_month AS d
		WHERE d.month BETWEEN $1 AND $2 AND (d.meter = $3 OR $3 = '')
		UNION ALL
		SELECT a.customer, '', a.slug, '', COALESCE(t.seq, 0), a.seq
		FROM account AS a
		LEFT JOIN usage_tally AS t ON `+ofAccount+`
		WHERE a.seq > COALESCE(t.seq, 0)`, usage.MonthOf(span.Start), usage.MonthOf(span.End), string(meter))
}

// readUsage runs a query for months and, in the same moment, for the accounts that have grown since they were rolled up:
// from which line to which. Lines never change, so they can be read after it.
func (db *DB) readUsage(ctx context.Context, span period.Span, query string, args ...any) (UsageRead, error) {
	var out UsageRead
	rows, err := db.reads.QueryContext(ctx, query, args...)
	if err != nil {
		return out, fmt.Errorf("read usage: %w", err)
	}
	var grown []LineRange
	err = each(rows, func() error {
		var m UsageMonth
		var slots string
		var from, to int64
		if err := rows.Scan(&m.Customer, &m.Meter, &m.Account, &slots, &from, &to); err != nil {
			return err
		}
		if m.Meter == "" {
			grown = append(grown, LineRange{AccountKey{m.Customer, m.Account}, from + 1, to})
			return nil
		}
		var err error
		m.Slots, err = usage.ParseSlots(slots)
		out.Months = append(out.Months, m)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("read usage: %w", err)
	}
	out.Tail, err = db.facts(ctx, grown, span)
	return out, err
}

// facts reads lines as the roll-up does.
func (db *DB) facts(ctx context.Context, ranges []LineRange, span period.Span) ([]UsageFact, error) {
	if len(ranges) == 0 {
		return nil, nil
	}
	packed, err := packRanges(ranges)
	if err != nil {
		return nil, err
	}
	const within = `r.value->>'s' AND %[1]s.customer = CAST(r.value->>'c' AS BIGINT)
		AND %[1]s.seq BETWEEN CAST(r.value->>'f' AS BIGINT) AND CAST(r.value->>'l' AS BIGINT)`
	rows, err := db.reads.QueryContext(ctx, `
		SELECT 1, e.customer, e.meter, e.account, e.seq, e.at, e.amount
		FROM `+db.rows+` AS r
		`+db.match("event", "e", "e.account = "+fmt.Sprintf(within, "e"), "")+`
		WHERE e.at >= $2 AND e.at < $3
		UNION ALL
		SELECT 2, e.customer, e.meter, e.account, e.seq, e.at, e.amount
		FROM `+db.rows+` AS r
		`+db.match("entry", "v", "v.kind = 'void' AND v.account = "+fmt.Sprintf(within, "v"), "")+`
		`+db.match("event", "e", "e.customer = v.customer AND e.transaction_id = v.cause", "")+`
		WHERE e.at >= $2 AND e.at < $3`, packed, micros(span.Start), micros(span.End))
	if err != nil {
		return nil, fmt.Errorf("read usage: %w", err)
	}
	var out []UsageFact
	err = each(rows, func() error {
		var f UsageFact
		var kind int
		var at int64
		err := rows.Scan(&kind, &f.Customer, &f.Meter, &f.Account, &f.Seq, &at, (*int64)(&f.Amount))
		f.At, f.Void = moment(at), kind == 2
		out = append(out, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read usage: %w", err)
	}
	return out, nil
}

func packRanges(ranges []LineRange) (string, error) {
	type part struct {
		C string  `json:"c"`
		S id.Slug `json:"s"`
		F string  `json:"f"`
		L string  `json:"l"`
	}
	list := make([]part, len(ranges))
	for i, r := range ranges {
		list[i] = part{fmt.Sprint(int64(r.Customer)), r.Slug, fmt.Sprint(r.First), fmt.Sprint(r.Final)}
	}
	return pack(list)
}

// A LineRange is a part of an account's ledger.
type LineRange struct {
	AccountKey
	First, Final int64
}

// AllLines is every line of an account.
func AllLines(k AccountKey) LineRange { return LineRange{k, 1, math.MaxInt64} }

// EventsWithin calls do with each event of the ranges that happened within a span and was not voided, with its
// properties.
func (db *DB) EventsWithin(ctx context.Context, ranges []LineRange, span period.Span, do func(UsageFact) error) error {
	packed, err := packRanges(ranges)
	if err != nil {
		return err
	}
	rows, err := db.reads.QueryContext(ctx, `
		SELECT e.customer, e.meter, e.account, e.seq, e.at, e.amount, e.properties
		FROM `+db.rows+` AS r
		`+db.match("event", "e", `e.account = r.value->>'s' AND e.customer = CAST(r.value->>'c' AS BIGINT)
			AND e.seq BETWEEN CAST(r.value->>'f' AS BIGINT) AND CAST(r.value->>'l' AS BIGINT)`, "")+`
		WHERE e.voided_at = 0 AND e.at >= $2 AND e.at < $3`, packed, micros(span.Start), micros(span.End))
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	err = each(rows, func() error {
		var f UsageFact
		var at int64
		var properties string
		if err := rows.Scan(&f.Customer, &f.Meter, &f.Account, &f.Seq, &at, (*int64)(&f.Amount), &properties); err != nil {
			return err
		}
		f.At, f.Properties = moment(at), json.RawMessage(properties)
		return do(f)
	})
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	return nil
}

// ResetsOf returns the last reset of a customer's balance and the one before it; zero times where there is none.
func (db *DB) ResetsOf(ctx context.Context, k AccountKey) (last, before time.Time, err error) {
	rows, err := db.reads.QueryContext(ctx, `
		SELECT e.at
		FROM entry AS e
		WHERE e.customer = $1 AND e.account = $2 AND e.kind = 'reset'
		ORDER BY e.seq DESC
		LIMIT 2`, int64(k.Customer), string(k.Slug))
	if err != nil {
		return last, before, fmt.Errorf("read resets: %w", err)
	}
	err = each(rows, func() error {
		var at int64
		if err := rows.Scan(&at); err != nil {
			return err
		}
		if last.IsZero() {
			last = moment(at)
		} else {
			before = moment(at)
		}
		return nil
	})
	return last, before, err
}

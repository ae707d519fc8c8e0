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

// UsageDay is a row of the roll-up.
type UsageDay struct {
	MeterKey
	Account id.Slug
	Slots   usage.Slots
}

// UsageRead is usage as the roll-up has it, and the lines that are not in it yet.
type UsageRead struct {
	Days []UsageDay
	Tail []UsageFact
}

// tailFrom joins the ledger lines that the roll-up has not counted to accounts a.
const tailFrom = `
	LEFT JOIN usage_tally AS t ON t.customer = a.customer AND t.account = a.slug `

// UsageOf returns the usage of meters within a span, from one moment of the database: the roll-up's days that the span
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
	accounts := `
		FROM (SELECT DISTINCT CAST(value->>'c' AS BIGINT) AS customer FROM ` + db.rows + `) AS r
		` + db.match("account", "a", "a.customer = r.customer", "") + tailFrom
	return db.readUsage(ctx, `
		SELECT 0, d.customer, d.meter, d.account, d.slots, 0, 0, 0
		FROM `+db.rows+` AS r
		`+db.match("usage_day", "d", "d.customer = CAST(r.value->>'c' AS BIGINT) AND d.meter = r.value->>'m' AND d.day BETWEEN $2 AND $3", "")+db.tails(accounts, "$4", "$5"),
		packed, usage.DayOf(span.Start), usage.DayOf(span.End), micros(span.Start), micros(span.End))
}

// UsageOfAll is UsageOf for every customer there is; the facts are those of the meter alone, or of all when it is empty.
// An erased customer's usage is left out.
func (db *DB) UsageOfAll(ctx context.Context, meter id.Slug, span period.Span) (UsageRead, error) {
	accounts := `
		FROM account AS a` + tailFrom
	grown := " AND a.seq > COALESCE(t.seq, 0) AND (e.meter = $5 OR $5 = '')"
	return db.readUsage(ctx, `
		SELECT 0, d.customer, d.meter, d.account, d.slots, 0, 0, 0
		FROM usage_day AS d
		WHERE d.day BETWEEN $1 AND $2 AND (d.meter = $5 OR $5 = '')`+db.tails(accounts, "$3", "$4", grown),
		usage.DayOf(span.Start), usage.DayOf(span.End), micros(span.Start), micros(span.End), string(meter))
}

// tails returns the parts of a UNION with the facts behind the tally, of accounts a with their tally t, that happened
// between two parameters.
func (d dialect) tails(accounts, from, to string, more ...string) string {
	where := " WHERE e.at >= " + from + " AND e.at < " + to
	for _, m := range more {
		where += m
	}
	return `
		UNION ALL
		SELECT 1, e.customer, e.meter, e.account, '', e.seq, e.at, e.amount` + accounts + `
		` + d.match("event", "e", "e.account = a.slug AND e.customer = a.customer AND e.seq > COALESCE(t.seq, 0)", "") + where + `
		UNION ALL
		SELECT 2, e.customer, e.meter, e.account, '', e.seq, e.at, e.amount` + accounts + `
		` + d.match("entry", "v", "v.account = a.slug AND v.customer = a.customer AND v.seq > COALESCE(t.seq, 0) AND v.kind = 'void'", "") + `
		` + d.match("event", "e", "e.customer = v.customer AND e.transaction_id = v.cause", "") + where
}

func (db *DB) readUsage(ctx context.Context, query string, args ...any) (UsageRead, error) {
	var out UsageRead
	rows, err := db.reads.QueryContext(ctx, query, args...)
	if err != nil {
		return out, fmt.Errorf("read usage: %w", err)
	}
	err = each(rows, func() error {
		var f UsageFact
		var kind int
		var at int64
		var slots string
		if err := rows.Scan(&kind, &f.Customer, &f.Meter, &f.Account, &slots, &f.Seq, &at, (*int64)(&f.Amount)); err != nil {
			return err
		}
		if kind != 0 {
			f.At, f.Void = moment(at), kind == 2
			out.Tail = append(out.Tail, f)
			return nil
		}
		parsed, err := usage.ParseSlots(slots)
		out.Days = append(out.Days, UsageDay{f.MeterKey, f.Account, parsed})
		return err
	})
	if err != nil {
		return out, fmt.Errorf("read usage: %w", err)
	}
	return out, nil
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
	packed, err := pack(list)
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

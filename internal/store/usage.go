package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate/tollgate/credit"
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
	slots   string
	grain   time.Duration // of the slots
}

// EachSlot calls do with each slot of the month, in the order of time. Those of usage.Day have what usage.EachDay says.
func (m *UsageMonth) EachSlot(do func(usage.Slot)) error {
	if m.grain == usage.Day {
		return m.named(usage.EachDay(m.slots, do))
	}
	return m.named(usage.EachSlot(m.slots, do))
}

// CountInto counts the month's slots into a series by way of r, and gives those that the series cuts to cut; see
// usage.SlotReader.
func (m *UsageMonth) CountInto(s *usage.Series, r *usage.SlotReader, cut func(usage.Slot)) error {
	return m.named(r.AddTo(s, m.slots, m.grain, cut))
}

func (m *UsageMonth) named(err error) error {
	if err != nil {
		return fmt.Errorf("roll-up of customer %d, %s: %w", m.Customer, m.Meter, err)
	}
	return nil
}

// UsageRead is usage as the roll-up has it, and the lines that are not in it yet.
type UsageRead struct {
	Months []UsageMonth
	Tail   []UsageFact
}

// ofAccount is the tally t of account a.
const ofAccount = "t.customer = a.customer AND t.account = a.slug"

// UsageOf returns the usage of a meter within a span, as of one moment of the database: the roll-up's months that the span
// touches, in slots of usage.Grain or usage.Day, and the facts within the span that are not in the roll-up, those of other
// meters of the same customer included. With it comes the state of one of the customer's accounts, empty when it has no row.
func (db *DB) UsageOf(ctx context.Context, k MeterKey, account id.Slug, span period.Span, grain time.Duration) (UsageRead, credit.State, error) {
	var out UsageRead
	var state credit.State
	args := []any{int64(k.Customer), string(account), usage.MonthOf(span.Start), usage.MonthOf(span.End)}
	months := `
		SELECT '', 0, FALSE, 0, 0, 0, FALSE, FALSE, 0, 0, d.days, -1
		FROM usage_days AS d
		WHERE d.customer = $1 AND d.month BETWEEN $3 AND $4`
	if grain != usage.Day {
		args = append(args, string(k.Meter))
		months = `
		SELECT d.account, 0, FALSE, 0, 0, 0, FALSE, FALSE, 0, 0, d.slots, -1
		FROM usage_month AS d
		WHERE d.customer = $1 AND d.month BETWEEN $3 AND $4 AND d.meter = $5`
	}
	rows, err := db.reads.QueryContext(ctx, months+`
		UNION ALL
		SELECT `+stateColumns+`, COALESCE(t.seq, 0)
		FROM account AS a
		LEFT JOIN usage_tally AS t ON `+ofAccount+`
		WHERE a.customer = $1 AND (a.seq > COALESCE(t.seq, 0) OR a.slug = $2)`, args...)
	if err != nil {
		return out, state, fmt.Errorf("read usage: %w", err)
	}
	var grown []LineRange
	err = each(rows, func() error {
		var a stateRow
		var tally int64
		if err := rows.Scan(a.columns(&tally)...); err != nil {
			return err
		}
		if tally < 0 && grain == usage.Day {
			eachOf(a.detail, func(meter, account id.Slug, days string) {
				if meter == k.Meter {
					out.Months = append(out.Months, UsageMonth{k, account, days, grain})
				}
			})
			return nil
		}
		if tally < 0 {
			out.Months = append(out.Months, UsageMonth{k, a.slug, a.detail, grain})
			return nil
		}
		if a.state.Seq > tally {
			grown = append(grown, LineRange{AccountKey{k.Customer, a.slug}, tally + 1, a.state.Seq})
		}
		if a.slug != account {
			return nil
		}
		var err error
		state, err = a.read()
		return err
	})
	if err != nil {
		return out, state, fmt.Errorf("read usage: %w", err)
	}
	out.Tail, err = db.facts(ctx, grown, span)
	return out, state, err
}

// A CustomerUsage is usage of one of several customers.
type CustomerUsage struct {
	Name id.Customer
	Key  id.Key
	UsageRead
}

// EachUsage is UsageOf for several meters of several customers: of those that exist, erased ones left out. It calls do with
// each as it is read, while the statement goes on; those with lines that are not in the roll-up come last.
func (db *DB) EachUsage(ctx context.Context, names []id.Customer, meters []id.Slug, span period.Span, grain time.Duration, do func(CustomerUsage)) error {
	packed, err := pack(names)
	if err != nil {
		return err
	}
	args := []any{packed, usage.MonthOf(span.Start), usage.MonthOf(span.End)}
	// Accounts and tallies are each read in one go, tallies only when no row says that it has all lines, and both in words only
	// when they differ: no tally is ahead of its account.
	const accounts = "(SELECT SUM(a.seq) FROM account AS a WHERE a.customer = c.id)"
	const ledger = `CASE WHEN ` + accounts + ` > COALESCE((SELECT SUM(t.seq) FROM usage_tally AS t WHERE t.customer = c.id), 0)
				THEN concat('|', (SELECT string_agg(concat(a.slug, ' ', a.seq), ' ') FROM account AS a WHERE a.customer = c.id), '/',
					(SELECT string_agg(concat(t.account, ' ', t.seq), ' ') FROM usage_tally AS t WHERE t.customer = c.id))
				ELSE '' END`
	rolled := `SELECT concat(string_agg(d.days, ' '), CASE WHEN COALESCE(MAX(d.lines), 0) < ` + accounts + ` THEN ` + ledger + ` ELSE '' END)
				FROM usage_days AS d
				WHERE d.customer = c.id AND d.month BETWEEN $2 AND $3`
	if grain != usage.Day {
		asked := make([]string, len(meters)) // equalities: to SQLite a list is a table to look up in
		for i, m := range meters {
			args = append(args, string(m))
			asked[i] = fmt.Sprintf("d.meter = $%d", len(args))
		}
		rolled = `SELECT concat(string_agg(concat(d.meter, ' ', d.account, ' ', d.slots), ' '), ` + ledger + `)
				FROM usage_month AS d
				WHERE d.customer = c.id AND d.month BETWEEN $2 AND $3 AND (` + strings.Join(asked, " OR ") + ")"
	}
	// One row per customer: handing over a row takes SQLite longer than finding it.
	rows, err := db.reads.QueryContext(ctx, `
		SELECT c.external_id, c.id, (`+rolled+`)
		FROM `+db.texts+` AS r
		`+db.match("customer", "c", "c.external_id = r.value", "")+`
		WHERE `+unerased, args...)
	if err != nil {
		return fmt.Errorf("read usage: %w", err)
	}
	var behind []CustomerUsage
	var grown []LineRange
	at := map[id.Key]int{} // among those behind
	err = each(rows, func() error {
		var u CustomerUsage
		var text string
		if err := rows.Scan(&u.Name, &u.Key, &text); err != nil {
			return err
		}
		months, ledger, grew := strings.Cut(text, "|") // which neither words nor slots have
		u.Months = make([]UsageMonth, 0, 2*len(meters))
		eachOf(months, func(meter, account id.Slug, slots string) {
			if slices.Contains(meters, meter) {
				u.Months = append(u.Months, UsageMonth{MeterKey{u.Key, meter}, account, slots, grain})
			}
		})
		if !grew {
			do(u)
			return nil
		}
		at[u.Key], behind = len(behind), append(behind, u)
		accounts, tallies, _ := strings.Cut(ledger, "/")
		return unrolledOf(u.Key, accounts, tallies, func(r LineRange) { grown = append(grown, r) })
	})
	if err != nil {
		return fmt.Errorf("read usage: %w", err)
	}
	tail, err := db.facts(ctx, grown, span)
	if err != nil {
		return err
	}
	for _, f := range tail {
		of := &behind[at[f.Customer]]
		of.Tail = append(of.Tail, f)
	}
	for _, u := range behind {
		do(u)
	}
	return nil
}

// unrolledOf calls do with the lines of each account that the roll-up has not. accounts and tallies are words: of each, its
// slug and how far it is.
func unrolledOf(customer id.Key, accounts, tallies string, do func(LineRange)) error {
	for accounts != "" {
		slug, last := word(&accounts), word(&accounts)
		tally := "0"
		for rest := tallies; rest != ""; {
			if of, seq := word(&rest), word(&rest); of == slug {
				tally = seq
				break
			}
		}
		if tally == last {
			continue
		}
		from, err1 := strconv.ParseInt(tally, 10, 64)
		to, err2 := strconv.ParseInt(last, 10, 64)
		if err := cmp.Or(err1, err2); err != nil {
			return err
		}
		do(LineRange{AccountKey{customer, id.Slug(slug)}, from + 1, to})
	}
	return nil
}

// word cuts the first word off a text.
func word(text *string) string {
	w, rest, _ := strings.Cut(*text, " ")
	*text = rest
	return w
}

// facts reads lines as the roll-up does. Lines never change, so it may read them after the query that found how far the
// roll-up is.
func (db *DB) facts(ctx context.Context, ranges []LineRange, span period.Span) ([]UsageFact, error) {
	if len(ranges) == 0 {
		return nil, nil
	}
	packed, err := packRanges(ranges)
	if err != nil {
		return nil, err
	}
	rows, err := db.reads.QueryContext(ctx, `
		SELECT 1, e.customer, e.meter, e.account, e.seq, e.at, e.amount
		`+db.eventsWithin(db.packedRanges(), "meter", "at", "amount")+`
		WHERE e.at >= $2 AND e.at < $3
		UNION ALL
		SELECT 2, e.customer, e.meter, e.account, e.seq, e.at, e.amount
		FROM (`+db.packedRanges()+`) AS r
		`+db.match("entry", "v", "v.kind = 'void' AND v.account = r.s AND v.customer = r.c AND v.seq BETWEEN r.f AND r.l", "")+`
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
		`+db.eventsWithin(db.packedRanges(), "meter", "at", "amount", "voided_at", "properties")+`
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

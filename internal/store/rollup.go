package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// rollForm is the form of what is rolled up, which a migration counts up when it changes: slots, and days without the numbers of
// lines beside them.
const rollForm = 2

// rollMax is how many lines of one account one run of Roll counts.
const rollMax = 4096

// Unrolled returns up to limit accounts, after the one named, whose ledger has at least so many lines that the roll-up
// has not counted, in key order.
func (db *DB) Unrolled(ctx context.Context, after AccountKey, lines int64, limit int) ([]AccountKey, error) {
	rows, err := db.reads.QueryContext(ctx, `
		SELECT a.customer, a.slug
		FROM account AS a
		LEFT JOIN usage_tally AS t ON `+ofAccount+`
		WHERE (a.customer, a.slug) > (CAST($1 AS BIGINT), $2) AND a.seq - COALESCE(t.seq, 0) >= $3
		ORDER BY a.customer, a.slug
		LIMIT $4`, int64(after.Customer), string(after.Slug), lines, limit)
	if err != nil {
		return nil, fmt.Errorf("find lines to roll up: %w", err)
	}
	var out []AccountKey
	err = each(rows, func() error {
		var k AccountKey
		err := rows.Scan(&k.Customer, &k.Slug)
		out = append(out, k)
		return err
	})
	return out, err
}

// A monthKey names a row of the roll-up.
type monthKey struct {
	MeterKey
	month   int64
	account id.Slug
}

// A roll is what the lines of one account from one to another add to its roll-up.
type roll struct {
	from, to int64
	months   map[monthKey]*usage.Slots
}

func (r *roll) add(k AccountKey, meter id.Slug, f usage.Fact) {
	d := monthKey{MeterKey{k.Customer, meter}, usage.MonthOf(f.At), k.Slug}
	if r.months[d] == nil {
		r.months[d] = &usage.Slots{}
	}
	r.months[d].Add(f)
}

// Roll counts the next lines of accounts into the roll-up and returns those of which more are left: where runs has lines
// behind an account's tally, those, and of the others up to rollMax, which it reads. What another process counts at the same
// moment is left to it. Reading goes before the transaction, which is short.
func (db *DB) Roll(ctx context.Context, keys []AccountKey, runs map[AccountKey]*Run) (more []AccountKey, err error) {
	rolls, err := db.remembered(ctx, runs)
	if err != nil {
		return nil, err
	}
	unread := slices.DeleteFunc(slices.Clone(keys), func(k AccountKey) bool { return rolls[k] != nil })
	if len(unread) > 0 {
		var read map[AccountKey]*roll
		if read, more, err = db.unrolled(ctx, unread); err != nil {
			return more, err
		}
		maps.Copy(rolls, read)
	}
	maps.DeleteFunc(rolls, func(_ AccountKey, r *roll) bool { return r.from == r.to })
	if len(rolls) == 0 {
		return more, nil
	}
	return more, db.Update(ctx, func(tx *Tx) error {
		won, err := tx.tally(ctx, rolls)
		if err != nil {
			return err
		}
		months := map[monthKey]usage.Slots{}
		for _, k := range won {
			for d, slots := range rolls[k].months {
				months[d] = slots.Clone()
			}
		}
		if err := tx.mergeMonths(ctx, months); err != nil {
			return err
		}
		if err := tx.writeMonths(ctx, months); err != nil {
			return err
		}
		return tx.writeDays(ctx, months)
	})
}

// unrolled reads the lines behind each account's tally.
func (db *DB) unrolled(ctx context.Context, keys []AccountKey) (map[AccountKey]*roll, []AccountKey, error) {
	list, err := packKeys(keys)
	if err != nil {
		return nil, nil, err
	}
	accounts := `
		FROM ` + db.rows + ` AS r
		` + db.match("account", "a", "a.customer = CAST(r.value->>'c' AS BIGINT) AND a.slug = r.value->>'s'", "") + `
		` + db.maybe("usage_tally", "t", ofAccount)
	ranges := `SELECT a.customer AS c, a.slug AS s, COALESCE(t.seq, 0) + 1 AS f, COALESCE(t.seq, 0) + ` + strconv.Itoa(rollMax) + ` AS l` + accounts
	rows, err := db.reads.QueryContext(ctx, `
		SELECT 0, a.customer, '', a.slug, a.seq, COALESCE(t.seq, 0), 0`+accounts+`
		UNION ALL
		SELECT 1, e.customer, e.meter, e.account, e.seq, e.at, e.amount
		`+db.eventsWithin(ranges, "meter", "at", "amount")+`
		UNION ALL
		SELECT 2, e.customer, e.meter, v.account, e.seq, e.at, e.amount -- with the line that undoes it, whose tally moves
		FROM (`+ranges+`) AS r
		`+db.match("entry", "v", "v.account = r.s AND v.customer = r.c AND v.kind = 'void' AND v.seq BETWEEN r.f AND r.l", "")+`
		`+db.match("event", "e", "e.customer = v.customer AND e.transaction_id = v.cause", ""), list)
	if err != nil {
		return nil, nil, fmt.Errorf("read lines to roll up: %w", err)
	}
	rolls := map[AccountKey]*roll{}
	of := func(k AccountKey) *roll {
		if rolls[k] == nil {
			rolls[k] = &roll{months: map[monthKey]*usage.Slots{}}
		}
		return rolls[k]
	}
	var more []AccountKey
	err = each(rows, func() error {
		var kind int
		var k AccountKey
		var meter id.Slug
		var seq, at int64
		var amount quantity.Units
		if err := rows.Scan(&kind, &k.Customer, &meter, &k.Slug, &seq, &at, (*int64)(&amount)); err != nil {
			return err
		}
		r := of(k)
		if kind == 0 {
			r.from, r.to = at, min(seq, at+rollMax)
			if r.to < seq {
				more = append(more, k)
			}
			return nil
		}
		r.add(k, meter, usage.Fact{At: moment(at), Amount: amount, Seq: seq, Void: kind == 2})
		return nil
	})
	return rolls, more, err
}

// tally moves the tallies that are still where they were read, and returns their accounts.
func (tx *Tx) tally(ctx context.Context, rolls map[AccountKey]*roll) ([]AccountKey, error) {
	type step struct {
		C string  `json:"c"`
		S id.Slug `json:"s"`
		F string  `json:"f"`
		T string  `json:"t"`
	}
	list := make([]step, 0, len(rolls))
	for k, r := range rolls {
		list = append(list, step{fmt.Sprint(int64(k.Customer)), k.Slug, fmt.Sprint(r.from), fmt.Sprint(r.to)})
	}
	packed, err := pack(list)
	if err != nil {
		return nil, err
	}
	// In key order, so that two processes never wait for each other.
	rows, err := tx.sql.QueryContext(ctx, `
		INSERT INTO usage_tally (customer, account, seq, was, spelling)
		SELECT CAST(r.value->>'c' AS BIGINT), r.value->>'s', CAST(r.value->>'t' AS BIGINT), CAST(r.value->>'f' AS BIGINT), $2
		FROM `+tx.rows+` AS r
		WHERE TRUE
		ORDER BY 1, 2
		ON CONFLICT (customer, account) DO UPDATE SET seq = excluded.seq, was = excluded.was
		WHERE usage_tally.seq = excluded.was
		RETURNING customer, account`, packed, rollForm)
	if err != nil {
		return nil, fmt.Errorf("move tallies: %w", err)
	}
	var won []AccountKey
	err = each(rows, func() error {
		var k AccountKey
		err := rows.Scan(&k.Customer, &k.Slug)
		won = append(won, k)
		return err
	})
	return won, err
}

type monthRow struct {
	C string  `json:"c"`
	M id.Slug `json:"m"`
	D string  `json:"d"`
	A id.Slug `json:"a"`
	S string  `json:"s,omitempty"`
}

func packMonths(months map[monthKey]usage.Slots, slots bool) (string, error) {
	list := make([]monthRow, 0, len(months))
	for k, s := range months {
		row := monthRow{C: fmt.Sprint(int64(k.Customer)), M: k.Meter, D: fmt.Sprint(k.month), A: k.account}
		if slots {
			row.S = s.String()
		}
		list = append(list, row)
	}
	slices.SortFunc(list, func(a, b monthRow) int {
		return cmp.Or(cmp.Compare(a.C, b.C), cmp.Compare(a.D, b.D), cmp.Compare(a.M, b.M), cmp.Compare(a.A, b.A))
	})
	return pack(list)
}

// mergeMonths adds to months what their rows count already.
func (tx *Tx) mergeMonths(ctx context.Context, months map[monthKey]usage.Slots) error {
	list, err := packMonths(months, false)
	if err != nil {
		return err
	}
	rows, err := tx.sql.QueryContext(ctx, `
		SELECT d.customer, d.meter, d.month, d.account, d.slots
		FROM `+tx.rows+` AS r
		`+tx.match("usage_month", "d", `d.customer = CAST(r.value->>'c' AS BIGINT) AND d.meter = r.value->>'m'
			AND d.month = CAST(r.value->>'d' AS BIGINT) AND d.account = r.value->>'a'`, ""), list)
	if err != nil {
		return fmt.Errorf("read roll-up: %w", err)
	}
	return each(rows, func() error {
		var k monthKey
		var text string
		if err := rows.Scan(&k.Customer, &k.Meter, &k.month, &k.account, &text); err != nil {
			return err
		}
		known, err := usage.ParseSlots(text)
		if err != nil {
			return fmt.Errorf("roll-up of customer %d, %s, month %d: %w", k.Customer, k.Meter, k.month, err)
		}
		known.Merge(months[k])
		months[k] = known
		return nil
	})
}

func (tx *Tx) writeMonths(ctx context.Context, months map[monthKey]usage.Slots) error {
	list, err := packMonths(months, true)
	if err != nil {
		return err
	}
	_, err = tx.sql.ExecContext(ctx, `
		INSERT INTO usage_month (customer, meter, month, account, slots)
		SELECT CAST(r.value->>'c' AS BIGINT), r.value->>'m', CAST(r.value->>'d' AS BIGINT), r.value->>'a', r.value->>'s'
		FROM `+tx.rows+` AS r
		WHERE TRUE
		ON CONFLICT (customer, month, meter, account) DO UPDATE SET slots = excluded.slots`, list)
	if err != nil {
		return fmt.Errorf("write roll-up: %w", err)
	}
	return nil
}

// RolledOf returns an account's tally and its rows of the roll-up. Where the days kept of a month are not what its slots add
// up to, it is returned without slots; where they claim lines that are not rolled up, a month of no meter.
func (tx *Tx) RolledOf(ctx context.Context, k AccountKey) (tally int64, months map[MeterKey]map[int64]usage.Slots, err error) {
	months = map[MeterKey]map[int64]usage.Slots{}
	of := func(meter id.Slug) map[int64]usage.Slots {
		m := MeterKey{k.Customer, meter}
		if months[m] == nil {
			months[m] = map[int64]usage.Slots{}
		}
		return months[m]
	}
	days, err := tx.daysOf(ctx, k)
	if err != nil {
		return 0, nil, err
	}
	rows, err := tx.sql.QueryContext(ctx, `
		SELECT t.seq, COALESCE(d.meter, ''), COALESCE(d.month, 0), COALESCE(d.slots, '')
		FROM usage_tally AS t
		LEFT JOIN usage_month AS d ON d.customer = t.customer AND d.account = t.account
		WHERE t.customer = $1 AND t.account = $2`, int64(k.Customer), string(k.Slug))
	if err != nil {
		return 0, nil, fmt.Errorf("read roll-up: %w", err)
	}
	err = each(rows, func() error {
		var d dayKey
		var text string
		if err := rows.Scan(&tally, &d.meter, &d.month, &text); err != nil || d.meter == "" {
			return err
		}
		slots, err := usage.ParseSlots(text)
		if days[d] != slots.SpellDays() {
			slots = nil
		}
		delete(days, d)
		of(d.meter)[d.month] = slots
		return err
	})
	for d := range days {
		of(d.meter)[d.month] = nil
	}
	return tally, months, err
}

// Recount counts an account's lines up to final as the roll-up does, from the ledger alone.
func (tx *Tx) Recount(ctx context.Context, k AccountKey, final int64) (map[MeterKey]map[int64]usage.Slots, error) {
	rows, err := tx.sql.QueryContext(ctx, `
		SELECT 1, e.meter, e.seq, e.at, e.amount
		`+tx.eventsWithin(`SELECT CAST($1 AS BIGINT) AS c, CAST($2 AS TEXT) AS s, CAST(1 AS BIGINT) AS f, CAST($3 AS BIGINT) AS l`, "meter", "at", "amount")+`
		UNION ALL
		SELECT 2, e.meter, e.seq, e.at, e.amount
		FROM entry AS v
		JOIN event AS e ON e.customer = v.customer AND e.transaction_id = v.cause
		WHERE v.account = $2 AND v.customer = $1 AND v.seq <= $3 AND v.kind = 'void'`, int64(k.Customer), string(k.Slug), final)
	if err != nil {
		return nil, fmt.Errorf("count usage again: %w", err)
	}
	out := map[MeterKey]map[int64]usage.Slots{}
	err = each(rows, func() error {
		var kind int
		var f usage.Fact
		var at int64
		m := MeterKey{Customer: k.Customer}
		if err := rows.Scan(&kind, &m.Meter, &f.Seq, &at, (*int64)(&f.Amount)); err != nil {
			return err
		}
		f.At, f.Void = moment(at), kind == 2
		if out[m] == nil {
			out[m] = map[int64]usage.Slots{}
		}
		slots := out[m][usage.MonthOf(f.At)]
		slots.Add(f)
		out[m][usage.MonthOf(f.At)] = slots
		return nil
	})
	return out, err
}

package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/usage"
)

// eachOf calls do with what words say of a customer's months: meter, account and slots, again and again, as a row of days has
// them.
func eachOf(words string, do func(meter, account id.Slug, slots string)) {
	for words != "" {
		meter := id.Slug(word(&words))
		account := id.Slug(word(&words))
		do(meter, account, word(&words))
	}
}

// A dayRow is the days of a customer's month.
type dayRow struct {
	customer id.Key
	month    int64
}

type packedDays struct {
	C string `json:"c"`
	D string `json:"d"`
	Y string `json:"y,omitempty"`
}

// writeDays adds up the slots of months, in place of what was kept of the same meters and accounts. Other accounts of a
// customer share its row: it is locked before it is read, and rows in one order, so that two processes never wait for each other.
func (tx *Tx) writeDays(ctx context.Context, months map[monthKey]usage.Slots) error {
	changed := map[dayRow]map[string]string{} // days by meter and account
	for k, slots := range months {
		row := dayRow{k.Customer, k.month}
		if changed[row] == nil {
			changed[row] = map[string]string{}
		}
		changed[row][string(k.Meter)+" "+string(k.account)] = slots.SpellDays()
	}
	order := make([]packedDays, 0, len(changed))
	for row := range changed {
		order = append(order, packedDays{C: fmt.Sprint(int64(row.customer)), D: fmt.Sprint(row.month)})
	}
	slices.SortFunc(order, func(a, b packedDays) int { return cmp.Or(cmp.Compare(a.C, b.C), cmp.Compare(a.D, b.D)) })
	list, err := pack(order)
	if err != nil {
		return err
	}
	rows, err := tx.sql.QueryContext(ctx, `
		INSERT INTO usage_days (customer, month, days)
		SELECT CAST(r.value->>'c' AS BIGINT), CAST(r.value->>'d' AS BIGINT), ''
		FROM `+tx.rows+` AS r
		WHERE TRUE
		ON CONFLICT (customer, month) DO UPDATE SET days = usage_days.days
		RETURNING customer, month, days`, list)
	if err != nil {
		return fmt.Errorf("lock days: %w", err)
	}
	err = each(rows, func() error {
		var row dayRow
		var text string
		if err := rows.Scan(&row.customer, &row.month, &text); err != nil {
			return err
		}
		eachOf(text, func(meter, account id.Slug, days string) {
			of := string(meter) + " " + string(account)
			if _, ok := changed[row][of]; !ok {
				changed[row][of] = days
			}
		})
		return nil
	})
	if err != nil {
		return fmt.Errorf("read days: %w", err)
	}
	full := make([]packedDays, 0, len(changed))
	for row, days := range changed {
		words := make([]string, 0, len(days))
		for of, text := range days {
			words = append(words, of+" "+text)
		}
		slices.Sort(words)
		full = append(full, packedDays{fmt.Sprint(int64(row.customer)), fmt.Sprint(row.month), strings.Join(words, " ")})
	}
	if list, err = pack(full); err != nil {
		return err
	}
	// A tally that is seen here is of this transaction or of one whose days are committed with it: whoever sees this row sees them.
	_, err = tx.sql.ExecContext(ctx, `
		INSERT INTO usage_days (customer, month, days, lines)
		SELECT CAST(r.value->>'c' AS BIGINT), CAST(r.value->>'d' AS BIGINT), r.value->>'y',
			(SELECT COALESCE(SUM(t.seq), 0) FROM usage_tally AS t WHERE t.customer = CAST(r.value->>'c' AS BIGINT))
		FROM `+tx.rows+` AS r
		WHERE TRUE
		ON CONFLICT (customer, month) DO UPDATE SET days = excluded.days, lines = excluded.lines`, list)
	if err != nil {
		return fmt.Errorf("write days: %w", err)
	}
	return nil
}

// A dayKey names days of an account.
type dayKey struct {
	month int64
	meter id.Slug
}

// daysOf returns the days kept of an account, and days of no meter where a row claims more lines than the customer's tallies have.
func (tx *Tx) daysOf(ctx context.Context, k AccountKey) (map[dayKey]string, error) {
	rows, err := tx.sql.QueryContext(ctx, `
		SELECT d.month, d.days, d.lines > (SELECT COALESCE(SUM(t.seq), 0) FROM usage_tally AS t WHERE t.customer = d.customer)
		FROM usage_days AS d
		WHERE d.customer = $1`, int64(k.Customer))
	if err != nil {
		return nil, fmt.Errorf("read days: %w", err)
	}
	out := map[dayKey]string{}
	err = each(rows, func() error {
		var month int64
		var text string
		var ahead bool
		err := rows.Scan(&month, &text, &ahead)
		eachOf(text, func(meter, account id.Slug, days string) {
			if account == k.Slug {
				out[dayKey{month, meter}] = days
			}
		})
		if ahead {
			out[dayKey{month: month}] = ""
		}
		return err
	})
	return out, err
}

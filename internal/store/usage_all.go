package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/usage"
)

// UsageOfAll is UsageOf for every customer there is, of one meter, or of all when it is empty: it calls month with each row of
// the roll-up, then fact with each line that is not in it, and keeps neither.
func (db *DB) UsageOfAll(ctx context.Context, meter id.Slug, span period.Span, month func(UsageMonth) error, fact func(UsageFact)) error {
	rows, err := db.reads.QueryContext(ctx, `
		SELECT d.customer, d.meter, d.account, d.slots, 0, 0
		FROM usage_month AS d
		WHERE d.month BETWEEN $1 AND $2 AND (d.meter = $3 OR $3 = '')
		UNION ALL
		SELECT a.customer, '', a.slug, '', COALESCE(t.seq, 0), a.seq
		FROM account AS a
		LEFT JOIN usage_tally AS t ON `+ofAccount+`
		WHERE a.seq > COALESCE(t.seq, 0)`, usage.MonthOf(span.Start), usage.MonthOf(span.End), string(meter))
	if err != nil {
		return fmt.Errorf("read usage: %w", err)
	}
	var grown []LineRange
	err = each(rows, func() error {
		m := UsageMonth{grain: usage.Grain}
		var from, to int64
		if err := rows.Scan(&m.Customer, &m.Meter, &m.Account, &m.slots, &from, &to); err != nil {
			return err
		}
		if m.Meter == "" {
			grown = append(grown, LineRange{AccountKey{m.Customer, m.Account}, from + 1, to})
			return nil
		}
		return month(m)
	})
	if err != nil {
		return fmt.Errorf("read usage: %w", err)
	}
	for some := range slices.Chunk(grown, rangesAtOnce) {
		lines, err := db.facts(ctx, some, span)
		if err != nil {
			return err
		}
		for _, f := range lines {
			if f.Meter == meter || meter == "" {
				fact(f)
			}
		}
	}
	return nil
}

// rangesAtOnce is of how many accounts UsageOfAll reads lines together.
const rangesAtOnce = 500

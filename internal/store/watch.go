package store

import (
	"context"
	"fmt"

	"github.com/tollgate/tollgate/id"
)

// VersionsOf returns a number for each of the customers named that exist. It changes with every write to what the
// customer's plan gives or to one of its balances.
func (db *DB) VersionsOf(ctx context.Context, names []id.Customer) (map[id.Customer]int64, error) {
	list, err := packNames(names)
	if err != nil {
		return nil, err
	}
	rows, err := db.reads.QueryContext(ctx, `
		SELECT c.external_id, c.version + COALESCE((SELECT CAST(SUM(a.version) AS BIGINT) FROM account AS a WHERE a.customer = c.id), 0)
		FROM `+db.rows+` AS r
		`+db.match("customer", "c", "c.external_id = r.value->>'n'", "")+`
		WHERE c.erased_at = 0
		ORDER BY c.id`, list)
	if err != nil {
		return nil, fmt.Errorf("read versions: %w", err)
	}
	out := make(map[id.Customer]int64, len(names))
	err = each(rows, func() error {
		var name id.Customer
		var version int64
		err := rows.Scan(&name, &version)
		out[name] = version
		return err
	})
	return out, err
}

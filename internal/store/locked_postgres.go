package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
)

// On PostgreSQL, Locked is two pipelined round trips: one begins, locks and reads, the other writes and commits.
// Others wait for the locks as long as both take, so what lies between them counts twice.

// missing says that an account has no row yet.
var errMissing = errors.New("an account has no row")

// lockStatements returns what begins a transaction and reads w into f. The accounts come first: what is read after their
// locks is what nobody changes any more, for a statement sees what was committed when it began. changed gets the
// customers that w does not know, or not as they are.
func (d dialect) lockStatements(w Want, f *Found, changed *[]int64) []statement {
	out := []statement{{text: "BEGIN"}}
	if f.Counted {
		out = append(out, countStatement(w, f))
	} else {
		out = append(out, d.accountsAndCustomers(w, f, changed)...)
	}
	if len(w.Transactions) > 0 {
		out = append(out, statement{text: eventsNamed(d), args: nameArrays(w.Transactions), read: func(row scanner) error {
			e, err := scanEvent(row)
			f.Events[Name{e.Key, string(e.TransactionID)}] = &e
			return err
		}})
	}
	if len(w.Entries) > 0 {
		out = append(out, statement{text: `SELECT ` + entryColumns + `
			FROM unnest($1::bigint[], $2::text[]) AS r(customer, name)
			` + d.match("entry", "e", "e.customer = r.customer AND e.name = r.name", ""), args: nameArrays(w.Entries), read: func(row scanner) error {
			e, err := scanEntry(row)
			f.Entries[Name{e.Customer, e.Name}] = &e
			return err
		}})
	}
	return out
}

// accountsAndCustomers locks and reads the accounts of w, and reads their customers.
func (d dialect) accountsAndCustomers(w Want, f *Found, changed *[]int64) []statement {
	customers, slugs := make([]int64, len(w.Accounts)), make([]string, len(w.Accounts))
	for i, k := range w.Accounts {
		customers[i], slugs[i] = int64(k.Customer), string(k.Slug)
	}
	return []statement{
		{text: `SELECT ` + d.accountColumns("0::bigint") + `
			FROM (SELECT customer, slug FROM unnest($1::bigint[], $2::text[]) AS k(customer, slug) ORDER BY 1, 2) AS r
			` + d.match("account", "a", "a.customer = r.customer AND a.slug = r.slug", d.lock), args: []any{customers, slugs},
			read: func(row scanner) error {
				a, err := scanAccount(row)
				f.Accounts[a.AccountKey] = &a
				return err
			}},
		{text: `SELECT c.id, c.version
			FROM unnest($1::bigint[]) AS r(customer)
			` + d.match("customer", "c", "c.id = r.customer", "") + `
			WHERE c.erased_at = 0`, args: []any{slices.Compact(slices.Sorted(slices.Values(customers)))},
			read: func(row scanner) error {
				var key id.Key
				var version int64
				err := row.Scan(&key, &version)
				if c := w.Known[key]; c != nil && c.Version == version {
					f.Customers[key] = c
				} else {
					*changed = append(*changed, int64(key))
				}
				return err
			}},
	}
}

// eventsNamed reads the events of nameArrays whose customers have not been erased.
func eventsNamed(d dialect) string {
	return `SELECT ` + eventColumns + `
		FROM unnest($1::bigint[], $2::text[]) AS r(customer, name)
		` + d.match("event", "e", "e.customer = r.customer AND e.transaction_id = r.name", "") + `
		` + d.match("customer", "c", "c.id = e.customer", "") + `
		WHERE c.erased_at = 0`
}

func nameArrays(names []Name) []any {
	customers, texts := make([]int64, len(names)), make([]string, len(names))
	for i, n := range names {
		customers[i], texts[i] = int64(n.Customer), n.Name
	}
	return []any{customers, texts}
}

// lockedPostgres is Locked; errMissing says that nothing was done for want of an account's row.
func (db *DB) lockedPostgres(ctx context.Context, w Want, decide func(Found) (*Batch, error)) error {
	return db.again(ctx, func() error {
		return db.pool.AcquireFunc(ctx, func(pooled *pgxpool.Conn) error {
			conn := pooled.Conn()
			f, err := db.lockAndRead(ctx, conn, w)
			var all []statement
			if err == nil {
				all, err = decided(w, f, decide)
			}
			if err == nil {
				err = db.writeAndCommit(ctx, conn, all)
			}
			if err != nil {
				return errors.Join(err, rollBackConn(ctx, conn))
			}
			return nil
		})
	})
}

// rollBackConn ends the transaction of a connection. One that cannot be ended is closed by the pool.
func rollBackConn(ctx context.Context, conn *pgx.Conn) error {
	if conn.IsClosed() || conn.PgConn().IsBusy() || conn.PgConn().TxStatus() == 'I' {
		return nil
	}
	_, err := conn.PgConn().Exec(ctx, "ROLLBACK").ReadAll()
	return err
}

func (db *DB) lockAndRead(ctx context.Context, conn *pgx.Conn, w Want) (Found, error) {
	f := Found{
		Accounts: make(map[AccountKey]*Account, len(w.Accounts)), Customers: make(map[id.Key]*Customer, len(w.Accounts)),
		Events: map[Name]*Event{}, Entries: map[Name]*Entry{},
		Counted: len(w.Counts) > 0,
		Seen: func(ctx context.Context, v Value) (Seen, error) {
			return scanSeen(v, conn.QueryRow(ctx, db.schema.in(seenSelect), v.key()...))
		},
		Past: func(ctx context.Context, k AccountKey) (lines []credit.Entry, err error) {
			rows, err := conn.Query(ctx, db.schema.in(entriesPast), string(k.Slug), int64(k.Customer))
			if err != nil {
				return nil, fmt.Errorf("read entries: %w", err)
			}
			err = eachRow(rows, func(row scanner) error {
				e, err := scanEntry(row)
				lines = append(lines, e.Entry)
				return err
			})
			return lines, err
		},
	}
	var changed []int64
	_, err := db.fly(ctx, conn, db.lockStatements(w, &f, &changed)...)
	switch {
	case err != nil:
	case f.Counted && len(f.Accounts) < len(w.Counts):
		err = errUnforeseen
	case !f.Counted && len(f.Accounts) < len(w.Accounts):
		err = errMissing
	}
	if err == nil && len(changed) > 0 {
		err = db.readChanged(ctx, conn, changed, f.Customers)
	}
	if err != nil {
		return f, fmt.Errorf("lock and read: %w", err)
	}
	for k, a := range f.Accounts {
		c, ok := f.Customers[k.Customer]
		if !ok { // erased
			delete(f.Accounts, k)
			continue
		}
		a.CustomerVersion = c.Version
	}
	return f, nil
}

// readChanged reads customers as a statement after the locks sees them.
func (db *DB) readChanged(ctx context.Context, conn *pgx.Conn, keys []int64, out map[id.Key]*Customer) error {
	rows, err := conn.Query(ctx, db.schema.in(`SELECT `+customerColumns+`
		FROM unnest($1::bigint[]) AS r(customer)
		`+db.match("customer", "c", "c.id = r.customer", "")+`
		`+db.match("subscription", "s", "s.customer = c.id AND s.ended_at = 0", "")+`
		WHERE c.erased_at = 0`), keys)
	if err != nil {
		return err
	}
	return eachRow(rows, func(row scanner) error {
		c, err := scanCustomer(row)
		out[c.Key] = &c
		return err
	})
}

func eachRow(rows pgx.Rows, read func(scanner) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := read(rows); err != nil {
			return err
		}
	}
	rows.Close()
	return rows.Err()
}

// decided returns what writes the batch that decide returns.
func decided(w Want, f Found, decide func(Found) (*Batch, error)) ([]statement, error) {
	b, err := decide(f)
	if err != nil {
		return nil, err
	}
	if b == nil {
		b = &Batch{}
	}
	var all []statement
	if f.Counted {
		all, err = b.countedStatements(w.Counts, f)
	} else {
		all, err = b.statements()
	}
	if err != nil {
		return nil, fmt.Errorf("write batch: %w", err)
	}
	return all, nil
}

// writeAndCommit is the second round trip.
func (db *DB) writeAndCommit(ctx context.Context, conn *pgx.Conn, all []statement) error {
	end, err := db.fly(ctx, conn, append(all, statement{text: "COMMIT"})...)
	if err == nil {
		err = committed(end)
	}
	if pgCode(err) == movedCode {
		err = ErrMoved
	}
	return db.seen("write batch", err)
}

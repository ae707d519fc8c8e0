package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/subscription"
)

// A Customer is a customer's row joined with the current subscription's.
type Customer struct {
	Key        id.Key
	ExternalID id.Customer
	Version    int64 // rises with every change to what the plan gives
	Name       string
	Email      string
	Timezone   string            // IANA name; empty for the catalog's
	Metadata   map[string]string // never nil when read
	CreatedAt  time.Time
	UpdatedAt  time.Time

	Adjustments []credit.LimitAdjustment // of its limits, oldest first, those that are over included

	Subscription string // id
	Plan         id.Slug
	Status       string
	Cycle        period.Cycle
	Since        time.Time         // when the subscription to Plan began
	Paid         subscription.Paid // the period at Stripe; none when nothing is billed
}

const (
	customerColumns = `c.id, c.external_id, c.version, c.name, c.email, c.timezone, c.metadata, c.adjustments, c.created_at, c.updated_at,
		s.id, s.plan, s.status, s.anchor, s.months, s.since, s.paid_start, s.paid_end, s.paid_at, s.paid_amount, s.paid_refunded`
	customerFrom = `
		FROM customer AS c
		JOIN subscription AS s ON s.customer = c.id AND s.ended_at = 0`

	// erasedPrefix begins the externalIds of erased customers, and of others if they like.
	erasedPrefix = "erased:"
	// unerased holds for customers that are not erased. Nearly all names say so without a look at the row.
	unerased = "(substr(c.external_id, 1, 7) <> '" + erasedPrefix + "' OR c.erased_at = 0)"
)

func scanCustomer(row scanner) (Customer, error) {
	var c Customer
	var metadata, adjustments string
	var created, updated, anchor, months, since, start, end, paid int64
	err := row.Scan(&c.Key, &c.ExternalID, &c.Version, &c.Name, &c.Email, &c.Timezone, &metadata, &adjustments, &created, &updated,
		&c.Subscription, &c.Plan, &c.Status, &anchor, &months, &since, &start, &end, &paid, &c.Paid.Amount, &c.Paid.Refunded)
	if err != nil {
		return c, err
	}
	c.Metadata = map[string]string{}
	if err := json.Unmarshal([]byte(metadata), &c.Metadata); err != nil {
		return c, fmt.Errorf("customer %d: %w", c.Key, err)
	}
	if adjustments != "" {
		if err := json.Unmarshal([]byte(adjustments), &c.Adjustments); err != nil {
			return c, fmt.Errorf("customer %d: %w", c.Key, err)
		}
	}
	c.CreatedAt, c.UpdatedAt, c.Since = moment(created), moment(updated), moment(since)
	c.Cycle = period.Cycle{Anchor: moment(anchor), Months: int(months)}
	c.Paid.Start, c.Paid.End, c.Paid.At = moment(start), moment(end), moment(paid)
	return c, nil
}

// InsertCustomer writes a new customer with its subscription, and reports false, writing nothing, when the
// externalId is taken.
func (tx *Tx) InsertCustomer(ctx context.Context, c Customer) (bool, error) {
	metadata, err := pack(c.Metadata)
	if err != nil {
		return false, err
	}
	res, err := tx.sql.ExecContext(ctx, `
		INSERT INTO customer (id, external_id, version, name, email, timezone, metadata, created_at, updated_at, erased_at)
		VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $7, 0)
		ON CONFLICT (external_id) DO NOTHING`,
		int64(c.Key), string(c.ExternalID), c.Name, c.Email, c.Timezone, metadata, micros(c.CreatedAt))
	if err != nil {
		return false, fmt.Errorf("write customer: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	return true, tx.insertSubscription(ctx, c, c.Since)
}

func (tx *Tx) insertSubscription(ctx context.Context, c Customer, from time.Time) error {
	p := c.Paid
	_, err := tx.sql.ExecContext(ctx, `
		INSERT INTO subscription (customer, id, plan, status, anchor, months, started_at, ended_at,
			since, paid_start, paid_end, paid_at, paid_amount, paid_refunded)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11, $12, $13)`,
		int64(c.Key), c.Subscription, string(c.Plan), c.Status, micros(c.Cycle.Anchor), c.Cycle.Months, micros(from),
		micros(c.Since), micros(p.Start), micros(p.End), micros(p.At), p.Amount, p.Refunded)
	if err != nil {
		return fmt.Errorf("write subscription: %w", err)
	}
	return nil
}

// CustomerOf returns the customer of an externalId; an unknown or erased one is sql.ErrNoRows.
func (tx *Tx) CustomerOf(ctx context.Context, external id.Customer) (Customer, error) {
	return customerOf(ctx, tx.sql, external)
}

// CustomerOf returns the customer of an externalId; an unknown or erased one is sql.ErrNoRows.
func (db *DB) CustomerOf(ctx context.Context, external id.Customer) (Customer, error) {
	return customerOf(ctx, db.reads, external)
}

func customerOf(ctx context.Context, q querier, external id.Customer) (Customer, error) {
	return scanCustomer(q.QueryRowContext(ctx, `SELECT `+customerColumns+customerFrom+`
		WHERE c.external_id = $1 AND c.erased_at = 0`, string(external)))
}

// CustomerByKey returns the customer of a key; an unknown or erased one is sql.ErrNoRows.
func (db *DB) CustomerByKey(ctx context.Context, key id.Key) (Customer, error) {
	return scanCustomer(db.reads.QueryRowContext(ctx, `SELECT `+customerColumns+customerFrom+`
		WHERE c.id = $1 AND c.erased_at = 0`, int64(key)))
}

// CustomersOf returns those of the customers named that exist, in no order that means anything.
func (db *DB) CustomersOf(ctx context.Context, names []id.Customer) ([]Customer, error) {
	list, err := packNames(names)
	if err != nil {
		return nil, err
	}
	return db.customers(ctx, `SELECT `+customerColumns+`
		FROM `+db.rows+` AS r
		`+db.match("customer", "c", "c.external_id = r.value->>'n'", "")+`
		`+db.match("subscription", "s", "s.customer = c.id AND s.ended_at = 0", "")+`
		WHERE c.erased_at = 0
		ORDER BY c.id`, list)
}

// CustomersAfter returns up to limit customers created after the one with the given key and time, oldest
// first: a page of all customers. The zero time and key begin at the first.
func (db *DB) CustomersAfter(ctx context.Context, created time.Time, key id.Key, limit int) ([]Customer, error) {
	return db.customers(ctx, `SELECT `+customerColumns+customerFrom+`
		WHERE c.erased_at = 0 AND (c.created_at, c.id) > (CAST($1 AS BIGINT), CAST($2 AS BIGINT))
		ORDER BY c.created_at, c.id
		LIMIT $3`, micros(created), int64(key), limit)
}

func (db *DB) customers(ctx context.Context, query string, args ...any) ([]Customer, error) {
	rows, err := db.reads.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read customers: %w", err)
	}
	var out []Customer
	err = each(rows, func() error {
		c, err := scanCustomer(rows)
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read customers: %w", err)
	}
	return out, nil
}

// UpdateCustomer writes a customer's name, email, zone, metadata and limit adjustments. terms says that the change moves what
// the plan gives, so that nobody goes on with accounts read before it.
func (tx *Tx) UpdateCustomer(ctx context.Context, c Customer, terms bool) error {
	metadata, err := pack(c.Metadata)
	if err != nil {
		return err
	}
	var adjustments string
	if len(c.Adjustments) > 0 {
		if adjustments, err = pack(c.Adjustments); err != nil {
			return err
		}
	}
	_, err = tx.sql.ExecContext(ctx, `
		UPDATE customer
		SET name = $2, email = $3, timezone = $4, metadata = $5, updated_at = $6, adjustments = $7
		WHERE id = $1`, int64(c.Key), c.Name, c.Email, c.Timezone, metadata, micros(c.UpdatedAt), adjustments)
	if err != nil {
		return fmt.Errorf("update customer: %w", err)
	}
	if !terms {
		return nil
	}
	return tx.outdate(ctx, c.Key)
}

// outdate raises the versions of a customer and of all its accounts, those included that EnsureAccounts makes at
// the same moment: it waits for the customer's row, as this one then does for its transaction.
func (tx *Tx) outdate(ctx context.Context, key id.Key) error {
	_, err := tx.sql.ExecContext(ctx, "UPDATE customer SET version = version + 1 WHERE id = $1", int64(key))
	if err == nil {
		_, err = tx.sql.ExecContext(ctx, "UPDATE account SET version = version + 1 WHERE customer = $1", int64(key))
	}
	if err != nil {
		return fmt.Errorf("outdate accounts: %w", err)
	}
	return nil
}

// Subscribe ends the customer's current subscription row at a moment and begins the one in c. When that has the same id,
// it is the same subscription with another period: the row that ends takes an id of its own, so that the past can be
// read as it was.
func (tx *Tx) Subscribe(ctx context.Context, c Customer, from time.Time) error {
	_, err := tx.sql.ExecContext(ctx, `
		UPDATE subscription
		SET ended_at = $2, id = CASE WHEN id = $3 THEN $4 ELSE id END
		WHERE customer = $1 AND ended_at = 0`, int64(c.Key), micros(from), c.Subscription, id.New("sub", c.Key))
	if err != nil {
		return fmt.Errorf("end subscription: %w", err)
	}
	return errors.Join(tx.insertSubscription(ctx, c, from), tx.outdate(ctx, c.Key))
}

// LockCustomer returns a customer whose row the transaction keeps others from changing.
func (tx *Tx) LockCustomer(ctx context.Context, external id.Customer) (Customer, error) {
	_, err := tx.sql.ExecContext(ctx, "UPDATE customer SET updated_at = updated_at WHERE external_id = $1", string(external))
	if err != nil {
		return Customer{}, fmt.Errorf("lock customer: %w", err)
	}
	return tx.CustomerOf(ctx, external)
}

// PlanAt sets in c the plan, since when, the cycle and the paid period that the customer was on at t; sql.ErrNoRows when t lies before
// the first.
func (tx *Tx) PlanAt(ctx context.Context, c *Customer, t time.Time) error {
	then, err := scanCustomer(tx.sql.QueryRowContext(ctx, `
		SELECT `+customerColumns+`
		FROM customer AS c
		JOIN subscription AS s ON s.customer = c.id
		WHERE c.id = $1 AND s.started_at <= $2 AND (s.ended_at = 0 OR s.ended_at > $2)
		ORDER BY s.started_at DESC
		LIMIT 1`, int64(c.Key), micros(t)))
	if err != nil {
		return err
	}
	c.Plan, c.Since, c.Cycle, c.Paid = then.Plan, then.Since, then.Cycle, then.Paid
	return nil
}

// Erase removes what names or describes a customer: externalId, name, email, metadata, adjustments, ways to pay, the
// properties of its events, its e-mails and what Stripe's events say. The ledger, payments and invoices stay, under a number
// nobody can look up.
func (tx *Tx) Erase(ctx context.Context, key id.Key, at time.Time) error {
	if err := tx.outdate(ctx, key); err != nil { // first: it keeps events from being added meanwhile
		return err
	}
	for _, stmt := range []string{
		`UPDATE customer SET external_id = '` + erasedPrefix + `' || CAST(id AS TEXT), name = '', email = '', timezone = '', metadata = '{}', adjustments = '', erased_at = $2
			WHERE id = $1`,
		`UPDATE event SET properties = '' WHERE customer = $1 AND properties <> '' AND CAST($2 AS BIGINT) > 0`,
		`DELETE FROM seen WHERE customer = $1 AND CAST($2 AS BIGINT) > 0`,
		`DELETE FROM entry WHERE customer = $1 AND account = '' AND CAST($2 AS BIGINT) > 0`,
		`UPDATE subscription SET ended_at = $2 WHERE customer = $1 AND ended_at = 0`,
		`DELETE FROM stripe_record WHERE customer = $1 AND kind = '` + RecordMethod + `' AND CAST($2 AS BIGINT) > 0`,
		`UPDATE stripe_customer SET until = 0 WHERE customer = $1 AND CAST($2 AS BIGINT) > 0`,
		`DELETE FROM mail WHERE customer = $1 AND CAST($2 AS BIGINT) > 0`,
		`UPDATE stripe_event SET payload = '{}' WHERE stripe IN (SELECT stripe FROM stripe_customer WHERE customer = $1) AND CAST($2 AS BIGINT) > 0`,
	} {
		if _, err := tx.sql.ExecContext(ctx, stmt, int64(key), micros(at)); err != nil {
			return fmt.Errorf("erase customer: %w", err)
		}
	}
	return nil
}

// NameOf returns the externalId of a key, erased or not.
func (tx *Tx) NameOf(ctx context.Context, key id.Key) (id.Customer, error) {
	var name id.Customer
	err := tx.sql.QueryRowContext(ctx, "SELECT external_id FROM customer WHERE id = $1", int64(key)).Scan(&name)
	if err != nil {
		return "", fmt.Errorf("read customer: %w", err)
	}
	return name, nil
}

// None reports whether err says that there is no such row.
func None(err error) bool { return errors.Is(err, sql.ErrNoRows) }

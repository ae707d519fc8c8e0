package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tollgate/tollgate/id"
)

// A Billing is what is kept of a customer's state at Stripe.
type Billing struct {
	Customer id.Key
	Stripe   string          // cus_…
	Until    time.Time       // when the plan is lost unless Stripe says otherwise; zero is never
	Shown    json.RawMessage // the subscription that counts, as package subscription spells it; empty when there is none
	SyncedAt time.Time       // zero before the first reading
	Reading  int64           // the number of the reading that is kept
}

const billingColumns = "customer, stripe, until, shown, synced_at, written"

func scanBilling(row scanner) (Billing, error) {
	var b Billing
	var until, synced int64
	var shown string
	err := row.Scan(&b.Customer, &b.Stripe, &until, &shown, &synced, &b.Reading)
	b.Until, b.SyncedAt, b.Shown = moment(until), moment(synced), json.RawMessage(shown)
	return b, err
}

// BillingOf returns what is kept of a customer; sql.ErrNoRows when it is none at Stripe.
func (db *DB) BillingOf(ctx context.Context, customer id.Key) (Billing, error) {
	return scanBilling(db.reads.QueryRowContext(ctx, "SELECT "+billingColumns+" FROM stripe_customer WHERE customer = $1", int64(customer)))
}

// BillingOf is DB.BillingOf inside a transaction.
func (tx *Tx) BillingOf(ctx context.Context, customer id.Key) (Billing, error) {
	return scanBilling(tx.sql.QueryRowContext(ctx, "SELECT "+billingColumns+" FROM stripe_customer WHERE customer = $1", int64(customer)))
}

// BillingAt returns what is kept of the customer with an id at Stripe; sql.ErrNoRows when it is nobody's.
func (db *DB) BillingAt(ctx context.Context, stripe string) (Billing, error) {
	return scanBilling(db.reads.QueryRowContext(ctx, "SELECT "+billingColumns+" FROM stripe_customer WHERE stripe = $1", stripe))
}

// ErrTaken is what Bind and Rebind return for a customer at Stripe who is another customer here.
var ErrTaken = errors.New("the customer at Stripe is another one's here")

// Bind says which customer at Stripe a customer is. The first one stays: it is returned.
func (db *DB) Bind(ctx context.Context, customer id.Key, stripe string, at time.Time) (bound string, err error) {
	err = db.Update(ctx, func(tx *Tx) error {
		_, err := tx.sql.ExecContext(ctx, `
			INSERT INTO stripe_customer (customer, stripe, ticket, written, until, shown, synced_at, created_at)
			VALUES ($1, $2, 0, 0, 0, '', 0, $3)
			ON CONFLICT DO NOTHING`, int64(customer), stripe, micros(at))
		if err != nil {
			return fmt.Errorf("bind to Stripe: %w", err)
		}
		err = tx.sql.QueryRowContext(ctx, "SELECT stripe FROM stripe_customer WHERE customer = $1", int64(customer)).Scan(&bound)
		if None(err) {
			return ErrTaken
		}
		return err
	})
	return bound, err
}

// Rebind says that a customer is another one at Stripe than before, and reports false when it was not that one any more.
func (db *DB) Rebind(ctx context.Context, customer id.Key, before, stripe string) (rebound bool, err error) {
	err = db.Update(ctx, func(tx *Tx) error {
		res, err := tx.sql.ExecContext(ctx, "UPDATE stripe_customer SET stripe = $3 WHERE customer = $1 AND stripe = $2", int64(customer), before, stripe)
		if db.dialect.isUnique(err) {
			return ErrTaken
		}
		if err != nil {
			return fmt.Errorf("bind to Stripe again: %w", err)
		}
		n, err := res.RowsAffected()
		rebound = n == 1
		return err
	})
	return rebound, err
}

// TakeTicket numbers a reading of a customer's state at Stripe, before it begins, and says which customer at Stripe it is to read:
// in one statement, so that no reading of who the customer was before a Rebind is numbered after one of who it is.
// sql.ErrNoRows when it is none.
func (db *DB) TakeTicket(ctx context.Context, customer id.Key) (ticket int64, stripe string, err error) {
	err = db.updateIn(ctx, 1, func(tx *Tx) error {
		return tx.sql.QueryRowContext(ctx, "UPDATE stripe_customer SET ticket = ticket + 1 WHERE customer = $1 RETURNING ticket, stripe", int64(customer)).Scan(&ticket, &stripe)
	})
	return ticket, stripe, err
}

// WriteBilling keeps what a reading found, and reports false, writing nothing, when one that began later is kept.
func (tx *Tx) WriteBilling(ctx context.Context, b Billing, ticket int64) (bool, error) {
	res, err := tx.sql.ExecContext(ctx, `
		UPDATE stripe_customer
		SET written = $2, until = $3, shown = $4, synced_at = $5
		WHERE customer = $1 AND written < $2`, int64(b.Customer), ticket, micros(b.Until), string(b.Shown), micros(b.SyncedAt))
	if err != nil {
		return false, fmt.Errorf("write billing: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// Relapse has the customers whose subscriptions are not paid looked at again at a moment.
func (tx *Tx) Relapse(ctx context.Context, at time.Time) error {
	_, err := tx.sql.ExecContext(ctx, `
		UPDATE stripe_customer
		SET until = $1
		WHERE customer IN (SELECT s.customer FROM subscription AS s WHERE s.ended_at = 0 AND s.status IN ('past_due', 'unpaid', 'paused', 'incomplete'))`, micros(at))
	if err != nil {
		return fmt.Errorf("look at subscriptions again: %w", err)
	}
	return nil
}

// LookAgain has a customer looked at again at a moment.
func (tx *Tx) LookAgain(ctx context.Context, customer id.Key, at time.Time) error {
	_, err := tx.sql.ExecContext(ctx, "UPDATE stripe_customer SET until = $2 WHERE customer = $1", int64(customer), micros(at))
	if err != nil {
		return fmt.Errorf("look at a subscription again: %w", err)
	}
	return nil
}

// PutOff has a customer that was to be looked at looked at later, unless that has changed since.
func (db *DB) PutOff(ctx context.Context, b Billing, until time.Time) error {
	return db.Update(ctx, func(tx *Tx) error {
		_, err := tx.sql.ExecContext(ctx, "UPDATE stripe_customer SET until = $3 WHERE customer = $1 AND until = $2", int64(b.Customer), micros(b.Until), micros(until))
		return err
	})
}

// Lapsing returns the customers whose plan was to be lost by a moment.
func (db *DB) Lapsing(ctx context.Context, at time.Time, limit int) ([]Billing, error) {
	return db.billings(ctx, "SELECT "+billingColumns+" FROM stripe_customer WHERE until > 0 AND until <= $1 ORDER BY until LIMIT $2", micros(at), limit)
}

// Bound returns the customers at Stripe after one of ours, in the order of our keys.
func (db *DB) Bound(ctx context.Context, after id.Key, limit int) ([]Billing, error) {
	return db.billings(ctx, "SELECT "+billingColumns+" FROM stripe_customer WHERE customer > $1 ORDER BY customer LIMIT $2", int64(after), limit)
}

func (db *DB) billings(ctx context.Context, query string, args ...any) ([]Billing, error) {
	rows, err := db.reads.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read billings: %w", err)
	}
	var all []Billing
	err = each(rows, func() error {
		b, err := scanBilling(rows)
		all = append(all, b)
		return err
	})
	return all, err
}

// A Record is a payment, an invoice, a way to pay or a subscription as Stripe last said.
type Record struct {
	ID        string
	Kind      string // RecordPayment, RecordInvoice, RecordMethod or RecordBeside
	Customer  id.Key
	Body      json.RawMessage
	CreatedAt time.Time
}

// The kinds of records.
const (
	RecordPayment = "payment"
	RecordInvoice = "invoice"
	RecordMethod  = "method"
	RecordBeside  = "subscription" // a live one beside the one that counts, which is Billing.Shown
)

// WriteRecords keeps records, of those with one id the last, in place of what was kept before. What is kept already is not written
// again.
func (tx *Tx) WriteRecords(ctx context.Context, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	type row struct {
		ID       string `json:"i"`
		Kind     string `json:"k"`
		Customer string `json:"c"`
		Body     string `json:"b"`
		At       int64  `json:"t"`
	}
	rows := make([]row, 0, len(records))
	at := make(map[string]int, len(records))
	for _, r := range records {
		next := row{r.ID, r.Kind, fmt.Sprint(int64(r.Customer)), string(r.Body), micros(r.CreatedAt)}
		if i, again := at[r.ID]; again { // no statement writes a row twice
			rows[i] = next
			continue
		}
		at[r.ID] = len(rows)
		rows = append(rows, next)
	}
	list, err := pack(rows)
	if err != nil {
		return err
	}
	_, err = tx.sql.ExecContext(ctx, `
		INSERT INTO stripe_record (id, kind, customer, body, created_at)
		SELECT value->>'i', value->>'k', CAST(value->>'c' AS BIGINT), value->>'b', CAST(value->>'t' AS BIGINT)
		FROM `+tx.rows+` AS r
		WHERE TRUE
		ON CONFLICT (id) DO UPDATE SET body = excluded.body WHERE stripe_record.body <> excluded.body`, list)
	if err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	return nil
}

// Records returns a customer's records of a kind, newest first, before the one with an id; empty begins at the newest.
func (db *DB) Records(ctx context.Context, customer id.Key, kind, before string, limit int) ([]Record, error) {
	rows, err := db.reads.QueryContext(ctx, `
		SELECT r.id, r.kind, r.customer, r.body, r.created_at
		FROM stripe_record AS r
		LEFT JOIN stripe_record AS b ON b.id = $3
		WHERE r.customer = $1 AND r.kind = $2 AND (b.id IS NULL OR (r.created_at, r.id) < (b.created_at, b.id))
		ORDER BY r.created_at DESC, r.id DESC
		LIMIT $4`, int64(customer), kind, before, limit)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	var all []Record
	err = each(rows, func() error {
		r, err := scanRecord(rows)
		all = append(all, r)
		return err
	})
	return all, err
}

// DropRecords forgets a customer's records of a kind but those with the ids to keep.
func (tx *Tx) DropRecords(ctx context.Context, customer id.Key, kind string, keep []string) error {
	var gone []string
	rows, err := tx.sql.QueryContext(ctx, "SELECT id FROM stripe_record WHERE customer = $1 AND kind = $2 ORDER BY id", int64(customer), kind)
	if err != nil {
		return fmt.Errorf("read %ss: %w", kind, err)
	}
	err = each(rows, func() error {
		var recordID string
		err := rows.Scan(&recordID)
		if !slices.Contains(keep, recordID) {
			gone = append(gone, recordID)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, recordID := range gone {
		if _, err := tx.sql.ExecContext(ctx, "DELETE FROM stripe_record WHERE id = $1", recordID); err != nil {
			return fmt.Errorf("forget %s: %w", kind, err)
		}
	}
	return nil
}

// AllRecords returns records of a kind, newest first, before the one with an id; empty begins at the newest. Those of erased
// customers are left out.
func (db *DB) AllRecords(ctx context.Context, kind, before string, limit int) ([]Record, error) {
	rows, err := db.reads.QueryContext(ctx, `
		SELECT r.id, r.kind, r.customer, r.body, r.created_at
		FROM stripe_record AS r
		JOIN customer AS c ON c.id = r.customer
		LEFT JOIN stripe_record AS b ON b.id = $2
		WHERE r.kind = $1 AND c.erased_at = 0 AND (b.id IS NULL OR (r.created_at, r.id) < (b.created_at, b.id))
		ORDER BY r.created_at DESC, r.id DESC
		LIMIT $3`, kind, before, limit)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	var all []Record
	err = each(rows, func() error {
		r, err := scanRecord(rows)
		all = append(all, r)
		return err
	})
	return all, err
}

// CountRecords returns how many records AllRecords has of a kind.
func (db *DB) CountRecords(ctx context.Context, kind string) (n int, err error) {
	err = db.reads.QueryRowContext(ctx, `
		SELECT COUNT(*)
		FROM stripe_record AS r
		JOIN customer AS c ON c.id = r.customer
		WHERE r.kind = $1 AND c.erased_at = 0`, kind).Scan(&n)
	return n, err
}

// RecordOf returns the record with an id; sql.ErrNoRows when there is none.
func (db *DB) RecordOf(ctx context.Context, kind, recordID string) (Record, error) {
	return scanRecord(db.reads.QueryRowContext(ctx, "SELECT id, kind, customer, body, created_at FROM stripe_record WHERE id = $1 AND kind = $2", recordID, kind))
}

func scanRecord(row scanner) (Record, error) {
	var r Record
	var body string
	var created int64
	err := row.Scan(&r.ID, &r.Kind, &r.Customer, &body, &created)
	r.Body, r.CreatedAt = json.RawMessage(body), moment(created)
	return r, err
}

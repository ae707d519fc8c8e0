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
	"github.com/tollgate/tollgate/quantity"
)

// An AccountKey names an account.
type AccountKey struct {
	Customer id.Key
	Slug     id.Slug
}

// An Account is an account's row: its state and the version that guards it.
type Account struct {
	AccountKey
	// Version is that of the row as it was read. Every write raises it: one that only counts by versionCounted, any other by one, those
	// included that say that the customer's plan gives something else now. So its remainder tells whether more has happened to an account than counting.
	Version int64
	State   credit.State
	// CustomerVersion is the version of the customer's row in the same moment.
	CustomerVersion int64
	last            int64          // on SQLite: the number of the account's last event; see ledger.go
	lastID          id.Transaction // on PostgreSQL: that of its last event
	lines           int64          // of the row, and those whose events have been chained
	// Counted says that State is the row's but for what credit.State.OnlyCounted names: no more than that needs to be written.
	// When it is false, all is.
	Counted bool
}

// versionCounted is by how much counting raises a version. A sequence of 2^43 of them ends after thirty years of ten thousand a second.
const versionCounted = 1 << 20

// Next returns the version of the row once the account is written.
func (a *Account) Next() int64 {
	if a.Counted {
		return a.Version + versionCounted
	}
	return a.Version + 1
}

// onlyCountedSince reports whether no more than counting has happened to an account since it was at version.
func (a *Account) onlyCountedSince(version int64) bool {
	return a.Version%versionCounted == version%versionCounted
}

// stateColumns are the columns stateRow scans, of account a.
const stateColumns = `a.slug, a.seq, a.opened, a.window_start, a.window_end, a.quota, a.unlimited, a.soft, a.used, a.spent, a.detail`

// accountColumns are the columns scanAccount scans, of account a, and version, that of its customer.
func (d dialect) accountColumns(version string) string {
	return `a.customer, a.version, ` + version + `, ` + d.last + `, ` + stateColumns
}

// detail is what most accounts have not.
type detail struct {
	Suspended []credit.Window `json:"suspended,omitempty"`
	Lots      []credit.Lot    `json:"lots,omitempty"`
	Holds     []credit.Hold   `json:"holds,omitempty"`
	Gauges    []credit.Gauge  `json:"gauges,omitempty"`
	Debts     []credit.Debt   `json:"debts,omitempty"`
	Billed    bool            `json:"billed,omitempty"` // of the open window
	Over      bool            `json:"over,omitempty"`
	From      time.Time       `json:"from,omitzero"` // of the newest billed window
	Paid      time.Time       `json:"paid,omitzero"`
	Refunded  quantity.Units  `json:"refunded,omitempty"`
	Reset     int64           `json:"reset,omitempty"`
	Ever      int64           `json:"resetEver,omitempty"`
	Renewing  int64           `json:"resetRenewing,omitempty"`
}

// spell returns the detail column of s.
func spell(s *credit.State) (string, error) {
	if len(s.Suspended) == 0 && len(s.Lots) == 0 && len(s.Holds) == 0 && len(s.Gauges) == 0 && len(s.Debts) == 0 && s.Billed.IsZero() && s.Reset == 0 && s.Window.Refunded == 0 {
		return "", nil
	}
	b, err := json.Marshal(detail{s.Suspended, s.Lots, s.Holds, s.Gauges, s.Debts, s.Window.Billed, s.Window.Over, s.Billed, s.Paid, s.Window.Refunded, s.Reset, s.ResetEver, s.ResetRenewing})
	if err != nil {
		return "", fmt.Errorf("spell account: %w", err)
	}
	return string(b), nil
}

// scanner is the part that *sql.Row, *sql.Rows, pgx.Rows and wireRow share.
type scanner interface{ Scan(dest ...any) error }

// A stateRow is an account's slug and state as its row has them.
type stateRow struct {
	slug       id.Slug
	state      credit.State
	start, end int64
	detail     string
}

// columns returns where stateColumns are scanned to, and after them more.
func (r *stateRow) columns(more ...any) []any {
	s := &r.state
	return append([]any{&r.slug, &s.Seq, &s.Opened, &r.start, &r.end,
		(*int64)(&s.Limit), &s.Unlimited, &s.Soft, (*int64)(&s.Window.Used), (*int64)(&s.Window.Spent), &r.detail}, more...)
}

// read returns the state that was scanned.
func (r *stateRow) read() (credit.State, error) {
	s := r.state
	s.Window.Span = period.Span{Start: moment(r.start), End: moment(r.end)}
	if r.detail == "" {
		return s, nil
	}
	var d detail
	if err := json.Unmarshal([]byte(r.detail), &d); err != nil {
		return s, fmt.Errorf("account %s: %w", r.slug, err)
	}
	s.Suspended, s.Lots, s.Holds, s.Gauges = d.Suspended, d.Lots, d.Holds, d.Gauges
	s.Window.Billed, s.Window.Over, s.Billed, s.Paid = d.Billed, d.Over, d.From, d.Paid
	s.Window.Refunded, s.Reset, s.Debts = d.Refunded, d.Reset, d.Debts
	s.ResetEver, s.ResetRenewing = d.Ever, d.Renewing
	if d.Ever == 0 && d.Renewing == 0 { // written before the two were told apart
		s.ResetEver, s.ResetRenewing = d.Reset, d.Reset
	}
	return s, nil
}

func scanAccount(row scanner) (Account, error) {
	var a Account
	var r stateRow
	if err := row.Scan(append([]any{&a.Customer, &a.Version, &a.CustomerVersion, &a.last, &a.lastID}, r.columns()...)...); err != nil {
		return a, err
	}
	var err error
	if a.State, err = r.read(); err != nil {
		return a, fmt.Errorf("customer %d: %w", a.Customer, err)
	}
	a.Slug, a.lines = r.slug, a.State.Seq
	return a, nil
}

// packKeys spells account keys for the rows function. Customers go as text: a JSON number would lose digits
// in no engine of ours, but does in most tools that an operator would read a log with.
func packKeys(keys []AccountKey) (string, error) {
	type pair struct {
		C string  `json:"c"`
		S id.Slug `json:"s"`
	}
	list := make([]pair, len(keys))
	for i, k := range keys {
		list[i] = pair{fmt.Sprint(int64(k.Customer)), k.Slug}
	}
	return pack(list)
}

// EnsureAccounts makes the rows of accounts that have none. Accounts of customers that do not exist, or
// were erased, are left out. It waits for those who are changing what the plan gives, and they for it, so that no
// account slips past the versions they raise.
func (tx *Tx) EnsureAccounts(ctx context.Context, keys []AccountKey) error {
	list, err := packKeys(keys)
	if err != nil {
		return err
	}
	_, err = tx.sql.ExecContext(ctx, `
		INSERT INTO account (customer, slug, version, seq, opened, window_start, window_end, quota, unlimited, soft, used, spent, detail)
		SELECT c.id, r.value->>'s', 1, 0, FALSE, 0, 0, 0, FALSE, FALSE, 0, 0, ''
		FROM `+tx.rows+` AS r
		JOIN customer AS c ON c.id = CAST(r.value->>'c' AS BIGINT)
		WHERE c.erased_at = 0
		ORDER BY c.id, r.value->>'s' `+tx.share+`
		ON CONFLICT DO NOTHING`, list)
	if err != nil {
		return fmt.Errorf("make accounts: %w", err)
	}
	return nil
}

// accountUpdate writes an account whose version is the expected one.
const accountUpdate = `
	UPDATE account
	SET version = version + 1, seq = $4, opened = $5, window_start = $6, window_end = $7, quota = $8, unlimited = $9, soft = $10,
		used = $11, spent = $12, detail = $13, last = $14
	WHERE customer = $1 AND slug = $2 AND version = $3`

// countUpdate is accountUpdate of an account that is Counted.
const countUpdate = `
	UPDATE account
	SET version = version + (1 << 20), seq = $4, used = $5, spent = $6, last = $7
	WHERE customer = $1 AND slug = $2 AND version = $3`

// update returns the statement that writes the account, and its arguments.
func (a *Account) update() (statement, error) {
	s := &a.State
	if a.Counted {
		return statement{text: countUpdate, args: []any{
			int64(a.Customer), string(a.Slug), a.Version, s.Seq, int64(s.Window.Used), int64(s.Window.Spent), string(a.lastID),
		}}, nil
	}
	text, err := spell(s)
	return statement{text: accountUpdate, args: []any{
		int64(a.Customer), string(a.Slug), a.Version, s.Seq, s.Opened, micros(s.Window.Start), micros(s.Window.End),
		int64(s.Limit), s.Unlimited, s.Soft, int64(s.Window.Used), int64(s.Window.Spent), text, string(a.lastID),
	}}, err
}

// Accounts returns the accounts among keys that have a row, in key order.
func (db *DB) Accounts(ctx context.Context, keys []AccountKey) ([]Account, error) {
	list, err := packKeys(keys)
	if err != nil {
		return nil, err
	}
	return accounts(ctx, db.reads, `
		SELECT `+db.accountColumns("c.version")+`
		FROM `+db.rows+` AS r
		`+db.match("account", "a", "a.customer = CAST(r.value->>'c' AS BIGINT) AND a.slug = r.value->>'s'", "")+`
		`+db.match("customer", "c", "c.id = a.customer", "")+`
		ORDER BY a.customer, a.slug`, list)
}

// AccountsOf returns every account of a customer, in the order of their slugs.
func (db *DB) AccountsOf(ctx context.Context, customer id.Key) ([]Account, error) {
	return accountsOf(ctx, db.dialect, db.reads, customer)
}

// AccountsOf returns every account of a customer, in the order of their slugs.
func (tx *Tx) AccountsOf(ctx context.Context, customer id.Key) ([]Account, error) {
	return accountsOf(ctx, tx.dialect, tx.sql, customer)
}

func accountsOf(ctx context.Context, d dialect, q querier, customer id.Key) ([]Account, error) {
	return accounts(ctx, q, `
		SELECT `+d.accountColumns("c.version")+`
		FROM account AS a
		JOIN customer AS c ON c.id = a.customer
		WHERE a.customer = $1
		ORDER BY a.slug`, int64(customer))
}

// AccountsAfter returns up to limit accounts in key order, beginning after k: a page of all accounts.
func (tx *Tx) AccountsAfter(ctx context.Context, k AccountKey, limit int) ([]Account, error) {
	return accounts(ctx, tx.sql, `
		SELECT `+tx.accountColumns("c.version")+`
		FROM account AS a
		JOIN customer AS c ON c.id = a.customer
		WHERE (a.customer, a.slug) > (CAST($1 AS BIGINT), $2)
		ORDER BY a.customer, a.slug
		LIMIT $3`, int64(k.Customer), string(k.Slug), limit)
}

// querier is the part that *sql.DB and *sql.Tx share.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func accounts(ctx context.Context, q querier, query string, args ...any) ([]Account, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	var out []Account
	err = each(rows, func() error {
		a, err := scanAccount(rows)
		out = append(out, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	return out, nil
}

// StateOf returns an account's state; that of an account without a row is empty.
func (tx *Tx) StateOf(ctx context.Context, k AccountKey) (credit.State, error) {
	a, err := scanAccount(tx.sql.QueryRowContext(ctx, `
		SELECT `+tx.accountColumns("c.version")+`
		FROM account AS a
		JOIN customer AS c ON c.id = a.customer
		WHERE a.customer = $1 AND a.slug = $2`, int64(k.Customer), string(k.Slug)))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return a.State, fmt.Errorf("read account: %w", err)
	}
	return a.State, nil
}

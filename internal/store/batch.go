package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
)

var (
	// ErrMoved says that another process wrote an account after it was read.
	ErrMoved = errors.New("an account has moved")
	// ErrSeen says that an id is there already.
	ErrSeen = errors.New("an id is there already")
)

// seen wraps the error of an insert, naming a broken unique index ErrSeen.
func (d dialect) seen(verb string, err error) error {
	switch {
	case err == nil:
		return nil
	case d.isUnique(err):
		return fmt.Errorf("%s: %w", verb, ErrSeen)
	}
	return fmt.Errorf("%s: %w", verb, err)
}

// A Batch is what a group of requests writes, all or nothing.
type Batch struct {
	Accounts []*Account // after the batch; Version is the row's before it
	Events   []*Event
	Entries  []*Entry
	Seen     []Seen
	Voids    []Void
	Claims   []*Event // see Claim
	Freed    []Freed  // before anything else is written

	Ask  []Name          // events to read on the way
	Told map[Name]*Event // those of them that Commit found and whose customers have not been erased
}

// A Void marks an event as undone.
type Void struct {
	Customer id.Key
	ID       id.Transaction
	At       int64 // microseconds
}

// A Value is a value of a unique meter within a window.
type Value struct {
	Customer    id.Key
	Meter       id.Slug
	WindowStart int64 // microseconds
	Value       string
}

// A Seen says in how many events that count a value was met, and which transaction paid for it. In a Batch,
// Events is how many to add, or take away.
type Seen struct {
	Value
	Events int64
	Payer  id.Transaction
}

// A Name is a once-key of one customer: a transaction, or the name of an entry.
type Name struct {
	Customer id.Key
	Name     string
}

// Commit writes a batch that was decided on accounts read earlier. It is one atomic, durable act: when it
// returns nil, every row is on disk. ErrMoved or ErrSeen say that the decision no longer holds and that
// nothing was written. After any other error the batch may or may not have been written.
func (db *DB) Commit(ctx context.Context, b *Batch) error {
	if !db.Postgres() {
		return db.commitSQLite(ctx, b, false)
	}
	err := db.commitPostgres(ctx, b)
	if db.isRetry(err) { // a deadlock with another process, which has written or will write one of the accounts
		return fmt.Errorf("%w: %w", ErrMoved, err)
	}
	return err
}

// CommitAhead is Commit that on SQLite returns before the batch is on disk, so that the next one can be decided and written
// meanwhile. Readers see it, and nobody may be told of it before Flush has returned nil.
func (db *DB) CommitAhead(ctx context.Context, b *Batch) error {
	if !db.Postgres() {
		return db.commitSQLite(ctx, b, true)
	}
	return db.Commit(ctx, b)
}

// A Want names what Locked reads: accounts to write, each once, and events and entries that may be there. Known are
// customers as they were read before: those whose versions have not moved need not be read again. Counts are what the batch is
// expected to do, and all that it does, to accounts whose customers are in Known, each once; there are none where that
// cannot be told.
type Want struct {
	Accounts     []AccountKey
	Transactions []Name
	Entries      []Name
	Known        map[id.Key]*Customer
	Counts       []Count
}

// Found is what Locked read. What is missing in a map is not in the database.
type Found struct {
	Accounts  map[AccountKey]*Account
	Customers map[id.Key]*Customer
	Events    map[Name]*Event
	Entries   map[Name]*Entry
	// Counted says that Want.Counts has been added already. Accounts are as they were before, and the batch must do the same to them.
	Counted bool
	Seen    func(context.Context, Value) (Seen, error) // as of the transaction
	// Past returns, as of the transaction, the lines of an account that credit.MovesGrants, in their order.
	Past func(context.Context, AccountKey) ([]credit.Entry, error)
}

// Locked reads what w names, keeping others from writing those accounts, and writes what decide returns, in
// one transaction. Accounts that have no row are made. On PostgreSQL w.Counts spare a round trip's reading; decide is called again
// when the accounts, or what it returned, are not as they say. A collision all the same (an id that w did not name) is ErrSeen,
// and nothing was written.
func (db *DB) Locked(ctx context.Context, w Want, decide func(Found) (*Batch, error)) error {
	if db.Postgres() {
		err := db.lockedPostgres(ctx, w, decide)
		if errors.Is(err, errUnforeseen) {
			w.Counts = nil
			err = db.lockedPostgres(ctx, w, decide)
		}
		if !errors.Is(err, errMissing) {
			return err
		}
	}
	return db.Update(ctx, func(tx *Tx) error { return tx.Locked(ctx, w, decide) })
}

// Locked is DB.Locked within a transaction that somebody else commits.
func (tx *Tx) Locked(ctx context.Context, w Want, decide func(Found) (*Batch, error)) error {
	f, err := tx.find(ctx, w)
	if err != nil {
		return err
	}
	b, err := decide(f)
	if err != nil {
		return err
	}
	return tx.write(ctx, b)
}

func (tx *Tx) find(ctx context.Context, w Want) (Found, error) {
	f := Found{
		Accounts: map[AccountKey]*Account{}, Customers: map[id.Key]*Customer{},
		Events: map[Name]*Event{}, Entries: map[Name]*Entry{},
		Seen: func(ctx context.Context, v Value) (Seen, error) { return seenOf(ctx, tx.sql, v) },
		Past: func(ctx context.Context, k AccountKey) ([]credit.Entry, error) { return past(ctx, tx.sql, k) },
	}
	return f, errors.Join(
		tx.findAccounts(ctx, w.Accounts, f.Accounts),
		tx.findCustomers(ctx, w.Accounts, f.Customers), // after the locks: a plan change waits for them
		tx.findEvents(ctx, w.Transactions, f.Events),
		tx.findEntries(ctx, w.Entries, f.Entries),
	)
}

func (tx *Tx) findAccounts(ctx context.Context, keys []AccountKey, out map[AccountKey]*Account) error {
	if len(keys) == 0 {
		return nil
	}
	list, err := packKeys(keys)
	if err != nil {
		return err
	}
	query := `
		SELECT ` + tx.accountColumns("c.version") + `
		FROM (SELECT CAST(value->>'c' AS BIGINT) AS customer, value->>'s' AS slug FROM ` + tx.rows + ` ORDER BY 1, 2) AS r
		` + tx.match("account", "a", "a.customer = r.customer AND a.slug = r.slug", tx.lock) + `
		` + tx.match("customer", "c", "c.id = a.customer", "") + `
		WHERE c.erased_at = 0`
	for range 2 {
		found, err := accounts(ctx, tx.sql, query, list)
		if err != nil {
			return err
		}
		if len(found) == len(keys) {
			for i := range found {
				out[found[i].AccountKey] = &found[i]
			}
			return nil
		}
		if err := tx.EnsureAccounts(ctx, keys); err != nil {
			return err
		}
	}
	found, err := accounts(ctx, tx.sql, query, list) // an erased customer's accounts are missing for good
	for i := range found {
		out[found[i].AccountKey] = &found[i]
	}
	return err
}

func (tx *Tx) findCustomers(ctx context.Context, keys []AccountKey, out map[id.Key]*Customer) error {
	if len(keys) == 0 {
		return nil
	}
	list, err := packKeys(keys)
	if err != nil {
		return err
	}
	rows, err := tx.sql.QueryContext(ctx, `SELECT `+customerColumns+`
		FROM (SELECT DISTINCT CAST(value->>'c' AS BIGINT) AS customer FROM `+tx.rows+`) AS r
		`+tx.match("customer", "c", "c.id = r.customer", "")+`
		`+tx.match("subscription", "s", "s.customer = c.id AND s.ended_at = 0", "")+`
		WHERE c.erased_at = 0
		ORDER BY c.id`, list)
	if err != nil {
		return fmt.Errorf("read customers: %w", err)
	}
	return each(rows, func() error {
		c, err := scanCustomer(rows)
		out[c.Key] = &c
		return err
	})
}

func (tx *Tx) findEvents(ctx context.Context, names []Name, out map[Name]*Event) error {
	return tx.dialect.findEvents(ctx, tx.sql, names, out)
}

// EventsOf returns those of the events named whose customers have not been erased.
func (db *DB) EventsOf(ctx context.Context, names []Name) (map[Name]*Event, error) {
	out := make(map[Name]*Event, len(names))
	return out, db.findEvents(ctx, db.reads, names, out)
}

func (d dialect) findEvents(ctx context.Context, q querier, names []Name, out map[Name]*Event) error {
	if len(names) == 0 {
		return nil
	}
	list, err := packOnce(names)
	if err != nil {
		return err
	}
	rows, err := q.QueryContext(ctx, `
		SELECT `+eventColumns+`
		FROM `+d.rows+` AS r
		`+d.match("event", "e", "e.customer = CAST(r.value->>'c' AS BIGINT) AND e.transaction_id = r.value->>'n'", "")+`
		`+d.match("customer", "c", "c.id = e.customer", "")+`
		WHERE c.erased_at = 0
		ORDER BY e.customer, e.transaction_id`, list)
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	return each(rows, func() error {
		e, err := scanEvent(rows)
		out[Name{e.Key, string(e.TransactionID)}] = &e
		return err
	})
}

func (tx *Tx) findEntries(ctx context.Context, names []Name, out map[Name]*Entry) error {
	if len(names) == 0 {
		return nil
	}
	list, err := packOnce(names)
	if err != nil {
		return err
	}
	rows, err := tx.sql.QueryContext(ctx, `
		SELECT `+entryColumns+`
		FROM `+tx.rows+` AS r
		`+tx.match("entry", "e", "e.customer = CAST(r.value->>'c' AS BIGINT) AND e.name = r.value->>'n'", "")+`
		ORDER BY e.customer, e.name`, list)
	if err != nil {
		return fmt.Errorf("read entries: %w", err)
	}
	return each(rows, func() error {
		e, err := scanEntry(rows)
		out[Name{e.Customer, e.Name}] = &e
		return err
	})
}

// packOnce spells once-keys for the rows function.
func packOnce(names []Name) (string, error) {
	type pair struct {
		C string `json:"c"`
		N string `json:"n"`
	}
	list := make([]pair, len(names))
	for i, n := range names {
		list[i] = pair{fmt.Sprint(int64(n.Customer)), n.Name}
	}
	return pack(list)
}

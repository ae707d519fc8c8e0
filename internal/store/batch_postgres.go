package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"
)

// This path speaks pgx natively: a batch is one round trip (see fly), and its events go by COPY, which costs the server and us
// half of what an INSERT does, also of a single one.

// accountsUpdate writes the accounts whose version is the expected one and fails with a division by zero,
// which aborts the whole transaction, when any was not.
const accountsUpdate = `
	WITH written AS (
		UPDATE account AS a
		SET version = r.next, seq = r.seq, opened = r.opened, window_start = r.window_start, window_end = r.window_end,
			quota = r.quota, unlimited = r.unlimited, soft = r.soft, used = r.used, spent = r.spent, detail = r.detail, last = r.last
		FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[], $7::bigint[], $8::bigint[],
			$9::bigint[], $10::boolean[], $11::boolean[], $12::bigint[], $13::bigint[], $14::text[], $15::text[], $16::bigint[])
			AS r(customer, slug, version, seq, opened, window_start, window_end, quota, unlimited, soft, used, spent, detail, last, next)
		WHERE a.customer = r.customer AND a.slug = r.slug AND a.version = r.version
		RETURNING 1
	)
	SELECT 1 / CASE WHEN count(*) = $1 THEN 1 ELSE 0 END FROM written`

// countsUpdate is accountsUpdate of accounts that are all Counted.
const countsUpdate = `
	WITH written AS (
		UPDATE account AS a
		SET version = a.version + (1 << 20), seq = r.seq, used = r.used, spent = r.spent, last = r.last
		FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[])
			AS r(customer, slug, version, seq, used, spent, last)
		WHERE a.customer = r.customer AND a.slug = r.slug AND a.version = r.version
		RETURNING 1
	)
	SELECT 1 / CASE WHEN count(*) = $1 THEN 1 ELSE 0 END FROM written`

const movedCode = "22012" // division_by_zero

type statement struct {
	text   string
	args   []any
	read   func(row scanner) error // scans a row of what it returns; nil where nobody wants any
	events []*Event                // of a COPY: what it copies
}

// statements returns what writes b in one flight, in order.
func (b *Batch) statements() ([]statement, error) {
	if err := b.place(); err != nil {
		return nil, err
	}
	var out []statement
	if len(b.Accounts) > 0 {
		s, err := accountsStatement(b.Accounts)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	lines, err := b.linesStatements()
	return append(out, lines...), err
}

// linesStatements returns what writes all of b but its accounts; its events are placed.
func (b *Batch) linesStatements() ([]statement, error) {
	out := b.frees()
	if len(b.Events) > 0 {
		out = append(out, statement{text: "COPY event (" + eventNames + ", prev) FROM STDIN BINARY", events: b.Events})
	}
	rare, err := b.rare()
	return append(out, rare...), err
}

// place puts the events of a batch at the ends of their accounts' chains.
func (b *Batch) place() error {
	return b.chain(func(e *Event, a *Account) error {
		e.prev, a.lastID = a.lastID, e.TransactionID
		return nil
	})
}

// rare returns the row-by-row statements, whose text is the same on both engines.
func (b *Batch) rare() ([]statement, error) {
	var out []statement
	for _, e := range b.Entries {
		args, err := e.values()
		if err != nil {
			return nil, err
		}
		out = append(out, statement{text: entryInsert, args: args})
	}
	for _, c := range b.Claims {
		args, err := c.values()
		if err != nil {
			return nil, err
		}
		out = append(out, statement{text: claimInsert, args: args})
	}
	for _, v := range b.Seen {
		out = append(out, statement{text: seenUpsert, args: v.values()})
	}
	for _, v := range b.Voids {
		out = append(out, statement{text: voidUpdate, args: v.values()})
	}
	return out, nil
}

func (db *DB) commitPostgres(ctx context.Context, b *Batch) error {
	all, err := b.statements()
	if err != nil {
		return fmt.Errorf("commit batch: %w", err)
	}
	all = append(b.ask(db.dialect), all...)
	err = db.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		_, err := db.fly(ctx, conn.Conn(), all...)
		return err
	})
	if pgCode(err) == movedCode {
		return ErrMoved
	}
	return db.seen("commit batch", err)
}

// ask returns what reads the events that b asks for, if any.
func (b *Batch) ask(d dialect) []statement {
	if len(b.Ask) == 0 {
		return nil
	}
	b.Told = make(map[Name]*Event, len(b.Ask))
	return []statement{{text: eventsNamed(d), args: nameArrays(b.Ask), read: func(row scanner) error {
		e, err := scanEvent(row)
		b.Told[Name{e.Key, string(e.TransactionID)}] = &e
		return err
	}}}
}

// accountsStatement writes accounts in the order of their keys, in which Locked locks them: others who write some of them at
// the same time wait, rather than each for the other.
func accountsStatement(unordered []*Account) (statement, error) {
	accounts := slices.SortedFunc(slices.Values(unordered), func(a, b *Account) int {
		return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Slug, b.Slug))
	})
	n := len(accounts)
	customer, version, seq, used, spent := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	slug, last := make([]string, n), make([]string, n)
	counted := true
	for i, a := range accounts {
		customer[i], slug[i], version[i], seq[i] = int64(a.Customer), string(a.Slug), a.Version, a.State.Seq
		used[i], spent[i], last[i] = int64(a.State.Window.Used), int64(a.State.Window.Spent), string(a.lastID)
		counted = counted && a.Counted
	}
	if counted {
		return statement{text: countsUpdate, args: []any{int64(n), customer, slug, version, seq, used, spent, last}}, nil
	}
	start, end, quota, next := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	opened, unlimited, soft, text := make([]bool, n), make([]bool, n), make([]bool, n), make([]string, n)
	for i, a := range accounts {
		var err error
		if text[i], err = spell(&a.State); err != nil {
			return statement{}, err
		}
		s := &a.State
		opened[i], start[i], end[i] = s.Opened, micros(s.Window.Start), micros(s.Window.End)
		quota[i], unlimited[i], soft[i], next[i] = int64(s.Limit), s.Unlimited, s.Soft, a.Next()
	}
	return statement{text: accountsUpdate, args: []any{
		int64(n), customer, slug, version, seq, opened, start, end, quota, unlimited, soft, used, spent, text, last, next,
	}}, nil
}

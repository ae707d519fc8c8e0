package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/credit"
)

// On PostgreSQL an index finds the events of an account by their line numbers. On SQLite that index would cost an act as much
// as all else that it writes. There each event has the number of the account's event before it, prev, and the account has
// that of its last one: a chain, which event_anchor leads into near any line. Line numbers are still unique: an event is
// written together with its account, whose version guards it.

// eventsWithin is a FROM clause of the events, e, within ranges of lines. ranges is a query of customers, slugs and first
// and final line numbers, as c, s, f and l.
func (d dialect) eventsWithin(ranges string) string {
	if d.lateral {
		return `FROM (` + ranges + `) AS r
			` + d.match("event", "e", "e.account = r.s AND e.customer = r.c AND e.seq BETWEEN r.f AND r.l", "")
	}
	return `FROM (
			WITH RECURSIVE link(customer, account, f, l, id) AS (
				SELECT r.c, r.s, r.f, r.l, COALESCE(
					(SELECT n.id FROM event AS n WHERE n.account = r.s AND n.customer = r.c AND n.seq >= r.l AND n.seq % 64 = 0 ORDER BY n.seq LIMIT 1),
					(SELECT a.last FROM account AS a WHERE a.customer = r.c AND a.slug = r.s))
				FROM (` + ranges + `) AS r
				UNION ALL
				SELECT link.customer, link.account, link.f, link.l, n.prev
				FROM link
				CROSS JOIN event AS n ON n.id = link.id
				WHERE n.seq > link.f AND n.customer = link.customer AND n.account = link.account
			)
			SELECT customer, account, f, l, id FROM link
		) AS r
		CROSS JOIN event AS e ON e.id = r.id AND e.seq BETWEEN r.f AND r.l
			AND e.customer = r.customer AND e.account = r.account` // whatever the chain says, nobody sees what is another's
}

// packedRanges is a query of ranges that packRanges has spelled, for eventsWithin.
func (d dialect) packedRanges() string {
	return `SELECT CAST(value->>'c' AS BIGINT) AS c, value->>'s' AS s, CAST(value->>'f' AS BIGINT) AS f, CAST(value->>'l' AS BIGINT) AS l FROM ` + d.rows
}

// chain writes a batch on SQLite, by way of exec; the account of each event must be in it. It is ErrMoved when the version of
// an account is not the expected one.
func (b *Batch) chain(exec func(text string, args ...any) (sql.Result, error)) error {
	accounts := make(map[AccountKey]*Account, len(b.Accounts))
	for _, a := range b.Accounts {
		accounts[a.AccountKey] = a
	}
	for _, e := range b.Events {
		a := accounts[AccountKey{e.Key, e.PaidBy}]
		if a == nil || e.Line.Seq <= a.lines {
			return fmt.Errorf("event %s cannot be line %d of its account: %w", e.TransactionID, e.Line.Seq, ErrSeen)
		}
		s, err := e.link(a.last)
		if err != nil {
			return err
		}
		res, err := exec(s.text, s.args...)
		if err != nil {
			return err
		}
		if a.last, err = res.LastInsertId(); err != nil {
			return err
		}
		a.lines = e.Line.Seq
	}
	for _, a := range b.Accounts {
		s, err := a.link()
		if err != nil {
			return err
		}
		res, err := exec(s.text, s.args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return cmp.Or(err, ErrMoved)
		}
		a.lines = a.State.Seq
	}
	rare, err := b.rare()
	if err != nil {
		return err
	}
	for _, s := range rare {
		if _, err := exec(s.text, s.args...); err != nil {
			return err
		}
	}
	return nil
}

// These are the statements of every act on SQLite, where what is bound costs as much as what is written: parameters without
// numbers are bound faster, and literals need not be.
const (
	eventLink = `INSERT INTO event (prev, ` + eventNames + `)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	// eventLinkPlain is eventLink of an event as most are: neither voided nor late, of no hold, paid for by the plan's
	// allowance, and without properties.
	eventLinkPlain = `INSERT INTO event (prev, ` + eventNames + `)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, FALSE, ?, '', '', '')`

	accountLink = `UPDATE account
		SET version = version + 1, last = ?, seq = ?, used = ?, spent = ?,
			opened = ?, window_start = ?, window_end = ?, quota = ?, unlimited = ?, soft = ?, detail = ?
		WHERE customer = ? AND slug = ? AND version = ?`
	// accountLinkCounted is accountLink of an account that is Counted.
	accountLinkCounted = `UPDATE account
		SET version = version + 1, last = ?, seq = ?, used = ?, spent = ?
		WHERE customer = ? AND slug = ? AND version = ?`
)

// link returns the statement that writes an event after the one whose number is prev, 0 for the first.
func (e *Event) link(prev int64) (statement, error) {
	v, err := e.values()
	if err != nil {
		return statement{}, err
	}
	s := statement{text: eventLink, args: append(append(make([]any, 0, 1+len(v)), prev), v...)}
	if v[16] == int64(0) && v[17] == false && v[19] == "" && v[20] == "" && v[21] == "" {
		s.text, s.args = eventLinkPlain, append(s.args[:17], v[18])
	}
	return s, nil
}

// link returns the statement that writes an account with its last event.
func (a *Account) link() (statement, error) {
	s := &a.State
	counts := []any{a.last, s.Seq, int64(s.Window.Used), int64(s.Window.Spent)}
	guard := []any{int64(a.Customer), string(a.Slug), a.Version}
	if a.Counted {
		return statement{text: accountLinkCounted, args: append(counts, guard...)}, nil
	}
	text, err := spell(s)
	rest := []any{s.Opened, micros(s.Window.Start), micros(s.Window.End), int64(s.Limit), s.Unlimited, s.Soft, text}
	return statement{text: accountLink, args: slices.Concat(counts, rest, guard)}, err
}

// A Line is one ledger line; Event is set when it is usage.
type Line struct {
	credit.Entry
	Event *Event
}

// Lines returns up to limit ledger lines of an account with numbers above after, in their order: entries
// and events as one list.
func (tx *Tx) Lines(ctx context.Context, k AccountKey, after int64, limit int) ([]Line, error) {
	return tx.lines(ctx, k, `$3 + 1 AS f, $3 + $4 AS l`, after, limit)
}

// LinesBefore returns up to limit lines with numbers below before, newest first.
func (tx *Tx) LinesBefore(ctx context.Context, k AccountKey, before int64, limit int) ([]Line, error) {
	const final = `CASE WHEN a.seq < $3 THEN a.seq ELSE $3 - 1 END`
	lines, err := tx.lines(ctx, k, final+` - $4 + 1 AS f, `+final+` AS l`, before, limit)
	slices.Reverse(lines)
	return lines, err
}

// lines reads the lines of an account within a range, whose ends are columns of a query of the account, with bound and limit as
// $3 and $4.
func (tx *Tx) lines(ctx context.Context, k AccountKey, ends string, bound int64, limit int) ([]Line, error) {
	ends = strings.NewReplacer("$3", "CAST($3 AS BIGINT)", "$4", "CAST($4 AS BIGINT)").Replace(ends)
	ranges := `SELECT a.customer AS c, a.slug AS s, ` + ends + ` FROM account AS a WHERE a.customer = $1 AND a.slug = $2`
	args := []any{int64(k.Customer), string(k.Slug), bound, limit}
	var out []Line
	rows, err := tx.sql.QueryContext(ctx, `
		SELECT `+entryColumns+`
		FROM (`+ranges+`) AS r
		`+tx.match("entry", "e", "e.account = r.s AND e.customer = r.c AND e.seq BETWEEN r.f AND r.l", ""), args...)
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	if err := each(rows, func() error {
		e, err := scanEntry(rows)
		out = append(out, Line{Entry: e.Entry})
		return err
	}); err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	rows, err = tx.sql.QueryContext(ctx, `SELECT `+eventColumns+` `+tx.eventsWithin(ranges), args...)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	if err := each(rows, func() error {
		e, err := scanEvent(rows)
		out = append(out, Line{Entry: e.Line, Event: &e})
		return err
	}); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	slices.SortFunc(out, func(x, y Line) int { return cmp.Compare(x.Seq, y.Seq) })
	return out, nil
}

package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/credit"
)

// The events of an account are a chain: each names the account's event before it, prev, and the account its last one. An index of
// all events by account and line would cost an act as much as all else that it writes on SQLite, and a fifth of that on PostgreSQL;
// event_anchor has every 64th line and leads into the chain near any. On SQLite the links are the numbers of rows, on PostgreSQL,
// where rows have none without another index, transactions. Line numbers are unique all the same: an event is written together with
// its account, whose version guards it.

// eventsWithin is a FROM clause of the events, e, within ranges of lines, with their customer, account and seq and the columns
// of more. ranges is a query of customers, slugs and first and final line numbers, as c, s, f and l.
func (d dialect) eventsWithin(ranges string, more ...string) string {
	names, columns := "", ""
	for _, c := range more {
		names, columns = names+", "+c, columns+", n."+c
	}
	// A link is an event with what names the one before it. The first link is none, so that it comes before every line; its columns are
	// those of no event, for the sake of their types.
	return `FROM (
			WITH RECURSIVE link(customer, account, f, l, seq, id` + names + `) AS (
				SELECT r.c, r.s, r.f, r.l, 9223372036854775807, COALESCE(
					(SELECT x.` + d.link + ` FROM event AS x WHERE x.account = r.s AND x.customer = r.c AND x.seq >= r.l AND x.seq % 64 = 0 ORDER BY x.seq LIMIT 1),
					(SELECT a.last FROM account AS a WHERE a.customer = r.c AND a.slug = r.s))` + columns + `
				FROM (` + ranges + `) AS r
				LEFT JOIN event AS n ON n.` + d.link + ` = NULL
				UNION ALL
				SELECT link.customer, link.account, link.f, link.l, n.seq, n.prev` + columns + `
				FROM link
				` + d.match("event", "n", `n.`+d.link+` = link.id AND n.customer = link.customer`, "") + `
				WHERE link.seq > link.f AND n.seq >= link.f AND n.seq < link.seq -- whatever the chain says, it goes down,
					AND n.account = link.account -- and nobody sees what is another's
			)
			SELECT customer, account, seq` + names + ` FROM link WHERE seq BETWEEN f AND l AND seq < 9223372036854775807
		) AS e`
}

// chain calls link with each event of a batch and its account, which must be in the batch, to put the event behind the account's last
// one. The accounts are then at their last lines.
func (b *Batch) chain(link func(*Event, *Account) error) error {
	var accounts map[AccountKey]*Account // made when an event does not know its own
	for _, e := range b.Events {
		a := e.Account
		if a == nil {
			if accounts == nil {
				accounts = make(map[AccountKey]*Account, len(b.Accounts))
				for _, a := range b.Accounts {
					accounts[a.AccountKey] = a
				}
			}
			a = accounts[AccountKey{e.Key, e.PaidBy}]
		}
		if a == nil || e.Line.Seq <= a.lines {
			return fmt.Errorf("event %s cannot be line %d of its account: %w", e.TransactionID, e.Line.Seq, ErrSeen)
		}
		if err := link(e, a); err != nil {
			return err
		}
		a.lines = e.Line.Seq
	}
	for _, a := range b.Accounts {
		a.lines = a.State.Seq
	}
	return nil
}

// packedRanges is a query of ranges that packRanges has spelled, for eventsWithin.
func (d dialect) packedRanges() string {
	return `SELECT CAST(value->>'c' AS BIGINT) AS c, value->>'s' AS s, CAST(value->>'f' AS BIGINT) AS f, CAST(value->>'l' AS BIGINT) AS l FROM ` + d.rows
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
	// All of eventNames but customer, account and seq, with which they begin.
	more := strings.Split(strings.Join(strings.Fields(eventNames), ""), ",")[3:]
	rows, err = tx.sql.QueryContext(ctx, `SELECT `+eventColumns+` `+tx.eventsWithin(ranges, more...), args...)
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

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// An Entry is the row of a ledger line that is not usage.
type Entry struct {
	AccountKey
	credit.Entry
	Name   string // what may happen once within the customer: "grant:ID", "void:ID" …; empty for the line's own place
	Hash   int64  // of the request that a Name stands for
	Answer string // JSON: what that request was answered
}

// entryDetail is the part of a line that most lines lack.
type entryDetail struct {
	Parts  []credit.Part   `json:"parts,omitempty"`
	Window *credit.Opening `json:"window,omitempty"`
	Lots   []credit.Lot    `json:"lots,omitempty"`
	Hold   *credit.Hold    `json:"hold,omitempty"`
	Debt   *credit.Debt    `json:"debt,omitempty"`
	Share  quantity.Units  `json:"share,omitempty"`
	Used   quantity.Units  `json:"used,omitempty"`
}

const entryColumns = `e.customer, e.account, e.seq, e.name, e.kind, e.delta, e.balance, e.at, e.recorded_at, e.cause, e.reason, e.meter,
	e.detail, e.hash, e.answer`

// name returns the once-key of the row. A line nobody may ask for again is named by its place.
func (e *Entry) name() string {
	if e.Name != "" {
		return e.Name
	}
	return fmt.Sprintf("line:%s:%d", e.Slug, e.Seq)
}

func (e *Entry) values() ([]any, error) {
	text, err := json.Marshal(entryDetail{e.Parts, e.Window, e.Lots, e.Entry.Hold, e.Entry.Debt, e.Share, e.Used})
	if err != nil {
		return nil, fmt.Errorf("spell entry: %w", err)
	}
	return []any{
		int64(e.Customer), string(e.Slug), e.Seq, e.name(), string(e.Kind), int64(e.Amount), int64(e.Balance),
		micros(e.At), micros(e.RecordedAt), e.Cause, e.Reason, string(e.Meter), string(text), e.Hash, e.Answer,
	}, nil
}

func scanEntry(row scanner) (Entry, error) {
	var e Entry
	var at, recorded int64
	var text string
	err := row.Scan(&e.Customer, &e.Slug, &e.Seq, &e.Name, &e.Kind, (*int64)(&e.Amount), (*int64)(&e.Balance),
		&at, &recorded, &e.Cause, &e.Reason, &e.Meter, &text, &e.Hash, &e.Answer)
	if err != nil {
		return e, err
	}
	var d entryDetail
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return e, fmt.Errorf("entry %d %s %d: %w", e.Customer, e.Slug, e.Seq, err)
	}
	e.At, e.RecordedAt = moment(at), moment(recorded)
	e.Parts, e.Window, e.Lots, e.Entry.Hold, e.Entry.Debt, e.Share, e.Used = d.Parts, d.Window, d.Lots, d.Hold, d.Debt, d.Share, d.Used
	return e, nil
}

const entryInsert = `
	INSERT INTO entry (customer, account, seq, name, kind, delta, balance, at, recorded_at, cause, reason, meter, detail, hash, answer)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`

// EntryNamed returns the line that a customer's act left, or false when it has not happened.
func (db *DB) EntryNamed(ctx context.Context, customer id.Key, name string) (Entry, bool, error) {
	e, err := scanEntry(db.reads.QueryRowContext(ctx, `
		SELECT `+entryColumns+`
		FROM entry AS e
		WHERE e.customer = $1 AND e.name = $2`, int64(customer), name))
	if errors.Is(err, sql.ErrNoRows) {
		return e, false, nil
	}
	if err != nil {
		return e, false, fmt.Errorf("read entry: %w", err)
	}
	return e, true, nil
}

// entriesPast reads the lines of an account that credit.MovesGrants; an index holds just these.
const entriesPast = `
	SELECT ` + entryColumns + `
	FROM entry AS e
	WHERE e.account = $1 AND e.customer = $2
		AND e.kind IN ('expire', 'revoke', 'claw_back', 'debt', 'debt_paid', 'restore') AND e.cause <> 'window'
	ORDER BY e.seq`

// past returns the lines of an account that credit.MovesGrants, in their order.
func past(ctx context.Context, q querier, k AccountKey) ([]credit.Entry, error) {
	rows, err := q.QueryContext(ctx, entriesPast, string(k.Slug), int64(k.Customer))
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	var out []credit.Entry
	err = each(rows, func() error {
		e, err := scanEntry(rows)
		out = append(out, e.Entry)
		return err
	})
	return out, err
}

// Past returns the lines of an account that credit.MovesGrants, in their order.
func (db *DB) Past(ctx context.Context, k AccountKey) ([]credit.Entry, error) {
	return past(ctx, db.reads, k)
}

// OpeningBefore returns how the window was opened that a line of an account counts in; the zero Opening when none was.
func (db *DB) OpeningBefore(ctx context.Context, k AccountKey, seq int64) (credit.Opening, error) {
	e, err := scanEntry(db.reads.QueryRowContext(ctx, `
		SELECT `+entryColumns+`
		FROM entry AS e
		WHERE e.account = $1 AND e.customer = $2 AND e.seq < $3 AND e.kind IN ('allowance', 'plan_change')
		ORDER BY e.seq DESC
		LIMIT 1`, string(k.Slug), int64(k.Customer), seq))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return credit.Opening{}, nil
	case err != nil:
		return credit.Opening{}, fmt.Errorf("read entry: %w", err)
	case e.Window == nil:
		return credit.Opening{}, fmt.Errorf("entry %d %s %d opens no window", e.Customer, e.Slug, e.Seq)
	}
	return *e.Window, nil
}

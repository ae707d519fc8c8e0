package store

import (
	"cmp"
	"database/sql"
	"slices"
)

// writeChained writes a batch on SQLite, by way of exec. It is ErrMoved when the version of an account is not the expected one.
func (b *Batch) writeChained(exec func(text string, args ...any) (sql.Result, error)) error {
	for _, s := range b.frees() {
		if _, err := exec(s.text, s.args...); err != nil {
			return err
		}
	}
	err := b.chain(func(e *Event, a *Account) error {
		s, err := e.link(a.last)
		if err != nil {
			return err
		}
		res, err := exec(s.text, s.args...)
		if err != nil {
			return err
		}
		a.last, err = res.LastInsertId()
		return err
	})
	if err != nil {
		return err
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
		SET version = version + (1 << 20), last = ?, seq = ?, used = ?, spent = ?
		WHERE customer = ? AND slug = ? AND version = ?`
)

// link returns the statement that writes an event after the one whose number is prev, 0 for the first.
func (e *Event) link(prev int64) (statement, error) {
	v, err := e.values()
	if err != nil {
		return statement{}, err
	}
	s := statement{text: eventLink, args: append(append(make([]any, 0, 1+len(v)), prev), v...)}
	const recorded, hash, paid = 15, 18, 20 // places in v
	if e.VoidedAt.IsZero() && !e.Late && e.Hold == "" && v[paid] == "" && len(e.Properties) == 0 {
		s.text, s.args = eventLinkPlain, append(s.args[:1+recorded+1], v[hash])
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

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
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// An Event is a usage event's row: the event, its ledger line, and the answer its caller got. The event's
// Customer is not stored: it is empty when read.
type Event struct {
	meter.Event
	Key       id.Key
	Line      credit.Entry // Seq, Kind, Amount, Balance, Parts; the rest repeats the event
	Hash      int64        // of the request
	Hold      string       // the hold that was captured
	VoidedAt  time.Time
	Used      quantity.Units // the answer
	Limit     quantity.Units
	Unlimited bool
	Available quantity.Units
	ResetsAt  time.Time

	Account *Account // that it is written with; looked for in the batch when nil

	prev id.Transaction // on PostgreSQL: the account's event before; see Batch.place
}

// Answer returns the balance as the event's caller was told it.
func (e *Event) Answer() credit.Balance {
	b := credit.Balance{Slug: e.PaidBy, Used: e.Used, Unlimited: e.Unlimited}
	if !e.Unlimited {
		limit, available := e.Limit, e.Available
		b.Limit, b.Available = &limit, &available
	}
	if !e.ResetsAt.IsZero() {
		end := e.ResetsAt
		b.ResetsAt = &end
	}
	return b
}

const (
	unlimitedQuota = -1 // the quota column of an event on an unlimited balance

	eventColumns = `e.customer, e.account, e.seq, e.transaction_id, e.meter, e.kind, e.amount, e.charge, e.delta, e.balance,
		e.used, e.quota, e.available, e.resets_at, e.at, e.recorded_at, e.voided_at, e.late, e.hash, e.hold, e.paid, e.properties`
	eventNames = `customer, account, seq, transaction_id, meter, kind, amount, charge, delta, balance,
		used, quota, available, resets_at, at, recorded_at, voided_at, late, hash, hold, paid, properties`
	// eventInsert takes the values of an event, and the one before it.
	eventInsert = `INSERT INTO event (` + eventNames + `, prev)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`
)

// values returns the event in the order of its columns.
func (e *Event) values() ([]any, error) {
	paid, err := spellParts(e.Line.Parts, e.Charged, e.RecordedAt, e.ResetsAt.IsZero())
	if err != nil {
		return nil, err
	}
	return []any{
		int64(e.Key), string(e.PaidBy), e.Line.Seq, string(e.TransactionID), string(e.Meter), string(e.Line.Kind),
		int64(e.Amount), int64(e.Charged), int64(e.Line.Amount), int64(e.Line.Balance),
		int64(e.Used), e.quota(), int64(e.Available), micros(e.ResetsAt), micros(e.At), micros(e.RecordedAt), micros(e.VoidedAt),
		e.Late, e.Hash, e.Hold, paid, string(e.Properties),
	}, nil
}

func (e *Event) quota() int64 {
	if e.Unlimited {
		return unlimitedQuota
	}
	return int64(e.Limit)
}

func scanEvent(row scanner) (Event, error) {
	var e Event
	var quota, resets, at, recorded, voided int64
	var paid, properties string
	l := &e.Line
	err := row.Scan(&e.Key, &e.PaidBy, &l.Seq, &e.TransactionID, &e.Meter, &l.Kind, (*int64)(&e.Amount), (*int64)(&e.Charged),
		(*int64)(&l.Amount), (*int64)(&l.Balance), (*int64)(&e.Used), &quota, (*int64)(&e.Available), &resets, &at, &recorded, &voided,
		&e.Late, &e.Hash, &e.Hold, &paid, &properties)
	if err != nil {
		return e, err
	}
	e.At, e.RecordedAt, e.VoidedAt, e.ResetsAt = moment(at), moment(recorded), moment(voided), moment(resets)
	if e.Unlimited = quota == unlimitedQuota; !e.Unlimited {
		e.Limit = quantity.Units(quota)
	}
	if properties != "" {
		e.Properties = json.RawMessage(properties)
	}
	l.At, l.RecordedAt, l.Meter, l.Cause = e.RecordedAt, e.RecordedAt, e.Meter, string(e.TransactionID)
	if l.Kind == credit.KindCapture {
		l.Cause = e.Hold
	}
	if l.Kind == credit.KindRefund || l.Kind == credit.KindDeduction {
		l.Reason = reasonOf(e.Properties)
	}
	l.Parts, err = readParts(paid, e.Charged, e.RecordedAt, e.ResetsAt.IsZero())
	return e, err
}

// reasonOf returns the property that says why an operator adjusted usage; empty once the customer is erased.
func reasonOf(properties json.RawMessage) string {
	var p struct {
		Reason string `json:"reason"`
	}
	if json.Unmarshal(properties, &p) != nil {
		return ""
	}
	return p.Reason
}

// spellParts leaves out what most events share: an allowance that paid alone, when it was recorded.
func spellParts(parts []credit.Part, charged quantity.Units, recorded time.Time, ever bool) (string, error) {
	if len(parts) == 0 && charged == 0 ||
		len(parts) == 1 && parts[0].Grant == "" && parts[0].Amount == -charged && parts[0].At.Equal(recorded) && parts[0].Ever == ever {
		return "", nil
	}
	short := make([]credit.Part, len(parts))
	for i, p := range parts {
		if short[i] = p; p.At.Equal(recorded) {
			short[i].At = time.Time{}
		}
	}
	b, err := json.Marshal(short)
	if err != nil {
		return "", fmt.Errorf("spell parts: %w", err)
	}
	return string(b), nil
}

func readParts(paid string, charged quantity.Units, recorded time.Time, ever bool) ([]credit.Part, error) {
	if paid == "" {
		if charged == 0 {
			return nil, nil
		}
		return []credit.Part{{Amount: -charged, At: recorded, Ever: ever}}, nil
	}
	var parts []credit.Part
	if err := json.Unmarshal([]byte(paid), &parts); err != nil {
		return nil, fmt.Errorf("read parts: %w", err)
	}
	for i := range parts {
		if parts[i].At.IsZero() {
			parts[i].At = recorded
		}
	}
	return parts, nil
}

// EventOf returns the event of a customer's transaction, or false when there is none; a Claim is none.
func (db *DB) EventOf(ctx context.Context, customer id.Key, t id.Transaction) (Event, bool, error) {
	e, err := scanEvent(db.reads.QueryRowContext(ctx, `
		SELECT `+eventColumns+`
		FROM event AS e
		WHERE e.customer = $1 AND e.transaction_id = $2 AND e.account <> ''`, int64(customer), string(t)))
	if errors.Is(err, sql.ErrNoRows) {
		return e, false, nil
	}
	if err != nil {
		return e, false, fmt.Errorf("read event: %w", err)
	}
	return e, true, nil
}

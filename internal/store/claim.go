package store

import (
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
)

// Claim returns what keeps a transactionId for a hold until that expires, or for ever for an act that leaves no event. It is a row
// among the events, so that whatever finds an event by its transactionId, the unique key above all, finds it; and it is of no
// account, so that it is in no ledger and in no statistics.
func Claim(customer id.Key, t id.Transaction, kind credit.Kind, by string, hash int64, until time.Time) *Event {
	e := &Event{Key: customer, Hash: hash, Hold: by, ResetsAt: until, Line: credit.Entry{Seq: claimSeq, Kind: kind}}
	e.TransactionID = t
	return e
}

// Claims reports whether e is no event but a Claim: Hold says whose, ResetsAt how long it lasts, for ever when zero.
func (e *Event) Claims() bool { return e.PaidBy == "" }

// Freed names a claim that is over.
type Freed struct {
	Customer id.Key
	ID       id.Transaction
	By       string // the hold
}

func (f Freed) values() []any { return []any{int64(f.Customer), string(f.ID), f.By} }

const (
	claimSeq    = -1 // no line, and in no index of lines
	claimInsert = `INSERT INTO event (` + eventNames + `, prev)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, CAST(0 AS TEXT))`
	claimDelete = "DELETE FROM event WHERE customer = $1 AND transaction_id = $2 AND account = '' AND hold = $3"
)

// frees returns what ends claims, before the events are written that may be what they were kept for.
func (b *Batch) frees() []statement {
	var out []statement
	for _, f := range b.Freed {
		out = append(out, statement{text: claimDelete, args: f.values()})
	}
	return out
}

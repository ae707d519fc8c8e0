package middleware

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/spool"
)

// Deliver returns how the facts of a spool are told to t: go s.Run(ctx, middleware.Deliver(t)).
func Deliver(t Tollgate) spool.Send {
	return func(ctx context.Context, f spool.Fact) error { return deliver(ctx, t, f) }
}

// deliver records usage that has happened. Sent again it changes nothing, wherever it was cut off the first time.
func deliver(ctx context.Context, t Tollgate, f spool.Fact) error {
	if f.Hold == "" {
		_, err := t.Consume(ctx, f.Usage)
		return err
	}
	_, err := t.Capture(ctx, f.Hold, f.Usage.Amount)
	switch {
	case fault.Has(err, fault.NotFound): // it has expired, and its units went back
		_, err = t.Consume(ctx, f.Usage)
		return err
	case fault.Has(err, fault.InsufficientCredits), fault.Has(err, fault.Suspended), fault.Has(err, fault.Conflict):
		return deliverOver(ctx, t, f, err)
	}
	return err
}

// deliverOver captures the whole of a hold that does not cover what was used, and records the rest past the limit. A
// conflict says that this was cut off in between, or that another amount has been captured, which then stands.
func deliverOver(ctx context.Context, t Tollgate, f spool.Fact, why error) error {
	receipt, err := t.Capture(ctx, f.Hold, nil)
	if fault.Has(err, fault.Conflict) {
		return why
	}
	if err != nil {
		return err
	}
	over := *f.Usage.Amount - receipt.Event.Amount
	if over <= 0 {
		return nil
	}
	rest := f.Usage
	rest.Amount, rest.TransactionID = &over, overID(f.Usage.TransactionID)
	_, err = t.Consume(ctx, rest)
	return err
}

// overID names the part of a transaction's usage that its hold did not cover.
func overID(t id.Transaction) id.Transaction {
	const end = "/over"
	if len(t)+len(end) <= id.TransactionBytesMax {
		return t + end
	}
	sum := sha256.Sum256([]byte(t))
	return id.Transaction("over_" + hex.EncodeToString(sum[:]))
}

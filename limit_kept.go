package tollgate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/internal/store"
)

// A customer's row keeps the limit adjustments that count and the latest of the others. Beside the ledger every one of them is kept
// for ever under its id, so that one which the row has let go of is not added again when its request is repeated.

// knownAdjustment returns the adjustment that has the id of a, which r asks for, and whether it is what r asks for; nil when
// there is none.
func knownAdjustment(ctx context.Context, tx *store.Tx, b *book, c *store.Customer, r LimitAdjustmentRequest, a credit.LimitAdjustment) (*credit.LimitAdjustment, bool, error) {
	if r.ID == "" {
		return nil, false, nil
	}
	kept, hash, err := keptAdjustment(ctx, tx, c, a.ID)
	if err != nil {
		return nil, false, err
	}
	i := slices.IndexFunc(c.Adjustments, func(known credit.LimitAdjustment) bool { return known.ID == a.ID })
	switch {
	case i < 0:
		return kept, kept != nil && hash == hashOfAdjustment(r), nil
	case kept != nil:
		return &c.Adjustments[i], hash == hashOfAdjustment(r), nil
	}
	known := &c.Adjustments[i] // of before requests were kept
	_, pays := b.Credits[known.Balance].Costs[r.Balance]
	same := (known.Balance == a.Balance || known.Balance == r.Balance || pays) && known.Amount == a.Amount && known.Type == a.Type &&
		known.EndsAt.Equal(a.EndsAt) && (r.StartsAt == nil || known.StartsAt.Equal(a.StartsAt))
	return known, same, nil
}

// hashOfAdjustment identifies what a request asks for, and not what that is on the plan of now. A start that was not sent is the
// moment of the first try.
func hashOfAdjustment(r LimitAdjustmentRequest) int64 {
	return hashOf("limit", r.Balance, r.Amount, r.Type, r.StartsAt, r.EndsAt)
}

// keepAdjustment keeps an adjustment that r asked for under its id.
func keepAdjustment(ctx context.Context, tx *store.Tx, c *store.Customer, a credit.LimitAdjustment, hash int64) error {
	text, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("spell limit adjustment: %w", err)
	}
	return tx.Keep(ctx, store.Kept{Customer: c.Key, Name: keptName(a.ID), Kind: "limit_adjustment", Hash: hash, Answer: string(text), At: a.CreatedAt})
}

// rekeepAdjustment keeps an adjustment as it is now.
func rekeepAdjustment(ctx context.Context, tx *store.Tx, c *store.Customer, a credit.LimitAdjustment) error {
	text, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("spell limit adjustment: %w", err)
	}
	return tx.Rekeep(ctx, c.Key, keptName(a.ID), string(text))
}

// keptAdjustment returns an adjustment and the hash of its request; nil when none is kept under its id.
func keptAdjustment(ctx context.Context, tx *store.Tx, c *store.Customer, adjustmentID string) (*credit.LimitAdjustment, int64, error) {
	kept, ok, err := tx.KeptOf(ctx, c.Key, keptName(adjustmentID))
	if err != nil || !ok {
		return nil, 0, err
	}
	var a credit.LimitAdjustment
	if err := json.Unmarshal([]byte(kept.Answer), &a); err != nil {
		return nil, 0, fmt.Errorf("read limit adjustment %s: %w", adjustmentID, err)
	}
	return &a, kept.Hash, nil
}

func keptName(adjustmentID string) string { return "limit:" + adjustmentID }

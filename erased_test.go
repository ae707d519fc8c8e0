package tollgate

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

// decides reports whether a writer has begun to decide acts, and not committed them yet.
func decides(e *Engine) bool {
	for _, c := range e.writers[0].caches {
		if !c.mu.TryLock() {
			return true
		}
		c.mu.Unlock()
	}
	return false
}

// TestActsDoNotReachWhoTookTheName: acts that have found their customer, which is erased and replaced by another one of its name
// before they are decided.
func TestActsDoNotReachWhoTookTheName(t *testing.T) {
	t.Parallel()
	adjusts := func(e *Engine, kind AdjustmentKind) error {
		_, err := e.AdjustUsage(t.Context(), AdjustmentRequest{Customer: "u", Meter: "requests", Kind: kind, Amount: quantity.Whole(1), Reason: "why", TransactionID: "b"})
		return err
	}
	for name, act := range map[string]func(e *Engine, held, grant string) error{
		"void": func(e *Engine, _, _ string) error { _, err := e.Void(t.Context(), "u", "a", ""); return err },
		"hold": func(e *Engine, _, _ string) error {
			_, err := e.Hold(t.Context(), HoldRequest{Customer: "u", Meter: "requests", Amount: quantity.Whole(3), TransactionID: "h"})
			return err
		},
		"capture":   func(e *Engine, held, _ string) error { _, err := e.Capture(t.Context(), held, nil); return err },
		"release":   func(e *Engine, held, _ string) error { _, err := e.Release(t.Context(), held); return err },
		"refund":    func(e *Engine, _, _ string) error { return adjusts(e, AdjustRefund) },
		"deduction": func(e *Engine, _, _ string) error { return adjusts(e, AdjustDeduction) },
		"bonus":     func(e *Engine, _, _ string) error { return adjusts(e, AdjustBonus) },
		"claw-back": func(e *Engine, _, _ string) error {
			c, err := e.db.CustomerOf(t.Context(), "u")
			if err != nil {
				return err
			}
			_, err = e.clawBack(t.Context(), c, subscription.Grant{ID: "g", Balance: "requests"}, []subscription.ClawBack{{ID: "re", Amount: quantity.Whole(1)}})
			return err
		},
		"grant": func(e *Engine, _, _ string) error {
			_, err := e.Grant(t.Context(), GrantRequest{Customer: "u", Balance: "requests", Amount: quantity.Whole(3), ID: "g2"})
			return err
		},
		"revoke": func(e *Engine, _, grant string) error { _, err := e.Revoke(t.Context(), grant, ""); return err },
		"reset": func(e *Engine, _, _ string) error {
			_, err := e.ResetUsage(t.Context(), ResetRequest{Customer: "u", Balance: "requests"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
			e, err := Open(t.Context(), testdb.SQLite(t), Options{Now: func() time.Time { return now }})
			check := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			check(err)
			defer e.Close()
			_, err = e.Publish(t.Context(), "c.yaml", []byte("currency: usd\nmeters:\n  requests: {aggregation: sum}\n"+
				"plans:\n  free: {default: true, includes: {requests: {limit: 10, every: month}}}\n"), false)
			check(err)
			_, _, err = e.PutCustomer(t.Context(), "u", CustomerChange{})
			check(err)
			_, err = e.Consume(t.Context(), meter.Usage{Customer: "u", Meter: "requests", Amount: new(quantity.Whole(8)), TransactionID: "a"})
			check(err)
			g, err := e.Grant(t.Context(), GrantRequest{Customer: "u", Balance: "requests", Amount: quantity.Whole(1), ID: "g"})
			check(err)
			h, err := e.Hold(t.Context(), HoldRequest{Customer: "u", Meter: "requests", Amount: quantity.Whole(1), TransactionID: "held"})
			check(err)
			ended := make(chan error, 1)
			check(e.db.Update(t.Context(), func(tx *store.Tx) error {
				c, err := tx.CustomerOf(t.Context(), "u")
				if err != nil {
					return err
				}
				go func() { ended <- act(e, h.ID, g.Lot.ID) }()
				for begun := time.Now(); !decides(e); runtime.Gosched() { // it has read what it is about, and then waits for this transaction
					if time.Since(begun) > time.Minute {
						return errors.New("the act does not come to its decision")
					}
				}
				if err := tx.Erase(t.Context(), c.Key, now); err != nil {
					return err
				}
				_, err = e.insertCustomer(t.Context(), tx, e.newCustomer(e.book.Load(), "u", CustomerChange{}))
				return err
			}))
			if err := <-ended; err == nil {
				t.Error("the act was done")
			}
			lines, err := e.Entries(t.Context(), "u", "requests", "", 0)
			check(err)
			for _, l := range lines.Data {
				if l.Kind != credit.KindAllowance {
					t.Errorf("it left a line on the new customer: %s of %s", l.Kind, l.Amount)
				}
			}
		})
	}
}

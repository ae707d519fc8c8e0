package tollgate_test

import (
	"strings"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/quantity"
)

// TestARefundIsBoundedInUnitsOfItsMeter, though a credits pool pays for it: what the refusal names can be sent.
func TestARefundIsBoundedInUnitsOfItsMeter(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		e := open(t, url, newClock(noon()))
		put(t, e, "ann", "free")
		if _, err := e.Consume(t.Context(), use("ann", "tokens", 13_000, "a")); err != nil { // 13 credits
			t.Fatal(err)
		}
		refund := tollgate.AdjustmentRequest{Customer: "ann", Meter: "tokens", Kind: tollgate.AdjustRefund, Amount: quantity.Whole(13_001), Reason: "too many", TransactionID: "r"}
		_, err := e.AdjustUsage(t.Context(), refund)
		f := fault.Of(err)
		if !fault.Has(err, fault.Invalid) || f.Details["value"] != quantity.Whole(13_001) || f.Details["limit"] != quantity.Whole(13_000) || !strings.Contains(f.Message, "13000 of tokens") {
			t.Fatalf("a refund of 13001 tokens: %v, %+v; want a limit of 13000 tokens", err, f)
		}
		refund.Amount = quantity.Whole(13_000)
		if _, err := e.AdjustUsage(t.Context(), refund); err != nil {
			t.Fatal(err)
		}
		if got := available(t, e, "ann", "credits"); got != "100" {
			t.Errorf("after all is refunded %s credits are available, want 100", got)
		}
	})
}

// TestALimitAdjustmentIsInUnitsOfWhatPays: half a credit moves the pool that pays for a meter without decimals, and of a meter that
// pays for itself there is no half.
func TestALimitAdjustmentIsInUnitsOfWhatPays(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		e := open(t, url, newClock(noon()))
		put(t, e, "ann", "free")
		half := tollgate.LimitAdjustmentRequest{Customer: "ann", Balance: "tokens", Amount: quantity.One / 2, Type: credit.Recurring}
		if a, err := e.AddLimitAdjustment(t.Context(), half); err != nil || a.Balance != "credits" {
			t.Errorf("half a credit for tokens: %+v, %v; want it on credits", a, err)
		}
		if got := available(t, e, "ann", "credits"); got != "100.5" {
			t.Errorf("%s credits are available, want 100.5", got)
		}
		half.Balance = "requests"
		if _, err := e.AddLimitAdjustment(t.Context(), half); !fault.Has(err, fault.Invalid) || fault.Of(err).Details["field"] != "amount" {
			t.Errorf("half a request: %v, want invalid_request", err)
		}
	})
}

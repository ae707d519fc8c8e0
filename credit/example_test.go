package credit_test

import (
	"fmt"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

func ExampleApply() {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	terms := credit.Terms{
		Window: period.Window(period.Month, time.UTC, period.Cycle{}, now),
		Limit:  quantity.Whole(100),
	}
	var account credit.State
	account, lines, _, err := credit.Apply(account, terms, credit.Request{
		Kind: credit.KindConsume, Cause: "request-1", Meter: "images", Aggregation: meter.Sum,
		Amount: quantity.Whole(2), Cost: quantity.Whole(20), UsageAt: now,
	}, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range lines {
		fmt.Println(line.Seq, line.Kind, line.Amount, line.Balance)
	}
	_, _, _, err = credit.Apply(account, terms, credit.Request{
		Kind: credit.KindConsume, Cause: "request-2", Meter: "images", Aggregation: meter.Sum,
		Amount: quantity.Whole(4), Cost: quantity.Whole(20), UsageAt: now,
	}, now)
	fmt.Println(err)
	// Output:
	// 1 allowance 100 100
	// 2 consume -40 60
	// insufficient_credits: The balance has 60 left; 80 is required.
}

func ExampleFold() {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	_, lines, _, err := credit.Apply(credit.State{}, credit.Terms{}, credit.Request{
		Kind: credit.KindGrant, Lot: credit.Lot{ID: "grant_1", Amount: quantity.Whole(5), CreatedAt: now, StartsAt: now},
	}, now)
	if err != nil {
		fmt.Println(err)
		return
	}
	account, err := credit.Fold(credit.State{}, lines)
	fmt.Println(account.Balance(), err)
	lines[1].Amount = quantity.Whole(500)
	_, err = credit.Fold(credit.State{}, lines)
	fmt.Println(err)
	// Output:
	// 5 <nil>
	// line 2 (grant of grant_1) adds 5 and leaves 5; the ledger says 500 and 5
}

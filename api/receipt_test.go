package api_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// TestReceiptsAreWrittenAsEncodingJSONWritesThem holds the encoder by hand to the bytes of the one it replaces.
func TestReceiptsAreWrittenAsEncodingJSONWritesThem(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "<&>", "\u2028", "\xff", "a\x7fb", "é", `"\`, "\x00"}))
	units := rapid.Map(rapid.Int64(), func(n int64) quantity.Units { return quantity.Units(n) })
	zoned := rapid.Map(rapid.Int64Range(-62_135_510_400_000_000, 253_402_214_400_000_000), func(n int64) time.Time {
		return time.UnixMicro(n).In([]*time.Location{time.UTC, time.FixedZone("", 3600)}[n&1])
	})
	again := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	moment := rapid.OneOf(zoned, rapid.SampledFrom([]time.Time{again, again.Local(), again.In(time.FixedZone("", 3600)), again.Add(time.Microsecond)}))
	var before api.Moments // of the receipts before
	maybeUnits, maybeMoment := rapid.Ptr(units, true), rapid.Ptr(moment, true)
	properties := rapid.SampledFrom([]string{"", `{}`, `{ "a" : "<b>" }`, `{"a":[1.50,1e9],"b":"\u2028 "}`, "null"})
	rapid.Check(t, func(t *rapid.T) {
		r := tollgate.Receipt{
			Event: meter.Event{
				Customer: id.Customer(text.Draw(t, "customer")), Meter: id.Slug(text.Draw(t, "meter")), Amount: units.Draw(t, "amount"),
				TransactionID: id.Transaction(text.Draw(t, "transactionId")), At: moment.Draw(t, "at"), RecordedAt: moment.Draw(t, "recordedAt"),
				Charged: units.Draw(t, "charged"), PaidBy: id.Slug(text.Draw(t, "paidBy")), Late: rapid.Bool().Draw(t, "late"),
				Properties: json.RawMessage(properties.Draw(t, "properties")),
			},
			Balance: credit.Balance{
				Slug: id.Slug(text.Draw(t, "slug")), Used: units.Draw(t, "used"), Limit: maybeUnits.Draw(t, "limit"), Available: maybeUnits.Draw(t, "available"),
				Unlimited: rapid.Bool().Draw(t, "unlimited"), ResetsAt: maybeMoment.Draw(t, "resetsAt"),
			},
			Duplicate: rapid.Bool().Draw(t, "duplicate"),
		}
		if rapid.IntRange(0, 3).Draw(t, "in full") == 0 {
			r.Balance.Held, r.Balance.Granted, r.Balance.Overage = maybeUnits.Draw(t, "held"), maybeUnits.Draw(t, "granted"), maybeUnits.Draw(t, "overage")
			r.Balance.Soft, r.Balance.Since = rapid.Bool().Draw(t, "soft"), maybeMoment.Draw(t, "since")
			r.Balance.Grants = make([]credit.Lot, rapid.IntRange(0, 2).Draw(t, "grants"))
			r.Balance.Holds = make([]credit.Hold, rapid.IntRange(0, 2).Draw(t, "holds"))
		}
		want, err := json.Marshal(&r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := api.AppendReceipt(&before, []byte("x"), &r)
		if err != nil || string(got) != "x"+string(want) {
			t.Fatalf("got  %s (%v)\nwant x%s", got, err, want)
		}
	})
}

package api_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// TestReportsAreWrittenAsEncodingJSONWritesThem holds the encoder by hand to the bytes of the one it replaces.
func TestReportsAreWrittenAsEncodingJSONWritesThem(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "<&>", "\u2028", "\xff"}))
	units := rapid.Map(rapid.Int64(), func(n int64) quantity.Units { return quantity.Units(n) })
	moment := rapid.Map(rapid.Int64Range(0, 253_402_214_400_000_000), func(n int64) time.Time { return time.UnixMicro(n).UTC() })
	stats := rapid.Custom(func(t *rapid.T) usage.Stats {
		s := usage.Stats{Total: units.Draw(t, "total"), Average: units.Draw(t, "average"), Max: units.Draw(t, "max"), Min: units.Draw(t, "min"),
			Events: rapid.Int64().Draw(t, "events"), ByPeriod: []usage.Bucket{}}
		for range rapid.IntRange(0, 3).Draw(t, "parts") {
			s.ByPeriod = append(s.ByPeriod, usage.Bucket{Date: "2026-01-31", Total: units.Draw(t, "part"), Events: rapid.Int64().Draw(t, "of part"),
				Start: moment.Draw(t, "start"), End: moment.Draw(t, "end")})
		}
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		r := tollgate.UsageReport{
			Customer: id.Customer(text.Draw(t, "customer")), Meter: id.Slug(text.Draw(t, "meter")), Unit: text.Draw(t, "unit"),
			Aggregation: meter.Aggregation(text.Draw(t, "aggregation")), Balance: id.Slug(text.Draw(t, "balance")), Current: units.Draw(t, "current"),
			Limit: rapid.Ptr(units, true).Draw(t, "limit"), Remaining: rapid.Ptr(units, true).Draw(t, "remaining"), IsUnlimited: rapid.Bool().Draw(t, "unlimited"),
			Period: usage.Period(text.Draw(t, "period")), From: moment.Draw(t, "from"), To: moment.Draw(t, "to"), Timezone: text.Draw(t, "timezone"),
			GroupBy: usage.Grouping(text.Draw(t, "by")), LastResetDate: rapid.Ptr(moment, true).Draw(t, "reset"), PreResetTotal: rapid.Ptr(units, true).Draw(t, "before"),
			Stats: stats.Draw(t, "stats"),
		}
		for range rapid.IntRange(0, 2).Draw(t, "groups") {
			r.Groups = append(r.Groups, tollgate.UsageGroup{Value: rapid.Ptr(text, true).Draw(t, "value"), Stats: stats.Draw(t, "group")})
		}
		want, err := json.Marshal(&r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := api.AppendUsage([]byte("x"), &r)
		if err != nil || string(got) != "x"+string(want) {
			t.Fatalf("got  %s (%v)\nwant x%s", got, err, want)
		}
	})
}

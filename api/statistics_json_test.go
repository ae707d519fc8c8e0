package api_test

import (
	"encoding/json"
	"slices"
	"strings"
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
	moment := someMoment()
	stats := someStats()
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

func someMoment() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(0, 253_402_214_400_000_000), func(n int64) time.Time { return time.UnixMicro(n).UTC() })
}

func someStats() *rapid.Generator[usage.Stats] {
	units := rapid.Map(rapid.Int64(), func(n int64) quantity.Units { return quantity.Units(n) })
	moment := someMoment()
	return rapid.Custom(func(t *rapid.T) usage.Stats {
		s := usage.Stats{Total: units.Draw(t, "total"), Average: units.Draw(t, "average"), Max: units.Draw(t, "max"), Min: units.Draw(t, "min"),
			Events: rapid.Int64().Draw(t, "events"), ByPeriod: []usage.Bucket{}}
		for range rapid.IntRange(0, 3).Draw(t, "parts") {
			s.ByPeriod = append(s.ByPeriod, usage.Bucket{Date: "2026-01-31", Total: units.Draw(t, "part"), Events: rapid.Int64().Draw(t, "of part"),
				Start: moment.Draw(t, "start"), End: moment.Draw(t, "end")})
		}
		return s
	})
}

// TestBatchesAreWrittenAsEncodingJSONWritesThem counts customers in any order.
func TestBatchesAreWrittenAsEncodingJSONWritesThem(t *testing.T) {
	t.Parallel()
	stats, text := someStats(), rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"<&>", "\u2028"}))
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.Map(text, func(s string) id.Customer { return id.Customer(strings.ToValidUTF8(s, "?")) }), 0, 4, rapid.ID).Draw(t, "customers")
		meters := slices.Sorted(slices.Values(rapid.SliceOfNDistinct(rapid.SampledFrom([]id.Slug{"a", "b", "tokens"}), 0, 3, rapid.ID).Draw(t, "meters")))
		of, want := map[id.Customer][]tollgate.MeterStats{}, api.UsageByCustomer{Data: map[id.Customer]map[id.Slug]api.UsageInBrief{}}
		for _, name := range names {
			want.Data[name] = map[id.Slug]api.UsageInBrief{}
			for _, m := range meters {
				s := stats.Draw(t, "stats")
				brief := api.UsageInBrief{Total: s.Total, Average: s.Average, Max: s.Max, Min: s.Min, Events: s.Events, ByPeriod: []api.DatedTotal{}}
				for _, b := range s.ByPeriod {
					brief.ByPeriod = append(brief.ByPeriod, api.DatedTotal{Date: b.Date, Total: b.Total})
				}
				of[name], want.Data[name][m] = append(of[name], tollgate.MeterStats{Meter: m, Stats: s}), brief
			}
		}
		spelled, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		for _, before := range []string{"", "x"} {
			got, err := api.AppendUsageByCustomer([]byte(before), names, of)
			if err != nil || string(got) != before+string(spelled) {
				t.Fatalf("got  %s (%v)\nwant %s%s", got, err, before, spelled)
			}
		}
	})
}

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
	"github.com/tollgate/tollgate/period"
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
	units, text := rapid.Map(rapid.Int64(), func(n int64) quantity.Units { return quantity.Units(n) }), rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"<&>", "\u2028"}))
	from := time.Date(2026, 1, 30, 0, 0, 0, 0, time.UTC)
	dates := []string{"2026-01-30", "2026-01-31", "2026-02-01"}
	cut := usage.Calendar{Zone: time.UTC}.Cut(usage.ByDay, period.Span{Start: from, End: from.AddDate(0, 0, len(dates))})
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.Map(text, func(s string) id.Customer { return id.Customer(strings.ToValidUTF8(s, "?")) }), 0, 4, rapid.ID).Draw(t, "customers")
		meters := slices.Sorted(slices.Values(rapid.SliceOfNDistinct(rapid.SampledFrom([]id.Slug{"a", "b", "tokens"}), 0, 3, rapid.ID).Draw(t, "meters")))
		of, want := map[id.Customer][]tollgate.MeterFigures{}, api.UsageByCustomer{Data: map[id.Customer]map[id.Slug]api.UsageInBrief{}}
		for _, name := range names {
			want.Data[name] = map[id.Slug]api.UsageInBrief{}
			for _, m := range meters {
				f := usage.Figures{Cut: cut, Total: units.Draw(t, "total"), Average: units.Draw(t, "average"), Max: units.Draw(t, "max"),
					Min: units.Draw(t, "min"), Events: rapid.Int64().Draw(t, "events")}
				brief := api.UsageInBrief{Total: f.Total, Average: f.Average, Max: f.Max, Min: f.Min, Events: f.Events, ByPeriod: []api.DatedTotal{}}
				for i, date := range dates {
					if rapid.Bool().Draw(t, "shown") {
						f.Parts = append(f.Parts, usage.Part{Bucket: i, Total: units.Draw(t, "part"), Events: 1})
						brief.ByPeriod = append(brief.ByPeriod, api.DatedTotal{Date: date, Total: f.Parts[len(f.Parts)-1].Total})
					}
				}
				of[name], want.Data[name][m] = append(of[name], tollgate.MeterFigures{Meter: m, Figures: f}), brief
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

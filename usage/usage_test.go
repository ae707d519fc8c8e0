package usage_test

import (
	"archive/zip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// TestEveryZoneKeepsToQuartersOfAnHour: since 2000, the first year an event may have, the clocks of every zone have
// differed from UTC by whole slots. The roll-up stands on it.
func TestEveryZoneKeepsToQuartersOfAnHour(t *testing.T) {
	t.Parallel()
	names := zoneNames(t)
	if len(names) < 300 {
		t.Fatalf("only %d zones found", len(names))
	}
	for _, name := range names {
		z, err := time.LoadLocation(name)
		if err != nil {
			continue // a file that is no zone
		}
		for at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2040; at = at.AddDate(0, 0, 7) {
			local := at.In(z)
			if _, offset := local.Zone(); offset%900 != 0 {
				t.Errorf("%s is %d s from UTC at %s", name, offset, at)
				break
			}
		}
	}
}

// zoneNames lists the zones of the Go distribution that runs the test.
func zoneNames(t *testing.T) []string {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var names []string
	for _, f := range r.File {
		if !strings.HasSuffix(f.Name, "/") {
			names = append(names, f.Name)
		}
	}
	return names
}

func calendar(t testing.TB, zone, weekStart string) usage.Calendar {
	t.Helper()
	c, err := usage.ParseCalendar(zone, weekStart)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func labels(c usage.Calendar, g usage.Grouping, from, to string) []string {
	start, _ := time.Parse(time.RFC3339, from)
	end, _ := time.Parse(time.RFC3339, to)
	var out []string
	for _, b := range c.Buckets(g, period.Span{Start: start, End: end}) {
		out = append(out, c.Label(g, b)+" "+b.End.Sub(b.Start).String())
	}
	return out
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, zone, week string
		by               usage.Grouping
		from, to         string
		want             []string
	}{
		{"days of 23 hours", "Europe/Paris", "", usage.ByDay, "2026-03-27T23:00:00Z", "2026-03-29T22:00:00Z",
			[]string{"2026-03-28 24h0m0s", "2026-03-29 23h0m0s"}},
		{"days of 25 hours", "America/New_York", "", usage.ByDay, "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", []string{"2026-11-01 25h0m0s"}},
		{"an hour that comes twice", "Europe/Paris", "", usage.ByHour, "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z",
			[]string{"2026-10-25T02:00:00+02:00 1h0m0s", "2026-10-25T02:00:00+01:00 1h0m0s"}},
		{"half an hour of summer time", "Australia/Lord_Howe", "", usage.ByHour, "2026-04-04T14:00:00Z", "2026-04-04T16:30:00Z",
			[]string{"2026-04-05T01:00:00+11:00 1h0m0s", "2026-04-05T01:30:00+10:30 30m0s", "2026-04-05T02:00:00+10:30 1h0m0s"}},
		{"a zone 45 minutes off", "Asia/Kathmandu", "", usage.ByDay, "2026-05-01T18:15:00Z", "2026-05-02T18:15:00Z", []string{"2026-05-02 24h0m0s"}},
		{"weeks across the year's end", "", "", usage.ByWeek, "2025-12-29T00:00:00Z", "2026-01-06T00:00:00Z",
			[]string{"2025-12-29 168h0m0s", "2026-01-05 24h0m0s"}},
		{"weeks from Sunday", "", "sunday", usage.ByWeek, "2026-01-01T00:00:00Z", "2026-01-12T00:00:00Z",
			[]string{"2025-12-28 72h0m0s", "2026-01-04 168h0m0s", "2026-01-11 24h0m0s"}},
		{"weeks from Sunday over summer time", "America/Sao_Paulo", "sunday", usage.ByWeek, "2018-11-04T03:00:00Z", "2018-11-11T02:00:00Z",
			[]string{"2018-11-04 167h0m0s"}},
		{"months", "Asia/Tokyo", "", usage.ByMonth, "2026-01-30T15:00:00Z", "2026-03-01T00:00:00Z",
			[]string{"2026-01-01 24h0m0s", "2026-02-01 672h0m0s", "2026-03-01 9h0m0s"}},
		{"nothing to cut", "", "", usage.ByNone, "2026-01-30T15:00:00Z", "2026-03-01T00:00:00Z", []string{"2026-01-30 705h0m0s"}},
	} {
		if diff := cmp.Diff(tt.want, labels(calendar(t, tt.zone, tt.week), tt.by, tt.from, tt.to)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestBucketsTile: in every zone buckets cover the span without holes, each within one calendar bucket, and cut no slot
// but at the span's own edges and where clocks change within one, as they did at 00:01 in St. John's until 2011.
func TestBucketsTile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom([]string{"", "Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo"}).Draw(t, "zone")
		c, err := usage.ParseCalendar(zone, rapid.SampledFrom([]string{"monday", "sunday"}).Draw(t, "week"))
		if err != nil {
			t.Fatal(err)
		}
		g := rapid.SampledFrom(usage.Groupings()).Draw(t, "by")
		start := time.Unix(rapid.Int64Range(1e9, 2e9).Draw(t, "from"), 0).UTC()
		s := period.Span{Start: start, End: start.Add(time.Duration(rapid.IntRange(1, 5000).Draw(t, "hours")) * 13 * time.Minute)}
		at := s.Start
		for _, b := range c.Buckets(g, s) {
			if !b.Start.Equal(at) || !b.Start.Before(b.End) {
				t.Fatalf("a bucket from %s to %s after %s", b.Start, b.End, at)
			}
			at = b.End
			changed, _ := at.In(c.Zone).ZoneBounds()
			if !at.Equal(s.End) && at.Unix()%900 != 0 && !at.Equal(changed) {
				t.Fatalf("a bucket ends within a slot: %s", at)
			}
		}
		if !at.Equal(s.End) {
			t.Fatalf("the buckets end at %s, not %s", at, s.End)
		}
	})
}

// TestSlotsCountAsEventsDo: however facts are split over slots, merged, or added up to days of several accounts, the statistics
// are those of the facts. A slot is cut only by an end that comes before something in it, and days are unsure only of readings
// within two seconds.
func TestSlotsCountAsEventsDo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := usage.Calendar{Zone: time.UTC}
		start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		span := period.Span{Start: start, End: start.Add(time.Duration(rapid.IntRange(1, 5*96*15).Draw(t, "minutes")) * time.Minute)}
		grain := rapid.SampledFrom([]time.Duration{usage.Grain, usage.Day}).Draw(t, "grain")
		aggregation := rapid.SampledFrom([]meter.Aggregation{meter.Sum, meter.Count, meter.Max, meter.Last}).Draw(t, "meter")
		direct := c.Cut(usage.ByDay, span).Series()
		var parts [3]usage.Slots
		var facts []usage.Fact
		for seq := range int64(rapid.IntRange(0, 60).Draw(t, "events")) {
			at := time.Duration(rapid.IntRange(0, 5*96-1).Draw(t, "at"))*15*time.Minute + time.Duration(rapid.IntRange(0, 5).Draw(t, "second"))*time.Second
			f := usage.Fact{At: start.Add(at), Seq: seq + 1,
				Amount: quantity.Units(rapid.Int64Range(0, int64(quantity.Max)).Draw(t, "amount"))}
			if rapid.Bool().Draw(t, "whole") {
				f.Amount -= f.Amount % quantity.One
			}
			facts = append(facts, f)
			direct.Add(f, "")
			part := &parts[rapid.IntRange(0, 2).Draw(t, "part")]
			part.Add(f)
			if aggregation == meter.Sum && rapid.IntRange(0, 5).Draw(t, "void") == 0 {
				f.Void = true
				facts = append(facts, f)
				direct.Add(f, "")
				if grain == usage.Grain { // the line of a void is in the same account
					part = &parts[rapid.IntRange(0, 2).Draw(t, "part")]
				}
				part.Add(f)
			}
		}
		var all usage.Slots
		for _, p := range parts {
			read, err := usage.ParseSlots(p.String())
			if err != nil {
				t.Fatal(err)
			}
			all.Merge(read)
		}
		cut := c.Cut(usage.ByDay, span)
		if got := cut.Grain(); got != usage.Day {
			t.Fatalf("days in UTC ask for slots of %s", got)
		}
		rolled, left := cut.Series(), false
		isCut := func(s usage.Slot) {
			left = true
			began, late := usage.SlotStart(s.At), false
			for _, f := range facts {
				late = late || !f.At.Before(span.End) && f.At.Before(began.Add(grain))
			}
			if !late || !began.Before(span.End) {
				t.Fatalf("slot %v is cut, and nothing in it is later than the span", s)
			}
		}
		if grain == usage.Day {
			var r usage.SlotReader
			for _, p := range parts {
				if err := r.AddTo(rolled, p.SpellDays(), usage.Day, isCut); err != nil {
					t.Fatal(err)
				}
			}
		} else {
			for _, s := range all {
				if !rolled.AddSlot(s, grain) {
					isCut(s)
				}
			}
		}
		if left {
			return
		}
		if aggregation == meter.Last && !rolled.Sure() {
			slices.SortFunc(facts, func(a, b usage.Fact) int { return a.At.Compare(b.At) })
			for i := range facts[1:] {
				if facts[i+1].At.Sub(facts[i].At) < 2*time.Second && grain == usage.Day {
					return
				}
			}
			t.Fatal("it is not known which reading is the latest, and no two are close")
		}
		want, wantErr := direct.Stats(aggregation, true)
		got, err := rolled.Stats(aggregation, true)
		if total, totalErr := rolled.Total(aggregation); (totalErr == nil) != (err == nil) || err == nil && total != got.Total {
			t.Fatalf("the total is %s (%v), and in the statistics %s (%v)", total, totalErr, got.Total, err)
		}
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%v, want %v", err, wantErr)
		}
		if diff := cmp.Diff(want, got); err == nil && diff != "" {
			t.Fatalf("slots and events differ (-events +slots):\n%s", diff)
		}
	})
}

func TestTotalsAreExactOrRefused(t *testing.T) {
	t.Parallel()
	var total usage.Total
	for range 9 {
		total = total.Add(quantity.Max)
	}
	if u, ok := total.Units(); !ok || u != 9*quantity.Max {
		t.Errorf("nine times the largest quantity is %s, %t", u, ok)
	}
	total = total.Add(quantity.Max)
	if u, ok := total.Units(); ok {
		t.Errorf("ten times the largest quantity fits: %s", u)
	}
	for range 20 {
		total = total.Add(-quantity.Max)
	}
	if u, ok := total.Units(); ok {
		t.Errorf("minus ten times the largest quantity fits: %s", u)
	}
	if u, ok := total.Add(quantity.Max).Units(); !ok || u != -9*quantity.Max {
		t.Errorf("minus nine times is %s, %t", u, ok)
	}
}

func TestStatsAreOverBuckets(t *testing.T) {
	t.Parallel()
	c := usage.Calendar{Zone: time.UTC}
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	s := c.Cut(usage.ByDay, period.Span{Start: start, End: start.AddDate(0, 0, 4)}).Series()
	for i, n := range []int64{25, 15, 0, 10} {
		if n > 0 {
			s.Add(usage.Fact{At: start.AddDate(0, 0, i), Amount: quantity.Whole(n), Seq: int64(i + 1)}, "")
		}
	}
	got, err := s.Stats(meter.Sum, false)
	if err != nil {
		t.Fatal(err)
	}
	if got.Total != quantity.Whole(50) || got.Max != quantity.Whole(25) || got.Min != quantity.Whole(10) || got.Average != 16_666_667 || len(got.ByPeriod) != 3 {
		t.Errorf("without empty days: %+v", got)
	}
	if got, err = s.Stats(meter.Sum, true); err != nil || got.Min != 0 || got.Average != 12_500_000 || len(got.ByPeriod) != 4 || got.ByPeriod[2].Date != "2024-01-03" {
		t.Errorf("with empty days: %+v, %v", got, err)
	}
}

func FuzzParseSlots(f *testing.F) {
	f.Add("")
	f.Add(usage.Slots{{At: 5, Events: 2, Peak: 7, Last: 3, LastAt: 9, LastSeq: 4, First: 2, Final: 4}, {At: 9, Events: 1, Peak: 1, Last: 2, First: 6, Final: 6}}.String())
	f.Add(usage.Slots{{At: 5, Events: 2, Peak: quantity.One, Last: quantity.One, LastAt: 9, LastSeq: 4, First: 2, Final: 4}}.Days().String())
	f.Add(usage.Slots{{At: 5, Events: 2, Peak: quantity.One, Last: quantity.One, LastAt: 9, LastSeq: 4, First: 2, Final: 4}}.SpellDays())
	f.Add("BAAA")
	f.Add("////")
	f.Fuzz(func(t *testing.T, text string) {
		slots, err := usage.ParseSlots(text)
		if err != nil {
			return
		}
		again, err := usage.ParseSlots(slots.String())
		if err != nil || cmp.Diff(slots.String(), again.String()) != "" {
			t.Errorf("%q reads as %q, then as %q: %v", text, slots, again, err)
		}
	})
}

// Days say how many, how much, the peak and the latest, and neither read as slots nor slots as days.
func FuzzEachDay(f *testing.F) {
	slots := usage.Slots{{At: 5, Events: 2, Peak: 7, Last: 3, LastAt: 9, LastSeq: 4, First: 2, Final: 4}, {At: 96, Events: 1, Peak: 1, Last: 2, First: 6, Final: 6}}
	f.Add("")
	f.Add(slots.String())
	f.Add(slots.SpellDays())
	f.Add(usage.Slots{{At: 900, Events: 1, Peak: quantity.One, Last: quantity.One, Sum: usage.Total{}.Add(quantity.One), LastAt: 9, LastSeq: 4, First: 4, Final: 4}}.SpellDays())
	f.Add("////")
	f.Fuzz(func(t *testing.T, text string) {
		var days usage.Slots
		if usage.EachDay(text, func(x usage.Slot) { days = append(days, x) }) != nil || len(days) == 0 {
			return
		}
		if slots, err := usage.ParseSlots(text); err == nil {
			t.Errorf("%q reads as days, and as slots too: %v", text, slots)
		}
		if slots, err := usage.ParseSlots(days.SpellDays()); err == nil {
			t.Errorf("%q reads as days, then as slots: %v", text, slots)
		}
	})
}

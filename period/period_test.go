package period_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/period"
)

const layout = "2006-01-02 15:04:05 -0700"

func zone(t interface {
	Helper()
	Fatal(...any)
}, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestWindowsFollowTheClocksOfTheirZone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		every      period.Every
		zone, now  string
		start, end string
	}{
		{"a day in UTC", period.Day, "UTC", "2026-03-02 23:59:59 +0000", "2026-03-02 00:00:00 +0000", "2026-03-03 00:00:00 +0000"},
		{"a day begins at midnight itself", period.Day, "UTC", "2026-03-03 00:00:00 +0000", "2026-03-03 00:00:00 +0000", "2026-03-04 00:00:00 +0000"},
		{"a day of 23 hours", period.Day, "America/New_York", "2026-03-08 12:00:00 -0400", "2026-03-08 00:00:00 -0500", "2026-03-09 00:00:00 -0400"},
		{"a day of 25 hours", period.Day, "America/New_York", "2026-11-01 12:00:00 -0500", "2026-11-01 00:00:00 -0400", "2026-11-02 00:00:00 -0500"},
		{"the day before a midnight that is skipped", period.Day, "America/Sao_Paulo", "2018-11-03 23:30:00 -0300", "2018-11-03 00:00:00 -0300", "2018-11-04 01:00:00 -0200"},
		{"a day whose midnight is skipped", period.Day, "America/Sao_Paulo", "2018-11-04 01:00:00 -0200", "2018-11-04 01:00:00 -0200", "2018-11-05 00:00:00 -0200"},
		{"a midnight that is skipped, east of Greenwich", period.Day, "Africa/Cairo", "2023-04-28 12:00:00 +0300", "2023-04-28 01:00:00 +0300", "2023-04-29 00:00:00 +0300"},
		{"an hour before midnight that comes twice", period.Day, "Africa/Cairo", "2023-10-26 23:30:00 +0200", "2023-10-26 00:00:00 +0300", "2023-10-27 00:00:00 +0200"},
		{"a midnight that comes twice, the first time", period.Day, "America/Havana", "2023-11-05 00:30:00 -0400", "2023-11-05 00:00:00 -0400", "2023-11-06 00:00:00 -0500"},
		{"a midnight that comes twice, the second time", period.Day, "America/Havana", "2023-11-05 00:30:00 -0500", "2023-11-05 00:00:00 -0400", "2023-11-06 00:00:00 -0500"},
		{"a midnight that comes twice, east of Greenwich", period.Day, "Asia/Amman", "2011-10-28 00:30:00 +0300", "2011-10-28 00:00:00 +0300", "2011-10-29 00:00:00 +0200"},
		{"a clock that goes back into yesterday", period.Day, "America/St_Johns", "2010-11-06 23:30:00 -0330", "2010-11-07 00:00:00 -0230", "2010-11-08 00:00:00 -0330"},
		{"the day before one that never was", period.Day, "Pacific/Apia", "2011-12-29 12:00:00 -1000", "2011-12-29 00:00:00 -1000", "2011-12-31 00:00:00 +1400"},
		{"the day after one that never was", period.Day, "Pacific/Apia", "2011-12-31 00:00:00 +1400", "2011-12-31 00:00:00 +1400", "2012-01-01 00:00:00 +1400"},
		{"a week begins on Monday", period.Week, "UTC", "2026-03-08 23:59:59 +0000", "2026-03-02 00:00:00 +0000", "2026-03-09 00:00:00 +0000"},
		{"Monday begins the week", period.Week, "UTC", "2026-03-09 00:00:00 +0000", "2026-03-09 00:00:00 +0000", "2026-03-16 00:00:00 +0000"},
		{"a week over the new year", period.Week, "UTC", "2026-01-01 00:00:00 +0000", "2025-12-29 00:00:00 +0000", "2026-01-05 00:00:00 +0000"},
		{"a week with a DST change", period.Week, "America/New_York", "2026-03-08 12:00:00 -0400", "2026-03-02 00:00:00 -0500", "2026-03-09 00:00:00 -0400"},
		{"a month", period.Month, "UTC", "2026-12-31 23:59:59 +0000", "2026-12-01 00:00:00 +0000", "2027-01-01 00:00:00 +0000"},
		{"a February of a leap year", period.Month, "UTC", "2028-02-29 12:00:00 +0000", "2028-02-01 00:00:00 +0000", "2028-03-01 00:00:00 +0000"},
		{"a month with a DST change", period.Month, "America/New_York", "2026-03-31 23:00:00 -0400", "2026-03-01 00:00:00 -0500", "2026-04-01 00:00:00 -0400"},
		{"the last evening of a month, where UTC is in the next", period.Month, "America/New_York", "2026-04-01 02:00:00 +0000", "2026-03-01 00:00:00 -0500", "2026-04-01 00:00:00 -0400"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			z := zone(t, tt.zone)
			now, err := time.Parse(layout, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			s := period.Window(tt.every, z, period.Cycle{}, now)
			if got, want := s.Start.In(z).Format(layout), tt.start; got != want {
				t.Errorf("the window starts at %s, want %s", got, want)
			}
			if got, want := s.End.In(z).Format(layout), tt.end; got != want {
				t.Errorf("the window ends at %s, want %s", got, want)
			}
			if s.Start.Location() != time.UTC || s.End.Location() != time.UTC {
				t.Errorf("the window %v is not in UTC", s)
			}
		})
	}
}

func TestBillingPeriodsCountFromTheirAnchor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, anchor string
		months       int
		now          string
		start, end   string
	}{
		{"the first month", "2026-01-15T10:00:00Z", 1, "2026-01-15T10:00:00Z", "2026-01-15T10:00:00Z", "2026-02-15T10:00:00Z"},
		{"just before the first month ends", "2026-01-15T10:00:00Z", 1, "2026-02-15T09:59:59Z", "2026-01-15T10:00:00Z", "2026-02-15T10:00:00Z"},
		{"zero months count as one", "2026-01-15T10:00:00Z", 0, "2026-02-15T10:00:00Z", "2026-02-15T10:00:00Z", "2026-03-15T10:00:00Z"},
		{"31 January, then 28 February", "2026-01-31T10:00:00Z", 1, "2026-02-01T00:00:00Z", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"},
		{"28 February, then 31 March", "2026-01-31T10:00:00Z", 1, "2026-03-01T00:00:00Z", "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"},
		{"29 February in a leap year", "2028-01-31T10:00:00Z", 1, "2028-02-29T10:00:00Z", "2028-02-29T10:00:00Z", "2028-03-31T10:00:00Z"},
		{"a year from 29 February", "2028-02-29T00:00:00Z", 12, "2029-02-28T00:00:00Z", "2029-02-28T00:00:00Z", "2030-02-28T00:00:00Z"},
		{"four years from 29 February", "2028-02-29T00:00:00Z", 12, "2032-02-29T00:00:00Z", "2032-02-29T00:00:00Z", "2033-02-28T00:00:00Z"},
		{"a year", "2026-05-10T00:00:00Z", 12, "2027-05-09T23:59:59Z", "2026-05-10T00:00:00Z", "2027-05-10T00:00:00Z"},
		{"a quarter", "2025-11-30T00:00:00Z", 3, "2026-02-28T00:00:00Z", "2026-02-28T00:00:00Z", "2026-05-30T00:00:00Z"},
		{"before the anchor", "2026-03-31T10:00:00Z", 1, "2026-03-01T00:00:00Z", "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z"},
		{"a year before the anchor", "2026-03-31T10:00:00Z", 12, "2025-03-31T09:59:59Z", "2024-03-31T10:00:00Z", "2025-03-31T10:00:00Z"},
		{"an anchor in another zone", "2026-01-31T23:30:00-05:00", 1, "2026-02-02T00:00:00Z", "2026-02-01T04:30:00Z", "2026-03-01T04:30:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			parse := func(s string) time.Time {
				at, err := time.Parse(time.RFC3339, s)
				if err != nil {
					t.Fatal(err)
				}
				return at
			}
			c := period.Cycle{Anchor: parse(tt.anchor), Months: tt.months}
			got := period.Window(period.BillingPeriod, nil, c, parse(tt.now))
			if want := (period.Span{Start: parse(tt.start), End: parse(tt.end)}); !got.Equal(want) {
				t.Errorf("the period is %v, want %v", got, want)
			}
		})
	}
}

func TestWindowForEverHoldsEverything(t *testing.T) {
	t.Parallel()
	s := period.Window(period.Never, nil, period.Cycle{}, time.Unix(0, 0))
	if !s.Start.IsZero() || !s.End.IsZero() || !s.Contains(time.Unix(1<<40, 0)) || !s.Contains(time.Time{}) {
		t.Errorf("the window %v does not hold everything", s)
	}
}

func TestSpanIsHalfOpen(t *testing.T) {
	t.Parallel()
	s := period.Span{Start: time.Unix(10, 0), End: time.Unix(20, 0)}
	for at, want := range map[int64]bool{9: false, 10: true, 19: true, 20: false} {
		if got := s.Contains(time.Unix(at, 0)); got != want {
			t.Errorf("Contains(%d) is %t, want %t", at, got, want)
		}
	}
}

func TestSpanAsJSON(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for want, s := range map[string]period.Span{
		`{"start":"2026-03-02T00:00:00Z"}`:                              {Start: start},
		`{"start":"2026-03-02T00:00:00Z","end":"2026-03-03T00:00:00Z"}`: {Start: start, End: start.AddDate(0, 0, 1)},
	} {
		b, err := json.Marshal(s)
		if err != nil || string(b) != want {
			t.Errorf("%s, %v; want %s", b, err, want)
		}
		var back period.Span
		if err := json.Unmarshal(b, &back); err != nil || !back.Equal(s) {
			t.Errorf("%s reads back as %v, %v", b, back, err)
		}
	}
}

// zones are those whose clocks do what no other's do.
var zones = []string{
	"UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Cairo", "Africa/Casablanca",
	"America/Havana", "Atlantic/Azores", "America/St_Johns", "Pacific/Apia", "Pacific/Kwajalein", "Asia/Beirut", "Asia/Gaza",
	"Asia/Amman", "Asia/Tehran", "America/Asuncion", "America/Santiago", "Australia/Lord_Howe", "Antarctica/Troll",
	"Asia/Manila", "Europe/Dublin",
}

// Windows tile time: each holds now, and the one before ends where it starts, wherever one looks.
func TestWindowsTileTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		every := rapid.SampledFrom([]period.Every{period.Day, period.Week, period.Month, period.BillingPeriod}).Draw(t, "every")
		c := period.Cycle{Anchor: instant(t, "anchor"), Months: rapid.SampledFrom([]int{0, 1, 3, 6, 12}).Draw(t, "months")}
		tile(t, every, z, c, instant(t, "now"))
	})
}

func instant(t *rapid.T, name string) time.Time {
	return time.UnixMicro(rapid.Int64Range(0, 2_524_608_000_000_000).Draw(t, name)) // 1970 to 2050
}

func tile(t interface {
	Helper()
	Fatalf(string, ...any)
}, every period.Every, z *time.Location, c period.Cycle, now time.Time) {
	t.Helper()
	s := period.Window(every, z, c, now)
	if !s.Contains(now) {
		t.Fatalf("%s in %s: %v does not hold %s", every, z, s, now.In(z))
	}
	for _, at := range []time.Time{s.Start, s.End.Add(-time.Microsecond)} {
		if got := period.Window(every, z, c, at); !got.Equal(s) {
			t.Fatalf("%s in %s: %s is in %v, want %v", every, z, at.In(z), got, s)
		}
	}
	if next := period.Window(every, z, c, s.End); !next.Start.Equal(s.End) {
		t.Fatalf("%s in %s: %v follows %v", every, z, next, s)
	}
	if before := period.Window(every, z, c, s.Start.Add(-time.Microsecond)); !before.End.Equal(s.Start) {
		t.Fatalf("%s in %s: %v comes before %v", every, z, before, s)
	}
}

// Around every change of the clocks in sixty years, minute by minute near it.
func TestWindowsTileTimeAroundEveryChangeOfTheClocks(t *testing.T) {
	t.Parallel()
	for _, name := range zones {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := zone(t, name)
			at := time.Date(1975, 1, 1, 0, 0, 0, 0, time.UTC).In(z)
			for at.Year() < 2035 {
				_, end := at.ZoneBounds()
				if end.IsZero() {
					return
				}
				for minutes := -150; minutes <= 150; minutes += 10 {
					tile(t, period.Day, z, period.Cycle{}, end.Add(time.Duration(minutes)*time.Minute))
				}
				tile(t, period.Week, z, period.Cycle{}, end)
				tile(t, period.Month, z, period.Cycle{}, end)
				at = end
			}
		})
	}
}

func TestMonthsAddedClampAndNeverDrift(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at, n := instant(t, "at").UTC(), rapid.IntRange(-600, 600).Draw(t, "months")
		got := period.AddMonths(at, n)
		months := at.Year()*12 + int(at.Month()) - 1 + n
		if got.Year()*12+int(got.Month())-1 != months {
			t.Fatalf("%s and %d months is %s", at, n, got)
		}
		if got.Day() != at.Day() && (got.Day() > at.Day() || got.AddDate(0, 0, 1).Day() != 1) {
			t.Fatalf("%s and %d months is %s: the day is neither kept nor the month's last", at, n, got)
		}
		if h, m, s := got.Clock(); fmt.Sprint(h, m, s, got.Nanosecond()) != fmt.Sprint(at.Hour(), at.Minute(), at.Second(), at.Nanosecond()) {
			t.Fatalf("%s and %d months is %s: the clock moved", at, n, got)
		}
	})
}

func TestChoicesAreAllThereAre(t *testing.T) {
	t.Parallel()
	if got, want := fmt.Sprint(period.Choices()), "[day week month billing_month billing_period never]"; got != want {
		t.Errorf("the choices are %s, want %s", got, want)
	}
}

func ExampleWindow() {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 3, 8, 16, 0, 0, 0, time.UTC)
	day := period.Window(period.Day, newYork, period.Cycle{}, now)
	fmt.Println(day.Start.Format(time.RFC3339), day.End.Sub(day.Start))
	// Output: 2026-03-08T05:00:00Z 23h0m0s
}

func ExampleCycle_Span() {
	c := period.Cycle{Anchor: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), Months: 1}
	s := c.Span(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	fmt.Println(s.Start.Format(time.DateOnly), s.End.Format(time.DateOnly))
	// Output: 2026-02-28 2026-03-31
}

func FuzzWindow(f *testing.F) {
	f.Add(4, int64(1_541_300_400), int64(1_500_000_000), 1) // São Paulo, 4 November 2018
	f.Add(10, int64(1_325_239_200), int64(0), 12)           // Apia, 30 December 2011
	f.Fuzz(func(t *testing.T, name int, now, anchor int64, months int) {
		within := func(s int64) time.Time { return time.Unix(s%2_500_000_000, 0) }
		z := zone(t, zones[uint(name)%uint(len(zones))])
		c := period.Cycle{Anchor: within(anchor), Months: months % 25}
		for _, every := range period.Choices()[:4] {
			tile(t, every, z, c, within(now))
		}
	})
}

package credit_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// A day's usage of one max and one last meter on one account, beside grants, holds and other usage.
// Whatever the order, the max meter has paid for its peak and the last meter for its latest reading.
func TestPeaksAndReadingsAreWhatIsCharged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		terms := credit.Terms{
			Window: period.Window(period.Day, nil, period.Cycle{}, now), Keep: true,
			Limit: units(int64(rapid.IntRange(0, 40).Draw(t, "limit"))),
		}
		var s credit.State
		var lines []credit.Entry
		var peak, reading, other, charged int64
		var readAt time.Time
		var open []string
		for i := range rapid.IntRange(1, 40).Draw(t, "acts") {
			now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "seconds")) * time.Second)
			n := int64(rapid.IntRange(0, 15).Draw(t, "amount"))
			r := credit.Request{
				Kind: credit.KindConsume, Cause: fmt.Sprint("e", i), Amount: units(n), Cost: quantity.One, UsageAt: now,
				Aggregation: meter.Sum, Meter: "calls", ExpiresAt: now.Add(time.Hour * 24),
			}
			act := rapid.IntRange(0, 6).Draw(t, "act")
			switch act {
			case 0:
				r.Aggregation, r.Meter = meter.Max, "peak"
			case 1, 2:
				r.Aggregation, r.Meter = meter.Last, "seats"
				r.UsageAt = now.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "late")) * time.Second)
			case 3:
				r.Kind = credit.KindHold
			case 4:
				if len(open) == 0 {
					continue
				}
				r.Kind, r.Cause = credit.KindRelease, open[0]
			case 5:
				r.Kind = credit.KindGrant
				r.Lot = credit.Lot{ID: r.Cause, Amount: units(n), Priority: 99 + i%3, CreatedAt: now, StartsAt: now}
			}
			next, written, res, err := credit.Apply(s, terms, r, now)
			lines, s = append(lines, written...), next
			check(t, &s, now)
			if err != nil {
				continue
			}
			switch act {
			case 0:
				peak = max(peak, n)
			case 1, 2:
				if !r.UsageAt.Before(readAt) {
					reading, readAt = n, r.UsageAt
				}
			case 3:
				open = append(open, r.Cause)
				continue
			case 4:
				open = open[1:]
				continue
			case 5:
				continue
			default:
				other += n
			}
			charged += int64(res.Charge)
			if want := peak + reading + other; charged != want || int64(s.Window.Used) != want {
				t.Fatalf("after %s %d was charged and %d counted as used, want the peak %d, the reading %d and the rest %d",
					r.Cause, charged, s.Window.Used, peak, reading, other)
			}
		}
		folded, err := credit.Fold(credit.State{}, lines)
		if err != nil {
			t.Fatal(err)
		}
		if err := folded.Same(&s); err != nil {
			t.Fatal(err)
		}
	})
}

// check holds what is true of any account under a hard limit.
func check(t failer, s *credit.State, now time.Time) {
	t.Helper()
	if s.Available(now) < 0 {
		t.Fatalf("%d available under a hard limit", s.Available(now))
	}
	setAside := map[string]quantity.Units{}
	for _, h := range s.Holds {
		for _, p := range h.Parts {
			setAside[p.Grant] -= p.Amount
		}
	}
	for _, l := range s.Lots {
		if l.Remaining < 0 || l.Remaining+setAside[l.ID] > l.Amount {
			t.Fatalf("grant %s has %d left and %d held, of %d granted", l.ID, l.Remaining, setAside[l.ID], l.Amount)
		}
	}
	if s.Window.Spent < setAside[""] {
		t.Fatalf("%d spent of the allowance, with %d held", s.Window.Spent, setAside[""])
	}
}

// Any round of plan changes within one day gives, all together, no more than the largest limit among the
// plans, wherever their windows begin. A plan of one window for ever is left out, see the next test.
func TestPlanChangesMintNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		kinds := []period.Every{period.Day, period.Week, period.Month, period.BillingPeriod}
		var s credit.State
		var largest, paid quantity.Units
		cycle := period.Cycle{Anchor: now}
		for range rapid.IntRange(1, 30).Draw(t, "changes") {
			now = now.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "seconds")) * time.Second)
			limit := units(int64(rapid.IntRange(0, 100).Draw(t, "limit")))
			if rapid.Bool().Draw(t, "anew") {
				cycle.Anchor = now
			}
			terms := credit.Terms{Limit: limit, Window: period.Window(rapid.SampledFrom(kinds).Draw(t, "every"), nil, cycle, now)}
			largest = max(largest, limit)
			next, _, _, err := credit.Apply(s, terms, credit.Request{}, now)
			if err != nil {
				t.Fatal(err)
			}
			all := next.Available(now)
			s, _, _, err = credit.Apply(next, terms, credit.Request{
				Kind: credit.KindConsume, Cause: "e", Aggregation: meter.Sum, Amount: all, Cost: quantity.One,
			}, now)
			if err != nil {
				t.Fatal(err)
			}
			if paid += all; paid > largest {
				t.Fatalf("%d was paid; the largest limit is %d", paid, largest)
			}
		}
	})
}

// Day after day, back and forth between a plan of days, one of billing periods and one for ever: within
// any window of a plan, its allowance pays no more than its limit.
func TestChangesOfWindowKindMintNothingOverDays(t *testing.T) {
	t.Parallel()
	limits := map[period.Every]quantity.Units{period.Day: 10, period.BillingPeriod: 100, period.Never: 30, period.Week: 40}
	kinds := []period.Every{period.Day, period.BillingPeriod, period.Never, period.Week}
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		cycle := period.Cycle{Anchor: now}
		var s credit.State
		paid := map[string]quantity.Units{}
		for range rapid.IntRange(1, 60).Draw(t, "touches") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "hours")) * time.Hour)
			every := rapid.SampledFrom(kinds).Draw(t, "every")
			terms := credit.Terms{Limit: limits[every], Window: period.Window(every, nil, cycle, now)}
			n := units(int64(rapid.IntRange(0, 60).Draw(t, "amount")))
			next, _, _, err := credit.Apply(s, terms, credit.Request{
				Kind: credit.KindConsume, Cause: "e", Aggregation: meter.Sum, Amount: n, Cost: quantity.One,
			}, now)
			s = next
			if err != nil {
				continue
			}
			window := fmt.Sprint(every, terms.Window.Start)
			if paid[window] += n; paid[window] > terms.Limit {
				t.Fatalf("%s paid %d, limit %d", window, paid[window], terms.Limit)
			}
		}
	})
}

// An audit notices every line that is missing, doubled, out of order or altered in its figures.
func TestFoldNoticesALedgerThatWasTamperedWith(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t, func(what string, n int) int { return rapid.IntRange(0, n-1).Draw(t, what) })
		for range 20 {
			h.step()
		}
		var lines []credit.Entry
		if err := json.Unmarshal([]byte(asJSON(t, h.lines)), &lines); err != nil {
			t.Fatal(err)
		}
		i := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
		switch rapid.IntRange(0, 4).Draw(t, "tampering") {
		case 0:
			lines[i].Amount++
		case 1:
			lines[i].Balance--
		case 2:
			lines = append(lines[:i:i], lines[i+1:]...)
		case 3:
			lines = append(lines[:i+1:i+1], lines[i:]...)
		case 4:
			lines[i].Seq++
		}
		folded, err := credit.Fold(credit.State{}, lines)
		if err == nil {
			err = h.state.Same(&folded)
		}
		if err == nil {
			t.Fatalf("nobody noticed")
		}
	})
}

// Same names whatever differs between two accounts.
func TestSameNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	base := func() credit.State {
		return credit.State{
			Seq: 3, Window: credit.Window{Used: 2, Spent: 1}, Limit: 10,
			Lots: []credit.Lot{{ID: "g", Remaining: 5}}, Holds: []credit.Hold{{ID: "h", Charge: 1}},
		}
	}
	for _, tt := range []struct {
		name  string
		alter func(*credit.State)
		same  bool
	}{
		{"nothing", func(*credit.State) {}, true},
		{"a spent grant", func(s *credit.State) { s.Lots = append(s.Lots, credit.Lot{ID: "spent"}) }, true},
		{"a gauge", func(s *credit.State) { s.Gauges = []credit.Gauge{{Meter: id.Slug("m")}} }, true},
		{"the line count", func(s *credit.State) { s.Seq++ }, false},
		{"the window", func(s *credit.State) { s.Window.End = time.Unix(1, 0) }, false},
		{"the limit", func(s *credit.State) { s.Limit++ }, false},
		{"what is unlimited", func(s *credit.State) { s.Unlimited = true }, false},
		{"what is soft", func(s *credit.State) { s.Soft = true }, false},
		{"what is used", func(s *credit.State) { s.Window.Used++ }, false},
		{"what is spent", func(s *credit.State) { s.Window.Spent++ }, false},
		{"what is left of a grant", func(s *credit.State) { s.Lots[0].Remaining++ }, false},
		{"which grant it is left of", func(s *credit.State) { s.Lots[0].ID = "f" }, false},
		{"an open hold", func(s *credit.State) { s.Holds = nil }, false},
		{"what a hold set aside", func(s *credit.State) { s.Holds[0].Charge++ }, false},
		{"a suspended window", func(s *credit.State) { s.Suspended = []credit.Window{{Spent: 1}} }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := base(), base()
			tt.alter(&b)
			if err := a.Same(&b); (err == nil) != tt.same {
				t.Errorf("Same returns %v", err)
			}
		})
	}
}

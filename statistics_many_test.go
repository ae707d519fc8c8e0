package tollgate_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// Customers are counted in parts, while others are read: of some all lines are rolled up, of some not, of some the span cuts a
// day in which something happened later, and some have used nothing.
func TestABatchHasEveryCustomerOnce(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := openShop(t, url, tollgate.Options{Now: c.now, NoRollUp: true})
		names := make([]id.Customer, 60)
		for i := range names {
			names[i] = id.Customer(fmt.Sprintf("c%02d", i))
			put(t, e, names[i], "pro")
		}
		record := func(every int, m id.Slug, at time.Duration) {
			t.Helper()
			var batch []meter.Usage
			for i := 0; i < len(names); i += every {
				u := use(names[i], m, int64(i+1), fmt.Sprint(m, at, i))
				when := noon().Add(at)
				u.At, u.Record = &when, true
				batch = append(batch, u)
			}
			out, err := e.Batch(t.Context(), batch)
			if err != nil || slices.ContainsFunc(out, func(r tollgate.Outcome) bool { return r.Err != nil }) {
				t.Fatal(err, out)
			}
		}
		ask := func(when string) {
			t.Helper()
			meters := []id.Slug{"tokens", "requests", "seats", "tokens"}
			span := tollgate.UsageSpan{From: usage.At(noon().Truncate(usage.Day).AddDate(0, 0, -40)), To: usage.At(noon().Add(time.Minute))}
			want, got := map[id.Customer]map[id.Slug]usage.Stats{}, map[id.Customer]map[id.Slug]usage.Stats{}
			for _, name := range names {
				want[name] = map[id.Slug]usage.Stats{}
				for _, m := range meters {
					one, err := e.Usage(t.Context(), tollgate.UsageRequest{Customer: name, Meter: m, UsageSpan: span})
					if err != nil {
						t.Fatal(err)
					}
					want[name][m] = one.Stats
				}
			}
			var mu sync.Mutex
			err := e.EachUsage(t.Context(), append(names, names[3]), meters, span, func(name id.Customer, all []tollgate.MeterFigures) {
				mu.Lock()
				defer mu.Unlock()
				if got[name] != nil {
					t.Errorf("%s: %s comes twice", when, name)
				}
				got[name] = map[id.Slug]usage.Stats{}
				for i, m := range all {
					if i > 0 && all[i-1].Meter >= m.Meter {
						t.Errorf("%s: %s comes after %s", when, m.Meter, all[i-1].Meter)
					}
					got[name][m.Meter] = m.Stats([]usage.Bucket{})
				}
			})
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Fatalf("%s: %v (-one by one +together):\n%s", when, err, diff)
			}
			many, err := e.UsageOfMany(t.Context(), names, meters, span)
			if diff := cmp.Diff(want, many); err != nil || diff != "" {
				t.Fatalf("%s: %v (-one by one +all):\n%s", when, err, diff)
			}
		}
		rollUp := func() {
			t.Helper()
			if err := e.RollUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ask("nothing is used")
		record(2, "requests", -30*time.Hour)
		record(3, "tokens", -time.Hour)
		record(5, "requests", -35*24*time.Hour)
		ask("nothing is rolled up")
		rollUp()
		ask("all is rolled up")
		var whole int // customers with a row that says so
		err := e.SQL().QueryRow(`SELECT COUNT(DISTINCT d.customer) FROM usage_days AS d
			WHERE d.lines = (SELECT SUM(a.seq) FROM account AS a WHERE a.customer = d.customer)`).Scan(&whole)
		if want := 44; err != nil || whole != want { // of 60, every second, third or fifth
			t.Errorf("of %d customers a row says that all is rolled up, want %d (%v)", whole, want, err)
		}
		record(7, "requests", 0)
		record(9, "seats", -24*time.Hour)
		ask("some is not rolled up")
		record(11, "tokens", 4*time.Minute)
		ask("what is later than the span is not rolled up")
		rollUp()
		ask("the span cuts a day")
		grant(t, e, names[1])
		ask("a line is no usage")
		rollUp()
		ask("a line that is no usage is rolled up")
		if _, err := e.SQL().Exec("UPDATE usage_days SET lines = 0"); err != nil {
			t.Fatal(err)
		}
		ask("rows do not say how many lines they have")

		err = e.EachUsage(t.Context(), append(names, "nobody"), []id.Slug{"tokens"}, tollgate.UsageSpan{}, func(id.Customer, []tollgate.MeterFigures) {})
		if !fault.Has(err, fault.NotFound) {
			t.Errorf("a customer that is not there: %v", err)
		}
	})
}

// A row of days knows the moment of its latest reading to two seconds. Readings that come closer are told apart all the same.
func TestReadingsOfOneMomentAreToldApart(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := openShop(t, url, tollgate.Options{Now: c.now, NoRollUp: true})
		put(t, e, "ann", "pro")
		span := tollgate.UsageSpan{From: usage.At(noon().Truncate(usage.Day)), To: usage.At(noon().Add(time.Minute))}
		for i, step := range []struct {
			seats, want int64
			after       time.Duration
			rollUp      bool
		}{
			{seats: 5, want: 5, rollUp: true},
			{seats: 7, want: 7, after: time.Second},
			{seats: 3, want: 7, after: -time.Second, rollUp: true},
			{seats: 4, want: 7, after: time.Second - time.Microsecond},
			{seats: 6, want: 6, after: time.Second},
			{seats: 8, want: 8, after: 10 * time.Second},
		} {
			u, when := use("ann", "seats", step.seats, fmt.Sprint(i)), noon().Add(step.after-time.Hour)
			u.At, u.Record = &when, true
			if _, err := e.Record(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			if step.rollUp {
				if err := e.RollUp(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			one, err := e.Usage(t.Context(), tollgate.UsageRequest{Customer: "ann", Meter: "seats", UsageSpan: span})
			if err != nil || one.Total != quantity.Whole(step.want) {
				t.Errorf("after reading %d the total is %s (%v), want %d", i, one.Total, err, step.want)
			}
			many, err := e.UsageOfMany(t.Context(), []id.Customer{"ann"}, []id.Slug{"seats", "requests"}, span)
			if diff := cmp.Diff(one.Stats, many["ann"]["seats"]); err != nil || diff != "" {
				t.Errorf("after reading %d: %v (-one +many):\n%s", i, err, diff)
			}
		}
	})
}

func grant(t *testing.T, e *tollgate.Engine, name id.Customer) {
	t.Helper()
	_, err := e.Grant(t.Context(), tollgate.GrantRequest{Customer: name, Balance: "requests", Amount: quantity.Whole(5), Reason: "goodwill", ID: "grant"})
	if err != nil {
		t.Fatal(err)
	}
}

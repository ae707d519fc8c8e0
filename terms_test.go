package tollgate_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
)

// chat opens an Engine on the chat example's catalog and has ann, on pro, use 500 requests of her period.
func chat(t *testing.T, url string, c *clock) (*tollgate.Engine, string) {
	t.Helper()
	e := openWith(t, url, tollgate.Options{Now: c.now})
	catalog, err := os.ReadFile("examples/catalogs/chat.yaml")
	if err != nil {
		t.Fatal(err)
	}
	publish(t, e, string(catalog))
	put(t, e, "ann", "pro")
	c.move(48 * time.Hour)
	if _, err := e.Consume(t.Context(), use("ann", "ai_requests", 500, "first")); err != nil {
		t.Fatal(err)
	}
	c.move(time.Hour)
	return e, string(catalog)
}

func publish(t testing.TB, e *tollgate.Engine, catalog string) {
	t.Helper()
	if _, err := e.Publish(t.Context(), "catalog.yaml", []byte(catalog), false); err != nil {
		t.Fatal(err)
	}
}

// has fails unless a balance of ann's requests shows so much used and available.
func has(t *testing.T, when string, b credit.Balance, err error, used, available string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if b.Used.String() != used || b.Available == nil || b.Available.String() != available {
		t.Errorf("%s: %s used and %v available, want %s and %s", when, b.Used, b.Available, used, available)
	}
}

// daysAfter looks at ann's requests on the day of a change to 20 a day, and on the days after it, when nothing has touched them.
func daysAfter(t *testing.T, e *tollgate.Engine, c *clock) {
	t.Helper()
	changed := c.now()
	c.move(time.Minute)
	b, err := e.Balance(t.Context(), "ann", "ai_requests")
	has(t, "on the day of the change", b, err, "500", "0")
	c.move(24 * time.Hour)
	b, err = e.Balance(t.Context(), "ann", "ai_requests")
	has(t, "the next day", b, err, "0", "20")
	x, err := e.Explain(t.Context(), "ann", "ai_requests")
	has(t, "explained", x.Balance, err, "0", "20")
	c.move(24 * time.Hour)
	if _, err := e.Consume(t.Context(), use("ann", "ai_requests", 20, "second")); err != nil {
		t.Errorf("20 on the day after: %v", err)
	}
	for _, p := range []struct {
		after           time.Duration
		used, available string
	}{{-time.Second, "500", "500"}, {0, "500", "0"}, {time.Minute, "500", "0"}, {24 * time.Hour, "0", "20"}, {48*time.Hour + time.Minute, "20", "0"}} {
		b, err := e.BalanceAt(t.Context(), "ann", "ai_requests", changed.Add(p.after))
		has(t, "as of "+p.after.String()+" after the change", b, err, p.used, p.available)
	}
}

// TestAShorterWindowBeginsAtNothingTheDayAfterThePlanChanged: 500 were used of a period, and then the plan gives 20 a day.
func TestAShorterWindowBeginsAtNothingTheDayAfterThePlanChanged(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		c := newClock(noon())
		e, _ := chat(t, url, c)
		put(t, e, "ann", "free")
		daysAfter(t, e, c)
		put(t, e, "ann", "pro")
		b, err := e.Balance(t.Context(), "ann", "ai_requests")
		has(t, "back on pro", b, err, "520", "480")
	})
}

// TestAShorterWindowBeginsAtNothingTheDayAfterItWasPublished: the same by a catalog, whatever else is published before anybody
// touches the account, and for a process that begins later.
func TestAShorterWindowBeginsAtNothingTheDayAfterItWasPublished(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		c := newClock(noon())
		e, catalog := chat(t, url, c)
		daily := strings.Replace(catalog, "{limit: 1000, every: billing_period}", "{limit: 20, every: day}", 1)
		publish(t, e, daily)
		changed := c.now()
		c.move(20 * time.Hour)
		publish(t, e, strings.Replace(daily, "{limit: 20, every: day}", "{limit: 30, every: day}", 1)) // free's
		c.move(changed.Sub(c.now()))
		daysAfter(t, openWith(t, url, tollgate.Options{Now: c.now}), c)
		x, err := e.Entries(t.Context(), "ann", "ai_requests", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range x.Data {
			if l.Kind == credit.KindPlanChange && (!l.At.Equal(changed) || !l.RecordedAt.Equal(c.now())) {
				t.Errorf("the change counts from %s and was recorded at %s, want %s and %s", l.At, l.RecordedAt, changed, c.now())
			}
		}
	})
}

// TestAnotherZoneCarriesTodayAndNotTomorrow: in another zone the day is another one, which has counted what it holds of the old.
func TestAnotherZoneCarriesTodayAndNotTomorrow(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		c := newClock(noon())
		e, _ := chat(t, url, c)
		put(t, e, "bob", "free")
		if _, err := e.Consume(t.Context(), use("bob", "ai_requests", 15, "a")); err != nil {
			t.Fatal(err)
		}
		zone := "Asia/Tokyo" // where it is 22:00
		if _, err := e.PatchCustomer(t.Context(), id.Customer("bob"), tollgate.CustomerChange{Timezone: &zone}); err != nil {
			t.Fatal(err)
		}
		if got := available(t, e, "bob", "ai_requests"); got != "5" {
			t.Errorf("in the zone's today %s are available, want 5", got)
		}
		c.move(3 * time.Hour)
		if got := available(t, e, "bob", "ai_requests"); got != "20" {
			t.Errorf("in the zone's tomorrow %s are available, want 20", got)
		}
	})
}

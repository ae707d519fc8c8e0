package tollgate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// A logbook is what a test knows of the usage it sent.
type logbook struct {
	facts  []logged
	voided map[string]bool
}

type logged struct {
	customer id.Customer
	meter    id.Slug
	tx       string
	model    string
	fact     usage.Fact
}

// stats counts the logbook naively: event by event, from the first to the last.
func (b *logbook) stats(t *rapid.T, customer id.Customer, m meter.Meter, c usage.Calendar, g usage.Grouping, span period.Span, model string) usage.Stats {
	s := c.Cut(g, span).Series()
	for _, l := range b.facts {
		if l.customer != customer || l.meter != m.Slug || b.voided[l.tx] || model != "" && l.model != model {
			continue
		}
		value := ""
		if m.Aggregation == meter.Unique {
			value = fmt.Sprint("user-", l.fact.Seq%4)
		}
		s.Add(l.fact, value)
	}
	out, err := s.Stats(m.Aggregation, false)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestUsageIsTheSameFromTheRollUpFromEventsAndInAModel: random usage of every kind of meter, with late events, history,
// refunds and voids, looked at over random spans, zones and groupings while the roll-up is at a random point.
func TestUsageIsTheSameFromTheRollUpFromEventsAndInAModel(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := open(t, url, c)
		ctx := t.Context()
		var run int
		rapid.Check(t, func(t *rapid.T) {
			run++
			names := []id.Customer{id.Customer(fmt.Sprint("a", run)), id.Customer(fmt.Sprint("b", run))}
			plan := id.Slug("pro")
			for _, name := range names {
				if _, _, err := e.PutCustomer(ctx, name, tollgate.CustomerChange{Plan: &plan}); err != nil {
					t.Fatal(err)
				}
			}
			book := &logbook{voided: map[string]bool{}}
			for i := range rapid.IntRange(1, 40).Draw(t, "acts") {
				name := rapid.SampledFrom(names).Draw(t, "customer")
				tx := fmt.Sprint("tx", i)
				switch rapid.IntRange(0, 11).Draw(t, "act") {
				case 0:
					if err := e.RollUp(ctx); err != nil {
						t.Fatal(err)
					}
				case 3:
					if err := tollgate.RollUpAsIdle(ctx, e); err != nil {
						t.Fatal(err)
					}
				case 4:
					undo(t, e, use(name, "requests", 1, tx))
				case 1:
					book.void(t, e, names)
				case 2:
					book.refund(t, e, c.now(), name, tx)
				default:
					book.use(t, e, c.now(), name, tx, int64(i+1))
				}
			}
			book.compare(t, e, c.now(), names)
			if err := tollgate.RollUpAsIdle(ctx, e); err != nil {
				t.Fatal(err)
			}
			book.compare(t, e, c.now(), names)
		})
	})
}

func (b *logbook) use(t *rapid.T, e *tollgate.Engine, now time.Time, name id.Customer, tx string, seq int64) {
	m := rapid.SampledFrom([]id.Slug{"requests", "tokens", "storage", "seats", "users", "images"}).Draw(t, "meter")
	at := now.Add(-time.Duration(rapid.IntRange(0, 40*24*4).Draw(t, "quarters")) * 15 * time.Minute).Add(-time.Duration(rapid.IntRange(0, 899).Draw(t, "seconds")) * time.Second)
	model := rapid.SampledFrom([]string{"small", "large"}).Draw(t, "model")
	n := quantity.Whole(rapid.Int64Range(1, 9).Draw(t, "amount"))
	u := meter.Usage{Customer: name, Meter: m, Amount: &n, TransactionID: id.Transaction(tx), At: &at, Record: true,
		Properties: json.RawMessage(fmt.Sprintf(`{"model":%q,"userId":"user-%d"}`, model, seq%4))}
	if m == "images" || m == "users" {
		n = quantity.One
	}
	send := e.Batch
	if rapid.IntRange(0, 3).Draw(t, "history") == 0 {
		send = e.Backfill
	}
	out, err := send(t.Context(), []meter.Usage{u})
	if err != nil || out[0].Err != nil {
		t.Fatal(err, out[0].Err)
	}
	b.facts = append(b.facts, logged{name, m, string(name) + tx, model, usage.Fact{At: at, Amount: n, Seq: seq}})
}

// undo records usage in a transaction that does not come to be.
func undo(t *rapid.T, e *tollgate.Engine, u meter.Usage) {
	tx, err := e.SQL().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := e.ConsumeTx(t.Context(), tx, u); err != nil && !fault.Has(err, fault.InsufficientCredits) {
		t.Fatal(err)
	}
}

func (b *logbook) void(t *rapid.T, e *tollgate.Engine, names []id.Customer) {
	if len(b.facts) == 0 {
		return
	}
	l := rapid.SampledFrom(b.facts).Draw(t, "voided")
	_, err := e.Void(t.Context(), l.customer, id.Transaction(l.tx[len(l.customer):]), "")
	switch f := fault.Of(err); {
	case err == nil:
		b.voided[l.tx] = true
	case f == nil || f.Code != fault.Conflict: // a reading, or a refund
		t.Fatal(err)
	}
}

func (b *logbook) refund(t *rapid.T, e *tollgate.Engine, now time.Time, name id.Customer, tx string) {
	_, err := e.AdjustUsage(t.Context(), tollgate.AdjustmentRequest{Customer: name, Meter: "requests", Amount: -quantity.One, Reason: "test",
		TransactionID: id.Transaction(tx), Properties: json.RawMessage(`{"model":"small"}`)})
	switch f := fault.Of(err); {
	case err == nil:
		b.facts = append(b.facts, logged{name, "requests", string(name) + tx, "small", usage.Fact{At: now, Amount: -quantity.One, Seq: 1000}})
	case f == nil || f.Details["field"] != "amount": // nothing was used that could be refunded
		t.Fatal(err)
	}
}

func (b *logbook) compare(t *rapid.T, e *tollgate.Engine, now time.Time, names []id.Customer) {
	zone := rapid.SampledFrom([]string{"UTC", "Europe/Paris", "Asia/Kathmandu", "America/St_Johns"}).Draw(t, "zone")
	week := rapid.SampledFrom([]string{"monday", "sunday"}).Draw(t, "week")
	by := rapid.SampledFrom(usage.Groupings()).Draw(t, "by")
	from := now.Add(-time.Duration(rapid.IntRange(0, 45*24*3600).Draw(t, "from")) * time.Second)
	if rapid.Bool().Draw(t, "midnight") {
		from = from.Truncate(usage.Day)
	}
	to := from.Add(time.Duration(rapid.IntRange(1, 45*24*3600).Draw(t, "length")) * time.Second)
	calendar, err := usage.ParseCalendar(zone, week)
	if err != nil {
		t.Fatal(err)
	}
	span := tollgate.UsageSpan{From: usage.At(from), To: usage.At(to), GroupBy: by, Timezone: zone, WeekStart: week}
	meters := []meter.Meter{{Slug: "requests", Aggregation: meter.Sum}, {Slug: "tokens", Aggregation: meter.Sum}, {Slug: "images", Aggregation: meter.Count},
		{Slug: "storage", Aggregation: meter.Max}, {Slug: "seats", Aggregation: meter.Last}, {Slug: "users", Aggregation: meter.Unique}}
	slugs := make([]id.Slug, len(meters))
	for i, m := range meters {
		slugs[i] = m.Slug
	}
	many, err := e.UsageOfMany(t.Context(), names, slugs, span)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for _, m := range meters {
			want := b.stats(t, name, m, calendar, by, period.Span{Start: from, End: to}, "")
			r := tollgate.UsageRequest{Customer: name, Meter: m.Slug, UsageSpan: span}
			rolled, err := e.Usage(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := e.UsageOfEvents(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			for how, got := range map[string]usage.Stats{"the roll-up": rolled.Stats, "events": raw.Stats, "a batch": many[name][m.Slug]} {
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s of %s from %s (-model +got):\n%s", m.Slug, name, how, diff)
				}
			}
			b.compareProperties(t, e, r, m, calendar, by, period.Span{Start: from, End: to})
		}
	}
}

func (b *logbook) compareProperties(t *rapid.T, e *tollgate.Engine, r tollgate.UsageRequest, m meter.Meter, c usage.Calendar, by usage.Grouping, span period.Span) {
	r.Property = "model"
	grouped, err := e.Usage(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]usage.Stats{}
	for _, g := range grouped.Groups {
		got[*g.Value] = g.Stats
	}
	for _, model := range []string{"small", "large"} {
		want := b.stats(t, r.Customer, m, c, by, span, model)
		if stats := got[model]; want.Events != 0 && cmp.Diff(want, stats) != "" {
			t.Fatalf("%s of model %s (-model +got):\n%s", m.Slug, model, cmp.Diff(want, stats))
		}
		filtered, err := e.Usage(t.Context(), tollgate.UsageRequest{Customer: r.Customer, Meter: r.Meter, UsageSpan: r.UsageSpan, Filters: map[string]string{"model": model}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, filtered.Stats); diff != "" {
			t.Fatalf("%s filtered by model %s (-model +got):\n%s", m.Slug, model, diff)
		}
	}
}

// TestTwoProcessesRollUpTogether: each line is counted once, whoever counts it.
func TestTwoProcessesRollUpTogether(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := open(t, url, c)
		other := openWith(t, url, tollgate.Options{Now: c.now})
		put(t, e, "ann", "pro")
		var wg sync.WaitGroup
		for i := range 400 {
			one := []*tollgate.Engine{e, other}[i/7%2]
			if _, err := one.Record(t.Context(), use("ann", "requests", 1, fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
			if i%100 == 99 {
				for _, one := range []*tollgate.Engine{e, other} {
					wg.Go(func() {
						if err := errors.Join(tollgate.RollUpAsIdle(t.Context(), one), one.RollUp(t.Context())); err != nil && !errors.Is(err, t.Context().Err()) {
							t.Error(err)
						}
					})
				}
				wg.Wait()
			}
		}
		for _, one := range []*tollgate.Engine{e, other} {
			got, err := one.Usage(t.Context(), tollgate.UsageRequest{Customer: "ann", Meter: "requests"})
			if err != nil || got.Total != quantity.Whole(400) || got.Current != quantity.Whole(400) {
				t.Errorf("total %s, current %s, %v; want 400", got.Total, got.Current, err)
			}
		}
	})
}

// What there is no memory to remember is read: it is counted once all the same.
func TestWhatIsNotRememberedIsRolledUp(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock(noon()))
		put(t, e, "ann", "pro")
		for i := range 30 {
			if i == 10 {
				tollgate.FillMemory(e)
			}
			if _, err := e.Record(t.Context(), use("ann", "requests", 1, fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		if err := tollgate.RollUpAsIdle(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		got, err := e.Usage(t.Context(), tollgate.UsageRequest{Customer: "ann", Meter: "requests"})
		if err != nil || got.Total != quantity.Whole(30) {
			t.Errorf("total %s, %v; want 30", got.Total, err)
		}
	})
}

// Whatever the roll-up says that the ledger does not, an audit finds, in quarters of an hour and in days.
func TestAuditCountsTheRollUpAgain(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock(noon()))
		put(t, e, "ann", "pro")
		for i := range 3 {
			if _, err := e.Record(t.Context(), use("ann", "requests", 1, fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.RollUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		findings := func() []tollgate.Finding {
			t.Helper()
			audit, err := e.Audit(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return audit.Findings
		}
		if found := findings(); len(found) != 0 {
			t.Fatalf("an audit of what nobody touched finds %v", found)
		}
		var slots, days string
		err := e.SQL().QueryRow("SELECT (SELECT slots FROM usage_month), (SELECT days FROM usage_days)").Scan(&slots, &days)
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct{ what, tamper, mend, was string }{
			{"no slots", "UPDATE usage_month SET slots = ''", "UPDATE usage_month SET slots = $1", slots},
			{"slots of another month", "UPDATE usage_month SET month = month + 1", "UPDATE usage_month SET month = month - 1, slots = $1", slots},
			{"no days", "UPDATE usage_days SET days = ''", "UPDATE usage_days SET days = $1", days},
			{"days that claim more lines than there are", "UPDATE usage_days SET lines = lines + 1", "UPDATE usage_days SET lines = lines - 1, days = $1", days},
			{"days of another month", "UPDATE usage_days SET month = month + 1", "UPDATE usage_days SET month = month - 1, days = $1", days},
			{"days of a meter that was not used", "UPDATE usage_days SET days = days || ' tokens ' || substr(days, 10)", "UPDATE usage_days SET days = $1", days},
		} {
			if _, err := e.SQL().Exec(tt.tamper); err != nil {
				t.Fatal(err)
			}
			if found := findings(); len(found) != 1 || !strings.Contains(found[0].Problem, "roll-up") {
				t.Errorf("%s: an audit finds %v", tt.what, found)
			}
			if _, err := e.SQL().Exec(tt.mend, tt.was); err != nil {
				t.Fatal(err)
			}
		}
		if found := findings(); len(found) != 0 {
			t.Errorf("an audit of what was mended finds %v", found)
		}
	})
}

// No question takes more memory than UsageFiguresMax figures do.
func TestUsageRefusesMoreFiguresThanItKeeps(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock(noon()))
	put(t, e, "ann", "pro")
	const values = 60
	for i := range values {
		u := use("ann", "requests", int64(i+1), fmt.Sprint(i))
		u.Properties = fmt.Appendf(nil, `{"requestId":"r%d"}`, i)
		if _, err := e.Record(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	span := func(days int, by usage.Grouping) tollgate.UsageSpan {
		return tollgate.UsageSpan{From: usage.At(noon().AddDate(0, 0, -days)), To: usage.At(noon().AddDate(0, 0, 1)), GroupBy: by}
	}
	r := tollgate.UsageRequest{Customer: "ann", Meter: "requests", Property: "requestId", UsageSpan: span(390, usage.ByHour)}
	if _, err := e.Usage(t.Context(), r); !fault.Has(err, fault.Invalid) || fault.Of(err).Details["field"] != "property" {
		t.Errorf("%d values by %d hours: %v", values, 391*24, err)
	}
	r.UsageSpan = span(390, usage.ByDay)
	got, err := e.Usage(t.Context(), r)
	if err != nil || len(got.Groups) != values || *got.Groups[0].Value != "r59" || *got.Groups[values-1].Value != "r0" || got.Groups[0].Total != quantity.Whole(values) {
		t.Errorf("%d values by the day: %d groups, %v", values, len(got.Groups), err)
	}
	names := make([]id.Customer, 100)
	for i := range names {
		names[i] = id.Customer(fmt.Sprint("c", i))
		put(t, e, names[i], "pro")
	}
	meters := []id.Slug{"requests", "tokens", "images", "storage", "seats"}
	hours := func(n int) tollgate.UsageSpan {
		return tollgate.UsageSpan{From: usage.At(noon().Add(-time.Duration(n) * time.Hour)), To: usage.At(noon()), GroupBy: usage.ByHour}
	}
	most := tollgate.UsageFiguresMax / len(names) / len(meters)
	if _, err := e.UsageOfMany(t.Context(), names, meters, hours(most)); err != nil {
		t.Errorf("%d figures: %v", len(names)*len(meters)*most, err)
	}
	if _, err := e.UsageOfMany(t.Context(), names, meters, hours(most+1)); !fault.Has(err, fault.Invalid) || fault.Of(err).Details["field"] != "groupBy" {
		t.Errorf("%d figures: %v", len(names)*len(meters)*(most+1), err)
	}
}

func TestUsageTop(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := open(t, url, c)
		for i, name := range []id.Customer{"ann", "bob", "cid", "dee"} {
			put(t, e, name, "pro")
			for j := range i + 1 {
				if _, err := e.Record(t.Context(), use(name, "requests", int64(10*(i+1)), fmt.Sprint("r", j))); err != nil {
					t.Fatal(err)
				}
				if j == 1 {
					if err := e.RollUp(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if _, err := e.Record(t.Context(), use("ann", "tokens", 5, "t")); err != nil {
			t.Fatal(err)
		}
		if err := e.EraseCustomer(t.Context(), "dee"); err != nil {
			t.Fatal(err)
		}
		got, err := e.UsageTop(t.Context(), tollgate.TopRequest{Meter: "requests", Limit: 2})
		want := []tollgate.Ranked{{Rank: 1, Customer: "cid", Meter: "requests", Total: quantity.Whole(90), Events: 3},
			{Rank: 2, Customer: "bob", Meter: "requests", Total: quantity.Whole(40), Events: 2}}
		if diff := cmp.Diff(want, got.Data); err != nil || diff != "" {
			t.Errorf("customers: %v (-want +got):\n%s", err, diff)
		}
		got, err = e.UsageTop(t.Context(), tollgate.TopRequest{})
		want = []tollgate.Ranked{{Rank: 1, Meter: "requests", Total: quantity.Whole(300), Events: 10}, {Rank: 2, Meter: "tokens", Total: quantity.Whole(5), Events: 1}}
		if diff := cmp.Diff(want, got.Data); err != nil || diff != "" {
			t.Errorf("meters: %v (-want +got):\n%s", err, diff)
		}
	})
}

func TestUsageSinceReset(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := open(t, url, c)
		put(t, e, "ann", "pro")
		ctx := t.Context()
		ask := func() tollgate.UsageReport {
			t.Helper()
			out, err := e.Usage(ctx, tollgate.UsageRequest{Customer: "ann", Meter: "requests", UsageSpan: tollgate.UsageSpan{Period: usage.SinceReset}})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		record := func(n int64, tx string) {
			t.Helper()
			if _, err := e.Record(ctx, use("ann", "requests", n, tx)); err != nil {
				t.Fatal(err)
			}
			c.move(time.Second)
		}
		record(100, "a")
		if out := ask(); out.Total != quantity.Whole(100) || out.LastResetDate != nil {
			t.Errorf("before any reset: %s since %v", out.Total, out.LastResetDate)
		}
		for i, n := range []int64{150, 50} {
			record(n, fmt.Sprint("b", i))
			reset, err := e.ResetUsage(ctx, tollgate.ResetRequest{Customer: "ann", Balance: "requests", Reason: "goodwill", ID: id.Transaction(fmt.Sprint("reset", i))})
			if err != nil {
				t.Fatal(err)
			}
			again, err := e.ResetUsage(ctx, tollgate.ResetRequest{Customer: "ann", Balance: "requests", Reason: "goodwill", ID: id.Transaction(fmt.Sprint("reset", i))})
			if err != nil || !again.Duplicate || again.ID != reset.ID || again.PreResetTotal != reset.PreResetTotal {
				t.Errorf("a retry of the reset: %+v, %v; want %+v", again, err, reset)
			}
			c.move(time.Second)
			record(7, fmt.Sprint("c", i))
		}
		out := ask()
		if out.Total != quantity.Whole(7) || *out.PreResetTotal != quantity.Whole(57) || out.Current != quantity.Whole(7) || *out.Remaining != quantity.Whole(993) {
			t.Errorf("since the second reset: total %s after %s, current %s, remaining %s", out.Total, *out.PreResetTotal, out.Current, *out.Remaining)
		}
	})
}

// What lay unrolled before a process began is rolled up even while others never stop to write.
func TestARollUpBeginsWhileUsageNeverPauses(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		before := openShop(t, url, tollgate.Options{Now: c.now, NoRollUp: true})
		put(t, before, "ann", "pro")
		put(t, before, "bob", "pro")
		batch := make([]meter.Usage, 200)
		for i := range batch {
			batch[i] = use("ann", "requests", 1, fmt.Sprint(i))
			batch[i].Record = true
		}
		if _, err := before.Batch(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		after := openWith(t, url, tollgate.Options{Now: c.now})
		end := time.Now().Add(time.Minute)
		for n, rolled := 0, 0; rolled == 0; n++ {
			if time.Now().After(end) {
				t.Fatal("nothing is rolled up in a minute of usage")
			}
			if _, err := after.Record(t.Context(), use("bob", "requests", 1, fmt.Sprint(n))); err != nil {
				t.Fatal(err)
			}
			if err := after.SQL().QueryRow("SELECT count(*) FROM usage_tally WHERE seq >= 200").Scan(&rolled); err != nil {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
}

// TestAPropertysValuesAreGroupedAsFiltersNameThem: a number and a text that reads the same are one value, of which the filter finds
// as much as its group has.
func TestAPropertysValuesAreGroupedAsFiltersNameThem(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		e := open(t, url, newClock(noon()))
		put(t, e, "ann", "pro")
		for tx, properties := range map[string]string{
			"1": `{"size": 5}`, "2": `{"size": "5"}`, "4": `{"size": "small"}`, "8": `{"size": true}`, "16": `{"size": null}`, "32": `{}`, "64": ``, "128": `{"size": ""}`,
		} {
			amount, err := quantity.Parse(tx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := e.Consume(t.Context(), meter.Usage{Customer: "ann", Meter: "requests", Amount: &amount, TransactionID: id.Transaction(tx), Properties: []byte(properties)}); err != nil {
				t.Fatal(err)
			}
		}
		r := tollgate.UsageRequest{Customer: "ann", Meter: "requests", Property: "size"}
		report, err := e.Usage(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, g := range report.Groups {
			if g.Value == nil {
				got["none"] = g.Total.String()
				continue
			}
			got["="+*g.Value] = g.Total.String()
			total, err := e.UsageTotal(t.Context(), tollgate.UsageRequest{Customer: "ann", Meter: "requests", Filters: map[string]string{"size": *g.Value}})
			if err != nil || total != g.Total {
				t.Errorf("the filter finds %s of %q, %v; the group has %s", total, *g.Value, err, g.Total)
			}
		}
		if diff := cmp.Diff(map[string]string{"=5": "3", "=small": "4", "=true": "8", "none": "112", "=": "128"}, got); diff != "" || len(report.Groups) != 5 {
			t.Errorf("%d groups (-want +got):\n%s", len(report.Groups), diff)
		}
	})
}

package client_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/client"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

const catalogText = `
currency: usd
upgradeUrl: /pricing
meters:
  requests: {aggregation: sum, unit: request, decimals: 2}
  readers: {aggregation: unique, property: reader}
credits:
  credits: {name: Credits, costs: {requests: 2}}
features:
  api: {name: API}
  pdfs: {name: PDFs, type: number}
plans:
  free:
    default: true
    includes: {requests: {limit: 20, every: day}, readers: {limit: 3, every: month}}
    features: {pdfs: 10}
  pro:
    prices: {pro_monthly: {amount: 799, every: month}}
    includes: {credits: {limit: 5000, every: month}}
    features: {api: true}
`

const odd id.Customer = "acme/eu|ada é%2F?.."

// open returns an Engine with a customer, and a server of it, behind wrap if that is not nil.
func open(t testing.TB, wrap func(http.Handler) http.Handler) (*tollgate.Engine, *httptest.Server, string) {
	t.Helper()
	e, err := tollgate.Open(t.Context(), testdb.SQLite(t), tollgate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := e.Publish(t.Context(), "c.yaml", []byte(catalogText), false); err != nil {
		t.Fatal(err)
	}
	if err := e.EnsureCustomers(t.Context(), []id.Customer{"ada", "..", odd}); err != nil {
		t.Fatal(err)
	}
	key, _, err := e.CreateKey(t.Context(), tollgate.ScopeFull, "", false)
	if err != nil {
		t.Fatal(err)
	}
	var h http.Handler = api.New(e, api.Options{})
	if wrap != nil {
		h = wrap(h)
	}
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	return e, web, key
}

func dial(t testing.TB, url, key string, opts client.Options) *client.Client {
	t.Helper()
	c, err := client.New(url, key, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func use(customer id.Customer, amount int64, tx id.Transaction) meter.Usage {
	n := quantity.Whole(amount)
	return meter.Usage{Customer: customer, Meter: "requests", Amount: &n, TransactionID: tx}
}

// same fails the test unless two answers read alike.
func same(t *testing.T, what string, want any, wantErr error, got any, gotErr error) {
	t.Helper()
	if wantErr != nil || gotErr != nil {
		w, g := fault.Of(wantErr), fault.Of(gotErr)
		if w == nil || g == nil {
			t.Errorf("%s: the Engine says %v, the Client %v", what, wantErr, gotErr)
			return
		}
		want, got = w, g
	}
	spell := func(v any) string {
		body, err := json.MarshalIndent(v, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if diff := cmp.Diff(spell(want), spell(got)); diff != "" {
		t.Errorf("%s (-Engine +Client):\n%s", what, diff)
	}
}

func TestTheClientAnswersAsTheEngine(t *testing.T) {
	t.Parallel()
	e, web, key := open(t, nil)
	c := dial(t, web.URL, key, client.Options{})
	ctx := t.Context()
	for _, customer := range []id.Customer{"ada", "..", odd, "nobody"} {
		u := use(customer, 3, "t/1")
		u.Properties = json.RawMessage(`{"model":"m"}`)
		_, err := c.Consume(ctx, u)
		if (err == nil) != (customer != "nobody") {
			t.Fatal(customer, err)
		}
		got, gotErr := c.Consume(ctx, u) // both are duplicates of the first
		want, wantErr := e.Consume(ctx, u)
		same(t, "Consume", want, wantErr, got, gotErr)
		other := use(customer, 4, "t/1")
		got, gotErr = c.Consume(ctx, other)
		want, wantErr = e.Consume(ctx, other)
		same(t, "Consume with another payload", want, wantErr, got, gotErr)
		much := use(customer, 100, "t/2")
		got, gotErr = c.Consume(ctx, much)
		want, wantErr = e.Consume(ctx, much)
		same(t, "Consume of more than is left", want, wantErr, got, gotErr)
		for _, r := range []tollgate.CheckRequest{{Customer: customer, Meter: "requests"}, {Customer: customer, Meter: "requests", Amount: much.Amount}, {Customer: customer, Meter: "miles"}, {Customer: customer, Feature: "pdfs"}, {Customer: customer}} {
			got, gotErr := c.Check(ctx, r)
			want, wantErr := e.Check(ctx, r)
			same(t, "Check", want, wantErr, got, gotErr)
		}
		for _, feature := range []id.Slug{"pdfs", "api", "wings"} {
			got, gotErr := c.CheckFeature(ctx, customer, feature)
			want, wantErr := e.CheckFeature(ctx, customer, feature)
			same(t, "CheckFeature", want, wantErr, got, gotErr)
		}
		if customer == "nobody" {
			continue
		}
		everyVerb(t, e, c, customer)
	}
}

func everyVerb(t *testing.T, e *tollgate.Engine, c *client.Client, customer id.Customer) {
	t.Helper()
	ctx := t.Context()
	hold := tollgate.HoldRequest{Customer: customer, Meter: "requests", Amount: quantity.Whole(2), TransactionID: "h 1"}
	held, err := c.Hold(ctx, hold)
	if err != nil || held.Duplicate {
		t.Fatal(held, err)
	}
	got, gotErr := c.Hold(ctx, hold)
	want, wantErr := e.Hold(ctx, hold)
	same(t, "Hold", want, wantErr, got, gotErr)
	two := quantity.Whole(2)
	for _, amount := range []*quantity.Units{&two, nil} {
		if _, err := c.Capture(ctx, held.ID, amount); err != nil {
			t.Fatal(err)
		}
		got, gotErr := c.Capture(ctx, held.ID, amount)
		want, wantErr := e.Capture(ctx, held.ID, amount)
		same(t, "Capture", want, wantErr, got, gotErr)
	}
	released, err := c.Release(ctx, "hold_x")
	want, wantErr = e.Release(ctx, "hold_x")
	same(t, "Release of nothing", want, wantErr, released, err)
	hold.TransactionID = "h 2"
	if held, err = c.Hold(ctx, hold); err != nil {
		t.Fatal(err)
	}
	if released, err = c.Release(ctx, held.ID); err != nil || !released.Released || released.Charged != two {
		t.Errorf("Release: %+v, %v", released, err)
	}

	batch := []meter.Usage{use(customer, 1, "b 1"), use(customer, 100, "b 2"), use("nobody", 1, "b 3"), {Customer: customer, Meter: "readers", TransactionID: "b 4", Properties: json.RawMessage(`{"reader":"x"}`)}}
	if _, err := c.Batch(ctx, batch); err != nil {
		t.Fatal(err)
	}
	gotBatch, err := c.Batch(ctx, batch)
	if len(gotBatch) != len(batch) || err != nil {
		t.Fatalf("Batch: %v, %v", gotBatch, err)
	}
	wantBatch, err := e.Batch(ctx, batch)
	if err != nil {
		t.Fatal(err)
	}
	for i := range batch {
		same(t, "Batch", wantBatch[i].Receipt, wantBatch[i].Err, gotBatch[i].Receipt, gotBatch[i].Err)
	}
	if got, err := c.Batch(ctx, nil); err != nil || len(got) != 0 {
		t.Errorf("an empty batch: %v, %v", got, err)
	}
	_, gotErr = c.Batch(ctx, make([]meter.Usage, tollgate.BatchMax+1))
	_, wantErr = e.Batch(ctx, make([]meter.Usage, tollgate.BatchMax+1))
	same(t, "a batch too large", nil, wantErr, nil, gotErr)

	record := use(customer, 30, "r 1")
	if r, err := c.Record(ctx, record); err != nil || r.Event.Amount != quantity.Whole(30) {
		t.Errorf("Record: %+v, %v", r, err)
	}
	gotReceipt, gotErr := c.Record(ctx, record)
	wantReceipt, wantErr := e.Record(ctx, record)
	same(t, "Record", wantReceipt, wantErr, gotReceipt, gotErr)

	grant := tollgate.GrantRequest{Customer: customer, Balance: "requests", Amount: two, ID: "g 1", Reason: "Sorry"}
	granted, err := c.Grant(ctx, grant)
	if err != nil {
		t.Fatal(err)
	}
	again, gotErr := c.Grant(ctx, grant)
	wantGrant, wantErr := e.Grant(ctx, grant)
	same(t, "Grant", wantGrant, wantErr, again, gotErr)
	if r, err := c.Revoke(ctx, granted.ID, "Refunded"); err != nil || r.Amount != two {
		t.Errorf("Revoke: %+v, %v", r, err)
	}
	gotRevoked, gotErr := c.Revoke(ctx, granted.ID, "Refunded")
	wantRevoked, wantErr := e.Revoke(ctx, granted.ID, "Refunded")
	same(t, "Revoke", wantRevoked, wantErr, gotRevoked, gotErr)
	if v, err := c.Void(ctx, customer, "b 1", "Wrong?&"); err != nil || v.Duplicate {
		t.Errorf("Void: %+v, %v", v, err)
	}
	gotVoided, gotErr := c.Void(ctx, customer, "b 1", "Wrong?&")
	wantVoided, wantErr := e.Void(ctx, customer, "b 1", "Wrong?&")
	same(t, "Void", wantVoided, wantErr, gotVoided, gotErr)

	adjustment := tollgate.AdjustmentRequest{Customer: customer, Meter: "requests", Amount: -two, Reason: "Mistake", TransactionID: "a 1"}
	if _, err := c.AdjustUsage(ctx, adjustment); err != nil {
		t.Error(err)
	}
	gotAdjusted, gotErr := c.AdjustUsage(ctx, adjustment)
	wantAdjusted, wantErr := e.AdjustUsage(ctx, adjustment)
	same(t, "AdjustUsage", wantAdjusted, wantErr, gotAdjusted, gotErr)
	ends := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	limit := tollgate.LimitAdjustmentRequest{Customer: customer, Balance: "requests", Amount: two, Type: credit.OneTime, EndsAt: &ends, ID: "l 1", Metadata: map[string]string{"k": "v"}}
	moved, err := c.AddLimitAdjustment(ctx, limit)
	if err != nil {
		t.Fatal(err)
	}
	gotLimits, gotErr := c.LimitAdjustments(ctx, customer)
	wantLimits, wantErr := e.LimitAdjustments(ctx, customer)
	same(t, "LimitAdjustments", wantLimits, wantErr, gotLimits, gotErr)
	gotLimit, gotErr := c.LimitOf(ctx, customer, "requests")
	wantLimit, wantErr := e.LimitOf(ctx, customer, "requests")
	same(t, "LimitOf", wantLimit, wantErr, gotLimit, gotErr)
	if r, err := c.RemoveLimitAdjustment(ctx, moved.ID); err != nil || r.Active {
		t.Errorf("RemoveLimitAdjustment: %+v, %v", r, err)
	}
	if r, err := c.ResetUsage(ctx, tollgate.ResetRequest{Customer: customer, Balance: "requests", Reason: "Incident"}); err != nil || r.Duplicate {
		t.Errorf("ResetUsage: %+v, %v", r, err)
	}

	gotBalance, gotErr := c.Balance(ctx, customer, "requests")
	wantBalance, wantErr := e.Balance(ctx, customer, "requests")
	same(t, "Balance", wantBalance, wantErr, gotBalance, gotErr)
	gotBalance, gotErr = c.BalanceAt(ctx, customer, "requests", gotBalance.Since.Add(time.Hour))
	wantBalance, wantErr = e.BalanceAt(ctx, customer, "requests", wantBalance.Since.Add(time.Hour))
	same(t, "BalanceAt", wantBalance, wantErr, gotBalance, gotErr)
	gotBalances, gotErr := c.Balances(ctx, customer)
	wantBalances, wantErr := e.Balances(ctx, customer)
	same(t, "Balances", wantBalances, wantErr, gotBalances, gotErr)
	gotLines, gotErr := c.Entries(ctx, customer, "requests", "", 2)
	wantLines, wantErr := e.Entries(ctx, customer, "requests", "", 2)
	same(t, "Entries", wantLines, wantErr, gotLines, gotErr)
	gotLines, gotErr = c.Entries(ctx, customer, "requests", gotLines.Next, 0)
	wantLines, wantErr = e.Entries(ctx, customer, "requests", wantLines.Next, 0)
	same(t, "the next Entries", wantLines, wantErr, gotLines, gotErr)
	gotTold, gotErr := c.Explain(ctx, customer, "requests")
	wantTold, wantErr := e.Explain(ctx, customer, "requests")
	same(t, "Explain", wantTold, wantErr, gotTold, gotErr)

	name, zone, team := "Ada", "Europe/Paris", "engines"
	change := tollgate.CustomerChange{Name: &name, Timezone: &zone, Metadata: map[string]*string{"team": &team, "gone": nil}}
	if _, err := c.PutCustomer(ctx, customer, change); err != nil {
		t.Error(err)
	}
	if _, err := c.PatchCustomer(ctx, customer, change); err != nil {
		t.Error(err)
	}
	gotCustomer, gotErr := c.Customer(ctx, customer)
	wantCustomer, wantErr := e.Customer(ctx, customer)
	same(t, "Customer", wantCustomer, wantErr, gotCustomer, gotErr)
	if token, err := c.CreateToken(ctx, tollgate.TokenRequest{Customer: customer, ExpiresIn: 60}); err != nil {
		t.Error(err)
	} else if v, err := e.VerifyToken(ctx, token.Token); err != nil || v.Customer != customer {
		t.Errorf("CreateToken: %+v, %v", v, err)
	}

	report := tollgate.UsageRequest{Customer: customer, Meter: "requests", Property: "model", Filters: map[string]string{"model": "m"},
		UsageSpan: tollgate.UsageSpan{From: usage.At(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), To: usage.At(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)), GroupBy: usage.ByMonth, Timezone: "UTC", Fill: true}}
	gotReport, gotErr := c.Usage(ctx, report)
	wantReport, wantErr := e.Usage(ctx, report)
	same(t, "Usage", wantReport, wantErr, gotReport, gotErr)
}

func TestTheClientReadsWhatIsNobodys(t *testing.T) {
	t.Parallel()
	e, web, key := open(t, nil)
	c := dial(t, web.URL, key, client.Options{})
	ctx := t.Context()
	if _, err := c.Consume(ctx, use("ada", 3, "t")); err != nil {
		t.Fatal(err)
	}
	for _, s := range []tollgate.UsageSpan{{Period: usage.Today, GroupBy: usage.ByNone, Timezone: "UTC"}, {Period: "yesterday"}} {
		for _, m := range []id.Slug{"", "requests"} {
			got, gotErr := c.UsageTop(ctx, tollgate.TopRequest{UsageSpan: s, Meter: m, Limit: 3})
			want, wantErr := e.UsageTop(ctx, tollgate.TopRequest{UsageSpan: s, Meter: m, Limit: 3})
			same(t, "UsageTop", want, wantErr, got, gotErr)
		}
	}
	many, err := c.UsageOfMany(ctx, []id.Customer{"ada", odd}, []id.Slug{"requests"}, tollgate.UsageSpan{Period: usage.Today})
	if err != nil || many["ada"]["requests"].Total != quantity.Whole(3) || many[odd]["requests"].Total != 0 {
		t.Errorf("UsageOfMany: %+v, %v", many, err)
	}
	got, gotErr := c.Customers(ctx, "", 2)
	want, wantErr := e.Customers(ctx, "", 2)
	same(t, "Customers", want, wantErr, got, gotErr)
	got, gotErr = c.Customers(ctx, id.Customer(got.Next), 0)
	want, wantErr = e.Customers(ctx, id.Customer(want.Next), 0)
	same(t, "the next Customers", want, wantErr, got, gotErr)
	gotLimit, gotErr := c.LimitOfPlan(ctx, "free", "requests")
	wantLimit, wantErr := e.LimitOfPlan(ctx, "free", "requests")
	same(t, "LimitOfPlan", wantLimit, wantErr, gotLimit, gotErr)
	if p, err := c.SyncPrice(ctx, "pro_monthly", money.Amount{Minor: 899, Currency: "usd"}, time.Now()); err != nil || p.Amount != 899 {
		t.Errorf("SyncPrice: %+v, %v", p, err)
	}
	gotPrices, gotErr := c.Prices(ctx)
	wantPrices, wantErr := e.Prices(ctx)
	same(t, "Prices", wantPrices, wantErr, gotPrices, gotErr)
	catalog, err := c.Catalog(ctx)
	same(t, "Catalog", e.Catalog(), nil, catalog, err)
	changed := []byte(strings.Replace(catalogText, "limit: 20", "limit: 30", 1))
	if p, err := c.Publish(ctx, changed, true); err != nil || !p.DryRun || len(p.Changes) == 0 {
		t.Errorf("a dry run of Publish: %+v, %v", p, err)
	}
	if p, err := c.Publish(ctx, changed, false); err != nil || p.Version != 2 {
		t.Errorf("Publish: %+v, %v", p, err)
	}
	again := []byte(strings.Replace(catalogText, "limit: 20", "limit: 40", 1))
	if _, err := c.PublishOver(ctx, 1, again, false); !fault.Has(err, fault.Conflict) || fault.Of(err).Details["current"] == nil {
		t.Errorf("PublishOver of a version that is not in force: %v", err)
	}
	if p, err := c.PublishOver(ctx, 2, again, false); err != nil || p.Version != 3 {
		t.Errorf("PublishOver: %+v, %v", p, err)
	}
	if p, err := c.PublishOver(ctx, 2, again, false); err != nil || p.Version != 3 || len(p.Changes) != 0 {
		t.Errorf("PublishOver whose answer was lost: %+v, %v", p, err)
	}
	_, gotErr = c.Publish(ctx, []byte("planz: {}"), false)
	if !fault.Has(gotErr, fault.Invalid) {
		t.Errorf("Publish of nonsense: %v", gotErr)
	}
	if err := c.EraseCustomer(ctx, odd); err != nil {
		t.Error(err)
	}
	if _, err := c.Customer(ctx, odd); !fault.Has(err, fault.NotFound) {
		t.Errorf("an erased customer: %v", err)
	}
	if err := c.Ready(ctx); err != nil {
		t.Error(err)
	}
}

package stripe_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/sandbox"
	"github.com/tollgate/tollgate/sandbox/conform"
)

const shop = `
currency: usd
meters:
  tokens: {name: Tokens, aggregation: sum, decimals: 2}
  pages:  {name: Pages, aggregation: sum}
  people: {name: People, aggregation: unique, property: user}
  disk:   {name: Disk, aggregation: max}
credits:
  coins: {name: Coins, costs: {pages: 2}}
plans:
  free: {default: true, includes: {tokens: {limit: 10, every: month}}}
  pro:
    name: Pro
    description: |
      For those
      who work.
    includes:
      tokens:
        limit: 1000
        every: billing_period
        soft: true
        overage:
          slug: tokens_overage
          model: graduated
          tiers: [{upTo: 5, unitAmount: "0.123456789012"}, {upTo: 1000000000000, unitAmount: "650", flatAmount: "0.5"}, {upTo: inf, flatAmount: "6000"}]
      coins: {limit: 5, every: month, soft: true, overage: {slug: coins_overage, model: package, unitAmount: "999.5", packageSize: 1000}}
      people: {limit: 3, every: month, soft: true, overage: {slug: people_overage, model: flat, amount: 500}}
      disk: {limit: unlimited}
    prices:
      pro_yearly: {amount: 99900, every: year}
      pro_monthly: {amount: 9990, every: month}
      disk_monthly: {meter: disk, every: month, model: volume, tiers: [{upTo: 10, unitAmount: "700"}, {upTo: inf, unitAmount: "0.000000000001"}]}
  team:
    name: Team
    prices: {team_monthly: {amount: 20000, every: month}}
topUps:
  coins_100: {name: 100 coins, amount: 1000, grants: {coins: 100}}
`

const hook = "https://app.example.com/webhooks/stripe"

// A till is a sandbox with a client of it. Every exchange is held to Stripe's description, and every request of the client's,
// whatever it is answered.
type till struct {
	*sandbox.Server
	*stripe.Client
	url  string
	seen func() map[string]int // operations that were answered with success
	sent func() map[string]int // operations that the client asked for
}

func open(t *testing.T, around func(http.Handler) http.Handler) till {
	t.Helper()
	server, err := sandbox.New(sandbox.Options{Seed: 1, Frozen: true}) // prorations and expiries come when a test moves the clock
	if err != nil {
		t.Fatal(err)
	}
	checked := conform.Handler(t, server)
	requests := conform.Requests(t, checked)
	handler := http.Handler(requests)
	if around != nil {
		handler = around(handler)
	}
	listening := httptest.NewServer(handler)
	t.Cleanup(func() {
		listening.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return till{server, caller(t, listening.URL), listening.URL, checked.Seen, requests.Seen}
}

func caller(t *testing.T, url string) *stripe.Client {
	t.Helper()
	client, err := stripe.NewCaller(stripe.Options{SecretKey: "sk_test_shop", URL: url})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func wish(t *testing.T, document string) stripe.Wish {
	t.Helper()
	catalog, err := plan.Parse("shop.yaml", []byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return stripe.Wish{Catalog: catalog, WebhookURL: hook, ReturnURL: "https://app.example.com/billing"}
}

func steps(t *testing.T, c *stripe.Client, w stripe.Wish) *stripe.Changes {
	t.Helper()
	changes, err := c.PlanCatalog(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// apply looks and does, and returns what it did in short lines: op kind slug.
func apply(t *testing.T, c *stripe.Client, w stripe.Wish) []string {
	t.Helper()
	changes := steps(t, c, w)
	if _, err := c.ApplyCatalog(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	return short(changes)
}

func short(changes *stripe.Changes) []string {
	var lines []string
	for _, s := range changes.Steps() {
		lines = append(lines, strings.TrimSpace(s.Op+" "+s.Kind+" "+string(s.Slug)))
	}
	return lines
}

// get asks the sandbox for a list, as Stripe's JSON.
func (l till) get(t *testing.T, path string) []map[string]any {
	t.Helper()
	var page struct{ Data []map[string]any }
	l.ask(t, "GET", path, nil, &page)
	return page.Data
}

func (l till) ask(t *testing.T, method, path string, form url.Values, into any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, l.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer sk_test_shop")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %v %s", method, path, answer.Status, err, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatal(err)
	}
}

// stock returns what is sold: a line for each active object, without ids that Stripe chooses.
func (l till) stock(t *testing.T) []string {
	t.Helper()
	var lines []string
	for _, p := range l.get(t, "/v1/products?limit=100&active=true") {
		lines = append(lines, fmt.Sprint("product ", p["id"], " ", p["name"], " ", p["metadata"]))
	}
	for _, p := range l.get(t, "/v1/prices?limit=100&active=true") {
		lines = append(lines, fmt.Sprint("price ", p["lookup_key"], " ", p["product"], " ", p["unit_amount_decimal"], " ", p["metadata"]))
	}
	for _, m := range l.get(t, "/v1/billing/meters?limit=100&status=active") {
		lines = append(lines, fmt.Sprint("meter ", m["event_name"], " ", m["display_name"]))
	}
	for _, c := range l.get(t, "/v1/billing_portal/configurations?limit=100&active=true") {
		lines = append(lines, fmt.Sprint("portal ", c["default_return_url"]))
	}
	for _, e := range l.get(t, "/v1/webhook_endpoints?limit=100") {
		lines = append(lines, fmt.Sprint("webhook ", e["url"], " ", e["status"], " ", e["api_version"], " ", len(e["enabled_events"].([]any))))
	}
	slices.Sort(lines)
	return lines
}

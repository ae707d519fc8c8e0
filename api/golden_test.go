package api_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/internal/testdb"
)

var update = flag.Bool("update", false, "write the golden files anew")

// made are ids with random parts.
var made = regexp.MustCompile(`(hold|grant|sub|limit|reset)_[0-9a-z]{20,}`)

// signed is a token.
var signed = regexp.MustCompile(`"eyJ[\w-]+\.[\w-]+\.[\w-]+"`)

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run go test ./api -update and look at what it writes", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// A step is one request of a story. NAME stands for the id that the step of that name was answered with.
type step struct {
	name, method, path, body string
	header                   []string
	after                    time.Duration // the clock moves on before the step
}

// story is the life of two customers, each endpoint in turn. Its answers are testdata/golden/*.json.
func story() []step {
	const ada = "/v1/customers/acme%2Feu%7Cada%40example.com"
	return []step{
		{name: "customer_put", method: "PUT", path: ada, body: `{"name": "Ada", "email": "ada@example.com", "metadata": {"team": "engines", "seat": "4"}}`},
		{name: "customer_put_again", method: "PUT", path: ada, body: `{}`, after: time.Minute},
		{name: "customer_get", method: "GET", path: ada},
		{name: "customer_patch", method: "PATCH", path: ada, body: `{"metadata": {"team": null, "seat": "5"}, "timezone": "Europe/Paris"}`},
		{name: "guest_put", method: "PUT", path: "/v1/customers/guest%201", body: `{"guest": true}`, after: time.Second},
		{name: "customers_page_1", method: "GET", path: "/v1/customers?limit=1"},
		{name: "customers_page_2", method: "GET", path: "/v1/customers?limit=1&after=acme%2Feu%7Cada%40example.com"},
		{name: "consume", method: "POST", path: "/v1/consume", body: `{"customer": "acme/eu|ada@example.com", "meter": "ai_requests", "amount": 3, "transactionId": "t 1", "properties": {"model": "<gpt>", "n": 1.50}}`},
		{name: "consume_again", method: "POST", path: "/v1/consume", body: `{"customer": "acme/eu|ada@example.com", "meter": "ai_requests", "amount": 3.0, "transactionId": "t 1", "properties": {"n": 1.50, "model": "<gpt>"}}`},
		{name: "consume_conflict", method: "POST", path: "/v1/consume", body: `{"customer": "acme/eu|ada@example.com", "meter": "ai_requests", "amount": 4, "transactionId": "t 1"}`},
		{name: "consume_insufficient", method: "POST", path: "/v1/consume", body: `{"customer": "acme/eu|ada@example.com", "meter": "ai_requests", "amount": 18, "transactionId": "t 2"}`},
		{name: "consume_record", method: "POST", path: "/v1/consume", body: `{"customer": "acme/eu|ada@example.com", "meter": "ai_requests", "amount": 18, "transactionId": "t 2", "record": true, "at": "2026-03-10T12:01:00.5+01:00"}`},
		{name: "consume_credits", method: "POST", path: "/v1/consume", body: `{"customer": "acme/eu|ada@example.com", "meter": "tokens", "amount": "12.5", "transactionId": "t 3"}`},
		{name: "consume_unlimited", method: "POST", path: "/v1/consume", body: `{"customer": "acme/eu|ada@example.com", "meter": "visits", "transactionId": "t 4"}`},
		{name: "consume_not_in_plan", method: "POST", path: "/v1/consume", body: `{"customer": "guest 1", "meter": "tokens", "amount": 1, "transactionId": "g 1"}`},
		{name: "consume_no_customer", method: "POST", path: "/v1/consume", body: `{"customer": "nobody", "meter": "tokens", "amount": 1, "transactionId": "g 1"}`},
		{name: "consume_no_meter", method: "POST", path: "/v1/consume", body: `{"customer": "guest 1", "meter": "miles", "amount": 1, "transactionId": "g 1"}`},
		{name: "events", method: "POST", path: "/v1/events", body: `{"events": [
			{"customer": "acme/eu|ada@example.com", "meter": "readers", "transactionId": "e/1", "properties": {"reader": "x"}},
			{"customer": "acme/eu|ada@example.com", "meter": "readers", "transactionId": "e/2", "properties": {"reader": "x"}},
			{"customer": "acme/eu|ada@example.com", "meter": "readers", "transactionId": "e/1", "properties": {"reader": "x"}},
			{"customer": "guest 1", "meter": "ai_requests", "amount": 6, "transactionId": "e/3"},
			{"customer": "guest 1", "meter": "ai_requests", "amuont": 6, "transactionId": "e/4"},
			{"customer": "nobody", "meter": "ai_requests", "amount": 6, "transactionId": "e/5"}
		]}`},
		{name: "events_array", method: "POST", path: "/v1/events", body: `[]`},
		{name: "void", method: "DELETE", path: ada + "/events/t%201?reason=wrong%20model"},
		{name: "void_again", method: "DELETE", path: ada + "/events/t%201?reason=wrong%20model"},
		{name: "void_unknown", method: "DELETE", path: ada + "/events/t%209"},
		{name: "check_amount", method: "POST", path: "/v1/check", body: `{"customer": "guest 1", "meter": "ai_requests", "amount": 2}`},
		{name: "check_amount_refused", method: "POST", path: "/v1/check", body: `{"customer": "guest 1", "meter": "ai_requests", "amount": 6}`},
		{name: "check_feature", method: "POST", path: "/v1/check", body: `{"customer": "acme/eu|ada@example.com", "feature": "pdfs"}`},
		{name: "check_feature_refused", method: "POST", path: "/v1/check", body: `{"customer": "acme/eu|ada@example.com", "feature": "api_access"}`},
		{name: "check_feature_unknown", method: "POST", path: "/v1/check", body: `{"customer": "acme/eu|ada@example.com", "feature": "wings"}`},
		{name: "grant", method: "POST", path: ada + "/grants", body: `{"balance": "ai_requests", "amount": 10, "id": "gift 1", "source": "bonus", "priority": 50, "expiresAt": "2026-05-01T00:00:00Z", "reason": "Sorry"}`},
		{name: "grant_by_header", method: "POST", path: ada + "/grants", body: `{"balance": "ai_credits", "amount": 0.25}`, header: []string{"Idempotency-Key", "gift 2"}},
		{name: "grant_conflict", method: "POST", path: ada + "/grants", body: `{"balance": "ai_credits", "amount": 0.5, "id": "gift 2"}`},
		{name: "grant_by_header_again", method: "POST", path: ada + "/grants", body: `{"balance": "ai_credits", "amount": 0.25}`, header: []string{"Idempotency-Key", "gift 2"}},
		{name: "hold", method: "POST", path: "/v1/holds", body: `{"customer": "acme/eu|ada@example.com", "meter": "tokens", "amount": 20, "transactionId": "h 1", "expiresIn": 600}`},
		{name: "hold_by_header", method: "POST", path: "/v1/holds", body: `{"customer": "acme/eu|ada@example.com", "meter": "tokens", "amount": 8}`, header: []string{"Idempotency-Key", "h 2"}},
		{name: "hold_conflict", method: "POST", path: "/v1/holds", body: `{"customer": "acme/eu|ada@example.com", "meter": "tokens", "amount": 21, "transactionId": "h 1", "expiresIn": 600}`},
		{name: "balance_with_holds", method: "GET", path: ada + "/balances/ai_credits"},
		{name: "hold_capture", method: "POST", path: "/v1/holds/{hold}/capture", body: `{"amount": 12.5}`},
		{name: "hold_capture_again", method: "POST", path: "/v1/holds/{hold}/capture", body: `{"amount": 12.5}`},
		{name: "hold_release", method: "POST", path: "/v1/holds/{hold_by_header}/release"},
		{name: "hold_release_again", method: "POST", path: "/v1/holds/{hold_by_header}/release", body: `{}`},
		{name: "hold_unknown", method: "POST", path: "/v1/holds/hold_x/release"},
		{name: "grant_revoke", method: "POST", path: "/v1/grants/{grant}/revoke", body: `{"reason": "Order refunded"}`, after: time.Minute},
		{name: "balances", method: "GET", path: ada + "/balances"},
		{name: "balance", method: "GET", path: ada + "/balances/ai_requests"},
		{name: "balance_then", method: "GET", path: ada + "/balances/ai_requests?at=2026-03-10T13%3A00%3A30%2B01%3A00"},
		{name: "balance_unknown", method: "GET", path: ada + "/balances/miles"},
		{name: "entries_page_1", method: "GET", path: ada + "/entries?balance=ai_requests&limit=3"},
		{name: "entries_page_2", method: "GET", path: ada + "/entries?balance=ai_requests&limit=3&cursor=4"},
		{name: "explain", method: "GET", path: ada + "/explain/ai_requests"},
		{name: "adjust_refund", method: "POST", path: ada + "/adjustments", body: `{"meter": "ai_requests", "amount": -5, "reason": "service_error", "transactionId": "a 1", "properties": {"ticket": 17}}`},
		{name: "adjust_refund_again", method: "POST", path: ada + "/adjustments", body: `{"meter": "ai_requests", "amount": 5, "kind": "refund", "reason": "service_error", "transactionId": "a 1", "properties": {"ticket": 17}}`},
		{name: "adjust_refund_too_much", method: "POST", path: ada + "/adjustments", body: `{"meter": "ai_requests", "amount": -500, "reason": "service_error", "transactionId": "a 2"}`},
		{name: "adjust_bonus", method: "POST", path: ada + "/adjustments", body: `{"meter": "tokens", "amount": 10, "reason": "loyalty_reward"}`, header: []string{"Idempotency-Key", "a 3"}},
		{name: "adjust_deduction", method: "POST", path: ada + "/adjustments", body: `{"meter": "ai_requests", "kind": "deduction", "amount": 2, "reason": "correction", "transactionId": "a 4"}`},
		{name: "adjust_deduction_insufficient", method: "POST", path: ada + "/adjustments", body: `{"meter": "ai_requests", "kind": "deduction", "amount": 200, "reason": "correction", "transactionId": "a 5"}`},
		{name: "adjust_without_reason", method: "POST", path: ada + "/adjustments", body: `{"meter": "ai_requests", "amount": 2, "transactionId": "a 6"}`},
		{name: "adjust_kind_unknown", method: "POST", path: ada + "/adjustments", body: `{"meter": "ai_requests", "amount": 2, "kind": "gift", "reason": "x", "transactionId": "a 6"}`},
		{name: "adjust_readings", method: "POST", path: ada + "/adjustments", body: `{"meter": "seats", "amount": -2, "reason": "x", "transactionId": "a 6"}`},
		{name: "limit_add", method: "POST", path: ada + "/limit-adjustments", body: `{"meter": "ai_requests", "amount": 50, "type": "one_time", "startDate": "2026-03-10T00:00:00Z", "endDate": "2026-04-01T00:00:00Z", "reason": "Holiday promotion", "metadata": {"campaign": "spring"}, "id": "promo 7"}`},
		{name: "limit_add_again", method: "POST", path: ada + "/limit-adjustments", body: `{"balance": "ai_requests", "amount": 50, "type": "one_time", "startDate": "2026-03-10T00:00:00Z", "endDate": "2026-04-01T00:00:00Z", "id": "promo 7"}`},
		{name: "limit_add_conflict", method: "POST", path: ada + "/limit-adjustments", body: `{"balance": "ai_requests", "amount": 51, "type": "one_time", "startDate": "2026-03-10T00:00:00Z", "endDate": "2026-04-01T00:00:00Z", "id": "promo 7"}`},
		{name: "limit_add_pool", method: "POST", path: ada + "/limit-adjustments", body: `{"meter": "tokens", "amount": -20, "type": "recurring", "reason": "Fair use"}`},
		{name: "limit_add_endless", method: "POST", path: ada + "/limit-adjustments", body: `{"meter": "tokens", "amount": 20, "type": "one_time"}`},
		{name: "limit_add_backwards", method: "POST", path: ada + "/limit-adjustments", body: `{"meter": "tokens", "amount": 20, "type": "one_time", "startDate": "2026-05-01T00:00:00Z", "endDate": "2026-04-01T00:00:00Z"}`},
		{name: "limit_of_customer", method: "GET", path: ada + "/limits/ai_requests"},
		{name: "limit_of_customer_pool", method: "GET", path: ada + "/limits/tokens"},
		{name: "limit_of_plan", method: "GET", path: "/v1/plans/pro/limits/ai_requests"},
		{name: "limit_of_plan_pool", method: "GET", path: "/v1/plans/free/limits/tokens"},
		{name: "limit_of_plan_unlimited", method: "GET", path: "/v1/plans/free/limits/visits"},
		{name: "limit_of_plan_not_included", method: "GET", path: "/v1/plans/pro/limits/seats"},
		{name: "limit_of_plan_unknown", method: "GET", path: "/v1/plans/gold/limits/seats"},
		{name: "balance_with_adjustment", method: "GET", path: ada + "/balances/ai_requests"},
		{name: "explain_with_adjustment", method: "GET", path: ada + "/explain/ai_requests"},
		{name: "limit_remove", method: "DELETE", path: "/v1/limit-adjustments/{limit_add}"},
		{name: "limit_remove_again", method: "DELETE", path: "/v1/limit-adjustments/{limit_add}"},
		{name: "limit_remove_unknown", method: "DELETE", path: "/v1/limit-adjustments/limit_x"},
		{name: "limits", method: "GET", path: ada + "/limit-adjustments"},
		{name: "usage", method: "GET", path: ada + "/usage?meter=ai_requests"},
		{name: "usage_groups", method: "GET", path: ada + "/usage?meter=readers&property=reader&groupBy=none&period=today&timezone=UTC"},
		{name: "usage_filter", method: "GET", path: ada + "/usage?meter=ai_requests&from=2026-03-01&to=2026-03-11&groupBy=week&filter=ticket:17&fill=true"},
		{name: "usage_hours", method: "GET", path: ada + "/usage?meter=tokens&from=2026-03-10T11:00:00Z&groupBy=hour&timezone=Asia/Kathmandu&fill=true"},
		{name: "usage_batch", method: "POST", path: "/v1/usage/batch", body: `{"customers": ["acme/eu|ada@example.com", "guest 1"], "meters": ["ai_requests", "tokens"], "period": "current_week", "groupBy": "week"}`},
		{name: "usage_top", method: "GET", path: "/v1/usage/top?meter=ai_requests&limit=5"},
		{name: "usage_top_meters", method: "GET", path: "/v1/usage/top?by=meter&period=today"},
		{name: "usage_bad_period", method: "GET", path: ada + "/usage?meter=ai_requests&period=yesterday"},
		{name: "usage_bad_zone", method: "GET", path: ada + "/usage?meter=ai_requests&timezone=Mars/Base"},
		{name: "usage_bad_grouping", method: "GET", path: ada + "/usage?meter=ai_requests&groupBy=year"},
		{name: "usage_too_long", method: "GET", path: ada + "/usage?meter=ai_requests&from=2024-01-01&to=2026-01-01&groupBy=hour"},
		{name: "usage_backwards", method: "GET", path: ada + "/usage?meter=ai_requests&from=2026-01-02&to=2026-01-01"},
		{name: "usage_bad_instant", method: "GET", path: ada + "/usage?meter=ai_requests&from=yesterday"},
		{name: "usage_no_meter", method: "GET", path: ada + "/usage?meter=miles"},
		{name: "reset", method: "POST", path: ada + "/resets", body: `{"meter": "ai_requests", "reason": "Incident", "id": "r 1"}`, after: time.Second},
		{name: "reset_again", method: "POST", path: ada + "/resets", body: `{"balance": "ai_requests", "id": "r 1"}`},
		{name: "reset_both", method: "POST", path: ada + "/resets", body: `{"balance": "ai_requests", "meter": "tokens"}`},
		{name: "usage_since_reset", method: "GET", path: ada + "/usage?meter=ai_requests&period=since_reset&groupBy=none"},
		{name: "price_sync", method: "PUT", path: "/v1/prices/pro_monthly", body: `{"amount": 899, "currency": "usd", "asOf": "2026-03-10T12:00:00Z"}`},
		{name: "price_sync_older", method: "PUT", path: "/v1/prices/pro_monthly", body: `{"amount": 699, "currency": "usd", "asOf": "2026-03-10T11:00:00Z"}`},
		{name: "price_sync_currency", method: "PUT", path: "/v1/prices/pro_monthly", body: `{"amount": 699, "currency": "gold"}`},
		{name: "price_sync_unknown", method: "PUT", path: "/v1/prices/gold_monthly", body: `{"amount": 699, "currency": "usd"}`},
		{name: "prices", method: "GET", path: "/v1/prices"},
		{name: "checkout_unconfigured", method: "POST", path: "/v1/checkout-sessions", body: `{"customer": "acme/eu|ada@example.com", "price": "pro_monthly", "successUrl": "https://example.com"}`},
		{name: "portal_unconfigured", method: "POST", path: "/v1/portal-sessions", body: `{"customer": "acme/eu|ada@example.com"}`},
		{name: "webhook_unconfigured", method: "POST", path: "/webhooks/stripe", body: `{}`},
		{name: "subscriptions_none", method: "GET", path: ada + "/subscriptions"},
		{name: "payments_none", method: "GET", path: ada + "/payments"},
		{name: "invoices_none", method: "GET", path: ada + "/invoices"},
		{name: "catalog", method: "GET", path: "/v1/catalog"},
		{name: "catalog_dry_run", method: "PUT", path: "/v1/catalog?dryRun=true", body: strings.Replace(catalogText, "limit: 20", "limit: 30", 1)},
		{name: "catalog_put", method: "PUT", path: "/v1/catalog", body: strings.Replace(catalogText, "limit: 20", "limit: 30", 1)},
		{name: "catalog_put_again", method: "PUT", path: "/v1/catalog?dryRun=false", body: strings.Replace(catalogText, "limit: 20", "limit: 30", 1)},
		{name: "catalog_put_over_another", method: "PUT", path: "/v1/catalog?over=1", body: strings.Replace(catalogText, "limit: 20", "limit: 40", 1)},
		{name: "catalog_problems", method: "PUT", path: "/v1/catalog", body: "meters:\n  x: {name: X, aggregation: average}\nplanz: {}\n"},
		{name: "customer_delete", method: "DELETE", path: ada},
		{name: "customer_gone", method: "GET", path: ada},
		{name: "token", method: "POST", path: "/v1/customers/guest%201/tokens", body: `{"actions": ["checkout", "read"], "expiresIn": 600}`},
		{name: "token_default", method: "POST", path: "/v1/customers/guest%201/tokens"},
		{name: "token_action", method: "POST", path: "/v1/customers/guest%201/tokens", body: `{"actions": ["record"]}`},
		{name: "token_too_long", method: "POST", path: "/v1/customers/guest%201/tokens", body: `{"expiresIn": 86401}`},
		{name: "token_no_customer", method: "POST", path: "/v1/customers/nobody/tokens", body: `{}`},
		{name: "healthz", method: "GET", path: "/healthz"},
		{name: "readyz", method: "GET", path: "/readyz"},
	}
}

func TestEveryEndpointAnswersAsItsGoldenFile(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := open(t, url, api.Options{Version: "test"})
		ids := map[string]string{}
		for _, s := range story() {
			path := s.path
			for name, id := range ids {
				path = strings.ReplaceAll(path, "{"+name+"}", id)
			}
			b.clock.move(s.after)
			a := b.send(s.method, path, s.body, s.header...)
			if strings.HasPrefix(s.name, "hold") || strings.HasPrefix(s.name, "grant") || s.name == "limit_add" {
				ids[s.name] = fmt.Sprint(a.field(t, "id"))
			}
			body := signed.ReplaceAllString(made.ReplaceAllString(pretty(t, a.body), "${1}_…"), `"eyJ…"`)
			golden(t, "golden/"+s.name+".json", fmt.Sprintf("// %s %s\n// %d\n%s", s.method, s.path, a.status, body))
		}
	})
}

func TestCatalogIsAnsweredAsItWasWritten(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	for accept, yaml := range map[string]bool{
		"application/yaml": true,
		"application/yaml;q=0.9, application/json;q=1": false,
		"text/html, application/yaml":                  true,
		"*/*":                                          false,
		"":                                             false,
	} {
		a := b.send("GET", "/v1/catalog", "", "Accept", accept)
		if kind := a.header.Get("Content-Type"); (kind == "application/yaml") != yaml {
			t.Errorf("Accept %q: answered %s", accept, kind)
		}
		if yaml && a.body != catalogText {
			t.Errorf("Accept %q: the document was changed:\n%s", accept, a.body)
		}
	}
	a := b.send("GET", "/v1/catalog", "")
	if a = b.send("PUT", "/v1/catalog", a.body); a.status != 200 || a.field(t, "changes") != nil && len(a.field(t, "changes").([]any)) > 0 {
		t.Errorf("the catalog sent back as it was read changed something: %d %s", a.status, a.body)
	}
}

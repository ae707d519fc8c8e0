package flowglad_test

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

	"github.com/tollgate/tollgate/flowglad"
	"github.com/tollgate/tollgate/internal/testdb"
)

var update = flag.Bool("update", false, "write the golden files anew")

// made are ids with random parts.
var made = regexp.MustCompile(`(cust|sub|si|bp|ue|claim|req)_[0-9a-zA-Z_-]{20,}`)

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
		t.Fatalf("%v: run go test ./flowglad -update and look at what it writes", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// A step is one request of a story. {NAME} stands for what an earlier step kept under that name.
type step struct {
	name, method, path, body string
	keep                     map[string]string // name → where in the answer
	after                    time.Duration     // the clock moves on before the step
}

// story calls each endpoint in turn. Its answers are testdata/golden/*.json.
func story() []step {
	const ada = "/api/v1/customers/auth0%7Ca%2Fb%20c@x.io"
	return []step{
		{name: "customer_unknown", method: "GET", path: ada},
		{name: "customer_create", method: "POST", path: "/api/v1/customers", body: `{"customer":{"email":"","name":"","externalId":"auth0|a/b c@x.io"}}`,
			keep: map[string]string{"free": "data.subscription.id", "cust": "data.customer.id"}},
		{name: "customer_create_again", method: "POST", path: "/api/v1/customers", body: `{"customer":{"email":"ada@example.com","name":"Ada","externalId":"auth0|a/b c@x.io"}}`, after: time.Minute},
		{name: "customer", method: "GET", path: ada},
		{name: "customer_update", method: "PUT", path: ada, body: `{"customer":{"id":"{cust}","name":"Ada L"},"externalId":"auth0|a/b c@x.io"}`},
		{name: "customers", method: "GET", path: "/api/v1/customers?limit=10"},
		{name: "billing_free", method: "GET", path: ada + "/billing"},
		{name: "subscription_create_paid", method: "POST", path: "/api/v1/subscriptions", body: `{"priceSlug":"pro_monthly","metadata":{"a":"b"},"quantity":1,"customerId":"{cust}"}`},
		{name: "subscription_create_unknown_price", method: "POST", path: "/api/v1/subscriptions", body: `{"priceSlug":"gold_monthly","customerId":"{cust}"}`},
		{name: "subscription_create", method: "POST", path: "/api/v1/subscriptions", body: `{"priceSlug":"pro_monthly","doNotCharge":true,"customerExternalId":"auth0|a/b c@x.io"}`,
			keep: map[string]string{"sub": "subscription.id"}, after: time.Hour},
		{name: "subscription", method: "GET", path: "/api/v1/subscriptions/{sub}"},
		{name: "subscription_past", method: "GET", path: "/api/v1/subscriptions/{free}"},
		{name: "subscription_unknown", method: "GET", path: "/api/v1/subscriptions/sub_1"},
		{name: "subscriptions", method: "GET", path: "/api/v1/subscriptions"},
		{name: "usage_event", method: "POST", path: "/api/v1/usage-events", body: `{"usageEvent":{"amount":7,"subscriptionId":"{sub}","transactionId":"tx1","usageMeterSlug":"ai_requests"}}`,
			keep: map[string]string{"event": "usageEvent.id"}, after: time.Minute},
		{name: "usage_event_again", method: "POST", path: "/api/v1/usage-events", body: `{"usageEvent":{"amount":9,"subscriptionId":"{sub}","transactionId":"tx1","usageMeterSlug":"ai_requests"}}`, after: time.Minute},
		{name: "usage_event_second_meter", method: "POST", path: "/api/v1/usage-events", body: `{"usageEvent":{"amount":500,"subscriptionId":"{sub}","transactionId":"tx1","usageMeterId":"meter_tokens"}}`},
		{name: "usage_event_price", method: "POST", path: "/api/v1/usage-events", body: `{"usageEvent":{"amount":2,"subscriptionId":"{sub}","properties":{"model":"x"},"transactionId":"tx2","usageDate":1773147600000,"priceSlug":"ai_requests_overage"}}`},
		{name: "usage_event_conflict", method: "POST", path: "/api/v1/usage-events", body: `{"usageEvent":{"amount":7,"subscriptionId":"{free}","transactionId":"tx1","usageMeterSlug":"ai_requests"}}`},
		{name: "usage_event_fraction", method: "POST", path: "/api/v1/usage-events", body: `{"usageEvent":{"amount":2.5,"subscriptionId":"{sub}","transactionId":"tx3","usageMeterSlug":"ai_requests"}}`},
		{name: "usage_event_unknown_meter", method: "POST", path: "/api/v1/usage-events", body: `{"usageEvent":{"amount":2,"subscriptionId":"{sub}","transactionId":"tx3","usageMeterSlug":"miles"}}`},
		{name: "usage_event_pool", method: "POST", path: "/api/v1/usage-events", body: `{"usageEvent":{"amount":2,"subscriptionId":"{sub}","transactionId":"tx3","usageMeterSlug":"ai_credits"}}`},
		{name: "usage_events_bulk", method: "POST", path: "/api/v1/usage-events/bulk", body: `{"usageEvents":[{"amount":1,"subscriptionId":"{sub}","transactionId":"b1","usageMeterSlug":"ai_requests"},
			{"amount":4,"subscriptionId":"{sub}","transactionId":"b2","priceSlug":"ai_requests_overage","properties":{"a":1}}]}`},
		{name: "usage_event_get", method: "GET", path: "/api/v1/usage-events/{event}"},
		{name: "usage_event_get_unknown", method: "GET", path: "/api/v1/usage-events/ue_7"},
		{name: "usage_balances", method: "GET", path: ada + "/usage-balances"},
		{name: "usage_balances_of", method: "GET", path: ada + "/usage-balances?subscriptionId={sub}"},
		{name: "usage_balances_foreign", method: "GET", path: ada + "/usage-balances?subscriptionId=sub_9"},
		{name: "billing", method: "GET", path: ada + "/billing"},
		{name: "subscription_cancel", method: "POST", path: "/api/v1/subscriptions/{sub}/cancel", body: `{"cancellation":{"timing":"at_end_of_current_billing_period"}}`},
		{name: "subscription_cancel_bad", method: "POST", path: "/api/v1/subscriptions/{sub}/cancel", body: `{"cancellation":{"timing":"soon"}}`},
		{name: "subscription_uncancel", method: "POST", path: "/api/v1/subscriptions/{sub}/uncancel"},
		{name: "subscription_adjust", method: "POST", path: "/api/v1/subscriptions/{sub}/adjust", body: `{"adjustment":{"timing":"auto","newSubscriptionItems":[{"priceSlug":"pro_yearly","quantity":1}]}}`},
		{name: "subscription_adjust_past", method: "POST", path: "/api/v1/subscriptions/{free}/adjust", body: `{"adjustment":{"timing":"auto","newSubscriptionItems":[{"priceSlug":"pro_yearly"}]}}`},
		{name: "checkout", method: "POST", path: "/api/v1/checkout-sessions", body: `{"checkoutSession":{"successUrl":"https://a.test/ok","cancelUrl":"https://a.test/no","priceSlug":"pro_monthly","quantity":1,"type":"product","customerExternalId":"auth0|a/b c@x.io"}}`},
		{name: "checkout_free", method: "POST", path: "/api/v1/checkout-sessions", body: `{"checkoutSession":{"successUrl":"https://a.test/ok","cancelUrl":"https://a.test/no","priceSlug":"free","type":"product","customerExternalId":"auth0|a/b c@x.io"}}`},
		{name: "checkout_usage_price", method: "POST", path: "/api/v1/checkout-sessions", body: `{"checkoutSession":{"successUrl":"https://a.test/ok","cancelUrl":"https://a.test/no","priceId":"price_ai_requests_overage","type":"product","customerExternalId":"auth0|a/b c@x.io"}}`},
		{name: "checkout_get", method: "GET", path: "/api/v1/checkout-sessions/cs_1"},
		{name: "checkouts", method: "GET", path: "/api/v1/checkout-sessions"},
		{name: "seats_claim", method: "POST", path: "/api/v1/resource-claims/{sub}/claim", body: `{"resourceSlug":"seats","externalIds":["u1","u2"],"metadata":{"team":"a"}}`, keep: map[string]string{"claim": "claims.0.id"}},
		{name: "seats_claim_again", method: "POST", path: "/api/v1/resource-claims/{sub}/claim", body: `{"resourceSlug":"seats","externalId":"u1"}`, after: time.Minute},
		{name: "seats_claim_some", method: "POST", path: "/api/v1/resource-claims/{sub}/claim", body: `{"resourceSlug":"seats","quantity":2}`},
		{name: "seats_claim_too_many", method: "POST", path: "/api/v1/resource-claims/{sub}/claim", body: `{"resourceSlug":"seats","quantity":7}`},
		{name: "seats_usage", method: "GET", path: "/api/v1/resource-claims/{sub}/usage?resourceSlug=seats"},
		{name: "seats_usages", method: "GET", path: "/api/v1/resource-claims/{sub}/usages"},
		{name: "seats_release", method: "POST", path: "/api/v1/resource-claims/{sub}/release", body: `{"resourceSlug":"seats","claimIds":["{claim}"]}`},
		{name: "seats_release_again", method: "POST", path: "/api/v1/resource-claims/{sub}/release", body: `{"resourceSlug":"seats","claimIds":["{claim}"]}`},
		{name: "seats_release_some", method: "POST", path: "/api/v1/resource-claims/{sub}/release", body: `{"resourceSlug":"seats","quantity":1}`},
		{name: "seats_claims", method: "GET", path: "/api/v1/resource-claims/{sub}/claims?resourceSlug=seats"},
		{name: "resources", method: "GET", path: "/api/v1/resources?pricingModelId=pm_catalog"},
		{name: "resource", method: "GET", path: "/api/v1/resources/res_seats"},
		{name: "pricing_model_default", method: "GET", path: "/api/v1/pricing-models/default"},
		{name: "catalog_default", method: "GET", path: "/api/v1/catalogs/default"},
		{name: "pricing_model_unknown", method: "GET", path: "/api/v1/pricing-models/pm_2"},
		{name: "pricing_models", method: "GET", path: "/api/v1/pricing-models"},
		{name: "pricing_model_clone", method: "POST", path: "/api/v1/pricing-models/pm_catalog/clone", body: `{"name":"copy"}`},
		{name: "products", method: "GET", path: "/api/v1/products?limit=2"},
		{name: "products_next", method: "GET", path: "/api/v1/products?limit=2&cursor=2"},
		{name: "product", method: "GET", path: "/api/v1/products/prod_pro"},
		{name: "prices", method: "GET", path: "/api/v1/prices"},
		{name: "usage_meters", method: "GET", path: "/api/v1/usage-meters"},
		{name: "usage_meter", method: "GET", path: "/api/v1/usage-meters/meter_ai_requests"},
		{name: "usage_meter_create", method: "POST", path: "/api/v1/usage-meters", body: `{"usageMeter":{"name":"API calls","slug":"api-calls","pricingModelId":"pm_catalog"}}`},
		{name: "usage_meter_create_again", method: "POST", path: "/api/v1/usage-meters", body: `{"usageMeter":{"name":"API calls","slug":"api-calls"}}`},
		{name: "usage_meter_update", method: "PUT", path: "/api/v1/usage-meters/meter_api-calls", body: `{"usageMeter":{"id":"meter_api-calls","name":"Calls"}}`},
		{name: "product_create", method: "POST", path: "/api/v1/products", body: `{"product":{"name":"Team Plus","pricingModelId":"pm_catalog","active":true,"default":false},"featureIds":["feat_fast_generations"],
			"price":{"type":"subscription","isDefault":true,"unitPrice":2900,"intervalUnit":"month","intervalCount":1,"slug":"team_monthly"}}`},
		{name: "product_update", method: "PUT", path: "/api/v1/products/prod_team_plus", body: `{"product":{"id":"prod_team_plus","name":"Team","active":true}}`},
		{name: "price_create", method: "POST", path: "/api/v1/prices", body: `{"price":{"productId":"prod_team_plus","type":"subscription","isDefault":false,"unitPrice":29000,"intervalUnit":"year","intervalCount":1,"slug":"team_yearly"}}`},
		{name: "price_update", method: "PUT", path: "/api/v1/prices/price_team_yearly", body: `{"price":{"id":"price_team_yearly","type":"subscription","isDefault":true}}`},
		{name: "product_created", method: "GET", path: "/api/v1/products/prod_team_plus"},
		{name: "invoices", method: "GET", path: "/api/v1/invoices"},
		{name: "payment_unknown", method: "GET", path: "/api/v1/payments/pay_1"},
		{name: "payment_refund", method: "POST", path: "/api/v1/payments/pay_1/refund", body: `{}`},
		{name: "archive", method: "POST", path: ada + "/archive", body: `{}`, after: time.Hour},
		{name: "archive_again", method: "POST", path: ada + "/archive", body: `{}`, after: time.Hour},
		{name: "archived", method: "GET", path: ada + "/billing"},
		{name: "path_unknown", method: "GET", path: "/api/v1/teams"},
		{name: "method_unknown", method: "DELETE", path: ada},
	}
}

func TestEveryEndpointAnswersAsItsGoldenFile(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := open(t, url, flowglad.Options{})
		kept := map[string]string{}
		fill := func(text string) string {
			for name, value := range kept {
				text = strings.ReplaceAll(text, "{"+name+"}", value)
			}
			return text
		}
		for _, s := range story() {
			b.clock.move(s.after)
			a := b.send(s.method, fill(s.path), fill(s.body))
			for name, at := range s.keep {
				kept[name] = a.text(t, at)
			}
			body := made.ReplaceAllString(pretty(t, a.body), "${1}_…")
			golden(t, "golden/"+s.name+".json", fmt.Sprintf("// %s %s\n// %d\n%s", s.method, s.path, a.status, body))
		}
	})
}

// TestNoListIsNull: the packages throw on a null where they expect a list.
func TestNoListIsNull(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
	b.customer("ada")
	null := regexp.MustCompile(`"(subscriptions|currentSubscriptions|invoices|paymentMethods|purchases|products|prices|features|usageMeters|featureItems|usageMeterBalances|subscriptionItems|data|claims|resources)": ?null`)
	for _, path := range []string{"customers/ada/billing", "pricing-models/default", "customers", "subscriptions", "products", "prices", "usage-meters", "invoices",
		"discounts", "resources", "customers/ada/usage-balances", "checkout-sessions"} {
		a := b.must("GET", "/api/v1/"+path, "")
		if found := null.FindString(a.body); found != "" {
			t.Errorf("%s answers %s", path, found)
		}
	}
}

package flowglad_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/flowglad"
	"github.com/tollgate/tollgate/id"
)

// byHeader knows a visitor by the header X-User, as a host's session would.
func byHeader(r *http.Request) (id.Customer, error) {
	if name := r.Header.Get("X-User"); name != "" {
		return id.Customer(name), nil
	}
	return "", errors.New("no session")
}

// page sends what a hook sends.
func (b *bench) page(user, path, body string, header ...string) reply {
	b.t.Helper()
	if user != "" {
		header = append(header, "X-User", user)
	}
	return b.sendAs("", "POST", "/api/flowglad/"+path, body, append(header, "Content-Type", "application/json")...)
}

// pages are the 18 routes that @flowglad/react calls, with a body that names the subscription SUB, and what the answer carries.
func pages() []struct{ path, body, has string } {
	return []struct{ path, body, has string }{
		{"customers/billing", `{}`, "data.pricingModel.products.0.slug"},
		{"customers/find-or-create", `{}`, "data.customer.externalId"},
		{"customers/update", `{"customer":{"id":"x","name":"Ada"},"externalId":"ada"}`, "data.customer.name"},
		{"checkout-sessions/create", `{"priceSlug":"requests_100","successUrl":"https://a.test/","cancelUrl":"https://a.test/","type":"product"}`, "data.url"},
		{"checkout-sessions/create-add-payment-method", `{"successUrl":"https://a.test/","cancelUrl":"https://a.test/"}`, "data.url"},
		{"checkout-sessions/create-activate-subscription", `{"successUrl":"https://a.test/","cancelUrl":"https://a.test/","targetSubscriptionId":"SUB"}`, "data.url"},
		{"subscriptions/cancel", `{"id":"SUB","cancellation":{"timing":"at_end_of_current_billing_period"}}`, "data.subscription.cancelScheduledAt"},
		{"subscriptions/uncancel", `{"id":"SUB"}`, "data.subscription.id"},
		{"subscriptions/adjust", `{"priceSlug":"max_monthly","timing":"at_end_of_current_billing_period","subscriptionId":"SUB"}`, "data.resolvedTiming"},
		{"subscriptions/create", `{}`, ""},
		{"usage-events/create", `{"usageMeterSlug":"ai_requests","subscriptionId":"SUB"}`, "data.usageEvent.id"},
		{"usage-meters/balances", `{"subscriptionId":"SUB"}`, "data.usageMeterBalances.0.slug"},
		{"resources/usages", ``, "data.resources.0.resourceSlug"},
		{"resources/usages/retrieve", `{"resourceSlug":"seats","subscriptionId":"SUB"}`, "data.usage.capacity"},
		{"resources/claim", `{"resourceSlug":"seats","externalId":"u1","subscriptionId":"SUB"}`, "data.claims.0.id"},
		{"resources/release", `{"resourceSlug":"seats","externalId":"u1","subscriptionId":"SUB"}`, "data.releasedClaims.0.id"},
		{"resources/claims", `{"resourceSlug":"seats","subscriptionId":"SUB"}`, "data.claims"},
		{"pricing-models/retrieve", `{}`, "data.pricingModel.id"},
	}
}

func TestEveryPageRoute(t *testing.T) {
	t.Parallel()
	b := openShopSQLite(t, flowglad.Options{Identify: byHeader, PagesRecord: true})
	sub := b.buy("ada", "pro_monthly")
	if n := len(pages()); n != 18 {
		t.Fatalf("%d routes, want 18", n)
	}
	for _, page := range pages() {
		a := b.page("ada", page.path, strings.ReplaceAll(page.body, "SUB", sub))
		switch {
		case page.has == "" && a.status != 501:
			t.Errorf("%s: %d %s", page.path, a.status, a.body)
		case page.has != "" && (a.status != 200 || a.at(t, page.has) == nil || a.at(t, "error") != nil):
			t.Errorf("%s: %d, want %s in %s", page.path, a.status, page.has, a.body)
		}
		if a := b.sendAs("", "GET", "/api/flowglad/"+page.path, "", "X-User", "ada"); a.status != 405 {
			t.Errorf("GET %s: %d", page.path, a.status)
		}
	}
	a := b.page("ada", "customers/billing", `{}`)
	for path, want := range map[string]string{
		"data.invoices.0.invoice.status": "paid", "data.invoices.0.invoiceLineItems.0.priceId": "price_pro_monthly", "data.purchases.0.priceId": "price_pro_monthly",
		"data.paymentMethods.0.paymentMethodData.last4": "4242", "data.currentSubscription.defaultPaymentMethodId": a.text(t, "data.paymentMethods.0.id"),
	} {
		if got := a.text(t, path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func TestACancellationIsScheduledAndTakenBack(t *testing.T) {
	t.Parallel()
	b := openShopSQLite(t, flowglad.Options{})
	sub := b.buy("ada", "max_monthly")
	a := b.must("POST", "/api/v1/subscriptions/"+sub+"/cancel", `{"cancellation":{"timing":"at_end_of_current_billing_period"}}`)
	if a.text(t, "subscription.status") != "cancellation_scheduled" || a.text(t, "subscription.current") != "true" || a.text(t, "subscription.cancelScheduledAt") == "null" {
		t.Errorf("cancel answers %s", a.body)
	}
	a = b.must("POST", "/api/v1/subscriptions/"+sub+"/uncancel", "")
	if a.text(t, "subscription.status") != "active" || a.text(t, "subscription.cancelScheduledAt") != "null" {
		t.Errorf("uncancel answers %s", a.body)
	}
}

// TestNobodySeesAnother: each route with each wrong identity.
func TestNobodySeesAnother(t *testing.T) {
	t.Parallel()
	b := openShopSQLite(t, flowglad.Options{Identify: byHeader, PagesRecord: true})
	sub := b.buy("victoria", "pro_monthly")
	b.must("PUT", "/api/v1/customers/victoria", `{"customer":{"email":"secret@victoria.test"}}`)
	b.must("POST", "/api/v1/resource-claims/"+sub+"/claim", `{"resourceSlug":"seats","externalId":"secret seat"}`)
	for _, page := range pages() {
		body := strings.ReplaceAll(page.body, "SUB", sub)
		if a := b.page("", page.path, body); page.path != "pricing-models/retrieve" && (a.status != 401 || a.text(t, "error.message") != "User not authenticated") {
			t.Errorf("%s without a session: %d %.300s", page.path, a.status, a.body)
		}
		a := b.page("eve", page.path, body)
		if strings.Contains(a.body, "victoria") || strings.Contains(a.body, "secret") || a.status == 200 && strings.Contains(a.body, sub) {
			t.Errorf("%s tells eve of victoria: %.300s", page.path, a.body)
		}
		if strings.Contains(body, sub) && a.status != 403 && a.status != 404 {
			t.Errorf("%s lets eve use victoria's subscription: %d %.300s", page.path, a.status, a.body)
		}
	}
	if a := b.page("eve", "customers/update", `{"customer":{"id":"x","name":"Eve"},"externalId":"victoria"}`); a.text(t, "data.customer.externalId") != "eve" {
		t.Errorf("eve's update answers %s", a.body)
	}
	if a := b.must("GET", "/api/v1/customers/victoria", ""); a.text(t, "customer.name") != "" {
		t.Errorf("eve named victoria: %s", a.body)
	}
	if a := b.page("", "pricing-models/retrieve", `{}`); a.status != 200 || a.text(t, "data.source") != "default" {
		t.Errorf("the prices without a session: %d %.300s", a.status, a.body)
	}
}

func TestAPageRecordsNothingUnlessItsHostAllowsIt(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{Identify: byHeader})
	a := b.page("ada", "usage-events/create", `{"usageMeterSlug":"ai_requests","amount":1}`)
	if a.status != 403 || !strings.Contains(a.text(t, "error.message"), "on your server") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestPlainPages(t *testing.T) {
	t.Parallel()
	b := openShopSQLite(t, flowglad.Options{Identify: byHeader})
	if a := b.sendAs("", "GET", "/api/flowglad/billing", ""); a.status != 401 || a.text(t, "error") != "Unauthorized" {
		t.Errorf("billing without a session: %d %s", a.status, a.body)
	}
	if a := b.sendAs("", "GET", "/api/flowglad/billing", "", "X-User", "ada"); a.status != 200 || a.text(t, "customer.externalId") != "ada" || a.at(t, "catalog.products") == nil {
		t.Errorf("billing: %d %s", a.status, a.body)
	}
	body := `{"priceSlug":"pro_monthly","successUrl":"https://a.test/","cancelUrl":"https://a.test/"}`
	if a := b.sendAs("", "POST", "/api/flowglad/checkout", body, "X-User", "ada"); a.status != 200 || !strings.Contains(a.text(t, "url"), "/c/pay/") || a.text(t, "checkoutSession.status") != "open" {
		t.Errorf("checkout: %d %s", a.status, a.body)
	}
}

// TestOtherOrigins: the pages of origins that are listed may call, others may not, and their servers may.
func TestOtherOrigins(t *testing.T) {
	t.Parallel()
	const listed = "https://app.example.com"
	b := openSQLite(t, flowglad.Options{Identify: byHeader, Origins: []string{listed}})
	for _, c := range []struct {
		origin, site string
		status       int
		allowed      string
	}{
		{listed, "cross-site", 200, listed},
		{"https://evil.example.com", "cross-site", 403, ""},
		{"https://evil.example.com", "", 403, ""},
		{"null", "cross-site", 403, ""},
		{"", "same-origin", 200, ""},
		{"", "", 200, ""},
	} {
		header := []string{}
		if c.origin != "" {
			header = append(header, "Origin", c.origin)
		}
		if c.site != "" {
			header = append(header, "Sec-Fetch-Site", c.site)
		}
		a := b.page("ada", "customers/billing", `{}`, header...)
		if a.status != c.status || a.header.Get("Access-Control-Allow-Origin") != c.allowed {
			t.Errorf("from %q (%s): %d and %q, want %d and %q", c.origin, c.site, a.status, a.header.Get("Access-Control-Allow-Origin"), c.status, c.allowed)
		}
		a = b.sendAs("", "OPTIONS", "/api/flowglad/customers/billing", "", header...)
		if a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != c.allowed || a.header.Get("Vary") != "Origin" {
			t.Errorf("preflight from %q: %d %v", c.origin, a.status, a.header)
		}
	}
}

func TestWithoutIdentifyThereAreNoPages(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
	for _, path := range []string{"customers/billing", "pricing-models/retrieve", "nonsense"} {
		if a := b.page("ada", path, `{}`); a.status != 404 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

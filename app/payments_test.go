package app_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
)

// everything is Payments whose every way leads somewhere.
func everything(t testing.TB) *app.Payments {
	redirect := app.Redirect{URL: "https://pay.example"}
	return &app.Payments{
		Checkout: func(_ context.Context, p app.Purchase) (app.Redirect, error) {
			if p.Customer == "" {
				t.Error("a purchase of nobody")
			}
			return redirect, nil
		},
		Portal: func(context.Context, id.Customer, string) (app.Redirect, error) { return redirect, nil },
		Change: func(_ context.Context, s string, p app.Purchase) (app.OwnSubscription, error) {
			return app.OwnSubscription{ID: s, Plan: p.Plan}, nil
		},
		Cancel: func(_ context.Context, _ id.Customer, s string) (app.OwnSubscription, error) {
			return app.OwnSubscription{ID: s, CancelAtPeriodEnd: true}, nil
		},
		List: func(_ context.Context, c id.Customer) ([]app.OwnPayment, error) {
			return []app.OwnPayment{{ID: "pay_" + string(c), Amount: 799, Currency: "usd", Status: "succeeded", CreatedAt: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}}, nil
		},
	}
}

func TestCheckoutTakesWhatTheCatalogSells(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	var got app.Purchase
	payments := &app.Payments{Checkout: func(_ context.Context, p app.Purchase) (app.Redirect, error) {
		got = p
		return app.Redirect{URL: "https://pay.example/1"}, nil
	}}
	h := app.TokenHandler(e, app.Options{RatePerSecond: -1, Payments: payments, Origins: []string{"https://app.example.com"}})
	bare := app.TokenHandler(e, app.Options{RatePerSecond: -1, Origins: []string{"https://app.example.com"}})
	ada := token(t, e, "ada", "checkout")
	for body, want := range map[string]app.Purchase{
		`{"priceSlug": "pro_monthly"}`:                                   {Price: "pro_monthly", Plan: "pro", Every: "month"},
		`{"priceSlug": "pro_yearly", "billingCycle": "yearly"}`:          {Price: "pro_yearly", Plan: "pro", Every: "year"},
		`{"planId": "pro"}`:                                              {Price: "pro_monthly", Plan: "pro", Every: "month"},
		`{"planId": "pro", "billingCycle": "yearly"}`:                    {Price: "pro_yearly", Plan: "pro", Every: "year"},
		`{"priceId": "pro_monthly", "billingCycle": "monthly"}`:          {Price: "pro_monthly", Plan: "pro", Every: "month"},
		`{"priceId": "price_1AbC", "billingCycle": "monthly"}`:           {StripePrice: "price_1AbC", Every: "month"},
		`{"priceSlug": "requests_100", "quantity": 1000, "priceId": ""}`: {Price: "requests_100", TopUp: "requests_100", Quantity: 1000},
		`{"planId": "pro", "successUrl": "https://app.example.com/done?x=1", "cancelUrl": "http://example.com/"}`: {
			Price: "pro_monthly", Plan: "pro", Every: "month", SuccessURL: "https://app.example.com/done?x=1", CancelURL: "http://example.com/"},
	} {
		want.Customer, want.Quantity = "ada", max(want.Quantity, 1)
		a := send(t, h, ada, "POST", "/api/create-checkout", body)
		if a.status != 200 || strings.TrimSpace(a.body) != `{"url":"https://pay.example/1"}` {
			t.Errorf("%s: %d %s", body, a.status, a.body)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
		refused(t, body+" without payments", send(t, bare, ada, "POST", "/api/create-checkout", body), 503, "payments_not_configured")
	}
	for body, want := range map[string]int{
		`{}`: 422,
		`{"priceSlug": "pro_monthly", "planId": "pro"}`:                           422,
		`{"priceSlug": "gold"}`:                                                   404,
		`{"priceSlug": "price_1AbC"}`:                                             404,
		`{"priceId": "price_1AbC/../x"}`:                                          404,
		`{"priceId": "gold"}`:                                                     404,
		`{"priceSlug": "pro_tokens"}`:                                             422,
		`{"planId": "gold"}`:                                                      404,
		`{"planId": "free"}`:                                                      422,
		`{"planId": "pro", "billingCycle": "weekly"}`:                             422,
		`{"priceSlug": "pro_monthly", "billingCycle": "yearly"}`:                  422,
		`{"priceSlug": "requests_100", "billingCycle": "monthly"}`:                422,
		`{"planId": "pro", "quantity": 0}`:                                        422,
		`{"planId": "pro", "quantity": 1001}`:                                     422,
		`{"planId": "pro", "quantity": 1.5}`:                                      422,
		`{"planId": "pro", "amount": 1}`:                                          422,
		`{"planId": "pro", "successUrl": "https://evil.example/"}`:                422,
		`{"planId": "pro", "successUrl": "https://app.example.com@evil.example"}`: 422,
		`{"planId": "pro", "cancelUrl": "//evil.example/"}`:                       422,
		`{"planId": "pro", "cancelUrl": "javascript:alert(1)"}`:                   422,
		`{"planId": "pro", "cancelUrl": "/done"}`:                                 422,
		`{"planId": "pro", "successUrl": "https://app.example.com/` + strings.Repeat("x", 2048) + `"}`: 422,
	} {
		code := map[int]string{404: "not_found", 422: "invalid_request"}[want]
		refused(t, body, send(t, h, ada, "POST", "/api/create-checkout", body), want, code)
		refused(t, body+" without payments", send(t, bare, ada, "POST", "/api/create-checkout", body), want, code)
	}
}

func TestSubscriptionsAreShownChangedAndCancelled(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	c, err := e.Customer(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	h := app.TokenHandler(e, app.Options{RatePerSecond: -1, Payments: everything(t)})
	bare := app.TokenHandler(e, app.Options{RatePerSecond: -1})
	ada := token(t, e, "ada", tollgate.Actions()...)
	own := "/api/subscriptions/" + c.Subscription
	type page struct{ Data []app.OwnSubscription }
	shown := decode[page](t, send(t, bare, ada, "GET", "/api/subscriptions", "")).Data
	if len(shown) != 1 || shown[0].ID != c.Subscription || shown[0].Plan != "free" || shown[0].Status != "active" {
		t.Errorf("subscriptions: %+v", shown)
	}
	if got := decode[app.OwnSubscription](t, send(t, h, ada, "DELETE", own, "")); !got.CancelAtPeriodEnd || got.ID != c.Subscription {
		t.Errorf("cancelled: %+v", got)
	}
	if got := decode[app.OwnSubscription](t, send(t, h, ada, "POST", own+"/change", `{"planId": "pro"}`)); got.Plan != "pro" || got.ID != c.Subscription {
		t.Errorf("changed: %+v", got)
	}
	if got := decode[struct{ Data []app.OwnPayment }](t, send(t, h, ada, "GET", "/api/payments", "")).Data; len(got) != 1 || got[0].ID != "pay_ada" {
		t.Errorf("payments: %+v", got)
	}
	for _, path := range []string{"/api/portal", "/api/payments/stripe/portal"} {
		for _, body := range []string{"", "{}", `{"returnUrl": "http://example.com/account"}`} {
			if got := decode[app.Redirect](t, send(t, h, ada, "POST", path, body)); got.URL != "https://pay.example" {
				t.Errorf("POST %s %s: %+v", path, body, got)
			}
		}
		refused(t, path+" to a stranger", send(t, h, ada, "POST", path, `{"returnUrl": "https://evil.example"}`), 422, "invalid_request")
		refused(t, path+" without payments", send(t, bare, ada, "POST", path, ""), 503, "payments_not_configured")
	}
	refused(t, "a change to a top-up", send(t, h, ada, "POST", own+"/change", `{"priceSlug": "requests_100"}`), 422, "invalid_request")
	refused(t, "a change to nothing", send(t, h, ada, "POST", own+"/change", `{}`), 422, "invalid_request")
	refused(t, "a change without payments", send(t, bare, ada, "POST", own+"/change", `{"planId": "pro"}`), 503, "payments_not_configured")
	refused(t, "a cancel without payments", send(t, bare, ada, "DELETE", own, ""), 503, "payments_not_configured")
	refused(t, "payments without payments", send(t, bare, ada, "GET", "/api/payments", ""), 503, "payments_not_configured")
	refused(t, "a cancel of nothing", send(t, h, ada, "DELETE", "/api/subscriptions/sub_x", ""), 404, "not_found")
}

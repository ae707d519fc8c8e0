package billing_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/sandbox"
	"github.com/tollgate/tollgate/sandbox/conform"
	"github.com/tollgate/tollgate/subscription"
)

// catalog sells what the tests buy: amounts in cents.
const catalog = `
currency: usd
meters:
  requests: {aggregation: sum}
  tokens: {aggregation: sum}
plans:
  free:
    default: true
    includes:
      requests: {limit: 20, every: never}
  pro:
    trial: 14d
    prices:
      pro_monthly: {amount: 800, every: month}
      pro_yearly: {amount: 8000, every: year}
    includes:
      requests: {limit: 1000, every: billing_month}
  max:
    prices:
      max_monthly: {amount: 2000, every: month}
    includes:
      requests: {limit: 5000, every: billing_period}
topUps:
  pack: {amount: 500, grants: {tokens: 100}}
`

// A shop is an engine that sells through a sandbox, on the sandbox's clock.
type shop struct {
	testing.TB
	ctx     context.Context
	engine  *tollgate.Engine
	sandbox *sandbox.Server
	calls   *conform.Client // before the sandbox: holds what the engine sends to Stripe's description
	url     string          // of both
	hooks   *httptest.Server
	box     *atomic.Pointer[postbox] // keeps the webhooks when it is set
	secret  string                   // of the webhooks
	at      map[id.Customer]string   // who customers are at Stripe, as far as a test has noted it
	prices  map[string]string        // at Stripe, by slug
	page    string                   // of a checkout that waits to be paid

	options tollgate.Options // of its engines
}

const secretKey = "sk_test_shop"

// open starts a shop on a database. Webhooks are worked on by calls of Engine.Work only.
func open(t testing.TB, db string, options sandbox.Options) *shop {
	t.Helper()
	s := openWith(t, db, options, []byte(catalog), nil)
	s.stock()
	return s
}

// openWith starts a shop that sells another catalog, of which nothing is at Stripe yet. change may change how it sells.
func openWith(t testing.TB, db string, options sandbox.Options, catalog []byte, change func(*tollgate.Options)) *shop {
	t.Helper()
	options.Frozen, options.Start = true, time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)
	listening := httptest.NewUnstartedServer(nil)
	options.BaseURL = "http://" + listening.Listener.Addr().String()
	if options.WebhookBackoff == nil {
		options.WebhookBackoff = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond}
	}
	stripe, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	calls := conform.Requests(t, stripe)
	listening.Config.Handler = calls
	listening.Start()
	s := &shop{TB: t, ctx: t.Context(), sandbox: stripe, calls: calls, url: options.BaseURL, at: map[id.Customer]string{}, prices: map[string]string{}, box: &atomic.Pointer[postbox]{}}
	s.hooks = httptest.NewServer(http.HandlerFunc(s.receive))
	if s.secret, err = stripe.Listen(s.hooks.URL); err != nil {
		t.Fatal(err)
	}
	s.options = tollgate.Options{Now: stripe.Now, Payments: tollgate.Payments{SecretKey: secretKey, WebhookSecret: s.secret, URL: s.url, SuccessURL: "https://example.com/ok", NoWork: true}}
	if change != nil {
		change(&s.options)
	}
	s.engine = s.begin(db)
	t.Cleanup(func() {
		s.hooks.Close()
		listening.Close()
		if err := stripe.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.engine.Publish(s.ctx, "catalog.yaml", catalog, false); err != nil {
		t.Fatal(err)
	}
	return s
}

// begin starts an engine on a database. It ends with the test.
func (s *shop) begin(db string) *tollgate.Engine {
	s.Helper()
	e, err := tollgate.Open(s.ctx, db, s.options)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if err := e.Close(); err != nil {
			s.Error(err)
		}
	})
	return e
}

func (s *shop) receive(w http.ResponseWriter, r *http.Request) {
	if box := s.box.Load(); box != nil {
		box.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = s.engine.Webhook(r.Context(), body, r.Header.Get("Stripe-Signature"))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// stock puts the catalog's prices on sale.
func (s *shop) stock() {
	s.Helper()
	for _, p := range []struct {
		slug, plan, interval string
		amount               int
	}{{"pro_monthly", "pro", "month", 800}, {"pro_yearly", "pro", "year", 8000}, {"max_monthly", "max", "month", 2000}, {"pack", "", "", 500}} {
		form := url.Values{"currency": {"usd"}, "unit_amount": {fmt.Sprint(p.amount)}, "lookup_key": {p.slug}, "product_data[name]": {p.slug},
			"metadata[source]": {"tollgate"}, "metadata[price]": {p.slug}}
		if p.interval != "" {
			form.Set("recurring[interval]", p.interval)
			form.Set("metadata[plan]", p.plan)
		}
		s.stripe("/v1/prices", form)
	}
	for _, p := range list[object](s, "/v1/prices", nil) {
		s.prices[p.Metadata["price"]] = p.ID
	}
}

// stripe sends a form to the sandbox, and returns the answer.
func (s *shop) stripe(path string, form url.Values) []byte {
	s.Helper()
	return s.send(http.MethodPost, path, form)
}

func (s *shop) send(method, path string, form url.Values) []byte {
	s.Helper()
	r, err := http.NewRequestWithContext(s.ctx, method, s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secretKey)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err != nil {
		s.Fatal(err)
	}
	if w.StatusCode != http.StatusOK {
		s.Fatalf("%s %s answered %d %s", method, path, w.StatusCode, body)
	}
	return body
}

// settle delivers what is to be delivered and works until nothing is left.
func (s *shop) settle() {
	s.Helper()
	if err := s.sandbox.Flush(s.ctx); err != nil {
		s.Fatal(err)
	}
	s.work()
}

// work does what is due until nothing is left.
func (s *shop) work() {
	s.Helper()
	for {
		n, err := s.engine.Work(s.ctx)
		if err != nil {
			s.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// recover reads the events that never came, and works until nothing is left.
func (s *shop) recover() {
	s.Helper()
	for {
		n, err := s.engine.Reconcile(s.ctx)
		if err != nil {
			s.Fatal(err)
		}
		s.work()
		if n == 0 {
			return
		}
	}
}

// advance moves the clock, and settles.
func (s *shop) advance(d time.Duration) {
	s.Helper()
	if err := s.sandbox.AdvanceBy(s.ctx, d); err != nil {
		s.Fatal(err)
	}
	s.settle()
}

const day = 24 * time.Hour

// customer makes a customer.
func (s *shop) customer(name id.Customer) {
	s.Helper()
	email := string(name) + "@example.com"
	if _, _, err := s.engine.PutCustomer(s.ctx, name, tollgate.CustomerChange{Email: &email}); err != nil {
		s.Fatal(err)
	}
}

// pay fills in the checkout page with a card; it returns where the page leads, "" when it stays.
func (s *shop) pay(page, number string) string {
	s.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w, err := client.PostForm(page, url.Values{"action": {"pay"}, "email": {"x@example.com"}, "number": {number}, "expiry": {"12/40"}, "cvc": {"123"}})
	if err != nil {
		s.Fatal(err)
	}
	defer w.Body.Close()
	return w.Header.Get("Location")
}

const (
	visa     = "4242424242424242"
	declined = "4000000000000002"
	failing  = "4000000000000341"
)

// buy checks out and pays.
func (s *shop) buy(r tollgate.CheckoutRequest, card string) {
	s.Helper()
	session, err := s.engine.Checkout(s.ctx, r)
	if err != nil {
		s.Fatal(err)
	}
	if to := s.pay(session.URL, card); to == "" {
		s.Fatalf("the checkout of %+v was not paid", r)
	}
}

// subscription returns a customer's subscription.
func (s *shop) subscription(name id.Customer) subscription.Subscription {
	s.Helper()
	all, err := s.engine.Subscriptions(s.ctx, name)
	if err != nil || len(all) != 1 {
		s.Fatalf("the subscriptions of %s: %v, %v", name, all, err)
	}
	return all[0]
}

// want compares a customer's plan and what is available of a balance.
func (s *shop) want(when string, name id.Customer, plan id.Slug, balance id.Slug, available int64) {
	s.Helper()
	c, err := s.engine.Customer(s.ctx, name)
	if err != nil {
		s.Fatal(err)
	}
	if c.Plan != plan {
		s.Errorf("%s: %s is on %s, want %s (%s)", when, name, c.Plan, plan, c.Status)
	}
	if got := s.available(name, balance); got != available {
		s.Errorf("%s: %s has %d %s available, want %d", when, name, got, balance, available)
	}
}

func (s *shop) available(name id.Customer, balance id.Slug) int64 {
	s.Helper()
	b, err := s.engine.Balance(s.ctx, name, balance)
	if err != nil {
		s.Fatal(err)
	}
	if b.Available == nil {
		return -1
	}
	return int64(*b.Available) / 1_000_000
}

// portal saves another card in the billing portal.
func (s *shop) portal(page, number string) {
	s.Helper()
	s.submit(page, url.Values{"action": {"card"}, "number": {number}, "expiry": {"12/40"}, "cvc": {"123"}})
}

// submit presses a button of the billing portal.
func (s *shop) submit(page string, form url.Values) {
	s.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w, err := client.PostForm(page, form)
	if err != nil {
		s.Fatal(err)
	}
	defer w.Body.Close()
	if w.StatusCode != http.StatusSeeOther {
		s.Fatalf("the portal answered %d", w.StatusCode)
	}
}

// A subscriptionTold is a subscription as the sandbox's API tells it.
type subscriptionTold struct {
	object
	Items struct {
		Data []object `json:"data"`
	} `json:"items"`
}

// told returns a customer's newest subscription from the sandbox's API.
func (s *shop) told(name id.Customer) subscriptionTold {
	s.Helper()
	all := list[subscriptionTold](s, "/v1/subscriptions", url.Values{"customer": {s.at[name]}, "status": {"all"}})
	if len(all) == 0 {
		s.Fatalf("%s has no subscription at Stripe", name)
	}
	return all[0]
}

// stripeIDs returns who the customers are at the sandbox.
func (s *shop) stripeIDs() map[id.Customer]string {
	s.Helper()
	found := map[id.Customer]string{}
	for _, c := range list[object](s, "/v1/customers", nil) {
		found[id.Customer(c.Metadata["customer"])] = c.ID
	}
	return found
}

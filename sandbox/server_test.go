package sandbox_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v86"
	"github.com/tollgate/tollgate/sandbox"
)

func TestTheStateSurvivesARestart(t *testing.T) {
	t.Parallel()
	options := frozen(2026, 3, 1)
	options.File = filepath.Join(t.TempDir(), "shop.db")
	open := func() (*shop, func()) {
		server, err := sandbox.New(options)
		if err != nil {
			t.Fatal(err)
		}
		listening := httptest.NewServer(server)
		return &shop{T: t, server: server, url: listening.URL}, func() {
			listening.Close()
			if err := server.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	s, stop := open()
	sub := s.subscription()
	key := http.Header{"Idempotency-Key": {"once"}}
	s.advance(s.server.Now().AddDate(0, 0, 10))
	_, made := s.request("POST", "/v1/customers", "name=Kept", key)
	s.advance(s.server.Now().Add(time.Hour))
	before, events, now := s.get("/v1/subscriptions/"+sub.id(), ""), len(s.server.Events()), s.server.Now()
	stop()

	s, stop = open()
	defer stop()
	if diff := cmp.Diff(before, s.get("/v1/subscriptions/"+sub.id(), "")); diff != "" {
		t.Errorf("the subscription after a restart (-before +after):\n%s", diff)
	}
	if got := len(s.server.Events()); got != events {
		t.Errorf("%d events are left, want %d", got, events)
	}
	if got := s.server.Now(); !got.Equal(now) {
		t.Errorf("the clock stands at %s, want %s", got, now)
	}
	if _, again := s.request("POST", "/v1/customers", "name=Kept", key); again.id() != made.id() {
		t.Errorf("an idempotency key makes %s after a restart, want the first answer's %s", again.id(), made.id())
	}
	if fresh := s.post("/v1/customers", ""); fresh.id() == made.id() || fresh.id() == sub.text("customer") {
		t.Errorf("a new customer has the id of an old one: %s", fresh.id())
	}
	s.want(s.renew(sub), "latest_invoice.status", "paid")
}

// A receiver answers webhooks as the test says.
type receiver struct {
	mu     sync.Mutex
	status int
	bodies []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.status == http.StatusOK {
		r.bodies = append(r.bodies, string(body))
	}
	w.WriteHeader(r.status)
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) types(t *testing.T) []string {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var types []string
	for _, body := range r.bodies {
		event, err := decodeObject([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, event.text("type"))
	}
	return types
}

func TestAWebhookIsRetriedAsItWasAtFirst(t *testing.T) {
	t.Parallel()
	s := openShop(t, sandbox.Options{WebhookBackoff: []time.Duration{50 * time.Millisecond, 50 * time.Millisecond, time.Hour}})
	hooks := &receiver{status: http.StatusServiceUnavailable}
	listening := httptest.NewServer(hooks)
	defer listening.Close()
	s.post("/v1/webhook_endpoints", "url=%s&enabled_events[]=customer.created&enabled_events[]=customer.updated", listening.URL)
	customer := s.post("/v1/customers", "name=First")
	s.price(100) // no event that the endpoint wants
	if err := s.server.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.want(s.get("/v1/events", "delivery_success=false"), "data.0.type", "customer.created")
	s.post("/v1/customers/"+customer.id(), "name=Second")
	hooks.answer(http.StatusOK)
	deadline := time.Now().Add(10 * time.Second)
	for len(hooks.types(t)) < 2 && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
	if got := hooks.types(t); !slices.Contains(got, "customer.created") || !slices.Contains(got, "customer.updated") || len(got) != 2 {
		t.Fatalf("the endpoint got %v, want created and updated once each", got)
	}
	for _, body := range hooks.bodies {
		if strings.Contains(body, "customer.created") && !strings.Contains(body, `"name":"First"`) {
			t.Errorf("a retried event is not as it was when it happened: %s", body)
		}
	}
	for s.get("/v1/events", "type=customer.*").at("data.0.pending_webhooks") != nil && len(s.get("/v1/events", "delivery_success=false").list("data")) > 0 {
		if time.Now().After(deadline) {
			t.Fatal("an event that was delivered still waits")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestChaosReplays(t *testing.T) {
	t.Parallel()
	run := func(seed int64) []string {
		s := openShop(t, sandbox.Options{Seed: seed, Chaos: sandbox.Chaos{Duplicate: 40, Drop: 30}})
		hooks := &receiver{status: http.StatusOK}
		listening := httptest.NewServer(hooks)
		defer listening.Close()
		s.post("/v1/webhook_endpoints", "url=%s&enabled_events[]=*", listening.URL)
		s.subscription()
		if err := s.server.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		return hooks.types(t)
	}
	first := run(7)
	if diff := cmp.Diff(first, run(7)); diff != "" {
		t.Errorf("the same seed did something else (-first +second):\n%s", diff)
	}
	if cmp.Equal(first, run(8)) {
		t.Error("another seed did the same")
	}
}

func TestAnAnswerThatIsLostIsReplayedToItsKey(t *testing.T) {
	t.Parallel()
	s := openShop(t, sandbox.Options{})
	s.server.SetChaos(sandbox.Chaos{Faults: []sandbox.Fault{{Method: "POST", Path: "/v1/customers", Percent: 100, Times: 1, Lose: true}}})
	send := func() (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/customers", strings.NewReader("name=Jo"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Authorization": {"Bearer sk_test_1"}, "Content-Type": {"application/x-www-form-urlencoded"}, "Idempotency-Key": {"k"}}
		return (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	}
	if w, err := send(); err == nil {
		w.Body.Close()
		t.Fatalf("the first request was answered %d, want a lost connection", w.StatusCode)
	}
	w, err := send()
	if err != nil {
		t.Fatal(err)
	}
	w.Body.Close()
	if w.StatusCode != http.StatusOK || w.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the second request was answered %d, replayed %q; want 200, true", w.StatusCode, w.Header.Get("Idempotent-Replayed"))
	}
	if got := len(s.get("/v1/customers", "").list("data")); got != 1 {
		t.Errorf("there are %d customers, want 1", got)
	}
	for _, status := range []int{409, 429, 500} {
		s.server.SetChaos(sandbox.Chaos{Faults: []sandbox.Fault{{Percent: 100, Times: 1, Status: status}}})
		if w, answer := s.request("POST", "/v1/customers", "name=Jo", nil); w.StatusCode != status || answer.text("error.type") == "" {
			t.Errorf("a fault of %d is answered %d %v", status, w.StatusCode, answer)
		}
	}
}

// stripe-go takes what the sandbox signs, and nothing else.
func TestASignatureIsOfTheBodyAndTheSecret(t *testing.T) {
	t.Parallel()
	s := openShop(t, sandbox.Options{})
	type signed struct{ header, body string }
	got := make(chan signed, 10)
	listening := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- signed{r.Header.Get("Stripe-Signature"), string(body)}
	}))
	defer listening.Close()
	secret := s.post("/v1/webhook_endpoints", "url=%s&enabled_events[]=customer.created", listening.URL).text("secret")
	s.post("/v1/customers", "name=Jo")
	hook := <-got
	if _, err := stripe.ConstructEvent([]byte(hook.body), hook.header, secret); err != nil {
		t.Errorf("ConstructEvent refuses a webhook: %v", err)
	}
	if _, err := stripe.ConstructEvent([]byte(hook.body), hook.header, secret+"x"); err == nil {
		t.Error("ConstructEvent takes another secret")
	}
	if _, err := stripe.ConstructEvent([]byte(hook.body+" "), hook.header, secret); err == nil {
		t.Error("ConstructEvent takes another body")
	}
}

// buy opens the page of a new session and pays with a card.
func (s *shop) buy(form, number string, more url.Values) object {
	s.Helper()
	session := s.post("/v1/checkout/sessions", "success_url=https://example.com/ok&%s", form)
	typed := url.Values{"action": {"pay"}, "email": {"jo@example.com"}, "number": {number}, "expiry": {"12/34"}, "cvc": {"123"}, "name": {"Jo Doe"}}
	for name, values := range more {
		submit(s.T, session.text("url"), url.Values{"action": {name}, "code": values})
	}
	submit(s.T, session.text("url"), typed)
	return s.get("/v1/checkout/sessions/"+session.id(), "expand[]=payment_intent&expand[]=invoice&expand[]=subscription&expand[]=setup_intent")
}

func TestWhatACheckoutSells(t *testing.T) {
	t.Parallel()
	const visa, declined = "4242424242424242", "4000000000000002"
	for name, check := range map[string]func(s *shop){
		"a top-up with an invoice": func(s *shop) {
			price := s.post("/v1/prices", "product=%s&currency=usd&unit_amount=900", s.product().id())
			c := s.buy("mode=payment&invoice_creation[enabled]=true&payment_intent_data[metadata][k]=v&line_items[0][quantity]=3&line_items[0][price]="+price.id(), visa, nil)
			s.want(c, "payment_status", "paid")
			s.want(c, "payment_intent.amount_received", 2700)
			s.want(c, "payment_intent.metadata.k", "v")
			s.want(c, "invoice.status", "paid")
			s.want(c, "invoice.amount_paid", 2700)
		},
		"a guest's payment makes no customer": func(s *shop) {
			price := s.post("/v1/prices", "product=%s&currency=usd&unit_amount=900", s.product().id())
			c := s.buy("mode=payment&line_items[0][quantity]=1&line_items[0][price]="+price.id(), visa, nil)
			s.want(c, "customer", "")
			s.want(c, "customer_details.email", "jo@example.com")
		},
		"a top-up that a promotion code makes cheaper": func(s *shop) {
			coupon := s.coupon()
			s.post("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=%s&code=SPRING", coupon.id())
			price := s.post("/v1/prices", "product=%s&currency=usd&unit_amount=900", s.product().id())
			c := s.buy("mode=payment&allow_promotion_codes=true&invoice_creation[enabled]=true&line_items[0][quantity]=4&line_items[0][price]="+price.id(), visa, url.Values{"code": {"spring"}})
			s.want(c, "payment_intent.amount_received", 2700)
			s.want(c, "invoice.status", "paid")
			s.want(c, "invoice.subtotal", 3600)
			s.want(c, "invoice.total", 2700)
			s.want(c, "invoice.amount_paid", 2700)
			s.want(c, "invoice.amount_remaining", 0)
			s.want(s.get("/v1/coupons/"+coupon.id(), ""), "times_redeemed", 1)
		},
		"a top-up that a promotion code makes free, without a card": func(s *shop) {
			free := s.post("/v1/coupons", "percent_off=100&duration=once")
			s.post("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=%s&code=GRATIS", free.id())
			price := s.post("/v1/prices", "product=%s&currency=usd&unit_amount=900", s.product().id())
			for _, number := range []string{"", visa} { // a page that asks for no card takes none
				c := s.buy("mode=payment&allow_promotion_codes=true&invoice_creation[enabled]=true&line_items[0][quantity]=1&line_items[0][price]="+price.id(), number, url.Values{"code": {"gratis"}})
				s.want(c, "status", "complete")
				s.want(c, "payment_status", "no_payment_required")
				s.want(c, "payment_method_collection", "if_required")
				s.want(c, "amount_total", 0)
				s.want(c, "payment_intent", "")
				s.want(c, "setup_intent", "")
				s.want(c, "invoice.status", "paid")
				s.want(c, "invoice.subtotal", 900)
				s.want(c, "invoice.total", 0)
				s.want(c, "invoice.amount_remaining", 0)
			}
			if got := s.get("/v1/charges", "").list("data"); len(got) != 0 {
				s.Errorf("what costs nothing was charged: %v", got)
			}
			tried := s.post("/v1/checkout/sessions", "success_url=https://example.com/ok&mode=payment&allow_promotion_codes=true&line_items[0][quantity]=1&line_items[0][price]=%s", price.id())
			for _, form := range []url.Values{
				{"action": {"pay"}, "email": {"jo@example.com"}, "number": {declined}, "expiry": {"12/34"}, "cvc": {"123"}},
				{"action": {"code"}, "code": {"gratis"}}, {"action": {"pay"}, "email": {"jo@example.com"}}} {
				submit(s.T, tried.text("url"), form)
			}
			s.want(s.get("/v1/checkout/sessions/"+tried.id(), ""), "payment_status", "no_payment_required")
			s.want(s.get("/v1/coupons/"+free.id(), ""), "times_redeemed", 3)
		},
		"a card": func(s *shop) {
			c := s.buy("mode=setup&currency=usd&customer="+s.post("/v1/customers", "email=jo@example.com").id(), visa, nil)
			s.want(c, "status", "complete")
			s.want(c, "setup_intent.status", "succeeded")
		},
		"nothing with a declined card": func(s *shop) {
			c := s.buy("mode=subscription&line_items[0][quantity]=1&line_items[0][price]="+s.price(2000).id(), declined, nil)
			s.want(c, "status", "open")
			s.want(c, "payment_intent.last_payment_error.code", "card_declined")
			if got := s.get("/v1/subscriptions", "status=all").list("data"); len(got) != 0 {
				s.Errorf("a declined checkout made a subscription: %v", got)
			}
		},
		"a trial without a card": func(s *shop) {
			c := s.buy("mode=subscription&payment_method_collection=if_required&subscription_data[trial_period_days]=7&line_items[0][quantity]=1&line_items[0][price]="+s.price(2000).id(), "", nil)
			s.want(c, "payment_status", "no_payment_required")
			s.want(c, "subscription.status", "trialing")
			s.want(c, "subscription.default_payment_method", "")
		},
		"a subscription with a promotion code": func(s *shop) {
			s.post("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=%s&code=SPRING", s.coupon().id())
			c := s.buy("mode=subscription&allow_promotion_codes=true&line_items[0][quantity]=2&line_items[0][price]="+s.price(2000).id(), visa, url.Values{"code": {"spring"}})
			s.want(c, "amount_total", 3000)
			s.want(c, "total_details.amount_discount", 1000)
			s.want(c, "invoice.amount_paid", 3000)
			s.want(s.renew(c.at("subscription").(map[string]any)), "latest_invoice.amount_paid", 4000) // once
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, frozen(2026, 3, 1))
			check(s)
			s.checkEvents()
		})
	}
}

func TestASessionExpires(t *testing.T) {
	t.Parallel()
	s := openShop(t, frozen(2026, 3, 1))
	session := s.session()
	s.advance(s.server.Now().Add(25 * time.Hour))
	s.want(s.get("/v1/checkout/sessions/"+session.id(), ""), "status", "expired")
	if status, _, _ := submit(t, session.text("url"), url.Values{"action": {"pay"}}); status != http.StatusGone {
		t.Errorf("the page of an expired session answers %d, want 410", status)
	}
}

func TestAnotherSitesFormIsRefused(t *testing.T) {
	t.Parallel()
	s := openShop(t, sandbox.Options{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.session().text("url"), strings.NewReader("action=pay"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"https://evil.example"}}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	w.Body.Close()
	if w.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site is answered %d, want 403", w.StatusCode)
	}
}

func TestWhatACustomerDoesInThePortal(t *testing.T) {
	t.Parallel()
	s := openShop(t, frozen(2026, 3, 1))
	sub := s.subscription()
	dearer := s.price(5000)
	s.post("/v1/billing_portal/configurations", "features[payment_method_update][enabled]=true&features[invoice_history][enabled]=true"+
		"&features[subscription_cancel][enabled]=true&features[subscription_update][enabled]=true&features[subscription_update][proration_behavior]=always_invoice"+
		"&features[subscription_update][default_allowed_updates][]=price&features[subscription_update][products][0][product]=%s"+
		"&features[subscription_update][products][0][prices][]=%s", dearer.text("product"), dearer.id())
	page := s.post("/v1/billing_portal/sessions", "customer=%s", sub.text("customer")).text("url")
	press := func(action string, more url.Values) {
		t.Helper()
		form := url.Values{"action": {action}, "subscription": {sub.id()}}
		for name, values := range more {
			form[name] = values
		}
		if status, _, body := submit(t, page, form); status != http.StatusSeeOther {
			t.Fatalf("%s is answered %d:\n%s", action, status, body)
		}
	}
	read := func() object { return s.get("/v1/subscriptions/"+sub.id(), "expand[]=latest_invoice") }

	press("switch", url.Values{"price": {dearer.id()}})
	s.want(read(), "items.data.0.price.unit_amount", 5000)
	s.want(read(), "latest_invoice.amount_paid", 3000)
	press("switch", url.Values{"price": {s.price(1).id()}}) // not on offer
	s.want(read(), "items.data.0.price.unit_amount", 5000)

	press("cancel", nil)
	s.want(read(), "cancel_at", read().text("items.data.0.current_period_end"))
	press("undo", nil)
	s.want(read(), "cancel_at", "")

	card := url.Values{"number": {"4000000000000341"}, "expiry": {"12/34"}, "cvc": {"123"}}
	press("card", card)
	failed := s.renew(sub)
	s.want(failed, "status", "past_due")
	card.Set("number", "4242424242424242")
	press("card", card)
	press("pay", url.Values{"invoice": {failed.text("latest_invoice.id")}})
	s.want(read(), "status", "active")

	other := s.subscription()
	if status, _, _ := submit(t, page, url.Values{"action": {"cancel"}, "subscription": {other.id()}}); status != http.StatusNotFound {
		t.Errorf("another customer's subscription is answered %d, want 404", status)
	}
	s.want(s.get("/v1/subscriptions/"+other.id(), ""), "cancel_at", "")
	s.checkEvents()
}

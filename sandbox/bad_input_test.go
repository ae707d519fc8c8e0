package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tollgate/tollgate/sandbox"
)

// A refusal is what Stripe says to a request it does not take: the status, and type, code and param of the error. An
// empty code or param is one that the error does not have.
type refusal struct {
	status            int
	kind, code, param string
	message           string // a part of it
}

const (
	invalid     = "invalid_request_error"
	idempotency = "idempotency_error"
	cardError   = "card_error"
)

// refused sends a request and compares the refusal.
func (s *shop) refused(method, path, form string, header http.Header, want refusal) {
	s.Helper()
	w, answer := s.request(method, path, form, header)
	got := refusal{
		status: w.StatusCode, kind: answer.text("error.type"), code: answer.text("error.code"), param: answer.text("error.param"),
		message: answer.text("error.message"),
	}
	if !strings.Contains(got.message, want.message) || got.message == "" {
		s.Errorf("%s %s with %s says %q, want %q in it", method, path, form, got.message, want.message)
	}
	got.message = want.message
	if got != want {
		s.Errorf("%s %s with %s is answered %+v, want %+v (%v)", method, path, form, got, want, answer)
	}
}

func TestBadInputIsRefusedAsStripeDoes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		method, path string
		form         string // {price}, {sub} … stand for the ids of what the shop has
		want         refusal
	}{
		{"an unknown parameter", "POST", "/v1/customers", "emial=jo@example.com",
			refusal{400, invalid, "parameter_unknown", "emial", "Received unknown parameter: emial"}},
		{"an unknown parameter deep inside", "POST", "/v1/subscriptions", "customer={customer}&items[0][pricee]={price}",
			refusal{400, invalid, "parameter_unknown", "items[0][pricee]", "Received unknown parameter: items[0][pricee]"}},
		{"an unknown parameter of a list", "GET", "/v1/customers", "mail=jo@example.com",
			refusal{400, invalid, "parameter_unknown", "mail", "Received unknown parameter: mail"}},
		{"a word for an integer", "POST", "/v1/prices", "product={product}&currency=usd&unit_amount=ten",
			refusal{400, invalid, "parameter_invalid_integer", "unit_amount", "Invalid integer: ten"}},
		{"a fraction for an integer", "POST", "/v1/prices", "product={product}&currency=usd&unit_amount=10.5",
			refusal{400, invalid, "parameter_invalid_integer", "unit_amount", "Invalid integer: 10.5"}},
		{"a word for a boolean", "POST", "/v1/subscriptions/{sub}", "cancel_at_period_end=maybe",
			refusal{400, invalid, "", "cancel_at_period_end", "Invalid boolean: maybe"}},
		{"a text for an object", "POST", "/v1/prices", "product={product}&currency=usd&unit_amount=10&recurring=month",
			refusal{400, invalid, "", "recurring", "Invalid object"}},
		{"a text for an array", "POST", "/v1/subscriptions", "customer={customer}&items={price}",
			refusal{400, invalid, "", "items", "Invalid array"}},
		{"a member the enum lacks", "POST", "/v1/prices", "product={product}&currency=usd&unit_amount=10&recurring[interval]=fortnight",
			refusal{400, invalid, "", "recurring[interval]", "must be one of day, month, week, or year"}},
		{"a required parameter missing", "POST", "/v1/prices", "product={product}&unit_amount=10",
			refusal{400, invalid, "parameter_missing", "currency", "Missing required param: currency"}},
		{"a required parameter missing deep inside", "POST", "/v1/prices", "product={product}&currency=usd&unit_amount=10&recurring[interval_count]=2",
			refusal{400, invalid, "parameter_missing", "recurring[interval]", "Missing required param: recurring[interval]"}},
		{"a customer that does not exist", "GET", "/v1/customers/cus_none", "",
			refusal{404, invalid, "resource_missing", "id", "No such customer: 'cus_none'"}},
		{"a customer that does not exist, as a parameter", "POST", "/v1/subscriptions", "customer=cus_none&items[0][price]={price}",
			refusal{400, invalid, "resource_missing", "customer", "No such customer: 'cus_none'"}},
		{"a price that does not exist, in an item", "POST", "/v1/subscriptions", "customer={customer}&items[0][price]=price_none",
			refusal{400, invalid, "resource_missing", "items[0][price]", "No such price: 'price_none'"}},
		{"a cursor that does not exist", "GET", "/v1/customers", "starting_after=cus_none",
			refusal{400, invalid, "resource_missing", "starting_after", "No such customer: 'cus_none'"}},
		{"a route that does not exist", "GET", "/v1/customer", "",
			refusal{404, invalid, "", "", "Unrecognized request URL (GET: /v1/customer)"}},
		{"an expansion that does not exist", "GET", "/v1/customers/{customer}", "expand[]=friends",
			refusal{400, invalid, "", "expand", "This property cannot be expanded (friends)"}},
		{"an expansion too deep", "GET", "/v1/invoices", "expand[]=data.a.b.c.d",
			refusal{400, invalid, "", "expand", "expand more than 4 levels"}},
		{"a list too long", "GET", "/v1/customers", "limit=101",
			refusal{400, invalid, "", "limit", "This value must be less than or equal to 100"}},
		{"a list of nothing", "GET", "/v1/customers", "limit=0",
			refusal{400, invalid, "", "limit", "This value must be greater than or equal to 1"}},
		{"a change of a price's amount", "POST", "/v1/prices/{price}", "unit_amount=1",
			refusal{400, invalid, "parameter_unknown", "unit_amount", "Received unknown parameter: unit_amount"}},
		{"a metered price without a meter", "POST", "/v1/prices", "product={product}&currency=usd&unit_amount=1&recurring[interval]=month&recurring[usage_type]=metered",
			refusal{400, invalid, "", "recurring[meter]", "meter"}},
		{"a refund above what is left", "POST", "/v1/refunds", "payment_intent={intent}&amount=1001",
			refusal{400, invalid, "", "amount", "is greater than unrefunded amount on charge ($10.00)"}},
		{"a refund of nothing", "POST", "/v1/refunds", "payment_intent={intent}&amount=0",
			refusal{400, invalid, "parameter_invalid_integer", "amount", "greater than or equal to 1"}},
		{"a second full refund", "POST", "/v1/refunds", "charge={refunded}",
			refusal{400, invalid, "charge_already_refunded", "", "has already been refunded"}},
		{"a refund of neither", "POST", "/v1/refunds", "amount=5",
			refusal{400, invalid, "parameter_missing", "", "charge"}},
		{"a second subscription of a deleted customer", "POST", "/v1/subscriptions", "customer={deleted}&items[0][price]={price}",
			refusal{400, invalid, "resource_missing", "customer", "No such customer"}},
		{"a payment of nothing", "POST", "/v1/payment_intents", "amount=0&currency=usd",
			refusal{400, invalid, "parameter_invalid_integer", "amount", "greater than or equal to 1"}},
		{"paying a paid invoice", "POST", "/v1/invoices/{invoice}/pay", "",
			refusal{400, invalid, "", "", "Invoice is already paid"}},
		{"voiding a paid invoice", "POST", "/v1/invoices/{invoice}/void", "",
			refusal{400, invalid, "", "", ""}},
		{"a currency that does not exist", "POST", "/v1/payment_intents", "amount=100&currency=zzz",
			refusal{400, invalid, "", "currency", "Invalid currency: zzz"}},
		{"a meter event without a meter", "POST", "/v1/billing/meter_events", "event_name=none&payload[stripe_customer_id]={customer}&payload[value]=1",
			refusal{400, invalid, "", "event_name", "none"}},
		{"a meter event of 36 days ago", "POST", "/v1/billing/meter_events", "event_name={meter}&payload[stripe_customer_id]={customer}&payload[value]=1&timestamp={old}",
			refusal{400, invalid, "timestamp_too_far_in_past", "timestamp", ""}},
		{"a meter event in milliseconds", "POST", "/v1/billing/meter_events", "event_name={meter}&payload[stripe_customer_id]={customer}&payload[value]=1&timestamp={milli}",
			refusal{400, invalid, "timestamp_in_future", "timestamp", ""}},
		{"a card that is declined", "POST", "/v1/payment_intents", "amount=100&currency=usd&confirm=true&payment_method=pm_card_visa_chargeDeclined&return_url=https://example.com",
			refusal{402, cardError, "card_declined", "", "Your card was declined."}},
		{"a card without funds", "POST", "/v1/payment_intents", "amount=100&currency=usd&confirm=true&payment_method=pm_card_visa_chargeDeclinedInsufficientFunds&return_url=https://example.com",
			refusal{402, cardError, "card_declined", "", "Your card has insufficient funds."}},
		{"a payment method that does not exist", "POST", "/v1/payment_methods/pm_none/attach", "customer={customer}",
			refusal{404, invalid, "resource_missing", "payment_method", "No such PaymentMethod: 'pm_none'"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, sandbox.Options{})
			s.refused(tt.method, s.fill(tt.path), s.fill(tt.form), nil, tt.want)
		})
	}
}

// fill replaces names in braces with the ids of objects made for them.
func (s *shop) fill(text string) string {
	s.Helper()
	for name, make := range map[string]func() string{
		"customer": func() string { return s.customer("pm_card_visa").id() },
		"product":  func() string { return s.product().id() },
		"price":    func() string { return s.price(2000).id() },
		"sub":      func() string { return s.subscription().id() },
		"invoice":  func() string { return s.subscription().text("latest_invoice.id") },
		"intent":   func() string { return s.payment("pm_card_visa").id() },
		"refunded": func() string {
			charge := s.payment("pm_card_visa").text("latest_charge")
			s.post("/v1/refunds", "charge=%s", charge)
			return charge
		},
		"deleted": func() string {
			customer := s.post("/v1/customers", "").id()
			s.delete("/v1/customers/" + customer)
			return customer
		},
		"meter": func() string { return s.meter().text("event_name") },
		"old":   func() string { return fmt.Sprint(s.server.Now().AddDate(0, 0, -36).Unix()) },
		"milli": func() string { return fmt.Sprint(s.server.Now().UnixMilli()) },
	} {
		if hole := "{" + name + "}"; strings.Contains(text, hole) {
			text = strings.ReplaceAll(text, hole, make())
		}
	}
	return text
}

func TestAKeyMustBeOfTestMode(t *testing.T) {
	t.Parallel()
	s := openShop(t, sandbox.Options{})
	for _, tt := range []struct {
		name    string
		key     []string
		message string
	}{
		{"no key", nil, "You did not provide an API key."},
		{"a live key", []string{"Bearer sk_live_123"}, "sk_live_"},
		{"a publishable key", []string{"Bearer pk_test_123"}, "pk_test_"},
		{"something else", []string{"Bearer hello"}, "Invalid API Key provided"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := *s
			s.T = t
			s.refused("GET", "/v1/customers", "", http.Header{"Authorization": tt.key}, refusal{401, invalid, "", "", tt.message})
		})
	}
	w, _ := s.request("GET", "/v1/customers", "", http.Header{"Authorization": {"Basic c2tfdGVzdF8xMjM6"}}) // sk_test_123:
	if w.StatusCode != http.StatusOK {
		t.Errorf("a key as the user of Basic is answered %d, want 200", w.StatusCode)
	}
}

func TestOnlyTheServersOwnKeyIsTaken(t *testing.T) {
	t.Parallel()
	s := openShop(t, sandbox.Options{Secret: "sk_test_own"})
	s.refused("GET", "/v1/customers", "", nil, refusal{401, invalid, "", "", "Invalid API Key provided"})
	w, _ := s.request("GET", "/v1/customers", "", http.Header{"Authorization": {"Bearer sk_test_own"}})
	if w.StatusCode != http.StatusOK {
		t.Errorf("the server's own key is answered %d, want 200", w.StatusCode)
	}
}

func TestAnIdempotencyKeyReplaysTheFirstAnswer(t *testing.T) {
	t.Parallel()
	s := openShop(t, sandbox.Options{})
	key := http.Header{"Idempotency-Key": {"order-7"}}
	first, customer := s.request("POST", "/v1/customers", "email=jo@example.com", key)
	again, same := s.request("POST", "/v1/customers", "email=jo@example.com", key)
	if first.StatusCode != 200 || again.StatusCode != 200 || same.id() != customer.id() {
		t.Errorf("the repeat is answered %d %s, want 200 %s", again.StatusCode, same.id(), customer.id())
	}
	if got := again.Header.Get("Idempotent-Replayed"); got != "true" {
		t.Errorf("the repeat's Idempotent-Replayed is %q, want true", got)
	}
	if got := first.Header.Get("Idempotent-Replayed"); got != "" {
		t.Errorf("the first answer's Idempotent-Replayed is %q, want none", got)
	}
	s.refused("POST", "/v1/customers", "email=other@example.com", key,
		refusal{400, idempotency, "", "", "Keys for idempotent requests can only be used with the same parameters they were first used with"})
	s.refused("POST", "/v1/products", "name=Pro", key, refusal{400, idempotency, "", "", "Keys for idempotent requests can only be used for the same endpoint"})
	if got := len(s.get("/v1/customers", "").list("data")); got != 1 {
		t.Errorf("four requests with one key made %d customers, want 1", got)
	}
}

func TestADeclineIsReplayedAndARefusedFormIsNot(t *testing.T) {
	t.Parallel()
	s := openShop(t, sandbox.Options{})
	key := func(name string) http.Header { return http.Header{"Idempotency-Key": {name}} }
	declined := "amount=100&currency=usd&confirm=true&payment_method=pm_card_visa_chargeDeclined&return_url=https://example.com"
	_, first := s.request("POST", "/v1/payment_intents", declined, key("pay"))
	w, again := s.request("POST", "/v1/payment_intents", declined, key("pay"))
	if w.StatusCode != 402 || again.text("error.charge") == "" || again.text("error.charge") != first.text("error.charge") {
		t.Errorf("the repeat of a decline is answered %d of the charge %q, want 402 of %q", w.StatusCode, again.text("error.charge"), first.text("error.charge"))
	}
	s.want(first, "error.decline_code", "generic_decline")
	s.want(first, "error.payment_intent.status", "requires_payment_method")

	s.refused("POST", "/v1/customers", "emial=jo@example.com", key("mend"), refusal{400, invalid, "parameter_unknown", "emial", "emial"})
	if w, _ := s.request("POST", "/v1/customers", "email=jo@example.com", key("mend")); w.StatusCode != 200 {
		t.Errorf("a key whose first form was refused is answered %d for the mended form, want 200", w.StatusCode)
	}
}

func TestARefusedRequestChangesNothing(t *testing.T) {
	t.Parallel()
	s := openShop(t, sandbox.Options{})
	sub := s.subscription()
	before, events := s.get("/v1/subscriptions/"+sub.id(), ""), len(s.server.Events())
	s.refused("POST", "/v1/subscriptions/"+sub.id(), "metadata[k]=v&cancel_at_period_end=true&items[0][id]="+sub.text("items.data.0.id")+"&items[0][price]=price_none", nil,
		refusal{400, invalid, "resource_missing", "items[0][price]", "No such price: 'price_none'"})
	after := s.get("/v1/subscriptions/"+sub.id(), "")
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("a refused update changed the subscription (-before +after):\n%s", diff)
	}
	if got := len(s.server.Events()); got != events {
		t.Errorf("a refused update left %d events, want %d", got, events)
	}
}

func TestAMeterEventCountsOnce(t *testing.T) {
	t.Parallel()
	s := openShop(t, sandbox.Options{})
	s.meter()
	form := "event_name=calls&identifier=u1&payload[value]=3&payload[stripe_customer_id]=" + s.customer("pm_card_visa").id()
	s.post("/v1/billing/meter_events", "%s", form)
	s.refused("POST", "/v1/billing/meter_events", form, nil, refusal{400, invalid, "", "identifier", "An event already exists with identifier u1"})
}

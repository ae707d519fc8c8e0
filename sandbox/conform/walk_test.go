package conform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stripe/stripe-mock/embedded"
	"github.com/tollgate/tollgate/sandbox/conform"
)

func load(t testing.TB) *conform.File {
	t.Helper()
	file, err := conform.Load()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// kinds are the objects of the sandbox that stripe-mock has an example of.
var kinds = []string{
	"billing.meter", "billing.meter_event", "billing.meter_event_adjustment", "billing.meter_event_summary",
	"billing_portal.configuration", "billing_portal.session", "charge", "checkout.session", "coupon", "customer",
	"deleted_customer", "deleted_product", "dispute", "event", "invoice", "invoice_payment", "invoiceitem", "line_item",
	"payment_intent", "payment_method", "price", "product", "promotion_code", "refund", "setup_intent", "subscription",
	"subscription_item", "test_helpers.test_clock", "webhook_endpoint",
}

// departures are the keys of the examples, each after its parent, that the OpenAPI file leaves out because they are older
// than what it describes, and one that the examples show expanded.
var departures = map[string]bool{
	"charge.source": true, "payment_intent.source": true, "invoice.subscription": true, "product.type": true,
	"data.plan": true, "subscription_item.plan": true, "items.plan": true, "recurring.trial_period_days": true,
	"pending_update.cancel_at_period_end": true,
	"charge.transfer_data":                true, "payment_intent.transfer_data": true, "subscription.transfer_data": true,
}

// prune removes the departures from an example.
func prune(v any, parent string) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if departures[parent+"."+key] {
				delete(v, key)
				continue
			}
			prune(inner, key)
		}
	case []any:
		for _, item := range v {
			prune(item, parent)
		}
	}
}

// fixtures returns stripe-mock's own example of each object, by the name of its schema, without the departures.
func fixtures(t testing.TB) map[string]map[string]any {
	t.Helper()
	var all struct {
		Resources map[string]map[string]any
	}
	d := json.NewDecoder(bytes.NewReader(embedded.OpenAPIFixtures))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	for name, object := range all.Resources {
		prune(object, name)
	}
	return all.Resources
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTheFileIsOfThePinnedVersion(t *testing.T) {
	t.Parallel()
	if got, want := load(t).Version, "2026-08-26.dahlia"; got != want {
		t.Errorf("the OpenAPI file is of %s, want %s", got, want)
	}
}

func TestEveryFixtureConforms(t *testing.T) {
	t.Parallel()
	file, examples := load(t), fixtures(t)
	for _, kind := range kinds {
		for _, p := range file.Object(encode(t, examples[kind])) {
			t.Errorf("the fixture %s: %s", kind, p)
		}
	}
}

func dig(t *testing.T, v any, path ...any) map[string]any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			v = v.(map[string]any)[step]
		case int:
			v = v.([]any)[step]
		}
	}
	object, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("no object at %v", path)
	}
	return object
}

func TestABrokenObjectIsRefusedWithItsPath(t *testing.T) {
	t.Parallel()
	price := []any{"items", "data", 0, "price"}
	for _, tt := range []struct {
		name   string
		object string
		at     []any
		key    string
		value  any // nil removes the key
		want   string
	}{
		{"a key removed", "subscription", nil, "items", nil, "$.items: is missing"},
		{"a key removed deep inside", "subscription", price, "currency", nil, "$.items.data[0].price.currency: is missing"},
		{"a key Stripe does not have", "subscription", nil, "current_period_end", 1, "$.current_period_end: is not a key of Stripe's"},
		{"a key Stripe does not have, deep inside", "subscription", price, "aggregate_usage", "sum",
			"$.items.data[0].price.aggregate_usage: is not a key of Stripe's"},
		{"a string for an integer", "subscription", nil, "created", "1", `$.created: is "1", want an integer`},
		{"a fraction for an integer", "price", nil, "unit_amount", json.Number("1.5"), "$.unit_amount: is 1.5, want an integer"},
		{"an integer for a string", "price", nil, "id", 1, "$.id: is 1, want a string"},
		{"milliseconds", "price", nil, "created", 1_767_225_600_000, "$.created: is 1767225600000, want a Unix time in seconds"},
		{"a member the enum lacks", "subscription", nil, "status", "done", `$.status: is "done", want one of ["active",`},
		{"null where there must be a value", "subscription", nil, "customer", json.RawMessage("null"), "$.customer: is null"},
		{"an object where there is an array", "subscription", []any{"items"}, "data", map[string]any{}, "$.items.data: is {}, want an array"},
		{"an array where there is an object", "subscription", nil, "metadata", []any{}, "$.metadata: is [], want an object"},
		{"metadata that is not text", "subscription", nil, "metadata", map[string]any{"a b": 1}, `$.metadata["a b"]: is 1, want a string`},
		{"a decimal that is a number", "price", nil, "unit_amount_decimal", 1, "$.unit_amount_decimal: is 1, want a string"},
		{"a decimal of 13 places", "price", nil, "unit_amount_decimal", "0.1234567890123",
			`$.unit_amount_decimal: is "0.1234567890123", want a decimal`},
		{"a currency in upper case", "price", nil, "currency", "USD", `$.currency: is "USD", want a currency`},
		{"an object nothing asked for", "price", nil, "product", map[string]any{"object": "product"},
			"$.product: is an object, although expand does not ask for it"},
		{"an object that is none of the alternatives", "price", nil, "product", map[string]any{"object": "coupon"},
			`$.product: is {"object":"coupon"}, which is none of the 3 things it may be`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			object := fixtures(t)[tt.object]
			inner := dig(t, object, tt.at...)
			inner[tt.key] = tt.value
			if tt.value == nil {
				delete(inner, tt.key)
			}
			wantProblem(t, load(t).Object(encode(t, object)), tt.want)
		})
	}
}

// wantProblem expects a problem that begins with want.
func wantProblem(t *testing.T, got []conform.Problem, want string) {
	t.Helper()
	for _, p := range got {
		if strings.HasPrefix(p.String(), want) {
			return
		}
	}
	t.Errorf("got the problems %v, want one that begins with %q", got, want)
}

func TestARequestIsHeldToItsParameters(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, target, form string
		want                       string // "" = none
	}{
		{"nested parameters of the right names", "POST", "/v1/subscriptions",
			"customer=cus_1&items[0][price]=price_1&items[0][quantity]=2&expand[]=latest_invoice&metadata[k]=v", ""},
		{"an unknown name", "POST", "/v1/customers", "emial=a@b.c", "$.emial: is not a key of Stripe's"},
		{"an unknown name deep inside", "POST", "/v1/subscriptions", "customer=cus_1&items[0][pricee]=price_1",
			"$.items[0].pricee: is not a key of Stripe's"},
		{"a wrong type", "POST", "/v1/prices", "currency=usd&unit_amount=ten", `$.unit_amount: is "ten", want an integer`},
		{"a required one missing", "POST", "/v1/prices", "unit_amount=10", "$.currency: is missing"},
		{"a member the enum lacks", "POST", "/v1/subscriptions/sub_1", "proration_behavior=sometimes",
			`$.proration_behavior: is "sometimes", want one of`},
		{"clearing a field", "POST", "/v1/subscriptions/sub_1", "pause_collection=&metadata=", ""},
		{"infinity as a tier's end", "POST", "/v1/prices", "currency=usd&tiers[0][up_to]=inf", ""},
		{"a range in the query", "GET", "/v1/events?created[gte]=1&types[]=a&types[]=b&limit=3", "", ""},
		{"an unknown name in the query", "GET", "/v1/events?kind=a", "", "$.kind: is not a key of Stripe's"},
		{"the search is not a customer", "GET", "/v1/customers/search?query=email:'a'", "", ""},
		{"an operation Stripe does not have", "GET", "/v1/invoices/upcoming/x", "", "$: Stripe has no GET /v1/invoices/upcoming/x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(tt.method, tt.target, nil)
			got := load(t).Request(r, []byte(tt.form))
			if tt.want == "" {
				if len(got) > 0 {
					t.Errorf("got the problems %v, want none", got)
				}
				return
			}
			wantProblem(t, got, tt.want)
		})
	}
}

func TestAnEventIsHeldToItsObject(t *testing.T) {
	t.Parallel()
	event := func(t *testing.T, kind string, object any, previous map[string]any) []byte {
		data := map[string]any{"object": object}
		if previous != nil {
			data["previous_attributes"] = previous
		}
		return encode(t, map[string]any{
			"id": "evt_1", "object": "event", "api_version": "2026-08-26.dahlia", "created": 1, "livemode": false,
			"pending_webhooks": 1, "request": map[string]any{"id": nil, "idempotency_key": nil}, "type": kind, "data": data,
		})
	}
	subscription := fixtures(t)["subscription"]
	file := load(t)
	for _, kind := range []string{"customer.subscription.created", "customer.subscription.pending_update_applied"} {
		if got := file.Event(event(t, kind, subscription, nil)); len(got) > 0 {
			t.Errorf("%s with a good subscription: got the problems %v, want none", kind, got)
		}
	}
	updated := "customer.subscription.updated"
	if got := file.Event(event(t, updated, subscription, map[string]any{"status": "past_due"})); len(got) > 0 {
		t.Errorf("a good update: got the problems %v, want none", got)
	}
	wantProblem(t, file.Event(event(t, updated, subscription, map[string]any{"status": subscription["status"]})),
		"$.data.previous_attributes.status: is what the object has too")
	wantProblem(t, file.Event(event(t, updated, subscription, map[string]any{"state": "x"})),
		"$.data.previous_attributes.state: is not a key of Stripe's")
	wantProblem(t, file.Event(event(t, "customer.subscription.renewed", subscription, nil)),
		`$.type: is "customer.subscription.renewed", which Stripe never sends`)
	wantProblem(t, file.Event(event(t, "invoice.created", subscription, nil)),
		`$.data.object.object: is "subscription" in an event invoice.created`)
	wantProblem(t, file.Event(event(t, updated, map[string]any{"object": "contract"}, nil)),
		`$.data.object.object: is "contract", which Stripe does not have`)
	delete(subscription, "items")
	wantProblem(t, file.Event(event(t, updated, subscription, nil)), "$.data.object.items: is missing")
}

func BenchmarkObject(b *testing.B) {
	file := load(b)
	invoice := encode(b, fixtures(b)["invoice"])
	b.SetBytes(int64(len(invoice)))
	for b.Loop() {
		if got := file.Object(invoice); len(got) > 0 {
			b.Fatal(fmt.Sprint(got))
		}
	}
}

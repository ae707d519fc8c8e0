package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/sandbox"
	"github.com/tollgate/tollgate/sandbox/conform"
)

// apiVersion is the version the sandbox is pinned to.
const apiVersion = "2026-08-26.dahlia"

// A shop is a sandbox behind the checks of package conform, with short ways to fill it.
type shop struct {
	*testing.T
	server *sandbox.Server
	checks *conform.Server
	url    string
}

// openShop starts a sandbox on a loopback port. It is closed when the test ends.
func openShop(t *testing.T, options sandbox.Options) *shop {
	t.Helper()
	listening := httptest.NewUnstartedServer(nil)
	options.BaseURL = "http://" + listening.Listener.Addr().String()
	server, err := sandbox.New(options)
	if err != nil {
		t.Fatal(err)
	}
	checks := conform.Handler(t, server)
	listening.Config.Handler = checks
	listening.Start()
	t.Cleanup(func() {
		listening.Close()
		if err := server.Close(); err != nil {
			t.Errorf("close the sandbox: %v", err)
		}
	})
	return &shop{T: t, server: server, checks: checks, url: options.BaseURL}
}

// An object is one decoded JSON object.
type object map[string]any

// at returns the value at a path of keys and indexes, such as items.data.0.id, or nil.
func (o object) at(path string) any {
	var v any = map[string]any(o)
	for step := range strings.SplitSeq(path, ".") {
		switch inner := v.(type) {
		case map[string]any:
			v = inner[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(inner) {
				return nil
			}
			v = inner[i]
		default:
			return nil
		}
	}
	return v
}

// text returns the value at a path as text: "" for null and for nothing.
func (o object) text(path string) string {
	v := o.at(path)
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// id returns the object's id.
func (o object) id() string { return o.text("id") }

// list returns the objects of an array.
func (o object) list(path string) []object {
	items, _ := o.at(path).([]any)
	objects := make([]object, 0, len(items))
	for _, item := range items {
		inner, _ := item.(map[string]any)
		objects = append(objects, inner)
	}
	return objects
}

// unix returns the Unix time at a path.
func (s *shop) unix(o object, path string) time.Time {
	s.Helper()
	seconds, err := strconv.ParseInt(o.text(path), 10, 64)
	if err != nil {
		s.Fatalf("no time at %s: %v", path, o)
	}
	return time.Unix(seconds, 0).UTC()
}

// decodeObject reads JSON and keeps its numbers as they are written.
func decodeObject(body []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var o object
	err := d.Decode(&o)
	return o, err
}

// request sends a form, in the query for GET, and returns the status and the answer.
func (s *shop) request(method, path, form string, header http.Header) (*http.Response, object) {
	s.Helper()
	target := s.url + path
	if method == http.MethodGet && form != "" {
		target, form = target+"?"+form, ""
	}
	r, err := http.NewRequestWithContext(s.Context(), method, target, strings.NewReader(form))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer sk_test_123")
	r.Header.Set("Stripe-Version", apiVersion)
	for name, values := range header {
		r.Header[name] = values
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	answer, err := decodeObject(body)
	if err != nil {
		s.Fatalf("%s %s answered %d and no JSON: %s", method, path, w.StatusCode, body)
	}
	return w, answer
}

// do sends a form and expects success.
func (s *shop) do(method, path, format string, args ...any) object {
	s.Helper()
	form := fmt.Sprintf(format, args...)
	w, answer := s.request(method, path, form, nil)
	if w.StatusCode != http.StatusOK {
		s.Fatalf("%s %s with %s answered %d %v", method, path, form, w.StatusCode, answer)
	}
	return answer
}

func (s *shop) post(path, format string, args ...any) object {
	s.Helper()
	return s.do(http.MethodPost, path, format, args...)
}

func (s *shop) get(path, format string, args ...any) object {
	s.Helper()
	return s.do(http.MethodGet, path, format, args...)
}

func (s *shop) delete(path string) object {
	s.Helper()
	return s.do(http.MethodDelete, path, "")
}

// want compares the value at a path.
func (s *shop) want(o object, path string, want any) {
	s.Helper()
	if got := o.text(path); got != fmt.Sprint(want) {
		s.Errorf("%s %s: %s is %q, want %q", o.text("object"), o.id(), path, got, fmt.Sprint(want))
	}
}

// advance moves the sandbox's clock.
func (s *shop) advance(to time.Time) {
	s.Helper()
	if err := s.server.Advance(s.Context(), to); err != nil {
		s.Fatalf("advance to %s: %v", to.UTC(), err)
	}
}

// customer makes a customer whose invoices are paid with a test card, such as pm_card_visa.
func (s *shop) customer(card string) object {
	s.Helper()
	customer := s.post("/v1/customers", "email=jo@example.com&name=Jo")
	s.card(customer.id(), card)
	return customer
}

// card attaches a test card to a customer and makes it the one that pays.
func (s *shop) card(customer, card string) object {
	s.Helper()
	method := s.post("/v1/payment_methods/"+card+"/attach", "customer=%s", customer)
	s.post("/v1/customers/"+customer, "invoice_settings[default_payment_method]=%s", method.id())
	return method
}

func (s *shop) product() object {
	s.Helper()
	return s.post("/v1/products", "name=Pro")
}

// price makes a monthly price of a product of its own, in cents.
func (s *shop) price(amount int) object {
	s.Helper()
	return s.post("/v1/prices", "product=%s&currency=usd&unit_amount=%d&recurring[interval]=month", s.product().id(), amount)
}

// subscription makes a monthly subscription of 20.00 that is paid.
func (s *shop) subscription() object {
	s.Helper()
	return s.post("/v1/subscriptions", "customer=%s&items[0][price]=%s&expand[]=latest_invoice",
		s.customer("pm_card_visa").id(), s.price(2000).id())
}

// failing makes a subscription whose first invoice could not be paid, so that it is open.
func (s *shop) failing() object {
	s.Helper()
	return s.post("/v1/subscriptions", "customer=%s&items[0][price]=%s&payment_behavior=allow_incomplete&expand[]=latest_invoice",
		s.customer("pm_card_chargeCustomerFail").id(), s.price(2000).id())
}

// session makes a checkout session for a monthly subscription.
func (s *shop) session() object {
	s.Helper()
	return s.post("/v1/checkout/sessions", "mode=subscription&success_url=https://example.com/ok&line_items[0][price]=%s&line_items[0][quantity]=1",
		s.price(2000).id())
}

// payment makes a payment intent of 10.00, confirmed with a test card.
func (s *shop) payment(card string) object {
	s.Helper()
	return s.post("/v1/payment_intents", "amount=1000&currency=usd&payment_method=%s&confirm=true&return_url=https://example.com", card)
}

func (s *shop) meter() object {
	s.Helper()
	return s.post("/v1/billing/meters", "display_name=Calls&event_name=calls&default_aggregation[formula]=sum")
}

func (s *shop) coupon() object {
	s.Helper()
	return s.post("/v1/coupons", "percent_off=25&duration=once")
}

func (s *shop) clock() object {
	s.Helper()
	return s.post("/v1/test_helpers/test_clocks", "frozen_time=%d", s.server.Now().Unix())
}

func (s *shop) endpoint() object {
	s.Helper()
	return s.post("/v1/webhook_endpoints", "url=https://example.com/hooks&enabled_events[]=*&api_version=%s", apiVersion)
}

// checkEvents holds every event so far to Stripe's description.
func (s *shop) checkEvents() {
	s.Helper()
	file, err := conform.Load()
	if err != nil {
		s.Fatal(err)
	}
	for _, event := range s.server.Events() {
		for _, p := range file.Event(event) {
			s.Errorf("an event: %s\n%s", p, event)
		}
	}
}

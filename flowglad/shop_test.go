package flowglad_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/flowglad"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// A shop is a bench whose engine sells what the catalog has through a sandbox.
type shop struct {
	*bench
	sandboxURL string
}

// openShop opens a shop on a database, on the wall clock.
func openShop(t testing.TB, db string, opts flowglad.Options) *shop {
	t.Helper()
	listening := httptest.NewUnstartedServer(nil)
	at := "http://" + listening.Listener.Addr().String()
	stripeLike, err := sandbox.New(sandbox.Options{BaseURL: at})
	if err != nil {
		t.Fatal(err)
	}
	listening.Config.Handler = stripeLike
	listening.Start()
	s := &shop{&bench{t: t, keys: map[tollgate.Scope]string{}}, at}
	hooks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = s.engine.Webhook(r.Context(), body, r.Header.Get("Stripe-Signature"))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}))
	secret, err := stripeLike.Listen(hooks.URL)
	if err != nil {
		t.Fatal(err)
	}
	sells := tollgate.Payments{SecretKey: "sk_test_shop", WebhookSecret: secret, URL: at, SuccessURL: "https://a.test/", PromotionCodes: true}
	if s.engine, err = tollgate.Open(t.Context(), db, tollgate.Options{Payments: sells, Notices: opts.Webhook != nil}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // in this order: what waits is told before what it is told to ends
		hooks.Close()
		if err := s.engine.Close(); err != nil {
			t.Error(err)
		}
		listening.Close()
		if err := stripeLike.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.engine.Publish(t.Context(), "test.yaml", []byte(catalogText), false); err != nil {
		t.Fatal(err)
	}
	door, err := stripe.New(stripe.Options{SecretKey: sells.SecretKey, WebhookSecret: secret, URL: at})
	if err != nil {
		t.Fatal(err)
	}
	changes, err := door.PlanCatalog(t.Context(), stripe.Wish{Catalog: s.engine.Catalog()})
	if err == nil {
		_, err = door.ApplyCatalog(t.Context(), changes)
	}
	if err != nil {
		t.Fatal(err)
	}
	if s.keys[tollgate.ScopeFull], _, err = s.engine.CreateKey(t.Context(), tollgate.ScopeFull, "", false); err != nil {
		t.Fatal(err)
	}
	if s.server, err = flowglad.New(s.engine, opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.server.Close)
	return s
}

func openShopSQLite(t testing.TB, opts flowglad.Options) *shop {
	return openShop(t, testdb.SQLite(t), opts)
}

// pay types a card into the page of a checkout.
func (s *shop) pay(page, card string) {
	s.t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a, err := client.PostForm(page, url.Values{"action": {"pay"}, "email": {"ada@example.com"}, "number": {card}, "expiry": {"12 / 34"}, "cvc": {"123"}, "name": {"Ada"}})
	if err != nil {
		s.t.Fatal(err)
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusSeeOther {
		body, _ := io.ReadAll(a.Body)
		s.t.Fatalf("paying answers %s: %s", a.Status, body)
	}
}

// visa is a card that pays.
const visa = "4242424242424242"

// buy has a customer buy a price through a checkout and returns the id of its subscription then.
func (s *shop) buy(name, price string) string {
	s.t.Helper()
	s.customer(name)
	a := s.must("POST", "/api/v1/checkout-sessions", `{"checkoutSession":{"type":"product","customerExternalId":`+quote(name)+`,"priceSlug":"`+price+
		`","successUrl":"https://a.test/ok","cancelUrl":"https://a.test/no","outputName":"Team A","outputMetadata":{"team":"a","n":2}}}`)
	s.pay(a.text(s.t, "url"), visa)
	a = s.must("GET", "/api/v1/checkout-sessions/"+a.text(s.t, "checkoutSession.id"), "")
	for path, want := range map[string]string{
		"status": "succeeded", "type": "product", "priceId": "price_" + price, "quantity": "1", "outputName": "Team A", "outputMetadata.n": "2",
		"successUrl": "https://a.test/ok", "cancelUrl": "https://a.test/no",
	} {
		if got := a.text(s.t, "checkoutSession."+path); got != want {
			s.t.Errorf("the session's %s is %s, want %s", path, got, want)
		}
	}
	return s.must("GET", "/api/v1/customers/"+name+"/billing", "").text(s.t, "currentSubscription.id")
}

// all walks a list in pages of two and returns what stands at a path of each.
func (s *shop) all(list, path string) []string {
	s.t.Helper()
	var found []string
	for cursor := ""; ; {
		a := s.must("GET", "/api/v1/"+list+"?limit=2&cursor="+url.QueryEscape(cursor), "")
		for i := range len(a.at(s.t, "data").([]any)) {
			found = append(found, a.text(s.t, "data."+string(rune('0'+i))+"."+path))
		}
		if a.text(s.t, "hasMore") == "false" {
			if total := a.text(s.t, "total"); len(found) > 9 || total != string(rune('0'+len(found))) {
				s.t.Errorf("%s says that it has %s, and has %d", list, total, len(found))
			}
			return found
		}
		cursor = a.text(s.t, "nextCursor")
	}
}

func TestWhatWasPaidIsListedAsBillingShowsIt(t *testing.T) {
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := openShop(t, db, flowglad.Options{})
		for _, name := range []string{"ada", "bob"} {
			s.buy(name, "max_monthly")
			s.buy(name, "requests_100")
		}
		s.customer("eve") // who never paid
		billing := s.must("GET", "/api/v1/customers/ada/billing", "")
		for path, want := range map[string]string{
			"invoices.0.invoice.status": "paid", "invoices.1.invoice.status": "paid", "invoices.2": "null", "purchases.2": "null", "paymentMethods.0.type": "card",
			"paymentMethods.0.paymentMethodData.last4": "4242", "paymentMethods.0.default": "true", "currentSubscription.subscriptionItems.0.quantity": "1",
		} {
			if got := billing.text(t, path); got != want {
				t.Errorf("billing's %s is %s, want %s", path, got, want)
			}
		}
		if got := s.must("GET", "/api/v1/customers/eve/billing", ""); got.text(t, "billingPortalUrl") != "" || got.text(t, "invoices.0") != "null" {
			t.Errorf("who never paid is shown %.200s", got.body)
		}
		of := map[string]string{"invoices": "invoice", "payments": "payment", "payment-methods": "paymentMethod"}
		for list, count := range map[string]int{"invoices": 4, "payments": 4, "payment-methods": 2, "invoice-line-items": 4, "checkout-sessions": 4} {
			ids := s.all(list, "id")
			if len(ids) < count {
				t.Errorf("%s has %v, want %d", list, ids, count)
			}
			for _, one := range ids {
				a := s.must("GET", "/api/v1/"+list+"/"+one, "")
				if at := of[list]; at != "" {
					at += "."
					if got := a.text(t, at+"id"); got != one {
						t.Errorf("%s/%s is %s", list, one, got)
					}
				}
			}
			if a := s.send("GET", "/api/v1/"+list+"/nothing", ""); a.status != 404 || a.text(t, "code") != "NOT_FOUND" {
				t.Errorf("%s/nothing answers %d %s", list, a.status, a.body)
			}
			if a := s.send("GET", "/api/v1/"+list+"?cursor=nothing", ""); a.status != 400 {
				t.Errorf("%s from nothing answers %d %s", list, a.status, a.body)
			}
		}
		shown := billing.text(t, "invoices.0.invoice")
		if got := s.must("GET", "/api/v1/invoices/"+billing.text(t, "invoices.0.invoice.id"), "").text(t, "invoice"); got != shown {
			t.Errorf("the invoice is\n%s and in the billing\n%s", got, shown)
		}
		native, err := s.engine.InvoicesOf(t.Context(), "ada", "", 0)
		if err != nil || len(native.Data) != 2 || native.Data[0].ID != billing.text(t, "invoices.0.invoice.id") {
			t.Errorf("the engine's invoices are %+v, %v", native.Data, err)
		}
	})
}

func TestARefundIsMadeOnceAndShown(t *testing.T) {
	t.Parallel()
	s := openShopSQLite(t, flowglad.Options{})
	s.buy("ada", "requests_100")
	pay := s.all("payments", "id")[0]
	refund := func(body string, want int, header ...string) reply {
		t.Helper()
		a := s.send("POST", "/api/v1/payments/"+pay+"/refund", body, header...)
		if a.status != want {
			t.Fatalf("refunding %s answers %d %s", body, a.status, a.body)
		}
		return a
	}
	a := refund(`{"partialAmount":50}`, 200)
	if a.text(t, "payment.refundedAmount") != "50" || a.text(t, "payment.refunded") != "false" || a.text(t, "payment.status") != "succeeded" {
		t.Errorf("a part given back: %s", a.body)
	}
	if a = refund(`{"partialAmount":50}`, 200, "X-Stainless-Retry-Count", "1"); a.text(t, "payment.refundedAmount") != "50" {
		t.Errorf("the package's own retry gave more back: %s", a.body)
	}
	refund(`{"partialAmount":1000}`, 400)
	refund(`{"partialAmount":0}`, 400)
	if a = refund(`{}`, 200); a.text(t, "payment.status") != "refunded" || a.text(t, "payment.refundedAmount") != "199" || a.text(t, "payment.refundedAt") == "null" {
		t.Errorf("all given back: %s", a.body)
	}
	billing := s.must("GET", "/api/v1/customers/ada/billing", "")
	if billing.text(t, "purchases.0") != "null" {
		t.Error("what was given back is a purchase still")
	}
	if a := s.send("POST", "/api/v1/payments/ch_nothing/refund", `{}`); a.status != 404 {
		t.Errorf("a refund of nothing answers %d", a.status)
	}
}

func TestAPlanIsBegunWithACardOnFile(t *testing.T) {
	t.Parallel()
	s := openShopSQLite(t, flowglad.Options{})
	s.customer("ada")
	begin := `{"customerExternalId":"ada","priceSlug":"max_monthly"}`
	if a := s.send("POST", "/api/v1/subscriptions", begin); a.status != 400 || !strings.Contains(a.body, "checkout") {
		t.Errorf("without a card: %d %s", a.status, a.body)
	}
	a := s.must("POST", "/api/v1/checkout-sessions", `{"checkoutSession":{"type":"add_payment_method","customerExternalId":"ada","successUrl":"https://a.test/","cancelUrl":"https://a.test/"}}`)
	s.pay(a.text(t, "url"), visa)
	a = s.must("GET", "/api/v1/checkout-sessions/"+a.text(t, "checkoutSession.id"), "")
	if a.text(t, "checkoutSession.type") != "add_payment_method" || a.text(t, "checkoutSession.status") != "succeeded" {
		t.Errorf("the session is %s", a.body)
	}
	if a := s.must("POST", "/api/v1/subscriptions", begin); a.text(t, "subscription.name") != "Max" || a.text(t, "subscription.status") != "active" {
		t.Errorf("the subscription is %s", a.body)
	}
	if a := s.send("POST", "/api/v1/subscriptions", begin); a.status != 409 {
		t.Errorf("a second one: %d %s", a.status, a.body)
	}
}

// TestACardThatIsTakenAwayIsShownNoMore: its event names no customer but in what was before.
func TestACardThatIsTakenAwayIsShownNoMore(t *testing.T) {
	t.Parallel()
	s := openShopSQLite(t, flowglad.Options{})
	s.buy("ada", "max_monthly")
	card := s.all("payment-methods", "id")[0]
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.sandboxURL+"/v1/payment_methods/"+card+"/detach", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer sk_test_shop")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if a.Body.Close(); a.StatusCode != http.StatusOK {
		t.Fatalf("detaching answers %s", a.Status)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		shown := s.must("GET", "/api/v1/customers/ada/billing", "").text(t, "paymentMethods.0")
		if shown == "null" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the card is shown still: %s", shown)
		}
	}
}

func TestDiscountsAreStripesPromotionCodes(t *testing.T) {
	t.Parallel()
	s := openShopSQLite(t, flowglad.Options{})
	a := s.must("POST", "/api/v1/discounts", `{"discount":{"name":"Launch","code":"LAUNCH","amountType":"percent","amount":50,"duration":"number_of_payments","numberOfPayments":3}}`)
	made := a.text(t, "discount.id")
	s.must("POST", "/api/v1/discounts", `{"discount":{"name":"Friend","code":"FRIEND","amountType":"fixed","amount":100,"duration":"once"}}`)
	s.must("POST", "/api/v1/discounts", `{"discount":{"name":"Staff","code":"STAFF","amountType":"percent","amount":100,"duration":"forever"}}`)
	if got := s.all("discounts", "code"); len(got) != 3 || got[2] != "LAUNCH" {
		t.Errorf("the codes are %v", got)
	}
	a = s.must("GET", "/api/v1/discounts/"+made, "")
	for path, want := range map[string]string{"amount": "50", "amountType": "percent", "duration": "number_of_payments", "numberOfPayments": "3", "active": "true", "redemptionCount": "0"} {
		if got := a.text(t, "discount."+path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if a := s.must("PUT", "/api/v1/discounts/"+made, `{"discount":{"id":"`+made+`","active":false}}`); a.text(t, "discount.active") != "false" {
		t.Errorf("switched off: %s", a.body)
	}
	if a := s.send("POST", "/api/v1/discounts", `{"discount":{"name":"Again","code":"STAFF","amountType":"percent","amount":5,"duration":"once"}}`); a.status != 400 {
		t.Errorf("a code that is in use: %d %s", a.status, a.body)
	}
	if got := s.all("discounts", "code"); len(got) != 3 {
		t.Errorf("after a code that is in use there are %v", got)
	}
	for _, wrong := range []string{
		`{"discount":{"name":"Launch","code":"LAUNCH2","amountType":"percent","amount":101,"duration":"once"}}`, `{"discount":{"name":"x","code":"X","amountType":"share","amount":1,"duration":"once"}}`,
		`{"discount":{"name":"x","code":"X","amountType":"fixed","amount":1,"duration":"number_of_payments"}}`, `{"discount":{"code":"X"}}`,
	} {
		if a := s.send("POST", "/api/v1/discounts", wrong); a.status != 400 {
			t.Errorf("%s answers %d %s", wrong, a.status, a.body)
		}
	}
	if a := s.send("PUT", "/api/v1/discounts/"+made, `{"discount":{"id":"`+made+`","amount":60}}`); a.status != 400 {
		t.Errorf("another amount: %d %s", a.status, a.body)
	}
}

func TestATopUpThatADiscountMakesFreeIsAPurchase(t *testing.T) {
	t.Parallel()
	s := openShopSQLite(t, flowglad.Options{})
	s.customer("ada")
	s.must("POST", "/api/v1/discounts", `{"discount":{"name":"Staff","code":"STAFF","amountType":"percent","amount":100,"duration":"once"}}`)
	a := s.must("POST", "/api/v1/checkout-sessions", `{"checkoutSession":{"type":"product","customerExternalId":"ada","priceSlug":"requests_100","successUrl":"https://a.test/ok","cancelUrl":"https://a.test/no"}}`)
	page, session := a.text(t, "url"), a.text(t, "checkoutSession.id")
	typed, err := http.PostForm(page, url.Values{"action": {"code"}, "code": {"STAFF"}})
	if err != nil {
		t.Fatal(err)
	}
	typed.Body.Close()
	s.pay(page, "")
	if got := s.must("GET", "/api/v1/checkout-sessions/"+session, "").text(t, "checkoutSession.status"); got != "succeeded" {
		t.Errorf("the session is %s, want succeeded", got)
	}
	billing := s.must("GET", "/api/v1/customers/ada/billing", "")
	if billing.text(t, "purchases.0.id") != session || billing.text(t, "purchases.0.totalPurchaseValue") != "0" || billing.text(t, "purchases.1") != "null" {
		t.Errorf("the purchases are %s", billing.text(t, "purchases"))
	}
}

func TestTheLinkToThePortalLeadsThere(t *testing.T) {
	t.Parallel()
	s := openShopSQLite(t, flowglad.Options{PublicURL: "https://billing.example.com/"})
	s.buy("ada", "requests_100")
	link := s.must("GET", "/api/v1/customers/ada/billing", "").text(t, "billingPortalUrl")
	path, ok := strings.CutPrefix(link, "https://billing.example.com")
	if !ok {
		t.Fatalf("the link is %s", link)
	}
	a := s.sendAs("", "GET", path, "")
	if at := a.header.Get("Location"); a.status != 303 || !strings.Contains(at, "/p/session/") || a.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the link answers %d %v", a.status, a.header)
	}
	for _, token := range []string{"", "x", link[len(link)-20:]} {
		if a := s.sendAs("", "GET", "/api/flowglad/portal?token="+token, ""); a.status != 401 {
			t.Errorf("the token %q is answered %d %s", token, a.status, a.body)
		}
	}
	reads, err := s.engine.CreateToken(t.Context(), tollgate.TokenRequest{Customer: "ada", Actions: []tollgate.Action{tollgate.ActionRead}, ExpiresIn: int64(time.Minute / time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	if a := s.sendAs("", "GET", "/api/flowglad/portal?token="+reads.Token, ""); a.status != 403 {
		t.Errorf("a token that only reads is answered %d %s", a.status, a.body)
	}
}

package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// catalogText is the catalog of every test.
const catalogText = `
currency: usd
upgradeUrl: /pricing
meters:
  ai_requests: {name: AI requests, aggregation: sum, unit: request}
  tokens: {name: Tokens, aggregation: sum, unit: token}
features:
  history: {name: History}
  api: {name: API}
plans:
  free:
    name: Free
    default: true
    includes: {ai_requests: {limit: 20, every: day}}
    features: {history: true}
  pro:
    name: Pro
    prices:
      pro_monthly: {amount: 799, every: month}
      pro_yearly: {amount: 7990, every: year}
      pro_tokens: {model: per_unit, meter: tokens, every: month, unitAmount: "0.01"}
    includes: {ai_requests: {limit: 1000, every: billing_period}, tokens: {limit: unlimited}}
    features: {history: true, api: true}
topUps:
  requests_100: {name: 100 requests, amount: 199, grants: {ai_requests: 100}}
`

// A clock stands still until it is moved.
type clock struct{ at atomic.Pointer[time.Time] }

func newClock() *clock {
	c, noon := &clock{}, time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	c.at.Store(&noon)
	return c
}

func (c *clock) now() time.Time { return *c.at.Load() }

func (c *clock) move(d time.Duration) {
	t := c.now().Add(d)
	c.at.Store(&t)
}

// open opens an Engine with the catalog and two customers, ada and bob.
func open(t testing.TB, url string, c *clock) *tollgate.Engine {
	t.Helper()
	e, err := tollgate.Open(t.Context(), url, tollgate.Options{Now: c.now, NoRollUp: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := e.Publish(t.Context(), "test.yaml", []byte(catalogText), false); err != nil {
		t.Fatal(err)
	}
	for _, name := range []id.Customer{"ada", "bob"} {
		email, secret := string(name)+"@example.com", "secret of "+string(name)
		change := tollgate.CustomerChange{Email: &email, Metadata: map[string]*string{"note": &secret}}
		if _, _, err := e.PutCustomer(t.Context(), name, change); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func token(t testing.TB, e *tollgate.Engine, customer id.Customer, actions ...tollgate.Action) string {
	t.Helper()
	made, err := e.CreateToken(t.Context(), tollgate.TokenRequest{Customer: customer, Actions: actions})
	if err != nil {
		t.Fatal(err)
	}
	return made.Token
}

func key(t testing.TB, e *tollgate.Engine, scope tollgate.Scope) string {
	t.Helper()
	secret, _, err := e.CreateKey(t.Context(), scope, "", false)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func use(t testing.TB, e *tollgate.Engine, customer id.Customer, amount int64, tx id.Transaction) {
	t.Helper()
	n := quantity.Whole(amount)
	if _, err := e.Consume(t.Context(), meter.Usage{Customer: customer, Meter: "ai_requests", Amount: &n, TransactionID: tx}); err != nil {
		t.Fatal(err)
	}
}

// A reply is what a handler answered.
type reply struct {
	status int
	header http.Header
	body   string
}

// send sends a request as a same-site page would; header is a list of names and values, and a Content-Type goes with
// every body.
func send(t testing.TB, h http.Handler, bearer, method, path, body string, header ...string) reply {
	t.Helper()
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(context.WithoutCancel(t.Context()), method, path, from)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return reply{w.Code, w.Result().Header, w.Body.String()}
}

// refused fails the test unless a reply has a status and a code, and says something.
func refused(t testing.TB, what string, a reply, status int, code string) {
	t.Helper()
	var body struct{ Error, Message string }
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || a.status != status || body.Error != code || body.Message == "" {
		t.Errorf("%s: %d %s; want %d %s with a message", what, a.status, strings.TrimSpace(a.body), status, code)
	}
}

func decode[T any](t testing.TB, a reply) T {
	t.Helper()
	var v T
	if a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	d := json.NewDecoder(bytes.NewReader([]byte(a.body)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return v
}

// signedIn identifies by a header, as a program's session would.
func signedIn(r *http.Request) (string, error) {
	name := r.Header.Get("X-User")
	if name == "" {
		return "", errors.New("no session")
	}
	return name, nil
}

// routes are all routes, each with a body that is taken.
func routes(subscription string) []struct{ method, path, body string } {
	return []struct{ method, path, body string }{
		{"GET", "/api/billing", ""},
		{"POST", "/api/check", `{"meter": "ai_requests", "amount": 1}`},
		{"GET", "/api/usage?meter=ai_requests", ""},
		{"GET", "/api/events", ""},
		{"POST", "/api/usage-events", `{"usageMeterSlug": "ai_requests", "amount": 1}`},
		{"POST", "/api/create-checkout", `{"priceSlug": "pro_monthly"}`},
		{"GET", "/api/subscriptions", ""},
		{"DELETE", "/api/subscriptions/" + subscription, ""},
		{"POST", "/api/subscriptions/" + subscription + "/change", `{"planId": "pro"}`},
		{"GET", "/api/payments", ""},
		{"POST", "/api/payments/stripe/portal", ""},
		{"POST", "/api/portal", `{}`},
	}
}

func TestNoRouteAnswersAWrongIdentity(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock()
		e := open(t, url, c)
		other := open(t, testdb.SQLite(t), c)
		use(t, e, "ada", 7, "t")
		ada, err := e.Customer(t.Context(), "ada")
		if err != nil {
			t.Fatal(err)
		}
		h := app.TokenHandler(e, app.Options{RatePerSecond: -1, Payments: everything(t)})
		old := token(t, e, "ada", tollgate.Actions()...)
		c.move(time.Hour)
		wrong := map[string]string{
			"nobody":                      "",
			"an expired token":            old,
			"a token of another Tollgate": token(t, other, "ada", tollgate.Actions()...),
			"a token cut short":           strings.TrimSuffix(token(t, e, "ada"), "x")[:40],
			"a secret key nobody made":    "sk_test_0000000000000000000000000000",
			"a secret key of another's":   key(t, other, tollgate.ScopeFull),
			"the name of a customer":      "ada",
			"a key that may only read":    key(t, e, tollgate.ScopeRead),
		}
		for _, route := range routes(ada.Subscription) {
			for who, bearer := range wrong {
				what := route.method + " " + route.path + " by " + who
				status, code := 401, "unauthorized"
				if who == "a key that may only read" && route.path == "/api/usage-events" {
					status, code = 403, "forbidden"
				}
				a := send(t, h, bearer, route.method, route.path, route.body)
				refused(t, what, a, status, code)
				if status == 401 && !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
					t.Errorf("%s: WWW-Authenticate is %q", what, a.header.Get("WWW-Authenticate"))
				}
			}
			full := send(t, h, key(t, e, tollgate.ScopeFull), route.method, route.path, route.body)
			if route.path != "/api/usage-events" {
				refused(t, route.method+" "+route.path+" by a secret key, which is for servers", full, 401, "unauthorized")
			}
			if route.path != "/api/events" {
				refused(t, route.method+" "+route.path+" by a token in the address",
					send(t, h, "", route.method, strings.Split(route.path, "?")[0]+"?access_token="+token(t, e, "ada", tollgate.Actions()...), route.body), 401, "unauthorized")
			}
		}
	})
}

func TestNoCustomerSeesAnother(t *testing.T) {
	t.Parallel()
	c := newClock()
	e := open(t, testdb.SQLite(t), c)
	use(t, e, "ada", 7, "of-ada")
	ada, err := e.Customer(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	all := token(t, e, "bob", tollgate.Actions()...)
	byToken := app.TokenHandler(e, app.Options{RatePerSecond: -1, Payments: everything(t)})
	byUser := app.Handler(e, signedIn, app.Options{RatePerSecond: -1, Payments: everything(t)})
	ofAda := regexp.MustCompile(`[^a-z0-9]ada[^a-z0-9]`) // three letters alone stand in many an id
	for _, route := range routes(ada.Subscription) {
		if route.path == "/api/events" {
			continue // see TestAStreamTellsItsOwnCustomerAlone
		}
		for name, a := range map[string]reply{
			"token": send(t, byToken, all, route.method, route.path, route.body, "X-User", "ada"),
			"user":  send(t, byUser, token(t, e, "ada", tollgate.Actions()...), route.method, route.path, route.body, "X-User", "bob"),
		} {
			what := route.method + " " + route.path + " by bob, identified by " + name
			if ofAda.MatchString(a.body) || strings.Contains(a.body, ada.Subscription) && !strings.Contains(route.path, ada.Subscription) || strings.Contains(a.body, `"used":7`) {
				t.Errorf("%s tells of ada: %s", what, a.body)
			}
			if strings.Contains(route.path, "/subscriptions/") {
				refused(t, what, a, 404, "not_found")
			}
		}
	}
	for field, path := range map[string]string{"customer": "/api/check", "externalId": "/api/portal"} {
		refused(t, "a body that names a customer", send(t, byToken, all, "POST", path, `{"`+field+`": "ada"}`), 422, "invalid_request")
	}
	if a := send(t, byToken, all, "GET", "/api/billing?customer=ada", ""); !strings.Contains(a.body, `"There is no query parameter \"customer\" here: there are none."`) {
		t.Errorf("a parameter where none is taken is answered %s", a.body)
	}
	refused(t, "a query that names a customer", send(t, byToken, all, "GET", "/api/billing?customer=ada", ""), 422, "invalid_request")
}

func TestATokenDoesWhatItsActionsSay(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	h := app.TokenHandler(e, app.Options{RatePerSecond: -1, Payments: everything(t)})
	ada, err := e.Customer(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	needs := map[string]tollgate.Action{
		"/api/billing": "read", "/api/check": "check", "/api/usage?meter=ai_requests": "read", "/api/create-checkout": "checkout", "/api/subscriptions": "read",
		"/api/subscriptions/" + ada.Subscription: "manage", "/api/subscriptions/" + ada.Subscription + "/change": "manage", "/api/payments": "read",
		"/api/payments/stripe/portal": "manage", "/api/portal": "manage",
	}
	for _, route := range routes(ada.Subscription) {
		need, ok := needs[route.path]
		if !ok {
			continue // events has tests of its own; no token records
		}
		for _, action := range tollgate.Actions() {
			a := send(t, h, token(t, e, "ada", action), route.method, route.path, route.body)
			if action == need {
				if a.status != 200 {
					t.Errorf("%s %s with %s: %d %s", route.method, route.path, action, a.status, a.body)
				}
				continue
			}
			refused(t, route.method+" "+route.path+" with "+string(action), a, 403, "forbidden")
		}
	}
	for _, action := range []tollgate.Action{"check", "checkout", "manage"} {
		refused(t, "GET /api/events with "+string(action), send(t, h, token(t, e, "ada", action), "GET", "/api/events", ""), 403, "forbidden")
	}
}

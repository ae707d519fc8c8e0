package app_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
)

func TestPagesOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	h := app.Handler(e, signedIn, app.Options{RatePerSecond: -1, Origins: []string{"https://app.example.com"}})
	ada := []string{"X-User", "ada"} // as a cookie would
	for name, tt := range map[string]struct {
		header []string
		good   bool
	}{
		"the site's own page":                      {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://example.com"}, true},
		"an old browser on the site's own page":    {[]string{"Origin", "http://example.com"}, true},
		"a server":                                 {nil, true},
		"a listed site":                            {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://app.example.com"}, true},
		"another site":                             {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, false},
		"another site in an old browser":           {[]string{"Origin", "https://evil.example"}, false},
		"a sibling of the site":                    {[]string{"Sec-Fetch-Site", "same-site", "Origin", "https://blog.example.com"}, false},
		"the listed site without its encryption":   {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "http://app.example.com"}, false},
		"a site whose name begins like the listed": {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://app.example.com.evil.example"}, false},
		"a page without an origin":                 {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, false},
		"an image on another site":                 {[]string{"Sec-Fetch-Site", "cross-site"}, false},
	} {
		for _, route := range routes("x") {
			if route.path == "/api/events" && tt.good {
				continue
			}
			a := send(t, h, "", route.method, route.path, route.body, append(ada, tt.header...)...)
			foreign := a.status == 403 && strings.Contains(a.body, "another site")
			if foreign == tt.good {
				t.Errorf("%s %s from %s: %d %s", route.method, route.path, name, a.status, a.body)
			}
			allowed := a.header.Get("Access-Control-Allow-Origin")
			if want := "https://app.example.com"; name == "a listed site" && (allowed != want || a.header.Get("Access-Control-Allow-Credentials") != "true") || name != "a listed site" && allowed != "" {
				t.Errorf("%s %s from %s: Access-Control-Allow-Origin is %q", route.method, route.path, name, allowed)
			}
		}
	}
}

func TestPreflightsNameWhatAListedSiteMaySend(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	for name, tt := range map[string]struct {
		opts   app.Options
		origin string
		good   bool
	}{
		"a listed site":             {app.Options{Origins: []string{"https://app.example.com"}}, "https://app.example.com", true},
		"another":                   {app.Options{Origins: []string{"https://app.example.com"}}, "https://evil.example", false},
		"any, where none is listed": {app.Options{}, "https://app.example.com", false},
	} {
		a := send(t, app.TokenHandler(e, tt.opts), "", "OPTIONS", "/api/subscriptions/x", "", "Origin", tt.origin,
			"Access-Control-Request-Method", "DELETE", "Access-Control-Request-Headers", "authorization")
		if got := a.header.Get("Access-Control-Allow-Methods") == "DELETE" && a.header.Get("Access-Control-Allow-Origin") == tt.origin; got != tt.good {
			t.Errorf("a preflight from %s: %d %v", name, a.status, a.header)
		}
	}
}

func TestABodyMustSayThatItIsJSON(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	h := app.Handler(e, signedIn, app.Options{RatePerSecond: -1})
	for kind, good := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, "Application/JSON": true,
		"text/plain": false, "application/x-www-form-urlencoded": false, "multipart/form-data; boundary=x": false, "": false, "text/plain; application/json": false,
	} {
		a := send(t, h, "", "POST", "/api/check", `{"meter": "ai_requests"}`, "X-User", "ada", "Content-Type", kind)
		if good && a.status != 200 {
			t.Errorf("%q: %d %s", kind, a.status, a.body)
		}
		if !good {
			refused(t, kind, a, 422, "invalid_request")
		}
	}
}

func TestBodiesHaveALimit(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	h := app.Handler(e, signedIn, app.Options{RatePerSecond: -1})
	body := `{"meter": "ai_requests"}`
	fits := body + strings.Repeat(" ", app.BodyBytesMax-len(body))
	if a := send(t, h, "", "POST", "/api/check", fits, "X-User", "ada"); a.status != 200 {
		t.Errorf("%d bytes: %d %s", len(fits), a.status, a.body)
	}
	refused(t, "one byte more", send(t, h, "", "POST", "/api/check", fits+" ", "X-User", "ada"), 413, "too_large")
	for _, bad := range []string{`[]`, `null`, `{`, `{"meter": 1}`, `{"meter": "ai_requests", "mter": 1}`, `"x"`} {
		refused(t, bad, send(t, h, "", "POST", "/api/check", bad, "X-User", "ada"), 422, "invalid_request")
	}
}

func TestACustomerThatSendsTooFastWaits(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	h := app.Handler(e, signedIn, app.Options{RatePerSecond: 0.1, Burst: 3})
	for range 3 {
		if a := send(t, h, "", "GET", "/api/subscriptions", "", "X-User", "ada"); a.status != 200 {
			t.Fatal(a.status, a.body)
		}
	}
	a := send(t, h, "", "GET", "/api/subscriptions", "", "X-User", "ada")
	refused(t, "the fourth", a, 429, "rate_limited")
	if a.header.Get("Retry-After") != "10" {
		t.Errorf("Retry-After is %q, want 10", a.header.Get("Retry-After"))
	}
	if a := send(t, h, "", "GET", "/api/subscriptions", "", "X-User", "bob"); a.status != 200 {
		t.Errorf("another customer had to wait: %d", a.status)
	}
}

func TestPathsAndMethodsThatAreNotThere(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	h := app.Handler(e, signedIn, app.Options{Prefix: "/account/api"})
	refused(t, "another path", send(t, h, "", "GET", "/account/api/grants", "", "X-User", "ada"), 404, "not_found")
	refused(t, "another prefix", send(t, h, "", "GET", "/api/billing", "", "X-User", "ada"), 404, "not_found")
	a := send(t, h, "", "POST", "/account/api/billing", "{}", "X-User", "ada")
	refused(t, "another method", a, 405, "method_not_allowed")
	if a.header.Get("Allow") != "GET" {
		t.Errorf("Allow is %q, want GET", a.header.Get("Allow"))
	}
	if a := send(t, h, "", "GET", "/account/api/billing", "", "X-User", "ada"); a.status != 200 || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("GET billing: %d, Cache-Control %q", a.status, a.header.Get("Cache-Control"))
	}
}

func TestIdentifyDecidesWhoCalls(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	name := "Carl"
	for what, tt := range map[string]struct {
		identify func(*http.Request) (string, error)
		status   int
		code     string
	}{
		"an error":        {func(*http.Request) (string, error) { return "ada", errors.New("session store is down, password=x") }, 401, "unauthorized"},
		"nobody":          {func(*http.Request) (string, error) { return "", nil }, 401, "unauthorized"},
		"a fault":         {func(*http.Request) (string, error) { return "", fault.New(fault.Forbidden, "Your account is closed.") }, 403, "forbidden"},
		"a name too long": {func(*http.Request) (string, error) { return strings.Repeat("x", 256), nil }, 422, "invalid_request"},
	} {
		a := send(t, app.Handler(e, tt.identify, app.Options{}), "", "GET", "/api/billing", "")
		refused(t, what, a, tt.status, tt.code)
		if strings.Contains(a.body, "password") {
			t.Errorf("%s: the caller is told %s", what, a.body)
		}
	}
	h := app.Handler(e, signedIn, app.Options{Details: func(_ *http.Request, externalID string) (tollgate.CustomerChange, error) {
		if externalID == "dan" {
			return tollgate.CustomerChange{}, errors.New("no such user")
		}
		return tollgate.CustomerChange{Name: &name}, nil
	}})
	if a := send(t, h, "", "GET", "/api/billing", "", "X-User", "carl"); a.status != 200 || !strings.Contains(a.body, `"name":"Carl"`) {
		t.Errorf("the first call of a customer: %d %s", a.status, a.body)
	}
	refused(t, "a customer without details", send(t, h, "", "GET", "/api/billing", "", "X-User", "dan"), 500, "internal")
	if _, err := e.Customer(t.Context(), id.Customer("dan")); !fault.Has(err, fault.NotFound) {
		t.Errorf("a customer without details was made: %v", err)
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	for _, o := range []app.Options{
		{Origins: []string{"*"}}, {Origins: []string{"https://*.example.com"}}, {Origins: []string{"app.example.com"}}, {Origins: []string{"https://app.example.com/"}},
		{Origins: []string{"null"}}, {Origins: []string{"https://u@app.example.com"}}, {Prefix: "api"}, {Prefix: "/api/"},
	} {
		if o.Check() == nil {
			t.Errorf("%+v passed", o)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v: no panic", o)
				}
			}()
			app.TokenHandler(e, o)
		}()
	}
	if err := (app.Options{Origins: []string{"https://app.example.com:8443", "http://localhost:3000"}, Prefix: "/x"}).Check(); err != nil {
		t.Error(err)
	}
}

// The rest of a program's paths stay its own.
func TestHandlerStandsBesideAProgramsOwnRoutes(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	mux := http.NewServeMux()
	mux.Handle("/api/", app.Handler(e, signedIn, app.Options{}))
	mux.HandleFunc("POST /api/chat", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	web := httptest.NewServer(mux)
	defer web.Close()
	for path, want := range map[string]int{"/api/chat": 418, "/api/portal": 401} {
		a, err := http.Post(web.URL+path, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != want {
			t.Errorf("POST %s: %d, want %d", path, a.StatusCode, want)
		}
	}
}

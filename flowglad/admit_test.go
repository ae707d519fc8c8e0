package flowglad_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/flowglad"
)

func TestKeysAreTakenWithAndWithoutBearer(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
	key := b.keys[tollgate.ScopeRead]
	for sent, want := range map[string]int{
		key: 200, "Bearer " + key: 200, "bearer " + key: 200, "BEARER  " + key: 200, "": 401, "Bearer": 401, "Basic " + key: 401, "Token " + key: 401, "sk_test_x": 401, key + "x": 401,
	} {
		a := b.sendAs(sent, "GET", "/api/v1/customers", "")
		if a.status != want {
			t.Errorf("Authorization %q: %d, want %d: %s", strings.ReplaceAll(sent, key, "KEY"), a.status, want, a.body)
		}
		if want == 401 && (a.text(t, "code") != "UNAUTHORIZED" || a.at(t, "message") != nil) {
			t.Errorf("Authorization %q answers %s", sent, a.body)
		}
		if a.header.Get("X-Request-Id") == "" {
			t.Error("an answer has no X-Request-Id")
		}
	}
}

// TestScopes: each route refuses the keys below its scope.
func TestScopes(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
	sub := b.customer("ada")
	for _, c := range []struct {
		need               tollgate.Scope
		method, path, body string
	}{
		{tollgate.ScopeRead, "GET", "/api/v1/customers/ada/billing", ""},
		{tollgate.ScopeRecord, "POST", "/api/v1/usage-events", event(sub, "1", "ai_requests", 1)},
		{tollgate.ScopeRecord, "POST", "/api/v1/customers", `{"customer":{"externalId":"ada"}}`},
		{tollgate.ScopeFull, "POST", "/api/v1/subscriptions", `{"priceSlug":"free","customerExternalId":"ada"}`},
		{tollgate.ScopeFull, "POST", "/api/v1/subscriptions/" + sub + "/uncancel", ""},
		{tollgate.ScopeFull, "POST", "/api/v1/usage-meters", `{"usageMeter":{"name":"X","slug":"x"}}`},
		{tollgate.ScopeFull, "POST", "/api/v1/customers/ada/archive", ``},
	} {
		for _, scope := range []tollgate.Scope{tollgate.ScopeRead, tollgate.ScopeRecord, tollgate.ScopeFull} {
			a := b.sendAs(b.keys[scope], c.method, c.path, c.body)
			if refused := a.status == 403 && a.text(t, "code") == "FORBIDDEN"; refused == scope.Allows(c.need) {
				t.Errorf("%s %s with a key of scope %s: %d %s", c.method, c.path, scope, a.status, a.body)
			}
		}
	}
}

func TestARateThatIsTooFastIsRefused(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{RatePerSecond: 0.5, Burst: 2})
	for i := range 3 {
		a := b.send("GET", "/api/v1/customers", "")
		if want := []int{200, 200, 429}[i]; a.status != want {
			t.Errorf("request %d: %d, want %d", i, a.status, want)
		}
		if a.status == 429 && a.header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After is %q, want 2", a.header.Get("Retry-After"))
		}
	}
}

// TestOddExternalIDs: encoded as the packages encode them, and in usage-balances as @flowglad/server does not.
func TestOddExternalIDs(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{Prefix: "/flowglad", AtRoot: true})
	web := httptest.NewServer(b.server)
	t.Cleanup(web.Close)
	for name, paths := range map[string][2]string{
		"auth0|a/b c@x.io": {"auth0%7Ca%2Fb%20c@x.io", "auth0|a/b%20c@x.io"},
		"..":               {"%2E%2E", "%2E%2E"},
		"/":                {"%2F", "%2F"},
		"a//b/":            {"a%2F%2Fb%2F", "a//b/"},
		"usage-balances":   {"usage-balances", "usage-balances"},
		"billing":          {"billing", "billing"},
		"50% off":          {"50%25%20off", "50%25%20off"},
		"ünï":              {"%C3%BCn%C3%AF", "%C3%BCn%C3%AF"},
		"a+b":              {"a+b", "a+b"},
		"<script>&\"'":     {"%3Cscript%3E&%22'", "%3Cscript%3E&%22'"},
	} {
		a := b.wire(web, "POST", "/flowglad/api/v1/customers", `{"customer":{"externalId":`+quote(name)+`}}`)
		if a.status != 200 || a.text(t, "data.customer.externalId") != name {
			t.Errorf("create %q: %d %s", name, a.status, a.body)
		}
		for _, prefix := range []string{"/flowglad/api/v1/customers/", "/api/v1/customers/", "/flowglad/api/v1/api/v1/customers/"} {
			for _, path := range []string{paths[0], paths[0] + "/billing"} {
				if a := b.wire(web, "GET", prefix+path, ""); a.status != 200 || a.text(t, "customer.externalId") != name {
					t.Errorf("GET %s%s: %d %.200s", prefix, path, a.status, a.body)
				}
			}
			for _, path := range paths {
				if a := b.wire(web, "GET", prefix+path+"/usage-balances", ""); a.status != 200 || a.text(t, "usageMeterBalances.0.slug") != "ai_credits" {
					t.Errorf("GET %s%s/usage-balances: %d %.200s", prefix, path, a.status, a.body)
				}
			}
		}
	}
}

func TestAnArchivedCustomerIsGoneUntilItComesBack(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
	sub := b.pro("ada")
	b.must("POST", "/api/v1/usage-events", event(sub, "1", "tokens", 1500))
	a := b.must("POST", "/api/v1/customers/ada/archive", "{}")
	if a.text(t, "customer.archived") != "true" {
		t.Errorf("archive answers %s", a.body)
	}
	for _, path := range []string{"", "/billing", "/usage-balances"} {
		if a := b.send("GET", "/api/v1/customers/ada"+path, ""); a.status != 404 || a.text(t, "code") != "NOT_FOUND" {
			t.Errorf("GET ada%s: %d %s", path, a.status, a.body)
		}
	}
	a = b.must("POST", "/api/v1/customers", `{"customer":{"externalId":"ada","email":"a@b.c"}}`)
	if a.text(t, "data.customer.archived") != "false" || a.text(t, "data.subscription.isFreePlan") != "true" {
		t.Errorf("the customer comes back as %s", a.body)
	}
	if a := b.must("GET", "/api/v1/customers/ada/usage-balances", ""); a.text(t, "usageMeterBalances.0.usedBalance") != "0" && a.text(t, "usageMeterBalances.0.usedBalance") != "1.5" {
		t.Errorf("the ledger did not go on: %s", a.body)
	}
}

func TestABodyHasALimit(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
	for over, want := range map[int]int{0: 200, 1: 400} {
		start := `{"customer":{"externalId":"ada","name":"`
		body := start + `"},"x":"`
		body += strings.Repeat("x", flowglad.BodyBytesMax-len(body)-2+over) + `"}`
		if a := b.send("POST", "/api/v1/customers", body); a.status != want {
			t.Errorf("a body of %d bytes: %d, want %d: %.200s", len(body), a.status, want, a.body)
		}
	}
	for _, bad := range []string{`{`, `[]`, `{"customer":7}`, `{"customer":{"externalId":7}}`, `{"customer":{}}`, `{"customer":{"externalId":""}}`, ``} {
		if a := b.send("POST", "/api/v1/customers", bad); a.status != 400 || a.text(t, "code") != "BAD_REQUEST" {
			t.Errorf("body %s: %d %s", bad, a.status, a.body)
		}
	}
}

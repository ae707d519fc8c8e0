package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/internal/testdb"
)

// scopes says what each route needs, by hand, so that a slip in the list of routes shows.
func scopes() map[string]tollgate.Scope {
	const none = tollgate.Scope("")
	return map[string]tollgate.Scope{
		"PUT /v1/customers/{externalId}":                           tollgate.ScopeRecord,
		"GET /v1/customers/{externalId}":                           tollgate.ScopeRead,
		"PATCH /v1/customers/{externalId}":                         tollgate.ScopeRecord,
		"DELETE /v1/customers/{externalId}":                        tollgate.ScopeFull,
		"GET /v1/customers":                                        tollgate.ScopeRead,
		"POST /v1/customers/{externalId}/tokens":                   tollgate.ScopeFull,
		"POST /v1/consume":                                         tollgate.ScopeRecord,
		"POST /v1/events":                                          tollgate.ScopeRecord,
		"DELETE /v1/customers/{externalId}/events/{transactionId}": tollgate.ScopeFull,
		"POST /v1/check":                                           tollgate.ScopeRead,
		"POST /v1/holds":                                           tollgate.ScopeRecord,
		"POST /v1/holds/{id}/capture":                              tollgate.ScopeRecord,
		"POST /v1/holds/{id}/release":                              tollgate.ScopeRecord,
		"POST /v1/customers/{externalId}/grants":                   tollgate.ScopeFull,
		"POST /v1/grants/{id}/revoke":                              tollgate.ScopeFull,
		"GET /v1/customers/{externalId}/balances":                  tollgate.ScopeRead,
		"GET /v1/customers/{externalId}/balances/{slug}":           tollgate.ScopeRead,
		"GET /v1/customers/{externalId}/entries":                   tollgate.ScopeRead,
		"GET /v1/customers/{externalId}/explain/{slug}":            tollgate.ScopeRead,
		"POST /v1/customers/{externalId}/adjustments":              tollgate.ScopeFull,
		"POST /v1/customers/{externalId}/resets":                   tollgate.ScopeFull,
		"POST /v1/customers/{externalId}/limit-adjustments":        tollgate.ScopeFull,
		"GET /v1/customers/{externalId}/limit-adjustments":         tollgate.ScopeRead,
		"DELETE /v1/limit-adjustments/{id}":                        tollgate.ScopeFull,
		"GET /v1/plans/{slug}/limits/{meter}":                      tollgate.ScopeRead,
		"GET /v1/customers/{externalId}/limits/{meter}":            tollgate.ScopeRead,
		"GET /v1/customers/{externalId}/usage":                     tollgate.ScopeRead,
		"POST /v1/usage/batch":                                     tollgate.ScopeRead,
		"GET /v1/usage/top":                                        tollgate.ScopeRead,
		"GET /v1/prices":                                           tollgate.ScopeRead,
		"PUT /v1/prices/{slug}":                                    tollgate.ScopeFull,
		"GET /v1/catalog":                                          tollgate.ScopeRead,
		"PUT /v1/catalog":                                          tollgate.ScopeFull,
		"POST /v1/checkout-sessions":                               tollgate.ScopeFull,
		"GET /v1/checkout-sessions/{id}":                           tollgate.ScopeFull,
		"POST /v1/portal-sessions":                                 tollgate.ScopeFull,
		"GET /v1/customers/{externalId}/subscriptions":             tollgate.ScopeRead,
		"GET /v1/customers/{externalId}/payments":                  tollgate.ScopeRead,
		"GET /v1/customers/{externalId}/invoices":                  tollgate.ScopeRead,
		"GET /v1/customers/{externalId}/reportable-usage":          tollgate.ScopeRead,
		"POST /v1/subscriptions/{id}/change":                       tollgate.ScopeFull,
		"POST /v1/subscriptions/{id}/preview":                      tollgate.ScopeFull,
		"POST /v1/subscriptions/{id}/cancel":                       tollgate.ScopeFull,
		"POST /v1/subscriptions/{id}/resume":                       tollgate.ScopeFull,
		"POST /v1/subscriptions/{id}/pause":                        tollgate.ScopeFull,
		"GET /v1/subscriptions/{id}/upcoming":                      tollgate.ScopeFull,
		"POST /v1/payments/{id}/refunds":                           tollgate.ScopeFull,
		"POST /webhooks/stripe":                                    none,
		"POST /api/webhooks/stripe":                                none,
		"PUT /v1/debug":                                            tollgate.ScopeFull,
		"GET /healthz":                                             none,
		"GET /readyz":                                              none,
		"GET /metrics":                                             none,
		"GET /openapi.json":                                        none,
		"GET /docs":                                                none,
	}
}

func TestEveryRouteAsksForItsScope(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := open(t, url, api.Options{})
		if got, want := len(b.server.Routes()), len(scopes()); got != want {
			t.Errorf("there are %d routes, want %d", got, want)
		}
		for route, need := range scopes() {
			method, path, _ := strings.Cut(route, " ")
			path = strings.NewReplacer("{externalId}", "ada", "{slug}", "tokens", "{id}", "x", "{transactionId}", "x", "{meter}", "tokens").Replace(path)
			for _, scope := range []tollgate.Scope{tollgate.ScopeRead, tollgate.ScopeRecord, tollgate.ScopeFull} {
				a := b.sendAs(b.keys[scope], method, path, "")
				if need == "" || scope.Allows(need) {
					if a.status == 401 || a.status == 403 {
						t.Errorf("%s with %s: %d %s", route, scope, a.status, a.body)
					}
					continue
				}
				refused(t, route+" with "+string(scope), a, 403, `{"error":"forbidden","scope":"`+string(scope)+`","required":"`+string(need)+`"}`)
			}
			if need == "" {
				if a := b.sendAs("", method, path, ""); a.status != 200 && !strings.HasSuffix(path, "/webhooks/stripe") {
					t.Errorf("%s without a key: %d %s", route, a.status, a.body)
				}
				continue
			}
			for _, key := range []string{"", "sk_test_unknown", "nonsense"} {
				a := b.sendAs(key, method, path, "")
				refused(t, route+" with the key "+key, a, 401, `{"error":"unauthorized"}`)
				if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
					t.Errorf("%s: WWW-Authenticate is %q", route, a.header.Get("WWW-Authenticate"))
				}
			}
		}
	})
}

func TestAuthorizationHeaders(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	key := b.keys[tollgate.ScopeRead]
	for header, status := range map[string]int{
		"Bearer " + key:         200,
		"bearer " + key:         200,
		"BEARER   " + key + " ": 200,
		"Basic " + key:          401,
		key:                     401,
		"Bearer":                401,
		"Bearer " + key + "x":   401,
		"Bearer " + key[:30]:    401,
	} {
		if a := b.sendAs("", "GET", "/v1/customers", "", "Authorization", header); a.status != status {
			t.Errorf("%q: %d, want %d", strings.ReplaceAll(header, key, "KEY"), a.status, status)
		}
	}
}

func TestARevokedKeyIsRefusedWithinASecond(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	key, record, err := b.engine.CreateKey(t.Context(), tollgate.ScopeFull, "", true)
	if err != nil {
		t.Fatal(err)
	}
	if a := b.sendAs(key, "GET", "/v1/customers", ""); a.status != 200 {
		t.Fatal(a.status, a.body)
	}
	if err := b.engine.RevokeKey(t.Context(), record.ID); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1010 * time.Millisecond)
	refused(t, "a revoked key", b.sendAs(key, "GET", "/v1/customers", ""), 401, `{"error":"unauthorized"}`)
}

func TestAKeyThatSendsTooFastWaits(t *testing.T) {
	t.Parallel()
	b := open(t, testdb.SQLite(t), api.Options{RatePerSecond: 0.1, Burst: 3})
	for i := range 3 {
		if a := b.send("GET", "/v1/customers", ""); a.status != 200 {
			t.Fatalf("request %d: %d %s", i, a.status, a.body)
		}
	}
	a := b.send("GET", "/v1/customers", "")
	refused(t, "the fourth", a, 429, `{"error":"rate_limited","limit":0.1,"retryAfter":10}`)
	if a.header.Get("Retry-After") != "10" {
		t.Errorf("Retry-After is %q, want 10", a.header.Get("Retry-After"))
	}
	if a := b.sendAs(b.keys[tollgate.ScopeRead], "GET", "/v1/customers", ""); a.status != 200 {
		t.Errorf("another key had to wait: %d", a.status)
	}
	if a := b.sendAs("", "GET", "/healthz", ""); a.status != 200 {
		t.Errorf("a route without a key had to wait: %d", a.status)
	}
}

func TestAKeyThatRecordsMakesCustomersAndMovesNoLimits(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := open(t, url, api.Options{})
		record := b.keys[tollgate.ScopeRecord]
		for _, tt := range []struct {
			name, method, body string
			status             int
			field              string // that is refused
		}{
			{"a new customer", "PUT", `{}`, 201, ""},
			{"the same one again", "PUT", `{}`, 200, ""},
			{"what describes it", "PATCH", `{"name":"Ada","email":"ada@example.com","metadata":{"team":"engines"}}`, 200, ""},
			{"a guest signs up", "PATCH", `{"guest":false}`, 200, ""},
			{"null is not sent", "PATCH", `{"plan":null,"timezone":null}`, 200, ""},
			{"a plan", "PATCH", `{"plan":"pro"}`, 403, "plan"},
			{"a plan by PUT", "PUT", `{"plan":"pro"}`, 403, "plan"},
			{"the plan it has", "PUT", `{"plan":"free"}`, 403, "plan"},
			{"a zone", "PATCH", `{"timezone":"Pacific/Kiritimati"}`, 403, "timezone"},
			{"a zone by PUT", "PUT", `{"name":"Eve","timezone":"Pacific/Kiritimati"}`, 403, "timezone"},
		} {
			a := b.sendAs(record, tt.method, "/v1/customers/grace", tt.body)
			if tt.field != "" {
				refused(t, tt.name, a, 403, `{"error":"forbidden","scope":"record","required":"full","field":"`+tt.field+`"}`)
				continue
			}
			if a.status != tt.status {
				t.Errorf("%s: %d %s, want %d", tt.name, a.status, a.body, tt.status)
			}
		}
		a := b.send("GET", "/v1/customers/grace", "")
		for _, want := range []string{`"plan":"free"`, `"name":"Ada"`} {
			if !strings.Contains(string(a.body), want) {
				t.Errorf("after all of it the customer is %s, want %s", a.body, want)
			}
		}
		if a := b.send("PATCH", "/v1/customers/grace", `{"plan":"pro","timezone":"Europe/Paris"}`); a.status != 200 {
			t.Errorf("a full key sets plan and timezone: %d %s", a.status, a.body)
		}
	})
}

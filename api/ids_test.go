package api_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/internal/testdb"
)

// odd are ids that a router or a client might mistake for something else.
func odd() []string {
	return []string{
		"a/b", "/", "//", "a|b@c", "a b", " ", "%2F", "a%2Fb", "%", "..", ".", "...", "../..", "a/../b", "./a", "?", "a?b=c", "#", "a#b", "&", "+", "a+b",
		";", "a;b=c", ":", "a:b", "*", "{externalId}", "balances", "{$}", "\\", `"`, "'", "<b>", "é", "漢字", "🙂", "\t", "\n", "a\u2028b",
		"user@example.com", "org|user|1", strings.Repeat("/", 255), strings.Repeat("é", 127) + "x", "null", "0",
	}
}

// TestOddIDsWorkOnEveryRoute goes over a real connection, where clients and servers parse paths.
func TestOddIDsWorkOnEveryRoute(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := open(t, url, api.Options{})
		web := httptest.NewServer(b.server)
		defer web.Close()
		for _, name := range odd() {
			at := "/v1/customers/" + escape(name)
			for _, s := range []struct {
				method, path, body string
				field, want        string
			}{
				{"PUT", at, `{}`, "externalId", name},
				{"GET", at, "", "externalId", name},
				{"PATCH", at, `{"name":"x"}`, "externalId", name},
				{"POST", "/v1/consume", fmt.Sprintf(`{"customer":%s,"meter":"ai_requests","amount":2,"transactionId":%s}`, quote(name), quote(name)), "duplicate", "false"},
				{"POST", "/v1/check", fmt.Sprintf(`{"customer":%s,"meter":"ai_requests"}`, quote(name)), "available", "18"},
				{"POST", "/v1/holds", fmt.Sprintf(`{"customer":%s,"meter":"ai_requests","amount":1,"transactionId":"hold"}`, quote(name)), "customer", name},
				{"GET", at + "/balances/ai_requests", "", "used", "2"},
				{"GET", at + "/balances", "", "", ""},
				{"GET", at + "/entries?balance=ai_requests", "", "", ""},
				{"GET", at + "/explain/ai_requests", "", "customer", name},
				{"POST", at + "/grants", fmt.Sprintf(`{"balance":"ai_requests","amount":1,"id":%s}`, quote(name)), "customer", name},
				{"DELETE", at + "/events/" + escape(name), "", "transactionId", name},
				{"GET", "/v1/customers?limit=1&after=" + escape(name), "", "", ""},
				{"DELETE", at, "", "externalId", name},
			} {
				a := b.wire(web, s.method, s.path, s.body)
				if a.status >= 300 {
					t.Errorf("%q: %s %s: %d %s", name, s.method, s.path, a.status, a.body)
					continue
				}
				if got := fmt.Sprint(a.field(t, s.field)); s.field != "" && got != s.want {
					t.Errorf("%q: %s %s: %s is %q, want %q", name, s.method, s.path, s.field, got, s.want)
				}
			}
		}
	})
}

func TestSegmentsAreUnescapedOnce(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	for path, want := range map[string]string{"a%2Fb": "a/b", "a%252Fb": "a%2Fb", "a%2fb": "a/b", "a+b": "a+b", "%2E%2e": "..", "a:b@c": "a:b@c"} {
		a := b.sendAs(b.keys[tollgate.ScopeRead], "GET", "/v1/customers/"+path, "")
		refused(t, path, a, 404, `{"error":"not_found","customer":`+quote(want)+`}`)
	}
}

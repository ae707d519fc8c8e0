package app_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/quantity"
)

var update = flag.Bool("update", false, "write the golden files anew")

// made are ids with random parts.
var made = regexp.MustCompile(`(grant|sub)_[0-9a-z]{20,}|once_[0-9A-Z]+`)

// golden compares a reply with a file of testdata.
func golden(t *testing.T, name string, a reply) {
	t.Helper()
	var body bytes.Buffer
	if err := json.Indent(&body, []byte(a.body), "", "  "); err != nil {
		t.Fatalf("%s: %v: %s", name, err, a.body)
	}
	got := made.ReplaceAllString(strings.TrimSpace(body.String())+"\n", "${1}_…")
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run go test ./app -update and look at what it writes", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestEachAnswerIsAsItsGoldenFile(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock())
		use(t, e, "ada", 7, "t-1")
		grant := tollgate.GrantRequest{Customer: "ada", Balance: "ai_requests", Amount: quantity.Whole(5), ID: "g", Reason: "an internal note"}
		if _, err := e.Grant(t.Context(), grant); err != nil {
			t.Fatal(err)
		}
		hold := tollgate.HoldRequest{Customer: "ada", Meter: "ai_requests", Amount: quantity.Whole(2), TransactionID: "secret-of-the-server"}
		if _, err := e.Hold(t.Context(), hold); err != nil {
			t.Fatal(err)
		}
		bare := app.TokenHandler(e, app.Options{})
		paying := app.TokenHandler(e, app.Options{Payments: everything(t)})
		ada := token(t, e, "ada", tollgate.Actions()...)
		server := key(t, e, tollgate.ScopeRecord)
		billing := send(t, bare, ada, "GET", "/api/billing", "")
		for _, secret := range []string{"secret of ada", "secret-of-the-server", "an internal note", "bob"} {
			if strings.Contains(billing.body, secret) {
				t.Errorf("GET /api/billing tells %q", secret)
			}
		}
		golden(t, "billing", billing)
		golden(t, "billing_with_payments", send(t, paying, ada, "GET", "/api/billing", ""))
		golden(t, "subscriptions", send(t, bare, ada, "GET", "/api/subscriptions", ""))
		golden(t, "payments", send(t, paying, ada, "GET", "/api/payments", ""))
		golden(t, "checkout_not_configured", send(t, bare, ada, "POST", "/api/create-checkout", `{"planId": "pro"}`))
		golden(t, "check", send(t, bare, ada, "POST", "/api/check", `{"meter": "ai_requests", "amount": 3}`))
		golden(t, "check_refused", send(t, bare, ada, "POST", "/api/check", `{"meter": "ai_requests", "amount": 30}`))
		golden(t, "check_feature", send(t, bare, ada, "POST", "/api/check", `{"feature": "history"}`))
		golden(t, "check_feature_refused", send(t, bare, ada, "POST", "/api/check", `{"feature": "api"}`))
		golden(t, "usage", send(t, bare, ada, "GET", "/api/usage?meter=ai_requests&period=today&timezone=UTC&groupBy=none", ""))
		golden(t, "usage_events", send(t, bare, server, "POST", "/api/usage-events", `{"customer": "ada", "usageMeterSlug": "ai_requests", "amount": 1, "transactionId": "t-2"}`))
		golden(t, "usage_events_insufficient", send(t, bare, server, "POST", "/api/usage-events", `{"customer": "ada", "usageMeterSlug": "ai_requests", "amount": 100, "transactionId": "t-3"}`))
		golden(t, "usage_events_by_a_browser", send(t, bare, ada, "POST", "/api/usage-events", `{"usageMeterSlug": "ai_requests", "amount": 1}`))
	})
}

func TestUsageIsRecordedByServersAlone(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	body := `{"usageMeterSlug": "ai_requests", "amount": 1, "transactionId": "op-1"}`
	named := `{"usageMeterSlug": "ai_requests", "amount": 1, "transactionId": "op-1", "customer": "ada"}`
	plain := app.Handler(e, signedIn, app.Options{RatePerSecond: -1})
	allowed := app.Handler(e, signedIn, app.Options{RatePerSecond: -1, RecordUsage: true})
	tokens := app.TokenHandler(e, app.Options{RatePerSecond: -1, RecordUsage: true})
	why := func(what string, a reply) {
		t.Helper()
		refused(t, what, a, 403, "forbidden")
		if !strings.Contains(a.body, "can leave the request out or change its amount") {
			t.Errorf("%s: the refusal does not say why: %s", what, a.body)
		}
	}
	why("a signed-in user", send(t, plain, "", "POST", "/api/usage-events", body, "X-User", "ada"))
	why("a token with every action", send(t, tokens, token(t, e, "ada", tollgate.Actions()...), "POST", "/api/usage-events", body))
	refused(t, "a key that may read", send(t, plain, key(t, e, tollgate.ScopeRead), "POST", "/api/usage-events", named), 403, "forbidden")
	refused(t, "a key nobody made", send(t, plain, "sk_test_x", "POST", "/api/usage-events", named, "X-User", "ada"), 401, "unauthorized")
	if b, err := e.Balance(t.Context(), "ada", "ai_requests"); err != nil || b.Used != 0 {
		t.Fatalf("what was refused counts: %s used, %v", b.Used, err)
	}
	server := key(t, e, tollgate.ScopeRecord)
	first := decode[tollgate.Receipt](t, send(t, plain, server, "POST", "/api/usage-events", named))
	again := decode[tollgate.Receipt](t, send(t, tokens, server, "POST", "/api/usage-events", named))
	if first.Duplicate || !again.Duplicate || again.Event.Customer != "ada" {
		t.Errorf("a server's secret: %+v, then %+v", first, again)
	}
	if a := decode[tollgate.Receipt](t, send(t, allowed, "", "POST", "/api/usage-events", body, "X-User", "bob")); a.Event.Customer != "bob" || a.Duplicate {
		t.Errorf("where the program allows it: %+v", a)
	}
	refused(t, "a user who names another", send(t, allowed, "", "POST", "/api/usage-events", named, "X-User", "bob"), 422, "invalid_request")
	for what, bad := range map[string]string{
		"a key without a customer": body,
		"two names of one meter":   `{"usageMeterSlug": "ai_requests", "meter": "ai_requests", "amount": 1, "customer": "ada"}`,
		"no amount":                `{"usageMeterSlug": "ai_requests", "customer": "ada"}`,
		"less than nothing":        `{"usageMeterSlug": "ai_requests", "amount": -1, "customer": "ada"}`,
		"an empty customer":        `{"usageMeterSlug": "ai_requests", "amount": 1, "customer": ""}`,
	} {
		refused(t, what, send(t, plain, server, "POST", "/api/usage-events", bad), 422, "invalid_request")
	}
	once := `{"meter": "ai_requests", "amount": 1, "customer": "ada"}`
	for range 2 { // the header stands in for the transactionId, so that the second is a duplicate
		decode[tollgate.Receipt](t, send(t, plain, server, "POST", "/api/usage-events", once, "Idempotency-Key", "op-2"))
	}
	for range 2 { // no name at all: each counts
		decode[tollgate.Receipt](t, send(t, plain, server, "POST", "/api/usage-events", once))
	}
	over := `{"meter": "ai_requests", "amount": 100, "customer": "ada", "transactionId": "op-3"`
	refused(t, "more than is left", send(t, plain, server, "POST", "/api/usage-events", over+`}`), 402, "insufficient_credits")
	decode[tollgate.Receipt](t, send(t, plain, server, "POST", "/api/usage-events", over+`, "record": true}`))
	if b, err := e.Balance(t.Context(), "ada", "ai_requests"); err != nil || b.Used != quantity.Whole(104) {
		t.Errorf("used %s, want 1 + 1 + 2 + 100 (%v)", b.Used, err)
	}
}

package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/internal/testdb"
)

// A refusal is a request that is refused, and what its answer says.
type refusal struct {
	name               string
	method, path, body string
	status             int
	says               string // fields of the answer as JSON; more may be there
}

// refused checks an answer against fields that it must have.
func refused(t *testing.T, what string, a reply, status int, says string) {
	t.Helper()
	if a.status != status {
		t.Errorf("%s: status %d, want %d: %s", what, a.status, status, a.body)
		return
	}
	if kind := a.header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("%s: Content-Type %q", what, kind)
	}
	var want map[string]json.RawMessage
	if err := json.Unmarshal([]byte(says), &want); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Errorf("%s: %v: %s", what, err, a.body)
		return
	}
	if string(got["message"]) == "" || string(got["message"]) == `""` {
		t.Errorf("%s: no message: %s", what, a.body)
	}
	for k, v := range want {
		if string(got[k]) != string(v) {
			t.Errorf("%s: %s is %s, want %s: %s", what, k, got[k], v, a.body)
		}
	}
}

func refusals() []refusal {
	usage := func(more string) string {
		return `{"customer":"ada","meter":"ai_requests","amount":1,"transactionId":"x"` + more + `}`
	}
	field := func(name string) string { return `{"error":"invalid_request","field":"` + name + `"}` }
	return []refusal{
		{"an unknown path is named", "GET", "/v1/nothing%20here", "", 404, `{"error":"not_found","path":"/v1/nothing here"}`},
		{"a path that takes other methods names them", "POST", "/v1/customers/ada", "{}", 405, `{"error":"method_not_allowed","method":"POST","allowed":["GET","HEAD","PUT","PATCH","DELETE"]}`},
		{"an unknown customer is named", "GET", "/v1/customers/no%2Fbody", "", 404, `{"error":"not_found","customer":"no/body"}`},
		{"an unknown balance is named", "GET", "/v1/customers/ada/balances/miles", "", 404, `{"error":"not_found","balance":"miles"}`},
		{"an unknown meter is named", "POST", "/v1/consume", `{"customer":"ada","meter":"miles","amount":1,"transactionId":"x"}`, 404, `{"error":"not_found","meter":"miles"}`},
		{"an unknown grant is named", "POST", "/v1/grants/grant_1/revoke", "", 404, `{"error":"not_found","grant":"grant_1"}`},
		{"an unknown plan is named", "PATCH", "/v1/customers/ada", `{"plan":"gold"}`, 422, `{"error":"invalid_request","field":"plan","value":"gold"}`},

		{"consume names an unknown field", "POST", "/v1/consume", usage(`,"ammount":2`), 422, field("ammount")},
		{"consume takes names as they are spelt", "POST", "/v1/consume", usage(`,"Record":true`), 422, field("Record")},
		{"consume names a field that comes twice", "POST", "/v1/consume", usage(`,"meter":"tokens"`), 422, field("meter")},
		{"consume names a field that comes twice under an escape", "POST", "/v1/consume", usage(`,"m\u0065ter":"tokens"`), 422, field("meter")},
		{"consume refuses what follows the end", "POST", "/v1/consume", usage("") + "{}", 422, `{"error":"invalid_request","offset":71}`},
		{"consume says where JSON breaks", "POST", "/v1/consume", `{"customer": ada}`, 422, `{"error":"invalid_request","offset":13}`},
		{"consume refuses an empty body", "POST", "/v1/consume", "", 422, `{"error":"invalid_request","offset":0}`},
		{"consume refuses an array", "POST", "/v1/consume", "[]", 422, field("body")},
		{"consume names a text that is a number", "POST", "/v1/consume", `{"customer":5}`, 422, `{"error":"invalid_request","field":"customer","value":5}`},
		{"consume names an amount that is no number", "POST", "/v1/consume", `{"amount":"many"}`, 422, `{"error":"invalid_request","field":"amount","value":"many"}`},
		{"consume names an amount with too many decimals", "POST", "/v1/consume", `{"amount":0.1234567}`, 422, `{"error":"invalid_request","field":"amount","value":0.1234567,"limit":6}`},
		{"consume names an amount with more decimals than its meter takes", "POST", "/v1/consume", `{"customer":"ada","meter":"tokens","amount":0.125,"transactionId":"x"}`, 422, `{"error":"invalid_request","field":"amount","value":0.125,"limit":2}`},
		{"consume names an amount that is too large", "POST", "/v1/consume", `{"amount":1e14}`, 422, `{"error":"invalid_request","field":"amount","value":1e14,"limit":1000000000000}`},
		{"consume names a negative amount", "POST", "/v1/consume", `{"customer":"ada","meter":"tokens","amount":-1,"transactionId":"x"}`, 422, `{"error":"invalid_request","field":"amount","value":-1,"limit":0}`},
		{"consume names a missing amount", "POST", "/v1/consume", `{"customer":"ada","meter":"tokens","transactionId":"x"}`, 422, field("amount")},
		{"consume names a missing customer", "POST", "/v1/consume", `{"meter":"tokens","amount":1,"transactionId":"x"}`, 422, field("customer")},
		{"consume names a missing meter", "POST", "/v1/consume", `{"customer":"ada","amount":1,"transactionId":"x"}`, 422, field("meter")},
		{"consume names a missing transactionId", "POST", "/v1/consume", `{"customer":"ada","meter":"tokens","amount":1,"transactionId":null}`, 422, field("transactionId")},
		{"consume names a time that is none", "POST", "/v1/consume", usage(`,"at":"yesterday"`), 422, `{"error":"invalid_request","field":"at","value":"yesterday"}`},
		{"consume names a time too far ahead", "POST", "/v1/consume", usage(`,"at":"2026-03-10T12:05:01Z"`), 422, `{"error":"invalid_request","field":"at","value":"2026-03-10T12:05:01Z","limit":"2026-03-10T12:05:00Z"}`},
		{"consume tells what is no number from one with too many decimals", "POST", "/v1/consume", `{"customer":"ada","meter":"tokens","amount":"1_000","transactionId":"x"}`, 422, `{"error":"invalid_request","field":"amount","value":"1_000","message":"amount must be a decimal number such as 12 or 0.5."}`},
		{"consume names an amount of hexadecimal digits", "POST", "/v1/consume", `{"customer":"ada","meter":"tokens","amount":"0x10","transactionId":"x"}`, 422, `{"error":"invalid_request","field":"amount","message":"amount must be a decimal number such as 12 or 0.5."}`},
		{"a page names a limit that comes twice", "GET", "/v1/customers?limit=1&limit=2", "", 422, `{"error":"invalid_request","field":"limit","value":"2","message":"The query parameter limit comes twice: send it once."}`},
		{"statistics name a period that comes twice", "GET", "/v1/customers/ada/usage?meter=tokens&period=today&period=today&filter=a:1&filter=b:2", "", 422, field("period")},
		{"consume names properties that are no object", "POST", "/v1/consume", usage(`,"properties":[1]`), 422, field("properties")},
		{"consume names a key that comes twice", "POST", "/v1/consume", usage(`,"properties":{"model":1,"model":2}`), 422,
			`{"error":"invalid_request","offset":95,"message":"The body is not JSON: at byte 95 the name \"model\" comes twice in one object."}`},
		{"consume names a record that is no switch", "POST", "/v1/consume", usage(`,"record":"yes"`), 422, `{"error":"invalid_request","field":"record","value":"yes"}`},
		{"consume names the property a meter counts", "POST", "/v1/consume", `{"customer":"ada","meter":"readers","transactionId":"x"}`, 422, field("properties.reader")},

		{"events refuses another object", "POST", "/v1/events", `{"event":[]}`, 422, field("event")},
		{"events names a missing list", "POST", "/v1/events", `{}`, 422, field("events")},
		{"events names a list that is none", "POST", "/v1/events", `{"events":{}}`, 422, field("events")},
		{"events says where JSON breaks", "POST", "/v1/events", `[{"customer":"ada"},,]`, 422, `{"error":"invalid_request","offset":20}`},

		{"a customer's unknown field is named", "PUT", "/v1/customers/ada", `{"nme":"Ada"}`, 422, field("nme")},
		{"a customer's field of the wrong type is named", "PUT", "/v1/customers/ada", `{"name":5}`, 422, `{"error":"invalid_request","field":"name","value":5}`},
		{"a customer's metadata must be texts", "PUT", "/v1/customers/ada", `{"metadata":{"a":1}}`, 422, field("metadata")},
		{"a customer's zone must exist", "PUT", "/v1/customers/ada", `{"timezone":"Mars/Base"}`, 422, field("timezone")},
		{"a customer needs a body", "PUT", "/v1/customers/ada", ``, 422, `{"error":"invalid_request","offset":0}`},

		{"a hold names a missing amount", "POST", "/v1/holds", `{"customer":"ada","meter":"tokens","transactionId":"h"}`, 422, field("amount")},
		{"a hold names a missing transactionId", "POST", "/v1/holds", `{"customer":"ada","meter":"tokens","amount":1}`, 422, field("transactionId")},
		{"a hold of a gauge is refused", "POST", "/v1/holds", `{"customer":"ada","meter":"seats","amount":1,"transactionId":"h"}`, 422, field("meter")},
		{"a hold's time must be whole seconds", "POST", "/v1/holds", `{"customer":"ada","meter":"tokens","amount":1,"transactionId":"h","expiresIn":1.5}`, 422, `{"error":"invalid_request","field":"expiresIn","value":1.5}`},
		{"a hold lasts at least a second", "POST", "/v1/holds", `{"customer":"ada","meter":"tokens","amount":1,"transactionId":"h","expiresIn":0}`, 422, `{"error":"invalid_request","field":"expiresIn","value":0}`},
		{"a customer token lasts at least a second", "POST", "/v1/customers/ada/tokens", `{"expiresIn":0}`, 422, `{"error":"invalid_request","field":"expiresIn","value":0}`},
		{"a hold past its balance is refused", "POST", "/v1/holds", `{"customer":"ada","meter":"ai_requests","amount":21,"transactionId":"h"}`, 402, `{"error":"insufficient_credits","balance":"ai_requests","meter":"ai_requests","availableBalance":20,"required":21,"resetsAt":"2026-03-11T00:00:00Z"}`},
		{"a release takes nothing", "POST", "/v1/holds/hold_1/release", `{"amount":1}`, 422, field("amount")},

		{"a grant names a missing balance", "POST", "/v1/customers/ada/grants", `{"amount":1}`, 422, field("balance")},
		{"a grant names a missing amount", "POST", "/v1/customers/ada/grants", `{"balance":"tokens"}`, 422, field("amount")},
		{"a grant must give something", "POST", "/v1/customers/ada/grants", `{"balance":"tokens","amount":0}`, 422, `{"error":"invalid_request","field":"amount","value":0,"limit":0}`},
		{"a grant must not have expired", "POST", "/v1/customers/ada/grants", `{"balance":"tokens","amount":1,"expiresAt":"2026-03-10T12:00:00Z"}`, 422, field("expiresAt")},

		{"a check asks for one thing", "POST", "/v1/check", `{"customer":"ada"}`, 422, field("meter")},
		{"a check asks for one thing only", "POST", "/v1/check", `{"customer":"ada","meter":"tokens","feature":"pdfs"}`, 422, field("meter")},

		{"payments take a cursor of theirs", "GET", "/v1/customers/ada/payments?cursor=zzz", "", 422, `{"error":"invalid_request","field":"cursor","value":"zzz"}`},
		{"invoices take a cursor of theirs", "GET", "/v1/customers/ada/invoices?cursor=zzz", "", 422, `{"error":"invalid_request","field":"cursor","value":"zzz"}`},
		{"a page of payments says how long it may be", "GET", "/v1/customers/ada/payments?limit=0", "", 422,
			`{"error":"invalid_request","field":"limit","value":0,"limit":1,"message":"limit: How many the page has at most: a whole number from 1 to 1000, 100 when not sent."}`},
		{"entries need a balance", "GET", "/v1/customers/ada/entries", "", 422, field("balance")},
		{"entries take no unknown parameter", "GET", "/v1/customers/ada/entries?balance=tokens&after=1", "", 422, field("after")},
		{"entries take a cursor of theirs", "GET", "/v1/customers/ada/entries?balance=tokens&cursor=x", "", 422, `{"error":"invalid_request","field":"cursor","value":"x"}`},
		{"a page goes on after a customer who is there", "GET", "/v1/customers?after=nobody", "", 422, `{"error":"invalid_request","field":"after","value":"nobody"}`},
		{"fill is true or false", "GET", "/v1/customers/ada/usage?meter=tokens&fill=maybe", "", 422, field("fill")},
		{"customers are a list", "POST", "/v1/usage/batch", `{"customers":"ada","meters":["tokens"]}`, 422, field("customers")},
		{"a limit is a number", "GET", "/v1/customers?limit=all", "", 422, `{"error":"invalid_request","field":"limit","value":"all"}`},
		{"a past instant is a time", "GET", "/v1/customers/ada/balances/tokens?at=monday", "", 422, `{"error":"invalid_request","field":"at","value":"monday"}`},
		{"dryRun without a value does not publish", "PUT", "/v1/catalog?dryRun", catalogText, 422, field("dryRun")},
		{"over without a value does not publish", "PUT", "/v1/catalog?over", catalogText, 422, field("over")},
		{"over is no number", "PUT", "/v1/catalog?over=latest", catalogText, 422, field("over")},
		{"over is below zero", "PUT", "/v1/catalog?over=-1", catalogText, 422, field("over")},
		{"dryRun spelt wrong does not publish", "PUT", "/v1/catalog?dryrun=true", catalogText, 422, field("dryrun")},
		{"dryRun is true or false", "PUT", "/v1/catalog?dryRun=perhaps", catalogText, 422, `{"error":"invalid_request","field":"dryRun","value":"perhaps"}`},
		{"an empty id is refused", "PUT", "/v1/customers/", "{}", 422, field("path")},
		{"an empty id within a path is refused", "GET", "/v1/customers//balances", "", 422, field("path")},
		{"an id of dots must be encoded", "GET", "/v1/customers/../balances", "", 422, field("path")},
		{"an address with a line break is refused", "PATCH", "/v1/customers/ada", `{"email":"ada@example.com\r\nBcc: eve@example.com"}`, 422, field("email")},
		{"an address with a line separator is refused", "PATCH", "/v1/customers/ada", `{"email":"ada@example.com\u2028"}`, 422, field("email")},
		{"a name with a line break is refused", "PATCH", "/v1/customers/ada", `{"name":"Ada\nTo: eve@example.com"}`, 422, field("name")},
		{"an id with NUL is refused", "PUT", "/v1/customers/a%00b", "{}", 422, field("externalId")},
		{"an id that is not UTF-8 is refused", "PUT", "/v1/customers/a%FFb", "{}", 422, field("externalId")},
	}
}

func TestWhatIsRefusedIsNamed(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := open(t, url, api.Options{})
		b.customer("ada")
		for _, r := range refusals() {
			refused(t, r.name, b.send(r.method, r.path, r.body), r.status, r.says)
		}
		if n := len(b.send("GET", "/v1/customers", "").field(t, "data").([]any)); n != 1 {
			t.Errorf("refused requests made customers: there are %d", n)
		}
		balance := b.send("GET", "/v1/customers/ada/balances/ai_requests", "")
		if fmt.Sprint(balance.field(t, "used")) != "0" {
			t.Errorf("refused requests were charged: %s", balance.body)
		}
	})
}

func TestLimitsHoldAtTheirEdge(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	b.customer("ada")
	long := strings.Repeat("x", 255)
	usage := func(customer, tx, more string) string {
		return fmt.Sprintf(`{"customer":%q,"meter":"visits","transactionId":%q%s}`, customer, tx, more)
	}
	properties := func(bytes int) string {
		return `,"properties":{"a":"` + strings.Repeat("x", bytes-len(`{"a":""}`)) + `"}`
	}
	pad := func(body string, bytes int) string { return body + strings.Repeat(" ", bytes-len(body)) }
	batch := func(n int) string {
		items := make([]string, n)
		for i := range items {
			items[i] = usage("ada", fmt.Sprintf("batch-%d", i), "")
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	nested := func(depth int) string { // the body itself is the first level
		return `,"properties":{"a":` + strings.Repeat("[", depth-2) + strings.Repeat("]", depth-2) + `}`
	}
	for _, tt := range []struct {
		name               string
		method, path, body string
		status             int
		says               string
	}{
		{"an externalId of 255 bytes", "PUT", "/v1/customers/" + long, "{}", 201, ""},
		{"an externalId of 256 bytes", "PUT", "/v1/customers/" + long + "x", "{}", 422, `{"error":"invalid_request","field":"externalId","limit":255}`},
		{"a customer of 255 bytes", "POST", "/v1/consume", usage(long, "1", ""), 200, ""},
		{"a customer of 256 bytes", "POST", "/v1/consume", usage(long+"x", "1", ""), 422, `{"error":"invalid_request","field":"customer","limit":255}`},
		{"a transactionId of 255 bytes", "POST", "/v1/consume", usage("ada", long, ""), 200, ""},
		{"a transactionId of 256 bytes", "POST", "/v1/consume", usage("ada", long+"x", ""), 422, `{"error":"invalid_request","field":"transactionId","limit":255}`},
		{"properties of 16 KiB", "POST", "/v1/consume", usage("ada", "p1", properties(16<<10)), 200, ""},
		{"properties of a byte more", "POST", "/v1/consume", usage("ada", "p2", properties(16<<10+1)), 413, `{"error":"too_large","field":"properties","limit":16384,"value":16385}`},
		{"a body of 1 MiB", "POST", "/v1/consume", pad(usage("ada", "b1", ""), 1<<20), 200, ""},
		{"a body of a byte more", "POST", "/v1/consume", pad(usage("ada", "b2", ""), 1<<20+1), 413, `{"error":"too_large","limit":1048576}`},
		{"a typed body of 1 MiB", "PUT", "/v1/customers/ada", pad("{}", 1<<20), 200, ""},
		{"a typed body of a byte more", "PUT", "/v1/customers/ada", pad("{}", 1<<20+1), 413, `{"error":"too_large","limit":1048576}`},
		{"a batch of 1,000", "POST", "/v1/events", batch(1000), 200, ""},
		{"a batch of 1,001", "POST", "/v1/events", batch(1001), 413, `{"error":"too_large","field":"events","value":1001,"limit":1000}`},
		{"a body 64 deep", "POST", "/v1/consume", usage("ada", "d1", nested(64)), 200, ""},
		{"a body 65 deep", "POST", "/v1/consume", usage("ada", "d2", nested(65)), 422, `{"error":"invalid_request","field":"body","limit":64,"value":65}`},
		{"a page of 1", "GET", "/v1/customers?limit=1", "", 200, ""},
		{"a page of 0", "GET", "/v1/customers?limit=0", "", 422, `{"error":"invalid_request","field":"limit","value":0,"limit":1}`},
		{"a page of 1,000", "GET", "/v1/customers?limit=1000", "", 200, ""},
		{"a page of 1,001", "GET", "/v1/customers?limit=1001", "", 422, `{"error":"invalid_request","field":"limit","value":1001,"limit":1000}`},
		{"a reason of 1,000 bytes", "DELETE", "/v1/customers/ada/events/p1?reason=" + strings.Repeat("x", 1000), "", 200, ""},
		{"a reason of 1,001 bytes", "DELETE", "/v1/customers/ada/events/p1?reason=" + strings.Repeat("x", 1001), "", 422, `{"error":"invalid_request","field":"reason","limit":1000}`},
		{"a hold of 30 days", "POST", "/v1/holds", `{"customer":"ada","meter":"visits","amount":1,"transactionId":"h1","expiresIn":2592000}`, 200, ""},
		{"a hold of a second more", "POST", "/v1/holds", `{"customer":"ada","meter":"visits","amount":1,"transactionId":"h2","expiresIn":2592001}`, 422, `{"error":"invalid_request","field":"expiresIn","value":2592001,"limit":2592000}`},
	} {
		a := b.send(tt.method, tt.path, tt.body)
		if tt.says != "" {
			refused(t, tt.name, a, tt.status, tt.says)
		} else if a.status != tt.status {
			t.Errorf("%s: status %d, want %d: %.300s", tt.name, a.status, tt.status, a.body)
		}
	}
}

func TestMethodNotAllowedNamesTheMethodsInAllow(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	a := b.sendAs("", "PUT", "/v1/customers", "{}")
	if a.status != 405 || a.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("got %d, Allow %q", a.status, a.header.Get("Allow"))
	}
}

func TestNoCatalogIsSaid(t *testing.T) {
	t.Parallel()
	e, err := tollgate.Open(t.Context(), testdb.SQLite(t), tollgate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	key, _, err := e.CreateKey(t.Context(), tollgate.ScopeFull, "", false)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, engine: e, server: api.New(e, api.Options{})}
	refused(t, "catalog", b.sendAs(key, "GET", "/v1/catalog", ""), 404, `{"error":"not_found"}`)
	refused(t, "customer", b.sendAs(key, "PUT", "/v1/customers/ada", "{}"), 409, `{"error":"conflict"}`)
}

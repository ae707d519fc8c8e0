package api_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/meter"
)

// A document is what the tests read of OpenAPI.
type document struct {
	OpenAPI string
	Paths   map[string]map[string]struct {
		OperationID string
		Summary     string
		Security    []map[string][]string
		Scope       tollgate.Scope `json:"x-scope"`
		RequestBody struct {
			Content map[string]struct {
				Schema struct {
					Ref string `json:"$ref"`
				}
				Example json.RawMessage
			}
		}
		Responses map[string]struct {
			Content map[string]struct {
				Schema struct {
					Ref string `json:"$ref"`
				}
				Example json.RawMessage
			}
		}
		Parameters []struct{ Name, In, Description string }
	}
	Components struct {
		Schemas map[string]struct {
			Properties map[string]struct{ Description string }
			Required   []string
		}
	}
}

func openAPI(t *testing.T, b *bench) (string, document) {
	t.Helper()
	text := b.sendAs("", "GET", "/openapi.json", "").body
	var doc document
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	return text, doc
}

func TestOpenAPIIsAsItsGoldenFile(t *testing.T) {
	t.Parallel()
	text, doc := openAPI(t, openSQLite(t))
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi is %q", doc.OpenAPI)
	}
	golden(t, "openapi.json", text)
}

func TestEveryRouteIsDescribed(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	_, doc := openAPI(t, b)
	var n int
	for path, item := range doc.Paths {
		for method, op := range item {
			n++
			route := strings.ToUpper(method) + " " + path
			need, known := scopes()[route]
			if !known || op.Scope != need || (need != "") != (len(op.Security) > 0) {
				t.Errorf("%s is described with the scope %q, want %q", route, op.Scope, need)
			}
			if op.OperationID == "" || op.Summary == "" || op.Responses["200"].Content == nil {
				t.Errorf("%s lacks a name, a summary or an answer", route)
			}
			for _, p := range op.Parameters {
				if p.Description == "" {
					t.Errorf("%s: parameter %s has no description", route, p.Name)
				}
			}
			for _, name := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
				if !slices.ContainsFunc(op.Parameters, func(p struct{ Name, In, Description string }) bool { return p.In == "path" && p.Name == name[1] }) {
					t.Errorf("%s: %s is not described", route, name[1])
				}
			}
			for status, r := range op.Responses {
				if c, ok := r.Content["application/json"]; status >= "400" && (!ok || !strings.HasSuffix(c.Schema.Ref, "/Error")) {
					t.Errorf("%s: %s is not described as an Error", route, status)
				}
			}
		}
	}
	if n != len(scopes()) {
		t.Errorf("%d routes are described, want %d", n, len(scopes()))
	}
	for name, schema := range doc.Components.Schemas {
		for field, p := range schema.Properties {
			if p.Description == "" {
				t.Errorf("%s.%s has no description", name, field)
			}
		}
	}
}

// TestExamplesAreTaken sends the example of each body, so that the documentation cannot lie about fields.
func TestExamplesAreTaken(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	b.customer("user_42")
	_, doc := openAPI(t, b)
	for path, item := range doc.Paths {
		for method, op := range item {
			body := string(op.RequestBody.Content["application/json"].Example)
			if body == "" || method == "put" && path == "/v1/catalog" {
				continue
			}
			a := b.send(strings.ToUpper(method), strings.ReplaceAll(path, "{externalId}", "user_42"), body)
			if a.status == 422 || a.status >= 500 && !strings.Contains(a.body, "payments_not_configured") {
				t.Errorf("%s %s with its example: %d %s", method, path, a.status, a.body)
			}
			var said map[string]any
			if sample := op.Responses["200"].Content["application/json"].Example; len(sample) > 0 && json.Unmarshal(sample, &said) != nil {
				t.Errorf("%s %s: the example of its answer is not JSON", method, path)
			}
		}
	}
}

// TestBodiesTakeWhatTheirSchemasList sends every field that a schema lists: none may be refused as unknown.
func TestBodiesTakeWhatTheirSchemasList(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	_, doc := openAPI(t, b)
	for path, item := range doc.Paths {
		for method, op := range item {
			name := op.RequestBody.Content["application/json"].Schema.Ref
			if name == "" || path == "/v1/catalog" {
				continue
			}
			fields := map[string]any{}
			for field := range doc.Components.Schemas[strings.TrimPrefix(name, "#/components/schemas/")].Properties {
				fields[field] = nil
			}
			body, err := json.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			if a := b.send(strings.ToUpper(method), path, string(body)); strings.Contains(a.body, "There is no field") {
				t.Errorf("%s %s: %s", method, path, a.body)
			}
		}
	}
	var u meter.Usage
	if err := api.DecodeUsage([]byte(`{"customer":null,"meter":null,"amount":null,"transactionId":null,"at":null,"properties":null,"record":null}`), &u); err != nil {
		t.Error(err)
	}
}

func TestDocsShowEveryOperationAndLoadNothing(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	_, doc := openAPI(t, b)
	a := b.sendAs("", "GET", "/docs", "")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%d %v", a.status, a.header)
	}
	for what, want := range map[string]string{"contents that fold on a phone, without a script": "<details><summary>Contents</summary>", "an icon": `<link rel="icon" href="data:,">`} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the page has not %s: %s", what, want)
		}
	}
	if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src data:;") {
		t.Errorf("the policy %q refuses the page's own icon", policy)
	}
	for path, item := range doc.Paths {
		for method, op := range item {
			for _, want := range []string{`<article id="` + op.OperationID + `"`, `<a href="#` + op.OperationID + `"`, `<span class="method ` + strings.ToUpper(method) + `">` + strings.ToUpper(method) + `</span> ` + path} {
				if !strings.Contains(a.body, want) {
					t.Errorf("the page lacks %s", want)
				}
			}
		}
	}
	for name := range doc.Components.Schemas {
		if !strings.Contains(a.body, `id="schema-`+name+`"`) {
			t.Errorf("the page lacks the schema %s", name)
		}
	}
	for _, loads := range []string{"<script", "<img", "<iframe", "<link rel=\"stylesheet", "@import", "url(", "http://", "src="} {
		if strings.Contains(a.body, loads) {
			t.Errorf("the page has %s", loads)
		}
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(a.body, -1) {
		if !strings.Contains(a.body, `id="`+link[1]+`"`) {
			t.Errorf("the link #%s leads nowhere", link[1])
		}
	}
}

func TestBodiesThatNameABalanceByItsMeterAreDescribedSo(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	b.send("PUT", "/v1/customers/ada", "{}")
	_, doc := openAPI(t, b)
	for schema, path := range map[string]string{"ResetBody": "resets", "LimitAdjustmentBody": "limit-adjustments"} {
		if required := doc.Components.Schemas[schema].Required; slices.Contains(required, "balance") || slices.Contains(required, "meter") {
			t.Errorf("%s requires %v, but either balance or meter will do", schema, required)
		}
		for _, name := range []string{"balance", "meter"} {
			a := b.send("POST", "/v1/customers/ada/"+path, `{"`+name+`":"ai_requests","amount":1,"type":"recurring","id":"`+name+`"}`)
			if path == "resets" {
				a = b.send("POST", "/v1/customers/ada/"+path, `{"`+name+`":"ai_requests","id":"`+name+`"}`)
			}
			if a.status >= 400 {
				t.Errorf("%s by %s: %d %s", path, name, a.status, a.body)
			}
		}
	}
}

package app_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/internal/testdb"
)

func TestEveryRouteIsDescribed(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	server := api.New(e, api.Options{Version: "test", Describe: func(doc *huma.OpenAPI) []*huma.Operation { return app.Describe(doc, app.Options{}) }})
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID, Summary string
			Parameters           []struct{ Name, Description string }
			RequestBody          struct {
				Content map[string]struct{ Example json.RawMessage }
			}
			Responses map[string]struct {
				Content map[string]json.RawMessage
			}
		}
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Description string }
			}
		}
	}
	text := send(t, server, "", "GET", "/openapi.json", "")
	if err := json.Unmarshal([]byte(text.body), &doc); err != nil || text.status != 200 {
		t.Fatal(text.status, err)
	}
	h := app.TokenHandler(e, app.Options{RatePerSecond: -1, Payments: everything(t)})
	ada, err := e.Customer(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	all, server1 := token(t, e, "ada", tollgate.Actions()...), key(t, e, tollgate.ScopeRecord)
	described := 0
	for path, item := range doc.Paths {
		if !strings.HasPrefix(path, "/api/") || path == "/api/webhooks/stripe" {
			continue
		}
		for method, op := range item {
			described++
			route := strings.ToUpper(method) + " " + path
			if op.OperationID == "" || op.Summary == "" || len(op.Responses["200"].Content) == 0 || len(op.Responses["401"].Content) == 0 {
				t.Errorf("%s lacks a name, a summary, an answer or its refusals", route)
			}
			for _, p := range op.Parameters {
				if p.Description == "" {
					t.Errorf("%s: %s has no description", route, p.Name)
				}
			}
			if path == "/api/events" {
				continue
			}
			bearer, body := all, strings.ReplaceAll(string(op.RequestBody.Content["application/json"].Example), "user_42", "ada")
			if path == "/api/usage-events" {
				bearer = server1
			}
			at := strings.ReplaceAll(path, "{id}", ada.Subscription)
			if path == "/api/usage" {
				at += "?meter=ai_requests&period=today&groupBy=day&timezone=UTC&weekStart=monday&fill=true"
			}
			if a := send(t, h, bearer, strings.ToUpper(method), at, body); a.status != 200 { // its example is taken
				t.Errorf("%s %s: %d %s", route, body, a.status, a.body)
			}
		}
	}
	if want := len(routes("x")); described != want {
		t.Errorf("%d routes are described, want %d", described, want)
	}
	for name, schema := range doc.Components.Schemas {
		for field, p := range schema.Properties {
			if p.Description == "" {
				t.Errorf("%s.%s has no description", name, field)
			}
		}
	}
	if page := send(t, server, "", "GET", "/docs", ""); page.status != 200 || !strings.Contains(page.body, "/api/create-checkout") || !strings.Contains(page.body, "customer token with action") {
		t.Errorf("/docs does not show the routes: %d", page.status)
	}
}

func TestTheDescriptionIsAsItsGoldenFile(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	server := api.New(e, api.Options{Version: "test", Describe: func(doc *huma.OpenAPI) []*huma.Operation { return app.Describe(doc, app.Options{}) }})
	var doc struct {
		Paths      map[string]json.RawMessage
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal([]byte(send(t, server, "", "GET", "/openapi.json", "").body), &doc); err != nil {
		t.Fatal(err)
	}
	for path := range doc.Paths {
		if !strings.HasPrefix(path, "/api/") || path == "/api/webhooks/stripe" {
			delete(doc.Paths, path) // package api has these
		}
	}
	for name := range doc.Components.Schemas {
		switch name {
		case "Billing", "Person", "OwnSubscription", "OwnPayment", "Redirect", "CheckBody", "UsageEventBody", "ChangeBody", "CheckoutBody", "PortalBody":
		default:
			delete(doc.Components.Schemas, name)
		}
	}
	body, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "openapi", reply{body: string(body)})
}

package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

const schemaPrefix = "#/components/schemas/"

func newOpenAPI(opts Options, registry huma.Registry) *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info:    &huma.Info{Title: opts.Title, Version: opts.Version, Description: introduction},
		Tags:    tags(),
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{"key": {
				Type: "http", Scheme: "bearer", Description: "A secret key made by `tollgate key create`, with the scope read, record or full.",
			}},
		},
	}
}

// newRegistry returns a registry that knows the types whose JSON differs from their Go form.
func newRegistry() huma.Registry {
	r := huma.NewMapRegistry(schemaPrefix, huma.DefaultSchemaNamer)
	r.RegisterTypeAlias(reflect.TypeFor[quantity.Units](), reflect.TypeFor[number]())
	r.RegisterTypeAlias(reflect.TypeFor[plan.Value](), reflect.TypeFor[value]())
	r.RegisterTypeAlias(reflect.TypeFor[json.RawMessage](), reflect.TypeFor[object]())
	r.RegisterTypeAlias(reflect.TypeFor[plan.Catalog](), reflect.TypeFor[Catalog]())
	r.RegisterTypeAlias(reflect.TypeFor[added](), reflect.TypeFor[tollgate.LimitAdjusted]())
	r.RegisterTypeAlias(reflect.TypeFor[stored](), reflect.TypeFor[tollgate.Customer]())
	r.RegisterTypeAlias(reflect.TypeFor[usageReport](), reflect.TypeFor[tollgate.UsageReport]())
	r.RegisterTypeAlias(reflect.TypeFor[usageByCustomer](), reflect.TypeFor[UsageByCustomer]())
	r.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[Error]())
	return r
}

// number describes quantity.Units.
type number struct{}

// Schema implements huma.SchemaProvider.
func (number) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeNumber}
}

// value describes plan.Value.
type value struct{}

// Schema implements huma.SchemaProvider.
func (value) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeBoolean}, {Type: huma.TypeNumber}, {Type: huma.TypeString}}}
}

// object describes JSON that Tollgate keeps as it is.
type object struct{}

// Schema implements huma.SchemaProvider.
func (object) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// Error describes the body of every refusal; fault.Error writes it.
type Error struct {
	Code    fault.Code `json:"error"`
	Message string     `json:"message"`
}

// Catalog describes the document of PUT /v1/catalog; plan.Parse reads it and knows all of its rules.
type Catalog struct {
	Version    int64           `json:"version,omitempty"`
	Currency   string          `json:"currency,omitempty"`
	Timezone   string          `json:"timezone,omitempty"`
	UpgradeURL string          `json:"upgradeUrl,omitempty"`
	Meters     json.RawMessage `json:"meters"`
	Credits    json.RawMessage `json:"credits,omitempty"`
	Features   json.RawMessage `json:"features,omitempty"`
	Plans      json.RawMessage `json:"plans"`
	TopUps     json.RawMessage `json:"topUps,omitempty"`
}

// A BatchRequest describes the body of POST /v1/events.
type BatchRequest struct {
	Events []meter.Usage `json:"events"`
}

// A BatchAnswer describes the answer of POST /v1/events: one outcome for each event, in their order.
type BatchAnswer struct {
	Data []BatchOutcome `json:"data"`
}

// A BatchOutcome describes how one event of a batch ended: a receipt, or an error.
type BatchOutcome struct {
	Status    int             `json:"status"`
	Event     *meter.Event    `json:"event,omitempty"`
	Balance   *credit.Balance `json:"balance,omitempty"`
	Duplicate bool            `json:"duplicate,omitempty"`
	Code      fault.Code      `json:"error,omitempty"`
	Message   string          `json:"message,omitempty"`
}

// operation makes the description of a route.
func (s *Server) operation(need tollgate.Scope, pattern string) *huma.Operation {
	told := operations()[pattern]
	method, path, _ := strings.Cut(pattern, " ")
	registry := s.huma.OpenAPI().Components.Schemas
	op := &huma.Operation{
		Method: method, Path: path, OperationID: told.name, Summary: told.summary, Description: told.about,
		Tags: []string{told.tag}, Parameters: told.parameters, Metadata: map[string]any{scopeKey: need},
		Responses: map[string]*huma.Response{},
	}
	if need != open {
		op.Security = []map[string][]string{{"key": {}}}
		op.Extensions = map[string]any{"x-scope": string(need)}
	}
	if told.body != nil {
		op.RequestBody = &huma.RequestBody{Required: !told.optional, Content: map[string]*huma.MediaType{}}
		for _, kind := range told.takes() {
			op.RequestBody.Content[kind] = &huma.MediaType{Schema: registry.Schema(told.body, true, ""), Example: jsonExample(kind, told.example)}
		}
	}
	if told.answer != nil {
		op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{}}
		for _, kind := range told.gives() {
			op.Responses["200"].Content[kind] = &huma.MediaType{Schema: registry.Schema(told.answer, true, ""), Example: jsonExample(kind, told.reply)}
		}
	}
	for status, about := range told.also {
		op.Responses[strconv.Itoa(status)] = about
	}
	refusals(op, registry, need, told.refuses)
	s.operations = append(s.operations, op)
	return op
}

// refusals describes how an operation may refuse, in the ways all of them share too.
func refusals(op *huma.Operation, registry huma.Registry, need tollgate.Scope, codes []fault.Code) {
	codes = slices.Clone(codes)
	if need != open {
		codes = append(codes, fault.Unauthorized, fault.Forbidden, fault.RateLimited, fault.Unavailable)
	}
	if op.RequestBody != nil {
		codes = append(codes, fault.TooLarge, fault.Invalid)
	}
	codes = append(codes, fault.Internal)
	for _, code := range codes {
		status, words := strconv.Itoa(fault.New(code, "").Status()), string(code)
		if r := op.Responses[status]; r != nil && r.Description != words {
			words = r.Description + " or " + words
		}
		op.Responses[status] = &huma.Response{
			Description: words,
			Content:     map[string]*huma.MediaType{jsonType: {Schema: registry.Schema(reflect.TypeFor[Error](), true, "")}},
		}
	}
}

// document writes the OpenAPI document and the page that shows it, once every route is registered.
func (s *Server) document() {
	doc := s.huma.OpenAPI()
	describe(doc.Components.Schemas)
	body, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(err) // it holds nothing but what this package describes
	}
	s.openAPI = append(body, '\n')
	if s.docs, err = renderDocs(doc, s.operations); err != nil {
		panic(err) // likewise
	}
}

// takes returns the kinds of body an operation reads.
func (o operation) takes() []string { return orJSON(o.kinds) }

// gives returns the kinds of body an operation answers with.
func (o operation) gives() []string { return orJSON(o.answers) }

func orJSON(kinds []string) []string {
	if kinds == nil {
		return []string{jsonType}
	}
	return kinds
}

// jsonExample returns an example of a body; none for other kinds than JSON.
func jsonExample(kind, example string) any {
	if kind != jsonType || example == "" {
		return nil
	}
	return json.RawMessage(example)
}

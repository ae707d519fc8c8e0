package api

import (
	"bytes"
	_ "embed" // the page's template
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollgate/tollgate/fault"
)

//go:embed docs.html
var docsText string

var docsTemplate = template.Must(template.New("docs").Parse(docsText))

// docsPolicy lets the page load nothing at all; its icon is an empty picture within it.
const docsPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// A docsPage is the API as a page shows it.
type docsPage struct {
	Title, Version string
	Intro          []docsWords
	Groups         []docsGroup
	Codes          []docsCode
	Schemas        []docsSchema
}

type docsGroup struct {
	Name, About string
	Operations  []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Curl, Sample string
	Scope, Action                           string // of the key, or of the customer token
	About                                   []docsWords
	Parameters                              []docsField
	Body, Answer                            docsType
	BodyKinds, AnswerKinds                  []string
	BodyOptional                            bool
	Fields                                  []docsField // of the body
	Codes                                   []docsCode
}

type docsCode struct {
	Status      int
	Code, About string
}

type docsSchema struct {
	Name   string
	Fields []docsField
	Open   bool // it may have more fields than those
}

type docsField struct {
	Name, In, About string
	Required        bool
	Type            docsType
}

// A docsType is a type in words, with a link to its schema when it has a name.
type docsType struct{ Before, Link, After string }

// A docsWord is a run of text.
type docsWord struct {
	Text string
	Code bool
}

type docsWords []docsWord

// renderDocs returns the page of an OpenAPI document, with its operations in the order given.
func renderDocs(doc *huma.OpenAPI, operations []*huma.Operation) ([]byte, error) {
	p := docsPage{Title: doc.Info.Title, Version: doc.Info.Version, Intro: paragraphs(doc.Info.Description)}
	for _, tag := range doc.Tags {
		g := docsGroup{Name: tag.Name, About: tag.Description}
		for _, op := range operations {
			if slices.Contains(op.Tags, tag.Name) {
				g.Operations = append(g.Operations, showOperation(doc, op))
			}
		}
		p.Groups = append(p.Groups, g)
	}
	for _, c := range codes() {
		p.Codes = append(p.Codes, docsCode{fault.New(c, "").Status(), string(c), refusal(c)})
	}
	schemas := doc.Components.Schemas.Map()
	for _, name := range sortedNames(schemas) {
		p.Schemas = append(p.Schemas, docsSchema{name, showFields(schemas[name]), schemas[name].AdditionalProperties == true})
	}
	var page bytes.Buffer
	err := docsTemplate.Execute(&page, p)
	return page.Bytes(), err
}

// showDocs is GET /docs.
func (s *Server) showDocs(x *exchange, _ *http.Request) error {
	x.Header().Set("Content-Type", "text/html; charset=utf-8")
	x.Header().Set("Content-Security-Policy", docsPolicy)
	x.Header().Set("X-Content-Type-Options", "nosniff")
	x.Header().Set("Referrer-Policy", "no-referrer")
	x.Write(s.docs) //nolint:errcheck // a caller who has left is not told
	return nil
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func showOperation(doc *huma.OpenAPI, op *huma.Operation) docsOperation {
	d := docsOperation{
		ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, About: paragraphs(op.Description), Curl: curl(op),
	}
	d.Scope, _ = op.Extensions["x-scope"].(string)
	d.Action, _ = op.Extensions["x-action"].(string)
	for _, p := range op.Parameters {
		d.Parameters = append(d.Parameters, docsField{Name: p.Name, In: p.In, About: p.Description, Required: p.Required, Type: typeOf(p.Schema)})
	}
	if op.RequestBody != nil {
		d.BodyOptional = !op.RequestBody.Required
		d.BodyKinds = sortedNames(op.RequestBody.Content)
		schema := op.RequestBody.Content[d.BodyKinds[0]].Schema
		d.Body, d.Fields = typeOf(schema), showFields(doc.Components.Schemas.SchemaFromRef(schema.Ref))
	}
	if ok := op.Responses["200"]; ok != nil && len(ok.Content) > 0 {
		d.AnswerKinds = sortedNames(ok.Content)
		d.Answer, d.Sample = typeOf(ok.Content[d.AnswerKinds[0]].Schema), indented(ok.Content[d.AnswerKinds[0]].Example, "")
	}
	for _, status := range sortedNames(op.Responses) {
		n, err := strconv.Atoi(status)
		if err == nil && n >= http.StatusBadRequest {
			for code := range strings.SplitSeq(op.Responses[status].Description, " or ") {
				d.Codes = append(d.Codes, docsCode{n, code, ""})
			}
		}
	}
	return d
}

func showFields(s *huma.Schema) []docsField {
	if s == nil {
		return nil
	}
	var fields []docsField
	for _, name := range sortedNames(s.Properties) {
		p := s.Properties[name]
		fields = append(fields, docsField{Name: name, About: p.Description, Required: slices.Contains(s.Required, name), Type: typeOf(p)})
	}
	slices.SortStableFunc(fields, func(a, b docsField) int { // what must be sent comes first
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		}
		return 1
	})
	return fields
}

func typeOf(s *huma.Schema) docsType {
	name := strings.TrimPrefix(s.Ref, schemaPrefix)
	switch {
	case s.Ref != "":
		return docsType{Link: name}
	case s.Type == huma.TypeArray && s.Items != nil:
		t := typeOf(s.Items)
		t.Before = "array of " + t.Before
		return t
	case len(s.OneOf) > 0:
		var names []string
		for _, one := range s.OneOf {
			names = append(names, typeOf(one).Before)
		}
		return docsType{Before: strings.Join(names, " or ")}
	}
	t := docsType{Before: s.Type}
	if s.Format == "date-time" {
		t.Before = "time"
	}
	if s.Nullable {
		t.After = " or null"
	}
	return t
}

// paragraphs splits a text at empty lines, and its paragraphs at back quotes.
func paragraphs(text string) []docsWords {
	var all []docsWords
	for p := range strings.SplitSeq(text, "\n\n") {
		var words docsWords
		for i, run := range strings.Split(p, "`") {
			if run != "" {
				words = append(words, docsWord{run, i%2 == 1})
			}
		}
		if words != nil {
			all = append(all, words)
		}
	}
	return all
}

// curl returns an operation as a command.
func curl(op *huma.Operation) string {
	path := op.Path
	for _, p := range op.Parameters {
		if p.In == "path" && len(p.Schema.Examples) > 0 {
			sample, _ := p.Schema.Examples[0].(string)
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(sample))
		}
	}
	for _, p := range op.Parameters {
		if p.In == "query" && p.Required && len(p.Schema.Examples) > 0 {
			sample, _ := p.Schema.Examples[0].(string)
			path += "?" + p.Name + "=" + url.QueryEscape(sample)
		}
	}
	out := "curl "
	if op.Method != http.MethodGet {
		out += "-X " + op.Method + " "
	}
	out += `"$TOLLGATE` + path + `"`
	if len(op.Security) > 0 {
		out += " \\\n  -H \"Authorization: Bearer $KEY\""
	}
	if op.RequestBody == nil {
		return out
	}
	if body := indented(op.RequestBody.Content[jsonType].Example, "  "); body != "" {
		out += " \\\n  -d '" + body + "'"
	}
	return out
}

// indented returns an example as people read it; empty when there is none.
func indented(example any, prefix string) string {
	raw, _ := example.(json.RawMessage)
	var out bytes.Buffer
	if json.Indent(&out, raw, prefix, "  ") != nil {
		return ""
	}
	return out.String()
}

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
)

// scopeKey is where an operation's metadata keep its scope.
const scopeKey = "scope"

// A router is huma's way to the Server's mux.
type router struct{ *Server }

// Handle implements huma.Adapter. huma sees requests that are admitted, with their bodies read.
func (a router) Handle(op *huma.Operation, next func(huma.Context)) {
	need := op.Metadata[scopeKey].(tollgate.Scope)
	a.handle(need, op.Method+" "+op.Path, func(x *exchange, r *http.Request) error {
		if op.RequestBody != nil {
			body, err := readBody(r, nil)
			if err != nil {
				return err
			}
			if len(body) == 0 && op.RequestBody.Required {
				return emptyBody()
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		if err := sentOnce(op, r.URL); err != nil {
			return err
		}
		next(humago.NewContext(op, r, x))
		return nil
	})
}

// sentOnce refuses a query parameter of one value that is sent with several, of which huma would take the first.
func sentOnce(op *huma.Operation, sent *url.URL) error {
	if sent.RawQuery == "" {
		return nil
	}
	query := sent.Query()
	for _, p := range op.Parameters {
		if values := query[p.Name]; p.In == "query" && p.Schema.Type != huma.TypeArray && len(values) > 1 {
			return fault.Field(p.Name, values[1], nil, "The query parameter %s comes twice: send it once.", p.Name)
		}
	}
	return nil
}

// newHuma returns a huma that describes and reads parameters, and leaves the rest to this package: no pages of its
// own, no links to schemas, no decoding.
func (s *Server) newHuma(opts Options) huma.API {
	registry := newRegistry()
	format := huma.Format{Marshal: marshal, Unmarshal: json.Unmarshal}
	return huma.NewAPI(huma.Config{
		OpenAPI:                      newOpenAPI(opts, registry),
		Formats:                      map[string]huma.Format{jsonType: format, "json": format}, // json: huma's own problem+json
		DefaultFormat:                jsonType,
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{transform},
	}, router{s})
}

func marshal(w io.Writer, v any) error {
	var body []byte
	var err error
	if by, ok := v.(interface{ appendJSON([]byte) ([]byte, error) }); ok {
		body, err = by.appendJSON(nil)
	} else {
		body, err = json.Marshal(v)
	}
	if err != nil {
		return err
	}
	_, err = w.Write(append(body, '\n'))
	return err
}

// A reply is an answer on its way to huma.
type reply[O any] struct {
	Status int
	Body   O
}

// typed registers a route whose parameters are the fields of I and whose answer is an O. A body, if it takes one,
// is I's field RawBody.
func typed[I, O any](s *Server, need tollgate.Scope, pattern string, do func(context.Context, *I) (O, error)) {
	told := s.operation(need, pattern)
	op, body := *told, told.RequestBody
	if body != nil { // huma would overwrite the description with that of raw bytes
		op.RequestBody = &huma.RequestBody{}
		op.BodyReadTimeout, op.MaxBodyBytes = ReadTimeout, -1 // the router has read it
	}
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*reply[O], error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, failure{err}
		}
		status := http.StatusOK
		if made, ok := any(out).(interface{ status() int }); ok {
			status = made.status()
		}
		return &reply[O]{Status: status, Body: out}, nil
	})
	if body != nil {
		*op.RequestBody = *body
	}
	*told = *s.documented(op.Method, op.Path) // with what huma has found out
}

// documented returns an operation of the OpenAPI document.
func (s *Server) documented(method, path string) *huma.Operation {
	item := s.huma.OpenAPI().Paths[path]
	switch method {
	case http.MethodPut:
		return item.Put
	case http.MethodPost:
		return item.Post
	case http.MethodPatch:
		return item.Patch
	case http.MethodDelete:
		return item.Delete
	}
	return item.Get
}

// transform turns what went wrong inside huma, and the errors of our own functions, into what the caller is told.
func transform(ctx huma.Context, _ string, v any) (any, error) {
	_, w := humago.Unwrap(ctx)
	x, ok := w.(*exchange)
	if !ok {
		return v, errors.New("the answer's writer is not an exchange")
	}
	switch v := v.(type) {
	case failure:
		return told(x, v.error), nil
	case *huma.ErrorModel:
		x.Header().Set("Content-Type", jsonType)
		return told(x, badParameter(ctx.Operation(), v)), nil
	}
	return v, nil
}

// badParameter is the fault for what huma found wrong with a parameter.
func badParameter(op *huma.Operation, m *huma.ErrorModel) error {
	if m.Status != http.StatusUnprocessableEntity || len(m.Errors) == 0 {
		return m
	}
	e := m.Errors[0]
	in, name, _ := strings.Cut(e.Location, ".")
	for _, p := range op.Parameters {
		if p.In != in || p.Name != name {
			continue
		}
		if p.Schema.Type == huma.TypeBoolean {
			return fault.Field(name, e.Value, nil, "%s is true or false.", name)
		}
		return fault.Field(name, e.Value, brokenLimit(p.Schema, e.Value), "%s: %s", name, p.Description)
	}
	return fault.New(fault.Invalid, "There is no query parameter %q here.", name).With("field", name)
}

// brokenLimit returns the limit that a number breaks; nil when there is none.
func brokenLimit(schema *huma.Schema, value any) any {
	n, err := strconv.Atoi(fmt.Sprint(value))
	switch {
	case err != nil:
		return nil
	case schema.Minimum != nil && float64(n) < *schema.Minimum:
		return *schema.Minimum
	case schema.Maximum != nil && float64(n) > *schema.Maximum:
		return *schema.Maximum
	}
	return nil
}

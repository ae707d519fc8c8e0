package conform

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/stripe/stripe-mock/embedded"
)

// A schema is what the walk needs of a JSON schema of the OpenAPI file.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       string             `json:"type"`
	Format     string             `json:"format"`
	Pattern    *regexp.Regexp     `json:"pattern"`
	MaxLength  int                `json:"maxLength"`
	Nullable   bool               `json:"nullable"`
	Enum       []any              `json:"enum"`
	AnyOf      []*schema          `json:"anyOf"`
	Items      *schema            `json:"items"`
	Properties map[string]*schema `json:"properties"`
	Required   []string           `json:"required"`
	Additional additional         `json:"additionalProperties"`
	Expansion  *json.RawMessage   `json:"x-expansionResources"` // set when the field is an id that expand replaces
	ResourceID string             `json:"x-resourceId"`
}

// additional says which keys an object may have beside its properties: none, any, or those of a schema.
type additional struct {
	any bool
	of  *schema
}

// UnmarshalJSON reads the two forms of additionalProperties: a boolean and a schema.
func (a *additional) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &a.any); err == nil {
		return nil
	}
	return json.Unmarshal(data, &a.of)
}

// An operation is one method on one path.
type operation struct {
	Name       string `json:"operationId"`
	Parameters []struct {
		In       string  `json:"in"`
		Name     string  `json:"name"`
		Required bool    `json:"required"`
		Schema   *schema `json:"schema"`
	} `json:"parameters"`
	RequestBody struct {
		Content map[string]media `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content map[string]media `json:"content"`
	} `json:"responses"`

	params *schema // of the query and the body together, as Stripe takes them
}

type media struct {
	Schema *schema `json:"schema"`
}

// answer returns the schema of the answers with a status: "200", or "default" for errors.
func (o *operation) answer(status string) *schema {
	return o.Responses[status].Content["application/json"].Schema
}

// A route is a path template, split at its slashes, with the operations on it by method in lower case.
type route struct {
	template string
	segments []string
	methods  map[string]*operation
}

// File is Stripe's OpenAPI file, ready to check with. It does not change, and is safe for concurrent use.
type File struct {
	Version string // of the API, such as 2026-08-26.dahlia

	schemas   map[string]*schema
	resources map[string][]*schema // by the value of `object`
	events    []any                // the types an endpoint may subscribe to
	routes    map[int][]route      // by the number of segments
}

// Load returns the file. It is read once for the whole process.
func Load() (*File, error) { return load() }

var load = sync.OnceValues(func() (*File, error) {
	var raw struct {
		Info       struct{ Version string }
		Components struct{ Schemas map[string]*schema }
		Paths      map[string]map[string]*operation
	}
	if err := json.Unmarshal(embedded.OpenAPISpec, &raw); err != nil {
		return nil, fmt.Errorf("stripe-mock's OpenAPI file: %w", err)
	}
	f := &File{
		Version:   raw.Info.Version,
		schemas:   raw.Components.Schemas,
		resources: map[string][]*schema{},
		routes:    map[int][]route{},
	}
	for _, s := range f.schemas {
		if name := s.objectName(); name != "" && s.ResourceID != "" {
			f.resources[name] = append(f.resources[name], s)
		}
	}
	for template, methods := range raw.Paths {
		segments := strings.Split(template, "/")
		for _, op := range methods {
			op.params = op.parameters()
		}
		f.routes[len(segments)] = append(f.routes[len(segments)], route{template, segments, methods})
	}
	f.events = raw.Paths["/v1/webhook_endpoints"]["post"].params.Properties["enabled_events"].Items.Enum
	return f, nil
})

// objectName returns what `object` must be in a value of the schema, or "".
func (s *schema) objectName() string {
	if of := s.Properties["object"]; of != nil && len(of.Enum) == 1 {
		name, _ := of.Enum[0].(string)
		return name
	}
	return ""
}

// parameters merges the query's parameters and the form's into the schema of one object.
func (o *operation) parameters() *schema {
	all := &schema{Type: "object", Properties: map[string]*schema{}}
	for _, p := range o.Parameters {
		if p.In != "query" {
			continue
		}
		all.Properties[p.Name] = p.Schema
		if p.Required {
			all.Required = append(all.Required, p.Name)
		}
	}
	if form := o.RequestBody.Content["application/x-www-form-urlencoded"].Schema; form != nil {
		for name, of := range form.Properties {
			all.Properties[name] = of
		}
		all.Required = append(all.Required, form.Required...)
	}
	slices.Sort(all.Required)
	return all
}

// find returns the operation on a path and its template. The template with the most literal segments wins, so that
// /v1/customers/search is not a customer of that id.
func (f *File) find(method, path string) (*operation, string) {
	segments := strings.Split(path, "/")
	var best route
	literalsMost := -1
	for _, r := range f.routes[len(segments)] {
		if literals := r.match(segments); literals > literalsMost {
			best, literalsMost = r, literals
		}
	}
	return best.methods[strings.ToLower(method)], best.template
}

// match counts the literal segments of a route that a path has, or returns -1 when the path is another.
func (r route) match(segments []string) int {
	literals := 0
	for i, want := range r.segments {
		switch {
		case strings.HasPrefix(want, "{"):
			if segments[i] == "" {
				return -1
			}
		case want != segments[i]:
			return -1
		default:
			literals++
		}
	}
	return literals
}

package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/subscription"
)

// Op says what happens to a part of the catalog.
type Op string

// The operations.
const (
	Create Op = "create"
	Update Op = "update"
	Delete Op = "delete"
)

// A Change is one difference between two catalogs.
type Change struct {
	Op      Op     `json:"op"`
	Kind    string `json:"kind"`              // catalog, meter, credits, feature, plan, allowance, overage, price, value, top-up
	Path    string `json:"path"`              // of an update, down to the field: plans.pro.includes.tokens.limit
	Old     string `json:"old,omitempty"`     // of a delete, its fields in one line
	New     string `json:"new,omitempty"`     // of a create, its fields in one line
	Warning string `json:"warning,omitempty"` // what existing customers will notice
}

// Diff returns how new differs from old, in the order of new: the catalog's own fields, meters,
// credits, features, plans with what they hold, top-ups; then what is gone, in the order of old. The
// same two catalogs give the same list. Either may be nil, which is a catalog with nothing in it.
// Versions are not compared.
func Diff(old, new *Catalog) []Change {
	was, is := parts(old), parts(new)
	before := map[string]part{}
	for _, p := range was {
		before[p.path] = p
	}
	after := map[string]bool{}
	changes := []Change{}
	for _, p := range is {
		after[p.path] = true
		o, ok := before[p.path]
		if !ok {
			changes = append(changes, Change{Op: Create, Kind: p.kind, Path: p.name(), New: p.line()})
			continue
		}
		changes = append(changes, o.updates(p)...)
	}
	if old != nil && new != nil {
		changes = append(changes, reordered(old, new)...)
	}
	for _, p := range was {
		if after[p.path] {
			continue
		}
		c := Change{Op: Delete, Kind: p.kind, Path: p.name(), Old: p.line()}
		if p.owner == "" || after[p.owner] { // else the warning stands at the plan that goes
			c.Warning = lost(p)
		}
		changes = append(changes, c)
	}
	return changes
}

// A part is a thing that is created, changed and deleted by itself, as a list of fields.
type part struct {
	kind   string
	path   string // empty for the catalog
	owner  string // the path of its plan, if it has one
	fields []field
}

type field struct{ name, value string }

func (p part) name() string { return cmp.Or(p.path, "catalog") }

// value returns the field named name; empty when there is none.
func (p part) value(name string) string {
	for _, f := range p.fields {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// line returns the fields that say something, in one line. The policies of a catalog that names none say nothing.
func (p part) line() string {
	var words []string
	usual := policies(Returns{credit.Forgive}, Returns{credit.Forgive}, subscription.DefaultPolicy())
	for _, f := range p.fields {
		if p.kind == kindCatalog && slices.Contains(usual, f) {
			continue
		}
		if f.value != "" && (f.value != "false" || f.name == "value") {
			words = append(words, f.name+": "+f.value)
		}
	}
	return strings.Join(words, ", ")
}

// updates returns one change for each field that differs between p and q, the same part later.
func (p part) updates(q part) []Change {
	names := make([]string, 0, len(q.fields))
	for _, f := range q.fields {
		names = append(names, f.name)
	}
	for _, f := range p.fields {
		if !slices.Contains(names, f.name) {
			names = append(names, f.name)
		}
	}
	var changes []Change
	for _, name := range names {
		was, is := p.value(name), q.value(name)
		if was == is {
			continue
		}
		changes = append(changes, Change{
			Op: Update, Kind: p.kind, Path: strings.TrimPrefix(p.path+"."+name, "."), Old: was, New: is,
			Warning: noticed(p.kind, name, was, is),
		})
	}
	return changes
}

// reordered reports plans that both catalogs have, in another order.
func reordered(old, new *Catalog) []Change {
	order := func(c, other *Catalog) string {
		var common []id.Slug
		for _, p := range c.PlansInOrder() {
			if _, ok := other.Plans[p.Slug]; ok {
				common = append(common, p.Slug)
			}
		}
		return list(common, "and")
	}
	was, is := order(old, new), order(new, old)
	if was == is {
		return nil
	}
	return []Change{{Op: Update, Kind: "catalog", Path: "plans (order)", Old: was, New: is}}
}

package stripe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/id"
)

func (s *shelf) compareProducts(want *goods, out *Changes) {
	for _, w := range want.products {
		i := slices.IndexFunc(s.products, func(p productFound) bool { return p.ID == w.id })
		f := form{{"name", w.name}}
		f.metadata(w.metadata)
		line := Step{Kind: KindProduct, Slug: w.slug, ID: w.id}
		if i < 0 {
			line.Op, line.What = OpCreate, w.name
			if w.description != "" { // Stripe refuses an empty one here
				f.add("description", w.description)
			}
			out.add(step{Step: line, path: "/v1/products", form: append(form{{"id", w.id}}, f...)})
			continue
		}
		found := s.products[i]
		differs := differences{}
		differs.text("name", found.Name, w.name)
		differs.text("description", found.Description, w.description)
		differs.flag(found.Active, "sold again")
		differs.flag(w.metadata.within(found.Metadata), "metadata")
		if len(differs) == 0 {
			continue
		}
		f.add("description", w.description)
		f.add("active", "true")
		line.Op, line.What = OpChange, differs.String()
		out.add(step{Step: line, path: "/v1/products/" + w.id, form: f})
	}
}

// retireProducts archives what left the catalog.
func (s *shelf) retireProducts(want *goods, out *Changes) {
	for _, p := range s.products {
		if p.Metadata["source"] != source || !p.Active || slices.ContainsFunc(want.products, func(w productWish) bool { return w.id == p.ID }) {
			continue
		}
		slug := p.Metadata["plan"] + p.Metadata["topUp"] // one of the two
		out.add(step{Step: Step{Op: OpArchive, Kind: KindProduct, Slug: id.Slug(slug), ID: p.ID, What: p.Name},
			path: "/v1/products/" + p.ID, form: form{{"active", "false"}}})
	}
}

// differences are what differs, in words.
type differences []string

func (d *differences) text(name, was, is string) {
	if was != is {
		*d = append(*d, fmt.Sprintf("%s: %s -> %s", name, oneLine(was), oneLine(is)))
	}
}

func (d *differences) flag(same bool, word string) {
	if !same {
		*d = append(*d, word)
	}
}

// String returns the differences in one line.
func (d differences) String() string { return strings.Join(d, ", ") }

// oneLine folds the line breaks of a description.
func oneLine(s string) string {
	if s == "" {
		return "(none)"
	}
	return strings.Join(strings.Fields(s), " ")
}

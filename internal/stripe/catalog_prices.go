package stripe

import (
	"fmt"
	"slices"

	"github.com/tollgate/tollgate/id"
)

// comparePrices adds the steps that make every price of the catalog sold under its lookup key, and returns those that
// archive what is not sold any more, for later.
func (s *shelf) comparePrices(want *goods, out *Changes) (past []step) {
	kept := map[string]bool{}
	for _, w := range want.prices {
		found := s.price(w)
		if found == nil {
			out.add(s.newPrice(w, out))
			continue
		}
		kept[found.ID] = true
		out.ids[ref(KindPrice, w.key)] = found.ID
		differs := differences{}
		differs.flag(found.Active, "sold again at "+w.terms.describe())
		differs.flag(found.LookupKey == string(w.key), "lookup key")
		differs.flag(w.metadata.within(found.Metadata), "metadata")
		if len(differs) == 0 {
			continue
		}
		f := form{{"active", "true"}, {"lookup_key", string(w.key)}, {"transfer_lookup_key", "true"}}
		f.metadata(w.metadata)
		out.add(step{Step: Step{Op: OpChange, Kind: KindPrice, Slug: w.key, ID: found.ID, What: differs.String()},
			path: "/v1/prices/" + found.ID, form: f})
	}
	for _, p := range s.prices {
		if p.Metadata["source"] != source || !p.Active || kept[p.ID] {
			continue
		}
		t, _ := p.terms(s)
		past = append(past, step{Step: Step{Op: OpArchive, Kind: KindPrice, Slug: id.Slug(p.Metadata["price"]), ID: p.ID, What: t.describe()},
			path: "/v1/prices/" + p.ID, form: form{{"active", "false"}}})
	}
	return past
}

// price returns our price of these terms: the active one, else the oldest, else nil. Two processes that looked at the same
// time choose the same one.
func (s *shelf) price(w priceWish) *priceFound {
	var found *priceFound
	for i := range s.prices {
		p := &s.prices[i]
		if p.Metadata["source"] != source || p.Metadata["price"] != string(w.key) || found != nil && (found.Active || !p.Active) {
			continue
		}
		if t, ok := p.terms(s); ok && t.equal(w.terms) {
			found = p
		}
	}
	return found
}

func (s *shelf) newPrice(w priceWish, out *Changes) step {
	f := w.terms.form()
	f.add("lookup_key", string(w.key))
	f.add("transfer_lookup_key", "true")
	f.metadata(w.metadata)
	made := step{Step: Step{Op: OpCreate, Kind: KindPrice, Slug: w.key, What: w.terms.describe()}, path: "/v1/prices", form: f}
	if w.terms.meter != "" {
		made.refs = map[string]string{"recurring[meter]": ref(KindMeter, w.terms.meter)}
	}
	i := slices.IndexFunc(s.prices, func(p priceFound) bool { return p.Active && p.LookupKey == string(w.key) })
	if i < 0 {
		return made
	}
	if old := s.prices[i]; old.Metadata["source"] == source {
		t, _ := old.terms(s)
		made.What += fmt.Sprintf(" (was %s)", t.describe())
	} else {
		made.What += fmt.Sprintf(" (takes the lookup key from %s, which is not Tollgate's)", old.ID)
	}
	return made
}

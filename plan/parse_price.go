package plan

import (
	"fmt"
	"slices"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// sell notes the slug of a price, an overage or a top-up, and reports one that is taken: each is the
// lookup key of a Stripe price.
func (r *reader) sell(d draft, slug id.Slug, n *node, path string) {
	if other, ok := d.sold[slug]; ok {
		r.report(n, path, "rename one of them; prices, overages and top-ups share their names",
			"%s is already sold as %s", quote(string(slug)), other)
		return
	}
	d.sold[slug] = path
}

// sameCurrency reports a currency that is not the catalog's.
func (f fields) sameCurrency(d draft) {
	if n := f.values["currency"]; n != nil && d.Currency != "" && n.text != d.Currency {
		f.wrong("currency", "leave it out", "this is %s and the catalog sells in %s", n.what(), d.Currency)
	}
}

// prices reads a plan's recurring prices: a mapping by slug, or a list of prices with a slug each, as
// the JSON form of a catalog has it.
func (r *reader) prices(d draft, p Plan, n *node, path string) []Price {
	if n == nil {
		return nil
	}
	var prices []Price
	add := func(slug id.Slug, at, n *node, path string) {
		r.sell(d, slug, at, path)
		prices = append(prices, r.recurring(d, p, prices, slug, n, path))
	}
	if n.kind != sequence {
		r.named(n, path, func(slug id.Slug, n *node, path string) { add(slug, n.key, n, path) })
		return prices
	}
	for i, n := range n.items {
		path := item(path, i)
		at := slugOf(n)
		if at == nil {
			r.report(n, path, "write its slug", "slug is missing")
			continue
		}
		r.slug(at, path)
		add(id.Slug(at.text), at, n, path)
	}
	return prices
}

func slugOf(n *node) *node {
	for _, v := range n.entries {
		if v.key.text == "slug" && v.kind == scalar {
			return v
		}
	}
	return nil
}

// recurring reads one price of plan p; others are those read before it.
func (r *reader) recurring(d draft, p Plan, others []Price, slug id.Slug, n *node, path string) Price {
	f := r.fields(n, path, "amount", "every", "model", "meter", "unitAmount", "packageSize", "tiers",
		"currency", "slug")
	f.own(slug)
	f.sameCurrency(d)
	price := Price{Slug: slug, Currency: d.Currency, Every: choice(f, "every", []Interval{Month, Year})}
	if !f.has("every") {
		f.missing("every", "write every: month, or every: year")
	}
	price.Model = Flat
	if f.has("model") || f.has("unitAmount") || f.has("tiers") || f.has("packageSize") {
		price.Model = f.model()
	}
	f.terms(&price)
	meter := f.values["meter"]
	switch {
	case meter == nil && price.Model != Flat && price.Model != "":
		f.missing("meter", "name the meter it bills, or write model: flat")
	case meter != nil && price.Model == Flat:
		f.wrong("meter", "leave it out, or write model: per_unit and unitAmount", "a flat price bills no meter")
	case meter != nil:
		price.Meter = id.Slug(meter.text)
		r.billed(d, p, others, price, meter, join(path, "meter"))
	}
	return price
}

// billed reports a meter that the metered price cannot bill, or that something else bills already.
func (r *reader) billed(d draft, p Plan, others []Price, price Price, n *node, path string) {
	if _, ok := d.Meters[price.Meter]; !ok {
		r.dangling(n, path, "meter", price.Meter, keys(d.Meters))
		return
	}
	allowance, included := p.Includes[price.Meter]
	switch {
	case !included:
		r.report(n, path, fmt.Sprintf("write %s: {limit: unlimited} under includes", price.Meter),
			"the plan does not include %s, so there is nothing to bill", price.Meter)
	case allowance.Overage != nil:
		r.report(n, path, "keep one of them", "usage of %s is already billed by overage %s", price.Meter, allowance.Overage.Slug)
	}
	same := func(o Price) bool { return o.Meter == price.Meter && o.Every == price.Every }
	if i := slices.IndexFunc(others, same); i >= 0 {
		r.report(n, path, "keep one of them", "usage of %s is already billed every %s by price %s",
			price.Meter, price.Every, others[i].Slug)
	}
}

// overage reads what usage past a soft limit costs; nil when the document does not say.
func (r *reader) overage(d draft, allowance fields, a Allowance) *Price {
	n := allowance.values["overage"]
	if n == nil {
		return nil
	}
	if !a.Soft {
		allowance.wrong("overage", "write soft: true beside it, or leave it out",
			"usage past the limit is refused, so it cannot be billed")
	}
	path := join(allowance.path, "overage")
	f := r.fields(n, path, "slug", "model", "unitAmount", "packageSize", "tiers", "amount", "currency")
	f.sameCurrency(d)
	p := Price{Currency: d.Currency, Model: f.model()}
	if slug := f.values["slug"]; slug != nil {
		r.slug(slug, join(path, "slug"))
		p.Slug = id.Slug(slug.text)
		r.sell(d, p.Slug, slug, path)
	} else {
		f.missing("slug", "name it: slug: tokens_overage")
	}
	f.terms(&p)
	return &p
}

// model returns the pricing model; empty after a problem.
func (f fields) model() Model {
	if !f.has("model") {
		f.missing("model", "write model: "+list(Models(), "or"))
	}
	return choice(f, "model", Models())
}

// terms reads the fields that p's model has and reports those of the others.
func (f fields) terms(p *Price) {
	owners := func(key string) []Model {
		switch key {
		case "amount":
			return []Model{Flat}
		case "unitAmount":
			return []Model{PerUnit, Package}
		case "packageSize":
			return []Model{Package}
		}
		return []Model{Graduated, Volume}
	}
	for _, key := range []string{"amount", "unitAmount", "packageSize", "tiers"} {
		if f.has(key) && p.Model != "" && !slices.Contains(owners(key), p.Model) {
			f.wrong(key, "leave it out, or write model: "+list(owners(key), "or"), "a %s price has no %s", p.Model, key)
		}
	}
	switch p.Model {
	case Flat:
		p.Amount = f.amount("amount", p.Currency, 0)
	case PerUnit, Package:
		var ok bool
		p.UnitAmount, ok = f.unitPrice("unitAmount")
		if !f.has("unitAmount") {
			f.missing("unitAmount", `write minor units: unitAmount: "0.5" is half a cent`)
		}
		if ok && p.UnitAmount.IsZero() {
			f.wrong("unitAmount", "write more than 0, or leave the price out", "units that cost nothing need no price")
		}
	case Graduated, Volume:
		p.Tiers = f.tiers()
	}
	if p.Model == Package {
		p.PackageSize = f.packageSize()
	}
}

func (f fields) packageSize() quantity.Units {
	n := f.values["packageSize"]
	if n == nil {
		f.missing("packageSize", "write how many units a package holds: packageSize: 100")
		return 0
	}
	size, _ := f.r.units(n, join(f.path, "packageSize"), 0, true, "")
	return size
}

// tiers reads ascending tiers of which the last one is endless.
func (f fields) tiers() []Tier {
	n := f.values["tiers"]
	if n == nil || n.kind != sequence || len(n.items) == 0 {
		f.wrong("tiers", `write a list: - {upTo: inf, unitAmount: "0.001"}`, "there are no tiers")
		return nil
	}
	var tiers []Tier
	below := quantity.Units(0) // the bound of the tier before
	for i, each := range n.items {
		t, ok := f.r.tier(each, item(join(f.path, "tiers"), i), below, i == len(n.items)-1)
		if ok && t.UpTo > 0 {
			below = t.UpTo
		}
		tiers = append(tiers, t)
	}
	return tiers
}

// tier reads one tier and reports a bound that is not above the one below, or an inf that is not last.
func (r *reader) tier(n *node, path string, below quantity.Units, last bool) (Tier, bool) {
	f := r.fields(n, path, "upTo", "unitAmount", "flatAmount")
	var t Tier
	t.UnitAmount, _ = f.unitPrice("unitAmount")
	t.FlatAmount, _ = f.unitPrice("flatAmount")
	if !f.has("unitAmount") && !f.has("flatAmount") {
		f.missing("unitAmount", `write unitAmount: "0.001", flatAmount or both`)
	}
	bound := f.values["upTo"]
	if bound == nil {
		f.missing("upTo", "write the last unit of the tier, or upTo: inf in the last one")
		return t, false
	}
	isEndless := bound.kind == scalar && bound.text == endless
	switch {
	case isEndless && last:
		return t, true
	case isEndless:
		f.wrong("upTo", "move this tier to the end", "only the last tier can go up to inf")
		return t, false
	}
	upTo, ok := r.units(bound, join(path, "upTo"), 0, true, "or inf")
	t.UpTo = upTo
	switch {
	case ok && upTo <= below:
		f.wrong("upTo", fmt.Sprintf("write more than %s, and the tiers in ascending order", below),
			"the tier ends at %s, and the one before it at %s", upTo, below)
	case ok && last:
		f.wrong("upTo", "write upTo: inf in the last tier", "units past %s have no price", upTo)
	}
	return t, ok
}

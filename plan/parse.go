package plan

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
)

// Parse reads a catalog document: YAML, of which JSON is a part. File is only named in problems; it may
// be empty.
//
// It returns Problems with everything that is wrong with the document, each with its place and what to
// write instead, or a TooLarge fault when doc has more than DocumentBytesMax bytes. What it fills in:
// timezone UTC, name the slug, a meter's decimals 0, a feature's type switch, a price's model flat, an
// unlimited allowance's every billing_period, a plan's position its place in the document, refunds forgive, disputes
// as refunds, access subscription.DefaultPolicy.
func Parse(file string, doc []byte) (*Catalog, error) {
	if len(doc) > DocumentBytesMax {
		return nil, fault.New(fault.TooLarge, "The catalog has %d bytes; the limit is %d.", len(doc), DocumentBytesMax).
			With("limit", DocumentBytesMax)
	}
	r := &reader{file: file}
	top := r.syntax(doc)
	switch {
	case len(r.problems) > 0 && top == nil:
		return nil, r.err()
	case top == nil || top.kind != scalar && top.kind != sequence && len(top.entries) == 0:
		r.report(&node{line: 1, column: 1}, "", "start with meters: and plans:", "the catalog is empty")
		return nil, r.err()
	case top.kind != mapping:
		r.report(top, "", "start with meters: and plans:", "this is %s where a mapping belongs", top.what())
		return nil, r.err()
	}
	c := r.catalog(top)
	if err := r.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// A draft is a catalog while it is read, with what must be unique across its parts.
type draft struct {
	*Catalog
	sold  map[id.Slug]string  // the path of each price, overage and top-up: they share one namespace
	pools map[id.Slug]id.Slug // the pool that names each meter
}

func (r *reader) catalog(top *node) *Catalog {
	f := r.fields(top, "", "currency", "timezone", "upgradeUrl", "meters", "credits", "features", "plans",
		"topUps", "refunds", "disputes", "access", "version")
	d := draft{
		Catalog: &Catalog{
			Version: int64(f.whole("version", 0, math.MaxInt32, 0)),
			Meters:  map[id.Slug]meter.Meter{}, Credits: map[id.Slug]Pool{},
			Features: map[id.Slug]Feature{}, Plans: map[id.Slug]Plan{}, TopUps: map[id.Slug]TopUp{},
		},
		sold:  map[id.Slug]string{},
		pools: map[id.Slug]id.Slug{},
	}
	d.Currency = f.currency()
	d.Timezone, d.zone = f.timezone()
	d.UpgradeURL = f.url("upgradeUrl")

	// Plans refer to meters, credits and features, wherever in the document these stand.
	r.named(f.values["meters"], "meters", func(s id.Slug, n *node, path string) { r.meter(d, s, n, path) })
	r.named(f.values["credits"], "credits", func(s id.Slug, n *node, path string) { r.pool(d, s, n, path) })
	r.named(f.values["features"], "features", func(s id.Slug, n *node, path string) { r.feature(d, s, n, path) })
	r.named(f.values["plans"], "plans", func(s id.Slug, n *node, path string) { r.plan(d, s, n, path) })
	r.named(f.values["topUps"], "topUps", func(s id.Slug, n *node, path string) { r.topUp(d, s, n, path) })

	d.Refunds = r.returns(f, "refunds", credit.Forgive)
	d.Disputes = r.returns(f, "disputes", d.Refunds.Spent)
	d.Access = r.access(f)
	r.roles(d, f)
	if len(d.sold) > 0 && !f.has("currency") {
		f.missing("currency", "write currency: usd")
	}
	return d.Catalog
}

// roles reports when not exactly one plan is the default and at most one is for guests.
func (r *reader) roles(d draft, f fields) {
	var defaults, guests []id.Slug
	for _, p := range d.PlansInOrder() {
		if p.Default {
			defaults = append(defaults, p.Slug)
		}
		if p.Guest {
			guests = append(guests, p.Slug)
		}
	}
	if len(defaults) == 0 {
		f.wrong("plans", "write default: true in the plan of customers who have not paid", "no plan is the default")
	}
	if len(defaults) > 1 {
		f.wrong("plans", "keep default: true in one of them", "%d plans are the default: %s", len(defaults), list(defaults, "and"))
	}
	if len(guests) > 1 {
		f.wrong("plans", "keep guest: true in one of them", "%d plans are for guests: %s", len(guests), list(guests, "and"))
	}
}

func (f fields) currency() string {
	n := f.values["currency"]
	if n == nil {
		return ""
	}
	if _, ok := money.Exponent(n.text); n.kind == scalar && ok {
		return n.text
	}
	instead := "write an ISO 4217 code in lower case, such as usd"
	if lower := strings.ToLower(n.text); lower != n.text {
		if _, ok := money.Exponent(lower); ok {
			instead = "write " + lower
		}
	}
	f.wrong("currency", instead, "%s is not a currency that Stripe takes", n.what())
	return ""
}

func (f fields) timezone() (string, *time.Location) {
	name := f.text("timezone", "UTC")
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // Local would differ from machine to machine
		f.wrong("timezone", "write an IANA name such as Europe/Paris, or UTC", "there is no time zone %s", quote(name))
		return "UTC", time.UTC
	}
	return name, zone
}

// url returns the address under key: a path on the app's own site, or an absolute one of http.
func (f fields) url(key string) string {
	s := f.text(key, "")
	path := strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//")
	web := strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
	if s != "" && !path && !web || strings.ContainsAny(s, " \t\n\\") {
		f.wrong(key, "write a path such as /pricing, or an address that starts with https://", "%s is not a web address", quote(s))
		return ""
	}
	return s
}

func (r *reader) meter(d draft, slug id.Slug, n *node, path string) {
	f := r.fields(n, path, "name", "aggregation", "unit", "decimals", "property", "slug")
	f.own(slug)
	m := meter.Meter{
		Slug:        slug,
		Name:        f.text("name", string(slug)),
		Aggregation: choice(f, "aggregation", meter.Aggregations()),
		Unit:        f.text("unit", ""),
		Decimals:    f.whole("decimals", 0, quantity.DecimalsMax, 0),
		Property:    f.text("property", ""),
	}
	counts := m.Aggregation == meter.Count || m.Aggregation == meter.Unique
	switch {
	case !f.has("aggregation"):
		f.missing("aggregation", "write "+list(meter.Aggregations(), "or"))
	case m.Aggregation == meter.Unique && m.Property == "":
		f.missing("property", "name the event property whose values are counted: property: userId")
	case m.Aggregation != "" && m.Aggregation != meter.Unique && f.has("property"):
		f.wrong("property", "leave it out, or write aggregation: unique",
			"only a unique meter has a property; this one is a %s", m.Aggregation)
	case counts && m.Decimals > 0:
		f.wrong("decimals", "leave it out", "a %s meter counts whole things", m.Aggregation)
	}
	d.Meters[slug] = m
}

func (r *reader) pool(d draft, slug id.Slug, n *node, path string) {
	f := r.fields(n, path, "name", "costs", "slug")
	f.own(slug)
	if _, ok := d.Meters[slug]; ok {
		r.report(n.key, path, "rename one of them", "%s is also a meter, and each has a balance of that name", quote(string(slug)))
	}
	p := Pool{Slug: slug, Name: f.text("name", string(slug)), Costs: map[id.Slug]quantity.Units{}}
	r.named(f.values["costs"], join(path, "costs"), func(m id.Slug, n *node, path string) {
		p.Costs[m] = r.cost(d, slug, m, n, path)
	})
	if len(p.Costs) == 0 {
		f.wrong("costs", "name a meter and its cost per unit: costs: {tokens: \"0.001\"}", "no meter is paid from these credits")
	}
	d.Credits[slug] = p
}

// cost reads what one unit of meter m costs in the pool.
func (r *reader) cost(d draft, pool, m id.Slug, n *node, path string) quantity.Units {
	metered, ok := d.Meters[m]
	if !ok {
		r.dangling(n.key, path, "meter", m, keys(d.Meters))
		return 0
	}
	if other, ok := d.pools[m]; ok {
		r.report(n.key, path, "keep it in one of them", "meter %s is already paid from credits %s", quote(string(m)), quote(string(other)))
	}
	d.pools[m] = pool
	cost, ok := r.units(n, path, quantity.DecimalsMax, true, "")
	if ok && cost.Decimals()+metered.Decimals > quantity.DecimalsMax {
		r.report(n, path, fmt.Sprintf("write at most %d decimals", quantity.DecimalsMax-metered.Decimals),
			"%s has %d decimals and the meter %d: together more than %d, so charges would not be exact",
			cost, cost.Decimals(), metered.Decimals, quantity.DecimalsMax)
	}
	return cost
}

func (r *reader) feature(d draft, slug id.Slug, n *node, path string) {
	f := r.fields(n, path, "name", "type", "slug")
	f.own(slug)
	t := choice(f, "type", FeatureTypes())
	if !f.has("type") {
		t = Switch
	}
	d.Features[slug] = Feature{Slug: slug, Name: f.text("name", string(slug)), Type: t}
}

package stripe

import (
	"maps"
	"slices"
	"strconv"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/plan"
)

// A goods is all that a catalog sells, in the catalog's order.
type goods struct {
	products []productWish
	meters   []meterWish
	prices   []priceWish
}

type productWish struct {
	id                string
	slug              id.Slug
	name, description string
	metadata          pairs
}

type meterWish struct {
	slug id.Slug // of a meter or a credits pool
	name string
}

type priceWish struct {
	key      id.Slug // the lookup key
	metadata pairs
	terms    terms
	licensed bool // a plan's own price, to which subscribers may switch
}

// wanted lists what a catalog sells. Plans without a price of any kind are not sold.
func wanted(catalog *plan.Catalog) (*goods, error) {
	g := &goods{}
	for _, p := range catalog.PlansInOrder() {
		g.plan(catalog, p)
	}
	for _, slug := range slices.Sorted(maps.Keys(catalog.TopUps)) {
		g.topUp(catalog.TopUps[slug])
	}
	seen := map[id.Slug]bool{}
	for _, p := range g.prices {
		if seen[p.key] {
			return nil, fault.New(fault.Invalid, "Two prices would have the lookup key %s at Stripe: rename one of them (an overage of a plan that is sold by the year, too, takes its slug and _year).", p.key)
		}
		seen[p.key] = true
	}
	return g, nil
}

const (
	productPrefix = "tollgate_"       // of a plan's product
	topUpPrefix   = "tollgate-topup_" // of a top-up's, which no plan's begins with
	eventPrefix   = "tollgate_"       // of a meter's event name
)

func (g *goods) plan(catalog *plan.Catalog, p plan.Plan) {
	intervals := sold(p)
	if len(intervals) == 0 {
		return
	}
	product := productWish{id: productPrefix + string(p.Slug), slug: p.Slug, name: p.Name, description: p.Description,
		metadata: pairs{{"source", source}, {"plan", string(p.Slug)}}}
	g.products = append(g.products, product)
	for _, price := range p.Prices {
		g.price(catalog, p, product.id, price.Slug, price.Meter, price)
	}
	for _, balance := range slices.Sorted(maps.Keys(p.Includes)) {
		overage := p.Includes[balance].Overage
		if overage == nil {
			continue
		}
		for i, every := range intervals {
			key, price := overage.Slug, *overage
			if i > 0 {
				key += id.Slug("_" + every)
			}
			price.Every = every
			g.price(catalog, p, product.id, key, balance, price)
		}
	}
}

// sold returns the intervals at which a plan is billed: those of its own prices, else those of what it meters, else
// months when it has nothing but overage. Months come first, whatever the order of the prices.
func sold(p plan.Plan) []plan.Interval {
	var licensed, metered []plan.Interval
	for _, price := range p.Prices {
		if price.Meter == "" {
			licensed = append(licensed, price.Every)
		} else {
			metered = append(metered, price.Every)
		}
	}
	for _, a := range p.Includes {
		if a.Overage != nil && len(p.Prices) == 0 {
			metered = append(metered, plan.Month)
		}
	}
	if len(licensed) > 0 {
		metered = nil
	}
	all := slices.Concat(licensed, metered)
	slices.Sort(all) // "month" < "year"
	return slices.Compact(all)
}

func (g *goods) price(catalog *plan.Catalog, p plan.Plan, product string, key, balance id.Slug, price plan.Price) {
	w := priceWish{key: key, terms: termsOf(product, price, balance), licensed: balance == "",
		metadata: pairs{{"source", source}, {"price", string(key)}, {"plan", string(p.Slug)}}}
	if balance != "" {
		w.metadata = append(w.metadata, pair{"meter", string(balance)})
		g.meter(catalog, balance)
	}
	g.prices = append(g.prices, w)
}

// meter adds the Stripe meter of a balance, once.
func (g *goods) meter(catalog *plan.Catalog, balance id.Slug) {
	if slices.ContainsFunc(g.meters, func(m meterWish) bool { return m.slug == balance }) {
		return
	}
	name := string(balance)
	if m, ok := catalog.Meters[balance]; ok {
		name = m.Name
	} else if pool, ok := catalog.Credits[balance]; ok {
		name = pool.Name
	}
	g.meters = append(g.meters, meterWish{slug: balance, name: name})
}

func (g *goods) topUp(t plan.TopUp) {
	product := topUpPrefix + string(t.Slug)
	g.products = append(g.products, productWish{id: product, slug: t.Slug, name: t.Name,
		metadata: pairs{{"source", source}, {"topUp", string(t.Slug)}}})
	g.prices = append(g.prices, priceWish{key: t.Slug,
		metadata: pairs{{"source", source}, {"price", string(t.Slug)}, {"topUp", string(t.Slug)}},
		terms:    terms{product: product, currency: t.Currency, amount: strconv.FormatInt(t.Amount, 10)}})
}

package plan

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// DefaultPlan returns the plan of every signed-up customer without a paid subscription. A parsed
// catalog always has one; a catalog without one yields the zero Plan.
func (c *Catalog) DefaultPlan() Plan {
	for _, p := range c.Plans {
		if p.Default {
			return p
		}
	}
	return Plan{}
}

// GuestPlan returns the plan of customers nobody has signed up, and false when the catalog has none.
func (c *Catalog) GuestPlan() (Plan, bool) {
	for _, p := range c.Plans {
		if p.Guest {
			return p, true
		}
	}
	return Plan{}, false
}

// PlansInOrder returns the plans by position, which is their order in the document: how a pricing
// page shows them.
func (c *Catalog) PlansInOrder() []Plan {
	return slices.SortedFunc(maps.Values(c.Plans), func(a, b Plan) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Slug, b.Slug))
	})
}

// Price returns the recurring price named slug with its plan, and false when no plan has it. Overage
// prices are not found here: nobody buys one.
func (c *Catalog) Price(slug id.Slug) (Price, Plan, bool) {
	for _, plan := range c.Plans {
		for _, price := range plan.Prices {
			if price.Slug == slug {
				return price, plan, true
			}
		}
	}
	return Price{}, Plan{}, false
}

// Payer returns the balance that pays for meter m on plan p, and its cost in units of that balance per
// unit of the meter. A meter that the plan includes is paid from its own balance, one for one; else
// from the credits pool that names it, at the pool's cost; else from its own balance, where only grants
// can pay.
func (c *Catalog) Payer(p Plan, m id.Slug) (balance id.Slug, cost quantity.Units) {
	if _, ok := p.Includes[m]; ok {
		return m, quantity.One
	}
	for slug, pool := range c.Credits { // one pool per meter, so the order does not matter
		if cost, ok := pool.Costs[m]; ok {
			return slug, cost
		}
	}
	return m, quantity.One
}

// IsBalance reports whether slug names a meter or a credits pool. The two share one namespace.
func (c *Catalog) IsBalance(slug id.Slug) bool {
	_, ok := c.Decimals(slug)
	return ok
}

// Decimals returns how many decimals the balance named slug carries: the meter's, or six for a credits
// pool. It returns false when there is no such balance.
func (c *Catalog) Decimals(slug id.Slug) (int, bool) {
	if m, ok := c.Meters[slug]; ok {
		return m.Decimals, true
	}
	_, ok := c.Credits[slug]
	return quantity.DecimalsMax, ok
}

// Location returns the time zone of the catalog's windows, never nil. It is resolved when the catalog
// is parsed or unmarshalled; of a catalog made by hand it is UTC.
func (c *Catalog) Location() *time.Location {
	if c.zone == nil {
		return time.UTC
	}
	return c.zone
}

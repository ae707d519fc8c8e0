package flowglad

import (
	"math/big"
	"strings"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

// The types of a price.
const (
	ofSubscription = "subscription"
	ofSinglePay    = "single_payment"
	ofUsage        = "usage"
)

// A price is a price as the wire has it.
type price struct {
	ID                 string  `json:"id"`
	Type               string  `json:"type"`
	Slug               string  `json:"slug"`
	Name               *string `json:"name"`
	UnitPrice          int64   `json:"unitPrice"` // minor units
	Currency           string  `json:"currency"`
	IntervalUnit       *string `json:"intervalUnit"`
	IntervalCount      *int    `json:"intervalCount"`
	TrialPeriodDays    *int    `json:"trialPeriodDays"`
	UsageEventsPerUnit *int64  `json:"usageEventsPerUnit"` // UnitPrice is of so many units
	UsageMeterID       *string `json:"usageMeterId"`
	IsDefault          bool    `json:"isDefault"`
	Active             bool    `json:"active"`
	Livemode           bool    `json:"livemode"`
	ProductID          *string `json:"productId"` // null for usage
	PricingModelID     string  `json:"pricingModelId"`
	CreatedAt          int64   `json:"createdAt"`
	UpdatedAt          int64   `json:"updatedAt"`

	slug  id.Slug // in the catalog, or made up; see shelf
	meter id.Slug // of usage
	plan  id.Slug // of a subscription
	free  bool    // the catalog has no such price: the plan costs nothing
}

func (b *builder) price(kind string, slug id.Slug, name string) price {
	return price{
		ID: priceID(slug), Type: kind, Slug: string(slug), Name: textOrNil(name), Currency: b.currency, Active: true,
		Livemode: b.live, PricingModelID: modelID, slug: slug,
	}
}

// planPrice returns what a plan costs per interval.
func (b *builder) planPrice(p plan.Plan, from plan.Price) price {
	out := b.price(ofSubscription, from.Slug, p.Name)
	unit, count, product := string(from.Every), 1, planID(p.Slug)
	out.UnitPrice, out.IntervalUnit, out.IntervalCount, out.ProductID, out.plan = from.Amount, &unit, &count, &product, p.Slug
	if amount, ok := b.synced[from.Slug]; ok {
		out.UnitPrice = amount
	}
	if days := int(p.TrialDays); days > 0 {
		out.TrialPeriodDays = &days
	}
	return out
}

// freePrice returns the price of a plan that has none: nothing per month. The packages look products up by a price's slug.
func (b *builder) freePrice(p plan.Plan) price {
	out := b.planPrice(p, plan.Price{Slug: b.unsold(p.Slug, "_free"), Every: plan.Month})
	out.free = true
	return out
}

// usagePrice returns what usage of a meter costs; from is nil when the catalog has no price for it.
func (b *builder) usagePrice(meter id.Slug, name string, from *plan.Price) price {
	slug, per, amount := id.Slug(""), int64(1), int64(0)
	switch {
	case from == nil:
		slug = b.unsold(meter+"_usage", "_meter")
	case from.Model == plan.Package:
		slug = from.Slug
		amount, per = wholePrice(from.UnitAmount, from.PackageSize)
	case from.Model == plan.PerUnit:
		slug = from.Slug
		amount, per = wholePrice(from.UnitAmount, quantity.One)
	default: // by tiers, which the wire cannot tell
		slug = from.Slug
	}
	out := b.price(ofUsage, slug, name)
	unit, count, of := string(plan.Month), 1, meterID(meter)
	if from != nil && from.Every != "" {
		unit = string(from.Every)
	}
	out.UnitPrice, out.UsageEventsPerUnit = amount, &per
	out.IntervalUnit, out.IntervalCount, out.UsageMeterID, out.meter = &unit, &count, &of, meter
	return out
}

// wholePrice spells the price of size units as whole minor units per a whole number of units: 0.5 per unit is 5 per 10. What
// does not fit is shown as nothing; the catalog's own price is what is billed.
func wholePrice(p money.UnitPrice, size quantity.Units) (amount, per int64) {
	of, ok := new(big.Rat).SetString(p.String())
	if !ok {
		return 0, 1
	}
	of.Quo(of, big.NewRat(int64(size), int64(quantity.One)))
	if !of.Num().IsInt64() || !of.Denom().IsInt64() {
		return 0, 1
	}
	scale := int64(1)
	if whole := int64(size / quantity.One); whole > 1 && whole%of.Denom().Int64() == 0 { // keep the package's own size
		scale = whole / of.Denom().Int64()
	}
	return of.Num().Int64() * scale, of.Denom().Int64() * scale
}

// unsold returns slug, made longer until no price of the catalog has it.
func (b *builder) unsold(slug id.Slug, by string) id.Slug {
	for b.sold[slug] {
		slug += id.Slug(by)
	}
	b.sold[slug] = true
	return slug
}

// soldIn returns the slugs of all that a catalog sells.
func soldIn(c *plan.Catalog) map[id.Slug]bool {
	sold := map[id.Slug]bool{}
	for _, p := range c.Plans {
		for _, price := range p.Prices {
			sold[price.Slug] = true
		}
		for _, a := range p.Includes {
			if a.Overage != nil {
				sold[a.Overage.Slug] = true
			}
		}
	}
	for slug := range c.TopUps {
		sold[slug] = true
	}
	return sold
}

func currencyOf(c *plan.Catalog) string {
	if c.Currency == "" {
		return "USD"
	}
	return strings.ToUpper(c.Currency)
}

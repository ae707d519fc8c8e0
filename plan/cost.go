package plan

import (
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
)

// Cost returns what q units cost at p, in minor units of p's currency. The sum is exact and rounded
// once, at its end, halves away from zero.
//
// The rules are Stripe's (https://docs.stripe.com/subscriptions/pricing-models/tiered-pricing and
// https://docs.stripe.com/products-prices/pricing-models):
//
//   - flat: Amount, whatever q is.
//   - per_unit: q × UnitAmount.
//   - package: q / PackageSize, rounded up to whole packages, × UnitAmount.
//   - graduated: the units within each tier × that tier's UnitAmount, plus the FlatAmount of each tier
//     reached.
//   - volume: q × the UnitAmount of the tier that q falls in, plus that tier's FlatAmount.
//
// A tier is reached by the first unit, or part of one, past the tier before it. No units cost nothing,
// except at a recurring flat price. A volume price may fall as q grows: that is its nature.
//
// It returns an Invalid fault when q is negative and when the cost does not fit.
func (p Price) Cost(q quantity.Units) (money.Amount, error) {
	if q < 0 {
		return money.Amount{}, fault.Field("quantity", q, 0, "The quantity to price is %s; it cannot be below 0.", q)
	}
	return p.exact(q).Round(p.Currency)
}

// exact returns the cost of q before rounding. q is not negative.
func (p Price) exact(q quantity.Units) money.Exact {
	overage := p.Every == ""
	switch {
	case p.Model == Flat && !(overage && q == 0):
		return money.Minor(p.Amount)
	case q == 0:
		return money.Exact{}
	case p.Model == PerUnit:
		return p.UnitAmount.Times(q)
	case p.Model == Package && p.PackageSize > 0:
		return p.UnitAmount.Times(quantity.Whole(packages(q, p.PackageSize)))
	case p.Model == Graduated:
		return graduated(p.Tiers, q)
	case p.Model == Volume:
		return volume(p.Tiers, q)
	}
	return money.Exact{}
}

// packages returns how many packages of size hold q: q / size, rounded up.
func packages(q, size quantity.Units) int64 {
	n := int64(q / size)
	if q%size > 0 {
		n++
	}
	return n
}

func graduated(tiers []Tier, q quantity.Units) money.Exact {
	var sum money.Exact
	below := quantity.Units(0) // the upper bound of the tier before
	for _, t := range tiers {
		if q <= below {
			break
		}
		top := q
		if t.UpTo > 0 {
			top = min(q, t.UpTo)
		}
		sum = sum.Plus(t.UnitAmount.Times(top - below)).Plus(t.FlatAmount.Times(quantity.One))
		if t.UpTo == 0 {
			break
		}
		below = t.UpTo
	}
	return sum
}

func volume(tiers []Tier, q quantity.Units) money.Exact {
	for _, t := range tiers {
		if t.UpTo == 0 || q <= t.UpTo {
			return t.UnitAmount.Times(q).Plus(t.FlatAmount.Times(quantity.One))
		}
	}
	return money.Exact{}
}

package plan

import (
	"cmp"
	"strings"

	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
)

// Show returns what p costs, for people: "$7.99 per month", "$0.02 per request", "$5.00 per 1000 requests", and of tiers the
// least that a unit can cost, "from $0.002 per request". unit is what one of its meter is called, "unit" when empty.
func (p Price) Show(unit string) string {
	unit = cmp.Or(unit, "unit")
	switch p.Model {
	case PerUnit:
		return p.UnitAmount.Format(p.Currency) + " per " + unit
	case Package:
		return p.UnitAmount.Format(p.Currency) + " per " + several(p.PackageSize, unit)
	case Graduated, Volume:
		return p.showTiers(unit)
	}
	shown := money.Amount{Minor: p.Amount, Currency: p.Currency}.Format()
	if p.Every != "" {
		shown += " per " + string(p.Every)
	}
	return shown
}

func (p Price) showTiers(unit string) string {
	tiers, free := p.Tiers, ""
	if first := tiers[0]; p.Model == Graduated && len(tiers) > 1 && first.UnitAmount.IsZero() && first.FlatAmount.IsZero() {
		tiers, free = tiers[1:], several(first.UpTo, unit)+" free, then "
	}
	var units, flats []money.UnitPrice
	for _, t := range tiers {
		units, flats = append(units, t.UnitAmount), append(flats, t.FlatAmount)
	}
	each, once := leastCharged(units), leastCharged(flats)
	switch {
	case each.IsZero() && !once.IsZero(): // only reaching a tier costs
		return free + "from " + once.Format(p.Currency)
	case len(tiers) > 1 || !once.IsZero():
		free += "from "
	}
	return free + each.Format(p.Currency) + " per " + unit
}

// leastCharged returns the lowest of prices that is not free; free when all are.
func leastCharged(prices []money.UnitPrice) money.UnitPrice {
	var least money.UnitPrice
	for _, p := range prices {
		if !p.IsZero() && (least.IsZero() || p.Compare(least) < 0) {
			least = p
		}
	}
	return least
}

// several returns a quantity with its unit: "1 request", "1000 requests".
func several(u quantity.Units, unit string) string {
	if u != quantity.One && unit == strings.ToLower(unit) {
		unit += "s" // units in capitals, such as GB, have no plural
	}
	return u.String() + " " + unit
}

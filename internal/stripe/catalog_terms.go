package stripe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

// terms are what Stripe never lets a price change, with exact decimals: stripe-go's floats would lose digits.
type terms struct {
	product  string
	currency string
	interval string  // month or year; empty for what is bought once
	meter    id.Slug // whose usage is billed; empty for what is licensed
	mode     string  // graduated or volume; empty without tiers
	amount   string  // of a unit or of a package, a decimal in minor units; empty with tiers
	divideBy int64   // units in a package; 0 without packages
	round    string  // up, with packages
	tiers    []tier
}

// A tier's amounts are decimals in minor units.
type tier struct {
	upTo       string // a whole number, or inf
	unit, flat string
}

// quantityEndless is more than a customer can use in a period, so that a package of as many is a flat price for whoever
// uses anything.
const quantityEndless = int64(quantity.Max / quantity.One)

// termsOf returns the terms of a recurring price of the catalog, which bills a balance unless that is empty.
func termsOf(product string, p plan.Price, balance id.Slug) terms {
	t := terms{product: product, currency: p.Currency, interval: string(p.Every), meter: balance, amount: p.UnitAmount.String()}
	switch p.Model {
	case plan.Flat:
		t.amount = strconv.FormatInt(p.Amount, 10)
		if balance != "" {
			t.divideBy, t.round = quantityEndless, "up"
		}
	case plan.Package:
		t.divideBy, t.round = int64(p.PackageSize/quantity.One), "up"
	case plan.Graduated, plan.Volume:
		t.mode, t.amount = string(p.Model), ""
		for _, each := range p.Tiers {
			upTo := "inf"
			if each.UpTo > 0 {
				upTo = each.UpTo.String()
			}
			t.tiers = append(t.tiers, tier{upTo: upTo, unit: each.UnitAmount.String(), flat: each.FlatAmount.String()})
		}
	}
	return t
}

// equal reports whether two prices cost the same, for the same, at the same time.
func (t terms) equal(o terms) bool {
	return t.product == o.product && t.currency == o.currency && t.interval == o.interval && t.meter == o.meter &&
		t.mode == o.mode && t.amount == o.amount && t.divideBy == o.divideBy && t.round == o.round &&
		slices.Equal(t.tiers, o.tiers)
}

// form returns the parameters that make a price of these terms, but for its meter
// (https://docs.stripe.com/api/prices/create).
func (t terms) form() form {
	f := form{{"product", t.product}, {"currency", t.currency}}
	if t.interval != "" {
		usage := "licensed"
		if t.meter != "" {
			usage = "metered"
		}
		f.add("recurring[interval]", t.interval)
		f.add("recurring[usage_type]", usage)
	}
	if t.mode == "" {
		f.add(amountParam(t.amount), t.amount)
	} else {
		f.add("billing_scheme", "tiered")
		f.add("tiers_mode", t.mode)
	}
	for i, each := range t.tiers {
		at := fmt.Sprintf("tiers[%d]", i)
		f.add(at+"[up_to]", each.upTo)
		f.add(at+"[unit_amount_decimal]", each.unit)
		if each.flat != "0" {
			f.add(at+"[flat_amount_decimal]", each.flat)
		}
	}
	if t.divideBy != 0 {
		f.add("transform_quantity[divide_by]", strconv.FormatInt(t.divideBy, 10))
		f.add("transform_quantity[round]", t.round)
	}
	return f
}

func amountParam(amount string) string {
	if strings.Contains(amount, ".") {
		return "unit_amount_decimal"
	}
	return "unit_amount"
}

// describe says what a price costs, for people.
func (t terms) describe() string {
	var b strings.Builder
	switch {
	case t.mode != "":
		fmt.Fprintf(&b, "%s in %d tiers", t.mode, len(t.tiers))
	case strings.Contains(t.amount, "."):
		fmt.Fprintf(&b, "%s minor units of %s", t.amount, t.currency)
	default:
		minor, err := strconv.ParseInt(t.amount, 10, 64)
		if err != nil {
			return "terms that Tollgate does not know"
		}
		b.WriteString(money.Amount{Minor: minor, Currency: t.currency}.Format())
	}
	switch {
	case t.divideBy == quantityEndless:
		fmt.Fprintf(&b, " for any %s", t.meter)
	case t.divideBy != 0:
		fmt.Fprintf(&b, " for %d %s", t.divideBy, t.meter)
	case t.meter != "":
		fmt.Fprintf(&b, " for %s", t.meter)
	}
	if t.interval == "" {
		return b.String() + ", once"
	}
	return b.String() + ", every " + t.interval
}

package plan_test

import (
	"testing"

	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

func TestPricesAreShownWithTheirAmounts(t *testing.T) {
	t.Parallel()
	tier := func(upTo int64, unit, flat string) plan.Tier {
		return plan.Tier{UpTo: quantity.Units(upTo) * quantity.One, UnitAmount: unitPrice(t, unit), FlatAmount: unitPrice(t, flat)}
	}
	for _, tt := range []struct {
		price      plan.Price
		unit, want string
	}{
		{plan.Price{Model: plan.Flat, Amount: 799, Every: plan.Month}, "", "$7.99 per month"},
		{plan.Price{Model: plan.Flat, Amount: 199}, "", "$1.99"},
		{plan.Price{Model: plan.PerUnit, UnitAmount: unitPrice(t, "2"), Every: plan.Month}, "request", "$0.02 per request"},
		{plan.Price{Model: plan.PerUnit, UnitAmount: unitPrice(t, "0.002"), Every: plan.Month}, "", "$0.00002 per unit"},
		{plan.Price{Model: plan.Package, UnitAmount: unitPrice(t, "500"), PackageSize: 1000 * quantity.One}, "request", "$5.00 per 1000 requests"},
		{plan.Price{Model: plan.Package, UnitAmount: unitPrice(t, "500"), PackageSize: 10 * quantity.One}, "GB", "$5.00 per 10 GB"},
		{plan.Price{Model: plan.Volume, Tiers: []plan.Tier{tier(10, "5", "0"), tier(0, "4.5", "100")}}, "page", "from $0.045 per page"},
		{plan.Price{Model: plan.Graduated, Tiers: []plan.Tier{tier(1000, "0", "0"), tier(0, "2", "0")}}, "request", "1000 requests free, then $0.02 per request"},
		{plan.Price{Model: plan.Graduated, Tiers: []plan.Tier{tier(1, "0", "0"), tier(9, "3", "0"), tier(0, "2", "0")}}, "request", "1 request free, then from $0.02 per request"},
		{plan.Price{Model: plan.Volume, Tiers: []plan.Tier{tier(1000, "0", "0"), tier(0, "2", "0")}}, "request", "from $0.02 per request"},
		{plan.Price{Model: plan.Graduated, Tiers: []plan.Tier{tier(10, "0", "900"), tier(0, "0", "500")}}, "request", "from $5.00"},
		{plan.Price{Model: plan.Graduated, Tiers: []plan.Tier{tier(0, "2", "0")}}, "request", "$0.02 per request"},
		{plan.Price{Model: plan.Graduated, Tiers: []plan.Tier{tier(0, "2", "100")}}, "request", "from $0.02 per request"},
		{plan.Price{Model: plan.Graduated, Tiers: []plan.Tier{tier(0, "0", "0")}}, "request", "$0.00 per request"},
	} {
		tt.price.Currency = "usd"
		if got := tt.price.Show(tt.unit); got != tt.want {
			t.Errorf("a %s price of %+v is shown as %q, want %q", tt.price.Model, tt.price, got, tt.want)
		}
	}
}

func unitPrice(t *testing.T, s string) money.UnitPrice {
	t.Helper()
	p, err := money.ParseUnitPrice(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

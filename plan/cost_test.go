package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

func minor(s string) money.UnitPrice {
	p, err := money.ParseUnitPrice(s)
	if err != nil {
		panic(err)
	}
	return p
}

func tier(upTo int64, unit, flat string) plan.Tier {
	return plan.Tier{UpTo: quantity.Whole(upTo), UnitAmount: minor(unit), FlatAmount: minor(flat)}
}

// fonts are the tiers of Stripe's own example, in cents.
func fonts() []plan.Tier {
	return []plan.Tier{tier(5, "700", "0"), tier(10, "650", "0"), tier(0, "600", "0")}
}

func flats() []plan.Tier {
	return []plan.Tier{tier(5, "500", "1000"), tier(10, "400", "2000"), tier(0, "0", "3000")}
}

func TestEachModelCostsWhatStripeDocuments(t *testing.T) {
	t.Parallel()
	flat := plan.Price{Model: plan.Flat, Every: plan.Month, Amount: 799}
	extra := plan.Price{Model: plan.Flat, Amount: 500}
	unit := plan.Price{Model: plan.PerUnit, UnitAmount: minor("0.002")}
	pack := plan.Price{Model: plan.Package, UnitAmount: minor("500"), PackageSize: quantity.Whole(100)}
	volume := plan.Price{Model: plan.Volume, Tiers: fonts()}
	graduated := plan.Price{Model: plan.Graduated, Tiers: fonts()}
	volumeFlat := plan.Price{Model: plan.Volume, Tiers: flats()}
	graduatedFlat := plan.Price{Model: plan.Graduated, Tiers: flats()}
	for name, c := range map[string]struct {
		price plan.Price
		q     string
		want  int64
	}{
		"a flat price costs the same for nothing":        {flat, "0", 799},
		"a flat price costs the same for much":           {flat, "1000000", 799},
		"a flat overage costs nothing for nothing":       {extra, "0", 0},
		"a flat overage costs all for a part":            {extra, "0.000001", 500},
		"a sub-cent unit is rounded at the end":          {unit, "1000", 2},
		"a sub-cent unit rounds halves up":               {unit, "250", 1},
		"a sub-cent unit rounds less than a half down":   {unit, "249", 0},
		"half a unit costs half":                         {unit, "500.5", 1},
		"no packages":                                    {pack, "0", 0},
		"the first unit pays for a package":              {pack, "1", 500},
		"a part of a unit pays for a package":            {pack, "0.5", 500},
		"a full package":                                 {pack, "100", 500},
		"a package and a part":                           {pack, "100.000001", 1000},
		"volume, 1 font":                                 {volume, "1", 700},
		"volume, 5 fonts":                                {volume, "5", 3500},
		"volume, 6 fonts":                                {volume, "6", 3900},
		"volume, 20 fonts":                               {volume, "20", 12000},
		"volume, 25 fonts":                               {volume, "25", 15000},
		"graduated, 1 font":                              {graduated, "1", 700},
		"graduated, 5 fonts":                             {graduated, "5", 3500},
		"graduated, 6 fonts":                             {graduated, "6", 4150},
		"graduated, 20 fonts":                            {graduated, "20", 12750},
		"graduated, 25 fonts":                            {graduated, "25", 15750},
		"graduated, half a font":                         {graduated, "5.5", 3825},
		"volume with flat amounts, nothing":              {volumeFlat, "0", 0},
		"volume with flat amounts, the first tier":       {volumeFlat, "5", 3500},
		"volume with flat amounts, the second":           {volumeFlat, "6", 4400},
		"volume with flat amounts, the last":             {volumeFlat, "11", 3000},
		"graduated with flat amounts, nothing":           {graduatedFlat, "0", 0},
		"graduated with flat amounts, the first tier":    {graduatedFlat, "5", 3500},
		"graduated with flat amounts, a bit of the next": {graduatedFlat, "5.000001", 5500},
		"graduated with flat amounts, the second":        {graduatedFlat, "10", 7500},
		"graduated with flat amounts, the last":          {graduatedFlat, "11", 10500},
		"a price without a model costs nothing":          {plan.Price{}, "5", 0},
	} {
		c.price.Currency = "usd"
		q, err := quantity.Parse(c.q)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.price.Cost(q)
		if err != nil || got != (money.Amount{Minor: c.want, Currency: "usd"}) {
			t.Errorf("%s: %s units cost %v, %v, want %d minor units", name, c.q, got, err, c.want)
		}
	}
}

func TestACostThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	p := plan.Price{Model: plan.PerUnit, UnitAmount: minor("999999999999"), Currency: "usd"}
	for name, q := range map[string]quantity.Units{"below zero": -1, "too large": quantity.Max} {
		if got, err := p.Cost(q); !fault.Has(err, fault.Invalid) {
			t.Errorf("%s: got %v, %v, want %s", name, got, err, fault.Invalid)
		}
	}
}

// A drawn price keeps its tiers as plain integers too: bounds in units, amounts in thousandths.
type drawn struct{ upTo, unit, flat []int64 }

func (d drawn) price(model plan.Model) plan.Price {
	p := plan.Price{Model: model, Currency: "usd"}
	for i := range d.upTo {
		p.Tiers = append(p.Tiers, tier(d.upTo[i], thousandths(d.unit[i]), thousandths(d.flat[i])))
	}
	return p
}

func thousandths(n int64) string { return fmt.Sprintf("%d.%03d", n/1000, n%1000) }

func tiers(t *rapid.T) drawn {
	bounds := rapid.SliceOfNDistinct(rapid.Int64Range(1, 60), 0, 4, rapid.ID).Draw(t, "bounds")
	slices.Sort(bounds)
	amounts := rapid.SliceOfN(rapid.Int64Range(0, 20_000), len(bounds)+1, len(bounds)+1)
	return drawn{upTo: append(bounds, 0), unit: amounts.Draw(t, "unit"), flat: amounts.Draw(t, "flat")}
}

// find returns the index of the tier that holds unit n, by looking at each.
func (d drawn) find(n int64) int {
	for i, upTo := range d.upTo {
		if upTo == 0 || n <= upTo {
			return i
		}
	}
	return -1
}

func rounded(thousandths int64) int64 { return (thousandths + 500) / 1000 }

func check(t *rapid.T, p plan.Price, q quantity.Units) int64 {
	got, err := p.Cost(q)
	if err != nil {
		t.Fatalf("%s units: %v", q, err)
	}
	return got.Minor
}

func TestGraduatedIsTheSumOfItsUnitsOneByOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, q := tiers(t), rapid.Int64Range(0, 100).Draw(t, "q")
		sum, reached := int64(0), -1
		for n := int64(1); n <= q; n++ {
			at := d.find(n)
			if at > reached {
				sum, reached = sum+d.flat[at], at
			}
			sum += d.unit[at]
		}
		if got := check(t, d.price(plan.Graduated), quantity.Whole(q)); got != rounded(sum) {
			t.Fatalf("%d units cost %d, want %d", q, got, rounded(sum))
		}
	})
}

func TestVolumePricesEveryUnitAtTheTierOfTheTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, q := tiers(t), rapid.Int64Range(0, 100).Draw(t, "q")
		sum := int64(0)
		for n := int64(1); n <= q; n++ {
			sum += d.unit[d.find(q)]
		}
		if q > 0 {
			sum += d.flat[d.find(q)]
		}
		if got := check(t, d.price(plan.Volume), quantity.Whole(q)); got != rounded(sum) {
			t.Fatalf("%d units cost %d, want %d", q, got, rounded(sum))
		}
	})
}

func TestPackagesAreCountedOneByOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 50).Draw(t, "size")
		each := rapid.Int64Range(0, 20_000).Draw(t, "each")
		q := quantity.Units(rapid.Int64Range(0, int64(100*quantity.One)).Draw(t, "q"))
		sum := int64(0)
		for held := quantity.Units(0); held < q; held += quantity.Whole(size) {
			sum += each
		}
		p := plan.Price{Model: plan.Package, Currency: "usd", PackageSize: quantity.Whole(size), UnitAmount: minor(thousandths(each))}
		if got := check(t, p, q); got != rounded(sum) {
			t.Fatalf("%s units in packages of %d cost %d, want %d", q, size, got, rounded(sum))
		}
	})
}

func TestMoreNeverCostsLessExceptByVolume(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		graduated := tiers(t).price(plan.Graduated)
		unit := plan.Price{Model: plan.PerUnit, Currency: "usd", UnitAmount: graduated.Tiers[0].UnitAmount}
		pack := plan.Price{Model: plan.Package, Currency: "usd", UnitAmount: unit.UnitAmount, PackageSize: quantity.Whole(7)}
		draw := rapid.Int64Range(0, int64(100*quantity.One))
		a, b := quantity.Units(draw.Draw(t, "a")), quantity.Units(draw.Draw(t, "b"))
		a, b = min(a, b), max(a, b)
		for _, p := range []plan.Price{graduated, unit, pack} {
			if less, more := check(t, p, a), check(t, p, b); less > more {
				t.Fatalf("%s: %s units cost %d and %s units only %d", p.Model, a, less, b, more)
			}
		}
	})
}

func TestOneEndlessTierIsPerUnit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		each := minor(thousandths(rapid.Int64Range(0, 20_000).Draw(t, "each")))
		q := quantity.Units(rapid.Int64Range(0, int64(1_000_000*quantity.One)).Draw(t, "q"))
		want := check(t, plan.Price{Model: plan.PerUnit, Currency: "usd", UnitAmount: each}, q)
		for _, model := range []plan.Model{plan.Graduated, plan.Volume} {
			p := plan.Price{Model: model, Currency: "usd", Tiers: []plan.Tier{{UnitAmount: each}}}
			if got := check(t, p, q); got != want {
				t.Fatalf("%s: %s units cost %d, want %d", model, q, got, want)
			}
		}
	})
}

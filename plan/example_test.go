package plan_test

import (
	"fmt"
	"os"

	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

// exports is a small catalog.
const exports = `
currency: usd
meters:
  exports: {aggregation: count}
plans:
  basic:
    default: true
    includes:
      exports: {limit: 100, every: month}
  pro:
    prices:
      pro_monthly: {amount: 1200, every: month}
    includes:
      exports:
        limit: 1000
        every: month
        soft: true
        overage:
          slug: exports_overage
          model: graduated
          tiers:
            - {upTo: 100, unitAmount: "5"}
            - {upTo: inf, unitAmount: "2.5"}
`

func ExampleParse() {
	_, err := plan.Parse("exports.yaml", []byte("plans:\n  basic:\n    default: true\n    trial: 2 weeks\n"))
	fmt.Println(err)
	// Output:
	// exports.yaml:4:12: plans.basic.trial: this is "2 weeks"; write whole days, from 1d to 730d
}

func ExampleCatalog_Payer() {
	c, err := plan.Parse("exports.yaml", []byte(exports))
	if err != nil {
		fmt.Println(err)
		return
	}
	balance, cost := c.Payer(c.DefaultPlan(), "exports")
	fmt.Println(balance, cost)
	// Output: exports 1
}

func ExamplePrice_Cost() {
	c, err := plan.Parse("exports.yaml", []byte(exports))
	if err != nil {
		fmt.Println(err)
		return
	}
	cost, err := c.Plans["pro"].Includes["exports"].Overage.Cost(quantity.Whole(141))
	fmt.Println(cost, err) // 100 × 5 + 41 × 2.5 = 602.5 cents
	// Output: $6.03 <nil>
}

func ExampleDiff() {
	c, err := plan.Parse("exports.yaml", []byte(exports))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := plan.Render(os.Stdout, plan.Diff(nil, c), false); err != nil {
		fmt.Println(err)
	}
	// Output:
	//   + catalog (currency: usd, timezone: UTC)
	//   + meters.exports (name: exports, aggregation: count, decimals: 0)
	//   + plans.basic (name: basic, default: true)
	//   + plans.basic.includes.exports (limit: 100, every: month)
	//   + plans.pro (name: pro)
	//   + plans.pro.includes.exports (limit: 1000, every: month, soft: true)
	//   + plans.pro.includes.exports.overage (slug: exports_overage, model: graduated, currency: usd, tiers: up to 100: 5 each; up to inf: 2.5 each)
	//   + plans.pro.prices.pro_monthly (model: flat, currency: usd, every: month, amount: $12.00)
	//
	// Plan: 8 to add, 0 to change, 0 to remove.
}

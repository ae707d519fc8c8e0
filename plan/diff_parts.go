package plan

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

// The kinds of parts, as Change.Kind has them.
const (
	kindCatalog   = "catalog"
	kindMeter     = "meter"
	kindCredits   = "credits"
	kindFeature   = "feature"
	kindPlan      = "plan"
	kindAllowance = "allowance"
	kindOverage   = "overage"
	kindValue     = "value"
	kindPrice     = "price"
	kindTopUp     = "top-up"
)

// parts takes a catalog apart, in the order Diff promises.
func parts(c *Catalog) []part {
	if c == nil {
		return nil
	}
	ps := []part{{kind: kindCatalog, fields: append([]field{
		{"currency", c.Currency}, {"timezone", c.Timezone}, {"upgradeUrl", c.UpgradeURL},
	}, policies(c.Refunds, c.Disputes, c.Access)...)}}
	for _, s := range keys(c.Meters) {
		m := c.Meters[s]
		ps = append(ps, part{kind: kindMeter, path: join("meters", string(s)), fields: []field{
			{"name", m.Name}, {"aggregation", string(m.Aggregation)}, {"unit", m.Unit},
			{"decimals", strconv.Itoa(m.Decimals)}, {"property", m.Property},
		}})
	}
	for _, s := range keys(c.Credits) {
		fields := append([]field{{"name", c.Credits[s].Name}}, quantities("costs", c.Credits[s].Costs)...)
		ps = append(ps, part{kind: kindCredits, path: join("credits", string(s)), fields: fields})
	}
	for _, s := range keys(c.Features) {
		f := c.Features[s]
		ps = append(ps, part{kind: kindFeature, path: join("features", string(s)), fields: []field{
			{"name", f.Name}, {"type", string(f.Type)},
		}})
	}
	for _, p := range c.PlansInOrder() {
		ps = append(ps, planParts(p)...)
	}
	for _, s := range keys(c.TopUps) {
		t := c.TopUps[s]
		fields := []field{{"name", t.Name}, {"amount", amount(t.Amount, t.Currency)}, {"expires", days(t.Expires)}}
		ps = append(ps, part{kind: kindTopUp, path: join("topUps", string(s)),
			fields: append(fields, quantities("grants", t.Grants)...)})
	}
	return ps
}

// policies lists what a catalog says of money that goes back, and of subscriptions that are not paid.
func policies(refunds, disputes Returns, access subscription.Policy) []field {
	fs := []field{{"refunds.spent", string(refunds.Spent)}, {"disputes.spent", string(disputes.Spent)}}
	for _, s := range access.Statuses() {
		rule, _ := access.Rule(s)
		path := join("access", string(s))
		fs = append(fs, field{path + ".grace", rule.Grace.String()}, field{path + ".then", string(rule.Then)})
	}
	return fs
}

func planParts(p Plan) []part {
	path := join("plans", string(p.Slug))
	ps := []part{{kind: kindPlan, path: path, fields: []field{
		{"name", p.Name}, {"description", p.Description}, {"default", strconv.FormatBool(p.Default)},
		{"guest", strconv.FormatBool(p.Guest)}, {"trial", days(p.TrialDays)},
	}}}
	for _, s := range keys(p.Includes) {
		a, at := p.Includes[s], join(join(path, "includes"), string(s))
		ps = append(ps, part{kind: kindAllowance, path: at, owner: path, fields: []field{
			{"limit", a.limit()}, {"every", string(a.Every)}, {"soft", strconv.FormatBool(a.Soft)},
			{"rollover", a.rollover()},
		}})
		if a.Overage != nil {
			fields := append([]field{{"slug", string(a.Overage.Slug)}}, a.Overage.fields()...)
			ps = append(ps, part{kind: kindOverage, path: join(at, "overage"), owner: path, fields: fields})
		}
	}
	for _, s := range keys(p.Features) {
		ps = append(ps, part{kind: kindValue, path: join(join(path, "features"), string(s)), owner: path,
			fields: []field{{"value", p.Features[s].String()}}})
	}
	for _, price := range p.Prices {
		ps = append(ps, part{kind: kindPrice, path: join(join(path, "prices"), string(price.Slug)), owner: path,
			fields: price.fields()})
	}
	return ps
}

func (a Allowance) limit() string {
	if a.Unlimited {
		return unlimited
	}
	return a.Limit.String()
}

func (a Allowance) rollover() string {
	if a.Rollover == nil {
		return ""
	}
	return a.Rollover.Max.String()
}

// fields lists what makes p the price it is: a change in any of them is a new price to Stripe.
func (p Price) fields() []field {
	fs := []field{{"model", string(p.Model)}, {"currency", p.Currency}, {"every", string(p.Every)},
		{"meter", string(p.Meter)}}
	switch p.Model {
	case Flat:
		return append(fs, field{"amount", amount(p.Amount, p.Currency)})
	case Package:
		return append(fs, field{"unitAmount", p.UnitAmount.String()}, field{"packageSize", p.PackageSize.String()})
	case PerUnit:
		return append(fs, field{"unitAmount", p.UnitAmount.String()})
	}
	tiers := make([]string, len(p.Tiers))
	for i, t := range p.Tiers {
		upTo := endless
		if t.UpTo > 0 {
			upTo = t.UpTo.String()
		}
		tiers[i] = fmt.Sprintf("up to %s: %s each", upTo, t.UnitAmount)
		if !t.FlatAmount.IsZero() {
			tiers[i] += fmt.Sprintf(" and %s flat", t.FlatAmount)
		}
	}
	return append(fs, field{"tiers", strings.Join(tiers, "; ")})
}

func quantities(name string, m map[id.Slug]quantity.Units) []field {
	var fs []field
	for _, s := range keys(m) {
		fs = append(fs, field{name + "." + string(s), m[s].String()})
	}
	return fs
}

func amount(minor int64, currency string) string {
	return money.Amount{Minor: minor, Currency: currency}.Format()
}

func days(d period.Days) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

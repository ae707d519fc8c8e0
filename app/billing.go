package app

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/plan"
)

// Billing is everything a front end shows of one customer, and what it can offer.
type Billing struct {
	Customer      Person                 `json:"customer" doc:"Who it is."`
	Plan          plan.Plan              `json:"plan" doc:"What the customer is on, as in the catalog."`
	Subscription  OwnSubscription        `json:"subscription" doc:"The current one."`
	Balances      []credit.Balance       `json:"balances" doc:"Every balance of the plan, and every other one used or granted."`
	Features      map[id.Slug]plan.Value `json:"features" doc:"Every feature of the catalog by slug; false when the plan does not include it."`
	Payments      []OwnPayment           `json:"payments" doc:"Newest first."`
	Plans         []plan.Plan            `json:"plans" doc:"What there is, in the catalog's order."`
	TopUps        []plan.TopUp           `json:"topUps" doc:"Lots of units that are sold once."`
	Prices        []tollgate.ShownPrice  `json:"prices" doc:"Every price and top-up, for display."`
	TrialDays     map[id.Slug]int        `json:"trialDays" doc:"The days of trial that buying a plan begins with for this customer, by the plan's slug; a plan that is not in it begins with none, as all do for who has subscribed before."`
	Names         Names                  `json:"names" doc:"What people call what the slugs name."`
	UpgradeURL    string                 `json:"upgradeUrl,omitempty" doc:"Where a customer can get more."`
	PaymentsReady bool                   `json:"paymentsReady" doc:"false: checkout answers payments_not_configured."`
}

// Names are what people call what slugs name, as in the catalog.
type Names struct {
	Balances map[id.Slug]string `json:"balances" doc:"The name of every meter and credits, by slug."`
	Features map[id.Slug]string `json:"features" doc:"The name of every feature, by slug."`
}

// A Person is what a page may know of its customer: not the metadata, which is the server's.
type Person struct {
	ExternalID id.Customer `json:"externalId"`
	Name       string      `json:"name,omitempty"`
	Email      string      `json:"email,omitempty"`
}

// billing is GET /billing.
func (s *server) billing(v *visit) (any, error) {
	if err := v.query(nil); err != nil {
		return nil, err
	}
	ctx := v.r.Context()
	c, err := s.engine.Customer(ctx, v.customer)
	if err != nil {
		return nil, err
	}
	catalog := s.engine.Catalog()
	out := Billing{
		Customer: Person{c.ExternalID, c.Name, c.Email}, Plan: catalog.Plans[c.Plan], Features: map[id.Slug]plan.Value{}, Payments: []OwnPayment{},
		Plans:      slices.SortedFunc(maps.Values(catalog.Plans), func(a, b plan.Plan) int { return cmp.Compare(a.Position, b.Position) }),
		TopUps:     []plan.TopUp{},
		Names:      Names{map[id.Slug]string{}, map[id.Slug]string{}},
		UpgradeURL: catalog.UpgradeURL, PaymentsReady: s.opts.Payments != nil && s.opts.Payments.Checkout != nil,
	}
	for slug, feature := range catalog.Features {
		out.Features[slug] = out.Plan.Features[slug]
		out.Names.Features[slug] = feature.Name
	}
	for slug, m := range catalog.Meters {
		out.Names.Balances[slug] = m.Name
	}
	for slug, pool := range catalog.Credits {
		out.Names.Balances[slug] = pool.Name
	}
	for _, slug := range slices.Sorted(maps.Keys(catalog.TopUps)) {
		out.TopUps = append(out.TopUps, catalog.TopUps[slug])
	}
	subscriptions, err := s.subscriptionsOf(ctx, c)
	if err != nil {
		return nil, err
	}
	out.Subscription = subscriptions[0]
	if out.Balances, err = balancesOf(ctx, s.engine, v.customer); err != nil {
		return nil, err
	}
	if out.Prices, err = s.engine.Prices(ctx); err != nil {
		return nil, err
	}
	if out.TrialDays, err = s.engine.TrialDays(ctx, v.customer); err != nil {
		return nil, err
	}
	if p := s.opts.Payments; p != nil && p.List != nil {
		if out.Payments, err = s.paymentsOf(ctx, v.customer); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// balancesOf returns a customer's balances as a page may see them: open holds name the server's transactions.
func balancesOf(ctx context.Context, e *tollgate.Engine, customer id.Customer) ([]credit.Balance, error) {
	all, err := e.Balances(ctx, customer)
	for i := range all {
		all[i].Holds = nil
	}
	return all, err
}

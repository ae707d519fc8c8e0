package tollgate

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

// A CheckRequest asks whether a customer may do something: use an amount of a meter, or a feature.
type CheckRequest struct {
	Customer id.Customer     `json:"customer"`
	Meter    id.Slug         `json:"meter,omitempty"`
	Amount   *quantity.Units `json:"amount,omitempty"` // 1 when nil
	Feature  id.Slug         `json:"feature,omitempty"`
}

// A Check is the answer. It promises nothing about the next moment: only Consume and Hold decide.
type Check struct {
	Allowed    bool            `json:"allowed"`
	Meter      id.Slug         `json:"meter,omitempty"`
	Balance    id.Slug         `json:"balance,omitempty"`   // that would pay
	Limit      *quantity.Units `json:"limit,omitempty"`     // of its window, in its units; left out when unlimited
	Available  *quantity.Units `json:"available,omitempty"` // in its units; null when unlimited
	Required   *quantity.Units `json:"required,omitempty"`
	Unlimited  bool            `json:"unlimited,omitempty"`
	ResetsAt   *time.Time      `json:"resetsAt,omitempty"`
	Feature    id.Slug         `json:"feature,omitempty"`
	Value      *plan.Value     `json:"value,omitempty"` // what the plan gives the feature
	Plan       id.Slug         `json:"plan"`
	UpgradeURL string          `json:"upgradeUrl,omitempty"` // when not allowed
	Suspended  bool            `json:"suspended,omitempty"`  // not allowed until something is paid: the subscription, or what the balance owes
}

// Check answers from the state of this moment and writes nothing. Faults: not_found for an unknown customer, meter or
// feature; invalid_request when neither or both of meter and feature are asked for.
func (e *Engine) Check(ctx context.Context, r CheckRequest) (Check, error) {
	b := e.book.Load()
	if (r.Meter == "") == (r.Feature == "") {
		return Check{}, fault.Field("meter", string(r.Meter), nil, "Ask for a meter with an amount, or for a feature.")
	}
	c, err := e.Customer(ctx, r.Customer)
	if err != nil {
		return Check{}, err
	}
	var out Check
	if r.Feature != "" {
		out, err = b.checkFeature(c.Plan, r.Feature)
	} else {
		out, err = e.checkMeter(ctx, b, c, r)
	}
	out.Plan = c.Plan
	if c.Plan == "" {
		out.Allowed, out.Suspended = false, true
	}
	if !out.Allowed {
		out.UpgradeURL = b.UpgradeURL
	}
	return out, err
}

func (b *book) checkFeature(planSlug, feature id.Slug) (Check, error) {
	if _, ok := b.Features[feature]; !ok {
		return Check{}, fault.New(fault.NotFound, "There is no feature %q in the catalog.", string(feature)).With("feature", string(feature))
	}
	out := Check{Feature: feature}
	if v, ok := b.plan(planSlug).Features[feature]; ok {
		out.Allowed, out.Value = v.On, &v
	}
	return out, nil
}

func (e *Engine) checkMeter(ctx context.Context, b *book, c Customer, r CheckRequest) (Check, error) {
	m, ok := b.Meters[r.Meter]
	if !ok {
		return Check{}, e.unknownMeter(meter.Usage{Customer: r.Customer, Meter: r.Meter})
	}
	amount := quantity.One
	if r.Amount != nil {
		amount = *r.Amount
	}
	if amount < 0 || amount > quantity.Max || amount.Decimals() > m.Decimals {
		return Check{}, fault.Field("amount", amount, m.Decimals, "amount must be a number from 0 to %s with at most %d decimals.", quantity.Max, m.Decimals)
	}
	slug, cost := b.payer(c.Plan, r.Meter)
	state, now, err := e.state(ctx, b, c, slug)
	if err != nil {
		return Check{}, err
	}
	receipt := state.Receipt(slug, now)
	out := Check{Meter: r.Meter, Balance: slug, Limit: receipt.Limit, Available: receipt.Available, Unlimited: receipt.Unlimited, ResetsAt: receipt.ResetsAt}
	required, ok := state.Price(m, amount, cost)
	if !ok {
		return Check{}, fault.Field("amount", amount, quantity.Max, "The amount is too large to be charged.")
	}
	out.Required = &required
	out.Suspended = state.Barred()
	out.Allowed = !out.Suspended && (state.Unlimited || state.Soft || required <= state.Available(now))
	return out, nil
}

// CheckFeature returns what the customer's plan gives a feature. Faults: feature_not_in_plan when the plan does not
// include it or has it switched off, with allowed (false), feature, plan and upgradeUrl; suspended when the customer's
// subscription gives no access; not_found.
func (e *Engine) CheckFeature(ctx context.Context, customer id.Customer, feature id.Slug) (plan.Value, error) {
	out, err := e.Check(ctx, CheckRequest{Customer: customer, Feature: feature})
	if err != nil {
		return plan.Value{}, err
	}
	if out.Suspended {
		return plan.Value{}, credit.NoAccess().With("feature", string(feature)).With("allowed", false)
	}
	if !out.Allowed {
		f := fault.New(fault.FeatureNotInPlan, "The plan %q does not include %q.", string(out.Plan), string(feature)).
			With("feature", string(feature)).With("plan", string(out.Plan)).With("allowed", false)
		if out.UpgradeURL != "" {
			f = f.With("upgradeUrl", out.UpgradeURL)
		}
		return plan.Value{}, f
	}
	return *out.Value, nil
}

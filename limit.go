package tollgate

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// A PlanLimit is what a plan gives of a meter or a credits pool.
type PlanLimit struct {
	Plan        id.Slug         `json:"plan"`
	Meter       id.Slug         `json:"meter"`    // the slug that was asked for
	Balance     id.Slug         `json:"balance"`  // what pays for it: itself, or a credits pool, in whose units the limit is
	Included    bool            `json:"included"` // false: the plan gives nothing of it
	Limit       *quantity.Units `json:"limit"`    // per window; null when unlimited
	IsUnlimited bool            `json:"isUnlimited"`
	Every       period.Every    `json:"every,omitempty"`   // how often it renews
	Soft        bool            `json:"soft,omitempty"`    // usage past it is accepted
	Cost        *quantity.Units `json:"cost,omitempty"`    // of the pool per unit of the meter, when a pool pays
	Overage     bool            `json:"overage,omitempty"` // usage past it is billed
}

// A CustomerLimit is what a customer's plan and limit adjustments give at this moment.
type CustomerLimit struct {
	PlanLimit
	Customer    id.Customer     `json:"customer"`
	OfPlan      *quantity.Units `json:"planLimit"`   // before adjustments; null when unlimited
	Adjustments []LimitAdjusted `json:"adjustments"` // those that move the limit now
	Since       *time.Time      `json:"since"`       // when the window began; null when it has no beginning
	ResetsAt    *time.Time      `json:"resetsAt"`    // when it ends; null when it never does
}

// LimitOfPlan returns what a plan gives of a meter or a credits pool. Faults: not_found for an unknown plan or slug.
func (e *Engine) LimitOfPlan(_ context.Context, planSlug, slug id.Slug) (PlanLimit, error) {
	b := e.book.Load()
	if _, ok := b.Plans[planSlug]; !ok {
		return PlanLimit{}, fault.New(fault.NotFound, "There is no plan %q in the catalog.", string(planSlug)).With("plan", string(planSlug))
	}
	if !b.IsBalance(slug) {
		return PlanLimit{}, e.unknownBalance(slug)
	}
	return b.limit(planSlug, slug), nil
}

func (b *book) limit(planSlug, slug id.Slug) PlanLimit {
	out := PlanLimit{Plan: planSlug, Meter: slug, Balance: b.paying(planSlug, slug)}
	if out.Balance != slug {
		_, cost := b.payer(planSlug, slug)
		out.Cost = &cost
	}
	a, ok := b.plan(planSlug).Includes[out.Balance]
	if out.Included = ok; !ok {
		var none quantity.Units
		out.Limit = &none
		return out
	}
	out.IsUnlimited, out.Every, out.Soft, out.Overage = a.Unlimited, a.Every, a.Soft, a.Overage != nil
	if !a.Unlimited {
		out.Limit = &a.Limit
	}
	return out
}

// LimitOf returns a customer's limit of a meter or a credits pool now, with the adjustments that move it. Faults:
// not_found.
func (e *Engine) LimitOf(ctx context.Context, customer id.Customer, slug id.Slug) (CustomerLimit, error) {
	b := e.book.Load()
	if !b.IsBalance(slug) {
		return CustomerLimit{}, e.unknownBalance(slug)
	}
	c, err := e.Customer(ctx, customer)
	if err != nil {
		return CustomerLimit{}, err
	}
	now := e.Now()
	out := CustomerLimit{PlanLimit: b.limit(c.Plan, slug), Customer: customer, Adjustments: []LimitAdjusted{}}
	out.OfPlan = out.Limit
	terms := e.terms(b, &c.row, out.Balance, now)
	if !terms.Unlimited {
		out.Limit = &terms.Limit
	}
	if !terms.Window.Start.IsZero() {
		out.Since = &terms.Window.Start
	}
	if !terms.Window.End.IsZero() {
		out.ResetsAt = &terms.Window.End
	}
	for _, a := range c.row.Adjustments {
		if a.Balance == out.Balance && a.Applies(terms.Window, now) {
			out.Adjustments = append(out.Adjustments, e.shownAdjustment(b, &c.row, a))
		}
	}
	return out, nil
}

// meterOf returns a meter of the catalog. Faults: not_found.
func (e *Engine) meterOf(slug id.Slug) (meter.Meter, error) {
	m, ok := e.book.Load().Meters[slug]
	if !ok {
		return m, fault.New(fault.NotFound, "There is no meter %q in the catalog.", string(slug)).With("meter", string(slug))
	}
	return m, nil
}

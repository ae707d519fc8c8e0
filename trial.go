package tollgate

import (
	"context"
	"slices"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/plan"
)

// TrialDays returns how many days of trial a checkout of each plan gives a customer, by the plan's slug. A plan that gives none
// is not in it, and none does for who has subscribed before. Faults: not_found.
func (e *Engine) TrialDays(ctx context.Context, name id.Customer) (map[id.Slug]int, error) {
	c, err := e.Customer(ctx, name)
	if err != nil {
		return nil, err
	}
	days := map[id.Slug]int{}
	b, err := e.db.BillingOf(ctx, c.key)
	if err != nil && !store.None(err) {
		return nil, outside("read billing", err)
	}
	if hasSubscribed(b) {
		return days, nil
	}
	sold := func(p plan.Price) bool { return p.Meter == "" }
	for slug, p := range e.book.Load().Plans {
		if n := e.seller.trialOf(p); n > 0 && slices.ContainsFunc(p.Prices, sold) {
			days[slug] = n
		}
	}
	return days, nil
}

// trialOf returns the days of trial that a plan begins with, for who may have one.
func (s *seller) trialOf(p plan.Plan) int {
	if s != nil && s.TrialDays != nil {
		return *s.TrialDays
	}
	return int(p.TrialDays)
}

// hasSubscribed reports whether a customer has, or had, a subscription: then it gets no trial.
func hasSubscribed(b store.Billing) bool { return len(b.Shown) > 0 }

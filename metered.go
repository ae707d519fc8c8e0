package tollgate

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/subscription"
)

// A usagePrice is a price at Stripe that bills a balance by use.
type usagePrice struct{ slug, balance id.Slug }

// usagePrices returns what bills a plan's usage beside a price of an interval: its metered prices, and what usage past an allowance
// costs. The first interval's overage has the catalog's slug, the other one's a suffix.
func usagePrices(p plan.Plan, every plan.Interval) []usagePrice {
	var out []usagePrice
	first := every
	for _, price := range p.Prices {
		if price.Meter == "" {
			first = price.Every
			break
		}
	}
	for _, price := range p.Prices {
		if price.Meter != "" && price.Every == every {
			out = append(out, usagePrice{price.Slug, price.Meter})
		}
	}
	for _, balance := range slices.Sorted(maps.Keys(p.Includes)) {
		if o := p.Includes[balance].Overage; o != nil {
			slug := o.Slug
			if every != first {
				slug += id.Slug("_" + string(every))
			}
			out = append(out, usagePrice{slug, balance})
		}
	}
	return out
}

// meteredOf returns the slugs of usagePrices.
func meteredOf(p plan.Plan, every plan.Interval) []id.Slug { return slugsOf(usagePrices(p, every)) }

func slugsOf(prices []usagePrice) []id.Slug {
	var slugs []id.Slug
	for _, u := range prices {
		slugs = append(slugs, u.slug)
	}
	return slugs
}

// planMetered says which metered items a change to a plan's price drops, and which prices it adds. Stripe bills what a dropped one
// has counted with a change that counts now, and never with one at the period's end. So then nothing is dropped, and nothing added
// that would bill the same usage twice: those follow when the plan does.
func planMetered(ch *stripe.Change, from subscription.Subscription, to []usagePrice, ids map[id.Slug]string) {
	items := from.Metered()
	if ch.Now {
		for _, i := range items {
			if !slices.ContainsFunc(to, func(u usagePrice) bool { return u.slug == i.Price }) {
				ch.Drop = append(ch.Drop, i.ID)
			}
		}
	}
	for _, u := range to {
		if !slices.ContainsFunc(items, func(i subscription.Item) bool { return i.Price == u.slug || !ch.Now && i.Meter == u.balance }) {
			ch.Add = append(ch.Add, ids[u.slug])
		}
	}
}

// moveMetered has the metered items of a subscription follow its plan: when a change at the period's end has come into force, for the
// renewal that billed the old plan's usage is paid; and when Stripe's portal or dashboard has changed the plan's price alone. It comes
// before the plan is in force here, so that nobody has told Stripe any usage of the new plan by then. It reports whether the
// subscription is another one now.
func (e *Engine) moveMetered(ctx context.Context, s *seller, c store.Customer, d subscription.Decision) (bool, error) {
	if d.Subscription == nil || d.Subscription.Licensed() == nil || d.Subscription.Plan() != d.Plan {
		return false, nil
	}
	p, known := e.book.Load().Plans[d.Plan]
	stale := d.Subscription.Stale(d.Plan)
	if !known || len(stale) == 0 && c.Plan == d.Plan {
		return false, nil
	}
	before, err := e.db.BillingOf(ctx, c.Key)
	if err != nil {
		return false, outside("read billing", err)
	}
	had, _ := liveOf(before, e.Now())
	changed := had.ID == d.Subscription.ID && c.Plan != d.Plan // one that begins has what it was sold with
	// Every reading looks anew at what there is, so a lost answer needs no key of its own.
	ch := stripe.Change{Subscription: d.Subscription.ID, Key: id.New("metered", c.Key)}
	for _, i := range stale {
		ch.Drop = append(ch.Drop, i.ID)
	}
	var add []id.Slug
	for _, u := range usagePrices(p, plan.Interval(d.Subscription.Licensed().Interval)) {
		has := func(i subscription.Item) bool { return i.Price == u.slug }
		replaces := func(i subscription.Item) bool { return i.Meter == u.balance }
		if !slices.ContainsFunc(d.Subscription.Items, has) && (changed || slices.ContainsFunc(stale, replaces)) {
			add = append(add, u.slug)
		}
	}
	if len(ch.Drop)+len(add) == 0 {
		return false, nil
	}
	ids, err := e.priceIDs(ctx, s, add...)
	if err == nil {
		for _, slug := range add {
			ch.Add = append(ch.Add, ids[slug])
		}
		// What is not counted by now is found by the items alone, which are about to go.
		if _, err = e.countPage(ctx, []store.Billing{before}); err == nil {
			_, err = s.stripe.Change(ctx, ch)
		}
	}
	if err != nil && !fault.Has(err, fault.Unavailable) { // what was paid for is given all the same
		e.log.Error("payments: the metered prices of a subscription are not those of its plan", "subscription", d.Subscription.ID, "plan", string(d.Plan), "error", err)
		return false, nil
	}
	return err == nil, err
}

// included returns what the plan that a reading found would bill a customer for what was used before it was in force: as much as the plan
// before gave, or billed.
func (e *Engine) included(ctx context.Context, c store.Customer, d subscription.Decision) ([]*bill, error) {
	to := e.found(c, d)
	if d.Subscription == nil || d.Paid.At.IsZero() || to.Plan == c.Plan {
		return nil, nil
	}
	p, bills := e.book.Load().plan(to.Plan), []*bill(nil)
	for _, item := range d.Subscription.Metered() {
		if slug, overage, ok := billedBy(p, item); ok {
			bills = append(bills, &bill{customer: &to, balance: item.Meter, slug: slug, terms: p.Includes[item.Meter], overage: overage, since: item.CreatedAt,
				period: store.PaidPeriod{Span: d.Paid.Span, Plan: to.Plan, Refunded: d.Paid.Refunded > 0}})
		}
	}
	return bills, e.countBills(ctx, bills)
}

// include writes down what a plan that comes into force does not bill.
func include(ctx context.Context, tx *store.Tx, bills []*bill, now time.Time) error {
	for _, b := range bills {
		if err := tx.IncludeReport(ctx, b.step(0, 0, now), func(number int64) string { return identifier(b.key(), number) }); err != nil {
			return err
		}
	}
	return nil
}

package stripe

import (
	"context"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/plan"
)

// A Wish is what Stripe is to sell and where it is to report.
type Wish struct {
	Catalog    *plan.Catalog
	WebhookURL string // gets Stripe's events; empty leaves webhook endpoints as they are
	ReturnURL  string // where the portal's link back leads to; empty leaves that as it is
}

// What a step does.
const (
	OpCreate  = "create"
	OpChange  = "change"
	OpArchive = "archive"
	OpKeep    = "keep" // nothing is done, although it might be expected; What says why
)

// The kinds of what a step is done to.
const (
	KindProduct = "product"
	KindPrice   = "price"
	KindMeter   = "meter"
	KindPortal  = "portal"
	KindWebhook = "webhook"
)

// A Step is one difference between a wish and what Stripe has.
type Step struct {
	Op   string  `json:"op"`           // OpCreate, OpChange, OpArchive or OpKeep
	Kind string  `json:"kind"`         // KindProduct and so on
	Slug id.Slug `json:"slug"`         // of a price its lookup key; empty for portal and webhook
	ID   string  `json:"id,omitempty"` // Stripe's; empty while Stripe has yet to choose it
	What string  `json:"what"`         // for people, in one line
}

// Changes are the steps from what Stripe has to a wish, in an order in which each may be the last one done: what a step
// needs was made before it, and nothing is archived before what takes its place can be sold.
type Changes struct {
	steps []step
	ids   map[string]string // of what Stripe has already, by ref
}

// A step is a Step with the request that does it.
type step struct {
	Step
	path string
	form form
	refs map[string]string // parameters whose values are ids that may not exist yet, by ref
	done func(state) bool  // whether another process has done it; nil when repeating it is harmless
}

// ref names an object before it has an id.
func ref(kind string, slug id.Slug) string { return kind + " " + string(slug) }

// Steps returns the steps for people, in their order; none when Stripe is as wished.
func (c *Changes) Steps() []Step {
	steps := make([]Step, len(c.steps))
	for i, s := range c.steps {
		steps[i] = s.Step
	}
	return steps
}

// Pending returns how many steps do something.
func (c *Changes) Pending() int {
	n := 0
	for _, s := range c.steps {
		if s.Op != OpKeep {
			n++
		}
	}
	return n
}

func (c *Changes) add(steps ...step) { c.steps = append(c.steps, steps...) }

// PlanCatalog compares what Stripe sells with a wish. It changes nothing. Of what Stripe has it touches what carries the
// metadata source=tollgate, meters whose event name begins with tollgate_, and a webhook endpoint at the wish's URL.
//
// A price belongs to its terms (product, currency, interval, meter, amounts): Stripe cannot change them
// (https://docs.stripe.com/products-prices/manage-prices#edit-price), so other terms are another price, which takes over
// the lookup key, and the old one is archived. Terms that were sold before are taken out of the archive again. Whoever
// pays an archived price goes on paying it.
//
// Faults: invalid_request when two prices of the catalog would share a lookup key; conflict when a meter at Stripe has
// the name and not the aggregation of ours; those of every call.
func (c *Client) PlanCatalog(ctx context.Context, w Wish) (*Changes, error) {
	want, err := wanted(w.Catalog)
	if err != nil {
		return nil, err
	}
	have, err := c.readShelf(ctx)
	if err != nil {
		return nil, err
	}
	out := &Changes{ids: map[string]string{}}
	have.compareProducts(want, out)
	if err := have.compareMeters(want, out); err != nil {
		return nil, err
	}
	past := have.comparePrices(want, out)
	have.comparePortal(w, want, out)
	out.add(past...)
	if err := c.retireMeters(ctx, have, want, out); err != nil {
		return nil, err
	}
	have.retireProducts(want, out)
	have.compareWebhooks(w, out)
	return out, nil
}

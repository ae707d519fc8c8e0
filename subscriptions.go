package tollgate

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

// Subscriptions returns the subscription of a customer that counts, as Stripe last said, and then any further ones that live: those are
// paid for and give nothing, so that CancelSubscription should end them. None for who never subscribed.
func (e *Engine) Subscriptions(ctx context.Context, name id.Customer) ([]subscription.Subscription, error) {
	c, err := e.Customer(ctx, name)
	if err != nil {
		return nil, err
	}
	none := []subscription.Subscription{}
	_, b, err := e.billing(ctx, c.ExternalID)
	if fault.Has(err, fault.NotFound) {
		return none, nil
	}
	if err != nil || len(b.Shown) == 0 {
		return none, err
	}
	s, err := unpack[subscription.Subscription](b.Shown)
	if err != nil {
		return none, err
	}
	beside, err := newest[subscription.Subscription](ctx, e, c.key, store.RecordBeside, PageMax)
	all := append(none, s)
	for _, one := range beside {
		if one.ID != s.ID { // which a reading since may have made the one that counts
			all = append(all, one)
		}
	}
	return all, err
}

// When says from when on a change counts.
type When string

// The times of a change.
const (
	Now         When = "now"        // at once: the difference is prorated to the second and paid
	AtPeriodEnd When = "period_end" // from the next renewal on; nothing is prorated
)

// A ChangeRequest moves a subscription to another price or quantity.
type ChangeRequest struct {
	Subscription string     `json:"-"`                  // Stripe's id, or the subscriptionId of its customer
	Price        id.Slug    `json:"price,omitempty"`    // as it is when empty
	Quantity     int64      `json:"quantity,omitempty"` // as it is when 0
	When         When       `json:"when,omitempty"`     // empty: a dearer one now, a cheaper one at the period's end
	At           *time.Time `json:"at,omitempty"`       // the preview's, so that the change costs what it said
}

// A ChangePreview says what a change costs, in money and in what the plan gives.
type ChangePreview struct {
	subscription.Quote
	When    When                        `json:"when"`
	Plan    id.Slug                     `json:"plan"`
	Credits map[id.Slug]AllowanceChange `json:"credits"` // by balance
}

// An AllowanceChange is what a plan gives of a balance now, and after a change. Nil is unlimited.
type AllowanceChange struct {
	Limit *quantity.Units `json:"limit"`
	After *quantity.Units `json:"after"`
}

// ChangeSubscription moves a subscription. A change now is paid at once; a card that does not pay leaves everything as it
// was. What the plan gives changes when it is paid. Faults: not_found, invalid_request, conflict for a subscription that
// has ended, payment_refused.
func (e *Engine) ChangeSubscription(ctx context.Context, r ChangeRequest) (subscription.Subscription, error) {
	p, err := e.planChange(ctx, r)
	if err != nil {
		return subscription.Subscription{}, err
	}
	if p.Now {
		e.flush(ctx, p.key)
	}
	before, err := e.db.BillingOf(ctx, p.key)
	if err != nil {
		return subscription.Subscription{}, outside("read billing", err)
	}
	p.Key = id.New("change", p.key)
	if _, err := p.seller.stripe.Change(ctx, p.Change); err != nil {
		return subscription.Subscription{}, err
	}
	if len(p.Drop) > 0 {
		if err := e.countRest(ctx, before); err != nil {
			e.log.Warn("payments: the usage of the moment of a change is not billed", "subscription", p.Subscription, "error", err)
		}
	}
	return e.after(ctx, p.Subscription, p.key)
}

// PreviewChange says what a change would cost and give, and changes nothing; of a change now it tells Stripe first what the customer has
// used, for that is billed with it. Its At, sent along with the change, makes it cost the same. Faults as of ChangeSubscription.
func (e *Engine) PreviewChange(ctx context.Context, r ChangeRequest) (ChangePreview, error) {
	p, err := e.planChange(ctx, r)
	if err != nil {
		return ChangePreview{}, err
	}
	c, err := e.db.CustomerByKey(ctx, p.key)
	if err != nil {
		return ChangePreview{}, outside("read customer", err)
	}
	if p.Now {
		e.flush(ctx, p.key) // the invoice of the change bills it, and so its preview
		if p.Date.IsZero() {
			p.Date = e.Now().Truncate(time.Second)
			if p.Date.Before(p.began) { // our clock is behind Stripe's, which takes no moment of an earlier period
				p.Date = p.began
			}
		}
	}
	q, err := p.seller.stripe.Preview(ctx, p.Change)
	if err != nil {
		return ChangePreview{}, err
	}
	out := ChangePreview{Quote: q, When: AtPeriodEnd, Plan: p.plan, Credits: map[id.Slug]AllowanceChange{}}
	if p.Now {
		out.When = Now
	}
	b := e.book.Load()
	given := func(p id.Slug, balance id.Slug) *quantity.Units {
		a := b.plan(p).Includes[balance]
		if a.Unlimited {
			return nil
		}
		return &a.Limit
	}
	for _, one := range []id.Slug{c.Plan, p.plan} {
		for balance := range b.plan(one).Includes {
			out.Credits[balance] = AllowanceChange{Limit: given(c.Plan, balance), After: given(p.plan, balance)}
		}
	}
	return out, nil
}

// A plannedChange is a change that was checked: what to ask Stripe for, and whose it is.
type plannedChange struct {
	stripe.Change
	seller *seller
	key    id.Key
	plan   id.Slug   // after it
	began  time.Time // when the period began that it falls into
}

// planChange checks a change.
func (e *Engine) planChange(ctx context.Context, r ChangeRequest) (plannedChange, error) {
	var none plannedChange
	s, now, key, err := e.live(ctx, r.Subscription)
	if err != nil {
		return none, err
	}
	item := now.Licensed()
	switch {
	case item == nil:
		return none, fault.New(fault.Conflict, "The subscription %s has no price that is paid in advance.", now.ID)
	case r.Price == "" && r.Quantity == 0:
		return none, fault.Field("price", "", nil, "Name what changes: price, quantity, or both.")
	case r.Quantity < 0 || r.Quantity > CheckoutQuantityMax:
		return none, fault.Field("quantity", r.Quantity, CheckoutQuantityMax, "quantity is a whole number from 1 to %d.", CheckoutQuantityMax)
	case r.When != "" && r.When != Now && r.When != AtPeriodEnd:
		return none, fault.Field("when", string(r.When), []When{Now, AtPeriodEnd}, "when is now or period_end; left out, a dearer price counts now and a cheaper one from the period's end on.")
	}
	ch := plannedChange{seller: s, key: key, plan: now.Plan(), began: now.PeriodStart,
		Change: stripe.Change{Subscription: now.ID, Item: item.ID, Quantity: r.Quantity}}
	dearer := r.Quantity > max(item.Quantity, 1)
	var metered []usagePrice
	var ids map[id.Slug]string
	if r.Price != "" {
		p, price, ok := priceOf(e.book.Load().Catalog, r.Price)
		if !ok {
			return none, fault.Field("price", string(r.Price), nil, "There is no price %q of a plan in the catalog.", string(r.Price))
		}
		metered = usagePrices(p, price.Every)
		if ids, err = e.priceIDs(ctx, s, append([]id.Slug{r.Price}, slugsOf(metered)...)...); err != nil {
			return none, err
		}
		ch.PriceID, ch.plan = ids[r.Price], p.Slug
		quantityAfter := r.Quantity
		if quantityAfter == 0 {
			quantityAfter = max(item.Quantity, 1)
		}
		if string(price.Every) != item.Interval {
			// Stripe begins a new period at once when the interval changes, whatever is asked for.
			if r.When == AtPeriodEnd {
				return none, fault.Field("when", string(r.When), Now, "A change from one interval to another counts at once: its difference is prorated. Send when as now, or leave it out.")
			}
			r.When = Now
			ch.EndAtPeriodEnd = !now.CancelAt.IsZero() && !now.CancelAt.After(now.PeriodEnd)
		}
		dearer = monthly(price.Amount*quantityAfter, price.Every) > monthly(item.Amount*max(item.Quantity, 1), plan.Interval(item.Interval))
	}
	ch.Now = r.When == Now || r.When == "" && dearer
	if r.Price != "" && r.Price != item.Price { // else nothing is paid for a plan, and the one in force stays
		planMetered(&ch.Change, now, metered, ids)
	}
	if r.At != nil {
		ch.Date = r.At.UTC()
	}
	return ch, nil
}

// monthly compares amounts of different intervals: twelve times an amount per month.
func monthly(amount int64, every plan.Interval) int64 {
	const months = 12
	return amount * months / int64(every.Months())
}

// live returns a subscription that has not ended, as Stripe has it, and whose it is.
func (e *Engine) live(ctx context.Context, subscriptionID string) (*seller, subscription.Subscription, id.Key, error) {
	s, err := e.sells()
	if err != nil {
		return nil, subscription.Subscription{}, 0, err
	}
	stripeID, err := e.atStripe(ctx, subscriptionID)
	if err != nil {
		return nil, subscription.Subscription{}, 0, err
	}
	now, customer, err := s.stripe.Subscription(ctx, stripeID)
	if err != nil {
		return nil, now, 0, err
	}
	key, err := e.keyAt(ctx, customer)
	if err != nil {
		return nil, now, 0, fault.New(fault.NotFound, "There is no subscription %q of a customer here.", subscriptionID).With("subscription", subscriptionID).Because(err)
	}
	if now.Status.Over() {
		return nil, now, 0, fault.New(fault.Conflict, "The subscription %s has ended: begin a new one with POST /v1/checkout-sessions.", subscriptionID).
			With("subscription", subscriptionID).With("status", string(now.Status))
	}
	return s, now, key, nil
}

// atStripe returns Stripe's id of a subscription that is named by it, or by the subscriptionId that its customer shows.
func (e *Engine) atStripe(ctx context.Context, subscriptionID string) (string, error) {
	key, ours := id.KeyOf("sub", subscriptionID)
	if !ours {
		return subscriptionID, nil
	}
	none := fault.New(fault.NotFound, "The subscription %q is not one that is paid through Stripe now: GET /v1/customers/{externalId}/subscriptions lists those that are.", subscriptionID).With("subscription", subscriptionID)
	c, err := e.customerByKey(ctx, key, none)
	if err != nil {
		return "", err
	}
	b, err := e.db.BillingOf(ctx, key)
	switch {
	case store.None(err), err == nil && (len(b.Shown) == 0 || c.Subscription != subscriptionID):
		return "", none
	case err != nil:
		return "", outside("read billing", err)
	}
	shown, err := unpack[subscription.Subscription](b.Shown)
	return shown.ID, err
}

// after makes a change true here and returns the subscription after it.
func (e *Engine) after(ctx context.Context, subscriptionID string, key id.Key) (subscription.Subscription, error) {
	if err := e.sync(ctx, key); err != nil {
		return subscription.Subscription{}, err
	}
	s, _, err := e.seller.stripe.Subscription(ctx, subscriptionID)
	return s, err
}

// CancelSubscription ends a subscription at the end of its period, or now.
func (e *Engine) CancelSubscription(ctx context.Context, subscriptionID string, when When) (subscription.Subscription, error) {
	if when == "" {
		when = AtPeriodEnd
	}
	if when != Now && when != AtPeriodEnd {
		return subscription.Subscription{}, fault.Field("when", string(when), []When{Now, AtPeriodEnd}, "when is now or period_end.")
	}
	return e.act(ctx, subscriptionID, func(s *seller, now subscription.Subscription, key id.Key) error {
		var err error
		if when == Now {
			e.flush(ctx, key) // the last invoice is made of what Stripe knows by now
			_, err = s.stripe.Cancel(ctx, now.ID)
		} else {
			_, err = s.stripe.CancelAtPeriodEnd(ctx, now.ID, true)
		}
		return err
	})
}

// ResumeSubscription takes back what was planned or stopped: a cancellation at the period's end, a pause of payments, or
// the pause that a trial without a card has led to.
func (e *Engine) ResumeSubscription(ctx context.Context, subscriptionID string) (subscription.Subscription, error) {
	return e.act(ctx, subscriptionID, func(s *seller, now subscription.Subscription, _ id.Key) error {
		var err error
		switch {
		case now.Status == subscription.Paused:
			_, err = s.stripe.Resume(ctx, now.ID)
		case !now.CancelAt.IsZero():
			_, err = s.stripe.CancelAtPeriodEnd(ctx, now.ID, false)
		case now.PausedPayments:
			_, err = s.stripe.PausePayments(ctx, now.ID, false)
		}
		return err
	})
}

// PauseSubscription stops payments: renewals are not billed, and give nothing, until it is resumed.
func (e *Engine) PauseSubscription(ctx context.Context, subscriptionID string) (subscription.Subscription, error) {
	return e.act(ctx, subscriptionID, func(s *seller, now subscription.Subscription, _ id.Key) error {
		_, err := s.stripe.PausePayments(ctx, now.ID, true)
		return err
	})
}

func (e *Engine) act(ctx context.Context, subscriptionID string, do func(*seller, subscription.Subscription, id.Key) error) (subscription.Subscription, error) {
	s, now, key, err := e.live(ctx, subscriptionID)
	if err != nil {
		return now, err
	}
	if err := do(s, now, key); err != nil {
		return now, err
	}
	return e.after(ctx, now.ID, key)
}

// UpcomingInvoice says what a subscription's next renewal will cost.
func (e *Engine) UpcomingInvoice(ctx context.Context, subscriptionID string) (subscription.Quote, error) {
	s, now, _, err := e.live(ctx, subscriptionID)
	if err != nil {
		return subscription.Quote{}, err
	}
	return s.stripe.Upcoming(ctx, now.ID)
}

package stripe

import (
	"context"
	"time"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/subscription"
)

// A Change moves a subscription to another price or quantity.
type Change struct {
	Subscription string
	Item         string // the licensed item; empty leaves it as it is
	PriceID      string // empty leaves it
	Quantity     int64  // 0 leaves it
	Now          bool   // prorated and billed at once; else from the next period on, without proration
	Date         time.Time
	Drop, Add    []string // metered: items to drop, and prices to add
	Key          string

	// EndAtPeriodEnd has a subscription that is to end do so when the period ends that the change begins. The portal plans an end for a
	// moment, which would stay where it was: early in the year that is paid for now.
	EndAtPeriodEnd bool
}

// proration says what becomes of the usage of a metered item that is dropped, too: billed at once, on the next invoice, or never
// (https://docs.stripe.com/billing/subscriptions/usage-based/manage-billing-setup).
func (ch Change) proration() string {
	switch {
	case ch.Now:
		return "always_invoice"
	case len(ch.Drop) > 0:
		return "create_prorations"
	}
	return "none"
}

// Change does it, and returns the subscription after it.
func (c *Client) Change(ctx context.Context, ch Change) (subscription.Subscription, error) {
	params := &stripe.SubscriptionUpdateParams{ProrationBehavior: stripe.String(ch.proration())}
	if ch.Item != "" {
		item := &stripe.SubscriptionUpdateItemParams{ID: &ch.Item}
		if ch.PriceID != "" {
			item.Price = &ch.PriceID
		}
		if ch.Quantity > 0 {
			item.Quantity = &ch.Quantity
		}
		params.Items = append(params.Items, item)
	}
	for _, drop := range ch.Drop {
		params.Items = append(params.Items, &stripe.SubscriptionUpdateItemParams{ID: stripe.String(drop), Deleted: stripe.Bool(true)})
	}
	for _, add := range ch.Add {
		params.Items = append(params.Items, &stripe.SubscriptionUpdateItemParams{Price: stripe.String(add)})
	}
	if ch.EndAtPeriodEnd {
		params.CancelAtPeriodEnd = stripe.Bool(true)
	}
	if ch.Now {
		// A card that does not pay must leave the old plan in force.
		params.PaymentBehavior = stripe.String("error_if_incomplete")
		if !ch.Date.IsZero() {
			params.ProrationDate = stripe.Int64(ch.Date.Unix())
		}
	}
	params.SetIdempotencyKey(ch.Key)
	return c.update(ctx, ch.Subscription, "change subscription", params)
}

func (c *Client) update(ctx context.Context, id, what string, params *stripe.SubscriptionUpdateParams) (subscription.Subscription, error) {
	s, err := call(ctx, c, what, func(ctx context.Context) (*stripe.Subscription, error) {
		return c.api.V1Subscriptions.Update(ctx, id, params)
	})
	if err != nil {
		return subscription.Subscription{}, err
	}
	return subscriptionOf(s), nil
}

// Preview returns what a change would cost: now, or at the next renewal.
func (c *Client) Preview(ctx context.Context, ch Change) (subscription.Quote, error) {
	details := &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{ProrationBehavior: stripe.String(ch.proration())}
	item := &stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{ID: &ch.Item}
	if ch.PriceID != "" {
		item.Price = &ch.PriceID
	}
	if ch.Quantity > 0 {
		item.Quantity = &ch.Quantity
	}
	details.Items = []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{item}
	for _, drop := range ch.Drop {
		details.Items = append(details.Items, &stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{ID: stripe.String(drop), Deleted: stripe.Bool(true)})
	}
	for _, add := range ch.Add {
		details.Items = append(details.Items, &stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{Price: stripe.String(add)})
	}
	if ch.EndAtPeriodEnd {
		details.CancelAtPeriodEnd = stripe.Bool(true)
	}
	if ch.Now && !ch.Date.IsZero() {
		details.ProrationDate = stripe.Int64(ch.Date.Unix())
	}
	return c.preview(ctx, &stripe.InvoiceCreatePreviewParams{Subscription: &ch.Subscription, SubscriptionDetails: details}, ch.Date)
}

// Upcoming returns what the next renewal will cost.
func (c *Client) Upcoming(ctx context.Context, subscriptionID string) (subscription.Quote, error) {
	return c.preview(ctx, &stripe.InvoiceCreatePreviewParams{Subscription: &subscriptionID}, time.Time{})
}

func (c *Client) preview(ctx context.Context, params *stripe.InvoiceCreatePreviewParams, at time.Time) (subscription.Quote, error) {
	i, err := call(ctx, c, "preview invoice", func(ctx context.Context) (*stripe.Invoice, error) { return c.api.V1Invoices.CreatePreview(ctx, params) })
	if err != nil {
		return subscription.Quote{}, err
	}
	return subscription.Quote{Total: i.Total, AmountDue: i.AmountDue, Currency: string(i.Currency), Lines: invoiceOf(i).Lines, At: at}, nil
}

// CancelAtPeriodEnd plans the end of a subscription, or takes it back.
func (c *Client) CancelAtPeriodEnd(ctx context.Context, id string, end bool) (subscription.Subscription, error) {
	params := &stripe.SubscriptionUpdateParams{CancelAtPeriodEnd: &end}
	if !end { // the portal sets cancel_at and leaves the boolean
		params = &stripe.SubscriptionUpdateParams{}
		params.AddUnsetField(stripe.SubscriptionUpdateParamsUnsetFieldCancelAt)
	}
	return c.update(ctx, id, "plan the end of a subscription", params)
}

// Cancel ends a subscription now.
func (c *Client) Cancel(ctx context.Context, id string) (subscription.Subscription, error) {
	s, err := call(ctx, c, "cancel subscription", func(ctx context.Context) (*stripe.Subscription, error) {
		s, err := c.api.V1Subscriptions.Cancel(ctx, id, &stripe.SubscriptionCancelParams{InvoiceNow: stripe.Bool(true)})
		if missing(err) { // it has ended, perhaps by the first attempt of this call
			return c.api.V1Subscriptions.Retrieve(ctx, id, nil)
		}
		return s, err
	})
	if err != nil {
		return subscription.Subscription{}, err
	}
	return subscriptionOf(s), nil
}

// PausePayments stops collecting a subscription's invoices, or goes on with it.
func (c *Client) PausePayments(ctx context.Context, id string, pause bool) (subscription.Subscription, error) {
	params := &stripe.SubscriptionUpdateParams{}
	if pause {
		params.PauseCollection = &stripe.SubscriptionUpdatePauseCollectionParams{Behavior: stripe.String("void")}
	} else {
		params.AddUnsetField(stripe.SubscriptionUpdateParamsUnsetFieldPauseCollection)
	}
	return c.update(ctx, id, "pause payments", params)
}

// Resume makes a paused subscription active again, and bills it.
func (c *Client) Resume(ctx context.Context, id string) (subscription.Subscription, error) {
	s, err := call(ctx, c, "resume subscription", func(ctx context.Context) (*stripe.Subscription, error) {
		return c.api.V1Subscriptions.Resume(ctx, id, &stripe.SubscriptionResumeParams{BillingCycleAnchor: stripe.String("now")})
	})
	if err != nil {
		return subscription.Subscription{}, err
	}
	return subscriptionOf(s), nil
}

// Subscribe makes a subscription without a checkout: with a trial, or for a customer whose card is on file.
func (c *Client) Subscribe(ctx context.Context, customer string, prices []string, quantity, trialDays int64, meta map[string]string, key string) (subscription.Subscription, error) {
	params := &stripe.SubscriptionCreateParams{Customer: &customer, Metadata: meta,
		TrialSettings: &stripe.SubscriptionCreateTrialSettingsParams{EndBehavior: &stripe.SubscriptionCreateTrialSettingsEndBehaviorParams{MissingPaymentMethod: stripe.String("pause")}}}
	for n, p := range prices {
		item := &stripe.SubscriptionCreateItemParams{Price: stripe.String(p)}
		if n == 0 {
			item.Quantity = &quantity
		}
		params.Items = append(params.Items, item)
	}
	if trialDays > 0 {
		params.TrialPeriodDays = &trialDays
	}
	params.SetIdempotencyKey(key)
	s, err := call(ctx, c, "create subscription", func(ctx context.Context) (*stripe.Subscription, error) {
		return c.api.V1Subscriptions.Create(ctx, params)
	})
	if err != nil {
		return subscription.Subscription{}, err
	}
	return subscriptionOf(s), nil
}

// SubscribePaid makes a subscription that is paid at once with a way to pay that the customer has left. One that is not paid is
// not made.
func (c *Client) SubscribePaid(ctx context.Context, o Checkout, method string) (subscription.Subscription, error) {
	params := &stripe.SubscriptionCreateParams{Customer: &o.Customer, DefaultPaymentMethod: &method, PaymentBehavior: stripe.String("error_if_incomplete"),
		Metadata: map[string]string{metaSource: source, metaCustomer: string(o.ExternalID)},
		Items:    []*stripe.SubscriptionCreateItemParams{{Price: &o.PriceID, Quantity: &o.Quantity}}}
	for _, p := range o.Metered {
		params.Items = append(params.Items, &stripe.SubscriptionCreateItemParams{Price: stripe.String(p)})
	}
	params.SetIdempotencyKey(o.Key)
	s, err := call(ctx, c, "create subscription", func(ctx context.Context) (*stripe.Subscription, error) {
		return c.api.V1Subscriptions.Create(ctx, params)
	})
	if err != nil {
		return subscription.Subscription{}, err
	}
	return subscriptionOf(s), nil
}

// Subscription reads a subscription and the customer it belongs to. Fault: not_found.
func (c *Client) Subscription(ctx context.Context, subscriptionID string) (s subscription.Subscription, customer string, err error) {
	found, err := call(ctx, c, "read subscription", func(ctx context.Context) (*stripe.Subscription, error) {
		s, err := c.api.V1Subscriptions.Retrieve(ctx, subscriptionID, nil)
		if missing(err) {
			return nil, nil
		}
		return s, err
	})
	if err != nil {
		return subscription.Subscription{}, "", err
	}
	if found == nil || found.Customer == nil {
		return subscription.Subscription{}, "", fault.New(fault.NotFound, "There is no subscription %q at Stripe.", subscriptionID).With("subscription", subscriptionID)
	}
	if err := c.allItems(ctx, found); err != nil {
		return subscription.Subscription{}, "", err
	}
	return subscriptionOf(found), found.Customer.ID, nil
}

package app

import (
	"context"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/plan"
)

// Payments are the ways to pay. The routes check what they are given before they call one; a way that is nil answers
// payments_not_configured.
type Payments struct {
	// Checkout begins to buy and returns the page where it goes on.
	Checkout func(context.Context, Purchase) (Redirect, error)
	// Portal returns the page where a customer manages how it pays.
	Portal func(ctx context.Context, customer id.Customer, returnURL string) (Redirect, error)
	// Subscriptions returns a customer's subscriptions, the current one first. Never empty: the default plan is one.
	Subscriptions func(ctx context.Context, customer id.Customer) ([]OwnSubscription, error)
	// Change moves a subscription to another price.
	Change func(ctx context.Context, subscription string, to Purchase) (OwnSubscription, error)
	// Cancel ends a subscription with its period.
	Cancel func(ctx context.Context, customer id.Customer, subscription string) (OwnSubscription, error)
	// List returns a customer's payments, newest first.
	List func(ctx context.Context, customer id.Customer) ([]OwnPayment, error)
}

// A Purchase is what a customer wants to buy: a price of the catalog, or one that only Stripe knows.
type Purchase struct {
	Customer    id.Customer
	Price       id.Slug       // of a plan's price or a top-up; empty with StripePrice
	Plan        id.Slug       // that the price buys; empty for top-ups and StripePrice
	TopUp       id.Slug       // likewise
	Every       plan.Interval // empty for what is paid once, and where StripePrice decides
	StripePrice string        // price_…, as the page sent it
	Quantity    int64         // 1 to QuantityMax
	SuccessURL  string        // where to return to; empty for the server's own choice
	CancelURL   string
}

// QuantityMax is how many of one thing a checkout buys at most.
const QuantityMax = 1000

// A Redirect is a page to go to.
type Redirect struct {
	URL string `json:"url" doc:"The page to go to."`
}

// An OwnSubscription is a customer's subscription as its page may see it.
type OwnSubscription struct {
	ID                string      `json:"id"`
	Plan              id.Slug     `json:"plan" doc:"The slug of its plan."`
	Price             id.Slug     `json:"price,omitempty" doc:"The slug of its price; left out where nothing is paid."`
	Status            string      `json:"status" doc:"The state, in Stripe's words."`
	Period            period.Span `json:"period"`
	Since             time.Time   `json:"since" doc:"When it began."`
	CancelAtPeriodEnd bool        `json:"cancelAtPeriodEnd" doc:"It ends with its period."`
}

// An OwnPayment is one payment of a customer.
type OwnPayment struct {
	ID          string    `json:"id"`
	Amount      int64     `json:"amount" doc:"In minor units: 799 is $7.99."`
	Currency    string    `json:"currency"`
	Status      string    `json:"status" doc:"succeeded, failed, pending or refunded."`
	Description string    `json:"description,omitempty" doc:"What was paid, for people."`
	InvoiceURL  string    `json:"invoiceUrl,omitempty" doc:"The invoice, as a page."`
	ReceiptURL  string    `json:"receiptUrl,omitempty" doc:"The receipt, as a page."`
	CreatedAt   time.Time `json:"createdAt"`
}

func notConfigured() error {
	return fault.New(fault.PaymentsNotConfigured, "This server cannot take payments yet. Everything else works.")
}

// subscriptionsOf returns a customer's subscriptions, the current one first.
func (s *server) subscriptionsOf(ctx context.Context, c tollgate.Customer) ([]OwnSubscription, error) {
	if p := s.opts.Payments; p != nil && p.Subscriptions != nil {
		all, err := p.Subscriptions(ctx, c.ExternalID)
		if err != nil || len(all) > 0 {
			return all, err
		}
	}
	return []OwnSubscription{{ID: c.Subscription, Plan: c.Plan, Status: c.Status, Period: c.Period, Since: c.Since}}, nil
}

// A list is an answer with several things.
type list[T any] struct {
	Data []T `json:"data"`
}

// subscriptions is GET /subscriptions.
func (s *server) subscriptions(v *visit) (any, error) {
	if err := v.query(nil); err != nil {
		return nil, err
	}
	c, err := s.engine.Customer(v.r.Context(), v.customer)
	if err != nil {
		return nil, err
	}
	all, err := s.subscriptionsOf(v.r.Context(), c)
	return list[OwnSubscription]{all}, err
}

// own returns the id in the path when it names a subscription of the caller. Those of others are not there.
func (s *server) own(v *visit) (string, error) {
	asked := v.r.PathValue("id")
	c, err := s.engine.Customer(v.r.Context(), v.customer)
	if err != nil {
		return "", err
	}
	all, err := s.subscriptionsOf(v.r.Context(), c)
	for _, subscription := range all {
		if subscription.ID == asked {
			return asked, nil
		}
	}
	if err != nil {
		return "", err
	}
	return "", fault.New(fault.NotFound, "You have no subscription %q.", asked).With("subscription", asked)
}

// cancel is DELETE /subscriptions/{id}: at the end of the period.
func (s *server) cancel(v *visit) (any, error) {
	if err := v.query(nil); err != nil {
		return nil, err
	}
	subscription, err := s.own(v)
	if err != nil {
		return nil, err
	}
	if p := s.opts.Payments; p != nil && p.Cancel != nil {
		return p.Cancel(v.r.Context(), v.customer, subscription)
	}
	return nil, notConfigured()
}

// change is POST /subscriptions/{id}/change.
func (s *server) change(v *visit) (any, error) {
	var asked wanted
	if err := v.decode(asked.fields()); err != nil {
		return nil, err
	}
	subscription, err := s.own(v)
	if err != nil {
		return nil, err
	}
	to, err := s.purchase(v, asked)
	if err != nil {
		return nil, err
	}
	if to.TopUp != "" {
		return nil, fault.Field("priceSlug", string(to.Price), nil, "%s is a top-up: a subscription cannot move to it. Buy it with POST %s/create-checkout.", to.Price, s.opts.prefix())
	}
	if p := s.opts.Payments; p != nil && p.Change != nil {
		return p.Change(v.r.Context(), subscription, to)
	}
	return nil, notConfigured()
}

// checkout is POST /create-checkout.
func (s *server) checkout(v *visit) (any, error) {
	var asked wanted
	into := asked.fields()
	into["successUrl"], into["cancelUrl"], into["quantity"] = &asked.SuccessURL, &asked.CancelURL, &asked.Quantity
	if err := v.decode(into); err != nil {
		return nil, err
	}
	purchase, err := s.purchase(v, asked)
	if err != nil {
		return nil, err
	}
	if p := s.opts.Payments; p != nil && p.Checkout != nil {
		return p.Checkout(v.r.Context(), purchase)
	}
	return nil, notConfigured()
}

// payments is GET /payments.
func (s *server) payments(v *visit) (any, error) {
	if err := v.query(nil); err != nil {
		return nil, err
	}
	if p := s.opts.Payments; p == nil || p.List == nil {
		return nil, notConfigured()
	}
	all, err := s.paymentsOf(v.r.Context(), v.customer)
	return list[OwnPayment]{all}, err
}

// paymentsOf returns a customer's payments, never nil.
func (s *server) paymentsOf(ctx context.Context, customer id.Customer) ([]OwnPayment, error) {
	all, err := s.opts.Payments.List(ctx, customer)
	if all == nil {
		all = []OwnPayment{}
	}
	return all, err
}

// portal is POST /payments/stripe/portal, and POST /portal.
func (s *server) portal(v *visit) (any, error) {
	var returnURL string
	if v.r.ContentLength != 0 {
		if err := v.decode(fields{"returnUrl": &returnURL}); err != nil {
			return nil, err
		}
	}
	if err := s.checkReturn(v.r, "returnUrl", returnURL); err != nil {
		return nil, err
	}
	if p := s.opts.Payments; p != nil && p.Portal != nil {
		return p.Portal(v.r.Context(), v.customer, returnURL)
	}
	return nil, notConfigured()
}

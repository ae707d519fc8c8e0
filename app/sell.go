package app

import (
	"context"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/subscription"
)

// Sell returns the ways to pay of an Engine that sells through Stripe, and nil of one that does not.
func Sell(e *tollgate.Engine) *Payments {
	if !e.Sells() {
		return nil
	}
	return &Payments{
		Checkout: func(ctx context.Context, p Purchase) (Redirect, error) {
			r, err := request(ctx, e, p)
			if err != nil {
				return Redirect{}, err
			}
			session, err := e.Checkout(ctx, r)
			return Redirect{URL: session.URL}, err
		},
		Portal: func(ctx context.Context, customer id.Customer, returnURL string) (Redirect, error) {
			session, err := e.Portal(ctx, tollgate.PortalRequest{Customer: customer, ReturnURL: returnURL})
			return Redirect{URL: session.URL}, err
		},
		Subscriptions: func(ctx context.Context, customer id.Customer) ([]OwnSubscription, error) {
			all, err := e.Subscriptions(ctx, customer)
			shown := make([]OwnSubscription, 0, len(all))
			for _, s := range all {
				if !s.Status.Over() {
					shown = append(shown, shownSubscription(s))
				}
			}
			return shown, err
		},
		Change: func(ctx context.Context, current string, to Purchase) (OwnSubscription, error) {
			r, err := request(ctx, e, to)
			if err != nil {
				return OwnSubscription{}, err
			}
			s, err := e.ChangeSubscription(ctx, tollgate.ChangeRequest{Subscription: current, Price: r.Price, Quantity: r.Quantity})
			return shownSubscription(s), err
		},
		Cancel: func(ctx context.Context, _ id.Customer, current string) (OwnSubscription, error) {
			s, err := e.CancelSubscription(ctx, current, tollgate.AtPeriodEnd)
			return shownSubscription(s), err
		},
		List: func(ctx context.Context, customer id.Customer) ([]OwnPayment, error) {
			page, err := e.PaymentsOf(ctx, customer, "", 0)
			shown := make([]OwnPayment, 0, len(page.Data))
			for _, p := range page.Data {
				shown = append(shown, shownPayment(e.Catalog(), p))
			}
			return shown, err
		},
	}
}

// request turns a purchase into what the Engine sells: a price that only Stripe's id names is looked up.
func request(ctx context.Context, e *tollgate.Engine, p Purchase) (tollgate.CheckoutRequest, error) {
	r := tollgate.CheckoutRequest{Customer: p.Customer, Price: p.Price, Quantity: p.Quantity, SuccessURL: p.SuccessURL, CancelURL: p.CancelURL}
	if p.TopUp != "" {
		r.Price, r.TopUp = "", p.TopUp
	}
	if p.StripePrice == "" {
		return r, nil
	}
	slug, topUp, err := e.SlugOfPrice(ctx, p.StripePrice)
	r.Price, r.TopUp = slug, topUp
	return r, err
}

func shownSubscription(s subscription.Subscription) OwnSubscription {
	out := OwnSubscription{ID: s.ID, Plan: s.Plan(), Status: string(s.Status), Period: period.Span{Start: s.PeriodStart, End: s.PeriodEnd}, Since: s.CreatedAt,
		CancelAtPeriodEnd: !s.CancelAt.IsZero()}
	if item := s.Licensed(); item != nil {
		out.Price = item.Price
	}
	return out
}

// shownPayment describes a top-up by the catalog's name: what Stripe was told is the slug.
func shownPayment(catalog *plan.Catalog, p subscription.Payment) OwnPayment {
	out := OwnPayment{ID: p.ID, Amount: p.Amount, Currency: p.Currency, Status: p.Status, Description: p.Description, ReceiptURL: p.ReceiptURL, CreatedAt: p.CreatedAt}
	if t, ok := catalog.TopUps[p.TopUp]; ok {
		out.Description = t.Name
	}
	if p.Refunded > 0 && p.Refunded == p.Amount {
		out.Status = "refunded"
	}
	return out
}

package stripe

import (
	"context"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/subscription"
)

// free reads the top-ups that were bought for nothing, by a promotion code that takes all off. They have no payment at Stripe, so
// that their checkout stands for it (https://docs.stripe.com/payments/checkout/no-cost-orders).
func (c *Client) free(ctx context.Context, p *subscription.Picture) error {
	found, err := whole(ctx, c, "list checkout sessions", func(ctx context.Context) *stripe.V1List[*stripe.CheckoutSession] {
		params := &stripe.CheckoutSessionListParams{Customer: &p.Customer, Status: stripe.String("complete")}
		params.Limit = stripe.Int64(pageLength)
		return c.api.V1CheckoutSessions.List(ctx, params)
	})
	if err != nil {
		return err
	}
	for _, s := range found {
		if s.Mode == stripe.CheckoutSessionModePayment && s.PaymentStatus == stripe.CheckoutSessionPaymentStatusNoPaymentRequired && s.Metadata[metaSource] == source {
			p.Payments = append(p.Payments, freeOf(s))
		}
	}
	return nil
}

// freeOf returns the payment of nothing that a checkout stands for. Stripe does not say when it was completed: what it grants lasts as
// if that had been at the last moment.
func freeOf(s *stripe.CheckoutSession) subscription.Payment {
	out := subscription.Payment{ID: s.ID, Currency: string(s.Currency), Status: "succeeded", CreatedAt: moment(s.Created), TopUp: id.Slug(s.Metadata[metaTopUp])}
	if out.Grants, out.Expires = soldBy(s.Metadata); out.Expires > 0 {
		out.Expires += moment(s.ExpiresAt).Sub(out.CreatedAt)
	}
	return out
}

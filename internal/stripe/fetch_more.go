package stripe

import (
	"context"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate/subscription"
)

// whole reads a list of Stripe's from its first page to its last. When Stripe does not answer it begins anew.
func whole[T any](ctx context.Context, c *Client, what string, ask func(context.Context) *stripe.V1List[T]) ([]T, error) {
	return call(ctx, c, what, func(ctx context.Context) (all []T, err error) {
		for one, err := range ask(ctx).All(ctx) {
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		return all, nil
	})
}

// allItems reads all items of a subscription that has more than it brought along.
func (c *Client) allItems(ctx context.Context, s *stripe.Subscription) (err error) {
	if !s.Items.HasMore {
		return nil
	}
	s.Items.Data, err = whole(ctx, c, "list subscription items", func(ctx context.Context) *stripe.V1List[*stripe.SubscriptionItem] {
		params := &stripe.SubscriptionItemListParams{Subscription: &s.ID}
		params.Limit = stripe.Int64(pageLength)
		return c.api.V1SubscriptionItems.List(ctx, params)
	})
	return err
}

// allLines reads all lines of an invoice that has more than it brought along.
func (c *Client) allLines(ctx context.Context, i *stripe.Invoice) (err error) {
	if i.Lines == nil || !i.Lines.HasMore {
		return nil
	}
	i.Lines.Data, err = whole(ctx, c, "list invoice lines", func(ctx context.Context) *stripe.V1List[*stripe.InvoiceLineItem] {
		params := &stripe.InvoiceListLinesParams{Invoice: &i.ID}
		params.Limit = stripe.Int64(pageLength)
		return c.api.V1Invoices.ListLines(ctx, params)
	})
	return err
}

// allRefunds reads all refunds of a charge that has more than it brought along.
func (c *Client) allRefunds(ctx context.Context, ch *stripe.Charge) (err error) {
	if ch.Refunds == nil || !ch.Refunds.HasMore {
		return nil
	}
	ch.Refunds.Data, err = whole(ctx, c, "list refunds", func(ctx context.Context) *stripe.V1List[*stripe.Refund] {
		params := &stripe.RefundListParams{Charge: &ch.ID}
		params.Limit = stripe.Int64(pageLength)
		return c.api.V1Refunds.List(ctx, params)
	})
	return err
}

// disputes reads the disputes of a charge.
func (c *Client) disputes(ctx context.Context, ch *stripe.Charge) (all []subscription.Return, err error) {
	if !ch.Disputed {
		return nil, nil
	}
	found, err := whole(ctx, c, "list disputes", func(ctx context.Context) *stripe.V1List[*stripe.Dispute] {
		return c.api.V1Disputes.List(ctx, &stripe.DisputeListParams{Charge: &ch.ID})
	})
	for _, d := range found {
		all = append(all, subscription.Return{ID: d.ID, Amount: d.Amount, Status: string(d.Status), Reason: string(d.Reason), Dispute: true, CreatedAt: moment(d.Created)})
	}
	return all, err
}

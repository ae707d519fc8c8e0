package stripe

import (
	"context"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate/subscription"
)

// moreItems reads all items of a subscription that has more than it brought along.
func (c *Client) moreItems(ctx context.Context, s *subscription.Subscription) error {
	if !s.MoreItems {
		return nil
	}
	_, err := call(ctx, c, "list subscription items", func(ctx context.Context) (none struct{}, err error) {
		s.Items = s.Items[:0]
		params := &stripe.SubscriptionItemListParams{Subscription: &s.ID}
		params.Limit = stripe.Int64(pageLength)
		for i, err := range c.api.V1SubscriptionItems.List(ctx, params).All(ctx) {
			if err != nil {
				return none, err
			}
			addItem(s, i)
		}
		return none, nil
	})
	return err
}

// moreLines reads all lines of an invoice that has more than it brought along.
func (c *Client) moreLines(ctx context.Context, i *subscription.Invoice) error {
	if !i.MoreLines {
		return nil
	}
	lines, err := call(ctx, c, "list invoice lines", func(ctx context.Context) (all []subscription.InvoiceLine, err error) {
		params := &stripe.InvoiceListLinesParams{Invoice: &i.ID}
		params.Limit = stripe.Int64(pageLength)
		for l, err := range c.api.V1Invoices.ListLines(ctx, params).All(ctx) {
			if err != nil {
				return nil, err
			}
			all = append(all, lineOf(l))
		}
		return all, nil
	})
	i.Lines = lines
	return err
}

// returns reads what the charge did not bring along: refunds past the first ones, and disputes.
func (c *Client) returns(ctx context.Context, p *subscription.Payment) error {
	if p.MoreReturns {
		refunds, err := call(ctx, c, "list refunds", func(ctx context.Context) (all []subscription.Return, err error) {
			params := &stripe.RefundListParams{Charge: &p.ID}
			params.Limit = stripe.Int64(pageLength)
			for r, err := range c.api.V1Refunds.List(ctx, params).All(ctx) {
				if err != nil {
					return nil, err
				}
				all = append(all, returnOf(r))
			}
			return all, nil
		})
		if err != nil {
			return err
		}
		p.Returns = refunds
	}
	if !p.Disputed {
		return nil
	}
	disputes, err := call(ctx, c, "list disputes", func(ctx context.Context) (all []subscription.Return, err error) {
		params := &stripe.DisputeListParams{Charge: &p.ID}
		for d, err := range c.api.V1Disputes.List(ctx, params).All(ctx) {
			if err != nil {
				return nil, err
			}
			all = append(all, subscription.Return{ID: d.ID, Amount: d.Amount, Status: string(d.Status), Reason: string(d.Reason), Dispute: true, CreatedAt: moment(d.Created)})
		}
		return all, nil
	})
	p.Returns = append(p.Returns, disputes...)
	return err
}

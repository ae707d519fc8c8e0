package stripe

import (
	"context"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate/subscription"
)

// methods reads the ways to pay that a customer has left. The default one is that of its newest live subscription, or else the
// customer's own (https://docs.stripe.com/api/subscriptions/object#subscription_object-default_payment_method). They follow
// what the picture says of subscriptions.
func (c *Client) methods(ctx context.Context, p *subscription.Picture) error {
	own := ""
	found, err := call(ctx, c, "list payment methods", func(ctx context.Context) (all []subscription.Method, err error) {
		params := &stripe.CustomerListPaymentMethodsParams{Customer: &p.Customer}
		params.Limit = stripe.Int64(pageLength)
		params.AddExpand("data.customer")
		for m, err := range c.api.V1Customers.ListPaymentMethods(ctx, params).All(ctx) {
			if missing(err) { // the customer was deleted at Stripe
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			if m.Customer != nil && m.Customer.InvoiceSettings != nil && m.Customer.InvoiceSettings.DefaultPaymentMethod != nil {
				own = m.Customer.InvoiceSettings.DefaultPaymentMethod.ID
			}
			all = append(all, methodOf(m))
		}
		return all, nil
	})
	if err != nil {
		return err
	}
	newest := subscription.Subscription{Method: own}
	for _, s := range p.Subscriptions {
		if s.Method != "" && !s.Status.Over() && s.CreatedAt.After(newest.CreatedAt) {
			newest = s
		}
	}
	for n := range found {
		found[n].Default = found[n].ID == newest.Method
	}
	p.Methods = found
	return nil
}

func methodOf(m *stripe.PaymentMethod) subscription.Method {
	out := subscription.Method{ID: m.ID, Type: string(m.Type), CreatedAt: moment(m.Created)}
	if m.Card != nil {
		out.Brand, out.Last4, out.ExpiryMonth, out.ExpiryYear = string(m.Card.Brand), m.Card.Last4, m.Card.ExpMonth, m.Card.ExpYear
	}
	if d := m.BillingDetails; d != nil {
		out.Name, out.Email = d.Name, d.Email
		if d.Address != nil {
			out.Country = d.Address.Country
		}
	}
	return out
}

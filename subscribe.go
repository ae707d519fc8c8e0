package tollgate

import (
	"context"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/subscription"
)

// A SubscribeRequest puts a customer on a plan's price without a checkout page, paid with a card that it left before.
type SubscribeRequest struct {
	Customer id.Customer
	Price    id.Slug
	Quantity int64 // 1 when 0
}

// Subscribe begins a subscription that is paid at once with the way to pay that the customer left, or with its newest. There is
// no trial. Faults: not_found; conflict for a customer who has a subscription, or who begins another one at this moment; invalid_request, also for who has left no way to
// pay; payment_refused, also when the bank wants to ask the payer: then a checkout is needed; payments_not_configured.
func (e *Engine) Subscribe(ctx context.Context, r SubscribeRequest) (subscription.Subscription, error) {
	var none subscription.Subscription
	s, err := e.sells()
	if err != nil {
		return none, err
	}
	c, err := e.Customer(ctx, r.Customer)
	if err != nil {
		return none, err
	}
	p, price, ok := priceOf(e.book.Load().Catalog, r.Price)
	switch {
	case !ok:
		return none, fault.Field("price", string(r.Price), nil, "There is no price %q of a plan in the catalog.", string(r.Price))
	case r.Quantity < 0 || r.Quantity > CheckoutQuantityMax:
		return none, fault.Field("quantity", r.Quantity, CheckoutQuantityMax, "quantity is a whole number from 1 to %d.", CheckoutQuantityMax)
	}
	o := stripe.Checkout{ExternalID: r.Customer, Quantity: max(r.Quantity, 1)}
	if o.Customer, err = e.bind(ctx, c); err != nil {
		return none, err
	}
	noTrial := 0
	t, err := e.mayBegin(ctx, s, c, &o, &noTrial)
	if err != nil {
		return none, err
	}
	now, err := e.Paying(ctx, r.Customer, 0)
	if err != nil {
		return none, err
	}
	if len(now.Methods) == 0 {
		return none, fault.Field("customer", string(r.Customer), nil, "The customer has left no way to pay: open a checkout instead.")
	}
	method := now.Methods[0].ID
	for _, m := range now.Methods {
		if m.Default {
			method = m.ID
		}
	}
	if err := e.stripePrices(ctx, s, &o, append([]id.Slug{r.Price}, meteredOf(p, price.Every)...)); err != nil {
		return none, err
	}
	o.Key = id.New("subscribe", c.key)
	var made subscription.Subscription
	err = e.paying(ctx, t, func() (err error) {
		made, err = s.stripe.SubscribePaid(ctx, o, method)
		return err
	})
	if err != nil {
		return none, err
	}
	return e.after(ctx, made.ID, c.key)
}

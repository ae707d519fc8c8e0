package tollgate

import (
	"context"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/stripe"
)

// diagnoseCustomers looks for customers at Stripe that carry the externalId of one here who is none of them: whose binding
// is lost, or is to another one. repair binds those whose binding is missing or to a customer that was deleted.
func (e *Engine) diagnoseCustomers(ctx context.Context, s *seller, repair bool) ([]Difference, error) {
	var all []Difference
	err := s.stripe.Customers(ctx, func(page []stripe.Found) error {
		for _, found := range page {
			d, differs, err := e.diagnoseFound(ctx, s, found, repair)
			if err != nil {
				return err
			}
			if differs {
				all = append(all, d)
			}
		}
		return nil
	})
	return all, err
}

func (e *Engine) diagnoseFound(ctx context.Context, s *seller, found stripe.Found, repair bool) (d Difference, differs bool, err error) {
	_, err = e.db.BillingAt(ctx, found.Stripe)
	if err == nil {
		return d, false, nil
	}
	if !store.None(err) {
		return d, false, outside("read billing", err)
	}
	c, err := e.Customer(ctx, found.ExternalID)
	if fault.Has(err, fault.NotFound) {
		return d, false, nil // erased, or another database's
	}
	if err != nil {
		return d, false, err
	}
	d = Difference{Customer: c.ExternalID, What: "customer", Here: "none", Stripe: found.Stripe,
		Cause: "It was made for this customer, who does not know it: the program died as it made it, or its database was restored from a backup. Repair binds it."}
	bound, err := e.db.BillingOf(ctx, c.key)
	switch {
	case store.None(err):
		if repair {
			d.Repaired, err = e.rebind(ctx, c.key, found.Stripe, func() (bool, error) {
				now, err := e.db.Bind(ctx, c.key, found.Stripe, e.Now())
				return now == found.Stripe, err
			})
		} else {
			err = nil
		}
		return d, true, err
	case err != nil:
		return d, false, outside("read billing", err)
	}
	d.Here = bound.Stripe
	_, deleted, err := s.stripe.CustomerName(ctx, bound.Stripe)
	switch {
	case err != nil:
		return d, false, err
	case !deleted:
		d.Cause = "Two customers at Stripe are this one, and nothing here uses the second. End what it has subscribed to, refund what it has paid, and delete it there."
	case !repair:
		d.Here += ", which was deleted"
		d.Cause = "The customer was deleted at Stripe, and another one carries its externalId. Repair binds that one."
	default:
		d.Repaired, err = e.rebind(ctx, c.key, found.Stripe, func() (bool, error) { return e.db.Rebind(ctx, c.key, bound.Stripe, found.Stripe) })
	}
	return d, true, err
}

// rebind binds a customer to one at Stripe and reads it from there.
func (e *Engine) rebind(ctx context.Context, key id.Key, stripeID string, bind func() (bool, error)) (bool, error) {
	done, err := bind()
	if err != nil || !done {
		return false, unbound(stripeID, err)
	}
	return true, e.sync(ctx, key)
}

package tollgate

import (
	"context"

	"github.com/tollgate/tollgate/internal/stripe"
)

// Stock puts what the catalog in force sells on sale at Stripe, as `tollgate apply` does: products, prices, meters and the
// portal's settings. What is as it should be stays, what the catalog no longer sells is archived, and amounts never change:
// a price with another amount is a new one. It may be called at every start. Faults: payments_not_configured.
func (e *Engine) Stock(ctx context.Context) error {
	s, err := e.sells()
	if err != nil {
		return err
	}
	changes, err := s.stripe.PlanCatalog(ctx, stripe.Wish{Catalog: e.Catalog(), ReturnURL: s.ReturnURL})
	if err != nil {
		return err
	}
	_, err = s.stripe.ApplyCatalog(ctx, changes)
	return err
}

package tollgate

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/stripe"
)

// An OpenedCheckout is a checkout session with what it was opened for.
type OpenedCheckout struct {
	CheckoutSession
	Customer  Customer
	Request   CheckoutRequest // as far as Stripe keeps it: without trialDays and promotionCode
	CreatedAt time.Time
}

// OpenedCheckout returns a checkout session with what it was opened for, after making true what it sold, as CheckoutSession
// does. Faults: not_found, also for a session that others opened on the same account; payments_not_configured.
func (e *Engine) OpenedCheckout(ctx context.Context, sessionID string) (OpenedCheckout, error) {
	if _, err := e.CheckoutSession(ctx, sessionID); err != nil {
		return OpenedCheckout{}, err
	}
	found, err := e.seller.stripe.Session(ctx, sessionID)
	if err != nil {
		return OpenedCheckout{}, err
	}
	return e.opened(ctx, found)
}

func (e *Engine) opened(ctx context.Context, s stripe.Session) (OpenedCheckout, error) {
	o := s.Opened
	unknown := fault.New(fault.NotFound, "There is no checkout session %q of a customer here.", s.ID)
	key, err := e.keyAt(ctx, s.Customer)
	if err != nil {
		return OpenedCheckout{}, unknown.Because(err)
	}
	c, err := e.customerByKey(ctx, key, unknown)
	return OpenedCheckout{CheckoutSession: shownSession(s), Customer: c, CreatedAt: s.CreatedAt, Request: CheckoutRequest{
		Customer: c.ExternalID, Price: o.Price, TopUp: o.TopUp, Card: o.Mode == "setup", Quantity: o.Quantity, SuccessURL: o.SuccessURL,
		CancelURL: o.CancelURL, Metadata: o.Metadata,
	}}, err
}

// Checkouts returns a page of the checkout sessions that were opened here, newest first, before the one named. They are read
// from Stripe, and nothing is made true. Fault: payments_not_configured.
func (e *Engine) Checkouts(ctx context.Context, before string, limit int) (Page[OpenedCheckout], error) {
	page := Page[OpenedCheckout]{Data: []OpenedCheckout{}}
	s, err := e.sells()
	if err != nil {
		return page, err
	}
	if limit, err = pageLimit(limit); err != nil {
		return page, err
	}
	found, more, err := s.stripe.Sessions(ctx, before, limit)
	if err != nil {
		return page, err
	}
	for _, one := range found {
		opened, err := e.opened(ctx, one)
		if fault.Has(err, fault.NotFound) { // of another store on the same account, or of a customer that was erased
			continue
		}
		if err != nil {
			return page, err
		}
		page.Data = append(page.Data, opened)
	}
	if more {
		page.Next = found[len(found)-1].ID
	}
	return page, nil
}

package tollgate

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/subscription"
)

// holdMax is for how long nobody else begins a subscription of a customer while one is being paid: longer than all attempts of
// the call to Stripe take. The hold ends with the call.
const holdMax = 3 * time.Minute

// A turn is one attempt to begin a subscription. A customer's are numbered, and the newest one alone may end in a subscription
// or in a page to pay one on: so of any that are begun at once, by whichever processes, one can be paid.
type turn struct {
	customer id.Key
	number   int64
}

// takeTurn begins an attempt, ends the pages of earlier ones, and reads what was paid on them. Faults: conflict when another
// attempt has begun since, when one is being paid, and when a page is that cannot be ended because of it.
func (e *Engine) takeTurn(ctx context.Context, s *seller, key id.Key, customer string) (turn, error) {
	number, taken, err := e.db.TakeTurn(ctx, key, e.Now())
	t := turn{key, number}
	if err != nil {
		return t, outside("number a checkout", err)
	}
	if !taken {
		return t, fault.New(fault.Conflict, "A subscription of the customer is being paid at this moment. Read its subscriptions, or send the same request again in a few minutes.")
	}
	open, err := s.stripe.OpenVisits(ctx, customer)
	if err != nil {
		return t, err
	}
	// A page that was not there before this look is of a newer attempt, and not to be ended.
	if err := e.stillTurn(ctx, t); err != nil {
		return t, err
	}
	for _, sessionID := range open {
		if err := s.stripe.Expire(ctx, sessionID); err != nil {
			return t, err
		}
	}
	return t, e.sync(ctx, key)
}

// stillTurn is nil while an attempt is the newest one.
func (e *Engine) stillTurn(ctx context.Context, t turn) error {
	newest, err := e.db.IsTurn(ctx, t.customer, t.number)
	if err != nil {
		return outside("read the number of a checkout", err)
	}
	return overtaken(newest)
}

func overtaken(newest bool) error {
	if newest {
		return nil
	}
	return fault.New(fault.Conflict, "Another checkout of the customer has begun since this one. Go on with that one, or send the same request again.")
}

// paying lets an attempt make a subscription that is paid at once, while nobody else begins one.
func (e *Engine) paying(ctx context.Context, t turn, pay func() error) error {
	newest, err := e.db.HoldTurn(ctx, t.customer, t.number, e.Now().Add(holdMax))
	if err != nil {
		return outside("hold the number of a checkout", err)
	}
	if err := overtaken(newest); err != nil {
		return err
	}
	paid := pay()
	if ctx.Err() != nil { // what became of it is not known: the hold ends by itself
		return paid
	}
	if _, err := e.db.HoldTurn(ctx, t.customer, t.number, time.Time{}); err != nil && paid == nil {
		return outside("let the number of a checkout go", err)
	}
	return paid
}

// mayBegin takes a customer's turn, refuses a second subscription, and says whether there is a trial: once per customer.
func (e *Engine) mayBegin(ctx context.Context, s *seller, c Customer, o *stripe.Checkout, trial *int) (turn, error) {
	t, err := e.takeTurn(ctx, s, c.key, o.Customer)
	if err != nil {
		return t, err
	}
	b, err := e.db.BillingOf(ctx, c.key)
	if err != nil {
		return t, outside("read billing", err)
	}
	if trial != nil {
		o.TrialDays = int64(*trial)
	}
	if !hasSubscribed(b) {
		return t, nil
	}
	had, err := unpack[subscription.Subscription](b.Shown)
	if err != nil {
		return t, err
	}
	if !had.Status.Over() && had.Status != subscription.Incomplete {
		return t, fault.New(fault.Conflict, "The customer has a subscription already: change it with POST /v1/subscriptions/%s/change.", had.ID).
			With("subscription", had.ID).With("status", string(had.Status))
	}
	o.TrialDays = 0
	return t, nil
}

package tollgate

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
)

// subscriptionsMax is how many rows of past subscriptions a Standing looks at.
const subscriptionsMax = 1000

// A Subscription is a customer's time on one plan. A customer has one that has not ended.
type Subscription struct {
	ID      string      `json:"id"`
	Plan    id.Slug     `json:"plan"`
	Status  string      `json:"status"` // in Stripe's words; canceled once it has ended
	Period  period.Span `json:"period"` // the billing period that holds now, or held at its end
	Anchor  time.Time   `json:"anchor"` // from which its billing periods are counted
	Since   time.Time   `json:"since"`
	EndedAt time.Time   `json:"endedAt,omitzero"`
}

// A Standing is all that a customer's own pages show: who it is, what it can use, and its subscriptions, newest first.
type Standing struct {
	Customer      Customer         `json:"customer"`
	Balances      []credit.Balance `json:"balances"`
	Subscriptions []Subscription   `json:"subscriptions"`
}

// Current returns the subscription that has not ended.
func (s Standing) Current() Subscription { return s.Subscriptions[0] }

// ID returns the customer's own id (cust_…), the same for ever and never another customer's. CustomerByID finds the customer
// with it.
func (c Customer) ID() string { return id.Derived("cust", c.key, "customer") }

// CustomerByID returns the customer that Customer.ID names. Faults: not_found.
func (e *Engine) CustomerByID(ctx context.Context, customerID string) (Customer, error) {
	unknown := fault.New(fault.NotFound, "There is no customer with the id %q.", customerID).With("customer", customerID)
	key, ok := id.KeyOf("cust", customerID)
	if !ok || id.Derived("cust", key, "customer") != customerID {
		return Customer{}, unknown
	}
	return e.customerByKey(ctx, key, unknown)
}

func (e *Engine) customerByKey(ctx context.Context, key id.Key, unknown error) (Customer, error) {
	c, err := e.db.CustomerByKey(ctx, key)
	switch {
	case store.None(err):
		return Customer{}, unknown
	case err != nil:
		return Customer{}, outside("read customer", err)
	}
	return e.shown(c), nil
}

// Subscription returns a subscription, current or past, with its customer. Faults: not_found.
func (e *Engine) Subscription(ctx context.Context, subscriptionID string) (Subscription, Customer, error) {
	unknown := fault.New(fault.NotFound, "There is no subscription %q.", subscriptionID).With("subscription", subscriptionID)
	key, ok := id.KeyOf("sub", subscriptionID)
	if !ok {
		return Subscription{}, Customer{}, unknown
	}
	c, err := e.customerByKey(ctx, key, unknown)
	if err != nil {
		return Subscription{}, Customer{}, err
	}
	if c.Subscription == subscriptionID {
		return e.subscribed(c), c, nil
	}
	row, ok, err := e.db.SubscriptionOf(ctx, key, subscriptionID)
	switch {
	case err != nil:
		return Subscription{}, Customer{}, outside("read subscription", err)
	case !ok:
		return Subscription{}, Customer{}, unknown
	case row.Since.Equal(c.Since) && row.Plan == c.Plan: // an earlier period of the current one
		return e.subscribed(c), c, nil
	}
	return ended(row), c, nil
}

// subscribed returns the subscription that a customer's row carries.
func (e *Engine) subscribed(c Customer) Subscription {
	return Subscription{ID: c.Subscription, Plan: c.Plan, Status: c.Status, Period: c.Period, Anchor: c.row.Cycle.Anchor, Since: c.Since}
}

// ended returns a past subscription, as it was in its last moment.
func ended(row store.Subscription) Subscription {
	span := row.Paid.Span
	if row.Paid.None() {
		span = row.Cycle.Span(row.EndedAt.Add(-time.Microsecond))
	}
	return Subscription{ID: row.ID, Plan: row.Plan, Status: "canceled", Period: span, Anchor: row.Cycle.Anchor, Since: row.Since, EndedAt: row.EndedAt}
}

// Standing returns a customer with its balances, as Balances has them, and its subscriptions, newest first: the current one
// and those of its past, of which the oldest may be missing when there are very many. Faults: not_found.
func (e *Engine) Standing(ctx context.Context, customer id.Customer) (Standing, error) {
	b := e.book.Load()
	c, err := e.Customer(ctx, customer)
	if err != nil {
		return Standing{}, err
	}
	out := Standing{Customer: c}
	if out.Balances, err = e.balances(ctx, b, c); err != nil {
		return Standing{}, err
	}
	out.Subscriptions, err = e.subscriptions(ctx, c)
	return out, err
}

func (e *Engine) subscriptions(ctx context.Context, c Customer) ([]Subscription, error) {
	out := []Subscription{e.subscribed(c)}
	if c.Since.Equal(c.CreatedAt) { // the first one: there is no past to read
		return out, nil
	}
	rows, err := e.db.SubscriptionsOf(ctx, c.key, subscriptionsMax)
	if err != nil {
		return nil, outside("read subscriptions", err)
	}
	plan, since := c.Plan, c.Since
	for _, row := range rows {
		if row.EndedAt.IsZero() || row.Plan == plan && row.Since.Equal(since) { // a period of the one before in the list
			continue
		}
		out = append(out, ended(row))
		plan, since = row.Plan, row.Since
	}
	return out, nil
}

// Event returns a customer's usage event, voided or not. Faults: not_found.
func (e *Engine) Event(ctx context.Context, customer id.Customer, t id.Transaction) (meter.Event, error) {
	c, err := e.Customer(ctx, customer)
	if err != nil {
		return meter.Event{}, err
	}
	if err := t.Check("transactionId"); err != nil {
		return meter.Event{}, err
	}
	found, ok, err := e.db.EventOf(ctx, c.key, t)
	if err != nil {
		return meter.Event{}, outside("find event", err)
	}
	if !ok {
		return meter.Event{}, fault.New(fault.NotFound, "The customer %q has no event %q.", string(customer), string(t)).
			With("customer", string(customer)).With("transactionId", string(t))
	}
	event := found.Event
	event.Customer = customer
	return event, nil
}

// RecordFor is Record for a customer that was read some time ago. When it was erased since, the fault is not_found, even if
// another customer has its name by now.
func (e *Engine) RecordFor(ctx context.Context, c Customer, u meter.Usage) (Receipt, error) {
	u.Customer, u.Record = c.ExternalID, true
	o := new(op)
	err := e.usageOp(o, u, credit.KindRecord)
	o.who = c.key
	if err != nil {
		return e.refusedUsage(ctx, o, u, credit.KindRecord, err)
	}
	if err := e.do(ctx, o); err != nil {
		return Receipt{}, err
	}
	return o.receipt(), nil
}

// CountCustomers returns how many customers there are.
func (e *Engine) CountCustomers(ctx context.Context) (int, error) {
	n, err := e.db.CountCustomers(ctx)
	return n, outside("count customers", err)
}

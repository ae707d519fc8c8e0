package flowglad

import (
	"context"
	"strconv"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/subscription"
)

// Timing says when a change of a subscription takes effect.
type Timing string

// The timings.
const (
	Immediately Timing = "immediately"
	AtPeriodEnd Timing = "at_end_of_current_billing_period"
	Auto        Timing = "auto" // an upgrade at once, a downgrade at the period's end
)

// recordsMax is how many invoices, payments and ways to pay a billing shows, newest first.
const recordsMax = 100

// state returns what is kept of what Stripe says of a customer.
func (s *Server) state(ctx context.Context, name id.Customer) (state, error) {
	if !s.engine.Sells() {
		return state{}, nil
	}
	p, err := s.engine.Paying(ctx, name, recordsMax)
	return state{p}, err
}

// A state is what is kept of what Stripe says of a customer. The zero value is a customer who never paid.
type state struct{ tollgate.Paying }

// live returns the subscription that Stripe bills; the zero one when there is none, or it has ended.
func (st state) live() subscription.Subscription {
	if st.Subscription == nil || st.Subscription.Status.Over() {
		return subscription.Subscription{}
	}
	return *st.Subscription
}

// method returns the id of the way to pay that renewals are paid with; empty when there is none.
func (st state) method() string {
	for _, m := range st.Methods {
		if m.Default {
			return m.ID
		}
	}
	return ""
}

// billed returns a customer's subscription at Stripe that counts; the zero one when it has none, or it has ended.
func (s *Server) billed(ctx context.Context, name id.Customer) (subscription.Subscription, error) {
	st, err := s.state(ctx, name)
	return st.live(), err
}

// end ends what Stripe bills. A plan that was given for nothing has no period that is paid: it ends at once or not at all.
func (s *Server) end(ctx context.Context, name id.Customer, at Timing) error {
	sub, err := s.billed(ctx, name)
	if err != nil {
		return err
	}
	if sub.ID == "" {
		if at != Immediately {
			return invalid("The subscription is not paid for, so that no period of it ends: cancel it %s.", Immediately)
		}
		free := s.engine.Catalog().DefaultPlan().Slug
		_, err := s.engine.PatchCustomer(ctx, name, tollgate.CustomerChange{Plan: &free})
		return err
	}
	when := tollgate.AtPeriodEnd
	if at == Immediately {
		when = tollgate.Now
	}
	_, err = s.engine.CancelSubscription(ctx, sub.ID, when)
	return err
}

// stay takes back an end at the period's end. It does nothing where there is nothing to take back.
func (s *Server) stay(ctx context.Context, name id.Customer) error {
	sub, err := s.billed(ctx, name)
	if err != nil || sub.CancelAt.IsZero() {
		return err
	}
	_, err = s.engine.ResumeSubscription(ctx, sub.ID)
	return err
}

// A sale is a price of a plan, or a top-up, and how many.
type sale struct {
	price    id.Slug
	quantity int64
}

// move changes what a customer's subscription consists of, and returns whether that is an upgrade and when it counts.
func (s *Server) move(ctx context.Context, name id.Customer, to []sale, at Timing) (upgrade bool, from Timing, err error) {
	before, err := s.billed(ctx, name)
	switch {
	case err != nil:
		return false, "", err
	case before.ID == "":
		return false, "", invalid("The subscription is not paid for and cannot be adjusted: use a checkout.")
	case len(to) != 1:
		return false, "", invalid("A subscription is adjusted to one price.")
	}
	r := tollgate.ChangeRequest{Subscription: before.ID, Price: to[0].price, Quantity: to[0].quantity}
	switch at {
	case Immediately:
		r.When = tollgate.Now
	case AtPeriodEnd:
		r.When = tollgate.AtPeriodEnd
	}
	preview, err := s.engine.PreviewChange(ctx, r)
	if err != nil {
		return false, "", err
	}
	from = AtPeriodEnd
	if preview.When == tollgate.Now {
		from = Immediately
	}
	after, err := s.engine.ChangeSubscription(ctx, r)
	return yearly(after) > yearly(before), from, err
}

// yearly returns what a subscription costs in a year, without what its usage costs.
func yearly(s subscription.Subscription) int64 {
	item := s.Licensed()
	if item == nil {
		return 0
	}
	return item.Amount * max(item.Quantity, 1) * int64(plan.Year.Months()/plan.Interval(item.Interval).Months())
}

// refundPayment is POST payments/{id}/refund. The packages repeat a request whose answer was lost, and say so: what the
// newest refund has given back already is then not given back again.
func (s *Server) refundPayment(c *call) (any, error) {
	var in struct {
		PartialAmount *int64 `json:"partialAmount"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !s.engine.Sells() {
		return nil, errNotConfigured
	}
	found, err := s.engine.Payment(c.Context(), c.args[0])
	if err != nil {
		return nil, absent(err, "Payment", c.args[0])
	}
	amount, before := int64(0), found.Record
	if in.PartialAmount != nil {
		if amount = *in.PartialAmount; amount < 1 {
			return nil, invalid("partialAmount is a whole number of minor units above 0.")
		}
	}
	again := c.Request.Header.Get("X-Stainless-Retry-Count")
	n := len(before.Returns)
	if again != "" && again != "0" && n > 0 {
		n-- // the first try may be that refund: it then has this very name
	}
	name := "flowglad:" + strconv.Itoa(n) + ":" + strconv.FormatInt(amount, 10)
	after, err := s.engine.Refund(c.Context(), tollgate.RefundRequest{Payment: before.ID, Amount: in.PartialAmount, ID: id.Transaction(name)})
	if err != nil {
		return nil, err
	}
	return paymentAnswer{shownPayment(found.Customer, after, c.live)}, nil
}

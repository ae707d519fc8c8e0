package flowglad

import (
	"context"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/subscription"
)

// recordsMax is how many invoices and payments a billing shows, newest first.
const recordsMax = 20

// OnEngine returns Payments that sell through the Engine, and the zero Payments when it sells nothing.
func OnEngine(e *tollgate.Engine) Payments {
	if !e.Sells() {
		return Payments{}
	}
	p := paid{e}
	return Payments{Checkout: p.checkout, Subscribe: nil, Cancel: p.cancel, Uncancel: p.uncancel, Adjust: p.adjust, State: p.state}
}

// A paid is an Engine that sells.
type paid struct{ engine *tollgate.Engine }

func (p paid) checkout(ctx context.Context, c Checkout) (Session, error) {
	r := tollgate.CheckoutRequest{Customer: c.Customer, Quantity: c.Item.Quantity, SuccessURL: c.SuccessURL, CancelURL: c.CancelURL}
	_, topUp := p.engine.Catalog().TopUps[c.Item.Price]
	switch {
	case c.Kind != CheckoutProduct:
		r.Card = true
	case topUp:
		r.TopUp = c.Item.Price
	default:
		r.Price = c.Item.Price
	}
	made, err := p.engine.Checkout(ctx, r)
	return Session{ID: made.ID, URL: made.URL, Status: made.Status, ExpiresAt: made.ExpiresAt, Checkout: c}, err
}

// sold returns a customer's subscription at Stripe that counts; the zero one when it has none, or it has ended.
func (p paid) sold(ctx context.Context, name id.Customer) (subscription.Subscription, error) {
	all, err := p.engine.Subscriptions(ctx, name)
	if err != nil || len(all) == 0 || all[0].Status.Over() {
		return subscription.Subscription{}, err
	}
	return all[0], nil
}

// cancel ends what Stripe bills. A plan that was given for nothing has no period that is paid: it ends at once or not at all.
func (p paid) cancel(ctx context.Context, name id.Customer, at Timing) error {
	sub, err := p.sold(ctx, name)
	if err != nil {
		return err
	}
	if sub.ID == "" {
		if at != Immediately {
			return invalid("The subscription is not paid for, so that no period of it ends: cancel it %s.", Immediately)
		}
		free := p.engine.Catalog().DefaultPlan().Slug
		_, err := p.engine.PatchCustomer(ctx, name, tollgate.CustomerChange{Plan: &free})
		return err
	}
	when := tollgate.AtPeriodEnd
	if at == Immediately {
		when = tollgate.Now
	}
	_, err = p.engine.CancelSubscription(ctx, sub.ID, when)
	return err
}

func (p paid) uncancel(ctx context.Context, name id.Customer) error {
	sub, err := p.sold(ctx, name)
	if err != nil || sub.CancelAt.IsZero() {
		return err
	}
	_, err = p.engine.ResumeSubscription(ctx, sub.ID)
	return err
}

func (p paid) adjust(ctx context.Context, name id.Customer, to Adjustment) (Adjusted, error) {
	before, err := p.sold(ctx, name)
	switch {
	case err != nil:
		return Adjusted{}, err
	case before.ID == "":
		return Adjusted{}, invalid("The subscription is not paid for and cannot be adjusted: use a checkout.")
	case len(to.Items) != 1:
		return Adjusted{}, invalid("A subscription is adjusted to one price.")
	}
	r := tollgate.ChangeRequest{Subscription: before.ID, Price: to.Items[0].Price, Quantity: to.Items[0].Quantity}
	switch to.At {
	case Immediately:
		r.When = tollgate.Now
	case AtPeriodEnd:
		r.When = tollgate.AtPeriodEnd
	}
	quote, err := p.engine.PreviewChange(ctx, r)
	if err != nil {
		return Adjusted{}, err
	}
	done := Adjusted{At: AtPeriodEnd}
	if quote.When == tollgate.Now {
		done.At = Immediately
	}
	after, err := p.engine.ChangeSubscription(ctx, r)
	if err != nil {
		return Adjusted{}, err
	}
	done.Upgrade = yearly(after) > yearly(before)
	return done, nil
}

// yearly returns what a subscription costs in a year, without what its usage costs.
func yearly(s subscription.Subscription) int64 {
	item := s.Licensed()
	if item == nil {
		return 0
	}
	return item.Amount * max(item.Quantity, 1) * int64(plan.Year.Months()/plan.Interval(item.Interval).Months())
}

func (p paid) state(ctx context.Context, name id.Customer) (State, error) {
	var out State
	all, err := p.engine.Subscriptions(ctx, name)
	if err != nil {
		return out, err
	}
	if len(all) > 0 && !all[0].Status.Over() {
		out.CancelAt, out.TrialEnd = all[0].CancelAt, all[0].TrialEnd
		if item := all[0].Licensed(); item != nil {
			out.Price, out.Quantity = item.Price, item.Quantity
		}
	}
	invoices, err := p.engine.InvoicesOf(ctx, name, "", recordsMax)
	if err != nil {
		return out, err
	}
	for _, i := range invoices.Data {
		made := Invoice{ID: i.ID, Number: i.Number, Status: i.Status, PDF: i.PDF, Currency: i.Currency, Total: i.Total, At: i.CreatedAt}
		for _, line := range i.Lines {
			made.Lines = append(made.Lines, InvoiceLine{ID: i.ID, Description: line.Description, Price: line.Price, Quantity: line.Quantity, UnitAmount: line.Amount})
			if i.Subscription != "" && made.PeriodEnd.Before(line.End) {
				made.PeriodStart, made.PeriodEnd = line.Start, line.End
			}
		}
		out.Invoices = append(out.Invoices, made)
	}
	payments, err := p.engine.PaymentsOf(ctx, name, "", recordsMax)
	for _, one := range payments.Data {
		if one.TopUp != "" && one.Status == "succeeded" && one.Refunded < one.Amount {
			out.Purchases = append(out.Purchases, Purchase{ID: one.ID, Price: one.TopUp, Quantity: 1, Amount: one.Amount, Status: "paid", At: one.CreatedAt})
		}
	}
	return out, err
}

package sandbox

import (
	"net/http"
	"slices"
	"time"
)

type portalSubscription struct {
	*subscription
	Name    string
	Price   string
	State   string
	Ending  bool
	Choices []portalChoice
}

type portalChoice struct {
	Price    string
	Name     string
	Amount   string
	Selected bool
}

func showPortal(tx *tx, v visitor) (*view, error) {
	p, err := needPath[*portalSession](tx, v.request.PathValue("id"), "session")
	if err != nil {
		return nil, err
	}
	return tx.portalView(p)
}

func (tx *tx) portalView(p *portalSession) (*view, error) {
	owner, err := tx.liveCustomer(p.Customer, "customer", true)
	if err != nil {
		return nil, err
	}
	c, _ := find[*portalConfiguration](tx, p.Configuration)
	page := struct {
		Session       *portalSession
		Customer      *customer
		Features      portalFeatures
		Headline      text
		Card          *paymentMethod
		Subscriptions []portalSubscription
		Invoices      []*invoice
		Failure       string
		Notice        string
		Only          string // the flow, when the visit is for one thing
	}{Session: p, Customer: owner, Features: c.Features, Headline: c.BusinessProfile.Headline, Failure: p.Own.Failure, Notice: p.Own.Notice}
	if p.Flow != nil {
		page.Only = p.Flow.Type
	}
	page.Card, _ = find[*paymentMethod](tx, string(owner.InvoiceSettings.DefaultPaymentMethod))
	for _, s := range owned[*subscription](tx, owner.ID) {
		if s.over() || s.Status == "incomplete" {
			continue
		}
		if m, ok := find[*paymentMethod](tx, string(s.DefaultPaymentMethod)); ok {
			page.Card = m
		}
		page.Subscriptions = append(page.Subscriptions, tx.portalSubscription(s, c))
	}
	if c.Features.InvoiceHistory.Enabled {
		for _, i := range slices.Backward(owned[*invoice](tx, owner.ID)) {
			if i.Status != "draft" {
				page.Invoices = append(page.Invoices, i)
			}
		}
	}
	tx.edit(p)
	p.Own.Failure, p.Own.Notice = "", ""
	return &view{template: "portal.html", data: page}, nil
}

func (tx *tx) portalSubscription(s *subscription, c *portalConfiguration) portalSubscription {
	item := s.Items.Data[0]
	shown := portalSubscription{subscription: s, Name: tx.nameOf(item.Price), Price: tx.describe(item), Ending: s.CancelAt != 0}
	switch {
	case s.CancelAt != 0:
		shown.State = "Ends on " + when(int64(s.CancelAt))
	case s.Status == "trialing":
		shown.State = "Trial until " + when(int64(s.TrialEnd))
	case s.Status == "past_due", s.Status == "unpaid":
		shown.State = "A payment failed: change the card, or pay the open invoice"
	case s.Status == "paused":
		shown.State = "Paused"
	default:
		shown.State = "Renews on " + when(s.period().End)
	}
	for _, o := range c.Features.SubscriptionUpdate.Products {
		for _, id := range o.Prices {
			if p, ok := find[*price](tx, id); ok && p.Recurring != nil && p.Active && p.UnitAmount != nil {
				every := p.Recurring.Interval
				shown.Choices = append(shown.Choices, portalChoice{p.ID, tx.nameOf(p), display(*p.UnitAmount, p.Currency) + " / " + every, p.ID == item.Price.ID})
			}
		}
	}
	return shown
}

// when writes a day for people.
func when(at int64) string { return time.Unix(at, 0).UTC().Format("2 January 2006") }

// submitPortal does what the button says, as far as the configuration allows it.
func submitPortal(tx *tx, v visitor) (*view, error) {
	p, err := needPath[*portalSession](tx, v.request.PathValue("id"), "session")
	if err != nil {
		return nil, err
	}
	owner, err := tx.liveCustomer(p.Customer, "customer", true)
	if err != nil {
		return nil, err
	}
	c, _ := find[*portalConfiguration](tx, p.Configuration)
	tx.edit(p)
	switch action := v.form.Get("action"); {
	case action == "card" && c.Features.PaymentMethodUpdate.Enabled:
		p.Own.Notice, p.Own.Failure, err = tx.portalCard(owner, v)
	case action == "pay":
		p.Own.Notice, p.Own.Failure, err = tx.portalPay(owner, v.form.Get("invoice"))
	case action == "cancel" && c.Features.SubscriptionCancel.Enabled, action == "undo", action == "switch" && c.Features.SubscriptionUpdate.Enabled:
		s, ok := find[*subscription](tx, v.form.Get("subscription"))
		if !ok || s.Customer != owner.ID || s.over() {
			return message("This subscription is not there", "It may have ended.", http.StatusNotFound), nil
		}
		tx.edit(s)
		switch action {
		case "cancel":
			p.Own.Notice, err = tx.portalCancel(s, c)
		case "undo":
			s.CancelAt, s.CancelAtPeriodEnd, s.CanceledAt, s.CancellationDetails.Reason = 0, false, 0, ""
			tx.updated("customer.subscription.updated", s)
			p.Own.Notice = "The subscription goes on."
		case "switch":
			p.Own.Notice, p.Own.Failure, err = tx.portalSwitch(s, c, v.form.Get("price"))
		}
	default:
		p.Own.Failure = "The shop does not let you do this here."
	}
	if err != nil {
		return nil, err
	}
	if p.Flow != nil && p.Own.Failure == "" {
		if to := p.Flow.AfterCompletion.Redirect; to != nil {
			return &view{location: to.ReturnURL}, nil
		}
	}
	return &view{location: "/p/session/" + p.ID}, nil
}

// portalCancel ends a subscription as the configuration says. At the end of the period it sets cancel_at and leaves
// cancel_at_period_end, as the portal does for flexible billing.
func (tx *tx) portalCancel(s *subscription, c *portalConfiguration) (notice string, err error) {
	if c.Features.SubscriptionCancel.Mode == "immediately" {
		prorate := c.Features.SubscriptionCancel.ProrationBehavior != "none"
		return "The subscription has ended.", tx.cancel(s, cancellation{reason: "cancellation_requested", prorate: prorate})
	}
	s.CancelAt, s.CanceledAt, s.CancellationDetails.Reason = stamp(s.period().End), stamp(tx.now(s.Customer)), "cancellation_requested"
	if s.BillingMode.Type == "classic" {
		s.CancelAtPeriodEnd = true
	}
	tx.updated("customer.subscription.updated", s)
	return "The subscription will end on " + when(int64(s.CancelAt)) + ".", nil
}

// portalSwitch moves a subscription to another price.
func (tx *tx) portalSwitch(s *subscription, c *portalConfiguration, id string) (notice, failure string, err error) {
	allowed := slices.ContainsFunc(c.Features.SubscriptionUpdate.Products, func(o portalProduct) bool { return slices.Contains(o.Prices, id) })
	if !allowed {
		return "", "This plan is not on offer.", nil
	}
	if id == s.Items.Data[0].Price.ID {
		return "This is your plan already.", "", nil
	}
	proration := c.Features.SubscriptionUpdate.ProrationBehavior
	_, err = tx.change(s, billChange{items: []itemGiven{{ID: &s.Items.Data[0].ID, Price: &id}}, param: "items", proration: proration, behavior: "allow_incomplete"})
	if err != nil {
		return "", "", err
	}
	if s.Status == "past_due" {
		return "", "The plan has changed, but the payment failed.", nil
	}
	return "The plan has changed.", "", nil
}

// portalCard saves a new card and makes it the one that pays.
func (tx *tx) portalCard(owner *customer, v visitor) (notice, failure string, err error) {
	m, message := cardTyped{number: v.form.Get("number"), expiry: v.form.Get("expiry"), cvc: v.form.Get("cvc"), name: v.form.Get("name")}.method(tx)
	if m == nil {
		return "", message, nil
	}
	s := tx.newSetup(owner.ID)
	if f := tx.setUp(s, m, true); f != nil {
		return "", f.Message, nil
	}
	tx.join(m, owner)
	tx.edit(owner)
	owner.InvoiceSettings.DefaultPaymentMethod = text(m.ID)
	tx.updated("customer.updated", owner)
	for _, sub := range owned[*subscription](tx, owner.ID) {
		if !sub.over() && sub.DefaultPaymentMethod != "" {
			tx.edit(sub)
			sub.DefaultPaymentMethod = text(m.ID)
			tx.updated("customer.subscription.updated", sub)
		}
	}
	return "The card is saved.", "", nil
}

// portalPay pays an open invoice with the card that is there.
func (tx *tx) portalPay(owner *customer, id string) (notice, failure string, err error) {
	i, ok := find[*invoice](tx, id)
	if !ok || i.Customer != owner.ID || i.Status != "open" {
		return "", "This invoice cannot be paid.", nil
	}
	f, err := tx.collect(i, true)
	if err != nil {
		return "", "", err
	}
	if f != nil {
		return "", f.Message, nil
	}
	return "The invoice is paid.", "", nil
}

package sandbox

import (
	"slices"
	"strings"
	"time"
)

// cardTyped is what a payer typed into a page.
type cardTyped struct {
	number, expiry, cvc, name, email string
}

// method makes a payment method of what was typed. The message is for the payer.
func (t cardTyped) method(tx *tx) (m *paymentMethod, message string) {
	c, ok := cardByNumber(digits(t.number))
	if !ok {
		return nil, "Your card number is invalid. The sandbox takes Stripe's test cards, such as 4242 4242 4242 4242."
	}
	month, year, ok := strings.Cut(t.expiry, "/")
	if !ok {
		return nil, "Your card's expiration date is incomplete."
	}
	m1, y1 := atoi(digits(month)), atoi(digits(year))
	if err := tx.checkExpiry(m1, y1); err != nil {
		return nil, err.Error()
	}
	const century, cvcMin = 100, 3
	if y1 < century {
		y1 += 2000
	}
	if len(digits(t.cvc)) < cvcMin {
		return nil, "Your card's security code is incomplete."
	}
	return tx.newMethod(c, m1, y1, billingDetails{Email: text(t.email), Name: text(t.name)}), ""
}

func atoi(digits string) int {
	n := 0
	for _, r := range digits {
		if n > 9999 {
			return n
		}
		n = 10*n + int(r-'0')
	}
	return n
}

// submit pays a session with a card, or goes on without one where none is needed.
func (tx *tx) submit(c *checkoutSession, t cardTyped) error {
	tx.edit(c)
	c.Own.Failure = ""
	if c.Customer == "" && c.CustomerEmail == "" && !strings.Contains(t.email, "@") {
		c.Own.Failure = "Your email is incomplete."
		return nil
	}
	if tx.free(c) && c.PaymentMethodCollection == "if_required" && (c.Mode == "payment" || digits(t.number) == "") {
		return tx.complete(c, nil, t)
	}
	m, message := t.method(tx)
	if m == nil {
		c.Own.Failure = message
		return nil
	}
	c.Own.Method = m.ID
	return tx.attempt(c, m, t, false)
}

// free reports whether nothing is paid now.
func (tx *tx) free(c *checkoutSession) bool { return c.AmountTotal == nil || *c.AmountTotal == 0 }

// attempt charges a card or sets it up, and completes the session when that is done.
func (tx *tx) attempt(c *checkoutSession, m *paymentMethod, t cardTyped, approved bool) error {
	c.Own.Customer = ""
	if tx.free(c) {
		s, ok := find[*setupIntent](tx, string(c.SetupIntent))
		if !ok || s.Status == "succeeded" || s.Status == "canceled" {
			s = tx.newSetup(string(c.Customer))
			c.SetupIntent = text(s.ID)
		}
		if f := tx.setUp(s, m, approved); f != nil {
			c.Own.Failure = f.Message
			return nil
		}
		if s.Status != "succeeded" {
			return nil
		}
		return tx.complete(c, m, t)
	}
	p, ok := find[*paymentIntent](tx, string(c.PaymentIntent))
	if !ok {
		p = tx.newIntent(*c.AmountTotal, string(c.Currency), string(c.Customer))
		p.SetupFutureUsage = text(c.Own.SetupFutureUsage)
		p.Description = text(c.Own.IntentNote)
		if c.Own.IntentMetadata != nil {
			p.Metadata = c.Own.IntentMetadata
		}
		if c.Mode == "subscription" {
			p.SetupFutureUsage, p.Description = "off_session", "Subscription creation"
		}
		c.PaymentIntent = text(p.ID)
		tx.fire("payment_intent.created", p)
	}
	if f := tx.pay(p, m, session{approved: approved}); f != nil {
		c.Own.Failure = f.Message
		return nil
	}
	if p.Status != "succeeded" {
		return nil
	}
	return tx.complete(c, m, t)
}

// authenticated goes on after 3-D Secure.
func (tx *tx) authenticated(c *checkoutSession, approved bool) error {
	tx.edit(c)
	m, ok := find[*paymentMethod](tx, c.Own.Method)
	if !ok {
		return nil
	}
	if approved {
		return tx.attempt(c, m, cardTyped{email: string(m.BillingDetails.Email), name: string(m.BillingDetails.Name)}, true)
	}
	if p, ok := find[*paymentIntent](tx, string(c.PaymentIntent)); ok && p.Status == "requires_action" {
		tx.unverified(p)
		c.Own.Failure = p.LastPaymentError.Message
	}
	if s, ok := find[*setupIntent](tx, string(c.SetupIntent)); ok && s.Status == "requires_action" {
		tx.unset(s)
		c.Own.Failure = s.LastSetupError.Message
	}
	return nil
}

// waits reports whether a session waits for 3-D Secure.
func (tx *tx) waits(c *checkoutSession) bool {
	p, ok := find[*paymentIntent](tx, string(c.PaymentIntent))
	s, set := find[*setupIntent](tx, string(c.SetupIntent))
	return c.Status == "open" && (ok && p.Status == "requires_action" || set && s.Status == "requires_action")
}

// complete makes what the payer bought.
func (tx *tx) complete(c *checkoutSession, m *paymentMethod, t cardTyped) error {
	owner, err := tx.payerOf(c, t)
	if err != nil {
		return err
	}
	p, paid := find[*paymentIntent](tx, string(c.PaymentIntent))
	if owner != nil {
		tx.own(c, owner, m)
	}
	c.PaymentStatus = "no_payment_required"
	if paid {
		c.PaymentStatus = "paid"
	}
	switch c.Mode {
	case "subscription":
		if err := tx.subscribe(c, owner, m, p); err != nil {
			return err
		}
	case "payment":
		if err := tx.sell(c, owner, p); err != nil {
			return err
		}
	}
	c.Status, c.URL = "complete", ""
	if c.Mode == "subscription" { // its intents are the subscription's (API reference, "Checkout Sessions")
		c.PaymentIntent, c.SetupIntent = "", ""
	}
	tx.fire("checkout.session.completed", c)
	tx.last("invoice_payment.paid")
	return nil
}

// last moves the events of a type to the end: Stripe sends them a little later.
func (tx *tx) last(kind string) {
	var late []*event
	tx.fired = slices.DeleteFunc(tx.fired, func(e *event) bool {
		if e.Type == kind {
			late = append(late, e)
		}
		return e.Type == kind
	})
	tx.fired = append(tx.fired, late...)
}

// payerOf returns the customer of a session, a new one where the session needs one and has none, or nil.
func (tx *tx) payerOf(c *checkoutSession, t cardTyped) (*customer, error) {
	if c.Customer != "" {
		return tx.liveCustomer(string(c.Customer), "customer", false)
	}
	email := c.CustomerEmail
	if email == "" {
		email = text(t.email)
	}
	c.CustomerDetails = &customerDetails{Email: email, Name: text(t.name), TaxExempt: "none", TaxIDs: []none{}}
	needed := c.Mode == "subscription" || c.CustomerCreation == "always" || c.Own.SetupFutureUsage != "" || c.InvoiceCreation != nil && c.InvoiceCreation.Enabled
	if !needed {
		return nil, nil
	}
	owner := tx.newCustomer()
	owner.Email, owner.Name = email, text(t.name)
	tx.add(owner)
	tx.fire("customer.created", owner)
	return owner, nil
}

// own makes the session, its payment and its card the customer's.
func (tx *tx) own(c *checkoutSession, owner *customer, m *paymentMethod) {
	c.Customer = text(owner.ID)
	tx.refiled(c)
	if p, ok := find[*paymentIntent](tx, string(c.PaymentIntent)); ok && p.Customer == "" {
		tx.edit(p)
		p.Customer = text(owner.ID)
		tx.refiled(p)
		if made, ok := find[*charge](tx, string(p.LatestCharge)); ok {
			tx.edit(made)
			made.Customer = p.Customer
			tx.refiled(made)
		}
	}
	if s, ok := find[*setupIntent](tx, string(c.SetupIntent)); ok && s.Customer == "" {
		tx.edit(s)
		s.Customer = text(owner.ID)
		tx.refiled(s)
	}
	saves := c.Mode != "payment" || c.Own.SetupFutureUsage != ""
	if m != nil && saves && m.Customer == "" {
		tx.join(m, owner)
	}
	tx.edit(owner)
	if owner.Currency == "" && c.Mode != "setup" {
		owner.Currency = c.Currency
	}
	if owner.Email == "" && c.CustomerDetails != nil {
		owner.Email = c.CustomerDetails.Email
	}
	tx.updated("customer.updated", owner)
}

// subscribe starts the subscription that a session sold. The card is the subscription's own, not the customer's.
func (tx *tx) subscribe(c *checkoutSession, owner *customer, m *paymentMethod, p *paymentIntent) error {
	s := tx.newSubscription(owner)
	s.Currency, s.AutomaticTax.Enabled = string(c.Currency), c.AutomaticTax.Enabled
	s.PaymentSettings.SaveDefaultPaymentMethod = "off"
	d := c.Own.Subscription
	s.Metadata, s.Description = d.Metadata, text(d.Description)
	if s.Metadata == nil {
		s.Metadata = map[string]string{}
	}
	s.TrialSettings.EndBehavior.MissingPaymentMethod = d.MissingMethod
	s.TrialEnd = stamp(d.TrialEnd)
	if d.TrialDays > 0 {
		s.TrialEnd = stamp(s.Created + d.TrialDays*int64(day/time.Second))
	}
	if d.Anchor != 0 {
		s.BillingCycleAnchor = d.Anchor
	}
	if m != nil {
		s.DefaultPaymentMethod = text(m.ID)
	}
	var given []itemGiven
	for _, item := range c.Own.Items {
		sold, _ := find[*price](tx, item.Price)
		if sold.Type == "recurring" {
			given = append(given, itemGiven{Price: &sold.ID, Quantity: item.Quantity})
			continue
		}
		once := tx.newItem(owner, round(sold.amount(whole(*item.Quantity))), sold.Currency, period{s.Created, s.Created})
		once.Description, once.Pricing, once.Quantity, once.Parent = text(tx.nameOf(sold)), pricingOf(sold), *item.Quantity, parentOf(s.ID, "")
		tx.add(once)
	}
	var err error
	if s.Items.Data, err = tx.itemsOf(s, nil, given, "line_items"); err != nil {
		return err
	}
	redeemed, err := tx.redeemed(c, owner)
	if err != nil {
		return err
	}
	for _, r := range redeemed {
		r.Subscription = text(s.ID)
	}
	s.Discounts = append(s.Discounts, idsOf(redeemed)...)
	c.Subscription = text(s.ID)
	if err := tx.startSubscription(s, start{behavior: "allow_incomplete", prorate: d.Prorate, paidBy: p}); err != nil {
		return err
	}
	c.Invoice = s.LatestInvoice
	return nil
}

// redeemed uses up the discounts of a session for who pays; nil is a guest.
func (tx *tx) redeemed(c *checkoutSession, owner *customer) ([]*discount, error) {
	var given []discountGiven
	for _, named := range c.Discounts {
		if id := string(named.PromotionCode); id != "" {
			given = append(given, discountGiven{PromotionCode: &id})
			continue
		}
		id := string(named.Coupon)
		given = append(given, discountGiven{Coupon: &id})
	}
	who := ""
	if owner != nil {
		who = owner.ID
	}
	all, err := tx.redeem(given, who)
	for _, d := range all {
		d.CheckoutSession = text(c.ID)
	}
	return all, err
}

// sell redeems the discounts of a payment, and makes its paid invoice when the session asks for one.
func (tx *tx) sell(c *checkoutSession, owner *customer, p *paymentIntent) error {
	discounts, err := tx.redeemed(c, owner)
	if err != nil || !c.InvoiceCreation.Enabled || owner == nil {
		return err
	}
	i := tx.newInvoice(owner, string(c.Currency), "manual")
	i.Metadata, i.Description = c.InvoiceCreation.InvoiceData.Metadata, c.InvoiceCreation.InvoiceData.Description
	for _, d := range discounts {
		d.Invoice = text(i.ID)
	}
	i.Discounts = idsOf(discounts)
	i.AutomaticTax.Enabled = c.AutomaticTax.Enabled
	for _, item := range c.Own.Items {
		sold, _ := find[*price](tx, item.Price)
		l := tx.newLine(round(sold.amount(whole(*item.Quantity))), sold.Currency, tx.nameOf(sold), period{i.Created, i.Created})
		l.Pricing, l.Quantity = pricingOf(sold), item.Quantity
		i.put(l)
	}
	tx.total(i)
	c.Invoice = text(i.ID)
	tx.fire("invoice.created", i)
	return tx.finalize(i, p)
}

// useCode puts a promotion code on a session. The message is for the payer.
func (tx *tx) useCode(c *checkoutSession, code string) error {
	tx.edit(c)
	c.Own.Failure = ""
	now := tx.now(string(c.Customer))
	for _, p := range every[*promotionCode](tx) {
		if c.AllowPromotionCodes && strings.EqualFold(p.Code, strings.TrimSpace(code)) && p.Active && (p.ExpiresAt == 0 || int64(p.ExpiresAt) > now) &&
			(p.Customer == "" || p.Customer == c.Customer) {
			c.Discounts = []sessionDiscount{{PromotionCode: text(p.ID)}}
			if tried, ok := find[*paymentIntent](tx, string(c.PaymentIntent)); ok { // of the price before
				tx.cancelPayment(tried, "abandoned")
				c.PaymentIntent = ""
			}
			return tx.price(c)
		}
	}
	c.Own.Failure = "This code is invalid."
	return nil
}

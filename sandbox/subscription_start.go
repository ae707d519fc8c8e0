package sandbox

import (
	"math/big"
	"time"
)

type trialSettingsGiven struct {
	EndBehavior struct {
		MissingPaymentMethod string `form:"missing_payment_method,required" enum:"cancel|create_invoice|pause"`
	} `form:"end_behavior,required"`
}

type subscriptionNew struct {
	AutomaticTax struct {
		Enabled bool `form:"enabled"`
	} `form:"automatic_tax"`
	BillingCycleAnchor *int64 `form:"billing_cycle_anchor"`
	BillingMode        *struct {
		Type     string  `form:"type,required" enum:"classic|flexible"`
		Flexible ignored `form:"flexible"`
	} `form:"billing_mode"`
	CancelAt             *int64              `form:"cancel_at"`
	CancelAtPeriodEnd    *bool               `form:"cancel_at_period_end"`
	CollectionMethod     *string             `form:"collection_method" enum:"charge_automatically|send_invoice"`
	Currency             *string             `form:"currency"`
	Customer             string              `form:"customer,required"`
	DaysUntilDue         *int64              `form:"days_until_due" min:"0"`
	DefaultPaymentMethod *string             `form:"default_payment_method"`
	Description          *string             `form:"description"`
	Discounts            []discountGiven     `form:"discounts"`
	Items                []itemGiven         `form:"items"`
	Metadata             changes             `form:"metadata"`
	OffSession           ignored             `form:"off_session"`
	PaymentBehavior      *string             `form:"payment_behavior" enum:"allow_incomplete|default_incomplete|error_if_incomplete|pending_if_incomplete"`
	PaymentSettings      *settingsGiven      `form:"payment_settings"`
	ProrationBehavior    *string             `form:"proration_behavior" enum:"always_invoice|create_prorations|none"`
	TrialEnd             *moment             `form:"trial_end" words:"now"`
	TrialPeriodDays      *int64              `form:"trial_period_days" min:"0"`
	TrialSettings        *trialSettingsGiven `form:"trial_settings"`
	TrialFromPlan        ignored             `form:"trial_from_plan"`
}

type settingsGiven struct {
	SaveDefault        *string `form:"save_default_payment_method" enum:"off|on_subscription"`
	PaymentMethodTypes ignored `form:"payment_method_types"`
	MethodOptions      ignored `form:"payment_method_options"`
}

func createSubscription(tx *tx, g *subscriptionNew) (any, error) {
	s, err := g.build(tx)
	if err != nil {
		return nil, err
	}
	behavior := "allow_incomplete"
	if g.PaymentBehavior != nil {
		behavior = *g.PaymentBehavior
	}
	return s, tx.startSubscription(s, start{behavior: behavior, prorate: g.ProrationBehavior == nil || *g.ProrationBehavior != "none"})
}

// build makes a subscription that is not in the state yet.
func (g *subscriptionNew) build(tx *tx) (*subscription, error) {
	c, err := tx.liveCustomer(g.Customer, "customer", false)
	if err != nil {
		return nil, err
	}
	if len(g.Items) == 0 {
		return nil, required("items")
	}
	s := tx.newSubscription(c)
	if g.BillingMode != nil && g.BillingMode.Type == "classic" {
		s.BillingMode = billingMode{Type: "classic"}
	}
	if s.Items.Data, err = tx.itemsOf(s, nil, g.Items, "items"); err != nil {
		return nil, err
	}
	s.Currency = s.Items.Data[0].Price.Currency
	if c.Currency != "" && string(c.Currency) != s.Currency {
		return nil, invalid("", "You cannot combine currencies on a single customer. This customer has had a subscription, coupon, or invoice item with currency %s", c.Currency)
	}
	s.AutomaticTax.Enabled = g.AutomaticTax.Enabled
	if g.CollectionMethod != nil {
		s.CollectionMethod = *g.CollectionMethod
	}
	if s.CollectionMethod == "send_invoice" && g.DaysUntilDue == nil {
		return nil, required("days_until_due")
	}
	s.DaysUntilDue = g.DaysUntilDue
	setText(&s.Description, g.Description)
	s.Metadata = g.Metadata.on(nil)
	if g.PaymentSettings != nil {
		setText(&s.PaymentSettings.SaveDefaultPaymentMethod, g.PaymentSettings.SaveDefault)
	}
	if g.TrialSettings != nil {
		s.TrialSettings.EndBehavior.MissingPaymentMethod = g.TrialSettings.EndBehavior.MissingPaymentMethod
	}
	if err := tx.setCard(s, g.DefaultPaymentMethod); err != nil {
		return nil, err
	}
	redeemed, err := tx.redeem(g.Discounts, c.ID)
	if err != nil {
		return nil, err
	}
	s.Discounts = idsOf(redeemed)
	for _, d := range redeemed {
		d.Subscription = text(s.ID)
	}
	return s, g.times(s)
}

// times sets the trial, the anchor and the planned end.
func (g *subscriptionNew) times(s *subscription) error {
	now := s.Created
	switch {
	case g.TrialEnd != nil && g.TrialPeriodDays != nil:
		return invalid("trial_end", "You may only specify one of these parameters: trial_end, trial_period_days.")
	case g.TrialEnd != nil && g.TrialEnd.Word == "":
		if g.TrialEnd.At <= now {
			return invalid("trial_end", "Invalid timestamp: must be an integer Unix timestamp in the future.")
		}
		s.TrialEnd = stamp(g.TrialEnd.At)
	case g.TrialPeriodDays != nil && *g.TrialPeriodDays > 0:
		s.TrialEnd = stamp(now + *g.TrialPeriodDays*int64(day/time.Second))
	}
	if g.BillingCycleAnchor != nil {
		most := s.recurring().after(now, now, 1)
		if *g.BillingCycleAnchor <= now || *g.BillingCycleAnchor > most {
			return invalid("billing_cycle_anchor", "The billing_cycle_anchor must be in the future, and no later than the next natural billing date (%d) for the subscription.", most)
		}
		s.BillingCycleAnchor = *g.BillingCycleAnchor
	}
	if g.CancelAt != nil {
		s.CancelAt = stamp(*g.CancelAt)
	}
	if g.CancelAtPeriodEnd != nil {
		s.CancelAtPeriodEnd = *g.CancelAtPeriodEnd
	}
	return nil
}

// newSubscription returns a subscription of a customer without items.
func (tx *tx) newSubscription(c *customer) *subscription {
	s := &subscription{header: tx.header("sub_", "subscription", c.ID), BillingSchedules: []none{}, CollectionMethod: "charge_automatically", Customer: c.ID,
		DefaultTaxRates: []none{}, Discounts: []string{}, InvoiceSettings: subscriptionBills{Issuer: issuer{"self"}}, Metadata: map[string]string{},
		Status: "active", TestClock: c.TestClock, Own: &subscriptionOwn{}}
	s.BillingMode = billingMode{Flexible: &flexible{"included"}, Type: "flexible", UpdatedAt: s.Created}
	s.Items = listed[*subItem]("/v1/subscription_items?subscription="+s.ID, nil)
	s.PaymentSettings.SaveDefaultPaymentMethod = "off"
	s.TrialSettings.EndBehavior.MissingPaymentMethod = "create_invoice"
	s.StartDate, s.BillingCycleAnchor = s.Created, s.Created
	return s
}

// setCard makes a customer's card the one that pays a subscription.
func (tx *tx) setCard(s *subscription, id *string) error {
	if id == nil {
		return nil
	}
	if *id != "" {
		m, err := need[*paymentMethod](tx, *id, "default_payment_method")
		if err != nil {
			return err
		}
		if string(m.Customer) != s.Customer {
			return invalid("default_payment_method", "The customer does not have a payment method with the ID %s. The payment method must be attached to the customer.", *id).withCode(codeMissing)
		}
	}
	s.DefaultPaymentMethod = text(*id)
	return nil
}

// start says how a new subscription is paid.
type start struct {
	behavior string
	prorate  bool           // when its first period is shorter than the others
	paidBy   *paymentIntent // by a payment that succeeded before
}

// first sets the first period and returns the lines of the first invoice: none when nothing is billed in advance.
func (tx *tx) first(s *subscription, prorate bool) []*line {
	now := s.Created
	if s.TrialEnd != 0 {
		s.Status, s.TrialStart, s.BillingCycleAnchor = "trialing", stamp(now), int64(s.TrialEnd)
		trial := period{Start: now, End: int64(s.TrialEnd)}
		s.setPeriod(trial)
		var lines []*line
		for _, item := range s.Items.Data {
			if item.metered() {
				continue
			}
			l := tx.itemLine(s, item, 0, "Trial period for "+tx.nameOf(item.Price), trial)
			lines = append(lines, l)
		}
		return lines
	}
	if s.BillingCycleAnchor <= now {
		full := period{Start: now, End: s.recurring().after(s.BillingCycleAnchor, now, 1)}
		s.setPeriod(full)
		return tx.advanceLines(s, full)
	}
	s.setPeriod(period{Start: now, End: s.BillingCycleAnchor})
	if !prorate {
		return nil
	}
	natural := s.recurring().nth(s.BillingCycleAnchor, -1)
	var lines []*line
	for _, item := range s.Items.Data {
		if !item.metered() {
			share := fraction(item.Price.amount(whole(item.quantity())), s.BillingCycleAnchor-now, s.BillingCycleAnchor-natural)
			l := tx.itemLine(s, item, round(share), tx.describe(item), s.period())
			l.Parent.SubscriptionItemDetails.Proration = true
			lines = append(lines, l)
		}
	}
	return lines
}

// fraction returns amount × part / all.
func fraction(amount *big.Rat, part, all int64) *big.Rat {
	if all <= 0 {
		return new(big.Rat)
	}
	return new(big.Rat).Mul(amount, big.NewRat(part, all))
}

// itemLine returns a line for an item of a subscription.
func (tx *tx) itemLine(s *subscription, item *subItem, amount int64, description string, at period) *line {
	l := tx.newLine(amount, s.Currency, description, at)
	l.Parent = &lineParent{Type: "subscription_item_details", SubscriptionItemDetails: &lineSubscriptionDetails{Subscription: text(s.ID), SubscriptionItem: item.ID}}
	l.Subscription, l.Pricing, l.Quantity, l.Metadata = text(s.ID), pricingOf(item.Price), item.Quantity, item.Metadata
	return l
}

// describe is the text of a line that bills an item in advance.
func (tx *tx) describe(item *subItem) string {
	p := item.Price
	every := p.Recurring.Interval
	if p.Recurring.IntervalCount > 1 {
		every = urlf("%d %ss", p.Recurring.IntervalCount, every)
	}
	if p.BillingScheme == "tiered" {
		return urlf("%d × %s (Tier 1)", item.quantity(), tx.nameOf(p))
	}
	unit := string(p.UnitAmountDecimal)
	if p.UnitAmount != nil {
		unit = display(*p.UnitAmount, p.Currency)
	}
	return urlf("%d × %s (at %s / %s)", item.quantity(), tx.nameOf(p), unit, every)
}

// advanceLines bills the licensed items for a period.
func (tx *tx) advanceLines(s *subscription, at period) []*line {
	var lines []*line
	for _, item := range s.Items.Data {
		if !item.metered() {
			lines = append(lines, tx.itemLine(s, item, round(item.Price.amount(whole(item.quantity()))), tx.describe(item), at))
		}
	}
	return lines
}

// draft makes an invoice of a subscription from lines and from the items that wait for one. nil when it would be empty.
func (tx *tx) draft(s *subscription, reason string, lines []*line) *invoice {
	waiting := tx.pending(s)
	if len(lines)+len(waiting) == 0 {
		return nil
	}
	owner, _ := find[*customer](tx, s.Customer)
	i := tx.newInvoice(owner, s.Currency, reason)
	i.AutoAdvance, i.AutomaticTax.Enabled, i.CollectionMethod, i.Discounts = true, s.AutomaticTax.Enabled, s.CollectionMethod, s.Discounts
	i.Parent = &invoiceParent{Type: "subscription_details", SubscriptionDetails: &invoiceSubscription{Metadata: s.Metadata, Subscription: s.ID}}
	if s.DaysUntilDue != nil {
		i.DueDate = stamp(i.Created + *s.DaysUntilDue*int64(day/time.Second))
	}
	for _, item := range waiting {
		tx.take(i, item)
	}
	i.put(lines...)
	tx.total(i)
	return i
}

// startSubscription adds a subscription and bills its first period.
func (tx *tx) startSubscription(s *subscription, how start) error {
	lines := tx.first(s, how.prorate)
	if s.CancelAtPeriodEnd {
		s.CancelAt, s.CanceledAt, s.CancellationDetails.Reason = stamp(s.period().End), stamp(s.Created), "cancellation_requested"
	}
	tx.add(s)
	if s.Status != "trialing" && !s.licensed() {
		lines = nil
	}
	i := tx.draft(s, "subscription_create", lines)
	if i == nil {
		tx.fire("customer.subscription.created", s)
		return tx.begun(s, how)
	}
	s.LatestInvoice = text(i.ID)
	i.AutoAdvance = s.CollectionMethod == "charge_automatically"
	due := i.AmountDue > 0
	if due && how.paidBy == nil && s.CollectionMethod == "charge_automatically" {
		if how.behavior != "default_incomplete" && tx.cardOf(i) == nil {
			return invalid("", "This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.").
				withCode(codeMissing)
		}
		s.Status = "incomplete"
	}
	tx.fire("customer.subscription.created", s)
	tx.fire("invoice.created", i)
	if err := tx.finalize(i, how.paidBy); err != nil {
		return err
	}
	if i.Status == "open" && s.Status == "incomplete" && how.behavior != "default_incomplete" {
		f, err := tx.collect(i, true)
		if err != nil {
			return err
		}
		if f != nil && how.behavior == "error_if_incomplete" {
			refused := *f
			refused.Kept = false
			return &refused
		}
	}
	return tx.begun(s, how)
}

// begun does what follows the first events of a subscription.
func (tx *tx) begun(s *subscription, how start) error {
	if s.Status == "trialing" {
		if int64(s.TrialEnd)-s.Created <= warnedBefore {
			tx.warn(s)
		}
		owner, _ := find[*customer](tx, s.Customer)
		if s.DefaultPaymentMethod == "" && owner.InvoiceSettings.DefaultPaymentMethod == "" && how.behavior == "default_incomplete" {
			s.PendingSetupIntent = text(tx.newSetup(s.Customer).ID)
			tx.updated("customer.subscription.updated", s)
		}
	}
	return nil
}

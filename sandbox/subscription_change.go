package sandbox

import "slices"

type subscriptionChange struct {
	ID           string `path:"id"`
	AutomaticTax *struct {
		Enabled bool `form:"enabled,required"`
	} `form:"automatic_tax"`
	BillingCycleAnchor  *string     `form:"billing_cycle_anchor" enum:"now|unchanged"`
	CancelAt            maybeMoment `form:"cancel_at" words:"min_period_end|max_period_end"`
	CancelAtPeriodEnd   *bool       `form:"cancel_at_period_end"`
	CancellationDetails *struct {
		Comment  *string `form:"comment"`
		Feedback *string `form:"feedback" enum:"customer_service|low_quality|missing_features|other|switched_service|too_complex|too_expensive|unused|"`
	} `form:"cancellation_details"`
	CollectionMethod     *string                `form:"collection_method" enum:"charge_automatically|send_invoice"`
	DaysUntilDue         *int64                 `form:"days_until_due" min:"0"`
	DefaultPaymentMethod *string                `form:"default_payment_method"`
	Description          *string                `form:"description"`
	Discounts            maybe[[]discountGiven] `form:"discounts"`
	Items                []itemGiven            `form:"items"`
	Metadata             changes                `form:"metadata"`
	OffSession           ignored                `form:"off_session"`
	PauseCollection      maybe[pauseCollection] `form:"pause_collection"`
	PaymentBehavior      *string                `form:"payment_behavior" enum:"allow_incomplete|default_incomplete|error_if_incomplete|pending_if_incomplete"`
	PaymentSettings      *settingsGiven         `form:"payment_settings"`
	ProrationBehavior    *string                `form:"proration_behavior" enum:"always_invoice|create_prorations|none"`
	ProrationDate        *int64                 `form:"proration_date"`
	TrialEnd             *moment                `form:"trial_end" words:"now"`
	TrialSettings        *trialSettingsGiven    `form:"trial_settings"`
	TrialFromPlan        ignored                `form:"trial_from_plan"`
}

// maybeMoment is a time, a word, or the empty text that clears.
type maybeMoment struct {
	moment
	Given, Clear bool
}

func updateSubscription(tx *tx, g *subscriptionChange) (any, error) {
	s, err := needPath[*subscription](tx, g.ID, "id")
	if err != nil {
		return nil, err
	}
	tx.edit(s)
	if s.over() && (g.Items != nil || g.CancelAtPeriodEnd != nil || g.TrialEnd != nil || g.DefaultPaymentMethod != nil || g.PauseCollection.Given) {
		return nil, invalid("", "A canceled subscription can only update its cancellation_details and metadata.")
	}
	if err := g.settings(tx, s); err != nil {
		return nil, err
	}
	if g.Items == nil && g.TrialEnd == nil && g.BillingCycleAnchor == nil {
		tx.updated("customer.subscription.updated", s)
		return s, nil
	}
	_, err = tx.change(s, g.request())
	return s, err
}

// settings changes what does not touch the bill.
func (g *subscriptionChange) settings(tx *tx, s *subscription) error {
	s.Metadata = g.Metadata.on(s.Metadata)
	setText(&s.Description, g.Description)
	if g.AutomaticTax != nil {
		s.AutomaticTax.Enabled = g.AutomaticTax.Enabled
	}
	if g.CollectionMethod != nil {
		s.CollectionMethod = *g.CollectionMethod
	}
	if g.DaysUntilDue != nil {
		s.DaysUntilDue = g.DaysUntilDue
	}
	if g.TrialSettings != nil {
		s.TrialSettings.EndBehavior.MissingPaymentMethod = g.TrialSettings.EndBehavior.MissingPaymentMethod
	}
	if g.PaymentSettings != nil {
		setText(&s.PaymentSettings.SaveDefaultPaymentMethod, g.PaymentSettings.SaveDefault)
	}
	if d := g.CancellationDetails; d != nil {
		setText(&s.CancellationDetails.Comment, d.Comment)
		setText(&s.CancellationDetails.Feedback, d.Feedback)
	}
	if g.PauseCollection.Given {
		s.PauseCollection = nil
		if !g.PauseCollection.Clear {
			s.PauseCollection = &g.PauseCollection.Value
		}
	}
	if g.Discounts.Given {
		s.Discounts = []string{}
		if !g.Discounts.Clear {
			redeemed, err := tx.redeem(g.Discounts.Value, s.Customer)
			if err != nil {
				return err
			}
			for _, d := range redeemed {
				d.Subscription = text(s.ID)
			}
			s.Discounts = idsOf(redeemed)
		}
	}
	if err := tx.setCard(s, g.DefaultPaymentMethod); err != nil {
		return err
	}
	return g.ending(tx, s)
}

// ending plans the end, or takes it back.
func (g *subscriptionChange) ending(tx *tx, s *subscription) error {
	if g.CancelAtPeriodEnd != nil && g.CancelAt.Given && !g.CancelAt.Clear {
		return invalid("cancel_at", "You may only specify one of these parameters: cancel_at, cancel_at_period_end.")
	}
	plan := func(at int64, atPeriodEnd bool) {
		s.CancelAt, s.CancelAtPeriodEnd = stamp(at), atPeriodEnd
		if at == 0 {
			s.CanceledAt, s.CancellationDetails.Reason = 0, ""
			return
		}
		s.CanceledAt, s.CancellationDetails.Reason = stamp(tx.now(s.Customer)), "cancellation_requested"
	}
	switch {
	case g.CancelAtPeriodEnd != nil && *g.CancelAtPeriodEnd:
		plan(s.period().End, true)
	case g.CancelAtPeriodEnd != nil && s.CancelAt != 0:
		plan(0, false)
	case g.CancelAt.Given && g.CancelAt.Clear:
		plan(0, false)
	case g.CancelAt.Given && g.CancelAt.Word != "":
		plan(s.period().End, false)
	case g.CancelAt.Given:
		if g.CancelAt.At <= tx.now(s.Customer) {
			return invalid("cancel_at", "cancel_at must be in the future.")
		}
		plan(g.CancelAt.At, false)
	}
	return nil
}

// A billChange is a change of items, trial or anchor.
type billChange struct {
	items     []itemGiven
	param     string
	proration string // create_prorations, always_invoice or none
	date      *int64 // of the proration; nil is now
	behavior  string // of the payment
	trialEnd  *moment
	anchorNow bool
	dry       bool // leaves the invoice a draft, for a preview
}

func (g *subscriptionChange) request() billChange {
	c := billChange{items: g.Items, param: "items", proration: "create_prorations", date: g.ProrationDate, behavior: "allow_incomplete", trialEnd: g.TrialEnd,
		anchorNow: g.BillingCycleAnchor != nil && *g.BillingCycleAnchor == "now"}
	if g.ProrationBehavior != nil {
		c.proration = *g.ProrationBehavior
	}
	if g.PaymentBehavior != nil {
		c.behavior = *g.PaymentBehavior
	}
	return c
}

// change changes what a subscription bills. It returns the invoice that is made at once, or nil.
func (tx *tx) change(s *subscription, c billChange) (*invoice, error) {
	now := tx.now(s.Customer)
	items, err := tx.itemsOf(s, s.Items.Data, c.items, c.param)
	if err != nil {
		return nil, err
	}
	if items[0].Price.Currency != s.Currency {
		return nil, invalid(c.param+"[0][price]", "The subscription's currency is %s; a price in %s cannot be added.", s.Currency, items[0].Price.Currency)
	}
	at := now
	if c.date != nil {
		if at = *c.date; at < s.period().Start || at > s.period().End {
			return nil, invalid("proration_date", "The proration date must be within the current period of the subscription.")
		}
	}
	old := s.Items.Data
	endsTrial, extends := tx.retrial(s, c, now)
	if extends != nil {
		return nil, extends
	}
	restart := c.anchorNow || endsTrial || s.Status != "trialing" && !sameInterval(old[0], items[0])
	prorates := c.proration != "none" && (s.Status == "active" || s.Status == "past_due" || s.Status == "unpaid") && !endsTrial
	var waiting []*invoiceItem
	var lines []*line
	if prorates {
		waiting = tx.prorations(s, old, items, at, restart)
	}
	for _, item := range old { // usage that no later invoice would bill
		gone := !slices.ContainsFunc(items, func(i *subItem) bool { return i.ID == item.ID })
		if !item.metered() || endsTrial || s.Status == "trialing" || !restart && (!gone || c.proration == "none") {
			continue
		}
		switch l := tx.usageLine(s, item, period{Start: s.period().Start, End: now}); {
		case l.Amount <= 0:
		case restart || c.proration == "always_invoice":
			lines = append(lines, l)
		default:
			waiting = append(waiting, tx.usageItem(s, item, l))
		}
	}
	next := s.period()
	s.Items.Data = items
	if restart {
		s.BillingCycleAnchor = now
		next = period{Start: now, End: s.recurring().after(now, now, 1)}
	}
	if s.Status == "trialing" && !endsTrial {
		next = period{Start: s.period0(old).Start, End: int64(s.TrialEnd)}
		s.BillingCycleAnchor, restart = int64(s.TrialEnd), false
	}
	s.setPeriod(next)
	if endsTrial {
		s.Status, s.TrialEnd = "active", stamp(now)
	}
	if s.CancelAtPeriodEnd {
		s.CancelAt = stamp(next.End)
	}
	if restart && s.Status != "paused" {
		lines = append(lines, tx.advanceLines(s, next)...)
	}
	for _, item := range waiting {
		tx.add(item)
		tx.fire("invoiceitem.created", item)
	}
	var i *invoice
	if len(lines) > 0 || c.proration == "always_invoice" && len(waiting) > 0 {
		i = tx.draft(s, "subscription_update", lines)
		i.Parent.SubscriptionDetails.SubscriptionProrationDate = at
	}
	if c.dry {
		return i, nil
	}
	return i, tx.billChanged(s, i, c.behavior, old)
}

// retrial ends or moves the trial. It reports whether the trial ends now.
func (tx *tx) retrial(s *subscription, c billChange, now int64) (ends bool, err error) {
	if c.trialEnd == nil {
		return false, nil
	}
	if c.trialEnd.Word == "now" {
		return s.Status == "trialing", nil
	}
	if c.trialEnd.At <= now {
		return false, invalid("trial_end", "Invalid timestamp: must be an integer Unix timestamp in the future.")
	}
	s.TrialEnd = stamp(c.trialEnd.At)
	if s.Status != "trialing" {
		s.TrialStart = stamp(now)
	}
	s.Status, s.Own.Warned = "trialing", false
	return false, nil
}

// period0 returns the period that items had.
func (s *subscription) period0(items []*subItem) period {
	return period{Start: items[0].CurrentPeriodStart, End: items[0].CurrentPeriodEnd}
}

func sameInterval(a, b *subItem) bool {
	return a.Price.Recurring.Interval == b.Price.Recurring.Interval && a.Price.Recurring.IntervalCount == b.Price.Recurring.IntervalCount
}

// billChanged tells of a change and collects its invoice. A payment that fails leaves the subscription past due, takes
// the change back, or keeps it waiting, as the payment behaviour says.
func (tx *tx) billChanged(s *subscription, i *invoice, behavior string, old []*subItem) error {
	if i == nil {
		tx.updated("customer.subscription.updated", s)
		return nil
	}
	former := s.LatestInvoice
	s.LatestInvoice = text(i.ID)
	waits := behavior == "pending_if_incomplete"
	if !waits {
		tx.updated("customer.subscription.updated", s)
	}
	tx.fire("invoice.created", i)
	if err := tx.finalize(i, nil); err != nil {
		return err
	}
	var f *fault
	if i.Status == "open" && s.CollectionMethod == "charge_automatically" && behavior != "default_incomplete" {
		if waits { // its failure must not make the subscription past due
			s.LatestInvoice = former
		}
		var err error
		if f, err = tx.collect(i, true); err != nil {
			return err
		}
	}
	switch {
	case f != nil && behavior == "error_if_incomplete":
		refused := *f
		refused.Kept = false
		return &refused
	case waits && f != nil:
		tx.edit(i)
		i.AutoAdvance, i.NextPaymentAttempt = false, 0
		s.Own.Pending, s.Own.Invoice = s.Items.Data, i.ID
		s.PendingUpdate = &pendingUpdate{ExpiresAt: tx.now(s.Customer) + incompleteFor, SubscriptionItems: s.Items.Data}
		s.Items.Data, s.LatestInvoice = old, text(i.ID)
		tx.updated("customer.subscription.updated", s)
	case waits:
		s.LatestInvoice = text(i.ID)
		tx.updated("customer.subscription.updated", s)
	}
	return nil
}

// expireUpdate gives up a change that was not paid in time.
func (tx *tx) expireUpdate(s *subscription) error {
	if i, ok := find[*invoice](tx, s.Own.Invoice); ok && i.Status == "open" {
		if err := tx.void(i); err != nil {
			return err
		}
	}
	s.PendingUpdate, s.Own.Pending, s.Own.Invoice = nil, nil, ""
	tx.updated("customer.subscription.pending_update_expired", s)
	return nil
}

// prorations gives the unused time of changed items back and bills the remaining time of their new prices, by the second
// (Stripe documentation, "Prorations"). When the period starts anew, all unused time is given back and nothing billed
// here.
func (tx *tx) prorations(s *subscription, old, items []*subItem, at int64, restart bool) []*invoiceItem {
	var all []*invoiceItem
	for _, before := range old {
		if before.metered() {
			continue
		}
		n := slices.IndexFunc(items, func(i *subItem) bool { return i.ID == before.ID })
		if restart {
			all = append(all, tx.unused(s, before, at))
			continue
		}
		if n >= 0 && items[n].Price.ID == before.Price.ID && items[n].quantity() == before.quantity() {
			continue
		}
		all = append(all, tx.unused(s, before, at))
		if n >= 0 && !items[n].metered() {
			all = append(all, tx.remaining(s, items[n], at))
		}
	}
	if restart {
		return all
	}
	for _, after := range items {
		if !after.metered() && !slices.ContainsFunc(old, func(i *subItem) bool { return i.ID == after.ID }) {
			all = append(all, tx.remaining(s, after, at))
		}
	}
	return all
}

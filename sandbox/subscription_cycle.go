package sandbox

import "time"

// cycle ends a period: a trial's, or one that was billed. The next one begins at once; its invoice stays a draft for
// Options.InvoiceDelay.
func (tx *tx) cycle(s *subscription) error {
	old := s.period()
	trial := s.Status == "trialing"
	if trial {
		if ended, err := tx.endTrial(s); ended || err != nil {
			return err
		}
	}
	next := period{Start: old.End, End: s.recurring().after(s.BillingCycleAnchor, old.End, 1)}
	var lines []*line
	if !trial { // usage during a trial is not charged (Stripe documentation, "Trials")
		lines = tx.usageLines(s, old)
	}
	s.setPeriod(next)
	i := tx.draft(s, "subscription_cycle", append(lines, tx.advanceLines(s, next)...))
	if i != nil {
		i.PeriodStart, i.PeriodEnd = old.Start, old.End
		i.AutomaticallyFinalizesAt = stamp(old.End + int64(tx.server.options.InvoiceDelay/time.Second))
		if s.Status == "unpaid" || s.PauseCollection != nil && s.PauseCollection.Behavior == "keep_as_draft" {
			i.AutoAdvance, i.AutomaticallyFinalizesAt = false, 0
		}
		s.LatestInvoice = text(i.ID)
	}
	if trial {
		tx.updated("customer.subscription.updated", s)
	}
	if i != nil {
		tx.fire("invoice.created", i)
	}
	if !trial {
		tx.updated("customer.subscription.updated", s)
	}
	return nil
}

// endTrial makes a subscription active, or does what its settings say when no card would pay. It reports whether the
// subscription does not go on.
func (tx *tx) endTrial(s *subscription) (ended bool, err error) {
	owner, _ := find[*customer](tx, s.Customer)
	card := s.DefaultPaymentMethod != "" || owner.InvoiceSettings.DefaultPaymentMethod != "" || s.CollectionMethod == "send_invoice"
	if !card {
		switch s.TrialSettings.EndBehavior.MissingPaymentMethod {
		case "cancel":
			return true, tx.cancel(s, cancellation{})
		case "pause":
			s.Status = "paused"
			tx.updated("customer.subscription.updated", s)
			tx.fire("customer.subscription.paused", s)
			return true, nil
		}
	}
	s.Status = "active"
	return false, nil
}

// usageLines bills what metered items counted in a period.
func (tx *tx) usageLines(s *subscription, at period) []*line {
	var lines []*line
	for _, item := range s.Items.Data {
		if item.metered() {
			lines = append(lines, tx.usageLine(s, item, at))
		}
	}
	return lines
}

// usageLine bills what a metered item counted in a period: what came before the item is not its.
func (tx *tx) usageLine(s *subscription, item *subItem, at period) *line {
	at.Start = min(max(at.Start, item.Created), at.End)
	l := tx.itemLine(s, item, 0, tx.nameOf(item.Price), at)
	l.Own = &lineOwn{Price: item.Price.ID}
	tx.count(l, s.Customer)
	return l
}

// count sets the quantity and the amount of a line from its meter.
func (tx *tx) count(l *line, customer string) {
	p, _ := find[*price](tx, l.Own.Price)
	m, _ := find[*meter](tx, string(p.Recurring.Meter))
	used := tx.used(m, customer, l.Period.Start, l.Period.End)
	quantity := round(used)
	l.Quantity, l.Amount = &quantity, round(p.amount(used))
	l.Subtotal = l.Amount
}

// recount counts the meters of a draft once more, because usage may have come late.
func (tx *tx) recount(i *invoice) {
	for _, l := range i.Lines.Data {
		if l.Own != nil {
			tx.count(l, i.Customer)
		}
	}
}

// cancellation says how and why a subscription ends.
type cancellation struct {
	reason     string
	comment    *string
	feedback   *string
	invoiceNow bool // bills what is left to bill
	prorate    bool // gives the unused time back
}

// end ends a subscription whose end has come. Usage of the period that is over is billed.
func (tx *tx) end(s *subscription) error {
	if s.Status == "trialing" {
		return tx.cancel(s, cancellation{reason: string(s.CancellationDetails.Reason)})
	}
	return tx.cancel(s, cancellation{reason: string(s.CancellationDetails.Reason), invoiceNow: !s.licensed() || len(tx.usageLines(s, s.period())) > 0})
}

// cancel ends a subscription now.
func (tx *tx) cancel(s *subscription, how cancellation) error {
	tx.edit(s)
	now := tx.now(s.Customer)
	at := s.period()
	at.End = min(at.End, now)
	var lines []*line
	if how.invoiceNow && s.Status != "trialing" && at.End > at.Start {
		for _, l := range tx.usageLines(s, at) {
			if l.Amount > 0 {
				lines = append(lines, l)
			}
		}
	}
	if how.prorate && s.Status == "active" {
		for _, item := range s.Items.Data {
			if !item.metered() {
				credit := tx.unused(s, item, now)
				tx.add(credit)
				tx.fire("invoiceitem.created", credit)
			}
		}
	}
	s.Status, s.EndedAt, s.PauseCollection, s.PendingUpdate = "canceled", stamp(now), nil, nil
	if s.CanceledAt == 0 {
		s.CanceledAt = stamp(now)
	}
	s.CancellationDetails.Reason = text(how.reason)
	setText(&s.CancellationDetails.Comment, how.comment)
	setText(&s.CancellationDetails.Feedback, how.feedback)
	for _, i := range owned[*invoice](tx, s.Customer) {
		if i.Parent == nil || i.Parent.SubscriptionDetails.Subscription != s.ID || i.Status != "open" && i.Status != "draft" {
			continue
		}
		tx.edit(i)
		i.AutoAdvance, i.NextPaymentAttempt, i.AutomaticallyFinalizesAt = false, 0, 0
		tx.updated("invoice.updated", i)
	}
	var last *invoice
	if len(lines) > 0 || how.invoiceNow && len(tx.pending(s)) > 0 {
		last = tx.draft(s, "subscription_update", lines)
		s.LatestInvoice = text(last.ID)
	}
	tx.fire("customer.subscription.deleted", s)
	if last == nil {
		return nil
	}
	tx.fire("invoice.created", last)
	return tx.billNow(last)
}

// billNow finalizes a draft and collects it.
func (tx *tx) billNow(i *invoice) error {
	if err := tx.finalize(i, nil); err != nil || i.Status != "open" || i.CollectionMethod == "send_invoice" {
		return err
	}
	_, err := tx.collect(i, true)
	return err
}

// expire ends a subscription whose first invoice was not paid in time.
func (tx *tx) expire(s *subscription) error {
	s.Status, s.EndedAt = "incomplete_expired", stamp(tx.now(s.Customer))
	if i, ok := find[*invoice](tx, string(s.LatestInvoice)); ok && i.Status == "open" {
		if err := tx.void(i); err != nil {
			return err
		}
	}
	tx.updated("customer.subscription.updated", s)
	return nil
}

// afterPaid lets a subscription go on whose invoice is paid.
func (tx *tx) afterPaid(i *invoice) error {
	s := tx.subscriptionOf(i)
	if s == nil {
		return nil
	}
	if s.PendingUpdate != nil && s.Own.Invoice == i.ID {
		tx.edit(s)
		s.Items.Data, s.Own.Pending, s.Own.Invoice, s.PendingUpdate = s.Own.Pending, nil, "", nil
		tx.updated("customer.subscription.pending_update_applied", s)
		tx.fire("customer.subscription.updated", s)
	}
	if i.ID != string(s.LatestInvoice) {
		return nil
	}
	switch s.Status {
	case "incomplete", "past_due", "unpaid":
		tx.edit(s)
		s.Status = "active"
		tx.saveCard(s, i)
		tx.updated("customer.subscription.updated", s)
	}
	owner, _ := find[*customer](tx, s.Customer)
	if owner.Delinquent {
		tx.edit(owner)
		owner.Delinquent = false
		tx.updated("customer.updated", owner)
	}
	return nil
}

// saveCard makes the card that paid the first invoice the subscription's, when its settings say so.
func (tx *tx) saveCard(s *subscription, i *invoice) {
	p, _ := tx.paymentOf(i)
	if p == nil || s.PaymentSettings.SaveDefaultPaymentMethod != "on_subscription" || p.PaymentMethod == "" {
		return
	}
	if m, ok := find[*paymentMethod](tx, string(p.PaymentMethod)); ok {
		if m.Customer == "" && !m.Own.Detached {
			owner, _ := find[*customer](tx, s.Customer)
			tx.join(m, owner)
		}
		s.DefaultPaymentMethod = text(m.ID)
	}
}

// afterFailed makes a subscription past due, or what Options.AfterRetries says once the last attempt has failed.
func (tx *tx) afterFailed(s *subscription, i *invoice, exhausted bool) error {
	if s.over() || i.ID != string(s.LatestInvoice) && !exhausted {
		return nil
	}
	tx.edit(s)
	if exhausted {
		switch tx.server.options.AfterRetries {
		case "canceled":
			return tx.cancel(s, cancellation{reason: "payment_failed"})
		case "unpaid":
			s.Status = "unpaid"
		}
	}
	if s.Status == "active" || s.Status == "trialing" {
		s.Status = "past_due"
	}
	tx.updated("customer.subscription.updated", s)
	owner, _ := find[*customer](tx, s.Customer)
	if !owner.Delinquent {
		tx.edit(owner)
		owner.Delinquent = true
		tx.updated("customer.updated", owner)
	}
	return nil
}

type subscriptionCancel struct {
	ID                  string `path:"id"`
	InvoiceNow          *bool  `form:"invoice_now"`
	Prorate             *bool  `form:"prorate"`
	CancellationDetails *struct {
		Comment  *string `form:"comment"`
		Feedback *string `form:"feedback" enum:"customer_service|low_quality|missing_features|other|switched_service|too_complex|too_expensive|unused|"`
	} `form:"cancellation_details"`
}

func cancelSubscription(tx *tx, g *subscriptionCancel) (any, error) {
	s, err := needPath[*subscription](tx, g.ID, "id")
	if err != nil {
		return nil, err
	}
	if s.over() {
		return nil, absent("subscription", g.ID, "id", true)
	}
	how := cancellation{reason: "cancellation_requested", invoiceNow: g.InvoiceNow != nil && *g.InvoiceNow, prorate: g.Prorate != nil && *g.Prorate}
	if d := g.CancellationDetails; d != nil {
		how.comment, how.feedback = d.Comment, d.Feedback
	}
	if s.Status == "incomplete" {
		tx.edit(s)
		return s, tx.expire(s)
	}
	return s, tx.cancel(s, how)
}

type subscriptionResume struct {
	ID                 string  `path:"id"`
	BillingCycleAnchor *string `form:"billing_cycle_anchor" enum:"now|unchanged"`
	ProrationBehavior  *string `form:"proration_behavior" enum:"always_invoice|create_prorations|none"`
	ProrationDate      *int64  `form:"proration_date"`
}

// resumeSubscription makes a paused subscription active with a new period, which is billed at once.
func resumeSubscription(tx *tx, g *subscriptionResume) (any, error) {
	s, err := needPath[*subscription](tx, g.ID, "id")
	if err != nil {
		return nil, err
	}
	if s.Status != "paused" {
		return nil, invalid("", "You can only resume a subscription that is paused: this one is %s.", s.Status)
	}
	tx.edit(s)
	now := tx.now(s.Customer)
	if g.BillingCycleAnchor == nil || *g.BillingCycleAnchor == "now" {
		s.BillingCycleAnchor = now
	}
	next := period{Start: now, End: s.recurring().after(s.BillingCycleAnchor, now, 1)}
	s.setPeriod(next)
	s.Status = "active"
	i := tx.draft(s, "subscription_cycle", tx.advanceLines(s, next))
	if i != nil {
		s.LatestInvoice = text(i.ID)
	}
	tx.updated("customer.subscription.updated", s)
	tx.fire("customer.subscription.resumed", s)
	if i == nil {
		return s, nil
	}
	tx.fire("invoice.created", i)
	return s, tx.billNow(i)
}

package sandbox

import (
	"net/http"
	"time"
)

// finalize makes a draft an open invoice with a payment, or a paid one when nothing is due. What meters counted until
// then is on it. paidBy is a payment that succeeded before, as a checkout's has; nil makes one.
func (tx *tx) finalize(i *invoice, paidBy *paymentIntent) error {
	tx.edit(i)
	tx.recount(i)
	tx.total(i)
	now := tx.now(i.Customer)
	owner, _ := find[*customer](tx, i.Customer)
	tx.edit(owner)
	i.Status, i.AutomaticallyFinalizesAt, i.EffectiveAt, i.StatusTransitions.FinalizedAt = "open", 0, stamp(now), stamp(now)
	i.Number = text(urlf("%s-%04d", owner.InvoicePrefix, owner.NextInvoiceSequence))
	owner.NextInvoiceSequence++
	ending := min(i.Total+i.StartingBalance, 0)
	i.EndingBalance = &ending
	owner.Balance = ending
	i.HostedInvoiceURL = text(tx.base() + "/_sandbox/invoices/" + i.ID)
	i.InvoicePDF = i.HostedInvoiceURL + "/pdf"
	if i.CollectionMethod == "send_invoice" && i.DueDate == 0 {
		i.DueDate = stamp(now)
	}
	if s := tx.subscriptionOf(i); s != nil {
		tx.edit(s)
		tx.spend(s)
	}
	tx.updated("invoice.finalized", i)
	if i.AmountDue == 0 {
		return tx.paid(i, nil)
	}
	if paidBy != nil {
		tx.tie(i, paidBy)
		return tx.paid(i, paidBy)
	}
	p := tx.newIntent(i.AmountDue, i.Currency, i.Customer)
	p.Description = text("Payment for Invoice " + string(i.Number))
	if i.BillingReason == "subscription_create" {
		p.Description, p.SetupFutureUsage = "Subscription creation", "off_session"
	} else if i.Parent != nil {
		p.Description = "Subscription update"
	}
	tx.tie(i, p)
	tx.fire("payment_intent.created", p)
	return nil
}

// advance finalizes a draft whose time has come, and collects it.
func (tx *tx) advance(i *invoice) error {
	s := tx.subscriptionOf(i)
	if err := tx.finalize(i, nil); err != nil || i.Status != "open" {
		return err
	}
	if s != nil && s.PauseCollection != nil {
		switch s.PauseCollection.Behavior {
		case "void":
			return tx.void(i)
		case "mark_uncollectible":
			tx.uncollectible(i)
			return nil
		}
	}
	if i.CollectionMethod == "send_invoice" {
		tx.fire("invoice.sent", i)
		return nil
	}
	_, err := tx.collect(i, true)
	return err
}

// cardOf returns the card that pays an invoice: its own, its subscription's, or its customer's.
func (tx *tx) cardOf(i *invoice) *paymentMethod {
	owner, _ := find[*customer](tx, i.Customer)
	ids := []text{i.DefaultPaymentMethod}
	if s := tx.subscriptionOf(i); s != nil {
		ids = append(ids, s.DefaultPaymentMethod)
	}
	for _, id := range append(ids, owner.InvoiceSettings.DefaultPaymentMethod) {
		if m, ok := find[*paymentMethod](tx, string(id)); ok && string(m.Customer) == i.Customer {
			return m
		}
	}
	return nil
}

// collect tries to charge an open invoice. It returns the card error of a declined attempt, which is on the invoice.
func (tx *tx) collect(i *invoice, off bool) (*fault, error) {
	return tx.collectWith(i, tx.cardOf(i), off)
}

func (tx *tx) collectWith(i *invoice, m *paymentMethod, off bool) (*fault, error) {
	p, _ := tx.paymentOf(i)
	tx.edit(i)
	i.Attempted = true
	i.AttemptCount++
	if m == nil {
		f := &fault{Status: http.StatusBadRequest, Type: faultInvalid, Code: codeMissing, Kept: true,
			Message: "Cannot charge a customer that has no active card"}
		return f, tx.failed(i, false)
	}
	// A subscription's payments are made without the payer, but a card that always asks may still be approved later.
	always := m.testCard().authenticate == authenticateAlways
	f := tx.pay(p, m, session{off: off && !always})
	if f == nil && p.Status == "succeeded" {
		return nil, tx.paid(i, p)
	}
	if f == nil {
		f = &fault{Status: http.StatusPaymentRequired, Type: faultCard, Code: "invoice_payment_intent_requires_action", PaymentIntent: p, Kept: true,
			Message: "This payment requires additional user action before it can be completed successfully."}
		return f, tx.failed(i, true)
	}
	return f, tx.failed(i, false)
}

// paid makes an open invoice a paid one, and lets its subscription go on. p is nil when nothing was due, or when it was
// paid elsewhere.
func (tx *tx) paid(i *invoice, p *paymentIntent) error {
	tx.edit(i)
	now := stamp(tx.now(i.Customer))
	i.Status, i.AutoAdvance, i.NextPaymentAttempt, i.StatusTransitions.PaidAt = "paid", false, 0, now
	i.Attempted = true
	var tied *invoicePayment
	if p != nil {
		i.AmountPaid = i.AmountDue
		_, tied = tx.paymentOf(i)
		tx.edit(tied)
		tied.Status, tied.AmountPaid, tied.StatusTransitions.PaidAt = "paid", &i.AmountPaid, now
	}
	i.AmountRemaining = 0
	owner, _ := find[*customer](tx, i.Customer)
	tx.edit(owner)
	if owner.Currency == "" {
		owner.Currency = text(i.Currency)
	}
	if p != nil || i.EndingBalance != nil && *i.EndingBalance != i.StartingBalance {
		tx.updated("customer.updated", owner)
	}
	if p != nil && i.AttemptCount > 0 {
		tx.updated("invoice.updated", i)
	}
	tx.fire("invoice.paid", i)
	tx.fire("invoice.payment_succeeded", i)
	if tied != nil {
		tx.updated("invoice_payment.paid", tied)
	}
	return tx.afterPaid(i)
}

// failed writes a failed attempt down, and plans the next one or ends the subscription.
func (tx *tx) failed(i *invoice, action bool) error {
	s := tx.subscriptionOf(i)
	retries := tx.server.options.Retries
	exhausted := i.AttemptCount > len(retries)
	first := s != nil && s.Status == "incomplete"
	if i.AutoAdvance && !exhausted && !first {
		i.NextPaymentAttempt = stamp(tx.now(i.Customer) + int64(retries[i.AttemptCount-1]/time.Second))
	}
	tx.updated("invoice.updated", i)
	if action {
		tx.fire("invoice.payment_action_required", i)
	}
	tx.fire("invoice.payment_failed", i)
	if s == nil || first {
		return nil
	}
	return tx.afterFailed(s, i, exhausted)
}

// settled follows what became of a payment that was confirmed by itself, when it pays an invoice.
func (tx *tx) settled(p *paymentIntent, ok bool) error {
	i, tied := find[*invoice](tx, p.Own.Invoice)
	if !tied || i.Status != "open" {
		return nil
	}
	tx.edit(i)
	switch {
	case p.Status == "succeeded":
		i.AttemptCount++
		return tx.paid(i, p)
	case !ok:
		i.AttemptCount++
		i.Attempted = true
		return tx.failed(i, false)
	}
	return nil
}

// void takes an invoice back.
func (tx *tx) void(i *invoice) error {
	tx.edit(i)
	if p, tied := tx.paymentOf(i); p != nil {
		tx.cancelPayment(p, "void_invoice")
		tx.edit(tied)
		tied.Status, tied.StatusTransitions.CanceledAt = "canceled", stamp(tx.now(i.Customer))
	}
	i.Status, i.AutoAdvance, i.NextPaymentAttempt, i.StatusTransitions.VoidedAt = "void", false, 0, stamp(tx.now(i.Customer))
	i.AmountRemaining = 0
	tx.updated("invoice.voided", i)
	return nil
}

func (tx *tx) uncollectible(i *invoice) {
	tx.edit(i)
	i.Status, i.AutoAdvance, i.NextPaymentAttempt, i.StatusTransitions.MarkedUncollectibleAt = "uncollectible", false, 0, stamp(tx.now(i.Customer))
	tx.updated("invoice.marked_uncollectible", i)
}

type invoicePay struct {
	ID            string  `path:"id"`
	PaymentMethod *string `form:"payment_method"`
	OutOfBand     *bool   `form:"paid_out_of_band"`
	OffSession    *bool   `form:"off_session"`
	Forgive       ignored `form:"forgive"`
}

func payInvoice(tx *tx, g *invoicePay) (any, error) {
	i, err := needPath[*invoice](tx, g.ID, "invoice")
	if err != nil {
		return nil, err
	}
	switch i.Status {
	case "paid":
		return nil, invalid("", "Invoice is already paid")
	case "void":
		return nil, invalid("", "Invoice is void, so it cannot be paid.")
	case "draft":
		if err := tx.finalize(i, nil); err != nil {
			return nil, err
		}
	}
	tx.edit(i)
	if g.OutOfBand != nil && *g.OutOfBand {
		if p, tied := tx.paymentOf(i); p != nil {
			tx.cancelPayment(p, "")
			tx.edit(tied)
			tied.Status, tied.StatusTransitions.CanceledAt = "canceled", stamp(tx.now(i.Customer))
		}
		i.AmountPaid, i.AmountPaidOffStripe = i.AmountDue, i.AmountDue
		return i, tx.paid(i, nil)
	}
	if i.Status == "paid" { // nothing was due
		return i, nil
	}
	i.Status = "open"
	m := tx.cardOf(i)
	if g.PaymentMethod != nil {
		if m, err = need[*paymentMethod](tx, *g.PaymentMethod, "payment_method"); err != nil {
			return nil, err
		}
	}
	off := g.OffSession == nil || *g.OffSession
	f, err := tx.collectWith(i, m, off)
	if err != nil {
		return nil, err
	}
	if f != nil {
		return nil, f
	}
	return i, nil
}

type invoiceFinalize struct {
	ID          string `path:"id"`
	AutoAdvance *bool  `form:"auto_advance"`
}

func finalizeInvoice(tx *tx, g *invoiceFinalize) (any, error) {
	i, err := needPath[*invoice](tx, g.ID, "invoice")
	if err != nil {
		return nil, err
	}
	if i.Status != "draft" {
		return nil, invalid("", "This invoice is already finalized, you can't re-finalize a non-draft invoice.").withCode("invoice_not_editable")
	}
	tx.edit(i)
	if g.AutoAdvance != nil {
		i.AutoAdvance = *g.AutoAdvance
	}
	if err := tx.finalize(i, nil); err != nil {
		return nil, err
	}
	if i.Status == "open" && i.AutoAdvance && i.CollectionMethod == "charge_automatically" {
		i.NextPaymentAttempt = stamp(tx.now(i.Customer) + int64(tx.server.options.InvoiceDelay/time.Second))
	}
	return i, nil
}

func voidInvoice(tx *tx, p *byID) (any, error) {
	i, err := needPath[*invoice](tx, p.ID, "invoice")
	if err != nil {
		return nil, err
	}
	if i.Status != "open" && i.Status != "uncollectible" {
		return nil, invalid("", "You can only pass in open or uncollectible invoices: this one is %s.", i.Status)
	}
	return i, tx.void(i)
}

func markUncollectible(tx *tx, p *byID) (any, error) {
	i, err := needPath[*invoice](tx, p.ID, "invoice")
	if err != nil {
		return nil, err
	}
	if i.Status != "open" {
		return nil, invalid("", "You can only mark open invoices as uncollectible: this one is %s.", i.Status)
	}
	tx.uncollectible(i)
	return i, nil
}

type invoiceNew struct {
	AutoAdvance      *bool   `form:"auto_advance"`
	CollectionMethod *string `form:"collection_method" enum:"charge_automatically|send_invoice"`
	Currency         *string `form:"currency"`
	Customer         string  `form:"customer,required"`
	DaysUntilDue     *int64  `form:"days_until_due" min:"0"`
	Description      *string `form:"description"`
	Metadata         changes `form:"metadata"`
	AutomaticTax     struct {
		Enabled bool `form:"enabled"`
	} `form:"automatic_tax"`
	DefaultPaymentMethod *string `form:"default_payment_method"`
	Pending              *string `form:"pending_invoice_items_behavior" enum:"exclude|include"`
}

// createInvoice makes a draft by hand, with the pending items when asked.
func createInvoice(tx *tx, g *invoiceNew) (any, error) {
	c, err := tx.liveCustomer(g.Customer, "customer", false)
	if err != nil {
		return nil, err
	}
	currency := string(c.Currency)
	if g.Currency != nil {
		if err := checkCurrency("currency", *g.Currency); err != nil {
			return nil, err
		}
		currency = *g.Currency
	}
	if currency == "" {
		currency = "usd"
	}
	i := tx.newInvoice(c, currency, "manual")
	i.Own.Plain = true
	if g.AutoAdvance != nil && *g.AutoAdvance {
		i.AutoAdvance, i.AutomaticallyFinalizesAt = true, stamp(i.Created+int64(tx.server.options.InvoiceDelay/time.Second))
	}
	if g.CollectionMethod != nil {
		i.CollectionMethod = *g.CollectionMethod
	}
	if g.DaysUntilDue != nil {
		i.DueDate = stamp(i.Created + *g.DaysUntilDue*int64(day/time.Second))
	}
	setText(&i.Description, g.Description)
	setText(&i.DefaultPaymentMethod, g.DefaultPaymentMethod)
	i.Metadata, i.AutomaticTax.Enabled = g.Metadata.on(nil), g.AutomaticTax.Enabled
	if g.Pending != nil && *g.Pending == "include" {
		for _, item := range owned[*invoiceItem](tx, c.ID) {
			if item.Invoice == "" && item.Parent == nil && item.Currency == currency {
				tx.take(i, item)
			}
		}
	}
	tx.total(i)
	tx.fire("invoice.created", i)
	return i, nil
}

func deleteInvoice(tx *tx, p *byID) (any, error) {
	i, err := needPath[*invoice](tx, p.ID, "invoice")
	if err != nil {
		return nil, err
	}
	if i.Status != "draft" || !i.Own.Plain {
		return nil, invalid("", "You can only delete draft invoices that no subscription made.").withCode("invoice_not_editable")
	}
	tx.fire("invoice.deleted", i)
	tx.drop(i)
	return gone{ID: i.ID, Object: i.Object, Deleted: true}, nil
}

package sandbox

type previewNew struct {
	AutomaticTax *struct {
		Enabled bool `form:"enabled,required"`
	} `form:"automatic_tax"`
	Currency            *string         `form:"currency"`
	Customer            *string         `form:"customer"`
	Discounts           []discountGiven `form:"discounts"`
	Subscription        *string         `form:"subscription"`
	SubscriptionDetails *previewOf      `form:"subscription_details"`
	PreviewMode         *string         `form:"preview_mode" enum:"next|recurring"`
	InvoiceItems        []previewItem   `form:"invoice_items"`
}

type previewItem struct {
	Amount      int64   `form:"amount,required"`
	Currency    *string `form:"currency"`
	Description *string `form:"description"`
}

type previewOf struct {
	BillingCycleAnchor *moment     `form:"billing_cycle_anchor" words:"now|unchanged"`
	BillingMode        ignored     `form:"billing_mode"`
	CancelAt           ignored     `form:"cancel_at"`
	CancelAtPeriodEnd  *bool       `form:"cancel_at_period_end"`
	CancelNow          *bool       `form:"cancel_now"`
	DefaultTaxRates    ignored     `form:"default_tax_rates"`
	Items              []itemGiven `form:"items"`
	ProrationBehavior  *string     `form:"proration_behavior" enum:"always_invoice|create_prorations|none"`
	ProrationDate      *int64      `form:"proration_date"`
	ResumeAt           ignored     `form:"resume_at"`
	StartDate          ignored     `form:"start_date"`
	TrialEnd           *moment     `form:"trial_end" words:"now"`
}

// previewInvoice does what it is asked to preview, renders the invoice, and takes everything back: a preview cannot
// differ from what would be billed at that moment.
func previewInvoice(tx *tx, g *previewNew) (any, error) {
	details := g.SubscriptionDetails
	if details == nil {
		details = &previewOf{}
	}
	var i *invoice
	switch {
	case g.Subscription != nil:
		s, err := need[*subscription](tx, *g.Subscription, "subscription")
		if err != nil {
			return nil, err
		}
		if s.over() {
			return nil, invalid("", "No upcoming invoices for customer: %s", s.Customer).withCode("invoice_upcoming_none")
		}
		tx.edit(s)
		if i, err = tx.previewChange(s, g, details); err != nil {
			return nil, err
		}
	case g.Customer != nil && len(details.Items) > 0:
		made := subscriptionNew{Customer: *g.Customer, Items: details.Items, Discounts: g.Discounts, TrialEnd: details.TrialEnd}
		s, err := made.build(tx)
		if err != nil {
			return nil, err
		}
		s.AutomaticTax.Enabled = g.AutomaticTax != nil && g.AutomaticTax.Enabled
		lines := tx.first(s, true)
		tx.add(s)
		i = tx.draft(s, "upcoming", lines)
	default:
		return nil, invalid("", "You must pass a subscription, or a customer with subscription_details[items].").withCode(codeRequired)
	}
	if i == nil {
		return nil, invalid("", "No upcoming invoices for this subscription.").withCode("invoice_upcoming_none")
	}
	i.BillingReason = "upcoming"
	if i.Parent.SubscriptionDetails.SubscriptionProrationDate == 0 && details.ProrationDate != nil {
		i.Parent.SubscriptionDetails.SubscriptionProrationDate = *details.ProrationDate
	}
	shown := i.shown(tx).(*invoice)
	shown.ID, shown.AutomaticallyFinalizesAt = "upcoming_"+i.ID, 0
	return undone{shown}, nil
}

// previewChange returns the next invoice of a subscription, after a change when there is one.
func (tx *tx) previewChange(s *subscription, g *previewNew, d *previewOf) (*invoice, error) {
	if g.Discounts != nil {
		redeemed, err := tx.redeem(g.Discounts, s.Customer)
		if err != nil {
			return nil, err
		}
		s.Discounts = idsOf(redeemed)
	}
	if g.AutomaticTax != nil {
		s.AutomaticTax.Enabled = g.AutomaticTax.Enabled
	}
	if d.CancelNow != nil && *d.CancelNow {
		for _, item := range s.Items.Data {
			if !item.metered() && (d.ProrationBehavior == nil || *d.ProrationBehavior != "none") {
				tx.add(tx.unused(s, item, tx.now(s.Customer)))
			}
		}
		return tx.draft(s, "upcoming", tx.usageLines(s, period{Start: s.period().Start, End: tx.now(s.Customer)})), nil
	}
	c := billChange{items: d.Items, param: "subscription_details[items]", proration: "create_prorations", date: d.ProrationDate, trialEnd: d.TrialEnd,
		anchorNow: d.BillingCycleAnchor != nil && d.BillingCycleAnchor.Word == "now", dry: true}
	if d.ProrationBehavior != nil {
		c.proration = *d.ProrationBehavior
	}
	if len(c.items) > 0 || c.trialEnd != nil || c.anchorNow {
		i, err := tx.change(s, c)
		if err != nil || i != nil {
			return i, err
		}
	}
	for n, item := range g.InvoiceItems {
		owner, _ := find[*customer](tx, s.Customer)
		currency := s.Currency
		if item.Currency != nil && *item.Currency != currency {
			return nil, invalid(urlf("invoice_items[%d][currency]", n), "The subscription's currency is %s.", currency)
		}
		made := tx.newItem(owner, item.Amount, currency, period{Start: tx.now(s.Customer), End: tx.now(s.Customer)})
		setText(&made.Description, item.Description)
		tx.add(made)
	}
	return tx.upcoming(s), nil
}

// upcoming returns the invoice that the end of the period will make.
func (tx *tx) upcoming(s *subscription) *invoice {
	old := s.period()
	var lines []*line
	if s.Status != "trialing" {
		lines = tx.usageLines(s, old)
	}
	if s.CancelAt == 0 || int64(s.CancelAt) > old.End {
		lines = append(lines, tx.advanceLines(s, period{Start: old.End, End: s.recurring().after(s.BillingCycleAnchor, old.End, 1)})...)
	}
	i := tx.draft(s, "upcoming", lines)
	if i != nil {
		i.PeriodStart, i.PeriodEnd = old.Start, old.End
	}
	return i
}

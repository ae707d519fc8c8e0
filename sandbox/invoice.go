package sandbox

// An invoice is what a customer owes.
type invoice struct {
	header
	AccountCountry               string             `json:"account_country"`
	AccountName                  string             `json:"account_name"`
	AccountTaxIDs                none               `json:"account_tax_ids"`
	AmountDue                    int64              `json:"amount_due"`
	AmountOverpaid               int64              `json:"amount_overpaid"`
	AmountPaid                   int64              `json:"amount_paid"`
	AmountPaidOffStripe          int64              `json:"amount_paid_off_stripe"`
	AmountRemaining              int64              `json:"amount_remaining"`
	AmountShipping               int64              `json:"amount_shipping"`
	Application                  none               `json:"application"`
	AttemptCount                 int                `json:"attempt_count"`
	Attempted                    bool               `json:"attempted"`
	AutoAdvance                  bool               `json:"auto_advance"`
	AutomaticTax                 automaticTax       `json:"automatic_tax"`
	AutomaticallyFinalizesAt     stamp              `json:"automatically_finalizes_at"`
	BillingReason                string             `json:"billing_reason"`
	CollectionMethod             string             `json:"collection_method"`
	Currency                     string             `json:"currency"`
	CustomFields                 none               `json:"custom_fields"`
	Customer                     string             `json:"customer"`
	CustomerAddress              *address           `json:"customer_address"`
	CustomerEmail                text               `json:"customer_email"`
	CustomerName                 text               `json:"customer_name"`
	CustomerPhone                text               `json:"customer_phone"`
	CustomerShipping             none               `json:"customer_shipping"`
	CustomerTaxExempt            string             `json:"customer_tax_exempt"`
	CustomerTaxIDs               []none             `json:"customer_tax_ids"`
	DefaultPaymentMethod         text               `json:"default_payment_method"`
	DefaultSource                none               `json:"default_source"`
	DefaultTaxRates              []none             `json:"default_tax_rates"`
	Description                  text               `json:"description"`
	Discounts                    []string           `json:"discounts"`
	DueDate                      stamp              `json:"due_date"`
	EffectiveAt                  stamp              `json:"effective_at"`
	EndingBalance                *int64             `json:"ending_balance"`
	Footer                       none               `json:"footer"`
	FromInvoice                  none               `json:"from_invoice"`
	HostedInvoiceURL             text               `json:"hosted_invoice_url"`
	InvoicePDF                   text               `json:"invoice_pdf"`
	Issuer                       issuer             `json:"issuer"`
	LastFinalizationError        none               `json:"last_finalization_error"`
	LatestRevision               none               `json:"latest_revision"`
	Lines                        sublist[*line]     `json:"lines"`
	Metadata                     map[string]string  `json:"metadata"`
	NextPaymentAttempt           stamp              `json:"next_payment_attempt"`
	Number                       text               `json:"number"`
	OnBehalfOf                   none               `json:"on_behalf_of"`
	Parent                       *invoiceParent     `json:"parent"`
	PaymentSettings              invoiceSettings    `json:"payment_settings"`
	PeriodEnd                    int64              `json:"period_end"`
	PeriodStart                  int64              `json:"period_start"`
	PostPaymentCreditNotesAmount int64              `json:"post_payment_credit_notes_amount"`
	PrePaymentCreditNotesAmount  int64              `json:"pre_payment_credit_notes_amount"`
	ReceiptNumber                none               `json:"receipt_number"`
	StartingBalance              int64              `json:"starting_balance"`
	StatementDescriptor          none               `json:"statement_descriptor"`
	Status                       string             `json:"status"`
	StatusTransitions            invoiceTransitions `json:"status_transitions"`
	Subtotal                     int64              `json:"subtotal"`
	SubtotalExcludingTax         int64              `json:"subtotal_excluding_tax"`
	TestClock                    text               `json:"test_clock"`
	Total                        int64              `json:"total"`
	TotalDiscountAmounts         []discountAmount   `json:"total_discount_amounts"`
	TotalExcludingTax            int64              `json:"total_excluding_tax"`
	TotalPretaxCreditAmounts     []none             `json:"total_pretax_credit_amounts"`
	TotalTaxes                   []tax              `json:"total_taxes"`
	WebhooksDeliveredAt          stamp              `json:"webhooks_delivered_at"`

	Own *invoiceOwn `json:"own,omitempty"`
}

type invoiceOwn struct {
	Payment string `json:"payment,omitempty"` // the id of its invoice payment
	Plain   bool   `json:"plain,omitempty"`   // made through the API, not by a subscription
}

type automaticTax struct {
	DisabledReason none    `json:"disabled_reason"`
	Enabled        bool    `json:"enabled"`
	Liability      *issuer `json:"liability"`
	Provider       text    `json:"provider"`
	Status         text    `json:"status"`
}

type issuer struct {
	Type string `json:"type"`
}

type invoiceParent struct {
	QuoteDetails        none                 `json:"quote_details"`
	SubscriptionDetails *invoiceSubscription `json:"subscription_details"`
	Type                string               `json:"type"`
}

type invoiceSubscription struct {
	Metadata                  map[string]string `json:"metadata"`
	Subscription              string            `json:"subscription"`
	SubscriptionProrationDate int64             `json:"subscription_proration_date,omitempty"`
}

type invoiceSettings struct {
	DefaultMandate       none `json:"default_mandate"`
	PaymentMethodOptions none `json:"payment_method_options"`
	PaymentMethodTypes   none `json:"payment_method_types"`
}

type invoiceTransitions struct {
	FinalizedAt           stamp `json:"finalized_at"`
	MarkedUncollectibleAt stamp `json:"marked_uncollectible_at"`
	PaidAt                stamp `json:"paid_at"`
	VoidedAt              stamp `json:"voided_at"`
}

type discountAmount struct {
	Amount   int64  `json:"amount"`
	Discount string `json:"discount"`
}

type tax struct {
	Amount           int64  `json:"amount"`
	TaxBehavior      string `json:"tax_behavior"`
	TaxRateDetails   none   `json:"tax_rate_details"`
	TaxabilityReason string `json:"taxability_reason"`
	TaxableAmount    int64  `json:"taxable_amount"`
	Type             string `json:"type"`
}

func (*invoice) kind() string    { return "invoice" }
func (i *invoice) owner() string { return i.Customer }

// linesShown is how many lines an invoice holds; its lines' own address has the others.
const linesShown = 10

func (i *invoice) shown(*tx) any {
	shown := *i
	shown.Own = nil
	shown.Lines.Data = make([]*line, 0, min(len(i.Lines.Data), linesShown))
	for _, l := range i.Lines.Data[:min(len(i.Lines.Data), linesShown)] {
		shown.Lines.Data = append(shown.Lines.Data, l.shownAs())
	}
	shown.Lines.HasMore = len(i.Lines.Data) > linesShown
	return &shown
}

// dues: a draft is finalized after its delay, and an open invoice is tried again.
func (i *invoice) dues() []due {
	switch {
	case i.Status == "draft" && i.AutoAdvance && i.AutomaticallyFinalizesAt != 0:
		return []due{{int64(i.AutomaticallyFinalizesAt), "finalize", func(tx *tx, id string) error {
			i, _ := find[*invoice](tx, id)
			return tx.advance(i)
		}}}
	case i.Status == "open" && i.NextPaymentAttempt != 0:
		return []due{{int64(i.NextPaymentAttempt), "collect", func(tx *tx, id string) error {
			i, _ := find[*invoice](tx, id)
			tx.edit(i)
			i.NextPaymentAttempt = 0
			_, err := tx.collect(i, true)
			return err
		}}}
	}
	return nil
}

func pricingOf(p *price) *pricing {
	return &pricing{PriceDetails: priceDetails{Price: p.ID, Product: p.Product}, Type: "price_details", UnitAmountDecimal: p.UnitAmountDecimal}
}

// nameOf returns what a line calls a price.
func (tx *tx) nameOf(p *price) string {
	if o, ok := find[*product](tx, p.Product); ok {
		return o.Name
	}
	return p.Product
}

// newInvoice adds an empty draft of a customer's.
func (tx *tx) newInvoice(c *customer, currency, reason string) *invoice {
	i := &invoice{header: tx.header("in_", "invoice", c.ID), AccountCountry: "US", AccountName: "Sandbox", AutomaticTax: automaticTax{},
		BillingReason: reason, CollectionMethod: "charge_automatically", Currency: currency, Customer: c.ID, CustomerAddress: c.Address, CustomerEmail: c.Email,
		CustomerName: c.Name, CustomerPhone: c.Phone, CustomerTaxExempt: c.TaxExempt, CustomerTaxIDs: []none{}, DefaultTaxRates: []none{}, Discounts: []string{},
		Issuer: issuer{"self"}, Metadata: map[string]string{}, Status: "draft", TestClock: c.TestClock, TotalDiscountAmounts: []discountAmount{},
		TotalPretaxCreditAmounts: []none{}, TotalTaxes: []tax{}, Own: &invoiceOwn{}}
	i.Lines = listed[*line](urlf("/v1/invoices/%s/lines", i.ID), nil)
	i.PeriodStart, i.PeriodEnd = i.Created, i.Created
	tx.add(i)
	return i
}

// total adds a draft up: its lines, less discounts, plus tax, and the customer's balance.
func (tx *tx) total(i *invoice) {
	owner, _ := find[*customer](tx, i.Customer)
	tx.totalFor(i, owner.Balance)
}

// totalFor adds up with a balance.
func (tx *tx) totalFor(i *invoice, balance int64) {
	i.Subtotal, i.TotalDiscountAmounts, i.TotalTaxes = 0, []discountAmount{}, []tax{}
	left := make([]int64, len(i.Lines.Data))
	for n, l := range i.Lines.Data {
		i.Subtotal += l.Amount
		l.DiscountAmounts, l.Taxes = []discountAmount{}, []tax{}
		if l.Discountable {
			left[n] = l.Amount
		}
	}
	var discounted int64
	for _, d := range tx.discountsOf(i.Discounts, i.Created) {
		var sum int64
		for n, off := range d.off(left, i.Currency) {
			if off != 0 {
				l := i.Lines.Data[n]
				l.DiscountAmounts = append(l.DiscountAmounts, discountAmount{off, d.ID})
				left[n] -= off
				sum += off
			}
		}
		i.TotalDiscountAmounts = append(i.TotalDiscountAmounts, discountAmount{sum, d.ID})
		discounted += sum
	}
	i.TotalExcludingTax = i.Subtotal - discounted
	i.SubtotalExcludingTax = i.Subtotal
	i.Total = i.TotalExcludingTax + tx.tax(i)
	i.StartingBalance = balance
	i.AmountDue = max(i.Total+i.StartingBalance, 0)
	i.AmountRemaining = i.AmountDue - i.AmountPaid
}

// tax puts the fixed rate on each line of an invoice with automatic tax, and returns the sum.
func (tx *tx) tax(i *invoice) int64 {
	rate := int64(tx.server.options.TaxPercent)
	if !i.AutomaticTax.Enabled {
		return 0
	}
	i.AutomaticTax.Status, i.AutomaticTax.Provider, i.AutomaticTax.Liability = "complete", "stripe", &issuer{"self"}
	var sum, taxable int64
	for _, l := range i.Lines.Data {
		amount := l.Amount
		for _, d := range l.DiscountAmounts {
			amount -= d.Amount
		}
		share := whole(amount * rate)
		due := round(share.Quo(share, whole(100)))
		l.Taxes = []tax{{Amount: due, TaxBehavior: "exclusive", TaxabilityReason: "standard_rated", TaxableAmount: amount, Type: "tax_rate_details"}}
		sum, taxable = sum+due, taxable+amount
	}
	i.TotalTaxes = []tax{{Amount: sum, TaxBehavior: "exclusive", TaxabilityReason: "standard_rated", TaxableAmount: taxable, Type: "tax_rate_details"}}
	return sum
}

// subscriptionOf returns the subscription that an invoice bills.
func (tx *tx) subscriptionOf(i *invoice) *subscription {
	if i.Parent == nil {
		return nil
	}
	s, _ := find[*subscription](tx, i.Parent.SubscriptionDetails.Subscription)
	return s
}

type invoiceList struct {
	listing
	Customer         *string `form:"customer"`
	Subscription     *string `form:"subscription"`
	Status           *string `form:"status" enum:"draft|open|paid|uncollectible|void"`
	CollectionMethod *string `form:"collection_method" enum:"charge_automatically|send_invoice"`
	Created          span    `form:"created"`
}

func listInvoices(tx *tx, g *invoiceList) (any, error) {
	all := every[*invoice](tx)
	if g.Customer != nil {
		all = owned[*invoice](tx, *g.Customer)
	}
	return pageOf(tx, g.listing, "/v1/invoices", all, func(i *invoice) bool {
		return (g.Status == nil || *g.Status == i.Status) && g.Created.has(i.Created) && (g.CollectionMethod == nil || *g.CollectionMethod == i.CollectionMethod) &&
			(g.Subscription == nil || i.Parent != nil && *g.Subscription == i.Parent.SubscriptionDetails.Subscription)
	})
}

func getInvoice(tx *tx, p *byID) (any, error) { return needPath[*invoice](tx, p.ID, "invoice") }

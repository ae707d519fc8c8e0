package sandbox

// A line is one amount of an invoice.
type line struct {
	ID                  string            `json:"id"`
	Object              string            `json:"object"`
	Amount              int64             `json:"amount"`
	Currency            string            `json:"currency"`
	Description         text              `json:"description"`
	DiscountAmounts     []discountAmount  `json:"discount_amounts"`
	Discountable        bool              `json:"discountable"`
	Discounts           []string          `json:"discounts"`
	Invoice             text              `json:"invoice"`
	Livemode            bool              `json:"livemode"`
	Metadata            map[string]string `json:"metadata"`
	Parent              *lineParent       `json:"parent"`
	Period              period            `json:"period"`
	PretaxCreditAmounts []none            `json:"pretax_credit_amounts"`
	Pricing             *pricing          `json:"pricing"`
	Quantity            *int64            `json:"quantity"`
	Subscription        text              `json:"subscription"`
	Subtotal            int64             `json:"subtotal"`
	Taxes               []tax             `json:"taxes"`

	Own *lineOwn `json:"own,omitempty"`
}

// lineOwn says that a line counts a meter until the invoice is finalized.
type lineOwn struct {
	Price string `json:"price"`
}

// period is a span of Unix times.
type period struct {
	End   int64 `json:"end" form:"end,required"`
	Start int64 `json:"start" form:"start,required"`
}

type lineParent struct {
	InvoiceItemDetails      *lineItemDetails         `json:"invoice_item_details"`
	SubscriptionItemDetails *lineSubscriptionDetails `json:"subscription_item_details"`
	Type                    string                   `json:"type"`
}

type lineItemDetails struct {
	InvoiceItem      string           `json:"invoice_item"`
	Proration        bool             `json:"proration"`
	ProrationDetails prorationDetails `json:"proration_details"`
	Subscription     text             `json:"subscription"`
}

type lineSubscriptionDetails struct {
	InvoiceItem      text             `json:"invoice_item"`
	Proration        bool             `json:"proration"`
	ProrationDetails prorationDetails `json:"proration_details"`
	Subscription     text             `json:"subscription"`
	SubscriptionItem string           `json:"subscription_item"`
}

type prorationDetails struct {
	CreditedItems none `json:"credited_items"`
}

type pricing struct {
	PriceDetails      priceDetails `json:"price_details"`
	Type              string       `json:"type"`
	UnitAmountDecimal text         `json:"unit_amount_decimal"`
}

type priceDetails struct {
	Price   string `json:"price"`
	Product string `json:"product"`
}

func (l *line) shownAs() *line {
	copied := *l
	copied.Own = nil
	return &copied
}

type lineList struct {
	ID string `path:"id"`
	listing
}

func listLines(tx *tx, g *lineList) (any, error) {
	i, err := needPath[*invoice](tx, g.ID, "invoice")
	if err != nil {
		return nil, err
	}
	lines := make([]*line, len(i.Lines.Data))
	for n, l := range i.Lines.Data {
		lines[n] = l.shownAs()
	}
	return part(g.listing, i.Lines.URL, lines, func(l *line) string { return l.ID })
}

// newLine returns a line that stands for an amount.
func (tx *tx) newLine(amount int64, currency, description string, at period) *line {
	return &line{ID: tx.newID("il_"), Object: "line_item", Amount: amount, Currency: currency, Description: text(description), DiscountAmounts: []discountAmount{},
		Discountable: true, Discounts: []string{}, Metadata: map[string]string{}, Period: at, PretaxCreditAmounts: []none{}, Subtotal: amount, Taxes: []tax{}}
}

// put appends lines to a draft.
func (i *invoice) put(lines ...*line) {
	for _, l := range lines {
		l.Invoice = text(i.ID)
		i.Lines.Data = append(i.Lines.Data, l)
	}
}

// take puts a pending item on a draft.
func (tx *tx) take(i *invoice, item *invoiceItem) {
	tx.edit(item)
	item.Invoice = text(i.ID)
	l := tx.newLine(item.Amount, item.Currency, string(item.Description), item.Period)
	l.Discountable, l.Metadata, l.Pricing, l.Quantity = item.Discountable, item.Metadata, item.Pricing, &item.Quantity
	l.Subscription = text(item.subscription())
	if item.Proration && item.Parent.SubscriptionDetails.SubscriptionItem != "" {
		l.Parent = &lineParent{Type: "subscription_item_details", SubscriptionItemDetails: &lineSubscriptionDetails{InvoiceItem: text(item.ID), Proration: true,
			Subscription: l.Subscription, SubscriptionItem: item.Parent.SubscriptionDetails.SubscriptionItem}}
	} else {
		l.Parent = &lineParent{Type: "invoice_item_details", InvoiceItemDetails: &lineItemDetails{InvoiceItem: item.ID, Proration: item.Proration, Subscription: l.Subscription}}
	}
	i.put(l)
}

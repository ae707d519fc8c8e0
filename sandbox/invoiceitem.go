package sandbox

import "strings"

// An invoiceItem is an amount that waits for the customer's next invoice.
type invoiceItem struct {
	ID              string            `json:"id"`
	Object          string            `json:"object"`
	Amount          int64             `json:"amount"`
	Currency        string            `json:"currency"`
	Customer        string            `json:"customer"`
	Date            int64             `json:"date"`
	Description     text              `json:"description"`
	Discountable    bool              `json:"discountable"`
	Discounts       []string          `json:"discounts"`
	Invoice         text              `json:"invoice"`
	Livemode        bool              `json:"livemode"`
	Metadata        map[string]string `json:"metadata"`
	NetAmount       int64             `json:"net_amount"`
	Parent          *itemParent       `json:"parent"`
	Period          period            `json:"period"`
	Pricing         *pricing          `json:"pricing"`
	Proration       bool              `json:"proration"`
	Quantity        int64             `json:"quantity"`
	QuantityDecimal string            `json:"quantity_decimal"`
	TaxRates        []none            `json:"tax_rates"`
	TestClock       text              `json:"test_clock"`

	ProrationDetails *itemProration `json:"proration_details,omitempty"`
}

type itemProration struct {
	DiscountAmounts []discountAmount `json:"discount_amounts"`
}

type itemParent struct {
	SubscriptionDetails *itemSubscription `json:"subscription_details"`
	Type                string            `json:"type"`
}

type itemSubscription struct {
	Subscription     string `json:"subscription"`
	SubscriptionItem string `json:"subscription_item,omitempty"`
}

func (i *invoiceItem) ident() string { return i.ID }
func (*invoiceItem) kind() string    { return "invoiceitem" }
func (i *invoiceItem) owner() string { return i.Customer }
func (i *invoiceItem) made() int64   { return i.Date }
func (i *invoiceItem) shown(*tx) any { return i }

// subscription returns the id of the subscription whose invoice the item waits for, or "".
func (i *invoiceItem) subscription() string {
	if i.Parent == nil {
		return ""
	}
	return i.Parent.SubscriptionDetails.Subscription
}

// newItem returns an item that is not in the state yet.
func (tx *tx) newItem(customer *customer, amount int64, currency string, at period) *invoiceItem {
	return &invoiceItem{ID: tx.newID("ii_"), Object: "invoiceitem", Amount: amount, Currency: currency, Customer: customer.ID, Date: tx.now(customer.ID),
		Discountable: true, Discounts: []string{}, Metadata: map[string]string{}, NetAmount: amount, Period: at, Quantity: 1, QuantityDecimal: "1",
		TaxRates: []none{}, TestClock: customer.TestClock}
}

// parentOf says which subscription an item belongs to.
func parentOf(subscription, item string) *itemParent {
	return &itemParent{Type: "subscription_details", SubscriptionDetails: &itemSubscription{Subscription: subscription, SubscriptionItem: item}}
}

type itemNew struct {
	Amount       *int64  `form:"amount"`
	Currency     *string `form:"currency"`
	Customer     string  `form:"customer,required"`
	Description  *string `form:"description"`
	Discountable *bool   `form:"discountable"`
	Metadata     changes `form:"metadata"`
	Period       *period `form:"period"`
	Pricing      *struct {
		Price *string `form:"price"`
	} `form:"pricing"`
	Quantity          *int64  `form:"quantity" min:"0"`
	Subscription      *string `form:"subscription"`
	UnitAmountDecimal *number `form:"unit_amount_decimal"`
	Invoice           *string `form:"invoice"`
}

func createItem(tx *tx, g *itemNew) (any, error) {
	c, err := tx.liveCustomer(g.Customer, "customer", false)
	if err != nil {
		return nil, err
	}
	now := tx.now(c.ID)
	quantity := int64(1)
	if g.Quantity != nil {
		quantity = *g.Quantity
	}
	i := tx.newItem(c, 0, "", period{now, now})
	switch {
	case g.Pricing != nil && g.Pricing.Price != nil:
		p, err := need[*price](tx, *g.Pricing.Price, "pricing[price]")
		if err != nil {
			return nil, err
		}
		if p.Type != "one_time" {
			return nil, invalid("pricing[price]", "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.")
		}
		i.Amount, i.Currency, i.Pricing, i.Quantity = round(p.amount(whole(quantity))), p.Currency, pricingOf(p), quantity
		i.Description = text(tx.nameOf(p))
	case g.Amount != nil:
		i.Amount = *g.Amount
	case g.UnitAmountDecimal != nil:
		unit := rational(text(*g.UnitAmountDecimal))
		i.Amount, i.Quantity = round(unit.Mul(unit, whole(quantity))), quantity
	default:
		return nil, invalid("amount", "You must pass one of: amount, unit_amount_decimal, pricing[price].").withCode(codeRequired)
	}
	if i.Currency == "" {
		if g.Currency == nil {
			return nil, required("currency")
		}
		if err := checkCurrency("currency", *g.Currency); err != nil {
			return nil, err
		}
		i.Currency = strings.ToLower(*g.Currency)
	}
	i.NetAmount, i.QuantityDecimal = i.Amount, urlf("%d", i.Quantity)
	if g.Subscription != nil {
		s, err := need[*subscription](tx, *g.Subscription, "subscription")
		if err != nil {
			return nil, err
		}
		if s.Customer != c.ID {
			return nil, invalid("subscription", "The subscription %s belongs to another customer.", s.ID)
		}
		i.Parent = parentOf(s.ID, "")
	}
	if g.Period != nil {
		i.Period = *g.Period
	}
	if g.Discountable != nil {
		i.Discountable = *g.Discountable
	}
	setText(&i.Description, g.Description)
	i.Metadata = g.Metadata.on(nil)
	tx.add(i)
	if g.Invoice != nil {
		o, err := need[*invoice](tx, *g.Invoice, "invoice")
		if err != nil {
			return nil, err
		}
		if o.Status != "draft" || o.Customer != c.ID {
			return nil, invalid("invoice", "This invoice is no longer editable.").withCode("invoice_not_editable")
		}
		tx.edit(o)
		tx.take(o, i)
		tx.total(o)
	}
	tx.fire("invoiceitem.created", i)
	return i, nil
}

func getItem(tx *tx, p *byID) (any, error) { return needPath[*invoiceItem](tx, p.ID, "invoiceitem") }

func deleteItem(tx *tx, p *byID) (any, error) {
	i, err := needPath[*invoiceItem](tx, p.ID, "invoiceitem")
	if err != nil {
		return nil, err
	}
	if i.Invoice != "" {
		return nil, invalid("", "This invoice item is on an invoice already, so it cannot be deleted.").withCode("invoice_not_editable")
	}
	tx.fire("invoiceitem.deleted", i)
	tx.drop(i)
	return gone{ID: i.ID, Object: i.Object, Deleted: true}, nil
}

type itemList struct {
	listing
	Customer *string `form:"customer"`
	Invoice  *string `form:"invoice"`
	Pending  *bool   `form:"pending"`
	Created  span    `form:"created"`
}

func listItems(tx *tx, g *itemList) (any, error) {
	return pageOf(tx, g.listing, "/v1/invoiceitems", every[*invoiceItem](tx), func(i *invoiceItem) bool {
		return (g.Customer == nil || *g.Customer == i.Customer) && (g.Invoice == nil || *g.Invoice == string(i.Invoice)) &&
			(g.Pending == nil || *g.Pending == (i.Invoice == "")) && g.Created.has(i.Date)
	})
}

// pending returns the items that wait for the next invoice of a subscription.
func (tx *tx) pending(s *subscription) []*invoiceItem {
	var all []*invoiceItem
	for _, i := range owned[*invoiceItem](tx, s.Customer) {
		if i.Invoice == "" && i.Currency == s.Currency && (i.subscription() == "" || i.subscription() == s.ID) {
			all = append(all, i)
		}
	}
	return all
}

package sandbox

import (
	"strings"
)

// A checkoutSession is one visit of a payer to the hosted page.
type checkoutSession struct {
	header
	AllowPromotionCodes      bool              `json:"allow_promotion_codes"`
	AmountSubtotal           *int64            `json:"amount_subtotal"`
	AmountTotal              *int64            `json:"amount_total"`
	AutomaticTax             sessionTax        `json:"automatic_tax"`
	BillingAddressCollection text              `json:"billing_address_collection"`
	CancelURL                text              `json:"cancel_url"`
	ClientReferenceID        text              `json:"client_reference_id"`
	ClientSecret             none              `json:"client_secret"`
	Currency                 text              `json:"currency"`
	CustomFields             []none            `json:"custom_fields"`
	CustomText               customText        `json:"custom_text"`
	Customer                 text              `json:"customer"`
	CustomerCreation         text              `json:"customer_creation"`
	CustomerDetails          *customerDetails  `json:"customer_details"`
	CustomerEmail            text              `json:"customer_email"`
	Discounts                []sessionDiscount `json:"discounts"`
	ExpiresAt                int64             `json:"expires_at"`
	Invoice                  text              `json:"invoice"`
	InvoiceCreation          *sessionInvoice   `json:"invoice_creation"`
	Locale                   text              `json:"locale"`
	Metadata                 map[string]string `json:"metadata"`
	Mode                     string            `json:"mode"`
	PaymentIntent            text              `json:"payment_intent"`
	PaymentLink              none              `json:"payment_link"`
	PaymentMethodCollection  string            `json:"payment_method_collection"`
	PaymentMethodTypes       []string          `json:"payment_method_types"`
	PaymentStatus            string            `json:"payment_status"`
	SetupIntent              text              `json:"setup_intent"`
	ShippingOptions          []none            `json:"shipping_options"`
	Status                   string            `json:"status"`
	SubmitType               text              `json:"submit_type"`
	Subscription             text              `json:"subscription"`
	SuccessURL               text              `json:"success_url"`
	TotalDetails             *totalDetails     `json:"total_details"`
	UIMode                   string            `json:"ui_mode"`
	URL                      text              `json:"url"`

	Own *sessionOwn `json:"own,omitempty"`
}

type sessionTax struct {
	Enabled   bool    `json:"enabled"`
	Liability *issuer `json:"liability"`
	Provider  none    `json:"provider"`
	Status    text    `json:"status"`
}

type customText struct {
	AfterSubmit     none `json:"after_submit"`
	ShippingAddress none `json:"shipping_address"`
	Submit          none `json:"submit"`
	Terms           none `json:"terms_of_service_acceptance"`
}

type customerDetails struct {
	Address   *address `json:"address"`
	Email     text     `json:"email"`
	Name      text     `json:"name"`
	Phone     text     `json:"phone"`
	TaxExempt string   `json:"tax_exempt"`
	TaxIDs    []none   `json:"tax_ids"`
}

type sessionDiscount struct {
	Coupon        text `json:"coupon"`
	PromotionCode text `json:"promotion_code"`
}

type sessionInvoice struct {
	Enabled     bool               `json:"enabled"`
	InvoiceData sessionInvoiceData `json:"invoice_data"`
}

type sessionInvoiceData struct {
	AccountTaxIDs    none              `json:"account_tax_ids"`
	CustomFields     none              `json:"custom_fields"`
	Description      text              `json:"description"`
	Footer           none              `json:"footer"`
	Issuer           none              `json:"issuer"`
	Metadata         map[string]string `json:"metadata"`
	RenderingOptions none              `json:"rendering_options"`
}

type totalDetails struct {
	AmountDiscount int64 `json:"amount_discount"`
	AmountShipping int64 `json:"amount_shipping"`
	AmountTax      int64 `json:"amount_tax"`
}

type sessionOwn struct {
	Items            []sessionItem        `json:"items"`
	Subscription     *sessionSubscription `json:"subscription,omitempty"`
	IntentMetadata   map[string]string    `json:"intent_metadata,omitempty"`
	IntentNote       string               `json:"intent_note,omitempty"`
	SetupFutureUsage string               `json:"setup_future_usage,omitempty"`
	Failure          string               `json:"failure,omitempty"` // what the page says of the last attempt
	Method           string               `json:"method,omitempty"`  // the card that waits for 3-D Secure
	Customer         string               `json:"customer,omitempty"`
}

type sessionItem struct {
	ID       string `json:"id"`
	Price    string `json:"price"`
	Quantity *int64 `json:"quantity"` // nil of a metered price
}

type sessionSubscription struct {
	TrialEnd      int64             `json:"trial_end,omitempty"`
	TrialDays     int64             `json:"trial_days,omitempty"`
	MissingMethod string            `json:"missing_method,omitempty"`
	Metadata      map[string]string `json:"metadata,omitempty"`
	Description   string            `json:"description,omitempty"`
	Anchor        int64             `json:"anchor,omitempty"`
	Prorate       bool              `json:"prorate"`
}

func (*checkoutSession) kind() string    { return "checkout.session" }
func (c *checkoutSession) owner() string { return string(c.Customer) }
func (c *checkoutSession) shown(*tx) any {
	shown := *c
	shown.Own = nil
	return &shown
}

// dues: a session nobody pays expires.
func (c *checkoutSession) dues() []due {
	if c.Status != "open" {
		return nil
	}
	return []due{{c.ExpiresAt, "expire", func(tx *tx, id string) error {
		c, _ := find[*checkoutSession](tx, id)
		tx.expireSession(c)
		return nil
	}}}
}

// A session lives between half an hour and a day (API reference, "Checkout Sessions", expires_at).
const (
	sessionMin = 30 * 60
	sessionMax = 24 * 60 * 60
)

// price computes what the payer pays now.
func (tx *tx) price(c *checkoutSession) error {
	if c.Mode == "setup" {
		return nil
	}
	i := tx.quote(c)
	var discounted, taxes int64
	for _, d := range i.TotalDiscountAmounts {
		discounted += d.Amount
	}
	for _, t := range i.TotalTaxes {
		taxes += t.Amount
	}
	c.AmountSubtotal, c.AmountTotal = &i.Subtotal, &i.Total
	c.TotalDetails = &totalDetails{AmountDiscount: discounted, AmountTax: taxes}
	if c.AutomaticTax.Enabled {
		c.AutomaticTax.Status, c.AutomaticTax.Liability = "complete", &issuer{"self"}
	}
	return nil
}

// quote returns an invoice, which is not in the state, for what the payer pays now.
func (tx *tx) quote(c *checkoutSession) *invoice {
	i := &invoice{header: header{ID: "in_quote", Created: tx.now(string(c.Customer))}, Currency: string(c.Currency), AutomaticTax: automaticTax{Enabled: c.AutomaticTax.Enabled}}
	trial := c.Own.Subscription != nil && (c.Own.Subscription.TrialEnd != 0 || c.Own.Subscription.TrialDays != 0)
	ids := tx.ids
	for _, item := range c.Own.Items {
		p, _ := find[*price](tx, item.Price)
		amount := int64(0)
		if item.Quantity != nil && !(trial && p.Type == "recurring") {
			amount = round(p.amount(whole(*item.Quantity)))
		}
		i.put(tx.newLine(amount, p.Currency, tx.nameOf(p), period{i.Created, i.Created}))
	}
	tx.ids = ids
	i.Discounts = tx.quoteDiscounts(c)
	tx.totalFor(i, 0)
	for _, id := range i.Discounts {
		if d, ok := find[*discount](tx, id); ok && strings.HasPrefix(id, quotePrefix) {
			tx.drop(d)
		}
	}
	return i
}

// quotePrefix marks discounts that only a quote uses.
const quotePrefix = "di_quote_"

func (tx *tx) quoteDiscounts(c *checkoutSession) []string {
	var ids []string
	for n, d := range c.Discounts {
		id := d.Coupon
		if p, ok := find[*promotionCode](tx, string(d.PromotionCode)); ok {
			id = p.Promotion.Coupon
		}
		if found, ok := find[*coupon](tx, string(id)); ok {
			made := &discount{ID: urlf("%s%d", quotePrefix, n), Object: "discount", Source: discountSource{Coupon: id, Type: "coupon"}, Own: &discountOwn{*found}}
			tx.add(made)
			ids = append(ids, made.ID)
		}
	}
	return ids
}

func getSession(tx *tx, p *byID) (any, error) { return needPath[*checkoutSession](tx, p.ID, "session") }

type sessionList struct {
	listing
	Customer      *string `form:"customer"`
	PaymentIntent *string `form:"payment_intent"`
	Subscription  *string `form:"subscription"`
	Status        *string `form:"status" enum:"open|complete|expired"`
	Created       span    `form:"created"`
}

func listSessions(tx *tx, g *sessionList) (any, error) {
	return pageOf(tx, g.listing, "/v1/checkout/sessions", every[*checkoutSession](tx), func(c *checkoutSession) bool {
		return (g.Customer == nil || *g.Customer == string(c.Customer)) && (g.PaymentIntent == nil || *g.PaymentIntent == string(c.PaymentIntent)) &&
			(g.Subscription == nil || *g.Subscription == string(c.Subscription)) && (g.Status == nil || *g.Status == c.Status) && g.Created.has(c.Created)
	})
}

func expireSession(tx *tx, p *byID) (any, error) {
	c, err := needPath[*checkoutSession](tx, p.ID, "session")
	if err != nil {
		return nil, err
	}
	if c.Status != "open" {
		return nil, invalid("", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of %s.", c.Status)
	}
	tx.expireSession(c)
	return c, nil
}

func (tx *tx) expireSession(c *checkoutSession) {
	tx.edit(c)
	c.Status, c.URL = "expired", ""
	if p, ok := find[*paymentIntent](tx, string(c.PaymentIntent)); ok && p.Status != "succeeded" && p.Status != "canceled" {
		tx.cancelPayment(p, "expired")
	}
	tx.updated("checkout.session.expired", c)
}

// A lineItem is what a session sells, as its list shows it.
type lineItem struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	AmountDiscount int64             `json:"amount_discount"`
	AmountSubtotal int64             `json:"amount_subtotal"`
	AmountTax      int64             `json:"amount_tax"`
	AmountTotal    int64             `json:"amount_total"`
	Currency       string            `json:"currency"`
	Description    text              `json:"description"`
	Metadata       map[string]string `json:"metadata"`
	Price          any               `json:"price"`
	Quantity       *int64            `json:"quantity"`
}

func (tx *tx) lineItems(c *checkoutSession) []lineItem {
	items := []lineItem{}
	quote := &invoice{}
	if c.Mode != "setup" {
		quote = tx.quote(c)
	}
	for n, item := range c.Own.Items {
		p, _ := find[*price](tx, item.Price)
		l := quote.Lines.Data[n]
		made := lineItem{ID: item.ID, Object: "item", AmountSubtotal: l.Amount, AmountTotal: l.Amount, Currency: p.Currency, Description: text(tx.nameOf(p)),
			Metadata: map[string]string{}, Price: p.shown(tx), Quantity: item.Quantity}
		for _, d := range l.DiscountAmounts {
			made.AmountDiscount += d.Amount
		}
		for _, t := range l.Taxes {
			made.AmountTax += t.Amount
		}
		made.AmountTotal += made.AmountTax - made.AmountDiscount
		items = append(items, made)
	}
	return items
}

func lineItemsOfSession(tx *tx, id string) any {
	c, ok := find[*checkoutSession](tx, id)
	if !ok {
		return nil
	}
	return listed(urlf("/v1/checkout/sessions/%s/line_items", id), tx.lineItems(c))
}

type sessionItems struct {
	ID string `path:"id"`
	listing
}

func listSessionItems(tx *tx, g *sessionItems) (any, error) {
	c, err := needPath[*checkoutSession](tx, g.ID, "session")
	if err != nil {
		return nil, err
	}
	return part(g.listing, urlf("/v1/checkout/sessions/%s/line_items", c.ID), tx.lineItems(c), func(i lineItem) string { return i.ID })
}

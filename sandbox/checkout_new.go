package sandbox

import "time"

type sessionNew struct {
	AllowPromotionCodes *bool `form:"allow_promotion_codes"`
	AutomaticTax        struct {
		Enabled   bool    `form:"enabled"`
		Liability ignored `form:"liability"`
	} `form:"automatic_tax"`
	BillingAddressCollection *string         `form:"billing_address_collection" enum:"auto|required"`
	CancelURL                *string         `form:"cancel_url"`
	ClientReferenceID        *string         `form:"client_reference_id"`
	Currency                 *string         `form:"currency"`
	Customer                 *string         `form:"customer"`
	CustomerCreation         *string         `form:"customer_creation" enum:"always|if_required"`
	CustomerEmail            *string         `form:"customer_email"`
	Discounts                []discountGiven `form:"discounts"`
	ExpiresAt                *int64          `form:"expires_at"`
	InvoiceCreation          *struct {
		Enabled     bool `form:"enabled,required"`
		InvoiceData struct {
			Description *string `form:"description"`
			Metadata    changes `form:"metadata"`
		} `form:"invoice_data"`
	} `form:"invoice_creation"`
	LineItems         []sessionItemGiven `form:"line_items"`
	Locale            *string            `form:"locale"`
	Metadata          changes            `form:"metadata"`
	Mode              *string            `form:"mode" enum:"payment|setup|subscription"`
	PaymentIntentData *struct {
		Description      *string `form:"description"`
		Metadata         changes `form:"metadata"`
		SetupFutureUsage *string `form:"setup_future_usage" enum:"off_session|on_session"`
		ReceiptEmail     ignored `form:"receipt_email"`
	} `form:"payment_intent_data"`
	PaymentMethodCollection *string           `form:"payment_method_collection" enum:"always|if_required"`
	SetupIntentData         ignored           `form:"setup_intent_data"`
	SubmitType              *string           `form:"submit_type" enum:"auto|book|donate|pay|subscribe"`
	SubscriptionData        *subscriptionData `form:"subscription_data"`
	SuccessURL              *string           `form:"success_url"`
	UIMode                  *string           `form:"ui_mode" enum:"hosted_page"`

	PaymentMethodTypes        ignored `form:"payment_method_types"`
	CustomerUpdate            ignored `form:"customer_update"`
	TaxIDCollection           ignored `form:"tax_id_collection"`
	ConsentCollection         ignored `form:"consent_collection"`
	PhoneNumberCollection     ignored `form:"phone_number_collection"`
	SavedPaymentMethodOptions ignored `form:"saved_payment_method_options"`
}

type sessionItemGiven struct {
	Price     *string `form:"price"`
	PriceData *struct {
		Currency    string  `form:"currency,required"`
		Product     *string `form:"product"`
		ProductData *struct {
			Name        string   `form:"name,required"`
			Description *string  `form:"description"`
			Metadata    changes  `form:"metadata"`
			Images      []string `form:"images"`
		} `form:"product_data"`
		Recurring         *recurringGiven `form:"recurring"`
		TaxBehavior       *string         `form:"tax_behavior" enum:"exclusive|inclusive|unspecified"`
		UnitAmount        *int64          `form:"unit_amount" min:"0"`
		UnitAmountDecimal *number         `form:"unit_amount_decimal"`
	} `form:"price_data"`
	Quantity           *int64  `form:"quantity" min:"0"`
	AdjustableQuantity ignored `form:"adjustable_quantity"`
}

type subscriptionData struct {
	BillingCycleAnchor *int64              `form:"billing_cycle_anchor"`
	BillingMode        ignored             `form:"billing_mode"`
	Description        *string             `form:"description"`
	Metadata           changes             `form:"metadata"`
	ProrationBehavior  *string             `form:"proration_behavior" enum:"create_prorations|none"`
	TrialEnd           *int64              `form:"trial_end"`
	TrialPeriodDays    *int64              `form:"trial_period_days" min:"1"`
	TrialSettings      *trialSettingsGiven `form:"trial_settings"`
}

func createSession(tx *tx, g *sessionNew) (any, error) {
	c := &checkoutSession{header: tx.header("cs_test_", "checkout.session", ""), CustomFields: []none{}, Discounts: []sessionDiscount{}, Metadata: g.Metadata.on(nil), Mode: "payment",
		PaymentMethodCollection: "always", PaymentMethodTypes: []string{"card"}, PaymentStatus: "unpaid", ShippingOptions: []none{}, Status: "open",
		UIMode: "hosted_page", Own: &sessionOwn{}}
	if g.Mode != nil {
		c.Mode = *g.Mode
	}
	if c.Mode == "payment" { // what costs nothing needs no card, since 2023-08-16
		c.PaymentMethodCollection = "if_required"
	}
	if g.SuccessURL == nil {
		return nil, required("success_url")
	}
	if err := checkURL("success_url", *g.SuccessURL); err != nil {
		return nil, err
	}
	if g.CancelURL != nil {
		if err := checkURL("cancel_url", *g.CancelURL); err != nil {
			return nil, err
		}
	}
	if err := g.payer(tx, c); err != nil {
		return nil, err
	}
	c.Created = tx.now(string(c.Customer))
	c.ExpiresAt = c.Created + sessionMax
	if g.ExpiresAt != nil {
		if *g.ExpiresAt < c.Created+sessionMin || *g.ExpiresAt > c.Created+sessionMax {
			return nil, invalid("expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.")
		}
		c.ExpiresAt = *g.ExpiresAt
	}
	setText(&c.BillingAddressCollection, g.BillingAddressCollection)
	setText(&c.CancelURL, g.CancelURL)
	setText(&c.ClientReferenceID, g.ClientReferenceID)
	setText(&c.Locale, g.Locale)
	setText(&c.SubmitType, g.SubmitType)
	setText(&c.SuccessURL, g.SuccessURL)
	c.AllowPromotionCodes = g.AllowPromotionCodes != nil && *g.AllowPromotionCodes
	c.AutomaticTax.Enabled = g.AutomaticTax.Enabled
	if g.PaymentMethodCollection != nil {
		c.PaymentMethodCollection = *g.PaymentMethodCollection
	}
	if err := g.modeData(c); err != nil {
		return nil, err
	}
	if err := g.lineItems(tx, c); err != nil {
		return nil, err
	}
	for i, d := range g.Discounts {
		given, err := tx.discountNamed(d, urlf("discounts[%d]", i))
		if err != nil {
			return nil, err
		}
		c.Discounts = append(c.Discounts, given)
	}
	if c.AllowPromotionCodes && len(c.Discounts) > 0 {
		return nil, invalid("allow_promotion_codes", "You may only specify one of these parameters: allow_promotion_codes, discounts.")
	}
	c.URL = text(tx.base() + "/c/pay/" + c.ID)
	tx.add(c)
	return c, tx.price(c)
}

// payer reads whose session it is.
func (g *sessionNew) payer(tx *tx, c *checkoutSession) error {
	if g.Customer != nil {
		if g.CustomerEmail != nil {
			return invalid("customer_email", "You may only specify one of these parameters: customer, customer_email.")
		}
		owner, err := tx.liveCustomer(*g.Customer, "customer", false)
		if err != nil {
			return err
		}
		c.Customer = text(owner.ID)
		c.CustomerDetails = &customerDetails{Address: owner.Address, Email: owner.Email, Name: owner.Name, Phone: owner.Phone, TaxExempt: "none", TaxIDs: []none{}}
		return nil
	}
	setText(&c.CustomerEmail, g.CustomerEmail)
	if c.CustomerEmail != "" {
		c.CustomerDetails = &customerDetails{Email: c.CustomerEmail, TaxExempt: "none", TaxIDs: []none{}}
	}
	if c.Mode == "payment" {
		c.CustomerCreation = "if_required"
		setText(&c.CustomerCreation, g.CustomerCreation)
	} else if c.Mode == "subscription" {
		c.CustomerCreation = "always"
	}
	return nil
}

// modeData reads what only one mode has.
func (g *sessionNew) modeData(c *checkoutSession) error {
	only := func(param, mode string) error { return invalid(param, "`%s` is only used in `%s` mode.", param, mode) }
	if d := g.PaymentIntentData; d != nil {
		if c.Mode != "payment" {
			return only("payment_intent_data", "payment")
		}
		c.Own.IntentMetadata = d.Metadata.on(nil)
		if d.Description != nil {
			c.Own.IntentNote = *d.Description
		}
		if d.SetupFutureUsage != nil {
			c.Own.SetupFutureUsage = *d.SetupFutureUsage
		}
	}
	if i := g.InvoiceCreation; i != nil {
		if c.Mode != "payment" {
			return only("invoice_creation", "payment")
		}
		c.InvoiceCreation = &sessionInvoice{Enabled: i.Enabled, InvoiceData: sessionInvoiceData{Metadata: i.InvoiceData.Metadata.on(nil)}}
		setText(&c.InvoiceCreation.InvoiceData.Description, i.InvoiceData.Description)
	} else if c.Mode == "payment" {
		c.InvoiceCreation = &sessionInvoice{InvoiceData: sessionInvoiceData{Metadata: map[string]string{}}}
	}
	d := g.SubscriptionData
	if d != nil && c.Mode != "subscription" {
		return only("subscription_data", "subscription")
	}
	if c.Mode != "subscription" {
		return nil
	}
	s := &sessionSubscription{Prorate: true, MissingMethod: "create_invoice"}
	c.Own.Subscription = s
	if d == nil {
		return nil
	}
	if d.TrialEnd != nil && d.TrialPeriodDays != nil {
		return invalid("subscription_data[trial_end]", "You may only specify one of these parameters: trial_end, trial_period_days.")
	}
	if d.TrialEnd != nil {
		if *d.TrialEnd < c.Created+2*int64(day/time.Second) {
			return invalid("subscription_data[trial_end]", "The `trial_end` date has to be at least 2 days in the future.")
		}
		s.TrialEnd = *d.TrialEnd
	}
	if d.TrialPeriodDays != nil {
		s.TrialDays = *d.TrialPeriodDays
	}
	if d.BillingCycleAnchor != nil {
		s.Anchor = *d.BillingCycleAnchor
	}
	if d.Description != nil {
		s.Description = *d.Description
	}
	if d.TrialSettings != nil {
		s.MissingMethod = d.TrialSettings.EndBehavior.MissingPaymentMethod
	}
	s.Prorate = d.ProrationBehavior == nil || *d.ProrationBehavior != "none"
	s.Metadata = d.Metadata.on(nil)
	return nil
}

// lineItems reads what is sold.
func (g *sessionNew) lineItems(tx *tx, c *checkoutSession) error {
	if c.Mode == "setup" {
		if len(g.LineItems) > 0 {
			return invalid("line_items", "You cannot pass `line_items` in `setup` mode.")
		}
		setText(&c.Currency, g.Currency)
		return nil
	}
	if len(g.LineItems) == 0 {
		return required("line_items")
	}
	recurs := false
	for n, given := range g.LineItems {
		at := urlf("line_items[%d]", n)
		p, err := given.price(tx, at)
		if err != nil {
			return err
		}
		item := sessionItem{ID: tx.newID("li_"), Price: p.ID, Quantity: given.Quantity}
		metered := p.Recurring != nil && p.Recurring.UsageType == "metered"
		switch {
		case metered && given.Quantity != nil:
			return invalid(at+"[quantity]", "Quantity should not be specified where usage_type is `metered`.")
		case !metered && given.Quantity == nil:
			return invalid(at+"[quantity]", "Quantity is required. Add `quantity` to `%s`.", at).withCode(codeRequired)
		case p.Type == "recurring" && c.Mode == "payment":
			return invalid(at+"[price]", "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.")
		case c.Currency != "" && string(c.Currency) != p.Currency:
			return invalid(at+"[price]", "All prices of a Checkout Session must have the same currency.")
		}
		recurs = recurs || p.Type == "recurring"
		c.Currency = text(p.Currency)
		c.Own.Items = append(c.Own.Items, item)
	}
	if c.Mode == "subscription" && !recurs {
		return invalid("line_items", "You must provide at least one recurring price in `subscription` mode when using prices.")
	}
	return nil
}

func (g *sessionItemGiven) price(tx *tx, at string) (*price, error) {
	if d := g.PriceData; d != nil {
		made := &priceNew{Currency: d.Currency, Product: d.Product, Recurring: d.Recurring, TaxBehavior: d.TaxBehavior, UnitAmount: d.UnitAmount, UnitAmountDecimal: d.UnitAmountDecimal}
		if d.ProductData != nil {
			o, err := createProduct(tx, &productNew{Name: d.ProductData.Name, Description: d.ProductData.Description, Metadata: d.ProductData.Metadata, Images: d.ProductData.Images})
			if err != nil {
				return nil, err
			}
			made.Product = &o.(*product).ID
		}
		p, err := createPrice(tx, made)
		if err != nil {
			return nil, err
		}
		return p.(*price), nil
	}
	if g.Price == nil {
		return nil, required(at + "[price]")
	}
	p, err := need[*price](tx, *g.Price, at+"[price]")
	if err == nil && !p.Active {
		return nil, invalid(at+"[price]", "The price specified is inactive. This field only accepts active prices.")
	}
	return p, err
}

// discountNamed checks a discount that is only redeemed when the payer pays.
func (tx *tx) discountNamed(g discountGiven, at string) (sessionDiscount, error) {
	switch {
	case g.Coupon != nil:
		c, err := need[*coupon](tx, *g.Coupon, at+"[coupon]")
		if err != nil {
			return sessionDiscount{}, err
		}
		return sessionDiscount{Coupon: text(c.ID)}, nil
	case g.PromotionCode != nil:
		p, err := need[*promotionCode](tx, *g.PromotionCode, at+"[promotion_code]")
		if err != nil {
			return sessionDiscount{}, err
		}
		return sessionDiscount{PromotionCode: text(p.ID)}, nil
	}
	return sessionDiscount{}, required(at + "[coupon]")
}

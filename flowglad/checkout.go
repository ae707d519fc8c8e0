package flowglad

import (
	"net/url"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

// A checkoutWrite asks for a checkout page, as it is sent.
type checkoutWrite struct {
	Type                 CheckoutKind   `json:"type"`
	CustomerExternalID   string         `json:"customerExternalId"`
	SuccessURL           string         `json:"successUrl"`
	CancelURL            string         `json:"cancelUrl"`
	PriceID              string         `json:"priceId"`
	PriceSlug            string         `json:"priceSlug"`
	Quantity             *int64         `json:"quantity"`
	TargetSubscriptionID string         `json:"targetSubscriptionId"`
	OutputName           string         `json:"outputName"`
	OutputMetadata       map[string]any `json:"outputMetadata"`
}

// A session is a checkout page as the wire has it.
type session struct {
	ID                   string         `json:"id"`
	Type                 CheckoutKind   `json:"type"`
	Status               string         `json:"status"`
	Expires              int64          `json:"expires"`
	PriceID              *string        `json:"priceId"`
	Quantity             int64          `json:"quantity"`
	TargetSubscriptionID *string        `json:"targetSubscriptionId"`
	CustomerID           string         `json:"customerId"`
	CustomerEmail        *string        `json:"customerEmail"`
	CustomerName         *string        `json:"customerName"`
	SuccessURL           string         `json:"successUrl"`
	CancelURL            string         `json:"cancelUrl"`
	OutputName           *string        `json:"outputName"`
	OutputMetadata       map[string]any `json:"outputMetadata"`
	DiscountID           *string        `json:"discountId"`
	InvoiceID            *string        `json:"invoiceId"`
	PurchaseID           *string        `json:"purchaseId"`
	PreserveAnchor       bool           `json:"preserveBillingCycleAnchor"`
	UpdateSubscriptions  *bool          `json:"automaticallyUpdateSubscriptions"`
	Livemode             bool           `json:"livemode"`
	OrganizationID       string         `json:"organizationId"`
	PricingModelID       string         `json:"pricingModelId"`
	CreatedAt            int64          `json:"createdAt"`
	UpdatedAt            int64          `json:"updatedAt"`
}

type sessionAnswer struct {
	CheckoutSession session `json:"checkoutSession"`
	URL             string  `json:"url"`
}

// createCheckout is POST checkout-sessions.
func (s *Server) createCheckout(c *call) (any, error) {
	var in struct {
		CheckoutSession checkoutWrite `json:"checkoutSession"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.CheckoutSession.CustomerExternalID == "" {
		return nil, invalid("customerExternalId is missing.")
	}
	return s.openCheckout(c, id.Customer(in.CheckoutSession.CustomerExternalID), in.CheckoutSession)
}

// openCheckout checks what a customer wants to buy against the catalog and has the payment provider make a page for it.
func (s *Server) openCheckout(c *call, name id.Customer, in checkoutWrite) (any, error) {
	customer, err := s.present(c.Context(), name)
	if err != nil {
		return nil, err
	}
	if err := checkAddress("successUrl", in.SuccessURL); err != nil {
		return nil, err
	}
	if err := checkAddress("cancelUrl", in.CancelURL); err != nil {
		return nil, err
	}
	want := Checkout{
		Customer: name, Kind: in.Type, Subscription: in.TargetSubscriptionID, SuccessURL: in.SuccessURL, CancelURL: in.CancelURL,
		Name: in.OutputName, Metadata: in.OutputMetadata,
	}
	switch in.Type {
	case CheckoutProduct, "":
		want.Kind = CheckoutProduct
		want.Item, err = s.wanted(c, in)
	case CheckoutMethod, CheckoutActivation:
		err = s.target(c, customer, in)
	default:
		err = invalid("type is %s, %s or %s.", CheckoutProduct, CheckoutMethod, CheckoutActivation)
	}
	if err != nil {
		return nil, err
	}
	if s.opts.Payments.Checkout == nil {
		return nil, errNotConfigured
	}
	made, err := s.opts.Payments.Checkout(c.Context(), want)
	if err != nil {
		return nil, err
	}
	made.Checkout = want
	return s.shownSession(customer, made, c.live), nil
}

// wanted returns what a checkout is to sell: a plan that costs something, or a top-up.
func (s *Server) wanted(c *call, in checkoutWrite) (Item, error) {
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return Item{}, err
	}
	p, err := sh.sold(in.PriceID, in.PriceSlug)
	if err != nil {
		return Item{}, err
	}
	if p.free || p.plan != "" && sh.catalog.Plans[p.plan].Default {
		return Item{}, invalid("%q is of a plan that everybody has: there is nothing to pay.", p.Slug)
	}
	n, err := count(in.Quantity)
	return Item{p.slug, n}, err
}

// target checks the subscription that a way to pay is to be added to.
func (s *Server) target(c *call, customer tollgate.Customer, in checkoutWrite) error {
	if in.TargetSubscriptionID == "" {
		if in.Type == CheckoutActivation {
			return invalid("targetSubscriptionId is missing.")
		}
		return nil
	}
	_, owner, err := s.engine.Subscription(c.Context(), in.TargetSubscriptionID)
	if err == nil && owner.ExternalID != customer.ExternalID {
		err = missing("Subscription %s not found", in.TargetSubscriptionID)
	}
	return err
}

func checkAddress(field, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return invalid("%s must be an address that begins with https:// or http://.", field)
	}
	return nil
}

func (s *Server) shownSession(customer tollgate.Customer, made Session, live bool) sessionAnswer {
	now := ms(s.engine.Now())
	out := session{
		ID: made.ID, Type: made.Kind, Status: made.Status, Expires: ms(made.ExpiresAt), Quantity: max(made.Item.Quantity, 1),
		TargetSubscriptionID: textOrNil(made.Subscription), CustomerID: customer.ID(), CustomerEmail: textOrNil(customer.Email),
		CustomerName: textOrNil(customer.Name), SuccessURL: made.SuccessURL, CancelURL: made.CancelURL,
		OutputName: textOrNil(made.Name), OutputMetadata: made.Metadata, Livemode: live, OrganizationID: organizationID,
		PricingModelID: modelID, CreatedAt: now, UpdatedAt: now,
	}
	if made.Item.Price != "" {
		of := priceID(made.Item.Price)
		out.PriceID = &of
	}
	return sessionAnswer{out, made.URL}
}

// checkout is GET checkout-sessions/{id}.
func (s *Server) checkout(c *call) (any, error) {
	if s.opts.Payments.Session == nil {
		return nil, missing("Checkout session %s not found", c.args[0])
	}
	made, err := s.opts.Payments.Session(c.Context(), c.args[0])
	if err != nil {
		return nil, err
	}
	customer, err := s.engine.Customer(c.Context(), made.Customer)
	if err != nil {
		return nil, err
	}
	return s.shownSession(customer, made, c.live), nil
}

package flowglad

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
)

// The kinds of checkout.
const (
	checkoutProduct    = "product"
	checkoutMethod     = "add_payment_method"
	checkoutActivation = "activate_subscription"
)

// A checkoutWrite asks for a checkout page, as it is sent.
type checkoutWrite struct {
	Type                 string         `json:"type"`
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
	Type                 string         `json:"type"`
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
	r := tollgate.CheckoutRequest{Customer: name, SuccessURL: in.SuccessURL, CancelURL: in.CancelURL}
	switch in.Type {
	case checkoutProduct, "":
		in.Type = checkoutProduct
		err = s.wanted(c, in, &r)
	case checkoutMethod, checkoutActivation:
		r.Card = true
		err = s.target(c, customer, in)
	default:
		err = invalid("type is %s, %s or %s.", checkoutProduct, checkoutMethod, checkoutActivation)
	}
	if err != nil {
		return nil, err
	}
	if !s.engine.Sells() {
		return nil, errNotConfigured
	}
	if r.Metadata, err = (output{in.Type, in.TargetSubscriptionID, in.OutputName, in.OutputMetadata}).kept(); err != nil {
		return nil, err
	}
	made, err := s.engine.Checkout(c.Context(), r)
	if err != nil {
		return nil, err
	}
	return shownSession(tollgate.OpenedCheckout{CheckoutSession: made, Customer: customer, Request: r, CreatedAt: s.engine.Now()}, c.live)
}

// An output is what a session keeps that has no place of its own at Stripe.
type output struct {
	Type         string         `json:"type"`
	Subscription string         `json:"subscription,omitempty"`
	Name         string         `json:"name,omitempty"`
	Metadata     map[string]any `json:"metadata,omitempty"`
}

const (
	outputName     = "flowglad" // in the metadata of the session
	outputBytesMax = 500        // Stripe's limit of one value
)

func (o output) kept() (map[string]string, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	if len(text) > outputBytesMax {
		return nil, invalid("outputName and outputMetadata are too long together: they have %d bytes as JSON, and %d is the most.", len(text), outputBytesMax)
	}
	return map[string]string{outputName: string(text)}, nil
}

// wanted sets what a checkout is to sell: a plan that costs something, or a top-up.
func (s *Server) wanted(c *call, in checkoutWrite, r *tollgate.CheckoutRequest) error {
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return err
	}
	p, err := sh.sold(in.PriceID, in.PriceSlug)
	if err != nil {
		return err
	}
	if p.free || p.plan != "" && sh.catalog.Plans[p.plan].Default {
		return invalid("%q is of a plan that everybody has: there is nothing to pay.", p.Slug)
	}
	if r.Price = p.slug; p.plan == "" {
		r.Price, r.TopUp = "", p.slug
	}
	r.Quantity, err = count(in.Quantity)
	return err
}

// target checks the subscription that a way to pay is to be added to.
func (s *Server) target(c *call, customer tollgate.Customer, in checkoutWrite) error {
	if in.TargetSubscriptionID == "" {
		if in.Type == checkoutActivation {
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

// shownSession spells a session with the address of its page.
func shownSession(o tollgate.OpenedCheckout, live bool) (sessionAnswer, error) {
	in := output{Type: checkoutProduct}
	if o.Request.Card {
		in.Type = checkoutMethod
	}
	if text := o.Request.Metadata[outputName]; text != "" {
		if err := json.Unmarshal([]byte(text), &in); err != nil {
			return sessionAnswer{}, fmt.Errorf("read what checkout session %s keeps: %w", o.ID, err)
		}
	}
	out := session{
		ID: o.ID, Type: in.Type, Status: o.Status, Expires: ms(o.ExpiresAt), Quantity: max(o.Request.Quantity, 1),
		TargetSubscriptionID: textOrNil(in.Subscription), CustomerID: o.Customer.ID(), CustomerEmail: textOrNil(o.Customer.Email),
		CustomerName: textOrNil(o.Customer.Name), SuccessURL: o.Request.SuccessURL, CancelURL: o.Request.CancelURL,
		OutputName: textOrNil(in.Name), OutputMetadata: in.Metadata, Livemode: live, OrganizationID: organizationID,
		PricingModelID: modelID, CreatedAt: ms(o.CreatedAt), UpdatedAt: ms(o.CreatedAt),
	}
	if o.Status == "complete" {
		out.Status = "succeeded"
	}
	if sold := cmp.Or(o.Request.Price, o.Request.TopUp); sold != "" {
		of := priceID(sold)
		out.PriceID = &of
	}
	return sessionAnswer{out, o.URL}, nil
}

// checkout is GET checkout-sessions/{id}. What the session sold is in force before this answers.
func (s *Server) checkout(c *call) (any, error) {
	unknown := missing("Checkout session %s not found", c.args[0])
	if !s.engine.Sells() {
		return nil, unknown
	}
	o, err := s.engine.OpenedCheckout(c.Context(), c.args[0])
	if fault.Has(err, fault.NotFound) {
		return nil, unknown
	}
	if err != nil {
		return nil, err
	}
	return shownSession(o, c.live)
}

// listCheckouts is GET checkout-sessions, newest first.
func (s *Server) listCheckouts(c *call) (any, error) {
	return listAt(s, c, s.engine.Checkouts, func(o tollgate.OpenedCheckout) (any, error) {
		shown, err := shownSession(o, c.live)
		return shown.CheckoutSession, err
	})
}

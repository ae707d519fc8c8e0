package stripe

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"time"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// digest tells texts apart in an idempotency key.
func digest(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p + "\x00"))
	}
	return h.Sum64()
}

// A Checkout is a visit to Stripe's hosted page.
type Checkout struct {
	Customer      string // at Stripe
	ExternalID    id.Customer
	Mode          string // subscription, payment or setup
	PriceID       string
	Metered       []string // further prices of a subscription, billed by use
	Quantity      int64
	TrialDays     int64
	PromotionCode string // of Stripe, promo_…; empty is none
	Codes         bool   // whether the page takes promotion codes
	Tax           bool
	SuccessURL    string
	CancelURL     string
	TopUp         id.Slug
	Title         string // of the payment, as receipts show it
	Currency      string // of a card to save
	Grants        map[id.Slug]quantity.Units
	ExpiresDays   int64
	Price         id.Slug           // of PriceID, when it is a plan's
	Metadata      map[string]string // the caller's own
	Key           string            // of idempotency
}

// A Session is an open checkout.
type Session struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expiresAt"`
	Status    string    `json:"status"`

	Customer  string    `json:"-"` // at Stripe; the rest is what it was opened with
	CreatedAt time.Time `json:"-"`
	Opened    Checkout  `json:"-"`
}

// Reserved reports whether a name of metadata is ours.
func Reserved(name string) bool {
	return slices.Contains([]string{metaSource, metaCustomer, metaPrice, metaTopUp, metaQuantity, metaGrants, metaExpires}, name)
}

// Open makes a checkout session.
func (c *Client) Open(ctx context.Context, o Checkout) (Session, error) {
	meta := map[string]string{metaSource: source, metaCustomer: string(o.ExternalID)}
	sold := maps.Clone(meta)
	for name, value := range map[string]string{metaPrice: string(o.Price), metaTopUp: string(o.TopUp), metaQuantity: strconv.FormatInt(o.Quantity, 10)} {
		if value != "" && o.Mode != "setup" {
			sold[name] = value
		}
	}
	maps.Copy(sold, o.Metadata)
	params := &stripe.CheckoutSessionCreateParams{
		Mode: &o.Mode, Customer: &o.Customer, SuccessURL: &o.SuccessURL, ClientReferenceID: stripe.String(string(o.ExternalID)), Metadata: sold,
	}
	if o.CancelURL != "" {
		params.CancelURL = &o.CancelURL
	}
	if o.Tax && o.Mode != "setup" {
		params.AutomaticTax = &stripe.CheckoutSessionCreateAutomaticTaxParams{Enabled: stripe.Bool(true)}
	}
	switch {
	case o.Mode == "setup":
		params.Currency = &o.Currency
	case o.PromotionCode != "":
		params.Discounts = []*stripe.CheckoutSessionCreateDiscountParams{{PromotionCode: &o.PromotionCode}}
	case o.Codes:
		params.AllowPromotionCodes = stripe.Bool(true)
	}
	if o.PriceID != "" {
		params.LineItems = []*stripe.CheckoutSessionCreateLineItemParams{{Price: &o.PriceID, Quantity: &o.Quantity}}
	}
	for _, p := range o.Metered {
		params.LineItems = append(params.LineItems, &stripe.CheckoutSessionCreateLineItemParams{Price: stripe.String(p)})
	}
	switch o.Mode {
	case "subscription":
		params.SubscriptionData = &stripe.CheckoutSessionCreateSubscriptionDataParams{Metadata: meta}
		if o.TrialDays > 0 {
			params.SubscriptionData.TrialPeriodDays = &o.TrialDays
		}
	case "payment":
		grants, err := json.Marshal(o.Grants)
		if err != nil {
			return Session{}, fmt.Errorf("spell grants: %w", err)
		}
		bought := map[string]string{metaSource: source, metaCustomer: string(o.ExternalID), metaTopUp: string(o.TopUp), metaGrants: string(grants),
			metaExpires: strconv.FormatInt(o.ExpiresDays, 10)}
		maps.Copy(sold, bought) // a checkout that costs nothing has no payment to carry it
		params.PaymentIntentData = &stripe.CheckoutSessionCreatePaymentIntentDataParams{Metadata: bought, Description: &o.Title}
		params.InvoiceCreation = &stripe.CheckoutSessionCreateInvoiceCreationParams{Enabled: stripe.Bool(true)}
	}
	params.SetIdempotencyKey(o.Key)
	made, err := call(ctx, c, "create checkout session", func(ctx context.Context) (*stripe.CheckoutSession, error) {
		return c.api.V1CheckoutSessions.Create(ctx, params)
	})
	if err != nil {
		return Session{}, err
	}
	return sessionOf(made), nil
}

func sessionOf(s *stripe.CheckoutSession) Session {
	out := Session{ID: s.ID, URL: s.URL, ExpiresAt: moment(s.ExpiresAt), Status: string(s.Status), CreatedAt: moment(s.Created), Opened: Checkout{
		Mode: string(s.Mode), SuccessURL: s.SuccessURL, CancelURL: s.CancelURL, ExternalID: id.Customer(s.Metadata[metaCustomer]),
		Price: id.Slug(s.Metadata[metaPrice]), TopUp: id.Slug(s.Metadata[metaTopUp]), Metadata: map[string]string{},
	}}
	if n, err := strconv.ParseInt(s.Metadata[metaQuantity], 10, 64); err == nil {
		out.Opened.Quantity = n
	}
	for name, value := range s.Metadata {
		if !Reserved(name) {
			out.Opened.Metadata[name] = value
		}
	}
	if s.Customer != nil {
		out.Customer = s.Customer.ID
	}
	return out
}

// Sessions returns a page of the checkout sessions that we opened, newest first, before the one with an id, and whether there
// are more. Sessions that others opened on the same account are left out, so that a page may be short.
func (c *Client) Sessions(ctx context.Context, before string, limit int) (found []Session, more bool, err error) {
	type page struct {
		found []Session
		more  bool
	}
	p, err := call(ctx, c, "list checkout sessions", func(ctx context.Context) (page, error) {
		var p page
		params := &stripe.CheckoutSessionListParams{}
		params.Limit = stripe.Int64(pageLength)
		if before != "" {
			params.StartingAfter = &before
		}
		for s, err := range c.api.V1CheckoutSessions.List(ctx, params).All(ctx) {
			switch {
			case err != nil:
				return p, err
			case s.Metadata[metaSource] != source:
				continue
			case len(p.found) == limit:
				p.more = true
				return p, nil
			}
			p.found = append(p.found, sessionOf(s))
		}
		return p, nil
	})
	return p.found, p.more, err
}

// Session reads a checkout session. Fault: not_found.
func (c *Client) Session(ctx context.Context, sessionID string) (Session, error) {
	s, err := call(ctx, c, "read checkout session", func(ctx context.Context) (*stripe.CheckoutSession, error) {
		s, err := c.api.V1CheckoutSessions.Retrieve(ctx, sessionID, nil)
		if missing(err) {
			return nil, nil
		}
		return s, err
	})
	if err != nil {
		return Session{}, err
	}
	if s == nil {
		return Session{}, fault.New(fault.NotFound, "There is no checkout session %q at Stripe.", sessionID).With("session", sessionID)
	}
	return sessionOf(s), nil
}

// OpenVisits returns the ids of the open checkouts of a customer for subscriptions.
func (c *Client) OpenVisits(ctx context.Context, customer string) ([]string, error) {
	return call(ctx, c, "list checkout sessions", func(ctx context.Context) (ids []string, err error) {
		params := &stripe.CheckoutSessionListParams{Customer: &customer, Status: stripe.String("open")}
		params.Limit = stripe.Int64(pageLength)
		for s, err := range c.api.V1CheckoutSessions.List(ctx, params).All(ctx) {
			if err != nil {
				return nil, err
			}
			if s.Mode == stripe.CheckoutSessionModeSubscription {
				ids = append(ids, s.ID)
			}
		}
		return ids, nil
	})
}

// Expire ends an open checkout; one that has been paid or has expired stays so. Fault: conflict for one that Stripe does not end,
// because it is being paid.
func (c *Client) Expire(ctx context.Context, sessionID string) error {
	_, err := call(ctx, c, "expire checkout session", func(ctx context.Context) (*stripe.CheckoutSession, error) {
		return c.api.V1CheckoutSessions.Expire(ctx, sessionID, nil)
	})
	if !fault.Has(err, fault.Invalid) {
		return err
	}
	now, readErr := c.Session(ctx, sessionID)
	switch {
	case fault.Has(readErr, fault.NotFound):
		return nil
	case readErr != nil:
		return readErr
	case now.Status == string(stripe.CheckoutSessionStatusOpen):
		return fault.New(fault.Conflict, "The customer is paying on another checkout page at this moment. Send the same request again when that is done.").Because(err)
	}
	return nil
}

// Portal makes a visit to the billing portal and returns its address.
func (c *Client) Portal(ctx context.Context, customer, returnURL string) (string, error) {
	params := &stripe.BillingPortalSessionCreateParams{Customer: &customer}
	if returnURL != "" {
		params.ReturnURL = &returnURL
	}
	made, err := call(ctx, c, "create portal session", func(ctx context.Context) (*stripe.BillingPortalSession, error) {
		return c.api.V1BillingPortalSessions.Create(ctx, params)
	})
	if err != nil {
		return "", err
	}
	return made.URL, nil
}

// Refund gives money of a charge back; all that is left when amount is nil. A refund of a charge with a name is made once: the
// idempotency key sees to it while Stripe remembers it, for a day, and the name on the refund after that. Fault: conflict when
// the name stands for a refund of another amount or reason.
func (c *Client) Refund(ctx context.Context, charge string, amount *int64, reason, name string) (string, error) {
	asked := askedAll
	if amount != nil {
		asked = strconv.FormatInt(*amount, 10)
	}
	before, err := call(ctx, c, "list refunds", func(ctx context.Context) (*stripe.Refund, error) {
		params := &stripe.RefundListParams{Charge: &charge}
		params.Limit = stripe.Int64(pageLength)
		for r, err := range c.api.V1Refunds.List(ctx, params).All(ctx) {
			if err != nil || r.Metadata[metaRefund] == name {
				return r, err
			}
		}
		return nil, nil
	})
	switch {
	case err != nil:
		return "", err
	case before != nil && before.Metadata[metaAsked] != "" && (before.Metadata[metaAsked] != asked || string(before.Reason) != reason): // older ones do not say
		return "", fault.New(fault.Conflict, "The id %q has been used with another refund of this payment. Send the same request again, or a new id.", name).
			With("field", "id").With("value", name)
	case before != nil:
		return before.ID, nil
	}
	params := &stripe.RefundCreateParams{Charge: &charge, Metadata: map[string]string{metaSource: source, metaRefund: name, metaAsked: asked}, Amount: amount}
	if reason != "" {
		params.Reason = &reason
	}
	params.SetIdempotencyKey(fmt.Sprintf("tollgate-refund-%s-%x", charge, digest(name)))
	made, err := call(ctx, c, "refund", func(ctx context.Context) (*stripe.Refund, error) { return c.api.V1Refunds.Create(ctx, params) })
	if err != nil {
		return "", err
	}
	return made.ID, nil
}

// PriceIDs returns the ids of active prices by their lookup keys, which are the catalog's slugs. One that is not there is
// missing from the answer.
func (c *Client) PriceIDs(ctx context.Context, slugs ...id.Slug) (map[id.Slug]string, error) {
	return call(ctx, c, "find prices", func(ctx context.Context) (map[id.Slug]string, error) {
		params := &stripe.PriceListParams{Active: stripe.Bool(true)}
		for _, s := range slugs {
			params.LookupKeys = append(params.LookupKeys, stripe.String(string(s)))
		}
		found := map[id.Slug]string{}
		for p, err := range c.api.V1Prices.List(ctx, params).All(ctx) {
			if err != nil {
				return nil, err
			}
			found[id.Slug(p.LookupKey)] = p.ID
		}
		return found, nil
	})
}

package tollgate

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

// A CheckoutRequest sells a plan's price or a top-up on Stripe's page, or saves a card there. One of Price, TopUp and Card
// says what.
type CheckoutRequest struct {
	Customer      id.Customer `json:"customer"`
	Price         id.Slug     `json:"price,omitempty"` // of a plan
	TopUp         id.Slug     `json:"topUp,omitempty"`
	Card          bool        `json:"card,omitempty"`
	Quantity      int64       `json:"quantity,omitempty"`  // 1 when 0
	TrialDays     *int        `json:"trialDays,omitempty"` // the plan's when nil; of a plan alone, and only for who has not subscribed before
	PromotionCode string      `json:"promotionCode,omitempty"`
	SuccessURL    string      `json:"successUrl,omitempty"` // {CHECKOUT_SESSION_ID} in it is replaced
	CancelURL     string      `json:"cancelUrl,omitempty"`

	// Metadata is kept with the session at Stripe, for Checkouts: up to CheckoutMetadataMax entries, of names up to 40 bytes
	// and values up to 500 (https://docs.stripe.com/api/metadata).
	Metadata map[string]string `json:"metadata,omitempty"`
}

// A CheckoutSession is a visit to Stripe's page.
type CheckoutSession struct {
	ID        string    `json:"id"`
	URL       string    `json:"url,omitempty"` // while it is open
	Status    string    `json:"status"`        // open, complete or expired
	ExpiresAt time.Time `json:"expiresAt"`
}

const (
	// CheckoutQuantityMax is the most of one thing that one checkout sells.
	CheckoutQuantityMax = 10_000
	// CheckoutMetadataMax is how many entries the metadata of a checkout has at most.
	CheckoutMetadataMax = 40

	metadataNameMax  = 40
	metadataValueMax = 500
)

// Checkout makes a visit to Stripe's page and returns its address. A customer who has a live subscription is refused a
// second one, and open checkouts for one are ended, so that nobody pays for two: of those that are begun at once, the last
// one stays. Faults: not_found; conflict for a customer who has a subscription, who is paying for one at this moment, or whose next
// checkout has begun meanwhile; invalid_request; payments_not_configured, also when the catalog is not at Stripe.
func (e *Engine) Checkout(ctx context.Context, r CheckoutRequest) (CheckoutSession, error) {
	s, err := e.sells()
	if err != nil {
		return CheckoutSession{}, err
	}
	o, sold, err := e.checkout(s, &r)
	if err != nil {
		return CheckoutSession{}, err
	}
	c, err := e.Customer(ctx, r.Customer)
	if err != nil {
		return CheckoutSession{}, err
	}
	if o.Customer, err = e.bind(ctx, c); err != nil {
		return CheckoutSession{}, err
	}
	if err := e.stripePrices(ctx, s, &o, sold); err != nil {
		return CheckoutSession{}, err
	}
	if r.PromotionCode != "" {
		if o.PromotionCode, err = s.stripe.PromotionCode(ctx, r.PromotionCode); err != nil {
			return CheckoutSession{}, err
		}
		if o.PromotionCode == "" {
			return CheckoutSession{}, fault.Field("promotionCode", r.PromotionCode, nil, "There is no active promotion code %q.", r.PromotionCode)
		}
	}
	o.Key = id.New("checkout", c.key)
	if o.Mode != "subscription" {
		made, err := s.stripe.Open(ctx, o)
		return shownSession(made), err
	}
	t, err := e.mayBegin(ctx, s, c, &o, r.TrialDays)
	if err != nil {
		return CheckoutSession{}, err
	}
	made, err := s.stripe.Open(ctx, o)
	if err != nil {
		return CheckoutSession{}, err
	}
	if err := e.stillTurn(ctx, t); err != nil { // nobody is given the page, and the next attempt would end it, too
		return CheckoutSession{}, errors.Join(err, s.stripe.Expire(context.WithoutCancel(ctx), made.ID))
	}
	return shownSession(made), nil
}

func shownSession(s stripe.Session) CheckoutSession {
	return CheckoutSession{ID: s.ID, URL: s.URL, Status: s.Status, ExpiresAt: s.ExpiresAt}
}

// checkout checks a request and returns what to ask Stripe for, and the slugs of the prices it needs, the first one first.
func (e *Engine) checkout(s *seller, r *CheckoutRequest) (stripe.Checkout, []id.Slug, error) {
	b := e.book.Load()
	o := stripe.Checkout{ExternalID: r.Customer, Quantity: max(r.Quantity, 1), SuccessURL: r.SuccessURL, CancelURL: r.CancelURL, Codes: s.PromotionCodes, Tax: s.AutomaticTax}
	if o.SuccessURL == "" {
		o.SuccessURL = s.SuccessURL
	}
	if o.CancelURL == "" {
		o.CancelURL = s.CancelURL
	}
	asked := 0
	for _, is := range []bool{r.Price != "", r.TopUp != "", r.Card} {
		if is {
			asked++
		}
	}
	switch {
	case asked != 1:
		return o, nil, fault.Field("price", string(r.Price), nil, "Name one thing to sell: price, topUp, or card: true to save a card.")
	case r.Quantity < 0 || r.Quantity > CheckoutQuantityMax:
		return o, nil, fault.Field("quantity", r.Quantity, CheckoutQuantityMax, "quantity is a whole number from 1 to %d.", CheckoutQuantityMax)
	case r.TrialDays != nil && (*r.TrialDays < 0 || *r.TrialDays > int(plan.TrialDaysMax)):
		return o, nil, fault.Field("trialDays", *r.TrialDays, int(plan.TrialDaysMax), "trialDays is a whole number from 0 to %d.", int(plan.TrialDaysMax))
	case r.TrialDays != nil && r.Price == "":
		return o, nil, fault.Field("trialDays", *r.TrialDays, nil, "trialDays is for a plan's price alone: leave it out.")
	case o.SuccessURL == "":
		return o, nil, fault.Field("successUrl", "", nil, "successUrl is missing: name the page to come back to, or set TOLLGATE_SUCCESS_URL.")
	}
	for field, text := range map[string]string{"successUrl": o.SuccessURL, "cancelUrl": o.CancelURL} {
		if err := checkAddress(field, text); err != nil {
			return o, nil, err
		}
	}
	if err := checkMetadata(r.Metadata); err != nil {
		return o, nil, err
	}
	o.Price, o.Metadata = r.Price, r.Metadata
	switch {
	case r.Card:
		o.Mode, o.Currency = "setup", b.Currency
		return o, nil, nil
	case r.TopUp != "":
		t, ok := b.TopUps[r.TopUp]
		if !ok {
			return o, nil, fault.Field("topUp", string(r.TopUp), slices.Sorted(maps.Keys(b.TopUps)), "There is no top-up %q in the catalog.", string(r.TopUp))
		}
		o.Mode, o.TopUp, o.Title, o.Grants, o.ExpiresDays = "payment", r.TopUp, cmp.Or(t.Name, string(r.TopUp)), map[id.Slug]quantity.Units{}, int64(t.Expires)
		for slug, units := range t.Grants {
			all := units * quantity.Units(o.Quantity)
			if all/quantity.Units(o.Quantity) != units || all > quantity.Max {
				return o, nil, fault.Field("quantity", r.Quantity, nil, "quantity is too large: the units granted could not be counted.")
			}
			o.Grants[slug] = all
		}
		return o, []id.Slug{r.TopUp}, nil
	}
	p, price, ok := priceOf(b.Catalog, r.Price)
	if !ok {
		return o, nil, fault.Field("price", string(r.Price), nil, "There is no price %q of a plan in the catalog.", string(r.Price))
	}
	o.Mode, o.TrialDays = "subscription", int64(s.trialOf(p))
	return o, append([]id.Slug{r.Price}, meteredOf(p, price.Every)...), nil
}

// checkMetadata refuses what Stripe would not keep, or what is ours.
func checkMetadata(m map[string]string) error {
	if len(m) > CheckoutMetadataMax {
		return fault.Field("metadata", len(m), CheckoutMetadataMax, "metadata has up to %d entries.", CheckoutMetadataMax)
	}
	for name, value := range m {
		switch {
		case name == "" || len(name) > metadataNameMax || len(value) > metadataValueMax:
			return fault.Field("metadata", name, metadataValueMax, "metadata has names of 1 to %d bytes and values of up to %d.", metadataNameMax, metadataValueMax)
		case stripe.Reserved(name):
			return fault.Field("metadata", name, nil, "metadata cannot have %q: Tollgate writes that itself.", name)
		}
	}
	return nil
}

// checkAddress refuses what a browser could not be sent to.
func checkAddress(field, text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fault.Field(field, text, nil, "%s must be a whole address, such as https://example.com/billing.", field)
	}
	return nil
}

// priceOf returns the plan and the price of a slug.
func priceOf(c *plan.Catalog, slug id.Slug) (plan.Plan, plan.Price, bool) {
	for _, p := range c.Plans {
		for _, price := range p.Prices {
			if price.Slug == slug && price.Meter == "" {
				return p, price, true
			}
		}
	}
	return plan.Plan{}, plan.Price{}, false
}

// stripePrices fills in Stripe's ids of the prices sold. Fault: payments_not_configured when one is not there.
func (e *Engine) stripePrices(ctx context.Context, s *seller, o *stripe.Checkout, sold []id.Slug) error {
	if len(sold) == 0 {
		return nil
	}
	ids, err := e.priceIDs(ctx, s, sold...)
	if err != nil {
		return err
	}
	o.PriceID = ids[sold[0]]
	for _, slug := range sold[1:] {
		o.Metered = append(o.Metered, ids[slug])
	}
	return nil
}

func (e *Engine) priceIDs(ctx context.Context, s *seller, slugs ...id.Slug) (map[id.Slug]string, error) {
	ids, err := s.stripe.PriceIDs(ctx, slugs...)
	if err != nil {
		return nil, err
	}
	for _, slug := range slugs {
		if ids[slug] == "" {
			return nil, fault.New(fault.PaymentsNotConfigured, "Stripe has no active price with the lookup key %q: run `tollgate apply` with the Stripe key, so that it sells what the catalog has.", string(slug)).
				With("price", string(slug))
		}
	}
	return ids, nil
}

// CheckoutSession returns a checkout session as Stripe has it, after making true what it sold: for the page that a payer
// comes back to, which must not wait for a webhook, nor trust the address it was called with.
func (e *Engine) CheckoutSession(ctx context.Context, sessionID string) (CheckoutSession, error) {
	s, err := e.sells()
	if err != nil {
		return CheckoutSession{}, err
	}
	found, err := s.stripe.Session(ctx, sessionID)
	if err != nil {
		return CheckoutSession{}, err
	}
	if found.Customer != "" {
		key, err := e.keyAt(ctx, found.Customer)
		if err != nil {
			return CheckoutSession{}, fault.New(fault.NotFound, "There is no checkout session %q of a customer here.", sessionID).Because(err)
		}
		if err := e.sync(ctx, key); err != nil {
			return CheckoutSession{}, err
		}
	}
	return shownSession(found), nil
}

// A PortalRequest leads a customer to Stripe's billing portal.
type PortalRequest struct {
	Customer  id.Customer `json:"customer"`
	ReturnURL string      `json:"returnUrl,omitempty"`
}

// A PortalSession is a visit to the portal.
type PortalSession struct {
	URL string `json:"url"`
}

// Portal makes a visit to the billing portal. Faults: not_found, "Stripe customer not found", for who never bought
// anything.
func (e *Engine) Portal(ctx context.Context, r PortalRequest) (PortalSession, error) {
	s, err := e.sells()
	if err != nil {
		return PortalSession{}, err
	}
	if r.ReturnURL == "" {
		r.ReturnURL = s.ReturnURL
	}
	if err := checkAddress("returnUrl", r.ReturnURL); err != nil {
		return PortalSession{}, err
	}
	_, b, err := e.billing(ctx, r.Customer)
	if err != nil {
		return PortalSession{}, err
	}
	at, err := s.stripe.Portal(ctx, b.Stripe, r.ReturnURL)
	return PortalSession{URL: at}, err
}

// SlugOfPrice returns what a price at Stripe stands for: the slug of a plan's price, or of a top-up. Fault:
// invalid_request for one that is none of the catalog's.
func (e *Engine) SlugOfPrice(ctx context.Context, priceID string) (price, topUp id.Slug, err error) {
	s, err := e.sells()
	if err != nil {
		return "", "", err
	}
	slug, err := s.stripe.PriceSlug(ctx, priceID)
	if err != nil {
		return "", "", err
	}
	b := e.book.Load()
	if _, ok := b.TopUps[slug]; ok {
		return "", slug, nil
	}
	if _, _, ok := priceOf(b.Catalog, slug); ok {
		return slug, "", nil
	}
	return "", "", fault.Field("priceId", priceID, nil, "Stripe's price %s is none of the catalog's.", priceID)
}

package app

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/plan"
)

const (
	urlBytesMax      = 2048
	stripeIDBytesMax = 64
)

// wanted is what a page asks to buy, as it sent it.
type wanted struct {
	PriceID, PriceSlug, PlanID string
	BillingCycle               string
	SuccessURL, CancelURL      string
	Quantity                   *int64
}

func (w *wanted) fields() fields {
	return fields{"priceId": &w.PriceID, "priceSlug": &w.PriceSlug, "planId": &w.PlanID, "billingCycle": &w.BillingCycle}
}

// purchase returns what is asked for as the catalog knows it. Faults: invalid_request; not_found.
func (s *server) purchase(v *visit, w wanted) (Purchase, error) {
	p := Purchase{Customer: v.customer, Quantity: 1, SuccessURL: w.SuccessURL, CancelURL: w.CancelURL}
	switch w.BillingCycle {
	case "monthly":
		p.Every = plan.Month
	case "yearly":
		p.Every = plan.Year
	case "":
	default:
		return p, fault.Field("billingCycle", w.BillingCycle, nil, "billingCycle is monthly or yearly.")
	}
	if w.Quantity != nil {
		if p.Quantity = *w.Quantity; p.Quantity < 1 || p.Quantity > QuantityMax {
			return p, fault.Field("quantity", p.Quantity, QuantityMax, "quantity is a whole number from 1 to %d.", QuantityMax)
		}
	}
	if err := s.checkReturn(v.r, "successUrl", w.SuccessURL); err != nil {
		return p, err
	}
	if err := s.checkReturn(v.r, "cancelUrl", w.CancelURL); err != nil {
		return p, err
	}
	sent := slices.DeleteFunc([]string{w.PriceID, w.PriceSlug, w.PlanID}, func(s string) bool { return s == "" })
	if len(sent) != 1 {
		return p, fault.Field("priceSlug", w.PriceSlug, nil, "Send one of priceSlug, priceId and planId.")
	}
	switch {
	case w.PlanID != "":
		return p, p.ofPlan(s.engine.Catalog(), id.Slug(w.PlanID))
	case w.PriceSlug != "":
		return p, p.ofPrice(s.engine.Catalog(), "priceSlug", id.Slug(w.PriceSlug))
	}
	if err := p.ofPrice(s.engine.Catalog(), "priceId", id.Slug(w.PriceID)); err == nil || !isStripePrice(w.PriceID) {
		return p, err
	}
	p.StripePrice = w.PriceID
	return p, nil
}

// isStripePrice reports whether s is spelled as Stripe names a price (https://docs.stripe.com/api/prices/object).
func isStripePrice(s string) bool {
	rest, ok := strings.CutPrefix(s, "price_")
	other := func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	}
	return ok && 0 < len(rest) && len(rest) <= stripeIDBytesMax && strings.IndexFunc(rest, other) < 0
}

// ofPlan chooses the price of a plan by how often it is paid: monthly when nobody says.
func (p *Purchase) ofPlan(c *plan.Catalog, slug id.Slug) error {
	of, ok := c.Plans[slug]
	if !ok {
		return fault.New(fault.NotFound, "There is no plan %q in the catalog.", string(slug)).With("plan", string(slug))
	}
	every := p.Every
	if every == "" {
		every = plan.Month
	}
	for _, price := range of.Prices {
		if price.Meter == "" && price.Every == every {
			p.Price, p.Plan, p.Every = price.Slug, slug, every
			return nil
		}
	}
	return fault.Field("billingCycle", string(every), nil, "The plan %q is not sold by the %s.", slug, every).With("plan", string(slug))
}

// ofPrice finds a price of a plan, or a top-up, by its slug.
func (p *Purchase) ofPrice(c *plan.Catalog, field string, slug id.Slug) error {
	if _, ok := c.TopUps[slug]; ok {
		if p.Every != "" {
			return fault.Field("billingCycle", string(p.Every), nil, "%s is paid once: leave billingCycle out.", slug)
		}
		p.Price, p.TopUp = slug, slug
		return nil
	}
	for _, of := range c.Plans {
		for _, price := range of.Prices {
			switch {
			case price.Slug != slug:
			case price.Meter != "":
				return fault.Field(field, string(slug), nil, "%s is what usage costs: it comes with the plan %q and is not bought by itself.", slug, of.Slug)
			case p.Every != "" && p.Every != price.Every:
				return fault.Field("billingCycle", string(p.Every), nil, "%s is paid by the %s: leave billingCycle out, or send the other.", slug, price.Every)
			default:
				p.Price, p.Plan, p.Every = slug, of.Slug, price.Every
				return nil
			}
		}
	}
	return fault.New(fault.NotFound, "The catalog sells nothing under the slug %q.", string(slug)).With(field, string(slug))
}

// checkReturn refuses an address to return to that lies on a site which may not call the routes: a link to our checkout
// must not end on a stranger's page.
func (s *server) checkReturn(r *http.Request, field, address string) error {
	if address == "" {
		return nil
	}
	if len(address) > urlBytesMax {
		return fault.Field(field, len(address), urlBytesMax, "%s has %d bytes; the limit is %d.", field, len(address), urlBytesMax)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return fault.Field(field, address, nil, "%s must be a whole address such as https://app.example.com/done.", field)
	}
	if u.Host != r.Host && !slices.Contains(s.opts.Origins, u.Scheme+"://"+u.Host) {
		return fault.Field(field, address, nil, "%s must lead back to the site that serves this, or to an origin that may call it.", field)
	}
	return nil
}

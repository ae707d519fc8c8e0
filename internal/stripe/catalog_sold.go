package stripe

import (
	"context"

	"github.com/tollgate/tollgate/id"
)

// A SoldPrice is a price of ours at Stripe.
type SoldPrice struct {
	ID       string // price_…
	Product  string
	Slug     id.Slug // the lookup key: the slug in the catalog, and _year behind it for the second interval of an overage
	Plan     id.Slug // empty for a top-up
	TopUp    id.Slug // empty for a plan's price
	Meter    id.Slug // the meter or credits pool whose usage is billed; empty for what is licensed
	Amount   int64   // minor units of one; 0 when Metered, where the catalog has the terms
	Currency string  // ISO 4217, lower case
	Interval string  // month or year; empty for what is bought once
	Active   bool    // false for what is not sold any more and may be paid still
	Metered  bool
}

// PricesBySlug returns the price in force for each slug that was ever sold: the active one, else the one archived last.
// Faults: those of every call.
func (c *Client) PricesBySlug(ctx context.Context) (map[id.Slug]SoldPrice, error) {
	found, err := c.readPrices(ctx)
	if err != nil {
		return nil, err
	}
	sold := map[id.Slug]SoldPrice{}
	for _, p := range found { // oldest first, so that the newest wins
		slug := id.Slug(p.Metadata["price"])
		if p.Metadata["source"] != source || slug == "" {
			continue
		}
		old, ok := sold[slug]
		if ok && (old.Active && !p.Active || old.Active == p.Active && p.LookupKey != string(slug)) {
			continue
		}
		sold[slug] = p.sold(slug)
	}
	return sold, nil
}

func (p priceFound) sold(slug id.Slug) SoldPrice {
	s := SoldPrice{ID: p.ID, Product: p.Product, Slug: slug, Plan: id.Slug(p.Metadata["plan"]), TopUp: id.Slug(p.Metadata["topUp"]),
		Meter: id.Slug(p.Metadata["meter"]), Currency: p.Currency, Active: p.Active}
	if p.Recurring != nil {
		s.Interval, s.Metered = p.Recurring.Interval, p.Recurring.UsageType == "metered"
	}
	if p.UnitAmount != nil && !s.Metered {
		s.Amount = *p.UnitAmount
	}
	return s
}

package sandbox

import (
	"math/big"
	"slices"
)

// A discount is a coupon given to a subscription or a checkout.
type discount struct {
	ID               string         `json:"id"`
	Object           string         `json:"object"`
	CheckoutSession  text           `json:"checkout_session"`
	Customer         text           `json:"customer"`
	End              stamp          `json:"end"`
	Invoice          text           `json:"invoice"`
	InvoiceItem      text           `json:"invoice_item"`
	PromotionCode    text           `json:"promotion_code"`
	Source           discountSource `json:"source"`
	Start            int64          `json:"start"`
	Subscription     text           `json:"subscription"`
	SubscriptionItem text           `json:"subscription_item"`

	Own *discountOwn `json:"own,omitempty"`
}

type discountSource struct {
	Coupon text   `json:"coupon"`
	Type   string `json:"type"`
}

// discountOwn keeps what the coupon said, because the coupon may be deleted.
type discountOwn struct {
	Coupon coupon `json:"coupon"`
}

func (d *discount) ident() string { return d.ID }
func (*discount) kind() string    { return "discount" }
func (d *discount) owner() string { return string(d.Customer) }
func (d *discount) made() int64   { return d.Start }
func (d *discount) shown(*tx) any {
	shown := *d
	shown.Own = nil
	return &shown
}

// discountGiven is how a request names a discount.
type discountGiven struct {
	Coupon        *string `form:"coupon"`
	PromotionCode *string `form:"promotion_code"`
	Discount      *string `form:"discount"`
}

// redeem turns what a request names into discounts of a customer.
func (tx *tx) redeem(given []discountGiven, customer string) ([]*discount, error) {
	var all []*discount
	for i, g := range given {
		at := urlf("discounts[%d]", i)
		switch {
		case g.Discount != nil:
			d, err := need[*discount](tx, *g.Discount, at+"[discount]")
			if err != nil {
				return nil, err
			}
			all = append(all, d)
		case g.PromotionCode != nil:
			p, err := need[*promotionCode](tx, *g.PromotionCode, at+"[promotion_code]")
			if err != nil {
				return nil, err
			}
			d, err := tx.redeemCode(p, customer, at+"[promotion_code]")
			if err != nil {
				return nil, err
			}
			all = append(all, d)
		case g.Coupon != nil:
			c, err := need[*coupon](tx, *g.Coupon, at+"[coupon]")
			if err != nil {
				return nil, err
			}
			d, err := tx.discountBy(c, customer, at+"[coupon]")
			if err != nil {
				return nil, err
			}
			all = append(all, d)
		}
	}
	return all, nil
}

func (tx *tx) redeemCode(p *promotionCode, customer, param string) (*discount, error) {
	now := tx.now(customer)
	if !p.Active || p.ExpiresAt != 0 && int64(p.ExpiresAt) <= now || p.MaxRedemptions != nil && p.TimesRedeemed >= *p.MaxRedemptions ||
		p.Customer != "" && string(p.Customer) != customer {
		return nil, invalid(param, "This promotion code cannot be redeemed because it has expired, is inactive, or is for another customer.").withCode("promotion_code_invalid")
	}
	c, err := need[*coupon](tx, string(p.Promotion.Coupon), param)
	if err != nil {
		return nil, err
	}
	d, err := tx.discountBy(c, customer, param)
	if err != nil {
		return nil, err
	}
	d.PromotionCode = text(p.ID)
	tx.edit(p)
	p.TimesRedeemed++
	if p.MaxRedemptions != nil && p.TimesRedeemed >= *p.MaxRedemptions {
		p.Active = false
	}
	return d, nil
}

func (tx *tx) discountBy(c *coupon, customer, param string) (*discount, error) {
	now := tx.now(customer)
	if !c.Valid || c.RedeemBy != 0 && int64(c.RedeemBy) <= now || c.MaxRedemptions != nil && c.TimesRedeemed >= *c.MaxRedemptions {
		return nil, invalid(param, "Coupon expired: %s", c.ID).withCode("coupon_expired")
	}
	tx.edit(c)
	c.TimesRedeemed++
	d := &discount{ID: tx.newID("di_"), Object: "discount", Customer: text(customer), Start: now,
		Source: discountSource{Coupon: text(c.ID), Type: "coupon"}, Own: &discountOwn{Coupon: *c}}
	if c.Duration == "repeating" {
		monthly := recurring{Interval: "month", IntervalCount: *c.DurationInMonths}
		d.End = stamp(monthly.nth(now, 1))
	}
	tx.add(d)
	return d, nil
}

// off returns what a discount takes from amounts of one currency, for each of them. The parts of an amount off are
// proportional, and what rounding leaves goes to the last.
func (d *discount) off(amounts []int64, currency string) []int64 {
	c, off := &d.Own.Coupon, make([]int64, len(amounts))
	var sum int64
	for _, a := range amounts {
		sum += max(a, 0)
	}
	if sum == 0 {
		return off
	}
	var total int64
	switch {
	case c.PercentOff != nil:
		total = round(new(big.Rat).Quo(new(big.Rat).Mul(whole(sum), rational(text(*c.PercentOff))), whole(100)))
	case string(c.Currency) == currency:
		total = min(*c.AmountOff, sum)
	}
	left := total
	last := len(amounts) - 1
	for last > 0 && amounts[last] <= 0 {
		last--
	}
	for i, a := range amounts {
		if a <= 0 {
			continue
		}
		off[i] = new(big.Int).Quo(new(big.Int).Mul(big.NewInt(total), big.NewInt(a)), big.NewInt(sum)).Int64()
		if i == last {
			off[i] = left
		}
		left -= off[i]
	}
	return off
}

// discountsOf returns the discounts that apply at a time.
func (tx *tx) discountsOf(ids []string, at int64) []*discount {
	var all []*discount
	for _, id := range ids {
		if d, ok := find[*discount](tx, id); ok && (d.End == 0 || at < int64(d.End)) {
			all = append(all, d)
		}
	}
	return all
}

// spend takes the discounts for one invoice only off a subscription that has used them.
func (tx *tx) spend(s *subscription) {
	s.Discounts = slices.DeleteFunc(slices.Clone(s.Discounts), func(id string) bool {
		d, ok := find[*discount](tx, id)
		return !ok || d.Own.Coupon.Duration == "once"
	})
}

func idsOf(all []*discount) []string {
	ids := make([]string, len(all))
	for i, d := range all {
		ids[i] = d.ID
	}
	return ids
}

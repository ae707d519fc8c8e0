package sandbox

import (
	"strings"
)

// A coupon is a discount that can be given to many.
type coupon struct {
	header
	AmountOff        *int64            `json:"amount_off"`
	Currency         text              `json:"currency"`
	Duration         string            `json:"duration"`
	DurationInMonths *int              `json:"duration_in_months"`
	MaxRedemptions   *int64            `json:"max_redemptions"`
	Metadata         map[string]string `json:"metadata"`
	Name             text              `json:"name"`
	PercentOff       *percent          `json:"percent_off"`
	RedeemBy         stamp             `json:"redeem_by"`
	TimesRedeemed    int64             `json:"times_redeemed"`
	Valid            bool              `json:"valid"`
}

// percent is a decimal that Stripe answers as a JSON number.
type percent string

// MarshalJSON writes the number.
func (p percent) MarshalJSON() ([]byte, error) { return []byte(p), nil }

// UnmarshalJSON reads the number as it is written.
func (p *percent) UnmarshalJSON(b []byte) error {
	*p = percent(b)
	return nil
}

func (*coupon) kind() string    { return "coupon" }
func (c *coupon) shown(*tx) any { return c }

type couponNew struct {
	ID               *string `form:"id"`
	AmountOff        *int64  `form:"amount_off" min:"1"`
	Currency         *string `form:"currency"`
	Duration         *string `form:"duration" enum:"forever|once|repeating"`
	DurationInMonths *int    `form:"duration_in_months" min:"1"`
	MaxRedemptions   *int64  `form:"max_redemptions" min:"1"`
	Metadata         changes `form:"metadata"`
	Name             *string `form:"name"`
	PercentOff       *number `form:"percent_off"`
	RedeemBy         *int64  `form:"redeem_by"`
}

func createCoupon(tx *tx, g *couponNew) (any, error) {
	c := &coupon{header: tx.header("", "coupon", ""), AmountOff: g.AmountOff, Duration: "once", DurationInMonths: g.DurationInMonths,
		MaxRedemptions: g.MaxRedemptions, Metadata: g.Metadata.on(nil), Valid: true}
	const idLength = 8
	c.ID = c.ID[:idLength]
	if g.ID != nil {
		c.ID = *g.ID
	}
	if _, taken := find[*coupon](tx, c.ID); taken {
		return nil, invalid("id", "Coupon already exists.").withCode("resource_already_exists")
	}
	if g.Duration != nil {
		c.Duration = *g.Duration
	}
	switch {
	case (g.AmountOff == nil) == (g.PercentOff == nil):
		return nil, invalid("percent_off", "You must pass exactly one of: percent_off, amount_off.")
	case g.AmountOff != nil && g.Currency == nil:
		return nil, required("currency")
	case (c.Duration == "repeating") != (g.DurationInMonths != nil):
		return nil, invalid("duration_in_months", "You must pass duration_in_months when, and only when, duration is repeating.")
	}
	if g.PercentOff != nil {
		if off := rational(text(*g.PercentOff)); off.Sign() <= 0 || off.Cmp(whole(100)) > 0 {
			return nil, invalid("percent_off", "Invalid decimal: must be greater than 0 and at most 100.")
		}
		p := percent(*g.PercentOff)
		c.PercentOff = &p
	}
	if g.Currency != nil {
		if err := checkCurrency("currency", *g.Currency); err != nil {
			return nil, err
		}
		c.Currency = text(strings.ToLower(*g.Currency))
	}
	if g.RedeemBy != nil {
		c.RedeemBy = stamp(*g.RedeemBy)
	}
	setText(&c.Name, g.Name)
	tx.add(c)
	tx.fire("coupon.created", c)
	return c, nil
}

type couponChange struct {
	ID       string  `path:"id"`
	Metadata changes `form:"metadata"`
	Name     *string `form:"name"`
}

func updateCoupon(tx *tx, g *couponChange) (any, error) {
	c, err := needPath[*coupon](tx, g.ID, "coupon")
	if err != nil {
		return nil, err
	}
	tx.edit(c)
	setText(&c.Name, g.Name)
	c.Metadata = g.Metadata.on(c.Metadata)
	tx.updated("coupon.updated", c)
	return c, nil
}

func getCoupon(tx *tx, p *byID) (any, error) { return needPath[*coupon](tx, p.ID, "coupon") }

func deleteCoupon(tx *tx, p *byID) (any, error) {
	c, err := needPath[*coupon](tx, p.ID, "coupon")
	if err != nil {
		return nil, err
	}
	tx.fire("coupon.deleted", c)
	tx.drop(c)
	return gone{ID: c.ID, Object: c.Object, Deleted: true}, nil
}

type couponList struct {
	listing
	Created span `form:"created"`
}

func listCoupons(tx *tx, g *couponList) (any, error) {
	return pageOf(tx, g.listing, "/v1/coupons", every[*coupon](tx), func(c *coupon) bool { return g.Created.has(c.Created) })
}

package sandbox

import "strings"

// A promotionCode is a word that a customer types to get a coupon.
type promotionCode struct {
	header
	Active         bool              `json:"active"`
	Code           string            `json:"code"`
	Customer       text              `json:"customer"`
	ExpiresAt      stamp             `json:"expires_at"`
	MaxRedemptions *int64            `json:"max_redemptions"`
	Metadata       map[string]string `json:"metadata"`
	Promotion      promotion         `json:"promotion"`
	Restrictions   restrictions      `json:"restrictions"`
	TimesRedeemed  int64             `json:"times_redeemed"`
}

type promotion struct {
	Coupon text   `json:"coupon"`
	Type   string `json:"type"`
}

type restrictions struct {
	FirstTimeTransaction  bool   `json:"first_time_transaction" form:"first_time_transaction"`
	MinimumAmount         *int64 `json:"minimum_amount" form:"minimum_amount"`
	MinimumAmountCurrency text   `json:"minimum_amount_currency" form:"minimum_amount_currency"`
}

func (*promotionCode) kind() string    { return "promotion_code" }
func (p *promotionCode) shown(*tx) any { return p }

type promotionNew struct {
	Active         *bool   `form:"active"`
	Code           *string `form:"code"`
	Customer       *string `form:"customer"`
	ExpiresAt      *int64  `form:"expires_at"`
	MaxRedemptions *int64  `form:"max_redemptions" min:"1"`
	Metadata       changes `form:"metadata"`
	Promotion      struct {
		Coupon *string `form:"coupon"`
		Type   string  `form:"type,required" enum:"coupon"`
	} `form:"promotion,required"`
	Restrictions restrictions `form:"restrictions"`
}

func createPromotion(tx *tx, g *promotionNew) (any, error) {
	if g.Promotion.Coupon == nil {
		return nil, required("promotion[coupon]")
	}
	c, err := need[*coupon](tx, *g.Promotion.Coupon, "promotion[coupon]")
	if err != nil {
		return nil, err
	}
	p := &promotionCode{header: tx.header("promo_", "promotion_code", ""), Active: true, MaxRedemptions: g.MaxRedemptions, Metadata: g.Metadata.on(nil),
		Promotion: promotion{Coupon: text(c.ID), Type: "coupon"}, Restrictions: g.Restrictions}
	const codeLength = 8
	p.Code = strings.ToUpper(p.ID[len("promo_"):][:codeLength])
	if g.Code != nil {
		p.Code = *g.Code
	}
	if g.Active != nil {
		p.Active = *g.Active
	}
	if g.ExpiresAt != nil {
		p.ExpiresAt = stamp(*g.ExpiresAt)
	}
	if g.Customer != nil {
		if _, err := tx.liveCustomer(*g.Customer, "customer", false); err != nil {
			return nil, err
		}
		p.Customer = text(*g.Customer)
	}
	for _, other := range every[*promotionCode](tx) {
		if other.Active && p.Active && strings.EqualFold(other.Code, p.Code) && (other.Customer == "" || other.Customer == p.Customer) {
			return nil, invalid("code", "An active promotion code with `code: %s` already exists.", p.Code)
		}
	}
	tx.add(p)
	tx.fire("promotion_code.created", p)
	return p, nil
}

type promotionChange struct {
	ID       string  `path:"id"`
	Active   *bool   `form:"active"`
	Metadata changes `form:"metadata"`
}

func updatePromotion(tx *tx, g *promotionChange) (any, error) {
	p, err := needPath[*promotionCode](tx, g.ID, "promotion_code")
	if err != nil {
		return nil, err
	}
	tx.edit(p)
	if g.Active != nil {
		p.Active = *g.Active
	}
	p.Metadata = g.Metadata.on(p.Metadata)
	tx.updated("promotion_code.updated", p)
	return p, nil
}

func getPromotion(tx *tx, p *byID) (any, error) {
	return needPath[*promotionCode](tx, p.ID, "promotion_code")
}

type promotionList struct {
	listing
	Active   *bool   `form:"active"`
	Code     *string `form:"code"`
	Coupon   *string `form:"coupon"`
	Customer *string `form:"customer"`
	Created  span    `form:"created"`
}

func listPromotions(tx *tx, g *promotionList) (any, error) {
	return pageOf(tx, g.listing, "/v1/promotion_codes", every[*promotionCode](tx), func(p *promotionCode) bool {
		return (g.Active == nil || *g.Active == p.Active) && (g.Code == nil || strings.EqualFold(*g.Code, p.Code)) &&
			(g.Coupon == nil || *g.Coupon == string(p.Promotion.Coupon)) && (g.Customer == nil || *g.Customer == string(p.Customer)) && g.Created.has(p.Created)
	})
}

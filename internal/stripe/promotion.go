package stripe

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate/fault"
)

// PromotionCode returns the id of an active promotion code by what customers type; empty when there is none.
func (c *Client) PromotionCode(ctx context.Context, code string) (string, error) {
	return call(ctx, c, "find promotion code", func(ctx context.Context) (string, error) {
		params := &stripe.PromotionCodeListParams{Code: &code, Active: stripe.Bool(true)}
		for p, err := range c.api.V1PromotionCodes.List(ctx, params).All(ctx) {
			if err != nil {
				return "", err
			}
			return p.ID, nil
		}
		return "", nil
	})
}

// hundredths are what one percent has: Stripe takes a percentage with up to two decimals.
const hundredths = 100

// A Promotion is a code that customers type at a checkout, and what it takes off.
type Promotion struct {
	ID        string
	Code      string
	Name      string // of the coupon behind it
	Active    bool
	AmountOff int64  // minor units; 0 when it is a share
	Currency  string // of AmountOff
	Percent   int64  // hundredths of a percent: 1050 is 10.5 %
	Duration  string // once, forever or repeating
	Months    int64  // of repeating
	Redeemed  int64
	CreatedAt time.Time

	Key string // of idempotency, to make one
}

// Promotions returns a page of promotion codes, newest first, before the one with an id, and whether there are more.
func (c *Client) Promotions(ctx context.Context, before string, limit int) (found []Promotion, more bool, err error) {
	type page struct {
		found []Promotion
		more  bool
	}
	p, err := call(ctx, c, "list promotion codes", func(ctx context.Context) (page, error) {
		var p page
		params := &stripe.PromotionCodeListParams{}
		params.Limit = stripe.Int64(pageLength)
		params.AddExpand("data.promotion.coupon")
		if before != "" {
			params.StartingAfter = &before
		}
		for one, err := range c.api.V1PromotionCodes.List(ctx, params).All(ctx) {
			if err != nil {
				return p, err
			}
			if len(p.found) == limit {
				p.more = true
				return p, nil
			}
			p.found = append(p.found, promotionOf(one))
		}
		return p, nil
	})
	return p.found, p.more, err
}

// Promotion reads a promotion code by its id. Fault: not_found.
func (c *Client) Promotion(ctx context.Context, promotionID string) (Promotion, error) {
	p, err := call(ctx, c, "read promotion code", func(ctx context.Context) (Promotion, error) {
		params := &stripe.PromotionCodeRetrieveParams{}
		params.AddExpand("promotion.coupon")
		one, err := c.api.V1PromotionCodes.Retrieve(ctx, promotionID, params)
		if missing(err) {
			return Promotion{}, nil
		}
		if err != nil {
			return Promotion{}, err
		}
		return promotionOf(one), nil
	})
	if err == nil && p.ID == "" {
		err = fault.New(fault.NotFound, "There is no promotion code %q at Stripe.", promotionID).With("promotion", promotionID)
	}
	return p, err
}

// CreatePromotion makes a coupon and the code of it that customers type. A code that is in use is refused by Stripe; the coupon is
// then taken away again.
func (c *Client) CreatePromotion(ctx context.Context, p Promotion) (Promotion, error) {
	coupon := &stripe.CouponCreateParams{Name: &p.Name, Duration: &p.Duration, Metadata: map[string]string{metaSource: source}}
	if p.AmountOff > 0 {
		coupon.AmountOff, coupon.Currency = &p.AmountOff, &p.Currency
	} else {
		coupon.PercentOff = stripe.Float64(float64(p.Percent) / hundredths) // the type of Stripe's client
	}
	if p.Duration == string(stripe.CouponDurationRepeating) {
		coupon.DurationInMonths = &p.Months
	}
	coupon.SetIdempotencyKey(p.Key + "-coupon")
	made, err := call(ctx, c, "create coupon", func(ctx context.Context) (*stripe.Coupon, error) { return c.api.V1Coupons.Create(ctx, coupon) })
	if err != nil {
		return Promotion{}, err
	}
	params := &stripe.PromotionCodeCreateParams{Code: &p.Code, Active: &p.Active, Metadata: map[string]string{metaSource: source},
		Promotion: &stripe.PromotionCodeCreatePromotionParams{Type: stripe.String("coupon"), Coupon: &made.ID}}
	params.AddExpand("promotion.coupon")
	params.SetIdempotencyKey(p.Key)
	out, refused := call(ctx, c, "create promotion code", func(ctx context.Context) (Promotion, error) {
		one, err := c.api.V1PromotionCodes.Create(ctx, params)
		if err != nil {
			return Promotion{}, err
		}
		return promotionOf(one), nil
	})
	if fault.Has(refused, fault.Invalid) {
		_, err = call(ctx, c, "delete coupon", func(ctx context.Context) (*stripe.Coupon, error) { return c.api.V1Coupons.Delete(ctx, made.ID, nil) })
		return out, errors.Join(refused, err)
	}
	return out, refused
}

// SwitchPromotion makes a promotion code usable, or not.
func (c *Client) SwitchPromotion(ctx context.Context, promotionID string, active bool) (Promotion, error) {
	params := &stripe.PromotionCodeUpdateParams{Active: &active}
	params.AddExpand("promotion.coupon")
	return call(ctx, c, "change promotion code", func(ctx context.Context) (Promotion, error) {
		one, err := c.api.V1PromotionCodes.Update(ctx, promotionID, params)
		if err != nil {
			return Promotion{}, err
		}
		return promotionOf(one), nil
	})
}

func promotionOf(p *stripe.PromotionCode) Promotion {
	out := Promotion{ID: p.ID, Code: p.Code, Active: p.Active, Redeemed: p.TimesRedeemed, CreatedAt: moment(p.Created)}
	if p.Promotion == nil || p.Promotion.Coupon == nil {
		return out
	}
	c := p.Promotion.Coupon
	out.Name, out.AmountOff, out.Currency, out.Percent = c.Name, c.AmountOff, strings.ToUpper(string(c.Currency)), int64(math.Round(c.PercentOff*hundredths))
	out.Duration, out.Months = string(c.Duration), c.DurationInMonths
	return out
}

package tollgate

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/stripe"
)

// A Promotion is a code that customers type at a checkout, and what it takes off. Stripe keeps it.
type Promotion struct {
	ID        string // promo_…
	Code      string
	Name      string
	Active    bool
	AmountOff int64  // minor units of Currency; 0 when Percent is set
	Currency  string // in capitals
	Percent   int64  // hundredths of a percent: 1050 is 10.5 %
	Months    int64  // for how long it counts: 0 is once, PromotionForever for ever
	Redeemed  int64
	CreatedAt time.Time
}

const (
	// PromotionForever says that a promotion counts as long as the subscription lasts.
	PromotionForever = -1

	percentMax         = 100_00
	promotionMonthsMax = 120
	promotionTextMax   = 40 // Stripe's limit of a coupon's name
)

// Promotions returns a page of promotion codes, newest first, before the one named. Fault: payments_not_configured.
func (e *Engine) Promotions(ctx context.Context, before string, limit int) (Page[Promotion], error) {
	page := Page[Promotion]{Data: []Promotion{}}
	s, err := e.sells()
	if err != nil {
		return page, err
	}
	if limit, err = pageLimit(limit); err != nil {
		return page, err
	}
	found, more, err := s.stripe.Promotions(ctx, before, limit)
	if err != nil {
		return page, err
	}
	for _, p := range found {
		page.Data = append(page.Data, shownPromotion(p))
	}
	if more {
		page.Next = found[len(found)-1].ID
	}
	return page, nil
}

// Promotion returns a promotion code by its id. Faults: not_found; payments_not_configured.
func (e *Engine) Promotion(ctx context.Context, promotionID string) (Promotion, error) {
	s, err := e.sells()
	if err != nil {
		return Promotion{}, err
	}
	p, err := s.stripe.Promotion(ctx, promotionID)
	return shownPromotion(p), err
}

// CreatePromotion makes a code that customers can type. Faults: invalid_request, also for a code that is in use;
// payments_not_configured.
func (e *Engine) CreatePromotion(ctx context.Context, p Promotion) (Promotion, error) {
	s, err := e.sells()
	if err != nil {
		return Promotion{}, err
	}
	switch {
	case p.Code == "" || len(p.Code) > promotionTextMax:
		return Promotion{}, fault.Field("code", p.Code, promotionTextMax, "code is what customers type: 1 to %d characters.", promotionTextMax)
	case p.Name == "" || len(p.Name) > promotionTextMax:
		return Promotion{}, fault.Field("name", p.Name, promotionTextMax, "name has 1 to %d characters.", promotionTextMax)
	case (p.AmountOff > 0) == (p.Percent > 0) || p.AmountOff < 0 || p.Percent < 0 || p.Percent > percentMax:
		return Promotion{}, fault.Field("amount", p.AmountOff, nil, "A promotion takes off an amount above 0, or a share up to 100 percent.")
	case p.Months < PromotionForever || p.Months > promotionMonthsMax:
		return Promotion{}, fault.Field("months", p.Months, promotionMonthsMax, "A promotion counts once, for up to %d months, or for ever.", promotionMonthsMax)
	}
	want := stripe.Promotion{Code: p.Code, Name: p.Name, Active: p.Active, AmountOff: p.AmountOff, Currency: strings.ToLower(p.Currency), Percent: p.Percent,
		Duration: "repeating", Months: p.Months, Key: "promotion-" + rand.Text()}
	switch p.Months {
	case 0:
		want.Duration = "once"
	case PromotionForever:
		want.Duration = "forever"
	}
	made, err := s.stripe.CreatePromotion(ctx, want)
	return shownPromotion(made), err
}

// SwitchPromotion makes a promotion code usable, or not; nothing else of one can be changed. Faults: not_found;
// payments_not_configured.
func (e *Engine) SwitchPromotion(ctx context.Context, promotionID string, active bool) (Promotion, error) {
	s, err := e.sells()
	if err != nil {
		return Promotion{}, err
	}
	p, err := s.stripe.SwitchPromotion(ctx, promotionID, active)
	return shownPromotion(p), err
}

func shownPromotion(p stripe.Promotion) Promotion {
	out := Promotion{ID: p.ID, Code: p.Code, Name: p.Name, Active: p.Active, AmountOff: p.AmountOff, Currency: p.Currency, Percent: p.Percent,
		Months: p.Months, Redeemed: p.Redeemed, CreatedAt: p.CreatedAt}
	switch p.Duration {
	case "once":
		out.Months = 0
	case "forever":
		out.Months = PromotionForever
	}
	return out
}

package flowglad

import (
	"github.com/tollgate/tollgate"
)

// A discount is a promotion code as the wire has it.
type discount struct {
	ID               string `json:"id"`
	Name             string `json:"name"`
	Code             string `json:"code"`
	Amount           int64  `json:"amount"`     // minor units, or whole percent
	AmountType       string `json:"amountType"` // fixed or percent
	Duration         string `json:"duration"`
	NumberOfPayments *int64 `json:"numberOfPayments"`
	Active           bool   `json:"active"`
	Livemode         bool   `json:"livemode"`
	OrganizationID   string `json:"organizationId"`
	PricingModelID   string `json:"pricingModelId"`
	RedemptionCount  *int64 `json:"redemptionCount,omitempty"`
	CreatedAt        int64  `json:"createdAt"`
	UpdatedAt        int64  `json:"updatedAt"`
}

type discountAnswer struct {
	Discount discount `json:"discount"`
}

const (
	onceOnly   = "once"
	forEver    = "forever"
	byPayments = "number_of_payments"

	hundredths = 100 // of a percent
)

func shownDiscount(p tollgate.Promotion, live bool) discount {
	out := discount{
		ID: p.ID, Name: p.Name, Code: p.Code, Amount: p.AmountOff, AmountType: "fixed", Duration: onceOnly, Active: p.Active, Livemode: live,
		OrganizationID: organizationID, PricingModelID: modelID, RedemptionCount: &p.Redeemed, CreatedAt: ms(p.CreatedAt), UpdatedAt: ms(p.CreatedAt),
	}
	if p.AmountOff == 0 {
		out.Amount, out.AmountType = p.Percent/hundredths, "percent"
	}
	switch {
	case p.Months == tollgate.PromotionForever:
		out.Duration = forEver
	case p.Months > 0:
		out.Duration, out.NumberOfPayments = byPayments, &p.Months
	}
	return out
}

// listDiscounts is GET discounts: Stripe's promotion codes, newest first.
func (s *Server) listDiscounts(c *call) (any, error) {
	return listAt(s, c, s.engine.Promotions, func(p tollgate.Promotion) (any, error) { return shownDiscount(p, c.live), nil })
}

// discount is GET discounts/{id}.
func (s *Server) discount(c *call) (any, error) {
	if !s.engine.Sells() {
		return nil, missing("Discount %s not found", c.args[0])
	}
	p, err := s.engine.Promotion(c.Context(), c.args[0])
	if err != nil {
		return nil, absent(err, "Discount", c.args[0])
	}
	return discountAnswer{shownDiscount(p, c.live)}, nil
}

// A discountWrite is a discount as it is sent.
type discountWrite struct {
	Name             *string `json:"name"`
	Code             *string `json:"code"`
	Amount           *int64  `json:"amount"`
	AmountType       *string `json:"amountType"`
	Duration         *string `json:"duration"`
	NumberOfPayments *int64  `json:"numberOfPayments"`
	Active           *bool   `json:"active"`
}

// createDiscount is POST discounts. A number of payments counts as so many months.
func (s *Server) createDiscount(c *call) (any, error) {
	var in struct {
		Discount discountWrite `json:"discount"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !s.engine.Sells() {
		return nil, errNotConfigured
	}
	d := in.Discount
	if d.Name == nil || d.Code == nil || d.Amount == nil || d.AmountType == nil || d.Duration == nil {
		return nil, invalid("A discount needs name, code, amount, amountType and duration.")
	}
	want := tollgate.Promotion{Name: *d.Name, Code: *d.Code, Active: d.Active == nil || *d.Active}
	switch *d.AmountType {
	case "fixed":
		want.AmountOff, want.Currency = *d.Amount, currencyOf(s.engine.Catalog())
	case "percent":
		want.Percent = *d.Amount * hundredths
	default:
		return nil, invalid("amountType is fixed or percent.")
	}
	switch *d.Duration {
	case onceOnly:
	case forEver:
		want.Months = tollgate.PromotionForever
	case byPayments:
		if d.NumberOfPayments == nil || *d.NumberOfPayments < 1 {
			return nil, invalid("numberOfPayments is a whole number above 0.")
		}
		want.Months = *d.NumberOfPayments
	default:
		return nil, invalid("duration is %s, %s or %s.", onceOnly, forEver, byPayments)
	}
	made, err := s.engine.CreatePromotion(c.Context(), want)
	if err != nil {
		return nil, err
	}
	return discountAnswer{shownDiscount(made, c.live)}, nil
}

// updateDiscount is PUT discounts/{id}. Stripe lets a code be switched on and off; what it takes off stays.
func (s *Server) updateDiscount(c *call) (any, error) {
	var in struct {
		Discount discountWrite `json:"discount"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if !s.engine.Sells() {
		return nil, errNotConfigured
	}
	p, err := s.engine.Promotion(c.Context(), c.args[0])
	if err != nil {
		return nil, absent(err, "Discount", c.args[0])
	}
	had, d := shownDiscount(p, c.live), in.Discount
	if differs(d.Name, had.Name) || differs(d.Code, had.Code) || differs(d.Amount, had.Amount) || differs(d.AmountType, had.AmountType) || differs(d.Duration, had.Duration) {
		return nil, invalid("Only active can be changed: what a code takes off stays as it was sold. Make another discount.")
	}
	if differs(d.Active, had.Active) {
		if p, err = s.engine.SwitchPromotion(c.Context(), c.args[0], *d.Active); err != nil {
			return nil, err
		}
	}
	return discountAnswer{shownDiscount(p, c.live)}, nil
}

// differs reports whether what was sent is another value.
func differs[T comparable](sent *T, had T) bool { return sent != nil && *sent != had }

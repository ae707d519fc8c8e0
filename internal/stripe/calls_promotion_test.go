package stripe_test

import (
	"errors"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/stripe"
)

// promoting is what a tale has of promotion codes, and what is sold with a card on file.
func (a *tale) promoting(add adds) {
	ctx := a.Context()
	const coupons, codes = "POST /v1/coupons", "POST /v1/promotion_codes"
	var made stripe.Promotion
	summer := stripe.Promotion{Code: "SUMMER", Name: "Summer", Active: true, Percent: 1015, Duration: "repeating", Months: 3, Key: rand()}
	add("Client.CreatePromotion", func() (err error) {
		made, err = a.CreatePromotion(ctx, summer)
		return errors.Join(err, want(made.ID != "" && made.Percent == 1015 && made.Months == 3, made))
	}, coupons, codes)
	add("Client.CreatePromotion", func() error { // whose code is in use
		again := summer
		again.Key = rand()
		_, err := a.CreatePromotion(ctx, again)
		return want(fault.Has(err, fault.Invalid), err)
	}, coupons, codes, "DELETE /v1/coupons/{coupon}")
	add("Client.Promotion", func() error {
		found, err := a.Promotion(ctx, made.ID)
		return errors.Join(err, want(found.Code == "SUMMER" && found.Active, found))
	}, "GET /v1/promotion_codes/{promotion_code}")
	add("Client.SwitchPromotion", func() error {
		found, err := a.SwitchPromotion(ctx, made.ID, false)
		return errors.Join(err, want(!found.Active, found))
	}, "POST /v1/promotion_codes/{promotion_code}")
	add("Client.Promotions", func() error {
		found, more, err := a.Promotions(ctx, "", 1)
		return errors.Join(err, want(len(found) == 1 && found[0].ID == made.ID && more, found))
	}, "GET /v1/promotion_codes")
	add("Reserved", func() error { return want(stripe.Reserved("customer") && !stripe.Reserved("order"), true) })
	add("Client.Sessions", func() error {
		found, _, err := a.Sessions(ctx, "", 10)
		return errors.Join(err, want(len(found) > 2 && found[0].ID == a.visit.ID, found))
	}, "GET /v1/checkout/sessions")
}

// onFile is what is sold with a way to pay that the customer has left.
func (a *tale) onFile(add adds) {
	ctx := a.Context()
	add("Client.SubscribePaid", func() error {
		p, err := a.Fetch(ctx, a.customer)
		if err != nil || len(p.Methods) == 0 {
			return errors.Join(err, want(false, p.Methods))
		}
		s, err := a.SubscribePaid(ctx, stripe.Checkout{Customer: a.customer, ExternalID: brien, PriceID: a.prices["pro_monthly"], Quantity: 1, Key: rand()}, p.Methods[0].ID)
		return errors.Join(err, want(s.Status == "active", s))
	}, "POST /v1/subscriptions", "GET /v1/subscriptions", "GET /v1/invoices", "GET /v1/charges", "GET /v1/disputes", visits, "GET /v1/refunds", methods)
}

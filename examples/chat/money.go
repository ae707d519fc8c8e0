package main

import (
	"maps"
	"net/http"
	"slices"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/id"
)

// An offer is something on the pricing page: a plan or a top-up.
type offer struct {
	Name, Description string
	Lines             []string
	Prices            []tollgate.ShownPrice
	Yours             bool
}

// pricing shows what there is. Whoever pays for a plan changes it in the portal.
func (s *site) pricing(v *visit) error {
	prices, err := s.engine.Prices(v.r.Context())
	if err != nil {
		return err
	}
	catalog := s.engine.Catalog()
	var plans, topUps []offer
	subscribed := false
	for _, p := range catalog.PlansInOrder() {
		if p.Guest && !v.guest {
			continue
		}
		o := offer{Name: p.Name, Description: p.Description, Yours: p.Slug == v.who.Plan}
		for _, slug := range slices.Sorted(maps.Keys(p.Includes)) {
			o.Lines = append(o.Lines, nameOf(catalog, slug)+": "+terms(p.Includes[slug]))
		}
		for _, slug := range slices.Sorted(maps.Keys(p.Features)) {
			o.Lines = append(o.Lines, catalog.Features[slug].Name)
		}
		for _, price := range prices {
			if price.Plan == p.Slug {
				o.Prices = append(o.Prices, price)
				subscribed = subscribed || o.Yours
			}
		}
		plans = append(plans, o)
	}
	for _, price := range prices {
		if t, ok := catalog.TopUps[price.TopUp]; ok {
			topUps = append(topUps, offer{Name: t.Name, Prices: []tollgate.ShownPrice{price}})
		}
	}
	return s.show(v, http.StatusOK, "pricing", "Plans", struct {
		Plans, TopUps []offer
		Subscribed    bool
	}{plans, topUps, subscribed})
}

// checkout leads to Stripe's page for a price or a top-up.
func (s *site) checkout(v *visit) error {
	order := tollgate.CheckoutRequest{Customer: v.who.ExternalID, Price: id.Slug(v.r.PostFormValue("price")), TopUp: id.Slug(v.r.PostFormValue("topUp")),
		SuccessURL: s.url + "/paid?session={CHECKOUT_SESSION_ID}", CancelURL: s.url + "/pricing"}
	session, err := s.engine.Checkout(v.r.Context(), order)
	if err != nil {
		return err
	}
	return v.to(session.URL)
}

// paid is where Stripe's page leads back to. What was bought is there before the next page is, whatever webhooks do.
func (s *site) paid(v *visit) error {
	session, err := s.engine.CheckoutSession(v.r.Context(), v.r.URL.Query().Get("session"))
	if err != nil {
		return err
	}
	if session.Status != "complete" {
		return v.to("/pricing")
	}
	return v.to("/?paid")
}

// account shows a user's plan, and what was paid.
func (s *site) account(v *visit) error {
	current, err := s.subscription(v)
	if err != nil {
		return err
	}
	payments, err := s.sell.List(v.r.Context(), v.who.ExternalID)
	if err != nil {
		return err
	}
	return s.show(v, http.StatusOK, "account", "Account", struct {
		Subscription *app.OwnSubscription
		Payments     []app.OwnPayment
	}{current, payments})
}

// subscription returns the one that a user pays for, or nil.
func (s *site) subscription(v *visit) (*app.OwnSubscription, error) {
	all, err := s.sell.Subscriptions(v.r.Context(), v.who.ExternalID)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// cancel ends the plan with what is paid for.
func (s *site) cancel(v *visit) error {
	current, err := s.subscription(v)
	if err == nil && current != nil {
		_, err = s.engine.CancelSubscription(v.r.Context(), current.ID, tollgate.AtPeriodEnd)
	}
	if err != nil {
		return err
	}
	return v.to("/account")
}

// resume takes a cancellation back.
func (s *site) resume(v *visit) error {
	current, err := s.subscription(v)
	if err == nil && current != nil {
		_, err = s.engine.ResumeSubscription(v.r.Context(), current.ID)
	}
	if err != nil {
		return err
	}
	return v.to("/account")
}

// portal leads to Stripe's pages about cards and invoices.
func (s *site) portal(v *visit) error {
	session, err := s.engine.Portal(v.r.Context(), tollgate.PortalRequest{Customer: v.who.ExternalID})
	if err != nil {
		return err
	}
	return v.to(session.URL)
}

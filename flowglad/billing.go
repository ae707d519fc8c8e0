package flowglad

import (
	"encoding/json"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

// A billing is what a customer's pages show besides its subscriptions and the catalog.
type billing struct {
	Customer         customer        `json:"customer"`
	Invoices         []billedInvoice `json:"invoices"`
	PaymentMethods   []paymentMethod `json:"paymentMethods"`
	Purchases        []purchase      `json:"purchases"`
	BillingPortalURL string          `json:"billingPortalUrl"`
}

// billing is GET customers/{externalId}/billing.
func (s *Server) billing(c *call) (any, error) { return s.billingOf(c, id.Customer(c.args[0])) }

// billingOf returns the billing of a customer with the catalog, which versions up to 0.16.3 read as catalog and later ones as
// pricingModel. It is the hot read: each subscription is spelled once, and the catalog once for all customers.
func (s *Server) billingOf(c *call, name id.Customer) (body, error) {
	st, sh, err := s.standing(c, name)
	if err != nil {
		return nil, err
	}
	state, err := s.state(c.Context(), name)
	if err != nil {
		return nil, err
	}
	shown := billing{Customer: shownCustomer(st.Customer, c.live), Invoices: []billedInvoice{}, PaymentMethods: []paymentMethod{}, Purchases: sh.purchases(st.Customer, state)}
	for _, one := range state.Invoices {
		shown.Invoices = append(shown.Invoices, shownInvoice(st.Customer, one, c.live))
	}
	for _, one := range state.Methods {
		shown.PaymentMethods = append(shown.PaymentMethods, shownMethod(st.Customer, one, c.live))
	}
	if shown.BillingPortalURL, err = s.portalLink(c, st.Customer, state); err != nil {
		return nil, err
	}
	head, err := json.Marshal(shown)
	if err != nil {
		return nil, err
	}
	var all []rich
	for _, sub := range st.Subscriptions {
		all = append(all, sh.subscription(st, sub, state))
	}
	newest(all)
	every, now := make(body, 0, 2*len(all)), make(body, 0, 2*len(all))
	for _, one := range all {
		text, err := json.Marshal(one)
		if err != nil {
			return nil, err
		}
		every.join(text)
		if one.Current {
			now.join(text)
		}
	}
	out := body{head[:len(head)-1], []byte(`,"subscriptions":[`)}
	out = append(out, every...)
	out.add(`],"currentSubscriptions":[`)
	out = append(out, now...)
	out.add(`]`)
	if len(now) > 0 { // absent, not null, when there is none
		out.add(`,"currentSubscription":`)
		out = append(out, now[0])
	}
	out = append(out, []byte(`,"pricingModel":`), sh.json, []byte(`,"catalog":`), sh.json, []byte(`}`))
	return out, nil
}

// join adds an item to those of a list.
func (b *body) join(text []byte) {
	if len(*b) > 0 {
		b.add(",")
	}
	*b = append(*b, text)
}

// ownedBy returns whose the records of a customer are.
func ownedBy(c tollgate.Customer, live bool) ownership {
	return ownership{Livemode: live, OrganizationID: organizationID, PricingModelID: modelID, CustomerID: c.ID()}
}

// An ownership is what everything that was paid has in common.
type ownership struct {
	Livemode       bool   `json:"livemode"`
	OrganizationID string `json:"organizationId"`
	PricingModelID string `json:"pricingModelId"`
	CustomerID     string `json:"customerId"`
}

// knownPrice returns the price of a slug, one that costs nothing when the catalog sells it no longer.
func (sh *shelf) knownPrice(slug id.Slug) price {
	if p, ok := sh.prices[slug]; ok {
		return p
	}
	return price{ID: priceID(slug), Type: ofSinglePay, Slug: string(slug), Currency: strings.ToUpper(sh.catalog.Currency)}
}

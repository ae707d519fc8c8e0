package flowglad

import (
	"encoding/json"
	"strings"

	"github.com/tollgate/tollgate/id"
)

// A billing is all that a customer's pages show, but for the catalog.
type billing struct {
	Customer             customer        `json:"customer"`
	Subscriptions        []rich          `json:"subscriptions"`
	CurrentSubscriptions []rich          `json:"currentSubscriptions"`
	CurrentSubscription  *rich           `json:"currentSubscription,omitempty"` // absent, not null, when there is none
	Invoices             []billedInvoice `json:"invoices"`
	PaymentMethods       []paymentMethod `json:"paymentMethods"`
	Purchases            []purchase      `json:"purchases"`
	BillingPortalURL     string          `json:"billingPortalUrl"`
}

// billing is GET customers/{externalId}/billing.
func (s *Server) billing(c *call) (any, error) { return s.billingOf(c, id.Customer(c.args[0])) }

// billingOf returns the billing of a customer with the catalog, which versions up to 0.16.3 read as catalog and later ones as
// pricingModel.
func (s *Server) billingOf(c *call, name id.Customer) (body, error) {
	st, sh, err := s.standing(c, name)
	if err != nil {
		return nil, err
	}
	state, err := s.state(c.Context(), name)
	if err != nil {
		return nil, err
	}
	out := billing{
		Customer: shownCustomer(st.Customer, c.live), Subscriptions: []rich{}, CurrentSubscriptions: []rich{},
		Invoices: sh.invoices(st, state), PaymentMethods: sh.methods(st, state), Purchases: sh.purchases(st, state),
		BillingPortalURL: state.PortalURL,
	}
	for _, sub := range st.Subscriptions {
		shown := sh.subscription(st, sub, state)
		out.Subscriptions = append(out.Subscriptions, shown)
		if shown.Current {
			out.CurrentSubscriptions = append(out.CurrentSubscriptions, shown)
		}
	}
	newest(out.Subscriptions)
	newest(out.CurrentSubscriptions)
	if len(out.CurrentSubscriptions) > 0 {
		out.CurrentSubscription = &out.CurrentSubscriptions[0]
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	// The catalog is spelled once and not for each customer: it is most of the answer.
	all := make([]byte, 0, len(text)+2*len(sh.json)+32)
	all = append(all, text[:len(text)-1]...)
	all = append(append(all, `,"pricingModel":`...), sh.json...)
	all = append(append(all, `,"catalog":`...), sh.json...)
	return append(all, '}'), nil
}

// ownership returns whose the records of a customer are.
func (sh *shelf) ownership(customerID string) ownership {
	return ownership{Livemode: sh.model.Livemode, OrganizationID: organizationID, PricingModelID: modelID, CustomerID: customerID}
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

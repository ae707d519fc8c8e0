package stripe

import (
	"fmt"
	"slices"
	"strings"
)

// portalProductsMax is the most products between which customers can switch in the portal
// (https://docs.stripe.com/api/customer_portal/configurations/create#create_portal_configuration-features-subscription_update-products).
const portalProductsMax = 10

// comparePortal adds the steps to one portal configuration of ours: cards, invoices, cancelling at the end of the period,
// and switching between the plans.
func (s *shelf) comparePortal(w Wish, want *goods, out *Changes) {
	f, refs, plans := portalForm(want)
	line := Step{Kind: KindPortal, What: fmt.Sprintf("cards, invoices, cancelling; plans to switch between: %d", plans)}
	if w.ReturnURL != "" {
		f = append(form{{"default_return_url", w.ReturnURL}}, f...)
	}
	f.metadata(pairs{{"source", source}})
	found := s.portal()
	if found == nil {
		line.Op = OpCreate
		out.add(step{Step: line, path: "/v1/billing_portal/configurations", form: f, refs: refs})
		return
	}
	differs := differences{}
	differs.flag(found.Active, "used again")
	if w.ReturnURL != "" {
		differs.text("return URL", found.DefaultReturnURL, w.ReturnURL)
	}
	on := found.Features
	same := on.InvoiceHistory.Enabled && on.PaymentMethodUpdate.Enabled && on.SubscriptionCancel.Enabled &&
		on.SubscriptionCancel.Mode == cancelAtEnd && on.SubscriptionUpdate.Enabled == (plans > 0) &&
		(plans == 0 || on.SubscriptionUpdate.ProrationBehavior == prorated)
	whole, known := resolved(f, refs, out.ids)
	differs.flag(same && known && portalPrint(whole) == found.Metadata["terms"], line.What)
	if len(differs) == 0 {
		return
	}
	line.Op, line.ID, line.What = OpChange, found.ID, differs.String()
	out.add(step{Step: line, path: "/v1/billing_portal/configurations/" + found.ID, form: append(form{{"active", "true"}}, f...), refs: refs})
}

const (
	cancelAtEnd = "at_period_end"
	prorated    = "always_invoice"
)

// portalPrint returns a print of what a form offers in the portal. It is kept in the configuration's metadata, because
// an answer may lack the products (they are not among its required keys in Stripe's OpenAPI file).
func portalPrint(f form) string {
	offered := slices.DeleteFunc(slices.Clone(f), func(p pair) bool { return !strings.HasPrefix(p.name, "features[") })
	return contentKey("", offered.encode(), "")
}

// portalForm returns what the portal offers, with the ids of prices by ref, and between how many plans one can switch.
func portalForm(want *goods) (f form, refs map[string]string, plans int) {
	f = form{
		{"features[invoice_history][enabled]", "true"},
		{"features[payment_method_update][enabled]", "true"},
		{"features[subscription_cancel][enabled]", "true"},
		{"features[subscription_cancel][mode]", cancelAtEnd},
	}
	refs = map[string]string{}
	places := map[string]int{} // in a product's list of prices
	var order []string
	const update = "features[subscription_update]"
	var products form
	for _, p := range want.prices {
		if !p.licensed {
			continue
		}
		product := p.terms.product
		n := slices.Index(order, product)
		if n < 0 {
			if n = len(order); n == portalProductsMax {
				break
			}
			order = append(order, product)
			products.add(fmt.Sprintf("%s[products][%d][product]", update, n), product)
		}
		at := fmt.Sprintf("%s[products][%d][prices][%d]", update, n, places[product])
		places[product]++
		refs[at] = ref(KindPrice, p.key)
	}
	if len(order) == 0 {
		f.add(update+"[enabled]", "false")
		return f, refs, 0
	}
	f.add(update+"[enabled]", "true")
	f.add(update+"[default_allowed_updates][0]", "price")
	f.add(update+"[proration_behavior]", prorated)
	return append(f, products...), refs, len(order)
}

// portal returns our configuration: the default one if it is ours, else the oldest, else nil.
func (s *shelf) portal() *portalFound {
	var found *portalFound
	for i := range s.portals {
		p := &s.portals[i]
		if p.Metadata["source"] == source && (found == nil || p.IsDefault) {
			found = p
		}
	}
	return found
}

package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// expandDepthMax is how many levels of an answer `expand` reaches (API reference, "Expanding responses").
const expandDepthMax = 4

// references says which fields hold the id of another object, by the kind of object and the path inside it, and of
// which kind that is.
var references = map[string]string{
	"billing_portal.session.configuration":             "billing_portal.configuration",
	"charge.customer":                                  "customer",
	"charge.payment_intent":                            "payment_intent",
	"checkout.session.customer":                        "customer",
	"checkout.session.invoice":                         "invoice",
	"checkout.session.payment_intent":                  "payment_intent",
	"checkout.session.setup_intent":                    "setup_intent",
	"checkout.session.subscription":                    "subscription",
	"customer.invoice_settings.default_payment_method": "payment_method",
	"customer.test_clock":                              "test_helpers.test_clock",
	"discount.customer":                                "customer",
	"discount.promotion_code":                          "promotion_code",
	"discount.source.coupon":                           "coupon",
	"dispute.charge":                                   "charge",
	"dispute.payment_intent":                           "payment_intent",
	"invoice.customer":                                 "customer",
	"invoice.default_payment_method":                   "payment_method",
	"invoice.discounts":                                "discount",
	"invoice.parent.subscription_details.subscription": "subscription",
	"invoice.test_clock":                               "test_helpers.test_clock",
	"invoice_payment.invoice":                          "invoice",
	"invoice_payment.payment.payment_intent":           "payment_intent",
	"invoiceitem.customer":                             "customer",
	"invoiceitem.invoice":                              "invoice",
	"invoiceitem.pricing.price_details.price":          "price",
	"invoiceitem.test_clock":                           "test_helpers.test_clock",
	"line_item.discounts":                              "discount",
	"line_item.pricing.price_details.price":            "price",
	"line_item.subscription":                           "subscription",
	"payment_intent.customer":                          "customer",
	"payment_intent.latest_charge":                     "charge",
	"payment_intent.payment_method":                    "payment_method",
	"payment_method.customer":                          "customer",
	"price.product":                                    "product",
	"product.default_price":                            "price",
	"promotion_code.customer":                          "customer",
	"promotion_code.promotion.coupon":                  "coupon",
	"refund.charge":                                    "charge",
	"refund.payment_intent":                            "payment_intent",
	"refund.payment_method":                            "payment_method",
	"setup_intent.customer":                            "customer",
	"setup_intent.payment_method":                      "payment_method",
	"subscription.customer":                            "customer",
	"subscription.default_payment_method":              "payment_method",
	"subscription.discounts":                           "discount",
	"subscription.latest_invoice":                      "invoice",
	"subscription.pending_setup_intent":                "setup_intent",
	"subscription.test_clock":                          "test_helpers.test_clock",
	"subscription_item.discounts":                      "discount",
}

// hidden makes the fields that an answer has only when `expand` asks for them, by kind and path.
var hidden = map[string]func(tx *tx, id string) any{
	"charge.refunds":              refundsOfCharge,
	"checkout.session.line_items": lineItemsOfSession,
	"customer.subscriptions":      subscriptionsOfCustomer,
	"invoice.confirmation_secret": secretOfInvoice,
	"invoice.payments":            paymentsOfInvoice,
	"price.currency_options":      currencyOptionsOfPrice,
	"price.tiers":                 tiersOfPrice,
}

// render writes an answer: an object of the state, a page of them, or anything else as it is, expanded as asked.
func (tx *tx) render(value any, expand []string) ([]byte, error) {
	switch v := value.(type) {
	case object:
		value = v.shown(tx)
	case *page:
		value = v.shown(tx)
	}
	body := encode(value)
	if len(expand) == 0 {
		return body, nil
	}
	decoded, err := decodeJSON(body)
	if err != nil {
		return nil, err
	}
	for _, path := range expand {
		steps := strings.Split(path, ".")
		depth := 0
		for i, step := range steps {
			if i == 0 || step != "data" { // the lists inside an object are no level
				depth++
			}
		}
		if depth > expandDepthMax {
			return nil, invalid("expand", "You cannot expand more than %d levels of a property.", expandDepthMax)
		}
		found, err := tx.expand(decoded, steps, "", "")
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, invalid("expand", "This property cannot be expanded (%s).", path)
		}
	}
	return encode(decoded), nil
}

// decodeJSON reads JSON and keeps its numbers as they are written.
func decodeJSON(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// expand replaces ids by their objects along a path. kind is that of the nearest object around v, and inside the path
// from it. It reports whether the path leads somewhere.
func (tx *tx) expand(v any, steps []string, kind, inside string) (bool, error) {
	hash, ok := v.(map[string]any)
	if !ok {
		return false, nil
	}
	if k, ok := hash["object"].(string); ok {
		kind, inside = k, ""
	}
	step := steps[0]
	if kind == "list" || kind == "search_result" {
		items, _ := hash["data"].([]any)
		if step != "data" {
			return false, nil
		}
		if len(steps) == 1 {
			return true, nil
		}
		for _, item := range items {
			if found, err := tx.expand(item, steps[1:], kind, ""); err != nil || !found {
				return found, err
			}
		}
		return true, nil
	}
	at := step
	if inside != "" {
		at = inside + "." + step
	}
	name := kind + "." + at
	if make := hidden[name]; make != nil {
		if _, there := hash[step]; !there {
			id, _ := hash["id"].(string)
			if of := make(tx, id); of != nil {
				made, err := decodeJSON(encode(of))
				if err != nil {
					return false, err
				}
				hash[step] = made
			}
		}
		if len(steps) == 1 || hash[step] == nil {
			return true, nil
		}
		return tx.expand(hash[step], steps[1:], kind, at)
	}
	if target, ok := references[name]; ok {
		switch field := hash[step].(type) {
		case nil:
			return true, nil
		case string:
			o, err := tx.expanded(target, field)
			if err != nil {
				return false, err
			}
			hash[step] = o
		case []any:
			for i, id := range field {
				if id, ok := id.(string); ok {
					o, err := tx.expanded(target, id)
					if err != nil {
						return false, err
					}
					field[i] = o
				}
			}
			return true, nil
		}
		if len(steps) == 1 {
			return true, nil
		}
		return tx.expand(hash[step], steps[1:], kind, at)
	}
	if len(steps) == 1 {
		return false, nil
	}
	if hash[step] == nil {
		return couldHold(kind, at), nil
	}
	return tx.expand(hash[step], steps[1:], kind, at)
}

// couldHold reports whether something that can be expanded lies under a path that is null in this object.
func couldHold(kind, at string) bool {
	for name := range references {
		if strings.HasPrefix(name, kind+"."+at+".") {
			return true
		}
	}
	return false
}

// expanded returns an object as an answer holds it.
func (tx *tx) expanded(kind, id string) (any, error) {
	r := tx.table(kind).rows[id]
	if r == nil {
		return id, nil // deleted for good, such as a test clock
	}
	return decodeJSON(encode(r.object.shown(tx)))
}

// A page is the answer of a list: some of the objects, newest first.
type page struct {
	url    string
	items  []object
	more   bool
	search bool
}

func (p *page) shown(tx *tx) any {
	data := make([]any, len(p.items))
	for i, o := range p.items {
		data[i] = o.shown(tx)
	}
	if p.search {
		return struct {
			Object   string `json:"object"`
			Data     []any  `json:"data"`
			HasMore  bool   `json:"has_more"`
			NextPage none   `json:"next_page"`
			URL      string `json:"url"`
		}{Object: "search_result", Data: data, HasMore: p.more, URL: p.url}
	}
	return sublist[any]{Object: "list", Data: data, HasMore: p.more, URL: p.url}
}

// listing are the parameters that every list has (API reference, "Pagination").
type listing struct {
	Limit         *int64  `form:"limit" min:"1" max:"100"`
	StartingAfter *string `form:"starting_after"`
	EndingBefore  *string `form:"ending_before"`
}

// limitDefault is the length of a page without a limit.
const limitDefault = 10

// pageOf returns a page of the objects that keep takes. all is oldest first; a page is newest first.
func pageOf[T object](tx *tx, l listing, url string, all []T, keep func(T) bool) (any, error) {
	limit := limitDefault
	if l.Limit != nil {
		limit = int(*l.Limit)
	}
	var kept []object
	for _, o := range slices.Backward(all) {
		if keep == nil || keep(o) {
			kept = append(kept, o)
		}
	}
	p := &page{url: url}
	cursor := func(id *string, param string) (int, error) {
		var none T
		r := tx.table(none.kind()).rows[*id]
		if r == nil {
			return 0, absent(none.kind(), *id, param, false)
		}
		i := slices.IndexFunc(kept, func(o object) bool { return o.ident() == *id })
		if i < 0 { // of another filter: from its place on
			i = slices.IndexFunc(kept, func(o object) bool { return o.made() < r.made() })
			if i < 0 {
				i = len(kept)
			}
			i--
		}
		return i, nil
	}
	switch {
	case l.StartingAfter != nil:
		i, err := cursor(l.StartingAfter, "starting_after")
		if err != nil {
			return nil, err
		}
		kept = kept[i+1:]
	case l.EndingBefore != nil:
		i, err := cursor(l.EndingBefore, "ending_before")
		if err != nil {
			return nil, err
		}
		kept = kept[:max(i, 0)]
		if len(kept) > limit {
			kept, p.more = kept[len(kept)-limit:], true
		}
	}
	if len(kept) > limit {
		kept, p.more = kept[:limit], true
	}
	p.items = kept
	return p, nil
}

// part returns a page of a list that is inside an object, in the list's own order.
func part[T any](l listing, url string, all []T, id func(T) string) (any, error) {
	place := func(at, param string) (int, error) {
		i := slices.IndexFunc(all, func(o T) bool { return id(o) == at })
		if i < 0 {
			return 0, absent("item", at, param, false)
		}
		return i, nil
	}
	limit := limitDefault
	if l.Limit != nil {
		limit = int(*l.Limit)
	}
	shown, more := all, false
	switch {
	case l.StartingAfter != nil:
		i, err := place(*l.StartingAfter, "starting_after")
		if err != nil {
			return nil, err
		}
		shown = all[i+1:]
	case l.EndingBefore != nil:
		i, err := place(*l.EndingBefore, "ending_before")
		if err != nil {
			return nil, err
		}
		shown = all[max(i-limit, 0):i]
		more = i > limit
	}
	list := listed(url, slices.Clone(shown[:min(limit, len(shown))]))
	list.HasMore = more || len(shown) > limit
	return list, nil
}

// shownAll renders objects, such as those of a list inside another object.
func shownAll[T object](tx *tx, all []T) []any {
	shown := make([]any, len(all))
	for i, o := range all {
		shown[i] = o.shown(tx)
	}
	return shown
}

// urlf makes the address of a list.
func urlf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

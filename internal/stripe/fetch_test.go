package stripe_test

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/subscription"
)

// TestFetchReadsMoreThanComesAlong has a subscription of 12 items, of which 10 come with it, and an invoice of 120 lines, of
// which 10 come with it and 100 are on a page.
func TestFetchReadsMoreThanComesAlong(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	customer, err := l.CreateCustomer(t.Context(), stripe.Payer{Key: 7, ExternalID: brien})
	if err != nil {
		t.Fatal(err)
	}
	create := func(path string, form url.Values) string {
		var made struct{ ID string }
		l.ask(t, "POST", path, form, &made)
		return made.ID
	}
	product := create("/v1/products", url.Values{"name": {"Add-on"}})
	items, prices := url.Values{"customer": {customer}, "trial_period_days": {"7"}}, map[string]bool{}
	for n := range 12 {
		p := create("/v1/prices", url.Values{"product": {product}, "currency": {"usd"}, "unit_amount": {fmt.Sprint(100 + n)}, "recurring[interval]": {"month"}})
		items.Set(fmt.Sprintf("items[%d][price]", n), p)
		prices[p] = true
	}
	sub := create("/v1/subscriptions", items)
	var total int64
	for n := range 120 {
		create("/v1/invoiceitems", url.Values{"customer": {customer}, "currency": {"usd"}, "amount": {fmt.Sprint(n + 1)}})
		total += int64(n + 1)
	}
	billed := create("/v1/invoices", url.Values{"customer": {customer}, "pending_invoice_items_behavior": {"include"}})

	p, err := l.Fetch(t.Context(), customer)
	if err != nil || len(p.Subscriptions) != 1 {
		t.Fatalf("%v, %+v", err, p.Subscriptions)
	}
	one, _, err := l.Subscription(t.Context(), sub)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(p.Subscriptions, one) {
		found := map[string]bool{}
		for _, i := range s.Items {
			found[i.PriceID] = prices[i.PriceID]
		}
		if len(s.Items) != 12 || len(found) != 12 || s.PeriodEnd.IsZero() {
			t.Errorf("the subscription has %d items of %d prices: %+v", len(s.Items), len(found), s)
		}
	}
	for _, i := range p.Invoices {
		var sum int64
		for _, line := range i.Lines {
			sum += line.Amount
		}
		if sum != i.Total {
			t.Errorf("invoice %s: lines of %d in all, total %d", i.ID, sum, i.Total)
		}
		if i.ID == billed && (len(i.Lines) != 120 || sum != total) {
			t.Errorf("the invoice has %d lines of %d in all, want 120 of %d", len(i.Lines), sum, total)
		}
	}
	if !slices.ContainsFunc(p.Invoices, func(i subscription.Invoice) bool { return i.ID == billed }) {
		t.Errorf("invoice %s was not found", billed)
	}
}

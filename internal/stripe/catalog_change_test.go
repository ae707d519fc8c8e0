package stripe_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/stripe"
)

// A wrong digit anywhere must be seen, or a changed price would never reach Stripe.
func TestEachChangeOfTermsIsANewPrice(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	apply(t, l.Client, wish(t, shop))
	for _, tt := range []struct{ name, old, new, slugs string }{
		{"amount", "amount: 20000", "amount: 20001", "team_monthly"},
		{"interval", "amount: 20000, every: month", "amount: 20000, every: year", "team_monthly"},
		{"twelfth decimal of a tier", "0.123456789012", "0.123456789013", "tokens_overage tokens_overage_year"},
		{"flat amount of a tier", `flatAmount: "0.5"`, `flatAmount: "0.25"`, "tokens_overage tokens_overage_year"},
		{"bound of a tier", "upTo: 5,", "upTo: 6,", "tokens_overage tokens_overage_year"},
		{"mode of tiers", "model: volume", "model: graduated", "disk_monthly"},
		{"package", "packageSize: 1000", "packageSize: 1001", "coins_overage coins_overage_year"},
		{"top-up", "amount: 1000,", "amount: 1100,", "coins_100"},
	} {
		changed := strings.Replace(shop, tt.old, tt.new, 1)
		var want []string
		for op := range strings.FieldsSeq("create archive") {
			for slug := range strings.FieldsSeq(tt.slugs) {
				want = append(want, op+" price "+slug)
			}
		}
		got := short(steps(t, l.Client, wish(t, changed)))
		got = slices.DeleteFunc(got, func(s string) bool { return s == "change portal" })
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestAChangedAmountIsANewPriceAndCustomersKeepTheOld(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	apply(t, l.Client, wish(t, shop))
	before := sold(t, l.Client)["team_monthly"]
	var customer, subscription struct{ ID string }
	l.ask(t, "POST", "/v1/customers", nil, &customer)
	l.ask(t, "POST", "/v1/subscriptions", url.Values{"customer": {customer.ID}, "items[0][price]": {before.ID}, "trial_period_days": {"9"}}, &subscription)

	dearer := strings.Replace(shop, "amount: 20000", "amount: 25000", 1)
	want := []string{"create price team_monthly", "change portal", "archive price team_monthly"}
	if diff := cmp.Diff(want, apply(t, l.Client, wish(t, dearer))); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	after := sold(t, l.Client)["team_monthly"]
	if after.ID == before.ID || after.Amount != 25000 || !after.Active {
		t.Errorf("the price in force is %+v, want a new one of 25000", after)
	}
	var items struct {
		Items struct {
			Data []struct{ Price struct{ ID string } }
		}
	}
	l.ask(t, "GET", "/v1/subscriptions/"+subscription.ID, nil, &items)
	if got := items.Items.Data[0].Price.ID; got != before.ID {
		t.Errorf("the customer pays %s, want the old %s", got, before.ID)
	}
	for _, c := range l.get(t, "/v1/billing_portal/configurations") {
		if text := fmt.Sprint(c["features"]); !strings.Contains(text, after.ID) || strings.Contains(text, before.ID) {
			t.Errorf("the portal offers %s, want %s and not %s", text, after.ID, before.ID)
		}
	}

	// The old amount again is the old price again, even while Stripe would repeat its answer to making it.
	want = []string{"change price team_monthly", "change portal", "archive price team_monthly"}
	if diff := cmp.Diff(want, apply(t, l.Client, wish(t, shop))); diff != "" {
		t.Errorf("steps back (-want +got):\n%s", diff)
	}
	if got := sold(t, l.Client)["team_monthly"]; got != before {
		t.Errorf("the price in force is %+v, want the old one %+v", got, before)
	}
	if again := apply(t, l.Client, wish(t, shop)); again != nil {
		t.Errorf("and again: %q", again)
	}
}

func sold(t *testing.T, c *stripe.Client) map[id.Slug]stripe.SoldPrice {
	t.Helper()
	prices, err := c.PricesBySlug(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return prices
}

func TestNamesAreChangedInPlace(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	apply(t, l.Client, wish(t, shop))
	renamed := strings.NewReplacer("name: Team", "name: Teams", "For those\n      who work.", "For all.", "name: Tokens", "name: Words").Replace(shop)
	changes := steps(t, l.Client, wish(t, renamed))
	got := changes.Steps()
	for i := range got {
		got[i].ID = ""
	}
	want := []stripe.Step{
		{Op: "change", Kind: "product", Slug: "pro", What: "description: For those who work. -> For all."},
		{Op: "change", Kind: "product", Slug: "team", What: "name: Team -> Teams"},
		{Op: "change", Kind: "meter", Slug: "tokens", What: "name: Tokens -> Words"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if _, err := l.ApplyCatalog(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	if again := apply(t, l.Client, wish(t, renamed)); again != nil {
		t.Errorf("and again: %q", again)
	}
	bare := strings.Replace(renamed, "description: |\n      For all.", "position: 2", 1)
	if got := apply(t, l.Client, wish(t, bare)); !slices.Equal(got, []string{"change product pro"}) {
		t.Errorf("without its description: %q", got)
	}
	if again := apply(t, l.Client, wish(t, bare)); again != nil {
		t.Errorf("without its description, again: %q", again)
	}
}

func TestWhatLeavesTheCatalogIsArchivedAndComesBack(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	apply(t, l.Client, wish(t, shop))
	stock, before := l.stock(t), sold(t, l.Client)
	small := shop[:strings.Index(shop, "  team:")]
	small = strings.Replace(small, "      disk_monthly: ", "      # ", 1)
	want := []string{"change portal", "archive price disk_monthly", "archive price team_monthly", "archive price coins_100",
		"archive meter disk", "archive product team", "archive product coins_100"}
	got := apply(t, l.Client, wish(t, small))
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if again := apply(t, l.Client, wish(t, small)); again != nil {
		t.Errorf("and again: %q", again)
	}
	if p := sold(t, l.Client)["team_monthly"]; p.Active || p.ID != before["team_monthly"].ID {
		t.Errorf("what left is %+v, want it there and not active", p)
	}
	for _, step := range apply(t, l.Client, wish(t, shop)) {
		if !strings.HasPrefix(step, "change ") {
			t.Errorf("coming back: %s, want only changes", step)
		}
	}
	if diff := cmp.Diff(stock, l.stock(t)); diff != "" {
		t.Errorf("what Stripe has (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(before, sold(t, l.Client)); diff != "" {
		t.Errorf("prices (-before +after):\n%s", diff)
	}
}

func TestAMeterSomebodyPaysByStays(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	apply(t, l.Client, wish(t, shop))
	var customer, subscription struct{ ID string }
	l.ask(t, "POST", "/v1/customers", nil, &customer)
	l.ask(t, "POST", "/v1/subscriptions", url.Values{"customer": {customer.ID}, "items[0][price]": {sold(t, l.Client)["disk_monthly"].ID}, "trial_period_days": {"9"}}, &subscription)
	without := strings.Replace(shop, "      disk_monthly: ", "      # ", 1)
	want := []string{"archive price disk_monthly", "keep meter disk"}
	if diff := cmp.Diff(want, apply(t, l.Client, wish(t, without))); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	changes := steps(t, l.Client, wish(t, without))
	if got := short(changes); !slices.Equal(got, []string{"keep meter disk"}) || changes.Pending() != 0 {
		t.Errorf("while it is paid: %q, %d pending", got, changes.Pending())
	}
	l.ask(t, "DELETE", "/v1/subscriptions/"+subscription.ID, nil, &subscription)
	if got := apply(t, l.Client, wish(t, without)); !slices.Equal(got, []string{"archive meter disk"}) {
		t.Errorf("when nobody pays by it: %q", got)
	}
}

// Prices that carry our mark by another hand, such as a copy made in Stripe's dashboard, do not stay for sale.
func TestCopiesOfOurPricesAreArchived(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	apply(t, l.Client, wish(t, shop))
	first := sold(t, l.Client)["team_monthly"].ID
	made := func(more url.Values) string {
		form := url.Values{"product": {"tollgate_team"}, "currency": {"usd"}, "unit_amount": {"20000"}, "recurring[interval]": {"month"},
			"metadata[source]": {"tollgate"}, "metadata[price]": {"team_monthly"}, "metadata[plan]": {"team"}}
		for name, values := range more {
			form[name] = values
		}
		if form.Has("unit_amount_decimal") {
			form.Del("unit_amount")
		}
		var price struct{ ID string }
		l.ask(t, "POST", "/v1/prices", form, &price)
		return price.ID
	}
	twin := made(nil)
	made(url.Values{"recurring[interval_count]": {"3"}})
	made(url.Values{"unit_amount_decimal": {"9999999999999.5"}})
	want := []string{"archive price team_monthly", "archive price team_monthly", "archive price team_monthly"}
	if diff := cmp.Diff(want, apply(t, l.Client, wish(t, shop))); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if got := sold(t, l.Client)["team_monthly"].ID; got != first {
		t.Errorf("%s is in force, want the first, %s", got, first)
	}

	// When only the copy is for sale, it is taken, and no archived one in its place.
	var price struct{ ID string }
	l.ask(t, "POST", "/v1/prices/"+first, url.Values{"active": {"false"}}, &price)
	l.ask(t, "POST", "/v1/prices/"+twin, url.Values{"active": {"true"}}, &price)
	if got := apply(t, l.Client, wish(t, shop)); !slices.Equal(got, []string{"change price team_monthly", "change portal"}) {
		t.Errorf("with only the copy for sale: %q", got)
	}
	if got := sold(t, l.Client)["team_monthly"]; got.ID != twin || !got.Active {
		t.Errorf("%+v is in force, want the copy %s", got, twin)
	}
	if again := apply(t, l.Client, wish(t, shop)); again != nil {
		t.Errorf("and again: %q", again)
	}

	// Terms that are not ours are not taken, however close.
	for _, path := range []string{first, twin} {
		l.ask(t, "POST", "/v1/prices/"+path, url.Values{"metadata[price]": {"gone"}}, &price)
	}
	quarterly := made(url.Values{"recurring[interval_count]": {"3"}})
	apply(t, l.Client, wish(t, shop))
	if got := sold(t, l.Client)["team_monthly"]; got.ID == quarterly || got.Interval != "month" || !got.Active {
		t.Errorf("%+v is in force, want one made every month", got)
	}
}

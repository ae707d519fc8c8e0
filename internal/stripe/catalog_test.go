package stripe_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/sandbox"
)

func TestACatalogIsMadeAtStripeOnce(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	changes := steps(t, l.Client, wish(t, shop))
	want := []string{
		"create product pro", "create product team", "create product coins_100",
		"create meter disk", "create meter coins", "create meter people", "create meter tokens",
		"create price pro_yearly", "create price pro_monthly", "create price disk_monthly",
		"create price coins_overage", "create price coins_overage_year",
		"create price people_overage", "create price people_overage_year",
		"create price tokens_overage", "create price tokens_overage_year",
		"create price team_monthly", "create price coins_100",
		"create portal", "create webhook",
	}
	if diff := cmp.Diff(want, short(changes)); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if len(l.stock(t)) > 0 {
		t.Error("a look made something")
	}
	secret, err := l.ApplyCatalog(t.Context(), changes)
	if err != nil || !strings.HasPrefix(secret, "whsec_") {
		t.Fatalf("the secret is %q, %v; want whsec_…", secret, err)
	}
	stock := []string{
		"meter tollgate_coins Coins",
		"meter tollgate_disk Disk",
		"meter tollgate_people People",
		"meter tollgate_tokens Tokens",
		"portal https://app.example.com/billing",
		"price coins_100 tollgate-topup_coins_100 1000 map[price:coins_100 source:tollgate topUp:coins_100]",
		"price coins_overage tollgate_pro 999.5 map[meter:coins plan:pro price:coins_overage source:tollgate]",
		"price coins_overage_year tollgate_pro 999.5 map[meter:coins plan:pro price:coins_overage_year source:tollgate]",
		"price disk_monthly tollgate_pro <nil> map[meter:disk plan:pro price:disk_monthly source:tollgate]",
		"price people_overage tollgate_pro 500 map[meter:people plan:pro price:people_overage source:tollgate]",
		"price people_overage_year tollgate_pro 500 map[meter:people plan:pro price:people_overage_year source:tollgate]",
		"price pro_monthly tollgate_pro 9990 map[plan:pro price:pro_monthly source:tollgate]",
		"price pro_yearly tollgate_pro 99900 map[plan:pro price:pro_yearly source:tollgate]",
		"price team_monthly tollgate_team 20000 map[plan:team price:team_monthly source:tollgate]",
		"price tokens_overage tollgate_pro <nil> map[meter:tokens plan:pro price:tokens_overage source:tollgate]",
		"price tokens_overage_year tollgate_pro <nil> map[meter:tokens plan:pro price:tokens_overage_year source:tollgate]",
		"product tollgate-topup_coins_100 100 coins map[source:tollgate topUp:coins_100]",
		"product tollgate_pro Pro map[plan:pro source:tollgate]",
		"product tollgate_team Team map[plan:team source:tollgate]",
		"webhook " + hook + " enabled " + sandbox.APIVersion + " 32",
	}
	if diff := cmp.Diff(stock, l.stock(t)); diff != "" {
		t.Errorf("what Stripe has (-want +got):\n%s", diff)
	}
	for range 2 {
		if again := apply(t, l.Client, wish(t, shop)); again != nil {
			t.Errorf("the same catalog again: %q, want no step", again)
		}
	}
	if again, err := l.ApplyCatalog(t.Context(), changes); err != nil || again != secret {
		t.Errorf("the same changes again: %q, %v; want the first secret", again, err)
	}
	if diff := cmp.Diff(stock, l.stock(t)); diff != "" {
		t.Errorf("the same changes again made a difference (-want +got):\n%s", diff)
	}
}

func TestTiersArriveDigitByDigit(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	apply(t, l.Client, wish(t, shop))
	prices := map[string]map[string]any{}
	for _, p := range l.get(t, "/v1/prices?limit=100&expand[]=data.tiers") {
		prices[fmt.Sprint(p["lookup_key"])] = p
	}
	for key, want := range map[string]string{
		"tokens_overage": `graduated [{"flat_amount":null,"flat_amount_decimal":null,"unit_amount":null,"unit_amount_decimal":"0.123456789012","up_to":5},` +
			`{"flat_amount":null,"flat_amount_decimal":"0.5","unit_amount":650,"unit_amount_decimal":"650","up_to":1000000000000},` +
			`{"flat_amount":6000,"flat_amount_decimal":"6000","unit_amount":0,"unit_amount_decimal":"0","up_to":null}] null`,
		"disk_monthly": `volume [{"flat_amount":null,"flat_amount_decimal":null,"unit_amount":700,"unit_amount_decimal":"700","up_to":10},` +
			`{"flat_amount":null,"flat_amount_decimal":null,"unit_amount":null,"unit_amount_decimal":"0.000000000001","up_to":null}] null`,
		"coins_overage":  `<nil> null {"divide_by":1000,"round":"up"}`,
		"people_overage": `<nil> null {"divide_by":1000000000000,"round":"up"}`,
	} {
		tiers, err := json.Marshal(prices[key]["tiers"])
		if err != nil {
			t.Fatal(err)
		}
		transform, err := json.Marshal(prices[key]["transform_quantity"])
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%v %s %s", prices[key]["tiers_mode"], tiers, transform); got != want {
			t.Errorf("%s is %s\nwant %s", key, got, want)
		}
	}
}

func TestOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	var product, price, other struct{ ID string }
	l.ask(t, "POST", "/v1/products", url.Values{"name": {"Shirt"}}, &product)
	l.ask(t, "POST", "/v1/prices", url.Values{"product": {product.ID}, "currency": {"usd"}, "unit_amount": {"900"}, "lookup_key": {"team_monthly"}}, &price)
	l.ask(t, "POST", "/v1/billing/meters", url.Values{"display_name": {"Water"}, "event_name": {"water"}, "default_aggregation[formula]": {"last"}}, &other)
	l.ask(t, "POST", "/v1/webhook_endpoints", url.Values{"url": {"https://example.com/shirts"}, "enabled_events[]": {"*"}}, &other)
	l.ask(t, "POST", "/v1/billing_portal/configurations", url.Values{"features[invoice_history][enabled]": {"true"}}, &other)
	changes := steps(t, l.Client, wish(t, shop))
	for _, s := range changes.Steps() {
		if s.Op != "create" {
			t.Errorf("a step to what is not ours: %+v", s)
		}
		if s.Slug == "team_monthly" && !strings.Contains(s.What, "takes the lookup key from "+price.ID) {
			t.Errorf("%+v does not say whose lookup key it takes", s)
		}
	}
	if _, err := l.ApplyCatalog(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	empty := wish(t, "meters: {tokens: {aggregation: sum}}\nplans: {free: {default: true}}")
	empty.WebhookURL = ""
	apply(t, l.Client, empty)
	want := []string{"meter water Water", "portal <nil>", "portal https://app.example.com/billing",
		"price <nil> " + product.ID + " 900 map[]", "product " + product.ID + " Shirt map[]",
		"webhook " + hook + " enabled " + sandbox.APIVersion + " 32", "webhook https://example.com/shirts enabled <nil> 1"}
	if diff := cmp.Diff(want, l.stock(t)); diff != "" {
		t.Errorf("what Stripe has (-want +got):\n%s", diff)
	}
}

func TestAWebhookEndpointIsMended(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	apply(t, l.Client, wish(t, shop))
	id := fmt.Sprint(l.get(t, "/v1/webhook_endpoints")[0]["id"])
	var endpoint struct{ ID string }
	l.ask(t, "POST", "/v1/webhook_endpoints/"+id, url.Values{"enabled_events[]": {"price.created"}, "disabled": {"true"}}, &endpoint)
	changes := steps(t, l.Client, wish(t, shop))
	if got := changes.Steps(); len(got) != 1 || got[0].What != "events, enabled again" {
		t.Errorf("steps are %+v", got)
	}
	if secret, err := l.ApplyCatalog(t.Context(), changes); err != nil || secret != "" {
		t.Errorf("mending gave %q, %v; want no secret", secret, err)
	}

	// Deleted at Stripe, it is made anew and not taken from the answer that Stripe keeps for the first time.
	l.ask(t, "DELETE", "/v1/webhook_endpoints/"+id, nil, &endpoint)
	secret, err := l.ApplyCatalog(t.Context(), steps(t, l.Client, wish(t, shop)))
	if err != nil || !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("made anew: %q, %v", secret, err)
	}
	if got := l.get(t, "/v1/webhook_endpoints"); len(got) != 1 || got[0]["id"] == id {
		t.Errorf("endpoints are %v, want one new one", got)
	}

	// One of another version at the same address is replaced; one of ours elsewhere is only named.
	second := wish(t, shop)
	second.WebhookURL = "https://new.example.com/webhooks/stripe"
	l.ask(t, "POST", "/v1/webhook_endpoints", url.Values{"url": {second.WebhookURL}, "enabled_events[]": {"*"}}, &endpoint)
	if got := apply(t, l.Client, second); !slices.Equal(got, []string{"create webhook", "archive webhook", "keep webhook"}) &&
		!slices.Equal(got, []string{"create webhook", "keep webhook", "archive webhook"}) {
		t.Errorf("at a new address: %q", got)
	}
	if got := apply(t, l.Client, second); !slices.Equal(got, []string{"keep webhook"}) {
		t.Errorf("at a new address, again: %q", got)
	}
}

func TestPricesAreFoundBySlug(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	apply(t, l.Client, wish(t, shop))
	got := sold(t, l.Client)
	for slug, p := range got {
		if !strings.HasPrefix(p.ID, "price_") {
			t.Errorf("%s has the id %q", slug, p.ID)
		}
		p.ID = ""
		got[slug] = p
	}
	over := func(slug, meter id.Slug, interval string) stripe.SoldPrice {
		return stripe.SoldPrice{Product: "tollgate_pro", Slug: slug, Plan: "pro", Meter: meter, Currency: "usd", Interval: interval, Active: true, Metered: true}
	}
	want := map[id.Slug]stripe.SoldPrice{
		"pro_monthly":         {Product: "tollgate_pro", Slug: "pro_monthly", Plan: "pro", Amount: 9990, Currency: "usd", Interval: "month", Active: true},
		"pro_yearly":          {Product: "tollgate_pro", Slug: "pro_yearly", Plan: "pro", Amount: 99900, Currency: "usd", Interval: "year", Active: true},
		"team_monthly":        {Product: "tollgate_team", Slug: "team_monthly", Plan: "team", Amount: 20000, Currency: "usd", Interval: "month", Active: true},
		"coins_100":           {Product: "tollgate-topup_coins_100", Slug: "coins_100", TopUp: "coins_100", Amount: 1000, Currency: "usd", Active: true},
		"disk_monthly":        over("disk_monthly", "disk", "month"),
		"tokens_overage":      over("tokens_overage", "tokens", "month"),
		"tokens_overage_year": over("tokens_overage_year", "tokens", "year"),
		"coins_overage":       over("coins_overage", "coins", "month"),
		"coins_overage_year":  over("coins_overage_year", "coins", "year"),
		"people_overage":      over("people_overage", "people", "month"),
		"people_overage_year": over("people_overage_year", "people", "year"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("prices (-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeSoldIsSaidBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	clash := strings.Replace(shop, "team_monthly:", "tokens_overage_year:", 1)
	_, err := l.PlanCatalog(t.Context(), wish(t, clash))
	if !fault.Has(err, fault.Invalid) || !strings.Contains(err.Error(), "tokens_overage_year") {
		t.Errorf("two prices of one lookup key: %v", err)
	}
	var other struct{ ID string }
	l.ask(t, "POST", "/v1/billing/meters", url.Values{"display_name": {"T"}, "event_name": {"tollgate_tokens"}, "default_aggregation[formula]": {"last"}}, &other)
	_, err = l.PlanCatalog(t.Context(), wish(t, shop))
	if !fault.Has(err, fault.Conflict) || !strings.Contains(err.Error(), "tollgate_tokens") {
		t.Errorf("a meter that does not add up: %v", err)
	}
}

func TestLongListsAreReadToTheEnd(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	var b strings.Builder
	b.WriteString("currency: usd\nmeters: {tokens: {aggregation: sum}}\ntopUps:\n")
	for i := range 120 {
		fmt.Fprintf(&b, "  t%d: {amount: 100, grants: {tokens: 1}}\n", i)
	}
	b.WriteString("plans:\n  free: {default: true}\n")
	for i := range 12 {
		fmt.Fprintf(&b, "  p%d: {prices: {m%d: {amount: 100, every: month}, y%d: {amount: 1000, every: year}}}\n", i, i, i)
	}
	w := wish(t, b.String())
	apply(t, l.Client, w)
	if again := apply(t, l.Client, w); again != nil {
		t.Errorf("and again: %q", again)
	}
	if got := l.seen()["GET /v1/prices"]; got != 1+2 {
		t.Errorf("prices were read in %d pages, want one without any and two of 144", got)
	}
	products := l.get(t, "/v1/billing_portal/configurations")[0]["features"].(map[string]any)["subscription_update"].(map[string]any)["products"].([]any)
	if len(products) != 10 {
		t.Errorf("the portal offers %d products, want the 10 that Stripe takes", len(products))
	}
}

func TestOnlyACallerNeedsNoWebhookSecret(t *testing.T) {
	t.Parallel()
	options := stripe.Options{SecretKey: "sk_test_shop", URL: "http://127.0.0.1:1"}
	if _, err := stripe.NewCaller(options); err != nil {
		t.Errorf("a caller: %v", err)
	}
	if _, err := stripe.New(options); err == nil || !strings.Contains(err.Error(), "TOLLGATE_STRIPE_WEBHOOK_SECRET") {
		t.Errorf("a client without a webhook secret: %v, want what to set", err)
	}
	for _, wrong := range []stripe.Options{{}, {SecretKey: "pk_test_1"}, {SecretKey: "sk_live_1", URL: options.URL}, {SecretKey: "sk_test_1", URL: "shop"}} {
		if _, err := stripe.NewCaller(wrong); err == nil {
			t.Errorf("%+v was taken", wrong)
		}
	}
}

func TestOverageIsBilledWhenThePlanIs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, prices, want string }{
		{"by the month", "m: {amount: 1, every: month}", "over month"},
		{"by the year", "y: {amount: 1, every: year}", "over year"},
		{"by both, whatever their order", "y: {amount: 1, every: year}, m: {amount: 1, every: month}", "over month, over_year year"},
		{"by the month, though something is metered by the year", "m: {amount: 1, every: month}, d: {meter: disk, model: per_unit, unitAmount: 1, every: year}", "over month"},
		{"by the year, when that is all that is metered", "d: {meter: disk, model: per_unit, unitAmount: 1, every: year}", "over year"},
		{"by the month, when there is nothing else", "", "over month"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := open(t, nil)
			apply(t, l.Client, wish(t, "currency: usd\nmeters: {tokens: {aggregation: sum}, disk: {aggregation: sum}}\nplans:\n  free: {default: true}\n"+
				"  pro:\n    includes:\n      disk: {limit: unlimited}\n"+
				"      tokens: {limit: 1, every: month, soft: true, overage: {slug: over, model: per_unit, unitAmount: 1}}\n    prices: {"+tt.prices+"}\n"))
			var got []string
			for slug, p := range sold(t, l.Client) {
				if p.Meter == "tokens" {
					got = append(got, string(slug)+" "+p.Interval)
				}
			}
			slices.Sort(got)
			if got := strings.Join(got, ", "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// An amount that Tollgate cannot hold is no amount of ours, not even nothing.
func TestAnAmountPastAllBoundsIsNotFree(t *testing.T) {
	t.Parallel()
	l := open(t, nil)
	w := wish(t, "currency: usd\nmeters: {tokens: {aggregation: sum}}\nplans: {free: {default: true}, pro: {prices: {nothing: {amount: 0, every: month}}}}")
	var made struct{ ID string }
	l.ask(t, "POST", "/v1/products", url.Values{"id": {"tollgate_pro"}, "name": {"pro"}}, &made)
	l.ask(t, "POST", "/v1/prices", url.Values{"product": {"tollgate_pro"}, "currency": {"usd"}, "unit_amount_decimal": {"9999999999999.5"},
		"recurring[interval]": {"month"}, "metadata[source]": {"tollgate"}, "metadata[price]": {"nothing"}}, &made)
	apply(t, l.Client, w)
	if got := sold(t, l.Client)["nothing"]; got.ID == made.ID || !got.Active {
		t.Errorf("%+v is in force, want a free one", got)
	}
}

package plan_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

func TestAMeterIsPaidByThePlansOwnAllowanceThenByCreditsThenByGrants(t *testing.T) {
	t.Parallel()
	c := read(t, "testdata/example.yaml")
	for name, want := range map[string]struct {
		plan, meter, balance id.Slug
		cost                 quantity.Units
	}{
		"included, and no credits name it": {"free", "ai_requests", "ai_requests", quantity.One},
		"included, though credits name it": {"enterprise", "tokens", "tokens", quantity.One},
		"not included, credits name it":    {"free", "tokens", "ai_credits", 1000},
		"credits name it, none included":   {"guest", "gpt_4_chat", "ai_credits", 5 * quantity.One},
		"not included, no credits name it": {"free", "storage_gb", "storage_gb", quantity.One},
	} {
		balance, cost := c.Payer(c.Plans[want.plan], want.meter)
		if balance != want.balance || cost != want.cost {
			t.Errorf("%s: %s on %s is paid by %s at %s, want %s at %s",
				name, want.meter, want.plan, balance, cost, want.balance, want.cost)
		}
	}
}

func TestTheRolesOfPlansAreFound(t *testing.T) {
	t.Parallel()
	c := read(t, "testdata/example.yaml")
	if got := c.DefaultPlan().Slug; got != "free" {
		t.Errorf("the default plan is %q, want free", got)
	}
	if got, ok := c.GuestPlan(); !ok || got.Slug != "guest" {
		t.Errorf("the guest plan is %q, %v, want guest", got.Slug, ok)
	}
	if got, ok := read(t, "../examples/catalogs/credits.yaml").GuestPlan(); ok {
		t.Errorf("the guest plan is %q, want none", got.Slug)
	}
	if got := new(plan.Catalog).DefaultPlan(); got.Slug != "" {
		t.Errorf("the default plan of an empty catalog is %q, want none", got.Slug)
	}
}

func TestPlansComeInTheOrderOfTheDocumentUnlessTheyNameAPosition(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][]id.Slug{
		"testdata/example.yaml": {"guest", "free", "pro", "enterprise"},
		"testdata/models.yaml":  {"all", "free"},
	} {
		var got []id.Slug
		for _, p := range read(t, file).PlansInOrder() {
			got = append(got, p.Slug)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", file, got, want)
		}
	}
}

func TestRecurringPricesAreFoundWithTheirPlan(t *testing.T) {
	t.Parallel()
	c := read(t, "testdata/example.yaml")
	price, of, ok := c.Price("pro_yearly")
	if !ok || price.Amount != 7990 || price.Every.Months() != 12 || of.Slug != "pro" {
		t.Errorf("got %+v of %q, %v, want pro_yearly of pro", price, of.Slug, ok)
	}
	for _, slug := range []id.Slug{"pro_users_overage", "credits_500", "pro", ""} {
		if _, _, ok := c.Price(slug); ok {
			t.Errorf("%q is found as a recurring price", slug)
		}
	}
}

func TestBalancesAreMetersAndPools(t *testing.T) {
	t.Parallel()
	c := read(t, "testdata/example.yaml")
	for slug, want := range map[id.Slug]int{"tokens": 0, "storage_gb": 3, "ai_credits": 6} {
		if got, ok := c.Decimals(slug); !ok || got != want || !c.IsBalance(slug) {
			t.Errorf("%s: %d decimals, %v, want %d", slug, got, ok, want)
		}
	}
	for _, slug := range []id.Slug{"pro", "api_access", "credits_500", ""} {
		if c.IsBalance(slug) {
			t.Errorf("%q is a balance, want it not to be", slug)
		}
	}
}

func TestACatalogKnowsItsTimeZone(t *testing.T) {
	t.Parallel()
	if got := read(t, "testdata/models.yaml").Location().String(); got != "Europe/Paris" {
		t.Errorf("got %s, want Europe/Paris", got)
	}
	if got := new(plan.Catalog).Location().String(); got != "UTC" {
		t.Errorf("of a catalog made by hand: got %s, want UTC", got)
	}
	if err := json.Unmarshal([]byte(`{"timezone":"Mars/Olympus"}`), new(plan.Catalog)); err == nil {
		t.Error("a catalog in an unknown time zone was unmarshalled")
	}
}

func TestUnpublishedRulesDoNotStopAnOldCatalogFromBeingRead(t *testing.T) {
	t.Parallel()
	var c plan.Catalog
	err := json.Unmarshal([]byte(`{"version":3,"timezone":"UTC","future":true,"plans":{"old":{"slug":"old","trial":"9999d"}}}`), &c)
	if err != nil || c.Version != 3 || c.Plans["old"].TrialDays != 9999 {
		t.Errorf("got %+v, %v, want version 3", c, err)
	}
	for name, doc := range map[string]string{
		"a trial that is no number of days": `{"plans":{"old":{"trial":"soon"}}}`,
		"an allowance without a limit":      `{"plans":{"old":{"includes":{"a":{"every":"day"}}}}}`,
		"a limit that is a word":            `{"plans":{"old":{"includes":{"a":{"limit":"lots"}}}}}`,
		"a tier that ends nowhere":          `{"plans":{"old":{"prices":[{"tiers":[{}]}]}}}`,
		"a value that is a list":            `{"plans":{"old":{"features":{"a":[]}}}}`,
		"a time zone that is a number":      `{"timezone":1}`,
	} {
		if err := json.Unmarshal([]byte(doc), new(plan.Catalog)); err == nil {
			t.Errorf("%s: unmarshalled, want it refused", name)
		}
	}
}

package plan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/plan"
)

// edited returns the example catalog with pairs of texts replaced, each exactly once.
func edited(t *testing.T, pairs ...string) *plan.Catalog {
	t.Helper()
	b, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(doc, pairs[i]) != 1 {
			t.Fatalf("%q stands %d times in the example, want once", pairs[i], strings.Count(doc, pairs[i]))
		}
		doc = strings.Replace(doc, pairs[i], pairs[i+1], 1)
	}
	c, err := plan.Parse("example.yaml", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheSameCatalogHasNoChanges(t *testing.T) {
	t.Parallel()
	for _, file := range catalogs(t) {
		if got := plan.Diff(read(t, file), read(t, file)); len(got) != 0 {
			t.Errorf("%s: got %v, want no changes", file, got)
		}
	}
	if got := plan.Diff(nil, nil); len(got) != 0 {
		t.Errorf("nothing and nothing: got %v, want no changes", got)
	}
}

func TestFromNothingAllIsCreatedAndToNothingAllIsDeleted(t *testing.T) {
	t.Parallel()
	c := read(t, "testdata/example.yaml")
	created, deleted := plan.Diff(nil, c), plan.Diff(c, nil)
	if len(created) == 0 || len(created) != len(deleted) {
		t.Fatalf("%d are created and %d deleted, want the same", len(created), len(deleted))
	}
	for i := range created {
		if created[i].Op != plan.Create || deleted[i].Op != plan.Delete || created[i].Path != deleted[i].Path || created[i].Warning != "" {
			t.Errorf("got %+v and %+v, want the same thing created without a warning and deleted", created[i], deleted[i])
		}
	}
}

func TestEachChangeSaysWhatExistingCustomersNotice(t *testing.T) {
	t.Parallel()
	const heldFrom = "It holds for money that goes back from now on. What is owed or forgiven already stays so."
	const newPrice = "A price cannot change in Stripe: a new one is made. Customers who pay the old price keep it."
	update := func(kind, path, old, new, warning string) plan.Change {
		return plan.Change{Op: plan.Update, Kind: kind, Path: path, Old: old, New: new, Warning: warning}
	}
	for name, c := range map[string]struct {
		edit []string
		want []plan.Change
	}{
		"a lower limit": {[]string{"{limit: 20, every: day}", "{limit: 10, every: day}"}, []plan.Change{
			update("allowance", "plans.free.includes.ai_requests.limit", "20", "10",
				"Customers on this plan get the lower limit at once; what they have used stays counted."),
		}},
		"a higher limit": {[]string{"{limit: 20, every: day}", "{limit: 30, every: day}"}, []plan.Change{
			update("allowance", "plans.free.includes.ai_requests.limit", "20", "30", ""),
		}},
		"unlimited no more": {[]string{"{limit: unlimited}", "{limit: 5000, every: billing_period}"}, []plan.Change{
			update("allowance", "plans.enterprise.includes.ai_requests.limit", "unlimited", "5000",
				"Customers on this plan get the lower limit at once; what they have used stays counted."),
		}},
		"unlimited from now on": {[]string{"{limit: 20, every: day}", "{limit: unlimited, every: day}"}, []plan.Change{
			update("allowance", "plans.free.includes.ai_requests.limit", "20", "unlimited", ""),
		}},
		"another window": {[]string{"{limit: 20, every: day}", "{limit: 20, every: week}"}, []plan.Change{
			update("allowance", "plans.free.includes.ai_requests.every", "day", "week",
				"Customers on this plan change to the new window at once."),
		}},
		"less carried over": {[]string{"rollover: {max: 500}", "rollover: {max: 5}"}, []plan.Change{
			update("allowance", "plans.pro.includes.ai_credits.rollover", "500", "5",
				"Customers on this plan carry less over from now on."),
		}},
		"another amount": {[]string{"{amount: 799, ", "{amount: 899, "}, []plan.Change{
			update("price", "plans.pro.prices.pro_monthly.amount", "$7.99", "$8.99", newPrice),
		}},
		"another unit amount": {[]string{`unitAmount: "500"`, `unitAmount: "400"`}, []plan.Change{
			update("overage", "plans.pro.includes.active_users.overage.unitAmount", "500", "400", newPrice),
		}},
		"another tier": {[]string{`flatAmount: "0"`, `flatAmount: "5"`}, []plan.Change{
			update("overage", "plans.enterprise.includes.tokens.overage.tiers", "up to 1000000: 0.002 each; up to inf: 0.001 each",
				"up to 1000000: 0.002 each; up to inf: 0.001 each and 5 flat", newPrice),
		}},
		"a renamed price": {[]string{"pro_yearly:", "pro_annual:"}, []plan.Change{
			{Op: plan.Create, Kind: "price", Path: "plans.pro.prices.pro_annual", New: "model: flat, currency: usd, every: year, amount: $79.90"},
			{Op: plan.Delete, Kind: "price", Path: "plans.pro.prices.pro_yearly", Old: "model: flat, currency: usd, every: year, amount: $79.90",
				Warning: "Nobody can buy it any more. Customers who pay it keep it."},
		}},
		"a removed plan": {[]string{"  guest:\n    name: Guest\n    guest: true                    # for customers nobody has signed up\n    includes:\n      ai_requests: {limit: 5, every: never}\n", ""}, []plan.Change{
			{Op: plan.Delete, Kind: "plan", Path: "plans.guest", Old: "name: Guest, guest: true",
				Warning: "Customers on this plan lose it: move them to another plan first."},
			{Op: plan.Delete, Kind: "allowance", Path: "plans.guest.includes.ai_requests", Old: "limit: 5, every: never"},
		}},
		"a value that goes": {[]string{", pdfs_per_chat: 10, ", ", "}, []plan.Change{
			{Op: plan.Delete, Kind: "value", Path: "plans.pro.features.pdfs_per_chat", Old: "value: 10", Warning: "Customers on this plan lose it at once."},
		}},
		"a value that falls": {[]string{"pdfs_per_chat: unlimited", "pdfs_per_chat: 99"}, []plan.Change{
			update("value", "plans.enterprise.features.pdfs_per_chat.value", "unlimited", "99", "Customers on this plan lose it at once."),
		}},
		"a dearer cost": {[]string{"gpt_4_chat: 5, tokens", "gpt_4_chat: 6, tokens"}, []plan.Change{
			update("credits", "credits.ai_credits.costs.gpt_4_chat", "5", "6", "Customers pay for this meter differently from the next event on."),
		}},
		"another default": {[]string{"default: true ", "default: false ", "    name: Pro\n", "    name: Pro\n    default: true\n"}, []plan.Change{
			update("plan", "plans.free.default", "true", "false", "Customers without a subscription leave this plan."),
			update("plan", "plans.pro.default", "false", "true", "Customers without a subscription are on this plan from now on."),
		}},
		"another aggregation": {[]string{"aggregation: max", "aggregation: last"}, []plan.Change{
			update("meter", "meters.storage_gb.aggregation", "max", "last", "Usage already recorded is not counted again under the new rule."),
		}},
		"another time zone": {[]string{"timezone: UTC", "timezone: Asia/Tokyo"}, []plan.Change{
			update("catalog", "timezone", "UTC", "Asia/Tokyo", "Windows of customers without a zone of their own begin and end at other times."),
		}},
		"what is spent is owed": {[]string{"upgradeUrl: /pricing", "refunds: {spent: debt}\nupgradeUrl: /pricing"}, []plan.Change{
			update("catalog", "refunds.spent", "forgive", "debt", heldFrom),
			update("catalog", "disputes.spent", "forgive", "debt", heldFrom),
		}},
		"a shorter grace": {[]string{"upgradeUrl: /pricing", "access: {past_due: {grace: 3d, then: no_access}}\nupgradeUrl: /pricing"}, []plan.Change{
			update("catalog", "access.past_due.grace", "7d", "3d", "Customers of this status lose their plan sooner, those whose new grace is over at once."),
			update("catalog", "access.past_due.then", "default_plan", "no_access", "Customers of this status can use nothing from the end of their grace on."),
		}},
		"a plan that is kept": {[]string{"upgradeUrl: /pricing", "access: {paused: {then: keep}}\nupgradeUrl: /pricing"}, []plan.Change{
			update("catalog", "access.paused.then", "default_plan", "keep", ""),
		}},
		"another name": {[]string{"name: Enterprise", "name: Company"}, []plan.Change{
			update("plan", "plans.enterprise.name", "Enterprise", "Company", ""),
		}},
		"another order": {[]string{"    name: Enterprise\n", "    name: Enterprise\n    position: 1\n", "    name: Guest\n", "    name: Guest\n    position: 9\n"}, []plan.Change{
			update("catalog", "plans (order)", "guest, free, pro and enterprise", "enterprise, free, pro and guest", ""),
		}},
		"refused past the limit": {[]string{"        soft: true                 # accept beyond the limit and bill it\n        overage: {slug: pro_users_overage, model: per_unit, unitAmount: \"500\"}\n", ""}, []plan.Change{
			update("allowance", "plans.pro.includes.active_users.soft", "true", "false", "Customers on this plan are refused past the limit at once."),
			{Op: plan.Delete, Kind: "overage", Path: "plans.pro.includes.active_users.overage",
				Old:     "slug: pro_users_overage, model: per_unit, currency: usd, unitAmount: 500",
				Warning: "Usage past the limit is no longer billed."},
		}},
		"an allowance that goes": {[]string{"      ai_credits:  {limit: 100, every: never}\n", ""}, []plan.Change{
			{Op: plan.Delete, Kind: "allowance", Path: "plans.free.includes.ai_credits", Old: "limit: 100, every: never", Warning: "Customers on this plan lose it at once."},
		}},
		"a meter that goes": {[]string{"  storage_gb:    {name: Storage, aggregation: max, unit: GB, decimals: 3}\n", ""}, []plan.Change{
			{Op: plan.Delete, Kind: "meter", Path: "meters.storage_gb", Old: "name: Storage, aggregation: max, unit: GB, decimals: 3",
				Warning: "Usage of this meter is refused from now on. What is recorded stays."},
		}},
		"a cost that goes": {[]string{`, tokens: "0.001"}`, "}"}, []plan.Change{
			update("credits", "credits.ai_credits.costs.tokens", "0.001", "", "Customers pay for this meter differently from the next event on."),
		}},
		"no guests any more": {[]string{"guest: true ", "guest: false "}, []plan.Change{
			update("plan", "plans.guest.guest", "true", "false", "Guests leave this plan."),
		}},
		"a top-up that lasts": {[]string{"expires: 365d ", "expires: never "}, []plan.Change{
			update("top-up", "topUps.credits_500.expires", "365d", "", ""),
		}},
	} {
		if diff := cmp.Diff(c.want, plan.Diff(read(t, "testdata/example.yaml"), edited(t, c.edit...))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestChangesAreShownInTheMannerOfTerraform(t *testing.T) {
	t.Parallel()
	was := read(t, "testdata/example.yaml")
	is := edited(t, "{limit: 20, every: day}", "{limit: 10, every: day}", "pro_yearly:", "pro_annual:",
		"    name: Free\n", "    name: Free\n    trial: 3d\n", "topUps:\n", "topUps:\n  more: {amount: 100, grants: {tokens: 5}}\n")
	var b bytes.Buffer
	for _, step := range []struct {
		title    string
		old, new *plan.Catalog
		color    bool
	}{
		{"From nothing", nil, was, false},
		{"An edit", was, is, false},
		{"An edit, in colour", was, is, true},
		{"No edit", is, is, true},
	} {
		b.WriteString("# " + step.title + "\n")
		if err := plan.Render(&b, plan.Diff(step.old, step.new), step.color); err != nil {
			t.Fatal(err)
		}
		b.WriteString("\n")
	}
	golden(t, "testdata/render.golden", b.String())
}

// full is a writer on a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAWriterThatFailsIsReported(t *testing.T) {
	t.Parallel()
	c := read(t, "testdata/example.yaml")
	for _, changes := range [][]plan.Change{nil, plan.Diff(nil, c)} {
		if err := plan.Render(full{}, changes, false); err == nil {
			t.Errorf("%d changes: got no error, want that of the writer", len(changes))
		}
	}
}

// The documents a fuzzer starts from: the examples, the transcripts, and pieces that are easy to break.
func seeds(f *testing.F) {
	for _, file := range []string{"example.yaml", "models.yaml", "refused_document.yaml", "refused_meters.yaml",
		"refused_plans.yaml", "refused_prices.yaml", "refused_currency.yaml"} {
		b, err := os.ReadFile("testdata/" + file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, s := range []string{"", "{}", "plans: {free: {default: true}}", "a: &a [*a]", "? a", "- - -", "|\n x", "---\n...\n---",
		"plans:\n  free: {default: true, name: \"\\ud83d\\ude00\\u2028\"}"} {
		f.Add([]byte(s))
	}
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		c, err := plan.Parse("fuzz.yaml", doc)
		if err != nil {
			var problems plan.Problems
			if len(doc) <= plan.DocumentBytesMax && (!errors.As(err, &problems) || len(problems) == 0 || len(problems) > plan.ProblemsMax) {
				t.Fatalf("refused with %v, want Problems", err)
			}
			for _, p := range problems {
				if p.Line < 1 || p.Column < 1 || p.Message == "" {
					t.Fatalf("a problem without a place or a message: %+v", p)
				}
			}
			return
		}
		if changes := plan.Diff(c, c); len(changes) > 0 {
			t.Fatalf("a catalog differs from itself: %v", changes)
		}
		form, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := plan.Parse("fuzz.json", form)
		if err != nil {
			t.Fatalf("the JSON form is refused: %v\n%s", err, form)
		}
		if changes := plan.Diff(c, again); len(changes) > 0 {
			t.Fatalf("read back from JSON it differs: %v\n%s", changes, form)
		}
		var stored plan.Catalog
		if err := json.Unmarshal(form, &stored); err != nil {
			t.Fatalf("the JSON form does not unmarshal: %v\n%s", err, form)
		}
		if changes := plan.Diff(c, &stored); len(changes) > 0 {
			t.Fatalf("unmarshalled it differs: %v\n%s", changes, form)
		}
	})
}

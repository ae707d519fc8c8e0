package stripe_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripeapi "github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// A call is an exported function, called in the tale of a customer, and the operations of Stripe's that it asks for. The same
// function may be called again for other operations.
type call struct {
	name string
	asks []string
	do   func() error
}

// TestEveryExportedFunctionAsksStripeForWhatStripeHas calls each exported function and method of the package. What it sends
// is held to Stripe's OpenAPI description by the till, and must be the operations that are listed here.
func TestEveryExportedFunctionAsksStripeForWhatStripeHas(t *testing.T) {
	t.Parallel()
	called := map[string]bool{}
	for _, c := range newTale(t).calls() {
		before := c.tale.sent()
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var asked []string
		for operation, times := range c.tale.sent() {
			if times > before[operation] {
				asked = append(asked, operation)
			}
		}
		slices.Sort(asked)
		slices.Sort(c.asks)
		if diff := cmp.Diff(c.asks, asked); diff != "" {
			t.Errorf("%s asks for other operations (-want +got):\n%s", c.name, diff)
		}
		called[c.name] = true
	}
	if diff := cmp.Diff(exported(t), slices.Sorted(maps.Keys(called))); diff != "" {
		t.Errorf("exported functions and those called here (-exported +called):\n%s", diff)
	}
}

// exported returns the names of the package's exported functions and methods.
func exported(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			name := f.Name.Name
			if f.Recv != nil {
				of := f.Recv.List[0].Type
				if star, ok := of.(*ast.StarExpr); ok {
					of = star.X
				}
				if !ast.IsExported(of.(*ast.Ident).Name) {
					continue
				}
				name = of.(*ast.Ident).Name + "." + name
			}
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// A tale is what the calls leave to one another.
type tale struct {
	*testing.T
	till
	changes  *stripe.Changes
	prices   map[id.Slug]string
	customer string // at Stripe
	visit    stripe.Session
	sub      string // a subscription
	item     string // its licensed item
	charge   string
	event    []byte
	start    time.Time
}

type told struct {
	call
	tale *tale
}

func newTale(t *testing.T) *tale {
	return &tale{T: t, till: open(t, nil), prices: map[id.Slug]string{}, start: time.Now()}
}

const (
	events   = "GET /v1/events"
	expiring = "POST /v1/checkout/sessions/{session}/expire"
	visits   = "GET /v1/checkout/sessions"
	priced   = "GET /v1/prices/{price}"
	methods  = "GET /v1/customers/{customer}/payment_methods"
)

func (a *tale) calls() []told {
	var all []told
	add := func(name string, do func() error, asks ...string) {
		all = append(all, told{call{name, asks, do}, a})
	}
	a.outset(add)
	a.selling(add)
	a.promoting(add)
	a.changing(add)
	a.counting(add)
	a.onFile(add)
	return all
}

type adds func(name string, do func() error, asks ...string)

// want is an error unless what was found is right.
func want(right bool, found any) error {
	if right {
		return nil
	}
	return fmt.Errorf("found %+v", found)
}

func (a *tale) outset(add adds) {
	ctx, options := a.Context(), stripe.Options{SecretKey: "sk_test_shop", WebhookSecret: "whsec_told", URL: a.url}
	add("Options.Check", options.Check)
	add("New", func() (err error) { a.Client, err = stripe.New(options); return err })
	add("NewCaller", func() error { _, err := stripe.NewCaller(options); return err })
	add("Client.Live", func() error { return want(!a.Live(), true) })
	add("MeterName", func() error { return want(stripe.MeterName("tokens") == "tollgate_tokens", stripe.MeterName("tokens")) })
	lists := []string{"GET /v1/products", "GET /v1/prices", "GET /v1/billing/meters", "GET /v1/billing_portal/configurations", "GET /v1/webhook_endpoints"}
	add("Client.PlanCatalog", func() (err error) { a.changes, err = a.PlanCatalog(ctx, wish(a.T, shop)); return err }, lists...)
	add("Changes.Steps", func() error { return want(len(a.changes.Steps()) > 0, 0) })
	add("Changes.Pending", func() error { return want(a.changes.Pending() > 0, 0) })
	add("Client.ApplyCatalog", func() error { _, err := a.ApplyCatalog(ctx, a.changes); return err },
		"POST /v1/products", "POST /v1/prices", "POST /v1/billing/meters", "POST /v1/billing_portal/configurations", "POST /v1/webhook_endpoints")
	add("Client.PlanCatalog", func() (err error) { // of what is archived and changed
		empty := wish(a.T, "meters: {tokens: {aggregation: sum}}\nplans: {free: {default: true}}")
		a.changes, err = a.PlanCatalog(ctx, empty)
		return err
	}, append(lists, "GET /v1/subscriptions")...)
	add("Client.ApplyCatalog", func() error { _, err := a.ApplyCatalog(ctx, a.changes); return err },
		"POST /v1/products/{id}", "POST /v1/prices/{price}", "POST /v1/billing/meters/{id}/deactivate", "POST /v1/billing_portal/configurations/{configuration}")
	add("Client.ApplyCatalog", func() error { // of what is sold again
		changes, err := a.PlanCatalog(ctx, wish(a.T, strings.Replace(shop, "name: Tokens", "name: Words", 1)))
		if err != nil {
			return err
		}
		_, err = a.ApplyCatalog(ctx, changes)
		return err
	}, append(lists, "POST /v1/products/{id}", "POST /v1/prices/{price}", "POST /v1/billing/meters/{id}", "POST /v1/billing/meters/{id}/reactivate",
		"POST /v1/billing_portal/configurations/{configuration}")...)
	add("Client.PricesBySlug", func() error {
		found, err := a.PricesBySlug(ctx)
		return errors.Join(err, want(found["pro_monthly"].Active, found))
	}, "GET /v1/prices")
	add("Client.PriceIDs", func() (err error) {
		a.prices, err = a.PriceIDs(ctx, "pro_monthly", "team_monthly", "tokens_overage", "coins_100")
		return errors.Join(err, want(len(a.prices) == 4, a.prices))
	}, "GET /v1/prices")
	add("Client.PriceSlug", func() error {
		slug, err := a.PriceSlug(ctx, a.prices["coins_100"])
		return errors.Join(err, want(slug == "coins_100", slug))
	}, priced)
}

const brien id.Customer = `o'brien\1`

func (a *tale) selling(add adds) {
	ctx := a.Context()
	payer := stripe.Payer{Key: 7, ExternalID: brien, Email: "ob@example.com", Name: "O'Brien"}
	add("Client.CreateCustomer", func() (err error) { a.customer, err = a.CreateCustomer(ctx, payer); return err }, "POST /v1/customers")
	add("Client.Customers", func() error {
		var others struct{ ID string }
		a.ask(a.T, "POST", "/v1/customers", url.Values{"email": {"stranger@example.com"}}, &others)
		var all []stripe.Found
		err := a.Client.Customers(ctx, func(page []stripe.Found) error { all = append(all, page...); return nil })
		return errors.Join(err, want(len(all) == 1 && all[0] == stripe.Found{Stripe: a.customer, ExternalID: brien}, all))
	}, "GET /v1/customers")
	add("Client.CustomerName", func() error {
		name, deleted, err := a.CustomerName(ctx, a.customer)
		return errors.Join(err, want(name == brien && !deleted, name))
	}, "GET /v1/customers/{customer}")
	add("Client.PromotionCode", func() error {
		var made struct{ ID string }
		a.ask(a.T, "POST", "/v1/coupons", url.Values{"percent_off": {"50"}, "duration": {"once"}}, &made)
		a.ask(a.T, "POST", "/v1/promotion_codes", url.Values{"promotion[type]": {"coupon"}, "promotion[coupon]": {made.ID}, "code": {"SPRING"}}, &made)
		found, err := a.PromotionCode(ctx, "SPRING")
		return errors.Join(err, want(found == made.ID, found))
	}, "GET /v1/promotion_codes")
	visit := func(o stripe.Checkout) func() error {
		return func() (err error) {
			o.Customer, o.ExternalID, o.SuccessURL, o.CancelURL = a.customer, brien, "https://example.com/ok", "https://example.com/no"
			o.PriceID, o.Key = a.prices[id.Slug(o.PriceID)], rand()
			for i, slug := range o.Metered {
				o.Metered[i] = a.prices[id.Slug(slug)]
			}
			a.visit, err = a.Open(ctx, o)
			return err
		}
	}
	const opening = "POST /v1/checkout/sessions"
	add("Client.Open", visit(stripe.Checkout{Mode: "setup"}), opening)
	add("Client.Open", visit(stripe.Checkout{Mode: "subscription", PriceID: "team_monthly", Quantity: 2, TrialDays: 3, Tax: true}), opening)
	add("Client.OpenVisits", func() error {
		open, err := a.OpenVisits(ctx, a.customer)
		return errors.Join(err, want(len(open) == 1 && open[0] == a.visit.ID, open))
	}, visits)
	add("Client.Expire", func() error { return a.Expire(ctx, a.visit.ID) }, expiring)
	add("Client.Expire", func() error { return a.Expire(ctx, a.visit.ID) }, expiring, "GET /v1/checkout/sessions/{session}") // it has expired
	add("Client.Open", visit(stripe.Checkout{Mode: "payment", PriceID: "coins_100", Quantity: 3, TopUp: "coins_100", ExpiresDays: 30, Codes: true,
		Grants: map[id.Slug]quantity.Units{"coins": quantity.Whole(300)}}), opening)
	add("Client.Session", func() (err error) {
		a.pay("4000000000000259")
		a.visit, err = a.Session(ctx, a.visit.ID)
		return errors.Join(err, want(a.visit.Status == "complete", a.visit))
	}, "GET /v1/checkout/sessions/{session}")
	add("Client.Open", visit(stripe.Checkout{Mode: "subscription", PriceID: "pro_monthly", Quantity: 1, Metered: []string{"tokens_overage"}}), opening)
	add("Client.Fetch", func() error {
		a.pay("4242424242424242")
		p, err := a.Fetch(ctx, a.customer)
		if err != nil || len(p.Subscriptions) != 1 || len(p.Payments) != 2 {
			return errors.Join(err, fmt.Errorf("found %+v", p))
		}
		a.sub, a.item, a.charge = p.Subscriptions[0].ID, p.Subscriptions[0].Licensed().ID, p.Payments[0].ID
		return nil
	}, "GET /v1/subscriptions", "GET /v1/invoices", "GET /v1/charges", "GET /v1/disputes", visits, methods, priced)
	add("Client.Refund", func() error {
		for n := range 11 { // more than a charge brings along
			if _, err := a.Refund(ctx, a.charge, new(int64(10+n)), "requested_by_customer", fmt.Sprint("r", n)); err != nil {
				return err
			}
		}
		return nil
	}, "GET /v1/refunds", "POST /v1/refunds")
	add("Client.Fetch", func() error {
		p, err := a.Fetch(ctx, a.customer)
		return errors.Join(err, want(len(p.Payments[0].Returns) == 11, p.Payments))
	}, "GET /v1/subscriptions", "GET /v1/invoices", "GET /v1/charges", "GET /v1/disputes", visits, "GET /v1/refunds", methods)
	add("Client.CustomerOfCharge", func() error {
		found, err := a.CustomerOfCharge(ctx, a.charge)
		return errors.Join(err, want(found == a.customer, found))
	}, "GET /v1/charges/{charge}")
	add("Client.Portal", func() error { _, err := a.Portal(ctx, a.customer, "https://example.com/back"); return err }, "POST /v1/billing_portal/sessions")
	add("Client.Events", func() error {
		return a.Client.Events(ctx, a.start.Add(-time.Hour), func(page []stripe.Event) error {
			a.event = page[0].Payload
			return nil
		})
	}, events)
	add("Client.Verify", func() error {
		signed := stripeapi.GenerateTestSignedPayload(&stripeapi.UnsignedPayload{Payload: a.event, Secret: "whsec_told"})
		_, err := a.Verify(a.event, signed.Header)
		return err
	})
}

func (a *tale) changing(add adds) {
	ctx := a.Context()
	const update = "POST /v1/subscriptions/{subscription_exposed_id}"
	change := stripe.Change{Quantity: 2, Now: true}
	ready := func() stripe.Change {
		change.Date = a.Now()
		change.Subscription, change.Item, change.PriceID, change.Key = a.sub, a.item, a.prices["team_monthly"], rand()
		return change
	}
	add("Client.Subscription", func() error {
		s, whose, err := a.Subscription(ctx, a.sub)
		change.Drop = nil
		for _, i := range s.Items {
			if i.Meter != "" {
				change.Drop = append(change.Drop, i.ID)
			}
		}
		return errors.Join(err, want(whose == a.customer && len(change.Drop) == 1, s))
	}, "GET /v1/subscriptions/{subscription_exposed_id}")
	add("Client.Preview", func() error { _, err := a.Preview(ctx, ready()); return err }, "POST /v1/invoices/create_preview")
	add("Client.Upcoming", func() error { _, err := a.Upcoming(ctx, a.sub); return err }, "POST /v1/invoices/create_preview")
	add("Client.Change", func() error { _, err := a.Change(ctx, ready()); return err }, update)
	add("Client.Change", func() error { // back, from the next period on
		_, err := a.Change(ctx, stripe.Change{Subscription: a.sub, Item: a.item, PriceID: a.prices["pro_monthly"], Add: []string{a.prices["tokens_overage"]}, Key: rand()})
		return err
	}, update)
	for _, yes := range []bool{true, false} {
		add("Client.CancelAtPeriodEnd", func() error { _, err := a.CancelAtPeriodEnd(ctx, a.sub, yes); return err }, update)
		add("Client.PausePayments", func() error { _, err := a.PausePayments(ctx, a.sub, yes); return err }, update)
	}
}

func (a *tale) counting(add adds) {
	ctx := a.Context()
	var span period.Span
	add("Client.SendEvent", func() error {
		return a.SendEvent(ctx, stripe.MeterEvent{Name: "tollgate_tokens", Customer: a.customer, Value: 5, At: a.Now(), Identifier: "tokens:7:1"})
	}, "POST /v1/billing/meter_events")
	add("Client.Counted", func() error {
		span = period.Span{Start: a.start.Add(-time.Hour).Truncate(time.Minute), End: a.Now().Add(time.Hour).Truncate(time.Minute)}
		n, err := a.Counted(ctx, "tollgate_tokens", a.customer, span)
		return errors.Join(err, want(n == 5, n))
	}, "GET /v1/billing/meters", "GET /v1/billing/meters/{id}/event_summaries")
	add("Client.MeteredPrice", func() error {
		p, err := a.MeteredPrice(ctx, a.prices["tokens_overage"])
		return errors.Join(err, want(len(p.Tiers) == 3, p))
	}, priced)
	extra := func() stripe.Extra {
		return stripe.Extra{Customer: a.customer, Subscription: a.sub, Amount: 12, Currency: "usd", Description: "late", Period: span, Key: "tokens:7:2"}
	}
	add("Client.AddExtra", func() error { return a.AddExtra(ctx, extra(), false) }, "POST /v1/invoiceitems")
	add("Client.AddExtra", func() error { return a.AddExtra(ctx, extra(), true) }, "GET /v1/invoiceitems")
	add("Client.InvoiceState", func() error {
		p, err := a.Fetch(ctx, a.customer)
		if err != nil {
			return err
		}
		status, _, err := a.InvoiceState(ctx, p.Invoices[len(p.Invoices)-1].ID)
		return errors.Join(err, want(status == "paid", status))
	}, "GET /v1/invoices/{invoice}", "GET /v1/subscriptions", "GET /v1/invoices", "GET /v1/charges", "GET /v1/disputes", visits, "GET /v1/refunds", methods, priced)
	const end = "DELETE /v1/subscriptions/{subscription_exposed_id}"
	add("Client.Cancel", func() error { _, err := a.Cancel(ctx, a.sub); return err }, end)
	add("Client.Subscribe", func() error {
		_, err := a.Subscribe(ctx, a.customer, []string{a.prices["pro_monthly"], a.prices["tokens_overage"]}, 2, 30, map[string]string{"source": "tollgate"}, rand())
		return err
	}, "POST /v1/subscriptions")
	add("Client.SubscribeOnce", func() error { // whose trial ends without a card
		other, err := a.CreateCustomer(ctx, stripe.Payer{Key: 8, ExternalID: "carl"})
		if err != nil {
			return err
		}
		s, err := a.SubscribeOnce(ctx, other, []string{a.prices["pro_monthly"]}, 1, "carl", 8)
		if err != nil {
			return err
		}
		a.sub = s.ID
		return a.AdvanceBy(ctx, 25*time.Hour)
	}, "POST /v1/customers", "POST /v1/subscriptions")
	add("Client.Resume", func() error { _, err := a.Resume(ctx, a.sub); return err }, "POST /v1/subscriptions/{subscription}/resume")
}

// pay fills in the page of the visit.
func (a *tale) pay(card string) {
	a.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w, err := client.PostForm(a.visit.URL, url.Values{"action": {"pay"}, "email": {"x@example.com"}, "number": {card}, "expiry": {"12/40"}, "cvc": {"123"}})
	if err != nil {
		a.Fatal(err)
	}
	defer w.Body.Close()
	if w.Header.Get("Location") == "" {
		a.Fatalf("the visit was not paid: %d", w.StatusCode)
	}
}

// rand returns a key that was not used before.
func rand() string { return id.New("test", id.NewKey()) }

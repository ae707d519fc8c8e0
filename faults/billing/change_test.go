package billing_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// ladder has plans that bill all of a meter's use, what is past a limit of it, and none.
const ladder = `
currency: usd
meters:
  tokens: {aggregation: sum}
plans:
  free: {default: true, includes: {tokens: {limit: 5, every: never}}}
  flat:
    prices: {flat_monthly: {amount: 1000, every: month}}
    includes: {tokens: {limit: 100, every: billing_period}}
  past:
    prices: {past_monthly: {amount: 2000, every: month}}
    includes:
      tokens: {limit: 10, every: billing_period, soft: true, overage: {slug: past_overage, model: per_unit, unitAmount: "3"}}
  scale:
    prices:
      scale_monthly: {amount: 3000, every: month}
      scale_tokens: {meter: tokens, every: month, model: per_unit, unitAmount: "10"}
    includes: {tokens: {limit: unlimited}}
`

// climbing subscribes org to a plan of the ladder. change may change how the shop sells.
func climbing(t testing.TB, db string, plan string, change func(*tollgate.Options)) *shop {
	t.Helper()
	s := openWith(t, db, sandbox.Options{}, []byte(ladder), change)
	for plan, amount := range map[string]string{"flat": "1000", "past": "2000", "scale": "3000"} {
		s.stripe("/v1/prices", s.priceForm(plan+"_monthly", plan, url.Values{"unit_amount": {amount}}))
	}
	s.metered("tokens", "scale", url.Values{"unit_amount": {"10"}, "lookup_key": {"scale_tokens"}, "metadata[price]": {"scale_tokens"}})
	form := s.priceForm("past_overage", "past", url.Values{"unit_amount": {"3"}, "recurring[usage_type]": {"metered"}, "metadata[meter]": {"tokens"}})
	form.Set("recurring[meter]", list[object](s, "/v1/billing/meters", nil)[0].ID)
	s.stripe("/v1/prices", form)
	s.customer("org")
	s.buy(tollgate.CheckoutRequest{Customer: "org", Price: id.Slug(plan + "_monthly")}, visa)
	s.settle()
	s.advance(time.Hour)
	return s
}

func (s *shop) change(price id.Slug, when tollgate.When) {
	s.Helper()
	if _, err := s.engine.ChangeSubscription(s.ctx, tollgate.ChangeRequest{Subscription: s.subscription("org").ID, Price: price, When: when}); err != nil {
		s.Fatal(err)
	}
}

// billed returns what invoices have billed of a price: quantity and amount.
func (s *shop) billed(price id.Slug) (quantity, amount int64) {
	s.Helper()
	page, err := s.engine.InvoicesOf(s.ctx, "org", "", 0)
	if err != nil {
		s.Fatal(err)
	}
	for _, i := range page.Data {
		for _, l := range i.Lines {
			if l.Price == price && i.Status == "paid" {
				quantity, amount = quantity+l.Quantity, amount+l.Amount
			}
		}
	}
	return quantity, amount
}

func (s *shop) wantBilled(when string, price id.Slug, quantity, amount int64) {
	s.Helper()
	if q, a := s.billed(price); q != quantity || a != amount {
		s.Errorf("%s: %d of %s are billed for %d, want %d for %d", when, q, price, a, quantity, amount)
	}
}

// items returns the prices of a subscription's items, in their order.
func (s *shop) items() string {
	s.Helper()
	var out []id.Slug
	for _, i := range s.subscription("org").Items {
		out = append(out, i.Price)
	}
	return fmt.Sprint(out)
}

func (s *shop) burn(amount, txid string) {
	s.Helper()
	s.reading("tokens", amount, txid)
}

func TestUsageIsBilledUntilADowngradeComesIntoForce(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := climbing(t, db, "scale", nil)
		s.burn("7", "before the change")
		s.change("flat_monthly", "")
		if got := s.items(); got != "[flat_monthly scale_tokens]" {
			t.Errorf("after the change the subscription has %s: usage until the renewal must be billed", got)
		}
		s.burn("50", "after the change")
		s.want("until the renewal", "org", "scale", "tokens", -1)
		s.advance(30*day + 20*time.Hour)
		s.burn("3", "told to nobody before the invoice is final")
		s.advance(day)
		s.wantBilled("after the renewal", "scale_tokens", 57, 570)
		s.want("after the renewal", "org", "flat", "tokens", 100)
		if got := s.items(); got != "[flat_monthly]" {
			t.Errorf("after the renewal the subscription has %s", got)
		}
		s.burn("20", "on flat")
		s.advance(31 * day)
		s.wantBilled("a month later", "scale_tokens", 57, 570)
		if _, a, _ := s.invoiced("org"); a["flat_monthly"] != 1000 || a[""] != 30 {
			t.Errorf("a month later the invoice bills %v, want 1000 for flat and 30 for the last 3 tokens of the month before", a)
		}
		s.noErrors()
		s.audit()
	})
}

func TestADowngradeToAnotherPriceOfTheSameMeterBillsNothingTwice(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := climbing(t, db, "scale", nil)
		s.burn("7", "a")
		s.change("past_monthly", tollgate.AtPeriodEnd)
		s.burn("50", "b")
		s.minute()
		s.advance(31 * day)
		s.wantBilled("after the renewal", "scale_tokens", 57, 570)
		s.wantBilled("after the renewal", "past_overage", 0, 0)
		if got := s.items(); got != "[past_monthly past_overage]" {
			t.Errorf("after the renewal the subscription has %s", got)
		}
		s.burn("14", "c")
		s.minute()
		s.advance(31 * day)
		s.wantBilled("a month later", "scale_tokens", 57, 570)
		s.wantBilled("a month later", "past_overage", 4, 12)
		s.noErrors()
		s.audit()
	})
}

func TestAChangeNowBillsTheUsageOfTheLastMinute(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := climbing(t, db, "past", nil)
		s.burn("16", "a")
		preview, err := s.engine.PreviewChange(s.ctx, tollgate.ChangeRequest{Subscription: s.subscription("org").ID, Price: "scale_monthly"})
		if err != nil {
			t.Fatal(err)
		}
		s.change("scale_monthly", "")
		s.settle()
		s.wantBilled("at once", "past_overage", 6, 18)
		page, err := s.engine.InvoicesOf(s.ctx, "org", "", 0)
		if err != nil || page.Data[0].Total != preview.Total {
			t.Errorf("the change cost %+v, %v, and its preview said %d", page.Data, err, preview.Total)
		}
		s.advance(time.Hour)
		s.minute()
		s.change("flat_monthly", tollgate.Now)
		s.settle()
		s.want("after a downgrade at once", "org", "flat", "tokens", 84)
		if got := s.items(); got != "[flat_monthly]" {
			t.Errorf("after the change the subscription has %s", got)
		}
		s.noErrors()
		s.audit()
	})
}

func TestADowngradeTakenBackKeepsBillingByUse(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := climbing(t, db, "scale", nil)
		s.burn("7", "a")
		s.change("flat_monthly", tollgate.AtPeriodEnd)
		s.burn("5", "b")
		s.advance(7 * day)
		s.change("scale_monthly", tollgate.Now)
		if page, err := s.engine.PaymentsOf(s.ctx, "org", "", 0); err != nil || len(page.Data) != 1 {
			t.Errorf("what was paid already is paid again: %+v, %v", page.Data, err)
		}
		s.burn("3", "c")
		s.minute()
		s.advance(31 * day)
		s.wantBilled("after the renewal", "scale_tokens", 15, 150)
		if got := s.items(); got != "[scale_monthly scale_tokens]" {
			t.Errorf("after the renewal the subscription has %s", got)
		}
		s.noErrors()
		s.audit()
	})
}

func TestWhatAPlanBeforeGaveIsNotBilledByUse(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := climbing(t, db, "flat", nil)
		s.burn("30", "on flat")
		s.burn("1", "void")
		s.change("scale_monthly", "")
		s.settle()
		s.wantReported("after the change", "org", "tokens", 0, 0)
		s.advance(time.Minute)
		s.burn("5", "on scale")
		s.wantReported("used", "org", "tokens", 5, 0)
		s.minute()
		s.wantReported("told", "org", "tokens", 0, 5)
		if _, err := s.engine.Void(s.ctx, "org", "void", "a mistake"); err != nil {
			t.Fatal(err)
		}
		s.minute()
		s.wantReported("a token of the plan before is voided", "org", "tokens", 0, 4)
		if _, err := s.engine.Void(s.ctx, "org", "on flat", "a mistake"); err != nil {
			t.Fatal(err)
		}
		s.minute()
		s.wantReported("more is voided than was billed", "org", "tokens", 0, 4)
		s.burn("2", "after it")
		s.minute()
		s.wantReported("more is used", "org", "tokens", 0, 6)
		s.advance(31 * day)
		s.wantBilled("after the renewal", "scale_tokens", 6, 60)
		s.change("past_monthly", tollgate.Now)
		s.noErrors()
		s.audit()
	})
}

// TestMeteredPricesFollowAPlanThatIsChangedAtStripe: the portal and the dashboard change the plan's price alone.
func TestMeteredPricesFollowAPlanThatIsChangedAtStripe(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := climbing(t, db, "flat", nil)
		s.burn("30", "on flat")
		at := func(price string) {
			t.Helper()
			now := s.subscription("org")
			s.stripe("/v1/subscriptions/"+now.ID, url.Values{"items[0][id]": {now.Licensed().ID}, "items[0][price]": {s.prices[price]}, "proration_behavior": {"always_invoice"}})
			s.settle()
		}
		for _, p := range list[object](s, "/v1/prices", nil) {
			s.prices[p.Metadata["price"]] = p.ID
		}
		at("scale_monthly")
		if got := s.items(); got != "[scale_monthly scale_tokens]" {
			t.Errorf("moved to scale, the subscription has %s", got)
		}
		s.advance(time.Minute)
		s.burn("5", "on scale")
		s.minute()
		s.wantReported("on scale", "org", "tokens", 0, 5)
		at("flat_monthly")
		if got := s.items(); got != "[flat_monthly]" {
			t.Errorf("moved to flat, the subscription has %s", got)
		}
		at("scale_monthly")
		s.advance(time.Minute)
		s.burn("2", "on scale again")
		s.minute()
		s.advance(31 * day)
		s.wantBilled("after the renewal", "scale_tokens", 5+2, 50+20)
		s.noErrors()
		s.audit()
	})
}

func TestWhatAPlanBeforeGaveIsNoOverage(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := climbing(t, db, "flat", nil)
		s.burn("50", "within the limit of flat")
		s.change("past_monthly", tollgate.Now) // its limit is 10
		s.settle()
		s.wantReported("after the change", "org", "tokens", 0, 0)
		s.burn("3", "past the limit")
		s.minute()
		s.wantReported("used", "org", "tokens", 0, 3)
		s.advance(31 * day)
		s.wantBilled("after the renewal", "past_overage", 3, 9)
		s.noErrors()
		s.audit()
	})
}

// TestUsageBesideAChangeIsOnTheNextInvoice uses tokens while Stripe does the change: after all that was used before was told, and
// before the item is gone that counts it.
func TestUsageBesideAChangeIsOnTheNextInvoice(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		var beside atomic.Pointer[func()]
		s := climbing(t, db, "scale", func(o *tollgate.Options) {
			to, err := url.Parse(o.Payments.URL)
			if err != nil {
				t.Fatal(err)
			}
			stripe := httputil.NewSingleHostReverseProxy(to)
			gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if f := beside.Load(); f != nil && r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/v1/subscriptions/") && beside.CompareAndSwap(f, nil) {
					(*f)()
				}
				stripe.ServeHTTP(w, r)
			}))
			t.Cleanup(gate.Close)
			o.Payments.URL = gate.URL
		})
		s.burn("7", "a")
		use := func() { s.burn("4", "beside") }
		beside.Store(&use)
		s.change("flat_monthly", tollgate.Now)
		s.settle()
		s.wantBilled("at once", "scale_tokens", 7, 70)
		for range 5 {
			s.minute()
		}
		s.advance(31 * day)
		if _, a, status := s.invoiced("org"); status != "paid" || a[""] != 40 {
			t.Errorf("the next %s invoice bills %v, want 40 for the 4 tokens that were used beside the change", status, a)
		}
		s.noErrors()
		s.audit()
	})
}

func TestACancellationTellsItsCustomersUsageWhateverWaits(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := climbing(t, db, "scale", nil)
		s.burn("7", "a")
		s.minute()
		other, err := store.Open(s.ctx, db)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		now := s.sandbox.Now()
		var waiting []store.Report
		for n := range 150 { // another process has counted a page of customers, and is sending them
			waiting = append(waiting, store.Report{ReportKey: store.ReportKey{Customer: id.Key(1000 + n), Meter: "tokens", Start: now.Add(-day)}, End: now.Add(day), Number: 1,
				Event: "x", Identifier: fmt.Sprint("w", n), Quantity: 1, Total: 1, At: now, NextAt: now.Add(-time.Second), CreatedAt: now})
		}
		if n, err := other.PutReports(s.ctx, waiting...); err != nil || n != len(waiting) {
			t.Fatal(n, err)
		}
		s.burn("2", "b")
		s.burn("1", "c")
		if _, err := s.engine.CancelSubscription(s.ctx, s.subscription("org").ID, tollgate.Now); err != nil {
			t.Fatal(err)
		}
		s.settle()
		s.wantBilled("at the end", "scale_tokens", 10, 100)
	})
}

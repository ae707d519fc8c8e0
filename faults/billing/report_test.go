package billing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/examples/catalogs"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/sandbox"
)

const (
	users    id.Slug = "additional_users"
	requests id.Slug = "additional_requests"
)

// console opens a shop that sells examples/catalogs/console.yaml.
func console(t testing.TB, db string, options sandbox.Options, change func(*tollgate.Options)) *shop {
	t.Helper()
	text, err := catalogs.FS.ReadFile("console.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := openWith(t, db, options, text, change)
	s.stripe("/v1/prices", s.priceForm("console_monthly", "console", url.Values{"unit_amount": {"4900"}}))
	s.metered(users, "console", url.Values{"unit_amount": {"900"}})
	s.metered(requests, "console", url.Values{"billing_scheme": {"tiered"}, "tiers_mode": {"graduated"},
		"tiers[0][up_to]": {"100000"}, "tiers[0][unit_amount_decimal]": {"0.5"}, "tiers[1][up_to]": {"inf"}, "tiers[1][unit_amount_decimal]": {"0.2"}})
	return s
}

// priceForm returns the form of a monthly price.
func (s *shop) priceForm(slug, plan string, more url.Values) url.Values {
	form := url.Values{"currency": {"usd"}, "recurring[interval]": {"month"}, "lookup_key": {slug}, "product_data[name]": {slug},
		"metadata[source]": {"tollgate"}, "metadata[price]": {slug}, "metadata[plan]": {plan}}
	for k, v := range more {
		form[k] = v
	}
	return form
}

// metered makes the meter of a balance, and the price of its overage.
func (s *shop) metered(balance id.Slug, plan string, more url.Values) {
	s.Helper()
	var made struct {
		ID string `json:"id"`
	}
	body := s.stripe("/v1/billing/meters", url.Values{"display_name": {string(balance)}, "event_name": {"tollgate_" + string(balance)}, "default_aggregation[formula]": {"sum"}})
	if err := json.Unmarshal(body, &made); err != nil {
		s.Fatal(err)
	}
	form := s.priceForm(string(balance)+"_overage", plan, more)
	form.Set("recurring[usage_type]", "metered")
	form.Set("recurring[meter]", made.ID)
	form.Set("metadata[meter]", string(balance))
	s.stripe("/v1/prices", form)
}

// read reads a path of the sandbox.
func (s *shop) read(path string, into any) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secretKey)
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err != nil || w.StatusCode != http.StatusOK {
		s.Fatalf("GET %s answered %d %s, %v", path, w.StatusCode, body, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		s.Fatal(err)
	}
}

// counted returns what the sandbox counts of a customer's use of a balance from a moment on.
func (s *shop) counted(name id.Customer, balance id.Slug, from time.Time) int64 {
	s.Helper()
	var meters struct {
		Data []struct {
			ID        string `json:"id"`
			EventName string `json:"event_name"`
		} `json:"data"`
	}
	s.read("/v1/billing/meters", &meters)
	for _, m := range meters.Data {
		if m.EventName != "tollgate_"+string(balance) {
			continue
		}
		var sums struct {
			Data []struct {
				Value json.Number `json:"aggregated_value"`
			} `json:"data"`
		}
		start, end := from.Truncate(time.Minute), s.sandbox.Now().Add(24*time.Hour).Truncate(time.Minute)
		s.read(fmt.Sprintf("/v1/billing/meters/%s/event_summaries?customer=%s&start_time=%d&end_time=%d", m.ID, s.stripeID(name), start.Unix(), end.Unix()), &sums)
		n, err := sums.Data[0].Value.Int64()
		if err != nil {
			s.Fatal(err)
		}
		return n
	}
	s.Fatalf("there is no meter of %s", balance)
	return 0
}

// minute moves the clock so far that usage is counted again, and settles.
func (s *shop) minute() {
	s.Helper()
	s.advance(time.Minute)
}

// visit records that a user was active.
func (s *shop) visit(name id.Customer, user, txid string) {
	s.Helper()
	_, err := s.engine.Consume(s.ctx, meter.Usage{Customer: name, Meter: users, TransactionID: id.Transaction(txid), Properties: json.RawMessage(fmt.Sprintf(`{"userId":%q}`, user))})
	if err != nil {
		s.Fatal(err)
	}
}

// reportable returns what is to be reported of a balance, and what was.
func (s *shop) reportable(name id.Customer, balance id.Slug) tollgate.Reportable {
	s.Helper()
	all, err := s.engine.Reportable(s.ctx, name)
	if err != nil {
		s.Fatal(err)
	}
	for _, r := range all {
		if r.Meter == balance {
			return r
		}
	}
	s.Fatalf("nothing of %s is reportable: %+v", balance, all)
	return tollgate.Reportable{}
}

func (s *shop) wantReported(when string, name id.Customer, balance id.Slug, toReport, already int64) {
	s.Helper()
	if got := s.reportable(name, balance); got.ToReport != toReport || got.AlreadyReported != already {
		s.Errorf("%s: %d of %s are to be reported and %d were, want %d and %d", when, got.ToReport, balance, got.AlreadyReported, toReport, already)
	}
}

// invoiced returns quantity and amount by price of a customer's newest renewal, and the amounts of its other items.
func (s *shop) invoiced(name id.Customer) (quantity map[id.Slug]int64, amount map[id.Slug]int64, status string) {
	s.Helper()
	page, err := s.engine.InvoicesOf(s.ctx, name, "", 0)
	if err != nil || len(page.Data) == 0 {
		s.Fatalf("the invoices are %v, %v", page, err)
	}
	quantity, amount = map[id.Slug]int64{}, map[id.Slug]int64{}
	for _, l := range page.Data[0].Lines {
		quantity[l.Price] += l.Quantity
		amount[l.Price] += l.Amount
	}
	return quantity, amount, page.Data[0].Status
}

// noErrors says that no report is in trouble.
func (s *shop) noErrors() {
	s.Helper()
	found, err := s.engine.ReportErrors(s.ctx)
	if err != nil || len(found) > 0 {
		s.Errorf("reports are in trouble: %+v, %v", found, err)
	}
}

// paying subscribes a customer and takes it past its trial, into its first paid period.
func (s *shop) paying(name id.Customer) {
	s.Helper()
	s.customer(name)
	s.buy(tollgate.CheckoutRequest{Customer: name, Price: "console_monthly"}, visa)
	s.settle()
	s.advance(30*day + 2*time.Hour)
	if got := s.subscription(name).Status; got != "active" {
		s.Fatalf("after the trial the subscription is %s", got)
	}
}

func TestTheInvoiceShowsExactlyTheOverage(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := console(t, db, sandbox.Options{}, nil)
		s.customer("org")
		s.buy(tollgate.CheckoutRequest{Customer: "org", Price: "console_monthly"}, visa)
		s.settle()
		if err := s.use("org", requests, 12_000, "trial"); err != nil {
			t.Fatal(err)
		}
		s.minute()
		s.wantReported("on trial", "org", requests, 0, 0)

		s.advance(30*day + 2*time.Hour)
		start := s.reportable("org", requests).PeriodStart
		s.wantReported("the trial is over", "org", requests, 0, 0)
		if err := s.use("org", requests, 10_500, "a"); err != nil {
			t.Fatal(err)
		}
		for i := range 7 {
			s.visit("org", fmt.Sprint("u", i), fmt.Sprint("v", i))
			s.visit("org", fmt.Sprint("u", i), fmt.Sprint("w", i))
		}
		s.wantReported("used", "org", requests, 500, 0)
		s.wantReported("used", "org", users, 2, 0)
		s.minute()
		s.wantReported("reported", "org", requests, 0, 500)
		s.wantReported("reported", "org", users, 0, 2)
		if got := s.counted("org", requests, start); got != 500 {
			t.Errorf("Stripe counts %d requests, want 500", got)
		}
		s.visit("org", "u9", "v9") // the rise
		if _, err := s.engine.Void(s.ctx, "org", "v9", "a robot"); err != nil {
			t.Fatal(err)
		}
		s.visit("org", "u8", "v8")
		if err := s.use("org", requests, 250, "b"); err != nil {
			t.Fatal(err)
		}
		s.minute()
		s.wantReported("more", "org", requests, 0, 750)
		s.wantReported("more", "org", users, 0, 3)
		if _, err := s.engine.Void(s.ctx, "org", "b", "a mistake"); err != nil {
			t.Fatal(err)
		}
		s.minute()
		s.wantReported("voided", "org", requests, 0, 500)

		s.advance(31 * day)
		quantities, amounts, status := s.invoiced("org")
		if status != "paid" || quantities["additional_requests_overage"] != 500 || amounts["additional_requests_overage"] != 250 ||
			quantities["additional_users_overage"] != 3 || amounts["additional_users_overage"] != 2700 || amounts["console_monthly"] != 4900 {
			t.Errorf("the %s invoice bills %v for %v", status, quantities, amounts)
		}
		s.wantReported("the next month", "org", requests, 0, 0)
		s.noErrors()
		s.audit()
	})
}

func TestLateUsageIsCarriedToTheNextInvoiceOnce(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := console(t, db, sandbox.Options{}, nil)
		s.paying("org")
		end := s.reportable("org", requests).PeriodEnd
		s.spend("org", 10_100, "a")
		s.advance(end.Add(30 * time.Minute).Sub(s.sandbox.Now())) // the invoice is a draft
		s.spend("org", 20, "draft")
		s.minute()
		s.wantReported("while the invoice is a draft", "org", requests, 0, 120)
		s.advance(26 * time.Minute)
		s.spend("org", 30, "closing")
		s.minute()
		s.wantReported("just before the invoice is final", "org", requests, 30, 120)
		if err := s.sandbox.AdvanceBy(s.ctx, 10*time.Minute); err != nil { // final and paid, and no webhook is worked on yet
			t.Fatal(err)
		}
		s.spend("org", 5, "late")
		s.settle()
		s.minute()
		if q, a, status := s.invoiced("org"); status != "paid" || q["additional_requests_overage"] != 120 || a["additional_requests_overage"] != 60 {
			t.Errorf("the %s invoice bills %v for %v, want 120 requests for 60", status, q, a)
		}
		s.wantReported("a new month", "org", requests, 0, 0)
		s.spend("org", 10_002, "b")
		s.minute()
		s.minute()
		s.advance(31 * day)
		if q, a, status := s.invoiced("org"); status != "paid" || q["additional_requests_overage"] != 2 || a["additional_requests_overage"] != 1 || a[""] != 18 {
			t.Errorf("the next %s invoice bills %v for %v, want 2 requests for 1 and 18 for 35 late ones (78 − 60, half up)", status, q, a)
		}
		s.advance(31 * day)
		if _, a, _ := s.invoiced("org"); a[""] != 0 {
			t.Errorf("late usage is billed again: %v", a)
		}
		s.noErrors()
		s.audit()
	})
}

// spend uses requests.
func (s *shop) spend(name id.Customer, amount int64, txid string) {
	s.Helper()
	if err := s.use(name, requests, amount, txid); err != nil {
		s.Fatal(err)
	}
}

func TestManyWorkersReportOnce(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := console(t, db, sandbox.Options{}, nil)
		s.paying("org")
		start := s.reportable("org", requests).PeriodStart
		other := s.begin(db)
		want := int64(0)
		for round := range 12 {
			s.spend("org", 10_000*max(0, 1-int64(round))+7, fmt.Sprint("r", round))
			want += 7
			if err := s.sandbox.AdvanceBy(s.ctx, time.Minute); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for _, e := range []*tollgate.Engine{s.engine, other, s.engine, other} {
				wg.Go(func() {
					for {
						if n, err := e.Work(s.ctx); err != nil {
							t.Error(err)
							return
						} else if n == 0 {
							return
						}
					}
				})
			}
			wg.Wait()
		}
		s.minute()
		s.wantReported("at the end", "org", requests, 0, want)
		if got := s.counted("org", requests, start); got != want {
			t.Errorf("Stripe counts %d, want %d", got, want)
		}
		s.noErrors()
	})
}

func TestReportsAreNeitherLostNorDoubledWhenAnswersAre(t *testing.T) {
	t.Parallel()
	const events = "/v1/billing/meter_events"
	for _, tt := range []struct {
		name string
		drop sandbox.Fault
		wait time.Duration // before the next try
	}{
		{"every answer is lost", sandbox.Fault{Method: http.MethodPost, Path: events, Percent: 100, Lose: true}, 3 * time.Minute},
		{"every answer is lost, and a day goes by", sandbox.Fault{Method: http.MethodPost, Path: events, Percent: 100, Lose: true}, 30 * time.Hour},
		{"nothing is done", sandbox.Fault{Method: http.MethodPost, Path: events, Percent: 100, Status: 503}, 3 * time.Minute},
		{"nothing is done, and a day goes by", sandbox.Fault{Method: http.MethodPost, Path: events, Percent: 100, Status: 503}, 30 * time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			testdb.Each(t, func(t *testing.T, db string) {
				t.Parallel()
				s := console(t, db, sandbox.Options{}, nil)
				s.paying("org")
				start := s.reportable("org", requests).PeriodStart
				s.spend("org", 10_040, "a")
				s.sandbox.SetChaos(sandbox.Chaos{Faults: []sandbox.Fault{tt.drop}})
				s.minute()
				s.wantReported("unanswered", "org", requests, 40, 0)
				if found, err := s.engine.ReportErrors(s.ctx); err != nil || len(found) != 1 || found[0].Meter != requests || found[0].Quantity != 40 {
					t.Errorf("the trouble is %+v, %v", found, err)
				}
				s.spend("org", 2, "b")
				s.minute() // the first step is in the way of the second
				s.sandbox.SetChaos(sandbox.Chaos{})
				s.advance(tt.wait)
				s.minute()
				s.minute()
				s.wantReported("answered", "org", requests, 0, 42)
				if got := s.counted("org", requests, start); got != 42 {
					t.Errorf("Stripe counts %d, want 42", got)
				}
				s.advance(time.Hour)
				s.noErrors()
			})
		})
	}
}

func TestAProcessThatDiesWhileItReportsLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		drop sandbox.Fault
	}{
		{"before Stripe has the event", sandbox.Fault{Method: http.MethodPost, Path: "/v1/billing/meter_events", Percent: 100, Status: 503}},
		{"after Stripe has the event", sandbox.Fault{Method: http.MethodPost, Path: "/v1/billing/meter_events", Percent: 100, Lose: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			testdb.Each(t, func(t *testing.T, db string) {
				t.Parallel()
				s := console(t, db, sandbox.Options{}, nil)
				s.paying("org")
				start := s.reportable("org", requests).PeriodStart
				s.spend("org", 10_040, "a")
				s.sandbox.SetChaos(sandbox.Chaos{Faults: []sandbox.Fault{tt.drop}})
				if err := s.sandbox.AdvanceBy(s.ctx, time.Minute); err != nil {
					t.Fatal(err)
				}
				dying, cancel := context.WithTimeout(s.ctx, 300*time.Millisecond) // within the retries of the call
				defer cancel()
				other := s.begin(db)
				for dying.Err() == nil {
					if _, err := other.Work(dying); err != nil && dying.Err() == nil {
						t.Fatal(err)
					}
				}
				s.sandbox.SetChaos(sandbox.Chaos{})
				for range 4 {
					s.minute()
				}
				s.wantReported("taken over", "org", requests, 0, 40)
				if got := s.counted("org", requests, start); got != 40 {
					t.Errorf("Stripe counts %d, want 40", got)
				}
				s.noErrors()
			})
		})
	}
}

func TestWhatATopUpPaidIsNotBilledAgain(t *testing.T) {
	t.Parallel()
	s := console(t, testdb.SQLite(t), sandbox.Options{}, nil)
	s.paying("org")
	if _, err := s.engine.Grant(s.ctx, tollgate.GrantRequest{Customer: "org", Balance: requests, Amount: quantity.Whole(100), ID: "gift"}); err != nil {
		t.Fatal(err)
	}
	s.spend("org", 10_130, "a")
	s.wantReported("past the limit and the grant", "org", requests, 30, 0)
	s.minute()
	s.wantReported("reported", "org", requests, 0, 30)
	sub := s.subscription("org")
	s.spend("org", 10, "b")
	if _, err := s.engine.CancelSubscription(s.ctx, sub.ID, tollgate.Now); err != nil {
		t.Fatal(err)
	}
	if q, a, _ := s.invoiced("org"); q["additional_requests_overage"] != 40 || a["additional_requests_overage"] != 20 {
		t.Errorf("the last invoice bills %v for %v, want all 40 for 20", q, a)
	}
	s.settle()
	s.minute()
	s.noErrors()
}

// stripeDelete deletes an object of the sandbox.
func (s *shop) stripeDelete(path string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.ctx, http.MethodDelete, s.url+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secretKey)
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer w.Body.Close()
	if w.StatusCode != http.StatusOK {
		s.Fatalf("DELETE %s answered %d", path, w.StatusCode)
	}
}

package billing_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// diagnosed returns what the doctor says of a customer, each difference as "what: here / Stripe", and mended ones with a +.
func (s *shop) diagnosed(name id.Customer, repair bool) []string {
	s.Helper()
	found, err := s.engine.Diagnose(s.ctx, repair)
	if err != nil {
		s.Fatal(err)
	}
	var all []string
	for _, d := range found {
		if d.Customer != name {
			continue
		}
		if d.Cause == "" {
			s.Errorf("%+v has no cause", d)
		}
		mended := ""
		if d.Repaired {
			mended = "+"
		}
		all = append(all, fmt.Sprintf("%s%s: %s / %s", mended, d.What, d.Here, d.Stripe))
	}
	return all
}

// wantDiagnosed compares what the doctor says with words that each of its lines begins with, and ends with after " … ".
func (s *shop) wantDiagnosed(when string, name id.Customer, repair bool, lines ...string) {
	s.Helper()
	got := s.diagnosed(name, repair)
	ok := len(got) == len(lines)
	for i := 0; ok && i < len(lines); i++ {
		first, last, _ := strings.Cut(lines[i], " … ")
		ok = strings.HasPrefix(got[i], first) && strings.HasSuffix(got[i], last)
	}
	if !ok {
		s.Errorf("%s: the doctor says %q, want %q", when, got, lines)
	}
}

// tells sends usage to Stripe past the engine, as another program would.
func (s *shop) tells(name id.Customer, balance id.Slug, amount int64, identifier string) {
	s.Helper()
	s.stripe("/v1/billing/meter_events", url.Values{"event_name": {"tollgate_" + string(balance)}, "identifier": {identifier}, "timestamp": {fmt.Sprint(s.sandbox.Now().Unix())},
		"payload[stripe_customer_id]": {s.stripeID(name)}, "payload[value]": {fmt.Sprint(amount)}})
}

func TestTheDoctorCorrectsWhatStripeCountsTooMuch(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := console(t, db, sandbox.Options{}, nil)
		s.paying("org")
		start := s.reportable("org", requests).PeriodStart
		s.spend("org", 10_100, "a")
		s.minute()
		s.tells("org", requests, 30, "stranger")
		s.wantDiagnosed("it may be on its way", "org", false)
		s.advance(2 * time.Hour)
		s.wantDiagnosed("two hours later", "org", false, "usage: 100 additional_requests told … / counts 130")
		s.wantDiagnosed("repaired too soon", "org", true, "usage: 100 additional_requests told … / counts 130")
		s.wantReported("nothing is corrected", "org", requests, 0, 100)
		s.advance(25 * time.Hour)
		s.wantDiagnosed("a day later", "org", false, "usage: 100 additional_requests told … / counts 130")
		s.wantDiagnosed("repaired", "org", true, "+usage: 100 additional_requests told … / counts 130")
		if got := s.counted("org", requests, start); got != 100 {
			t.Errorf("Stripe counts %d, want the 100 that were used", got)
		}
		s.wantReported("corrected", "org", requests, 0, 100)
		s.spend("org", 5, "b")
		s.advance(2 * time.Hour)
		s.wantDiagnosed("two hours after the repair", "org", true)
		s.advance(31 * day)
		if q, a, _ := s.invoiced("org"); q["additional_requests_overage"] != 105 || a["additional_requests_overage"] != 53 {
			t.Errorf("the invoice bills %v for %v, want 105 for 53", q, a)
		}
		s.noErrors()
	})
}

func TestTheDoctorTellsAgainWhatStripeLost(t *testing.T) {
	t.Parallel()
	s := console(t, testdb.SQLite(t), sandbox.Options{}, nil)
	s.paying("org")
	start := s.reportable("org", requests).PeriodStart
	s.spend("org", 10_100, "a")
	s.minute()
	s.tells("org", requests, -40, "stranger") // as if Stripe had lost them
	s.advance(26 * time.Hour)
	s.wantDiagnosed("lost", "org", false, "usage: 100 additional_requests told … / counts 60")
	s.wantDiagnosed("told again", "org", true, "+usage: 100 additional_requests told … / counts 60")
	if got := s.counted("org", requests, start); got != 100 {
		t.Errorf("Stripe counts %d, want 100", got)
	}
	s.advance(2 * time.Hour)
	s.wantDiagnosed("after it", "org", true)
	s.noErrors()
}

func TestTheDoctorLeavesWhatWasBilledTooMuchToAPerson(t *testing.T) {
	t.Parallel()
	s := console(t, testdb.SQLite(t), sandbox.Options{}, nil)
	s.paying("org")
	s.spend("org", 10_100, "a")
	s.tells("org", requests, 30, "stranger")
	s.minute()
	s.advance(33 * day)
	for range 2 {
		s.wantDiagnosed("the period is over", "org", true, "usage: 100 additional_requests told … / counts 130")
	}
}

func TestTheDoctorHastensReportsThatWait(t *testing.T) {
	t.Parallel()
	s := console(t, testdb.SQLite(t), sandbox.Options{}, nil)
	s.paying("org")
	var meters struct {
		Data []struct {
			ID   string `json:"id"`
			Name string `json:"event_name"`
		} `json:"data"`
	}
	s.read("/v1/billing/meters", &meters)
	of := map[string]string{}
	for _, m := range meters.Data {
		of[m.Name] = m.ID
	}
	meter := "/v1/billing/meters/" + of["tollgate_"+string(requests)]
	s.stripe(meter+"/deactivate", nil)
	s.spend("org", 10_100, "a")
	s.minute()
	s.wantReported("the meter is archived", "org", requests, 100, 0)
	s.wantDiagnosed("archived", "org", false, "report: 100 additional_requests … ")
	s.wantDiagnosed("archived still", "org", true, "report: 100 additional_requests … ")
	s.stripe(meter+"/reactivate", nil)
	s.wantReported("in force, and not due", "org", requests, 100, 0)
	s.wantDiagnosed("in force again", "org", true, "+report: 100 additional_requests … ")
	s.wantReported("repaired", "org", requests, 0, 100)
	s.wantDiagnosed("told", "org", false)
}

func TestTheDoctorBindsCustomersWhoseBindingIsLost(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{Chaos: sandbox.Chaos{Drop: 100}})
		s.customer("ann")
		s.customer("bob")
		none := 0
		s.buy(tollgate.CheckoutRequest{Customer: "ann", Price: "pro_monthly", TrialDays: &none}, visa)
		s.stripe("/v1/customers", url.Values{"metadata[source]": {"tollgate"}, "metadata[customer]": {"nobody"}})
		at := s.stripeID("ann")
		if _, err := s.engine.SQL().ExecContext(s.ctx, "DELETE FROM stripe_customer"); err != nil {
			t.Fatal(err)
		}
		s.wantDiagnosed("the binding is lost", "ann", false, "customer: none / "+at)
		s.wantDiagnosed("a look changes nothing", "ann", false, "customer: none / "+at)
		s.want("not bound", "ann", "free", "requests", 20)
		s.wantDiagnosed("repaired", "ann", true, "+customer: none / "+at)
		s.want("bound", "ann", "pro", "requests", 1000)
		s.wantDiagnosed("bound", "ann", true)
		s.wantDiagnosed("never bought", "bob", true)
		if id := s.stripeID("bob"); id != "" {
			t.Errorf("bob, who never bought, is %s at Stripe", id)
		}
	})
}

func TestTheDoctorBindsTheCustomerThatTookADeletedOnesPlace(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{Chaos: sandbox.Chaos{Drop: 100}})
		s.customer("ann")
		s.buy(tollgate.CheckoutRequest{Customer: "ann", TopUp: "pack"}, visa)
		if err := s.engine.SyncCustomer(s.ctx, "ann"); err != nil {
			t.Fatal(err)
		}
		first := s.stripeID("ann")
		other := func() (made object) {
			t.Helper()
			if err := json.Unmarshal(s.stripe("/v1/customers", url.Values{"metadata[source]": {"tollgate"}, "metadata[customer]": {"ann"}}), &made); err != nil {
				t.Fatal(err)
			}
			return made
		}
		second := other().ID
		s.wantDiagnosed("a second one", "ann", true, "customer: "+first+" / "+second)
		s.stripeDelete("/v1/customers/" + first)
		s.wantDiagnosed("the first is deleted", "ann", false, "customer: "+first+", which was deleted / "+second, "customer: "+first+" / deleted")
		s.wantDiagnosed("repaired", "ann", true, "+customer: "+first+" / "+second)
		s.wantDiagnosed("bound", "ann", false)
		s.want("what was bought stays", "ann", "free", "tokens", 100)
		s.buy(tollgate.CheckoutRequest{Customer: "ann", TopUp: "pack"}, visa)
		if err := s.engine.SyncCustomer(s.ctx, "ann"); err != nil {
			t.Fatal(err)
		}
		s.want("it buys again", "ann", "free", "tokens", 200)
		s.stripeDelete("/v1/customers/" + second)
		s.wantDiagnosed("nobody took its place", "ann", true, "customer: "+second+" / deleted")
		s.audit()
	})
}

func TestTheDoctorAsksForACatalogBeforeItComparesPrices(t *testing.T) {
	t.Parallel()
	s := open(t, testdb.SQLite(t), sandbox.Options{})
	empty := s.begin(testdb.SQLite(t))
	if found, err := empty.Diagnose(s.ctx, false); !fault.Has(err, fault.Conflict) || len(found) > 0 {
		t.Errorf("without a catalog the doctor finds %v, %v; want a conflict", found, err)
	}
}

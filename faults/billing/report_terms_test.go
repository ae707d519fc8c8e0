package billing_test

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/sandbox"
)

// terms bills in every way there is: all usage, usage past a limit of a gauge, and by the month within a year.
const terms = `
currency: usd
meters:
  gb: {aggregation: sum, decimals: 3}
  seats: {aggregation: last}
  calls: {aggregation: count}
plans:
  free: {default: true}
  pay:
    prices:
      pay_monthly: {amount: 1000, every: month}
      gb_overage: {meter: gb, every: month, model: per_unit, unitAmount: "10"}
    includes:
      gb: {limit: unlimited}
      seats: {limit: 2, every: billing_period, soft: true, overage: {slug: seats_overage, model: per_unit, unitAmount: "500"}}
  year:
    prices:
      year_yearly: {amount: 10000, every: year}
    includes:
      calls: {limit: 2, every: billing_month, soft: true, overage: {slug: calls_overage, model: per_unit, unitAmount: "100"}}
`

func billing(t testing.TB, db string) *shop {
	t.Helper()
	s := openWith(t, db, sandbox.Options{}, []byte(terms), nil)
	s.stripe("/v1/prices", s.priceForm("pay_monthly", "pay", url.Values{"unit_amount": {"1000"}}))
	s.stripe("/v1/prices", s.priceForm("year_yearly", "year", url.Values{"unit_amount": {"10000"}, "recurring[interval]": {"year"}}))
	s.metered("gb", "pay", url.Values{"unit_amount": {"10"}})
	s.metered("seats", "pay", url.Values{"unit_amount": {"500"}})
	s.metered("calls", "year", url.Values{"unit_amount": {"100"}, "recurring[interval]": {"year"}})
	s.customer("org")
	return s
}

// read sends a reading of a meter.
func (s *shop) reading(m id.Slug, amount string, txid string) {
	s.Helper()
	units, err := quantity.Parse(amount)
	if err != nil {
		s.Fatal(err)
	}
	u := meter.Usage{Customer: "org", Meter: m, Amount: &units, TransactionID: id.Transaction(txid)}
	if m == "calls" {
		u.Amount = nil
	}
	if _, err := s.engine.Consume(s.ctx, u); err != nil {
		s.Fatal(err)
	}
}

func TestWholeUnitsAreReportedAndGaugesFollowTheirValue(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := billing(t, db)
		s.buy(tollgate.CheckoutRequest{Customer: "org", Price: "pay_monthly"}, visa)
		s.settle()
		start := s.reportable("org", "gb").PeriodStart
		s.advance(time.Hour)
		s.reading("gb", "1.5", "a")
		s.reading("seats", "5", "s1")
		s.minute()
		s.wantReported("one and a half", "org", "gb", 0, 1)
		s.wantReported("five seats", "org", "seats", 0, 3)
		s.reading("gb", "0.7", "b")
		s.reading("seats", "4", "s2")
		s.minute()
		s.wantReported("two and a fifth", "org", "gb", 0, 2)
		s.wantReported("four seats", "org", "seats", 0, 2)
		s.reading("seats", "5", "s3") // what was reported before comes again: the step must be another one
		s.minute()
		s.wantReported("five seats again", "org", "seats", 0, 3)
		s.reading("seats", "1", "s4")
		s.minute()
		s.wantReported("one seat", "org", "seats", 0, 0)
		s.reading("seats", "3", "s5")
		s.minute()
		if got := s.counted("org", "seats", start); got != 1 {
			t.Errorf("Stripe counts %d seats, want 1", got)
		}
		s.advance(31 * day)
		if q, a, status := s.invoiced("org"); status != "paid" || q["gb_overage"] != 2 || a["gb_overage"] != 20 || q["seats_overage"] != 1 || a["seats_overage"] != 500 {
			t.Errorf("the %s invoice bills %v for %v", status, q, a)
		}
		s.noErrors()
		s.audit()
	})
}

func TestAYearIsBilledTheOverageOfItsMonths(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := billing(t, db)
		s.buy(tollgate.CheckoutRequest{Customer: "org", Price: "year_yearly"}, visa)
		s.settle()
		s.advance(time.Hour)
		for _, m := range []struct {
			calls   []string
			further time.Duration
			want    int64
		}{
			{[]string{"a", "b", "c", "d", "e"}, 31 * day, 3}, {[]string{"f"}, 31 * day, 3}, {nil, 31 * day, 3}, {[]string{"g", "h", "i"}, day, 4},
		} {
			for _, c := range m.calls {
				s.reading("calls", "1", c)
			}
			s.minute()
			s.wantReported("month by month", "org", "calls", 0, m.want)
			s.advance(m.further)
			s.wantReported("later", "org", "calls", 0, m.want)
		}
		for s.sandbox.Now().Before(time.Date(2027, 1, 16, 0, 0, 0, 0, time.UTC)) {
			s.advance(20 * day)
		}
		if q, a, status := s.invoiced("org"); status != "paid" || q["calls_overage"] != 4 || a["calls_overage"] != 400 {
			t.Errorf("the %s invoice bills %v for %v, want 4 calls for 400", status, q, a)
		}
		s.noErrors()
		s.audit()
	})
}

func TestUsageThatAMeterRefusedIsBilledOnTheNextInvoice(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := billing(t, db)
		s.buy(tollgate.CheckoutRequest{Customer: "org", Price: "pay_monthly"}, visa)
		s.settle()
		s.advance(time.Hour)
		var meters struct {
			Data []struct {
				ID        string `json:"id"`
				EventName string `json:"event_name"`
			} `json:"data"`
		}
		s.read("/v1/billing/meters", &meters)
		for _, m := range meters.Data {
			if m.EventName == "tollgate_seats" {
				s.stripe("/v1/billing/meters/"+m.ID+"/deactivate", nil)
			}
		}
		s.reading("seats", "4", "a")
		s.reading("gb", "3", "b")
		s.minute()
		s.wantReported("the meter is archived", "org", "seats", 2, 0)
		s.wantReported("the other one is not", "org", "gb", 0, 3)
		found, err := s.engine.ReportErrors(s.ctx)
		if err != nil || len(found) != 1 || found[0].Meter != "seats" || found[0].Customers != 1 || found[0].Quantity != 2 || found[0].Error == "" {
			t.Errorf("the trouble is %+v, %v", found, err)
		}
		s.advance(31 * day)
		s.advance(2 * time.Hour)
		s.minute()
		s.noErrors()
		s.advance(31 * day)
		if _, a, status := s.invoiced("org"); status != "paid" || a[""] != 1000 {
			t.Errorf("the %s invoice bills %v, want 1000 for two seats of the month before", status, a)
		}
		s.audit()
	})
}

func TestUsageAfterTheLastInvoiceIsShown(t *testing.T) {
	t.Parallel()
	s := billing(t, testdb.SQLite(t))
	s.buy(tollgate.CheckoutRequest{Customer: "org", Price: "pay_monthly"}, visa)
	s.settle()
	s.advance(time.Hour)
	s.reading("gb", "3", "a")
	s.stripeDelete("/v1/subscriptions/" + s.subscription("org").ID) // in Stripe's dashboard
	s.settle()
	s.minute()
	found, err := s.engine.ReportErrors(s.ctx)
	if err != nil || len(found) != 1 || found[0].Meter != "gb" || found[0].Failed != 1 || found[0].Quantity != 3 {
		text, _ := json.Marshal(found)
		t.Errorf("the trouble is %s, %v; want 3 gb that no invoice will have", text, err)
	}
}

package billing_test

import (
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// cancelInPortal plans the end of ann's subscription in the billing portal, for the end of its period.
func (s *shop) cancelInPortal() {
	s.Helper()
	at, err := s.engine.Portal(s.ctx, tollgate.PortalRequest{Customer: "ann"})
	if err != nil {
		s.Fatal(err)
	}
	s.submit(at.URL, url.Values{"action": {"cancel"}, "subscription": {s.subscription("ann").ID}})
	s.settle()
}

func TestAYearBoughtAfterACancellationInThePortalLastsAYear(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.customer("ann")
		none := 0
		s.buy(tollgate.CheckoutRequest{Customer: "ann", Price: "pro_monthly", TrialDays: &none}, visa)
		s.settle()
		s.advance(time.Hour)
		s.cancelInPortal()

		ask := tollgate.ChangeRequest{Subscription: s.subscription("ann").ID, Price: "pro_yearly"}
		preview, err := s.engine.PreviewChange(s.ctx, ask)
		if err != nil {
			t.Fatal(err)
		}
		ask.At = &preview.At
		sub, err := s.engine.ChangeSubscription(s.ctx, ask)
		if err != nil {
			t.Fatal(err)
		}
		if year := sub.PeriodStart.AddDate(1, 0, 0); !sub.PeriodEnd.Equal(year) || !sub.CancelAt.Equal(year) {
			t.Errorf("the year is from %s to %s and ends at %s, want at %s", sub.PeriodStart, sub.PeriodEnd, sub.CancelAt, year)
		}
		s.settle()
		if page, err := s.engine.InvoicesOf(s.ctx, "ann", "", 0); err != nil || page.Data[0].Total != preview.Total {
			t.Errorf("the change cost %+v, %v, and its preview said %d", page.Data, err, preview.Total)
		}
		s.advance(300 * day)
		s.want("in the year", "ann", "pro", "requests", 1000)
		s.advance(70 * day)
		s.want("after the year", "ann", "free", "requests", 20)
		s.audit()
	})
}

func TestAnEndThatWasPlannedForLaterStaysWhereItIs(t *testing.T) {
	t.Parallel()
	s := open(t, testdb.SQLite(t), sandbox.Options{})
	s.customer("ann")
	none := 0
	s.buy(tollgate.CheckoutRequest{Customer: "ann", Price: "pro_yearly", TrialDays: &none}, visa)
	s.settle()
	end := s.sandbox.Now().Add(500 * day).Truncate(time.Second)
	s.stripe("/v1/subscriptions/"+s.subscription("ann").ID, url.Values{"cancel_at": {strconv.FormatInt(end.Unix(), 10)}})
	if _, err := s.engine.ChangeSubscription(s.ctx, tollgate.ChangeRequest{Subscription: s.subscription("ann").ID, Price: "pro_monthly"}); err != nil {
		t.Fatal(err)
	}
	if got := s.subscription("ann").CancelAt; !got.Equal(end) {
		t.Errorf("the subscription ends at %s, want %s as it was planned", got, end)
	}
}

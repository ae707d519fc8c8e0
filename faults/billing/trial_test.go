package billing_test

import (
	"maps"
	"net/url"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// TestATrialThatIsNotPaidGivesNothingMore: neither when it ends by itself nor when it is ended before its time.
func TestATrialThatIsNotPaidGivesNothingMore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		end  func(s *shop)
	}{
		{"by itself", func(s *shop) { s.advance(14 * day) }},
		{"before its time", func(s *shop) {
			s.advance(5 * day)
			s.at = s.stripeIDs()
			s.stripe("/v1/subscriptions/"+s.told("ann").ID, url.Values{"trial_end": {"now"}})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, testdb.SQLite(t), sandbox.Options{})
			s.customer("ann")
			s.buy(tollgate.CheckoutRequest{Customer: "ann", Price: "pro_monthly"}, failing)
			s.settle()
			s.want("on trial", "ann", "pro", "requests", 1000)
			if err := s.use("ann", "requests", 900, "a"); err != nil {
				t.Fatal(err)
			}
			tt.end(s)
			s.settle()
			s.want("not paid yet", "ann", "pro", "requests", 100)
			s.advance(2 * time.Hour)
			s.want("payment failed", "ann", "pro", "requests", 100)
			s.advance(8 * day)
			if got := s.available("ann", "requests"); got != 20 {
				t.Errorf("after the grace %d requests are left, want what is free: 20", got)
			}
			s.newCard("ann", visa)
			s.advance(10 * day)
			s.want("paid", "ann", "pro", "requests", 1000)
			s.audit()
		})
	}
}

func TestTrialDaysAreShownToWhoGetsThem(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.customer("ann")
		shown := func(when string, e *tollgate.Engine, want map[id.Slug]int) {
			t.Helper()
			got, err := e.TrialDays(s.ctx, "ann")
			if err != nil || !maps.Equal(got, want) {
				t.Errorf("%s: %v, %v; want %v", when, got, err, want)
			}
		}
		shown("new", s.engine, map[id.Slug]int{"pro": 14})
		week := 7
		s.options.Payments.TrialDays = &week
		shown("every plan has one", s.begin(db), map[id.Slug]int{"pro": 7, "max": 7})
		s.buy(tollgate.CheckoutRequest{Customer: "ann", Price: "pro_monthly"}, visa)
		s.settle()
		shown("in its trial", s.engine, map[id.Slug]int{})
		if _, err := s.engine.CancelSubscription(s.ctx, s.subscription("ann").ID, tollgate.Now); err != nil {
			t.Fatal(err)
		}
		s.settle()
		shown("it has ended", s.engine, map[id.Slug]int{})
	})
}

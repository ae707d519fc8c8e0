package billing_test

import (
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

func TestWhoIsBilledIsNotErased(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.customer("ann")
		none := 0
		s.buy(tollgate.CheckoutRequest{Customer: "ann", Price: "pro_monthly", TrialDays: &none}, visa)
		s.settle()
		sub := s.subscription("ann").ID
		refused := func(when string) {
			t.Helper()
			err := s.engine.EraseCustomer(s.ctx, "ann")
			if f := fault.Of(err); f == nil || f.Code != fault.Conflict || f.Details["subscription"] != sub {
				t.Errorf("%s: erasing is answered %v, want a conflict that names %s", when, err, sub)
			}
			s.want(when, "ann", "pro", "requests", 1000)
		}
		refused("subscribed")
		if _, err := s.engine.CancelSubscription(s.ctx, sub, tollgate.AtPeriodEnd); err != nil {
			t.Fatal(err)
		}
		refused("until the period's end")
		if _, err := s.engine.CancelSubscription(s.ctx, sub, tollgate.Now); err != nil {
			t.Fatal(err)
		}
		if err := s.engine.EraseCustomer(s.ctx, "ann"); err != nil {
			t.Errorf("erasing who is billed no more is answered %v", err)
		}
	})
}

package billing_test

import (
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

func TestASubscriptionGoesByTheIDThatItsCustomerShows(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.customer("ann")
		free := s.plan("ann").Subscription
		if _, err := s.engine.CancelSubscription(s.ctx, free, ""); !fault.Has(err, fault.NotFound) {
			t.Errorf("a free plan's subscription is cancelled: %v, want not_found", err)
		}
		none := 0
		s.buy(tollgate.CheckoutRequest{Customer: "ann", Price: "pro_monthly", TrialDays: &none}, visa)
		s.settle()
		shown, paid := s.plan("ann").Subscription, s.subscription("ann").ID
		if _, err := s.engine.CancelSubscription(s.ctx, free, ""); !fault.Has(err, fault.NotFound) {
			t.Errorf("one that is over is cancelled: %v, want not_found", err)
		}
		if _, err := s.engine.UpcomingInvoice(s.ctx, shown); err != nil {
			t.Errorf("the upcoming invoice: %v", err)
		}
		r := tollgate.ChangeRequest{Subscription: shown, Price: "max_monthly"}
		if p, err := s.engine.PreviewChange(s.ctx, r); err != nil || p.Plan != "max" {
			t.Errorf("the preview is of %s, %v; want max", p.Plan, err)
		}
		if got, err := s.engine.ChangeSubscription(s.ctx, r); err != nil || got.ID != paid || got.Plan() != "max" {
			t.Errorf("changed it is %s on %s, %v; want %s on max", got.ID, got.Plan(), err, paid)
		}
		shown = s.plan("ann").Subscription
		for what, act := range map[string]func() (string, error){
			"cancelled": func() (string, error) { got, err := s.engine.CancelSubscription(s.ctx, shown, ""); return got.ID, err },
			"resumed":   func() (string, error) { got, err := s.engine.ResumeSubscription(s.ctx, shown); return got.ID, err },
			"paused":    func() (string, error) { got, err := s.engine.PauseSubscription(s.ctx, shown); return got.ID, err },
		} {
			if got, err := act(); err != nil || got != paid {
				t.Errorf("%s it is %s, %v; want %s", what, got, err, paid)
			}
		}
	})
}

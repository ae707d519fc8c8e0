package billing_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

func TestAChangeToOverageOfTheSameMeterBillsAllThatFollows(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := climbing(t, db, "scale", nil)
		s.burn("50", "on scale")
		s.change("past_monthly", tollgate.Now) // its limit is 10
		s.settle()
		s.wantBilled("at once", "scale_tokens", 50, 500)
		s.advance(2 * time.Hour)
		s.wantReported("after the change", "org", "tokens", 0, 50)
		s.burn("20", "past the limit")
		s.wantReported("used", "org", "tokens", 20, 50)
		s.minute()
		s.wantReported("told", "org", "tokens", 0, 70)
		s.advance(31 * day)
		s.wantBilled("after the renewal", "scale_tokens", 50, 500)
		s.wantBilled("after the renewal", "past_overage", 20, 60)
		s.noErrors()
		s.audit()
	})
}

func TestAVoidOfWhatAPlanBeforeBilledTakesNothingOfWhatFollows(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := climbing(t, db, "scale", nil)
		s.burn("50", "on scale")
		s.change("past_monthly", tollgate.Now) // its limit is 10
		s.settle()
		s.advance(2 * time.Hour)
		if _, err := s.engine.Void(s.ctx, "org", "on scale", "a mistake"); err != nil {
			t.Fatal(err)
		}
		s.minute()
		s.burn("15", "on past")
		s.minute()
		s.advance(31 * day)
		s.wantBilled("after the renewal", "scale_tokens", 50, 500)
		s.wantBilled("after the renewal", "past_overage", 5, 15)
		s.noErrors()
		s.audit()
	})
}

// TestUsageThatAChangeLeftUntoldIsOnTheNextInvoice: Stripe takes no usage while a plan is changed to one that bills the same meter.
func TestUsageThatAChangeLeftUntoldIsOnTheNextInvoice(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := climbing(t, db, "scale", nil)
		s.burn("3", "told")
		s.minute()
		s.sandbox.SetChaos(sandbox.Chaos{Faults: []sandbox.Fault{{Method: http.MethodPost, Path: "/v1/billing/meter_events", Percent: 100, Status: 500}}})
		s.burn("7", "not told")
		s.change("past_monthly", tollgate.Now)
		s.sandbox.SetChaos(sandbox.Chaos{})
		s.settle()
		s.wantBilled("at once", "scale_tokens", 3, 30)
		for range 5 {
			s.minute()
		}
		s.burn("2", "on past")
		s.minute()
		s.advance(31 * day)
		s.wantBilled("after the renewal", "past_overage", 2, 6)
		if _, a, status := s.invoiced("org"); status != "paid" || a[""] != 70 {
			t.Errorf("the next %s invoice bills %v, want 70 for the 7 tokens that the change left untold", status, a)
		}
		s.noErrors()
		s.audit()
	})
}

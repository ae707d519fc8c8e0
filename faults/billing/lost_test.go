package billing_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

func TestReconcileFindsWhatWasLostBeforeNewerEventsCame(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.customer("ann")
		s.customer("bob")
		s.recover()
		s.sandbox.SetChaos(sandbox.Chaos{Drop: 100})
		s.buy(tollgate.CheckoutRequest{Customer: "ann", TopUp: "pack"}, visa)
		s.advance(3 * time.Hour)
		s.want("all is lost", "ann", "free", "tokens", 0)
		s.sandbox.SetChaos(sandbox.Chaos{})
		s.buy(tollgate.CheckoutRequest{Customer: "bob", TopUp: "pack"}, visa)
		s.settle()
		s.want("nothing is lost", "bob", "free", "tokens", 100)
		s.recover()
		s.want("found", "ann", "free", "tokens", 100)
		s.want("found", "bob", "free", "tokens", 100)
		s.audit()
	})
}

func TestReconcileFindsMoreEventsThanOnePageHas(t *testing.T) {
	t.Parallel()
	s := open(t, testdb.SQLite(t), sandbox.Options{})
	s.customer("ann")
	s.sandbox.SetChaos(sandbox.Chaos{Drop: 100})
	const strangers = 1100
	for range strangers {
		s.stripe("/v1/customers", url.Values{"email": {"stranger@example.com"}})
	}
	s.buy(tollgate.CheckoutRequest{Customer: "ann", TopUp: "pack"}, visa)
	s.settle()
	s.recover()
	s.want("found", "ann", "free", "tokens", 100)
}

func TestARefundSentAgainDaysLaterGivesNothingMoreBack(t *testing.T) {
	t.Parallel()
	s := open(t, testdb.SQLite(t), sandbox.Options{})
	s.customer("ann")
	s.buy(tollgate.CheckoutRequest{Customer: "ann", TopUp: "pack"}, visa)
	s.settle()
	payments, err := s.engine.PaymentsOf(s.ctx, "ann", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for n, wait := range []time.Duration{0, time.Hour, 25 * time.Hour, 60 * day} { // Stripe forgets idempotency keys after a day
		s.advance(wait)
		got, err := s.engine.Refund(s.ctx, tollgate.RefundRequest{Payment: payments.Data[0].ID, Amount: new(int64(200)), ID: "r"})
		if err != nil || got.Refunded != 200 {
			t.Errorf("attempt %d of one refund of 200 leaves %d refunded, %v", n+1, got.Refunded, err)
		}
	}
	s.want("refunded", "ann", "free", "tokens", 60)
}

// TestSharesOfRefundsThatFailAreGivenBack: what several small refunds take is rounded together, and an earlier one that
// fails moves the share of the later ones.
func TestSharesOfRefundsThatFailAreGivenBack(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.customer("ann")
		s.buy(tollgate.CheckoutRequest{Customer: "ann", TopUp: "pack"}, "4000000000005126")
		s.settle()
		payments, err := s.engine.PaymentsOf(s.ctx, "ann", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		for n, amount := range []int64{3, 3, 4} { // in units: 0.6, 0.6 and 0.8
			s.advance(25 * time.Minute)
			if _, err := s.engine.Refund(s.ctx, tollgate.RefundRequest{Payment: payments.Data[0].ID, Amount: &amount, ID: id.Transaction("r" + string(rune('1'+n)))}); err != nil {
				t.Fatal(err)
			}
		}
		s.want("refunded", "ann", "free", "tokens", 98)
		for range 4 {
			s.advance(20 * time.Minute)
		}
		s.want("all of them failed", "ann", "free", "tokens", 100)
		parked(s)
		s.audit()
	})
}

func TestEventsAreForgottenLongAfterTheyWereWorkedOn(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.customer("uma")
		s.buy(tollgate.CheckoutRequest{Customer: "uma", TopUp: "pack"}, visa)
		s.settle()
		kept := func(state string) []tollgate.StripeEvent {
			t.Helper()
			events, err := s.engine.Webhooks(s.ctx, state, 0)
			if err != nil {
				t.Fatal(err)
			}
			return events
		}
		done := kept("done")
		if len(done) < 2 {
			t.Fatalf("a top-up leaves %d events", len(done))
		}
		stuck := done[0].ID
		if _, err := s.engine.SQL().ExecContext(s.ctx, "UPDATE stripe_event SET state = 'parked' WHERE id = $1", stuck); err != nil {
			t.Fatal(err)
		}
		s.advance(59 * day)
		if got := kept("done"); len(got) < len(done)-1 {
			t.Errorf("after 59 days %d events are kept, want %d", len(got), len(done)-1)
		}
		s.advance(2 * day)
		s.recover()
		for _, e := range kept("") {
			if e.ID != stuck && e.ReceivedAt.Before(s.sandbox.Now().Add(-60*day)) {
				t.Errorf("%s of %s is kept, or was read again", e.Type, e.ReceivedAt)
			}
		}
		if got := kept("parked"); len(got) != 1 || got[0].ID != stuck {
			t.Errorf("parked: %v, want %s", got, stuck)
		}
		s.want("two months later", "uma", "free", "tokens", 100)
	})
}

// What cannot be forgotten holds up nothing.
func TestWorkGoesOnWhenNothingCanBeForgotten(t *testing.T) {
	t.Parallel()
	s := open(t, testdb.SQLite(t), sandbox.Options{})
	s.customer("vic")
	s.buy(tollgate.CheckoutRequest{Customer: "vic", TopUp: "pack"}, visa)
	s.settle()
	_, err := s.engine.SQL().ExecContext(s.ctx, "CREATE TRIGGER keep BEFORE DELETE ON stripe_event BEGIN SELECT RAISE(ABORT, 'kept'); END")
	if err != nil {
		t.Fatal(err)
	}
	s.advance(61 * day)
	s.buy(tollgate.CheckoutRequest{Customer: "vic", TopUp: "pack"}, visa)
	s.settle()
	s.want("bought again", "vic", "free", "tokens", 200)
	var old int
	err = s.engine.SQL().QueryRowContext(s.ctx, "SELECT count(*) FROM stripe_event WHERE received_at < $1", s.sandbox.Now().Add(-60*day).UnixMicro()).Scan(&old)
	if err != nil || old == 0 {
		t.Errorf("%d old events are kept: nothing was to be forgotten (%v)", old, err)
	}
}

// parked fails when an event waits or was given up.
func parked(s *shop) {
	s.Helper()
	for _, state := range []string{"pending", "parked"} {
		events, err := s.engine.Webhooks(s.ctx, state, 10)
		if err != nil {
			s.Fatal(err)
		}
		for _, ev := range events {
			s.Errorf("%s is %s after %d attempts: %s", ev.Type, ev.State, ev.Attempts, ev.Error)
		}
	}
}

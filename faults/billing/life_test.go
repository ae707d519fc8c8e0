package billing_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/sandbox"
)

// use consumes units.
func (s *shop) use(name id.Customer, m id.Slug, amount int64, txid string) error {
	s.Helper()
	units := quantity.Whole(amount)
	_, err := s.engine.Consume(s.ctx, meter.Usage{Customer: name, Meter: m, Amount: &units, TransactionID: id.Transaction(txid)})
	return err
}

func TestASubscriptionsLife(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.customer("ann")
		s.want("before", "ann", "free", "requests", 20)

		none := 0
		s.buy(tollgate.CheckoutRequest{Customer: "ann", Price: "pro_monthly", TrialDays: &none}, visa)
		s.settle()
		s.want("paid", "ann", "pro", "requests", 1000)
		if err := s.use("ann", "requests", 700, "a"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.engine.Checkout(s.ctx, tollgate.CheckoutRequest{Customer: "ann", Price: "max_monthly"}); !fault.Has(err, fault.Conflict) {
			t.Errorf("a second subscription is answered %v, want conflict", err)
		}

		s.advance(31*day + 30*time.Minute)
		s.want("renewed, not paid", "ann", "pro", "requests", 300)
		s.advance(time.Hour)
		s.want("renewed", "ann", "pro", "requests", 1000)

		sub := s.subscription("ann")
		preview, err := s.engine.PreviewChange(s.ctx, tollgate.ChangeRequest{Subscription: sub.ID, Price: "max_monthly"})
		if err != nil {
			t.Fatal(err)
		}
		if preview.When != tollgate.Now || preview.Total <= 0 || preview.Credits["requests"].After.String() != "5000" {
			t.Errorf("the preview says %+v", preview)
		}
		if _, err := s.engine.ChangeSubscription(s.ctx, tollgate.ChangeRequest{Subscription: sub.ID, Price: "max_monthly", At: &preview.At}); err != nil {
			t.Fatal(err)
		}
		s.want("upgraded", "ann", "max", "requests", 5000)
		invoices, err := s.engine.InvoicesOf(s.ctx, "ann", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := invoices.Data[0]; got.Total != preview.Total || got.Status != "paid" {
			t.Errorf("the upgrade's invoice is %s of %d, want paid, of the preview's %d", got.Status, got.Total, preview.Total)
		}
		if err := s.use("ann", "requests", 4000, "b"); err != nil {
			t.Fatal(err)
		}

		if _, err := s.engine.ChangeSubscription(s.ctx, tollgate.ChangeRequest{Subscription: sub.ID, Price: "pro_monthly"}); err != nil {
			t.Fatal(err)
		}
		s.want("a downgrade is planned", "ann", "max", "requests", 1000)
		s.advance(31 * day)
		s.want("downgraded", "ann", "pro", "requests", 1000)

		if _, err := s.engine.CancelSubscription(s.ctx, sub.ID, ""); err != nil {
			t.Fatal(err)
		}
		s.settle()
		s.want("to be cancelled", "ann", "pro", "requests", 1000)
		if _, err := s.engine.ResumeSubscription(s.ctx, sub.ID); err != nil {
			t.Fatal(err)
		}
		if at := s.subscription("ann").CancelAt; !at.IsZero() {
			t.Errorf("a cancellation taken back stands at %s", at)
		}
		if _, err := s.engine.CancelSubscription(s.ctx, sub.ID, tollgate.Now); err != nil {
			t.Fatal(err)
		}
		s.want("cancelled", "ann", "free", "requests", 20)
		s.audit()
	})
}

// TestAfterACancellationTheFreePlanBeginsAgainTheNextDay: what was used of the period counts on the day it was cancelled, and no longer.
func TestAfterACancellationTheFreePlanBeginsAgainTheNextDay(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := openWith(t, db, sandbox.Options{}, []byte(strings.Replace(catalog, "{limit: 20, every: never}", "{limit: 20, every: day}", 1)), nil)
		s.stock()
		s.customer("ann")
		s.buy(tollgate.CheckoutRequest{Customer: "ann", Price: "pro_monthly", TrialDays: &noTrial}, visa)
		s.settle()
		s.take("ann", "requests", 500, "a")
		s.advance(day)
		if _, err := s.engine.CancelSubscription(s.ctx, s.subscription("ann").ID, tollgate.Now); err != nil {
			t.Fatal(err)
		}
		s.want("on the day", "ann", "free", "requests", 0)
		s.advance(day)
		s.want("the next day", "ann", "free", "requests", 20)
		s.audit()
	})
}

func TestASubscriptionKeepsItsIDWhenItRenews(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := openWith(t, db, sandbox.Options{}, []byte(catalog), func(o *tollgate.Options) { o.Notices = true })
		s.stock()
		s.customer("ida")
		s.advance(time.Hour)
		s.buy(tollgate.CheckoutRequest{Customer: "ida", Price: "pro_monthly"}, visa)
		s.settle()
		first := s.plan("ida").Subscription
		s.notified("ida", first)
		for range 2 {
			s.advance(31 * day)
			if told := s.notified("ida", first); told[tollgate.SubscriptionUpdated] == 0 || told[tollgate.SubscriptionCreated] > 0 {
				t.Errorf("of a renewal was told: %v", told)
			}
			if got := s.plan("ida"); got.Subscription != first || got.Plan != "pro" {
				t.Fatalf("after a renewal the customer is on %s by %s, want pro by %s", got.Plan, got.Subscription, first)
			}
		}
		standing, err := s.engine.Standing(s.ctx, "ida")
		if err != nil || len(standing.Subscriptions) != 2 || standing.Subscriptions[0].ID != first {
			t.Fatalf("the subscriptions are %+v, want that of pro and that of free (%v)", standing.Subscriptions, err)
		}
		s.audit()
	})
}

// notified takes the notices that wait and counts them by type. Those of subscriptions must be of one customer's one.
func (s *shop) notified(name id.Customer, subscription string) map[tollgate.NoticeType]int {
	s.Helper()
	told := map[tollgate.NoticeType]int{}
	for {
		waiting, err := s.engine.ClaimNotices(s.ctx, 10)
		if err != nil {
			s.Fatal(err)
		}
		if len(waiting) == 0 {
			return told
		}
		for _, n := range waiting {
			if told[n.Type]++; n.Customer.ExternalID != name || strings.HasPrefix(string(n.Type), "subscription.") && n.Subject != subscription {
				s.Errorf("told %s of %s of %s", n.Type, n.Subject, n.Customer.ExternalID)
			}
			if _, err := s.engine.SettleNotice(s.ctx, n, nil); err != nil {
				s.Fatal(err)
			}
		}
	}
}

func (s *shop) plan(name id.Customer) tollgate.Customer {
	s.Helper()
	c, err := s.engine.Customer(s.ctx, name)
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// audit posts the whole ledger again.
func (s *shop) audit() {
	s.Helper()
	report, err := s.engine.Audit(s.ctx)
	if err != nil {
		s.Fatal(err)
	}
	if len(report.Findings) > 0 {
		s.Errorf("the ledger does not balance: %v", report.Findings)
	}
}

func TestATopUpIsGrantedOnceAndItsRefundTakesBackWhatIsLeft(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{Chaos: sandbox.Chaos{Duplicate: 50}})
		s.customer("bob")
		s.buy(tollgate.CheckoutRequest{Customer: "bob", TopUp: "pack", Quantity: 3}, visa)
		s.settle()
		s.settle()
		s.want("bought", "bob", "free", "tokens", 300)
		payments, err := s.engine.PaymentsOf(s.ctx, "bob", "", 0)
		if err != nil || len(payments.Data) != 1 {
			t.Fatalf("the payments are %v, %v", payments, err)
		}
		pay := payments.Data[0]
		if pay.Amount != 1500 || pay.Status != "succeeded" || pay.TopUp != "pack" || pay.ReceiptURL == "" {
			t.Errorf("the payment is %+v", pay)
		}
		refund := func(amount int64, once string) {
			t.Helper()
			if _, err := s.engine.Refund(s.ctx, tollgate.RefundRequest{Payment: pay.ID, Amount: part(amount), ID: id.Transaction(once)}); err != nil {
				t.Fatal(err)
			}
			s.settle()
		}
		refund(500, "r1")
		refund(500, "r1") // a retry
		s.want("a third refunded", "bob", "free", "tokens", 200)
		if err := s.use("bob", "tokens", 150, "x"); err != nil {
			t.Fatal(err)
		}
		refund(0, "r2")
		s.want("all refunded", "bob", "free", "tokens", 0) // 50 were left of the 200; the 150 spent are forgiven
		if _, err := s.engine.Refund(s.ctx, tollgate.RefundRequest{Payment: pay.ID, ID: "r3"}); !fault.Has(err, fault.Invalid) {
			t.Errorf("a third refund is answered %v, want invalid_request", err)
		}
		for _, other := range []tollgate.RefundRequest{{ID: "r1"}, {ID: "r1", Amount: part(501)}, {ID: "r1", Amount: part(500), Reason: "duplicate"}, {ID: "r2", Amount: part(500)}} {
			other.Payment = pay.ID
			if _, err := s.engine.Refund(s.ctx, other); !fault.Has(err, fault.Conflict) {
				t.Errorf("another refund by the id %s is answered %v, want conflict", other.ID, err)
			}
		}
		if _, err := s.engine.Refund(s.ctx, tollgate.RefundRequest{Payment: pay.ID, ID: "r4", Amount: new(int64(0))}); !fault.Has(err, fault.Invalid) {
			t.Errorf("a refund of nothing is answered %v, want invalid_request", err)
		}
		s.audit()
	})
}

// Of a refund Stripe sends two events: the charge's names the customer, the refund's does not.
func TestEventsOfOneCustomerAreReadOnceTogether(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.customer("zoe")
		s.buy(tollgate.CheckoutRequest{Customer: "zoe", TopUp: "pack"}, visa)
		s.settle()
		payments, err := s.engine.PaymentsOf(s.ctx, "zoe", "", 0)
		if err != nil || len(payments.Data) != 1 {
			t.Fatalf("the payments are %v, %v", payments, err)
		}
		s.stripe("/v1/refunds", url.Values{"charge": {payments.Data[0].ID}, "amount": {"100"}})
		if err := s.sandbox.Flush(s.ctx); err != nil {
			t.Fatal(err)
		}
		const reading = "GET /v1/subscriptions"
		before := s.calls.Seen()[reading]
		events, err := s.engine.Work(s.ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.calls.Seen()[reading] - before; events < 2 || got != 1 {
			t.Errorf("%d events took %d readings of the customer, want at least two events and one reading", events, got)
		}
		s.want("a fifth refunded", "zoe", "free", "tokens", 80)
	})
}

func TestARefundThatFailsGivesTheUnitsBack(t *testing.T) {
	t.Parallel()
	s := open(t, testdb.SQLite(t), sandbox.Options{})
	s.customer("eve")
	s.buy(tollgate.CheckoutRequest{Customer: "eve", TopUp: "pack"}, "4000000000005126")
	s.settle()
	payments, err := s.engine.PaymentsOf(s.ctx, "eve", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.engine.Refund(s.ctx, tollgate.RefundRequest{Payment: payments.Data[0].ID, ID: "r"}); err != nil {
		t.Fatal(err)
	}
	s.want("refunded", "eve", "free", "tokens", 0)
	s.advance(2 * time.Hour)
	s.want("the refund failed", "eve", "free", "tokens", 100)
	s.audit()
}

func TestALatePaymentHasAGrace(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{AfterRetries: "past_due"})
		s.customer("cid")
		none := 0
		s.buy(tollgate.CheckoutRequest{Customer: "cid", Price: "pro_monthly", TrialDays: &none}, visa)
		s.settle()
		s.want("paid", "cid", "pro", "requests", 1000)
		if err := s.use("cid", "requests", 600, "a"); err != nil {
			t.Fatal(err)
		}
		s.failCard("cid")
		s.advance(31*day + 2*time.Hour)
		s.want("past due", "cid", "pro", "requests", 400)
		s.advance(6 * day)
		s.want("in its grace", "cid", "pro", "requests", 400)
		s.advance(2 * day)
		s.want("after its grace", "cid", "free", "requests", 20)
		s.audit()
	})
}

// failCard makes every later payment of a customer fail.
func (s *shop) failCard(name id.Customer) {
	s.Helper()
	s.newCard(name, failing)
}

// newCard saves another card.
func (s *shop) newCard(name id.Customer, number string) {
	s.Helper()
	at, err := s.engine.Portal(s.ctx, tollgate.PortalRequest{Customer: name})
	if err != nil {
		s.Fatal(err)
	}
	s.portal(at.URL, number)
}

func TestATrialIsGivenOnce(t *testing.T) {
	t.Parallel()
	s := open(t, testdb.SQLite(t), sandbox.Options{})
	s.customer("dee")
	s.buy(tollgate.CheckoutRequest{Customer: "dee", Price: "pro_monthly"}, visa)
	s.settle()
	s.want("on trial", "dee", "pro", "requests", 1000)
	if err := s.use("dee", "requests", 900, "a"); err != nil {
		t.Fatal(err)
	}
	s.advance(14*day + 2*time.Hour)
	s.want("paid after the trial", "dee", "pro", "requests", 1000)
	if _, err := s.engine.CancelSubscription(s.ctx, s.subscription("dee").ID, tollgate.Now); err != nil {
		t.Fatal(err)
	}
	s.buy(tollgate.CheckoutRequest{Customer: "dee", Price: "pro_monthly"}, visa)
	s.settle()
	if got := s.subscription("dee").Status; got != "active" {
		t.Errorf("the second subscription is %s, want active: a trial is given once", got)
	}
	s.audit()
}

func TestADeclinedCheckoutGivesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, testdb.SQLite(t), sandbox.Options{})
	s.customer("fay")
	session, err := s.engine.Checkout(s.ctx, tollgate.CheckoutRequest{Customer: "fay", TopUp: "pack"})
	if err != nil {
		t.Fatal(err)
	}
	if to := s.pay(session.URL, declined); to != "" {
		t.Errorf("a declined card leads to %s", to)
	}
	s.settle()
	s.want("declined", "fay", "free", "tokens", 0)
	if _, err := s.engine.CheckoutSession(s.ctx, "cs_test_nobody"); !fault.Has(err, fault.NotFound) {
		s.Errorf("a session that is not there: %v", err)
	}
	if got, err := s.engine.CheckoutSession(s.ctx, session.ID); err != nil || got.Status != "open" {
		t.Errorf("the session is %+v, %v; want open", got, err)
	}
	s.pay(session.URL, visa)
	if got, err := s.engine.CheckoutSession(s.ctx, session.ID); err != nil || got.Status != "complete" {
		t.Errorf("the session is %+v, %v; want complete", got, err)
	}
	s.want("on return, before any webhook", "fay", "free", "tokens", 100)
}

func TestTheDoctorFindsWhatWasMissedAndMendsIt(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{Chaos: sandbox.Chaos{Drop: 100}})
		s.customer("gus")
		none := 0
		s.buy(tollgate.CheckoutRequest{Customer: "gus", Price: "pro_monthly", TrialDays: &none}, visa)
		s.buy(tollgate.CheckoutRequest{Customer: "gus", TopUp: "pack"}, visa)
		s.settle()
		s.want("every webhook was lost", "gus", "free", "tokens", 0)
		count := func(repair bool) (all, mended int) {
			t.Helper()
			found, err := s.engine.Diagnose(s.ctx, repair)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range found {
				if d.Customer == "gus" {
					all++
					if d.Repaired {
						mended++
					}
				}
			}
			return all, mended
		}
		if all, _ := count(false); all < 4 { // plan, period, two payments, a grant
			t.Errorf("the doctor finds %d differences, want at least 4", all)
		}
		s.want("a look changes nothing", "gus", "free", "tokens", 0)
		if all, mended := count(true); all != mended {
			t.Errorf("%d of %d differences are mended", mended, all)
		}
		s.want("repaired", "gus", "pro", "tokens", 100)
		if all, _ := count(false); all != 0 {
			t.Errorf("after the repair the doctor finds %d differences", all)
		}
	})
}

func TestLostWebhooksAreReadFromStripesList(t *testing.T) {
	t.Parallel()
	s := open(t, testdb.SQLite(t), sandbox.Options{Chaos: sandbox.Chaos{Drop: 100}})
	s.customer("hal")
	s.buy(tollgate.CheckoutRequest{Customer: "hal", TopUp: "pack"}, visa)
	s.settle()
	s.want("lost", "hal", "free", "tokens", 0)
	fresh, err := s.engine.Reconcile(s.ctx)
	if err != nil || fresh == 0 {
		t.Fatalf("reconcile: %d, %v", fresh, err)
	}
	s.settle()
	s.want("reconciled", "hal", "free", "tokens", 100)
	if again, err := s.engine.Reconcile(s.ctx); err != nil || again != 0 {
		t.Errorf("a second look finds %d new events, %v", again, err)
	}
}

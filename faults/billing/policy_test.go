package billing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/sandbox"
)

// publish puts the shop's catalog in force with other policies.
func (s *shop) publish(policies string) {
	s.Helper()
	if _, err := s.engine.Publish(s.ctx, "catalog.yaml", []byte(policies+"\n"+catalog), false); err != nil {
		s.Fatal(err)
	}
}

// payBack refunds a part of a customer's oldest payment that is left, or all of it when amount is 0.
func (s *shop) payBack(name id.Customer, amount int64, once string) {
	s.Helper()
	payments, err := s.engine.PaymentsOf(s.ctx, name, "", 100)
	if err != nil || len(payments.Data) == 0 {
		s.Fatalf("the payments of %s: %v, %v", name, payments.Data, err)
	}
	oldest := payments.Data[len(payments.Data)-1]
	if _, err := s.engine.Refund(s.ctx, tollgate.RefundRequest{Payment: oldest.ID, Amount: part(amount), ID: id.Transaction(once)}); err != nil {
		s.Fatal(err)
	}
	s.settle()
}

// refuses fails unless consuming one unit is refused with a code; it returns the refusal.
func (s *shop) refuses(name id.Customer, balance id.Slug, code fault.Code) *fault.Error {
	s.Helper()
	one := quantity.One
	_, err := s.engine.Consume(s.ctx, meter.Usage{Customer: name, Meter: balance, Amount: &one, TransactionID: "refused"})
	if !fault.Has(err, code) {
		s.Fatalf("%s consumes one of %s: %v, want %s", name, balance, err, code)
	}
	if _, err := s.engine.Hold(s.ctx, tollgate.HoldRequest{Customer: name, Meter: balance, Amount: one, TransactionID: "refused hold"}); !fault.Has(err, code) {
		s.Fatalf("%s holds one of %s: %v, want %s", name, balance, err, code)
	}
	return fault.Of(err)
}

// part is an amount to refund, or all that is left for 0.
func part(amount int64) *int64 {
	if amount == 0 {
		return nil
	}
	return &amount
}

func (s *shop) take(name id.Customer, balance id.Slug, amount int64, once string) {
	s.Helper()
	if err := s.use(name, balance, amount, once); err != nil {
		s.Fatal(err)
	}
}

// kinds returns the kinds of a balance's lines, oldest first, without windows and usage.
func (s *shop) kinds(name id.Customer, balance id.Slug) string {
	s.Helper()
	var all []string
	lines := s.lines(name, balance)
	for n := len(lines) - 1; n >= 0; n-- {
		if k := lines[n].Kind; !k.IsUsage() && lines[n].Window == nil && k != credit.KindHold {
			all = append(all, string(k))
		}
	}
	return strings.Join(all, " ")
}

// TestWhatIsSpentIsOwedUntilItIsPaid: with the policy debt, what a refund finds spent is paid by what comes next, first.
func TestWhatIsSpentIsOwedUntilItIsPaid(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{Chaos: sandbox.Chaos{Duplicate: 50}})
		s.publish("refunds: {spent: debt}")
		s.customer("bob")
		s.buy(tollgate.CheckoutRequest{Customer: "bob", TopUp: "pack", Quantity: 3}, visa)
		s.settle()
		s.take("bob", "tokens", 250, "x")
		s.payBack("bob", 0, "r1")
		s.want("all refunded", "bob", "free", "tokens", -250)
		b, err := s.engine.Balance(s.ctx, "bob", "tokens")
		if err != nil {
			t.Fatal(err)
		}
		if b.Debt == nil || b.Debt.String() != "250" || len(b.Debts) != 1 || b.Debts[0].Policy != credit.Owe || b.Suspended {
			t.Errorf("the balance is %+v, want a debt of 250", b)
		}
		if f := s.refuses("bob", "tokens", fault.InsufficientCredits); f.Details["owed"] != quantity.Whole(250) || !strings.Contains(f.Message, "owes 250") {
			t.Errorf("the refusal is %v %v, want it to say that 250 are owed", f.Message, f.Details)
		}
		s.want("another balance is as it was", "bob", "free", "requests", 20)

		s.buy(tollgate.CheckoutRequest{Customer: "bob", TopUp: "pack"}, visa)
		s.settle()
		s.want("a top-up pays first", "bob", "free", "tokens", -150)
		if _, err := s.engine.Grant(s.ctx, tollgate.GrantRequest{Customer: "bob", Balance: "tokens", Amount: quantity.Whole(200), ID: "bonus"}); err != nil {
			t.Fatal(err)
		}
		s.want("a grant pays the rest", "bob", "free", "tokens", 50)
		if got, want := s.kinds("bob", "tokens"), "grant claw_back debt grant debt_paid grant debt_paid"; got != want {
			t.Errorf("the ledger has %s, want %s", got, want)
		}
		e, err := s.engine.Explain(s.ctx, "bob", "tokens")
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, l := range e.Lines {
			text.WriteString(l.Text + "\n")
		}
		for _, want := range []string{"250 units were spent before their money went back", "100 units paid what was owed", "150 units paid what was owed"} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("the explanation lacks %q:\n%s", want, text.String())
			}
		}
		s.take("bob", "tokens", 50, "y")
		s.recover()
		parked(s)
		s.audit()
	})
}

// TestARefundThatFailsUndoesADebtThatWasPaid: the grants that had paid get their units back.
func TestARefundThatFailsUndoesADebtThatWasPaid(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.publish("refunds: {spent: suspend}")
		s.customer("eve")
		s.buy(tollgate.CheckoutRequest{Customer: "eve", TopUp: "pack"}, refundFails)
		s.settle()
		s.take("eve", "tokens", 70, "x")
		s.payBack("eve", 0, "r")
		s.want("refunded", "eve", "free", "tokens", -70)
		s.refuses("eve", "tokens", fault.Suspended)
		soon := s.sandbox.Now().Add(30 * 24 * time.Hour)
		if _, err := s.engine.Grant(s.ctx, tollgate.GrantRequest{Customer: "eve", Balance: "tokens", Amount: quantity.Whole(50), ID: "bonus", ExpiresAt: &soon}); err != nil {
			t.Fatal(err)
		}
		s.want("a part is paid", "eve", "free", "tokens", -20)
		s.refuses("eve", "tokens", fault.Suspended)
		s.advance(2 * time.Hour)
		s.want("the refund failed", "eve", "free", "tokens", 80)
		s.advance(31 * day)
		s.want("the bonus has ended as it would have", "eve", "free", "tokens", 30)
		s.take("eve", "tokens", 30, "y")
		s.audit()
	})
}

// TestASuspendedBalanceIsUsedAgainWhenItIsPaid: whatever else it has, and other balances meanwhile.
func TestASuspendedBalanceIsUsedAgainWhenItIsPaid(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.publish("refunds: {spent: suspend}")
		s.customer("bob")
		s.buy(tollgate.CheckoutRequest{Customer: "bob", TopUp: "pack"}, visa)
		s.settle()
		s.take("bob", "tokens", 30, "x")
		s.payBack("bob", 0, "r")
		if f := s.refuses("bob", "tokens", fault.Suspended); f.Status() != 402 || f.Details["owed"] != quantity.Whole(30) || f.Details["balance"] != "tokens" {
			t.Errorf("the refusal is %d %v, want 402 that names the balance and the 30 owed", f.Status(), f.Details)
		}
		check, err := s.engine.Check(s.ctx, tollgate.CheckRequest{Customer: "bob", Meter: "tokens"})
		if err != nil || check.Allowed || !check.Suspended {
			t.Errorf("the check says %+v, %v; want not allowed, suspended", check, err)
		}
		s.take("bob", "requests", 1, "z")
		zero := quantity.Whole(5)
		if _, err := s.engine.Record(s.ctx, meter.Usage{Customer: "bob", Meter: "tokens", Amount: &zero, TransactionID: "late"}); err != nil {
			t.Errorf("usage that has happened is refused: %v", err)
		}
		if _, err := s.engine.Void(s.ctx, "bob", "x", "not delivered"); err != nil {
			t.Fatal(err)
		}
		s.want("what was spent has come back, and paid", "bob", "free", "tokens", 0)
		if b, err := s.engine.Balance(s.ctx, "bob", "tokens"); err != nil || b.Suspended || b.Debt != nil {
			t.Errorf("the balance is %+v, %v; want no debt", b, err)
		}
		s.buy(tollgate.CheckoutRequest{Customer: "bob", TopUp: "pack"}, visa)
		s.settle()
		s.take("bob", "tokens", 100, "w")
		s.audit()
	})
}

// TestWhatIsForgivenIsTakenWhenItComesBack: a void and a hold that is let go give nothing back that nobody paid for.
func TestWhatIsForgivenIsTakenWhenItComesBack(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.customer("bob")
		s.buy(tollgate.CheckoutRequest{Customer: "bob", TopUp: "pack"}, visa)
		s.settle()
		s.take("bob", "tokens", 30, "x")
		held, err := s.engine.Hold(s.ctx, tollgate.HoldRequest{Customer: "bob", Meter: "tokens", Amount: quantity.Whole(20), TransactionID: "h"})
		if err != nil {
			t.Fatal(err)
		}
		s.payBack("bob", 250, "r1")
		s.want("half refunded", "bob", "free", "tokens", 0)
		if _, err := s.engine.Void(s.ctx, "bob", "x", "not delivered"); err != nil {
			t.Fatal(err)
		}
		s.want("what was spent came back for the other half", "bob", "free", "tokens", 30)
		s.payBack("bob", 0, "r2")
		s.want("all refunded", "bob", "free", "tokens", 0)
		if _, err := s.engine.Release(s.ctx, held.ID); err != nil {
			t.Fatal(err)
		}
		s.want("what was held is taken too", "bob", "free", "tokens", 0)
		s.audit()
	})
}

// TestAnUnpaidSubscriptionGivesWhatTheCatalogSays, from the end of its grace on, and at once when the catalog changes.
func TestAnUnpaidSubscriptionGivesWhatTheCatalogSays(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{AfterRetries: "unpaid"})
		s.publish("access: {past_due: {grace: 3d, then: no_access}, unpaid: {then: keep}}")
		s.customer("cid")
		s.buy(tollgate.CheckoutRequest{Customer: "cid", Price: "pro_monthly", TrialDays: &noTrial}, visa)
		s.buy(tollgate.CheckoutRequest{Customer: "cid", TopUp: "pack"}, visa)
		s.settle()
		s.take("cid", "requests", 600, "a")
		s.failCard("cid")
		s.advance(31*day + 2*time.Hour)
		s.want("past due", "cid", "pro", "requests", 400)
		s.advance(2 * day)
		s.want("in its grace", "cid", "pro", "requests", 400)
		s.advance(day)
		s.want("no access", "cid", "", "requests", 0)
		f := s.refuses("cid", "requests", fault.Suspended)
		if f.Details["status"] != "past_due" || !strings.Contains(f.Message, "pay its open invoice") {
			t.Errorf("the refusal is %v %v, want what to do and the status", f.Message, f.Details)
		}
		s.refuses("cid", "tokens", fault.Suspended) // what it bought waits
		if b, err := s.engine.Balance(s.ctx, "cid", "tokens"); err != nil || !b.Suspended || b.Available.String() != "100" {
			t.Errorf("the balance is %+v, %v; want 100, suspended", b, err)
		}
		s.agrees("cid")

		s.publish("access: {past_due: {grace: 9d, then: no_access}, unpaid: {then: keep}}")
		s.advance(time.Minute)
		s.want("a longer grace", "cid", "pro", "requests", 400)
		for range 4 { // until no attempt is left
			s.advance(7 * day)
		}
		if c, err := s.engine.Customer(s.ctx, "cid"); err != nil || c.Status != "unpaid" {
			t.Fatalf("the customer is %s, %v; want unpaid", c.Status, err)
		}
		s.want("unpaid, and kept", "cid", "pro", "requests", 400)
		s.publish("access: {unpaid: {then: default_plan}}")
		s.advance(time.Minute)
		s.want("unpaid, and back", "cid", "free", "requests", 20)
		s.agrees("cid")
		s.audit()
	})
}

package billing_test

import (
	"errors"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// named returns the field that a refusal names, "" when it is none.
func named(err error) any {
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.Invalid {
		return ""
	}
	return f.Details["field"]
}

func TestATrialIsOfAPlan(t *testing.T) {
	t.Parallel()
	s := open(t, testdb.SQLite(t), sandbox.Options{})
	s.customer("ann")
	week := 7
	for what, r := range map[string]tollgate.CheckoutRequest{
		"a top-up": {Customer: "ann", TopUp: "pack", TrialDays: &week}, "a top-up, without one": {Customer: "ann", TopUp: "pack", TrialDays: &noTrial},
		"a card": {Customer: "ann", Card: true, TrialDays: &week},
	} {
		if _, err := s.engine.Checkout(s.ctx, r); named(err) != "trialDays" {
			t.Errorf("a trial of %s is answered %v, want invalid_request of trialDays", what, err)
		}
	}
	if _, err := s.engine.Checkout(s.ctx, tollgate.CheckoutRequest{Customer: "ann", Price: "max_monthly", TrialDays: &week}); err != nil {
		t.Errorf("a trial of a plan is answered %v", err)
	}
}

func TestAPageOfPaymentsGoesOnAfterOneOfThem(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.customer("ann")
		s.customer("bob")
		for range 2 {
			s.buy(tollgate.CheckoutRequest{Customer: "ann", TopUp: "pack"}, visa)
			s.buy(tollgate.CheckoutRequest{Customer: "bob", TopUp: "pack"}, visa)
		}
		s.settle()
		first, err := s.engine.PaymentsOf(s.ctx, "ann", "", 1)
		if err != nil || first.Next == "" {
			t.Fatalf("the first page is %+v, %v; want one that goes on", first, err)
		}
		second, err := s.engine.PaymentsOf(s.ctx, "ann", first.Next, 1)
		if err != nil || len(second.Data) != 1 || second.Data[0].ID == first.Data[0].ID || second.Next != "" {
			t.Errorf("the second page is %+v, %v; want the other payment alone", second, err)
		}
		for _, cursor := range []string{"zzz", first.Next} {
			if page, err := s.engine.PaymentsOf(s.ctx, "bob", cursor, 1); named(err) != "cursor" {
				t.Errorf("bob's payments after %s are %+v, %v; want invalid_request of cursor", cursor, page, err)
			}
			if page, err := s.engine.InvoicesOf(s.ctx, "ann", cursor, 1); named(err) != "cursor" {
				t.Errorf("invoices after %s are %+v, %v; want invalid_request of cursor", cursor, page, err)
			}
		}
	})
}

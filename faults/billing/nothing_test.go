package billing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// The promotion codes that the tests type: the first invoice for nothing, and for half.
const (
	gratis = "GRATIS"
	half   = "HALF"
)

// promote makes the promotion codes.
func (s *shop) promote() {
	s.Helper()
	for code, percent := range map[string]int64{gratis: 100_00, half: 50_00} {
		if _, err := s.engine.CreatePromotion(s.ctx, tollgate.Promotion{Code: code, Name: code, Percent: percent, Active: true}); err != nil {
			s.Fatal(err)
		}
	}
}

// bought buys with a card that pays.
func bought(r tollgate.CheckoutRequest) step {
	return then(func(s *shop, name id.Customer) {
		r.Customer = name
		s.buy(r, visa)
	})
}

// TestATopUpThatCostsNothingIsGrantedOnceOnReturn: of its checkout no webhook comes, and then all do.
func TestATopUpThatCostsNothingIsGrantedOnceOnReturn(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := openWith(t, db, sandbox.Options{Chaos: sandbox.Chaos{Drop: 100}}, []byte(strings.Replace(catalog, "tokens: 100}", "tokens: 100}, expires: 30d", 1)),
			func(o *tollgate.Options) { o.Notices = true })
		s.stock()
		s.promote()
		s.customer("ann")
		visit, err := s.engine.Checkout(s.ctx, tollgate.CheckoutRequest{Customer: "ann", TopUp: "pack", PromotionCode: gratis})
		if err != nil {
			t.Fatal(err)
		}
		s.want("on the page", "ann", "free", "tokens", 0)
		if err := s.sandbox.AdvanceBy(s.ctx, 23*time.Hour); err != nil {
			t.Fatal(err)
		}
		if s.pay(visit.URL, "") == "" {
			t.Fatal("the checkout was not completed without a card")
		}
		for range 2 {
			if _, err := s.engine.CheckoutSession(s.ctx, visit.ID); err != nil {
				t.Fatal(err)
			}
			s.want("returned", "ann", "free", "tokens", 100)
		}
		s.recover()
		s.want("all events are read", "ann", "free", "tokens", 100)
		s.wantDiagnosed("granted", "ann", false)
		told := s.notified("ann", s.plan("ann").Subscription)
		if told[tollgate.PurchaseCompleted] != 1 || told[tollgate.PaymentSucceeded] != 0 {
			t.Errorf("told %v, want one purchase and no payment", told)
		}
		page, err := s.engine.PaymentsOf(s.ctx, "ann", "", 0)
		if err != nil || len(page.Data) != 1 || page.Data[0].Amount != 0 || page.Data[0].TopUp != "pack" {
			t.Fatalf("the payments are %+v (%v), want one of nothing for the pack", page.Data, err)
		}
		if _, err := s.engine.Refund(s.ctx, tollgate.RefundRequest{Payment: page.Data[0].ID, ID: "r"}); !fault.Has(err, fault.Invalid) {
			t.Errorf("a refund of nothing is answered %v, want invalid_request", err)
		}
		s.advance(30 * day)
		s.want("30 days after it was bought at the latest", "ann", "free", "tokens", 100)
		s.advance(time.Hour)
		s.want("30 days after its checkout would have lapsed", "ann", "free", "tokens", 0)
		s.audit()
	})
}

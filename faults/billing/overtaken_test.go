package billing_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// TestARefundOvertakenByAReadingThatWasCutOffTakesBack: while a refund reads what Stripe says, a newer reading keeps that, and
// its process dies before it takes anything back. The refund's answer comes after that is done all the same.
func TestARefundOvertakenByAReadingThatWasCutOffTakesBack(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		var s *shop
		var overtake atomic.Pointer[func()]
		gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if f := overtake.Load(); f != nil && r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/subscriptions") && overtake.CompareAndSwap(f, nil) {
				(*f)()
			}
			s.calls.ServeHTTP(w, r)
		}))
		t.Cleanup(gate.Close)
		s = openWith(t, db, sandbox.Options{}, []byte(catalog), func(o *tollgate.Options) { o.Payments.URL = gate.URL })
		s.stock()
		s.customer("ann")
		s.buy(tollgate.CheckoutRequest{Customer: "ann", TopUp: "pack"}, visa)
		s.settle()
		s.want("bought", "ann", "free", "tokens", 100)
		payments, err := s.engine.PaymentsOf(s.ctx, "ann", "", 0)
		if err != nil {
			t.Fatal(err)
		}
		other, err := store.Open(s.ctx, db)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		cutOff := func() {
			c, err := other.CustomerOf(s.ctx, "ann")
			if err != nil {
				t.Error(err)
				return
			}
			ticket, _, err := other.TakeTicket(s.ctx, c.Key)
			if err != nil {
				t.Error(err)
				return
			}
			if err := other.Update(s.ctx, func(tx *store.Tx) error {
				b, err := tx.BillingOf(s.ctx, c.Key)
				if err != nil {
					return err
				}
				_, err = tx.WriteBilling(s.ctx, b, ticket)
				return err
			}); err != nil {
				t.Error(err)
			}
		}
		overtake.Store(&cutOff)
		if _, err := s.engine.Refund(s.ctx, tollgate.RefundRequest{Payment: payments.Data[0].ID, ID: "r"}); err != nil {
			t.Fatal(err)
		}
		if overtake.Load() != nil {
			t.Fatal("the refund read nothing")
		}
		s.want("refunded", "ann", "free", "tokens", 0)
		s.audit()
	})
}

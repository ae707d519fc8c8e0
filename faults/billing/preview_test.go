package billing_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

func TestAPreviewComparesWithThePlanThatIsInForce(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		s.customer("ann")
		none := 0
		s.buy(tollgate.CheckoutRequest{Customer: "ann", Price: "max_monthly", TrialDays: &none}, visa)
		s.settle()
		sub := s.subscription("ann").ID
		if _, err := s.engine.ChangeSubscription(s.ctx, tollgate.ChangeRequest{Subscription: sub, Price: "pro_monthly"}); err != nil {
			t.Fatal(err)
		}
		s.want("a downgrade waits for the renewal", "ann", "max", "requests", 5000)
		preview, err := s.engine.PreviewChange(s.ctx, tollgate.ChangeRequest{Subscription: sub, Price: "max_monthly"})
		if err != nil {
			t.Fatal(err)
		}
		if got := preview.Credits["requests"]; got.Limit.String() != "5000" || got.After.String() != "5000" {
			t.Errorf("taking the downgrade back gives %s requests instead of %s, want 5000 as before", got.After, got.Limit)
		}
	})
}

func TestAPreviewIsToldThoughOurClockIsBehind(t *testing.T) {
	t.Parallel()
	var behind atomic.Int64
	s := openWith(t, testdb.SQLite(t), sandbox.Options{}, []byte(catalog), func(o *tollgate.Options) {
		now := o.Now
		o.Now = func() time.Time { return now().Add(-time.Duration(behind.Load())) }
	})
	s.stock()
	s.customer("ann")
	none := 0
	s.buy(tollgate.CheckoutRequest{Customer: "ann", Price: "pro_monthly", TrialDays: &none}, visa)
	s.settle()
	behind.Store(int64(3 * time.Second))
	ask := tollgate.ChangeRequest{Subscription: s.subscription("ann").ID, Price: "max_monthly"}
	preview, err := s.engine.PreviewChange(s.ctx, ask)
	if err != nil {
		t.Fatal(err)
	}
	ask.At = &preview.At
	if _, err := s.engine.ChangeSubscription(s.ctx, ask); err != nil {
		t.Fatal(err)
	}
	page, err := s.engine.InvoicesOf(s.ctx, "ann", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	totals := map[string]int64{}
	for _, i := range page.Data {
		totals[i.Reason] = i.Total
	}
	if got := totals["subscription_update"]; got != preview.Total || got <= 0 {
		t.Errorf("the change cost %d, and its preview said %d", got, preview.Total)
	}
}

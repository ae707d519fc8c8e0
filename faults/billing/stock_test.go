package billing_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

func TestAProgramPutsItsCatalogOnSale(t *testing.T) {
	t.Parallel()
	s := openWith(t, testdb.SQLite(t), sandbox.Options{}, []byte(strings.Replace(catalog, "{amount: 500,", "{name: Ten dozen tokens, amount: 500,", 1)), func(o *tollgate.Options) { o.Payments.ReturnURL = "https://example.com/account" })
	s.customer("ann")
	order := tollgate.CheckoutRequest{Customer: "ann", Price: "pro_monthly"}
	if _, err := s.engine.Checkout(s.ctx, order); !fault.Has(err, fault.PaymentsNotConfigured) {
		t.Errorf("before anything is on sale: %v", err)
	}
	for range 2 { // a start, and another one
		if err := s.engine.Stock(s.ctx); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(list[object](s, "/v1/prices", url.Values{"limit": {"100"}})); n != 4 {
		t.Errorf("%d prices are at Stripe, want the catalog's four", n)
	}
	session, err := s.engine.Checkout(s.ctx, order)
	if err != nil {
		t.Fatal(err)
	}
	if to := s.pay(session.URL, visa); to != "https://example.com/ok" {
		t.Errorf("paying leads to %q", to)
	}
	if _, err := s.engine.CheckoutSession(s.ctx, session.ID); err != nil {
		t.Fatal(err)
	}
	if c, err := s.engine.Customer(s.ctx, "ann"); err != nil || c.Plan != "pro" {
		t.Errorf("ann is on %s: %v", c.Plan, err)
	}

	pack, err := s.engine.Checkout(s.ctx, tollgate.CheckoutRequest{Customer: "ann", TopUp: "pack"})
	if err != nil {
		t.Fatal(err)
	}
	s.pay(pack.URL, visa)
	if _, err := s.engine.CheckoutSession(s.ctx, pack.ID); err != nil {
		t.Fatal(err)
	}
	paid, err := app.Sell(s.engine).List(s.ctx, "ann")
	if err != nil || len(paid) != 1 || paid[0].Description != "Ten dozen tokens" || paid[0].Amount != 500 { // the plan is on trial
		t.Errorf("a page shows the payments %+v: %v", paid, err)
	}

	poor, err := tollgate.Open(t.Context(), testdb.SQLite(t), tollgate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer poor.Close()
	if err := poor.Stock(s.ctx); !fault.Has(err, fault.PaymentsNotConfigured) {
		t.Errorf("without payments: %v", err)
	}
}

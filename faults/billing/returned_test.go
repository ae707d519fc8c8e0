package billing_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// TestAnInquiryTakesNothingAndGivesNothingBack: nor does a reading that still saw it when it had become a dispute.
func TestAnInquiryTakesNothingAndGivesNothingBack(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		var s *shop
		var inquiry atomic.Bool // Stripe, which has no card for one in test mode, says that the dispute is one
		var newer atomic.Pointer[func()]
		gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			s.calls.ServeHTTP(answer, r)
			body := answer.Body.Bytes()
			if inquiry.Load() {
				body = bytes.ReplaceAll(body, []byte(`"status":"needs_response"`), []byte(`"status":"warning_needs_response"`))
			}
			if f := newer.Load(); f != nil && strings.Contains(r.URL.Path, "/disputes") && newer.CompareAndSwap(f, nil) {
				(*f)()
			}
			for name, values := range answer.Header() {
				if name != "Content-Length" {
					w.Header()[name] = values
				}
			}
			w.WriteHeader(answer.Code)
			if _, err := io.Copy(w, bytes.NewReader(body)); err != nil {
				t.Error(err)
			}
		}))
		t.Cleanup(gate.Close)
		s = openWith(t, db, sandbox.Options{}, []byte(catalog), func(o *tollgate.Options) { o.Payments.URL = gate.URL })
		s.stock()
		s.customer("ann")
		inquiry.Store(true)
		s.buy(tollgate.CheckoutRequest{Customer: "ann", TopUp: "pack"}, "4000000000000259")
		s.settle()
		s.want("an inquiry", "ann", "free", "tokens", 100)
		becomes := func() {
			inquiry.Store(false)
			if err := s.engine.SyncCustomer(s.ctx, "ann"); err != nil {
				t.Error(err)
			}
		}
		newer.Store(&becomes)
		if err := s.engine.SyncCustomer(s.ctx, "ann"); err != nil {
			t.Fatal(err)
		}
		if newer.Load() != nil {
			t.Fatal("no disputes were read")
		}
		s.want("a dispute", "ann", "free", "tokens", 0)
		if got, want := s.kinds("ann", "tokens"), "grant claw_back"; got != want {
			t.Errorf("the ledger has %s, want %s", got, want)
		}
		s.stripe("/v1/disputes/"+list[object](s, "/v1/disputes", nil)[0].ID, url.Values{"evidence[uncategorized_text]": {"winning_evidence"}})
		s.settle()
		s.want("it is won", "ann", "free", "tokens", 100)
		s.audit()
	})
}

package billing_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// explained returns the words of a balance's lines.
func (s *shop) explained(name id.Customer, balance id.Slug) string {
	s.Helper()
	e, err := s.engine.Explain(s.ctx, name, balance)
	if err != nil {
		s.Fatal(err)
	}
	var text strings.Builder
	for _, l := range slices.Concat(e.Lines, e.Pending) {
		text.WriteString(l.Text + "\n")
	}
	return text.String()
}

// TestAnExplanationNamesWhatHasComeOfARefundOrDispute, of a plan's price, too.
func TestAnExplanationNamesWhatHasComeOfARefundOrDispute(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{})
		buys := map[id.Customer]tollgate.CheckoutRequest{"plan": {Price: "pro_monthly", TrialDays: &noTrial}, "failed": {TopUp: "pack"}, "won": {TopUp: "pack"}}
		cards := map[id.Customer]string{"plan": visa, "failed": refundFails, "won": "4000000000000259"}
		for name, r := range buys {
			s.customer(name)
			r.Customer = name
			s.buy(r, cards[name])
			s.settle()
		}
		s.take("plan", "requests", 10, "x")
		s.payBack("plan", 200, "a")
		s.want("a quarter of its price is refunded", "plan", "pro", "requests", 740)
		s.payBack("failed", 0, "b")
		s.advance(2 * time.Hour)
		s.want("the refund failed", "failed", "free", "tokens", 100)
		s.want("disputed", "won", "free", "tokens", 0)
		s.at["won"] = s.stripeID("won")
		disputed("winning_evidence").do(s, "won")
		s.settle()
		s.want("the dispute is won", "won", "free", "tokens", 100)
		for name, want := range map[id.Customer]string{
			"plan":   "the window gives 750 units until 15 Feb 2026 10:00 UTC; what was used in it stays used (part of what the period cost was refunded or disputed)",
			"failed": "is given back, 100 units in all: the refund failed.",
			"won":    "is given back, 100 units in all: the dispute was won.",
		} {
			balance := id.Slug("tokens")
			if name == "plan" {
				balance = "requests"
			}
			if text := s.explained(name, balance); !strings.Contains(text, want) {
				t.Errorf("%s is explained without %q:\n%s", name, want, text)
			}
		}
		s.audit()
	})
}

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

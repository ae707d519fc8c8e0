package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/examples/trace"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/sandbox"
)

// A lie replaces what answers to requests of a path say.
type lie struct {
	method, path string // a regular expression
	from, to     string // a regular expression, and what is said in its place
	status       int    // and with it; 0 leaves it
	honest       http.RoundTripper
	told         atomic.Int64
}

// tell has a client hear the lie, until the returned function is called.
func (l *lie) tell(c *demoClient) (stop func()) {
	l.honest, c.http.Transport = c.http.Transport, l
	return func() { c.http.Transport = l.honest }
}

func (l *lie) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.honest.RoundTrip(r)
	if err != nil || r.Method != l.method || !regexp.MustCompile(l.path).MatchString(r.URL.Path) {
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	said := regexp.MustCompile(l.from).ReplaceAll(body, []byte(l.to))
	if !bytes.Equal(said, body) {
		l.told.Add(1)
		if l.status != 0 {
			answer.StatusCode = l.status
		}
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(said)), int64(len(said))
	return answer, err
}

// TestDemoStopsAtSalesThatAreWrong lets the demo sell through an engine and a sandbox one of which says one thing that is not
// so.
func TestDemoStopsAtSalesThatAreWrong(t *testing.T) {
	t.Parallel()
	const tollgateLies, stripeLies = true, false
	for _, tt := range []struct {
		name string
		who  bool
		lie  *lie
		want string
	}{
		{"a plan that is paid must be in force", tollgateLies, &lie{method: "GET", path: `^/v1/customers/user-008$`, from: `"plan":"pro"`, to: `"plan":"free"`}, "has paid for pro and is on free"},
		{"a period must be unused", tollgateLies, &lie{method: "GET", path: `/user-008/balances/ai_requests$`, from: `"used":0,`, to: `"used":1,`}, "has used 1 of ai_requests"},
		{"a page must show what is due", tollgateLies, &lie{method: "GET", path: `^/c/pay/`, from: `\$19\.00`, to: `$$1.00`}, `does not show "$19.00"`},
		{"who has paid must be served", tollgateLies, &lie{method: "POST", path: `^/v1/consume$`, from: `(?s)^\{"event":\{"customer":"user-\d+","meter":"ai_requests".*$`, to: `{"error":"insufficient_credits","balance":"ai_requests","availableBalance":0,"required":1}`, status: 402}, "is refused request"},
		{"a declined checkout must stay open", tollgateLies, &lie{method: "GET", path: `^/v1/checkout-sessions/`, from: `"open"`, to: `"complete"`}, "was declined, but its checkout is complete"},
		{"a refund must take back what is unspent", tollgateLies, &lie{method: "GET", path: `/entries$`, from: `"kind":"claw_back"`, to: `"kind":"revoke"`}, "the refund took 0 back"},
		{"a refund must be made once", tollgateLies, &lie{method: "POST", path: `/refunds$`, from: `"refunded":499`, to: `"refunded":998`}, "was to get $4.99 back, once"},
		{"what was used must be reported", tollgateLies, &lie{method: "GET", path: `/reportable-usage$`, from: `"alreadyReported":20,`, to: `"alreadyReported":19,`}, "has used 20 tokens, but 19 were reported"},
		{"what was reported must be counted", stripeLies, &lie{method: "GET", path: `/event_summaries$`, from: `"aggregated_value":\s*20`, to: `"aggregated_value":21`}, "Stripe counts 21"},
		{"a renewal must be paid", tollgateLies, &lie{method: "GET", path: `/invoices$`, from: `"amountPaid":799`, to: `"amountPaid":0`}, "was to be paid, 799"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newDemoShop(t)
			if tt.who == tollgateLies {
				tt.lie.tell(s.client)
			} else {
				tt.lie.tell(s.bank)
			}
			if _, err := s.run(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the demo says %v, want something with %q (the lie was told %d times)", err, tt.want, tt.lie.told.Load())
			}
		})
	}
}

// TestDemoSellsAllTheSameWhenThingsGoWrong doubles and delays webhooks, and fails or loses what the engine asks of the sandbox.
func TestDemoSellsAllTheSameWhenThingsGoWrong(t *testing.T) {
	t.Parallel()
	s := newDemoShop(t)
	s.stripe.SetChaos(sandbox.Chaos{Duplicate: 50, Delay: 50, Faults: []sandbox.Fault{
		{Method: http.MethodPost, Path: "/v1/", Percent: 5, Status: http.StatusInternalServerError},
		{Method: http.MethodPost, Path: "/v1/", Percent: 5, Lose: true},
		{Method: http.MethodGet, Path: "/v1/subscriptions", Percent: 5, Status: http.StatusTooManyRequests},
	}})
	sales, err := s.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sales.Books.Here.Paid != 36 || len(sales.Audit.Findings) > 0 {
		t.Errorf("%d payments, want 36; the audit finds %+v", sales.Books.Here.Paid, sales.Audit.Findings)
	}

	s.stripe.SetChaos(sandbox.Chaos{})
	buyers, declined, err := s.buyers()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		lie  *lie
		want string
	}{
		{"payments must be those of Stripe", &lie{method: "GET", path: `^/v1/charges$`, from: `"amount":\s*1900`, to: `"amount":1901`}, "of Stripe is"},
		{"a payment may not be missing", &lie{method: "GET", path: `^/v1/charges$`, from: `(?s)"data":\s*\[.*\]`, to: `"data":[]`}, "at Stripe"},
		{"nothing may be given that nobody paid for", &lie{method: "GET", path: `^/v1/invoices$`, from: `(?s)"data":\s*\[.*\]`, to: `"data":[]`}, "were paid for, but 24200 were given"},
		{"nothing may be lost that was paid for", &lie{method: "GET", path: `/line_items$`, from: `"quantity":\s*1`, to: `"quantity":2`}, "were paid for, but 24200 were given"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer tt.lie.tell(s.bank)()
			if _, err := s.books(t.Context(), buyers, declined); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the demo says %v, want something with %q (the lie was told %d times)", err, tt.want, tt.lie.told.Load())
			}
		})
	}
}

// newDemoShop returns a shop whose customers are over their limit after one request each: the trace is not replayed.
func newDemoShop(t *testing.T) *demoShop {
	t.Helper()
	ctx, start := t.Context(), time.Date(2023, 11, 16, 19, 14, 0, 0, time.UTC)
	server := httptest.NewUnstartedServer(nil)
	url := "http://" + server.Listener.Addr().String()
	stripe, err := openDemoStripe(ctx, start)
	if err != nil {
		t.Fatal(err)
	}
	sells, err := stripe.payments(url)
	if err != nil {
		t.Fatal(err)
	}
	clock := &replayClock{at: start}
	engine, err := openEmpty(ctx, database{filepath.Join(t.TempDir(), "demo.db")}, tollgate.Options{Now: clock.now, Payments: sells})
	if err != nil {
		t.Fatal(err)
	}
	key, err := prepareDemo(ctx, engine)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := newServer(engine, slog.New(slog.DiscardHandler), api.Options{}, pages{})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = handler.Handler
	server.Start()
	s := &demoShop{engine: engine, stripe: stripe, bank: newDemoClient(stripe.url, demoSecretKey), replay: &replay{
		client: newDemoClient(url, key), clock: clock, catalog: engine.Catalog(), customers: newDemoCustomers(), tallies: make([]demoTally, demoCustomers),
	}}
	t.Cleanup(func() {
		s.client.close()
		s.bank.close()
		server.Close()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
		stripe.stop()
	})
	if err := engine.Stock(ctx); err != nil {
		t.Fatal(err)
	}
	for i, n := range []int{9, 19, 0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 15, 16, 17, 18, 20, 21, 22} {
		s.exhaust(t, i, n)
	}
	if err := stripe.catchUp(ctx, clock); err != nil {
		t.Fatal(err)
	}
	return s
}

// exhaust makes a customer use all that its plan gives of requests, or, when it is one of the two who are to buy them, of
// credits; and be refused the request of an index.
func (s *demoShop) exhaust(t *testing.T, index, customer int) {
	t.Helper()
	c, r := s.customers[customer], demoRequest{Request: trace.Request{Context: 12, Generated: 8}, index: index, customer: customer}
	if _, _, err := s.engine.PutCustomer(t.Context(), c.name, tollgate.CustomerChange{Plan: &c.plan}); err != nil {
		t.Fatal(err)
	}
	all := s.catalog.Plans[c.plan].Includes[demoRequests].Limit
	u := meter.Usage{Customer: c.name, Meter: demoRequests, Amount: &all, TransactionID: "all"}
	refused := &s.tallies[customer].unserved
	if index == 2 || index == 3 {
		all = quantity.Whole(30_000)
		u.Meter, refused = demoTokens, &s.tallies[customer].unpaid
	}
	*refused = append(*refused, r)
	if _, err := s.engine.Consume(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

package middleware_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/middleware"
	"github.com/tollgate/tollgate/quantity"
)

const catalogText = `
meters:
  requests: {aggregation: sum, unit: request}
  tokens: {aggregation: sum, unit: token, decimals: 1}
  seats: {aggregation: max}
  calls: {aggregation: count}
plans:
  free:
    default: true
    includes:
      requests: {limit: 10, every: day}
      tokens: {limit: 100, every: never}
      seats: {limit: 5, every: never}
      calls: {limit: unlimited}
`

func open(t testing.TB, url string) *tollgate.Engine {
	t.Helper()
	e, err := tollgate.Open(t.Context(), url, tollgate.Options{NoRollUp: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := e.Publish(t.Context(), "c.yaml", []byte(catalogText), false); err != nil {
		t.Fatal(err)
	}
	if err := e.EnsureCustomers(t.Context(), []id.Customer{"ada", "bob"}); err != nil {
		t.Fatal(err)
	}
	return e
}

func signedIn(r *http.Request) (string, error) {
	if name := r.Header.Get("X-User"); name != "" {
		return name, nil
	}
	return "", errors.New("no session")
}

func send(t testing.TB, h http.Handler, user string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("POST", "/api/chat", strings.NewReader("{}"))
	if user != "" {
		r.Header.Set("X-User", user)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// balance fails the test unless a customer has used so much of a meter, holds nothing, and has so much left.
func balance(t testing.TB, e *tollgate.Engine, customer id.Customer, slug id.Slug, used, available string) {
	t.Helper()
	b, err := e.Balance(t.Context(), customer, slug)
	if err != nil {
		t.Fatal(err)
	}
	left := "unlimited"
	if b.Available != nil {
		left = b.Available.String()
	}
	if b.Used.String() != used || left != available || *b.Held != 0 {
		t.Errorf("%s of %s: %s used, %s left, %s held; want %s, %s and 0", slug, customer, b.Used, left, b.Held, used, available)
	}
}

func one(*http.Request) quantity.Units { return quantity.One }

func works(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "done") }

func TestARequestCostsWhatItUsed(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		for name, tt := range map[string]struct {
			handler         http.HandlerFunc
			panics          any
			used, available string
		}{
			"without a report, what was set aside": {handler: works, used: "20", available: "80"},
			"less than was set aside": {handler: func(_ http.ResponseWriter, r *http.Request) {
				middleware.Of(r.Context()).Use(quantity.Whole(3))
				middleware.OfMeter(r.Context(), "tokens").Use(quantity.One / 2)
			}, used: "3.5", available: "96.5"},
			"more than was set aside": {handler: func(_ http.ResponseWriter, r *http.Request) {
				middleware.Of(r.Context()).Use(quantity.Whole(70))
			}, used: "70", available: "30"},
			"more than there is": {handler: func(_ http.ResponseWriter, r *http.Request) {
				middleware.Of(r.Context()).Use(quantity.Whole(130))
			}, used: "130", available: "0"},
			"nothing, as it says": {handler: func(_ http.ResponseWriter, r *http.Request) { middleware.Of(r.Context()).Use(0) }, used: "0", available: "100"},
			"nothing, as it was forgiven": {handler: func(_ http.ResponseWriter, r *http.Request) {
				middleware.Of(r.Context()).Use(quantity.Whole(5))
				middleware.Of(r.Context()).Forgive()
			}, used: "0", available: "100"},
			"nothing, as it failed": {handler: func(w http.ResponseWriter, r *http.Request) {
				middleware.Of(r.Context()).Use(quantity.Whole(5))
				http.Error(w, "model is down", http.StatusBadGateway)
			}, used: "0", available: "100"},
			"what it used, as the request was wrong": {handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }, used: "20", available: "80"},
			"what it used, after a hint": {handler: func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusEarlyHints)
				w.WriteHeader(http.StatusOK)
			}, used: "20", available: "80"},
			"nothing, as it panicked": {handler: func(_ http.ResponseWriter, r *http.Request) {
				middleware.Of(r.Context()).Use(quantity.Whole(5))
				panic("bug")
			}, panics: "bug", used: "0", available: "100"},
			"nothing, as it was cut off before any report": {handler: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, panics: http.ErrAbortHandler, used: "0", available: "100"},
			"what it reported before it was cut off": {handler: func(_ http.ResponseWriter, r *http.Request) {
				middleware.Of(r.Context()).Use(quantity.Whole(5))
				panic(http.ErrAbortHandler)
			}, panics: http.ErrAbortHandler, used: "5", available: "95"},
		} {
			for _, checkOnly := range []bool{false, true} {
				e := open(t, fresh(t, url))
				h := middleware.New(e, "tokens", middleware.Cost(quantity.Whole(20)), signedIn, middleware.Options{CheckOnly: checkOnly})(tt.handler)
				func() {
					defer func() {
						if p := recover(); p != tt.panics {
							t.Errorf("%s: panicked with %v, want %v", name, p, tt.panics)
						}
					}()
					send(t, h, "ada")
				}()
				available := tt.available
				if tt.used == "130" { // recorded past a hard limit
					b, err := e.Balance(t.Context(), "ada", "tokens")
					if err != nil || b.Used != quantity.Whole(130) || *b.Held != 0 || *b.Available > 0 {
						t.Errorf("%s: %+v, %v", name, b, err)
					}
					continue
				}
				balance(t, e, "ada", "tokens", tt.used, available)
			}
		}
	})
}

// fresh returns a database of the kind of url for one more Engine.
func fresh(t testing.TB, url string) string {
	if strings.HasPrefix(url, "postgres") {
		return testdb.Postgres(t)
	}
	return testdb.SQLite(t)
}

func TestSixtyFourRequestsPassOnTenUnitsExactlyTenTimes(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url)
		var worked, refused atomic.Int64
		h := middleware.New(e, "requests", one, signedIn, middleware.Options{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			worked.Add(1)
			works(w, r)
		}))
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				if w := send(t, h, "ada"); w.Code == http.StatusPaymentRequired {
					refused.Add(1)
				}
			})
		}
		wg.Wait()
		if worked.Load() != 10 || refused.Load() != 54 {
			t.Errorf("%d worked, %d refused; want 10 and 54", worked.Load(), refused.Load())
		}
		balance(t, e, "ada", "requests", "10", "0")
	})
}

func TestARefusalSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, checkOnly := range []bool{false, true} {
		e := open(t, testdb.SQLite(t))
		opts := middleware.Options{CheckOnly: checkOnly, UpgradeURL: "/pricing"}
		never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was reached") })
		w := send(t, middleware.New(e, "requests", middleware.Cost(quantity.Whole(11)), signedIn, opts)(never), "ada")
		var body struct {
			Error, Message, Meter, Balance, UpgradeURL string
			AvailableBalance, Required                 int64
			ResetsAt                                   time.Time
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 402 || w.Header().Get("Content-Type") != "application/json" {
			t.Fatalf("%d %s: %v", w.Code, w.Body, err)
		}
		if body.Error != "insufficient_credits" || body.Message == "" || body.Meter != "requests" || body.Balance != "requests" || body.UpgradeURL != "/pricing" ||
			body.AvailableBalance != 10 || body.Required != 11 || !body.ResetsAt.After(time.Now()) {
			t.Errorf("the refusal is %s", w.Body)
		}
		if got := w.Header().Get("RateLimit"); !strings.HasPrefix(got, `"requests";r=10;t=`) || w.Header().Get("Retry-After") != "" {
			t.Errorf("RateLimit is %q, Retry-After %q", got, w.Header().Get("Retry-After"))
		}
		opts.RefusalStatus = http.StatusTooManyRequests
		w = send(t, middleware.New(e, "requests", middleware.Cost(quantity.Whole(11)), signedIn, opts)(never), "ada")
		if w.Code != 429 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"upgradeUrl":"/pricing"`) {
			t.Errorf("as a pace: %d, Retry-After %q, %s", w.Code, w.Header().Get("Retry-After"), w.Body)
		}
	}
}

func TestARefusalCanBeAPage(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t))
	never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was reached") })
	opts := middleware.Options{UpgradeURL: "/pricing", RefusalStatus: http.StatusTooManyRequests, Refuse: func(w http.ResponseWriter, r *http.Request, status int, why *fault.Error) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(status)
		fmt.Fprintf(w, "%s: %s, see %s", r.URL.Path, why.Code, why.Details["upgradeUrl"])
	}}
	page := middleware.New(e, "requests", middleware.Cost(quantity.Whole(11)), signedIn, opts)(never)
	w := send(t, page, "ada")
	if w.Code != 429 || w.Body.String() != "/api/chat: insufficient_credits, see /pricing" || w.Header().Get("Content-Type") != "text/plain" {
		t.Errorf("%d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	if w.Header().Get("Retry-After") == "" || w.Header().Get("RateLimit") == "" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", w.Header())
	}
	if w := send(t, page, ""); w.Code != 401 || w.Body.String() != "/api/chat: unauthorized, see %!s(<nil>)" {
		t.Errorf("nobody: %d %s", w.Code, w.Body)
	}
}

func TestRateLimitHeadersSayWhatIsLeft(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t))
	for _, checkOnly := range []bool{false, true} {
		opts := middleware.Options{CheckOnly: checkOnly}
		w := send(t, middleware.New(e, "tokens", middleware.Cost(quantity.One*5/2), signedIn, opts)(http.HandlerFunc(works)), "ada")
		want := `"tokens";r=97`
		if checkOnly {
			want = `"tokens";r=95`
		}
		if w.Header().Get("RateLimit-Policy") != `"tokens";q=100` || w.Header().Get("RateLimit") != want {
			t.Errorf("RateLimit-Policy: %s, RateLimit: %s; want %s", w.Header().Get("RateLimit-Policy"), w.Header().Get("RateLimit"), want)
		}
		if w := send(t, middleware.New(e, "calls", one, signedIn, opts)(http.HandlerFunc(works)), "ada"); w.Code != 200 || w.Header().Get("RateLimit") != "" {
			t.Errorf("of an unlimited balance: %d, RateLimit %q", w.Code, w.Header().Get("RateLimit"))
		}
	}
	both := middleware.New(e, "requests", one, signedIn, middleware.Options{})(middleware.New(e, "tokens", one, signedIn, middleware.Options{})(http.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) {
			middleware.OfMeter(r.Context(), "requests").Use(quantity.Whole(2))
			middleware.Of(r.Context()).Use(quantity.Whole(3)) // the inner one
		})))
	w := send(t, both, "bob")
	if got := w.Header().Values("RateLimit"); len(got) != 2 || !strings.HasPrefix(got[0], `"requests";r=9;t=`) || got[1] != `"tokens";r=99` {
		t.Errorf("of two meters: %q", got)
	}
	balance(t, e, "bob", "requests", "2", "8")
	balance(t, e, "bob", "tokens", "3", "97")
}

func TestMetersThatCannotBeHeldAreChecked(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t))
	h := middleware.New(e, "seats", middleware.Cost(quantity.Whole(4)), signedIn, middleware.Options{CheckOnly: true})(http.HandlerFunc(works))
	if w := send(t, h, "ada"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	balance(t, e, "ada", "seats", "4", "1")
	held := middleware.New(e, "seats", one, signedIn, middleware.Options{})(http.HandlerFunc(works))
	if w := send(t, held, "ada"); w.Code != 422 {
		t.Errorf("held: %d %s, want 422", w.Code, w.Body)
	}
}

func TestIdentifyDecidesWhoPays(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t))
	h := middleware.New(e, "requests", one, signedIn, middleware.Options{})(http.HandlerFunc(works))
	for user, status := range map[string]int{"": 401, "nobody": 404, "ada": 200} {
		if w := send(t, h, user); w.Code != status {
			t.Errorf("%q: %d %s, want %d", user, w.Code, w.Body, status)
		}
	}
	closed := func(*http.Request) (string, error) { return "", fault.New(fault.Forbidden, "Your account is closed.") }
	if w := send(t, middleware.New(e, "requests", one, closed, middleware.Options{})(http.HandlerFunc(works)), "ada"); w.Code != 403 {
		t.Errorf("a fault: %d %s", w.Code, w.Body)
	}
}

func TestAStableTransactionIsChargedOnce(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t))
	named := func(r *http.Request) (id.Transaction, error) {
		if op := r.Header.Get("X-Operation"); op != "" {
			return id.Transaction("op_" + op), nil
		}
		return "", fault.New(fault.Invalid, "X-Operation is missing.")
	}
	var seen id.Transaction
	h := middleware.New(e, "requests", middleware.Cost(quantity.Whole(2)), signedIn, middleware.Options{TransactionID: named})(http.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) {
			seen = middleware.Of(r.Context()).TransactionID()
			if middleware.Of(r.Context()).Customer() != "ada" {
				t.Error("the operation is another's")
			}
		}))
	for range 3 {
		if w := send(t, h, "ada", "X-Operation", "1"); w.Code != 200 || seen != "op_1" {
			t.Errorf("%d %s, transaction %s", w.Code, w.Body, seen)
		}
	}
	balance(t, e, "ada", "requests", "2", "8")
	if w := send(t, h, "ada"); w.Code != 422 {
		t.Errorf("without a name: %d", w.Code)
	}
	plain := middleware.New(e, "requests", one, signedIn, middleware.Options{})(http.HandlerFunc(works))
	for range 2 {
		send(t, plain, "bob")
	}
	balance(t, e, "bob", "requests", "2", "8")
}

func TestHandlersCanStream(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t))
	next := make(chan struct{})
	web := httptest.NewServer(middleware.New(e, "tokens", middleware.Cost(quantity.Whole(50)), signedIn, middleware.Options{})(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			for range 3 {
				io.WriteString(w, "piece ")
				w.(http.Flusher).Flush()
				middleware.Of(r.Context()).Use(quantity.Whole(4))
				<-next
			}
		})))
	defer web.Close()
	r, err := http.NewRequest("POST", web.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-User", "ada")
	a, err := web.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	piece := make([]byte, 6)
	for range 3 {
		if _, err := io.ReadFull(a.Body, piece); err != nil || string(piece) != "piece " {
			t.Fatalf("%q, %v", piece, err)
		}
		if b, err := e.Balance(t.Context(), "ada", "tokens"); err != nil || *b.Available != quantity.Whole(50) {
			t.Errorf("while it streams %s is left, want 50 (%v)", b.Available, err)
		}
		next <- struct{}{}
	}
	if _, err := a.Body.Read(piece); err != io.EOF { //nolint:errorlint // Read returns it bare
		t.Errorf("at the end: %v", err)
	}
	balance(t, e, "ada", "tokens", "12", "88") // whoever has all of the answer has been charged
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t))
	for _, o := range []middleware.Options{
		{RefusalStatus: 403}, {HoldFor: -time.Second}, {HoldFor: time.Millisecond}, {HoldFor: 31 * 24 * time.Hour}, {Outage: middleware.OpenUpTo(quantity.One)}, {Timeout: -1},
	} {
		func() {
			defer func() {
				if recover() == nil || o.Check() == nil {
					t.Errorf("%+v passed", o)
				}
			}()
			middleware.New(e, "requests", one, signedIn, o)
		}()
	}
	if op := middleware.Of(t.Context()); op != nil || op.TransactionID() != "" || op.Customer() != "" {
		t.Error("there is an operation without a middleware")
	}
	middleware.Of(t.Context()).Use(quantity.One) // as in a test of a handler alone
	middleware.Of(t.Context()).Forgive()
}

func TestARefusalFurtherInCostsNothingFurtherOut(t *testing.T) {
	t.Parallel()
	for _, checkOnly := range []bool{false, true} {
		e := open(t, testdb.SQLite(t))
		opts := middleware.Options{CheckOnly: checkOnly}
		never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was reached") })
		inner := middleware.New(e, "tokens", middleware.Cost(quantity.Whole(101)), signedIn, middleware.Options{})(never)
		if w := send(t, middleware.New(e, "requests", one, signedIn, opts)(middleware.New(e, "calls", one, signedIn, opts)(inner)), "ada"); w.Code != 402 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		balance(t, e, "ada", "requests", "0", "10")
		balance(t, e, "ada", "calls", "0", "unlimited")

		between := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			middleware.Of(r.Context()).Use(quantity.Whole(2)) // work of its own, before it goes on
			inner.ServeHTTP(w, r)
		})
		if w := send(t, middleware.New(e, "requests", one, signedIn, opts)(between), "ada"); w.Code != 402 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		balance(t, e, "ada", "requests", "2", "8")
	}
}

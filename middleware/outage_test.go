package middleware_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/client"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/middleware"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/spool"
)

// A line is the way to a server that can be cut.
type line struct {
	*client.Client
	engine *tollgate.Engine
	down   atomic.Bool  // nothing arrives
	deaf   atomic.Value // a path whose requests arrive, and whose answers are lost
}

func connect(t *testing.T) *line {
	t.Helper()
	l := &line{engine: open(t, testdb.SQLite(t))}
	l.deaf.Store("")
	key, _, err := l.engine.CreateKey(t.Context(), tollgate.ScopeRecord, "", false)
	if err != nil {
		t.Fatal(err)
	}
	h := api.New(l.engine, api.Options{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := l.deaf.Load().(string)
		switch {
		case l.down.Load():
			panic(http.ErrAbortHandler)
		case path != "" && strings.Contains(r.URL.Path, path):
			h.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	if l.Client, err = client.New(web.URL, key, client.Options{TriesMax: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func keep(t *testing.T) *spool.Spool {
	t.Helper()
	s, err := spool.Open(t.TempDir(), spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func drain(t *testing.T, s *spool.Spool, l *line) {
	t.Helper()
	if err := s.Drain(t.Context(), middleware.Deliver(l)); err != nil || s.Len() != 0 {
		t.Errorf("drain: %v, %d left", err, s.Len())
	}
}

func TestWhatHappensInAnOutageIsThePolicy(t *testing.T) {
	t.Parallel()
	for _, checkOnly := range []bool{false, true} {
		l, s := connect(t), keep(t)
		handler := func(o middleware.Options) http.Handler {
			o.CheckOnly = checkOnly
			return middleware.New(l, "requests", middleware.Cost(quantity.Whole(2)), signedIn, o)(http.HandlerFunc(
				func(w http.ResponseWriter, r *http.Request) {
					if n := r.Header.Get("X-Fail"); n != "" {
						w.WriteHeader(http.StatusInternalServerError)
					}
					works(w, r)
				}))
		}
		closed, open := handler(middleware.Options{}), handler(middleware.Options{Outage: middleware.Open()})
		spooled := handler(middleware.Options{Outage: middleware.Open(), Spool: s})
		upTo := handler(middleware.Options{Outage: middleware.OpenUpTo(quantity.Whole(6)), Spool: s})
		for name, h := range map[string]http.Handler{"closed": closed, "open": open, "up to": upTo} {
			if w := send(t, h, "bob"); w.Code != 200 {
				t.Errorf("%s, in peace: %d %s", name, w.Code, w.Body)
			}
		}
		l.down.Store(true)
		w := send(t, closed, "ada")
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"error":"unavailable"`) || strings.Contains(w.Body.String(), "127.0.0.1") {
			t.Errorf("closed: %d %s", w.Code, w.Body)
		}
		if w := send(t, open, "ada"); w.Code != 200 {
			t.Errorf("open: %d %s", w.Code, w.Body)
		}
		if s.Len() != 0 {
			t.Errorf("%d facts are kept of those without a spool", s.Len())
		}
		if w := send(t, spooled, "ada"); w.Code != 200 || s.Len() != 1 {
			t.Errorf("open with a spool: %d %s, %d kept", w.Code, w.Body, s.Len())
		}
		for i := range 2 { // 2 are kept already: 2 and 2 more of 6
			if w := send(t, upTo, "ada"); w.Code != 200 {
				t.Errorf("request %d up to 6: %d %s", i, w.Code, w.Body)
			}
			if w := send(t, upTo, "ada", "X-Fail", "1"); i == 0 && w.Code != 500 {
				t.Errorf("one that fails: %d", w.Code)
			}
		}
		if w := send(t, upTo, "ada"); w.Code != 503 {
			t.Errorf("past 6: %d, want 503", w.Code)
		}
		if w := send(t, upTo, "bob"); w.Code != 200 {
			t.Errorf("another customer: %d, want 200", w.Code)
		}
		if got := s.Pending("ada", "requests"); got != quantity.Whole(6) {
			t.Errorf("%s pending, want 6: what failed is not kept", got)
		}
		if err := s.Drain(t.Context(), middleware.Deliver(l)); err == nil {
			t.Error("facts were told to a server that is down")
		}
		l.down.Store(false)
		drain(t, s, l)
		balance(t, l.engine, "ada", "requests", "6", "4")
		if w := send(t, upTo, "ada"); w.Code != 200 {
			t.Errorf("afterwards: %d", w.Code)
		}
		balance(t, l.engine, "ada", "requests", "8", "2")
		balance(t, l.engine, "bob", "requests", "8", "2")
	}
}

func TestUsageWhoseAnswerIsLostCountsOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		path      string // of the answers that are lost
		checkOnly bool
		report    int64
		used      string
	}{
		"the record after a check":          {path: "/consume", checkOnly: true, report: 3, used: "3"},
		"the capture of a hold":             {path: "/capture", report: 3, used: "3"},
		"the capture of more than was held": {path: "/capture", report: 7, used: "7"},
		"of more than there is":             {path: "/capture", report: 15, used: "15"},
		"the record of what is past it":     {path: "/consume", report: 15, used: "15"},
	} {
		l, s := connect(t), keep(t)
		opts := middleware.Options{CheckOnly: tt.checkOnly, Spool: s}
		h := middleware.New(l, "requests", middleware.Cost(quantity.Whole(5)), signedIn, opts)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			middleware.Of(r.Context()).Use(quantity.Whole(tt.report))
		}))
		l.deaf.Store(tt.path)
		if w := send(t, h, "ada"); w.Code != 200 || s.Len() != 1 {
			t.Errorf("%s: %d %s, %d kept", name, w.Code, w.Body, s.Len())
		}
		for range 2 { // again lost: the same fact is sent and recorded once more
			if err := s.Drain(t.Context(), middleware.Deliver(l)); err == nil {
				t.Errorf("%s: drained though the answer was lost", name)
			}
		}
		l.deaf.Store("")
		drain(t, s, l)
		b, err := l.engine.Balance(t.Context(), "ada", "requests")
		if err != nil || b.Used.String() != tt.used || *b.Held != 0 {
			t.Errorf("%s: %s used, %s held, %v; want %s and 0", name, b.Used, b.Held, err, tt.used)
		}
	}
}

func TestAHoldThatHasExpiredIsStillCounted(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t))
	h := middleware.New(e, "requests", middleware.Cost(quantity.Whole(5)), signedIn, middleware.Options{HoldFor: time.Second})(http.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) {
			middleware.Of(r.Context()).Use(quantity.Whole(4))
			for held := true; held; time.Sleep(20 * time.Millisecond) {
				b, err := e.Balance(r.Context(), "ada", "requests")
				if err != nil {
					t.Error(err)
					return
				}
				held = *b.Held != 0
			}
		}))
	if w := send(t, h, "ada"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	balance(t, e, "ada", "requests", "4", "6")
}

func TestACallerWhoLeavesBeforeTheWorkIsNotCharged(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t))
	h := middleware.New(e, "requests", one, signedIn, middleware.Options{})(http.HandlerFunc(
		func(http.ResponseWriter, *http.Request) { t.Error("the handler was reached") }))
	ctx, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(ctx, "POST", "/", nil)
	r.Header.Set("X-User", "ada")
	h.ServeHTTP(httptest.NewRecorder(), r)
	balance(t, e, "ada", "requests", "0", "10")
}

func TestADatabaseThatIsGoneIsAnOutage(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	s := keep(t)
	h := middleware.New(e, "requests", one, signedIn, middleware.Options{Outage: middleware.OpenUpTo(quantity.One), Spool: s})(http.HandlerFunc(works))
	if w := send(t, h, "ada"); w.Code != 200 || s.Len() != 1 {
		t.Errorf("%d %s, %d kept", w.Code, w.Body, s.Len())
	}
	if w := send(t, h, "ada"); w.Code != 503 {
		t.Errorf("past one: %d", w.Code)
	}
	if err := s.Drain(t.Context(), middleware.Deliver(e)); !fault.Has(err, fault.Unavailable) {
		t.Errorf("drain: %v", err)
	}
}

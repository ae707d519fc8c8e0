package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/client"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/spool"
)

// losing lets every request through and cuts the connection before the answer, unless whole says that it may pass.
func losing(whole func(n int64) bool) func(http.Handler) http.Handler {
	var n atomic.Int64
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if whole(n.Add(1)) {
				next.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		})
	}
}

func TestLostAnswersAreAskedForAgainAndCountOnce(t *testing.T) {
	t.Parallel()
	e, web, key := open(t, losing(func(n int64) bool { return n%3 == 0 })) // two of three answers are lost
	c := dial(t, web.URL, key, client.Options{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			r, err := c.Consume(t.Context(), use("ada", 1, id.Transaction(fmt.Sprint("t-", i))))
			if err != nil && !fault.Has(err, fault.Unavailable) { // under bad luck all tries are lost
				t.Error(err)
			}
			if err == nil && r.Event.Amount != quantity.One {
				t.Errorf("%+v", r)
			}
		})
	}
	wg.Wait()
	if _, err := c.Grant(t.Context(), tollgate.GrantRequest{Customer: "ada", Balance: "requests", Amount: quantity.Whole(5)}); err != nil {
		t.Error(err)
	}
	b, err := e.Balance(t.Context(), "ada", "requests")
	if err != nil || b.Used != quantity.Whole(8) || *b.Granted != quantity.Whole(5) {
		t.Errorf("%s used, %s granted, %v; want 8 and 5, whatever was lost", b.Used, b.Granted, err)
	}
}

// script answers with statuses, one after the other, then 200 {}.
func script(t *testing.T, tries *atomic.Int64, answers ...func(http.ResponseWriter)) string {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n := tries.Add(1); n <= int64(len(answers)) {
			answers[n-1](w)
			return
		}
		w.Write([]byte(`{}`))
	}))
	t.Cleanup(web.Close)
	return web.URL
}

func says(status int, body string, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

func TestWhatIsTriedAgainAndWhatIsNot(t *testing.T) {
	t.Parallel()
	unavailable := says(503, `{"error":"unavailable","message":"x"}`)
	for name, tt := range map[string]struct {
		answers []func(http.ResponseWriter)
		tries   int64
		code    fault.Code // empty: it succeeds
		waits   time.Duration
	}{
		"a server that recovers":      {answers: []func(http.ResponseWriter){unavailable, says(502, "<html>bad gateway</html>"), says(504, "")}, tries: 4},
		"a server that does not":      {answers: []func(http.ResponseWriter){unavailable, unavailable, unavailable, unavailable, unavailable}, tries: 4, code: fault.Unavailable},
		"one that names a time":       {answers: []func(http.ResponseWriter){says(429, `{"error":"rate_limited","message":"x"}`, "Retry-After", "1")}, tries: 2, waits: time.Second},
		"one that names a long time":  {answers: []func(http.ResponseWriter){says(429, `{"error":"rate_limited","message":"x"}`, "Retry-After", "3600")}, tries: 1, code: fault.RateLimited},
		"want of balance":             {answers: []func(http.ResponseWriter){says(402, `{"error":"insufficient_credits","message":"x","required":2}`)}, tries: 1, code: fault.InsufficientCredits},
		"a conflict":                  {answers: []func(http.ResponseWriter){says(409, `{"error":"conflict","message":"x"}`)}, tries: 1, code: fault.Conflict},
		"a fault of the server's own": {answers: []func(http.ResponseWriter){says(500, `{"error":"internal","message":"x"}`)}, tries: 1, code: fault.Internal},
		"payments it cannot take":     {answers: []func(http.ResponseWriter){says(503, `{"error":"payments_not_configured","message":"x"}`)}, tries: 1, code: fault.PaymentsNotConfigured},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int64
			c := dial(t, script(t, &tries, tt.answers...), "sk_test_x", client.Options{})
			began := time.Now()
			_, err := c.Consume(t.Context(), use("ada", 1, "t"))
			if tries.Load() != tt.tries || tt.code == "" && err != nil || tt.code != "" && !fault.Has(err, tt.code) {
				t.Errorf("%d tries, %v; want %d and %q", tries.Load(), err, tt.tries, tt.code)
			}
			if took := time.Since(began); took < tt.waits {
				t.Errorf("it waited %s, want %s", took, tt.waits)
			}
		})
	}
}

func TestAnAddressThatIsNoTollgateIsAnErrorAndNoFault(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter){
		"a page":     says(404, "<html>not found</html>"),
		"a redirect": says(302, "", "Location", "http://127.0.0.1:1/"),
	} {
		var tries atomic.Int64
		c := dial(t, script(t, &tries, answer), "sk_test_secret", client.Options{})
		_, err := c.Consume(t.Context(), use("ada", 1, "t"))
		if err == nil || fault.Of(err) != nil || strings.Contains(err.Error(), "sk_test_secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{"", "localhost:4242", "ftp://x", "https://", "https://u:p@x", "https://x?y=1"} {
		if _, err := client.New(bad, "sk_test_x", client.Options{}); err == nil {
			t.Errorf("the address %q was taken", bad)
		}
	}
	for _, bad := range []string{"", "sk test", "sk\n"} {
		if _, err := client.New("http://127.0.0.1:1", bad, client.Options{}); err == nil {
			t.Errorf("the key %q was taken", bad)
		}
	}
}

func TestTheEndOfAContextEndsACall(t *testing.T) {
	t.Parallel()
	c := dial(t, "http://127.0.0.1:1", "sk_test_x", client.Options{TriesMax: 1000})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := c.Consume(ctx, use("ada", 1, "t")); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Consume(cancelled, use("ada", 1, "t")); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
}

func TestASlowTryIsGivenUpAndTriedAgain(t *testing.T) {
	t.Parallel()
	var tries atomic.Int64
	hang := func(http.ResponseWriter) { time.Sleep(600 * time.Millisecond) }
	c := dial(t, script(t, &tries, hang), "sk_test_x", client.Options{TryTimeout: 200 * time.Millisecond})
	if _, err := c.Consume(t.Context(), use("ada", 1, "t")); err != nil || tries.Load() != 2 {
		t.Errorf("%d tries, %v", tries.Load(), err)
	}
}

func TestRecordedUsageOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	e, _, key := open(t, nil)
	var down atomic.Bool
	h := api.New(e, api.Options{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !down.Load():
			h.ServeHTTP(w, r)
		case strings.HasSuffix(r.URL.Path, "/consume"): // it is recorded, and nobody hears of it
			h.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(web.Close)
	s, err := spool.Open(t.TempDir(), spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(web.URL, key, client.Options{Spool: s, TriesMax: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Record(t.Context(), use("ada", 1, "before")); err != nil {
		t.Error(err)
	}
	down.Store(true)
	a := use("ada", 2, "during-1")
	a.Record = true // through Consume, as middlewares do
	if _, err := c.Consume(t.Context(), a); !errors.Is(err, client.ErrSpooled) || fault.Of(err) != nil {
		t.Errorf("Consume of what has happened: %v, want ErrSpooled", err)
	}
	if _, err := c.Record(t.Context(), use("ada", 2, "during-2")); !errors.Is(err, client.ErrSpooled) {
		t.Errorf("Record: %v, want ErrSpooled", err)
	}
	if _, err := c.Consume(t.Context(), use("ada", 2, "during-3")); !fault.Has(err, fault.Unavailable) {
		t.Errorf("what is to be checked first: %v, want unavailable", err)
	}
	down.Store(false)
	for until := time.Now().Add(30 * time.Second); s.Len() > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d facts were not sent", s.Len())
		}
	}
	b, err := e.Balance(t.Context(), "ada", "requests")
	if err != nil || b.Used != quantity.Whole(7) { // 1, 2 and 2; and 2 of the check that was lost on its way back
		t.Errorf("%s used, %v", b.Used, err)
	}
	if err := errors.Join(c.Close(), s.Close()); err != nil {
		t.Error(err)
	}
}

package api_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/internal/testdb"
)

// A pad is a log that goroutines may write together.
type pad struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *pad) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

// take returns what was logged since.
func (p *pad) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.text.Reset()
	return p.text.String()
}

func openLogged(t *testing.T, level slog.Level) (*bench, *pad) {
	log := &pad{}
	return open(t, testdb.SQLite(t), api.Options{Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: level}))}), log
}

func TestOneLineIsLoggedPerRequestWithoutSecrets(t *testing.T) {
	t.Parallel()
	b, log := openLogged(t, slog.LevelDebug)
	b.customer("ada")
	log.take()
	for _, s := range [][4]string{
		{"POST", "/v1/consume", `{"customer":"ada","meter":"ai_requests","amount":1,"transactionId":"secret-body"}`, `route="POST /v1/consume" status=200`},
		{"GET", "/v1/customers/ada?secret=query", "", `route="GET /v1/customers/{externalId}" status=422`},
		{"GET", "/nowhere", "", `route=none status=404`},
	} {
		a := b.send(s[0], s[1], s[2])
		line := log.take()
		for _, want := range []string{"level=DEBUG", s[3], "method=" + s[0], "requestId=" + a.header.Get("X-Request-Id"), "took="} {
			if !strings.Contains(line, want) {
				t.Errorf("%s %s: the log lacks %s: %s", s[0], s[1], want, line)
			}
		}
		if strings.Count(line, "\n") != 1 || strings.Contains(line, "sk_") || strings.Contains(line, "secret") {
			t.Errorf("%s %s: logged %s", s[0], s[1], line)
		}
	}
	quiet, log := openLogged(t, slog.LevelInfo)
	quiet.send("GET", "/v1/customers/nobody", "")
	if line := log.take(); line != "" {
		t.Errorf("a 404 was logged above debug: %s", line)
	}
}

func TestAnInternalErrorIsToldToTheLogAlone(t *testing.T) {
	t.Parallel()
	b, log := openLogged(t, slog.LevelInfo)
	b.server.Break("GET /broken", func() error { return errors.New("the cause 4711") })
	b.server.Break("GET /panics", func() error { panic("the cause 4711") })
	for _, path := range []string{"/broken", "/panics"} {
		a := b.send("GET", path, "", "X-Request-Id", "mine-1")
		refused(t, path, a, 500, `{"error":"internal","requestId":"mine-1"}`)
		if strings.Contains(a.body, "4711") {
			t.Errorf("%s: the caller is told the cause: %s", path, a.body)
		}
		if line := log.take(); !strings.Contains(line, "level=ERROR") || !strings.Contains(line, "4711") || !strings.Contains(line, "requestId=mine-1") {
			t.Errorf("%s: logged %s", path, line)
		}
	}
}

func TestAClosedDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	b, log := openLogged(t, slog.LevelInfo)
	b.customer("ada") // so that the key is known
	if err := b.engine.Close(); err != nil {
		t.Fatal(err)
	}
	for _, s := range [][3]string{
		{"GET", "/readyz", ""},
		{"GET", "/v1/customers/ada", ""},
		{"POST", "/v1/consume", `{"customer":"ada","meter":"ai_requests","amount":1,"transactionId":"x"}`},
	} {
		a := b.send(s[0], s[1], s[2])
		refused(t, s[1], a, 503, `{"error":"unavailable"}`)
		if a.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", s[1])
		}
		if line := log.take(); !strings.Contains(line, "level=ERROR") {
			t.Errorf("%s: logged %s", s[1], line)
		}
	}
	if a := b.send("GET", "/healthz", ""); a.status != 200 {
		t.Errorf("healthz: %d", a.status)
	}
}

func TestEveryAnswerHasARequestID(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	for sent, kept := range map[string]bool{
		"a-1_b.c:d/e+f=g@h": true, strings.Repeat("x", 128): true,
		strings.Repeat("x", 129): false, "": false, "a b": false, "<b>": false, "é": false, "a\tb": false,
	} {
		for _, path := range []string{"/v1/customers", "/v1/customers/..", "/nowhere", "/healthz"} {
			got := b.send("GET", path, "", "X-Request-Id", sent).header.Get("X-Request-Id")
			if (got == sent) != kept || !strings.HasPrefix(got, "req_") && !kept {
				t.Errorf("%s with X-Request-Id %q answers %q", path, sent, got)
			}
		}
	}
}

func TestMetricsCountRequestsAndUsage(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	b := open(t, testdb.SQLite(t), api.Options{Registry: registry})
	api.New(b.engine, api.Options{Registry: registry}) // a second server shares the counters
	b.customer("secret-customer")
	usage := `{"customer":"secret-customer","meter":"ai_requests","amount":15,"transactionId":"x"}`
	b.send("POST", "/v1/consume", usage)
	b.send("POST", "/v1/consume", usage)
	b.send("POST", "/v1/events", `[{"customer":"secret-customer","meter":"ai_requests","amount":15,"transactionId":"y"},{"meter":1}]`)
	b.sendAs("", "GET", "/v1/customers/secret-customer", "")
	b.sendAs("", "GET", "/secret-path", "")
	a := b.sendAs("", "GET", "/metrics", "")
	for _, want := range []string{
		`tollgate_usage_total{outcome="accepted"} 1`, `tollgate_usage_total{outcome="duplicate"} 1`,
		`tollgate_usage_total{outcome="refused"} 1`, `tollgate_usage_total{outcome="invalid"} 1`,
		`tollgate_http_requests_total{route="POST /v1/consume",status="200"} 2`,
		`tollgate_http_requests_total{route="GET /v1/customers/{externalId}",status="401"} 1`,
		`tollgate_http_requests_total{route="none",status="404"} 1`,
		`tollgate_http_request_seconds_count{route="POST /v1/consume"} 2`,
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if strings.Contains(a.body, "secret") || strings.Contains(a.body, "sk_") || strings.Contains(a.body, "key_") {
		t.Error("the metrics name a customer, a path or a key")
	}
}

func TestTheHTTPServerHasItsLimits(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	s := b.server.HTTPServer("127.0.0.1:0")
	if s.ReadHeaderTimeout != api.ReadHeaderTimeout || s.ReadTimeout != api.ReadTimeout || s.WriteTimeout != api.WriteTimeout ||
		s.IdleTimeout != api.IdleTimeout || s.MaxHeaderBytes != api.HeaderBytesMax || s.Addr != "127.0.0.1:0" || s.Handler != http.Handler(b.server) {
		t.Errorf("%+v", s)
	}
}

func TestScopesAreThoseOfTheEngine(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	for route, scope := range b.server.Routes() {
		if scope != scopes()[route] {
			t.Errorf("%s is said to need %q, want %q", route, scope, scopes()[route])
		}
	}
	if tollgate.ScopeRead.Allows(tollgate.ScopeRecord) {
		t.Error("a read key may record")
	}
}

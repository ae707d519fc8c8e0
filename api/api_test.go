package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/internal/testdb"
)

// catalogText is the catalog of every test.
const catalogText = `
currency: usd
upgradeUrl: https://example.com/pricing?from=api&x=1
meters:
  ai_requests: {name: AI requests, aggregation: sum, unit: request}
  tokens: {name: Tokens, aggregation: sum, unit: token, decimals: 2}
  seats: {name: Seats, aggregation: max}
  visits: {name: Visits, aggregation: count}
  readers: {name: Readers, aggregation: unique, property: reader}
credits:
  ai_credits: {name: AI credits, costs: {tokens: "0.5"}}
features:
  api_access: {name: API access}
  pdfs: {name: PDFs per chat, type: number}
plans:
  guest:
    name: Guest
    guest: true
    includes: {ai_requests: {limit: 5, every: never}}
  free:
    name: Free
    default: true
    includes:
      ai_requests: {limit: 20, every: day}
      ai_credits: {limit: 100, every: month}
      visits: {limit: unlimited, every: month}
      readers: {limit: 3, every: month}
      seats: {limit: 5, every: never}
    features: {pdfs: 10}
  pro:
    name: Pro
    prices:
      pro_monthly: {amount: 799, every: month}
      pro_yearly: {amount: 7990, every: year}
    includes: {ai_requests: {limit: 1000, every: billing_period}}
    features: {api_access: true, pdfs: unlimited}
topUps:
  requests_100: {name: 100 requests, amount: 199, grants: {ai_requests: 100}}
`

// A bench is a Server on an Engine of its own, with a key of each scope.
type bench struct {
	t      testing.TB
	engine *tollgate.Engine
	server *api.Server
	keys   map[tollgate.Scope]string
	clock  *clock
}

// A clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// noon is when every test begins.
func noon() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC) }

func open(t testing.TB, url string, opts api.Options) *bench {
	t.Helper()
	b := &bench{t: t, keys: map[tollgate.Scope]string{}, clock: &clock{now: noon()}}
	var err error
	if b.engine, err = tollgate.Open(t.Context(), url, tollgate.Options{Now: b.clock.Now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := b.engine.Publish(t.Context(), "test.yaml", []byte(catalogText), false); err != nil {
		t.Fatal(err)
	}
	for _, scope := range []tollgate.Scope{tollgate.ScopeRead, tollgate.ScopeRecord, tollgate.ScopeFull} {
		if b.keys[scope], _, err = b.engine.CreateKey(t.Context(), scope, "", false); err != nil {
			t.Fatal(err)
		}
	}
	b.server = api.New(b.engine, opts)
	return b
}

func openSQLite(t testing.TB) *bench { return open(t, testdb.SQLite(t), api.Options{Version: "test"}) }

// customer makes a customer on the default plan.
func (b *bench) customer(name string) {
	b.t.Helper()
	if a := b.send("PUT", "/v1/customers/"+escape(name), "{}"); a.status != 201 {
		b.t.Fatalf("PUT customer %q: %d %s", name, a.status, a.body)
	}
}

// escape writes an id as one part of a path.
func escape(name string) string {
	const word = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	var out strings.Builder
	for _, c := range []byte(name) {
		if strings.IndexByte(word, c) >= 0 {
			out.WriteByte(c)
			continue
		}
		const digits = "0123456789ABCDEF"
		out.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return out.String()
}

// A reply is what the server answered.
type reply struct {
	status int
	header http.Header
	body   string
}

// field returns a field of a reply's object.
func (a reply) field(t testing.TB, name string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(a.body))
	d.UseNumber()
	var all map[string]any
	if err := d.Decode(&all); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return all[name]
}

// send sends a request with the full key; header is a list of names and values.
func (b *bench) send(method, path, body string, header ...string) reply {
	b.t.Helper()
	return b.sendAs(b.keys[tollgate.ScopeFull], method, path, body, header...)
}

func (b *bench) sendAs(key, method, path, body string, header ...string) reply {
	b.t.Helper()
	var from io.Reader
	if body != "" {
		from = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(context.WithoutCancel(b.t.Context()), method, path, from)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, r)
	return reply{w.Code, w.Result().Header, w.Body.String()}
}

func pretty(t testing.TB, body string) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(body), "", "  "); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return strings.TrimSpace(out.String()) + "\n"
}

// wire sends a request over a connection, with its path as it is written.
func (b *bench) wire(web *httptest.Server, method, path, body string) reply {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, web.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+b.keys[tollgate.ScopeFull])
	a, err := web.Client().Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply{a.StatusCode, a.Header, string(text)}
}

// quote returns s as JSON.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

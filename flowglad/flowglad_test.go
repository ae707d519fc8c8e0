package flowglad_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/flowglad"
	"github.com/tollgate/tollgate/internal/testdb"
)

//go:embed testdata/catalog.yaml
var catalogText string

// A bench is a Server on an Engine of its own, with a key of each scope.
type bench struct {
	t      testing.TB
	engine *tollgate.Engine
	server *flowglad.Server
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

func open(t testing.TB, url string, opts flowglad.Options) *bench {
	t.Helper()
	b := &bench{t: t, keys: map[tollgate.Scope]string{}, clock: &clock{now: noon()}}
	var err error
	if b.engine, err = tollgate.Open(t.Context(), url, tollgate.Options{Now: b.clock.Now, Notices: opts.Webhook != nil}); err != nil {
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
	if b.server, err = flowglad.New(b.engine, opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.server.Close)
	return b
}

func openSQLite(t testing.TB, opts flowglad.Options) *bench { return open(t, testdb.SQLite(t), opts) }

// A reply is what the server answered.
type reply struct {
	status int
	header http.Header
	body   string
}

// send sends a request with the full key as the packages send it; header is a list of names and values.
func (b *bench) send(method, path, body string, header ...string) reply {
	b.t.Helper()
	return b.sendAs(b.keys[tollgate.ScopeFull], method, path, body, header...)
}

func (b *bench) sendAs(authorization, method, path, body string, header ...string) reply {
	b.t.Helper()
	r := httptest.NewRequestWithContext(context.WithoutCancel(b.t.Context()), method, path, strings.NewReader(body))
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, r)
	return reply{w.Code, w.Result().Header, w.Body.String()}
}

// must is send, and fails the test when the answer is not a 200.
func (b *bench) must(method, path, body string) reply {
	b.t.Helper()
	a := b.send(method, path, body)
	if a.status != http.StatusOK {
		b.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	return a
}

// at returns the value at a path such as data.subscription.id or list.0.slug of a reply; nil when there is none.
func (a reply) at(t testing.TB, path string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(a.body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	for part := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[part]
		case []any:
			var i int
			if err := json.Unmarshal([]byte(part), &i); err != nil || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

// text is at, as text.
func (a reply) text(t testing.TB, path string) string {
	t.Helper()
	switch v := a.at(t, path).(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case nil:
		return "null"
	default:
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

// customer makes a customer and returns the id of its subscription.
func (b *bench) customer(name string) string {
	b.t.Helper()
	a := b.must("POST", "/api/v1/customers", `{"customer":{"externalId":`+quote(name)+`,"email":"","name":""}}`)
	return a.text(b.t, "data.subscription.id")
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
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
	r.Header.Set("Authorization", b.keys[tollgate.ScopeFull])
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

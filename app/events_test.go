package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
)

// A listener reads a stream.
type listener struct {
	t      testing.TB
	status int
	header http.Header
	lines  chan string // closed with the stream
	leave  context.CancelFunc
}

func listen(t testing.TB, web *httptest.Server, path, bearer string, header ...string) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", web.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a, err := web.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{t: t, status: a.StatusCode, header: a.Header, lines: make(chan string, 1000), leave: cancel}
	go func() { // ends with the stream, or when the test leaves it
		defer close(l.lines)
		defer a.Body.Close()
		for s := bufio.NewScanner(a.Body); s.Scan(); {
			l.lines <- s.Text()
		}
	}()
	return l
}

// next returns the name and the data of the next event; empty when the stream has ended.
func (l *listener) next(within time.Duration) (name, data string) {
	l.t.Helper()
	timeout := time.After(within)
	for {
		select {
		case line, ok := <-l.lines:
			switch {
			case !ok:
				return "", ""
			case strings.HasPrefix(line, "event: "):
				name = strings.TrimPrefix(line, "event: ")
			case strings.HasPrefix(line, "data: "):
				return name, strings.TrimPrefix(line, "data: ")
			}
		case <-timeout:
			l.t.Fatalf("no event within %s", within)
		}
	}
}

// used returns what the next event says was used of ai_requests.
func (l *listener) used(within time.Duration) string {
	l.t.Helper()
	name, data := l.next(within)
	var body struct{ Balances []credit.Balance }
	if err := json.Unmarshal([]byte(data), &body); err != nil || name != "balances" {
		l.t.Fatalf("event %q: %v: %s", name, err, data)
	}
	for _, b := range body.Balances {
		if b.Slug == "ai_requests" {
			return b.Used.String()
		}
	}
	l.t.Fatalf("no ai_requests in %s", data)
	return ""
}

const soon = 10 * time.Second // on a machine that does other things too

func TestAChangedBalanceReachesThePageWithinASecond(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock()
		e := open(t, url, c)
		replica := open(t, url, c)
		web := httptest.NewServer(app.TokenHandler(e, app.Options{RatePerSecond: -1}))
		t.Cleanup(web.Close) // after the listeners have left
		l := listen(t, web, "/api/events", token(t, e, "ada"))
		defer l.leave()
		if kind := l.header.Get("Content-Type"); l.status != 200 || kind != "text/event-stream" || l.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %s", l.status, kind)
		}
		if got := l.used(soon); got != "0" {
			t.Errorf("at once: %s used", got)
		}
		quick := 0
		for i, writer := range []*tollgate.Engine{e, replica, e, replica, e} { // whichever process writes
			use(t, writer, "ada", 1, id.Transaction("t"+string(rune('a'+i))))
			written := time.Now()
			if got, want := l.used(soon), string(rune('1'+i)); got != want {
				t.Errorf("after %s uses the page shows %s", want, got)
			}
			if time.Since(written) < time.Second {
				quick++
			}
		}
		if quick < 4 {
			t.Errorf("%d of 5 changes came within a second", quick)
		}
	})
}

func TestAStreamTellsItsOwnCustomerAlone(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	web := httptest.NewServer(app.TokenHandler(e, app.Options{RatePerSecond: -1}))
	t.Cleanup(web.Close) // after the listeners have left
	ada := listen(t, web, "/api/events?access_token="+token(t, e, "ada"), "")
	bob := listen(t, web, "/api/events", token(t, e, "bob"))
	defer ada.leave()
	defer bob.leave()
	ada.used(soon)
	bob.used(soon)
	use(t, e, "bob", 3, "t-1")
	if got := bob.used(soon); got != "3" {
		t.Errorf("bob sees %s used", got)
	}
	use(t, e, "ada", 4, "t-2")
	if got := ada.used(soon); got != "4" { // the first that ada is told of
		t.Errorf("ada sees %s used, which is not hers", got)
	}
}

func TestHEADHasNoStream(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	h := app.Handler(e, signedIn, app.Options{})
	if a := send(t, h, "", "HEAD", "/api/events", "", "X-User", "ada"); a.status != 200 || a.body != "" || a.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%d %q %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	refused(t, "HEAD by nobody", send(t, h, "", "HEAD", "/api/events", ""), 401, "unauthorized")
}

func TestTimeChangesBalancesToo(t *testing.T) {
	t.Parallel()
	c := newClock()
	e := open(t, testdb.SQLite(t), c)
	use(t, e, "ada", 4, "t-1")
	web := httptest.NewServer(app.Handler(e, signedIn, app.Options{}))
	t.Cleanup(web.Close) // after the listeners have left
	l := listen(t, web, "/api/events", "", "X-User", "ada")
	defer l.leave()
	if got := l.used(soon); got != "4" {
		t.Fatalf("before midnight: %s used", got)
	}
	c.move(13 * time.Hour)
	if got := l.used(soon); got != "0" {
		t.Errorf("after midnight: %s used, want 0", got)
	}
}

func TestStreamsEndAsTheyShould(t *testing.T) {
	t.Parallel()
	c := newClock()
	e := open(t, testdb.SQLite(t), c)
	closing := make(chan struct{})
	web := httptest.NewUnstartedServer(app.TokenHandler(e, app.Options{RatePerSecond: -1, Closing: closing}))
	web.Config.ReadTimeout, web.Config.WriteTimeout = time.Second, time.Second // those of a server for requests that end
	web.Start()
	t.Cleanup(web.Close) // after the listeners have left

	short, err := e.CreateToken(t.Context(), tollgate.TokenRequest{Customer: "ada", ExpiresIn: 3})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	l := listen(t, web, "/api/events", short.Token)
	l.used(soon)
	if name, data := l.next(soon); name != "end" || data != `{"reason":"expired"}` {
		t.Errorf("when the token expires: %s %s", name, data)
	}
	if lasted := time.Since(began); lasted < 2500*time.Millisecond {
		t.Errorf("the stream of a token of 3 s ended after %s", lasted)
	}
	if name, _ := l.next(soon); name != "" {
		t.Errorf("after its end the stream says %s", name)
	}

	l = listen(t, web, "/api/events", token(t, e, "ada"))
	l.used(soon)
	if err := e.EraseCustomer(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	if name, data := l.next(soon); name != "end" || data != `{"reason":"gone"}` {
		t.Errorf("when the customer is erased: %s %s", name, data)
	}

	l = listen(t, web, "/api/events", token(t, e, "bob"))
	l.used(soon)
	close(closing)
	if name, _ := l.next(soon); name != "" {
		t.Errorf("when the server closes the stream says %s", name)
	}
}

func TestStreamsHaveALimit(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock())
	web := httptest.NewServer(app.Handler(e, signedIn, app.Options{RatePerSecond: -1}))
	t.Cleanup(web.Close) // after the listeners have left
	var all []*listener
	for i := range app.StreamsOfCustomerMax {
		l := listen(t, web, "/api/events", "", "X-User", "ada")
		if l.status != 200 {
			t.Fatalf("stream %d: %d", i, l.status)
		}
		l.used(soon)
		all = append(all, l)
	}
	if l := listen(t, web, "/api/events", "", "X-User", "ada"); l.status != 429 {
		t.Errorf("one stream more: %d, want 429", l.status)
	}
	if l := listen(t, web, "/api/events", "", "X-User", "bob"); l.status != 200 {
		t.Errorf("another customer's stream: %d", l.status)
	}
	all[0].leave()
	for until := time.Now().Add(soon); ; time.Sleep(10 * time.Millisecond) {
		if l := listen(t, web, "/api/events", "", "X-User", "ada"); l.status == 200 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("a stream that was left still counts")
		}
	}
	for _, l := range all {
		l.leave()
	}
}

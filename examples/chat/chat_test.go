package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// A town is a chat that a test has started.
type town struct {
	*testing.T
	*chat
}

// begin starts a chat on loopback ports. It ends with the test.
func begin(t *testing.T, o options) *town {
	t.Helper()
	o.addr, o.stripeAddr, o.log = "127.0.0.1:0", "127.0.0.1:0", slog.New(slog.DiscardHandler)
	if o.dir == "" {
		o.dir = t.TempDir()
	}
	c, err := open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &town{t, c}
}

// A person is somebody with a browser that keeps cookies, runs no scripts and follows no redirects by itself.
type person struct {
	*town
	client *http.Client
}

// person opens the chat for the first time.
func (c *town) person() *person {
	c.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.Fatal(err)
	}
	p := &person{c, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	p.get("/", http.StatusOK)
	return p
}

// user is a person who has signed up.
func (c *town) user(name string) *person {
	c.Helper()
	p := c.person()
	p.post("/sign-up", url.Values{"name": {name}}, http.StatusSeeOther)
	return p
}

// A reply is what a request got.
type reply struct {
	*http.Response
	text string
}

// send sends a request, and fails the test unless it is answered with a status: any when that is 0.
func (p *person) send(r *http.Request, status int) reply {
	p.Helper()
	w, err := p.client.Do(r)
	if err != nil {
		p.Fatal(err)
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err != nil {
		p.Fatal(err)
	}
	if status != 0 && w.StatusCode != status {
		p.Fatalf("%s %s answered %d, want %d: %s", r.Method, r.URL, w.StatusCode, status, body)
	}
	return reply{w, string(body)}
}

// request makes one to a path of the chat, or to an address elsewhere. header has names and values in turn.
func (p *person) request(method, to string, form url.Values, header ...string) *http.Request {
	p.Helper()
	if strings.HasPrefix(to, "/") {
		to = p.url + to
	}
	r, err := http.NewRequestWithContext(p.Context(), method, to, strings.NewReader(form.Encode()))
	if err != nil {
		p.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for pair := range slices.Chunk(header, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	return r
}

func (p *person) get(to string, status int) reply {
	p.Helper()
	return p.send(p.request(http.MethodGet, to, nil), status)
}

func (p *person) post(to string, form url.Values, status int) reply {
	p.Helper()
	return p.send(p.request(http.MethodPost, to, form), status)
}

// question is a request for a streamed answer.
func (p *person) question(prompt string) *http.Request {
	p.Helper()
	return p.request(http.MethodPost, "/chat", url.Values{"prompt": {prompt}}, "Accept", linesType)
}

// ask gets a whole streamed answer and the tokens it took, or fails the test.
func (p *person) ask(prompt string) (said string, tokens int64) {
	p.Helper()
	for line := range linesOf(p, strings.NewReader(p.send(p.question(prompt), http.StatusOK).text)) {
		said, tokens = said+line.Word, tokens+line.Tokens
		if line.Error != "" {
			p.Fatalf("%s was answered %s", prompt, line.Error)
		}
	}
	if tokens == 0 {
		p.Fatalf("the answer to %s has no end: %s", prompt, said)
	}
	return said, tokens
}

// linesOf reads a streamed answer as it comes.
func linesOf(p *person, from io.Reader) func(func(line) bool) {
	return func(yield func(line) bool) {
		for scanner := bufio.NewScanner(from); scanner.Scan(); {
			var l line
			if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
				p.Fatalf("%s: %v", scanner.Text(), err)
			}
			if !yield(l) {
				return
			}
		}
	}
}

// id returns whom the person's cookie names.
func (p *person) id() id.Customer {
	p.Helper()
	claims, err := p.session(p.signed())
	if err != nil {
		p.Fatal(err)
	}
	return id.Customer(claims.Subject)
}

// signed returns a request with the person's cookies.
func (p *person) signed() *http.Request {
	p.Helper()
	r := p.request(http.MethodGet, "/", nil)
	for _, c := range p.client.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	return r
}

// balance returns what the person has of a balance.
func (p *person) balance(slug id.Slug) credit.Balance {
	p.Helper()
	b, err := p.engine.Balance(context.WithoutCancel(p.Context()), p.id(), slug)
	if err != nil {
		p.Fatal(err)
	}
	return b
}

// has fails the test unless the person has used so much of a balance, has so much left, and nothing is held.
func (p *person) has(slug id.Slug, used, left quantity.Units) {
	p.Helper()
	if b := p.balance(slug); b.Used != used || *b.Available != left || *b.Held != 0 {
		p.Errorf("%s: %s used, %s left, %s held; want %s, %s and 0", slug, b.Used, b.Available, b.Held, used, left)
	}
}

const (
	requests = id.Slug(requestsMeter)
	credits  = id.Slug("token_credits")
)

// creditsOf returns what tokens cost: a credit is 1,000.
func creditsOf(tokens int64) quantity.Units { return quantity.Units(tokens) * quantity.One / 1000 }

func TestItGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := begin(t, options{dir: dir})
	p := first.user("Ada")
	_, tokens := p.ask("Hello")
	if err := first.close(); err != nil {
		t.Fatal(err)
	}
	second := begin(t, options{dir: dir})
	again := &person{second, p.client}
	for _, c := range p.signed().Cookies() { // it has another port, so the jar has no cookie for it
		at, err := url.Parse(second.url)
		if err != nil {
			t.Fatal(err)
		}
		again.client.Jar.SetCookies(at, []*http.Cookie{c})
	}
	if page := again.get("/", http.StatusOK).text; !strings.Contains(page, "Ada") {
		t.Errorf("Ada is not known any more:\n%s", page)
	}
	again.has(requests, quantity.One, quantity.Whole(19))
	again.has(credits, creditsOf(tokens), quantity.Whole(30)-creditsOf(tokens))
}

func TestWhatItMadeForItselfIsGoneAtTheEnd(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	c, err := open(t.Context(), options{addr: "127.0.0.1:0", stripeAddr: "127.0.0.1:0", log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	(&town{t, c}).user("Ada").ask("Hello")
	if made, err := os.ReadDir(tmp); err != nil || len(made) != 1 {
		t.Errorf("made: %v, %v", made, err)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAPortThatIsTakenIsSaid(t *testing.T) {
	t.Parallel()
	c := begin(t, options{})
	at, err := url.Parse(c.stripeURL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(t.Context(), options{addr: "127.0.0.1:0", stripeAddr: at.Host, log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "the Stripe sandbox") || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v", err)
	}
}

// eventsOf yields the data of each event "balances" of a stream.
func eventsOf(from io.Reader) func(func(string) bool) {
	return func(yield func(string) bool) {
		for scanner := bufio.NewScanner(from); scanner.Scan(); {
			if data, ok := strings.CutPrefix(scanner.Text(), "data: "); ok && !yield(data) {
				return
			}
		}
	}
}

package conform

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// A Client is what a program that calls Stripe is held by: it stands before a server, passes every request on, and checks
// those under /v1 that one of Stripe's libraries sends. It is safe for concurrent use.
type Client struct {
	test testing.TB
	file *File
	next http.Handler

	mu   sync.Mutex
	seen map[string]int
}

// Requests wraps a server. A request of another API version than the file's, to an operation that the file does not have,
// or with a parameter that is unknown, missing or of a wrong type fails the test, whatever the server answers; so the
// server must have stopped when the test ends. Requests that no library of Stripe's sends, which a test makes by hand, are
// not checked. It stops the test at once when the OpenAPI file cannot be read.
func Requests(t testing.TB, next http.Handler) *Client {
	t.Helper()
	file, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return &Client{test: t, file: file, next: next, seen: map[string]int{}}
}

// Seen returns how often each operation was asked for, by method and path template.
func (c *Client) Seen() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := make(map[string]int, len(c.seen))
	for operation, times := range c.seen {
		seen[operation] = times
	}
	return seen
}

// ServeHTTP answers as the wrapped server does.
func (c *Client) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Stripe-Client-User-Agent") == "" || !strings.HasPrefix(r.URL.Path, "/v1/") {
		c.next.ServeHTTP(w, r)
		return
	}
	form, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away
	}
	c.check(r, form)
	r.Body = io.NopCloser(bytes.NewReader(form))
	c.next.ServeHTTP(w, r)
}

func (c *Client) check(r *http.Request, form []byte) {
	problems := c.file.Request(r, form)
	if got := r.Header.Get("Stripe-Version"); got != c.file.Version {
		problems = append(problems, Problem{"$", fmt.Sprintf("is of the API version %q, want %q", got, c.file.Version)})
	}
	if operation := c.file.Operation(r.Method, r.URL.Path); operation != "" {
		c.mu.Lock()
		c.seen[operation]++
		c.mu.Unlock()
	}
	for _, p := range problems {
		c.test.Errorf("%s %s with %s is not what Stripe takes: %s", r.Method, r.URL.RequestURI(), form, p)
	}
}

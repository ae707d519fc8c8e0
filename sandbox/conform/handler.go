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

// A Server passes requests on to a server and checks every exchange under /v1. The rest, such as pages, is passed on
// unchecked. It is safe for concurrent use.
type Server struct {
	test testing.TB
	file *File
	next http.Handler

	mu   sync.Mutex
	seen map[string]int
}

// Handler wraps a server. A problem fails the test, with the request and the answer in the message; so the server must
// have stopped when the test ends. It stops the test at once when the OpenAPI file cannot be read.
func Handler(t testing.TB, next http.Handler) *Server {
	t.Helper()
	file, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return &Server{test: t, file: file, next: next, seen: map[string]int{}}
}

// Seen returns how often each operation was answered with success, by method and path template.
func (s *Server) Seen() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := make(map[string]int, len(s.seen))
	for operation, times := range s.seen {
		seen[operation] = times
	}
	return seen
}

// ServeHTTP answers as the wrapped server does.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/v1/") {
		s.next.ServeHTTP(w, r)
		return
	}
	form, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client went away
	}
	asked := *r
	r.Body = io.NopCloser(bytes.NewReader(form))
	heard := &tee{ResponseWriter: w, status: http.StatusOK}
	s.next.ServeHTTP(heard, r)
	s.check(Exchange{Request: &asked, Form: form, Status: heard.status, Header: w.Header(), Answer: heard.body.Bytes()})
}

func (s *Server) check(x Exchange) {
	problems := s.file.Check(x)
	if operation := s.file.Operation(x.Request.Method, x.Request.URL.Path); operation != "" && x.Status < 400 {
		s.mu.Lock()
		s.seen[operation]++
		s.mu.Unlock()
	}
	if len(problems) == 0 {
		return
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s", x.Request.Method, x.Request.URL.RequestURI())
	if len(x.Form) > 0 {
		fmt.Fprintf(&text, " with %s", x.Form)
	}
	fmt.Fprintf(&text, " is not as Stripe's:")
	for _, p := range problems {
		fmt.Fprintf(&text, "\n\t%s", p)
	}
	s.test.Errorf("%s\nthe answer was %d %s", &text, x.Status, x.Answer)
}

// tee keeps a copy of an answer on its way out.
type tee struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (t *tee) WriteHeader(status int) {
	t.status = status
	t.ResponseWriter.WriteHeader(status)
}

func (t *tee) Write(p []byte) (int, error) {
	t.body.Write(p)
	return t.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (t *tee) Unwrap() http.ResponseWriter { return t.ResponseWriter }

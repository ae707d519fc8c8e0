package api

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/tollgate/tollgate"
)

// An exchange is one request and its answer as they are logged and counted. It is the http.ResponseWriter of
// every handler.
type exchange struct {
	http.ResponseWriter
	id     string
	began  time.Time
	status int    // 0 until the answer begins
	key    string // the id of the key, not the key
	scope  tollgate.Scope
	cause  error  // why the answer is a 5xx; for the log only
	path   string // as it was sent, when the mux got another; see keepSlashes
}

// WriteHeader implements http.ResponseWriter.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	return x.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

const (
	// requestIDBytesMax is the longest request id taken from a caller.
	requestIDBytesMax = 128
	// statusGone is logged and counted for a caller who left before the answer, as nginx does.
	statusGone = 499
)

// requestID returns the caller's X-Request-Id when it is sane, else a new one.
func requestID(r *http.Request) string {
	if sent := r.Header["X-Request-Id"]; len(sent) == 1 && saneID(sent[0]) {
		return sent[0]
	}
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	id := []byte("req_12345678901234567890")
	for i := range id[len("req_"):] {
		id[len("req_")+i] = letters[rand.Uint32()%uint32(len(letters))] // names a request, and is no secret
	}
	return string(id)
}

func saneID(s string) bool {
	for _, c := range []byte(s) {
		word := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !word && strings.IndexByte("-_.:/+=@", c) < 0 {
			return false
		}
	}
	return 0 < len(s) && len(s) <= requestIDBytesMax
}

// finish logs and counts an exchange, and answers for a handler that panicked with p.
func (s *Server) finish(x *exchange, r *http.Request, p any) {
	switch {
	case p == http.ErrAbortHandler:
		panic(p) // net/http's own way to drop a connection
	case p != nil:
		s.fail(x, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
	}
	took := time.Since(x.began)
	route, status := r.Pattern, x.status
	if route == "" || route == "/" {
		route = "none"
	}
	if status >= http.StatusInternalServerError && r.Context().Err() != nil {
		status = statusGone
	}
	s.metrics.observe(route, status, took)
	level := slog.LevelDebug
	if status >= http.StatusInternalServerError || x.cause != nil && status != statusGone {
		level = slog.LevelError
	}
	if !s.log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("requestId", x.id), slog.String("method", r.Method), slog.String("route", route),
		slog.Int("status", status), slog.Duration("took", took),
	}
	if x.key != "" {
		attrs = append(attrs, slog.String("key", x.key))
	}
	if x.cause != nil {
		attrs = append(attrs, slog.Any("error", x.cause))
	}
	s.log.LogAttrs(r.Context(), level, "request", attrs...)
}

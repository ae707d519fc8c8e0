package flowglad

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/tollgate/tollgate/fault"
)

// The codes of an error, which the packages compare as they are spelled.
const (
	badRequest   = "BAD_REQUEST"
	unauthorized = "UNAUTHORIZED"
	forbidden    = "FORBIDDEN"
	notFound     = "NOT_FOUND"
	conflict     = "CONFLICT"
	tooMany      = "TOO_MANY_REQUESTS"
	internal     = "INTERNAL_SERVER_ERROR"

	// notConfigured is the code of what needs a payment provider when there is none.
	notConfigured = "payments_not_configured"
)

// A refusal is an error as its caller is told it.
type refusal struct {
	status  int
	code    string
	message string
	wait    string // Retry-After, in seconds; empty for none
	final   bool   // the packages would try again by themselves, and need not
}

// Error implements error.
func (r *refusal) Error() string { return r.code + ": " + r.message }

func refuse(status int, code, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, message: fmt.Sprintf(format, args...), final: status == http.StatusConflict}
}

func invalid(format string, args ...any) error {
	return refuse(http.StatusBadRequest, badRequest, format, args...)
}

func missing(format string, args ...any) error {
	return refuse(http.StatusNotFound, notFound, format, args...)
}

// errNotConfigured is the refusal of what needs a payment provider. It is not tried again: nothing changes by waiting.
var errNotConfigured = &refusal{status: http.StatusServiceUnavailable, code: notConfigured, final: true,
	message: "Payments are not configured on this server: there is no Stripe key."}

// told returns what the caller is told of err.
func told(err error) *refusal {
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	f := fault.Of(err)
	if f == nil {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return refuse(http.StatusServiceUnavailable, internal, "The request ended before its answer. Send the same request again.")
		}
		return refuse(http.StatusInternalServerError, internal, "Something went wrong inside Tollgate. The operator's log tells what, under the request_id.")
	}
	code, status := string(f.Code), f.Status()
	switch f.Code {
	case fault.Invalid, fault.TooLarge, fault.InsufficientCredits, fault.Suspended, fault.MethodNotAllowed:
		code, status = badRequest, http.StatusBadRequest
	case fault.Unauthorized:
		code = unauthorized
	case fault.Forbidden, fault.FeatureNotInPlan:
		code = forbidden
	case fault.NotFound:
		code = notFound
	case fault.Conflict:
		code = conflict
	case fault.RateLimited:
		code = tooMany
	case fault.Unavailable, fault.Internal:
		code = internal
	}
	r = refuse(status, code, "%s", f.Message)
	r.final = r.final || code == notConfigured
	return r
}

// fail answers with err: {error, code, request_id}. There is no message at the top of the body: the packages would then show
// that in the code's place.
func (s *Server) fail(c *call, err error) {
	r := s.note(c, err)
	s.send(c, r.status, struct {
		Error     string `json:"error"`
		Code      string `json:"code"`
		RequestID string `json:"request_id"`
	}{r.message, r.code, c.id})
}

// note returns what the caller is told of err, keeps what the log is, and sets the headers that say whether to try again.
func (s *Server) note(c *call, err error) *refusal {
	r := told(err)
	if r.status >= http.StatusInternalServerError {
		c.cause = err
	}
	if r.final {
		c.w.Header().Set("X-Should-Retry", "false")
	}
	if r.wait != "" {
		c.w.Header().Set("Retry-After", r.wait)
	}
	return r
}

// A body is an answer that is JSON already, in parts that are sent one after the other: what is large is never copied.
type body [][]byte

func (b *body) add(parts ...string) {
	for _, p := range parts {
		*b = append(*b, []byte(p))
	}
}

// send writes an answer as JSON.
func (s *Server) send(c *call, status int, answer any) {
	parts, ok := answer.(body)
	if !ok {
		text, err := json.Marshal(answer)
		if err != nil {
			c.cause = errors.Join(c.cause, err)
			status, text = http.StatusInternalServerError, []byte(`{"error":"The answer cannot be told.","code":"`+internal+`"}`)
		}
		parts = body{text}
	}
	if c.status != 0 {
		return
	}
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	h := c.w.Header()
	h["Content-Type"], h["Content-Length"] = []string{"application/json"}, []string{strconv.Itoa(size)}
	c.status = status
	c.w.WriteHeader(status)
	for _, p := range parts {
		c.w.Write(p) //nolint:errcheck // a caller who has left is not told
	}
}

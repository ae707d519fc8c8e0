package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/tollgate/tollgate/fault"
)

// answer writes v as the JSON body of a 200.
func (s *server) answer(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		s.fail(w, err)
		return
	}
	send(w, http.StatusOK, body)
}

func send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(body, '\n')) //nolint:errcheck // a caller who has left is not told
}

// fail answers with the fault in err, or with an internal one whose cause only the log tells.
func (s *server) fail(w http.ResponseWriter, err error) {
	f := faultOf(err)
	switch f.Code {
	case fault.Unauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="tollgate app"`)
	case fault.Unavailable:
		w.Header().Set("Retry-After", "1")
	}
	requestID := w.Header().Get("X-Request-Id")
	if f.Code == fault.Internal || f.Code == fault.Unavailable {
		s.log.Error("app request", "requestId", requestID, "status", f.Status(), "error", err)
		if requestID != "" {
			f = f.With("requestId", requestID)
		}
	}
	body, err := json.Marshal(f)
	if err != nil {
		s.log.Error("app refusal cannot be told", "requestId", requestID, "error", err)
		body = []byte(`{"error":"internal","message":"The error cannot be told."}`)
	}
	send(w, f.Status(), body)
}

// faultOf returns the fault in err. Errors without one are internal, but for the end of a request's time.
func faultOf(err error) *fault.Error {
	if f := fault.Of(err); f != nil {
		return f
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Unavailable, "The request ended before its answer. Nothing is confirmed; send the same request again.")
	}
	return fault.New(fault.Internal, "Something went wrong inside Tollgate. The operator's log tells what.")
}

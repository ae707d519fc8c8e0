package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/tollgate/tollgate/fault"
)

// answer writes v as the JSON body of a 200.
func answer(x *exchange, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	send(x, http.StatusOK, append(body, '\n'))
	return nil
}

// send writes a JSON body.
func send(x *exchange, status int, body []byte) {
	x.Header()["Content-Type"] = []string{"application/json"}
	x.WriteHeader(status)
	x.Write(body) //nolint:errcheck // a caller who has left is not told
}

// fail answers with the fault in err, or with an internal one whose cause only the log tells.
func (s *Server) fail(x *exchange, err error) {
	f := told(x, err)
	body, err := json.Marshal(f)
	if err != nil {
		x.cause = errors.Join(x.cause, err)
		body = []byte(`{"error":"internal","message":"The error cannot be told."}`)
	}
	if x.status == 0 {
		send(x, f.Status(), append(body, '\n'))
	}
}

// told returns what the caller is told of err, and keeps what the log is.
func told(x *exchange, err error) *fault.Error {
	f := faultOf(err)
	if f.Status() >= http.StatusInternalServerError {
		x.cause = err
	}
	switch f.Code {
	case fault.Internal:
		f = f.With("requestId", x.id)
	case fault.Unavailable:
		x.Header().Set("Retry-After", "1")
	}
	return f
}

// faultOf returns the fault in err. Errors without one are internal, but for the end of a request's time.
func faultOf(err error) *fault.Error {
	if f := fault.Of(err); f != nil {
		return f
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Unavailable, "The request ended before its answer. Nothing is confirmed; send the same request again.")
	}
	return fault.New(fault.Internal, "Something went wrong inside Tollgate. The operator's log tells what, under the requestId.")
}

// A failure carries an error through huma to transform, which answers with its fault.
type failure struct{ error }

// GetStatus implements huma.StatusError.
func (f failure) GetStatus() int { return faultOf(f.error).Status() }

// Unwrap returns the error carried.
func (f failure) Unwrap() error { return f.error }

// Package fault holds the errors a caller can act on: a closed list of codes, a sentence that says
// what to do, and the details needed to do it.
//
// Anything that is not a *fault.Error is internal: its text goes to the operator's log and never to
// the caller.
package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Code names a kind of fault. The list is closed: every code is one of the constants below.
type Code string

// The codes, each with the HTTP status the faces answer (see Status).
const (
	Invalid               Code = "invalid_request"         // 422: a field is missing, malformed or past a limit
	TooLarge              Code = "too_large"               // 413: the body, the batch or a field is over its size limit
	Unauthorized          Code = "unauthorized"            // 401: no key, or one that is unknown or revoked
	InsufficientCredits   Code = "insufficient_credits"    // 402: the balance does not cover the amount
	PaymentRefused        Code = "payment_refused"         // 402: the bank or Stripe refused a payment
	Suspended             Code = "suspended"               // 402: nothing may be used until something is paid
	Forbidden             Code = "forbidden"               // 403: the key has not the scope
	FeatureNotInPlan      Code = "feature_not_in_plan"     // 403: the customer's plan does not include the feature
	NotFound              Code = "not_found"               // 404: the thing named does not exist
	MethodNotAllowed      Code = "method_not_allowed"      // 405: the path exists, the method does not
	Conflict              Code = "conflict"                // 409: an id seen before, with another payload; or a state that forbids the act
	RateLimited           Code = "rate_limited"            // 429: the key sends too fast
	Unavailable           Code = "unavailable"             // 503: the store cannot answer now; send the same request again
	PaymentsNotConfigured Code = "payments_not_configured" // 503: no Stripe keys are set, or Stripe does not take them
	Internal              Code = "internal"                // 500: a fault of Tollgate's own
)

// statuses maps each code to its HTTP status (RFC 9110 §15).
func statuses(c Code) int {
	switch c {
	case Invalid:
		return 422
	case TooLarge:
		return 413
	case Unauthorized:
		return 401
	case InsufficientCredits, PaymentRefused, Suspended:
		return 402
	case Forbidden, FeatureNotInPlan:
		return 403
	case NotFound:
		return 404
	case MethodNotAllowed:
		return 405
	case Conflict:
		return 409
	case RateLimited:
		return 429
	case Unavailable, PaymentsNotConfigured:
		return 503
	}
	return 500
}

// An Error is a fault the caller can act on.
type Error struct {
	Code    Code
	Message string         // a sentence that says what to do
	Details map[string]any // further keys of the JSON body; never secret, never internal
	cause   error          // for the operator's log only
}

// New returns a fault with a formatted message.
func New(c Code, format string, args ...any) *Error {
	return &Error{Code: c, Message: fmt.Sprintf(format, args...)}
}

// Field returns an Invalid fault that names the field, the value that was refused and the limit it
// broke. A nil limit is left out of the body.
func Field(field string, value, limit any, format string, args ...any) *Error {
	e := New(Invalid, format, args...).With("field", field).With("value", value)
	if limit != nil {
		e = e.With("limit", limit)
	}
	return e
}

// With returns e with one more detail. The keys "error" and "message" are reserved.
func (e *Error) With(key string, value any) *Error {
	f := *e
	f.Details = maps.Clone(e.Details)
	if f.Details == nil {
		f.Details = map[string]any{}
	}
	f.Details[key] = value
	return &f
}

// Because returns e with a cause that Unwrap yields and that never reaches the caller.
func (e *Error) Because(cause error) *Error {
	f := *e
	f.cause = cause
	return &f
}

// Error implements error: the code, the message and the cause, for logs.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap returns the cause; nil when there is none.
func (e *Error) Unwrap() error { return e.cause }

// Status returns the HTTP status of the code.
func (e *Error) Status() int { return statuses(e.Code) }

// Is reports whether target is a fault of the same code, so that
// errors.Is(err, &fault.Error{Code: fault.Conflict}) works; see also Has.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Message == ""
}

// MarshalJSON writes one flat object: "error", "message", then the details in the order of their keys.
func (e *Error) MarshalJSON() ([]byte, error) {
	out := []byte(`{"error":`)
	add := func(v any) error {
		b, err := json.Marshal(v)
		out = append(out, b...)
		return err
	}
	if err := add(string(e.Code)); err != nil {
		return nil, err
	}
	out = append(out, `,"message":`...)
	if err := add(e.Message); err != nil {
		return nil, err
	}
	for _, k := range slices.Sorted(maps.Keys(e.Details)) {
		out = append(out, ',')
		if err := add(k); err != nil {
			return nil, err
		}
		out = append(out, ':')
		if err := add(e.Details[k]); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// UnmarshalJSON reads what MarshalJSON writes. Numbers among the details become json.Number, for a float
// could not hold every quantity.
func (e *Error) UnmarshalJSON(b []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	*e = Error{}
	for k, raw := range all {
		switch k {
		case "error":
			if err := json.Unmarshal(raw, &e.Code); err != nil {
				return err
			}
		case "message":
			if err := json.Unmarshal(raw, &e.Message); err != nil {
				return err
			}
		default:
			v, err := detail(raw)
			if err != nil {
				return err
			}
			if e.Details == nil {
				e.Details = map[string]any{}
			}
			e.Details[k] = v
		}
	}
	return nil
}

func detail(raw json.RawMessage) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// Of returns the fault in err's chain, or nil when err carries none (it is then internal).
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Has reports whether err carries a fault of code c.
func Has(err error, c Code) bool {
	e := Of(err)
	return e != nil && e.Code == c
}

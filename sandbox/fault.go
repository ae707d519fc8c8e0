package sandbox

import (
	"fmt"
	"net/http"
)

// The types and codes of Stripe's errors that the sandbox answers (API reference, "Errors").
const (
	faultInvalid     = "invalid_request_error"
	faultCard        = "card_error"
	faultIdempotency = "idempotency_error"
	faultAPI         = "api_error"

	codeMissing  = "resource_missing"
	codeRequired = "parameter_missing"
	codeUnknown  = "parameter_unknown"
	codeInteger  = "parameter_invalid_integer"
	codeEmpty    = "parameter_invalid_empty"
)

// A fault is an error as Stripe answers it. A handler returns one to refuse a request: its transaction is undone,
// unless the fault is kept.
type fault struct {
	Status        int    `json:"-"`
	Type          string `json:"type"`
	Code          string `json:"code,omitempty"`
	DeclineCode   string `json:"decline_code,omitempty"`
	Message       string `json:"message"`
	Param         string `json:"param,omitempty"`
	Charge        string `json:"charge,omitempty"`
	PaymentIntent object `json:"-"` // shown as payment_intent
	SetupIntent   object `json:"-"` // shown as setup_intent
	PaymentMethod object `json:"-"` // shown as payment_method

	// Kept says that what the request did stays done, as the failed charge does when a card is declined.
	Kept bool `json:"-"`
}

func (f *fault) Error() string { return f.Message }

// invalid refuses a parameter: 400.
func invalid(param, format string, args ...any) *fault {
	return &fault{Status: http.StatusBadRequest, Type: faultInvalid, Param: param, Message: fmt.Sprintf(format, args...)}
}

// required refuses a request that lacks a parameter: 400.
func required(param string) *fault {
	f := invalid(param, "Missing required param: %s.", param)
	f.Code = codeRequired
	return f
}

// withCode gives the fault a code.
func (f *fault) withCode(code string) *fault {
	f.Code = code
	return f
}

// absent says that no such object exists: 404 when its id stands in the path, 400 when it is another parameter.
func absent(kind, id, param string, inPath bool) *fault {
	f := invalid(param, "No such %s: '%s'", nameOf(kind), id)
	f.Code = codeMissing
	if inPath {
		f.Status = http.StatusNotFound
	}
	return f
}

// nameOf returns how Stripe's messages call a kind of object.
func nameOf(kind string) string {
	switch kind {
	case "payment_method":
		return "PaymentMethod"
	case "payment_intent":
		return "payment_intent"
	case "setup_intent":
		return "setupintent"
	case "test_helpers.test_clock":
		return "test clock"
	case "billing.meter":
		return "billing meter"
	case "checkout.session":
		return "checkout.session"
	case "webhook_endpoint":
		return "webhook endpoint"
	case "subscription_item":
		return "subscription_item"
	case "promotion_code":
		return "promotion code"
	}
	return kind
}

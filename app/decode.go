package app

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/fault"
)

// fields names what a body may carry and where its values go.
type fields map[string]any

// decode reads a body that is one JSON object and says so: a form on another site cannot send that type without asking
// first. null counts as not sent. Faults: invalid_request, naming the field; too_large.
func (v *visit) decode(into fields) error {
	if kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return fault.Field("Content-Type", v.r.Header.Get("Content-Type"), nil, "Send the body as Content-Type: application/json.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(v.w, v.r.Body, BodyBytesMax))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return fault.New(fault.TooLarge, "The body is larger than %d bytes.", BodyBytesMax).With("limit", BodyBytesMax)
	case err != nil:
		return fault.New(fault.Invalid, "The body ended before it was complete. Send the same request again.").Because(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(body, &all); err != nil || all == nil {
		return fault.New(fault.Invalid, "The body must be a JSON object.")
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		to, ok := into[name]
		switch {
		case !ok:
			return fault.New(fault.Invalid, "There is no field %q here; there are %s.", name, strings.Join(slices.Sorted(maps.Keys(into)), ", ")).With("field", name)
		case string(all[name]) == "null":
		case json.Unmarshal(all[name], to) != nil:
			return fault.New(fault.Invalid, "%s has a value of the wrong type.", name).With("field", name)
		}
	}
	return nil
}

// query reads the query of a request. Faults: invalid_request for a name that is not listed or comes twice.
func (v *visit) query(into map[string]*string) error {
	for name, values := range v.r.URL.Query() {
		to, ok := into[name]
		switch {
		case !ok && len(into) == 0:
			return fault.New(fault.Invalid, "There is no query parameter %q here: there are none.", name).With("field", name)
		case !ok:
			return fault.New(fault.Invalid, "There is no query parameter %q here; there are %s.", name, strings.Join(slices.Sorted(maps.Keys(into)), ", ")).With("field", name)
		case len(values) != 1:
			return fault.New(fault.Invalid, "The query parameter %q comes %d times. Send it once.", name, len(values)).With("field", name)
		}
		*to = values[0]
	}
	return nil
}

package api

import (
	"encoding/json"
	"io"
	"maps"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// valueBytesMax is how much of a refused value an error repeats.
const valueBytesMax = 200

// readBody appends the body of a request to buf. Faults: too_large past BodyBytesMax.
func readBody(r *http.Request, buf []byte) ([]byte, error) {
	if r.ContentLength > BodyBytesMax {
		return buf, tooLarge()
	}
	if how := r.Header.Get("Content-Encoding"); how != "" && how != "identity" {
		return buf, fault.Field("Content-Encoding", how, nil, "A body with Content-Encoding %s cannot be read: send it as it is.", how)
	}
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, max(512, len(buf)))
		}
		n, err := r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > BodyBytesMax:
			return buf, tooLarge()
		case err == io.EOF:
			return buf, nil
		case err != nil:
			return buf, fault.New(fault.Invalid, "The body ended before it was complete. Send the same request again.").Because(err)
		}
	}
}

func tooLarge() error {
	return fault.New(fault.TooLarge, "The body is larger than %d bytes: send it in parts.", BodyBytesMax).With("limit", BodyBytesMax)
}

// fields names what a body may carry and where its values go: pointers to what encoding/json can fill, or to a verbatim.
type fields map[string]any

// A verbatim is a value as it stands in the body, whose memory it shares.
type verbatim []byte

// decode reads a body that is one object. null counts as not sent. Faults: invalid_request, naming the field.
func decode(body []byte, into fields) error {
	s := scanner{src: body}
	if s.peek() == 0 && s.at == len(body) {
		return emptyBody()
	}
	if s.peek() != '{' {
		return notAnObject(&s)
	}
	if err := s.open('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	var bad error // told when the whole is known to be JSON
	for {
		ok, err := s.more('}', len(seen) == 0)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		name, err := s.name()
		if err != nil {
			return err
		}
		raw, err := s.value()
		if err != nil {
			return err
		}
		if bad == nil {
			bad = into.set(string(name), raw, seen[string(name)])
		}
		seen[string(name)] = true
	}
	if err := s.end(); err != nil {
		return err
	}
	return bad
}

func emptyBody() error {
	return fault.New(fault.Invalid, "The body is empty: send a JSON object.").With("offset", 0)
}

// notAnObject is the fault for a body that is some other value, or no JSON at all.
func notAnObject(s *scanner) error {
	raw, err := s.value()
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return err
	}
	return fault.Field("body", shown(raw), nil, "The body must be a JSON object.")
}

// set fills in one field.
func (f fields) set(name string, raw []byte, again bool) error {
	to, ok := f[name]
	switch {
	case !ok:
		return unknownField(name, slices.Sorted(maps.Keys(f)))
	case again:
		return fieldTwice(name)
	case string(raw) == "null":
		return nil
	}
	if v, ok := to.(*verbatim); ok { // the scanner has read it already
		*v = raw
		return nil
	}
	if err := json.Unmarshal(raw, to); err != nil {
		return wrongType(name, raw, to)
	}
	return nil
}

func unknownField(name string, known []string) error {
	f := fault.New(fault.Invalid, "There is no field %q here; there are %s.", name, strings.Join(known, ", "))
	if len(known) == 0 {
		f = fault.New(fault.Invalid, "There is no field %q here: send {} or nothing.", name)
	}
	return f.With("field", name)
}

func fieldTwice(name string) error {
	return fault.New(fault.Invalid, "The field %q comes twice.", name).With("field", name)
}

// seconds returns a span of time as it was sent, and 0, which stands for the usual one, when none was.
func seconds(name string, sent *int64) (int64, error) {
	switch {
	case sent == nil:
		return 0, nil
	case *sent == 0:
		return 0, fault.Field(name, 0, nil, "%s is at least 1 second. Leave it out for the usual time.", name)
	}
	return *sent, nil
}

// wrongType is the fault for a value that does not fit what to points to.
func wrongType(name string, raw []byte, to any) error {
	switch to.(type) {
	case *quantity.Units, **quantity.Units:
		return wrongQuantity(name, raw)
	case **time.Time:
		return fault.Field(name, shown(raw), nil, "%s must be a time such as 2026-01-31T15:04:05Z (RFC 3339).", name)
	case *id.Customer, *id.Slug, *id.Transaction, *string, **string, **id.Slug:
		return fault.Field(name, shown(raw), nil, "%s must be a text.", name)
	case *int64, **int64, **int:
		return fault.Field(name, shown(raw), nil, "%s must be a whole number.", name)
	case *bool, **bool:
		return fault.Field(name, shown(raw), nil, "%s must be true or false.", name)
	case *map[string]*string:
		return fault.Field(name, shown(raw), nil, "%s must be an object whose values are texts, or null to remove a key.", name)
	}
	if kind := reflect.TypeOf(to); kind.Kind() == reflect.Pointer && kind.Elem().Kind() == reflect.Slice {
		return fault.Field(name, shown(raw), nil, "%s must be a list.", name)
	}
	return fault.Field(name, shown(raw), nil, "%s has a value of the wrong type.", name)
}

// wrongQuantity tells a number with too many digits from what is no number.
func wrongQuantity(name string, raw []byte) error {
	text := strings.Trim(string(raw), `"`)
	n, err := strconv.ParseFloat(text, 64) // to choose the words only
	switch {
	case !json.Valid([]byte(text)): // 1_000, 0x10, +1: Go's ways to write a number, or none
		return fault.Field(name, shown(raw), nil, "%s must be a decimal number such as 12 or 0.5.", name)
	case err == nil && math.Abs(n) <= float64(quantity.Max/quantity.One):
		return fault.Field(name, shown(raw), quantity.DecimalsMax, "%s must have at most %d decimals.", name, quantity.DecimalsMax)
	case err == nil || math.IsInf(n, 0):
		return fault.Field(name, shown(raw), quantity.Max, "%s is larger than %s.", name, quantity.Max)
	}
	return fault.Field(name, shown(raw), nil, "%s must be a decimal number such as 12 or 0.5.", name)
}

// shown returns a refused value as an error repeats it: as it was sent, or its beginning.
func shown(raw []byte) any {
	if len(raw) <= valueBytesMax {
		return json.RawMessage(slices.Clone(raw))
	}
	return strings.ToValidUTF8(string(raw[:valueBytesMax]), "") + "…"
}

// decodeOptional is decode for a body that may be empty.
func decodeOptional(body []byte, into fields) error {
	if len(body) == 0 {
		return nil
	}
	return decode(body, into)
}

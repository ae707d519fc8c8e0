package api

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// usageFields are the names a usage fact may carry, in the order errors tell them.
func usageFields() []string {
	return []string{"customer", "meter", "amount", "transactionId", "at", "properties", "record"}
}

// decodeUsage reads a body that is one usage fact.
func decodeUsage(body []byte, u *meter.Usage) error {
	s := scanner{src: body}
	if s.peek() != '{' {
		return decode(body, nil) // which says what is wrong
	}
	bad, err := s.usage(u)
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return err
	}
	return bad
}

// usage reads one usage fact. bad is what is wrong with a fact that is JSON: the scanner stands after it.
func (s *scanner) usage(u *meter.Usage) (bad, err error) {
	if s.peek() != '{' {
		raw, err := s.value()
		if err != nil {
			return nil, err
		}
		return fault.Field("event", shown(raw), nil, "An event must be a JSON object."), nil
	}
	if err := s.open('{'); err != nil {
		return nil, err
	}
	var seen uint
	for first := true; ; first = false {
		ok, err := s.more('}', first)
		if err != nil || !ok {
			return bad, err
		}
		name, err := s.name()
		if err != nil {
			return nil, err
		}
		raw, err := s.value()
		if err != nil {
			return nil, err
		}
		if bad == nil {
			bad = setUsage(u, name, raw, &seen)
		}
	}
}

// setUsage fills in one field of a usage fact. seen has a bit for each field that came before.
func setUsage(u *meter.Usage, name, raw []byte, seen *uint) (err error) {
	var bit uint
	null := raw[0] == 'n'
	switch string(name) {
	case "customer":
		bit, err = 1, setText(&u.Customer, "customer", raw)
	case "meter":
		bit, err = 2, setText(&u.Meter, "meter", raw)
	case "transactionId":
		bit, err = 4, setText(&u.TransactionID, "transactionId", raw)
	case "amount":
		if bit = 8; !null {
			u.Amount = new(quantity.Units)
			if u.Amount.UnmarshalJSON(raw) != nil {
				err = wrongQuantity("amount", raw)
			}
		}
	case "at":
		if bit = 16; !null {
			u.At = new(time.Time)
			if u.At.UnmarshalJSON(raw) != nil {
				err = wrongType("at", raw, &u.At)
			}
		}
	case "properties":
		if bit = 32; !null {
			u.Properties = bytes.Clone(raw)
		}
	case "record":
		if bit = 64; !null {
			if u.Record = raw[0] == 't'; raw[0] != 't' && raw[0] != 'f' {
				err = wrongType("record", raw, &u.Record)
			}
		}
	default:
		return unknownField(string(name), usageFields())
	}
	if *seen&bit != 0 {
		return fieldTwice(string(name))
	}
	*seen |= bit
	return err
}

func setText[T ~string](to *T, name string, raw []byte) error {
	switch {
	case raw[0] == 'n':
		return nil
	case raw[0] != '"':
		return wrongType(name, raw, (*string)(nil))
	case bytes.IndexByte(raw, '\\') < 0:
		*to = T(raw[1 : len(raw)-1])
		return nil
	}
	return json.Unmarshal(raw, to)
}

// An item is one usage fact of a batch, or what is wrong with it.
type item struct {
	usage meter.Usage
	bad   error
}

// decodeBatch reads {"events": […]} or […]. Faults: too_large past tollgate.BatchMax facts; invalid_request for
// what is not JSON. A fact with a field that is wrong is an item by itself.
func decodeBatch(body []byte) ([]item, error) {
	s := scanner{src: body}
	if s.peek() == '[' {
		items, err := s.items()
		if err == nil {
			err = s.end()
		}
		return items, err
	}
	var raw verbatim
	if err := decode(body, fields{"events": &raw}); err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, fault.Field("events", nil, nil, "events is missing: send a JSON array of usage facts.")
	}
	if raw[0] != '[' {
		return nil, fault.Field("events", shown(raw), nil, "events must be a JSON array of usage facts.")
	}
	s = scanner{src: raw}
	return s.items()
}

func (s *scanner) items() ([]item, error) {
	if err := s.open('['); err != nil {
		return nil, err
	}
	items := make([]item, 0, 16)
	for n := 0; ; n++ {
		ok, err := s.more(']', n == 0)
		if err != nil {
			return nil, err
		}
		if !ok {
			return items, checkBatch(n)
		}
		if n >= tollgate.BatchMax { // counted, not kept
			if _, err := s.value(); err != nil {
				return nil, err
			}
			continue
		}
		items = append(items, item{})
		it := &items[n]
		if it.bad, err = s.usage(&it.usage); err != nil {
			return nil, err
		}
	}
}

func checkBatch(n int) error {
	if n <= tollgate.BatchMax {
		return nil
	}
	return fault.New(fault.TooLarge, "A batch carries up to %d events; this one has %d. Send it in parts.", tollgate.BatchMax, n).
		With("field", "events").With("value", n).With("limit", tollgate.BatchMax)
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// parseUsage reads one event, strictly: names are spelled exactly, and none is ignored. What the engine checks (that
// the meter exists, how long names are) is left to it.
func parseUsage(line []byte) (meter.Usage, error) {
	var u meter.Usage
	if line[0] != '{' {
		return u, errors.New("an event is one JSON object")
	}
	var sent map[string]json.RawMessage
	if err := json.Unmarshal(line, &sent); err != nil {
		return u, notJSON(err)
	}
	if twice := fieldTwice(line); twice != "" {
		return u, fmt.Errorf("the field %q comes twice", twice)
	}
	fields := map[string]struct {
		into any
		want string
	}{
		"customer":      {&u.Customer, "a text"},
		"meter":         {&u.Meter, "a text"},
		"amount":        {&u.Amount, fmt.Sprintf("a decimal number such as 12 or 0.5, of up to %d with up to %d decimals", quantity.Max/quantity.One, quantity.DecimalsMax)},
		"transactionId": {&u.TransactionID, "a text"},
		"at":            {&u.At, "a time such as 2026-01-31T15:04:05Z"},
		"properties":    {&u.Properties, "a JSON object"},
		"record":        {&u.Record, "true or false"},
	}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		field, ok := fields[name]
		if !ok {
			known := strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
			return u, fmt.Errorf("there is no field %q in an event; there are %s", name, known)
		}
		if string(sent[name]) == "null" {
			continue
		}
		if err := json.Unmarshal(sent[name], field.into); err != nil {
			return u, fmt.Errorf("%s must be %s, not %s", name, field.want, shortened(sent[name]))
		}
	}
	if _, err := meter.ReadProperties(u.Properties); err != nil { // a server would refuse the whole batch for some of it
		return u, errors.New(fault.Of(err).Message)
	}
	return u, nil
}

// fieldTwice returns the first field of an object that comes twice, or none.
func fieldTwice(line []byte) string {
	d := json.NewDecoder(bytes.NewReader(line))
	seen := map[string]bool{}
	if _, err := d.Token(); err != nil { // its brace
		return ""
	}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok || seen[name] {
			return name
		}
		seen[name] = true
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return ""
		}
	}
	return ""
}

// notJSON says where a line stops being JSON.
func notJSON(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), err.Error() == "unexpected end of JSON input":
		return errors.New("this is not JSON: the line ends in the middle of it")
	case errors.As(err, &syntax):
		return fmt.Errorf("this is not JSON: %w, at byte %d", err, syntax.Offset)
	}
	return fmt.Errorf("this is not JSON: %w", err)
}

// shortened returns the beginning of a value that was refused.
func shortened(raw []byte) string {
	const most = 60
	if len(raw) <= most {
		return string(raw)
	}
	return strings.ToValidUTF8(string(raw[:most]), "") + "…"
}

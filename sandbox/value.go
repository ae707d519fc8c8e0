package sandbox

import "encoding/json"

// text is a text, or an id, that Stripe answers as null when it is empty.
type text string

// MarshalJSON writes null for the empty text.
func (t text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// stamp is a Unix time that Stripe answers as null when it is 0.
type stamp int64

// MarshalJSON writes null for no time.
func (s stamp) MarshalJSON() ([]byte, error) {
	if s == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(int64(s))
}

// none is a key that is always null.
type none struct{}

// MarshalJSON writes null.
func (none) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// UnmarshalJSON reads anything and keeps nothing.
func (*none) UnmarshalJSON([]byte) error { return nil }

// sublist is a list inside an object.
type sublist[T any] struct {
	Object  string `json:"object"`
	Data    []T    `json:"data"`
	HasMore bool   `json:"has_more"`
	URL     string `json:"url"`
}

// listed makes a list of all of data.
func listed[T any](url string, data []T) sublist[T] {
	if data == nil {
		data = []T{}
	}
	return sublist[T]{Object: "list", Data: data, URL: url}
}

// setText replaces a field when the request has it; the empty text clears.
func setText(field *text, given *string) {
	if given != nil {
		*field = text(*given)
	}
}

// address is a postal address.
type address struct {
	City       text `json:"city" form:"city"`
	Country    text `json:"country" form:"country"`
	Line1      text `json:"line1" form:"line1"`
	Line2      text `json:"line2" form:"line2"`
	PostalCode text `json:"postal_code" form:"postal_code"`
	State      text `json:"state" form:"state"`
}

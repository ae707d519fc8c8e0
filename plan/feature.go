package plan

import (
	"encoding/json"
	"strconv"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// unlimited is how documents and JSON spell the absence of a limit.
const unlimited = "unlimited"

// A Feature is something on or off per plan, or a value the app reads.
type Feature struct {
	Slug id.Slug     `json:"slug"`
	Name string      `json:"name"`
	Type FeatureType `json:"type"`
}

// FeatureType says what a plan may give a feature.
type FeatureType string

// The feature types.
const (
	Switch FeatureType = "switch" // true or false
	Number FeatureType = "number" // a decimal of 0 or more, or unlimited
	Text   FeatureType = "text"   // any text but "unlimited"
)

// FeatureTypes lists every feature type, in the order the documentation names them.
func FeatureTypes() []FeatureType { return []FeatureType{Switch, Number, Text} }

// A Value is what a plan gives for a feature. In JSON it is bare: true, 10, "unlimited", "standard".
// The zero value is a switch that is off.
type Value struct {
	Type      FeatureType    // of the feature; empty means Switch
	On        bool           // a switch that is on; for numbers and texts true
	Number    quantity.Units // of a Number that is not unlimited
	Unlimited bool           // of a Number
	Text      string         // of a Text
}

// String returns the value as the document writes it.
func (v Value) String() string {
	switch {
	case v.Unlimited:
		return unlimited
	case v.Type == Number:
		return v.Number.String()
	case v.Type == Text:
		return v.Text
	}
	return strconv.FormatBool(v.On)
}

// MarshalJSON writes the bare value.
func (v Value) MarshalJSON() ([]byte, error) {
	switch {
	case v.Unlimited:
		return json.Marshal(unlimited)
	case v.Type == Number:
		return v.Number.MarshalJSON()
	case v.Type == Text:
		return json.Marshal(v.Text)
	}
	return json.Marshal(v.On)
}

// UnmarshalJSON reads what MarshalJSON writes; the type follows from the form.
func (v *Value) UnmarshalJSON(b []byte) error {
	*v = Value{}
	switch b[0] {
	case '"':
		*v = Value{Type: Text, On: true}
		if err := json.Unmarshal(b, &v.Text); err != nil {
			return err
		}
		if v.Text == unlimited {
			*v = Value{Type: Number, On: true, Unlimited: true}
		}
		return nil
	case 't', 'f':
		v.Type = Switch
		return json.Unmarshal(b, &v.On)
	}
	*v = Value{Type: Number, On: true}
	return v.Number.UnmarshalJSON(b)
}

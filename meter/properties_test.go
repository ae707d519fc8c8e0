package meter_test

import (
	"testing"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
)

func TestPropertiesAreOneObjectWhoseKeysComeOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ sent, field, message string }{
		{"", "", ""},
		{" null ", "", ""},
		{`{}`, "", ""},
		{`{"a":":","b":[{"a":"\\\":"},{"a":{"a":1}}],":":null}`, "", ""},
		{`{"a":1,"a":1}`, "properties.a", `The key "a" comes twice in properties.`},
		{`{"b":[{"c":1},{"c":1,"\u0063":2}]}`, "properties.b.c", `The key "c" comes twice in properties.b.`},
		{`{"a":{"b":"a","a":"a"},"b":[[]],"c":"a","a":0}`, "properties.a", `The key "a" comes twice in properties.`},
		{`[{"a":1}]`, "properties", `properties must be a JSON object such as {"model": "small"}, not a list.`},
		{`"a"`, "properties", `properties must be a JSON object such as {"model": "small"}, not a text.`},
		{`-1`, "properties", `properties must be a JSON object such as {"model": "small"}, not a number.`},
		{`{"a":1}{}`, "properties", `properties must be a JSON object such as {"model": "small"}.`},
	} {
		_, err := meter.ReadProperties([]byte(tt.sent))
		if f := fault.Of(err); tt.field == "" && err != nil || tt.field != "" && (f == nil || f.Details["field"] != tt.field || f.Message != tt.message) {
			t.Errorf("%s: %v, want %q of the field %q", tt.sent, err, tt.message, tt.field)
		}
	}
}

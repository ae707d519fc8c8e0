package api_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

func ptr[T any](v T) *T { return &v }

func TestUsageIsDecoded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		body string
		want meter.Usage
	}{
		{`{}`, meter.Usage{}},
		{" { } \n", meter.Usage{}},
		{`{"customer":"a","meter":"m","transactionId":"t","amount":1}`, meter.Usage{Customer: "a", Meter: "m", TransactionID: "t", Amount: ptr(quantity.One)}},
		{`{"customer":"a\/b\"\\\n\u00e9\ud83d\ude42","amount":"-0.25"}`, meter.Usage{Customer: "a/b\"\\\né🙂", Amount: ptr(-quantity.One / 4)}},
		{`{"cust\u006fmer":"é","amount":1.5e2}`, meter.Usage{Customer: "é", Amount: ptr(quantity.Whole(150))}},
		{`{"at":"2026-03-10T12:00:00.25Z","record":true}`, meter.Usage{At: ptr(noon().Add(250 * time.Millisecond)), Record: true}},
		{`{"properties": {"a" : [ 1, null, {"b":"c"} ] } }`, meter.Usage{Properties: json.RawMessage(`{"a" : [ 1, null, {"b":"c"} ] }`)}},
		{`{"customer":null,"meter":null,"amount":null,"transactionId":null,"at":null,"properties":null,"record":null}`, meter.Usage{}},
	} {
		var got meter.Usage
		if err := api.DecodeUsage([]byte(tt.body), &got); err != nil {
			t.Errorf("%s: %v", tt.body, err)
		} else if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.body, diff)
		}
	}
}

func TestWhatIsNotJSONIsRefused(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, ` `, `{`, `}`, `{"`, `{"a`, `{"customer"`, `{"customer":`, `{"customer":"a"`, `{"customer":"a",`, `{"customer":"a",}`, `{,}`, `{"customer" "a"}`,
		`{"customer":"a"}x`, `{"customer":"a"}{}`, `{customer:"a"}`, `{'customer':'a'}`, `nul`, `{"record":tru}`, `{"record":True}`, `{"amount":01}`, `{"amount":+1}`,
		`{"amount":.5}`, `{"amount":1.}`, `{"amount":1e}`, `{"amount":-}`, `{"amount":NaN}`, `{"amount":Infinity}`, `{"amount":0x1}`, `{"amount":1_000}`,
		"{\"customer\":\"a\nb\"}", "{\"customer\":\"\x00\"}", `{"customer":"\x"}`, `{"customer":"\u12"}`, `{"customer":"\u12g4"}`, `{"customer":"\ud800"}`,
		`{"customer":"\udc00"}`, `{"customer":"\ud800\u0041"}`, `{"customer":"\ud800\ud800"}`, "{\"customer\":\"\xff\"}", "{\"\xff\":1}", "\ufeff{}",
		`{"properties":{"a":1,"a":2}}`, `{"properties":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"b":2}}`, `{"properties":{"a":1,"\u0061":2}}`,
		`{"properties":[1,]}`, `{"properties":[1 2]}`, `{"properties":{"a":}}`, `/* */{}`, `{}//`,
	} {
		var u meter.Usage
		err := api.DecodeUsage([]byte(body), &u)
		if f := fault.Of(err); f == nil || f.Code != fault.Invalid || f.Details["offset"] == nil {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// FuzzUsage: what the decoder takes, encoding/json takes too, and reads as the same.
func FuzzUsage(f *testing.F) {
	for _, seed := range []string{
		usageText, `{}`, `{"customer":"a\u00e9\ud83d\ude42","amount":"1.5","at":"2026-03-10T12:00:00+01:00","record":false}`,
		`{"amount":1e3,"properties":{"a":[1,2,{"b":null}],"c":"\\"}}`, `{"amount":0.000001,"meter":null}`, `{"amount":-9e12}`, `{"at":"2026-02-30T00:00:00Z"}`,
		`{"customer":"\ud800"}`, "{\"customer\":\"\xff\"}", `{"customer":"a","customer":"b"}`, `{"Customer":"a"}`, `[{}]`, `{"properties":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		var got, want meter.Usage
		err := api.DecodeUsage(body, &got)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			if fault.Of(err) == nil {
				t.Fatalf("%q: %v is no fault", body, err)
			}
			return
		}
		strict := json.NewDecoder(bytes.NewReader(body))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&want); err != nil {
			t.Fatalf("%q was taken, and encoding/json says %v", body, err)
		}
		if string(want.Properties) == "null" {
			want.Properties = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-encoding/json +ours):\n%s", body, diff)
		}
		if items, bad, err := api.DecodeBatch(append(append([]byte("["), body...), ']')); err != nil || bad != 0 || !reflect.DeepEqual(items[0], got) {
			t.Fatalf("%q in a batch: %+v %d %v", body, items, bad, err)
		}
	})
}

func TestBatchesAreDecodedInBothForms(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`[{"customer":"a"},{"customer":5},"x",{"nobody":1},{"meter":"m"}]`,
		`{"events":[{"customer":"a"},{"customer":5},"x",{"nobody":1},{"meter":"m"}]}`,
		` { "events" : [ {"customer":"a"} , {"customer":5} , "x" , {"nobody":1} , {"meter":"m"} ] } `,
	} {
		usage, bad, err := api.DecodeBatch([]byte(body))
		if err != nil || bad != 3 || len(usage) != 5 || usage[0].Customer != "a" || usage[4].Meter != "m" {
			t.Errorf("%s: %+v, %d bad, %v", body, usage, bad, err)
		}
	}
	for _, body := range []string{`[{}`, `[{},]`, `[{}]]`, `{"events":[]}x`, `{"events":[{]}`, strings.Repeat("[", 1000)} {
		if _, _, err := api.DecodeBatch([]byte(body)); fault.Of(err) == nil {
			t.Errorf("%.20s: %v", body, err)
		}
	}
}

package meter_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

var (
	now    = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	limits = meter.Limits{Ahead: 5 * time.Minute, PropertiesBytes: 100}
)

func usage(alter func(*meter.Usage)) meter.Usage {
	amount := 2 * quantity.One
	u := meter.Usage{Customer: "u1", Meter: "tokens", TransactionID: "t1", Amount: &amount}
	if alter != nil {
		alter(&u)
	}
	return u
}

func amount(u quantity.Units) func(*meter.Usage) {
	return func(m *meter.Usage) { m.Amount = &u }
}

func at(t time.Time) func(*meter.Usage) {
	return func(m *meter.Usage) { m.At = &t }
}

func properties(s string) func(*meter.Usage) {
	return func(m *meter.Usage) { m.Properties, m.Amount = json.RawMessage(s), nil }
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	tokens := meter.Meter{Slug: "tokens", Aggregation: meter.Sum, Decimals: 2}
	users := meter.Meter{Slug: "users", Aggregation: meter.Unique, Property: "user"}
	for _, tt := range []struct {
		name  string
		meter meter.Meter
		alter func(*meter.Usage)
		field string // "" accepts
	}{
		{"nothing that is well formed", tokens, nil, ""},
		{"a customer without a name", tokens, func(u *meter.Usage) { u.Customer = "" }, "customer"},
		{"a transaction without a name", tokens, func(u *meter.Usage) { u.TransactionID = "" }, "transactionId"},
		{"no amount on a sum", tokens, func(u *meter.Usage) { u.Amount = nil }, "amount"},
		{"an amount below zero", tokens, amount(-1), "amount"},
		{"the largest amount is fine", tokens, amount(quantity.Max), ""},
		{"one past the largest amount", tokens, amount(quantity.Max + quantity.One), "amount"},
		{"as many decimals as the meter takes are fine", tokens, amount(quantity.One / 100), ""},
		{"one decimal more", tokens, amount(quantity.One / 1000), "amount"},
		{"five minutes ahead are fine", tokens, at(now.Add(5 * time.Minute)), ""},
		{"a microsecond more", tokens, at(now.Add(5*time.Minute + time.Microsecond)), "at"},
		{"the year 2000 is fine", tokens, at(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), ""},
		{"the year before", tokens, at(time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC)), "at"},
		{"a unique meter without its property", users, properties(`{}`), "properties.user"},
		{"a unique meter with a null", users, properties(`{"user":null}`), "properties.user"},
		{"a unique meter counts no other amount", users, func(u *meter.Usage) { u.Properties = json.RawMessage(`{"user":1}`) }, "amount"},
		{"properties that are a list", users, properties(`["user"]`), "properties"},
		{"properties that are not JSON", users, properties(`{"user":1`), "properties"},
		{"two objects", users, properties(`{"user":1} {}`), "properties"},
		{"a NUL in a property", users, properties(`{"user":"a\u0000"}`), "properties"},
		{"a NUL after a backslash", users, properties(`{"user":"\\\u0000"}`), "properties"},
		{"the letters of a NUL are fine", users, properties(`{"user":"\\u0000"}`), ""},
		{"properties at their limit are fine", users, properties(`{"user":"` + strings.Repeat("a", 89) + `"}`), ""},
		{"properties one past their limit", users, properties(`{"user":"` + strings.Repeat("a", 90) + `"}`), "properties"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.meter.Check(usage(tt.alter), now, limits)
			var field any = ""
			if f := fault.Of(err); f != nil {
				field = f.Details["field"]
			}
			if field != tt.field || (err == nil) != (tt.field == "") {
				t.Errorf("the answer is %v, want the field %q refused", err, tt.field)
			}
		})
	}
}

func TestCheckReads(t *testing.T) {
	t.Parallel()
	m := meter.Meter{Slug: "users", Aggregation: meter.Unique, Property: "user"}
	got, err := m.Check(usage(func(u *meter.Usage) {
		properties(` {"user": 12345678901234567890, "a": "<b>"} `)(u)
		at(time.Date(2026, 3, 2, 3, 0, 0, 1999, time.FixedZone("", -5*3600)))(u)
	}), now, limits)
	if err != nil {
		t.Fatal(err)
	}
	want := meter.Reading{
		Amount: quantity.One, At: time.Date(2026, 3, 2, 8, 0, 0, 1000, time.UTC),
		Properties: json.RawMessage(`{"a":"\u003cb\u003e","user":12345678901234567890}`), Value: "12345678901234567890",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the reading is not what was sent (-want +got):\n%s", diff)
	}
	if got, err := m.Check(usage(properties(`{"user":1}`)), now, limits); err != nil || !got.At.Equal(now) {
		t.Errorf("usage without a time is read as %v, %v; want now", got.At, err)
	}
}

func TestMeterAndEventAsJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		v    any
		want string
	}{
		{"a meter", meter.Meter{Slug: "tokens", Name: "Tokens", Aggregation: meter.Sum, Unit: "token", Decimals: 2},
			`{"slug":"tokens","name":"Tokens","aggregation":"sum","unit":"token","decimals":2}`},
		{"an event", meter.Event{Customer: "u1", Meter: "tokens", Amount: 1_500_000, TransactionID: "t1", At: now, RecordedAt: now, Charged: 3_000_000, PaidBy: "credits"},
			`{"customer":"u1","meter":"tokens","amount":1.5,"transactionId":"t1","at":"2026-03-02T09:00:00Z","recordedAt":"2026-03-02T09:00:00Z","charged":3,"paidBy":"credits"}`},
		{"usage", usage(nil), `{"customer":"u1","meter":"tokens","amount":2,"transactionId":"t1"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(tt.v)
			if err != nil || string(got) != tt.want {
				t.Errorf("the JSON is\n%s, %v; want\n%s", got, err, tt.want)
			}
		})
	}
}

func TestAggregationsAreAllThereAre(t *testing.T) {
	t.Parallel()
	if got, want := fmt.Sprint(meter.Aggregations()), "[sum count max unique last]"; got != want {
		t.Errorf("the aggregations are %s, want %s", got, want)
	}
}

func FuzzCheckProperties(f *testing.F) {
	f.Add([]byte(`{"user":1.0}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"user":{"a":["\u0000"]}}`))
	m := meter.Meter{Slug: "users", Aggregation: meter.Unique, Property: "user"}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := m.Check(usage(properties(string(b))), now, limits)
		if err != nil {
			if fault.Of(err) == nil {
				t.Fatalf("%q gives %v, which is no fault", b, err)
			}
			return
		}
		if !json.Valid(r.Properties) || r.Value == "" {
			t.Fatalf("%q is read as %q, value %q", b, r.Properties, r.Value)
		}
		again, err := m.Check(usage(properties(string(r.Properties))), now, meter.Limits{PropertiesBytes: 1 << 20})
		if err != nil || again.Value != r.Value || string(again.Properties) != string(r.Properties) {
			t.Fatalf("%q is read as %q, then as %q, %v", b, r.Properties, again.Properties, err)
		}
	})
}

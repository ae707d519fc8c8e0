package id_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
)

func TestNamesAreCheckedAtTheirLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		ok       bool
	}{
		{"nothing", "", false},
		{"one byte", "a", true},
		{"255 bytes", strings.Repeat("a", 255), true},
		{"256 bytes", strings.Repeat("a", 256), false},
		{"255 bytes of longer letters", strings.Repeat("€", 85), true},
		{"86 letters of three bytes", strings.Repeat("€", 86), false},
		{"spaces, quotes and line breaks", " \"'\n\t", true},
		{"NUL", "a\x00b", false},
		{"bytes that are not UTF-8", "a\xff", false},
		{"half of a surrogate pair", "\xed\xa0\x80", false},
		{"a letter cut in two", "a\xe2\x82", false},
		{"256 bytes that are not UTF-8", strings.Repeat("\xff", 256), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for what, err := range map[string]error{
				"a customer":    id.Customer(tt.in).Check("field"),
				"a transaction": id.Transaction(tt.in).Check("field"),
			} {
				if tt.ok {
					if err != nil {
						t.Errorf("%s is refused: %v", what, err)
					}
					continue
				}
				f := fault.Of(err)
				if f == nil || f.Code != fault.Invalid || f.Details["field"] != "field" {
					t.Fatalf("%s gives %v, want an invalid_request that names the field", what, err)
				}
				if value := f.Details["value"].(string); !utf8.ValidString(value) || len(value) > 255*3 {
					t.Errorf("%s: the fault repeats %q", what, value)
				}
			}
		})
	}
}

func TestNameTooLongIsShownWhole(t *testing.T) {
	t.Parallel()
	err := id.Customer("a" + strings.Repeat("€", 100)).Check("externalId")
	b, _ := json.Marshal(fault.Of(err))
	want := `{"error":"invalid_request","message":"externalId has 301 bytes; the limit is 255.","field":"externalId","limit":255,"value":"a€€€€€€€€€€…"}`
	if string(b) != want {
		t.Errorf("the fault is\n%s, want\n%s", b, want)
	}
}

func TestSlugs(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"": false, "a": true, "7": true, "ai_requests": true, "gpt-4": true, "4o-mini": true, "a__--": true,
		"_a": false, "-a": false, "A": false, "aB": false, "a b": false, "a.b": false, "é": false, "a\n": false, "a\x00": false,
		strings.Repeat("a", 64): true, strings.Repeat("a", 65): false,
	} {
		if got := id.Slug(s).Valid(); got != want {
			t.Errorf("Slug(%q).Valid() is %t, want %t", s, got, want)
		}
	}
}

func TestIDsCarryTheirCustomer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := id.Key(rapid.Int64Range(1, math.MaxInt64).Draw(t, "key"))
		prefix := rapid.SampledFrom([]string{"grant", "hold", "top_up", ""}).Draw(t, "prefix")
		name := id.Transaction(rapid.String().Draw(t, "transaction"))
		for _, s := range []string{id.New(prefix, key), id.Derived(prefix, key, name)} {
			if got, ok := id.KeyOf(prefix, s); !ok || got != key {
				t.Fatalf("KeyOf(%q) is %d, %t; want %d", s, got, ok, key)
			}
			if strings.ToLower(s) != s || len(s) != len(prefix)+30 {
				t.Fatalf("%q is not 29 lower-case letters after its prefix", s)
			}
			if _, ok := id.KeyOf(prefix+"x", s); ok {
				t.Fatalf("%q has any prefix", s)
			}
		}
		first, retry := id.Derived(prefix, key, name), id.Derived(prefix, key, name)
		if first != retry {
			t.Fatal("Derived gives two answers")
		}
		if id.Derived(prefix, key, name) == id.Derived(prefix, key, name+"x") || id.Derived(prefix, key, name) == id.Derived("x"+prefix, key, name) {
			t.Fatal("Derived gives one answer for two things")
		}
		if one, other := id.New(prefix, key), id.New(prefix, key); one == other {
			t.Fatal("New gives the same id twice")
		}
	})
}

// Ids handed out are kept for ever: the derivation must not change.
func TestDerivedIsStable(t *testing.T) {
	t.Parallel()
	got := id.Derived("grant", 1234567890123456789, "invoice in_1")
	if want := "grant_24h11x3xx60haxqdak947ap3q0hdp"; got != want {
		t.Errorf("Derived is %q, want %q", got, want)
	}
}

func TestForgedIDsAreRefused(t *testing.T) {
	t.Parallel()
	good := id.New("grant", 42)
	bare := strings.TrimPrefix(good, "grant_")
	for name, s := range map[string]string{
		"nothing":                         "",
		"the prefix alone":                "grant_",
		"no prefix":                       bare,
		"another prefix":                  "hold_" + bare,
		"one letter short":                good[:len(good)-1],
		"one letter long":                 good + "0",
		"upper case":                      "grant_" + strings.ToUpper(bare),
		"letters left out of base 32":     "grant_" + strings.Repeat("i", 29),
		"line breaks alone":               "grant_" + strings.Repeat("\n", 29),
		"carriage returns alone":          "grant_" + strings.Repeat("\r", 29),
		"line breaks within":              "grant_" + bare[:10] + "\n\n\n" + bare[13:],
		"a line break at the end":         good[:len(good)-1] + "\n",
		"padding":                         "grant_" + bare[:28] + "=",
		"customer zero":                   "grant_" + strings.Repeat("0", 29),
		"a customer below zero":           "grant_z" + bare[1:],
		"spare bits set":                  good[:len(good)-1] + "1",
		"letters of more than a byte":     "grant_" + strings.Repeat("é", 14) + "0",
		"a length that is right by luck":  "grant_" + strings.Repeat("\n", 28) + "0",
		"bytes that are not text at all ": "grant_" + strings.Repeat("\xff", 29),
	} {
		if k, ok := id.KeyOf("grant", s); ok {
			t.Errorf("%s: KeyOf(%q) is %d", name, s, k)
		}
	}
}

func TestKeysArePositiveAndFresh(t *testing.T) {
	t.Parallel()
	seen := map[id.Key]bool{}
	for range 10_000 {
		k := id.NewKey()
		if k <= 0 || seen[k] {
			t.Fatalf("key %d is not positive or not fresh", k)
		}
		seen[k] = true
	}
}

func FuzzKeyOf(f *testing.F) {
	f.Add(id.Derived("grant", 42, "t"))
	f.Add("grant_" + strings.Repeat("\n", 29))
	f.Add("grant_")
	f.Fuzz(func(t *testing.T, s string) {
		k, ok := id.KeyOf("grant", s)
		if ok != (k > 0) {
			t.Fatalf("KeyOf(%q) is %d, %t", s, k, ok)
		}
		if ok && (len(s) != 35 || !strings.HasPrefix(s, id.New("grant", k)[:6+12])) {
			t.Fatalf("%q is taken for an id of %d", s, k)
		}
	})
}

func FuzzCheck(f *testing.F) {
	f.Add("user_1")
	f.Add(strings.Repeat("€", 86))
	f.Add("a\x00")
	f.Fuzz(func(t *testing.T, s string) {
		err := id.Transaction(s).Check("transactionId")
		if good := len(s) > 0 && len(s) <= 255 && utf8.ValidString(s) && !strings.Contains(s, "\x00"); good != (err == nil) {
			t.Fatalf("Check(%q) is %v", s, err)
		}
	})
}

func ExampleDerived() {
	first := id.Derived("grant", 42, "invoice in_1")
	retry := id.Derived("grant", 42, "invoice in_1")
	customer, ok := id.KeyOf("grant", retry)
	fmt.Println(first == retry, customer, ok)
	// Output: true 42 true
}

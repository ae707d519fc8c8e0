package quantity_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/quantity"
)

func TestParseReadsDecimalsExactly(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]quantity.Units{
		"0": 0, "-0": 0, "0.0": 0, "0e5": 0, "0e-900": 0, "1": 1_000_000, "-1": -1_000_000, "1.5": 1_500_000,
		"0.000001": 1, "-0.000001": -1, "0.1": 100_000, "007": 7_000_000,
		"1e3": 1_000_000_000, "1E3": 1_000_000_000, "1e+3": 1_000_000_000, "1.25e1": 12_500_000,
		"1e-6": 1, "1000e-9": 1, "0.0000010": 1, "1.000000000000": 1_000_000, "100000000e-8": 1_000_000,
		"1000000000000": quantity.Max, "-1000000000000": -quantity.Max, "1e12": quantity.Max,
		"999999999999.999999": quantity.Max - 1,
	} {
		if got, err := quantity.Parse(in); got != want || err != nil {
			t.Errorf("Parse(%q) is %d, %v; want %d", in, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "", "not a decimal"},
		{"a sign alone", "-", "not a decimal"},
		{"a plus", "+1", "not a decimal"},
		{"two signs", "--1", "not a decimal"},
		{"a point alone", ".", "not a decimal"},
		{"no digit before the point", ".5", "not a decimal"},
		{"no digit after the point", "5.", "not a decimal"},
		{"two points", "1.2.3", "not a decimal"},
		{"no exponent after e", "1e", "not a decimal"},
		{"a fraction in the exponent", "1e1.5", "not a decimal"},
		{"two exponents", "1e2e3", "not a decimal"},
		{"no mantissa", "e5", "not a decimal"},
		{"a space", " 1", "not a decimal"},
		{"a comma", "1,5", "not a decimal"},
		{"an underscore", "1_000", "not a decimal"},
		{"hexadecimal", "0x10", "not a decimal"},
		{"infinity", "Inf", "not a decimal"},
		{"not a number", "NaN", "not a decimal"},
		{"digits of another script", "١٢", "not a decimal"},
		{"bytes that are not text", "1\xff", "not a decimal"},
		{"more than 64 bytes", "1." + strings.Repeat("0", 63), "not a decimal"},
		{"an exponent past all sense", "1e1001", "not a decimal"},
		{"seven decimals", "0.0000001", "more than 6 decimals"},
		{"seven decimals by exponent", "1e-7", "more than 6 decimals"},
		{"one past the largest", "1000000000000.000001", "past 1000000000000"},
		{"one past the smallest", "-1000000000000.000001", "past 1000000000000"},
		{"fourteen digits", "10000000000000", "past 1000000000000"},
		{"what an int64 cannot hold", "9999999999999.999999", "past 1000000000000"},
		{"a large exponent", "1e999", "past 1000000000000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := quantity.Parse(tt.in); err == nil || got != 0 || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse(%q) is %s, %v; want an error that says %q", tt.in, got, err, tt.want)
			}
		})
	}
}

func TestJSONReadsNumbersAndStrings(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]quantity.Units{
		`1.5`: 1_500_000, `"1.5"`: 1_500_000, `1e3`: 1_000_000_000, `"1E-3"`: 1000, `-2`: -2_000_000, `null`: 42,
		`9223372036854.775807`: math.MaxInt64, `-9223372036854.775808`: math.MinInt64, // balances grow past Max
	} {
		got := quantity.Units(42)
		if err := json.Unmarshal([]byte(in), &got); got != want || err != nil {
			t.Errorf("%s reads as %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{
		`""`, `"null"`, `"`, `true`, `{}`, `[1]`, `"1`, `1.0000001`, `"١"`, `" 1"`, `9223372036854.775808`, `-9223372036854.775809`, `1e20`,
	} {
		got := quantity.Units(42)
		if err := json.Unmarshal([]byte(in), &got); err == nil || got != 42 {
			t.Errorf("%s reads as %d, %v; want an error", in, got, err)
		}
	}
}

func TestWhatIsWrittenReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := quantity.Units(rapid.Int64().Draw(t, "units"))
		b, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		var back quantity.Units
		if err := json.Unmarshal(b, &back); err != nil || back != u {
			t.Fatalf("%d is written %s and reads back as %d, %v", u, b, back, err)
		}
		want, ok := new(big.Rat).SetString(u.String())
		if !ok || want.Cmp(big.NewRat(int64(u), int64(quantity.One))) != 0 {
			t.Fatalf("%d is written %s", u, u)
		}
		_, frac, _ := strings.Cut(u.String(), ".")
		if len(frac) != u.Decimals() || strings.HasSuffix(frac, "0") {
			t.Fatalf("%s has %d decimals, says Decimals", u, u.Decimals())
		}
		parsed, err := quantity.Parse(u.String())
		if within := -quantity.Max <= u && u <= quantity.Max; within != (err == nil) || within && parsed != u {
			t.Fatalf("%s parses as %s, %v", u, parsed, err)
		}
	})
}

func TestSumsAndProductsAreExactOrRefused(t *testing.T) {
	t.Parallel()
	edges := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, 1_000_000, -1_000_000, int64(quantity.Max)}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) quantity.Units {
			switch rapid.IntRange(0, 2).Draw(t, name+" is") {
			case 0:
				return quantity.Units(rapid.SampledFrom(edges).Draw(t, name))
			case 1:
				return quantity.Units(rapid.Int64Range(-5_000_000_000, 5_000_000_000).Draw(t, name))
			}
			return quantity.Units(rapid.Int64().Draw(t, name))
		}
		arithmetic(t, draw("u"), draw("v"))
	})
}

func arithmetic(t interface {
	Helper()
	Fatalf(string, ...any)
}, u, v quantity.Units) {
	t.Helper()
	a, b := big.NewInt(int64(u)), big.NewInt(int64(v))
	sum := new(big.Int).Add(a, b)
	got, ok := u.Plus(v)
	if ok != sum.IsInt64() || ok && int64(got) != sum.Int64() {
		t.Fatalf("%d + %d is %d, %t; want %s", u, v, got, ok, sum)
	}
	quo, rem := new(big.Int).QuoRem(new(big.Int).Mul(a, b), big.NewInt(int64(quantity.One)), new(big.Int))
	fits := rem.Sign() == 0 && quo.IsInt64() && quo.Cmp(big.NewInt(math.MinInt64)) != 0
	got, ok = u.Times(v)
	if ok != fits || ok && int64(got) != quo.Int64() {
		t.Fatalf("%d × %d is %d, %t; want %s and %s over", u, v, got, ok, quo, rem)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1.5", "-0.000001", "1e12", "1000000000000.000001", "9e-1000", "1E+3", "-", "0x1p4", "..", "1e999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := quantity.Parse(s)
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(s)
		if !ok || want.Cmp(big.NewRat(int64(u), int64(quantity.One))) != 0 {
			t.Fatalf("%q parses as %d, want %s", s, u, want)
		}
		if u > quantity.Max || u < -quantity.Max {
			t.Fatalf("%q parses as %d, past the limit", s, u)
		}
		if back, err := quantity.Parse(u.String()); back != u || err != nil {
			t.Fatalf("%s reads back as %s, %v", u, back, err)
		}
	})
}

func FuzzArithmetic(f *testing.F) {
	f.Add(int64(math.MinInt64), int64(-1))
	f.Add(int64(1_500_000), int64(2_000_000))
	f.Fuzz(func(t *testing.T, u, v int64) { arithmetic(t, quantity.Units(u), quantity.Units(v)) })
}

func ExampleParse() {
	u, err := quantity.Parse("1.50")
	fmt.Println(u, int64(u), err)
	_, err = quantity.Parse("0.0000001")
	fmt.Println(err)
	// Output:
	// 1.5 1500000 <nil>
	// "0.0000001" has more than 6 decimals
}

func ExampleUnits_Times() {
	images, creditsEach := quantity.Whole(3), quantity.Whole(20)
	fmt.Println(images.Times(creditsEach))
	// Output: 60 true
}

// TestAtIsTheMostThatAPriceAllows: one millionth more costs more than there is.
func TestAtIsTheMostThatAPriceAllows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := quantity.Units(rapid.Int64Range(0, math.MaxInt64).Draw(t, "units"))
		price := quantity.Units(rapid.Int64Range(1, math.MaxInt64).Draw(t, "price"))
		n := u.At(price)
		costs := func(n quantity.Units) *big.Int {
			return new(big.Int).Mul(big.NewInt(int64(n)), big.NewInt(int64(price)))
		}
		have := new(big.Int).Mul(big.NewInt(int64(u)), big.NewInt(int64(quantity.One)))
		if costs(n).Cmp(have) > 0 || n < math.MaxInt64 && costs(n+1).Cmp(have) <= 0 {
			t.Fatalf("%s at %s is %s", u, price, n)
		}
	})
}

package money_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
)

func price(t testing.TB, s string) money.UnitPrice {
	t.Helper()
	p, err := money.ParseUnitPrice(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAmountsAreWrittenForPeople(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		minor    int64
		currency string
		want     string
	}{
		"two decimals":              {799, "usd", "$7.99"},
		"less than one unit":        {5, "usd", "$0.05"},
		"nothing":                   {0, "eur", "€0.00"},
		"no decimals":               {500, "jpy", "¥500"},
		"no decimals and nothing":   {0, "jpy", "¥0"},
		"three decimals":            {1234, "kwd", "KWD 1.234"},
		"groups of three":           {123456789, "gbp", "£1,234,567.89"},
		"a group that is just full": {99999, "usd", "$999.99"},
		"below zero":                {-100000, "eur", "-€1,000.00"},
		"below zero, less than one": {-5, "usd", "-$0.05"},
		"a shared symbol":           {799, "cad", "CA$7.99"},
		"no symbol":                 {799, "chf", "CHF 7.99"},
		"an unknown currency":       {799, "xxx", "XXX 799"},
		"no currency":               {799, "", "799"},
		"the smallest integer":      {math.MinInt64, "usd", "-$92,233,720,368,547,758.08"},
	} {
		a := money.Amount{Minor: c.minor, Currency: c.currency}
		if got := a.Format(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestAmountsAreTwoFieldsInJSON(t *testing.T) {
	t.Parallel()
	const want = `{"amount":799,"currency":"usd"}`
	got, err := json.Marshal(money.Amount{Minor: 799, Currency: "usd"})
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestCurrenciesHaveTheExponentsOfStripesAPI(t *testing.T) {
	t.Parallel()
	for currency, want := range map[string]int{
		"usd": 2, "eur": 2, "jpy": 0, "krw": 0, "clp": 0, "kwd": 3, "tnd": 3, "isk": 2, "ugx": 2, "mga": 0,
	} {
		if got, ok := money.Exponent(currency); !ok || got != want {
			t.Errorf("%s: got %d, %v, want %d", currency, got, ok, want)
		}
	}
	for _, currency := range []string{"", "USD", "xxx", "us", "dollars", "btc"} {
		if _, ok := money.Exponent(currency); ok {
			t.Errorf("%q is known, want it unknown", currency)
		}
	}
}

// currencies finds every known code by trying all of three letters.
func currencies() []string {
	var known []string
	for i := range 26 * 26 * 26 {
		code := string([]byte{'a' + byte(i/676), 'a' + byte(i/26%26), 'a' + byte(i%26)})
		if _, ok := money.Exponent(code); ok {
			known = append(known, code)
		}
	}
	return known
}

func TestNoTwoCurrenciesLookTheSame(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, code := range currencies() {
		sign := strings.TrimRight(money.Amount{Minor: 7, Currency: code}.String(), "0.7")
		if other, ok := seen[sign]; ok {
			t.Errorf("%s and %s are both written %q", code, other, sign)
		}
		seen[sign] = code
	}
	if len(seen) < 130 {
		t.Errorf("%d currencies are known, want more than 130", len(seen))
	}
}

func TestUnitPricesAreReadExactlyOrRefused(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"500": "500", "0.002": "0.002", "0": "0", "0.000": "0", "007.50": "7.5", "1.": "", ".5": "",
		"0.000000000001": "0.000000000001", "0.0000000000001": "", "0.0000000000010": "0.000000000001",
		"999999999999": "999999999999", "1000000000000": "", "000000000000000000000001": "1",
		"1234567.123456789012": "1234567.123456789012", "12345678.123456789012": "",
		"-1": "", "+1": "", "1e3": "", "": "", " 1": "", "1,5": "", "NaN": "", "٣": "", "1.2.3": "", "0x10": "",
	} {
		p, err := money.ParseUnitPrice(in)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q: got %s, want it refused", in, p)
		case want != "" && (err != nil || p.String() != want):
			t.Errorf("%q: got %s, %v, want %s", in, p, err, want)
		}
	}
}

func TestUnitPricesAreStringsInJSON(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(map[string]money.UnitPrice{"unitAmount": price(t, "0.0020")})
	if want := `{"unitAmount":"0.002"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	var p money.UnitPrice
	if err := json.Unmarshal([]byte(`"-1"`), &p); err == nil {
		t.Error("a negative price was read, want it refused")
	}
	if err := json.Unmarshal([]byte(`0.002`), &p); err == nil {
		t.Error("a JSON number was read, want only strings: other readers would make it a float")
	}
}

func TestHalvesAreRoundedAwayFromZero(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		price string
		q     quantity.Units
		want  int64
	}{
		"a half up":                {"0.5", quantity.One, 1},
		"just below a half":        {"0.499999999999", quantity.One, 0},
		"one and a half":           {"0.5", 3 * quantity.One, 2},
		"two and a half":           {"0.5", 5 * quantity.One, 3},
		"minus a half":             {"0.5", -quantity.One, -1},
		"minus just below a half":  {"0.499999999999", -quantity.One, 0},
		"a whole":                  {"500", 2 * quantity.One, 1000},
		"a fraction of a unit":     {"1", 500_000, 1},
		"the smallest price":       {"0.000000000001", 1, 0},
		"the smallest price, half": {"0.000000000001", quantity.Whole(500_000_000_000), 1},
		"nothing":                  {"0.5", 0, 0},
	} {
		got, err := price(t, c.price).Times(c.q).Round("usd")
		if err != nil || got != (money.Amount{Minor: c.want, Currency: "usd"}) {
			t.Errorf("%s: %s × %s: got %v, %v, want %d minor units", name, c.price, c.q, got, err, c.want)
		}
	}
}

func TestAnAmountThatDoesNotFitIsRefused(t *testing.T) {
	t.Parallel()
	if got, err := price(t, "999999999999").Times(quantity.Max).Round("usd"); !fault.Has(err, fault.Invalid) {
		t.Errorf("got %v, %v, want %s", got, err, fault.Invalid)
	}
	for _, n := range []int64{math.MaxInt64, math.MinInt64} {
		if got, err := money.Minor(n).Round("usd"); err != nil || got.Minor != n {
			t.Errorf("%d: got %v, %v, want it unchanged", n, got, err)
		}
	}
	if got, err := money.Minor(math.MaxInt64).Plus(money.Minor(1)).Round("usd"); err == nil {
		t.Errorf("one past 64 bits: got %v, want an error", got)
	}
}

func prices() *rapid.Generator[string] {
	return rapid.StringMatching(`[0-9]{1,7}(\.[0-9]{1,12})?`)
}

// The model: rationals, rounded by adding a half and taking the floor.
func TestTimesAndRoundAgreeWithRationals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := prices().Draw(t, "price")
		q := rapid.Int64Range(-int64(quantity.Max), int64(quantity.Max)).Draw(t, "q")
		p, err := money.ParseUnitPrice(s)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		got, err := p.Times(quantity.Units(q)).Round("usd")

		exact, _ := new(big.Rat).SetString(s)
		exact.Mul(exact, big.NewRat(q, int64(quantity.One)))
		rounded := new(big.Rat).Add(new(big.Rat).Abs(exact), big.NewRat(1, 2))
		want := new(big.Int).Quo(rounded.Num(), rounded.Denom())
		if exact.Sign() < 0 {
			want.Neg(want)
		}
		if !want.IsInt64() {
			if err == nil {
				t.Fatalf("%s × %d millionths: got %d, want it refused: it is %s", s, q, got.Minor, want)
			}
			return
		}
		if err != nil || got.Minor != want.Int64() {
			t.Fatalf("%s × %d millionths: got %d, %v, want %s", s, q, got.Minor, err, want)
		}
	})
}

func TestASumIsTheSameWhicheverWayItIsCut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, err := money.ParseUnitPrice(prices().Draw(t, "price"))
		if err != nil {
			t.Fatal(err)
		}
		a := quantity.Units(rapid.Int64Range(0, int64(quantity.Max)).Draw(t, "a"))
		b := quantity.Units(rapid.Int64Range(0, int64(quantity.Max)).Draw(t, "b"))
		if p.Times(a).Plus(p.Times(b)).Cmp(p.Times(a+b)) != 0 {
			t.Fatalf("%s × %s plus × %s is not × %s", p, a, b, a+b)
		}
	})
}

func FuzzUnitPrice(f *testing.F) {
	for _, s := range []string{"0", "500", "0.002", "007.50", "1e3", "-1", "123456789012.123456789012", ".5", "1."} {
		f.Add(s, int64(quantity.One))
	}
	f.Fuzz(func(t *testing.T, s string, q int64) {
		p, err := money.ParseUnitPrice(s)
		if err != nil {
			return
		}
		again, err := money.ParseUnitPrice(p.String())
		if err != nil || !again.Equal(p) || again != p {
			t.Fatalf("%q: written as %s it reads back as %s, %v", s, p, again, err)
		}
		exact, ok := new(big.Rat).SetString(s)
		written, _ := new(big.Rat).SetString(p.String())
		if !ok || exact.Cmp(written) != 0 || strings.Contains(p.String(), "e") {
			t.Fatalf("%q was changed to %s", s, p)
		}
		if rounded, err := p.Times(quantity.Units(q)).Round("usd"); err == nil {
			off := new(big.Rat).Mul(exact, big.NewRat(q, int64(quantity.One)))
			off.Sub(off, new(big.Rat).SetInt64(rounded.Minor))
			if off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
				t.Fatalf("%q × %d millionths: %d is further than a half from the exact amount", s, q, rounded.Minor)
			}
		}
	})
}

func TestUnitPricesAreWrittenForPeopleWithAllTheirDecimals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ price, currency, want string }{
		{"2", "usd", "$0.02"}, {"900", "usd", "$9.00"}, {"0.002", "usd", "$0.00002"}, {"4.5", "eur", "€0.045"}, {"123456.75", "usd", "$1,234.5675"},
		{"3", "jpy", "¥3"}, {"1.5", "jpy", "¥1.5"}, {"1234.5", "kwd", "KWD 1.2345"}, {"0", "usd", "$0.00"}, {"0.000000000001", "usd", "$0.00000000000001"},
	} {
		if got := price(t, c.price).Format(c.currency); got != c.want {
			t.Errorf("%s minor units of %s are %q, want %q", c.price, c.currency, got, c.want)
		}
	}
}

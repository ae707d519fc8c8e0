// Package quantity holds exact decimal quantities of whatever a meter counts.
//
// A quantity is an integer number of millionths of a unit, so that every meter (0 to 6 decimals) and
// every credits pool share one integer arithmetic. Floats never touch it: JSON numbers are read and
// written digit by digit.
package quantity

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Units is a quantity in millionths of a unit: 1.5 tokens is Units(1_500_000). In JSON it is a plain
// decimal number (1.5).
type Units int64

const (
	// One is one whole unit.
	One Units = 1_000_000
	// DecimalsMax is how many decimals a quantity can carry.
	DecimalsMax = 6
	// Max is the largest amount accepted in one request or catalog value: 10^12 units. Balances may
	// grow past it, up to about 9.2 × 10^12.
	Max Units = 1_000_000_000_000 * One
)

// Whole returns n whole units. n must lie within ±9 × 10^12.
func Whole(n int64) Units { return Units(n) * One }

// Parse reads a decimal such as "12", "-0.25" or "1e3", exactly. It refuses anything with more than
// six decimals, anything past ±Max, and anything that is not a decimal number.
func Parse(s string) (Units, error) {
	u, err := parse(s)
	if err == nil && (u > Max || u < -Max) {
		return 0, fmt.Errorf("%q is past %d", s, Max/One)
	}
	return u, err
}

// parse reads all that Units can hold, for balances grow past Max.
func parse(s string) (Units, error) {
	if n, ok := small(s); ok {
		return n, nil
	}
	digits, exp, neg, err := split(s)
	if err != nil {
		return 0, err
	}
	digits = strings.TrimLeft(digits, "0")
	for strings.HasSuffix(digits, "0") {
		digits, exp = digits[:len(digits)-1], exp+1
	}
	if digits == "" {
		return 0, nil
	}
	if exp < -DecimalsMax {
		return 0, fmt.Errorf("%q has more than %d decimals", s, DecimalsMax)
	}
	if len(digits)+exp > 13 {
		return 0, fmt.Errorf("%q is past %d", s, Max/One)
	}
	digits += strings.Repeat("0", exp+DecimalsMax)
	if neg {
		digits = "-" + digits
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is past %d", s, Max/One)
	}
	return Units(n), nil
}

// small reads whole numbers of up to twelve digits, as most amounts are.
func small(s string) (Units, bool) {
	if len(s) == 0 || len(s) > 12 {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	return Units(n) * One, true
}

// split cuts a JSON-style number into its digits and the power of ten they are multiplied by.
func split(s string) (digits string, exp int, neg bool, err error) {
	bad := func() (string, int, bool, error) { return "", 0, false, fmt.Errorf("%q is not a decimal number", s) }
	if len(s) == 0 || len(s) > 64 {
		return bad()
	}
	mantissa, e, hasExp := strings.Cut(strings.Replace(s, "E", "e", 1), "e")
	if hasExp {
		if exp, err = strconv.Atoi(e); err != nil || exp < -1000 || exp > 1000 {
			return bad()
		}
	}
	mantissa, neg = strings.CutPrefix(mantissa, "-")
	whole, frac, hasFrac := strings.Cut(mantissa, ".")
	if whole == "" || hasFrac && frac == "" {
		return bad()
	}
	for _, c := range whole + frac {
		if c < '0' || c > '9' {
			return bad()
		}
	}
	return whole + frac, exp - len(frac), neg, nil
}

// Decimals returns how many decimals u needs: 0 for whole units, at most DecimalsMax.
func (u Units) Decimals() int {
	n, f := DecimalsMax, u%One
	for n > 0 && f%10 == 0 {
		n, f = n-1, f/10
	}
	return n
}

// Append writes u as a plain decimal number without trailing zeros.
func (u Units) Append(b []byte) []byte {
	n := uint64(u)
	if u < 0 {
		b, n = append(b, '-'), -n
	}
	b = strconv.AppendUint(b, n/uint64(One), 10)
	frac := n % uint64(One)
	if frac == 0 {
		return b
	}
	b = append(b, '.')
	for p := uint64(One) / 10; frac > 0; p /= 10 {
		b = append(b, byte('0'+frac/p))
		frac %= p
	}
	return b
}

// String returns u as a plain decimal number: "1.5", "-3".
func (u Units) String() string { return string(u.Append(nil)) }

// MarshalJSON writes a JSON number.
func (u Units) MarshalJSON() ([]byte, error) { return u.Append(nil), nil }

// UnmarshalJSON reads a JSON number, or a JSON string that holds one (for callers whose numbers are
// floats). It reads whatever MarshalJSON writes, balances past ±Max too: who accepts an amount checks Max.
func (u *Units) UnmarshalJSON(b []byte) error {
	s := string(b)
	if s == "null" {
		return nil
	}
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	v, err := parse(s)
	if err != nil {
		return err
	}
	*u = v
	return nil
}

// Times returns u × factor, both in millionths. It reports false when the product is not a whole
// number of millionths or does not fit.
func (u Units) Times(factor Units) (Units, bool) {
	neg := (u < 0) != (factor < 0)
	hi, lo := bits.Mul64(magnitude(u), magnitude(factor))
	if hi >= uint64(One) {
		return 0, false
	}
	q, r := bits.Div64(hi, lo, uint64(One))
	if r != 0 || q > math.MaxInt64 {
		return 0, false
	}
	if neg {
		return -Units(q), true
	}
	return Units(q), true
}

// Plus returns u + v and reports false when the sum does not fit.
func (u Units) Plus(v Units) (Units, bool) {
	s := u + v
	return s, (s > u) == (v > 0)
}

func magnitude(u Units) uint64 {
	if u < 0 {
		return -uint64(u)
	}
	return uint64(u)
}

// Share returns u × part ÷ whole, rounded down. 0 ≤ u, and 0 ≤ part ≤ whole with whole above 0.
func (u Units) Share(part, whole int64) Units {
	hi, lo := bits.Mul64(uint64(u), uint64(part))
	quo, _ := bits.Div64(hi, lo, uint64(whole)) // fits: part ≤ whole
	return Units(quo)
}

// At returns how many units u pays for at a price, rounded down: the most that Times price gives no more than u. Neither is below
// zero, and price is above; what does not fit is the largest number there is.
func (u Units) At(price Units) Units {
	hi, lo := bits.Mul64(uint64(u), uint64(One))
	if hi >= uint64(price) {
		return math.MaxInt64
	}
	quo, _ := bits.Div64(hi, lo, uint64(price))
	return Units(min(quo, math.MaxInt64))
}

package money

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/govalues/decimal"

	"github.com/tollgate/tollgate/quantity"
)

const (
	// UnitPriceDecimalsMax is how many decimals a unit price can carry, as many as Stripe's
	// unit_amount_decimal (https://docs.stripe.com/api/prices/object).
	UnitPriceDecimalsMax = 12
	// UnitPriceDigitsMax is how many digits a unit price can have before and after the point together.
	UnitPriceDigitsMax = decimal.MaxPrec
	// UnitPriceWholeDigitsMax is how many digits a unit price can have before the point.
	UnitPriceWholeDigitsMax = 12
)

// A UnitPrice is the price of one unit: an exact decimal in minor units, never negative. "0.002" is
// two thousandths of a cent. The zero value is free. In JSON it is a string.
type UnitPrice struct {
	d decimal.Decimal // trimmed, so that equal prices are the same value
}

// ParseUnitPrice reads a plain decimal such as "500" or "0.002", exactly. It refuses signs, exponents,
// more than UnitPriceDecimalsMax decimals and more digits than it can hold.
func ParseUnitPrice(s string) (UnitPrice, error) {
	whole, frac, point := strings.Cut(s, ".")
	if whole == "" || point && frac == "" || strings.Trim(whole+frac, "0123456789") != "" {
		return UnitPrice{}, fmt.Errorf("%.40q is not a decimal such as 0.002", s)
	}
	whole, frac = strings.TrimLeft(whole, "0"), strings.TrimRight(frac, "0")
	switch {
	case len(frac) > UnitPriceDecimalsMax:
		return UnitPrice{}, fmt.Errorf("%.40q has more than %d decimals", s, UnitPriceDecimalsMax)
	case len(whole) > UnitPriceWholeDigitsMax:
		return UnitPrice{}, fmt.Errorf("%.40q is past %d", s, int64(AmountMinorMax))
	case len(whole)+len(frac) > UnitPriceDigitsMax:
		// The decimal library would round such a number, and a price must not change on its way in.
		return UnitPrice{}, fmt.Errorf("%.40q has more than %d digits", s, UnitPriceDigitsMax)
	}
	if frac != "" {
		frac = "." + frac
	}
	d, err := decimal.Parse("0" + whole + frac)
	if err != nil {
		return UnitPrice{}, fmt.Errorf("%.40q is not a decimal: %w", s, err)
	}
	return UnitPrice{d}, nil
}

// String returns p as a plain decimal without trailing zeros: "0.002".
func (p UnitPrice) String() string { return p.d.String() }

// Format returns p for people, as Amount.Format does, with all of its decimals: "$0.02", "$0.00002", "¥1.5".
func (p UnitPrice) Format(currency string) string {
	whole, frac, _ := strings.Cut(p.String(), ".")
	minor, _ := strconv.ParseInt(whole, 10, 64) // at most UnitPriceWholeDigitsMax digits
	shown := Amount{Minor: minor, Currency: currency}.Format()
	if exponent, _ := Exponent(currency); exponent == 0 && frac != "" {
		shown += "."
	}
	return shown + frac
}

// Compare returns -1, 0 or 1 as p is less than, equal to or more than q.
func (p UnitPrice) Compare(q UnitPrice) int { return p.d.Cmp(q.d) }

// IsZero reports whether p is free.
func (p UnitPrice) IsZero() bool { return p.d.IsZero() }

// Equal reports whether p and q are the same price.
func (p UnitPrice) Equal(q UnitPrice) bool { return p.d.Equal(q.d) }

// MarshalText implements encoding.TextMarshaler, so that p is a string in JSON.
func (p UnitPrice) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what ParseUnitPrice reads.
func (p *UnitPrice) UnmarshalText(b []byte) error {
	v, err := ParseUnitPrice(string(b))
	if err != nil {
		return err
	}
	*p = v
	return nil
}

// Times returns the exact price of q.
func (p UnitPrice) Times(q quantity.Units) Exact {
	n := new(big.Int).SetUint64(p.d.Coef())
	n.Mul(n, big.NewInt(int64(q)))
	return Exact{n.Mul(n, power(UnitPriceDecimalsMax-p.d.Scale()))}
}

func power(exponent int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exponent)), nil)
}

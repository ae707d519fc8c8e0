// Package money holds amounts of money, currencies, and unit prices smaller than a cent.
//
// An amount is an integer number of minor units (cents, yen, fils). A unit price is an exact decimal.
// The two meet in one place only, Exact.Round, which is the one rounding function of the product.
package money

import (
	"strconv"
	"strings"
)

// AmountMinorMax is the largest amount a catalog may ask for, in minor units: twelve digits, the most
// that Stripe takes in any currency (https://docs.stripe.com/currencies, "Minimum and maximum charge
// amounts"; most currencies stop at eight).
const AmountMinorMax = 999_999_999_999

// An Amount is a sum of money: an integer number of minor units of a currency. The zero value is
// nothing, in no currency. In JSON: {"amount":799,"currency":"usd"}.
type Amount struct {
	Minor    int64  `json:"amount"`
	Currency string `json:"currency"` // ISO 4217, lower case
}

// Format returns a for people: the symbol or the code, then the digits in groups of three with the
// currency's decimals: "$7.99", "¥500", "KWD 1.234", "-€1,000.00". An unknown currency has no
// decimals, so that nothing is hidden: "XXX 799".
func (a Amount) Format() string {
	exponent, _ := Exponent(a.Currency)
	digits, neg := strings.CutPrefix(strconv.FormatInt(a.Minor, 10), "-")
	if short := exponent + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	whole, frac := digits[:len(digits)-exponent], digits[len(digits)-exponent:]

	var b strings.Builder
	if neg {
		b.WriteByte('-')
	}
	b.WriteString(symbol(a.Currency))
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	if frac != "" {
		b.WriteByte('.')
		b.WriteString(frac)
	}
	return b.String()
}

// String returns the same as Format.
func (a Amount) String() string { return a.Format() }

// symbol returns what stands before the digits of an amount. Only symbols that no other supported
// currency shares are used; the rest get their code and a space.
func symbol(currency string) string {
	switch currency {
	case "usd":
		return "$"
	case "eur":
		return "€"
	case "gbp":
		return "£"
	case "jpy":
		return "¥"
	case "inr":
		return "₹"
	case "krw":
		return "₩"
	case "vnd":
		return "₫"
	case "ils":
		return "₪"
	case "ngn":
		return "₦"
	case "uah":
		return "₴"
	case "brl":
		return "R$"
	case "aud":
		return "A$"
	case "cad":
		return "CA$"
	case "nzd":
		return "NZ$"
	case "hkd":
		return "HK$"
	case "mxn":
		return "MX$"
	case "":
		return ""
	}
	return strings.ToUpper(currency) + " "
}

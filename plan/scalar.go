package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// text returns the text under key, or otherwise when there is none.
func (f fields) text(key, otherwise string) string {
	n := f.values[key]
	switch {
	case n == nil:
		return otherwise
	case n.kind != scalar || strings.TrimSpace(n.text) == "":
		f.wrong(key, "write a text or leave the key out", "this is %s where a text belongs", n.what())
		return otherwise
	case !printable(n.text):
		f.wrong(key, "write letters, digits and signs", "the text has control characters")
		return otherwise
	}
	return n.text
}

// printable reports whether s has no control characters but line breaks and tabs: what a catalog says is
// shown in terminals, where the others move the cursor.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' })
}

// flag returns the boolean under key; false when there is none.
func (f fields) flag(key string) bool {
	n := f.values[key]
	if n == nil {
		return false
	}
	on, ok := boolean(n)
	if !ok {
		f.wrong(key, "write true or false", "this is %s", n.what())
	}
	return on
}

// whole returns the integer under key, or otherwise when there is none or when it lies outside low to
// high.
func (f fields) whole(key string, low, high, otherwise int) int {
	n := f.values[key]
	if n == nil {
		return otherwise
	}
	v, err := strconv.Atoi(n.text)
	if n.kind != scalar || err != nil || v < low || v > high {
		f.wrong(key, fmt.Sprintf("write a whole number from %d to %d", low, high), "this is %s", n.what())
		return otherwise
	}
	return v
}

// units returns the quantity in n, with at most decimals decimals, at least 0 or, when positive, above
// it. It returns false after a problem. instead says what else could be written ("or unlimited").
func (r *reader) units(n *node, path string, decimals int, positive bool, instead string) (quantity.Units, bool) {
	write := "write a number such as 1000"
	if instead != "" {
		write += " " + instead
	}
	if n.kind != scalar {
		r.report(n, path, write, "this is %s where a number belongs", n.what())
		return 0, false
	}
	u, err := quantity.Parse(clip(n.text))
	switch {
	case err != nil:
		r.report(n, path, write, "%v", err)
	case u < 0:
		r.report(n, path, write, "%s is below 0", u)
	case u == 0 && positive:
		r.report(n, path, "write a number above 0", "the number is 0")
	case u.Decimals() > decimals && decimals == 0:
		r.report(n, path, "write a whole number", "%s is not a whole number", u)
	case u.Decimals() > decimals:
		r.report(n, path, fmt.Sprintf("write at most %d decimals", decimals), "%s has more than %d decimals", u, decimals)
	default:
		return u, true
	}
	return 0, false
}

// amount returns the integer number of minor units under key, from low to money.AmountMinorMax.
func (f fields) amount(key, currency string, low int64) int64 {
	n := f.values[key]
	if n == nil {
		f.missing(key, "write it in minor units: 799 is $7.99")
		return 0
	}
	v, err := strconv.ParseInt(n.text, 10, 64)
	if n.kind == scalar && err == nil && v >= low && v <= money.AmountMinorMax {
		return v
	}
	write := fmt.Sprintf("write a whole number of minor units from %d to %d", low, int64(money.AmountMinorMax))
	if minor, ok := minorOf(n, currency); ok && minor >= low {
		write = fmt.Sprintf("amounts are in minor units: write %d", minor)
	}
	f.wrong(key, write, "this is %s", n.what())
	return 0
}

// minorOf guesses the minor units somebody meant who wrote major ones: 799 for 7.99.
func minorOf(n *node, currency string) (int64, bool) {
	exponent, known := money.Exponent(currency)
	u, err := quantity.Parse(clip(n.text))
	if n.kind != scalar || !known || err != nil || u.Decimals() == 0 || u.Decimals() > exponent {
		return 0, false
	}
	for range quantity.DecimalsMax - exponent {
		u /= 10
	}
	return int64(u), true
}

// unitPrice returns the decimal under key; zero and false when there is none or after a problem.
func (f fields) unitPrice(key string) (money.UnitPrice, bool) {
	n := f.values[key]
	if n == nil {
		return money.UnitPrice{}, false
	}
	if n.kind != scalar {
		f.wrong(key, `write minor units such as "0.002"`, "this is %s where a price belongs", n.what())
		return money.UnitPrice{}, false
	}
	p, err := money.ParseUnitPrice(n.text)
	if err != nil {
		f.wrong(key, `write minor units such as "0.002"`, "%v", err)
	}
	return p, err == nil
}

// days returns the number of days under key, from low to high; otherwise when there is none or after a problem.
func (f fields) days(key string, low, high, otherwise period.Days) period.Days {
	n := f.values[key]
	if n == nil {
		return otherwise
	}
	d, ok := period.ParseDays(n.text)
	if n.kind != scalar || !ok || d < low || d > high {
		f.wrong(key, fmt.Sprintf("write whole days, from %s to %s", low, high), "this is %s", n.what())
		return otherwise
	}
	return d
}

// choice returns the value under key, one of choices; empty when there is none or after a problem.
func choice[T ~string](f fields, key string, choices []T) T {
	n := f.values[key]
	if n == nil {
		return ""
	}
	if n.kind != scalar || !slices.Contains(choices, T(n.text)) {
		f.wrong(key, suggest(n.text, choices), "this is %s", n.what())
		return ""
	}
	return T(n.text)
}

func boolean(n *node) (on, ok bool) {
	if n.kind != scalar || n.quoted {
		return false, false
	}
	return n.text == "true", n.text == "true" || n.text == "false"
}

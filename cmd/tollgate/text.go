package main

import (
	"strings"
	"time"
	"unicode"

	"github.com/tollgate/tollgate/quantity"
)

// printable returns s without what would move the cursor or change the terminal: names come from outside.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == '\n', unicode.IsPrint(r):
			return r
		}
		return unicode.ReplacementChar
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// word returns s as one cell of a table.
func word(s string) string { return strings.ReplaceAll(printable(s), "\n", " ") }

// moment returns a time as tables show it: UTC, to the second; empty for the zero time.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return local(t.UTC())
}

// local returns a time as tables show it, by the clocks of its zone.
func local(t time.Time) string { return t.Format("2006-01-02 15:04:05") }

// units returns a quantity with its thousands apart: 1,234,567.5.
func units(u quantity.Units) string {
	s := u.String()
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, fraction, ok := strings.Cut(s, ".")
	if ok {
		fraction = "." + fraction
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + fraction
}

// signed returns a quantity as a change: +5, -1,000, 0.
func signed(u quantity.Units) string {
	if u > 0 {
		return "+" + units(u)
	}
	return units(u)
}

// number returns a count with its thousands apart.
func number(n int64) string { return units(quantity.Whole(n)) }

// counted returns a count with its noun: 1 problem, 2 problems.
func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

package tollgate

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tollgate/tollgate/fault"
)

// checkText returns a fault that names field when s has more than bytesMax bytes, or is not text that both databases
// keep as it is.
func checkText(field, s string, bytesMax int) error {
	switch {
	case len(s) > bytesMax:
		return fault.Field(field, len(s), bytesMax, "%s has %d bytes; the limit is %d.", field, len(s), bytesMax)
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return fault.Field(field, strings.ToValidUTF8(s, "?"), nil, "%s must be UTF-8 text without NUL bytes.", field)
	}
	return nil
}

// checkLine is checkText for what stands in one line of others: a header of an e-mail, a form at Stripe.
func checkLine(field, s string, bytesMax int) error {
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) }) && utf8.ValidString(s) {
		return fault.Field(field, s, nil, "%s must be one line without control characters.", field)
	}
	return checkText(field, s, bytesMax)
}

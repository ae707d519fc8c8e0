package period

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// DaysMax is the longest span that a document can name: about a hundred years.
const DaysMax Days = 36500

// Days is a number of whole days; in JSON and in documents "14d".
type Days int

// Duration returns d days of 24 hours.
func (d Days) Duration() time.Duration { return time.Duration(d) * 24 * time.Hour }

// String returns d as documents write it: "14d".
func (d Days) String() string { return fmt.Sprintf("%dd", int(d)) }

// MarshalText implements encoding.TextMarshaler.
func (d Days) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes; it refuses everything ParseDays refuses.
func (d *Days) UnmarshalText(b []byte) error {
	v, ok := ParseDays(string(b))
	if !ok {
		return fmt.Errorf("%q is not a number of days such as 14d", b)
	}
	*d = v
	return nil
}

// ParseDays reads "14d": from 0d to DaysMax.
func ParseDays(s string) (Days, bool) {
	digits, ok := strings.CutSuffix(s, "d")
	n, err := strconv.ParseUint(digits, 10, 16)
	return Days(n), ok && err == nil && n <= uint64(DaysMax)
}

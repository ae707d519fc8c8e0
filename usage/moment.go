package usage

import "time"

// String returns m as ParseMoment reads it: an instant in UTC, or a date.
func (m Moment) String() string {
	if m.date {
		return m.at.Format(time.DateOnly)
	}
	return m.at.UTC().Format(time.RFC3339Nano)
}

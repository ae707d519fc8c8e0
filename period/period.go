// Package period holds spans of time: the windows in which allowances renew, and the billing periods
// they follow. All functions are pure; times come in as arguments.
package period

import "time"

// Every says how often an allowance renews.
type Every string

// The values of Every.
const (
	Day           Every = "day"            // from midnight in the zone
	Week          Every = "week"           // from Monday midnight in the zone (ISO 8601)
	Month         Every = "month"          // from the first of the month, midnight in the zone
	BillingMonth  Every = "billing_month"  // with the months of the subscription's period, counted from its start
	BillingPeriod Every = "billing_period" // with the subscription's period
	Never         Every = "never"          // one window, for ever
)

// Choices lists every value of Every, in the order the documentation names them.
func Choices() []Every { return []Every{Day, Week, Month, BillingMonth, BillingPeriod, Never} }

// A Span is half-open: Start ≤ t < End. A zero End means the span never ends.
type Span struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end,omitzero"`
}

// Contains reports whether t lies in the span.
func (s Span) Contains(t time.Time) bool {
	return !t.Before(s.Start) && (s.End.IsZero() || t.Before(s.End))
}

// A Cycle is a subscription's rhythm: billing periods of Months months from Anchor.
// Zero Months counts as one month.
type Cycle struct {
	Anchor time.Time
	Months int
}

// Window returns the span of e that holds now. Days, weeks and months are those of zone (UTC when
// nil); billing periods and their months are those of c. A Never window starts at the zero time.
func Window(e Every, zone *time.Location, c Cycle, now time.Time) Span {
	if zone == nil {
		zone = time.UTC
	}
	local := now.In(zone)
	y, m, d := local.Date()
	switch e {
	case Day:
		return holding(now, func(n int) time.Time { return Midnight(y, m, d+n, zone) })
	case Week:
		monday := d - (int(local.Weekday())+6)%7
		return holding(now, func(n int) time.Time { return Midnight(y, m, monday+7*n, zone) })
	case Month:
		return holding(now, func(n int) time.Time { return Midnight(y, m+time.Month(n), 1, zone) })
	case BillingMonth:
		return Cycle{Anchor: c.Anchor, Months: 1}.Span(now)
	case BillingPeriod:
		return c.Span(now)
	}
	return Span{}
}

// holding returns the span that holds now, of those that begin at start(0), start(1), … It may be the one
// before or after: where clocks go back across midnight, a date comes twice.
func holding(now time.Time, start func(n int) time.Time) Span {
	n := 0
	for now.Before(start(n)) {
		n--
	}
	for !now.Before(start(n + 1)) {
		n++
	}
	return Span{start(n), start(n + 1)}
}

// Midnight returns the moment a day begins in zone: the first of two midnights where clocks go back, the
// moment they jump where the jump skips midnight.
func Midnight(y int, m time.Month, d int, zone *time.Location) time.Time {
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	want := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	from, until := t.ZoneBounds()
	switch shown := wall(t); {
	case shown.Before(want):
		return until.UTC()
	case shown.After(want):
		return from.UTC()
	}
	if !from.IsZero() {
		_, offset := t.Zone()
		_, before := from.Add(-1).Zone()
		if first := t.Add(time.Duration(offset-before) * time.Second); before > offset && first.Before(from) {
			return first.UTC()
		}
	}
	return t.UTC()
}

// wall returns what the clocks show at t, as if it were UTC.
func wall(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// Span returns the billing period that holds now. Every period is counted from the anchor itself, so
// that month ends clamp without drifting: 31 January, 28 February, 31 March.
func (c Cycle) Span(now time.Time) Span {
	months := max(c.Months, 1)
	anchor, at := c.Anchor.UTC(), now.UTC()
	n := ((at.Year()-anchor.Year())*12 + int(at.Month()-anchor.Month())) / months
	for AddMonths(anchor, n*months).After(at) {
		n--
	}
	for !AddMonths(anchor, (n+1)*months).After(at) {
		n++
	}
	return Span{AddMonths(anchor, n*months), AddMonths(anchor, (n+1)*months)}
}

// AddMonths returns t moved by n months in UTC, clamped to the last day of the month it lands in.
func AddMonths(t time.Time, n int) time.Time {
	t = t.UTC()
	y, m, d := t.Date()
	last := time.Date(y, m+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	hh, mm, ss := t.Clock()
	return time.Date(y, m+time.Month(n), min(d, last), hh, mm, ss, t.Nanosecond(), time.UTC)
}

// Equal reports whether both spans start and end at the same instants.
func (s Span) Equal(t Span) bool { return s.Start.Equal(t.Start) && s.End.Equal(t.End) }

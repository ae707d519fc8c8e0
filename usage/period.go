package usage

import (
	"slices"
	"strings"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/period"
)

// A Period names a span that ends now.
type Period string

// The periods. The first four are UsageFlow's.
const (
	CurrentMonth  Period = "current_month"  // from midnight of the first of the month
	Last30Days    Period = "last_30_days"   // the 30 × 24 hours before now
	Last28Days    Period = "last_28_days"   // the 28 × 24 hours before now
	CurrentWeek   Period = "current_week"   // from midnight of the week's first day
	CurrentPeriod Period = "current_period" // from the start of the subscription's billing period
	Today         Period = "today"          // from midnight
	Last7Days     Period = "last_7_days"    // the 7 × 24 hours before now
	SinceReset    Period = "since_reset"    // from the last reset of the balance that pays, or from the beginning
)

// Periods lists every period, in the order the documentation names them.
func Periods() []Period {
	return []Period{CurrentMonth, Last30Days, Last28Days, CurrentWeek, CurrentPeriod, Today, Last7Days, SinceReset}
}

// A Grouping says how a span is cut into buckets.
type Grouping string

// The groupings.
const (
	ByHour  Grouping = "hour"
	ByDay   Grouping = "day"
	ByWeek  Grouping = "week"
	ByMonth Grouping = "month"
	ByNone  Grouping = "none" // one bucket: the whole span
)

// Groupings lists every grouping.
func Groupings() []Grouping { return []Grouping{ByHour, ByDay, ByWeek, ByMonth, ByNone} }

const (
	// HoursMax is the longest span that can be cut by the hour.
	HoursMax = 400 * 24 * time.Hour
	// SpanMax is the longest span.
	SpanMax = 20 * 366 * 24 * time.Hour
)

// A Calendar is where and how time is cut.
type Calendar struct {
	Zone   *time.Location
	Sunday bool // weeks begin on Sunday, not on Monday
}

// ParseCalendar reads the name of a zone and of the day a week begins on; empty stands for UTC and monday.
func ParseCalendar(zone, weekStart string) (Calendar, error) {
	c := Calendar{Zone: time.UTC}
	if zone != "" {
		z, err := time.LoadLocation(zone)
		if err != nil || z == time.Local {
			return c, fault.Field("timezone", zone, nil, "timezone must be an IANA name such as Europe/Paris.")
		}
		c.Zone = z
	}
	switch strings.ToLower(weekStart) {
	case "", "monday":
	case "sunday":
		c.Sunday = true
	default:
		return c, fault.Field("weekStart", weekStart, []string{"monday", "sunday"}, "weekStart is monday or sunday.")
	}
	return c, nil
}

// Span returns the span of a period that ends at now. CurrentPeriod and SinceReset are for the caller to know.
func (c Calendar) Span(p Period, now time.Time) (period.Span, error) {
	var start time.Time
	switch p {
	case "", CurrentMonth:
		start = period.Window(period.Month, c.Zone, period.Cycle{}, now).Start
	case CurrentWeek:
		start = c.start(ByWeek, now)
	case Today:
		start = period.Window(period.Day, c.Zone, period.Cycle{}, now).Start
	case Last30Days:
		start = now.Add(-30 * 24 * time.Hour)
	case Last28Days:
		start = now.Add(-28 * 24 * time.Hour)
	case Last7Days:
		start = now.Add(-7 * 24 * time.Hour)
	default:
		return period.Span{}, fault.Field("period", string(p), Periods(), "There is no period %q. Send one of %s, or from and to.", string(p), list(Periods()))
	}
	return period.Span{Start: start, End: now}, nil
}

// Check refuses what is no grouping, and spans that end before they start or are too long for it.
func (g Grouping) Check(s period.Span) error {
	switch {
	case !slices.Contains(Groupings(), g):
		return fault.Field("groupBy", string(g), Groupings(), "There is no grouping %q. Send one of %s.", string(g), list(Groupings()))
	case s.End.Before(s.Start):
		return fault.Field("to", s.End, s.Start, "to lies before from.")
	case g == ByHour && s.End.Sub(s.Start) > HoursMax:
		return fault.Field("groupBy", string(g), "400 days", "A span longer than 400 days cannot be cut by the hour: send a shorter one, or groupBy day, week or month.")
	case s.End.Sub(s.Start) > SpanMax:
		return fault.Field("from", s.Start, "20 years", "The span is longer than 20 years: send a shorter one.")
	}
	return nil
}

func list[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, w := range all {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}

// start returns when the bucket that holds t begins.
func (c Calendar) start(g Grouping, t time.Time) time.Time { return c.bucket(g, t).Start }

// bucket returns the whole calendar bucket that holds t.
func (c Calendar) bucket(g Grouping, t time.Time) period.Span {
	switch g {
	case ByHour:
		return c.hour(t)
	case ByWeek:
		if !c.Sunday {
			return period.Window(period.Week, c.Zone, period.Cycle{}, t)
		}
		day := period.Window(period.Day, c.Zone, period.Cycle{}, t)
		for weekday(c.Zone, day) != time.Sunday {
			day = period.Window(period.Day, c.Zone, period.Cycle{}, day.Start.Add(-time.Nanosecond))
		}
		end := day
		for range 7 {
			end = period.Window(period.Day, c.Zone, period.Cycle{}, end.End)
		}
		return period.Span{Start: day.Start, End: end.Start}
	case ByMonth:
		return period.Window(period.Month, c.Zone, period.Cycle{}, t)
	}
	if c.Zone == time.UTC { // the most common by far, and days there need no calendar
		start := t.Truncate(24 * time.Hour)
		return period.Span{Start: start, End: start.Add(24 * time.Hour)}
	}
	return period.Window(period.Day, c.Zone, period.Cycle{}, t)
}

// weekday returns the day of the week that a day's span is, by its middle: midnight itself may be missing.
func weekday(zone *time.Location, day period.Span) time.Weekday {
	return day.Start.Add(day.End.Sub(day.Start) / 2).In(zone).Weekday()
}

// hour returns the hour of the clock that holds t. An hour that comes twice is two, told apart by their offsets; where
// clocks jump by a part of an hour, the part is a bucket of its own.
func (c Calendar) hour(t time.Time) period.Span {
	local := t.In(c.Zone)
	into := time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
	s := period.Span{Start: t.Add(-into), End: t.Add(time.Hour - into)}
	from, until := local.ZoneBounds()
	if !from.IsZero() && s.Start.Before(from) {
		s.Start = from
	}
	if !until.IsZero() && s.End.After(until) {
		s.End = until
	}
	return period.Span{Start: s.Start.UTC(), End: s.End.UTC()}
}

// Buckets cuts a span, oldest first. The first and the last bucket may be parts of a day, a week or a month.
func (c Calendar) Buckets(g Grouping, s period.Span) []period.Span {
	if g == ByNone || !s.Start.Before(s.End) {
		return []period.Span{s}
	}
	out := make([]period.Span, 0, 32) // a month of days
	for at := s.Start; at.Before(s.End); {
		b := c.bucket(g, at)
		if b.Start.Before(s.Start) {
			b.Start = s.Start
		}
		at = b.End
		if b.End.After(s.End) {
			b.End = s.End
		}
		out = append(out, b)
	}
	return out
}

// Label names a bucket by its local date, or for hours by the local time with its offset. A bucket cut at its start is
// named by the day it begins within; a month by its first day.
func (c Calendar) Label(g Grouping, b period.Span) string {
	switch g {
	case ByHour:
		return c.hour(b.Start).Start.In(c.Zone).Format(time.RFC3339)
	case ByWeek, ByMonth:
		whole := c.bucket(g, b.Start)
		return whole.Start.In(c.Zone).Format(time.DateOnly)
	}
	return b.Start.In(c.Zone).Format(time.DateOnly)
}

// A Moment is a point of time as people write it: an instant, or a date, which is its midnight in whatever zone it is
// read.
type Moment struct {
	at   time.Time
	date bool
}

// At returns an instant as a Moment.
func At(t time.Time) *Moment { return &Moment{at: t} }

// ParseMoment reads RFC 3339, or a date. Empty is nil.
func ParseMoment(field, text string) (*Moment, error) {
	if text == "" {
		return nil, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return At(t), nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return nil, fault.Field(field, text, nil, "%s is an instant such as 2026-01-31T15:04:05Z, or a date such as 2026-01-31.", field)
	}
	return &Moment{day, true}, nil
}

// In returns the instant in UTC and whole microseconds.
func (m Moment) In(zone *time.Location) time.Time {
	if !m.date {
		return m.at.UTC().Truncate(time.Microsecond)
	}
	y, month, d := m.at.Date()
	return period.Midnight(y, month, d, zone)
}

package subscription

import (
	"time"

	"github.com/tollgate/tollgate/period"
)

// Counting returns the part of a billing period in which usage is told to Stripe: the whole minutes within it. What Stripe
// counts is read by whole minutes
// (https://docs.stripe.com/api/billing/meter-event-summary/list), so that no period's usage is read with another's.
func Counting(p period.Span) period.Span {
	start := p.Start.Truncate(time.Minute)
	if start.Before(p.Start) {
		start = start.Add(time.Minute)
	}
	return period.Span{Start: start, End: p.End.Truncate(time.Minute)}
}

// CountedAt returns the moment under which usage of a billing period is told to Stripe at now: now itself, as long as it
// lies in the period's counting, else the nearest moment that does.
func CountedAt(p period.Span, now time.Time) time.Time {
	at, c := now.Truncate(time.Second), Counting(p)
	if last := c.End.Add(-time.Second); at.After(last) {
		at = last
	}
	if at.Before(c.Start) {
		at = c.Start
	}
	return at.UTC()
}

package subscription_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/subscription"
)

func TestUsageIsCountedInWholeMinutesOfItsOwnPeriod(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "start"), 0).UTC()
		p := period.Span{Start: start, End: start.Add(time.Duration(rapid.Int64Range(24*3600, 400*24*3600).Draw(t, "seconds")) * time.Second)}
		now := p.Start.Add(time.Duration(rapid.Int64Range(-3600, 500*24*3600).Draw(t, "later")) * time.Second)
		c, at := subscription.Counting(p), subscription.CountedAt(p, now)
		switch {
		case c.Start.Second() != 0 || c.End.Second() != 0:
			t.Errorf("%v is not of whole minutes", c)
		case c.Start.Before(p.Start) || c.End.After(p.End):
			t.Errorf("%v is counted of %v", c, p)
		case !c.Contains(at):
			t.Errorf("%s is outside %v", at, c)
		case c.Contains(now) && !at.Equal(now):
			t.Errorf("%s is counted at %s", now, at)
		}
	})
}

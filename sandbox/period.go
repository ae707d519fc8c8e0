package sandbox

import "time"

// after returns the end of the n-th interval from an anchor after a time (n is at least 1). Months keep the anchor's
// day where they have it: January 31 is followed by the last of February and by March 31 (Stripe documentation,
// "Billing cycle").
func (r *recurring) after(anchor, at int64, n int) int64 {
	k := r.count(anchor, at)
	for r.nth(anchor, k) > at {
		k--
	}
	for r.nth(anchor, k) <= at {
		k++
	}
	return r.nth(anchor, k+n-1)
}

// count guesses how many intervals lie between two times.
func (r *recurring) count(anchor, at int64) int {
	lengths := map[string]int64{"day": 1, "week": 7, "month": 31, "year": 366}
	return int((at - anchor) / (lengths[r.Interval] * int64(r.IntervalCount) * int64(day.Seconds())))
}

// nth returns an anchor plus n intervals.
func (r *recurring) nth(anchor int64, n int) int64 {
	t := time.Unix(anchor, 0).UTC()
	n *= r.IntervalCount
	switch r.Interval {
	case "day":
		return t.AddDate(0, 0, n).Unix()
	case "week":
		return t.AddDate(0, 0, 7*n).Unix()
	case "year":
		n *= 12
	}
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1).Unix()
}

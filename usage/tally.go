package usage

import (
	"cmp"
	"slices"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// A Tally is what a meter's usage comes to within a bucket.
type Tally struct {
	events int64
	sum    Total
	peak   quantity.Units
	last   quantity.Units
	lastAt int64
	seq    int64 // of the latest reading
	values map[string]bool
}

// Add counts a fact; value is that of a unique meter's property, empty for other meters.
func (t *Tally) Add(f Fact, value string) {
	if f.Void {
		t.events--
		t.sum = t.sum.Add(-f.Amount)
		return
	}
	at := f.At.UnixMicro()
	t.reading(f.Amount, at, f.Seq)
	t.peak = max(t.peak, f.Amount)
	t.events++
	t.sum = t.sum.Add(f.Amount)
	if value != "" {
		if t.values == nil {
			t.values = map[string]bool{}
		}
		t.values[value] = true
	}
}

// AddSlot counts a slot.
func (t *Tally) AddSlot(s Slot) {
	if s.LastAt != minTime {
		t.reading(s.Last, s.LastAt, s.LastSeq)
	}
	t.peak = max(t.peak, s.Peak)
	t.events += s.Events
	t.sum = t.sum.Plus(s.Sum)
}

// reading keeps the latest amount; of two at one moment, the one recorded later.
func (t *Tally) reading(amount quantity.Units, at, seq int64) {
	if t.seq == 0 || cmp.Or(cmp.Compare(at, t.lastAt), cmp.Compare(seq, t.seq)) > 0 {
		t.last, t.lastAt, t.seq = amount, at, seq
	}
}

// merge counts what u counts.
func (t *Tally) merge(u Tally) {
	if u.seq != 0 {
		t.reading(u.last, u.lastAt, u.seq)
	}
	t.peak = max(t.peak, u.peak)
	t.events += u.events
	t.sum = t.sum.Plus(u.sum)
	for v := range u.values {
		if t.values == nil {
			t.values = map[string]bool{}
		}
		t.values[v] = true
	}
}

// Events returns how many events count.
func (t *Tally) Events() int64 { return t.events }

// Value returns what the tally is on a meter: the sum of amounts (of count meters, 1 each), the largest, the latest, or
// the number of distinct values. Its fault says that the sum is larger than a quantity can be.
func (t *Tally) Value(a meter.Aggregation) (quantity.Units, error) {
	switch a {
	case meter.Max:
		return t.peak, nil
	case meter.Last:
		return t.last, nil
	case meter.Unique:
		return quantity.Whole(int64(len(t.values))), nil
	}
	u, ok := t.sum.Units()
	if !ok {
		return 0, fault.Field("from", nil, quantity.Units(1<<63-1), "The usage of this span adds up to more than a number here can hold: ask for a shorter one.")
	}
	return u, nil
}

// Stats are the statistics of a meter over a span. Average, Max and Min are those of the buckets' totals.
type Stats struct {
	Total    quantity.Units `json:"total"`
	Average  quantity.Units `json:"average"` // to six decimals, half away from zero
	Max      quantity.Units `json:"max"`
	Min      quantity.Units `json:"min"`
	Events   int64          `json:"events"` // that count
	ByPeriod []Bucket       `json:"byPeriod"`
}

// A Bucket is a part of the span.
type Bucket struct {
	Date   string         `json:"date"`   // in the zone: of its first day, or, by the hour, its time with the offset
	Total  quantity.Units `json:"total"`  // of the meter
	Events int64          `json:"events"` // that count
	Start  time.Time      `json:"start"`
	End    time.Time      `json:"end"`
}

// A Series counts one meter into the buckets of a span.
type Series struct {
	calendar Calendar
	grouping Grouping
	buckets  []period.Span
	tallies  []Tally
}

// NewSeries returns an empty series.
func (c Calendar) NewSeries(g Grouping, s period.Span) *Series {
	buckets := c.Buckets(g, s)
	return &Series{c, g, buckets, make([]Tally, len(buckets))}
}

// at returns the tally of the bucket that holds t, nil when none does.
func (s *Series) at(t time.Time) *Tally {
	i, ok := slices.BinarySearchFunc(s.buckets, t, func(b period.Span, t time.Time) int {
		switch {
		case !t.Before(b.End):
			return -1
		case t.Before(b.Start):
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &s.tallies[i]
}

// Add counts a fact that lies within the span; others are left out.
func (s *Series) Add(f Fact, value string) {
	if t := s.at(f.At); t != nil {
		t.Add(f, value)
	}
}

// AddSlot counts a slot that lies whole within a bucket. It reports false, and counts nothing, when the slot is cut by
// the edge of the span: its events are then to be added one by one. A slot outside the span is left out.
func (s *Series) AddSlot(x Slot) bool {
	start, end := SlotStart(x.At), SlotStart(x.At+1)
	first, last := s.buckets[0].Start, s.buckets[len(s.buckets)-1].End
	if !end.After(first) || !start.Before(last) {
		return true
	}
	t := s.at(start)
	if t == nil || t != s.at(end.Add(-time.Microsecond)) {
		return false
	}
	t.AddSlot(x)
	return true
}

// Stats returns the statistics of what was counted. Buckets without events are left out unless fill says otherwise;
// then they count as 0 for average, max and min.
func (s *Series) Stats(a meter.Aggregation, fill bool) (Stats, error) {
	out := Stats{ByPeriod: []Bucket{}}
	var all Tally
	var sum Total
	for i, b := range s.buckets {
		t := &s.tallies[i]
		if t.events == 0 && !fill {
			continue
		}
		v, err := t.Value(a)
		if err != nil {
			return out, err
		}
		if len(out.ByPeriod) == 0 {
			out.Max, out.Min = v, v
		}
		out.Max, out.Min = max(out.Max, v), min(out.Min, v)
		sum = sum.Add(v)
		all.merge(*t)
		out.ByPeriod = append(out.ByPeriod, Bucket{Date: s.calendar.Label(s.grouping, b), Total: v, Events: t.events, Start: b.Start, End: b.End})
	}
	var err error
	if out.Total, err = all.Value(a); err != nil {
		return out, err
	}
	out.Events = all.events
	if n := int64(len(out.ByPeriod)); n > 0 {
		out.Average = sum.average(n)
	}
	return out, nil
}

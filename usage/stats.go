package usage

import (
	"maps"
	"strconv"
	"time"

	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

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

// MarshalJSON spells a bucket by hand: a chart has many, and reflection takes longer over one than counting it took.
func (b Bucket) MarshalJSON() ([]byte, error) { return b.Append(make([]byte, 0, 160)), nil }

// Append appends what MarshalJSON returns.
func (b Bucket) Append(out []byte) []byte {
	out = append(append(out, `{"date":"`...), b.Date...)
	out = b.Total.Append(append(out, `","total":`...))
	out = strconv.AppendInt(append(out, `,"events":`...), b.Events, 10)
	out = b.Start.UTC().AppendFormat(append(out, `,"start":"`...), time.RFC3339Nano)
	out = b.End.UTC().AppendFormat(append(out, `","end":"`...), time.RFC3339Nano)
	return append(out, `"}`...)
}

// Figures are Stats for those who do without Buckets, which take longer to make than what they show took to count.
type Figures struct {
	Cut     *Cut // of the buckets that the parts are
	Total   quantity.Units
	Average quantity.Units
	Max     quantity.Units
	Min     quantity.Units
	Events  int64
	Parts   []Part
}

// A Part is a Bucket by its position in the Cut. It has no pointers, for there are many.
type Part struct {
	Bucket int
	Total  quantity.Units
	Events int64
}

// Stats returns what the figures are, with its buckets appended to room, of which the caller keeps the rest.
func (f *Figures) Stats(room []Bucket) Stats {
	from := len(room)
	for _, p := range f.Parts {
		b := f.Cut.buckets[p.Bucket]
		room = append(room, Bucket{Date: f.Cut.labels[p.Bucket], Total: p.Total, Events: p.Events, Start: b.Start, End: b.End})
	}
	return Stats{f.Total, f.Average, f.Max, f.Min, f.Events, room[from:len(room):len(room)]}
}

// Total returns the Total that Stats has.
func (s *Series) Total(a meter.Aggregation) (quantity.Units, error) {
	var all tally
	for i := range s.tallies {
		all.merge(&s.tallies[i])
	}
	values := map[string]bool{}
	for _, some := range s.values {
		maps.Copy(values, some)
	}
	return all.value(a, len(values))
}

// Stats returns the statistics of what was counted. Buckets without events are left out unless fill says otherwise;
// then they count as 0 for average, max and min.
func (s *Series) Stats(a meter.Aggregation, fill bool) (Stats, error) {
	shown := len(s.tallies)
	for i := range s.tallies {
		if s.tallies[i].events == 0 && !fill {
			shown--
		}
	}
	f, err := s.Figures(make([]Part, 0, shown), a, fill)
	return f.Stats(make([]Bucket, 0, shown)), err
}

// Figures returns what Stats does, with its parts in room, which is empty.
func (s *Series) Figures(room []Part, a meter.Aggregation, fill bool) (Figures, error) {
	out := Figures{Cut: s.cut, Parts: room}
	adds := a != meter.Max && a != meter.Last && a != meter.Unique // then the total is the sum of the parts
	var all tally
	var sum Total
	var values map[string]bool
	for i := range s.tallies {
		t := &s.tallies[i]
		if t.events == 0 && !fill {
			continue
		}
		distinct := 0
		if s.values != nil {
			distinct = len(s.values[i])
			if values == nil {
				values = map[string]bool{}
			}
			maps.Copy(values, s.values[i])
		}
		v, fits := t.sum.Units()
		if !adds || !fits {
			var err error
			if v, err = t.value(a, distinct); err != nil {
				return out, err
			}
			all.merge(t)
		}
		if len(out.Parts) == 0 {
			out.Max, out.Min = v, v
		}
		out.Max, out.Min = max(out.Max, v), min(out.Min, v)
		sum = sum.Add(v)
		out.Events += t.events
		out.Parts = append(out.Parts, Part{i, v, t.events})
	}
	if adds {
		all.sum = sum
	}
	var err error
	if out.Total, err = all.value(a, len(values)); err != nil {
		return out, err
	}
	if n := int64(len(out.Parts)); n > 0 {
		out.Average = sum.average(n)
	}
	return out, nil
}

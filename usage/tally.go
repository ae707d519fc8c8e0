package usage

import (
	"slices"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// A tally is what a meter's usage comes to within a bucket; the values of a unique meter are kept beside it. It has no
// pointers, for there are many.
type tally struct {
	events int64
	sum    Total
	peak   quantity.Units
	last   quantity.Units
	lastAt int64
	seq    int64 // of the latest reading: 0 when there is none, roughly when it is of a day, unsure
}

// unsure stands for the line of a latest reading that may not be the latest.
const unsure = -2

func (t *tally) add(f Fact) {
	if f.Void {
		t.events--
		t.sum = t.sum.Add(-f.Amount)
		return
	}
	t.reading(f.Amount, f.At.UnixMicro(), f.Seq)
	t.peak = max(t.peak, f.Amount)
	t.events++
	t.sum = t.sum.Add(f.Amount)
}

func (t *tally) addSlot(s *Slot) {
	switch {
	case s.LastAt == minTime:
	case t.seq == 0:
		t.last, t.lastAt, t.seq = s.Last, s.LastAt, s.LastSeq
	default:
		t.reading(s.Last, s.LastAt, s.LastSeq)
	}
	t.peak = max(t.peak, s.Peak)
	t.events += s.Events
	t.sum = t.sum.Plus(s.Sum)
}

// reading keeps the latest amount; of two at one moment, the one recorded later. Of two within a beat, one of which is of a day,
// either may be the later.
func (t *tally) reading(amount quantity.Units, at, seq int64) {
	if t.seq < 0 || seq < 0 && t.seq != 0 {
		switch now, before := floor(at, beatMicros), floor(t.lastAt, beatMicros); {
		case now > before:
			t.last, t.lastAt, t.seq = amount, at, seq
		case now == before:
			t.seq = unsure
		}
		return
	}
	if t.seq == 0 || at > t.lastAt || at == t.lastAt && seq > t.seq {
		t.last, t.lastAt, t.seq = amount, at, seq
	}
}

// merge counts what u counts.
func (t *tally) merge(u *tally) {
	if u.seq != 0 {
		t.reading(u.last, u.lastAt, u.seq)
	}
	t.peak = max(t.peak, u.peak)
	t.events += u.events
	t.sum = t.sum.Plus(u.sum)
}

// value returns what the tally is on a meter: the sum of amounts (of count meters, 1 each), the largest, the latest, or
// how many distinct values there are. Its fault says that the sum is larger than a quantity can be.
func (t *tally) value(a meter.Aggregation, distinct int) (quantity.Units, error) {
	switch a {
	case meter.Max:
		return t.peak, nil
	case meter.Last:
		return t.last, nil
	case meter.Unique:
		return quantity.Whole(int64(distinct)), nil
	}
	u, ok := t.sum.Units()
	if !ok {
		return 0, fault.Field("from", nil, quantity.Units(1<<63-1), "The usage of this span adds up to more than a number here can hold: ask for a shorter one.")
	}
	return u, nil
}

// A Cut is a span in its buckets. It is made once for any number of series.
type Cut struct {
	buckets []period.Span
	labels  []string
	starts  []int64 // of the buckets, microseconds since 1970; they follow one another
	end     int64
}

// Cut cuts a span.
func (c Calendar) Cut(g Grouping, s period.Span) *Cut {
	buckets := c.Buckets(g, s)
	out := &Cut{buckets: buckets, labels: make([]string, len(buckets)), starts: make([]int64, len(buckets)), end: s.End.UnixMicro()}
	for i, b := range buckets {
		out.starts[i] = b.Start.UnixMicro()
	}
	if g == ByDay || g == ByNone {
		c.dates(out)
		return out
	}
	for i, b := range buckets {
		out.labels[i] = c.Label(g, b)
	}
	return out
}

// dates labels buckets as Label does those of days, all in one piece of memory.
func (c Calendar) dates(to *Cut) {
	all := make([]byte, 0, len(time.DateOnly)*len(to.buckets))
	for _, b := range to.buckets {
		all = b.Start.In(c.Zone).AppendFormat(all, time.DateOnly)
	}
	if text := string(all); len(text) == cap(all) { // years have four digits
		for i := range to.labels {
			to.labels[i], text = text[:len(time.DateOnly)], text[len(time.DateOnly):]
		}
		return
	}
	for i, b := range to.buckets {
		to.labels[i] = c.Label(ByDay, b)
	}
}

// Date returns the Date of a bucket.
func (c *Cut) Date(bucket int) string { return c.labels[bucket] }

// Len returns how many buckets there are.
func (c *Cut) Len() int { return len(c.buckets) }

// Grain returns the longest slots that answer for the buckets: those of a Day when all begin with UTC days, else of a Grain.
func (c *Cut) Grain() time.Duration {
	for _, us := range c.starts {
		if us%int64(Day/time.Microsecond) != 0 {
			return Grain
		}
	}
	return Day
}

// bucket returns which bucket holds a moment, -1 when none does. It looks at the one that held the moment before first.
func (c *Cut) bucket(us int64, before int) int {
	if us < c.starts[0] || us >= c.end {
		return -1
	}
	for i := before; i < min(before+2, len(c.starts)); i++ {
		if c.starts[i] <= us && (i+1 == len(c.starts) || us < c.starts[i+1]) {
			return i
		}
	}
	i, exact := slices.BinarySearch(c.starts, us)
	if !exact {
		i--
	}
	return i
}

// A Series counts one meter into the buckets of a span.
type Series struct {
	cut     *Cut
	tallies []tally
	values  []map[string]bool // of a unique meter, by bucket; nil until there are some
	at      int               // the bucket counted into last: what is counted comes in the order of time, mostly
}

// Series returns an empty series.
func (c *Cut) Series() *Series { return &c.Sheet(1)[0] }

// Sheet returns empty series, made together.
func (c *Cut) Sheet(n int) []Series {
	out, tallies := make([]Series, n), make([]tally, n*len(c.buckets))
	for i := range out {
		out[i].cut, out[i].tallies = c, tallies[:len(c.buckets):len(c.buckets)]
		tallies = tallies[len(c.buckets):]
	}
	return out
}

// Clear makes series empty again. What their Stats returned stays as it is.
func Clear(sheet []Series) {
	for i := range sheet {
		clear(sheet[i].tallies)
		sheet[i].values, sheet[i].at = nil, 0
	}
}

// Add counts a fact that lies within the span; others are left out. value is that of a unique meter's property, empty for
// other meters.
func (s *Series) Add(f Fact, value string) {
	i := s.cut.bucket(f.At.UnixMicro(), s.at)
	if i < 0 {
		return
	}
	s.at = i
	s.tallies[i].add(f)
	if value == "" || f.Void {
		return
	}
	if s.values == nil {
		s.values = make([]map[string]bool, len(s.tallies))
	}
	if s.values[i] == nil {
		s.values[i] = map[string]bool{}
	}
	s.values[i][value] = true
}

// A SlotReader counts spelled slots, one text after another in the same memory.
type SlotReader struct {
	text, room []byte
	slot       Slot
}

// AddTo counts what a text spells into a series: slots of a Grain, as String spelled them, or of a Day, as SpellDays did. Those
// that the span or a bucket cuts are left out and given to cut: their events are to be added one by one.
func (r *SlotReader) AddTo(s *Series, text string, grain time.Duration, cut func(Slot)) error {
	r.text = append(r.text[:0], text...)
	from, err := newSpelling(r.text, r.room)
	if err != nil {
		return err
	}
	r.room = from.all
	if grain == Day {
		r.slot = Slot{}
		for from.nextDay(&r.slot) {
			if !s.addSlot(&r.slot, dayMicros) {
				cut(r.slot)
			}
		}
		return from.err()
	}
	for from.next(&r.slot) {
		if !s.addSlot(&r.slot, int64(Grain/time.Microsecond)) {
			cut(r.slot)
		}
	}
	return from.err()
}

// AddSlot counts a slot, of a Grain or of a Day, that lies whole within a bucket. It reports false, and counts nothing, when
// the slot is cut: its events are then to be added one by one. A slot outside the span is left out.
func (s *Series) AddSlot(x Slot, grain time.Duration) bool {
	return s.addSlot(&x, int64(grain/time.Microsecond))
}

func (s *Series) addSlot(x *Slot, length int64) bool {
	start := x.At * int64(Grain/time.Microsecond)
	end := start + length
	if i := s.at + 1; i+1 < len(s.cut.starts) && s.cut.starts[i] <= start && end <= s.cut.starts[i+1] { // day after day, mostly
		s.at = i
		s.tallies[i].addSlot(x)
		return true
	}
	if end <= s.cut.starts[0] || start >= s.cut.end {
		return true
	}
	if end > s.cut.end && x.LastAt != minTime && x.LastAt < s.cut.end {
		end = s.cut.end // nothing happened in the rest
	}
	i := s.cut.bucket(start, s.at)
	if i < 0 || end > s.cut.end || i+1 < len(s.cut.starts) && end > s.cut.starts[i+1] {
		return false
	}
	s.at = i
	s.tallies[i].addSlot(x)
	return true
}

// Sure reports whether it is known which reading of each bucket is the latest. It is not where two came within two seconds and
// one of them is of a spelled day: then slots of a Grain are to be counted. Only meters that show their latest reading ask.
func (s *Series) Sure() bool {
	for i := range s.tallies {
		if s.tallies[i].seq == unsure {
			return false
		}
	}
	return true
}

package usage

import (
	"slices"
	"time"

	"github.com/tollgate/tollgate/quantity"
)

const (
	// Grain is the length of a slot: every zone's clocks differ from UTC by whole quarters of an hour.
	Grain = 15 * time.Minute
	// Day is the length of a slot that Days returns.
	Day = 24 * time.Hour
)

// A Fact is one ledger line as the statistics see it: usage, or the undoing of usage.
type Fact struct {
	At     time.Time      // when the usage happened
	Amount quantity.Units // of the meter; below zero for a refund
	Seq    int64          // of the line that is the usage
	Void   bool           // the usage was undone
}

// A Slot is the net usage of a meter in one quarter of an hour, or one UTC day, as far as one account's lines go.
type Slot struct {
	At      int64 // its beginning: quarters of an hour since 1970 UTC
	Events  int64 // that still count
	Sum     Total
	Peak    quantity.Units // the largest amount
	Last    quantity.Units // the latest amount
	LastAt  int64          // when that was: microseconds since 1970
	LastSeq int64          // and its line, which tells two of one moment apart
	First   int64          // the lines of the slot's events lie within First and Final
	Final   int64
}

// SlotOf returns the slot that holds t.
func SlotOf(t time.Time) int64 { return floor(t.UnixMicro(), int64(Grain/time.Microsecond)) }

// SlotStart returns when a slot begins.
func SlotStart(slot int64) time.Time {
	return time.UnixMicro(slot * int64(Grain/time.Microsecond)).UTC()
}

// MonthOf returns the UTC month of t, counted from January 1970.
func MonthOf(t time.Time) int64 {
	y, m, _ := t.UTC().Date()
	return int64(y-1970)*12 + int64(m-time.January)
}

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Slots are in the order of time.
type Slots []Slot

// Add counts a fact.
func (s *Slots) Add(f Fact) {
	at := SlotOf(f.At)
	i, ok := slices.BinarySearchFunc(*s, at, func(x Slot, at int64) int { return int(x.At - at) })
	if !ok {
		*s = slices.Insert(*s, i, Slot{At: at, First: f.Seq, Final: f.Seq, LastAt: minTime})
	}
	(*s)[i].add(f)
}

// minTime stands for no time.
const minTime = -1 << 62

func (x *Slot) add(f Fact) {
	x.First, x.Final = min(x.First, f.Seq), max(x.Final, f.Seq)
	if f.Void { // only meters whose amounts add up can be voided: their peak and latest are not looked at
		x.Events--
		x.Sum = x.Sum.Add(-f.Amount)
		return
	}
	x.Events++
	x.Sum = x.Sum.Add(f.Amount)
	x.read(f.Amount, f.At.UnixMicro(), f.Seq)
	x.Peak = max(x.Peak, f.Amount)
}

// read keeps the latest amount; of two at one moment, the one recorded later.
func (x *Slot) read(amount quantity.Units, at, seq int64) {
	if at > x.LastAt || at == x.LastAt && seq > x.LastSeq {
		x.Last, x.LastAt, x.LastSeq = amount, at, seq
	}
}

// Merge counts what t counts.
func (s *Slots) Merge(t Slots) {
	for _, y := range t {
		i, ok := slices.BinarySearchFunc(*s, y.At, func(x Slot, at int64) int { return int(x.At - at) })
		if !ok {
			*s = slices.Insert(*s, i, y)
			continue
		}
		(*s)[i].merge(y)
	}
}

func (x *Slot) merge(y Slot) {
	x.First, x.Final = min(x.First, y.First), max(x.Final, y.Final)
	x.Events, x.Sum, x.Peak = x.Events+y.Events, x.Sum.Plus(y.Sum), max(x.Peak, y.Peak)
	x.read(y.Last, y.LastAt, y.LastSeq)
}

// Days adds slots of a Grain up to slots of a Day, which are UTC days.
func (s Slots) Days() Slots {
	var out Slots
	for _, x := range s {
		x.At = floor(x.At, daySlots) * daySlots
		if n := len(out); n > 0 && out[n-1].At == x.At {
			out[n-1].merge(x)
			continue
		}
		out = append(out, x)
	}
	return out
}

// Clone returns a copy that shares no memory with s.
func (s Slots) Clone() Slots { return slices.Clone(s) }

package usage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate/tollgate/quantity"
)

// Grain is the length of a slot.
const Grain = 15 * time.Minute

// A Fact is one ledger line as the statistics see it: usage, or the undoing of usage.
type Fact struct {
	At     time.Time      // when the usage happened
	Amount quantity.Units // of the meter; below zero for a refund
	Seq    int64          // of the line that is the usage
	Void   bool           // the usage was undone
}

// A Slot is the net usage of a meter in one quarter of an hour, as far as one account's lines go.
type Slot struct {
	At      int64 // which slot: quarters of an hour since 1970 UTC
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

// DayOf returns the UTC day of t, in days since 1970.
func DayOf(t time.Time) int64 { return floor(t.UnixMicro(), int64(24*time.Hour/time.Microsecond)) }

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
		x := &(*s)[i]
		x.First, x.Final = min(x.First, y.First), max(x.Final, y.Final)
		x.Events, x.Sum, x.Peak = x.Events+y.Events, x.Sum.Plus(y.Sum), max(x.Peak, y.Peak)
		x.read(y.Last, y.LastAt, y.LastSeq)
	}
}

// String spells slots for their row: ten numbers each, in base 36.
func (s Slots) String() string {
	var b strings.Builder
	for i, x := range s {
		if i > 0 {
			b.WriteByte(';')
		}
		for j, n := range [...]int64{x.At, x.Events, x.Sum.hi, int64(x.Sum.lo), int64(x.Peak), int64(x.Last), x.LastAt, x.LastSeq, x.First, x.Final} {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.FormatInt(n, 36))
		}
	}
	return b.String()
}

// ParseSlots reads what String spelled.
func ParseSlots(text string) (Slots, error) {
	if text == "" {
		return nil, nil
	}
	out := make(Slots, 0, strings.Count(text, ";")+1)
	for part := range strings.SplitSeq(text, ";") {
		var n [10]int64
		i := 0
		for field := range strings.SplitSeq(part, ",") {
			if i == len(n) {
				return nil, fmt.Errorf("slot %q has more than %d numbers", part, len(n))
			}
			v, err := strconv.ParseInt(field, 36, 64)
			if err != nil {
				return nil, fmt.Errorf("slot %q: %w", part, err)
			}
			n[i] = v
			i++
		}
		if i != len(n) {
			return nil, fmt.Errorf("slot %q has %d numbers, not %d", part, i, len(n))
		}
		out = append(out, Slot{n[0], n[1], Total{n[2], uint64(n[3])}, quantity.Units(n[4]), quantity.Units(n[5]), n[6], n[7], n[8], n[9]})
	}
	return out, nil
}

// Clone returns a copy that shares no memory with s.
func (s Slots) Clone() Slots { return slices.Clone(s) }

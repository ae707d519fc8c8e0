package usage

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/tollgate/tollgate/quantity"
)

// daily marks a spelled day: neither reads as a slot nor does a slot read as a day.
const (
	daily    = 1 << 6
	dayMarks = wide | silent | single | whole | level | daily
)

const (
	// beat is how exactly a spelled day knows when its latest reading was: two bytes are enough for those of a day.
	beat       = 2 * time.Second
	dayMicros  = int64(Day / time.Microsecond)
	beatMicros = int64(beat / time.Microsecond)
	daySlots   = int64(Day / Grain)
)

// roughly stands for the line of a latest reading whose moment is known to the beat.
const roughly = -1

// SpellDays spells the UTC days that slots add up to, as Days has them. It leaves out what only those look at who go on to read
// events, for a chart reads many days: the numbers of lines, and the moment of the latest amount but for two seconds. Days and
// slots cannot be taken for each other.
func (s Slots) SpellDays() string {
	days := s.Days()
	b := make([]byte, 0, 12*len(days))
	var before int64
	for i := range days {
		x := &days[i]
		sum, fits := x.Sum.Units()
		mark := x.mark()&(wide|silent|whole|level) | daily
		if mark&silent == 0 && fits && x.Events == 1 && x.Peak == sum && x.Last == sum {
			mark = mark&^level | single
		}
		amount := func(n int64) {
			if mark&whole != 0 {
				n /= int64(quantity.One)
			}
			b = binary.AppendVarint(b, n)
		}
		day := floor(x.At, daySlots)
		b = binary.AppendVarint(append(b, mark), day-before)
		before = day
		amount(int64(x.Sum.lo))
		if mark&wide != 0 {
			b = binary.AppendVarint(b, x.Sum.hi)
		}
		if mark&silent == 0 {
			b = binary.BigEndian.AppendUint16(b, uint16((x.LastAt-day*dayMicros)/beatMicros))
		}
		if mark&single != 0 {
			continue
		}
		b = binary.AppendVarint(b, x.Events)
		amount(int64(x.Peak))
		if mark&(silent|level) == 0 {
			amount(int64(x.Last))
		}
	}
	return base64.RawStdEncoding.EncodeToString(b)
}

// EachDay calls do with each day that SpellDays spelled, in the order of time, and keeps none of them: without First and Final,
// with LastAt at the end of the two seconds that it lies in, and, where it is known, a LastSeq below zero. When the text is no
// spelling of days, do may have been called before the error.
func EachDay(text string, do func(Slot)) error {
	r, err := newSpelling([]byte(text), nil)
	if err != nil {
		return err
	}
	var x Slot
	for r.nextDay(&x) {
		do(x)
	}
	return r.err()
}

// nextDay is next for days. What days leave out it does not touch.
func (r *spelling) nextDay(x *Slot) bool {
	if r.done == len(r.all) {
		return false
	}
	mark := r.all[r.done]
	r.done++
	if mark&^dayMarks != 0 || mark&daily == 0 || mark&single != 0 && mark&^(single|whole|daily) != 0 {
		r.failed = true
		return false
	}
	one := int64(1)
	if mark&whole != 0 {
		one = int64(quantity.One)
	}
	r.at += r.number()
	lo := r.number() * one
	x.At, x.Sum = r.at*daySlots, Total{lo >> 63, uint64(lo)}
	if mark&wide != 0 {
		x.Sum.hi = r.number()
	}
	x.LastAt, x.LastSeq = minTime, 0
	if mark&silent == 0 {
		x.LastAt, x.LastSeq = r.at*dayMicros+(r.pair()+1)*beatMicros-1, roughly
	}
	if mark&single != 0 {
		x.Events, x.Peak, x.Last = 1, quantity.Units(lo), quantity.Units(lo)
		return !r.failed
	}
	x.Events, x.Peak = r.number(), quantity.Units(r.number()*one)
	switch {
	case mark&silent != 0:
		x.Last = 0
	case mark&level != 0:
		x.Last = x.Peak
	default:
		x.Last = quantity.Units(r.number() * one)
	}
	return !r.failed
}

// pair reads two bytes.
func (r *numbers) pair() int64 {
	if len(r.all)-r.done < 2 {
		r.done, r.failed = len(r.all), true
		return 0
	}
	n := int64(r.all[r.done])<<8 | int64(r.all[r.done+1])
	r.done += 2
	return n
}

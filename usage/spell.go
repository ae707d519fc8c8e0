package usage

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/tollgate/tollgate/quantity"
)

// A spelled slot begins with a byte of these.
const (
	wide   = 1 << iota // the sum needs 128 bits
	silent             // no amount is known: all the slot has is voids
	single             // one event: its amount is the sum, the peak and the latest, its line the first and final
	whole              // amounts are spelled in whole units
	level              // the latest amount is the peak
	newest             // the latest amount is of the final line
	marks  = wide | silent | single | whole | level | newest
)

// String spells slots for their row: numbers of variable length, each as far from the one before as it is, in base 64.
func (s Slots) String() string {
	b := make([]byte, 0, 16*len(s))
	var at, first int64
	for _, x := range s {
		mark := x.mark()
		amount := func(n int64) {
			if mark&whole != 0 {
				n /= int64(quantity.One)
			}
			b = binary.AppendVarint(b, n)
		}
		b = append(b, mark)
		b = binary.AppendVarint(b, x.At-at)
		b = binary.AppendVarint(b, x.First-first)
		at, first = x.At, x.First
		amount(int64(x.Sum.lo))
		if mark&wide != 0 {
			b = binary.AppendVarint(b, x.Sum.hi)
		}
		if mark&silent == 0 {
			b = binary.AppendVarint(b, x.LastAt-SlotStart(x.At).UnixMicro())
		}
		if mark&single != 0 {
			continue
		}
		b = binary.AppendVarint(b, x.Events)
		b = binary.AppendVarint(b, x.Final-x.First)
		amount(int64(x.Peak))
		if mark&(silent|level) == 0 {
			amount(int64(x.Last))
		}
		if mark&(silent|newest) == 0 {
			b = binary.AppendVarint(b, x.LastSeq-x.First)
		}
	}
	return base64.RawStdEncoding.EncodeToString(b)
}

// mark returns the byte that a slot's spelling begins with.
func (x *Slot) mark() (mark byte) {
	sum, fits := x.Sum.Units()
	if !fits {
		mark |= wide
	}
	known := x.LastAt != minTime
	if !known {
		mark |= silent
	}
	if fits && sum%quantity.One == 0 && x.Peak%quantity.One == 0 && (!known || x.Last%quantity.One == 0) {
		mark |= whole
	}
	if known && fits && x.Events == 1 && x.Peak == sum && x.Last == sum && x.First == x.Final && x.LastSeq == x.First {
		return mark | single
	}
	if known && x.Last == x.Peak {
		mark |= level
	}
	if known && x.LastSeq == x.Final {
		mark |= newest
	}
	return mark
}

var errSlots = errors.New("the slots of a row of usage cannot be read")

// ParseSlots reads what String spelled.
func ParseSlots(text string) (Slots, error) {
	var out Slots
	err := EachSlot(text, func(x Slot) { out = append(out, x) })
	return out, err
}

// EachSlot calls do with each slot that String spelled, in the order of time, and keeps none of them. When the text is
// no spelling, do may have been called before the error.
func EachSlot(text string, do func(Slot)) error {
	r, err := newSpelling([]byte(text), nil)
	if err != nil {
		return err
	}
	var x Slot
	for r.next(&x) {
		do(x)
	}
	return r.err()
}

// A spelling is what is left to read of slots.
type spelling struct {
	numbers
	at, first int64 // of the slot before
}

// newSpelling decodes a text into room, or into more where that is too small.
func newSpelling(text, room []byte) (spelling, error) {
	plain, err := base64.RawStdEncoding.AppendDecode(room[:0], text)
	if err != nil {
		return spelling{}, errors.Join(errSlots, err)
	}
	return spelling{numbers: numbers{all: plain}}, nil
}

// next reads a slot, and reports false when there is none, or none that can be read; see err.
func (r *spelling) next(x *Slot) bool {
	if r.done == len(r.all) {
		return false
	}
	mark := r.all[r.done]
	r.done++
	if mark&^marks != 0 || mark&single != 0 && mark&^(single|whole) != 0 {
		r.failed = true
		return false
	}
	one := int64(1)
	if mark&whole != 0 {
		one = int64(quantity.One)
	}
	r.at, r.first = r.at+r.number(), r.first+r.number()
	lo := r.number() * one
	x.At, x.First, x.Sum = r.at, r.first, Total{lo >> 63, uint64(lo)}
	if mark&wide != 0 {
		x.Sum.hi = r.number()
	}
	x.Last, x.LastAt, x.LastSeq = 0, minTime, 0
	if mark&silent == 0 {
		x.LastAt = r.at*int64(Grain/time.Microsecond) + r.number()
	}
	if mark&single != 0 {
		x.Events, x.Final, x.LastSeq, x.Peak, x.Last = 1, r.first, r.first, quantity.Units(lo), quantity.Units(lo)
		return !r.failed
	}
	x.Events, x.Final, x.Peak = r.number(), r.first+r.number(), quantity.Units(r.number()*one)
	if mark&silent != 0 {
		return !r.failed
	}
	x.Last, x.LastSeq = x.Peak, x.Final
	if mark&level == 0 {
		x.Last = quantity.Units(r.number() * one)
	}
	if mark&newest == 0 {
		x.LastSeq = r.first + r.number()
	}
	return !r.failed
}

func (r *spelling) err() error {
	if r.failed {
		return errSlots
	}
	return nil
}

// Numbers are numbers of variable length, one after the other, as binary.AppendVarint writes them.
type numbers struct {
	all    []byte
	done   int  // how many bytes have been read
	failed bool // there was none where one was read
}

func (r *numbers) number() int64 {
	var n uint64
	for shift := 0; r.done < len(r.all) && shift < 64; shift += 7 {
		b := r.all[r.done]
		r.done++
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return int64(n>>1) ^ -int64(n&1)
		}
	}
	r.done, r.failed = len(r.all), true
	return 0
}

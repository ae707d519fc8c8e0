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
	marks  = wide | silent | single
)

// String spells slots for their row: numbers of variable length, each as far from the one before as it is, in base 64.
func (s Slots) String() string {
	b := make([]byte, 0, 16*len(s))
	var at, first int64
	for _, x := range s {
		mark := byte(0)
		lo, fits := x.Sum.Units()
		if !fits {
			mark |= wide
		}
		switch {
		case x.LastAt == minTime:
			mark |= silent
		case x.Events == 1 && fits && x.Peak == lo && x.Last == lo && x.First == x.Final && x.LastSeq == x.First:
			mark |= single
		}
		b = append(b, mark)
		b = binary.AppendVarint(b, x.At-at)
		b = binary.AppendVarint(b, x.First-first)
		at, first = x.At, x.First
		b = binary.AppendVarint(b, int64(x.Sum.lo))
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
		b = binary.AppendVarint(b, int64(x.Peak))
		if mark&silent == 0 {
			b = binary.AppendVarint(b, int64(x.Last))
			b = binary.AppendVarint(b, x.LastSeq-x.First)
		}
	}
	return base64.RawStdEncoding.EncodeToString(b)
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
	r, err := newSpelling(text, nil)
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
	at, first int64  // of the slot before
	room      []byte // what it was decoded into
}

// newSpelling decodes a text into room, or into more where that is too small.
func newSpelling(text string, room []byte) (spelling, error) {
	plain, err := base64.RawStdEncoding.AppendDecode(room[:0], []byte(text))
	if err != nil {
		return spelling{}, errors.Join(errSlots, err)
	}
	return spelling{numbers: numbers{rest: plain}, room: plain}, nil
}

// next reads a slot, and reports false when there is none, or none that can be read; see err.
func (r *spelling) next(x *Slot) bool {
	if len(r.rest) == 0 {
		return false
	}
	mark := r.rest[0]
	r.rest = r.rest[1:]
	if mark&^marks != 0 || mark&single != 0 && mark != single {
		r.failed = true
		return false
	}
	r.at, r.first = r.at+r.numbers.next(), r.first+r.numbers.next()
	*x = Slot{At: r.at, First: r.first, LastAt: minTime}
	lo := r.numbers.next()
	x.Sum = Total{lo >> 63, uint64(lo)}
	if mark&wide != 0 {
		x.Sum.hi = r.numbers.next()
	}
	if mark&silent == 0 {
		x.LastAt = r.at*int64(Grain/time.Microsecond) + r.numbers.next()
	}
	if mark&single != 0 {
		x.Events, x.Final, x.LastSeq, x.Peak, x.Last = 1, r.first, r.first, quantity.Units(lo), quantity.Units(lo)
	} else {
		x.Events, x.Final, x.Peak = r.numbers.next(), r.first+r.numbers.next(), quantity.Units(r.numbers.next())
		if mark&silent == 0 {
			x.Last, x.LastSeq = quantity.Units(r.numbers.next()), r.first+r.numbers.next()
		}
	}
	return !r.failed
}

func (r *spelling) err() error {
	if r.failed {
		return errSlots
	}
	return nil
}

// Numbers are numbers of variable length, one after the other.
type numbers struct {
	rest   []byte
	failed bool // there was none where one was read
}

func (r *numbers) next() int64 {
	if len(r.rest) > 0 && r.rest[0] < 0x80 { // most are of one byte
		n := int64(r.rest[0]>>1) ^ -int64(r.rest[0]&1)
		r.rest = r.rest[1:]
		return n
	}
	n, size := binary.Varint(r.rest)
	if size <= 0 {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

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
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.Join(errSlots, err)
	}
	out := make(Slots, 0, len(b)/12+1)
	failed := false
	next := func() int64 {
		n, size := binary.Varint(b)
		if size <= 0 {
			failed, b = true, nil
			return 0
		}
		b = b[size:]
		return n
	}
	var at, first int64
	for len(b) > 0 {
		mark := b[0]
		b = b[1:]
		if mark&^marks != 0 || mark&single != 0 && mark != single {
			return nil, errSlots
		}
		at, first = at+next(), first+next()
		x := Slot{At: at, First: first, LastAt: minTime}
		lo := next()
		x.Sum = Total{lo >> 63, uint64(lo)}
		if mark&wide != 0 {
			x.Sum.hi = next()
		}
		if mark&silent == 0 {
			x.LastAt = at*int64(Grain/time.Microsecond) + next()
		}
		if mark&single != 0 {
			x.Events, x.Final, x.LastSeq, x.Peak, x.Last = 1, first, first, quantity.Units(lo), quantity.Units(lo)
		} else {
			x.Events, x.Final, x.Peak = next(), first+next(), quantity.Units(next())
			if mark&silent == 0 {
				x.Last, x.LastSeq = quantity.Units(next()), first+next()
			}
		}
		if failed {
			return nil, errSlots
		}
		out = append(out, x)
	}
	return out, nil
}

package store

import (
	"encoding/binary"
	"slices"
)

// appendCopy appends a CopyData message of events for COPY … BINARY, in the order of eventNames, with prev
// (https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format", and protocol-message-formats.html).
func appendCopy(b []byte, events []*Event) ([]byte, error) {
	const columns, eventBytes = 23, 400 // about
	b = append(slices.Grow(b, 64+len(events)*eventBytes), 'd', 0, 0, 0, 0)
	length := len(b) - 4
	b = append(b, "PGCOPY\n\xff\r\n\x00"...)
	b = append(b, make([]byte, 8)...) // no flags, no header extension
	number := func(v int64) {
		b = binary.BigEndian.AppendUint32(b, 8)
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	text := func(v string) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
		b = append(b, v...)
	}
	for _, e := range events {
		paid, err := spellParts(e.Line.Parts, e.Charged, e.RecordedAt, e.ResetsAt.IsZero())
		if err != nil {
			return b, err
		}
		b = binary.BigEndian.AppendUint16(b, columns)
		number(int64(e.Key))
		text(string(e.PaidBy))
		number(e.Line.Seq)
		text(string(e.TransactionID))
		text(string(e.Meter))
		text(string(e.Line.Kind))
		for _, v := range [...]int64{
			int64(e.Amount), int64(e.Charged), int64(e.Line.Amount), int64(e.Line.Balance), int64(e.Used), e.quota(), int64(e.Available),
			micros(e.ResetsAt), micros(e.At), micros(e.RecordedAt), micros(e.VoidedAt),
		} {
			number(v)
		}
		b = append(binary.BigEndian.AppendUint32(b, 1), bit(e.Late))
		number(e.Hash)
		text(e.Hold)
		text(paid)
		text(string(e.Properties))
		text(string(e.prev))
	}
	b = binary.BigEndian.AppendUint16(b, 0xffff)
	binary.BigEndian.PutUint32(b[length:], uint32(len(b)-length))
	return b, nil
}

package store

import "encoding/binary"

// copyRows spells events for COPY … BINARY, in the order of eventNames
// (https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format").
func copyRows(events []*Event) ([]byte, error) {
	const columns = 22
	b := make([]byte, 0, 64+len(events)*400)
	b = append(b, "PGCOPY\n\xff\r\n\x00"...)
	b = append(b, make([]byte, 8)...) // no flags, no header extension
	for _, e := range events {
		values, err := e.values()
		if err != nil {
			return nil, err
		}
		b = binary.BigEndian.AppendUint16(b, columns)
		for _, v := range values {
			switch v := v.(type) {
			case int64:
				b = binary.BigEndian.AppendUint32(b, 8)
				b = binary.BigEndian.AppendUint64(b, uint64(v))
			case bool:
				b = binary.BigEndian.AppendUint32(b, 1)
				b = append(b, 0)
				if v {
					b[len(b)-1] = 1
				}
			case string:
				b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
				b = append(b, v...)
			}
		}
	}
	return binary.BigEndian.AppendUint16(b, 0xffff), nil
}

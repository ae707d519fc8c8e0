package api

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// moments are the times of receipts, most of which are those of the one before.
type moments struct{ made, resets moment }

// A moment is a time as encoding/json writes it.
type moment struct {
	of   time.Time
	text []byte
	room [len(time.RFC3339Nano) + 2]byte
}

// append appends t; the work is done once for as long as it is the same.
func (m *moment) append(b []byte, t time.Time) ([]byte, error) {
	if m.text == nil || t != m.of { // in the same zone, too
		text, err := appendTime(m.room[:0], t)
		if err != nil {
			return b, err
		}
		m.of, m.text = t, text
	}
	return append(b, m.text...), nil
}

// appendReceipt appends what encoding/json writes for r, without its reflection and its braces.
func (m *moments) appendReceipt(b []byte, r *tollgate.Receipt) ([]byte, error) {
	b = append(b, `"event":`...)
	b, err := m.appendEvent(b, &r.Event)
	if err != nil {
		return b, err
	}
	b = append(b, `,"balance":`...)
	if b, err = m.appendBalance(b, &r.Balance); err != nil {
		return b, err
	}
	b = append(b, `,"duplicate":`...)
	return strconv.AppendBool(b, r.Duplicate), nil
}

func (m *moments) appendEvent(b []byte, e *meter.Event) ([]byte, error) {
	b = appendText(append(b, `{"customer":`...), string(e.Customer))
	b = appendText(append(b, `,"meter":`...), string(e.Meter))
	b = e.Amount.Append(append(b, `,"amount":`...))
	b = appendText(append(b, `,"transactionId":`...), string(e.TransactionID))
	b, err := m.made.append(append(b, `,"at":`...), e.At)
	if err != nil {
		return b, err
	}
	if b, err = m.made.append(append(b, `,"recordedAt":`...), e.RecordedAt); err != nil {
		return b, err
	}
	b = e.Charged.Append(append(b, `,"charged":`...))
	b = appendText(append(b, `,"paidBy":`...), string(e.PaidBy))
	if e.Late {
		b = append(b, `,"late":true`...)
	}
	if len(e.Properties) > 0 {
		p, err := json.Marshal(e.Properties) // compact, and safe within HTML
		if err != nil {
			return b, err
		}
		b = append(append(b, `,"properties":`...), p...)
	}
	return append(b, '}'), nil
}

func (m *moments) appendBalance(b []byte, v *credit.Balance) ([]byte, error) {
	if v.Held != nil || v.Granted != nil || v.Overage != nil || v.Soft || v.Since != nil || len(v.Grants) > 0 || len(v.Holds) > 0 {
		all, err := json.Marshal(v) // a balance in full, which no receipt carries
		return append(b, all...), err
	}
	b = appendText(append(b, `{"slug":`...), string(v.Slug))
	b = v.Used.Append(append(b, `,"used":`...))
	b = appendQuantity(append(b, `,"limit":`...), v.Limit)
	b = appendQuantity(append(b, `,"available":`...), v.Available)
	b = strconv.AppendBool(append(b, `,"unlimited":`...), v.Unlimited)
	b = append(b, `,"resetsAt":`...)
	if v.ResetsAt == nil {
		return append(b, "null}"...), nil
	}
	b, err := m.resets.append(b, *v.ResetsAt)
	return append(b, '}'), err
}

func appendQuantity(b []byte, u *quantity.Units) []byte {
	if u == nil {
		return append(b, "null"...)
	}
	return u.Append(b)
}

func appendTime(b []byte, t time.Time) ([]byte, error) {
	b, err := t.AppendText(append(b, '"'))
	return append(b, '"'), err
}

// appendText appends s as encoding/json does, with < > & escaped.
func appendText(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == 0x7f {
			quoted, _ := json.Marshal(s) // never fails for a string
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

package meter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/quantity"
)

// Limits bounds what usage may carry.
type Limits struct {
	Ahead           time.Duration // how far in the future an event's time may lie
	PropertiesBytes int           // the largest properties object
}

// A Reading is usage that has been checked: what a meter makes of it.
type Reading struct {
	Amount     quantity.Units
	At         time.Time       // UTC, whole microseconds
	Properties json.RawMessage // compact, keys in order; nil when there are none
	Value      string          // of a unique meter: the property's value, as JSON
}

// valueBytesMax is the longest value a unique meter counts.
const valueBytesMax = 255

// Check returns what m makes of u at now. Its fault names the field, the value and the limit that it broke.
func (m Meter) Check(u Usage, now time.Time, lim Limits) (Reading, error) {
	r := Reading{At: now}
	if err := u.Customer.Check("customer"); err != nil {
		return r, err
	}
	if err := u.TransactionID.Check("transactionId"); err != nil {
		return r, err
	}
	var err error
	if r.Amount, err = m.amount(u.Amount); err != nil {
		return r, err
	}
	if u.At != nil {
		r.At = u.At.UTC().Truncate(time.Microsecond)
		if r.At.After(now.Add(lim.Ahead)) {
			return r, fault.Field("at", r.At, now.Add(lim.Ahead), "at lies more than %d minutes in the future; send the time at which the usage happened.", int(lim.Ahead.Minutes()))
		}
		if r.At.Year() < 2000 {
			return r, fault.Field("at", r.At, "2000-01-01T00:00:00Z", "at lies before the year 2000; send the time at which the usage happened.")
		}
	}
	err = m.properties(&r, u.Properties, lim)
	return r, err
}

func (m Meter) amount(sent *quantity.Units) (quantity.Units, error) {
	counts := m.Aggregation == Count || m.Aggregation == Unique
	switch {
	case sent == nil && counts:
		return quantity.One, nil
	case sent == nil:
		return 0, fault.Field("amount", nil, nil, "amount is missing: send how many units of %s were used.", m.Slug)
	case counts && *sent != quantity.One:
		return 0, fault.Field("amount", *sent, 1, "%s counts events: leave amount out, or send 1.", m.Slug)
	case *sent < 0:
		return 0, fault.Field("amount", *sent, 0, "amount must not be negative. To undo usage, void its event.")
	case *sent > quantity.Max:
		return 0, fault.Field("amount", *sent, quantity.Max, "amount is larger than %s.", quantity.Max)
	case sent.Decimals() > m.Decimals:
		return 0, fault.Field("amount", *sent, m.Decimals, "amount carries more decimals than %s takes: at most %d.", m.Slug, m.Decimals)
	}
	return *sent, nil
}

func (m Meter) properties(r *Reading, sent json.RawMessage, lim Limits) error {
	sent = bytes.TrimSpace(sent)
	if len(sent) > lim.PropertiesBytes {
		return fault.New(fault.TooLarge, "properties has %d bytes; the limit is %d.", len(sent), lim.PropertiesBytes).
			With("field", "properties").With("value", len(sent)).With("limit", lim.PropertiesBytes)
	}
	all, err := ReadProperties(sent)
	if err != nil {
		return err
	}
	if all != nil {
		if r.Properties, err = json.Marshal(all); err != nil {
			return fmt.Errorf("spell properties: %w", err)
		}
		if bytes.Contains(bytes.ReplaceAll(r.Properties, []byte(`\\`), nil), []byte(`\u0000`)) {
			return fault.Field("properties", nil, nil, "properties must not carry NUL characters.")
		}
	}
	if m.Aggregation != Unique {
		return nil
	}
	v, ok := all[m.Property]
	if !ok || v == nil {
		return fault.Field("properties."+m.Property, nil, nil, "%s counts distinct values of the property %q: send it.", m.Slug, m.Property)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("spell %s: %w", m.Property, err)
	}
	if len(b) > valueBytesMax {
		return fault.Field("properties."+m.Property, len(b), valueBytesMax, "The property %q has %d bytes; the limit is %d.", m.Property, len(b), valueBytesMax)
	}
	r.Value = string(b)
	return nil
}

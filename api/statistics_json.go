package api

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// The answers of statistics are spelled by hand: one may have 60,000 parts, and encoding/json takes longer over them than
// finding them took.

// A usageReport is a tollgate.UsageReport on its way out, spelled as encoding/json would.
type usageReport tollgate.UsageReport

func (u *usageReport) appendJSON(b []byte) ([]byte, error) {
	b = slices.Grow(b, 1024+160*len(u.ByPeriod))
	b = appendText(append(b, `{"customer":`...), string(u.Customer))
	b = appendText(append(b, `,"meter":`...), string(u.Meter))
	if u.Unit != "" {
		b = appendText(append(b, `,"unit":`...), u.Unit)
	}
	b = appendText(append(b, `,"aggregation":`...), string(u.Aggregation))
	b = appendText(append(b, `,"balance":`...), string(u.Balance))
	b = u.Current.Append(append(b, `,"current":`...))
	b = appendQuantity(append(b, `,"limit":`...), u.Limit)
	b = appendQuantity(append(b, `,"remaining":`...), u.Remaining)
	b = strconv.AppendBool(append(b, `,"isUnlimited":`...), u.IsUnlimited)
	if u.Period != "" {
		b = appendText(append(b, `,"period":`...), string(u.Period))
	}
	b, err := appendTime(append(b, `,"from":`...), u.From)
	if err != nil {
		return b, err
	}
	if b, err = appendTime(append(b, `,"to":`...), u.To); err != nil {
		return b, err
	}
	b = appendText(append(b, `,"timezone":`...), u.Timezone)
	b = appendText(append(b, `,"groupBy":`...), string(u.GroupBy))
	if u.LastResetDate != nil {
		if b, err = appendTime(append(b, `,"lastResetDate":`...), *u.LastResetDate); err != nil {
			return b, err
		}
	}
	if u.PreResetTotal != nil {
		b = u.PreResetTotal.Append(append(b, `,"preResetTotal":`...))
	}
	b = appendStats(append(b, ','), &u.Stats)
	for i := range u.Groups {
		g := &u.Groups[i]
		if b = append(b, ','); i == 0 {
			b = append(b, `"groups":[`...)
		}
		if b = append(b, `{"value":`...); g.Value == nil {
			b = append(b, "null"...)
		} else {
			b = appendText(b, *g.Value)
		}
		b = append(appendStats(append(b, ','), &g.Stats), '}')
	}
	if len(u.Groups) > 0 {
		b = append(b, ']')
	}
	return append(b, '}'), nil
}

// appendStats appends the fields of s, without the braces around them.
func appendStats(b []byte, s *usage.Stats) []byte {
	b = appendFigures(b, s.Total, s.Average, s.Max, s.Min, s.Events)
	for i := range s.ByPeriod {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.ByPeriod[i].Append(b)
	}
	return append(b, ']')
}

// appendFigures appends the fields of statistics up to the first of their parts.
func appendFigures(b []byte, total, average, largest, smallest quantity.Units, events int64) []byte {
	b = total.Append(append(b, `"total":`...))
	b = average.Append(append(b, `,"average":`...))
	b = largest.Append(append(b, `,"max":`...))
	b = smallest.Append(append(b, `,"min":`...))
	return append(strconv.AppendInt(append(b, `,"events":`...), events, 10), `,"byPeriod":[`...)
}

// usageByCustomer is the answer of a batch: statistics by customer, then by meter, as UsageByCustomer describes them. Each
// customer's are spelled as soon as they are counted, while others are read.
type usageByCustomer struct {
	customers int // at most
	mu        sync.Mutex
	text      []byte // of all, in one piece: it is large, and to make memory takes as long as to fill it
	parts     []spelledUsage
	heads     []string // of each bucket: how its part begins after another, up to the total
}

// spelledUsage says where in the text a customer's part is.
type spelledUsage struct {
	customer    id.Customer
	start, stop int
}

// add may be called from several goroutines.
func (u *usageByCustomer) add(customer id.Customer, all []tollgate.MeterFigures) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.heads == nil && len(all) > 0 {
		u.heads = make([]string, all[0].Cut.Len())
		for i := range u.heads {
			u.heads[i] = `},{"date":"` + all[0].Cut.Date(i) + `","total":`
		}
	}
	b := u.text
	if b == nil {
		size := len(customer) + 32
		for i := range all {
			size += 128 + len(all[i].Meter) + 40*len(all[i].Parts)
		}
		b = make([]byte, 0, u.customers*size)
		b = append(b, usageBegins...)
	}
	start := len(b)
	b = append(appendText(b, string(customer)), ":{"...)
	for i := range all {
		if i > 0 {
			b = append(b, ',')
		}
		f := &all[i].Figures
		b = appendFigures(append(appendText(b, string(all[i].Meter)), ":{"...), f.Total, f.Average, f.Max, f.Min, f.Events)
		for k := range f.Parts {
			p := &f.Parts[k]
			head := u.heads[p.Bucket]
			if k == 0 {
				head = head[len("},"):]
			}
			b = p.Total.Append(append(b, head...))
		}
		if len(f.Parts) > 0 {
			b = append(b, '}')
		}
		b = append(b, "]}"...)
	}
	b = append(b, '}')
	u.parts = append(u.parts, spelledUsage{customer, start, len(b)})
	u.text = append(b, ',')
}

const usageBegins = `{"data":{`

// appendJSON has the customers in the order of their names, as encoding/json orders a map. They come in that order but for
// those who used something just now; then the text is not copied to an empty b.
func (u *usageByCustomer) appendJSON(b []byte) ([]byte, error) {
	inOrder := func(x, y spelledUsage) int { return strings.Compare(string(x.customer), string(y.customer)) }
	if len(b) == 0 && len(u.parts) > 0 && slices.IsSortedFunc(u.parts, inOrder) {
		return append(u.text[:len(u.text)-1], "}}"...), nil // in place of the last comma
	}
	slices.SortFunc(u.parts, inOrder)
	b = append(slices.Grow(b, len(u.text)+len(usageBegins)+2), usageBegins...)
	for i, p := range u.parts {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, u.text[p.start:p.stop]...)
	}
	return append(b, "}}"...), nil
}

package api

import (
	"maps"
	"slices"
	"strconv"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
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
	b = append(appendFigures(b, s), `,"byPeriod":[`...)
	for i := range s.ByPeriod {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.ByPeriod[i].Append(b)
	}
	return append(b, ']')
}

func appendFigures(b []byte, s *usage.Stats) []byte {
	b = s.Total.Append(append(b, `"total":`...))
	b = s.Average.Append(append(b, `,"average":`...))
	b = s.Max.Append(append(b, `,"max":`...))
	b = s.Min.Append(append(b, `,"min":`...))
	return strconv.AppendInt(append(b, `,"events":`...), s.Events, 10)
}

// usageByCustomer is the answer of a batch: statistics by customer, then by meter, as UsageByCustomer describes them.
type usageByCustomer map[id.Customer]map[id.Slug]usage.Stats

func (u usageByCustomer) appendJSON(b []byte) ([]byte, error) {
	buckets, series := 0, 0
	for _, meters := range u {
		series += len(meters)
		for _, s := range meters {
			buckets += len(s.ByPeriod)
		}
	}
	b = slices.Grow(b, 64*len(u)+128*series+48*buckets)
	var slugs []id.Slug
	b = append(b, `{"data":{`...)
	for i, customer := range slices.Sorted(maps.Keys(u)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, string(customer)), ":{"...)
		meters := u[customer]
		slugs = slices.AppendSeq(slugs[:0], maps.Keys(meters))
		slices.Sort(slugs)
		for j, m := range slugs {
			if j > 0 {
				b = append(b, ',')
			}
			s := meters[m]
			b = appendFigures(append(appendText(b, string(m)), ":{"...), &s)
			b = append(b, `,"byPeriod":[`...)
			for k := range s.ByPeriod {
				if k > 0 {
					b = append(b, ',')
				}
				b = append(append(b, `{"date":"`...), s.ByPeriod[k].Date...)
				b = append(s.ByPeriod[k].Total.Append(append(b, `","total":`...)), '}')
			}
			b = append(b, "]}"...)
		}
		b = append(b, '}')
	}
	return append(b, "}}"...), nil
}

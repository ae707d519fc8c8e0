package tollgate

import (
	"cmp"
	"context"
	"slices"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// UsageTopMax is how many rows one ranking has at most.
const UsageTopMax = 100

// A TopRequest asks who or what was used most.
type TopRequest struct {
	UsageSpan
	Meter id.Slug // rank the customers of this meter by its total; empty: rank the meters by their events
	Limit int     // 10 when 0
}

// A Top is a ranking.
type Top struct {
	Meter    id.Slug      `json:"meter,omitempty"`
	From     string       `json:"from"`
	To       string       `json:"to"`
	Timezone string       `json:"timezone"`
	Data     []Ranked     `json:"data"`
	Period   usage.Period `json:"period,omitempty"`
}

// A Ranked is a row of a ranking.
type Ranked struct {
	Rank     int            `json:"rank"`
	Customer id.Customer    `json:"customer,omitempty"`
	Meter    id.Slug        `json:"meter"`
	Total    quantity.Units `json:"total"`
	Events   int64          `json:"events"`
}

// UsageTop ranks the customers of a meter by their total, or, without a meter, the meters by how many events they had.
// It counts every event recorded before the call. Erased customers are left out. Faults: not_found; invalid_request, also for a unique meter,
// whose values the roll-up does not keep.
func (e *Engine) UsageTop(ctx context.Context, r TopRequest) (Top, error) {
	if r.Limit == 0 {
		r.Limit = 10
	}
	if r.Limit < 1 || r.Limit > UsageTopMax {
		return Top{}, fault.Field("limit", r.Limit, UsageTopMax, "limit is a number from 1 to %d.", UsageTopMax)
	}
	b := e.book.Load()
	if r.Meter != "" {
		m, err := e.meterOf(r.Meter)
		if err != nil {
			return Top{}, err
		}
		if m.Aggregation == meter.Unique {
			return Top{}, fault.Field("meter", string(r.Meter), nil, "%s counts distinct values, which cannot be ranked over all customers: ask for one customer at a time.", r.Meter)
		}
	}
	if r.Period == usage.SinceReset || r.Period == usage.CurrentPeriod {
		return Top{}, fault.Field("period", string(r.Period), nil, "The period %s differs from customer to customer: send another one, or from and to.", r.Period)
	}
	r.GroupBy = usage.ByNone
	cut, err := e.cut(r.UsageSpan, b, &store.Customer{})
	if err != nil {
		return Top{}, err
	}
	if err := cut.grouping.Check(cut.span); err != nil {
		return Top{}, err
	}
	// Cut slots are read event by event, which would be all customers' here: the ranking keeps to whole ones.
	span := period.Span{Start: usage.SlotStart(usage.SlotOf(cut.span.Start)), End: usage.SlotStart(usage.SlotOf(cut.span.End))}
	if span.End.Before(cut.span.End) {
		span.End = span.End.Add(usage.Grain)
	}
	if err := e.rollAll(ctx, rollLines, nil); err != nil {
		return Top{}, outside("roll usage up", err)
	}
	all, err := e.tallied(ctx, span, cut.calendar, r.Meter)
	if err != nil {
		return Top{}, outside("read usage", err)
	}
	out := Top{Meter: r.Meter, Timezone: cut.calendar.Zone.String(), Period: cut.period,
		From: span.Start.Format(timeFormat), To: span.End.Format(timeFormat)}
	out.Data, err = e.ranked(ctx, b, r, all)
	return out, err
}

// timeFormat is RFC 3339, as JSON has times.
const timeFormat = "2006-01-02T15:04:05.999999Z07:00"

// tallied counts the usage of one meter by customer, or, when it is empty, of all by meter.
func (e *Engine) tallied(ctx context.Context, span period.Span, c usage.Calendar, only id.Slug) (map[store.MeterKey]*usage.Series, error) {
	all, series := map[store.MeterKey]*usage.Series{}, c.Cut(usage.ByNone, span).Series
	of := func(k store.MeterKey) *usage.Series {
		if only == "" {
			k.Customer = 0
		}
		if all[k] == nil {
			all[k] = series()
		}
		return all[k]
	}
	var slots usage.SlotReader
	whole := func(usage.Slot) {} // the span is of whole slots
	err := e.db.UsageOfAll(ctx, only, span,
		func(d store.UsageMonth) error { return d.CountInto(of(d.MeterKey), &slots, whole) },
		func(f store.UsageFact) { of(f.MeterKey).Add(f.Fact, "") })
	return all, err
}

// ranked orders tallies, and names the customers of those that are shown.
func (e *Engine) ranked(ctx context.Context, b *book, r TopRequest, all map[store.MeterKey]*usage.Series) ([]Ranked, error) {
	type row struct {
		Ranked
		key id.Key
	}
	var rows []row
	for k, series := range all {
		m, ok := b.Meters[k.Meter]
		if !ok {
			m.Aggregation = meter.Sum // it has left the catalog
		}
		stats, err := series.Stats(m.Aggregation, false)
		if err != nil {
			return nil, err
		}
		if stats.Events != 0 {
			rows = append(rows, row{Ranked{Meter: k.Meter, Total: stats.Total, Events: stats.Events}, k.Customer})
		}
	}
	slices.SortFunc(rows, func(x, y row) int {
		switch {
		case r.Meter != "" && x.Total != y.Total:
			return cmp.Compare(y.Total, x.Total)
		case x.Events != y.Events:
			return cmp.Compare(y.Events, x.Events)
		}
		return cmp.Or(cmp.Compare(x.Meter, y.Meter), cmp.Compare(x.key, y.key))
	})
	out := []Ranked{}
	for _, x := range rows {
		if len(out) == r.Limit {
			break
		}
		if r.Meter != "" {
			c, err := e.db.CustomerByKey(ctx, x.key)
			if store.None(err) {
				continue // erased
			}
			if err != nil {
				return nil, outside("read customer", err)
			}
			x.Customer = c.ExternalID
		}
		x.Rank = len(out) + 1
		out = append(out, x.Ranked)
	}
	return out, nil
}

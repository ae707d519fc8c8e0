package tollgate

import (
	"context"
	"encoding/json"
	"maps"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/usage"
)

// An answer is the usage of the meters that a query asks for.
type answer map[store.MeterKey]*found

// askTogether is how many meters of customers one statement asks for; a larger query asks several at once.
const askTogether = 150

// ask answers a query, in parts that run side by side where it is large.
func (e *Engine) ask(ctx context.Context, q query) (answer, error) {
	q.series = q.calendar.Cut(q.grouping, q.span).Series
	n := max(askTogether/len(q.meters), 1)
	if len(q.customers) <= n {
		return e.askPart(ctx, q)
	}
	parts := slices.Collect(slices.Chunk(q.customers, n))
	answers := make([]answer, len(parts))
	group, all := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, customers := range parts {
		group.Go(func() error {
			part := q
			part.customers = customers
			var err error
			answers[i], err = e.askPart(all, part)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	out := answer{}
	for _, a := range answers {
		maps.Copy(out, a)
	}
	return out, nil
}

// askPart answers a query: from the roll-up and the lines behind it where slots will do, from events where properties
// count or the span cuts a slot.
func (e *Engine) askPart(ctx context.Context, q query) (answer, error) {
	out, keys, meters := answer{}, []store.MeterKey{}, map[id.Slug]meter.Meter{}
	for _, m := range q.meters {
		meters[m.Slug] = m
		for _, c := range q.customers {
			k := store.MeterKey{Customer: c, Meter: m.Slug}
			if out[k] == nil {
				keys = append(keys, k)
				out[k] = &found{series: q.series(), groups: map[string]*usage.Series{}}
			}
		}
	}
	if q.raw {
		return out, e.askEvents(ctx, q, out, meters, nil)
	}
	read, err := e.db.UsageOf(ctx, keys, q.span)
	if err != nil {
		return nil, err
	}
	r := newReader(read.Tail)
	byEvent := func(slug id.Slug) bool {
		return len(q.filters) > 0 || q.property != "" || meters[slug].Aggregation == meter.Unique
	}
	for _, d := range read.Months {
		for _, s := range d.Slots {
			switch {
			case byEvent(d.Meter):
				r.need(d.MeterKey, d.Account, s.First, s.Final)
			case !out[d.MeterKey].series.AddSlot(s):
				r.cut[cutSlot{d.MeterKey, d.Account, s.At}] = true
				r.need(d.MeterKey, d.Account, s.First, s.Final)
			}
		}
	}
	for _, f := range read.Tail {
		if out[f.MeterKey] == nil {
			continue // another meter of the customer
		}
		switch {
		case byEvent(f.Meter):
			if !f.Void {
				r.need(f.MeterKey, f.Account, f.Seq, f.Seq)
			}
		case f.Void && r.cuts(f) && r.rolled(f):
			// Its event is read from its row below, where it is marked as voided.
		default:
			out[f.MeterKey].series.Add(f.Fact, "")
		}
	}
	if len(r.ranges) == 0 {
		return out, nil
	}
	q.raw = false
	return out, e.askEvents(ctx, q, out, meters, r)
}

// A cutSlot is a slot of an account that the span cuts.
type cutSlot struct {
	store.MeterKey
	account id.Slug
	slot    int64
}

// A reader collects which lines must be read as events.
type reader struct {
	ranges map[store.AccountKey]*store.LineRange
	cut    map[cutSlot]bool
	tail   map[store.AccountKey]int64 // the first line of each account that the roll-up has not
}

func newReader(tail []store.UsageFact) *reader {
	r := &reader{ranges: map[store.AccountKey]*store.LineRange{}, cut: map[cutSlot]bool{}, tail: map[store.AccountKey]int64{}}
	for _, f := range tail {
		a := store.AccountKey{Customer: f.Customer, Slug: f.Account}
		if first, ok := r.tail[a]; !f.Void && (!ok || f.Seq < first) {
			r.tail[a] = f.Seq
		}
	}
	return r
}

// cuts reports whether a fact lies in a slot that the span cuts.
func (r *reader) cuts(f store.UsageFact) bool {
	return r.cut[cutSlot{f.MeterKey, f.Account, usage.SlotOf(f.At)}]
}

// rolled reports whether the roll-up has an event's line.
func (r *reader) rolled(f store.UsageFact) bool {
	first, ok := r.tail[store.AccountKey{Customer: f.Customer, Slug: f.Account}]
	return !ok || f.Seq < first
}

func (r *reader) need(k store.MeterKey, account id.Slug, first, final int64) {
	a := store.AccountKey{Customer: k.Customer, Slug: account}
	if known := r.ranges[a]; known != nil {
		known.First, known.Final = min(known.First, first), max(known.Final, final)
		return
	}
	r.ranges[a] = &store.LineRange{AccountKey: a, First: first, Final: final}
}

// askEvents reads events: those of r that slots do not answer for, or, without r, all of the customers'.
func (e *Engine) askEvents(ctx context.Context, q query, out answer, meters map[id.Slug]meter.Meter, r *reader) error {
	var ranges []store.LineRange
	if r == nil {
		for _, c := range q.customers {
			accounts, err := e.db.AccountsOf(ctx, c)
			if err != nil {
				return err
			}
			for _, a := range accounts {
				ranges = append(ranges, store.AllLines(a.AccountKey))
			}
		}
	} else {
		for _, known := range r.ranges {
			ranges = append(ranges, *known)
		}
	}
	return e.db.EventsWithin(ctx, ranges, period.Span{Start: q.span.Start, End: q.span.End}, func(f store.UsageFact) error {
		one, m := out[f.MeterKey], meters[f.Meter]
		if one == nil {
			return nil
		}
		whole := r != nil && len(q.filters) == 0 && q.property == "" && m.Aggregation != meter.Unique
		if whole && !(r.cuts(f) && r.rolled(f)) {
			return nil // counted with its slot, or among the lines behind the roll-up
		}
		value, group, ok := q.look(f.Properties, m)
		if !ok {
			return nil
		}
		one.series.Add(f.Fact, value)
		if q.property == "" {
			return nil
		}
		if one.groups[group] == nil {
			one.groups[group] = q.series()
		}
		one.groups[group].Add(f.Fact, value)
		return nil
	})
}

// look reads an event's properties: the value that a unique meter counts, the value that groups it, and whether the
// filters let it pass.
func (q *query) look(properties json.RawMessage, m meter.Meter) (value, group string, ok bool) {
	if len(q.filters) == 0 && q.property == "" && m.Aggregation != meter.Unique {
		return "", "", true
	}
	var all map[string]json.RawMessage
	if len(properties) > 0 && json.Unmarshal(properties, &all) != nil {
		all = nil // an erased customer's
	}
	for name, want := range q.filters {
		if v, has := all[name]; !has || scalar(v) != want {
			return "", "", false
		}
	}
	if m.Aggregation == meter.Unique {
		value = string(all[m.Property])
	}
	return value, string(all[q.property]), true
}

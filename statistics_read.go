package tollgate

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/usage"
)

// An answer is the usage of the meters that a query asks for.
type answer map[store.MeterKey]*found

// ask answers a query about one meter of one customer. With it comes the state of one of the customer's accounts, as it
// was written.
func (e *Engine) ask(ctx context.Context, q query, account id.Slug) (answer, credit.State, error) {
	q.buckets = q.calendar.Cut(q.grouping, q.span)
	for grain := q.grain(); ; grain = usage.Grain {
		read, state, err := e.db.UsageOf(ctx, store.MeterKey{Customer: q.customers[0], Meter: q.meters[0].Slug}, account, q.span, grain)
		if err != nil {
			return nil, state, err
		}
		if out, err := e.count(ctx, q, read, grain, q.buckets.Sheet(1)); !errors.Is(err, errDayCut) {
			return out, state, err
		}
	}
}

// errDayCut says that days do not answer and shorter slots are to be read: the span ends within a day in which something happened
// later, or which of two readings is the latest is not known to the second.
var errDayCut = errors.New("the span cuts a day")

// grain returns the longest slots that answer, or lead to the events that do: of days it is not known where their events are.
func (q *query) grain() time.Duration {
	for _, m := range q.meters {
		if q.byEvent(m) {
			return usage.Grain
		}
	}
	return q.buckets.Grain()
}

// byEvent reports whether each event of a meter is to be looked at.
func (q *query) byEvent(m meter.Meter) bool {
	return len(q.filters) > 0 || q.property != "" || m.Aggregation == meter.Unique
}

// count answers a query from what was read: the roll-up and the lines behind it where slots will do, events where
// properties count or the span cuts a slot; errDayCut when that is a day. It counts into sheet, which is empty and has a
// series for each customer and meter.
func (e *Engine) count(ctx context.Context, q query, read store.UsageRead, grain time.Duration, sheet []usage.Series) (answer, error) {
	out, meters := make(answer, len(q.customers)*len(q.meters)), map[id.Slug]meter.Meter{}
	all := make([]found, 0, len(q.customers)*len(q.meters))
	for _, m := range q.meters {
		meters[m.Slug] = m
		for _, c := range q.customers {
			all = append(all, found{Series: &sheet[len(all)]})
			out[store.MeterKey{Customer: c, Meter: m.Slug}] = &all[len(all)-1]
		}
	}
	if q.raw {
		return out, e.askEvents(ctx, q, out, meters, nil)
	}
	r := newReader(read.Tail)
	var slots usage.SlotReader
	dayCut := false
	for _, d := range read.Months {
		need := func(s usage.Slot) { r.need(d.MeterKey, d.Account, s.First, s.Final) }
		var err error
		if q.byEvent(meters[d.Meter]) {
			err = d.EachSlot(need)
		} else {
			err = d.CountInto(out[d.MeterKey].Series, &slots, func(s usage.Slot) {
				dayCut = grain == usage.Day
				r.cut[cutSlot{d.MeterKey, d.Account, s.At}] = true
				need(s)
			})
		}
		if dayCut {
			return nil, errDayCut
		}
		if err != nil {
			return nil, err
		}
	}
	for _, f := range read.Tail {
		to, asked := out[f.MeterKey]
		switch {
		case !asked: // another meter of the customer
		case q.byEvent(meters[f.Meter]):
			if !f.Void {
				r.need(f.MeterKey, f.Account, f.Seq, f.Seq)
			}
		case f.Void && r.cuts(f) && r.rolled(f):
			// Its event is read from its row below, where it is marked as voided.
		default:
			to.Add(f.Fact, "")
		}
	}
	if grain == usage.Day && !q.sure(sheet) {
		return nil, errDayCut
	}
	if len(r.ranges) == 0 {
		return out, nil
	}
	return out, e.askEvents(ctx, q, out, meters, r)
}

// sure reports whether it is known of all meters that show their latest reading which one that is.
func (q *query) sure(sheet []usage.Series) bool {
	for i := range sheet[:len(q.meters)*len(q.customers)] {
		if q.meters[i/len(q.customers)].Aggregation == meter.Last && !sheet[i].Sure() {
			return false
		}
	}
	return true
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
		one, asked := out[f.MeterKey]
		if !asked {
			return nil
		}
		m := meters[f.Meter]
		whole := r != nil && !q.byEvent(m)
		if whole && !(r.cuts(f) && r.rolled(f)) {
			return nil // counted with its slot, or among the lines behind the roll-up
		}
		value, group, ok := q.look(f.Properties, m)
		if !ok {
			return nil
		}
		one.Add(f.Fact, value)
		if q.property == "" {
			return nil
		}
		if one.groups == nil {
			one.groups = map[string]*usage.Series{}
		}
		if one.groups[group] == nil && (len(one.groups)+1)*q.buckets.Len() > UsageFiguresMax {
			return fault.Field("property", q.property, UsageFiguresMax, "%s has more than %d values in this span, and %d parts of the span for each: ask for longer parts, a shorter span, or another property.",
				q.property, len(one.groups), q.buckets.Len())
		}
		if one.groups[group] == nil {
			one.groups[group] = q.buckets.Series()
		}
		one.groups[group].Add(f.Fact, value)
		return nil
	})
}

// look reads an event's properties: the value that a unique meter counts, the value that groups it, and whether the
// filters let it pass.
func (q *query) look(properties json.RawMessage, m meter.Meter) (value, group string, ok bool) {
	if !q.byEvent(m) {
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

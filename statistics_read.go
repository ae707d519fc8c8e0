package tollgate

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/usage"
)

// An answer is the usage of the meters of customers that a query asks for.
type answer struct {
	query *query
	found []found // by customer, then by meter
}

// at returns the usage of a meter by where it and its customer are in the query.
func (a *answer) at(customer, meter int) *found { return &a.found[customer*len(a.query.meters)+meter] }

// of returns the usage of a meter and the meter; nil when the query does not ask for it. Few are looked through in less time than
// a map takes to look one up.
func (a *answer) of(k store.MeterKey) (*found, *meter.Meter) {
	c, m := slices.Index(a.query.customers, k.Customer), a.query.meter(k.Meter)
	if c < 0 || m < 0 {
		return nil, nil
	}
	return a.at(c, m), &a.query.meters[m]
}

// meter returns where a meter is in the query, below zero when it is not there.
func (q *query) meter(slug id.Slug) int {
	for i := range q.meters {
		if q.meters[i].Slug == slug {
			return i
		}
	}
	return -1
}

// ask answers a query about one meter of one customer. With it comes the state of one of the customer's accounts, as it
// was written.
func (e *Engine) ask(ctx context.Context, q query, account id.Slug) (*found, credit.State, error) {
	key := store.MeterKey{Customer: q.customers[0], Meter: q.meters[0].Slug}
	q.buckets = q.calendar.Cut(q.grouping, q.span)
	for grain := q.grain(); ; grain = usage.Grain {
		read, state, err := e.db.UsageOf(ctx, key, account, q.span, grain)
		if err != nil {
			return nil, state, err
		}
		out, err := e.count(ctx, &q, []store.CustomerUsage{{Key: key.Customer, UsageRead: read}}, grain, q.buckets.Sheet(1))
		if errors.Is(err, errDayCut) {
			continue
		}
		if err != nil {
			return nil, state, err
		}
		return out.at(0, 0), state, nil
	}
}

// errDayCut says that days do not answer and shorter slots are to be read: the span ends within a day in which something happened
// later, or which of two readings is the latest is not known to the second.
var errDayCut = errors.New("the span cuts a day")

// grain returns the longest slots that answer, or lead to the events that do: of days it is not known where their events are.
func (q *query) grain() time.Duration {
	for i := range q.meters {
		if q.byEvent(&q.meters[i]) {
			return usage.Grain
		}
	}
	return q.buckets.Grain()
}

// byEvent reports whether each event of a meter is to be looked at.
func (q *query) byEvent(m *meter.Meter) bool {
	return len(q.filters) > 0 || q.property != "" || m.Aggregation == meter.Unique
}

// count answers a query from what was read of its customers, in their order: the roll-up and the lines behind it where slots will
// do, events where properties count or the span cuts a slot; errDayCut when that is a day. It counts into sheet, which is empty and
// has a series for each customer and meter.
func (e *Engine) count(ctx context.Context, q *query, read []store.CustomerUsage, grain time.Duration, sheet []usage.Series) (*answer, error) {
	out := &answer{q, make([]found, len(q.customers)*len(q.meters))}
	for i := range out.found {
		out.found[i].Series = &sheet[i]
	}
	if q.raw {
		return out, e.askEvents(ctx, out, nil)
	}
	r := newReader()
	for c := range read {
		r.follow(read[c].Tail)
		if err := r.months(out, c, read[c].Months, grain); err != nil {
			return nil, err
		}
	}
	for c := range read {
		r.lines(out, read[c].Tail)
	}
	if grain == usage.Day && !out.sure() {
		return nil, errDayCut
	}
	if len(r.ranges) == 0 {
		return out, nil
	}
	return out, e.askEvents(ctx, out, r)
}

// sure reports whether it is known of all meters that show their latest reading which one that is.
func (a *answer) sure() bool {
	for m := range a.query.meters {
		for c := range a.query.customers {
			if a.query.meters[m].Aggregation == meter.Last && !a.at(c, m).Sure() {
				return false
			}
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

// A reader counts slots and lines, and collects which lines must be read as events.
type reader struct {
	slots  usage.SlotReader
	ranges map[store.AccountKey]*store.LineRange
	cut    map[cutSlot]bool
	tail   map[store.AccountKey]int64 // the first line of each account that the roll-up has not
}

func newReader() *reader {
	return &reader{ranges: map[store.AccountKey]*store.LineRange{}, cut: map[cutSlot]bool{}, tail: map[store.AccountKey]int64{}}
}

// follow takes notice of lines that the roll-up has not.
func (r *reader) follow(tail []store.UsageFact) {
	for _, f := range tail {
		a := store.AccountKey{Customer: f.Customer, Slug: f.Account}
		if first, ok := r.tail[a]; !f.Void && (!ok || f.Seq < first) {
			r.tail[a] = f.Seq
		}
	}
}

// months counts months of the customer at a position.
func (r *reader) months(to *answer, customer int, months []store.UsageMonth, grain time.Duration) error {
	dayCut := false
	for i := range months {
		d := &months[i]
		need := func(s usage.Slot) { r.need(d.MeterKey, d.Account, s.First, s.Final) }
		m := to.query.meter(d.Meter)
		var err error
		if to.query.byEvent(&to.query.meters[m]) {
			err = d.EachSlot(need)
		} else {
			err = d.CountInto(to.at(customer, m).Series, &r.slots, func(s usage.Slot) {
				dayCut = grain == usage.Day
				r.cut[cutSlot{d.MeterKey, d.Account, s.At}] = true
				need(s)
			})
		}
		if dayCut {
			return errDayCut
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lines counts lines that the roll-up has not.
func (r *reader) lines(to *answer, tail []store.UsageFact) {
	for _, f := range tail {
		one, m := to.of(f.MeterKey)
		switch {
		case one == nil: // another meter of the customer
		case to.query.byEvent(m):
			if !f.Void {
				r.need(f.MeterKey, f.Account, f.Seq, f.Seq)
			}
		case f.Void && r.cuts(f) && r.rolled(f):
			// Its event is read from its row below, where it is marked as voided.
		default:
			one.Add(f.Fact, "")
		}
	}
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
func (e *Engine) askEvents(ctx context.Context, out *answer, r *reader) error {
	q := out.query
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
		one, m := out.of(f.MeterKey)
		if one == nil {
			return nil
		}
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
func (q *query) look(properties json.RawMessage, m *meter.Meter) (value, group string, ok bool) {
	if !q.byEvent(m) {
		return "", "", true
	}
	var all map[string]json.RawMessage
	if len(properties) > 0 && json.Unmarshal(properties, &all) != nil {
		all = nil // an erased customer's
	}
	for name, want := range q.filters {
		if v, has := scalar(all[name]); !has || v != want {
			return "", "", false
		}
	}
	if m.Aggregation == meter.Unique {
		value = string(all[m.Property])
	}
	if v, has := scalar(all[q.property]); has {
		group = grouped + v
	}
	return value, group, true
}

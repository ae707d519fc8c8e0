package tollgate

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

const (
	// UsageCustomersMax and UsageMetersMax bound one call of UsageOfMany.
	UsageCustomersMax = 100
	UsageMetersMax    = 20
	// UsageGroupsMax is how many values of a property a report tells apart; the smallest of more are left out.
	UsageGroupsMax = 1000
	// UsageFiguresMax is how many figures one answer is worked out of: customers by meters by parts of the span, or values of a
	// property by parts. One takes about 64 bytes.
	UsageFiguresMax = 500_000
	// UsageFiltersMax is how many properties one report filters by.
	UsageFiltersMax = 10
)

// A UsageSpan says which usage to look at, and how to cut it. The zero value is the current month by the day, in the
// customer's time zone.
type UsageSpan struct {
	Period    usage.Period   `json:"period,omitempty"` // usage.CurrentMonth when empty and From is nil
	From      *usage.Moment  `json:"-"`                // with To, instead of a period; From counts, To does not
	To        *usage.Moment  `json:"-"`                // now when nil
	GroupBy   usage.Grouping `json:"groupBy,omitempty"`
	Timezone  string         `json:"timezone,omitempty"`  // IANA name; the customer's when empty, else the catalog's
	WeekStart string         `json:"weekStart,omitempty"` // monday when empty, or sunday
	Fill      bool           `json:"fill,omitempty"`      // show buckets without usage too
}

// A UsageRequest asks for the statistics of one meter of one customer.
type UsageRequest struct {
	UsageSpan
	Customer id.Customer
	Meter    id.Slug
	Property string            // tell the values of this property apart, too
	Filters  map[string]string // count only events whose properties have these values

	raw bool // read events even where the roll-up would do
}

// A UsageReport is a meter's usage over a span, and the balance that pays for it as it is now.
type UsageReport struct {
	Customer    id.Customer       `json:"customer"`
	Meter       id.Slug           `json:"meter"`
	Unit        string            `json:"unit,omitempty"`
	Aggregation meter.Aggregation `json:"aggregation"`

	Balance     id.Slug         `json:"balance"`   // what pays: the meter's own balance or a credits pool, in whose units the next four are
	Current     quantity.Units  `json:"current"`   // used in the open window
	Limit       *quantity.Units `json:"limit"`     // adjustments included; null when unlimited
	Remaining   *quantity.Units `json:"remaining"` // grants included; null when unlimited
	IsUnlimited bool            `json:"isUnlimited"`

	Period   usage.Period   `json:"period,omitempty"`
	From     time.Time      `json:"from"`
	To       time.Time      `json:"to"`
	Timezone string         `json:"timezone"`
	GroupBy  usage.Grouping `json:"groupBy"`

	LastResetDate *time.Time      `json:"lastResetDate,omitempty"` // of period since_reset
	PreResetTotal *quantity.Units `json:"preResetTotal,omitempty"` // between the reset before, or the beginning, and the last one

	usage.Stats
	Groups []UsageGroup `json:"groups,omitempty"` // by the property asked for, largest total first
}

// A UsageGroup is the usage of events with one value of a property.
type UsageGroup struct {
	Value *string `json:"value"` // as a filter takes it; null for events without the property, or with null
	usage.Stats
}

// Usage returns the statistics of a meter: its total, and what its buckets come to. All numbers count usage net of voids
// and refunds, by the time it happened; a bonus is no usage. Named periods begin and end on quarters of an hour.
// Faults: not_found; invalid_request for a period, zone, grouping or span that is none, naming the choices.
func (e *Engine) Usage(ctx context.Context, r UsageRequest) (UsageReport, error) {
	m, err := e.meterOf(r.Meter)
	if err != nil {
		return UsageReport{}, err
	}
	if len(r.Filters) > UsageFiltersMax {
		return UsageReport{}, fault.Field("filter", len(r.Filters), UsageFiltersMax, "One report filters by up to %d properties.", UsageFiltersMax)
	}
	c, err := e.Customer(ctx, r.Customer)
	if err != nil {
		return UsageReport{}, err
	}
	b := e.book.Load()
	out := UsageReport{Customer: r.Customer, Meter: r.Meter, Unit: m.Unit, Aggregation: m.Aggregation, Balance: b.paying(c.Plan, r.Meter)}
	cut, err := e.cut(r.UsageSpan, b, &c.row)
	if err != nil {
		return out, err
	}
	if r.Period == usage.SinceReset {
		if err := e.sinceReset(ctx, r, m, &cut, &out, c); err != nil {
			return out, err
		}
	}
	if err := cut.grouping.Check(cut.span); err != nil {
		return out, err
	}
	out.Period, out.From, out.To, out.Timezone, out.GroupBy = cut.period, cut.span.Start, cut.span.End, cut.calendar.Zone.String(), cut.grouping
	q := query{cut: cut, meters: []meter.Meter{m}, customers: []id.Key{c.key}, property: r.Property, filters: r.Filters, raw: r.raw}
	one, state, err := e.ask(ctx, q, out.Balance)
	if err != nil {
		return out, outside("read usage", err)
	}
	state, now, err := e.current(b, c, out.Balance, state)
	if err != nil {
		return out, err
	}
	shown := state.Receipt(out.Balance, now)
	out.Current, out.Limit, out.Remaining, out.IsUnlimited = shown.Used, shown.Limit, shown.Available, shown.Unlimited
	if out.Stats, err = one.Stats(m.Aggregation, r.Fill); err != nil {
		return out, err
	}
	out.Groups, err = one.shownGroups(m.Aggregation, r.Fill)
	return out, err
}

// UsageTotal returns what a meter's usage came to in a span: Usage without its buckets.
func (e *Engine) UsageTotal(ctx context.Context, r UsageRequest) (quantity.Units, error) {
	r.GroupBy, r.Property = usage.ByNone, ""
	out, err := e.Usage(ctx, r)
	return out.Total, err
}

// A cut is a span with how it is to be cut.
type cut struct {
	period   usage.Period
	span     period.Span
	calendar usage.Calendar
	grouping usage.Grouping
}

// cut reads a span as a customer's request means it. The span of since_reset is left to sinceReset.
func (e *Engine) cut(s UsageSpan, b *book, c *store.Customer) (cut, error) {
	zone := s.Timezone
	if zone == "" {
		zone = e.zone(b, c.Timezone).String()
	}
	out := cut{period: s.Period, grouping: s.GroupBy}
	if out.grouping == "" {
		out.grouping = usage.ByDay
	}
	var err error
	if out.calendar, err = usage.ParseCalendar(zone, s.WeekStart); err != nil {
		return out, err
	}
	now := e.Now()
	quarter := usage.SlotStart(usage.SlotOf(now) + 1)
	switch {
	case s.Period != "" && (s.From != nil || s.To != nil):
		return out, fault.Field("period", string(s.Period), nil, "Send either a period, or from and to.")
	case s.From == nil && s.To != nil:
		return out, fault.Field("from", nil, nil, "from is missing: send the time at which the span begins.")
	case s.From != nil:
		out.span = period.Span{Start: s.From.In(out.calendar.Zone), End: quarter}
		if s.To != nil {
			out.span.End = s.To.In(out.calendar.Zone)
		}
		for field, t := range map[string]time.Time{"from": out.span.Start, "to": out.span.End} {
			if t.Year() < 1970 || t.Year() > yearMax {
				return out, fault.Field(field, t, nil, "%s lies in the years 1970 to %d.", field, yearMax)
			}
		}
		return out, nil
	case s.Period == usage.SinceReset:
		return out, nil
	case s.Period == usage.CurrentPeriod:
		if out.span = c.Paid.Span; c.Paid.None() {
			out.span = c.Cycle.Span(now)
		}
	default:
		if out.span, err = out.calendar.Span(s.Period, now); err != nil {
			return out, err
		}
	}
	if out.period == "" {
		out.period = usage.CurrentMonth
	}
	out.span.Start, out.span.End = usage.SlotStart(usage.SlotOf(out.span.Start)), quarter
	return out, nil
}

// sinceReset sets the span since the last reset of the balance that pays, and what was used before it.
func (e *Engine) sinceReset(ctx context.Context, r UsageRequest, m meter.Meter, to *cut, out *UsageReport, c Customer) error {
	last, before, err := e.db.ResetsOf(ctx, store.AccountKey{Customer: c.key, Slug: out.Balance})
	if err != nil {
		return outside("find resets", err)
	}
	key := store.MeterKey{Customer: c.key, Meter: m.Slug}
	to.span.End = usage.SlotStart(usage.SlotOf(e.Now()) + 1)
	if last.IsZero() {
		to.span.Start, err = e.firstUsage(ctx, key, to.span.End)
		return outside("find the first usage", err)
	}
	to.span.Start, out.LastResetDate = last, &last
	past := cut{period: r.Period, span: period.Span{Start: before, End: last}, calendar: to.calendar, grouping: usage.ByNone}
	if before.IsZero() {
		if past.span.Start, err = e.firstUsage(ctx, key, last); err != nil {
			return outside("find the first usage", err)
		}
	}
	q := query{cut: past, meters: []meter.Meter{m}, customers: []id.Key{c.key}, filters: r.Filters, raw: r.raw}
	one, _, err := e.ask(ctx, q, "")
	if err != nil {
		return outside("read usage", err)
	}
	stats, err := one.Stats(m.Aggregation, false)
	out.PreResetTotal = &stats.Total
	return err
}

// firstUsage returns the start of the first slot before end that a meter has usage in; end when there is none.
func (e *Engine) firstUsage(ctx context.Context, k store.MeterKey, end time.Time) (time.Time, error) {
	read, _, err := e.db.UsageOf(ctx, k, "", period.Span{Start: time.UnixMicro(0), End: end}, usage.Grain)
	if err != nil {
		return end, err
	}
	first := end
	for _, d := range read.Months {
		err := d.EachSlot(func(s usage.Slot) {
			if at := usage.SlotStart(s.At); at.Before(first) {
				first = at
			}
		})
		if err != nil {
			return end, err
		}
	}
	for _, f := range read.Tail {
		if f.Meter == k.Meter && f.At.Before(first) {
			first = usage.SlotStart(usage.SlotOf(f.At))
		}
	}
	return first, nil
}

// A query asks for some meters of some customers over one span.
type query struct {
	cut
	customers []id.Key
	meters    []meter.Meter
	property  string
	filters   map[string]string
	raw       bool
	buckets   *usage.Cut
}

// found is the usage of one meter of one customer.
type found struct {
	*usage.Series
	groups map[string]*usage.Series // by the property's value as JSON; "" without it
}

// shownGroups returns the groups with the largest totals, largest first.
func (f *found) shownGroups(a meter.Aggregation, fill bool) ([]UsageGroup, error) {
	type ranked struct {
		value string
		total quantity.Units
	}
	all := make([]ranked, 0, len(f.groups))
	for value, series := range f.groups {
		total, err := series.Total(a)
		if err != nil {
			return nil, err
		}
		all = append(all, ranked{value, total})
	}
	slices.SortFunc(all, func(x, y ranked) int { return cmp.Or(cmp.Compare(y.total, x.total), cmp.Compare(x.value, y.value)) })
	var out []UsageGroup
	for _, r := range all[:min(len(all), UsageGroupsMax)] {
		stats, err := f.groups[r.value].Stats(a, fill)
		if err != nil {
			return nil, err
		}
		g := UsageGroup{Stats: stats}
		if text, has := strings.CutPrefix(r.value, grouped); has {
			g.Value = &text
		}
		out = append(out, g)
	}
	return out, nil
}

// grouped begins what a group is called whose events have the property: those without it are the group of no name.
const grouped = "="

// scalar returns a JSON value as people write it, and as a filter names it: a string without its quotes, so that "5" and 5 are
// one value. null is none.
func scalar(v json.RawMessage) (string, bool) {
	if len(v) == 0 || v[0] == 'n' {
		return "", false
	}
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s, true
	}
	return string(v), true
}

package tollgate

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/usage"
)

// MeterFigures are the statistics of one of several meters.
type MeterFigures struct {
	Meter id.Slug
	usage.Figures
}

// UsageOfMany returns the statistics of up to UsageMetersMax meters of up to UsageCustomersMax customers, in a number
// of queries that does not depend on how many. A customer without a zone of its own is counted in the catalog's.
// Faults: not_found naming the first customer or meter that is not there; invalid_request; period since_reset is
// for one customer.
func (e *Engine) UsageOfMany(ctx context.Context, customers []id.Customer, meters []id.Slug, s UsageSpan) (map[id.Customer]map[id.Slug]usage.Stats, error) {
	var mu sync.Mutex
	out := make(map[id.Customer]map[id.Slug]usage.Stats, len(customers))
	err := e.EachUsage(ctx, customers, meters, s, func(name id.Customer, all []MeterFigures) {
		shown := 0
		for i := range all {
			shown += len(all[i].Parts)
		}
		room := make([]usage.Bucket, 0, shown) // of all: to make them one by one takes as long as to fill them
		stats := make(map[id.Slug]usage.Stats, len(all))
		for i := range all {
			one := all[i].Stats(room)
			stats[all[i].Meter], room = one, room[:len(room)+len(one.ByPeriod)]
		}
		mu.Lock()
		defer mu.Unlock()
		out[name] = stats
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// EachUsage is UsageOfMany for those who look at each customer once. It calls do with every customer's statistics, by meter, as
// soon as they are counted: in no order, from several goroutines at a time, and, when it ends with a fault, of some only. All
// have the same Cut. What else do is given is overwritten after it returns.
func (e *Engine) EachUsage(ctx context.Context, customers []id.Customer, meters []id.Slug, s UsageSpan, do func(name id.Customer, all []MeterFigures)) error {
	for _, check := range []struct {
		field    string
		n, limit int
	}{{"customers", len(customers), UsageCustomersMax}, {"meters", len(meters), UsageMetersMax}} {
		if check.n == 0 || check.n > check.limit {
			return fault.Field(check.field, check.n, check.limit, "%s names 1 to %d of them.", check.field, check.limit)
		}
	}
	if s.Period == usage.SinceReset || s.Period == usage.CurrentPeriod && s.From == nil {
		return fault.Field("period", string(s.Period), nil, "The period %s differs from customer to customer: ask for one customer at a time, or send from and to.", s.Period)
	}
	q := query{}
	for _, slug := range meters {
		m, err := e.meterOf(slug)
		if err != nil {
			return err
		}
		q.meters = append(q.meters, m)
	}
	slices.SortFunc(q.meters, func(a, b meter.Meter) int { return strings.Compare(string(a.Slug), string(b.Slug)) })
	q.meters = slices.CompactFunc(q.meters, func(a, b meter.Meter) bool { return a.Slug == b.Slug })
	for _, name := range customers {
		if err := name.Check("customers"); err != nil {
			return err
		}
	}
	var err error
	if q.cut, err = e.cut(s, e.book.Load(), &store.Customer{}); err != nil {
		return err
	}
	if err := q.cut.grouping.Check(q.cut.span); err != nil {
		return err
	}
	names := slices.Compact(slices.Sorted(slices.Values(customers)))
	there := make([]bool, len(names))
	err = e.askMany(ctx, q, names, s.Fill, func(name id.Customer, all []MeterFigures) {
		i, _ := slices.BinarySearch(names, name)
		there[i] = true
		do(name, all)
	})
	if err != nil {
		return outside("read usage", err)
	}
	for _, name := range customers {
		if i, _ := slices.BinarySearch(names, name); !there[i] {
			return unknownCustomer(name)
		}
	}
	return nil
}

// askTogether is the least number of customers that are worth a statement of their own; on PostgreSQL a larger query asks
// several side by side.
const askTogether = 25

// countTogether is how many customers are counted in the same memory, one part after another: little enough that the
// processor keeps it near, and enough that events which must be read are read in few statements.
const countTogether = 10

// askMany answers a query about named customers, and leaves out those that do not exist.
func (e *Engine) askMany(ctx context.Context, q query, names []id.Customer, fill bool, do func(id.Customer, []MeterFigures)) error {
	q.buckets = q.calendar.Cut(q.grouping, q.span)
	if n := len(names) * len(q.meters) * q.buckets.Len(); n > UsageFiguresMax {
		return fault.Field("groupBy", string(q.grouping), UsageFiguresMax, "%d customers by %d meters by %d parts of the span are %d figures, and one answer has up to %d: ask for fewer customers, or for a shorter span or longer parts.",
			len(names), len(q.meters), q.buckets.Len(), n, UsageFiguresMax)
	}
	cut, err := e.askParts(ctx, q, names, q.grain(), fill, do)
	if err == nil && len(cut) > 0 {
		_, err = e.askParts(ctx, q, cut, usage.Grain, fill, do)
	}
	return err
}

// askParts counts customers while it reads the next. It returns those whom days do not answer for, who are not counted.
func (e *Engine) askParts(ctx context.Context, q query, names []id.Customer, grain time.Duration, fill bool, do func(id.Customer, []MeterFigures)) ([]id.Customer, error) {
	procs := runtime.GOMAXPROCS(0)
	size := len(names)
	if e.db.Postgres() { // SQLite takes longer over two statements side by side than one after the other: its readers share one lock
		size = max(askTogether, (len(names)+procs-1)/procs)
	}
	parts := slices.Collect(slices.Chunk(names, size))
	// There is room for all: a statement never waits, with its connection, for counting that waits for a connection.
	read := make(chan []store.CustomerUsage, len(names)/countTogether+len(parts))
	group, all := errgroup.WithContext(ctx)
	var reading sync.WaitGroup
	for _, part := range parts {
		reading.Add(1)
		group.Go(func() error {
			defer reading.Done()
			return e.readPart(all, q, part, grain, read)
		})
	}
	group.Go(func() error {
		reading.Wait()
		close(read)
		return nil
	})
	var mu sync.Mutex
	var cut []id.Customer
	for range min(max(1, procs-1), cap(read)) {
		group.Go(func() error {
			c := newCounter(e, q, len(names), grain, fill)
			for some := range read {
				err := c.count(all, some, do)
				if err != nil && !errors.Is(err, errDayCut) {
					return err
				}
				mu.Lock()
				for i := 0; err != nil && i < len(some); i++ {
					cut = append(cut, some[i].Name)
				}
				mu.Unlock()
			}
			return nil
		})
	}
	err := group.Wait()
	return cut, err
}

// readPart reads the usage of customers, some at a time.
func (e *Engine) readPart(ctx context.Context, q query, names []id.Customer, grain time.Duration, to chan<- []store.CustomerUsage) error {
	slugs := make([]id.Slug, len(q.meters))
	for i, m := range q.meters {
		slugs[i] = m.Slug
	}
	var some []store.CustomerUsage
	err := e.db.EachUsage(ctx, names, slugs, q.span, grain, func(u store.CustomerUsage) {
		if some == nil {
			some = make([]store.CustomerUsage, 0, countTogether)
		}
		if some = append(some, u); len(some) == countTogether {
			to <- some
			some = nil
		}
	})
	if err == nil && len(some) > 0 {
		to <- some
	}
	return err
}

// A counter counts customers, one part after another in the same memory.
type counter struct {
	engine *Engine
	query  query
	grain  time.Duration
	fill   bool
	sheet  []usage.Series
	room   []usage.Part   // of one customer
	stats  []MeterFigures // of one customer
}

func newCounter(e *Engine, q query, customers int, grain time.Duration, fill bool) *counter {
	return &counter{
		engine: e, query: q, grain: grain, fill: fill, sheet: q.buckets.Sheet(min(countTogether, customers) * len(q.meters)),
		room: make([]usage.Part, len(q.meters)*q.buckets.Len()), stats: make([]MeterFigures, len(q.meters)),
	}
}

// count calls do with the statistics of some customers.
func (c *counter) count(ctx context.Context, some []store.CustomerUsage, do func(id.Customer, []MeterFigures)) error {
	q := &c.query
	q.customers = q.customers[:0]
	for i := range some {
		q.customers = append(q.customers, some[i].Key)
	}
	usage.Clear(c.sheet)
	found, err := c.engine.count(ctx, q, some, c.grain, c.sheet)
	if err != nil {
		return err
	}
	for k := range some {
		room := c.room
		for i := range q.meters {
			m := &q.meters[i]
			n := q.buckets.Len()
			c.stats[i].Meter = m.Slug
			if c.stats[i].Figures, err = found.at(k, i).Figures(room[:0:n], m.Aggregation, c.fill); err != nil {
				return err
			}
			room = room[n:]
		}
		do(some[k].Name, c.stats)
	}
	return nil
}

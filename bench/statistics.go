package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// statisticsMeters are how many meters the statistics part spreads its events over.
const statisticsMeters = 5

const statisticsCatalog = `
meters:
  m0: {name: M0, aggregation: sum}
  m1: {name: M1, aggregation: sum}
  m2: {name: M2, aggregation: sum}
  m3: {name: M3, aggregation: count}
  m4: {name: M4, aggregation: max}
plans:
  free:
    name: Free
    default: true
    includes:
      m0: {limit: unlimited}
      m1: {limit: unlimited}
      m2: {limit: unlimited}
      m3: {limit: unlimited}
      m4: {limit: unlimited}
`

// statistics asks for a month of one customer, and of 100 customers × 5 meters, among a month of events of 10,000
// customers, and compares with reading one customer's row through the same API. Then it measures what keeping the
// roll-up costs those who write.
func (b *bench) statistics(events int) {
	engines := []struct{ name, url string }{{"SQLite", filepath.Join(b.dir, "statistics.db")}}
	if b.postgres != "" {
		engines = append(engines, struct{ name, url string }{"PostgreSQL", b.postgres + "&schema=statistics"})
	}
	for _, on := range engines {
		e := openWith(b.ctx, on.url, statisticsCatalog, tollgate.Options{})
		began := time.Now()
		b.history(e, events)
		if on.name == "PostgreSQL" {
			settleDown(b.ctx, e)
		}
		fmt.Printf("%s: %d events recorded in %s\n", on.name, events, time.Since(began).Round(time.Second))
		check(e.RollUp(b.ctx))
		b.questions(on.name, e)
		audit(b.ctx, e)
		check(e.Close())
		b.rollUpCost(on.name, on.url)
	}
}

// history records events over the last 30 days, oldest first.
func (b *bench) history(e *tollgate.Engine, events int) {
	end, step := time.Now().Add(-time.Hour), 30*24*time.Hour/time.Duration(events)
	names := make([]id.Customer, 0, tollgate.BatchMax)
	for c := range customers {
		if names = append(names, name(int64(c))); len(names) == tollgate.BatchMax {
			check(e.EnsureCustomers(b.ctx, names))
			names = names[:0]
		}
	}
	var wg sync.WaitGroup
	batches := make(chan []meter.Usage, 8)
	for range 4 {
		wg.Go(func() {
			for batch := range batches {
				out, err := e.Batch(b.ctx, batch)
				check(err)
				check(out[0].Err)
			}
		})
	}
	var batch []meter.Usage
	for n := range int64(events) {
		at := end.Add(-step * time.Duration(int64(events)-n))
		batch = append(batch, fact(n, at))
		if len(batch) == tollgate.BatchMax || n == int64(events)-1 {
			batches <- batch
			batch = nil
		}
	}
	close(batches)
	wg.Wait()
}

func fact(n int64, at time.Time) meter.Usage {
	one := quantity.One
	return meter.Usage{Customer: name(n*7919 + n/customers), Meter: id.Slug(fmt.Sprint("m", n%statisticsMeters)), Amount: &one,
		TransactionID: id.Transaction(fmt.Sprint("tx-", n)), At: &at, Record: true}
}

// questions asks over HTTP, one at a time.
func (b *bench) questions(engine string, e *tollgate.Engine) {
	srv := listen(api.New(e, api.Options{}))
	defer srv.close()
	key, _, err := e.CreateKey(b.ctx, tollgate.ScopeRead, "bench", false)
	check(err)
	srv.key = key
	from := time.Now().AddDate(0, 0, -31).Format(time.DateOnly)
	var s1, s2, s3 serial
	r := b.race(
		contender{engine + ": read one customer", 1, func(n int64) error { return srv.get("/v1/customers/" + string(name(n*31))) }, &s1},
		contender{engine + ": a month by the day of one", 1, func(n int64) error {
			return srv.get(fmt.Sprintf("/v1/customers/%s/usage?meter=m%d&from=%s&groupBy=day", name(n*31), n%statisticsMeters, from))
		}, &s2},
		contender{engine + ": of 100 customers × 5 meters", 1, func(n int64) error {
			ask := map[string]any{"meters": []string{"m0", "m1", "m2", "m3", "m4"}, "from": from, "groupBy": "day"}
			var names []id.Customer
			first := rand.Int64N(customers)
			for i := range int64(100) {
				names = append(names, name(first+i*97))
			}
			ask["customers"] = names
			body, err := json.Marshal(ask)
			check(err)
			return srv.post("/v1/usage/batch", body)
		}, &s3},
	)
	over := func(what string, x, y result, goal float64) {
		b.rows = append(b.rows, row{engine + ": " + what, fmt.Sprintf("%.2f ms, %.2f ms", ms(x.p50), ms(y.p50)), float64(x.p50) / float64(y.p50), goal, true})
	}
	over("a month by the day of one customer / reading a customer", r[1], r[0], 3)
	over("100 customers × 5 meters / one", r[2], r[1], 20)
}

// rollUpAccounts is how many accounts the cost of the roll-up is measured on: few, so that each grows by more lines than
// it rolls up at once, as accounts do that are in steady use.
const rollUpAccounts = 1000

// rollUpCost compares recording with and without the roll-up keeping up.
func (b *bench) rollUpCost(engine, url string) {
	with, without := url+"-with", url+"-without"
	if engine == "PostgreSQL" {
		with, without = b.postgres+"&schema=rolled", b.postgres+"&schema=unrolled"
	}
	both := []*tollgate.Engine{openWith(b.ctx, with, statisticsCatalog, tollgate.Options{}), openWith(b.ctx, without, statisticsCatalog, tollgate.Options{NoRollUp: true})}
	var rates [2][]result
	var next [2]int64
	for i, e := range both {
		b.history(e, 100_000) // customers, pages, caches
		check(e.RollUp(b.ctx))
		next[i] = 1 << 40
		b.record(e, &next[i])
	}
	for range b.rounds {
		for i, e := range both {
			began, n := time.Now(), next[i]
			b.record(e, &next[i])
			rates[i] = append(rates[i], result{rate: float64(next[i]-n) / time.Since(began).Seconds()})
			if i == 0 {
				check(e.RollUp(b.ctx)) // what is left, which it would do when nothing else goes on, and not in the other's time
			}
		}
	}
	x := median(rates[0], func(r result) float64 { return r.rate })
	y := median(rates[1], func(r result) float64 { return r.rate })
	fmt.Printf("%s: %.0f events/s with the roll-up, %.0f without\n", engine, x, y)
	b.rows = append(b.rows, row{engine + ": recording with the roll-up / without", fmt.Sprintf("%.0f/s, %.0f/s", x, y), x / y, 0.85, false})
	for _, e := range both {
		check(e.Close())
	}
}

// record records events of now in batches for one span.
func (b *bench) record(e *tollgate.Engine, next *int64) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	until := time.Now().Add(b.span)
	for range 4 {
		wg.Go(func() {
			for time.Now().Before(until) && b.ctx.Err() == nil {
				mu.Lock()
				from := *next
				*next += tollgate.BatchMax
				mu.Unlock()
				batch := make([]meter.Usage, tollgate.BatchMax)
				for i := range batch {
					batch[i] = fact(from+int64(i), time.Now())
					batch[i].Customer = name((from + int64(i)) / statisticsMeters % (rollUpAccounts / statisticsMeters))
				}
				out, err := e.Batch(b.ctx, batch)
				check(err)
				check(out[0].Err)
			}
		})
	}
	wg.Wait()
}

// get sends a GET and reads the answer.
func (s *server) get(path string) error { return s.send("GET", path, nil) }

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

const catalog = `
currency: usd
meters:
  requests: {name: Requests, aggregation: sum}
plans:
  free:
    name: Free
    default: true
    includes:
      requests: {limit: 100000000, every: billing_period}
`

func openEngine(ctx context.Context, url string) *tollgate.Engine {
	return openWith(ctx, url, catalog, tollgate.Options{})
}

func openWith(ctx context.Context, url, catalog string, opts tollgate.Options) *tollgate.Engine {
	e, err := tollgate.Open(ctx, url, opts)
	check(err)
	_, err = e.Publish(ctx, "bench.yaml", []byte(catalog), false)
	check(err)
	return e
}

// populate makes the customers; each gets one consume, so that its balance is there.
func populate(ctx context.Context, e *tollgate.Engine) {
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			for c := w; c < customers; c += 32 {
				_, _, err := e.PutCustomer(ctx, name(int64(c)), tollgate.CustomerChange{})
				check(err)
				_, err = e.Consume(ctx, usage(int64(c), fmt.Sprint("first-", c)))
				check(err)
			}
		})
	}
	wg.Wait()
}

func name(n int64) id.Customer { return id.Customer(fmt.Sprint("customer-", n%customers)) }

func usage(n int64, tx string) meter.Usage {
	one := quantity.One
	return meter.Usage{Customer: name(n), Meter: "requests", Amount: &one, TransactionID: id.Transaction(tx)}
}

func consume(e *tollgate.Engine) func(n int64) error {
	return func(n int64) error {
		_, err := e.Consume(context.Background(), usage(n, fmt.Sprint("tx-", n)))
		return err
	}
}

func hot(e *tollgate.Engine) func(n int64) error {
	return func(n int64) error {
		_, err := e.Consume(context.Background(), usage(7, fmt.Sprint("tx-", n)))
		return err
	}
}

func (b *bench) sqlite() {
	e := openEngine(b.ctx, filepath.Join(b.dir, "engine.db"))
	defer e.Close()
	populate(b.ctx, e)
	p := openPlain(b.ctx, "", b.dir)
	defer p.db.Close()
	r := b.against(e, p)
	b.compare("SQLite", r, 3.5, 4.5, 4.5)
	audit(b.ctx, e)
}

func (b *bench) onPostgres() {
	if b.postgres == "" {
		fmt.Println("no PostgreSQL: run make bench")
		return
	}
	e := openEngine(b.ctx, b.postgres)
	defer e.Close()
	populate(b.ctx, e)
	settleDown(b.ctx, e)
	p := openPlain(b.ctx, b.postgres, "")
	defer p.db.Close()
	r := b.against(e, p)
	b.compare("PostgreSQL", r, 10, 14, 10)
	b.rows = append(b.rows, row{"PostgreSQL: p99 at 256 callers / plain loop's at 16",
		fmt.Sprintf("%.1f ms, %.1f ms", ms(r[1].p99), ms(r[0].p99)), float64(r[1].p99) / float64(r[0].p99), 2, true})
	audit(b.ctx, e)
}

// against races the engine against the plain loop; compare reads the results by their places.
func (b *bench) against(e *tollgate.Engine, p *plain) []result {
	var ps, es serial
	return b.race(
		contender{"plain loop, 16 callers", 16, p.consume, &ps},
		contender{"Engine.Consume, 256 callers", 256, consume(e), &es},
		contender{"Engine.Consume, 1,024 callers", 1024, consume(e), &es},
		contender{"Engine.Consume, one customer, 256 callers", 256, hot(e), &es},
		contender{"plain loop, 1 caller", 1, p.consume, &ps},
		contender{"Engine.Consume, 1 caller", 1, consume(e), &es},
	)
}

func (b *bench) compare(engine string, r []result, goal256, goal1024, goalHot float64) {
	against := func(what string, fast, slow result, goal float64) {
		b.rows = append(b.rows, row{engine + ": " + what, fmt.Sprintf("%.0f/s, %.0f/s", fast.rate, slow.rate), fast.rate / slow.rate, goal, false})
	}
	against("256 callers / plain loop, 16 callers", r[1], r[0], goal256)
	against("1,024 callers / plain loop, 16 callers", r[2], r[0], goal1024)
	against("one customer, 256 callers / plain loop over many", r[3], r[0], goalHot)
	b.rows = append(b.rows, row{engine + ": p50 of a lone caller / the plain loop's", fmt.Sprintf("%.2f ms, %.2f ms", ms(r[5].p50), ms(r[4].p50)),
		float64(r[5].p50) / float64(r[4].p50), 1.2, true})
}

// audit refuses figures of books that do not balance.
func audit(ctx context.Context, e *tollgate.Engine) {
	a, err := e.Audit(ctx)
	check(err)
	if len(a.Findings) > 0 {
		check(fmt.Errorf("the ledger does not balance: %+v", a.Findings[0]))
	}
	fmt.Printf("ledger balanced: %d accounts, %d lines\n", a.Accounts, a.Lines)
}

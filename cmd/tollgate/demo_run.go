package main

import (
	"context"
	"net/http"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/examples/trace"
	"github.com/tollgate/tollgate/quantity"
)

// A demo is what a run of the command works on.
type demo struct {
	engine   *tollgate.Engine
	clock    *replayClock
	stripe   *demoStripe
	requests []trace.Request
	url, key string
	db       database
}

// run makes the customers and replays the trace, then checks every balance and audits the books.
func (d *demo) run(ctx context.Context, c *console) (*replay, *demoReport, error) {
	p := &replay{
		client: newDemoClient(d.url, d.key), clock: d.clock, catalog: d.engine.Catalog(), customers: newDemoCustomers(),
		tallies: make([]demoTally, demoCustomers),
	}
	defer p.client.close()
	left := make([]int64, len(p.customers))
	for i, customer := range p.customers {
		left[i] = int64(p.catalog.Plans[customer.plan].Includes[demoRequests].Limit / quantity.One)
		body := struct {
			Plan string `json:"plan"`
		}{string(customer.plan)}
		a, err := p.client.call(ctx, http.MethodPut, "/v1/customers/"+string(customer.name), body)
		if err != nil {
			return nil, nil, err
		}
		var made tollgate.Customer
		if refused, err := a.read(&made); err != nil || refused != nil || made.Plan != customer.plan {
			return nil, nil, a.unexpected("a customer on " + string(customer.plan) + " was to be made")
		}
	}
	stop := showDemoProgress(c, p, int64(len(d.requests)))
	start := time.Now()
	err := p.play(ctx, spread(d.requests, p.customers, left))
	took := time.Since(start)
	stop()
	if err != nil {
		return nil, nil, err
	}
	report, err := d.report(ctx, p, took)
	return p, report, err
}

// sell takes the customers of a replay through checkout, and on for a month.
func (d *demo) sell(ctx context.Context, c *console, p *replay) (*demoSales, error) {
	s := &demoShop{replay: p, engine: d.engine, stripe: d.stripe, bank: newDemoClient(d.stripe.url, demoSecretKey)}
	defer p.client.close()
	defer s.bank.close()
	start := time.Now()
	s.doing.Store("")
	stop := draw(c, func(time.Duration) string { return s.doing.Load().(string) })
	out, err := s.run(ctx)
	stop()
	if err != nil {
		return nil, err
	}
	out.Seconds = time.Since(start).Seconds()
	return out, nil
}

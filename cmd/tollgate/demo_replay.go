package main

import (
	"context"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate/tollgate/plan"
)

// A replay sends the requests of the demo and counts the answers.
type replay struct {
	client    *demoClient
	clock     *replayClock
	catalog   *plan.Catalog
	customers []demoCustomer
	tallies   []demoTally // one for each customer, which only the worker that plays the customer touches
	played    atomic.Int64
}

// play plays the requests minute by minute. The requests of a customer go one after the other, those of different
// customers at the same time. The clock moves between minutes alone, when nothing is under way: since no window
// begins within a minute, what is counted does not depend on who is faster.
func (p *replay) play(ctx context.Context, requests []demoRequest) error {
	for _, minute := range minutes(requests) {
		p.clock.set(minute[len(minute)-1].At)
		if err := p.playMinute(ctx, minute); err != nil {
			return err
		}
	}
	return nil
}

// playMinute returns the first error, after every worker has ended.
func (p *replay) playMinute(ctx context.Context, minute []demoRequest) error {
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(demoWorkers)
	for _, requests := range byCustomer(minute) {
		workers.Go(func() error { return p.playAll(ctx, requests) })
	}
	return workers.Wait()
}

func (p *replay) playAll(ctx context.Context, requests []demoRequest) error {
	for _, r := range requests {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.playOne(ctx, r); err != nil {
			return err
		}
		p.played.Add(1)
	}
	return nil
}

// byCustomer returns the requests of each customer in their order, the customer with the most first, so that nobody
// waits for the longest row at the end.
func byCustomer(requests []demoRequest) [][]demoRequest {
	rows := map[int][]demoRequest{}
	for _, r := range requests {
		rows[r.customer] = append(rows[r.customer], r)
	}
	out := make([][]demoRequest, 0, len(rows))
	for _, row := range rows {
		out = append(out, row)
	}
	slices.SortFunc(out, func(a, b []demoRequest) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return a[0].index - b[0].index
	})
	return out
}

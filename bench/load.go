package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A result is what one run, or the median of several, measured.
type result struct {
	rate     float64 // acts per second
	p50, p99 time.Duration
}

func (r result) String() string {
	return fmt.Sprintf("%.0f/s (p50 %.2f ms, p99 %.2f ms)", r.rate, ms(r.p50), ms(r.p99))
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// serial numbers acts over all runs, so that ids repeat only where a run means them to.
type serial struct{ atomic.Int64 }

// id returns the number of the next act: every hundredth repeats an earlier one.
func (s *serial) id() int64 {
	n := s.Add(1)
	if n%100 == 0 {
		return n - 50
	}
	return n
}

// load runs act from callers goroutines for span and measures it.
func load(ctx context.Context, callers int, span time.Duration, act func(n int64) error, s *serial) result {
	var wg sync.WaitGroup
	took := make([][]time.Duration, callers)
	start := time.Now()
	for c := range callers {
		wg.Go(func() {
			for time.Since(start) < span && ctx.Err() == nil {
				t := time.Now()
				check(act(s.id()))
				took[c] = append(took[c], time.Since(t))
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(start)
	all := slices.Concat(took...)
	slices.Sort(all)
	if len(all) == 0 {
		return result{}
	}
	return result{float64(len(all)) / elapsed.Seconds(), all[len(all)/2], all[len(all)*99/100]}
}

// A contender is one way of doing the work.
type contender struct {
	name    string
	callers int
	act     func(n int64) error
	serial  *serial
}

// race runs the contenders in turn, round after round, so that a machine whose speed drifts treats them alike,
// and returns the median of each.
func (b *bench) race(contenders ...contender) []result {
	runs := make([][]result, len(contenders))
	for _, c := range contenders { // warm up: caches, connections, pages
		load(b.ctx, c.callers, b.span/4, c.act, c.serial)
	}
	for range b.rounds {
		for i, c := range contenders {
			runs[i] = append(runs[i], load(b.ctx, c.callers, b.span, c.act, c.serial))
			if b.each {
				fmt.Println("  ", c.name, runs[i][len(runs[i])-1])
			}
		}
	}
	out := make([]result, len(contenders))
	for i, rs := range runs {
		out[i] = result{
			rate: median(rs, func(r result) float64 { return r.rate }),
			p50:  time.Duration(median(rs, func(r result) float64 { return float64(r.p50) })),
			p99:  time.Duration(median(rs, func(r result) float64 { return float64(r.p99) })),
		}
		fmt.Printf("%-44s %s\n", contenders[i].name, out[i])
	}
	return out
}

func median(rs []result, of func(result) float64) float64 {
	var all []float64
	for _, r := range rs {
		all = append(all, of(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

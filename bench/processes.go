package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

// processes compares two processes that serve the same customers of one PostgreSQL with one process alone, 256
// callers in all either way.
func (b *bench) processes() {
	if b.postgres == "" {
		fmt.Println("no PostgreSQL: run make bench")
		return
	}
	e := openEngine(b.ctx, b.postgres)
	defer e.Close()
	populate(b.ctx, e)
	settleDown(b.ctx, e)
	var one, two []float64
	for range b.rounds {
		one = append(one, b.spawn(1, 256))
		two = append(two, b.spawn(2, 128))
	}
	slices.Sort(one)
	slices.Sort(two)
	x, y := one[len(one)/2], two[len(two)/2]
	fmt.Printf("one process %.0f/s, two processes together %.0f/s\n", x, y)
	b.rows = append(b.rows, row{"PostgreSQL: two processes on the same customers / one", fmt.Sprintf("%.0f/s, %.0f/s", y, x), y / x, 0.8, false})
	audit(b.ctx, e)
}

// spawn runs n workers at the same time and returns the sum of their rates.
func (b *bench) spawn(n, callers int) float64 {
	type worker struct {
		cmd *exec.Cmd
		out *bufio.Scanner
	}
	var workers []worker
	start := time.Now().Add(2 * time.Second)
	for i := range n {
		cmd := exec.CommandContext(b.ctx, os.Args[0], "worker", b.postgres, strconv.Itoa(callers),
			b.span.String(), fmt.Sprintf("%d-%d-", start.UnixNano(), i), strconv.FormatInt(start.UnixMicro(), 10))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		check(err)
		check(cmd.Start())
		workers = append(workers, worker{cmd, bufio.NewScanner(out)})
	}
	var sum float64
	for _, w := range workers {
		for w.out.Scan() {
			rate, err := strconv.ParseFloat(strings.TrimSpace(w.out.Text()), 64)
			check(err)
			sum += rate
		}
		check(w.cmd.Wait())
	}
	return sum
}

// work is one worker: URL, callers, span, prefix of its ids, start.
func work(args []string) {
	debug.SetGCPercent(400) // as serve does
	ctx := context.Background()
	e := openEngine(ctx, args[0])
	defer e.Close()
	callers, err := strconv.Atoi(args[1])
	check(err)
	span, err := time.ParseDuration(args[2])
	check(err)
	start, err := strconv.ParseInt(args[4], 10, 64)
	check(err)
	act := func(n int64) error {
		_, err := e.Consume(ctx, usage(n, args[3]+strconv.FormatInt(n, 10)))
		return err
	}
	time.Sleep(time.Until(time.UnixMicro(start)))
	var s serial
	load(ctx, callers, span, act, &s) // until it knows its customers
	fmt.Println(load(ctx, callers, span, act, &s).rate)
}

// Command bench measures Tollgate against the plain way of doing the same work, in one run on one machine, and
// prints each ratio with its goal. Absolute figures depend on the disk and the processor; the ratios are what
// docs/performance.md promises.
//
//	make bench                    # everything
//	make bench BENCH="-only sqlite,http -seconds 2"
package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A bench is what the measurements share.
type bench struct {
	ctx      context.Context
	dir      string        // for SQLite files
	postgres string        // URL; empty when there is none
	span     time.Duration // of one run
	rounds   int           // runs whose median counts
	each     bool          // print every run
	rows     []row
}

// A row is one line of the table.
type row struct {
	what, figure string
	ratio, goal  float64
	atMost       bool // the ratio is to stay below its goal
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		work(os.Args[2:])
		return
	}
	debug.SetGCPercent(400) // as serve does
	seconds := flag.Float64("seconds", 3, "length of one run")
	rounds := flag.Int("rounds", 3, "runs whose median counts")
	only := flag.String("only", "", "comma-separated parts: sqlite, postgres, processes, http, flowglad, batches, webhooks, import, statistics")
	events := flag.Int("events", 5_000_000, "events of the import and statistics parts")
	each := flag.Bool("each", false, "print every run, not only the medians")
	profile := flag.String("cpuprofile", "", "file for a profile of the processor's time")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "tollgate-bench-")
	check(err)
	defer os.RemoveAll(dir)
	b := &bench{
		ctx: ctx, dir: dir,
		span: time.Duration(*seconds * float64(time.Second)), rounds: *rounds, each: *each,
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		check(err)
		check(pprof.StartCPUProfile(f))
		defer pprof.StopCPUProfile()
	}
	server := os.Getenv("TOLLGATE_TEST_POSTGRES")
	fmt.Printf("%s, %d processors, %s runs, medians of %d\n", runtime.Version(), runtime.NumCPU(), b.span, b.rounds)
	parts := []struct {
		name string
		run  func()
	}{
		{"sqlite", b.sqlite}, {"postgres", b.onPostgres}, {"processes", b.processes}, {"http", b.http}, {"flowglad", b.flowglad},
		{"batches", b.batches}, {"webhooks", b.webhooks}, {"import", func() { b.importing(*events) }}, {"statistics", func() { b.statistics(*events) }},
	}
	for _, p := range parts {
		if *only == "" || strings.Contains(","+*only+",", ","+p.name+",") {
			fmt.Printf("\n== %s\n", p.name)
			if server != "" {
				b.postgres = database(ctx, server, "bench_"+p.name)
			}
			p.run()
		}
	}
	b.print()
}

// database makes an empty database of a part's own on a server, so that no part depends on what was run before it, and returns its URL.
func database(ctx context.Context, server, name string) string {
	conn, err := pgx.Connect(ctx, server)
	check(err)
	for _, stmt := range []string{"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)", "CREATE DATABASE " + name} {
		_, err = conn.Exec(ctx, stmt)
		check(err)
	}
	check(conn.Close(ctx))
	address, err := url.Parse(server)
	check(err)
	address.Path = "/" + name
	return address.String()
}

func (b *bench) print() {
	fmt.Printf("\n| %-64s | %8s | %8s | %-4s | %s\n|%s\n", "measurement", "ratio", "goal", "", "figures", strings.Repeat("-", 120))
	for _, r := range b.rows {
		sign, ok := "≥", r.ratio >= r.goal
		if r.atMost {
			sign, ok = "≤", r.ratio <= r.goal
		}
		verdict := "ok"
		if !ok {
			verdict = "MISS"
		}
		fmt.Printf("| %-64s | %8.2f | %s %6.2f | %-4s | %s\n", r.what, r.ratio, sign, r.goal, verdict, r.figure)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

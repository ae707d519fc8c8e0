package main

import (
	"fmt"
	"hash/fnv"
	"slices"
	"testing"

	"github.com/tollgate/tollgate/examples/trace"
)

func TestSpreadIsTheSameForEver(t *testing.T) {
	t.Parallel()
	requests, err := trace.Requests()
	if err != nil {
		t.Fatal(err)
	}
	left := slices.Repeat([]int64{20}, demoCustomers)
	hash := fnv.New64a()
	for _, r := range spread(requests, newDemoCustomers(), left) {
		fmt.Fprintln(hash, r.index, r.customer, r.burst, r.twice, r.hold)
	}
	if got, want := hash.Sum64(), uint64(16212394533006113260); got != want {
		t.Errorf("the spread's hash is %d, want %d: docs and figures of the demo depend on it", got, want)
	}
}

func TestCustomersOfTheDemo(t *testing.T) {
	t.Parallel()
	count, lightest, heaviest := map[string]int{}, map[string]int64{}, map[string]int64{}
	for _, c := range newDemoCustomers() {
		p := string(c.plan)
		if count[p]++; count[p] == 1 {
			lightest[p] = c.weight
		}
		lightest[p], heaviest[p] = min(lightest[p], c.weight), max(heaviest[p], c.weight)
	}
	if count["pro"] != 20 || count["guest"] != 20 || count["free"] != 160 || len(count) != 3 {
		t.Errorf("the customers are %v, want 20 on pro, 20 guests and 160 on free", count)
	}
	if lightest["pro"] <= heaviest["free"] || lightest["free"] <= heaviest["guest"] {
		t.Errorf("pro must ask most and guests least: they ask from %v to %v", lightest, heaviest)
	}
}

func TestSplitMixIsVignas(t *testing.T) {
	t.Parallel()
	s := splitMix(1234567) // the values that implementations agree on
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := s.next(); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
	}
}

func TestNoWindowBeginsWithinAMinuteOfTheTrace(t *testing.T) {
	t.Parallel()
	requests, err := trace.Requests()
	if err != nil {
		t.Fatal(err)
	}
	cut := minutes(spread(requests, newDemoCustomers(), make([]int64, demoCustomers)))
	n := 0
	for _, minute := range cut {
		first, last := minute[0], minute[len(minute)-1]
		if first.At.Minute() != last.At.Minute() || first.index != n {
			t.Errorf("a minute goes from request %d at %s to %d at %s", first.index, first.At, last.index, last.At)
		}
		n += len(minute)
	}
	if n != len(requests) || len(cut) != 60 {
		t.Errorf("%d minutes have %d requests, want 60 with %d", len(cut), n, len(requests))
	}
}

package main

import (
	"cmp"
	"slices"
	"sync"
)

// shownMax is how many invalid lines are printed without --all.
const shownMax = 20

// counts is how the lines of an import ended.
type counts struct {
	Accepted  int64 `json:"accepted"`
	Duplicate int64 `json:"duplicate"`
	Refused   int64 `json:"refused"`
	Invalid   int64 `json:"invalid"`
	Complete  bool  `json:"complete"` // false when the import broke off
}

func (n counts) total() int64 { return n.Accepted + n.Duplicate + n.Refused + n.Invalid }

// A tally counts how lines end. Its methods may be called from any goroutine.
type tally struct {
	all   bool
	print func(badLine)

	mu  sync.Mutex
	n   counts
	bad []badLine // the first of the file among those met so far, in order
}

// newTally returns a tally that prints invalid lines: with all each one when it is met, else the first of the file
// when it is closed.
func newTally(all bool, print func(badLine)) *tally { return &tally{all: all, print: print} }

// add counts lines that are not invalid.
func (t *tally) add(n counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n.Accepted += n.Accepted
	t.n.Duplicate += n.Duplicate
	t.n.Refused += n.Refused
}

// invalid counts a line that is.
func (t *tally) invalid(l badLine) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n.Invalid++
	if t.all {
		t.print(l)
		return
	}
	at, _ := slices.BinarySearchFunc(t.bad, l, func(a, b badLine) int { return cmp.Compare(a.number, b.number) })
	if at < shownMax {
		t.bad = slices.Insert(t.bad, at, l)
		t.bad = t.bad[:min(len(t.bad), shownMax)]
	}
}

func (t *tally) counts() counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n
}

// close prints the invalid lines that are still to be shown.
func (t *tally) close() (more int64) {
	for _, l := range t.bad {
		t.print(l)
	}
	if t.all {
		return 0
	}
	return t.n.Invalid - int64(len(t.bad))
}

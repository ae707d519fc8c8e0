package main

import (
	"slices"
	"sync"

	"github.com/tollgate/tollgate/id"
)

const (
	turnsMax = 50     // of one customer that are kept
	talksMax = 10_000 // customers whose talk is kept
)

// A turn is a question and what was answered.
type turn struct {
	Prompt, Answer string
	Tokens         int64
}

// talks keep what was said, by customer, in memory: an app of yours has a table for it.
type talks struct {
	mu sync.Mutex
	of map[id.Customer][]turn
}

func newTalks() *talks { return &talks{of: map[id.Customer][]turn{}} }

// add puts a turn at the end and keeps the last few of them.
func (t *talks) add(who id.Customer, said turn, keep int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := append(t.of[who], said)
	t.of[who] = slices.Clone(all[max(len(all)-keep, 0):])
	for other := range t.of {
		if len(t.of) <= talksMax {
			return
		}
		if other != who {
			delete(t.of, other)
		}
	}
}

// turns returns what is kept of a customer, the oldest first.
func (t *talks) turns(who id.Customer) []turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.of[who])
}

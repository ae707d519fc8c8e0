package main

import (
	"sync"
	"time"
)

// A replayClock is the engine's clock during a replay: it stands where it was last set, and goes on from there at
// the pace of real time once it runs.
type replayClock struct {
	mu      sync.Mutex
	at      time.Time
	running time.Time // since when, in real time; zero while the clock stands
}

func (c *replayClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running.IsZero() {
		return c.at
	}
	return c.at.Add(time.Since(c.running))
}

// set moves a standing clock.
func (c *replayClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

// run lets the clock go on.
func (c *replayClock) run() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = time.Now()
}

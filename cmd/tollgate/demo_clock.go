package main

import (
	"sync"
	"time"
)

// A replayClock is the engine's clock during a replay: it stands where it was last set, until it follows another clock.
type replayClock struct {
	mu    sync.Mutex
	at    time.Time
	other func() time.Time // nil while the clock stands
}

func (c *replayClock) now() time.Time {
	c.mu.Lock()
	at, other := c.at, c.other
	c.mu.Unlock()
	if other != nil {
		return other()
	}
	return at
}

// set moves a standing clock.
func (c *replayClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

// follow lets the clock show what another one shows, from then on.
func (c *replayClock) follow(other func() time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.other = other
}

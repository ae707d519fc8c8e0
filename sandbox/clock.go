package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A clock that is not frozen runs with the wall clock, ahead of it by what Advance added. While something that is due
// runs, the clock stands at its time.
type clock struct {
	frozen  bool
	at      int64         // the time of a frozen clock, and of what runs
	running bool          // something due runs, or Advance does
	ahead   time.Duration // of the wall clock
}

func (c *clock) time() time.Time {
	if c.frozen || c.running {
		return time.Unix(c.at, 0)
	}
	return time.Now().Add(c.ahead)
}

// now returns the time in whole seconds, in which objects are dated.
func (c *clock) now() int64 { return c.time().Unix() }

// Now returns the time of the sandbox's own clock. Objects are dated in whole seconds, as at Stripe; those of a customer with a
// test clock live in that clock's time instead.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.time().UTC()
}

// Advance moves the sandbox's own clock forward and runs what is due on the way, in the order of its time: trials end,
// periods renew, invoices are finalized and paid, sessions expire. It returns when all of it is done; requests are
// answered meanwhile. To move backward is an error.
func (s *Server) Advance(ctx context.Context, to time.Time) error {
	s.advancing.Lock()
	defer s.advancing.Unlock()
	target := to.Unix()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.clock.now(); target < now {
		return fmt.Errorf("advance the clock to %s: it is %s already", to.UTC(), time.Unix(now, 0).UTC())
	}
	s.clock.at, s.clock.running = s.clock.now(), true
	for {
		ran, err := s.runNext("", target)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || !ran {
			if !ran {
				s.clock.at = target
			}
			s.clock.running = false
			s.clock.ahead = time.Until(time.Unix(s.clock.at, 0))
			if s.file != nil {
				err = errors.Join(err, s.file.saveClock(s.state))
			}
			return err
		}
		// Requests that wait get their turn between two things that are due.
		s.mu.Unlock()
		s.mu.Lock()
	}
}

// catchUp runs what became due on the sandbox's own clock since the last call. The caller holds the lock.
func (s *Server) catchUp() {
	if s.clock.running {
		return
	}
	now := s.clock.now()
	for {
		next, ok := s.state.nextDue("")
		if !ok || next > now {
			return
		}
		s.clock.running, s.clock.at = true, next
		_, err := s.runNext("", now)
		s.clock.running = false
		if s.clock.frozen {
			s.clock.at = now
		}
		if err != nil {
			s.log.Error("sandbox: run what is due", "error", err)
			return
		}
	}
}

// tick catches up every second, until the server closes.
func (s *Server) tick() {
	defer s.ticking.Done()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-s.closing:
			return
		case <-ticker.C:
			s.mu.Lock()
			s.catchUp()
			s.mu.Unlock()
		}
	}
}

// now returns the time on the clock of a customer: its test clock's, or the sandbox's own.
func (tx *tx) now(customerID string) int64 {
	return tx.nowOn(tx.clockOf(customerID))
}

// nowOn returns the time of a clock: a test clock's id, or "" for the sandbox's own.
func (tx *tx) nowOn(clock string) int64 {
	if c, ok := find[*testClock](tx, clock); ok {
		return c.Own.Now
	}
	return tx.server.clock.now()
}

// clockOf returns the id of a customer's test clock, or "".
func (tx *tx) clockOf(customerID string) string {
	c, ok := find[*customer](tx, customerID)
	if !ok {
		return ""
	}
	return string(c.TestClock)
}

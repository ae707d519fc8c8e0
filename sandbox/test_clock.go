package sandbox

import (
	"context"
	"time"
)

// A testClock is a clock of its own, for the customers made with it. It stands still until it is advanced.
type testClock struct {
	header
	DeletesAfter  int64              `json:"deletes_after"`
	FrozenTime    int64              `json:"frozen_time"`
	Name          text               `json:"name"`
	Status        string             `json:"status"`
	StatusDetails clockStatusDetails `json:"status_details"`

	Own *clockOwn `json:"own,omitempty"`
}

type clockStatusDetails struct {
	Advancing *clockAdvancing `json:"advancing,omitempty"`
}

type clockAdvancing struct {
	TargetFrozenTime int64 `json:"target_frozen_time"`
}

// clockOwn is the time of what runs while the clock advances.
type clockOwn struct {
	Now int64 `json:"now"`
}

func (*testClock) kind() string { return "test_helpers.test_clock" }
func (c *testClock) shown(*tx) any {
	shown := *c
	shown.Own = nil
	return &shown
}

// clockKept is after how many days Stripe deletes a test clock (API reference, "Test clocks").
const clockKept = 30

type clockNew struct {
	FrozenTime int64   `form:"frozen_time,required"`
	Name       *string `form:"name"`
}

func createClock(tx *tx, p *clockNew) (any, error) {
	c := &testClock{header: tx.header("clock_", "test_helpers.test_clock", ""), FrozenTime: p.FrozenTime, Status: "ready", Own: &clockOwn{p.FrozenTime}}
	c.DeletesAfter = c.Created + clockKept*int64(day.Seconds())
	setText(&c.Name, p.Name)
	tx.add(c)
	tx.fire("test_helpers.test_clock.created", c)
	return c, nil
}

func getClock(tx *tx, p *byID) (any, error) { return needPath[*testClock](tx, p.ID, "id") }

func listClocks(tx *tx, p *listing) (any, error) {
	return pageOf(tx, *p, "/v1/test_helpers/test_clocks", every[*testClock](tx), nil)
}

// deleteClock removes a clock with its customers.
func deleteClock(tx *tx, p *byID) (any, error) {
	c, err := needPath[*testClock](tx, p.ID, "id")
	if err != nil {
		return nil, err
	}
	for _, owner := range every[*customer](tx) {
		if string(owner.TestClock) == c.ID && !owner.Own.Deleted {
			if err := tx.deleteCustomer(owner); err != nil {
				return nil, err
			}
		}
	}
	tx.fire("test_helpers.test_clock.deleted", c)
	tx.drop(c)
	return gone{ID: c.ID, Object: c.Object, Deleted: true}, nil
}

type clockAdvance struct {
	ID         string `path:"id"`
	FrozenTime int64  `form:"frozen_time,required"`
}

// intervalsMax is how many periods of the shortest subscription a clock may be advanced at once.
const intervalsMax = 2

func advanceClock(tx *tx, p *clockAdvance) (any, error) {
	c, err := needPath[*testClock](tx, p.ID, "id")
	if err != nil {
		return nil, err
	}
	if c.Status != "ready" {
		return nil, invalid("", "Test clock advancement underway - cannot perform modifications.").withCode("test_clock_not_ready")
	}
	if p.FrozenTime <= c.FrozenTime {
		return nil, invalid("frozen_time", "Frozen time must be after the clock's current time.")
	}
	for _, owner := range every[*customer](tx) {
		if string(owner.TestClock) != c.ID {
			continue
		}
		for _, s := range owned[*subscription](tx, owner.ID) {
			if most := s.recurring().after(c.FrozenTime, c.FrozenTime, intervalsMax); !s.over() && p.FrozenTime > most {
				return nil, invalid("frozen_time", "Cannot advance the test clock more than %d intervals from its current frozen time, based on the shortest subscription interval. The latest time is %d.",
					intervalsMax, most)
			}
		}
	}
	tx.edit(c)
	c.Status, c.StatusDetails.Advancing = "advancing", &clockAdvancing{p.FrozenTime}
	tx.fire("test_helpers.test_clock.advancing", c)
	server := tx.server
	tx.after(func() {
		server.ticking.Go(func() { server.runClock(c.ID, p.FrozenTime) })
	})
	return c, nil
}

// runClock runs what is due on a test clock, and then says that it is ready.
func (s *Server) runClock(id string, target int64) {
	s.advancing.Lock()
	defer s.advancing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	status := "ready"
	for {
		ran, err := s.runNext(id, target)
		if err != nil {
			s.log.Error("sandbox: advance a test clock", "clock", id, "error", err)
			status = "internal_failure"
		}
		if err != nil || !ran {
			break
		}
		s.mu.Unlock()
		s.mu.Lock()
	}
	tx := s.begin()
	c, ok := find[*testClock](tx, id)
	if !ok {
		return
	}
	tx.edit(c)
	c.Status, c.StatusDetails.Advancing, c.FrozenTime, c.Own.Now = status, nil, target, target
	tx.fire("test_helpers.test_clock."+status, c)
	if err := tx.commit(); err != nil {
		s.log.Error("sandbox: advance a test clock", "clock", id, "error", err)
	}
}

// AdvanceBy is Advance for a duration from now.
func (s *Server) AdvanceBy(ctx context.Context, by time.Duration) error {
	return s.Advance(ctx, s.Now().Add(by))
}

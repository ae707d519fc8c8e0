package sandbox

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Chaos is what goes wrong on purpose, so that a program can be tested against it. Chances are in percent. What happens
// follows from Options.Seed and from the order of requests and deliveries.
type Chaos struct {
	Duplicate int           // of a delivery being sent twice
	Delay     int           // of a delivery being late, by up to DelayMax
	DelayMax  time.Duration // zero is 50 ms
	Drop      int           // of a delivery never being sent, not even again
	Faults    []Fault       // the first that matches a request and whose chance comes up
}

// A Fault is what happens to a request.
type Fault struct {
	Method  string // empty is any
	Path    string // a prefix of the path, such as /v1/subscriptions; empty is any
	Percent int    // of the requests that match
	Times   int    // how often at most; 0 is without an end

	// Status refuses the request before it does anything: 429, 500, 503, 409 and so on.
	Status int
	// Lose does the request and ends the connection without an answer.
	Lose bool
	// Stall waits before it answers, until the client goes away at the latest.
	Stall time.Duration
}

// SetChaos changes what goes wrong from here on.
func (s *Server) SetChaos(c Chaos) { s.chaos.set(c) }

// mischief decides what goes wrong.
type mischief struct {
	mu     sync.Mutex
	chaos  Chaos
	times  []int
	random *rand.Rand
}

func newMischief(c Chaos, seed int64) *mischief {
	m := &mischief{random: rand.New(rand.NewPCG(uint64(seed), 0))}
	m.set(c)
	return m
}

func (m *mischief) set(c Chaos) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.chaos, m.times = c, make([]int, len(c.Faults))
}

func (m *mischief) now() Chaos {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.chaos
}

func (m *mischief) comesUp(percent int) bool { return percent > 0 && m.random.IntN(100) < percent }

// deliver returns the waits after which a delivery is sent: none when it is dropped, two when it is doubled.
func (m *mischief) deliver() []time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.comesUp(m.chaos.Drop) {
		return nil
	}
	waits := []time.Duration{0}
	if m.comesUp(m.chaos.Duplicate) {
		waits = append(waits, 0)
	}
	for i := range waits {
		if m.comesUp(m.chaos.Delay) {
			most := m.chaos.DelayMax
			if most <= 0 {
				most = 50 * time.Millisecond
			}
			waits[i] = time.Duration(m.random.Int64N(int64(most)))
		}
	}
	return waits
}

// trouble is what happens to one request.
type trouble struct {
	refuse *fault
	lose   bool
	wait   time.Duration
}

// stall waits as long as the trouble says.
func (t trouble) stall(ctx context.Context) {
	if t.wait == 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(t.wait):
	}
}

func (m *mischief) request(method, path string) trouble {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, f := range m.chaos.Faults {
		if f.Method != "" && f.Method != method || !strings.HasPrefix(path, f.Path) || f.Times > 0 && m.times[i] >= f.Times || !m.comesUp(f.Percent) {
			continue
		}
		m.times[i]++
		t := trouble{lose: f.Lose, wait: f.Stall}
		if f.Status != 0 {
			t.refuse = chaosFault(f.Status)
		}
		return t
	}
	return trouble{}
}

// chaosFault words a refusal as Stripe does.
func chaosFault(status int) *fault {
	f := &fault{Status: status, Type: faultAPI, Message: "An unknown error occurred (the sandbox was told to answer so)."}
	switch status {
	case http.StatusTooManyRequests:
		f.Type, f.Code, f.Message = faultInvalid, "rate_limit", "Too many requests hit the API too quickly (the sandbox was told to answer so)."
	case http.StatusConflict:
		f.Type, f.Code, f.Message = faultIdempotency, "idempotency_key_in_use", "There is currently another in-progress request using this Idempotency Key (the sandbox was told to answer so)."
	}
	return f
}

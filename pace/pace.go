// Package pace limits how fast each of many senders sends.
package pace

import (
	"math"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// sendersMax is how many senders' paces are remembered.
const sendersMax = 10_000

// A Pace limits how fast each sender sends. It may be used from any goroutine.
type Pace struct {
	PerSecond float64 // in the long run; 0: no limit
	Burst     int     // at once
	mu        sync.Mutex
	senders   map[string]*rate.Limiter
}

// New returns a Pace; burst 0 means one second's worth.
func New(perSecond float64, burst int) *Pace {
	if burst <= 0 {
		burst = max(int(math.Ceil(perSecond)), 1)
	}
	return &Pace{PerSecond: perSecond, Burst: burst, senders: map[string]*rate.Limiter{}}
}

// Wait counts a request of a sender, and returns 0 when it may pass, else how long to wait before the next try.
func (p *Pace) Wait(sender string) time.Duration {
	if p.PerSecond <= 0 {
		return 0
	}
	p.mu.Lock()
	l := p.senders[sender]
	if l == nil {
		if len(p.senders) >= sendersMax {
			p.senders = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Limit(p.PerSecond), p.Burst)
		p.senders[sender] = l
	}
	p.mu.Unlock()
	turn := l.Reserve()
	wait := turn.Delay()
	if wait > 0 {
		turn.Cancel() // a refused request takes nobody's turn
	}
	return wait
}

// WholeSeconds rounds up, for a try that comes too early is refused again.
func WholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// RetryAfter returns the value of the header of that name (RFC 9110 §10.2.3).
func RetryAfter(d time.Duration) string { return strconv.FormatInt(WholeSeconds(d), 10) }

package api

import (
	"math"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// ratesMax is how many keys' rates are remembered.
const ratesMax = 10_000

// rates limits how fast each key sends.
type rates struct {
	perSecond float64 // 0: no limit
	burst     int
	mu        sync.Mutex
	keys      map[string]*rate.Limiter
}

func newRates(perSecond float64, burst int) *rates {
	if burst <= 0 {
		burst = max(int(math.Ceil(perSecond)), 1)
	}
	return &rates{perSecond: perSecond, burst: burst, keys: map[string]*rate.Limiter{}}
}

// wait counts a request of a key, and returns 0 when it may pass, else how long to wait before the next try.
func (r *rates) wait(key string) time.Duration {
	if r.perSecond <= 0 {
		return 0
	}
	r.mu.Lock()
	l := r.keys[key]
	if l == nil {
		if len(r.keys) >= ratesMax {
			r.keys = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Limit(r.perSecond), r.burst)
		r.keys[key] = l
	}
	r.mu.Unlock()
	turn := l.Reserve()
	wait := turn.Delay()
	if wait > 0 {
		turn.Cancel() // a refused request takes nobody's turn
	}
	return wait
}

// wholeSeconds rounds up, for a try that comes too early is refused again.
func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

func seconds(d time.Duration) string { return strconv.FormatInt(wholeSeconds(d), 10) }

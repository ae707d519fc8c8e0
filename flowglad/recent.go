package flowglad

import (
	"context"
	"math"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A recent remembers for a while what was looked up. It may be used from any goroutine.
type recent[K comparable, V any] struct {
	mu       sync.RWMutex
	known    map[K]seen[V]
	max      int           // how many are remembered
	believed time.Duration // for how long
}

type seen[V any] struct {
	value V
	at    time.Time
}

func newRecent[K comparable, V any](max int, believed time.Duration) *recent[K, V] {
	return &recent[K, V]{known: map[K]seen[V]{}, max: max, believed: believed}
}

// get returns what look returns for k, or returned not too long ago. Errors are not remembered.
func (r *recent[K, V]) get(ctx context.Context, k K, look func(context.Context) (V, error)) (V, error) {
	asked := time.Now()
	r.mu.RLock()
	s, ok := r.known[k]
	r.mu.RUnlock()
	if ok && asked.Sub(s.at) < r.believed {
		return s.value, nil
	}
	v, err := look(ctx)
	if err != nil {
		return v, err
	}
	r.mu.Lock()
	if len(r.known) >= r.max {
		clear(r.known) // most of it is too old to be believed
	}
	r.known[k] = seen[V]{v, asked}
	r.mu.Unlock()
	return v, nil
}

// drop forgets all that was looked up.
func (r *recent[K, V]) drop() {
	r.mu.Lock()
	clear(r.known)
	r.mu.Unlock()
}

// ratesMax is how many keys' rates are remembered.
const ratesMax = 10_000

// rates limits how fast each key, and each customer's pages, send.
type rates struct {
	perSecond float64 // 0: no limit
	burst     int
	mu        sync.Mutex
	known     map[string]*rate.Limiter
}

func newRates(perSecond float64, burst int) *rates {
	if burst <= 0 {
		burst = max(int(math.Ceil(perSecond)), 1)
	}
	return &rates{perSecond: perSecond, burst: burst, known: map[string]*rate.Limiter{}}
}

// pass counts a request, and refuses it when it comes too early.
func (r *rates) pass(who string) error {
	if r.perSecond <= 0 {
		return nil
	}
	r.mu.Lock()
	l := r.known[who]
	if l == nil {
		if len(r.known) >= ratesMax {
			clear(r.known)
		}
		l = rate.NewLimiter(rate.Limit(r.perSecond), r.burst)
		r.known[who] = l
	}
	r.mu.Unlock()
	turn := l.Reserve()
	wait := turn.Delay()
	if wait == 0 {
		return nil
	}
	turn.Cancel() // a refused request takes nobody's turn
	out := refuse(429, tooMany, "Too many requests. Send the same request again after the seconds that Retry-After says.")
	out.wait = strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
	return out
}

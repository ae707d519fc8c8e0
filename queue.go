package tollgate

import (
	"runtime"

	"github.com/tollgate/tollgate/fault"
)

const (
	// queueMax is how many acts wait for a writer before it refuses more.
	queueMax = 100_000
	// groupMax is how many acts share one commit.
	groupMax = 1000
)

func (w *writer) enqueue(ops ...*op) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return fault.New(fault.Unavailable, "Tollgate is shutting down. Send the same request again.")
	case len(w.queue)+len(ops) > queueMax:
		return fault.New(fault.Unavailable, "Too many requests wait to be written. Send the same request again in a moment.")
	}
	w.queue = append(w.queue, ops...)
	w.signal()
	return nil
}

func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// gather lets callers come who are on their way, such as those who were just answered: as long as they keep coming, it
// costs less to write them together than to begin at once. It waits for nobody who is not running.
func (w *writer) gather() {
	for before := -1; ; {
		w.mu.Lock()
		n := len(w.queue)
		w.mu.Unlock()
		if n == before || n > w.share(n) {
			return
		}
		before = n
		runtime.Gosched()
	}
}

// share returns how many of n waiting acts are to be written together: all of them, or where acts are told while the next ones are
// decided, half of those who wait for either, so that there is always work for both.
func (w *writer) share(n int) int {
	if w.teller == nil {
		return min(n, groupMax)
	}
	return min(n, max(aheadMin, (n+w.shared)/2), groupMax)
}

func (w *writer) take() ([]*op, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.share(len(w.queue))
	w.shared = n
	group := w.queue[:n:n]
	w.queue = w.queue[n:]
	if len(w.queue) == 0 {
		w.queue = nil
	}
	return group, w.closed
}

package tollgate

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/internal/store"
)

const (
	// letterKept is for how long what was sent, or given up, is kept for the operator. It is longer than mailYoung and
	// noticeYoung: what caused it does not cause it again.
	letterKept = 30 * 24 * time.Hour
	// purgeEvery is how often a process looks for what is kept no longer.
	purgeEvery = time.Hour
	// purgeAtOnce is how many rows one transaction forgets: others write in between.
	purgeAtOnce = 1000
)

// claimLetters returns letters that are due, and leaves them to the caller for lease.
func (e *Engine) claimLetters(ctx context.Context, box store.Outbox, lease time.Duration, limit int) ([]store.Letter, error) {
	now := e.Now()
	e.purge(string(box), now, func(limit int) (int, error) { return e.db.Purge(ctx, box, now.Add(-letterKept), limit) })
	return e.db.Claim(ctx, box, now, now.Add(lease), limit)
}

// purge calls do until it forgets fewer rows of a table than it may, unless this process did so within purgeEvery. Nothing
// waits for what fails: it is tried again after purgeEvery.
func (e *Engine) purge(table string, now time.Time, do func(limit int) (int, error)) {
	if last, ok := e.purged.Load(table); ok && now.Sub(last.(time.Time)) < purgeEvery {
		return
	}
	e.purged.Store(table, now)
	for {
		n, err := do(purgeAtOnce)
		if err != nil {
			e.log.Warn("what is kept no longer cannot be forgotten now", "table", table, "error", err)
		}
		if err != nil || n < purgeAtOnce {
			return
		}
	}
}

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
)

// claimLetters returns letters that are due, and leaves them to the caller for lease.
func (e *Engine) claimLetters(ctx context.Context, box store.Outbox, lease time.Duration, limit int) ([]store.Letter, error) {
	now := e.Now()
	err := e.purge(string(box), now, func() error { return e.db.Purge(ctx, box, now.Add(-letterKept)) })
	if err != nil {
		return nil, err
	}
	return e.db.Claim(ctx, box, now, now.Add(lease), limit)
}

// purge calls do, unless this process has done it to the same table within purgeEvery.
func (e *Engine) purge(table string, now time.Time, do func() error) error {
	if last, ok := e.purged.Load(table); ok && now.Sub(last.(time.Time)) < purgeEvery {
		return nil
	}
	if err := do(); err != nil {
		return err
	}
	e.purged.Store(table, now)
	return nil
}

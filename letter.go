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
	// letterPurge is how often a process looks for what is kept no longer.
	letterPurge = time.Hour
)

// claimLetters returns letters that are due, and leaves them to the caller for lease.
func (e *Engine) claimLetters(ctx context.Context, box store.Outbox, lease time.Duration, limit int) ([]store.Letter, error) {
	now := e.Now()
	if last, ok := e.purged.Load(box); !ok || now.Sub(last.(time.Time)) >= letterPurge {
		if err := e.db.Purge(ctx, box, now.Add(-letterKept)); err != nil {
			return nil, err
		}
		e.purged.Store(box, now)
	}
	return e.db.Claim(ctx, box, now, now.Add(lease), limit)
}

package tollgate

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/subscription"
)

const (
	// checkAfter is how long after a report Stripe's count is compared with ours: it counts with a delay.
	checkAfter = 30 * time.Minute
	// checksAtOnce is how many reports one round looks up.
	checksAtOnce = 200
)

// checkReports compares what was sent a while ago with what Stripe counts, a period at a time, and returns how many
// periods were compared.
func (e *Engine) checkReports(ctx context.Context) (int, error) {
	now := e.Now()
	rows, err := e.db.ClaimChecks(ctx, now, now.Add(reportWaitMax), checksAtOnce)
	if err != nil {
		return 0, outside("claim reports", err)
	}
	group, all := errgroup.WithContext(ctx)
	group.SetLimit(reportsBeside)
	done := map[store.ReportKey]bool{}
	for i := range rows {
		if k := rows[i].ReportKey; !done[k] {
			done[k] = true
			group.Go(func() error { return e.checkReport(all, &rows[i]) })
		}
	}
	return len(done), group.Wait()
}

func (e *Engine) checkReport(ctx context.Context, r *store.Report) error {
	b, err := e.db.BillingOf(ctx, r.Customer)
	if err != nil {
		return outside("read billing", err)
	}
	before, err := e.db.ReportedOf(ctx, r.ReportKey)
	if err != nil {
		return outside("read reports", err)
	}
	counted, err := e.counted(ctx, b, r)
	if err != nil {
		return err
	}
	trouble := ""
	if counted != before.Events {
		after, err := e.db.ReportedOf(ctx, r.ReportKey)
		if err != nil {
			return outside("read reports", err)
		}
		if after != before || before.Tried {
			return nil // reports are on their way: the next look tells
		}
		trouble = fmt.Sprintf("Stripe counts %d where it was told %d", counted, before.Events)
	}
	return outside("settle report", e.db.SettleChecks(ctx, r.ReportKey, before.Last, trouble))
}

func (e *Engine) counted(ctx context.Context, b store.Billing, r *store.Report) (int64, error) {
	return e.countedIn(ctx, b, r.Event, subscription.Counting(period.Span{Start: r.Start, End: r.End}))
}

func (e *Engine) countedIn(ctx context.Context, b store.Billing, event string, span period.Span) (int64, error) {
	if err := e.seller.reporter.pace.Wait(ctx); err != nil {
		return 0, err
	}
	return e.seller.stripe.Counted(ctx, event, b.Stripe, span)
}

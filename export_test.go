package tollgate

import "context"

// RollUp counts every ledger line into the roll-up of usage at once.
func (e *Engine) RollUp(ctx context.Context) error { return e.rollAll(ctx, 1) }

// UsageOfEvents is Usage read from the events alone.
func (e *Engine) UsageOfEvents(ctx context.Context, r UsageRequest) (UsageReport, error) {
	r.raw = true
	return e.Usage(ctx, r)
}

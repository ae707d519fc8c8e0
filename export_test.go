package tollgate

import "context"

// UsageOfEvents is Usage read from the events alone.
func (e *Engine) UsageOfEvents(ctx context.Context, r UsageRequest) (UsageReport, error) {
	r.raw = true
	return e.Usage(ctx, r)
}

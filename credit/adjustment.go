package credit

import (
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// AdjustmentType says when a limit adjustment applies.
type AdjustmentType string

// The types, by UsageFlow's names.
const (
	OneTime   AdjustmentType = "one_time"  // while the clock is within its span
	Recurring AdjustmentType = "recurring" // to the whole of every window that its span overlaps
)

// AdjustmentTypes lists every type.
func AdjustmentTypes() []AdjustmentType { return []AdjustmentType{OneTime, Recurring} }

// A LimitAdjustment moves one customer's limit of one balance, up or down, for a span of time.
type LimitAdjustment struct {
	ID        string            `json:"id"`
	Balance   id.Slug           `json:"balance"` // a meter or a credits pool
	Amount    quantity.Units    `json:"amount"`  // added to the limit; below zero lowers it
	Type      AdjustmentType    `json:"type"`
	StartsAt  time.Time         `json:"startDate"`
	EndsAt    time.Time         `json:"endDate,omitzero"` // zero: until it is removed
	Reason    string            `json:"reason,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	CreatedAt time.Time         `json:"createdAt"`
	RemovedAt time.Time         `json:"removedAt,omitzero"`
}

// Over reports whether the adjustment can apply no more at now.
func (a LimitAdjustment) Over(now time.Time) bool {
	return !a.RemovedAt.IsZero() || !a.EndsAt.IsZero() && !now.Before(a.EndsAt)
}

// Applies reports whether the adjustment moves the limit of a window that holds now. A window that never ends
// has no next one to apply to, so there a recurring adjustment applies as a one-time one does.
func (a LimitAdjustment) Applies(window period.Span, now time.Time) bool {
	if !a.RemovedAt.IsZero() {
		return false
	}
	span := period.Span{Start: a.StartsAt, End: a.EndsAt}
	if a.Type == Recurring && !window.End.IsZero() {
		return span.Start.Before(window.End) && (span.End.IsZero() || window.Start.Before(span.End))
	}
	return span.Contains(now)
}

// Adjusted returns a limit with the adjustments of its balance that apply: never below zero, and never more than
// one window can count.
func Adjusted(limit quantity.Units, all []LimitAdjustment, balance id.Slug, window period.Span, now time.Time) quantity.Units {
	for _, a := range all {
		if a.Balance == balance && a.Applies(window, now) {
			limit += a.Amount // no overflow: each is at most quantity.Max, and there are not many
		}
	}
	return min(max(limit, 0), quantity.Max)
}

package subscription

import (
	"time"

	"github.com/tollgate/tollgate/period"
)

// Then says what a subscription that is not paid gives once its grace is over.
type Then string

// The choices.
const (
	DefaultPlan Then = "default_plan" // the catalog's default plan
	Keep        Then = "keep"         // the plan that was bought, for as long as the status lasts; no period begins unpaid
	NoAccess    Then = "no_access"    // no plan at all: nothing can be used, not even what is left of grants
)

// Choices lists every Then.
func Choices() []Then { return []Then{DefaultPlan, Keep, NoAccess} }

// A Rule says what one status gives: for the days of its grace the plan that was bought, and then what Then says.
type Rule struct {
	Grace period.Days `json:"grace"`
	Then  Then        `json:"then"` // empty is DefaultPlan
}

// A Policy says what a subscription that is not paid gives, by its status. The zero value gives the default plan at once.
type Policy struct {
	PastDue    Rule `json:"past_due"`   // a renewal was not paid yet; its grace begins when that was due
	Unpaid     Rule `json:"unpaid"`     // nor was it by any retry; its grace begins when that was due
	Paused     Rule `json:"paused"`     // a trial ended without a card; its grace begins there
	Incomplete Rule `json:"incomplete"` // the first payment has not come: no grace, and nothing to keep
}

// GraceDefault is the grace of a renewal that is past due when no policy says otherwise.
const GraceDefault period.Days = 7

// DefaultPolicy gives a renewal that is past due the grace, and then, as every other status at once, the default plan.
func DefaultPolicy() Policy {
	rule := Rule{Then: DefaultPlan}
	return Policy{PastDue: Rule{Grace: GraceDefault, Then: DefaultPlan}, Unpaid: rule, Paused: rule, Incomplete: rule}
}

// Statuses lists the statuses that a Policy is about.
func (Policy) Statuses() []Status { return []Status{PastDue, Unpaid, Paused, Incomplete} }

// Rule returns the rule of a status, and false when the policy is not about it.
func (p *Policy) Rule(s Status) (*Rule, bool) {
	switch s {
	case PastDue:
		return &p.PastDue, true
	case Unpaid:
		return &p.Unpaid, true
	case Paused:
		return &p.Paused, true
	case Incomplete:
		return &p.Incomplete, true
	}
	return nil, false
}

// lapsed returns when the grace of a subscription began: when the oldest invoice that is open was made, or the period that is
// not paid began, or the trial ended that nobody pays after.
func (p Picture) lapsed(s *Subscription) time.Time {
	if s.Status == Paused && !s.TrialEnd.IsZero() {
		return s.TrialEnd
	}
	due := s.PeriodStart
	for _, i := range p.Invoices {
		if i.Subscription == s.ID && i.Status == "open" && i.CreatedAt.Before(due) {
			due = i.CreatedAt
		}
	}
	return due
}

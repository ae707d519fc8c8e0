package subscription_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/subscription"
)

// standing is a picture of a subscription to pro in a status: paid for January, due since 15 February, or after a trial that
// ended then.
func standing(status subscription.Status) subscription.Picture {
	s := sub("s", "pro", status, on(2, 15), on(3, 15))
	paid := bill("i1", "subscription_create", "paid", on(1, 15), "pro", 800, on(1, 15), on(2, 15))
	due := bill("i2", "subscription_cycle", "open", on(2, 15), "pro", 800, on(2, 15), on(3, 15))
	switch status {
	case subscription.Trialing, subscription.Paused:
		s.TrialStart, s.TrialEnd = on(1, 15), on(2, 15)
		paid.Lines[0].Amount, paid.AmountPaid = 0, 0
		return subscription.Picture{Subscriptions: []subscription.Subscription{s}, Invoices: []subscription.Invoice{paid}}
	case subscription.Incomplete, subscription.IncompleteExpired:
		s.CreatedAt = on(2, 15)
		due.Reason = "subscription_create"
		return subscription.Picture{Subscriptions: []subscription.Subscription{s}, Invoices: []subscription.Invoice{due}}
	case subscription.Active:
		due.Status = "paid"
	}
	return subscription.Picture{Subscriptions: []subscription.Subscription{s}, Invoices: []subscription.Invoice{paid, due}}
}

// TestWhatEachStatusGives is the table of docs/stripe.md: each status under each rule, within its grace and after it.
func TestWhatEachStatusGives(t *testing.T) {
	t.Parallel()
	const pro, free, none = "pro", "", "no access"
	due := on(2, 15)
	day := 24 * time.Hour
	within, after := due.Add(2*day), due.Add(3*day)
	for _, tt := range []struct {
		status subscription.Status
		then   subscription.Then // empty: whatever the policy, with a grace of 3 days
		within string
		after  string
		until  bool // within the grace its end is known
	}{
		{subscription.Trialing, "", pro, pro, false},
		{subscription.Active, "", pro, pro, false},
		{subscription.PastDue, subscription.DefaultPlan, pro, free, true},
		{subscription.PastDue, subscription.Keep, pro, pro, false},
		{subscription.PastDue, subscription.NoAccess, pro, none, true},
		{subscription.Unpaid, subscription.DefaultPlan, pro, free, true},
		{subscription.Unpaid, subscription.Keep, pro, pro, false},
		{subscription.Unpaid, subscription.NoAccess, pro, none, true},
		{subscription.Paused, subscription.DefaultPlan, pro, free, true},
		{subscription.Paused, subscription.Keep, pro, pro, false},
		{subscription.Paused, subscription.NoAccess, pro, none, true},
		{subscription.Incomplete, subscription.DefaultPlan, free, free, false},
		{subscription.Incomplete, subscription.NoAccess, none, none, false},
		{subscription.IncompleteExpired, "", free, free, false},
		{subscription.Canceled, "", free, free, false},
	} {
		choices := []subscription.Then{tt.then}
		if tt.then == "" {
			choices = subscription.Choices()
		}
		for _, then := range choices {
			t.Run(fmt.Sprintf("%s, %s", tt.status, then), func(t *testing.T) {
				t.Parallel()
				rule := subscription.Rule{Grace: 3, Then: then}
				policy := subscription.Policy{PastDue: rule, Unpaid: rule, Paused: rule, Incomplete: subscription.Rule{Then: then}}
				for _, at := range []struct {
					now   time.Time
					want  string
					until bool
				}{{within, tt.within, tt.until}, {after.Add(-time.Microsecond), tt.within, tt.until}, {after, tt.after, false}, {after.Add(300 * day), tt.after, false}} {
					d := subscription.Decide(standing(tt.status), policy, at.now)
					got := string(d.Plan)
					if d.NoAccess {
						got += none
					}
					if got != at.want || d.Status != tt.status {
						t.Errorf("at %s it gives %q (%s), want %q", at.now, got, d.Status, at.want)
					}
					if until := d.Until.Equal(after); until != at.until || !until && !d.Until.IsZero() {
						t.Errorf("at %s the plan is lost at %s", at.now, d.Until)
					}
				}
			})
		}
	}
}

// TestWithoutAPolicyOnlyWhatIsPastDueHasAGrace: seven days, and then the default plan, as all else at once.
func TestWithoutAPolicyOnlyWhatIsPastDueHasAGrace(t *testing.T) {
	t.Parallel()
	due := on(2, 15)
	for _, tt := range []struct {
		status subscription.Status
		now    time.Time
		plan   id.Slug
	}{
		{subscription.PastDue, due.Add(period.Days(7).Duration() - 1), "pro"},
		{subscription.PastDue, due.Add(period.Days(7).Duration()), ""},
		{subscription.Unpaid, due, ""},
		{subscription.Paused, due, ""},
		{subscription.Incomplete, due, ""},
	} {
		d := subscription.Decide(standing(tt.status), subscription.DefaultPolicy(), tt.now)
		if d.Plan != tt.plan || d.NoAccess {
			t.Errorf("%s at %s gives %q (no access: %t), want %q", tt.status, tt.now, d.Plan, d.NoAccess, tt.plan)
		}
	}
}

// TestAGraceIsCountedFromTheOldestInvoiceThatIsOpen: a second one that comes due begins no second grace.
func TestAGraceIsCountedFromTheOldestInvoiceThatIsOpen(t *testing.T) {
	t.Parallel()
	p := standing(subscription.Unpaid)
	p.Subscriptions[0].PeriodStart, p.Subscriptions[0].PeriodEnd = on(3, 15), on(4, 15)
	p.Invoices = append(p.Invoices, bill("i3", "subscription_cycle", "open", on(3, 15), "pro", 800, on(3, 15), on(4, 15)))
	policy := subscription.Policy{Unpaid: subscription.Rule{Grace: 20, Then: subscription.NoAccess}}
	if d := subscription.Decide(p, policy, on(3, 16)); !d.NoAccess || d.Plan != "" {
		t.Errorf("a day after the second renewal the plan is %q (no access: %t), want no access since 7 March", d.Plan, d.NoAccess)
	}
}

// TestNoPolicyGivesAPeriodThatIsNotPaid: whatever is kept, the paid period is none that a policy could make.
func TestNoPolicyGivesAPeriodThatIsNotPaid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, now := drawPicture(t), drawDay(t)
		d := subscription.Decide(p, drawPolicy(t), now)
		if d.NoAccess && d.Plan != "" || d.Plan == "" && !d.Paid.None() {
			t.Fatalf("the plan is %q, with a period %v (no access: %t)", d.Plan, d.Paid.Span, d.NoAccess)
		}
		keeps := subscription.Policy{}
		for _, s := range keeps.Statuses() {
			rule, _ := keeps.Rule(s)
			rule.Then = subscription.Keep
		}
		if kept := subscription.Decide(p, keeps, now); d.Plan != "" && !d.Paid.Equal(kept.Paid) {
			t.Fatalf("the period is %v under one policy, and %v under another", d.Paid, kept.Paid)
		}
	})
}

package subscription

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// A Decision is what follows from a picture.
type Decision struct {
	Subscription *Subscription  // the one that counts; nil when there never was one
	Beside       []Subscription // further live ones, which give nothing; the one that would count next first
	Plan         id.Slug        // in force; empty is the catalog's default, or none with NoAccess
	NoAccess     bool           // nothing can be used
	Status       Status         // of Subscription; Active without one
	Paid         Paid
	Since        time.Time // when Subscription began
	Until        time.Time // when Plan is lost unless Stripe says otherwise before; zero is never
	Grants       []Grant
	ClawBacks    []ClawBack
}

// A Grant is what a payment bought.
type Grant struct {
	ID        id.Transaction
	Balance   id.Slug
	Amount    quantity.Units
	ExpiresAt time.Time // zero is never
	Payment   string
}

// A ClawBack says how much of a grant is to be taken for a refund or dispute. It may be more or less than before: the claw-backs of a grant
// come to the share of its money that has gone, whatever has failed or was won meanwhile.
type ClawBack struct {
	ID     string // of the refund or dispute
	Grant  id.Transaction
	Amount quantity.Units // 0 takes nothing; for what is spent of it the catalog has a policy
	Undone string         // why the money is there: the refund failed, say; empty when it is gone
	Reason string         // refund or dispute
}

// Disputed reports whether a dispute is the cause, and not a refund.
func (c ClawBack) Disputed() bool { return c.Reason == reasonDispute }

const (
	reasonRefund  = "refund"
	reasonDispute = "dispute"
)

// Decide returns what a customer has, from everything Stripe says of it. It depends on nothing but its arguments: the
// same picture, seen twice or after any others, gives the same.
//
//   - The plan is what was bought of the subscription that counts: of several live ones the one of the better status, and of those
//     the newest. While that is past due, unpaid, paused or incomplete, the plan is what the policy says. What else lives is paid for
//     and gives nothing.
//   - The period is the newest one that a paid invoice bills in advance. Its allowance is given by the invoice that began
//     it: a first one, a renewal, or the one that ended a trial. An invoice for a change within it moves at most its end.
//   - A payment of a top-up gives its grants once. Refunds and disputes take their share of them back, and of the period's
//     allowance.
func Decide(p Picture, policy Policy, now time.Time) Decision {
	d := Decision{Status: Active}
	if all := ranked(p.Subscriptions); len(all) > 0 {
		s := &all[0]
		d.Subscription, d.Status, d.Since = s, s.Status, s.CreatedAt
		d.Beside = slices.DeleteFunc(all[1:], func(s Subscription) bool { return s.Status.Over() })
		d.access(p, s, policy, now)
		if d.Plan != "" {
			d.Paid = paid(p, s)
		}
	}
	for _, pay := range slices.SortedFunc(slices.Values(p.Payments), func(a, b Payment) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	}) {
		d.topUp(pay)
	}
	return d
}

// ranked returns subscriptions, the one that counts first: a live one before one that has ended, the better status before the worse,
// the newer before the older.
func ranked(all []Subscription) []Subscription {
	rank := []Status{Active, Trialing, PastDue, Unpaid, Paused, Incomplete, Canceled, IncompleteExpired}
	return slices.SortedFunc(slices.Values(all), func(a, b Subscription) int {
		return cmp.Or(cmp.Compare(slices.Index(rank, a.Status), slices.Index(rank, b.Status)), b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
}

// access decides which plan a subscription puts in force, and until when.
func (d *Decision) access(p Picture, s *Subscription, policy Policy, now time.Time) {
	if s.Status == Trialing || s.Status == Active {
		d.Plan = p.bought(s, now)
		return
	}
	rule, ok := policy.Rule(s.Status)
	if !ok { // over
		return
	}
	until := p.lapsed(s).Add(rule.Grace.Duration())
	switch {
	case rule.Then == Keep:
		d.Plan = p.bought(s, now)
	case now.Before(until):
		d.Plan, d.Until = p.bought(s, now), until
	default:
		d.NoAccess = rule.Then == NoAccess
	}
}

// bought returns the plan that the newest paid line of a subscription's invoices is for: a dearer plan counts when its
// difference is paid, a cheaper one from the renewal on, and in a trial the one it began with. A subscription that nothing was paid for has the plan it names.
func (p Picture) bought(s *Subscription, now time.Time) id.Slug {
	plan := s.Plan()
	var of Invoice
	var by InvoiceLine
	newer := func(i Invoice, l InvoiceLine) bool {
		return cmp.Or(l.End.Compare(by.End), i.CreatedAt.Compare(of.CreatedAt), changes(i)-changes(of), named(s, l)-named(s, by),
			cmp.Compare(i.ID, of.ID), cmp.Compare(l.Plan, by.Plan)) > 0
	}
	for _, i := range p.Invoices {
		if i.Subscription != s.ID || i.Status != "paid" {
			continue
		}
		for _, l := range i.Lines {
			if l.Subscription != s.ID || l.Plan == "" || l.Meter != "" || l.Amount < 0 || l.Start.After(now) {
				continue
			}
			if l.Amount > 0 && l.End.After(s.PeriodEnd) { // of a year that a change to a month has cut short
				continue
			}
			if newer(i, l) {
				plan, of, by = l.Plan, i, l
			}
		}
	}
	return plan
}

// changes is 1 for the invoice of a change, which comes after the one that began its period though both be of one second.
func changes(i Invoice) int {
	if i.Reason == "subscription_update" {
		return 1
	}
	return 0
}

// named is 1 for a line of the plan that a subscription names: of changes within one second, that is the last.
func named(s *Subscription, l InvoiceLine) int {
	if l.Plan == s.Plan() {
		return 1
	}
	return 0
}

// paid returns the period that was paid for, or the trial.
func paid(p Picture, s *Subscription) Paid {
	var out Paid
	var of Invoice
	licensed := func(l InvoiceLine) bool {
		return l.Subscription == s.ID && !l.Proration && s.advance(l)
	}
	for _, i := range p.Invoices {
		if i.Subscription != s.ID || i.Status != "paid" {
			continue
		}
		for _, l := range i.Lines {
			if !licensed(l) || !l.Start.Before(s.TrialStart) && l.Start.Before(s.TrialEnd) { // of a trial, though it ended before its time
				continue
			}
			begins := i.Reason == "subscription_create" || i.Reason == "subscription_cycle" || l.Start.Equal(s.TrialEnd)
			newer := cmp.Or(l.Start.Compare(out.Start), i.CreatedAt.Compare(of.CreatedAt), cmp.Compare(i.ID, of.ID), l.End.Compare(out.End)) > 0
			if begins && (newer || out.None()) {
				out.Span, out.At, out.Amount, of = period.Span{Start: l.Start, End: l.End}, i.CreatedAt, i.AmountPaid, i
			}
		}
	}
	if out.None() {
		if s.TrialEnd.IsZero() {
			return Paid{}
		}
		// Over or not: until the invoice that follows is paid, what the trial has left is all there is.
		return Paid{Span: period.Span{Start: s.TrialStart, End: s.TrialEnd}}
	}
	for _, i := range p.Invoices { // a change that was billed at once, such as from a month to a year
		if i.Subscription != s.ID || i.Status != "paid" || i.Reason != "subscription_update" {
			continue
		}
		for _, l := range i.Lines {
			if licensed(l) && l.Start.After(out.Start) && l.Start.Before(out.End) && l.End.Equal(s.PeriodEnd) {
				out.End = l.End
			}
		}
	}
	for _, pay := range p.Payments {
		if of.ID != "" && pay.Invoice == of.ID {
			out.Refunded += pay.gone()
		}
	}
	out.Refunded = min(out.Refunded, out.Amount)
	return out
}

// advance reports whether a line bills an item in advance.
func (s *Subscription) advance(l InvoiceLine) bool {
	if l.Meter != "" {
		return false
	}
	for _, i := range s.Items {
		if i.ID == l.Item {
			return i.Meter == ""
		}
	}
	return l.Plan != ""
}

// gone returns how much of a payment went back.
func (p Payment) gone() int64 {
	var sum int64
	for _, r := range p.Returns {
		if r.Stands() {
			sum += r.Amount
		}
	}
	return min(sum, p.Amount)
}

// topUp adds what a payment bought, and what of it goes back.
func (d *Decision) topUp(p Payment) {
	if p.Status != "succeeded" || len(p.Grants) == 0 {
		return
	}
	returns := slices.SortedFunc(slices.Values(p.Returns), func(a, b Return) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	cause := p.Intent
	if cause == "" {
		cause = p.ID
	}
	for _, slug := range slices.Sorted(maps.Keys(p.Grants)) {
		g := Grant{ID: id.Transaction("top-up:" + cause + ":" + string(slug)), Balance: slug, Amount: p.Grants[slug], Payment: p.ID}
		if p.Expires > 0 {
			g.ExpiresAt = p.CreatedAt.Add(p.Expires)
		}
		d.Grants = append(d.Grants, g)
		d.takeBack(p, g, returns)
	}
}

// takeBack adds what the returns of a payment take of a grant, each what is left to take for it by those before: so together they
// take the share of all that money, whatever their order.
func (d *Decision) takeBack(p Payment, g Grant, returns []Return) {
	var before int64
	for _, r := range returns {
		if r.Inquiry() { // to give back what it never took would undo what a newer reading takes
			continue
		}
		c := ClawBack{ID: r.ID, Grant: g.ID, Reason: reasonRefund}
		if r.Dispute {
			c.Reason = reasonDispute
		}
		if r.Stands() {
			after := min(before+r.Amount, p.Amount)
			c.Amount = share(g.Amount, after, p.Amount) - share(g.Amount, before, p.Amount)
			before = after
		} else {
			c.Undone = r.undone()
		}
		d.ClawBacks = append(d.ClawBacks, c)
	}
}

// share returns part of all of some units, in whole units, rounded in the customer's favour.
func share(units quantity.Units, part, all int64) quantity.Units {
	if part >= all {
		return units
	}
	taken := units.Share(part, all)
	return taken - taken%quantity.One
}

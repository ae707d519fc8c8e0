package plan

import (
	"slices"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/subscription"
)

// graceMax is the longest grace of a subscription that is not paid.
const graceMax period.Days = 365

// returns reads what becomes of spent units when money goes back: refunds or disputes.
func (r *reader) returns(f fields, key string, otherwise credit.ClawBackPolicy) Returns {
	out := Returns{Spent: otherwise}
	n := f.values[key]
	if n == nil {
		return out
	}
	g := r.fields(n, key, "spent")
	if !g.has("spent") {
		g.missing("spent", "write spent: "+list(credit.ClawBackPolicies(), "or"))
		return out
	}
	out.Spent = choice(g, "spent", credit.ClawBackPolicies())
	return out
}

// access reads what subscriptions that are not paid give. What the document does not name is as in
// subscription.DefaultPolicy.
func (r *reader) access(f fields) subscription.Policy {
	p := subscription.DefaultPolicy()
	n := f.values["access"]
	if n == nil {
		return p
	}
	var known []string
	for _, s := range p.Statuses() {
		known = append(known, string(s))
	}
	g := r.fields(n, "access", known...)
	for _, s := range p.Statuses() {
		if g.has(string(s)) {
			rule, _ := p.Rule(s)
			*rule = r.rule(g.values[string(s)], s, *rule)
		}
	}
	return p
}

// rule reads what one status gives. A grace that is not named is otherwise's, but for a plan that is kept, which needs none.
func (r *reader) rule(n *node, s subscription.Status, otherwise subscription.Rule) subscription.Rule {
	f := r.fields(n, join("access", string(s)), "then", "grace")
	choices := subscription.Choices()
	if s == subscription.Incomplete {
		choices = slices.DeleteFunc(choices, func(t subscription.Then) bool { return t == subscription.Keep })
	}
	out := subscription.Rule{Then: otherwise.Then, Grace: f.days("grace", 0, graceMax, otherwise.Grace)}
	switch {
	case !f.has("then"):
		f.missing("then", "write then: "+list(choices, "or"))
	case s == subscription.Incomplete && f.values["then"].text == string(subscription.Keep):
		f.wrong("then", "write "+list(choices, "or"), "the first payment has not come, so there is nothing to keep")
	default:
		out.Then = choice(f, "then", choices)
	}
	switch {
	case out.Then == subscription.Keep && !f.has("grace"):
		out.Grace = 0
	case out.Then == subscription.Keep && out.Grace > 0:
		f.wrong("grace", "leave it out", "a plan that is kept needs no grace")
	case s == subscription.Incomplete && out.Grace > 0:
		f.wrong("grace", "leave it out", "the first payment has not come, so there is no plan to leave in force")
	}
	return out
}

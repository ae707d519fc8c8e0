package plan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

const (
	// TrialDaysMax is the longest trial, as Stripe's trial_period_days
	// (https://docs.stripe.com/api/subscriptions/create).
	TrialDaysMax period.Days = 730
	// PositionMax is the largest position of a plan.
	PositionMax = 1_000_000
)

func (r *reader) plan(d draft, slug id.Slug, n *node, path string) {
	f := r.fields(n, path, "name", "description", "position", "default", "guest", "trial", "includes",
		"features", "prices", "slug")
	f.own(slug)
	p := Plan{
		Slug:        slug,
		Name:        f.text("name", string(slug)),
		Description: f.text("description", ""),
		Position:    f.whole("position", 1, PositionMax, len(d.Plans)+1),
		Default:     f.flag("default"),
		Guest:       f.flag("guest"),
		TrialDays:   f.days("trial", 1, TrialDaysMax, 0),
		Includes:    map[id.Slug]Allowance{},
		Features:    map[id.Slug]Value{},
	}
	if p.Default && p.Guest {
		f.wrong("guest", "make a plan of its own for guests", "the plan is both the default and for guests")
	}
	r.named(f.values["includes"], join(path, "includes"), func(s id.Slug, n *node, path string) {
		p.Includes[s] = r.allowance(d, s, n, path)
	})
	r.named(f.values["features"], join(path, "features"), func(s id.Slug, n *node, path string) {
		r.value(d, p.Features, s, n, path)
	})
	p.Prices = r.prices(d, p, f.values["prices"], join(path, "prices"))
	d.Plans[slug] = p
}

// dangling reports a slug that nothing defines. What is defined under a slug that is refused itself is not suggested.
func (r *reader) dangling(n *node, path, what string, slug id.Slug, defined []id.Slug) {
	defined = slices.DeleteFunc(slices.Clone(defined), func(s id.Slug) bool { return !s.Valid() })
	if len(defined) == 0 {
		r.report(n, path, "define it first", "there is no %s %s", what, quote(string(slug)))
		return
	}
	r.report(n, path, suggest(string(slug), defined), "there is no %s %s", what, quote(string(slug)))
}

func keys[V any](m map[id.Slug]V) []id.Slug { return slices.Sorted(maps.Keys(m)) }

// balances lists what an allowance or a grant can name.
func (d draft) balances() []id.Slug { return append(keys(d.Meters), keys(d.Credits)...) }

func (r *reader) allowance(d draft, slug id.Slug, n *node, path string) Allowance {
	f := r.fields(n, path, "limit", "every", "soft", "rollover", "overage")
	decimals, known := d.Decimals(slug)
	if !known {
		r.dangling(n.key, path, "meter or credits pool", slug, d.balances())
		decimals = quantity.DecimalsMax
	}
	a := Allowance{Every: choice(f, "every", period.Choices()), Soft: f.flag("soft")}
	limit := f.values["limit"]
	switch {
	case limit == nil:
		f.missing("limit", "write limit: 1000, or limit: unlimited")
	case limit.kind == scalar && limit.text == unlimited:
		a.Unlimited = true
	default:
		a.Limit, _ = r.units(limit, join(path, "limit"), decimals, false, "or unlimited")
	}
	switch {
	case !f.has("every") && a.Unlimited:
		a.Every = period.BillingPeriod
	case !f.has("every"):
		f.missing("every", "write when the limit renews: every: "+list(period.Choices(), "or"))
	}
	if a.Unlimited && a.Soft {
		f.wrong("soft", "leave it out", "what is unlimited has no limit to exceed")
	}
	a.Rollover = r.rollover(f, a, decimals)
	a.Overage = r.overage(d, f, a)
	return a
}

func (r *reader) rollover(f fields, a Allowance, decimals int) *Rollover {
	n := f.values["rollover"]
	if n == nil {
		return nil
	}
	if a.Unlimited {
		f.wrong("rollover", "leave it out", "what is unlimited leaves nothing to carry over")
	}
	if a.Every == period.Never {
		f.wrong("rollover", "leave it out, or write every: billing_period", "the limit never renews, so nothing can be carried over")
	}
	path := join(f.path, "rollover")
	g := r.fields(n, path, "max")
	if !g.has("max") {
		g.missing("max", "write rollover: {max: 500}")
		return nil
	}
	most, ok := r.units(g.values["max"], join(path, "max"), decimals, true, "")
	if !ok {
		return nil
	}
	return &Rollover{Max: most}
}

// value reads what a plan gives for the feature named slug.
func (r *reader) value(d draft, into map[id.Slug]Value, slug id.Slug, n *node, path string) {
	feature, ok := d.Features[slug]
	if !ok {
		r.dangling(n.key, path, "feature", slug, keys(d.Features))
		return
	}
	switch feature.Type {
	case Number:
		v := Value{Type: Number, On: true, Unlimited: n.kind == scalar && n.text == unlimited}
		if !v.Unlimited {
			v.Number, _ = r.units(n, path, quantity.DecimalsMax, false, "or unlimited")
		}
		into[slug] = v
	case Text:
		_, isNumber := quantity.Parse(n.text)
		_, isSwitch := boolean(n)
		switch {
		case n.kind != scalar || n.text == "" || !n.quoted && (isNumber == nil || isSwitch):
			r.report(n, path, `write a text such as "standard"`, "the feature is a text, and this is %s", n.what())
		case !printable(n.text):
			r.report(n, path, "write letters, digits and signs", "the text has control characters")
		case n.text == unlimited:
			r.report(n, path, "write another word, or type: number in the feature", "only a number can be unlimited")
		default:
			into[slug] = Value{Type: Text, On: true, Text: n.text}
		}
	case Switch:
		on, ok := boolean(n)
		if !ok {
			r.report(n, path, "write true or false", "the feature is a switch, and this is %s", n.what())
		}
		into[slug] = Value{Type: Switch, On: on}
	}
}

func (r *reader) topUp(d draft, slug id.Slug, n *node, path string) {
	f := r.fields(n, path, "name", "amount", "currency", "grants", "expires", "slug")
	f.own(slug)
	r.sell(d, slug, n.key, path)
	f.sameCurrency(d)
	t := TopUp{
		Slug:     slug,
		Name:     f.text("name", string(slug)),
		Amount:   f.amount("amount", d.Currency, 1),
		Currency: d.Currency,
		Grants:   map[id.Slug]quantity.Units{},
	}
	if expires := f.values["expires"]; expires != nil && expires.text != "never" {
		t.Expires = f.days("expires", 1, period.DaysMax, 0)
	}
	r.named(f.values["grants"], join(path, "grants"), func(s id.Slug, n *node, path string) {
		decimals, ok := d.Decimals(s)
		if !ok {
			r.dangling(n.key, path, "meter or credits pool", s, d.balances())
			return
		}
		t.Grants[s], _ = r.units(n, path, decimals, true, "")
	})
	if g := f.values["grants"]; g == nil || g.kind == null || g.kind == mapping && len(g.entries) == 0 {
		f.wrong("grants", "write grants: {"+fmt.Sprint(first(d.balances(), "credits"))+": 500}", "the top-up grants nothing")
	}
	d.TopUps[slug] = t
}

func first(slugs []id.Slug, otherwise id.Slug) id.Slug {
	if len(slugs) == 0 {
		return otherwise
	}
	return slugs[0]
}

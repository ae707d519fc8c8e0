package credit_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// begun is when a tale begins, and billing periods do.
var begun = time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)

// paidOnce is the rhythm of a subscription whose first period was paid, and lasts until the next one is.
const paidOnce period.Every = "paid once"

// A rhythm is what a plan gives and how often it renews.
type rhythm struct {
	every period.Every // empty: not in the plan
	terms credit.Terms
}

func rhythms() []rhythm {
	return []rhythm{
		{},
		{period.Day, credit.Terms{Limit: 20}},
		{period.Day, credit.Terms{Limit: 20, Rollover: 5}},
		{period.Day, credit.Terms{Limit: 10, Soft: true}},
		{period.Day, credit.Terms{Unlimited: true}},
		{period.Week, credit.Terms{Limit: 30, Rollover: 30}},
		{period.Week, credit.Terms{Limit: 12, Soft: true}},
		{period.Month, credit.Terms{Limit: 60}},
		{period.Month, credit.Terms{Unlimited: true}},
		{period.BillingPeriod, credit.Terms{Limit: 500, Rollover: 30}},
		{period.BillingPeriod, credit.Terms{Limit: 50}},
		{paidOnce, credit.Terms{Limit: 200, Billed: true, Paid: begun}},
		{period.Never, credit.Terms{Limit: 15}},
		{period.Never, credit.Terms{Limit: 40, Soft: true}},
	}
}

// at returns the terms at a moment of who has been on them since another.
func (r rhythm) at(now, since time.Time) credit.Terms {
	window := func(t time.Time) period.Span {
		if r.every != paidOnce {
			return period.Window(r.every, nil, period.Cycle{Anchor: begun}, t)
		}
		paid := period.Span{Start: begun, End: begun.AddDate(0, 1, 0)}
		for !t.Before(paid.End) {
			paid.End = paid.End.AddDate(0, 0, 7)
		}
		return paid
	}
	t := r.terms
	t.Window, t.Since, t.First = window(now), since, window(since)
	return t
}

// A tale is what happens to an account; a pause is nothing but time.
type tale struct {
	at   time.Time
	act  string // consume, record, hold, release, grant, change, or touch, which does nothing
	n    quantity.Units
	plan int
}

// drawTale draws what happens, and in between instants at which somebody may look.
func drawTale(t *rapid.T, plans []int) []tale {
	now := begun
	out := []tale{{at: now, act: "consume"}} // an account, and what it carries over, begins with its first line
	for range rapid.IntRange(2, 25).Draw(t, "acts") {
		now = now.Add(time.Duration(rapid.SampledFrom([]int{1, 1, 7, 30, 200}).Draw(t, "hours")) * time.Hour / 2)
		out = append(out, tale{
			at: now, act: rapid.SampledFrom([]string{"consume", "consume", "record", "hold", "release", "grant", "change", "change", "touch", "touch", "touch"}).Draw(t, "act"),
			n: quantity.Units(rapid.IntRange(1, 25).Draw(t, "n")), plan: rapid.SampledFrom(plans).Draw(t, "plan"),
		})
	}
	return append(out, tale{at: now.Add(time.Hour), act: "end"})
}

// A teller plays a tale. With touches it brings the account up to date, and keeps that, whenever somebody looks.
type teller struct {
	touches bool
	told    bool // the account is put on new terms as they change; else whoever touches it next finds them changed
	state   credit.State
	lines   []credit.Entry
	plan    rhythm
	since   time.Time
	hold    string   // the last one
	said    []string // what each act led to
}

func (p *teller) play(t *rapid.T, all []tale) {
	for i, a := range all {
		terms := p.plan.at(a.at, p.since)
		r := credit.Request{Cause: fmt.Sprint("act", i), Meter: "m", Aggregation: meter.Sum, Amount: a.n, Cost: quantity.One}
		switch a.act {
		case "touch":
			if p.touches {
				r.Kind, r.Amount = credit.KindConsume, 0
				p.apply(a.at, terms, r)
			}
			continue
		case "change":
			to := rhythms()[a.plan]
			if p.told {
				state, lines := credit.Change(p.state, terms, to.at(a.at, a.at), a.at)
				p.state, p.lines = state, append(p.lines, lines...)
			}
			p.plan, p.since = to, a.at
			if p.touches {
				p.apply(a.at, p.plan.at(a.at, p.since), credit.Request{})
			}
			continue
		case "hold":
			p.hold = r.Cause
			r.Kind, r.ExpiresAt = credit.KindHold, a.at.Add(time.Duration(a.n)*time.Hour)
		case "release":
			r.Kind, r.Cause = credit.KindRelease, p.hold // open or not
		case "grant":
			r.Kind, r.Lot = credit.KindGrant, credit.Lot{ID: r.Cause, Source: "bonus", Amount: a.n, Priority: 50 + 25*int(a.n%4), CreatedAt: a.at, StartsAt: a.at, ExpiresAt: a.at.Add(time.Duration(a.n) * 5 * time.Hour)}
		case "end":
		default:
			r.Kind = credit.Kind(a.act)
		}
		said := p.apply(a.at, terms, r)
		s := &p.state
		reckons(t, s, a.at)
		p.said = append(p.said, fmt.Sprintf("%s %s %s: %s; available %s, used %s, limit %s, held %s, balance %s, until %s",
			a.at.Format("Jan 2 15:04"), a.act, a.n, said, s.Available(a.at), s.Window.Used, s.Limit, s.Held(), s.Balance(), s.Window.End))
	}
	folded, err := credit.Fold(credit.State{}, p.lines)
	if err == nil {
		err = folded.Same(&p.state)
	}
	if err != nil {
		t.Fatalf("the ledger: %v", err)
	}
}

func (p *teller) apply(now time.Time, terms credit.Terms, r credit.Request) string {
	s, lines, res, err := credit.Apply(p.state, terms, r, now)
	p.state, p.lines = s, append(p.lines, lines...)
	if err != nil {
		return "refused"
	}
	return res.Charge.String()
}

// alike plays a tale with and without somebody who looks, and fails when that makes a difference.
func alike(t *rapid.T, told bool, all []tale) {
	seen, unseen := teller{touches: true, told: told}, teller{told: told}
	seen.play(t, all)
	unseen.play(t, all)
	for i := range seen.said {
		if seen.said[i] != unseen.said[i] {
			t.Fatalf("looking made a difference. With:\n  %s\nwithout:\n  %s\nof %v", seen.said[i], unseen.said[i], all)
		}
	}
}

// TestLookingAtABalanceChangesNothing: whether and when anything touches an account makes no difference to it, whatever plans
// it goes through.
func TestLookingAtABalanceChangesNothing(t *testing.T) {
	t.Parallel()
	plans := make([]int, len(rhythms()))
	for i := range plans {
		plans[i] = i
	}
	rapid.Check(t, func(t *rapid.T) { alike(t, true, drawTale(t, plans)) })
}

// TestTermsFoundChangedCountFromTheirBeginning is the same for terms that changed behind the account's back, as a published
// catalog does. What rolls over goes by the terms that are found, so these plans have none.
func TestTermsFoundChangedCountFromTheirBeginning(t *testing.T) {
	t.Parallel()
	var plans []int
	for i, r := range rhythms() {
		if r.terms.Rollover == 0 {
			plans = append(plans, i)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		all := drawTale(t, plans)
		for i := range all { // what changed is found before it changes again
			if all[i].act == "change" && i > 0 && all[i-1].act != "end" {
				all[i-1].act = "consume"
			}
		}
		alike(t, false, all)
	})
}

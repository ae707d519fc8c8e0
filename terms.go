package tollgate

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/period"
)

// terms returns what a customer's plan and its limit adjustments give a balance at now.
func (e *Engine) terms(b *book, c *store.Customer, slug id.Slug, now time.Time) credit.Terms {
	t := credit.Terms{Keep: b.keeps[slug], NoAccess: c.Plan == "", Since: c.Since}
	if since := b.since[[2]id.Slug{c.Plan, slug}]; since.After(t.Since) {
		t.Since = since
	}
	a, ok := b.plan(c.Plan).Includes[slug]
	if !ok {
		t.Limit = credit.Adjusted(0, c.Adjustments, slug, period.Span{}, now)
		return t
	}
	t.Limit, t.Unlimited, t.Soft = a.Limit, a.Unlimited, a.Soft
	if t.Billed = billed(a.Every) && !c.Paid.None(); t.Billed {
		decimals, _ := b.Decimals(slug)
		t.Paid, t.Limit = c.Paid.At, c.Paid.Limit(a.Limit, decimals)
		if t.Limit != a.Limit {
			t.Reason = reasonPaidBack
		}
	}
	t.Window = e.window(b, c, a.Every, now)
	if t.First = t.Window; !t.Since.IsZero() && !t.Window.Contains(t.Since) {
		t.First = e.window(b, c, a.Every, t.Since)
	}
	t.Limit = credit.Adjusted(t.Limit, c.Adjustments, slug, t.Window, now)
	if a.Unlimited {
		t.Limit = 0
	}
	if a.Rollover != nil {
		t.Rollover = a.Rollover.Max
	}
	return t
}

// billed reports whether an allowance renews with what is paid for, where anything is.
func billed(every period.Every) bool {
	return every == period.BillingMonth || every == period.BillingPeriod
}

// window returns the window of a customer's allowance that holds t.
func (e *Engine) window(b *book, c *store.Customer, every period.Every, t time.Time) period.Span {
	if billed(every) && !c.Paid.None() {
		return c.Paid.Window(every == period.BillingMonth, t)
	}
	return period.Window(every, e.zone(b, c.Timezone), c.Cycle, t)
}

// date finds since when the windows of each plan and balance have had their rhythm.
func (b *book) date() {
	b.plans, b.since = map[id.Slug]bool{}, map[[2]id.Slug]time.Time{}
	for slug := range b.Plans {
		b.plans[slug] = true
	}
	if b.before == nil {
		return
	}
	for slug := range b.before.plans {
		b.plans[slug] = true
	}
	balances := map[id.Slug]bool{}
	for _, of := range []*book{b, b.before} {
		for p := range b.plans {
			for slug := range of.plan(p).Includes {
				balances[slug] = true
			}
		}
	}
	for p := range b.plans {
		for slug := range balances {
			k := [2]id.Slug{p, slug}
			at, ok := b.before.since[k]
			if b.rhythm(p, slug) != b.before.rhythm(p, slug) {
				at, ok = b.published, true
			}
			if ok {
				b.since[k] = at
			}
		}
	}
}

// rhythm says in which windows a plan gives of a balance, as far as the catalog decides it.
func (b *book) rhythm(planSlug, slug id.Slug) string {
	a, ok := b.plan(planSlug).Includes[slug]
	switch {
	case !ok:
		return string(period.Never) // as what no plan includes
	case a.Every == period.Day || a.Every == period.Week || a.Every == period.Month:
		return string(a.Every) + " " + b.Location().String()
	}
	return string(a.Every)
}

// changeTerms puts the accounts of a customer on what to gives, where from gave what it says, within a transaction that keeps others
// from changing the customer. It is done with the change and not by who next touches an account, for what is used of a window
// depends on whether it had begun by then. Who loses all access keeps its windows as they are: nothing is used of them, and they may
// be given back.
func (e *Engine) changeTerms(ctx context.Context, tx *store.Tx, from, to *store.Customer) error {
	if to.Plan == "" {
		return nil
	}
	if from.Plan == "" {
		from = to
	}
	accounts, err := tx.AccountsOf(ctx, from.Key)
	if err != nil || len(accounts) == 0 {
		return err
	}
	var w store.Want
	for _, a := range accounts {
		w.Accounts = append(w.Accounts, a.AccountKey)
	}
	b := e.book.Load()
	return tx.Locked(ctx, w, func(f store.Found) (*store.Batch, error) {
		var batch store.Batch
		for _, k := range w.Accounts {
			a := f.Accounts[k]
			if a == nil {
				continue
			}
			now := a.State.At(e.Now())
			state, lines := credit.Change(a.State, e.terms(b, from, k.Slug, now), e.terms(b, to, k.Slug, now), now)
			if len(lines) == 0 {
				continue
			}
			a.State, a.Counted = state, false
			batch.Accounts = append(batch.Accounts, a)
			for _, line := range lines {
				batch.Entries = append(batch.Entries, &store.Entry{AccountKey: k, Entry: line})
			}
		}
		return &batch, nil
	})
}

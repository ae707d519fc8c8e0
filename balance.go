package tollgate

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
)

// Balance returns a balance of a customer as it is now: of a meter or of a credits pool. A balance nobody has
// touched shows what the plan gives. Faults: not_found for an unknown customer or balance.
func (e *Engine) Balance(ctx context.Context, customer id.Customer, slug id.Slug) (credit.Balance, error) {
	b := e.book.Load()
	if !b.IsBalance(slug) {
		return credit.Balance{}, e.unknownBalance(slug)
	}
	c, err := e.Customer(ctx, customer)
	if err != nil {
		return credit.Balance{}, err
	}
	state, now, err := e.state(ctx, b, c, slug)
	if err != nil {
		return credit.Balance{}, err
	}
	return shownBalance(&state, c.Plan, slug, now), nil
}

// shownBalance returns a balance in full. That of a customer whose subscription gives no access is suspended.
func shownBalance(s *credit.State, plan, slug id.Slug, now time.Time) credit.Balance {
	b := s.View(slug, now)
	b.Suspended = b.Suspended || plan == ""
	return b
}

// state returns an account brought up to date; nothing is written.
func (e *Engine) state(ctx context.Context, b *book, c Customer, slug id.Slug) (credit.State, time.Time, error) {
	found, err := e.db.Accounts(ctx, []store.AccountKey{{Customer: c.key, Slug: slug}})
	if err != nil {
		return credit.State{}, time.Time{}, outside("read balance", err)
	}
	var s credit.State
	if len(found) > 0 {
		s = found[0].State
	}
	return e.current(b, c, slug, s)
}

// current brings an account as it was written up to date.
func (e *Engine) current(b *book, c Customer, slug id.Slug, s credit.State) (credit.State, time.Time, error) {
	now := s.At(e.Now())
	s, _, _, err := credit.Apply(s, e.terms(b, &c.row, slug, now), credit.Request{}, now)
	return s, now, err
}

// Balances returns every balance that a customer's plan includes or that the customer has used or been granted, in
// the order of their slugs. Faults: not_found.
func (e *Engine) Balances(ctx context.Context, customer id.Customer) ([]credit.Balance, error) {
	b := e.book.Load()
	c, err := e.Customer(ctx, customer)
	if err != nil {
		return nil, err
	}
	return e.balances(ctx, b, c)
}

// balances returns every balance that a customer's plan includes or that the customer has used or been granted, in the order
// of their slugs.
func (e *Engine) balances(ctx context.Context, b *book, c Customer) ([]credit.Balance, error) {
	rows, err := e.db.AccountsOf(ctx, c.key)
	if err != nil {
		return nil, outside("read balances", err)
	}
	states := map[id.Slug]credit.State{}
	for slug := range b.plan(c.Plan).Includes {
		states[slug] = credit.State{}
	}
	for _, a := range c.row.Adjustments {
		if b.IsBalance(a.Balance) && !a.Over(e.Now()) {
			states[a.Balance] = credit.State{}
		}
	}
	for _, a := range rows {
		states[a.Slug] = a.State
	}
	out := []credit.Balance{}
	for _, slug := range slices.Sorted(maps.Keys(states)) {
		s := states[slug]
		now := s.At(e.Now())
		s, _, _, err := credit.Apply(s, e.terms(b, &c.row, slug, now), credit.Request{}, now)
		if err != nil {
			return nil, err
		}
		out = append(out, shownBalance(&s, c.Plan, slug, now))
	}
	return out, nil
}

// BalanceAt returns a balance as it was at t, rebuilt from the ledger lines recorded by then and the plan the
// customer was on. A t before the customer existed is an empty balance. Faults: not_found; invalid_request for a
// t in the future, but for AheadMax, by which the caller's clock may be ahead: then it counts as now.
func (e *Engine) BalanceAt(ctx context.Context, customer id.Customer, slug id.Slug, t time.Time) (credit.Balance, error) {
	now := e.Now()
	if t.After(now.Add(AheadMax)) {
		return credit.Balance{}, fault.Field("at", t, nil, "at lies in the future, and what happens until then is not known: send a moment of the past, or leave it out for the balance of now.")
	}
	if t.After(now) {
		t = now
	}
	t = t.UTC().Truncate(time.Microsecond)
	b := e.book.Load()
	if !b.IsBalance(slug) {
		return credit.Balance{}, e.unknownBalance(slug)
	}
	c, err := e.Customer(ctx, customer)
	if err != nil {
		return credit.Balance{}, err
	}
	var state credit.State
	var terms credit.Terms
	err = e.db.View(ctx, func(tx *store.Tx) error {
		err := tx.PlanAt(ctx, &c.row, t)
		if store.None(err) {
			return nil
		}
		if err != nil {
			return err
		}
		terms = e.terms(b.at(t), &c.row, slug, t)
		return eachLine(ctx, tx, store.AccountKey{Customer: c.key, Slug: slug}, func(line store.Line) (bool, error) {
			if line.RecordedAt.After(t) {
				return false, nil
			}
			state, err = credit.Fold(state, []credit.Entry{line.Entry})
			return true, err
		})
	})
	if err != nil {
		return credit.Balance{}, outside("rebuild balance", err)
	}
	if state.Seq > 0 && state.Window.Span.Equal(terms.Window) { // the limit of then, not of today's catalog
		terms.Limit, terms.Unlimited, terms.Soft = state.Limit, state.Unlimited, state.Soft
	}
	state, _, _, err = credit.Apply(state, terms, credit.Request{}, t)
	return shownBalance(&state, c.row.Plan, slug, t), err
}

// eachLine calls do with the lines of an account in their order until it returns false.
func eachLine(ctx context.Context, tx *store.Tx, k store.AccountKey, do func(store.Line) (bool, error)) error {
	var after int64
	for {
		lines, err := tx.Lines(ctx, k, after, PageMax)
		if err != nil {
			return err
		}
		for _, line := range lines {
			if more, err := do(line); err != nil || !more {
				return err
			}
			after = line.Seq
		}
		if len(lines) < PageMax {
			return nil
		}
	}
}

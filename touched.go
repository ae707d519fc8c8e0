package tollgate

import (
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/internal/store"
)

// A touched account is one that acts of a view are decided on, as those so far have left it.
type touched struct {
	store.Account
	slot  *slot // in the cache
	lines int   // written to it
}

// customer returns the customer of an act as this view knows it, and as the cache does; nil when it does not exist.
func (v *view) customer(o *op) (*store.Customer, *member) {
	if v.found == nil {
		return &o.m.Customer, o.m
	}
	m := v.w.cacheOf(o).member(o.customer)
	c, ok := v.found.Customers[o.key]
	if !ok {
		return nil, nil
	}
	if m == nil || m.Version != c.Version {
		m = v.w.cacheOf(o).add(*c) // or the accounts to be cached below would be judged by an old plan
	}
	return c, m
}

// account returns the account of an act of m's as the acts so far have left it, nil when it is not at hand.
func (v *view) account(o *op, m *member) *touched {
	s := m.slot(o.slug)
	if s.view == v.number && s.next.Customer == o.key {
		return s.next
	}
	src := s.account
	if v.found != nil {
		src = v.found.Accounts[store.AccountKey{Customer: o.key, Slug: o.slug}]
		if src != nil && s.account != nil && s.account.Version != src.Version {
			v.crossed++
		}
	}
	if src == nil {
		return nil
	}
	a := &touched{Account: *src, slot: s} // Apply never changes a state in place, so a shallow copy will do
	a.Counted = true
	s.next, s.view = a, v.number
	v.accounts = append(v.accounts, a)
	return a
}

// terms is Engine.terms for an account of c, which are the same for as long as their window lasts.
func (v *view) terms(a *touched, c *store.Customer, now time.Time) credit.Terms {
	s := a.slot
	if s.book == v.book && s.terms.Window.Contains(now) {
		return s.terms
	}
	t := v.w.engine.terms(v.book, c, a.Slug, now)
	s.book = nil
	if len(c.Adjustments) == 0 && c.Paid.None() { // which begin and end on their own
		s.book, s.terms = v.book, t
	}
	return t
}

package tollgate

import "github.com/tollgate/tollgate/internal/store"

// A touched account is one that acts of a view are decided on, as those so far have left it.
type touched struct {
	store.Account
	of    *member // whose it is in the cache
	lines int     // written to it
}

// customer returns the customer of an act as this view knows it, and as the cache does; nil when it does not exist.
func (v *view) customer(o *op) (*store.Customer, *member) {
	m := v.w.cacheOf(o).member(o.customer)
	if v.found == nil {
		if m == nil {
			return nil, nil
		}
		return &m.Customer, m
	}
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
	k := store.AccountKey{Customer: o.key, Slug: o.slug}
	if a := v.accounts[k]; a != nil {
		return a
	}
	known := m.accounts[o.slug]
	src := known
	if v.found != nil {
		src = v.found.Accounts[k]
		if src != nil && known != nil && known.Version != src.Version {
			v.crossed++
		}
	}
	if src == nil {
		return nil
	}
	a := &touched{Account: *src, of: m} // Apply never changes a state in place, so a shallow copy will do
	a.Counted = true
	v.accounts[k] = a
	return a
}

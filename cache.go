package tollgate

import (
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
)

const (
	// membersMax is how many customers a writer remembers in each of two generations.
	membersMax = 10_000
	// recentMax is how many transactions a writer remembers in each of two generations, to look a repeat up rather
	// than have its unique key abort the group. The database, not this, says whether it is one.
	recentMax = 8_000
)

// A member is a customer and its accounts as their writer knows them.
type member struct {
	store.Customer
	accounts map[id.Slug]*store.Account
}

// A cache belongs to one writer. It keeps two generations: when the young one is full it becomes the old one,
// and what is used again moves back to the young.
type cache struct {
	young, old   map[id.Customer]*member
	recent, past map[store.Name]bool
}

func newCache() cache {
	return cache{young: map[id.Customer]*member{}, recent: map[store.Name]bool{}}
}

func (c *cache) member(name id.Customer) *member {
	if m := c.young[name]; m != nil {
		return m
	}
	m := c.old[name]
	if m != nil {
		c.keep(name, m)
	}
	return m
}

func (c *cache) keep(name id.Customer, m *member) {
	if len(c.young) >= membersMax {
		c.old, c.young = c.young, make(map[id.Customer]*member, membersMax)
	}
	c.young[name] = m
}

func (c *cache) add(customer store.Customer) {
	c.keep(customer.ExternalID, &member{Customer: customer, accounts: map[id.Slug]*store.Account{}})
}

func (c *cache) drop(name id.Customer) {
	delete(c.young, name)
	delete(c.old, name)
}

func (c *cache) account(name id.Customer, slug id.Slug) *store.Account {
	if m := c.member(name); m != nil {
		return m.accounts[slug]
	}
	return nil
}

func (c *cache) put(name id.Customer, a *store.Account) {
	if m := c.member(name); m != nil {
		m.accounts[a.Slug] = a
	}
}

// knows reports whether a transaction was recorded a moment ago.
func (c *cache) knows(n store.Name) bool { return c.recent[n] || c.past[n] }

func (c *cache) remember(n store.Name) {
	if len(c.recent) >= recentMax {
		c.past, c.recent = c.recent, make(map[store.Name]bool, recentMax)
	}
	c.recent[n] = true
}

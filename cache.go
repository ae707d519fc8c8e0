package tollgate

import (
	"hash/maphash"
	"sync"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
)

const (
	// membersMax is how many customers a cache remembers in each of two generations.
	membersMax = 10_000
	// recentMax is how many transactions a cache remembers in each of two generations, to look a repeat up rather
	// than have its unique key abort the group. The database, not this, says whether it is one.
	recentMax = 8_000
)

// A member is a customer and its accounts as this process last read or wrote them.
type member struct {
	store.Customer
	accounts map[id.Slug]*store.Account
}

// A cache is what is known of a shard of the customers, of which there are as many as writers. It keeps two generations: when the young one
// is full it becomes the old one, and what is used again moves back to the young.
type cache struct {
	mu           sync.Mutex // held by the writer that decides acts of these customers, until their commit is over
	young, old   map[id.Customer]*member
	recent, past map[uint64]struct{} // marks of transactions
	seed         maphash.Seed
}

func newCache() *cache {
	return &cache{young: map[id.Customer]*member{}, recent: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
}

// mark stands for a transaction. Two may share one: then the second is looked up for nothing.
func (c *cache) mark(n store.Name) uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2^64 / golden ratio: spreads keys that follow one another
	return maphash.String(c.seed, n.Name) ^ uint64(n.Customer)*odd
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

func (c *cache) add(customer store.Customer) *member {
	m := &member{Customer: customer, accounts: map[id.Slug]*store.Account{}}
	c.keep(customer.ExternalID, m)
	return m
}

func (c *cache) drop(name id.Customer) {
	delete(c.young, name)
	delete(c.old, name)
}

// knows reports whether a transaction was recorded a moment ago, as far as its mark tells.
func (c *cache) knows(n store.Name) bool {
	mark := c.mark(n)
	if _, ok := c.recent[mark]; ok {
		return true
	}
	_, ok := c.past[mark]
	return ok
}

func (c *cache) remember(n store.Name) {
	if len(c.recent) >= recentMax {
		c.past, c.recent = c.recent, make(map[uint64]struct{}, recentMax)
	}
	c.recent[c.mark(n)] = struct{}{}
}

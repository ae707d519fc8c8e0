package tollgate

import (
	"hash/maphash"
	"sync"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/quantity"
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
	accounts map[id.Slug]*slot
	paid     paid
}

// paid is what pays for the meter that a member used last.
type paid struct {
	book  *book
	meter id.Slug
	payer
}

// A slot is where a member keeps an account, and what follows from it and would take time to find again.
type slot struct {
	account *store.Account // nil when it is not known

	next *touched // the account as the acts of a view leave it
	view uint64   // its number

	book    *book        // of which terms are
	terms   credit.Terms // while their window lasts
	backlog *backlog     // see roller
}

// slot returns where m keeps an account.
func (m *member) slot(slug id.Slug) *slot {
	s := m.accounts[slug]
	if s == nil {
		s = new(slot)
		m.accounts[slug] = s
	}
	return s
}

// payer is book.payer for the plan of m.
func (m *member) payer(b *book, meter id.Slug) (id.Slug, quantity.Units) {
	if m.paid.book != b || m.paid.meter != meter {
		m.paid = paid{book: b, meter: meter}
		m.paid.balance, m.paid.cost = b.payer(m.Plan, meter)
	}
	return m.paid.balance, m.paid.cost
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

// mark stands for the transaction of an act, or the one that it claims. Two may share one: that costs a look-up for nothing or another attempt, and no more.
func (c *cache) mark(o *op) uint64 {
	if o.mark == 0 {
		const odd = 0x9e3779b97f4a7c15 // 2^64 / golden ratio: spreads keys that follow one another
		o.mark = maphash.String(c.seed, string(o.transaction())) ^ uint64(o.key)*odd
	}
	return o.mark
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
	m := &member{Customer: customer, accounts: map[id.Slug]*slot{}}
	c.keep(customer.ExternalID, m)
	return m
}

func (c *cache) drop(name id.Customer) {
	delete(c.young, name)
	delete(c.old, name)
}

// knows reports whether the transaction of an act was recorded a moment ago, as far as its mark tells.
func (c *cache) knows(o *op) bool {
	mark := c.mark(o)
	if _, ok := c.recent[mark]; ok {
		return true
	}
	_, ok := c.past[mark]
	return ok
}

func (c *cache) remember(o *op) {
	if len(c.recent) >= recentMax {
		c.past, c.recent = c.recent, make(map[uint64]struct{}, recentMax)
	}
	c.recent[c.mark(o)] = struct{}{}
}

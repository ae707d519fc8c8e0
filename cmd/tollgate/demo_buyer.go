package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
)

// What is sold, of the sample catalog.
const (
	demoSellsPro      = id.Slug("pro_monthly")
	demoSellsScale    = id.Slug("scale_monthly") // billed by use, too
	demoSellsRequests = id.Slug("requests_100")
	demoSellsCredits  = id.Slug("token_credits_1000")
)

// How many customers buy.
const (
	demoBuyers      = 20
	demoBuyersScale = 4
	demoBuyersTopUp = 2 // of each top-up
)

// A demoBuyer is a customer over its limit, and what it buys.
type demoBuyer struct {
	customer int // of the demo's customers
	name     id.Customer
	slug     id.Slug // of a price of a plan, or of a top-up
	quantity int64
	served   demoTally // after it has paid
}

// A demoOffer is what a slug stands for in the catalog.
type demoOffer struct {
	slug   id.Slug
	name   string
	plan   id.Slug // empty for a top-up
	amount money.Amount
	grants map[id.Slug]quantity.Units // of a top-up
}

// topUp reports whether it is bought once, and no plan.
func (o demoOffer) topUp() bool { return o.plan == "" }

// offer looks up what is sold for a price of its own; the zero offer when nothing is.
func (s *demoShop) offer(slug id.Slug) demoOffer {
	if t, ok := s.catalog.TopUps[slug]; ok {
		return demoOffer{slug, t.Name, "", money.Amount{Minor: t.Amount, Currency: t.Currency}, t.Grants}
	}
	for _, p := range s.catalog.Plans {
		for _, price := range p.Prices {
			if price.Slug == slug && price.Meter == "" {
				return demoOffer{slug, p.Name, p.Slug, money.Amount{Minor: price.Amount, Currency: price.Currency}, nil}
			}
		}
	}
	return demoOffer{slug: slug}
}

// buyers returns who buys, and who tries to with a card that is declined: customers on Pro who have run out of requests
// buy more of them, two on Free who have run out of credits buy credits, and of all others on Free those who were refused
// most requests go to Scale, the next ones to Pro.
func (s *demoShop) buyers() (pay []demoBuyer, declined demoBuyer, err error) {
	taken := map[int]bool{}
	add := func(slug id.Slug, plan id.Slug, n int, refused func(*demoTally) int, quantity func(refused int) int64) {
		var found []int
		for i, c := range s.customers {
			if c.plan == plan && !taken[i] && refused(&s.tallies[i]) > 0 {
				found = append(found, i)
			}
		}
		slices.SortStableFunc(found, func(a, b int) int { return cmp.Compare(refused(&s.tallies[b]), refused(&s.tallies[a])) })
		for _, i := range found[:min(n, len(found))] {
			taken[i] = true
			pay = append(pay, demoBuyer{customer: i, name: s.customers[i].name, slug: slug, quantity: quantity(refused(&s.tallies[i]))})
		}
	}
	unserved := func(t *demoTally) int { return len(t.unserved) }
	unpaid := func(t *demoTally) int { return len(t.unpaid) }
	one := func(int) int64 { return 1 }
	add(demoSellsRequests, "pro", demoBuyersTopUp, unserved, func(refused int) int64 {
		const each = 100
		return int64((refused + each - 1) / each)
	})
	add(demoSellsCredits, "free", demoBuyersTopUp, unpaid, one)
	add(demoSellsScale, "free", demoBuyersScale, unserved, one)
	add(demoSellsPro, "free", demoBuyers-len(pay)+1, unserved, one)
	if len(pay) <= demoBuyers {
		return nil, declined, fmt.Errorf("%d customers are over their limit, too few for the %d who are to pay", len(pay), demoBuyers)
	}
	return pay[:demoBuyers], pay[demoBuyers], nil
}

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

// A balance is what a page says is left of something. chat.js keeps it true.
type balance struct {
	Slug       id.Slug
	Name       string
	Left       quantity.Units
	Of         quantity.Units // what a full one is: the plan's and what was bought
	Low, Empty quantity.Units // below these it is nearly used up: a quarter and a tenth
	Terms      string         // 20 a day
	Renews     string         // when there is more; empty when never
}

// balances returns what a customer has left, by slug. A guest who is not kept yet has all that guests get.
func (s *site) balances(ctx context.Context, who tollgate.Customer) ([]balance, error) {
	catalog := s.engine.Catalog()
	of := catalog.Plans[who.Plan]
	all, err := s.engine.Balances(ctx, who.ExternalID)
	if fault.Has(err, fault.NotFound) {
		err = nil
		for _, slug := range slices.Sorted(maps.Keys(of.Includes)) {
			limit := of.Includes[slug].Limit
			all = append(all, credit.Balance{Slug: slug, Limit: &limit, Available: &limit})
		}
	}
	var out []balance
	for _, b := range all {
		if b.Unlimited {
			continue
		}
		full := *b.Limit
		if b.Granted != nil {
			full += *b.Granted
		}
		shown := balance{Slug: b.Slug, Name: nameOf(catalog, b.Slug), Left: *b.Available, Of: full, Low: full / 4, Empty: full / 10, Terms: terms(of.Includes[b.Slug])}
		if b.ResetsAt != nil {
			shown.Renews = b.ResetsAt.Format("2 January, 15:04 UTC")
		}
		out = append(out, shown)
	}
	return out, err
}

// nameOf returns what people call a balance.
func nameOf(c *plan.Catalog, slug id.Slug) string {
	if pool, ok := c.Credits[slug]; ok {
		return pool.Name
	}
	return c.Meters[slug].Name
}

// terms says what an allowance is.
func terms(a plan.Allowance) string {
	switch {
	case a.Unlimited:
		return "unlimited"
	case a.Every == period.Never:
		return fmt.Sprintf("%s in all", a.Limit)
	case a.Every == period.BillingPeriod:
		return fmt.Sprintf("%s per billing period", a.Limit)
	case a.Every == period.BillingMonth:
		return fmt.Sprintf("%s a month", a.Limit)
	}
	return fmt.Sprintf("%s a %s", a.Limit, a.Every)
}

// date writes a day for people.
func date(t time.Time) string { return t.Format("2 Jan 2006") }

// amount writes money for people.
func amount(minor int64, currency string) string {
	return money.Amount{Minor: minor, Currency: currency}.Format()
}

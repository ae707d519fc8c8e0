package tollgate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

// A book is the catalog in force with what follows from it. It is immutable.
type book struct {
	*plan.Catalog
	text   string
	keeps  map[id.Slug]bool // balances that a last meter pays from
	payers map[[2]id.Slug]payer
}

// A payer is what pays for a meter on a plan.
type payer struct {
	balance id.Slug
	cost    quantity.Units // of the balance per unit of the meter
}

func emptyBook() *book { return &book{Catalog: &plan.Catalog{}} }

func newBook(c *plan.Catalog, text string) *book {
	b := &book{Catalog: c, text: text, keeps: map[id.Slug]bool{}, payers: map[[2]id.Slug]payer{}}
	for plan, p := range c.Plans {
		for m := range c.Meters {
			balance, cost := c.Payer(p, m)
			b.payers[[2]id.Slug{plan, m}] = payer{balance, cost}
		}
	}
	for slug, m := range c.Meters {
		if m.Aggregation == meter.Last {
			b.keeps[slug] = true
		}
	}
	for slug, pool := range c.Credits {
		for m := range pool.Costs {
			b.keeps[slug] = b.keeps[slug] || b.keeps[m]
		}
	}
	return b
}

// plan returns the plan of a slug: for one that has left the catalog the default plan, and for none a plan with nothing in it.
func (b *book) plan(slug id.Slug) plan.Plan {
	if p, ok := b.Plans[slug]; ok || slug == "" {
		return p
	}
	return b.DefaultPlan()
}

// payer returns the balance that pays for a meter on a plan, and its cost per unit of the meter.
func (b *book) payer(planSlug, m id.Slug) (id.Slug, quantity.Units) {
	if p, ok := b.payers[[2]id.Slug{planSlug, m}]; ok {
		return p.balance, p.cost
	}
	return b.Payer(b.plan(planSlug), m)
}

// terms returns what a customer's plan and its limit adjustments give a balance at now.
func (e *Engine) terms(b *book, c *store.Customer, slug id.Slug, now time.Time) credit.Terms {
	a, ok := b.plan(c.Plan).Includes[slug]
	if !ok {
		return credit.Terms{Keep: b.keeps[slug], NoAccess: c.Plan == "", Limit: credit.Adjusted(0, c.Adjustments, slug, period.Span{}, now)}
	}
	t := credit.Terms{Limit: a.Limit, Unlimited: a.Unlimited, Soft: a.Soft, Keep: b.keeps[slug]}
	monthly := a.Every == period.BillingMonth
	if t.Billed = (monthly || a.Every == period.BillingPeriod) && !c.Paid.None(); t.Billed {
		decimals, _ := b.Decimals(slug)
		t.Window, t.Paid, t.Limit = c.Paid.Window(monthly, now), c.Paid.At, c.Paid.Limit(a.Limit, decimals)
	} else {
		t.Window = period.Window(a.Every, e.zone(b, c.Timezone), c.Cycle, now)
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

// zone returns a customer's time zone, or the catalog's.
func (e *Engine) zone(b *book, name string) *time.Location {
	if name == "" {
		return b.Location()
	}
	if z, ok := e.zones.Load(name); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		z = b.Location() // checked when it was written; a later tzdata may have dropped it
	}
	e.zones.Store(name, z)
	return z
}

// reload reads the newest catalog, if there is one.
func (e *Engine) reload(ctx context.Context) error {
	d, err := e.db.Catalog(ctx)
	if store.None(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read catalog: %w", err)
	}
	c, err := plan.Parse("catalog", []byte(d.Text))
	if err != nil {
		return fmt.Errorf("catalog version %d: %w", d.Version, err)
	}
	c.Version = d.Version
	for { // never replace a newer one
		old := e.book.Load()
		if old.Version >= c.Version || e.book.CompareAndSwap(old, newBook(c, d.Text)) {
			return nil
		}
	}
}

// watchCatalog notices catalogs that other processes publish, until ctx ends.
func (e *Engine) watchCatalog(ctx context.Context) {
	defer close(e.stopped)
	tick := time.NewTicker(catalogPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		v, err := e.db.CatalogVersion(ctx)
		if err == nil && v > e.book.Load().Version {
			err = e.reload(ctx)
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			e.log.Warn("the catalog cannot be read; the one in force stays", "error", err)
		}
	}
}

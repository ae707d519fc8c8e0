package tollgate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

// A book is the catalog in force with what follows from it. It is immutable.
type book struct {
	*plan.Catalog
	text      string
	published time.Time
	before    *book            // the catalog that this one replaced; nil for the first
	keeps     map[id.Slug]bool // balances that a last meter pays from
	payers    map[[2]id.Slug]payer
	plans     map[id.Slug]bool         // of this catalog and those before it
	since     map[[2]id.Slug]time.Time // when a plan's windows of a balance last took on another rhythm; those left out never did
}

// A payer is what pays for a meter on a plan.
type payer struct {
	balance id.Slug
	cost    quantity.Units // of the balance per unit of the meter
}

func emptyBook() *book { return &book{Catalog: &plan.Catalog{}} }

// newBook returns the book of a catalog that replaces the one of before; nil for none.
func newBook(c *plan.Catalog, text string, published time.Time, before *book) *book {
	b := &book{Catalog: c, text: text, published: published, before: before, keeps: map[id.Slug]bool{}, payers: map[[2]id.Slug]payer{}}
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
	b.date()
	return b
}

// at returns the book of the catalog that was in force at t.
func (b *book) at(t time.Time) *book {
	for b.before != nil && t.Before(b.published) {
		b = b.before
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

// reload reads the catalogs published since the one in force, if there are any.
func (e *Engine) reload(ctx context.Context) error {
	for { // never replace a newer one
		old := e.book.Load()
		b, err := e.newerBook(ctx, old)
		if err != nil || b == old || e.book.CompareAndSwap(old, b) {
			return err
		}
	}
}

// newerBook returns the book of the newest catalog, old itself when there is no newer one. Of a catalog in between that this
// version can no longer read, nothing is known.
func (e *Engine) newerBook(ctx context.Context, old *book) (*book, error) {
	all, err := e.db.CatalogsAfter(ctx, old.Version)
	if err != nil {
		return nil, err
	}
	b := old
	for i, d := range all {
		c, err := plan.Parse("catalog", []byte(d.Text))
		if err != nil && i < len(all)-1 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("catalog version %d: %w", d.Version, err)
		}
		c.Version = d.Version
		before := b
		if before.Version == 0 {
			before = nil
		}
		b = newBook(c, d.Text, d.PublishedAt, before)
	}
	return b, nil
}

// meterThen returns a meter as it was when something of it was recorded: what the catalog has made of it since, or that it has
// let go of it, changes nothing about that. The zero Meter is one that no catalog had.
func (b *book) meterThen(slug id.Slug, at time.Time) meter.Meter {
	for then := b.at(at); then != nil; then = then.before { // a process may have gone by an older catalog for a moment
		if m, ok := then.Meters[slug]; ok {
			return m
		}
	}
	return b.Meters[slug]
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

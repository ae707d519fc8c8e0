package flowglad

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/plan"
)

// edit publishes the catalog in force with a change, as JSON: comments of the document are lost with it. Changes from this
// process follow one another; one published elsewhere at the same moment may be overwritten.
func (s *Server) edit(ctx context.Context, change func(*plan.Catalog) error) error {
	s.editing.Lock()
	defer s.editing.Unlock()
	text, err := json.Marshal(s.engine.Catalog())
	if err != nil {
		return fmt.Errorf("spell the catalog: %w", err)
	}
	var c plan.Catalog
	if err := json.Unmarshal(text, &c); err != nil {
		return fmt.Errorf("read the catalog: %w", err)
	}
	c.Version = 0
	if err := change(&c); err != nil {
		return err
	}
	if text, err = json.MarshalIndent(&c, "", "  "); err != nil {
		return fmt.Errorf("spell the catalog: %w", err)
	}
	_, err = s.engine.Publish(ctx, "catalog.json", text, false)
	return err
}

// slugFor returns the slug sent, or one made of the name.
func slugFor(sent *string, name string) (id.Slug, error) {
	var b strings.Builder
	if sent != nil && *sent != "" {
		b.WriteString(*sent)
	} else {
		for _, r := range strings.ToLower(name) {
			switch {
			case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
				b.WriteRune(r)
			case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
				b.WriteByte('_')
			}
		}
	}
	slug := id.Slug(strings.TrimRight(b.String(), "_"))
	if sent != nil && *sent != "" {
		slug = id.Slug(*sent)
	}
	if !slug.Valid() {
		return "", invalid("slug: %q is not a name of lower-case letters, digits, _ and -, up to %d bytes.", string(slug), id.SlugBytesMax)
	}
	return slug, nil
}

// A productWrite is a product as it is sent.
type productWrite struct {
	ID          string  `json:"id"`
	Name        *string `json:"name"`
	Slug        *string `json:"slug"`
	Description *string `json:"description"`
	Active      *bool   `json:"active"`
	Default     *bool   `json:"default"`
}

// A priceWrite is a price as it is sent.
type priceWrite struct {
	ID              string  `json:"id"`
	Type            string  `json:"type"`
	ProductID       string  `json:"productId"`
	Slug            *string `json:"slug"`
	Name            *string `json:"name"`
	UnitPrice       int64   `json:"unitPrice"`
	IntervalUnit    string  `json:"intervalUnit"`
	IntervalCount   *int    `json:"intervalCount"`
	TrialPeriodDays *int    `json:"trialPeriodDays"`
	Active          *bool   `json:"active"`
	IsDefault       *bool   `json:"isDefault"`
}

// createProduct is POST products: a plan with one price and the features named. Top-ups and metered prices say more than a
// product can, so they are written in the catalog.
func (s *Server) createProduct(c *call) (any, error) {
	var in struct {
		Product    productWrite `json:"product"`
		Price      *priceWrite  `json:"price"`
		FeatureIDs []string     `json:"featureIds"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	w := in.Product
	switch {
	case w.Name == nil || *w.Name == "":
		return nil, invalid("product.name is missing.")
	case w.Default != nil && *w.Default:
		return nil, invalid("Which plan is the default is said in the catalog: publish it with `tollgate apply`.")
	case w.Active != nil && !*w.Active:
		return nil, invalid("A plan of the catalog is active: leave it out until it is.")
	}
	slug, err := slugFor(w.Slug, *w.Name)
	if err != nil {
		return nil, err
	}
	err = s.edit(c.Context(), func(cat *plan.Catalog) error {
		if _, ok := cat.Plans[slug]; ok {
			return refuse(409, conflict, "There is a product %q already.", string(slug))
		}
		p := plan.Plan{Slug: slug, Name: *w.Name, Position: 1, Features: map[id.Slug]plan.Value{}}
		for _, other := range cat.Plans {
			p.Position = max(p.Position, other.Position+1)
		}
		if w.Description != nil {
			p.Description = *w.Description
		}
		for _, of := range in.FeatureIDs {
			f, ok := cat.Features[id.Slug(strings.TrimPrefix(of, "feat_"))]
			if !ok || f.Type != plan.Switch {
				return invalid("There is no feature %q that is on or off.", of)
			}
			p.Features[f.Slug] = plan.Value{Type: plan.Switch, On: true}
		}
		if in.Price != nil && in.Price.UnitPrice != 0 {
			if err := addPrice(cat, &p, *in.Price); err != nil {
				return err
			}
		}
		cat.Plans[slug] = p
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.productNow(c, planID(slug))
}

// productNow answers with a product as it is after a change.
func (s *Server) productNow(c *call, productID string) (any, error) {
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	p, err := sh.product(productID)
	return productAnswer{p.head()}, err
}

// addPrice adds a flat price to a plan.
func addPrice(cat *plan.Catalog, p *plan.Plan, w priceWrite) error {
	switch {
	case w.Type != ofSubscription:
		return invalid("A %s price is written in the catalog: publish it with `tollgate apply`.", w.Type)
	case w.IntervalUnit != string(plan.Month) && w.IntervalUnit != string(plan.Year), w.IntervalCount != nil && *w.IntervalCount != 1:
		return invalid("A price is charged every month or every year.")
	case w.UnitPrice < 0 || w.UnitPrice > money.AmountMinorMax:
		return invalid("unitPrice is a number of minor units from 0 to %d.", int64(money.AmountMinorMax))
	case cat.Currency == "":
		return invalid("The catalog has no currency: publish one with `tollgate apply`.")
	}
	slug, err := slugFor(w.Slug, string(p.Slug)+"_"+w.IntervalUnit+"ly")
	if err != nil {
		return err
	}
	if soldIn(cat)[slug] {
		return refuse(409, conflict, "There is a price %q already.", string(slug))
	}
	if w.TrialPeriodDays != nil {
		p.TrialDays = period.Days(*w.TrialPeriodDays)
	}
	p.Prices = append(p.Prices, plan.Price{Slug: slug, Model: plan.Flat, Currency: cat.Currency, Every: plan.Interval(w.IntervalUnit), Amount: w.UnitPrice})
	return nil
}

// updateProduct is PUT products/{id}: its name and description.
func (s *Server) updateProduct(c *call) (any, error) {
	var in struct {
		Product productWrite `json:"product"`
		Price   *priceWrite  `json:"price"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	now, err := sh.product(c.args[0])
	w := in.Product
	switch {
	case err != nil:
		return nil, err
	case w.Slug != nil && *w.Slug != now.Slug, w.Active != nil && !*w.Active, w.Default != nil && *w.Default != now.Default, in.Price != nil:
		return nil, invalid("Only name and description can be changed here. Change the rest in the catalog and publish it with `tollgate apply`.")
	}
	err = s.edit(c.Context(), func(cat *plan.Catalog) error {
		if p, ok := cat.Plans[id.Slug(now.Slug)]; ok && now.ID == planID(p.Slug) {
			p.Name, p.Description = or(w.Name, p.Name), or(w.Description, p.Description)
			cat.Plans[p.Slug] = p
			return nil
		}
		t := cat.TopUps[id.Slug(now.Slug)]
		t.Name = or(w.Name, t.Name)
		cat.TopUps[t.Slug] = t
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.productNow(c, now.ID)
}

func or(sent *string, otherwise string) string {
	if sent == nil || *sent == "" {
		return otherwise
	}
	return *sent
}

// createPrice is POST prices: one more price of a plan.
func (s *Server) createPrice(c *call) (any, error) {
	var in struct {
		Price priceWrite `json:"price"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var made id.Slug
	err := s.edit(c.Context(), func(cat *plan.Catalog) error {
		slug := id.Slug(strings.TrimPrefix(in.Price.ProductID, planID("")))
		p, ok := cat.Plans[slug]
		if !ok || planID(slug) != in.Price.ProductID {
			return missing("Product %s not found", in.Price.ProductID)
		}
		if err := addPrice(cat, &p, in.Price); err != nil {
			return err
		}
		made = p.Prices[len(p.Prices)-1].Slug
		cat.Plans[slug] = p
		return nil
	})
	if err != nil {
		return nil, err
	}
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	return priceAnswer{sh.prices[made]}, nil
}

// updatePrice is PUT prices/{id}. What a price costs does not change: a new one is made. So there is nothing to set but what
// it is already.
func (s *Server) updatePrice(c *call) (any, error) {
	var in struct {
		Price priceWrite `json:"price"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	p, ok := sh.prices[id.Slug(strings.TrimPrefix(c.args[0], priceID("")))]
	w := in.Price
	switch {
	case !ok || p.ID != c.args[0]:
		return nil, missing("Price %s not found", c.args[0])
	case w.Slug != nil && *w.Slug != p.Slug, w.Name != nil && *w.Name != or(p.Name, ""), w.Active != nil && !*w.Active, w.IsDefault != nil && *w.IsDefault != p.IsDefault:
		return nil, invalid("A price does not change. Change it in the catalog and publish it with `tollgate apply`.")
	}
	return priceAnswer{p}, nil
}

// A meterWrite is a usage meter as it is sent.
type meterWrite struct {
	Name            *string `json:"name"`
	Slug            *string `json:"slug"`
	AggregationType string  `json:"aggregationType"`
}

// createUsageMeter is POST usage-meters: a meter that adds up. Its price, when one is sent, must be nothing: what usage costs
// is said by a plan.
func (s *Server) createUsageMeter(c *call) (any, error) {
	var in struct {
		UsageMeter meterWrite  `json:"usageMeter"`
		Price      *priceWrite `json:"price"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	w := in.UsageMeter
	switch {
	case w.Name == nil || *w.Name == "":
		return nil, invalid("usageMeter.name is missing.")
	case w.AggregationType != "" && w.AggregationType != "sum":
		return nil, invalid("A meter of distinct values names the property that it counts: write it in the catalog and publish it with `tollgate apply`.")
	case in.Price != nil && in.Price.UnitPrice != 0:
		return nil, invalid("What usage costs is said by a plan: write it in the catalog and publish it with `tollgate apply`.")
	}
	slug, err := slugFor(w.Slug, *w.Name)
	if err != nil {
		return nil, err
	}
	err = s.edit(c.Context(), func(cat *plan.Catalog) error {
		if cat.IsBalance(slug) {
			return refuse(409, conflict, "There is a usage meter %q already.", string(slug))
		}
		cat.Meters[slug] = meter.Meter{Slug: slug, Name: *w.Name, Aggregation: meter.Sum}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.meterOf(c.Context(), c.live, meterID(slug))
}

// updateUsageMeter is PUT usage-meters/{id}: its name.
func (s *Server) updateUsageMeter(c *call) (any, error) {
	var in struct {
		UsageMeter meterWrite `json:"usageMeter"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	now, err := s.meterOf(c.Context(), c.live, c.args[0])
	w := in.UsageMeter
	switch {
	case err != nil:
		return nil, err
	case w.Slug != nil && *w.Slug != now.UsageMeter.Slug, w.AggregationType != "" && w.AggregationType != now.UsageMeter.AggregationType:
		return nil, invalid("Only the name can be changed: usage was recorded under the slug and counted by the aggregation.")
	}
	err = s.edit(c.Context(), func(cat *plan.Catalog) error {
		slug := id.Slug(now.UsageMeter.Slug)
		if m, ok := cat.Meters[slug]; ok {
			m.Name = or(w.Name, m.Name)
			cat.Meters[slug] = m
			return nil
		}
		pool := cat.Credits[slug]
		pool.Name = or(w.Name, pool.Name)
		cat.Credits[slug] = pool
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.meterOf(c.Context(), c.live, c.args[0])
}

package flowglad

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/plan"
)

// A product is a plan or a top-up as the wire has it.
type product struct {
	ID                    string    `json:"id"`
	Name                  string    `json:"name"`
	Slug                  string    `json:"slug"`
	Description           *string   `json:"description"`
	ImageURL              *string   `json:"imageURL"`
	Active                bool      `json:"active"`
	Default               bool      `json:"default"`
	SingularQuantityLabel *string   `json:"singularQuantityLabel"`
	PluralQuantityLabel   *string   `json:"pluralQuantityLabel"`
	Livemode              bool      `json:"livemode"`
	OrganizationID        string    `json:"organizationId"`
	PricingModelID        string    `json:"pricingModelId"`
	CreatedAt             int64     `json:"createdAt"`
	UpdatedAt             int64     `json:"updatedAt"`
	DefaultPrice          price     `json:"defaultPrice"`
	Prices                []price   `json:"prices"`
	Features              []feature `json:"features"`
}

// A usageMeter is a meter or a credits pool as the wire has it.
type usageMeter struct {
	ID              string  `json:"id"`
	Slug            string  `json:"slug"`
	Name            string  `json:"name"`
	AggregationType string  `json:"aggregationType"`
	Livemode        bool    `json:"livemode"`
	OrganizationID  string  `json:"organizationId"`
	PricingModelID  string  `json:"pricingModelId"`
	CreatedAt       int64   `json:"createdAt"`
	UpdatedAt       int64   `json:"updatedAt"`
	Prices          []price `json:"prices"`
	DefaultPrice    *price  `json:"defaultPrice,omitempty"`
}

// A model is the pricing model: the catalog as the wire has it.
type model struct {
	ID             string       `json:"id"`
	Name           string       `json:"name"`
	IsDefault      bool         `json:"isDefault"`
	Livemode       bool         `json:"livemode"`
	OrganizationID string       `json:"organizationId"`
	CreatedAt      int64        `json:"createdAt"`
	UpdatedAt      int64        `json:"updatedAt"`
	Products       []product    `json:"products"`
	DefaultProduct *product     `json:"defaultProduct,omitempty"`
	UsageMeters    []usageMeter `json:"usageMeters"`
}

// A shelf is a catalog as this face shows it. It is immutable.
type shelf struct {
	catalog   *plan.Catalog
	made      time.Time
	model     model
	json      []byte // of model
	plans     map[id.Slug]*product
	prices    map[id.Slug]price // by slug, those made up included
	usage     map[id.Slug]price // what a meter's usage costs by default, by meter
	resources map[id.Slug]bool
}

// A builder is what shelves are made with.
type builder struct {
	catalog   *plan.Catalog
	live      bool
	currency  string
	synced    map[id.Slug]int64 // amounts that differ from the catalog's
	sold      map[id.Slug]bool
	resources map[id.Slug]bool
}

// A shelfSlot holds the newest shelf of a mode.
type shelfSlot struct {
	held   atomic.Pointer[shelf]
	making sync.Mutex
}

// shelf returns the catalog in force. Amounts synced from Stripe may be beliefMax old.
func (s *Server) shelf(ctx context.Context, live bool) (*shelf, error) {
	slot := &s.shelves[0]
	if live {
		slot = &s.shelves[1]
	}
	c, now := s.engine.Catalog(), time.Now()
	held := slot.held.Load()
	fresh := func() bool { return held != nil && held.catalog == c && now.Sub(held.made) < beliefMax }
	if fresh() {
		return held, nil
	}
	if held != nil && held.catalog == c && !slot.making.TryLock() {
		return held, nil // somebody is looking for new amounts
	} else if held == nil || held.catalog != c {
		slot.making.Lock()
	}
	defer slot.making.Unlock()
	if held = slot.held.Load(); fresh() {
		return held, nil
	}
	prices, err := s.engine.Prices(ctx)
	if err != nil {
		return nil, err
	}
	b := &builder{catalog: c, live: live, currency: currencyOf(c), synced: map[id.Slug]int64{}, sold: soldIn(c), resources: resourcesOf(c)}
	for _, p := range prices {
		if p.SyncedAt != nil {
			b.synced[p.Slug] = p.Amount
		}
	}
	made, err := b.shelf(now)
	if err != nil {
		return nil, err
	}
	slot.held.Store(made)
	return made, nil
}

func (b *builder) shelf(now time.Time) (*shelf, error) {
	sh := &shelf{
		catalog: b.catalog, made: now, plans: map[id.Slug]*product{}, prices: map[id.Slug]price{}, usage: map[id.Slug]price{},
		resources: b.resources,
		model: model{ID: modelID, Name: "Catalog", IsDefault: true, Livemode: b.live, OrganizationID: organizationID,
			Products: []product{}, UsageMeters: []usageMeter{}},
	}
	b.meters(sh)
	for _, p := range b.catalog.PlansInOrder() {
		made := b.plan(sh, p)
		sh.plans[p.Slug] = &made
		if p.Guest { // nobody buys it
			continue
		}
		sh.model.Products = append(sh.model.Products, made)
		if p.Default {
			sh.model.DefaultProduct = &made
		}
	}
	for _, slug := range slices.Sorted(maps.Keys(b.catalog.TopUps)) {
		sh.model.Products = append(sh.model.Products, b.topUp(sh, b.catalog.TopUps[slug]))
	}
	var err error
	sh.json, err = json.Marshal(sh.model)
	return sh, err
}

// meters puts the meters, with the prices of their usage, and then the credits pools on the shelf.
func (b *builder) meters(sh *shelf) {
	found := map[id.Slug][]price{}
	for _, p := range b.catalog.PlansInOrder() {
		for _, from := range p.Prices {
			if from.Meter != "" {
				found[from.Meter] = append(found[from.Meter], b.usagePrice(from.Meter, b.nameOf(from.Meter), &from))
			}
		}
		for _, slug := range slices.Sorted(maps.Keys(p.Includes)) {
			if over := p.Includes[slug].Overage; over != nil {
				found[slug] = append(found[slug], b.usagePrice(slug, b.nameOf(slug), over))
			}
		}
	}
	for _, slug := range slices.Sorted(maps.Keys(b.catalog.Meters)) {
		prices := found[slug]
		if len(prices) == 0 {
			prices = []price{b.usagePrice(slug, b.nameOf(slug), nil)}
		}
		prices[0].IsDefault = true
		sh.usage[slug] = prices[0]
		for _, p := range prices {
			sh.prices[p.slug] = p
		}
		made := b.meter(slug, b.catalog.Meters[slug].Aggregation, prices)
		made.DefaultPrice = &prices[0]
		sh.model.UsageMeters = append(sh.model.UsageMeters, made)
	}
	for _, slug := range slices.Sorted(maps.Keys(b.catalog.Credits)) {
		prices := append([]price{}, found[slug]...)
		for _, p := range prices {
			sh.prices[p.slug] = p
		}
		sh.model.UsageMeters = append(sh.model.UsageMeters, b.meter(slug, meter.Sum, prices))
	}
}

func (b *builder) meter(slug id.Slug, a meter.Aggregation, prices []price) usageMeter {
	return usageMeter{
		ID: meterID(slug), Slug: string(slug), Name: b.nameOf(slug), AggregationType: aggregationOf(a), Livemode: b.live,
		OrganizationID: organizationID, PricingModelID: modelID, Prices: prices,
	}
}

// aggregationOf spells an aggregation in the wire's two words.
func aggregationOf(a meter.Aggregation) string {
	if a == meter.Unique {
		return "count_distinct_properties"
	}
	return "sum"
}

func (b *builder) plan(sh *shelf, p plan.Plan) product {
	out := b.product(planID(p.Slug), p.Slug, p.Name, p.Description)
	out.Default, out.Active = p.Default, !p.Guest
	for _, from := range p.Prices {
		if from.Model == plan.Flat {
			out.Prices = append(out.Prices, b.planPrice(p, from))
		}
	}
	if len(out.Prices) == 0 {
		out.Prices = append(out.Prices, b.freePrice(p))
	}
	out.Prices[0].IsDefault = true
	for _, made := range out.Prices {
		sh.prices[made.slug] = made
	}
	out.DefaultPrice = out.Prices[0]
	// Older helpers of applications look for a meter's usage price among the products'.
	for _, slug := range slices.Sorted(maps.Keys(b.catalog.Meters)) {
		balance, _ := b.catalog.Payer(p, slug)
		if a, ok := p.Includes[balance]; ok {
			out.Prices = append(out.Prices, b.usageIn(sh, p, slug, a))
		}
	}
	out.Features = b.features(p)
	return out
}

// usageIn returns the price of a meter's usage on a plan that includes it.
func (b *builder) usageIn(sh *shelf, p plan.Plan, slug id.Slug, a plan.Allowance) price {
	if _, own := p.Includes[slug]; own && a.Overage != nil {
		return sh.prices[a.Overage.Slug]
	}
	for _, from := range p.Prices {
		if from.Meter == slug {
			return sh.prices[from.Slug]
		}
	}
	return sh.usage[slug]
}

func (b *builder) topUp(sh *shelf, t plan.TopUp) product {
	out := b.product(topUpID(t.Slug), t.Slug, t.Name, "")
	sold := b.price(ofSinglePay, t.Slug, t.Name)
	sold.UnitPrice, sold.ProductID, sold.IsDefault = t.Amount, &out.ID, true
	if amount, ok := b.synced[t.Slug]; ok {
		sold.UnitPrice = amount
	}
	sh.prices[t.Slug] = sold
	out.Prices, out.DefaultPrice = []price{sold}, sold
	for _, balance := range slices.Sorted(maps.Keys(t.Grants)) {
		out.Features = append(out.Features, b.creditGrant("topup."+string(t.Slug), balance, t.Grants[balance], t.Grants[balance].String(), "once"))
	}
	return out
}

func (b *builder) product(productID string, slug id.Slug, name, description string) product {
	return product{
		ID: productID, Name: name, Slug: string(slug), Description: textOrNil(description), Active: true, Livemode: b.live,
		OrganizationID: organizationID, PricingModelID: modelID, Prices: []price{}, Features: []feature{},
	}
}

// planOf returns the product of a plan; of one that has left the catalog, the default plan's, as the engine counts it.
func (sh *shelf) planOf(slug id.Slug) *product {
	if p, ok := sh.plans[slug]; ok {
		return p
	}
	return sh.plans[sh.catalog.DefaultPlan().Slug]
}

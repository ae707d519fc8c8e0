package flowglad

import (
	"context"
	"slices"
)

// A modelHead is the pricing model without what it consists of.
type modelHead struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	IsDefault      bool   `json:"isDefault"`
	Livemode       bool   `json:"livemode"`
	OrganizationID string `json:"organizationId"`
	CreatedAt      int64  `json:"createdAt"`
	UpdatedAt      int64  `json:"updatedAt"`
}

// listPricingModels is GET pricing-models: the one there is.
func (s *Server) listPricingModels(c *call) (any, error) {
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	m := sh.model
	return listOf(c, []modelHead{{m.ID, m.Name, m.IsDefault, m.Livemode, m.OrganizationID, m.CreatedAt, m.UpdatedAt}})
}

// defaultPricingModel is GET pricing-models/default.
func (s *Server) defaultPricingModel(c *call) (any, error) {
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	return sh.answer(), nil
}

// answer returns the pricing model under both names it has had.
func (sh *shelf) answer() body {
	return body{[]byte(`{"pricingModel":`), sh.json, []byte(`,"catalog":`), sh.json, []byte(`}`)}
}

// pricingModel is GET pricing-models/{id}.
func (s *Server) pricingModel(c *call) (any, error) {
	if c.args[0] != modelID {
		return nil, missing("Pricing model %s not found", c.args[0])
	}
	return s.defaultPricingModel(c)
}

// onePricingModel answers what would make a second pricing model, or rename the one there is.
func (s *Server) onePricingModel(*call) (any, error) {
	return nil, invalid("There is one pricing model: the catalog. Publish another version of it with `tollgate apply`.")
}

// A productHead is a product without its prices and features.
type productHead struct {
	ID                    string  `json:"id"`
	Name                  string  `json:"name"`
	Slug                  string  `json:"slug"`
	Description           *string `json:"description"`
	ImageURL              *string `json:"imageURL"`
	Active                bool    `json:"active"`
	Default               bool    `json:"default"`
	SingularQuantityLabel *string `json:"singularQuantityLabel"`
	PluralQuantityLabel   *string `json:"pluralQuantityLabel"`
	Livemode              bool    `json:"livemode"`
	OrganizationID        string  `json:"organizationId"`
	PricingModelID        string  `json:"pricingModelId"`
	CreatedAt             int64   `json:"createdAt"`
	UpdatedAt             int64   `json:"updatedAt"`
}

func (p product) head() productHead {
	return productHead{p.ID, p.Name, p.Slug, p.Description, p.ImageURL, p.Active, p.Default, p.SingularQuantityLabel,
		p.PluralQuantityLabel, p.Livemode, p.OrganizationID, p.PricingModelID, p.CreatedAt, p.UpdatedAt}
}

type productAnswer struct {
	Product productHead `json:"product"`
}

// listProducts is GET products.
func (s *Server) listProducts(c *call) (any, error) {
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	all := []productHead{}
	for _, p := range sh.model.Products {
		all = append(all, p.head())
	}
	return listOf(c, all)
}

// product is GET products/{id}: the product itself, without an envelope.
func (s *Server) product(c *call) (any, error) {
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	return sh.product(c.args[0])
}

func (sh *shelf) product(productID string) (product, error) {
	i := slices.IndexFunc(sh.model.Products, func(p product) bool { return p.ID == productID })
	if i < 0 {
		return product{}, missing("Product %s not found", productID)
	}
	return sh.model.Products[i], nil
}

// listPrices is GET prices: of the products in their order, then of usage.
func (s *Server) listPrices(c *call) (any, error) {
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	all := []price{}
	for _, p := range sh.model.Products {
		for _, one := range p.Prices {
			if one.Type != ofUsage {
				all = append(all, one)
			}
		}
	}
	for _, m := range sh.model.UsageMeters {
		all = append(all, m.Prices...)
	}
	return listOf(c, all)
}

type priceAnswer struct {
	Price price `json:"price"`
}

// A meterHead is a usage meter without its prices.
type meterHead struct {
	ID              string `json:"id"`
	Slug            string `json:"slug"`
	Name            string `json:"name"`
	AggregationType string `json:"aggregationType"`
	Livemode        bool   `json:"livemode"`
	OrganizationID  string `json:"organizationId"`
	PricingModelID  string `json:"pricingModelId"`
	CreatedAt       int64  `json:"createdAt"`
	UpdatedAt       int64  `json:"updatedAt"`
}

type meterAnswer struct {
	UsageMeter meterHead `json:"usageMeter"`
}

func (sh *shelf) meterHeads() []meterHead {
	all := []meterHead{}
	for _, m := range sh.model.UsageMeters {
		all = append(all, meterHead{m.ID, m.Slug, m.Name, m.AggregationType, m.Livemode, m.OrganizationID, m.PricingModelID, m.CreatedAt, m.UpdatedAt})
	}
	return all
}

// listUsageMeters is GET usage-meters: the meters, then the credits pools.
func (s *Server) listUsageMeters(c *call) (any, error) {
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	return listOf(c, sh.meterHeads())
}

// usageMeter is GET usage-meters/{id}.
func (s *Server) usageMeter(c *call) (any, error) { return s.meterOf(c.Context(), c.live, c.args[0]) }

func (s *Server) meterOf(ctx context.Context, live bool, wanted string) (meterAnswer, error) {
	sh, err := s.shelf(ctx, live)
	if err != nil {
		return meterAnswer{}, err
	}
	for _, m := range sh.meterHeads() {
		if m.ID == wanted {
			return meterAnswer{m}, nil
		}
	}
	return meterAnswer{}, missing("Usage meter %s not found", wanted)
}

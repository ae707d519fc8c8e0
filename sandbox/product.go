package sandbox

import "slices"

// A product is what is sold.
type product struct {
	header
	Active            bool              `json:"active"`
	DefaultPrice      text              `json:"default_price"`
	Description       text              `json:"description"`
	Images            []string          `json:"images"`
	MarketingFeatures []feature         `json:"marketing_features"`
	Metadata          map[string]string `json:"metadata"`
	Name              string            `json:"name"`
	PackageDimensions none              `json:"package_dimensions"`
	Shippable         none              `json:"shippable"`
	StatementDesc     text              `json:"statement_descriptor"`
	TaxCode           text              `json:"tax_code"`
	UnitLabel         text              `json:"unit_label"`
	Updated           int64             `json:"updated"`
	URL               text              `json:"url"`
}

type feature struct {
	Name string `json:"name" form:"name,required"`
}

func (*product) kind() string    { return "product" }
func (p *product) shown(*tx) any { return p }

type productChange struct {
	ID                string    `path:"id"`
	Active            *bool     `form:"active"`
	DefaultPrice      *string   `form:"default_price"`
	Description       *string   `form:"description"`
	Images            []string  `form:"images"`
	MarketingFeatures []feature `form:"marketing_features"`
	Metadata          changes   `form:"metadata"`
	Name              *string   `form:"name"`
	StatementDesc     *string   `form:"statement_descriptor"`
	TaxCode           *string   `form:"tax_code"`
	UnitLabel         *string   `form:"unit_label"`
	URL               *string   `form:"url"`
	Shippable         ignored   `form:"shippable"`
}

type productNew struct {
	ID                *string           `form:"id"`
	Active            *bool             `form:"active"`
	DefaultPriceData  *defaultPriceData `form:"default_price_data"`
	Description       *string           `form:"description"`
	Images            []string          `form:"images"`
	MarketingFeatures []feature         `form:"marketing_features"`
	Metadata          changes           `form:"metadata"`
	Name              string            `form:"name,required"`
	StatementDesc     *string           `form:"statement_descriptor"`
	TaxCode           *string           `form:"tax_code"`
	UnitLabel         *string           `form:"unit_label"`
	URL               *string           `form:"url"`
	Type              ignored           `form:"type"`
	Shippable         ignored           `form:"shippable"`
}

type defaultPriceData struct {
	Currency          string          `form:"currency,required"`
	Recurring         *recurringGiven `form:"recurring"`
	UnitAmount        *int64          `form:"unit_amount"`
	UnitAmountDecimal *number         `form:"unit_amount_decimal"`
	Metadata          changes         `form:"metadata"`
	TaxBehavior       *string         `form:"tax_behavior" enum:"exclusive|inclusive|unspecified"`
}

func createProduct(tx *tx, p *productNew) (any, error) {
	h := tx.header("prod_", "product", "")
	if p.ID != nil {
		if _, taken := find[*product](tx, *p.ID); taken {
			return nil, invalid("id", "Product already exists.").withCode("resource_already_exists")
		}
		h.ID = *p.ID
	}
	o := &product{header: h, Active: true, Images: []string{}, MarketingFeatures: []feature{}, Updated: h.Created}
	change := productChange{Active: p.Active, Description: p.Description, Images: p.Images, MarketingFeatures: p.MarketingFeatures, Metadata: p.Metadata,
		Name: &p.Name, StatementDesc: p.StatementDesc, TaxCode: p.TaxCode, UnitLabel: p.UnitLabel, URL: p.URL}
	tx.add(o)
	if err := change.apply(tx, o); err != nil {
		return nil, err
	}
	tx.fire("product.created", o)
	if d := p.DefaultPriceData; d != nil {
		made, err := createPrice(tx, &priceNew{Product: &o.ID, Currency: d.Currency, Recurring: d.Recurring, UnitAmount: d.UnitAmount,
			UnitAmountDecimal: d.UnitAmountDecimal, Metadata: d.Metadata, TaxBehavior: d.TaxBehavior})
		if err != nil {
			return nil, err
		}
		o.DefaultPrice = text(made.(*price).ID)
		tx.updated("product.updated", o)
	}
	return o, nil
}

func (p *productChange) apply(tx *tx, o *product) error {
	if p.DefaultPrice != nil {
		if *p.DefaultPrice != "" {
			c, err := need[*price](tx, *p.DefaultPrice, "default_price")
			if err != nil {
				return err
			}
			if c.Product != o.ID {
				return invalid("default_price", "The price specified belongs to product %s, not to %s.", c.Product, o.ID)
			}
		}
		o.DefaultPrice = text(*p.DefaultPrice)
	}
	if p.Active != nil {
		o.Active = *p.Active
	}
	if p.Images != nil {
		o.Images = p.Images
	}
	if p.MarketingFeatures != nil {
		o.MarketingFeatures = p.MarketingFeatures
	}
	if p.Name != nil {
		if *p.Name == "" {
			return invalid("name", "You passed an empty string for 'name'.").withCode(codeEmpty)
		}
		o.Name = *p.Name
	}
	setText(&o.Description, p.Description)
	setText(&o.StatementDesc, p.StatementDesc)
	setText(&o.TaxCode, p.TaxCode)
	setText(&o.UnitLabel, p.UnitLabel)
	setText(&o.URL, p.URL)
	o.Metadata = p.Metadata.on(o.Metadata)
	return nil
}

func updateProduct(tx *tx, p *productChange) (any, error) {
	o, err := needPath[*product](tx, p.ID, "id")
	if err != nil {
		return nil, err
	}
	tx.edit(o)
	if err := p.apply(tx, o); err != nil {
		return nil, err
	}
	o.Updated = tx.now("")
	tx.updated("product.updated", o)
	return o, nil
}

func getProduct(tx *tx, p *byID) (any, error) { return needPath[*product](tx, p.ID, "id") }

type productList struct {
	listing
	Active  *bool    `form:"active"`
	Created span     `form:"created"`
	IDs     []string `form:"ids"`
}

func listProducts(tx *tx, p *productList) (any, error) {
	return pageOf(tx, p.listing, "/v1/products", every[*product](tx), func(o *product) bool {
		return (p.Active == nil || *p.Active == o.Active) && p.Created.has(o.Created) && (len(p.IDs) == 0 || slices.Contains(p.IDs, o.ID))
	})
}

// deleteProduct removes a product that has no price.
func deleteProduct(tx *tx, p *byID) (any, error) {
	o, err := needPath[*product](tx, p.ID, "id")
	if err != nil {
		return nil, err
	}
	for _, c := range every[*price](tx) {
		if c.Product == o.ID {
			return nil, invalid("", "This product cannot be deleted because it has one or more user-created prices.")
		}
	}
	tx.fire("product.deleted", o)
	tx.drop(o)
	return gone{ID: o.ID, Object: o.Object, Deleted: true}, nil
}

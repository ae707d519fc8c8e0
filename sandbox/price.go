package sandbox

import (
	"math/big"
	"slices"
	"strings"
)

// A price is how much of which currency a product costs, and how often.
type price struct {
	header
	Active            bool              `json:"active"`
	BillingScheme     string            `json:"billing_scheme"`
	Currency          string            `json:"currency"`
	CustomUnitAmount  none              `json:"custom_unit_amount"`
	LookupKey         text              `json:"lookup_key"`
	Metadata          map[string]string `json:"metadata"`
	Nickname          text              `json:"nickname"`
	Product           string            `json:"product"`
	Recurring         *recurring        `json:"recurring"`
	TaxBehavior       string            `json:"tax_behavior"`
	TiersMode         text              `json:"tiers_mode"`
	TransformQuantity *transform        `json:"transform_quantity"`
	Type              string            `json:"type"`
	UnitAmount        *int64            `json:"unit_amount"`
	UnitAmountDecimal text              `json:"unit_amount_decimal"`

	Own *priceOwn `json:"own,omitempty"`
}

// priceOwn is what is only shown when asked for.
type priceOwn struct {
	Tiers []tier `json:"tiers,omitempty"`
}

// recurring is how often a price is billed.
type recurring struct {
	Interval      string `json:"interval"`
	IntervalCount int    `json:"interval_count"`
	Meter         text   `json:"meter"`
	UsageType     string `json:"usage_type"`
}

type recurringGiven struct {
	Interval        string  `form:"interval,required" enum:"day|week|month|year"`
	IntervalCount   *int    `form:"interval_count" min:"1"`
	Meter           *string `form:"meter"`
	UsageType       *string `form:"usage_type" enum:"licensed|metered"`
	TrialPeriodDays ignored `form:"trial_period_days"`
}

type transform struct {
	DivideBy int64  `json:"divide_by" form:"divide_by,required" min:"1"`
	Round    string `json:"round" form:"round,required" enum:"up|down"`
}

// A tier is a part of a tiered price.
type tier struct {
	FlatAmount        *int64 `json:"flat_amount"`
	FlatAmountDecimal text   `json:"flat_amount_decimal"`
	UnitAmount        *int64 `json:"unit_amount"`
	UnitAmountDecimal text   `json:"unit_amount_decimal"`
	UpTo              *int64 `json:"up_to"` // nil in the last
}

type tierGiven struct {
	FlatAmount        *int64  `form:"flat_amount" min:"0"`
	FlatAmountDecimal *number `form:"flat_amount_decimal"`
	UnitAmount        *int64  `form:"unit_amount" min:"0"`
	UnitAmountDecimal *number `form:"unit_amount_decimal"`
	UpTo              limit   `form:"up_to,required"`
}

func (*price) kind() string { return "price" }
func (p *price) shown(*tx) any {
	shown := *p
	shown.Own = nil
	return &shown
}

func tiersOfPrice(tx *tx, id string) any {
	p, ok := find[*price](tx, id)
	if !ok || p.BillingScheme != "tiered" {
		return nil
	}
	return p.Own.Tiers
}

func currencyOptionsOfPrice(tx *tx, id string) any {
	p, ok := find[*price](tx, id)
	if !ok {
		return nil
	}
	return map[string]any{p.Currency: map[string]any{"custom_unit_amount": nil, "tax_behavior": p.TaxBehavior,
		"unit_amount": p.UnitAmount, "unit_amount_decimal": p.UnitAmountDecimal}}
}

type priceNew struct {
	Active      *bool   `form:"active"`
	Currency    string  `form:"currency,required"`
	LookupKey   *string `form:"lookup_key"`
	Metadata    changes `form:"metadata"`
	Nickname    *string `form:"nickname"`
	Product     *string `form:"product"`
	ProductData *struct {
		ID        *string `form:"id"`
		Name      string  `form:"name,required"`
		Active    *bool   `form:"active"`
		Metadata  changes `form:"metadata"`
		UnitLabel *string `form:"unit_label"`
	} `form:"product_data"`
	Recurring         *recurringGiven `form:"recurring"`
	TaxBehavior       *string         `form:"tax_behavior" enum:"exclusive|inclusive|unspecified"`
	Tiers             []tierGiven     `form:"tiers"`
	TiersMode         *string         `form:"tiers_mode" enum:"graduated|volume"`
	TransferLookupKey *bool           `form:"transfer_lookup_key"`
	TransformQuantity *transform      `form:"transform_quantity"`
	BillingScheme     *string         `form:"billing_scheme" enum:"per_unit|tiered"`
	UnitAmount        *int64          `form:"unit_amount" min:"0"`
	UnitAmountDecimal *number         `form:"unit_amount_decimal"`
}

func createPrice(tx *tx, g *priceNew) (any, error) {
	if err := checkCurrency("currency", g.Currency); err != nil {
		return nil, err
	}
	p := &price{header: tx.header("price_", "price", ""), Active: true, BillingScheme: "per_unit", Currency: strings.ToLower(g.Currency),
		Metadata: g.Metadata.on(nil), TaxBehavior: "unspecified", TransformQuantity: g.TransformQuantity, Type: "one_time", Own: &priceOwn{}}
	if g.Active != nil {
		p.Active = *g.Active
	}
	if g.BillingScheme != nil {
		p.BillingScheme = *g.BillingScheme
	}
	if g.TaxBehavior != nil {
		p.TaxBehavior = *g.TaxBehavior
	}
	setText(&p.Nickname, g.Nickname)
	if err := g.repeats(tx, p); err != nil {
		return nil, err
	}
	if err := g.amounts(p); err != nil {
		return nil, err
	}
	switch {
	case g.Product != nil && g.ProductData != nil:
		return nil, invalid("product_data", "You may only specify one of these parameters: product, product_data.")
	case g.Product != nil:
		if _, err := need[*product](tx, *g.Product, "product"); err != nil {
			return nil, err
		}
		p.Product = *g.Product
	case g.ProductData != nil:
		made, err := createProduct(tx, &productNew{ID: g.ProductData.ID, Name: g.ProductData.Name, Active: g.ProductData.Active,
			Metadata: g.ProductData.Metadata, UnitLabel: g.ProductData.UnitLabel})
		if err != nil {
			return nil, err
		}
		p.Product = made.(*product).ID
	default:
		return nil, required("product")
	}
	tx.add(p)
	if err := tx.takeLookupKey(p, g.LookupKey, g.TransferLookupKey); err != nil {
		return nil, err
	}
	tx.fire("price.created", p)
	return p, nil
}

// repeats reads how often the price is billed.
func (g *priceNew) repeats(tx *tx, p *price) error {
	if g.Recurring == nil {
		return nil
	}
	p.Type = "recurring"
	r := &recurring{Interval: g.Recurring.Interval, IntervalCount: 1, UsageType: "licensed"}
	p.Recurring = r
	if g.Recurring.IntervalCount != nil {
		r.IntervalCount = *g.Recurring.IntervalCount
	}
	if most := map[string]int{"day": 1095, "week": 156, "month": 36, "year": 3}[r.Interval]; r.IntervalCount > most {
		return invalid("recurring[interval_count]", "The maximum recurring interval is three years.")
	}
	if g.Recurring.UsageType != nil {
		r.UsageType = *g.Recurring.UsageType
	}
	setText(&r.Meter, g.Recurring.Meter)
	if r.UsageType == "metered" {
		if r.Meter == "" {
			return invalid("recurring[meter]", "A metered price needs a billing meter: pass the id of one as recurring[meter].")
		}
		if _, err := need[*meter](tx, string(r.Meter), "recurring[meter]"); err != nil {
			return err
		}
	} else if r.Meter != "" {
		return invalid("recurring[meter]", "You can only specify a meter when recurring[usage_type] is metered.")
	}
	return nil
}

// amounts reads what the price costs.
func (g *priceNew) amounts(p *price) error {
	if p.BillingScheme == "tiered" {
		if g.TiersMode == nil {
			return required("tiers_mode")
		}
		if len(g.Tiers) == 0 {
			return required("tiers")
		}
		if g.UnitAmount != nil || g.UnitAmountDecimal != nil {
			return invalid("unit_amount", "You cannot set unit_amount when billing_scheme is tiered.")
		}
		p.TiersMode = text(*g.TiersMode)
		return g.tiers(p)
	}
	if len(g.Tiers) > 0 || g.TiersMode != nil {
		return invalid("tiers", "You can only set tiers when billing_scheme is tiered.")
	}
	var err error
	p.UnitAmount, p.UnitAmountDecimal, err = amountOf("unit_amount", g.UnitAmount, g.UnitAmountDecimal)
	if err == nil && p.UnitAmountDecimal == "" {
		err = required("unit_amount")
	}
	return err
}

func (g *priceNew) tiers(p *price) error {
	for i, t := range g.Tiers {
		at := urlf("tiers[%d]", i)
		unit, unitDecimal, err := amountOf(at+"[unit_amount]", t.UnitAmount, t.UnitAmountDecimal)
		if err != nil {
			return err
		}
		flat, flatDecimal, err := amountOf(at+"[flat_amount]", t.FlatAmount, t.FlatAmountDecimal)
		if err != nil {
			return err
		}
		if unitDecimal == "" && flatDecimal == "" {
			return required(at + "[unit_amount]")
		}
		made := tier{FlatAmount: flat, FlatAmountDecimal: flatDecimal, UnitAmount: unit, UnitAmountDecimal: unitDecimal}
		last := i == len(g.Tiers)-1
		switch up := int64(t.UpTo); {
		case up == 0 && !last:
			return invalid(at+"[up_to]", "Only the last tier can have an upper bound of infinity.")
		case up != 0 && last:
			return invalid(at+"[up_to]", "The last tier must have an upper bound of infinity (inf).")
		case up < 0, i > 0 && !last && up <= *p.Own.Tiers[i-1].UpTo:
			return invalid(at+"[up_to]", "The upper bounds of tiers must rise.")
		case !last:
			made.UpTo = &up
		}
		p.Own.Tiers = append(p.Own.Tiers, made)
	}
	return nil
}

// amountOf reads an amount that is given in whole minor units or as a decimal of them.
func amountOf(param string, whole *int64, decimal *number) (*int64, text, error) {
	switch {
	case whole != nil && decimal != nil:
		return nil, "", invalid(param, "You may only specify one of these parameters: %s, %s_decimal.", param, param)
	case whole != nil:
		return whole, text(big.NewInt(*whole).String()), nil
	case decimal == nil:
		return nil, "", nil
	}
	value, _ := new(big.Rat).SetString(string(*decimal))
	if value.Sign() < 0 {
		return nil, "", invalid(param+"_decimal", "This value must be greater than or equal to 0.")
	}
	const placesMax = 12
	if _, fraction, ok := strings.Cut(string(*decimal), "."); ok && len(fraction) > placesMax {
		return nil, "", invalid(param+"_decimal", "Amounts can have up to %d decimal places.", placesMax)
	}
	if value.IsInt() && value.Num().IsInt64() {
		n := value.Num().Int64()
		return &n, text(*decimal), nil
	}
	return nil, text(*decimal), nil
}

// takeLookupKey gives a price a lookup key, from the price that has it when it may be transferred.
func (tx *tx) takeLookupKey(p *price, key *string, transfer *bool) error {
	if key == nil {
		return nil
	}
	for _, other := range every[*price](tx) {
		if *key == "" || other == p || string(other.LookupKey) != *key {
			continue
		}
		if transfer == nil || !*transfer {
			return invalid("lookup_key", "A price (`%s`) already uses that lookup key. You may transfer the lookup key with transfer_lookup_key.", other.ID).
				withCode("resource_already_exists")
		}
		tx.edit(other)
		other.LookupKey = ""
		tx.updated("price.updated", other)
	}
	p.LookupKey = text(*key)
	return nil
}

type priceChange struct {
	ID                string  `path:"id"`
	Active            *bool   `form:"active"`
	LookupKey         *string `form:"lookup_key"`
	Metadata          changes `form:"metadata"`
	Nickname          *string `form:"nickname"`
	TaxBehavior       *string `form:"tax_behavior" enum:"exclusive|inclusive|unspecified"`
	TransferLookupKey *bool   `form:"transfer_lookup_key"`
	CurrencyOptions   ignored `form:"currency_options"`
}

func updatePrice(tx *tx, g *priceChange) (any, error) {
	p, err := needPath[*price](tx, g.ID, "price")
	if err != nil {
		return nil, err
	}
	tx.edit(p)
	if g.Active != nil {
		p.Active = *g.Active
	}
	if g.TaxBehavior != nil && *g.TaxBehavior != p.TaxBehavior {
		if p.TaxBehavior != "unspecified" {
			return nil, invalid("tax_behavior", "You cannot change the tax behavior of a price once it is set to exclusive or inclusive.")
		}
		p.TaxBehavior = *g.TaxBehavior
	}
	setText(&p.Nickname, g.Nickname)
	p.Metadata = g.Metadata.on(p.Metadata)
	if err := tx.takeLookupKey(p, g.LookupKey, g.TransferLookupKey); err != nil {
		return nil, err
	}
	tx.updated("price.updated", p)
	return p, nil
}

func getPrice(tx *tx, p *byID) (any, error) { return needPath[*price](tx, p.ID, "price") }

type priceList struct {
	listing
	Active     *bool    `form:"active"`
	Created    span     `form:"created"`
	Currency   *string  `form:"currency"`
	LookupKeys []string `form:"lookup_keys"`
	Product    *string  `form:"product"`
	Recurring  struct {
		Interval  *string `form:"interval" enum:"day|week|month|year"`
		Meter     *string `form:"meter"`
		UsageType *string `form:"usage_type" enum:"licensed|metered"`
	} `form:"recurring"`
	Type *string `form:"type" enum:"one_time|recurring"`
}

func listPrices(tx *tx, g *priceList) (any, error) {
	is := func(want *string, got string) bool { return want == nil || *want == got }
	return pageOf(tx, g.listing, "/v1/prices", every[*price](tx), func(p *price) bool {
		r := p.Recurring
		if r == nil {
			r = &recurring{}
		}
		return (g.Active == nil || *g.Active == p.Active) && g.Created.has(p.Created) && is(g.Currency, p.Currency) && is(g.Product, p.Product) &&
			is(g.Type, p.Type) && is(g.Recurring.Interval, r.Interval) && is(g.Recurring.Meter, string(r.Meter)) &&
			is(g.Recurring.UsageType, r.UsageType) && (len(g.LookupKeys) == 0 || slices.Contains(g.LookupKeys, string(p.LookupKey)))
	})
}

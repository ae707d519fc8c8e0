package sandbox

// itemsMax is how many items a subscription may have.
const itemsMax = 20

// itemsOf returns the items of a subscription after what a request says of them. at names the parameter.
func (tx *tx) itemsOf(s *subscription, old []*subItem, given []itemGiven, at string) ([]*subItem, error) {
	items := make([]*subItem, 0, len(old)+len(given))
	for _, item := range old {
		copied := *item
		items = append(items, &copied)
	}
	for n, g := range given {
		name := urlf("%s[%d]", at, n)
		i := -1
		for k, item := range items {
			if g.ID != nil && item.ID == *g.ID {
				i = k
			}
		}
		if g.ID != nil && i < 0 {
			return nil, absent("subscription_item", *g.ID, name+"[id]", false)
		}
		if i >= 0 && g.Deleted != nil && *g.Deleted {
			items = append(items[:i], items[i+1:]...)
			continue
		}
		p, err := tx.priceGiven(g, name)
		if err != nil {
			return nil, err
		}
		if i < 0 {
			if p == nil {
				return nil, required(name + "[price]")
			}
			for _, item := range items {
				if item.Price.ID == p.ID {
					return nil, invalid(name+"[price]", "Cannot add multiple subscription items with the same plan: %s", p.ID)
				}
			}
			items = append(items, &subItem{ID: tx.newID("si_"), Object: "subscription_item", Created: tx.now(s.Customer), Discounts: []string{},
				Metadata: map[string]string{}, Price: p, Subscription: s.ID, TaxRates: []none{}})
			i = len(items) - 1
		}
		item := items[i]
		if p != nil {
			item.Price = p
		}
		item.Metadata = g.Metadata.on(item.Metadata)
		switch {
		case item.metered():
			if g.Quantity != nil {
				return nil, invalid(name+"[quantity]", "You cannot set the quantity for metered plans.")
			}
			item.Quantity = nil
		case g.Quantity != nil:
			item.Quantity = g.Quantity
		case item.Quantity == nil:
			one := int64(1)
			item.Quantity = &one
		}
	}
	return items, checkItems(items, at)
}

// priceGiven returns the price that an item is to have, or nil when the request leaves it.
func (tx *tx) priceGiven(g itemGiven, name string) (*price, error) {
	var p *price
	switch {
	case g.PriceData != nil:
		made, err := createPrice(tx, g.PriceData)
		if err != nil {
			return nil, err
		}
		p = made.(*price)
	case g.Price != nil:
		found, err := need[*price](tx, *g.Price, name+"[price]")
		if err != nil {
			return nil, err
		}
		p = found
	default:
		return nil, nil
	}
	if p.Type != "recurring" {
		return nil, invalid(name+"[price]", "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.")
	}
	if !p.Active {
		return nil, invalid(name+"[price]", "The price specified is inactive. This field only accepts active prices.")
	}
	return p, nil
}

// checkItems refuses what one subscription cannot bill together. Stripe's flexible mode takes items of different
// intervals; the sandbox does not.
func checkItems(items []*subItem, at string) error {
	if len(items) == 0 {
		return invalid(at, "A subscription must have at least one active plan. To cancel a subscription, please use the cancel API endpoint.")
	}
	if len(items) > itemsMax {
		return invalid(at, "A subscription can have up to %d items.", itemsMax)
	}
	first := items[0].Price
	for n, item := range items {
		if item.Price.Currency != first.Currency {
			return invalid(urlf("%s[%d][price]", at, n), "All prices on a subscription must have the same currency.")
		}
		if r := item.Price.Recurring; r.Interval != first.Recurring.Interval || r.IntervalCount != first.Recurring.IntervalCount {
			return invalid(urlf("%s[%d][price]", at, n), "All prices on a subscription must have the same `recurring.interval` and `recurring.interval_count`.")
		}
	}
	return nil
}

// itemGiven is how a request names an item.
type itemGiven struct {
	ID                *string   `form:"id"`
	Price             *string   `form:"price"`
	PriceData         *priceNew `form:"price_data"`
	Quantity          *int64    `form:"quantity" min:"0"`
	Metadata          changes   `form:"metadata"`
	Deleted           *bool     `form:"deleted"`
	ClearUsage        ignored   `form:"clear_usage"`
	Discounts         ignored   `form:"discounts"`
	TaxRates          ignored   `form:"tax_rates"`
	BillingThresholds ignored   `form:"billing_thresholds"`
}

type subItemList struct {
	listing
	Subscription string `form:"subscription,required"`
}

func listSubscriptionItems(tx *tx, g *subItemList) (any, error) {
	s, err := need[*subscription](tx, g.Subscription, "subscription")
	if err != nil {
		return nil, err
	}
	return part(g.listing, "/v1/subscription_items", shownItems(tx, s.Items.Data), func(i *subItem) string { return i.ID })
}

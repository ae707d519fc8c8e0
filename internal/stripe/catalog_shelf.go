package stripe

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
)

// A shelf is what Stripe has: the objects of Stripe's JSON, as far as they matter here, with decimals as they are
// written. Each list is oldest first.
type shelf struct {
	products  []productFound
	prices    []priceFound
	meters    []meterFound
	portals   []portalFound
	endpoints []endpointFound
}

type productFound struct {
	ID          string            `json:"id"`
	Active      bool              `json:"active"`
	Name        string            `json:"name"`
	Description string            `json:"description"` // null is empty
	Metadata    map[string]string `json:"metadata"`
}

type priceFound struct {
	ID                string            `json:"id"`
	Active            bool              `json:"active"`
	Currency          string            `json:"currency"`
	LookupKey         string            `json:"lookup_key"`
	Metadata          map[string]string `json:"metadata"`
	Product           string            `json:"product"`
	UnitAmount        *int64            `json:"unit_amount"`
	UnitAmountDecimal *string           `json:"unit_amount_decimal"`
	TiersMode         string            `json:"tiers_mode"`
	Tiers             []struct {
		UpTo              *int64  `json:"up_to"` // null in the last
		UnitAmountDecimal *string `json:"unit_amount_decimal"`
		FlatAmountDecimal *string `json:"flat_amount_decimal"`
	} `json:"tiers"`
	TransformQuantity *struct {
		DivideBy int64  `json:"divide_by"`
		Round    string `json:"round"`
	} `json:"transform_quantity"`
	Recurring *struct {
		Interval      string `json:"interval"`
		IntervalCount int64  `json:"interval_count"`
		UsageType     string `json:"usage_type"`
		Meter         string `json:"meter"`
	} `json:"recurring"`
}

type meterFound struct {
	ID                 string `json:"id"`
	EventName          string `json:"event_name"`
	DisplayName        string `json:"display_name"`
	Status             string `json:"status"`
	DefaultAggregation struct {
		Formula string `json:"formula"`
	} `json:"default_aggregation"`
}

type portalFound struct {
	ID               string            `json:"id"`
	Active           bool              `json:"active"`
	IsDefault        bool              `json:"is_default"`
	DefaultReturnURL string            `json:"default_return_url"`
	Metadata         map[string]string `json:"metadata"`
	Features         struct {
		InvoiceHistory      switched `json:"invoice_history"`
		PaymentMethodUpdate switched `json:"payment_method_update"`
		SubscriptionCancel  struct {
			switched
			Mode string `json:"mode"`
		} `json:"subscription_cancel"`
		SubscriptionUpdate struct {
			switched
			ProrationBehavior string `json:"proration_behavior"`
		} `json:"subscription_update"`
	} `json:"features"`
}

type switched struct {
	Enabled bool `json:"enabled"`
}

type endpointFound struct {
	ID            string            `json:"id"`
	APIVersion    string            `json:"api_version"`
	EnabledEvents []string          `json:"enabled_events"`
	Metadata      map[string]string `json:"metadata"`
	Status        string            `json:"status"`
	URL           string            `json:"url"`
}

func (p productFound) ident() string  { return p.ID }
func (p priceFound) ident() string    { return p.ID }
func (m meterFound) ident() string    { return m.ID }
func (p portalFound) ident() string   { return p.ID }
func (e endpointFound) ident() string { return e.ID }

// readShelf reads all that may be ours. Archived objects are read too: what was sold before is sold again, not made anew.
func (c *Client) readShelf(ctx context.Context) (*shelf, error) {
	s := &shelf{}
	var err error
	if s.products, err = readAll[productFound](ctx, c, "/v1/products", nil); err != nil {
		return nil, err
	}
	if s.prices, err = c.readPrices(ctx); err != nil {
		return nil, err
	}
	if s.meters, err = readAll[meterFound](ctx, c, "/v1/billing/meters", nil); err != nil {
		return nil, err
	}
	if s.portals, err = readAll[portalFound](ctx, c, "/v1/billing_portal/configurations", nil); err != nil {
		return nil, err
	}
	s.endpoints, err = readAll[endpointFound](ctx, c, "/v1/webhook_endpoints", nil)
	return s, err
}

func (c *Client) readPrices(ctx context.Context) ([]priceFound, error) {
	return readAll[priceFound](ctx, c, "/v1/prices", form{{"expand[0]", "data.tiers"}})
}

// pageMax is the most objects Stripe puts on a page (https://docs.stripe.com/api/pagination).
const pageMax = 100

// readAll reads a list of Stripe's to its end, page by page, and turns it oldest first.
func readAll[T interface{ ident() string }](ctx context.Context, c *Client, path string, query form) ([]T, error) {
	var all []T
	query = append(form{{"limit", strconv.Itoa(pageMax)}}, query...)
	for {
		asked := query
		if len(all) > 0 {
			asked = append(query[:len(query):len(query)], pair{"starting_after", all[len(all)-1].ident()})
		}
		answer, err := c.send(ctx, "read "+path, "GET", path+"?"+asked.encode(), nil, "")
		if err != nil {
			return nil, err
		}
		var page struct {
			Data    []T  `json:"data"`
			HasMore bool `json:"has_more"`
		}
		if err := json.Unmarshal(answer.RawJSON, &page); err != nil {
			return nil, fmt.Errorf("stripe: read %s: %w", path, err)
		}
		all = append(all, page.Data...)
		if !page.HasMore || len(page.Data) == 0 {
			break
		}
	}
	slices.Reverse(all)
	return all, nil
}

// terms returns what a price costs, and false when that is nothing Tollgate would sell. Meters are named by their slugs.
func (p priceFound) terms(s *shelf) (terms, bool) {
	t := terms{product: p.Product, currency: p.Currency, mode: p.TiersMode}
	ok := true
	exact := func(text *string) string {
		if text == nil {
			return "0"
		}
		price, err := money.ParseUnitPrice(*text)
		ok = ok && err == nil
		return price.String()
	}
	if r := p.Recurring; r != nil {
		t.interval, t.meter = r.Interval, s.slugOfMeter(r.Meter)
		ok = r.IntervalCount == 1 && (r.UsageType == "metered") == (t.meter != "")
	}
	if q := p.TransformQuantity; q != nil {
		t.divideBy, t.round = q.DivideBy, q.Round
	}
	if t.mode == "" {
		t.amount = exact(p.UnitAmountDecimal)
	}
	for _, each := range p.Tiers {
		upTo := "inf"
		if each.UpTo != nil {
			upTo = strconv.FormatInt(*each.UpTo, 10)
		}
		t.tiers = append(t.tiers, tier{upTo: upTo, unit: exact(each.UnitAmountDecimal), flat: exact(each.FlatAmountDecimal)})
	}
	return t, ok
}

// slugOfMeter returns the slug of a meter of ours, and the bare id of any other.
func (s *shelf) slugOfMeter(meter string) id.Slug {
	for _, m := range s.meters {
		if m.ID == meter {
			if slug, ours := m.slug(); ours {
				return slug
			}
		}
	}
	return id.Slug(meter)
}

package flowglad

import (
	"maps"
	"slices"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

// The types of a feature.
const (
	toggle      = "toggle"
	creditGrant = "usage_credit_grant"
	resourceOf  = "resource"
)

// A feature is a feature of a product as the wire has it: something on, an allowance, or a resource.
type feature struct {
	ID               string          `json:"id"`
	Type             string          `json:"type"`
	Slug             string          `json:"slug"`
	Name             string          `json:"name"`
	Description      string          `json:"description"`
	Amount           *quantity.Units `json:"amount"`
	UsageMeterID     *string         `json:"usageMeterId"`
	ResourceID       *string         `json:"resourceId"`
	RenewalFrequency *string         `json:"renewalFrequency"`
	Value            *plan.Value     `json:"value,omitempty"` // Tollgate's own: what the plan gives a feature that has a value
	Active           bool            `json:"active"`
	Livemode         bool            `json:"livemode"`
	OrganizationID   string          `json:"organizationId"`
	PricingModelID   string          `json:"pricingModelId"`
	CreatedAt        int64           `json:"createdAt"`
	UpdatedAt        int64           `json:"updatedAt"`
}

// A featureItem is a feature that a subscription has.
type featureItem struct {
	ID                 string          `json:"id"`
	Type               string          `json:"type"`
	Slug               string          `json:"slug"`
	Name               string          `json:"name"`
	Amount             *quantity.Units `json:"amount"`
	UsageMeterID       *string         `json:"usageMeterId"`
	ResourceID         *string         `json:"resourceId"`
	RenewalFrequency   *string         `json:"renewalFrequency"`
	Value              *plan.Value     `json:"value,omitempty"`
	FeatureID          string          `json:"featureId"`
	ProductFeatureID   *string         `json:"productFeatureId"`
	SubscriptionItemID string          `json:"subscriptionItemId"`
	PricingModelID     string          `json:"pricingModelId"`
	ManuallyCreated    bool            `json:"manuallyCreated"`
	ExpiredAt          *int64          `json:"expiredAt"`
	DetachedAt         *int64          `json:"detachedAt"`
	DetachedReason     *string         `json:"detachedReason"`
	Livemode           bool            `json:"livemode"`
	CreatedAt          int64           `json:"createdAt"`
	UpdatedAt          int64           `json:"updatedAt"`
}

func (b *builder) feature(kind, featureID string, slug id.Slug, name string) feature {
	return feature{
		ID: featureID, Type: kind, Slug: string(slug), Name: name, Description: name, Active: true, Livemode: b.live,
		OrganizationID: organizationID, PricingModelID: modelID,
	}
}

// features returns what a plan gives: its features that are on, then its allowances.
func (b *builder) features(p plan.Plan) []feature {
	out := []feature{}
	for _, slug := range slices.Sorted(maps.Keys(p.Features)) {
		v := p.Features[slug]
		if !v.On {
			continue
		}
		f := b.feature(toggle, "feat_"+string(slug), slug, b.catalog.Features[slug].Name)
		if v.Type == plan.Number || v.Type == plan.Text {
			f.ID += "." + string(p.Slug)
			f.Value = &v
		}
		out = append(out, f)
	}
	for _, slug := range slices.Sorted(maps.Keys(p.Includes)) {
		a := p.Includes[slug]
		amount, often, many := a.Limit, "every_billing_period", a.Limit.String()
		if a.Unlimited {
			amount, many = quantity.Max, "Unlimited"
		}
		if a.Every == period.Never {
			often = "once"
		}
		out = append(out, b.creditGrant(string(p.Slug), slug, amount, many, often))
		if b.resources[slug] {
			f := b.feature(resourceOf, "seat_"+string(slug)+"."+string(p.Slug), slug, b.nameOf(slug))
			id := resourceID(slug)
			f.Amount, f.ResourceID = &amount, &id
			out = append(out, f)
		}
	}
	return out
}

func (b *builder) creditGrant(product string, balance id.Slug, amount quantity.Units, many, often string) feature {
	f := b.feature(creditGrant, "grant_"+string(balance)+"."+product, balance+"_included", many+" "+b.nameOf(balance))
	of := meterID(balance)
	f.Amount, f.UsageMeterID, f.RenewalFrequency = &amount, &of, &often
	return f
}

// nameOf returns the name of a meter or credits pool.
func (b *builder) nameOf(balance id.Slug) string {
	if m, ok := b.catalog.Meters[balance]; ok {
		return m.Name
	}
	return b.catalog.Credits[balance].Name
}

// resourcesOf returns the meters that are resources, such as seats: what is claimed stays claimed until it is released. These
// are the meters that count up and that every plan which includes them limits once and for all.
func resourcesOf(c *plan.Catalog) map[id.Slug]bool {
	out := map[id.Slug]bool{}
	for slug, m := range c.Meters {
		out[slug] = m.Aggregation == meter.Sum || m.Aggregation == meter.Count
		included := false
		for _, p := range c.Plans {
			if a, ok := p.Includes[slug]; ok {
				included = true
				out[slug] = out[slug] && a.Every == period.Never && !a.Soft && !a.Unlimited
			}
		}
		out[slug] = out[slug] && included
	}
	return out
}

// items returns the features of a plan as a subscription has them.
func (sh *shelf) items(p *product, sub string, since, updated int64) []featureItem {
	out := make([]featureItem, 0, len(p.Features))
	of := itemID(sub)
	for _, f := range p.Features {
		link := "pf_" + f.ID
		out = append(out, featureItem{
			ID: "sif_" + f.ID + "." + of, Type: f.Type, Slug: f.Slug, Name: f.Name, Amount: f.Amount, UsageMeterID: f.UsageMeterID,
			ResourceID: f.ResourceID, RenewalFrequency: f.RenewalFrequency, Value: f.Value, FeatureID: f.ID, ProductFeatureID: &link,
			SubscriptionItemID: of, PricingModelID: modelID, Livemode: f.Livemode, CreatedAt: since, UpdatedAt: updated,
		})
	}
	return out
}

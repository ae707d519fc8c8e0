// Package plan holds what is sold: the catalog of meters, credits, features, plans, prices and top-ups,
// how it is read from YAML, and the rules that follow from it.
package plan

import (
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// A Catalog is one published version of what is measured and sold. It is immutable once parsed.
type Catalog struct {
	Version    int64                   `json:"version"`
	Currency   string                  `json:"currency"`             // ISO 4217, lower case
	Timezone   string                  `json:"timezone"`             // IANA name; UTC when the document names none
	UpgradeURL string                  `json:"upgradeUrl,omitempty"` // where a refusal sends people
	Meters     map[id.Slug]meter.Meter `json:"meters"`
	Credits    map[id.Slug]Pool        `json:"credits,omitempty"`
	Features   map[id.Slug]Feature     `json:"features,omitempty"`
	Plans      map[id.Slug]Plan        `json:"plans"`
	TopUps     map[id.Slug]TopUp       `json:"topUps,omitempty"`
}

// A Pool is a credits balance that several meters are paid from, each at its own cost.
type Pool struct {
	Slug  id.Slug                    `json:"slug"`
	Name  string                     `json:"name"`
	Costs map[id.Slug]quantity.Units `json:"costs"` // credits per unit of the meter
}

// A Feature is something on or off per plan, or a value the app reads.
type Feature struct {
	Slug id.Slug     `json:"slug"`
	Name string      `json:"name"`
	Type FeatureType `json:"type"`
}

// FeatureType says what a plan may give a feature.
type FeatureType string

// The feature types.
const (
	Switch FeatureType = "switch" // true or false
	Number FeatureType = "number" // a decimal, or unlimited
	Text   FeatureType = "text"
)

// A Value is what a plan gives for a feature: exactly one field is set according to the feature's type.
type Value struct {
	On        bool           `json:"on"` // a switch that is on; for numbers and texts true
	Number    quantity.Units `json:"number,omitempty"`
	Unlimited bool           `json:"unlimited,omitempty"`
	Text      string         `json:"text,omitempty"`
}

// A Plan is what a customer subscribes to.
type Plan struct {
	Slug        id.Slug               `json:"slug"`
	Name        string                `json:"name"`
	Description string                `json:"description,omitempty"`
	Default     bool                  `json:"default,omitempty"` // for every signed-up customer without a paid subscription
	Guest       bool                  `json:"guest,omitempty"`   // for customers nobody has signed up
	TrialDays   int                   `json:"trialDays,omitempty"`
	Includes    map[id.Slug]Allowance `json:"includes,omitempty"` // by meter or pool
	Features    map[id.Slug]Value     `json:"features,omitempty"`
	Prices      []Price               `json:"prices,omitempty"`
}

// An Allowance is what a plan includes of one balance.
type Allowance struct {
	Limit     quantity.Units `json:"limit"` // per window; 0 when unlimited
	Unlimited bool           `json:"unlimited,omitempty"`
	Every     period.Every   `json:"every"`
	Soft      bool           `json:"soft,omitempty"` // accept past the limit and bill it
	Rollover  *Rollover      `json:"rollover,omitempty"`
	Overage   *Price         `json:"overage,omitempty"` // what soft usage past the limit costs
}

// A Rollover carries what a window leaves unspent into the next one, up to Max.
type Rollover struct {
	Max quantity.Units `json:"max"`
}

// A TopUp is a lot of units sold once.
type TopUp struct {
	Slug     id.Slug                    `json:"slug"`
	Name     string                     `json:"name"`
	Amount   int64                      `json:"amount"` // minor units
	Currency string                     `json:"currency"`
	Grants   map[id.Slug]quantity.Units `json:"grants"`            // by meter or pool
	Expires  time.Duration              `json:"expires,omitempty"` // after purchase; 0 means never
}

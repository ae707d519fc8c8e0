// Package plan holds what is sold: the catalog of meters, credits, features, plans, prices and
// top-ups, how it is read from YAML (Parse), what a price costs (Price.Cost), the rules that follow
// from a catalog (DefaultPlan, Payer) and how two catalogs differ (Diff).
package plan

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

// A Catalog is one published version of what is measured and sold. It is immutable once parsed, and
// safe for concurrent use.
//
// Its JSON form is the document itself with the defaults filled in: Parse reads what json.Marshal
// writes and returns an equal catalog.
type Catalog struct {
	Version    int64                   `json:"version,omitempty"`    // 0 until it is published
	Currency   string                  `json:"currency,omitempty"`   // ISO 4217, lower case; may be empty when nothing is priced
	Timezone   string                  `json:"timezone"`             // IANA name; UTC when the document names none
	UpgradeURL string                  `json:"upgradeUrl,omitempty"` // where a refusal sends people: a path or an address
	Meters     map[id.Slug]meter.Meter `json:"meters"`
	Credits    map[id.Slug]Pool        `json:"credits,omitempty"`
	Features   map[id.Slug]Feature     `json:"features,omitempty"`
	Plans      map[id.Slug]Plan        `json:"plans"`
	TopUps     map[id.Slug]TopUp       `json:"topUps,omitempty"`
	Refunds    Returns                 `json:"refunds"`
	Disputes   Returns                 `json:"disputes"`
	Access     subscription.Policy     `json:"access"` // what subscriptions that are not paid give

	zone *time.Location // of Timezone
}

// A Pool is a credits balance that several meters are paid from, each at its own cost. It carries up
// to six decimals.
type Pool struct {
	Slug  id.Slug                    `json:"slug"`
	Name  string                     `json:"name"`
	Costs map[id.Slug]quantity.Units `json:"costs"` // credits per unit of the meter, above 0
}

// A Plan is what a customer subscribes to.
type Plan struct {
	Slug        id.Slug               `json:"slug"`
	Name        string                `json:"name"`
	Description string                `json:"description,omitempty"`
	Position    int                   `json:"position"`           // where the plan stands among the others: 1 is first
	Default     bool                  `json:"default,omitempty"`  // for every signed-up customer without a paid subscription
	Guest       bool                  `json:"guest,omitempty"`    // for customers nobody has signed up
	TrialDays   period.Days           `json:"trial,omitempty"`    // 0: no trial
	Includes    map[id.Slug]Allowance `json:"includes,omitempty"` // by meter or pool
	Features    map[id.Slug]Value     `json:"features,omitempty"` // a feature that is missing is off
	Prices      []Price               `json:"prices,omitempty"`   // in the document's order
}

// An Allowance is what a plan includes of one balance.
type Allowance struct {
	Limit     quantity.Units `json:"limit"` // per window; 0 when unlimited; in JSON then "unlimited"
	Unlimited bool           `json:"-"`
	Every     period.Every   `json:"every"`
	Soft      bool           `json:"soft,omitempty"`     // accept past the limit
	Rollover  *Rollover      `json:"rollover,omitempty"` // nil: what is left is lost
	Overage   *Price         `json:"overage,omitempty"`  // what soft usage past the limit costs; nil: nothing
}

// A Rollover carries what a window leaves unspent into the next one, up to Max.
type Rollover struct {
	Max quantity.Units `json:"max"`
}

// A TopUp is a lot of units sold once.
type TopUp struct {
	Slug     id.Slug                    `json:"slug"`
	Name     string                     `json:"name"`
	Amount   int64                      `json:"amount"` // minor units, above 0
	Currency string                     `json:"currency"`
	Grants   map[id.Slug]quantity.Units `json:"grants"`            // by meter or pool
	Expires  period.Days                `json:"expires,omitempty"` // after purchase; 0 means never
}

// Returns says what follows when the money of a top-up goes back.
type Returns struct {
	Spent credit.ClawBackPolicy `json:"spent"` // what becomes of the units that are spent already
}

// MarshalJSON writes limit as the document does: a number, or "unlimited".
func (a Allowance) MarshalJSON() ([]byte, error) {
	type bare Allowance
	if !a.Unlimited {
		return json.Marshal(bare(a))
	}
	return json.Marshal(struct {
		Limit string `json:"limit"`
		bare
	}{unlimited, bare(a)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (a *Allowance) UnmarshalJSON(b []byte) error {
	type bare Allowance
	in := struct {
		Limit json.RawMessage `json:"limit"`
		*bare
	}{bare: (*bare)(a)}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	if a.Unlimited = string(in.Limit) == `"`+unlimited+`"`; a.Unlimited {
		a.Limit = 0
		return nil
	}
	return a.Limit.UnmarshalJSON(in.Limit)
}

// UnmarshalJSON reads what json.Marshal writes. Unlike Parse it checks nothing but the time zone, so
// that a catalog published under older rules can still be read.
func (c *Catalog) UnmarshalJSON(b []byte) error {
	type bare Catalog
	in := bare{}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	zone, err := time.LoadLocation(in.Timezone)
	if err != nil {
		return fmt.Errorf("catalog timezone %q: %w", in.Timezone, err)
	}
	in.zone = zone
	*c = Catalog(in)
	return nil
}

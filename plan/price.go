package plan

import (
	"encoding/json"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
)

// Model says how a price follows from a quantity. The names are those of the field; Cost has the rules.
type Model string

// The models.
const (
	Flat      Model = "flat"      // one amount, whatever the quantity
	PerUnit   Model = "per_unit"  // every unit costs the same
	Graduated Model = "graduated" // each tier prices the units within it
	Volume    Model = "volume"    // the tier of the total prices all units
	Package   Model = "package"   // units are sold in packages, and a part counts as a whole
)

// Models lists every model, in the order the documentation names them.
func Models() []Model { return []Model{Flat, PerUnit, Graduated, Volume, Package} }

// Interval says how often a recurring price is charged.
type Interval string

// The intervals.
const (
	Month Interval = "month"
	Year  Interval = "year"
)

// Months returns the length of the interval in months: 1 or 12. It is what period.Cycle counts in.
func (i Interval) Months() int {
	if i == Year {
		return 12
	}
	return 1
}

// A Price is what a plan costs per interval, what a meter's usage costs (Meter is set), or what usage
// past an allowance costs (Every is empty).
type Price struct {
	Slug        id.Slug         `json:"slug"`
	Model       Model           `json:"model"`
	Currency    string          `json:"currency"`              // ISO 4217, lower case; the catalog's
	Every       Interval        `json:"every,omitempty"`       // empty for overage, which is billed with the period
	Meter       id.Slug         `json:"meter,omitempty"`       // the meter a metered price bills; empty otherwise
	Amount      int64           `json:"amount,omitempty"`      // flat only: minor units
	UnitAmount  money.UnitPrice `json:"unitAmount,omitzero"`   // per_unit: of a unit; package: of a package; minor units
	PackageSize quantity.Units  `json:"packageSize,omitempty"` // package only: whole units in a package
	Tiers       []Tier          `json:"tiers,omitempty"`       // graduated and volume only: ascending, the last one endless
}

// A Tier is a range of quantities with a price of its own: from just above the tier before it up to
// and including UpTo, as Stripe's up_to (https://docs.stripe.com/api/prices/object).
type Tier struct {
	UpTo       quantity.Units  `json:"upTo"`       // 0 means endless; in JSON then "inf"
	UnitAmount money.UnitPrice `json:"unitAmount"` // of a unit, in minor units
	FlatAmount money.UnitPrice `json:"flatAmount"` // added once when the tier is reached, in minor units
}

// endless is how documents and JSON spell the bound of the last tier, as Stripe does.
const endless = "inf"

// MarshalJSON writes the price; a flat price always shows its amount, also when it is 0.
func (p Price) MarshalJSON() ([]byte, error) {
	type bare Price
	if p.Model != Flat {
		return json.Marshal(bare(p))
	}
	return json.Marshal(struct {
		bare
		Amount int64 `json:"amount"`
	}{bare(p), p.Amount})
}

// MarshalJSON writes upTo as the document does: a number, or "inf".
func (t Tier) MarshalJSON() ([]byte, error) {
	type bare Tier
	if t.UpTo > 0 {
		return json.Marshal(bare(t))
	}
	return json.Marshal(struct {
		UpTo string `json:"upTo"`
		bare
	}{endless, bare(t)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Tier) UnmarshalJSON(b []byte) error {
	type bare Tier
	in := struct {
		UpTo json.RawMessage `json:"upTo"`
		*bare
	}{bare: (*bare)(t)}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	if string(in.UpTo) == `"`+endless+`"` {
		t.UpTo = 0
		return nil
	}
	return t.UpTo.UnmarshalJSON(in.UpTo)
}

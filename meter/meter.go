// Package meter holds what is measured: meters, the usage callers send, and the events they become.
package meter

import (
	"encoding/json"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// Aggregation says how a meter's events add up within a window.
type Aggregation string

// The aggregations (the five OpenMeter and Stripe also know under these names).
const (
	Sum    Aggregation = "sum"    // the amounts together
	Count  Aggregation = "count"  // the number of events
	Max    Aggregation = "max"    // the largest amount
	Unique Aggregation = "unique" // the number of distinct values of a property
	Last   Aggregation = "last"   // the latest amount
)

// Aggregations lists every aggregation, in the order the documentation names them.
func Aggregations() []Aggregation { return []Aggregation{Sum, Count, Max, Unique, Last} }

// A Meter is a named quantity.
type Meter struct {
	Slug        id.Slug     `json:"slug"`
	Name        string      `json:"name"`
	Aggregation Aggregation `json:"aggregation"`
	Unit        string      `json:"unit,omitempty"`
	Decimals    int         `json:"decimals"`           // how many decimals an amount may carry, 0 to 6
	Property    string      `json:"property,omitempty"` // what a unique meter counts
}

// Usage is one usage fact as a caller sends it.
type Usage struct {
	Customer      id.Customer     `json:"customer"`
	Meter         id.Slug         `json:"meter"`
	Amount        *quantity.Units `json:"amount,omitempty"` // nil means 1, on count and unique meters only
	TransactionID id.Transaction  `json:"transactionId"`
	At            *time.Time      `json:"at,omitempty"`         // when it happened; now when nil
	Properties    json.RawMessage `json:"properties,omitempty"` // a JSON object, up to Limits.PropertiesBytes
	Record        bool            `json:"record,omitempty"`     // true: it has happened, never refuse it
}

// An Event is a usage fact as it was recorded.
type Event struct {
	Customer      id.Customer     `json:"customer"`
	Meter         id.Slug         `json:"meter"`
	Amount        quantity.Units  `json:"amount"`
	TransactionID id.Transaction  `json:"transactionId"`
	At            time.Time       `json:"at"`         // when it happened
	RecordedAt    time.Time       `json:"recordedAt"` // when Tollgate wrote it
	Charged       quantity.Units  `json:"charged"`    // what the balance paid, in the balance's own units
	PaidBy        id.Slug         `json:"paidBy"`     // which balance paid: the meter's own or a credits pool
	Late          bool            `json:"late,omitempty"`
	Properties    json.RawMessage `json:"properties,omitempty"`
}

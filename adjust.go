package tollgate

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// AdjustmentKind says what an adjustment of usage does.
type AdjustmentKind string

// The kinds.
const (
	AdjustRefund    AdjustmentKind = "refund"    // usage of the open window is forgiven
	AdjustBonus     AdjustmentKind = "bonus"     // units on top: a grant
	AdjustDeduction AdjustmentKind = "deduction" // units are taken away as usage
)

// AdjustmentKinds lists every kind.
func AdjustmentKinds() []AdjustmentKind {
	return []AdjustmentKind{AdjustRefund, AdjustBonus, AdjustDeduction}
}

// An AdjustmentRequest corrects a customer's usage by hand.
type AdjustmentRequest struct {
	Customer id.Customer    `json:"-"`
	Meter    id.Slug        `json:"meter"`
	Amount   quantity.Units `json:"amount"` // above 0 with a kind; without one its sign says which: below 0 refund, above 0 bonus
	Kind     AdjustmentKind `json:"kind,omitempty"`
	Reason   string         `json:"reason"`
	// TransactionID is the caller's own id of this adjustment, the same on every retry.
	TransactionID id.Transaction  `json:"transactionId"`
	Properties    json.RawMessage `json:"properties,omitempty"` // a JSON object; reason is added to it
	// Past says when the adjustment happened, and that it is history: a refund or deduction counts in the statistics of
	// then, and moves no balance.
	Past *time.Time `json:"-"`
}

// An Adjusted is the answer to an adjustment: the event that a refund or a deduction left, or the bonus's grant.
type Adjusted struct {
	Kind      AdjustmentKind `json:"kind"`
	Reason    string         `json:"reason"`
	Event     *meter.Event   `json:"event,omitempty"`
	Grant     *credit.Lot    `json:"grant,omitempty"`
	Balance   credit.Balance `json:"balance"`
	Duplicate bool           `json:"duplicate"`
}

// AdjustUsage corrects usage by hand, with a reason. A refund forgives usage of the open window: it lowers used, and
// its units go back to what paid. A deduction takes units as Consume does. Both leave an event that the statistics
// count with its sign. A bonus grants units on the meter's own balance or on the pool that pays for it, at the pool's
// cost. The same transactionId again answers as the first time.
//
// Faults: not_found; conflict when the transactionId was used for something else; insufficient_credits for a deduction
// that is not covered; invalid_request, above all for a refund of more than the window has used (limit says how
// much that is of the meter) and for meters whose amounts do not add up.
func (e *Engine) AdjustUsage(ctx context.Context, r AdjustmentRequest) (Adjusted, error) {
	if r.Kind == "" {
		if r.Kind = AdjustBonus; r.Amount < 0 {
			r.Kind, r.Amount = AdjustRefund, -r.Amount
		}
	}
	m, refused := e.checkAdjustment(r)
	if r.Kind == AdjustBonus {
		return e.bonus(ctx, r, refused)
	}
	properties, err := reasoned(r)
	if err != nil {
		return Adjusted{}, first(refused, err)
	}
	kind, amount := credit.KindDeduction, r.Amount
	if r.Kind == AdjustRefund {
		kind, amount = credit.KindRefund, -r.Amount
	}
	c, err := e.Customer(ctx, r.Customer)
	if err != nil {
		return Adjusted{}, first(refused, err)
	}
	o := &op{
		customer: r.Customer, who: c.key, usage: true, txid: r.TransactionID, hash: hashOf(kind, r.Meter, r.Amount, string(properties)),
		req: credit.Request{
			Kind: kind, Cause: string(r.TransactionID), Reason: r.Reason, Meter: r.Meter, Aggregation: m.Aggregation, Amount: r.Amount,
			// No caller's id holds a NUL, so no caller's grant has this one.
			Lot: credit.Lot{ID: id.Derived("grant", c.key, "refund\x00"+r.TransactionID), Source: string(AdjustRefund)},
		},
		event: meter.Event{Meter: r.Meter, Amount: amount, TransactionID: r.TransactionID, Properties: properties},
	}
	if r.Past != nil {
		o.req.Kind, o.event.At = credit.KindBackfill, r.Past.UTC().Truncate(time.Microsecond)
		o.hash = hashOf(o.req.Kind, r.Meter, amount, string(properties), r.Past)
	}
	done, err := e.doUsage(ctx, o, refused)
	if err != nil {
		return Adjusted{}, err
	}
	return Adjusted{Kind: r.Kind, Reason: r.Reason, Event: &done.Event, Balance: done.Balance, Duplicate: done.Duplicate}, nil
}

// bonus grants a meter's amount to the balance that pays for it. What makes it a repeat is what was asked for, and not what that is
// on the plan of now.
func (e *Engine) bonus(ctx context.Context, r AdjustmentRequest, refused error) (Adjusted, error) {
	c, err := e.Customer(ctx, r.Customer)
	if err != nil {
		return Adjusted{}, first(refused, err)
	}
	slug, cost := e.book.Load().payer(c.Plan, r.Meter)
	units, ok := r.Amount.Times(cost)
	if !ok && refused == nil {
		refused = fault.Field("amount", r.Amount, quantity.Max, "The amount is too large to be granted.")
	}
	request := GrantRequest{Customer: r.Customer, Balance: slug, Amount: units, ID: r.TransactionID, Source: string(AdjustBonus), Reason: r.Reason}
	o, wrong := e.grantOp(c, request)
	o.was, o.hash = o.hash, hashOf("bonus", r.Meter, r.Amount)
	o.claims, o.given = r.TransactionID, givenID{"transactionId", string(r.TransactionID)}
	var g Granted
	if err := e.doNamed(ctx, o, first(refused, wrong), &g, &g.Duplicate); err != nil {
		return Adjusted{}, err
	}
	return Adjusted{Kind: AdjustBonus, Reason: r.Reason, Grant: &g.Lot, Balance: g.Balance, Duplicate: g.Duplicate}, nil
}

// checkAdjustment returns the meter of an adjustment, or why it cannot be made as things are now.
func (e *Engine) checkAdjustment(r AdjustmentRequest) (meter.Meter, error) {
	m, ok := e.book.Load().Meters[r.Meter]
	if !ok {
		return m, e.unknownMeter(meter.Usage{Customer: r.Customer, Meter: r.Meter})
	}
	switch {
	case r.Kind != AdjustRefund && r.Kind != AdjustBonus && r.Kind != AdjustDeduction:
		return m, fault.Field("kind", string(r.Kind), AdjustmentKinds(), "kind is refund, bonus or deduction. Left out, an amount below 0 is a refund and one above 0 a bonus.")
	case r.Amount <= 0:
		return m, fault.Field("amount", r.Amount, 0, "amount must be more than 0.")
	case r.Amount > quantity.Max:
		return m, fault.Field("amount", r.Amount, quantity.Max, "amount is larger than %s.", quantity.Max)
	case r.Amount.Decimals() > m.Decimals:
		return m, fault.Field("amount", r.Amount, m.Decimals, "amount carries more decimals than %s takes: at most %d.", m.Slug, m.Decimals)
	case r.Past != nil && (r.Past.Year() < 2000 || r.Past.After(e.Now())):
		return m, fault.Field("at", *r.Past, e.Now(), "An adjustment of the past lies between the year 2000 and this moment.")
	case r.Past != nil && r.Kind == AdjustBonus:
		return m, fault.Field("kind", string(r.Kind), nil, "A bonus of the past has no effect: units are granted now.")
	case r.Reason == "":
		return m, fault.Field("reason", "", nil, "reason is missing: say why, for the ledger.")
	case r.Kind != AdjustBonus && m.Aggregation != meter.Sum && m.Aggregation != meter.Count:
		return m, fault.Field("meter", string(r.Meter), nil, "%s keeps the %s of its readings, which cannot be refunded or deducted: send a new reading, void an event of a unique meter, or grant a bonus.", r.Meter, m.Aggregation)
	}
	if err := checkReason(r.Reason); err != nil {
		return m, err
	}
	return m, r.TransactionID.Check("transactionId")
}

// reasoned returns an adjustment's properties with its reason among them, compact and in order of their keys.
func reasoned(r AdjustmentRequest) (json.RawMessage, error) {
	all, err := meter.ReadProperties(r.Properties)
	if err != nil {
		return nil, err
	}
	if all == nil {
		all = map[string]any{}
	}
	all["reason"] = r.Reason
	text, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("spell properties: %w", err)
	}
	switch {
	case len(text) > PropertiesBytesMax:
		return nil, fault.Field("properties", len(text), PropertiesBytesMax, "properties has %d bytes with the reason; the limit is %d.", len(text), PropertiesBytesMax)
	case bytes.Contains(bytes.ReplaceAll(text, []byte(`\\`), nil), []byte(`\u0000`)):
		return nil, fault.Field("properties", nil, nil, "properties must not carry NUL characters.")
	}
	return text, nil
}

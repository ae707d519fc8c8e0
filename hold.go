package tollgate

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// A HoldRequest asks to set units of a meter aside until their cost is known.
type HoldRequest struct {
	Customer      id.Customer    `json:"customer"`
	Meter         id.Slug        `json:"meter"`
	Amount        quantity.Units `json:"amount"`
	TransactionID id.Transaction `json:"transactionId"`       // also the id of the event a capture makes
	ExpiresIn     int64          `json:"expiresIn,omitempty"` // seconds; credit.HoldDefault when 0, credit.HoldMax at most
}

// A Held is the answer to a hold, and to its release.
type Held struct {
	ID        string         `json:"id"`
	Customer  id.Customer    `json:"customer"`
	Meter     id.Slug        `json:"meter"`
	Amount    quantity.Units `json:"amount"`  // of the meter
	Charged   quantity.Units `json:"charged"` // of the balance: set aside by the hold, given back by the release
	ExpiresAt time.Time      `json:"expiresAt,omitzero"`
	Released  bool           `json:"released,omitempty"`
	Balance   credit.Balance `json:"balance"`
	Duplicate bool           `json:"duplicate"`
}

// Hold sets units aside: they leave the balance now, so that a capture of up to as much cannot be refused. Only
// meters of aggregation sum and count can be held. While it is open, nothing but its capture can have its transactionId.
// Faults are those of Consume.
func (e *Engine) Hold(ctx context.Context, r HoldRequest) (Held, error) {
	m, refused := e.checkHold(r)
	c, err := e.Customer(ctx, r.Customer)
	if err != nil {
		return Held{}, first(refused, err)
	}
	lasts := credit.HoldDefault
	if r.ExpiresIn != 0 {
		lasts = time.Duration(r.ExpiresIn) * time.Second
	}
	holdID := id.Derived("hold", c.key, r.TransactionID)
	o := &op{
		customer: r.Customer, who: c.key, usage: true, name: "hold:" + holdID, given: givenID{"transactionId", string(r.TransactionID)}, hash: hashOf("hold", r.Meter, r.Amount, r.ExpiresIn), claims: r.TransactionID,
		req: credit.Request{
			Kind: credit.KindHold, Cause: holdID, Meter: r.Meter, Aggregation: m.Aggregation, Amount: r.Amount,
			TransactionID: r.TransactionID, ExpiresAt: e.Now().Add(lasts),
		},
	}
	o.answer = func(s *credit.State, line credit.Entry, now time.Time) any {
		return Held{
			ID: holdID, Customer: r.Customer, Meter: r.Meter, Amount: r.Amount, Charged: line.Hold.Charge,
			ExpiresAt: line.Hold.ExpiresAt, Balance: s.Receipt(o.slug, now),
		}
	}
	var out Held
	return out, e.doNamed(ctx, o, refused, &out, &out.Duplicate)
}

// checkHold returns the meter of a hold, or why it cannot be made as things are now.
func (e *Engine) checkHold(r HoldRequest) (meter.Meter, error) {
	u := meter.Usage{Customer: r.Customer, Meter: r.Meter, Amount: &r.Amount, TransactionID: r.TransactionID}
	m, ok := e.book.Load().Meters[r.Meter]
	switch {
	case !ok:
		return m, e.unknownMeter(u)
	case m.Aggregation != meter.Sum && m.Aggregation != meter.Count:
		return m, fault.Field("meter", string(r.Meter), nil, "A meter of aggregation %s cannot be held: its amounts do not add up.", m.Aggregation)
	case r.ExpiresIn < 0 || r.ExpiresIn > int64(credit.HoldMax/time.Second):
		return m, fault.Field("expiresIn", r.ExpiresIn, int64(credit.HoldMax/time.Second), "expiresIn is a number of seconds up to 30 days.")
	}
	_, err := m.Check(u, e.Now(), meter.Limits{})
	return m, err
}

// Capture turns a hold into usage of amount units of its meter: all of the hold, a part (the rest goes back), or
// more than it when the balance covers the rest. amount nil captures what was held. The event carries the hold's
// transactionId. Faults: not_found for a hold that is not open; insufficient_credits, leaving the hold open, when
// the balance does not cover what exceeds it; conflict when the hold was captured with another amount.
func (e *Engine) Capture(ctx context.Context, holdID string, amount *quantity.Units) (Receipt, error) {
	customer, line, err := e.holdLine(ctx, holdID)
	if err != nil {
		return Receipt{}, err
	}
	h := line.Hold
	if amount == nil {
		amount = &h.Amount
	}
	var refused error
	if *amount != h.Amount { // what was held can be captured whatever has become of its meter
		m := e.book.Load().meterThen(h.Meter, h.CreatedAt)
		if amount.Decimals() > m.Decimals || *amount < 0 || *amount > quantity.Max {
			refused = fault.Field("amount", *amount, m.Decimals, "amount must be a number from 0 to %s with at most %d decimals.", quantity.Max, m.Decimals)
		}
	}
	o := &op{
		customer: customer, who: line.who, slug: line.slug, txid: h.TransactionID, hash: hashOf("capture", holdID, *amount),
		req:   credit.Request{Kind: credit.KindCapture, Cause: holdID, Meter: h.Meter, Amount: *amount},
		event: meter.Event{Meter: h.Meter, Amount: *amount, TransactionID: h.TransactionID},
	}
	return e.doUsage(ctx, o, refused)
}

// Release lets a hold go: its units return to where they came from. Releasing twice answers as the first time.
// Faults: not_found for a hold that is not open.
func (e *Engine) Release(ctx context.Context, holdID string) (Held, error) {
	customer, line, err := e.holdLine(ctx, holdID)
	if err != nil {
		return Held{}, err
	}
	o := &op{
		customer: customer, who: line.who, slug: line.slug, name: "release:" + holdID, hash: hashOf("release"),
		req: credit.Request{Kind: credit.KindRelease, Cause: holdID},
	}
	o.answer = func(s *credit.State, made credit.Entry, now time.Time) any {
		return Held{
			ID: holdID, Customer: customer, Meter: line.Hold.Meter, Amount: line.Hold.Amount, Charged: made.Amount,
			Released: true, Balance: s.Receipt(o.slug, now),
		}
	}
	var out Held
	return out, e.doNamed(ctx, o, nil, &out, &out.Duplicate)
}

// A placed line is a ledger line and the balance it stands on.
type placed struct {
	credit.Entry
	slug id.Slug
	who  id.Key // its customer
}

// holdLine finds the line that opened a hold, from the hold's id alone.
func (e *Engine) holdLine(ctx context.Context, holdID string) (id.Customer, placed, error) {
	return e.lineOf(ctx, "hold", holdID)
}

// lineOf finds the line that made what an id names, and its customer.
func (e *Engine) lineOf(ctx context.Context, kind, madeID string) (id.Customer, placed, error) {
	unknown := fault.New(fault.NotFound, "There is no %s %q.", kind, madeID).With(kind, madeID)
	key, ok := id.KeyOf(kind, madeID)
	if !ok {
		return "", placed{}, unknown
	}
	line, ok, err := e.db.EntryNamed(ctx, key, kind+":"+madeID)
	if err != nil {
		return "", placed{}, outside("find "+kind, err)
	}
	if !ok {
		return "", placed{}, unknown
	}
	c, err := e.db.CustomerByKey(ctx, key)
	if store.None(err) {
		return "", placed{}, unknown
	}
	if err != nil {
		return "", placed{}, outside("find "+kind, err)
	}
	return c.ExternalID, placed{line.Entry, line.Slug, key}, nil
}

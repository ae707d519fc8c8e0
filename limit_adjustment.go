package tollgate

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/quantity"
)

const (
	// LimitAdjustmentsMax is how many limit adjustments of one customer can be to come or in force.
	LimitAdjustmentsMax = 100
	// limitAdjustmentsKept is how many of them are kept in all; the oldest that are over go first.
	limitAdjustmentsKept = 1000
)

// A LimitAdjustmentRequest moves one customer's limit for a span of time.
type LimitAdjustmentRequest struct {
	Customer id.Customer           `json:"-"`
	Balance  id.Slug               `json:"balance"` // a credits pool or a meter; a meter that a pool pays for means the pool
	Amount   quantity.Units        `json:"amount"`  // added to the limit; below 0 lowers it
	Type     credit.AdjustmentType `json:"type"`
	StartsAt *time.Time            `json:"startDate,omitempty"` // now when nil
	EndsAt   *time.Time            `json:"endDate,omitempty"`   // nil, of a recurring one only: until it is removed
	Reason   string                `json:"reason,omitempty"`
	Metadata map[string]string     `json:"metadata,omitempty"`
	ID       id.Transaction        `json:"id,omitempty"` // the caller's own id of this adjustment; a retry with it adds nothing more
}

// A LimitAdjusted is a limit adjustment with its customer and whether it moves the limit now.
type LimitAdjusted struct {
	credit.LimitAdjustment
	Customer  id.Customer `json:"customer"`
	Active    bool        `json:"active"`
	Duplicate bool        `json:"duplicate,omitempty"`
}

// AddLimitAdjustment moves a customer's limit: of every window that a recurring adjustment's span overlaps, or, one-time,
// while the clock is within the span. An unlimited balance stays unlimited; a balance that the plan does not include
// starts from 0; no limit falls below 0. The same id again answers with the adjustment as it is by then, removed or not. Faults: not_found; conflict when the id was used for another adjustment;
// invalid_request.
func (e *Engine) AddLimitAdjustment(ctx context.Context, r LimitAdjustmentRequest) (LimitAdjusted, error) {
	b := e.book.Load()
	a, refused := e.limitAdjustment(b, r)
	if refused != nil && (r.ID == "" || r.Customer.Check("customer") != nil) { // it repeats nothing
		return LimitAdjusted{}, refused
	}
	var out LimitAdjusted
	err := e.db.Update(ctx, func(tx *store.Tx) error {
		c, err := tx.LockCustomer(ctx, r.Customer)
		if store.None(err) {
			return first(refused, unknownCustomer(r.Customer))
		}
		if err != nil {
			return err
		}
		a.Balance = b.paying(c.Plan, r.Balance)
		a.ID = id.New("limit", c.Key)
		if r.ID != "" {
			a.ID = id.Derived("limit", c.Key, r.ID)
		}
		known, same, err := knownAdjustment(ctx, tx, b, &c, r, a)
		switch {
		case err != nil:
			return err
		case known != nil && !same:
			return conflict("id", string(r.ID))
		case known != nil:
			out = e.shownAdjustment(b, &c, *known)
			out.Duplicate = true
			return nil
		case refused != nil:
			return refused
		}
		if decimals, _ := b.Decimals(a.Balance); a.Amount.Decimals() > decimals { // in whose units it is
			return fault.Field("amount", a.Amount, decimals, "amount has %d decimals; %s, which it moves, takes %d.", a.Amount.Decimals(), a.Balance, decimals)
		}
		if err := makeRoom(&c, a.CreatedAt); err != nil {
			return err
		}
		c.Adjustments, c.UpdatedAt = append(c.Adjustments, a), a.CreatedAt
		out = e.shownAdjustment(b, &c, a)
		return errors.Join(keepAdjustment(ctx, tx, &c, a, hashOfAdjustment(r)), tx.UpdateCustomer(ctx, c, true))
	})
	return out, outside("write limit adjustment", err)
}

// makeRoom drops the oldest adjustments that are over, past limitAdjustmentsKept, and refuses one live adjustment too many.
func makeRoom(c *store.Customer, now time.Time) error {
	var live int
	for _, a := range c.Adjustments {
		if !a.Over(now) {
			live++
		}
	}
	if live >= LimitAdjustmentsMax {
		return fault.Field("adjustments", live+1, LimitAdjustmentsMax, "The customer has %d limit adjustments to come or in force; the limit is %d. Remove some first.", live, LimitAdjustmentsMax)
	}
	spare := len(c.Adjustments) + 1 - limitAdjustmentsKept
	c.Adjustments = slices.DeleteFunc(c.Adjustments, func(a credit.LimitAdjustment) bool {
		gone := spare > 0 && a.Over(now)
		if gone {
			spare--
		}
		return gone
	})
	return nil
}

// limitAdjustment checks a request and returns the adjustment it asks for, without the id and on the slug as it was sent.
func (e *Engine) limitAdjustment(b *book, r LimitAdjustmentRequest) (credit.LimitAdjustment, error) {
	now := e.Now()
	a := credit.LimitAdjustment{Balance: r.Balance, Amount: r.Amount, Type: r.Type, StartsAt: now, Reason: r.Reason, Metadata: r.Metadata, CreatedAt: now}
	if err := r.Customer.Check("customer"); err != nil {
		return a, err
	}
	if r.StartsAt != nil {
		a.StartsAt = r.StartsAt.UTC().Truncate(time.Microsecond)
	}
	if r.EndsAt != nil {
		a.EndsAt = r.EndsAt.UTC().Truncate(time.Microsecond)
	}
	switch {
	case !b.IsBalance(r.Balance):
		return a, e.unknownBalance(r.Balance)
	case r.Amount == 0 || r.Amount > quantity.Max || r.Amount < -quantity.Max:
		return a, fault.Field("amount", r.Amount, quantity.Max, "amount is a number other than 0, up to %s either way.", quantity.Max)
	case !slices.Contains(credit.AdjustmentTypes(), r.Type):
		return a, fault.Field("type", string(r.Type), credit.AdjustmentTypes(), "type is one_time or recurring.")
	case r.EndsAt == nil && r.Type == credit.OneTime:
		return a, fault.Field("endDate", nil, nil, "endDate is missing: a one_time adjustment ends. Send type recurring for one that stays until it is removed.")
	case r.EndsAt != nil && !a.EndsAt.After(a.StartsAt):
		return a, fault.Field("endDate", a.EndsAt, a.StartsAt, "endDate must lie after startDate.")
	case a.StartsAt.Year() < 2000 || a.StartsAt.Year() > yearMax || a.EndsAt.Year() > yearMax:
		return a, fault.Field("startDate", a.StartsAt.String(), yearMax, "startDate and endDate lie in the years 2000 to %d.", yearMax)
	}
	if size := metadataBytes(r.Metadata); size > PropertiesBytesMax {
		return a, fault.Field("metadata", size, PropertiesBytesMax, "metadata has %d bytes; the limit is %d.", size, PropertiesBytesMax)
	}
	for k, v := range r.Metadata {
		for _, text := range []string{k, v} {
			if err := checkText("metadata", text, PropertiesBytesMax); err != nil {
				return a, err
			}
		}
	}
	if r.ID != "" {
		if err := r.ID.Check("id"); err != nil {
			return a, err
		}
	}
	return a, checkReason(r.Reason)
}

// LimitAdjustments returns a customer's limit adjustments, oldest first, those included that are over or removed.
// Faults: not_found.
func (e *Engine) LimitAdjustments(ctx context.Context, customer id.Customer) ([]LimitAdjusted, error) {
	c, err := e.Customer(ctx, customer)
	if err != nil {
		return nil, err
	}
	b, out := e.book.Load(), []LimitAdjusted{}
	for _, a := range c.row.Adjustments {
		out = append(out, e.shownAdjustment(b, &c.row, a))
	}
	return out, nil
}

// RemoveLimitAdjustment ends an adjustment now. It stays in the list, with removedAt. Removing twice answers as the
// first time. Faults: not_found.
func (e *Engine) RemoveLimitAdjustment(ctx context.Context, adjustmentID string) (LimitAdjusted, error) {
	unknown := fault.New(fault.NotFound, "There is no limit adjustment %q.", adjustmentID).With("limitAdjustment", adjustmentID)
	key, ok := id.KeyOf("limit", adjustmentID)
	if !ok {
		return LimitAdjusted{}, unknown
	}
	found, err := e.db.CustomerByKey(ctx, key)
	if store.None(err) {
		return LimitAdjusted{}, unknown
	}
	if err != nil {
		return LimitAdjusted{}, outside("find limit adjustment", err)
	}
	b, out := e.book.Load(), LimitAdjusted{}
	err = e.db.Update(ctx, func(tx *store.Tx) error {
		c, err := tx.LockCustomer(ctx, found.ExternalID)
		if store.None(err) || err == nil && c.Key != key {
			return unknown
		}
		if err != nil {
			return err
		}
		i := slices.IndexFunc(c.Adjustments, func(a credit.LimitAdjustment) bool { return a.ID == adjustmentID })
		if i < 0 {
			known, _, err := keptAdjustment(ctx, tx, &c, adjustmentID)
			if err == nil && known == nil {
				err = unknown
			}
			if err != nil {
				return err
			}
			out = e.shownAdjustment(b, &c, *known)
			out.Duplicate = true
			return nil
		}
		a := &c.Adjustments[i]
		if !a.RemovedAt.IsZero() {
			out = e.shownAdjustment(b, &c, *a)
			out.Duplicate = true
			return nil
		}
		a.RemovedAt = e.Now()
		c.UpdatedAt = a.RemovedAt
		out = e.shownAdjustment(b, &c, *a)
		return errors.Join(rekeepAdjustment(ctx, tx, &c, *a), tx.UpdateCustomer(ctx, c, true))
	})
	return out, outside("remove limit adjustment", err)
}

func (e *Engine) shownAdjustment(b *book, c *store.Customer, a credit.LimitAdjustment) LimitAdjusted {
	now := e.Now()
	return LimitAdjusted{LimitAdjustment: a, Customer: c.ExternalID, Active: a.Applies(e.terms(b, c, a.Balance, now).Window, now)}
}

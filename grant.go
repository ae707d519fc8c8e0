package tollgate

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// A GrantRequest gives a customer units of a balance on top of its plan.
type GrantRequest struct {
	Customer  id.Customer    `json:"-"`
	Balance   id.Slug        `json:"balance"` // a meter or a credits pool
	Amount    quantity.Units `json:"amount"`
	ID        id.Transaction `json:"id,omitempty"`       // the caller's own id of this grant; a retry with it grants nothing more
	Source    string         `json:"source,omitempty"`   // bonus when empty
	Priority  *int           `json:"priority,omitempty"` // lower burns first; credit.PriorityDefault when nil
	StartsAt  *time.Time     `json:"startsAt,omitempty"` // now when nil
	ExpiresAt *time.Time     `json:"expiresAt,omitempty"`
	Reason    string         `json:"reason,omitempty"`
}

// A Granted is the answer to a grant.
type Granted struct {
	credit.Lot
	Customer  id.Customer    `json:"customer"`
	Balance   credit.Balance `json:"balance"`
	Duplicate bool           `json:"duplicate"`
}

const (
	// reasonBytesMax is the longest reason of a grant, a revoke or a void.
	reasonBytesMax = 1000
	sourceBytesMax = 64
	// yearMax is the last year that RFC 3339 can write.
	yearMax = 9999
)

// Grant adds a lot of units. Faults: not_found for an unknown customer or balance, conflict when the id was used
// for another grant, invalid_request.
func (e *Engine) Grant(ctx context.Context, r GrantRequest) (Granted, error) {
	return e.grant(ctx, r, 0)
}

// grant is Grant to the customer who, when it is not 0: never to another who has its name by now.
func (e *Engine) grant(ctx context.Context, r GrantRequest, who id.Key) (Granted, error) {
	c, err := e.Customer(ctx, r.Customer)
	if err == nil && who != 0 && c.key != who {
		err = unknownCustomer(r.Customer)
	}
	o, refused := e.grantOp(c, r)
	if err != nil {
		return Granted{}, first(refused, err)
	}
	var out Granted
	return out, e.doNamed(ctx, o, refused, &out, &out.Duplicate)
}

// grantOp makes an act of a request, and says why it cannot be done as things are now.
func (e *Engine) grantOp(c Customer, r GrantRequest) (*op, error) {
	decimals, ok := e.book.Load().Decimals(r.Balance)
	lot, refused := r.lot(e.Now(), decimals)
	if !ok {
		refused = e.unknownBalance(r.Balance)
	}
	lot.ID = id.New("grant", c.key)
	if r.ID != "" {
		lot.ID = id.Derived("grant", c.key, r.ID)
		refused = first(refused, r.ID.Check("id"))
	}
	o := &op{
		customer: r.Customer, who: c.key, slug: r.Balance, name: "grant:" + lot.ID, given: givenID{"id", string(r.ID)},
		hash: hashOf("grant", r.Balance, r.Amount, lot.Source, lot.Priority, r.StartsAt, r.ExpiresAt),
		req:  credit.Request{Kind: credit.KindGrant, Cause: lot.ID, Reason: r.Reason, Lot: lot},
	}
	o.answer = func(s *credit.State, line credit.Entry, now time.Time) any {
		lot.Remaining = lot.Amount
		return Granted{Lot: lot, Customer: r.Customer, Balance: s.Receipt(o.slug, now)}
	}
	return o, refused
}

func (r GrantRequest) lot(now time.Time, decimals int) (credit.Lot, error) {
	l := credit.Lot{Source: r.Source, Amount: r.Amount, Priority: credit.PriorityDefault, CreatedAt: now, StartsAt: now}
	if l.Source == "" {
		l.Source = "bonus"
	}
	if r.Priority != nil {
		l.Priority = *r.Priority
	}
	if r.StartsAt != nil {
		l.StartsAt = r.StartsAt.UTC().Truncate(time.Microsecond)
	}
	if r.ExpiresAt != nil {
		l.ExpiresAt = r.ExpiresAt.UTC().Truncate(time.Microsecond)
	}
	switch {
	case r.Amount <= 0:
		return l, fault.Field("amount", r.Amount, 0, "amount must be more than 0. To take units back, revoke their grant.")
	case r.Amount > quantity.Max:
		return l, fault.Field("amount", r.Amount, quantity.Max, "amount is larger than %s.", quantity.Max)
	case r.Amount.Decimals() > decimals:
		return l, fault.Field("amount", r.Amount, decimals, "amount has %d decimals; %s takes %d.", r.Amount.Decimals(), r.Balance, decimals)
	case l.Priority < 0 || l.Priority > credit.PriorityMax:
		return l, fault.Field("priority", l.Priority, credit.PriorityMax, "priority is a whole number from 0 to %d.", credit.PriorityMax)
	case r.ExpiresAt != nil && !l.ExpiresAt.After(now):
		return l, fault.Field("expiresAt", l.ExpiresAt, now, "expiresAt must lie in the future.")
	case r.ExpiresAt != nil && !l.ExpiresAt.After(l.StartsAt):
		return l, fault.Field("expiresAt", l.ExpiresAt, l.StartsAt, "expiresAt must lie after startsAt.")
	case l.StartsAt.Year() < 0 || l.StartsAt.Year() > yearMax:
		return l, fault.Field("startsAt", l.StartsAt.String(), yearMax, "startsAt must lie in the years 0 to %d.", yearMax)
	case l.ExpiresAt.Year() > yearMax:
		return l, fault.Field("expiresAt", l.ExpiresAt.String(), yearMax, "expiresAt must lie in the years up to %d; leave it out for a grant that never expires.", yearMax)
	}
	if err := checkText("source", l.Source, sourceBytesMax); err != nil {
		return l, err
	}
	return l, checkReason(r.Reason)
}

func checkReason(reason string) error { return checkText("reason", reason, reasonBytesMax) }

// A Revoked is the answer to a revoke.
type Revoked struct {
	ID        string         `json:"id"`
	Customer  id.Customer    `json:"customer"`
	Amount    quantity.Units `json:"amount"` // what was left of the grant, and is taken back
	Balance   credit.Balance `json:"balance"`
	Duplicate bool           `json:"duplicate"`
}

// Revoke takes back what is left of a grant; what was spent stays spent. Revoking twice answers as the first time.
// Faults: not_found for an unknown grant.
func (e *Engine) Revoke(ctx context.Context, grantID, reason string) (Revoked, error) {
	if err := checkReason(reason); err != nil {
		return Revoked{}, err
	}
	customer, line, err := e.lineOf(ctx, "grant", grantID)
	if err != nil {
		return Revoked{}, err
	}
	o := &op{
		customer: customer, who: line.who, slug: line.slug, name: revokeName(grantID), hash: hashOf("revoke"),
		req: credit.Request{Kind: credit.KindRevoke, Cause: grantID, Reason: reason},
	}
	o.answer = func(s *credit.State, made credit.Entry, now time.Time) any {
		return Revoked{ID: grantID, Customer: customer, Amount: -made.Amount, Balance: s.Receipt(o.slug, now)}
	}
	var out Revoked
	return out, e.doNamed(ctx, o, nil, &out, &out.Duplicate)
}

// revokeName is the once-key of a grant's revocation.
func revokeName(grantID string) string { return "revoke:" + grantID }

func (e *Engine) unknownBalance(slug id.Slug) error {
	return fault.New(fault.NotFound, "There is no meter or credits pool %q in the catalog.", string(slug)).With("balance", string(slug))
}

// hashOf identifies a request by its parts; pointers count by what they point to.
func hashOf(parts ...any) int64 {
	h := fnv.New64a()
	for _, p := range parts {
		if t, ok := p.(*time.Time); ok && t != nil {
			p = t.UnixMicro()
		}
		fmt.Fprintf(h, "%v\x00", p)
	}
	return int64(h.Sum64())
}

package tollgate

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// A ResetRequest asks to begin a window's counting again.
type ResetRequest struct {
	Customer id.Customer    `json:"-"`
	Balance  id.Slug        `json:"balance"` // a credits pool or a meter; a meter that a pool pays for means the pool
	Reason   string         `json:"reason,omitempty"`
	ID       id.Transaction `json:"id,omitempty"` // the caller's own id of this reset; a retry with it resets nothing more
}

// A Reset is the answer to a reset.
type Reset struct {
	ID            string         `json:"id"`
	Customer      id.Customer    `json:"customer"`
	LastResetDate time.Time      `json:"lastResetDate"`
	PreResetTotal quantity.Units `json:"preResetTotal"` // what the window had counted as used
	Total         quantity.Units `json:"total"`         // used since: 0
	Balance       credit.Balance `json:"balance"`
	Duplicate     bool           `json:"duplicate"`
}

// ResetUsage sets what the open window of a balance has used back to nothing and gives its allowance back in full,
// but for what open holds have set aside. The window ends when it would have; grants stay as they are; past events
// stay in the statistics. Values a unique meter has met stay paid for until the window ends. Faults: not_found,
// conflict, invalid_request.
func (e *Engine) ResetUsage(ctx context.Context, r ResetRequest) (Reset, error) {
	if err := checkReason(r.Reason); err != nil {
		return Reset{}, err
	}
	b := e.book.Load()
	var refused error
	if !b.IsBalance(r.Balance) {
		refused = e.unknownBalance(r.Balance)
	}
	c, err := e.Customer(ctx, r.Customer)
	if err != nil {
		return Reset{}, first(refused, err)
	}
	slug := b.paying(c.Plan, r.Balance)
	resetID := id.New("reset", c.key)
	if r.ID != "" {
		if err := r.ID.Check("id"); err != nil {
			return Reset{}, err
		}
		resetID = id.Derived("reset", c.key, r.ID)
	}
	o := &op{
		customer: r.Customer, who: c.key, slug: slug, name: "reset:" + resetID, given: givenID{"id", string(r.ID)}, hash: hashOf("reset", r.Balance),
		req: credit.Request{Kind: credit.KindReset, Cause: resetID, Reason: r.Reason},
	}
	o.answer = func(s *credit.State, line credit.Entry, now time.Time) any {
		return Reset{ID: resetID, Customer: r.Customer, LastResetDate: line.At, PreResetTotal: line.Used, Balance: s.Receipt(slug, now)}
	}
	var out Reset
	return out, e.doNamed(ctx, o, refused, &out, &out.Duplicate)
}

// paying returns the balance that a slug means on a plan: itself, or the pool that pays for the meter it names.
func (b *book) paying(planSlug, slug id.Slug) id.Slug {
	if _, ok := b.Meters[slug]; !ok {
		return slug
	}
	pays, _ := b.payer(planSlug, slug)
	return pays
}

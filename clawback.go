package tollgate

import (
	"cmp"
	"context"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/subscription"
)

// clawBack takes a grant's share back, once, with the catalog's policy for what of it is spent; or undoes that when the money
// stayed after all. A grant that was never made has nothing to take.
func (e *Engine) clawBack(ctx context.Context, c store.Customer, slug id.Slug, back subscription.ClawBack) error {
	grant := id.Derived("grant", c.Key, back.Grant)
	granted, found, err := e.db.EntryNamed(ctx, c.Key, "grant:"+grant)
	if err != nil || !found || len(granted.Lots) == 0 {
		return outside("find grant", err)
	}
	name := back.ID + ":" + string(slug)
	o := &op{
		// Its share may be rounded otherwise after another return failed, and the policy may change: neither is part of what it is.
		customer: c.ExternalID, who: c.Key, slug: slug, name: "claw:" + name, hash: hashOf("claw", back.Grant), past: true, lock: true,
		req: credit.Request{Kind: credit.KindClawBack, Cause: back.ID, Reason: back.Reason, Amount: back.Amount,
			Policy: e.book.Load().returns(back).Spent, Lot: credit.Lot{ID: grant, Amount: granted.Lots[0].Amount}},
	}
	if back.Undone {
		if _, done, err := e.db.EntryNamed(ctx, c.Key, "claw:"+name); err != nil || !done {
			return outside("find claw-back", err)
		}
		o.name, o.hash = "restore:"+name, hashOf("restore", back.Grant)
		o.req = credit.Request{Kind: credit.KindRestore, Cause: back.ID, Reason: "the " + back.Reason + " was not made",
			Lot: credit.Lot{ID: id.Derived("grant", c.Key, id.Transaction("restore\x00"+name)), Source: granted.Lots[0].Source}}
	}
	o.answer = func(s *credit.State, line credit.Entry, now time.Time) any {
		return Revoked{ID: back.ID, Customer: c.ExternalID, Amount: -line.Amount, Balance: s.Receipt(slug, now)}
	}
	var out Revoked
	return e.doNamed(ctx, o, &out, &out.Duplicate)
}

// returns returns the policy for money that went back.
func (b *book) returns(back subscription.ClawBack) plan.Returns {
	if back.Disputed() {
		return b.Disputes
	}
	return b.Refunds
}

// granted returns the plan that a decision puts in force: empty when it gives no access, and the default plan for one that has
// left the catalog.
func (b *book) granted(d subscription.Decision) id.Slug {
	if d.NoAccess {
		return ""
	}
	return b.plan(cmp.Or(d.Plan, b.DefaultPlan().Slug)).Slug
}

package tollgate

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/subscription"
)

const (
	// reasonRecounted is why a claw-back is undone and made anew with another share.
	reasonRecounted = "its share is another one since other money of the payment went back, or came back"
	// reasonPaidBack is why a window's limit is less than its plan's.
	reasonPaidBack = "part of what the period cost was refunded or disputed"
)

// clawBack brings what a grant has lost in line with its refunds and disputes, in one act; what they have taken already stays as it is.
// It reports false when another process did so at the same moment: what that one had read may be older or newer.
func (e *Engine) clawBack(ctx context.Context, c store.Customer, g subscription.Grant, backs []subscription.ClawBack) (done bool, err error) {
	o, err := e.clawBackOp(ctx, c, g, backs)
	if err != nil || o == nil {
		return err == nil, err
	}
	var out Revoked
	err = e.doNamed(ctx, o, nil, &out, &out.Duplicate)
	return err == nil && !out.Duplicate, err
}

// clawBackOp returns the act, with the catalog's policies for what is spent; nil when there is nothing to do, as for a grant that
// was never made. The act is named by its number among those of the grant, and not by what it takes: of two that follow the same
// lines, whatever each has read of Stripe's, one is done.
func (e *Engine) clawBackOp(ctx context.Context, c store.Customer, g subscription.Grant, backs []subscription.ClawBack) (*op, error) {
	grant := id.Derived("grant", c.Key, g.ID)
	granted, found, err := e.db.EntryNamed(ctx, c.Key, "grant:"+grant)
	if err != nil || !found || len(granted.Lots) == 0 {
		return nil, outside("find grant", err)
	}
	past, err := e.db.Past(ctx, store.AccountKey{Customer: c.Key, Slug: g.Balance})
	if err != nil {
		return nil, outside("read ledger", err)
	}
	lot := credit.Lot{ID: grant, Amount: granted.Lots[0].Amount}
	returns := e.book.Load().returns(backs)
	lost, due, number := credit.Unsettled(past, lot, returns)
	if len(lost)+len(due) == 0 {
		return nil, nil
	}
	for i, r := range returns {
		home := id.Transaction(fmt.Sprintf("restore\x00%s:%s:%d", r.ID, g.Balance, number))
		returns[i].Home = credit.Lot{ID: id.Derived("grant", c.Key, home), Source: granted.Lots[0].Source}
	}
	o := &op{
		customer: c.ExternalID, who: c.Key, slug: g.Balance, name: fmt.Sprintf("claw:%s:%d", grant, number), hash: hashOf("claw", g.ID), past: true, lock: true,
		req: credit.Request{Kind: credit.KindClawBack, Lot: lot, Returns: returns},
	}
	if len(due) == 0 {
		o.req.Kind = credit.KindRestore
	}
	o.answer = func(s *credit.State, line credit.Entry, now time.Time) any {
		return Revoked{ID: grant, Customer: c.ExternalID, Amount: -line.Amount, Balance: s.Receipt(g.Balance, now)}
	}
	return o, nil
}

// returns says what a grant is to lose for its refunds and disputes, with the policies for what of it is spent.
func (b *book) returns(backs []subscription.ClawBack) []credit.Return {
	all := make([]credit.Return, len(backs))
	for i, back := range backs {
		all[i] = credit.Return{ID: back.ID, Reason: back.Reason, Policy: b.returned(back).Spent, Share: back.Amount, Undone: cmp.Or(back.Undone, reasonRecounted)}
	}
	return all
}

// returned returns the policy for money that went back.
func (b *book) returned(back subscription.ClawBack) plan.Returns {
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

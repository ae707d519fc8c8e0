package tollgate

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
)

// An AutomaticPlan is what customers with no billing at all are subscribed to in the background, each once, with the
// plan's trial and without a card: the subscription is paused when the trial ends without one. Left out are guests, customers
// who were put on a plan by hand, and those who are billed elsewhere: whose metadata has awsAccountId or
// azureSubscriptionId.
type AutomaticPlan struct {
	Price id.Slug // of a plan with a trial
}

// automaticAtOnce is how many customers one round subscribes.
const automaticAtOnce = 20

// billedElsewhere are the metadata of customers who pay through a marketplace.
func billedElsewhere(metadata map[string]string) bool {
	return metadata["awsAccountId"] != "" || metadata["azureSubscriptionId"] != ""
}

// subscribeNew notes a page of customers without billing, and subscribes some of those noted. It returns how many
// customers it looked at.
func (e *Engine) subscribeNew(ctx context.Context) (int, error) {
	r, s := e.seller.reporter, e.seller
	if s.Automatic == nil {
		return 0, nil
	}
	now, done := e.Now(), 0
	if p := e.book.Load().DefaultPlan(); !r.noticed && !p.Guest {
		page, err := e.db.Unbilled(ctx, p.Slug, r.afterNew, reportPage)
		if err != nil {
			return 0, outside("read customers", err)
		}
		var keys []id.Key
		for _, c := range page {
			if !billedElsewhere(c.Metadata) {
				keys = append(keys, c.Key)
			}
		}
		if _, err := e.db.PutAutomatic(ctx, now, keys...); err != nil {
			return 0, outside("note customers", err)
		}
		done += len(page)
		if r.noticed = len(page) < reportPage; !r.noticed {
			r.afterNew = page[len(page)-1].Key
		}
	}
	claimed, err := e.db.ClaimAutomatic(ctx, now, now.Add(reportLease), automaticAtOnce)
	if err != nil {
		return done, outside("claim customers", err)
	}
	for _, a := range claimed {
		err := e.subscribeOne(ctx, a.Customer)
		if ctx.Err() != nil {
			return done, ctx.Err() // the lease ends, and the customer is tried again
		}
		a.State, a.Error = store.AutomaticDone, ""
		if err != nil {
			e.log.Warn("payments: a customer is not subscribed yet", "attempt", a.Attempts, "error", err)
			a.State, a.Error, a.NextAt = store.AutomaticPending, err.Error(), now.Add(min(time.Second<<min(a.Attempts, 20), reportWaitMax))
			if a.Attempts >= eventTriesMax {
				a.State = store.AutomaticFailed
			}
		}
		if err := e.db.SettleAutomatic(ctx, a); err != nil {
			return done, outside("settle customer", err)
		}
		done++
	}
	return done, nil
}

// subscribeOne subscribes a customer who never was. An earlier attempt that was cut off is found at Stripe: by its
// idempotency key, and by the subscription itself.
func (e *Engine) subscribeOne(ctx context.Context, key id.Key) error {
	s, b := e.seller, e.book.Load()
	row, err := e.db.CustomerByKey(ctx, key)
	if store.None(err) {
		return nil // erased meanwhile
	}
	if err != nil {
		return outside("read customer", err)
	}
	c := e.shown(row)
	if c.Plan != b.DefaultPlan().Slug || billedElsewhere(c.Metadata) {
		return nil // changed meanwhile
	}
	p, price, ok := priceOf(b.Catalog, s.Automatic.Price)
	if !ok {
		return fault.New(fault.PaymentsNotConfigured, "There is no price %q of a plan in the catalog, to subscribe new customers to.", string(s.Automatic.Price))
	}
	days := int64(p.TrialDays)
	if s.TrialDays != nil {
		days = int64(*s.TrialDays)
	}
	if days == 0 {
		return fault.New(fault.PaymentsNotConfigured, "The plan %s has no trial, so nobody is subscribed to it without a card: write trial: 14d.", p.Slug)
	}
	at, err := e.bind(ctx, c)
	if err != nil {
		return err
	}
	t, err := e.takeTurn(ctx, s, key, at)
	if err != nil {
		return err
	}
	now, err := e.db.BillingOf(ctx, key)
	if err != nil {
		return outside("read billing", err)
	}
	if len(now.Shown) > 0 {
		return nil
	}
	slugs := append([]id.Slug{price.Slug}, meteredOf(p, price.Every)...)
	ids, err := e.priceIDs(ctx, s, slugs...)
	if err != nil {
		return err
	}
	prices := make([]string, len(slugs))
	for i, slug := range slugs {
		prices[i] = ids[slug]
	}
	err = e.paying(ctx, t, func() error {
		_, err := s.stripe.SubscribeOnce(ctx, at, prices, days, c.ExternalID, key)
		return err
	})
	if err != nil {
		return err
	}
	return e.sync(ctx, key)
}

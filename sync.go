package tollgate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/subscription"
)

// SyncCustomer reads everything Stripe says of a customer and makes it true here: plan, paid period, top-ups, and what
// refunds and disputes take back. It is what every webhook does, and may be called at any time. Faults: not_found when the
// customer is none at Stripe; payments_not_configured; unavailable.
func (e *Engine) SyncCustomer(ctx context.Context, name id.Customer) error {
	if _, err := e.sells(); err != nil {
		return err
	}
	c, _, err := e.billing(ctx, name)
	if err != nil {
		return err
	}
	return e.sync(ctx, c.key)
}

// sync makes true what Stripe says. Readings of one customer are numbered as they begin: what an older one found never
// replaces what a newer one did. Money's effects follow, each once by the id of its cause, so that a reading that was cut
// off in the middle is repaired by the next.
func (e *Engine) sync(ctx context.Context, key id.Key) error {
	for {
		if done, err := e.read(ctx, key); err != nil || done {
			return err
		}
	}
}

// A reading is what was found of a customer at Stripe and decided, and kept unless a newer one was.
type reading struct {
	customer store.Customer // zero when it is erased
	ticket   int64
	decision subscription.Decision
	newest   bool // of those kept by then
}

// read does one reading, and reports whether all that follows from it is done.
func (e *Engine) read(ctx context.Context, key id.Key) (done bool, err error) {
	r, err := e.look(ctx, key)
	if err != nil {
		return false, err
	}
	return e.follow(ctx, r)
}

// look reads what Stripe says of a customer, decides and keeps it.
func (e *Engine) look(ctx context.Context, key id.Key) (r reading, err error) {
	s, err := e.sells()
	if err != nil {
		return r, err
	}
	var at string
	if r.ticket, at, err = e.db.TakeTicket(ctx, key); err != nil {
		return r, outside("number a reading", err)
	}
	picture, err := s.stripe.Fetch(ctx, at)
	if err != nil {
		return r, err
	}
	terms := e.book.Load()
	d := subscription.Decide(picture, terms.Access, e.Now())
	c, err := e.db.CustomerByKey(ctx, key)
	if store.None(err) {
		return r, nil // erased
	}
	if err != nil {
		return r, outside("read customer", err)
	}
	moved, err := e.moveMetered(ctx, s, c, d)
	if err != nil {
		return r, err
	}
	if moved {
		if picture, err = s.stripe.Fetch(ctx, at); err != nil {
			return r, err
		}
		d = subscription.Decide(picture, terms.Access, e.Now())
	}
	r.decision = d
	r.customer = c
	included, err := e.included(ctx, c, d)
	if err != nil {
		return r, err
	}
	r.newest, err = e.keep(ctx, c, picture, d, included, r.ticket, terms.Version)
	return r, err
}

// follow does what money has caused, and reports whether that is done: not when a newer reading is kept where money went back. The newer
// one alone knows what is to be taken back or given again, may not have come to that, or never comes to it because its process is
// gone; or it came to it before this one did what it had found.
func (e *Engine) follow(ctx context.Context, r reading) (done bool, err error) {
	d := r.decision
	if r.customer.Key == 0 {
		return true, nil
	}
	back := len(d.ClawBacks) > 0
	if !r.newest { // what went back, or came back, may have turned since
		d.ClawBacks = nil
	}
	alone, err := e.settle(ctx, r.customer, d)
	if err != nil || !back {
		return true, err
	}
	if !alone {
		return false, nil
	}
	b, err := e.db.BillingOf(ctx, r.customer.Key)
	if err != nil {
		return false, outside("read billing", err)
	}
	return b.Reading == r.ticket, nil // another one may have been kept before this one took back
}

// keep writes what a reading found and decided by a version of the catalog, and reports false when a newer one is kept, or nobody
// is there any more.
func (e *Engine) keep(ctx context.Context, of store.Customer, p subscription.Picture, d subscription.Decision, included []*bill, ticket, version int64) (newest bool, err error) {
	err = e.db.Update(ctx, func(tx *store.Tx) error {
		newest = false
		c, err := tx.LockCustomer(ctx, of.ExternalID)
		if err != nil || c.Key != of.Key { // another one may have its name by now
			return err
		}
		before, err := tx.BillingOf(ctx, c.Key)
		if err != nil {
			return err
		}
		b := store.Billing{Customer: c.Key, Until: d.Until, SyncedAt: e.Now()}
		if d.Subscription != nil {
			if b.Shown, err = json.Marshal(d.Subscription); err != nil {
				return fmt.Errorf("spell subscription: %w", err)
			}
		}
		if newest, err = tx.WriteBilling(ctx, b, ticket); err != nil || !newest {
			return err
		}
		published, err := tx.CatalogVersion(ctx) // after the row, which whoever publishes another policy writes, too
		if err != nil {
			return err
		}
		if published != version {
			if err := tx.LookAgain(ctx, c.Key, e.Now().Add(noticed)); err != nil {
				return err
			}
		}
		if err := records(ctx, tx, c.Key, p, d); err != nil {
			return err
		}
		if err := e.putMails(ctx, tx, c, p); err != nil {
			return err
		}
		moved, err := e.subscribe(ctx, tx, c, d)
		if err == nil && moved {
			err = include(ctx, tx, included, e.Now())
		}
		if err != nil {
			return err
		}
		return e.putBillingNotices(ctx, tx, c, before, p, d, ticket)
	})
	if store.None(err) {
		return false, nil // erased meanwhile
	}
	return newest, outside("write billing", err)
}

// records keeps what a reading found to show.
func records(ctx context.Context, tx *store.Tx, key id.Key, p subscription.Picture, d subscription.Decision) error {
	var all []store.Record
	add := func(kind, recordID string, at time.Time, v any) error {
		body, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("spell %s: %w", kind, err)
		}
		all = append(all, store.Record{ID: recordID, Kind: kind, Customer: key, Body: body, CreatedAt: at})
		return nil
	}
	var errs []error
	for _, i := range p.Invoices {
		errs = append(errs, add(store.RecordInvoice, i.ID, i.CreatedAt, i))
	}
	for _, pay := range p.Payments {
		errs = append(errs, add(store.RecordPayment, pay.ID, pay.CreatedAt, pay))
	}
	var methods []string
	for _, m := range p.Methods {
		methods = append(methods, m.ID)
		errs = append(errs, add(store.RecordMethod, m.ID, m.CreatedAt, m))
	}
	var beside []string
	for _, s := range d.Beside {
		beside = append(beside, s.ID)
		errs = append(errs, add(store.RecordBeside, s.ID, s.CreatedAt, s))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := tx.WriteRecords(ctx, all); err != nil {
		return err
	}
	if err := tx.DropRecords(ctx, key, store.RecordBeside, beside); err != nil {
		return err
	}
	return tx.DropRecords(ctx, key, store.RecordMethod, methods)
}

// found returns a customer as a reading found it to stand: plan, status and paid period.
func (e *Engine) found(c store.Customer, d subscription.Decision) store.Customer {
	to := c
	to.Plan, to.Status, to.Paid = e.book.Load().granted(d), string(d.Status), d.Paid
	if to.Plan != c.Plan {
		to.Since, to.Subscription = e.Now(), id.New("sub", c.Key)
		if d.Plan != "" {
			to.Since = d.Since
		}
	}
	return to
}

// subscribe puts the decided plan and period in force, when they differ, and reports whether the plan is another one now. A customer
// who never subscribed keeps what it has.
func (e *Engine) subscribe(ctx context.Context, tx *store.Tx, c store.Customer, d subscription.Decision) (moved bool, err error) {
	if d.Subscription == nil {
		return false, nil
	}
	to := e.found(c, d)
	moved = to.Plan != c.Plan
	if !moved && to.Status == c.Status && to.Paid.Equal(c.Paid) {
		return false, nil
	}
	if err := e.changeTerms(ctx, tx, &c, &to); err != nil {
		return false, err
	}
	if err := tx.Subscribe(ctx, to, e.Now()); err != nil {
		return false, err
	}
	return moved, e.putPlanNotice(ctx, tx, c, to)
}

// settle does what money has caused: each top-up once, and of each what its refunds and disputes take. It reports false when another
// process took back of the same one at the same moment.
func (e *Engine) settle(ctx context.Context, c store.Customer, d subscription.Decision) (alone bool, err error) {
	var errs []error
	backs := map[id.Transaction][]subscription.ClawBack{}
	for _, back := range d.ClawBacks {
		backs[back.Grant] = append(backs[back.Grant], back)
	}
	for _, g := range d.Grants {
		r := GrantRequest{Customer: c.ExternalID, Balance: g.Balance, Amount: g.Amount, ID: g.ID, Source: "top_up", Reason: "payment " + g.Payment}
		if !g.ExpiresAt.IsZero() {
			if !g.ExpiresAt.After(e.Now()) {
				continue
			}
			r.ExpiresAt = &g.ExpiresAt
		}
		if _, err := e.grant(ctx, r, c.Key); err != nil {
			errs = append(errs, fmt.Errorf("grant %s: %w", g.ID, err))
		}
	}
	alone = true
	for _, g := range d.Grants {
		if len(backs[g.ID]) == 0 {
			continue
		}
		done, err := e.clawBack(ctx, c, g, backs[g.ID])
		if err != nil {
			errs = append(errs, fmt.Errorf("claw back %s: %w", g.ID, err))
		}
		alone = alone && done
	}
	return alone, errors.Join(errs...)
}

// unpack reads what was kept as JSON.
func unpack[T any](body json.RawMessage) (T, error) {
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		return v, unavailable(fmt.Errorf("read %T: %w", v, err))
	}
	return v, nil
}

// errNotOurs is what a webhook about a customer of somebody else's leads to: nothing.
var errNotOurs = errors.New("the customer at Stripe is none of ours")

// keyAt returns whose customer one at Stripe is: by what is kept, else by what we wrote on it when we made it.
func (e *Engine) keyAt(ctx context.Context, stripeID string) (id.Key, error) {
	b, err := e.db.BillingAt(ctx, stripeID)
	if err == nil {
		return b.Customer, nil
	}
	if !store.None(err) {
		return 0, outside("read billing", err)
	}
	name, _, err := e.seller.stripe.CustomerName(ctx, stripeID)
	if err != nil {
		return 0, err
	}
	if name == "" {
		return 0, errNotOurs
	}
	c, err := e.Customer(ctx, name)
	if fault.Has(err, fault.NotFound) {
		return 0, errNotOurs
	}
	if err != nil {
		return 0, err
	}
	bound, err := e.db.Bind(ctx, c.key, stripeID, e.Now())
	if err != nil {
		return 0, unbound(stripeID, err)
	}
	if bound != stripeID {
		return 0, errNotOurs // a second one, which nothing uses
	}
	return c.key, nil
}

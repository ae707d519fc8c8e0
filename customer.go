package tollgate

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/subscription"
)

// A Customer is who is metered and billed.
type Customer struct {
	ExternalID   id.Customer       `json:"externalId"`
	Name         string            `json:"name,omitempty"`
	Email        string            `json:"email,omitempty"`
	Timezone     string            `json:"timezone,omitempty"` // IANA name; the catalog's when empty
	Metadata     map[string]string `json:"metadata"`
	Plan         id.Slug           `json:"plan"`
	Subscription string            `json:"subscriptionId"`
	Status       string            `json:"status"` // of the subscription, in Stripe's words
	Period       period.Span       `json:"period"` // the billing period that holds now
	Since        time.Time         `json:"since"`  // when the subscription to Plan began
	CreatedAt    time.Time         `json:"createdAt"`
	UpdatedAt    time.Time         `json:"updatedAt"`

	key id.Key
	row store.Customer
}

// A CustomerChange says what to set on a customer. What is nil stays as it is.
type CustomerChange struct {
	Name     *string            `json:"name,omitempty"`
	Email    *string            `json:"email,omitempty"`
	Timezone *string            `json:"timezone,omitempty"`
	Metadata map[string]*string `json:"metadata,omitempty"` // merged key by key; a null value removes its key
	Plan     *id.Slug           `json:"plan,omitempty"`
	Guest    *bool              `json:"guest,omitempty"` // true: begin on the guest plan, when new; false: sign a guest up to the default plan
}

func (e *Engine) shown(c store.Customer) Customer {
	span := c.Paid.Span
	if c.Paid.None() {
		span = c.Cycle.Span(e.Now())
	}
	return Customer{
		ExternalID: c.ExternalID, Name: c.Name, Email: c.Email, Timezone: c.Timezone, Metadata: c.Metadata, Plan: c.Plan,
		Subscription: c.Subscription, Status: c.Status, Period: span, Since: c.Since,
		CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, key: c.Key, row: c,
	}
}

// Customer returns a customer. Faults: not_found.
func (e *Engine) Customer(ctx context.Context, name id.Customer) (Customer, error) {
	if err := name.Check("customer"); err != nil {
		return Customer{}, err
	}
	c, err := e.db.CustomerOf(ctx, name)
	if store.None(err) {
		return Customer{}, unknownCustomer(name)
	}
	if err != nil {
		return Customer{}, outside("read customer", err)
	}
	return e.shown(c), nil
}

// PutCustomer creates a customer on the default plan (or the guest plan, or the plan asked for), or changes the one
// that is there. Calls that arrive together make one customer with one subscription; created reports whether this
// call made it.
func (e *Engine) PutCustomer(ctx context.Context, name id.Customer, ch CustomerChange) (c Customer, created bool, err error) {
	b, err := e.checkChange(name, ch)
	if err != nil {
		return Customer{}, false, err
	}
	fresh := e.newCustomer(b, name, ch)
	err = e.db.Update(ctx, func(tx *store.Tx) error {
		if created, err = e.insertCustomer(ctx, tx, fresh); err != nil || created {
			c = e.shown(fresh)
			return err
		}
		c, err = e.change(ctx, tx, b, name, ch)
		return err
	})
	return c, created, outside("write customer", err)
}

// EnsureCustomers makes those of up to BatchMax customers that do not exist, on the default plan, in one commit.
func (e *Engine) EnsureCustomers(ctx context.Context, names []id.Customer) error {
	if len(names) > BatchMax {
		return fault.Field("customers", len(names), BatchMax, "One call makes up to %d customers.", BatchMax)
	}
	names = slices.Sorted(slices.Values(names)) // in one order everywhere, so that two calls never wait for each other
	fresh := make([]store.Customer, len(names))
	for i, name := range names {
		b, err := e.checkChange(name, CustomerChange{})
		if err != nil {
			return err
		}
		fresh[i] = e.newCustomer(b, name, CustomerChange{})
	}
	err := e.db.Update(ctx, func(tx *store.Tx) error {
		for _, c := range fresh {
			if _, err := e.insertCustomer(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	})
	return outside("write customers", err)
}

// PatchCustomer changes a customer. Faults: not_found, invalid_request.
func (e *Engine) PatchCustomer(ctx context.Context, name id.Customer, ch CustomerChange) (c Customer, err error) {
	b, err := e.checkChange(name, ch)
	if err != nil {
		return Customer{}, err
	}
	err = e.db.Update(ctx, func(tx *store.Tx) error {
		c, err = e.change(ctx, tx, b, name, ch)
		return err
	})
	return c, outside("write customer", err)
}

// EraseCustomer removes what names or describes a customer, for good: externalId, name, email, metadata, the properties of its
// events, its ways to pay, its e-mails and what Stripe's events say of it, those that come later included. What Stripe keeps
// is to be erased at Stripe. Its ledger, payments and invoices stay, under a number nobody can look up, so that totals do not
// change. Faults: not_found; conflict while a subscription of it lives at Stripe, which would go on to bill who is not known here.
func (e *Engine) EraseCustomer(ctx context.Context, name id.Customer) error {
	if err := name.Check("customer"); err != nil {
		return err
	}
	err := e.db.Update(ctx, func(tx *store.Tx) error {
		c, err := tx.LockCustomer(ctx, name)
		if store.None(err) {
			return unknownCustomer(name)
		}
		if err != nil {
			return err
		}
		if err := e.mayLeave(ctx, tx, c.Key); err != nil {
			return err
		}
		return tx.Erase(ctx, c.Key, e.Now())
	})
	return outside("erase customer", err)
}

// mayLeave refuses to let go of who has a subscription that can be cancelled.
func (e *Engine) mayLeave(ctx context.Context, tx *store.Tx, key id.Key) error {
	b, err := tx.BillingOf(ctx, key)
	if store.None(err) || err == nil && (len(b.Shown) == 0 || e.seller == nil) {
		return nil
	}
	if err != nil {
		return err
	}
	s, err := unpack[subscription.Subscription](b.Shown)
	if err != nil || s.Status.Over() || s.Status == subscription.Incomplete {
		return err
	}
	return fault.New(fault.Conflict, "The customer has the subscription %s, which would go on to be billed. Cancel it first: POST /v1/subscriptions/%[1]s/cancel with {\"when\": \"now\"}.", s.ID).
		With("subscription", s.ID).With("status", string(s.Status))
}

// Customers returns a page of customers, oldest first, after the one named; empty begins at the first.
func (e *Engine) Customers(ctx context.Context, after id.Customer, limit int) (Page[Customer], error) {
	limit, err := pageLimit(limit)
	if err != nil {
		return Page[Customer]{}, err
	}
	var from Customer
	if after != "" {
		if from, err = e.Customer(ctx, after); fault.Has(err, fault.NotFound) {
			return Page[Customer]{}, fault.Field("after", string(after), nil, "There is no customer %q any more to go on after: begin at the first page again.", string(after))
		}
		if err != nil {
			return Page[Customer]{}, err
		}
	}
	rows, err := e.db.CustomersAfter(ctx, from.CreatedAt, from.key, limit+1)
	if err != nil {
		return Page[Customer]{}, outside("read customers", err)
	}
	page := Page[Customer]{Data: make([]Customer, 0, min(len(rows), limit))}
	for _, c := range rows[:min(len(rows), limit)] {
		page.Data = append(page.Data, e.shown(c))
	}
	if len(rows) > limit {
		page.Next = string(rows[limit-1].ExternalID)
	}
	return page, nil
}

// change applies ch to the customer within tx.
func (e *Engine) change(ctx context.Context, tx *store.Tx, b *book, name id.Customer, ch CustomerChange) (Customer, error) {
	c, err := tx.LockCustomer(ctx, name)
	if store.None(err) {
		return Customer{}, unknownCustomer(name)
	}
	if err != nil {
		return Customer{}, err
	}
	now := e.Now()
	was := c
	was.Metadata = maps.Clone(c.Metadata)
	ch.describe(&c)
	if size := metadataBytes(c.Metadata); size > MetadataBytesMax {
		return Customer{}, fault.Field("metadata", size, MetadataBytesMax, "metadata has %d bytes; the limit is %d.", size, MetadataBytesMax)
	}
	c.UpdatedAt = now
	if ch.Guest != nil && *ch.Guest {
		ch.Guest = nil // nobody becomes a guest again
	}
	if to := ch.planFor(b, c.Plan); to != c.Plan {
		c.Plan, c.Subscription, c.Since = to, id.New("sub", c.Key), now
	}
	if c.Plan != was.Plan || c.Timezone != was.Timezone {
		if err := e.changeTerms(ctx, tx, &was, &c); err != nil {
			return Customer{}, err
		}
	}
	if err := tx.UpdateCustomer(ctx, c, c.Timezone != was.Timezone); err != nil {
		return Customer{}, err
	}
	if c.Plan != was.Plan {
		if err := tx.Subscribe(ctx, c, now); err != nil {
			return Customer{}, err
		}
		if err := e.putPlanNotice(ctx, tx, was, c); err != nil {
			return Customer{}, err
		}
	}
	if c.Name != was.Name || c.Email != was.Email || c.Timezone != was.Timezone || !maps.Equal(c.Metadata, was.Metadata) {
		if err := e.putNotice(ctx, tx, c.Key, CustomerUpdated, e.shown(c).ID(), id.New("change", c.Key)); err != nil {
			return Customer{}, err
		}
	}
	return e.shown(c), nil
}

func (e *Engine) newCustomer(b *book, name id.Customer, ch CustomerChange) store.Customer {
	now := e.Now()
	c := store.Customer{Key: id.NewKey(), ExternalID: name, Metadata: map[string]string{}, CreatedAt: now, UpdatedAt: now, Status: "active", Since: now}
	c.Subscription = id.New("sub", c.Key)
	c.Cycle = period.Cycle{Anchor: now, Months: 1}
	ch.describe(&c)
	c.Plan = ch.planFor(b, b.DefaultPlan().Slug)
	return c
}

// describe sets what describes a customer.
func (ch CustomerChange) describe(c *store.Customer) {
	set := func(to *string, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&c.Name, ch.Name)
	set(&c.Email, ch.Email)
	set(&c.Timezone, ch.Timezone)
	for k, v := range ch.Metadata {
		if v == nil {
			delete(c.Metadata, k)
			continue
		}
		c.Metadata[k] = *v
	}
}

// planFor returns the plan that a customer on current is to be on.
func (ch CustomerChange) planFor(b *book, current id.Slug) id.Slug {
	guest, hasGuest := b.GuestPlan()
	switch {
	case ch.Plan != nil:
		return *ch.Plan
	case ch.Guest != nil && *ch.Guest && hasGuest && current == b.DefaultPlan().Slug:
		return guest.Slug
	case ch.Guest != nil && !*ch.Guest && hasGuest && current == guest.Slug:
		return b.DefaultPlan().Slug
	}
	return current
}

func (e *Engine) checkChange(name id.Customer, ch CustomerChange) (*book, error) {
	b := e.book.Load()
	if err := name.Check("externalId"); err != nil {
		return b, err
	}
	if b.Version == 0 {
		return b, fault.New(fault.Conflict, "No catalog has been published yet: publish one with `tollgate apply FILE`, so that customers have a plan.")
	}
	for _, f := range []struct {
		field string
		value *string
		max   int
	}{{"name", ch.Name, 255}, {"email", ch.Email, 320}, {"timezone", ch.Timezone, 64}} {
		if f.value == nil {
			continue
		}
		if err := checkLine(f.field, *f.value, f.max); err != nil {
			return b, err
		}
	}
	if ch.Timezone != nil && *ch.Timezone != "" {
		if z, err := time.LoadLocation(*ch.Timezone); err != nil || z == time.Local {
			return b, fault.Field("timezone", *ch.Timezone, nil, "timezone must be an IANA name such as Europe/Paris.")
		}
	}
	if ch.Plan != nil {
		if _, ok := b.Plans[*ch.Plan]; !ok {
			return b, fault.Field("plan", string(*ch.Plan), nil, "There is no plan %q in the catalog.", string(*ch.Plan))
		}
	}
	if _, ok := b.GuestPlan(); ch.Guest != nil && *ch.Guest && !ok {
		return b, fault.Field("guest", true, nil, "The catalog has no guest plan: mark one with `guest: true`.")
	}
	var size int
	for k, v := range ch.Metadata {
		if v == nil {
			continue
		}
		for _, text := range []string{k, *v} {
			if err := checkText("metadata", text, MetadataBytesMax); err != nil {
				return b, err
			}
		}
		size += len(k) + len(*v)
	}
	if size > MetadataBytesMax {
		return b, fault.Field("metadata", size, MetadataBytesMax, "metadata has %d bytes; the limit is %d.", size, MetadataBytesMax)
	}
	return b, nil
}

func metadataBytes(m map[string]string) int {
	var n int
	for k, v := range m {
		n += len(k) + len(v)
	}
	return n
}

package tollgate

import (
	"context"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/subscription"
)

// A Paying is all that is kept of what Stripe says of a customer, as it was last read.
type Paying struct {
	Known        bool                       // whether the customer is one at Stripe
	Subscription *subscription.Subscription // the one that counts; nil when there is none
	Invoices     []subscription.Invoice     // newest first
	Payments     []subscription.Payment     // newest first
	Methods      []subscription.Method      // newest first
}

// Paying returns what is kept of what Stripe says of a customer, with up to limit invoices, payments and ways to pay. It asks
// the database alone. Faults: not_found.
func (e *Engine) Paying(ctx context.Context, name id.Customer, limit int) (Paying, error) {
	var out Paying
	limit, err := pageLimit(limit)
	if err != nil {
		return out, err
	}
	c, b, err := e.billing(ctx, name)
	if err != nil {
		if fault.Has(err, fault.NotFound) && c.ExternalID != "" { // here, and none at Stripe
			return out, nil
		}
		return out, err
	}
	out.Known = true
	if len(b.Shown) > 0 {
		s, err := unpack[subscription.Subscription](b.Shown)
		if err != nil {
			return out, err
		}
		out.Subscription = &s
	}
	if out.Invoices, err = newest[subscription.Invoice](ctx, e, c.key, store.RecordInvoice, limit); err != nil {
		return out, err
	}
	if out.Payments, err = newest[subscription.Payment](ctx, e, c.key, store.RecordPayment, limit); err != nil {
		return out, err
	}
	out.Methods, err = newest[subscription.Method](ctx, e, c.key, store.RecordMethod, limit)
	return out, err
}

func newest[T any](ctx context.Context, e *Engine, key id.Key, kind string, limit int) ([]T, error) {
	rows, err := e.db.Records(ctx, key, kind, "", limit)
	if err != nil {
		return nil, outside("read "+kind+"s", err)
	}
	all := make([]T, len(rows))
	for i, r := range rows {
		if all[i], err = unpack[T](r.Body); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// An Owned is a payment, an invoice or a way to pay with the customer that has it.
type Owned[T any] struct {
	Customer Customer
	Record   T
}

// AllInvoices returns a page of every customer's invoices, newest first, before the one named, and how many there are in all.
func (e *Engine) AllInvoices(ctx context.Context, before string, limit int) (Page[Owned[subscription.Invoice]], int, error) {
	return everyone[subscription.Invoice](ctx, e, store.RecordInvoice, before, limit)
}

// AllPayments is AllInvoices for payments.
func (e *Engine) AllPayments(ctx context.Context, before string, limit int) (Page[Owned[subscription.Payment]], int, error) {
	return everyone[subscription.Payment](ctx, e, store.RecordPayment, before, limit)
}

// AllMethods is AllInvoices for ways to pay.
func (e *Engine) AllMethods(ctx context.Context, before string, limit int) (Page[Owned[subscription.Method]], int, error) {
	return everyone[subscription.Method](ctx, e, store.RecordMethod, before, limit)
}

// Invoice returns an invoice. Faults: not_found.
func (e *Engine) Invoice(ctx context.Context, invoiceID string) (Owned[subscription.Invoice], error) {
	return recordAt[subscription.Invoice](ctx, e, store.RecordInvoice, invoiceID)
}

// Payment returns a payment. Faults: not_found.
func (e *Engine) Payment(ctx context.Context, paymentID string) (Owned[subscription.Payment], error) {
	return recordAt[subscription.Payment](ctx, e, store.RecordPayment, paymentID)
}

// Method returns a way to pay. Faults: not_found.
func (e *Engine) Method(ctx context.Context, methodID string) (Owned[subscription.Method], error) {
	return recordAt[subscription.Method](ctx, e, store.RecordMethod, methodID)
}

func recordAt[T any](ctx context.Context, e *Engine, kind, recordID string) (Owned[T], error) {
	unknown := fault.New(fault.NotFound, "There is no %s %q.", kind, recordID).With(kind, recordID)
	r, err := e.db.RecordOf(ctx, kind, recordID)
	if store.None(err) {
		return Owned[T]{}, unknown
	}
	if err != nil {
		return Owned[T]{}, outside("read "+kind, err)
	}
	return owned[T](ctx, e, r, unknown)
}

func owned[T any](ctx context.Context, e *Engine, r store.Record, unknown error) (out Owned[T], err error) {
	if out.Customer, err = e.customerByKey(ctx, r.Customer, unknown); err != nil {
		return out, err
	}
	out.Record, err = unpack[T](r.Body)
	return out, err
}

func everyone[T any](ctx context.Context, e *Engine, kind, before string, limit int) (Page[Owned[T]], int, error) {
	page := Page[Owned[T]]{Data: []Owned[T]{}}
	limit, err := pageLimit(limit)
	if err != nil {
		return page, 0, err
	}
	if before != "" {
		if _, err := e.db.RecordOf(ctx, kind, before); store.None(err) {
			return page, 0, fault.Field("before", before, nil, "There is no %s %q.", kind, before)
		}
	}
	total, err := e.db.CountRecords(ctx, kind)
	if err != nil {
		return page, 0, outside("count "+kind+"s", err)
	}
	rows, err := e.db.AllRecords(ctx, kind, before, limit+1)
	if err != nil {
		return page, 0, outside("read "+kind+"s", err)
	}
	gone := fault.New(fault.NotFound, "erased")
	for _, r := range rows[:min(len(rows), limit)] {
		one, err := owned[T](ctx, e, r, gone)
		if fault.Has(err, fault.NotFound) { // erased meanwhile
			continue
		}
		if err != nil {
			return page, 0, err
		}
		page.Data = append(page.Data, one)
	}
	if len(rows) > limit {
		page.Next = rows[limit-1].ID
	}
	return page, total, nil
}

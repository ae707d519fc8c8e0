package tollgate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

const (
	// reportLease is for how long a report that a process sends is left to it.
	reportLease = 2 * time.Minute
	// reportsBeside is how many reports a process sends side by side, each of another customer or meter.
	reportsBeside = 8
	// reportWaitMax is the longest wait before a report is tried again.
	reportWaitMax = time.Hour
	// twiceMax is for how long Stripe knows an identifier again, less an hour: it promises a day
	// (https://docs.stripe.com/api/billing/meter-event/create).
	twiceMax = 23 * time.Hour
	// closingMargin is how long before its invoice becomes final usage is no longer sent to a period: what Stripe has not
	// counted by then is on no invoice.
	closingMargin = 5 * time.Minute
	// invoiceWait is how long after a period's end its invoice is waited for.
	invoiceWait = 72 * time.Hour
)

// sendReports sends what waits, and returns how many reports were settled.
func (e *Engine) sendReports(ctx context.Context) (int, error) {
	now := e.Now()
	rows, err := e.db.ClaimReports(ctx, now, now.Add(reportLease), reportsAtOnce)
	if err != nil {
		return 0, outside("claim reports", err)
	}
	_, err = e.sendClaimed(ctx, rows)
	return len(rows), err
}

// sendReportsOf sends all that waits of one customer, whatever waits of others, and whenever it was to be tried again. It returns
// when nothing is left, or all that is left could not be told.
func (e *Engine) sendReportsOf(ctx context.Context, key id.Key) error {
	for {
		rows, err := e.db.ClaimReportsOf(ctx, key, e.Now().Add(reportLease))
		if err != nil {
			return outside("claim reports", err)
		}
		settled, err := e.sendClaimed(ctx, rows)
		if err != nil || settled == 0 {
			return err
		}
	}
}

// sendClaimed sends reports side by side, and returns how many of them need not be sent again.
func (e *Engine) sendClaimed(ctx context.Context, rows []store.Report) (settled int, err error) {
	group, all := errgroup.WithContext(ctx)
	group.SetLimit(reportsBeside)
	var done atomic.Int64
	for _, r := range rows {
		group.Go(func() error {
			after := e.sendReport(all, r)
			if err := all.Err(); err != nil {
				return err // the lease ends, and the report is tried again
			}
			if after.Error != "" {
				e.log.Warn("payments: a usage report is left for later", "report", r.Identifier, "attempt", r.Attempts, "state", after.State, "error", after.Error)
			}
			if after.State != store.ReportPending {
				done.Add(1)
			}
			return outside("settle report", e.db.SettleReport(all, after, r.Attempts))
		})
	}
	err = group.Wait()
	return int(done.Load()), err
}

// sendReport brings a report to an invoice, and returns it as it is afterwards: sent, carried, failed, or to be tried
// again.
func (e *Engine) sendReport(ctx context.Context, r store.Report) store.Report {
	now := e.Now()
	later := func(wait time.Duration, cause error) store.Report {
		r.NextAt, r.Error = now.Add(wait), ""
		if cause != nil {
			r.Error = cause.Error()
		}
		return r
	}
	var wait *waitError
	err := e.tell(ctx, &r)
	switch {
	case err == nil:
		r.Error, r.NextAt = "", now.Add(checkAfter)
		return r
	case errors.As(err, &wait):
		r.Attempts-- // nothing was sent
		return later(wait.time, nil)
	case fault.Has(err, fault.Conflict):
		r.State, r.Error = store.ReportFailed, err.Error()
		return r
	case fault.Has(err, fault.Unavailable):
		return later(min(time.Second<<min(r.Attempts, 20), reportWaitMax), err)
	}
	return later(reportWaitMax, err) // refused: a person must mend it, and then it is tried again
}

// A waitError says that it is too early, or too late, to send.
type waitError struct{ time time.Duration }

func (w *waitError) Error() string { return "wait for " + w.time.String() }

// tell sends a report: as a meter event while its period's invoice can still count it, else as an item of the next
// invoice. Fault conflict: no invoice will ever have it.
func (e *Engine) tell(ctx context.Context, r *store.Report) error {
	b, err := e.db.BillingOf(ctx, r.Customer)
	if err != nil {
		return outside("read billing", err)
	}
	s, err := unpack[subscription.Subscription](b.Shown)
	if err != nil {
		return err
	}
	late, price, refused := e.isLate(ctx, s, r)
	if refused != nil && !fault.Has(refused, fault.Conflict) {
		return refused
	}
	now := e.Now()
	unsure := r.Attempts > 1 && (late || refused != nil || now.Sub(r.CreatedAt) > twiceMax)
	var told store.Reported
	if unsure || late || r.Quantity < 0 {
		if told, err = e.db.ReportedOf(ctx, r.ReportKey); err != nil {
			return outside("read reports", err)
		}
	}
	if unsure {
		arrived, err := e.arrived(ctx, b, r, told)
		if err != nil {
			return err
		}
		if arrived {
			r.State = store.ReportSent
			return nil
		}
	}
	switch {
	case refused != nil:
		return refused
	case late:
		return e.carry(ctx, b, s, r, told, price)
	case r.Quantity < 0 && told.Events+r.Quantity < 0:
		return fault.New(fault.Conflict, "Taking back %d would leave less than nothing: Stripe has taken %d of this period.", -r.Quantity, told.Events)
	}
	if now.Sub(r.At) > lateMax-time.Hour {
		r.At = subscription.CountedAt(period.Span{Start: r.Start, End: r.End}, now)
	}
	if err := e.seller.reporter.pace.Wait(ctx); err != nil {
		return err
	}
	err = e.seller.stripe.SendEvent(ctx, stripe.MeterEvent{Name: r.Event, Customer: b.Stripe, Value: r.Quantity, At: r.At, Identifier: r.Identifier})
	if err == nil {
		r.State = store.ReportSent
	}
	return err
}

// isLate reports whether the invoice that bills a report's period is final, or no item counts the report any more, and the price
// that billed the meter.
// A waitError says that this is not known yet, or about to change.
func (e *Engine) isLate(ctx context.Context, s subscription.Subscription, r *store.Report) (late bool, price string, err error) {
	for _, i := range s.Items {
		if i.Meter == r.Meter && !r.At.Before(i.CreatedAt) { // an item counts nothing from before it was there
			price = i.PriceID
		}
	}
	now, counted := e.Now(), price != ""
	if now.Before(r.End) && !s.Status.Over() {
		if !counted { // a change dropped the item that counted it
			price, err = e.billedPrice(ctx, s, r)
		}
		return !counted, price, err
	}
	i, found, err := e.usageInvoice(ctx, s, r)
	if err == nil && !found && !s.Status.Over() {
		if err = e.sync(ctx, r.Customer); err == nil {
			i, found, err = e.usageInvoice(ctx, s, r)
		}
	}
	if err != nil {
		return false, "", err
	}
	if !counted {
		if price, err = e.billedPrice(ctx, s, r); err != nil {
			return false, "", err
		}
	}
	for _, l := range i.Lines {
		if counted && l.Meter == r.Meter && l.PriceID != "" {
			price = l.PriceID
		}
	}
	switch {
	case s.Status.Over():
		return false, "", fault.New(fault.Conflict, "The subscription ended before %d were reported: no invoice of it follows. Bill them by hand.", r.Quantity)
	case !found && now.Sub(r.End) > invoiceWait:
		return false, "", fault.New(fault.Conflict, "Stripe made no invoice for the period that ended at %s. Bill %d by hand.", r.End.Format(time.RFC3339), r.Quantity)
	case !found:
		return false, "", &waitError{closingMargin}
	case i.Status != "draft" || !counted:
		return true, price, nil
	}
	status, final, err := e.seller.stripe.InvoiceState(ctx, i.ID)
	switch {
	case err != nil:
		return false, "", err
	case status != "draft":
		return true, price, nil
	case !final.IsZero() && final.Sub(now) <= closingMargin:
		return false, "", &waitError{max(final.Sub(now), 0) + time.Minute}
	}
	return false, price, nil
}

// invoicesBack is among how many of the newest invoices that of a period is looked for.
const invoicesBack = 50

// billedPrice returns the price at Stripe by which a subscription billed a meter at the moment of a report, else by which it last did,
// or none.
func (e *Engine) billedPrice(ctx context.Context, s subscription.Subscription, r *store.Report) (last string, err error) {
	invoices, err := newest[subscription.Invoice](ctx, e, r.Customer, store.RecordInvoice, invoicesBack)
	if err != nil {
		return "", err
	}
	for _, i := range invoices {
		for _, l := range i.Lines {
			if i.Subscription != s.ID || l.Meter != r.Meter || l.PriceID == "" {
				continue
			}
			if !r.At.Before(l.Start) && r.At.Before(l.End) {
				return l.PriceID, nil
			}
			last = cmp.Or(last, l.PriceID)
		}
	}
	return last, nil
}

// usageInvoice returns the invoice that bills the usage of a report's period: the renewal that followed it.
func (e *Engine) usageInvoice(ctx context.Context, s subscription.Subscription, r *store.Report) (subscription.Invoice, bool, error) {
	invoices, err := newest[subscription.Invoice](ctx, e, r.Customer, store.RecordInvoice, invoicesBack)
	if err != nil {
		return subscription.Invoice{}, false, err
	}
	for _, i := range invoices {
		if i.Subscription != s.ID || i.Reason != "subscription_cycle" {
			continue
		}
		for _, l := range i.Lines {
			if !l.Proration && (l.Start.Equal(r.End) || l.Meter != "" && l.End.Equal(r.End)) {
				return i, true, nil
			}
		}
	}
	return subscription.Invoice{}, false, nil
}

// arrived reports whether an earlier attempt reached Stripe, by what Stripe counts.
func (e *Engine) arrived(ctx context.Context, b store.Billing, r *store.Report, told store.Reported) (bool, error) {
	counted, err := e.counted(ctx, b, r)
	switch {
	case err != nil:
		return false, err
	case counted == told.Events+r.Quantity:
		return true, nil
	case counted == told.Events:
		return false, nil
	}
	return false, fmt.Errorf("it is not known whether report %s arrived: Stripe counts %d where %d were taken before it", r.Identifier, counted, told.Events)
}

// carry bills usage that came after its invoice on the next one: by what the period costs more with it.
func (e *Engine) carry(ctx context.Context, b store.Billing, s subscription.Subscription, r *store.Report, told store.Reported, priceID string) error {
	if r.Quantity < 0 {
		return fault.New(fault.Conflict, "%d were taken back after the period was billed: refund them by hand.", -r.Quantity)
	}
	if priceID == "" {
		return fault.New(fault.Conflict, "The subscription has no price for %d of %s that came after their invoice. Bill them by hand.", r.Quantity, r.Meter)
	}
	price, err := e.seller.stripe.MeteredPrice(ctx, priceID)
	if err != nil {
		return err
	}
	before, err := price.Cost(quantity.Whole(max(told.All(), 0)))
	if err != nil {
		return err
	}
	after, err := price.Cost(quantity.Whole(max(told.All()+r.Quantity, 0)))
	if err != nil {
		return err
	}
	if amount := after.Minor - before.Minor; amount != 0 {
		err = e.seller.stripe.AddExtra(ctx, stripe.Extra{
			Customer: b.Stripe, Subscription: s.ID, Amount: amount, Currency: price.Currency, Key: r.Identifier,
			Description: fmt.Sprintf("%s: %d used until %s, after the invoice", e.nameOf(r.Meter), r.Quantity, r.End.Format(time.DateOnly)),
			Period:      period.Span{Start: r.Start, End: r.End},
		}, r.Attempts > 1)
		if err != nil {
			return err
		}
	}
	r.State = store.ReportCarried
	return nil
}

// nameOf returns what people call a balance.
func (e *Engine) nameOf(balance id.Slug) string {
	b := e.book.Load()
	if m := b.Meters[balance]; m.Name != "" {
		return m.Name
	}
	if p := b.Credits[balance]; p.Name != "" {
		return p.Name
	}
	return string(balance)
}

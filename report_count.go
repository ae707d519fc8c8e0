package tollgate

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/subscription"
)

const (
	// reportEvery is how often usage is counted and told to Stripe, by the Engine's clock.
	reportEvery = time.Minute
	// reportPage is how many customers one round counts.
	reportPage = 500
	// reportsAtOnce is how many reports one round sends.
	reportsAtOnce = 100
	// reportRate is how many reports a process sends in a second: a tenth of what Stripe takes, and what its general limit
	// allows (https://docs.stripe.com/rate-limits).
	reportRate = 100
)

// A reporter remembers how far this process has come with its rounds.
type reporter struct {
	pace *rate.Limiter

	mu       sync.Mutex
	next     time.Time // when counting begins again
	active   bool
	counted  bool   // every customer of this round
	after    id.Key // the customer before the next page
	noticed  bool   // every customer without billing
	afterNew id.Key
}

func newReporter() *reporter { return &reporter{pace: rate.NewLimiter(reportRate, reportRate)} }

// reportUsage does one round: it counts a page of customers, then sends what waits. It returns how much was done; 0 means
// that nothing is left until the next minute.
func (e *Engine) reportUsage(ctx context.Context) (int, error) {
	r := e.seller.reporter
	if !r.mu.TryLock() {
		return 0, nil // another goroutine is at it
	}
	defer r.mu.Unlock()
	now := e.Now()
	if !r.active {
		if now.Before(r.next) {
			return 0, nil
		}
		r.active, r.counted, r.after, r.noticed, r.afterNew, r.next = true, false, 0, e.seller.Automatic == nil, 0, now.Add(reportEvery)
	}
	done := 0
	if !r.counted {
		page, err := e.db.Bound(ctx, r.after, reportPage)
		if err != nil {
			return 0, outside("read billings", err)
		}
		if _, err := e.countPage(ctx, page); err != nil {
			return 0, err
		}
		done += len(page)
		if r.counted = len(page) < reportPage; !r.counted {
			r.after = page[len(page)-1].Customer
		}
	}
	for _, step := range []func(context.Context) (int, error){e.sendReports, e.checkReports, e.subscribeNew} {
		n, err := step(ctx)
		if err != nil {
			return done, err
		}
		done += n
	}
	r.active = done > 0
	return done, nil
}

// keepReporting reports usage whenever it is due, until ctx ends.
func (e *Engine) keepReporting(ctx context.Context) {
	tick := time.NewTicker(workPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for {
			n, err := e.reportUsage(ctx)
			if err != nil && ctx.Err() == nil {
				e.log.Warn("payments: usage is reported later", "error", err)
			}
			if n == 0 || err != nil {
				break
			}
		}
	}
}

// countPage writes the next step of every bill that has grown, or shrunk while its period lasts. Who counts the same
// usage at the same time writes the same step: its number is taken once.
func (e *Engine) countPage(ctx context.Context, page []store.Billing) (int, error) {
	fresh, err := e.steps(ctx, page)
	if err != nil || len(fresh) == 0 {
		return 0, err
	}
	n, err := e.db.PutReports(ctx, fresh...)
	return n, outside("write reports", err)
}

// countRest writes what a customer used between flush and the change that dropped the items it was billed by, from what was kept
// of its billing before. It is told when the change is known here: no item counts it any more, so that the next invoice has it.
func (e *Engine) countRest(ctx context.Context, before store.Billing) error {
	fresh, err := e.steps(ctx, []store.Billing{before})
	for n := range fresh {
		fresh[n].NextAt = fresh[n].NextAt.Add(reportLease)
	}
	if err == nil {
		_, err = e.db.PutReports(ctx, fresh...)
	}
	return err
}

// steps returns the next step of every bill that has grown, or shrunk while its period lasts.
func (e *Engine) steps(ctx context.Context, page []store.Billing) ([]store.Report, error) {
	bills, err := e.bills(ctx, page)
	if err != nil || len(bills) == 0 {
		return nil, err
	}
	keys := make([]store.ReportKey, len(bills))
	for i, b := range bills {
		keys[i] = b.key()
	}
	// The steps are read before the usage: usage that is newer than the steps makes a larger step, one that is older would
	// make one that takes back what another process has just counted.
	last, err := e.db.LastReports(ctx, keys)
	if err != nil {
		return nil, outside("read reports", err)
	}
	if err := e.countBills(ctx, bills); err != nil {
		return nil, err
	}
	now := e.Now()
	var fresh []store.Report
	for _, b := range bills {
		before := last[b.key()]
		step := b.owed - before.Total
		if step == 0 || step < 0 && !now.Before(b.period.End) {
			continue
		}
		r := b.step(before.Number+1, step, now)
		if step < 0 {
			told, err := e.db.ReportedOf(ctx, b.key())
			if err != nil {
				return nil, outside("read reports", err)
			}
			before, err := e.db.ReportedBefore(ctx, b.key(), b.since) // which another plan's invoice has
			if err != nil {
				return nil, outside("read reports", err)
			}
			if told.All()+told.Pending-before.All()-before.Pending < -step { // what is taken back was never billed, or not by this plan
				r.State = store.ReportIncluded
			}
		}
		fresh = append(fresh, r)
	}
	return e.unmoved(ctx, bills, fresh)
}

// unmoved returns those of some steps whose customers are on the plan that they were counted by: a change may have come between what
// was told by then, which begins again with it, and what is billed.
func (e *Engine) unmoved(ctx context.Context, counted []*bill, steps []store.Report) ([]store.Report, error) {
	if len(steps) == 0 {
		return nil, nil
	}
	by, keys := map[id.Key]string{}, []id.Key(nil)
	for _, b := range counted {
		by[b.customer.Key] = b.customer.Subscription
	}
	for _, r := range steps {
		keys = append(keys, r.Customer)
	}
	now, err := e.db.CustomersByKeys(ctx, keys)
	if err != nil {
		return nil, outside("read customers", err)
	}
	on := map[id.Key]string{}
	for _, c := range now {
		on[c.Key] = c.Subscription
	}
	return slices.DeleteFunc(steps, func(r store.Report) bool { return on[r.Customer] != by[r.Customer] }), nil
}

// step returns the next step of a bill, to be told at now.
func (b *bill) step(number, quantity int64, now time.Time) store.Report {
	return store.Report{
		ReportKey: b.key(), End: b.period.End, Number: number, Event: stripe.MeterName(b.balance), Identifier: identifier(b.key(), number),
		Quantity: quantity, Total: b.owed, At: b.countedAt(now), State: store.ReportPending, NextAt: now, CreatedAt: now,
	}
}

// countedAt returns the moment under which usage is told at now: before a cancellation that follows at once, and not before the item
// that counts it.
func (b *bill) countedAt(now time.Time) time.Time {
	at := now.Add(-time.Second)
	if b.since.After(at) {
		at = b.since
	}
	return subscription.CountedAt(b.period.Span, at)
}

// identifier names a step at Stripe, in at most 100 characters. It holds the step's number and not what was reported
// before it: that comes again after usage was taken back.
func identifier(k store.ReportKey, number int64) string {
	return fmt.Sprintf("%s:%s:%d:%d", k.Meter, strconv.FormatInt(int64(k.Customer), 36), k.Start.Unix(), number)
}

// A ReportError is trouble with telling Stripe of a meter's usage.
type ReportError struct {
	Meter     id.Slug   `json:"meter"`
	Customers int       `json:"customers"` // whom it concerns
	Reports   int       `json:"reports"`
	Quantity  int64     `json:"quantity"` // whole units that are not told, or of which it is not sure
	Failed    int       `json:"failed"`   // of Reports: given up
	Error     string    `json:"error"`    // the latest
	Since     time.Time `json:"since"`    // when the oldest of them was counted
}

// reportErrorsMax is how many reports ReportErrors looks at.
const reportErrorsMax = 10_000

// ReportErrors returns what is wrong with usage reports, one entry for each meter that has trouble, in the order of the
// meters.
func (e *Engine) ReportErrors(ctx context.Context) ([]ReportError, error) {
	rows, err := e.db.TroubledReports(ctx, reportErrorsMax)
	if err != nil {
		return nil, outside("read reports", err)
	}
	out := []ReportError{}
	seen := map[store.ReportKey]bool{}
	for _, r := range rows {
		if len(out) == 0 || out[len(out)-1].Meter != r.Meter {
			out = append(out, ReportError{Meter: r.Meter, Error: r.Error})
		}
		one := &out[len(out)-1]
		one.Reports++
		one.Quantity += r.Quantity
		one.Since = r.CreatedAt
		if r.State == store.ReportFailed {
			one.Failed++
		}
		if who := (store.ReportKey{Customer: r.Customer, Meter: r.Meter}); !seen[who] {
			seen[who] = true
			one.Customers++
		}
	}
	return out, nil
}

// flush tells Stripe of a customer's usage up to this moment, before the invoice that bills it is made. What cannot be told now is
// left to the next round.
func (e *Engine) flush(ctx context.Context, key id.Key) {
	b, err := e.db.BillingOf(ctx, key)
	if err == nil {
		_, err = e.countPage(ctx, []store.Billing{b})
	}
	if err == nil {
		err = e.sendReportsOf(ctx, key)
	}
	if err != nil && !store.None(err) {
		e.log.Warn("payments: usage is told after the invoice that would have billed it", "error", err)
	}
}

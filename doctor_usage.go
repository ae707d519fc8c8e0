package tollgate

import (
	"context"
	"fmt"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/subscription"
)

const (
	// seenAfter is how old usage is that the doctor compares with what Stripe counts, which counts with a delay.
	seenAfter = time.Hour
	// sureAfter is how old it is before a difference is corrected: what Stripe has not counted by then it never will.
	sureAfter = 24 * time.Hour
	// troubledMax is how many reports in trouble the doctor names of one customer.
	troubledMax = 100
)

// diagnoseUsage compares what Stripe was told of a customer's use with what it counts, and names the reports that are stuck.
func (e *Engine) diagnoseUsage(ctx context.Context, c store.Customer, b store.Billing) ([]Difference, error) {
	rows, err := e.db.TroubledReportsOf(ctx, c.Key, troubledMax)
	if err != nil {
		return nil, outside("read reports", err)
	}
	var all []Difference
	for _, r := range rows {
		d := Difference{Customer: c.ExternalID, What: differenceReport, Here: fmt.Sprintf("%d %s, of %s", r.Quantity, r.Meter, r.CreatedAt.Format(time.DateTime)),
			Stripe: r.State + ": " + r.Error,
			Cause:  "Stripe has not taken it, and it is tried again within the hour. Mend what Stripe says; repair tries at once."}
		if r.State == store.ReportFailed {
			d.Cause = "No invoice will have it any more: bill it, or give it back, by hand."
		}
		all = append(all, d)
	}
	counts, err := e.miscounts(ctx, b, seenAfter)
	for _, m := range counts {
		cause := "Stripe does not count what it took: somebody cancelled the events, or changed the meter. Repair tells it again what has been missing for a day."
		switch {
		case m.stripe > m.told && m.over(e.Now()):
			cause = "Somebody else told it: another program, or this one before its database was restored from a backup. The period is over: give back by hand what was billed too much."
		case m.stripe > m.told:
			cause = "Somebody else told it: another program, or this one before its database was restored from a backup. Repair takes back what has been too much for a day."
		}
		all = append(all, Difference{Customer: c.ExternalID, What: "usage", Here: fmt.Sprintf("%d %s told since %s", m.told, m.last.Meter, m.last.Start.Format(time.DateTime)),
			Stripe: fmt.Sprintf("counts %d", m.stripe), Cause: cause})
	}
	return all, err
}

// A miscount is usage of a period of which Stripe counts another amount than it was told.
type miscount struct {
	last         store.Report // of the period
	told, stripe int64
	before       time.Time // the usage is of before that
}

// over reports whether the period has ended: what was billed too much is not taken back by Stripe then.
func (m miscount) over(now time.Time) bool { return !now.Before(m.last.End) }

// miscounts compares what is older than an age, period by period.
func (e *Engine) miscounts(ctx context.Context, b store.Billing, age time.Duration) ([]miscount, error) {
	now := e.Now()
	latest, err := e.db.LatestReports(ctx, b.Customer, now.Add(-lateMax))
	if err != nil {
		return nil, outside("read reports", err)
	}
	var all []miscount
	for _, r := range latest {
		span := subscription.Counting(period.Span{Start: r.Start, End: r.End})
		if until := now.Add(-age).Truncate(time.Minute); until.Before(span.End) {
			span.End = until
		}
		if !span.Start.Before(span.End) {
			continue
		}
		told, err := e.db.ReportedBefore(ctx, r.ReportKey, span.End)
		if err != nil {
			return all, outside("read reports", err)
		}
		if told.Tried || told.CheckAt.After(now) {
			continue // on their way: the next look tells
		}
		stripe, err := e.countedIn(ctx, b, r.Event, span)
		if fault.Has(err, fault.PaymentsNotConfigured) {
			continue // there is no such meter: a difference of the catalog's
		}
		if err != nil {
			return all, err
		}
		if stripe != told.Events {
			all = append(all, miscount{last: r, told: told.Events, stripe: stripe, before: span.End})
		}
	}
	return all, nil
}

// repairUsage has Stripe told what it was not: steps that wait because they failed are sent, and what Stripe miscounts is
// written down as told, so that the next step makes up for it.
func (e *Engine) repairUsage(ctx context.Context, b store.Billing) error {
	counts, err := e.miscounts(ctx, b, sureAfter)
	if err != nil {
		return err
	}
	now := e.Now()
	for _, m := range counts {
		if m.stripe > m.told && m.over(now) {
			continue
		}
		k, number, more := m.last.ReportKey, m.last.Number+1, m.stripe-m.told
		_, err := e.db.CorrectReport(ctx, store.Report{ReportKey: k, End: m.last.End, Number: number, Event: m.last.Event, Identifier: identifier(k, number),
			Quantity: more, Total: m.last.Total + more, At: m.before.Add(-time.Second), CreatedAt: now})
		if err != nil { // when its number is taken, usage is being counted, and the next repair corrects it
			return outside("correct report", err)
		}
	}
	if err := e.db.HastenReports(ctx, b.Customer, now); err != nil {
		return outside("hasten reports", err)
	}
	e.flush(ctx, b.Customer)
	return nil
}

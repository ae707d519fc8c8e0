package tollgate

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/stripe"
)

const (
	// eventLease is for how long an event that a process works on is left to it.
	eventLease = time.Minute
	// eventTriesMax is how often an event is tried before it is parked for a person to look at.
	eventTriesMax = 12
	eventWaitMax  = time.Hour
	// eventsAtOnce is how many events one round works on, and customersAtOnce of how many customers at the same time.
	eventsAtOnce, customersAtOnce = 200, 16
	// eventKept is for how long an event that was worked on is kept, so that it is not worked on again. Stripe sends one for
	// up to three days, and lists it for 30 (https://docs.stripe.com/webhooks, https://docs.stripe.com/api/events).
	eventKept = 60 * 24 * time.Hour
	// lapseRetry is when a customer is looked at again who could not be, and lapseFailures how many such end a round.
	lapseRetry, lapseFailures = time.Minute, 3
	// workPoll is how soon a process sees what another one received.
	workPoll = time.Second
	// reconcileEvery is how often events that never arrived are looked for.
	reconcileEvery = 5 * time.Minute
	// reconcileBack is how far before the last look they are looked for: Stripe may list one late.
	reconcileBack = time.Hour
)

// Webhook takes one of Stripe's webhooks: body is the raw body and signature the Stripe-Signature header. When it returns
// nil the event is kept, once, and will be worked on; what it means is read from Stripe. Faults: invalid_request with
// "Invalid webhook signature"; payments_not_configured; unavailable.
func (e *Engine) Webhook(ctx context.Context, body []byte, signature string) error {
	s, err := e.sells()
	if err != nil {
		return err
	}
	ev, err := s.stripe.Verify(body, signature)
	if err != nil {
		return err
	}
	if _, err := e.db.PutEvents(ctx, e.inboxed(ev)); err != nil {
		return outside("write event", err)
	}
	s.signal()
	return nil
}

// inboxed returns the row of an event. What nothing follows from is done at once.
func (e *Engine) inboxed(ev stripe.Event) store.StripeEvent {
	row := store.StripeEvent{ID: ev.ID, Kind: ev.Kind, Stripe: ev.Customer, Payload: string(ev.Payload), State: store.EventPending, CreatedAt: ev.CreatedAt, ReceivedAt: e.Now()}
	if !matters(ev) {
		row.State = store.EventDone
	}
	return row
}

// matters reports whether something may follow from an event.
func matters(ev stripe.Event) bool {
	for _, prefix := range []string{"checkout.session.", "customer.", "invoice.", "charge.", "refund.", "payment_intent.", "payment_method.", "price.", "product.updated"} {
		if strings.HasPrefix(ev.Kind, prefix) {
			return true
		}
	}
	return false
}

func (s *seller) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// work does what is in the inbox and what is due, until ctx ends.
func (e *Engine) work(ctx context.Context) {
	defer close(e.seller.ended)
	if e.seller.NoWork {
		return
	}
	reporting := make(chan struct{})
	go func() { // beside webhooks, which must not wait for it
		defer close(reporting)
		e.keepReporting(ctx)
	}()
	defer func() { <-reporting }()
	tick := time.NewTicker(workPoll)
	defer tick.Stop()
	reconciled := time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.seller.wake:
		case <-tick.C:
		}
		for {
			n, err := e.workInbox(ctx)
			if err != nil && ctx.Err() == nil {
				e.log.Warn("payments: work is left for later", "error", err)
			}
			if n == 0 || err != nil {
				break
			}
		}
		if time.Since(reconciled) < reconcileEvery {
			continue
		}
		reconciled = time.Now()
		if _, err := e.Reconcile(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("payments: events at Stripe cannot be read", "error", err)
		}
	}
}

// Work does one round of what is due: events of the inbox, plans whose grace has ended or whose policy has changed, and, every minute, usage to report
// and customers to subscribe. It returns how many were
// done. Any number of processes may do it at once.
func (e *Engine) Work(ctx context.Context) (int, error) {
	if _, err := e.sells(); err != nil {
		return 0, err
	}
	done, err := e.workInbox(ctx)
	if err != nil {
		return done, err
	}
	reported, err := e.reportUsage(ctx)
	return done + reported, err
}

func (e *Engine) workInbox(ctx context.Context) (int, error) {
	now := e.Now()
	e.purge("stripe_event", now, func(limit int) (int, error) { return e.db.PurgeEvents(ctx, now.Add(-eventKept), limit) })
	events, err := e.db.ClaimEvents(ctx, now, now.Add(eventLease), eventsAtOnce)
	if err != nil {
		return 0, outside("claim events", err)
	}
	done, err := e.workEvents(ctx, events)
	if err != nil {
		return done, err
	}
	sent, err := e.sendMails(ctx)
	if done += sent; err != nil {
		return done, err
	}
	lapsing, err := e.db.Lapsing(ctx, now, eventsAtOnce)
	if err != nil {
		return done, outside("read lapsing plans", err)
	}
	return done, e.lapse(ctx, lapsing)
}

// lapse looks at customers whose plan was to be lost. One who cannot be looked at is tried again later and keeps nobody else
// waiting; when lapseFailures cannot, the rest is left to the next round.
func (e *Engine) lapse(ctx context.Context, due []store.Billing) error {
	var failed []error
	for _, b := range due {
		err := e.sync(ctx, b.Customer)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return err
		}
		if failed = append(failed, err); len(failed) == lapseFailures {
			break
		}
		if err := e.db.PutOff(ctx, b, e.Now().Add(lapseRetry)); err != nil {
			return outside("put a customer off", err)
		}
	}
	return errors.Join(failed...)
}

// Reconcile reads the events that Stripe made since the last time, or in the last 30 days, and keeps those that never
// arrived. It returns how many those were.
func (e *Engine) Reconcile(ctx context.Context) (int, error) {
	s, err := e.sells()
	if err != nil {
		return 0, err
	}
	since, err := e.db.EventsRead(ctx)
	if err != nil {
		return 0, outside("read events", err)
	}
	now := e.Now()
	if since.IsZero() {
		since = now.AddDate(0, 0, -30)
	}
	fresh := 0
	err = s.stripe.Events(ctx, since.Add(-reconcileBack), func(found []stripe.Event) error {
		rows := make([]store.StripeEvent, len(found))
		for i, ev := range found {
			rows[i] = e.inboxed(ev)
		}
		n, err := e.db.PutEvents(ctx, rows...)
		fresh += n
		return outside("write events", err)
	})
	if fresh > 0 {
		s.signal()
	}
	if err != nil {
		return fresh, err
	}
	return fresh, outside("mark events read", e.db.MarkEventsRead(ctx, now))
}

// A StripeEvent is one of Stripe's events as the inbox has it.
type StripeEvent struct {
	ID         string    `json:"id"`
	Type       string    `json:"type"`
	State      string    `json:"state"` // pending, done or parked
	Attempts   int64     `json:"attempts"`
	Error      string    `json:"error,omitempty"`
	NextAt     time.Time `json:"nextAt,omitzero"`
	CreatedAt  time.Time `json:"createdAt"`
	ReceivedAt time.Time `json:"receivedAt"`
}

// Webhooks returns the newest events of a state ("" is all), up to limit.
func (e *Engine) Webhooks(ctx context.Context, state string, limit int) ([]StripeEvent, error) {
	limit, err := pageLimit(limit)
	if err != nil {
		return nil, err
	}
	var states []string
	switch state {
	case "":
	case store.EventPending, store.EventDone, store.EventParked:
		states = []string{state}
	default:
		return nil, fault.Field("state", state, nil, "state is pending, done or parked.")
	}
	rows, err := e.db.StripeEvents(ctx, limit, states...)
	if err != nil {
		return nil, outside("read events", err)
	}
	out := make([]StripeEvent, len(rows))
	for i, r := range rows {
		out[i] = StripeEvent{ID: r.ID, Type: r.Kind, State: r.State, Attempts: r.Attempts, Error: r.Error, CreatedAt: r.CreatedAt, ReceivedAt: r.ReceivedAt}
		if r.State == store.EventPending {
			out[i].NextAt = r.NextAt
		}
	}
	return out, nil
}

// ReplayWebhook has an event worked on again, from its first attempt. Fault: not_found.
func (e *Engine) ReplayWebhook(ctx context.Context, eventID string) error {
	found, err := e.db.ReplayEvent(ctx, eventID, e.Now())
	if err != nil {
		return outside("replay event", err)
	}
	if !found {
		return fault.New(fault.NotFound, "There is no event %q in the inbox.", eventID).With("event", eventID)
	}
	if e.seller != nil {
		e.seller.signal()
	}
	return nil
}

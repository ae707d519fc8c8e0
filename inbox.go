package tollgate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/money"
)

// workEvents works on claimed events, those of one customer after another and those of several customers side by side: most
// of the time goes by while Stripe answers. Those that name no customer come last, for they may be about one of the others: a
// customer is not read twice at once. It returns how many are done.
func (e *Engine) workEvents(ctx context.Context, events []store.StripeEvent) (int, error) {
	var order []string
	owners := map[string][]store.StripeEvent{}
	for _, ev := range events {
		if owners[ev.Stripe] == nil && ev.Stripe != "" {
			order = append(order, ev.Stripe)
		}
		owners[ev.Stripe] = append(owners[ev.Stripe], ev)
	}
	var done atomic.Int64
	var mu sync.Mutex
	synced := map[id.Key]error{} // one reading serves all events of a customer that came before it
	group, all := errgroup.WithContext(ctx)
	group.SetLimit(customersAtOnce)
	for _, owner := range order {
		group.Go(func() error {
			read := map[id.Key]error{}
			n, err := e.workOwner(all, owners[owner], read)
			done.Add(int64(n))
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(synced, read)
			return err
		})
	}
	err := group.Wait()
	if err == nil && owners[""] != nil {
		var n int
		n, err = e.workOwner(ctx, owners[""], synced)
		done.Add(int64(n))
	}
	return int(done.Load()), err
}

// workOwner works on the events of one customer, or on those that name none. synced has the customers that were read since
// the events were claimed, and gets those that are read here.
func (e *Engine) workOwner(ctx context.Context, events []store.StripeEvent, synced map[id.Key]error) (int, error) {
	done := 0
	for n, ev := range events {
		cause := e.handle(ctx, ev, synced)
		if err := ctx.Err(); err != nil {
			return 0, err // the lease ends, and the events are tried again
		}
		events[n] = settled(ev, cause, e.Now())
		if cause != nil {
			e.log.Warn("payments: a Stripe event is left for later", "event", ev.ID, "type", ev.Kind, "attempt", ev.Attempts, "error", cause)
			continue
		}
		done++
	}
	return done, outside("settle events", e.db.SettleEvents(ctx, events))
}

// settled returns what an event becomes: done, tried again later, or parked.
func settled(ev store.StripeEvent, cause error, now time.Time) store.StripeEvent {
	if cause == nil {
		ev.State, ev.Error = store.EventDone, ""
		return ev
	}
	ev.Error = cause.Error()
	if ev.Attempts >= eventTriesMax {
		ev.State = store.EventParked
		return ev
	}
	ev.NextAt = now.Add(min(time.Second<<min(ev.Attempts, 20), eventWaitMax))
	return ev
}

// handle does what follows from an event.
func (e *Engine) handle(ctx context.Context, ev store.StripeEvent, synced map[id.Key]error) error {
	if strings.HasPrefix(ev.Kind, "price.") || strings.HasPrefix(ev.Kind, "product.") {
		return e.showPrice(ctx, ev)
	}
	customer := ev.Stripe
	if customer == "" {
		var err error
		if customer, err = e.customerOf(ctx, ev); err != nil || customer == "" {
			return err
		}
	}
	key, err := e.keyAt(ctx, customer)
	if errors.Is(err, errNotOurs) {
		return nil
	}
	if err != nil {
		return err
	}
	if err, ok := synced[key]; ok {
		return err
	}
	err = e.sync(ctx, key)
	synced[key] = err
	return err
}

// customerOf returns the customer of an event that does not name one: a refund's or a dispute's is its charge's.
func (e *Engine) customerOf(ctx context.Context, ev store.StripeEvent) (string, error) {
	var payload struct {
		Data struct {
			Object struct {
				Charge json.RawMessage `json:"charge"`
			} `json:"object"`
		} `json:"data"`
	}
	var charge string
	if err := json.Unmarshal([]byte(ev.Payload), &payload); err != nil {
		return "", fmt.Errorf("read event %s: %w", ev.ID, err)
	}
	if len(payload.Data.Object.Charge) == 0 || json.Unmarshal(payload.Data.Object.Charge, &charge) != nil || charge == "" {
		return "", nil
	}
	return e.seller.stripe.CustomerOfCharge(ctx, charge)
}

// showPrice keeps the amount of a price at Stripe for display. The newest event of a price wins, whatever their order.
func (e *Engine) showPrice(ctx context.Context, ev store.StripeEvent) error {
	var payload struct {
		Created int64 `json:"created"`
		Data    struct {
			Object struct {
				Object     string            `json:"object"`
				Active     bool              `json:"active"`
				Currency   string            `json:"currency"`
				UnitAmount *int64            `json:"unit_amount"`
				LookupKey  *string           `json:"lookup_key"`
				Metadata   map[string]string `json:"metadata"`
			} `json:"object"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(ev.Payload), &payload); err != nil {
		return fmt.Errorf("read event %s: %w", ev.ID, err)
	}
	p := payload.Data.Object
	if p.Object != "price" || !p.Active || p.UnitAmount == nil || p.LookupKey == nil || *p.LookupKey == "" {
		return nil
	}
	_, err := e.SyncPrice(ctx, id.Slug(*p.LookupKey), money.Amount{Minor: *p.UnitAmount, Currency: p.Currency}, time.Unix(payload.Created, 0))
	if fault.Has(err, fault.NotFound) || fault.Has(err, fault.Invalid) {
		return nil // not of this catalog, or priced by quantity
	}
	return err
}

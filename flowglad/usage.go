package flowglad

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// A usageWrite is a usage event as it is sent. One of the four names says the meter; priceId and usageMeterId may come
// together when they agree, as versions up to 0.11 send them.
type usageWrite struct {
	Amount         *quantity.Units `json:"amount"`
	SubscriptionID string          `json:"subscriptionId"`
	TransactionID  string          `json:"transactionId"`
	PriceID        string          `json:"priceId"`
	PriceSlug      string          `json:"priceSlug"`
	UsageMeterID   string          `json:"usageMeterId"`
	UsageMeterSlug string          `json:"usageMeterSlug"`
	UsageDate      *int64          `json:"usageDate"`
	Properties     json.RawMessage `json:"properties"`
}

// A usageEvent is a usage event as it is answered.
type usageEvent struct {
	ID              string          `json:"id"`
	Amount          quantity.Units  `json:"amount"`
	TransactionID   string          `json:"transactionId"`
	SubscriptionID  string          `json:"subscriptionId"`
	CustomerID      string          `json:"customerId"`
	UsageMeterID    string          `json:"usageMeterId"`
	PriceID         string          `json:"priceId"`
	PricingModelID  string          `json:"pricingModelId"`
	BillingPeriodID string          `json:"billingPeriodId"`
	UsageDate       int64           `json:"usageDate"`
	Properties      json.RawMessage `json:"properties"`
	Livemode        bool            `json:"livemode"`
	CreatedAt       int64           `json:"createdAt"`
	UpdatedAt       int64           `json:"updatedAt"`
}

type usageAnswer struct {
	UsageEvent usageEvent `json:"usageEvent"`
}

// A fact is a usage event that has been checked: what is recorded, for whom, at which price.
type fact struct {
	meter.Usage
	owner owner
	price price
}

// createUsageEvent is POST usage-events. Usage is recorded and never refused for want of balance; the same transactionId
// again on the same meter and subscription answers with what it first recorded.
func (s *Server) createUsageEvent(c *call) (any, error) {
	var in struct {
		UsageEvent *usageWrite `json:"usageEvent"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.UsageEvent == nil {
		return nil, invalid("usageEvent is missing.")
	}
	return s.recordOne(c, *in.UsageEvent)
}

func (s *Server) recordOne(c *call, w usageWrite) (any, error) {
	f, err := s.fact(c, w, s.ownerOf)
	if err != nil {
		return nil, err
	}
	receipt, err := s.engine.RecordFor(c.Context(), f.owner.customer, f.Usage)
	event, err := s.settled(c.Context(), f, receipt.Event, receipt.Duplicate, err)
	return usageAnswer{f.shown(event, c.live)}, err
}

// createUsageEvents is POST usage-events/bulk. All of them are checked before the first is recorded.
func (s *Server) createUsageEvents(c *call) (any, error) {
	var in struct {
		UsageEvents []usageWrite `json:"usageEvents"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if n := len(in.UsageEvents); n == 0 || n > tollgate.BatchMax {
		return nil, invalid("usageEvents has 1 to %d events.", tollgate.BatchMax)
	}
	facts, usage := make([]fact, len(in.UsageEvents)), make([]meter.Usage, len(in.UsageEvents))
	owners := map[string]owner{}
	for i, w := range in.UsageEvents {
		var err error
		if facts[i], err = s.fact(c, w, func(ctx context.Context, subscriptionID string) (owner, error) {
			if o, ok := owners[subscriptionID]; ok {
				return o, nil
			}
			o, err := s.lookUp(ctx, subscriptionID)
			owners[subscriptionID] = o
			return o, err
		}); err != nil {
			return nil, err
		}
		usage[i] = facts[i].Usage
	}
	done, err := s.engine.Batch(c.Context(), usage)
	if err != nil {
		return nil, err
	}
	out := struct {
		UsageEvents []usageEvent `json:"usageEvents"`
	}{make([]usageEvent, len(facts))}
	for i, o := range done {
		var event meter.Event
		duplicate := false
		if o.Receipt != nil {
			event, duplicate = o.Event, o.Duplicate
		}
		if event, err = s.settled(c.Context(), facts[i], event, duplicate, o.Err); err != nil {
			return nil, err
		}
		out.UsageEvents[i] = facts[i].shown(event, c.live)
	}
	return out, nil
}

// fact checks a usage event and finds whose it is, with find, and what it counts.
func (s *Server) fact(c *call, w usageWrite, find func(ctx context.Context, subscriptionID string) (owner, error)) (fact, error) {
	switch {
	case w.Amount == nil || *w.Amount <= 0 || w.Amount.Decimals() > 0:
		return fact{}, invalid("amount must be a positive integer.")
	case w.TransactionID == "":
		return fact{}, invalid("transactionId is missing: send the same one on every retry.")
	case w.SubscriptionID == "":
		return fact{}, invalid("subscriptionId is missing.")
	}
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return fact{}, err
	}
	priced, err := sh.priced(w)
	if err != nil {
		return fact{}, err
	}
	o, err := find(c.Context(), w.SubscriptionID)
	if err != nil {
		return fact{}, err
	}
	f := fact{owner: o, price: priced}
	f.Usage = meter.Usage{
		Customer: o.customer.ExternalID, Meter: priced.meter, Amount: w.Amount, TransactionID: id.Transaction(w.TransactionID),
		Properties: w.Properties, Record: true,
	}
	if w.UsageDate != nil {
		at := time.UnixMilli(*w.UsageDate).UTC()
		f.At = &at
	}
	return f, nil
}

// ownerOf returns a subscription, current or past, with its customer, as they were up to ownersBelieved ago.
func (s *Server) ownerOf(ctx context.Context, subscriptionID string) (owner, error) {
	return s.owners.get(ctx, subscriptionID, func(ctx context.Context) (owner, error) { return s.lookUp(ctx, subscriptionID) })
}

// lookUp returns a subscription, current or past, with its customer.
func (s *Server) lookUp(ctx context.Context, subscriptionID string) (owner, error) {
	sub, customer, err := s.engine.Subscription(ctx, subscriptionID)
	if fault.Has(err, fault.NotFound) || err == nil && customer.Metadata[archivedKey] != "" {
		return owner{}, missing("Subscription %s not found", subscriptionID)
	}
	return owner{sub, customer, customer.ID()}, err
}

// priced returns the usage price that a usage event names.
func (sh *shelf) priced(w usageWrite) (price, error) {
	if w.PriceID != "" && w.UsageMeterID != "" && w.PriceSlug == "" && w.UsageMeterSlug == "" {
		p, err := sh.priced(usageWrite{PriceID: w.PriceID})
		if err == nil && meterID(p.meter) != w.UsageMeterID {
			err = invalid("The price %s is not of the usage meter %s.", w.PriceID, w.UsageMeterID)
		}
		return p, err
	}
	var found price
	name, named := "", 0
	for _, by := range []struct {
		sent, prefix string
		in           map[id.Slug]price
	}{{w.PriceID, priceID(""), sh.prices}, {w.PriceSlug, "", sh.prices}, {w.UsageMeterID, meterID(""), sh.usage}, {w.UsageMeterSlug, "", sh.usage}} {
		if by.sent == "" {
			continue
		}
		name = by.sent
		named++
		if slug, ok := strings.CutPrefix(by.sent, by.prefix); ok {
			found = by.in[id.Slug(slug)]
		}
	}
	switch {
	case named != 1:
		return price{}, invalid("Name the meter by exactly one of priceId, priceSlug, usageMeterId and usageMeterSlug.")
	case found.ID == "":
		return price{}, missing("There is no usage meter or price %q in the catalog.", name)
	case found.Type != ofUsage:
		return price{}, invalid("%q is not a usage price.", name)
	case sh.usage[found.meter].slug == "":
		return price{}, invalid("%q is a credits pool: record usage on one of its meters.", string(found.meter))
	}
	return found, nil
}

// settled returns the event that answers a fact: the one that was recorded, or the one that its transactionId recorded before
// on the same meter and subscription. A transactionId counts once for each meter here, and once in all within Tollgate: on a
// second meter the event goes by a name of its own.
func (s *Server) settled(ctx context.Context, f fact, done meter.Event, duplicate bool, err error) (meter.Event, error) {
	if fault.Has(err, fault.Conflict) {
		first, findErr := s.engine.Event(ctx, f.Customer, f.TransactionID)
		switch {
		case fault.Has(findErr, fault.NotFound):
			return done, err // the conflict is another one
		case findErr != nil:
			return done, findErr
		case first.Meter == f.Meter:
			return first, s.belongs(ctx, f, first)
		}
		return s.onSecondMeter(ctx, f)
	}
	if err == nil && duplicate {
		err = s.belongs(ctx, f, done)
	}
	return done, err
}

// onSecondMeter records a fact whose transactionId another meter's event has.
func (s *Server) onSecondMeter(ctx context.Context, f fact) (meter.Event, error) {
	sent := f.TransactionID
	f.TransactionID = besides(sent, f.Meter)
	receipt, err := s.engine.RecordFor(ctx, f.owner.customer, f.Usage)
	event := receipt.Event
	if fault.Has(err, fault.Conflict) {
		if event, err = s.engine.Event(ctx, f.Customer, f.TransactionID); err == nil {
			err = s.belongs(ctx, f, event)
		}
	} else if err == nil && receipt.Duplicate {
		err = s.belongs(ctx, f, event)
	}
	return event, err
}

// besides returns the name of an event on a second meter of a transaction. The separator keeps it apart from the names that
// applications choose.
func besides(t id.Transaction, m id.Slug) id.Transaction {
	name := string(t) + "\x1f" + string(m)
	if len(name) > id.TransactionBytesMax {
		sum := sha256.Sum256([]byte(name))
		name = hex.EncodeToString(sum[:]) + "\x1f" + string(m)
	}
	return id.Transaction(name)
}

// belongs refuses an event that was recorded while the customer was on another subscription than the one that is named.
func (s *Server) belongs(ctx context.Context, f fact, first meter.Event) error {
	now, err := s.lookUp(ctx, f.owner.subscription.ID)
	if err != nil {
		return err
	}
	sub := now.subscription
	if first.RecordedAt.Before(sub.Since) || !sub.EndedAt.IsZero() && !first.RecordedAt.Before(sub.EndedAt) {
		return refuse(409, conflict, "The transactionId %q was used with another subscription.", string(f.TransactionID))
	}
	return nil
}

func (f fact) shown(e meter.Event, live bool) usageEvent {
	out := shownEvent(e, f.owner, f.price, live)
	out.TransactionID = string(f.TransactionID)
	return out
}

func shownEvent(e meter.Event, o owner, p price, live bool) usageEvent {
	properties := e.Properties
	if len(properties) == 0 {
		properties = json.RawMessage("{}")
	}
	return usageEvent{
		ID: eventID(o.customerID, e.TransactionID), Amount: e.Amount, TransactionID: string(e.TransactionID),
		SubscriptionID: o.subscription.ID, CustomerID: o.customerID, UsageMeterID: meterID(e.Meter), PriceID: p.ID,
		PricingModelID: modelID, BillingPeriodID: periodID(o.subscription.ID, o.subscription.Period.Start),
		UsageDate: ms(e.At), Properties: properties, Livemode: live, CreatedAt: ms(e.RecordedAt), UpdatedAt: ms(e.RecordedAt),
	}
}

// usageEvent is GET usage-events/{id}. The subscription it shows is the one the customer was on when it was recorded.
func (s *Server) usageEvent(c *call) (any, error) {
	unknown := missing("Usage event %s not found", c.args[0])
	customerID, t, ok := eventOf(c.args[0])
	if !ok {
		return nil, unknown
	}
	customer, err := s.engine.CustomerByID(c.Context(), customerID)
	if fault.Has(err, fault.NotFound) {
		return nil, unknown
	}
	if err != nil {
		return nil, err
	}
	event, err := s.engine.Event(c.Context(), customer.ExternalID, t)
	if fault.Has(err, fault.NotFound) || fault.Has(err, fault.Invalid) {
		return nil, unknown
	}
	if err != nil {
		return nil, err
	}
	st, err := s.engine.Standing(c.Context(), customer.ExternalID)
	if err != nil {
		return nil, err
	}
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	o := owner{st.Current(), customer, customerID}
	for _, sub := range st.Subscriptions { // newest first
		if !event.RecordedAt.Before(sub.Since) {
			o.subscription = sub
			break
		}
	}
	shown := shownEvent(event, o, sh.usage[event.Meter], c.live)
	shown.TransactionID, _, _ = cutMeter(shown.TransactionID)
	return usageAnswer{shown}, nil
}

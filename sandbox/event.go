package sandbox

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
)

// Stripe keeps events for 30 days (API reference, "Events"). The sandbox keeps this many of them however old they are.
const (
	eventDays    = 30
	eventsAlways = 20_000
)

// An event says what happened to an object, as the object was then.
type event struct {
	ID              string        `json:"id"`
	Object          string        `json:"object"`
	APIVersion      string        `json:"api_version"`
	Created         int64         `json:"created"`
	Data            eventData     `json:"data"`
	Livemode        bool          `json:"livemode"`
	PendingWebhooks int           `json:"pending_webhooks"`
	Request         *eventRequest `json:"request"`
	Type            string        `json:"type"`

	Own *eventOwn `json:"own,omitempty"`
}

type eventData struct {
	Object             json.RawMessage `json:"object"`
	PreviousAttributes json.RawMessage `json:"previous_attributes,omitempty"`
}

type eventRequest struct {
	ID             text `json:"id"`
	IdempotencyKey text `json:"idempotency_key"`
}

// eventOwn is what the sandbox knows of an event.
type eventOwn struct {
	Deliveries []*delivery `json:"deliveries,omitempty"`
}

func (e *event) ident() string { return e.ID }
func (*event) kind() string    { return "event" }
func (*event) owner() string   { return "" }
func (e *event) made() int64   { return e.Created }
func (e *event) shown(*tx) any {
	shown := *e
	shown.Own = nil
	return &shown
}

// fire makes an event of an object as it is now.
func (tx *tx) fire(kind string, o object) { tx.fireWith(kind, o, nil) }

// updated makes an event of an object that changed, with what its changed fields were before. When nothing that an
// answer shows has changed, there is none.
func (tx *tx) updated(kind string, o object) {
	r := tx.table(o.kind()).rows[o.ident()]
	before := tx.told[r]
	if before == nil {
		before = tx.before[r]
	}
	if before == nil { // made in this transaction, and not told of
		tx.fireWith(kind, o, nil)
		return
	}
	was, _ := decodeJSON(before)
	is, _ := decodeJSON(encode(o))
	strip(was)
	strip(is)
	previous := difference(was.(map[string]any), is.(map[string]any))
	if len(previous) == 0 {
		return
	}
	tx.fireWith(kind, o, encode(previous))
}

func (tx *tx) fireWith(kind string, o object, previous json.RawMessage) {
	e := &event{
		ID: tx.newID("evt_"), Object: "event", APIVersion: APIVersion, Created: tx.nowOn(tx.clockOf(customerOf(o))), Type: kind,
		Data: eventData{Object: encode(o.shown(tx)), PreviousAttributes: previous}, Own: &eventOwn{},
	}
	if tx.request.id != "" {
		e.Request = &eventRequest{ID: text(tx.request.id), IdempotencyKey: text(tx.request.key)}
	}
	if c, ok := o.(*testClock); ok {
		e.Created = c.FrozenTime
	}
	if r := tx.table(o.kind()).rows[o.ident()]; r != nil {
		tx.told[r] = encode(o)
	}
	tx.address(e)
	tx.add(e)
	tx.fired = append(tx.fired, e)
}

// customerOf returns the id of the customer in whose time an object lives.
func customerOf(o object) string {
	if c, ok := o.(*customer); ok {
		return c.ID
	}
	return o.owner()
}

// strip removes what answers never show from a decoded object.
func strip(v any) {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "own")
		for _, inner := range v {
			strip(inner)
		}
	case []any:
		for _, inner := range v {
			strip(inner)
		}
	}
}

// difference returns the old values of the keys whose value changed: hashes by their keys, lists as a whole (API
// reference, "The Event object", previous_attributes).
func difference(was, is map[string]any) map[string]any {
	previous := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(is)) {
		if reflect.DeepEqual(was[key], is[key]) {
			continue
		}
		old, oldHash := was[key].(map[string]any)
		now, nowHash := is[key].(map[string]any)
		if oldHash && nowHash && old["object"] != "list" {
			if inner := difference(old, now); len(inner) > 0 {
				previous[key] = inner
			}
			continue
		}
		previous[key] = was[key]
	}
	for key, old := range was {
		if _, ok := is[key]; !ok {
			previous[key] = old
		}
	}
	return previous
}

// Events returns the JSON of every event that is kept, oldest first.
func (s *Server) Events() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := s.state.table("event").order
	all := make([][]byte, len(rows))
	for i, r := range rows {
		all[i] = encode(r.object.shown(nil))
	}
	return all
}

// forgetEvents drops events that are older than Stripe keeps them, when there are more than are always kept. The caller
// holds the lock.
func (s *Server) forgetEvents() error {
	t := s.state.table("event")
	n, oldest := 0, s.clock.now()-eventDays*int64(day.Seconds())
	for len(t.order)-n > eventsAlways && t.order[n].made() < oldest && t.order[n].object.(*event).PendingWebhooks == 0 {
		n++
	}
	if n == 0 {
		return nil
	}
	for _, r := range t.order[:n] {
		delete(t.rows, r.ident())
	}
	last := t.order[n-1].order
	t.order = slices.Clone(t.order[n:])
	if s.file != nil {
		return s.file.forget("event", last)
	}
	return nil
}

type eventList struct {
	listing
	Type            *string  `form:"type"`
	Types           []string `form:"types"`
	Created         span     `form:"created"`
	DeliverySuccess *bool    `form:"delivery_success"`
}

func listEvents(tx *tx, p *eventList) (any, error) {
	if p.Type != nil && len(p.Types) > 0 {
		return nil, invalid("types", "You may only specify one of these parameters: type, types.")
	}
	return pageOf(tx, p.listing, "/v1/events", every[*event](tx), func(e *event) bool {
		return (p.Type == nil || matches(*p.Type, e.Type)) && (len(p.Types) == 0 || slices.Contains(p.Types, e.Type)) &&
			p.Created.has(e.Created) && (p.DeliverySuccess == nil || *p.DeliverySuccess == (e.PendingWebhooks == 0))
	})
}

type byID struct {
	ID string `path:"id"`
}

func getEvent(tx *tx, p *byID) (any, error) { return needPath[*event](tx, p.ID, "id") }

package sandbox

import (
	"math/big"
	"slices"
	"strings"
)

// A meter adds up what customers use.
type meter struct {
	header
	CustomerMapping    customerMapping  `json:"customer_mapping"`
	DefaultAggregation aggregation      `json:"default_aggregation"`
	DisplayName        string           `json:"display_name"`
	EventName          string           `json:"event_name"`
	EventTimeWindow    text             `json:"event_time_window"`
	Status             string           `json:"status"`
	StatusTransitions  meterTransitions `json:"status_transitions"`
	Updated            int64            `json:"updated"`
	ValueSettings      valueSettings    `json:"value_settings"`
}

type customerMapping struct {
	EventPayloadKey string `json:"event_payload_key" form:"event_payload_key,required"`
	Type            string `json:"type" form:"type,required" enum:"by_id"`
}

type aggregation struct {
	Formula string `json:"formula" form:"formula,required" enum:"sum|count|last"`
}

type meterTransitions struct {
	DeactivatedAt stamp `json:"deactivated_at"`
}

type valueSettings struct {
	EventPayloadKey string `json:"event_payload_key" form:"event_payload_key,required"`
}

func (*meter) kind() string    { return "billing.meter" }
func (m *meter) shown(*tx) any { return m }

type meterNew struct {
	CustomerMapping    *customerMapping `form:"customer_mapping"`
	DefaultAggregation *aggregation     `form:"default_aggregation"`
	DisplayName        string           `form:"display_name,required"`
	EventName          string           `form:"event_name,required"`
	EventTimeWindow    *string          `form:"event_time_window" enum:"day|hour"`
	ValueSettings      *valueSettings   `form:"value_settings"`
}

func createMeter(tx *tx, g *meterNew) (any, error) {
	if g.DefaultAggregation == nil {
		return nil, required("default_aggregation")
	}
	for _, other := range every[*meter](tx) {
		if other.EventName == g.EventName && other.Status == "active" {
			return nil, invalid("event_name", "There is already an active meter with the event name %s.", g.EventName).withCode("resource_already_exists")
		}
	}
	m := &meter{header: tx.header("mtr_test_", "billing.meter", ""), CustomerMapping: customerMapping{"stripe_customer_id", "by_id"},
		DefaultAggregation: *g.DefaultAggregation, DisplayName: g.DisplayName, EventName: g.EventName, Status: "active", ValueSettings: valueSettings{"value"}}
	m.Updated = m.Created
	if g.CustomerMapping != nil {
		m.CustomerMapping = *g.CustomerMapping
	}
	if g.ValueSettings != nil {
		m.ValueSettings = *g.ValueSettings
	}
	setText(&m.EventTimeWindow, g.EventTimeWindow)
	tx.add(m)
	tx.fire("billing.meter.created", m)
	return m, nil
}

type meterChange struct {
	ID          string  `path:"id"`
	DisplayName *string `form:"display_name"`
}

func updateMeter(tx *tx, g *meterChange) (any, error) {
	return tx.changeMeter(g.ID, "billing.meter.updated", func(m *meter) error {
		if g.DisplayName != nil {
			m.DisplayName = *g.DisplayName
		}
		return nil
	})
}

func deactivateMeter(tx *tx, p *byID) (any, error) {
	return tx.changeMeter(p.ID, "billing.meter.deactivated", func(m *meter) error {
		if m.Status != "active" {
			return invalid("", "The meter is inactive already.")
		}
		m.Status, m.StatusTransitions.DeactivatedAt = "inactive", stamp(tx.now(""))
		return nil
	})
}

func reactivateMeter(tx *tx, p *byID) (any, error) {
	return tx.changeMeter(p.ID, "billing.meter.reactivated", func(m *meter) error {
		if m.Status != "inactive" {
			return invalid("", "The meter is active already.")
		}
		m.Status, m.StatusTransitions.DeactivatedAt = "active", 0
		return nil
	})
}

func (tx *tx) changeMeter(id, event string, change func(*meter) error) (any, error) {
	m, err := needPath[*meter](tx, id, "id")
	if err != nil {
		return nil, err
	}
	tx.edit(m)
	if err := change(m); err != nil {
		return nil, err
	}
	m.Updated = tx.now("")
	tx.updated(event, m)
	return m, nil
}

func getMeter(tx *tx, p *byID) (any, error) { return needPath[*meter](tx, p.ID, "id") }

type meterList struct {
	listing
	Status *string `form:"status" enum:"active|inactive"`
}

func listMeters(tx *tx, g *meterList) (any, error) {
	return pageOf(tx, g.listing, "/v1/billing/meters", every[*meter](tx), func(m *meter) bool { return g.Status == nil || *g.Status == m.Status })
}

// A meterEvent is one use.
type meterEvent struct {
	Object     string            `json:"object"`
	Created    int64             `json:"created"`
	EventName  string            `json:"event_name"`
	Identifier string            `json:"identifier"`
	Livemode   bool              `json:"livemode"`
	Payload    map[string]string `json:"payload"`
	Timestamp  int64             `json:"timestamp"`

	Own *meterEventOwn `json:"own,omitempty"`
}

type meterEventOwn struct {
	Meter    string `json:"meter"`
	Customer string `json:"customer"` // empty when the payload names none that exists
	Value    text   `json:"value"`
	Canceled bool   `json:"canceled,omitempty"`
}

func (e *meterEvent) ident() string { return e.Own.Meter + "/" + e.Identifier }
func (*meterEvent) kind() string    { return "billing.meter_event" }
func (e *meterEvent) owner() string { return e.Own.Customer }
func (e *meterEvent) made() int64   { return e.Created }
func (e *meterEvent) shown(*tx) any {
	shown := *e
	shown.Own = nil
	return &shown
}

// The window in which a use may lie (API reference, "Meter Events"), and for how long an identifier is unique.
const (
	meterPastMax    = 35 * 24 * 60 * 60
	meterAheadMax   = 5 * 60
	identifierMax   = 100
	identifierTaken = 24 * 60 * 60
)

type meterEventNew struct {
	EventName  string   `form:"event_name,required"`
	Identifier *string  `form:"identifier"`
	Payload    *changes `form:"payload"`
	Timestamp  *int64   `form:"timestamp"`
}

func createMeterEvent(tx *tx, g *meterEventNew) (any, error) {
	if g.Payload == nil || len(g.Payload.Set) == 0 {
		return nil, required("payload")
	}
	i := slices.IndexFunc(every[*meter](tx), func(m *meter) bool { return m.EventName == g.EventName })
	if i < 0 {
		return nil, invalid("event_name", "No active meter found for the event name %s.", g.EventName)
	}
	m := every[*meter](tx)[i]
	if m.Status != "active" {
		return nil, invalid("event_name", "The meter of the event name %s is archived.", g.EventName).withCode("archived_meter")
	}
	who := g.Payload.Set[m.CustomerMapping.EventPayloadKey]
	if who == "" {
		return nil, invalid("payload", "The payload has no key %s, which the meter maps to the customer.", m.CustomerMapping.EventPayloadKey)
	}
	value := text(g.Payload.Set[m.ValueSettings.EventPayloadKey])
	if m.DefaultAggregation.Formula == "count" && value == "" {
		value = "1"
	}
	if n, ok := new(big.Rat).SetString(string(value)); !ok || strings.ContainsAny(string(value), "eE/_xX") || !n.IsInt() && m.DefaultAggregation.Formula == "count" {
		return nil, invalid("payload", "The payload's %s is not a number: %q.", m.ValueSettings.EventPayloadKey, value)
	}
	now := tx.now(who)
	e := &meterEvent{Object: "billing.meter_event", Created: now, EventName: g.EventName, Payload: g.Payload.Set, Timestamp: now,
		Own: &meterEventOwn{Meter: m.ID, Value: value}}
	if g.Timestamp != nil {
		e.Timestamp = *g.Timestamp
	}
	switch {
	case e.Timestamp < now-meterPastMax:
		return nil, invalid("timestamp", "The timestamp is too far in the past: it must be within the last 35 calendar days.").withCode("timestamp_too_far_in_past")
	case e.Timestamp > now+meterAheadMax:
		return nil, invalid("timestamp", "The timestamp is in the future: it must be at most 5 minutes ahead, in seconds.").withCode("timestamp_in_future")
	}
	if g.Identifier == nil {
		e.Identifier = tx.newID("mevt_")
	} else if e.Identifier = *g.Identifier; e.Identifier == "" || len(e.Identifier) > identifierMax {
		return nil, invalid("identifier", "An identifier has between 1 and %d characters.", identifierMax)
	}
	if old, taken := find[*meterEvent](tx, e.ident()); taken {
		if now-old.Created < identifierTaken {
			return nil, invalid("identifier", "An event already exists with identifier %s.", e.Identifier)
		}
		e.Identifier += tx.newID("~") // the old one stays counted
	}
	if c, ok := find[*customer](tx, who); ok && !c.Own.Deleted {
		e.Own.Customer = c.ID
	}
	tx.add(e)
	shown := *e
	shown.Own = nil
	if g.Identifier != nil {
		shown.Identifier = *g.Identifier
	}
	return &shown, nil
}

// meterAdjustment is the answer to a cancelled use.
type meterAdjustment struct {
	Object    string       `json:"object"`
	Cancel    adjustCancel `json:"cancel"`
	EventName string       `json:"event_name"`
	Livemode  bool         `json:"livemode"`
	Status    string       `json:"status"`
	Type      string       `json:"type"`
}

type adjustCancel struct {
	Identifier string `json:"identifier" form:"identifier"`
}

type adjustmentNew struct {
	EventName string       `form:"event_name,required"`
	Type      string       `form:"type,required" enum:"cancel"`
	Cancel    adjustCancel `form:"cancel"`
}

// createAdjustment cancels a use of the last 24 hours.
func createAdjustment(tx *tx, g *adjustmentNew) (any, error) {
	for _, e := range every[*meterEvent](tx) {
		if e.EventName != g.EventName || e.Identifier != g.Cancel.Identifier {
			continue
		}
		if tx.now(e.Own.Customer)-e.Created > identifierTaken {
			return nil, invalid("cancel[identifier]", "Only events of the last 24 hours can be cancelled.")
		}
		if e.Own.Canceled {
			return nil, invalid("cancel[identifier]", "The event with identifier %s is cancelled already.", e.Identifier)
		}
		tx.edit(e)
		e.Own.Canceled = true
		return meterAdjustment{Object: "billing.meter_event_adjustment", Cancel: g.Cancel, EventName: g.EventName, Status: "pending", Type: g.Type}, nil
	}
	return nil, invalid("cancel[identifier]", "No event found with identifier %s.", g.Cancel.Identifier).withCode(codeMissing)
}

// used returns what a customer used of a meter at times in [from, to): the sum, the count, or the last value. A sum
// below 0 is 0 (API reference, "Meters").
func (tx *tx) used(m *meter, customer string, from, to int64) *big.Rat {
	total, last := new(big.Rat), int64(-1)
	for _, e := range owned[*meterEvent](tx, customer) {
		if e.Own.Meter != m.ID || e.Own.Canceled || e.Timestamp < from || e.Timestamp >= to {
			continue
		}
		switch m.DefaultAggregation.Formula {
		case "count":
			total.Add(total, whole(1))
		case "last":
			if e.Timestamp >= last {
				total, last = rational(e.Own.Value), e.Timestamp
			}
		default:
			total.Add(total, rational(e.Own.Value))
		}
	}
	if total.Sign() < 0 {
		return new(big.Rat)
	}
	return total
}

type meterSummary struct {
	ID              string  `json:"id"`
	Object          string  `json:"object"`
	AggregatedValue percent `json:"aggregated_value"`
	EndTime         int64   `json:"end_time"`
	Livemode        bool    `json:"livemode"`
	Meter           string  `json:"meter"`
	StartTime       int64   `json:"start_time"`
}

type summaryList struct {
	ID string `path:"id"`
	listing
	Customer  string  `form:"customer,required"`
	StartTime int64   `form:"start_time,required"`
	EndTime   int64   `form:"end_time,required"`
	Grouping  *string `form:"value_grouping_window" enum:"day|hour"`
}

func listSummaries(tx *tx, g *summaryList) (any, error) {
	m, err := needPath[*meter](tx, g.ID, "id")
	if err != nil {
		return nil, err
	}
	step, word := int64(60), "minute"
	if g.Grouping != nil {
		step, word = map[string]int64{"hour": 3600, "day": 86400}[*g.Grouping], *g.Grouping
	}
	for param, at := range map[string]int64{"start_time": g.StartTime, "end_time": g.EndTime} {
		if at%step != 0 {
			return nil, invalid(param, "The time must be aligned with the start of a %s in UTC.", word)
		}
	}
	if g.EndTime <= g.StartTime {
		return nil, invalid("end_time", "The end must be after the start.")
	}
	if g.Grouping == nil {
		step = g.EndTime - g.StartTime
	}
	data := []meterSummary{}
	for at := g.EndTime - step; at >= g.StartTime; at -= step {
		value := tx.used(m, g.Customer, at, at+step)
		if g.Grouping != nil && value.Sign() == 0 {
			continue
		}
		data = append(data, meterSummary{ID: urlf("mtrusg_test_%s_%d", m.ID, at), Object: "billing.meter_event_summary", AggregatedValue: percent(decimal(value)),
			EndTime: at + step, Meter: m.ID, StartTime: at})
	}
	limit := limitDefault
	if g.Limit != nil {
		limit = int(*g.Limit)
	}
	if g.StartingAfter != nil {
		i := slices.IndexFunc(data, func(s meterSummary) bool { return s.ID == *g.StartingAfter })
		data = data[i+1:]
	}
	list := listed(urlf("/v1/billing/meters/%s/event_summaries", m.ID), data)
	if len(data) > limit {
		list.Data, list.HasMore = data[:limit], true
	}
	return list, nil
}

// decimal writes a number without an exponent.
func decimal(value *big.Rat) string {
	if value.IsInt() {
		return value.Num().String()
	}
	const places = 12
	return strings.TrimRight(strings.TrimRight(value.FloatString(places), "0"), ".")
}

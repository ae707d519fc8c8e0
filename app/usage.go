package app

import (
	"crypto/rand"
	"encoding/json"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// check is POST /check: may the customer use an amount of a meter, or a feature. As /v1/check it answers 200 with
// allowed false for an amount that is not covered, and 403 for a feature that the plan does not include.
func (s *server) check(v *visit) (any, error) {
	r := tollgate.CheckRequest{Customer: v.customer}
	if err := v.decode(fields{"meter": &r.Meter, "amount": &r.Amount, "feature": &r.Feature}); err != nil {
		return nil, err
	}
	if r.Feature != "" && r.Meter == "" {
		if _, err := s.engine.CheckFeature(v.r.Context(), r.Customer, r.Feature); err != nil {
			return nil, err
		}
	}
	return s.engine.Check(v.r.Context(), r)
}

// usage is GET /usage: the statistics of one meter. Properties of events stay with the server that sent them.
func (s *server) usage(v *visit) (any, error) {
	var slug, span, from, to, groupBy, timezone, weekStart, fill string
	err := v.query(map[string]*string{
		"meter": &slug, "period": &span, "from": &from, "to": &to, "groupBy": &groupBy, "timezone": &timezone, "weekStart": &weekStart, "fill": &fill,
	})
	if err != nil {
		return nil, err
	}
	if fill != "" && fill != "true" && fill != "false" {
		return nil, fault.Field("fill", fill, nil, "fill is true or false.")
	}
	r := tollgate.UsageRequest{Customer: v.customer, Meter: id.Slug(slug), UsageSpan: tollgate.UsageSpan{
		Period: usage.Period(span), GroupBy: usage.Grouping(groupBy), Timezone: timezone, WeekStart: weekStart, Fill: fill == "true",
	}}
	if r.From, err = usage.ParseMoment("from", from); err != nil {
		return nil, err
	}
	if r.To, err = usage.ParseMoment("to", to); err != nil {
		return nil, err
	}
	return s.engine.Usage(v.r.Context(), r)
}

// recordUsage is POST /usage-events, for servers: it checks and records one usage as Engine.Consume does. A server's
// secret key names the customer in the body. Without a transactionId in the body or the header Idempotency-Key one is
// made, and a retry then counts again.
func (s *server) recordUsage(v *visit) (any, error) {
	u := meter.Usage{Customer: v.customer}
	var slug id.Slug
	var amount *quantity.Units
	var properties json.RawMessage
	var named *id.Customer
	into := fields{"usageMeterSlug": &slug, "meter": &u.Meter, "amount": &amount, "transactionId": &u.TransactionID, "properties": &properties, "record": &u.Record}
	if v.server {
		into["customer"] = &named
	}
	if err := v.decode(into); err != nil {
		return nil, err
	}
	switch {
	case v.server && named == nil:
		return nil, fault.Field("customer", nil, nil, "customer is missing: a secret key speaks for every customer, so send the externalId of the one who used it.")
	case v.server:
		u.Customer = *named
	}
	if slug != "" && u.Meter != "" {
		return nil, fault.Field("usageMeterSlug", string(slug), nil, "Send either usageMeterSlug or meter.")
	}
	if slug != "" {
		u.Meter = slug
	}
	if u.TransactionID == "" {
		u.TransactionID = id.Transaction(v.r.Header.Get("Idempotency-Key"))
	}
	if u.TransactionID == "" {
		u.TransactionID = id.Transaction("once_" + rand.Text())
	}
	u.Amount, u.Properties = amount, properties
	return s.engine.Consume(v.r.Context(), u)
}

package api

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/usage"
)

// A SpanQuery is the part of a query that says which usage to look at.
type SpanQuery struct {
	Period    usage.Period   `query:"period" doc:"current_month (when neither period nor from is sent), last_30_days, last_28_days, current_week, current_period, today, last_7_days or since_reset. Periods begin and end on quarters of an hour." example:"last_30_days"`
	From      string         `query:"from" doc:"With to, instead of a period: an instant such as 2026-01-31T15:04:05Z, or a date, which begins at midnight in the time zone. It counts." example:"2026-01-01"`
	To        string         `query:"to" doc:"Where the span ends, which does not count; now when not sent." example:"2026-02-01"`
	GroupBy   usage.Grouping `query:"groupBy" doc:"How to cut the span: hour, day (when not sent), week, month or none." example:"day"`
	Timezone  string         `query:"timezone" doc:"An IANA name; when not sent the customer's, else the catalog's." example:"Europe/Paris"`
	WeekStart string         `query:"weekStart" doc:"monday (when not sent) or sunday." example:"monday"`
	Fill      bool           `query:"fill" doc:"true shows parts of the span without usage too, so that a chart has no holes." example:"true"`
}

func (q *SpanQuery) span() (tollgate.UsageSpan, error) {
	s := tollgate.UsageSpan{Period: q.Period, GroupBy: q.GroupBy, Timezone: q.Timezone, WeekStart: q.WeekStart, Fill: q.Fill}
	var err error
	if s.From, err = usage.ParseMoment("from", q.From); err != nil {
		return s, err
	}
	s.To, err = usage.ParseMoment("to", q.To)
	return s, err
}

type usageRead struct {
	CustomerPath
	SpanQuery
	Meter    id.Slug  `query:"meter" required:"true" doc:"The slug of a meter. It must be sent." example:"tokens"`
	Property string   `query:"property" doc:"Tell the values of this property of the events apart, too." example:"model"`
	Filter   []string `query:"filter,explode" doc:"name:value, up to ten times: count only events whose property has the value." example:"[\"model:gpt-4\"]"`
}

func (s *Server) usage(ctx context.Context, in *usageRead) (*usageReport, error) {
	r := tollgate.UsageRequest{Customer: in.ExternalID, Meter: in.Meter, Property: in.Property, Filters: map[string]string{}}
	for _, f := range in.Filter {
		name, value, ok := strings.Cut(f, ":")
		if _, twice := r.Filters[name]; !ok || name == "" || twice {
			return nil, fault.Field("filter", f, nil, "filter is name:value, and names a property once.")
		}
		r.Filters[name] = value
	}
	var err error
	if r.UsageSpan, err = in.span(); err != nil {
		return nil, err
	}
	out, err := s.engine.Usage(ctx, r)
	return (*usageReport)(&out), err
}

// A UsageBatch asks for the statistics of many meters of many customers.
type UsageBatch struct {
	Customers []id.Customer  `json:"customers"` // up to 100
	Meters    []id.Slug      `json:"meters"`    // up to 20
	Period    usage.Period   `json:"period,omitempty"`
	From      string         `json:"from,omitempty"`
	To        string         `json:"to,omitempty"`
	GroupBy   usage.Grouping `json:"groupBy,omitempty"`
	Timezone  string         `json:"timezone,omitempty"`
	WeekStart string         `json:"weekStart,omitempty"`
	Fill      bool           `json:"fill,omitempty"`
}

// UsageByCustomer describes the answer of a batch: statistics by customer, then by meter.
type UsageByCustomer struct {
	Data map[id.Customer]map[id.Slug]UsageInBrief `json:"data"`
}

// UsageInBrief describes usage.Stats whose parts show their dates and totals alone.
type UsageInBrief struct {
	Total    quantity.Units `json:"total"`
	Average  quantity.Units `json:"average"`
	Max      quantity.Units `json:"max"`
	Min      quantity.Units `json:"min"`
	Events   int64          `json:"events"`
	ByPeriod []DatedTotal   `json:"byPeriod"`
}

// A DatedTotal describes a part of the span of UsageInBrief.
type DatedTotal struct {
	Date  string         `json:"date"`
	Total quantity.Units `json:"total"`
}

func (s *Server) usageBatch(ctx context.Context, in *rawBody) (*usageByCustomer, error) {
	var b UsageBatch
	err := decode(in.RawBody, fields{
		"customers": &b.Customers, "meters": &b.Meters, "period": &b.Period, "from": &b.From, "to": &b.To, "groupBy": &b.GroupBy,
		"timezone": &b.Timezone, "weekStart": &b.WeekStart, "fill": &b.Fill,
	})
	if err != nil {
		return nil, err
	}
	q := SpanQuery{b.Period, b.From, b.To, b.GroupBy, b.Timezone, b.WeekStart, b.Fill}
	span, err := q.span()
	if err != nil {
		return nil, err
	}
	out := &usageByCustomer{customers: len(b.Customers)}
	if err := s.engine.EachUsage(ctx, b.Customers, b.Meters, span, out.add); err != nil {
		return nil, err
	}
	return out, nil
}

type topRead struct {
	SpanQuery
	By    string  `query:"by" doc:"customer (when not sent): rank the customers of a meter by its total. meter: rank the meters by their events." example:"customer"`
	Meter id.Slug `query:"meter" doc:"The slug of a meter. It must be sent to rank customers." example:"tokens"`
	Limit int     `query:"limit" minimum:"1" maximum:"100" doc:"How many rows to show at most: a whole number from 1 to 100, 10 when not sent." example:"10"`
}

func (s *Server) usageTop(ctx context.Context, in *topRead) (tollgate.Top, error) {
	switch {
	case in.By != "" && in.By != "customer" && in.By != "meter":
		return tollgate.Top{}, fault.Field("by", in.By, []string{"customer", "meter"}, "by is customer or meter.")
	case in.By != "meter" && in.Meter == "":
		return tollgate.Top{}, fault.Field("meter", "", nil, "meter is missing: send the slug of the meter whose customers are to be ranked, or by=meter.")
	case in.By == "meter" && in.Meter != "":
		return tollgate.Top{}, fault.Field("meter", string(in.Meter), nil, "by=meter ranks all meters: leave meter out.")
	case in.GroupBy != "" && in.GroupBy != usage.ByNone:
		return tollgate.Top{}, fault.Field("groupBy", string(in.GroupBy), nil, "A ranking is of the whole span: leave groupBy out.")
	}
	span, err := in.span()
	if err != nil {
		return tollgate.Top{}, err
	}
	return s.engine.UsageTop(ctx, tollgate.TopRequest{UsageSpan: span, Meter: in.Meter, Limit: in.Limit})
}

func usageStatisticsOperations() map[string]operation {
	missing := []fault.Code{fault.NotFound, fault.Invalid}
	return map[string]operation{
		"GET /v1/customers/{externalId}/usage": {
			name: "getUsage", tag: statisticsTag, summary: "Statistics of a meter",
			about: "What a meter's usage came to over a span, as a whole and cut by the hour, day, week or month of any time zone, net of voids and refunds, by the time it happened. " +
				"average, max and min are those of byPeriod. current, limit, remaining and isUnlimited are the balance that pays, as it is now. With a property, groups has the same for each of its values.",
			answer: reflect.TypeFor[tollgate.UsageReport](), refuses: missing,
		},
		"POST /v1/usage/batch": {
			name: "getUsageBatch", tag: statisticsTag, summary: "Statistics of many customers",
			about: fmt.Sprintf("The statistics of up to %d meters of up to %d customers, by customer and meter. Without a timezone they are counted in the catalog's.", tollgate.UsageMetersMax, tollgate.UsageCustomersMax),
			body:  reflect.TypeFor[UsageBatch](), example: `{"customers": ["user_42", "user_43"], "meters": ["tokens"], "period": "last_7_days", "groupBy": "day"}`,
			answer: reflect.TypeFor[UsageByCustomer](), refuses: missing,
		},
		"GET /v1/usage/top": {
			name: "getUsageTop", tag: statisticsTag, summary: "Who and what is used most",
			about:  "The customers of a meter by its total, or all meters by their events. Spans are widened to whole quarters of an hour.",
			answer: reflect.TypeFor[tollgate.Top](), refuses: missing,
		},
	}
}

package client

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/usage"
)

// Usage is tollgate.Engine.Usage.
func (c *Client) Usage(ctx context.Context, r tollgate.UsageRequest) (tollgate.UsageReport, error) {
	query := span(r.UsageSpan)
	query.Set("meter", string(r.Meter))
	if r.Property != "" {
		query.Set("property", r.Property)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Filters)) {
		query.Add("filter", name+":"+r.Filters[name])
	}
	return call[tollgate.UsageReport](ctx, c, http.MethodGet, customerPath(r.Customer, "usage"), query, nil)
}

// UsageOfMany is tollgate.Engine.UsageOfMany. Of its buckets the server tells date and total.
func (c *Client) UsageOfMany(ctx context.Context, customers []id.Customer, meters []id.Slug, s tollgate.UsageSpan) (map[id.Customer]map[id.Slug]usage.Stats, error) {
	type batch struct {
		Customers []id.Customer `json:"customers"`
		Meters    []id.Slug     `json:"meters"`
		tollgate.UsageSpan
		From string `json:"from,omitempty"`
		To   string `json:"to,omitempty"`
	}
	q := span(s)
	out, err := call[struct {
		Data map[id.Customer]map[id.Slug]usage.Stats
	}](ctx, c, http.MethodPost, "/v1/usage/batch", nil, batch{customers, meters, s, q.Get("from"), q.Get("to")})
	return out.Data, err
}

// UsageTop is tollgate.Engine.UsageTop.
func (c *Client) UsageTop(ctx context.Context, r tollgate.TopRequest) (tollgate.Top, error) {
	query := span(r.UsageSpan)
	query.Set("by", "meter")
	if r.Meter != "" {
		query.Set("by", "customer")
		query.Set("meter", string(r.Meter))
	}
	if r.Limit != 0 {
		query.Set("limit", strconv.Itoa(r.Limit))
	}
	return call[tollgate.Top](ctx, c, http.MethodGet, "/v1/usage/top", query, nil)
}

// span returns the query that names a span.
func span(s tollgate.UsageSpan) url.Values {
	query := url.Values{}
	for name, value := range map[string]string{"period": string(s.Period), "groupBy": string(s.GroupBy), "timezone": s.Timezone, "weekStart": s.WeekStart} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if s.From != nil {
		query.Set("from", s.From.String())
	}
	if s.To != nil {
		query.Set("to", s.To.String())
	}
	if s.Fill {
		query.Set("fill", "true")
	}
	return query
}

package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/plan"
)

// AdjustUsage is tollgate.Engine.AdjustUsage; history (AdjustmentRequest.Past) cannot be sent.
func (c *Client) AdjustUsage(ctx context.Context, r tollgate.AdjustmentRequest) (tollgate.Adjusted, error) {
	return call[tollgate.Adjusted](ctx, c, http.MethodPost, customerPath(r.Customer, "adjustments"), nil, r)
}

// ResetUsage is tollgate.Engine.ResetUsage. Without an ID it is one reset, however often the call is sent.
func (c *Client) ResetUsage(ctx context.Context, r tollgate.ResetRequest) (tollgate.Reset, error) {
	r.ID = fresh(r.ID)
	return call[tollgate.Reset](ctx, c, http.MethodPost, customerPath(r.Customer, "resets"), nil, r)
}

// AddLimitAdjustment is tollgate.Engine.AddLimitAdjustment. Without an ID it is one adjustment, however often the call is
// sent.
func (c *Client) AddLimitAdjustment(ctx context.Context, r tollgate.LimitAdjustmentRequest) (tollgate.LimitAdjusted, error) {
	r.ID = fresh(r.ID)
	return call[tollgate.LimitAdjusted](ctx, c, http.MethodPost, customerPath(r.Customer, "limit-adjustments"), nil, r)
}

// LimitAdjustments is tollgate.Engine.LimitAdjustments.
func (c *Client) LimitAdjustments(ctx context.Context, customer id.Customer) ([]tollgate.LimitAdjusted, error) {
	out, err := call[struct{ Data []tollgate.LimitAdjusted }](ctx, c, http.MethodGet, customerPath(customer, "limit-adjustments"), nil, nil)
	return out.Data, err
}

// RemoveLimitAdjustment is tollgate.Engine.RemoveLimitAdjustment.
func (c *Client) RemoveLimitAdjustment(ctx context.Context, adjustmentID string) (tollgate.LimitAdjusted, error) {
	return call[tollgate.LimitAdjusted](ctx, c, http.MethodDelete, path("v1", "limit-adjustments", adjustmentID), nil, nil)
}

// LimitOf is tollgate.Engine.LimitOf.
func (c *Client) LimitOf(ctx context.Context, customer id.Customer, slug id.Slug) (tollgate.CustomerLimit, error) {
	return call[tollgate.CustomerLimit](ctx, c, http.MethodGet, customerPath(customer, "limits", string(slug)), nil, nil)
}

// LimitOfPlan is tollgate.Engine.LimitOfPlan.
func (c *Client) LimitOfPlan(ctx context.Context, planSlug, slug id.Slug) (tollgate.PlanLimit, error) {
	return call[tollgate.PlanLimit](ctx, c, http.MethodGet, path("v1", "plans", string(planSlug), "limits", string(slug)), nil, nil)
}

// Prices is tollgate.Engine.Prices.
func (c *Client) Prices(ctx context.Context) ([]tollgate.ShownPrice, error) {
	out, err := call[struct{ Data []tollgate.ShownPrice }](ctx, c, http.MethodGet, "/v1/prices", nil, nil)
	return out.Data, err
}

// SyncPrice is tollgate.Engine.SyncPrice.
func (c *Client) SyncPrice(ctx context.Context, slug id.Slug, amount money.Amount, asOf time.Time) (tollgate.ShownPrice, error) {
	type sync struct {
		Amount   int64     `json:"amount"`
		Currency string    `json:"currency"`
		AsOf     time.Time `json:"asOf"`
	}
	return call[tollgate.ShownPrice](ctx, c, http.MethodPut, path("v1", "prices", string(slug)), nil, sync{amount.Minor, amount.Currency, asOf})
}

// Catalog returns the catalog in force.
func (c *Client) Catalog(ctx context.Context) (*plan.Catalog, error) {
	out, err := call[plan.Catalog](ctx, c, http.MethodGet, "/v1/catalog", nil, nil)
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// Publish is tollgate.Engine.Publish of a YAML document. When the answer to a try is lost, the next one says that nothing
// changes.
func (c *Client) Publish(ctx context.Context, text []byte, dryRun bool) (tollgate.Publication, error) {
	query := url.Values{"dryRun": {strconv.FormatBool(dryRun)}}
	return call[tollgate.Publication](ctx, c, http.MethodPut, "/v1/catalog", query, document(text))
}

// PublishOver is tollgate.Engine.PublishOver of a YAML document.
func (c *Client) PublishOver(ctx context.Context, version int64, text []byte, dryRun bool) (tollgate.Publication, error) {
	query := url.Values{"dryRun": {strconv.FormatBool(dryRun)}, "over": {strconv.FormatInt(version, 10)}}
	return call[tollgate.Publication](ctx, c, http.MethodPut, "/v1/catalog", query, document(text))
}

package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

// PutCustomer is tollgate.Engine.PutCustomer, but for whether this call made the customer: after a retry nobody knows.
func (c *Client) PutCustomer(ctx context.Context, name id.Customer, ch tollgate.CustomerChange) (tollgate.Customer, error) {
	return call[tollgate.Customer](ctx, c, http.MethodPut, customerPath(name), nil, ch)
}

// PatchCustomer is tollgate.Engine.PatchCustomer.
func (c *Client) PatchCustomer(ctx context.Context, name id.Customer, ch tollgate.CustomerChange) (tollgate.Customer, error) {
	return call[tollgate.Customer](ctx, c, http.MethodPatch, customerPath(name), nil, ch)
}

// Customer is tollgate.Engine.Customer.
func (c *Client) Customer(ctx context.Context, name id.Customer) (tollgate.Customer, error) {
	return call[tollgate.Customer](ctx, c, http.MethodGet, customerPath(name), nil, nil)
}

// EraseCustomer is tollgate.Engine.EraseCustomer. When the answer to a try is lost, the next one may say not_found.
func (c *Client) EraseCustomer(ctx context.Context, name id.Customer) error {
	_, err := call[struct{}](ctx, c, http.MethodDelete, customerPath(name), nil, nil)
	return err
}

// Customers is tollgate.Engine.Customers.
func (c *Client) Customers(ctx context.Context, after id.Customer, limit int) (tollgate.Page[tollgate.Customer], error) {
	return call[tollgate.Page[tollgate.Customer]](ctx, c, http.MethodGet, "/v1/customers", page("after", string(after), limit), nil)
}

// CreateToken is tollgate.Engine.CreateToken.
func (c *Client) CreateToken(ctx context.Context, r tollgate.TokenRequest) (tollgate.Token, error) {
	return call[tollgate.Token](ctx, c, http.MethodPost, customerPath(r.Customer, "tokens"), nil, r)
}

// Entries is tollgate.Engine.Entries.
func (c *Client) Entries(ctx context.Context, customer id.Customer, slug id.Slug, cursor string, limit int) (tollgate.Page[tollgate.Line], error) {
	query := page("cursor", cursor, limit)
	query.Set("balance", string(slug))
	return call[tollgate.Page[tollgate.Line]](ctx, c, http.MethodGet, customerPath(customer, "entries"), query, nil)
}

// Explain is tollgate.Engine.Explain.
func (c *Client) Explain(ctx context.Context, customer id.Customer, slug id.Slug) (tollgate.Explanation, error) {
	return call[tollgate.Explanation](ctx, c, http.MethodGet, customerPath(customer, "explain", string(slug)), nil, nil)
}

// page returns the query that asks for a page.
func page(name, from string, limit int) url.Values {
	query := url.Values{}
	if from != "" {
		query.Set(name, from)
	}
	if limit != 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	return query
}

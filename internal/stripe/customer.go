package stripe

import (
	"context"
	"fmt"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate/id"
)

// A Payer is a customer of ours as Stripe is to know it.
type Payer struct {
	Key        id.Key
	ExternalID id.Customer
	Email      string
	Name       string
}

// CreateCustomer makes a customer at Stripe and returns its id. The same customer asked for twice within a day, also at
// the same time, is one.
func (c *Client) CreateCustomer(ctx context.Context, p Payer) (string, error) {
	params := &stripe.CustomerCreateParams{Metadata: map[string]string{metaSource: source, metaCustomer: string(p.ExternalID)}}
	if p.Email != "" {
		params.Email = &p.Email
	}
	if p.Name != "" {
		params.Name = &p.Name
	}
	// The e-mail and the name may have changed since the first attempt; the same key with other parameters is refused.
	params.SetIdempotencyKey(fmt.Sprintf("tollgate-customer-%d-%x", int64(p.Key), digest(p.Email, p.Name)))
	made, err := call(ctx, c, "create customer", func(ctx context.Context) (*stripe.Customer, error) { return c.api.V1Customers.Create(ctx, params) })
	if err != nil {
		return "", err
	}
	return made.ID, nil
}

// A Found is a customer at Stripe that we made.
type Found struct {
	Stripe     string // cus_…
	ExternalID id.Customer
}

// Customers reads the customers at Stripe that carry our metadata, newest first, and hands them over by the page; what keep
// returns as an error ends it. Those that were deleted are not there. After an answer that was lost it begins again. It
// reads all customers of the account: a search is up to a minute behind (https://docs.stripe.com/search), a list is not.
func (c *Client) Customers(ctx context.Context, keep func([]Found) error) error {
	var kept error
	_, err := call(ctx, c, "list customers", func(ctx context.Context) (struct{}, error) {
		params := &stripe.CustomerListParams{}
		params.Limit = stripe.Int64(pageLength)
		var page []Found
		for found, err := range c.api.V1Customers.List(ctx, params).All(ctx) {
			if err != nil {
				return struct{}{}, err
			}
			if found.Metadata[metaSource] != source || found.Metadata[metaCustomer] == "" {
				continue
			}
			if page = append(page, Found{Stripe: found.ID, ExternalID: id.Customer(found.Metadata[metaCustomer])}); len(page) < pageLength {
				continue
			}
			if kept = keep(page); kept != nil {
				return struct{}{}, nil
			}
			page = nil
		}
		kept = keep(page)
		return struct{}{}, nil
	})
	if err != nil {
		return err
	}
	return kept
}

// CustomerName returns the externalId that a customer at Stripe carries, and whether it is there at all.
func (c *Client) CustomerName(ctx context.Context, stripeID string) (name id.Customer, deleted bool, err error) {
	found, err := call(ctx, c, "read customer", func(ctx context.Context) (*stripe.Customer, error) {
		found, err := c.api.V1Customers.Retrieve(ctx, stripeID, nil)
		if missing(err) {
			return &stripe.Customer{Deleted: true}, nil
		}
		return found, err
	})
	if err != nil || found.Deleted || found.Metadata[metaSource] != source {
		return "", found != nil && found.Deleted, err
	}
	return id.Customer(found.Metadata[metaCustomer]), false, nil
}

package stripe

import (
	"context"
	"fmt"
	"strings"

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

// FindCustomer searches for a customer that was made before, whose id was lost; empty when there is none. Search is up to
// a minute behind, so that it only mends what is older.
func (c *Client) FindCustomer(ctx context.Context, name id.Customer) (string, error) {
	return call(ctx, c, "search customers", func(ctx context.Context) (string, error) {
		params := &stripe.CustomerSearchParams{}
		params.Query = fmt.Sprintf("metadata['%s']:'%s' AND metadata['%s']:'%s'", metaSource, source, metaCustomer, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(string(name)))
		for found, err := range c.api.V1Customers.Search(ctx, params).All(ctx) {
			if err != nil {
				return "", err
			}
			return found.ID, nil
		}
		return "", nil
	})
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

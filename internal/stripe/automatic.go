package stripe

import (
	"context"
	"fmt"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/subscription"
)

// SubscribeOnce begins a trial for a customer who never subscribed. Asked for twice within a day, also at the same time, it
// is one subscription.
func (c *Client) SubscribeOnce(ctx context.Context, customer string, prices []string, trialDays int64, name id.Customer, key id.Key) (subscription.Subscription, error) {
	meta := map[string]string{metaSource: source, metaCustomer: string(name)}
	return c.Subscribe(ctx, customer, prices, 1, trialDays, meta, fmt.Sprintf("tollgate-automatic-%d", int64(key)))
}

package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate/fault"
)

// An Event is one of Stripe's, as far as the inbox needs it: what is true now is read from Stripe, not from here.
type Event struct {
	ID        string
	Kind      string
	Customer  string // at Stripe; empty when it is about none
	CreatedAt time.Time
	Payload   []byte
}

// Verify reads a webhook: the signature is of the body and of our secret and no older than five minutes, the API version
// is ours, and the mode is that of the key. Fault: invalid_request, "Invalid webhook signature".
func (c *Client) Verify(body []byte, signature string) (Event, error) {
	e, err := stripe.ConstructEvent(body, signature, c.secret)
	switch {
	case err == nil:
	case errors.Is(err, stripe.ErrWebhookNotSigned), errors.Is(err, stripe.ErrWebhookInvalidHeader), errors.Is(err, stripe.ErrWebhookNoValidSignature),
		errors.Is(err, stripe.ErrWebhookTooOld):
		return Event{}, fault.New(fault.Invalid, "Invalid webhook signature").Because(err)
	default:
		return Event{}, fault.New(fault.Invalid, "The webhook cannot be read. Make its endpoint with API version %s, as `tollgate apply` does.", stripe.APIVersion).Because(err)
	}
	if e.Livemode != c.live {
		return Event{}, fault.New(fault.Invalid, "The webhook is of the other mode: test and live events are never mixed.")
	}
	return eventOf(&e, body), nil
}

func eventOf(e *stripe.Event, body []byte) Event {
	out := Event{ID: e.ID, Kind: string(e.Type), CreatedAt: moment(e.Created), Payload: body}
	var about struct {
		Object   string          `json:"object"`
		ID       string          `json:"id"`
		Customer json.RawMessage `json:"customer"`
	}
	if e.Data != nil && json.Unmarshal(e.Data.Raw, &about) == nil {
		if about.Object == "customer" {
			out.Customer = about.ID
		} else if len(about.Customer) > 0 {
			_ = json.Unmarshal(about.Customer, &out.Customer)
		}
		if out.Customer == "" { // a way to pay that was taken away names only whose it was
			out.Customer, _ = e.Data.PreviousAttributes["customer"].(string)
		}
	}
	return out
}

// Events reads the events since a moment, newest first, and hands them over by the page; what keep returns as an error ends
// it. After an answer that was lost it begins again. Stripe keeps events for 30 days.
func (c *Client) Events(ctx context.Context, since time.Time, keep func([]Event) error) error {
	var kept error
	_, err := call(ctx, c, "list events", func(ctx context.Context) (struct{}, error) {
		params := &stripe.EventListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
		params.Limit = stripe.Int64(pageLength)
		var page []Event
		for e, err := range c.api.V1Events.List(ctx, params).All(ctx) {
			if err != nil {
				return struct{}{}, err
			}
			raw, err := json.Marshal(e)
			if err != nil {
				kept = fmt.Errorf("spell event: %w", err)
				return struct{}{}, nil
			}
			if page = append(page, eventOf(e, raw)); len(page) < pageLength {
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

// CustomerOfCharge returns the customer of the charge that a refund or a dispute is about; empty when it has none.
func (c *Client) CustomerOfCharge(ctx context.Context, charge string) (string, error) {
	return call(ctx, c, "read charge", func(ctx context.Context) (string, error) {
		ch, err := c.api.V1Charges.Retrieve(ctx, charge, nil)
		if err != nil || ch.Customer == nil {
			if missing(err) {
				err = nil
			}
			return "", err
		}
		return ch.Customer.ID, nil
	})
}

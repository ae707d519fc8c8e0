package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

// MeterName returns the name under which Stripe's meter of a balance takes events.
func MeterName(balance id.Slug) string { return eventPrefix + string(balance) }

// A MeterEvent is usage for a meter that adds up.
type MeterEvent struct {
	Name       string // MeterName
	Customer   string // at Stripe
	Value      int64  // whole units; below 0 takes back
	At         time.Time
	Identifier string // at most 100 characters; also the idempotency key
}

// SendEvent tells Stripe of usage. The same identifier twice within a day counts once
// (https://docs.stripe.com/billing/subscriptions/usage-based/recording-usage-api).
func (c *Client) SendEvent(ctx context.Context, e MeterEvent) error {
	params := &stripe.BillingMeterEventCreateParams{
		EventName: &e.Name, Identifier: &e.Identifier, Timestamp: stripe.Int64(e.At.Unix()),
		Payload: map[string]string{"stripe_customer_id": e.Customer, "value": strconv.FormatInt(e.Value, 10)},
	}
	params.SetIdempotencyKey(e.Identifier)
	_, err := call(ctx, c, "report usage", func(ctx context.Context) (*stripe.BillingMeterEvent, error) {
		made, err := c.api.V1BillingMeterEvents.Create(ctx, params)
		if taken(err) {
			return made, nil
		}
		return made, err
	})
	return err
}

// taken reports whether an error says that Stripe has an event of that identifier.
func taken(err error) bool {
	var refused *stripe.Error
	return errors.As(err, &refused) && strings.Contains(refused.Msg, "already exists with identifier")
}

// Counted returns what Stripe counts of a customer's events within a span, whose bounds are whole minutes. Stripe counts
// with a delay.
func (c *Client) Counted(ctx context.Context, name, customer string, span period.Span) (int64, error) {
	meter, err := c.meterID(ctx, name)
	if err != nil {
		return 0, err
	}
	return call(ctx, c, "read counted usage", func(ctx context.Context) (int64, error) {
		params := &stripe.BillingMeterEventSummaryListParams{ID: &meter, Customer: &customer, StartTime: stripe.Int64(span.Start.Unix()), EndTime: stripe.Int64(span.End.Unix())}
		var sum float64 // as Stripe spells it: whole numbers, exact up to 2⁵³
		for s, err := range c.api.V1BillingMeterEventSummaries.List(ctx, params).All(ctx) {
			if err != nil {
				return 0, err
			}
			sum += s.AggregatedValue
		}
		return int64(sum), nil
	})
}

// meterID finds the meter in force of a name. Fault: payments_not_configured when there is none.
func (c *Client) meterID(ctx context.Context, name string) (string, error) {
	if known, ok := c.meters.Load(name); ok {
		return known.(string), nil
	}
	found, err := call(ctx, c, "list meters", func(ctx context.Context) (string, error) {
		params := &stripe.BillingMeterListParams{}
		params.Limit = stripe.Int64(pageLength)
		last := ""
		for m, err := range c.api.V1BillingMeters.List(ctx, params).All(ctx) {
			if err != nil {
				return "", err
			}
			if m.EventName == name && (last == "" || m.Status == stripe.BillingMeterStatusActive) {
				last = m.ID
			}
		}
		return last, nil
	})
	if err != nil {
		return "", err
	}
	if found == "" {
		return "", fault.New(fault.PaymentsNotConfigured, "Stripe has no meter with the event name %s: run `tollgate apply` with the Stripe key, so that it counts what the catalog bills.", name)
	}
	c.meters.Store(name, found)
	return found, nil
}

// InvoiceState returns an invoice's status as it is now, and when a draft becomes final by itself; zero is never.
func (c *Client) InvoiceState(ctx context.Context, invoice string) (status string, final time.Time, err error) {
	i, err := call(ctx, c, "read invoice", func(ctx context.Context) (*stripe.Invoice, error) {
		return c.api.V1Invoices.Retrieve(ctx, invoice, nil)
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return string(i.Status), moment(i.AutomaticallyFinalizesAt), nil
}

// An Extra is an amount that waits for the next invoice of a subscription.
type Extra struct {
	Customer     string
	Subscription string
	Amount       int64 // minor units; below 0 is credit
	Currency     string
	Description  string
	Period       period.Span // what it is for
	Key          string      // of idempotency, and how it is found again
}

// metaReport is the metadata that an Extra carries: its key.
const metaReport = "report"

// AddExtra adds it once. again says that an earlier attempt may have: then it is looked for first, because Stripe forgets
// idempotency keys after a day.
func (c *Client) AddExtra(ctx context.Context, x Extra, again bool) error {
	if again {
		there, err := c.hasExtra(ctx, x)
		if err != nil || there {
			return err
		}
	}
	params := &stripe.InvoiceItemCreateParams{
		Customer: &x.Customer, Subscription: &x.Subscription, Amount: &x.Amount, Currency: &x.Currency, Description: &x.Description,
		Period:   &stripe.InvoiceItemCreatePeriodParams{Start: stripe.Int64(x.Period.Start.Unix()), End: stripe.Int64(x.Period.End.Unix())},
		Metadata: map[string]string{metaSource: source, metaReport: x.Key},
	}
	params.SetIdempotencyKey(x.Key + ":item")
	_, err := call(ctx, c, "bill late usage", func(ctx context.Context) (*stripe.InvoiceItem, error) {
		return c.api.V1InvoiceItems.Create(ctx, params)
	})
	return err
}

func (c *Client) hasExtra(ctx context.Context, x Extra) (bool, error) {
	return call(ctx, c, "list invoice items", func(ctx context.Context) (bool, error) {
		params := &stripe.InvoiceItemListParams{Customer: &x.Customer}
		params.Limit = stripe.Int64(pageLength)
		for i, err := range c.api.V1InvoiceItems.List(ctx, params).All(ctx) {
			if err != nil {
				return false, err
			}
			if i.Metadata[metaReport] == x.Key {
				return true, nil
			}
		}
		return false, nil
	})
}

// MeteredPrice returns the terms of a metered price, in exact decimals: those a customer pays, whatever the catalog says
// by now.
func (c *Client) MeteredPrice(ctx context.Context, priceID string) (plan.Price, error) {
	raw, err := call(ctx, c, "read price", func(ctx context.Context) ([]byte, error) {
		params := &stripe.PriceRetrieveParams{}
		params.AddExpand("tiers")
		p, err := c.api.V1Prices.Retrieve(ctx, priceID, params)
		if err != nil {
			return nil, err
		}
		return p.LastResponse.RawJSON, nil
	})
	if err != nil {
		return plan.Price{}, err
	}
	return priceTerms(raw)
}

// priceTerms reads a price of Stripe's (https://docs.stripe.com/api/prices/object).
func priceTerms(raw []byte) (plan.Price, error) {
	var in struct {
		Currency string           `json:"currency"`
		Unit     *money.UnitPrice `json:"unit_amount_decimal"`
		Mode     string           `json:"tiers_mode"`
		Tiers    []struct {
			UpTo *int64           `json:"up_to"`
			Unit *money.UnitPrice `json:"unit_amount_decimal"`
			Flat *money.UnitPrice `json:"flat_amount_decimal"`
		} `json:"tiers"`
		Transform *struct {
			DivideBy int64  `json:"divide_by"`
			Round    string `json:"round"`
		} `json:"transform_quantity"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return plan.Price{}, fmt.Errorf("read price: %w", err)
	}
	of := func(p *money.UnitPrice) money.UnitPrice {
		if p == nil {
			return money.UnitPrice{}
		}
		return *p
	}
	out := plan.Price{Model: plan.PerUnit, Currency: in.Currency, UnitAmount: of(in.Unit)}
	switch {
	case in.Mode != "":
		out.Model, out.UnitAmount = plan.Model(in.Mode), money.UnitPrice{}
		for _, t := range in.Tiers {
			tier := plan.Tier{UnitAmount: of(t.Unit), FlatAmount: of(t.Flat)}
			if t.UpTo != nil {
				tier.UpTo = quantity.Whole(*t.UpTo)
			}
			out.Tiers = append(out.Tiers, tier)
		}
	case in.Transform != nil && in.Transform.Round != "up":
		return out, errors.New("the price rounds packages down, which Tollgate never sells")
	case in.Transform != nil:
		out.Model, out.PackageSize = plan.Package, quantity.Whole(in.Transform.DivideBy)
	}
	return out, nil
}

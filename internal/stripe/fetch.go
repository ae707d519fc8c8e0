package stripe

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	stripe "github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

// The metadata that what we make at Stripe carries.
const (
	metaSource   = "source"
	source       = "tollgate"
	metaCustomer = "customer" // our externalId
	metaPrice    = "price"    // the slug of a price
	metaPlan     = "plan"     // of a price: its plan's slug
	metaMeter    = "meter"    // of a metered price
	metaTopUp    = "topUp"    // of a payment, and of its checkout: the top-up's slug
	metaGrants   = "grants"   // likewise: what it grants, as JSON by balance
	metaQuantity = "quantity" // of a checkout
	metaRefund   = "refund"   // of a refund: the caller's own id of it
	metaAsked    = "asked"    // of a refund: the minor units that were asked for, or askedAll
	metaExpires  = "expires"  // of a payment, and of its checkout: days after which the grants expire
)

const askedAll = "all"

// pageLength is how many objects one page of a list has: Stripe's most.
const pageLength = 100

// Fetch reads everything Stripe says of a customer: all subscriptions, invoices, payments, refunds, disputes, what was bought for
// nothing, and ways to pay.
func (c *Client) Fetch(ctx context.Context, customer string) (subscription.Picture, error) {
	p := subscription.Picture{Customer: customer}
	read := []func(context.Context, *subscription.Picture) error{c.subscriptions, c.invoices, c.payments, c.free, c.methods}
	for _, f := range read {
		if err := f(ctx, &p); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (c *Client) subscriptions(ctx context.Context, p *subscription.Picture) error {
	found, err := whole(ctx, c, "list subscriptions", func(ctx context.Context) *stripe.V1List[*stripe.Subscription] {
		params := &stripe.SubscriptionListParams{Customer: &p.Customer, Status: stripe.String("all")}
		params.Limit = stripe.Int64(pageLength)
		return c.api.V1Subscriptions.List(ctx, params)
	})
	if err != nil {
		return err
	}
	for _, s := range found {
		if err := c.allItems(ctx, s); err != nil {
			return err
		}
		p.Subscriptions = append(p.Subscriptions, subscriptionOf(s))
	}
	return nil
}

// moment turns Stripe's seconds into a time; 0 is none.
func moment(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func subscriptionOf(s *stripe.Subscription) subscription.Subscription {
	out := subscription.Subscription{
		ID: s.ID, Status: subscription.Status(s.Status), Currency: string(s.Currency), CreatedAt: moment(s.Created), TrialStart: moment(s.TrialStart), TrialEnd: moment(s.TrialEnd),
		CancelAt: moment(s.CancelAt), CanceledAt: moment(s.CanceledAt), EndedAt: moment(s.EndedAt), PausedPayments: s.PauseCollection != nil,
	}
	if s.LatestInvoice != nil {
		out.LatestInvoice = s.LatestInvoice.ID
	}
	if s.DefaultPaymentMethod != nil {
		out.Method = s.DefaultPaymentMethod.ID
	}
	for _, i := range s.Items.Data {
		// Since 2025-03-31.basil the period is the items'.
		if start, end := moment(i.CurrentPeriodStart), moment(i.CurrentPeriodEnd); end.After(out.PeriodEnd) {
			out.PeriodStart, out.PeriodEnd = start, end
		}
		out.Items = append(out.Items, itemOf(i))
	}
	if s.CancelAtPeriodEnd && out.CancelAt.IsZero() { // the portal sets cancel_at instead
		out.CancelAt = out.PeriodEnd
	}
	return out
}

func itemOf(i *stripe.SubscriptionItem) subscription.Item {
	out := subscription.Item{ID: i.ID, Quantity: i.Quantity, CreatedAt: moment(i.Created)}
	if i.Price == nil {
		return out
	}
	out.PriceID, out.Amount = i.Price.ID, i.Price.UnitAmount
	m := metaOf(i.Price)
	out.Price, out.Plan, out.Meter = m.price, m.plan, m.meter
	if i.Price.Recurring != nil {
		out.Interval = string(i.Price.Recurring.Interval)
	}
	return out
}

func (c *Client) invoices(ctx context.Context, p *subscription.Picture) error {
	found, err := whole(ctx, c, "list invoices", func(ctx context.Context) *stripe.V1List[*stripe.Invoice] {
		params := &stripe.InvoiceListParams{Customer: &p.Customer}
		params.Limit = stripe.Int64(pageLength)
		params.AddExpand("data.payments")
		return c.api.V1Invoices.List(ctx, params)
	})
	if err != nil {
		return err
	}
	for _, i := range found {
		if err := c.allLines(ctx, i); err != nil {
			return err
		}
		out := invoiceOf(i)
		for k := range out.Lines {
			l := &out.Lines[k]
			if l.PriceID == "" {
				continue
			}
			m, err := c.priceMeta(ctx, l.PriceID)
			if err != nil {
				return err
			}
			l.Price, l.Plan, l.Meter = m.price, m.plan, m.meter
		}
		p.Invoices = append(p.Invoices, out)
	}
	return nil
}

// priceMeta is which price of the catalog one at Stripe stands for.
type priceMeta struct {
	price, plan, meter id.Slug
}

func metaOf(p *stripe.Price) priceMeta {
	m := priceMeta{id.Slug(p.Metadata[metaPrice]), id.Slug(p.Metadata[metaPlan]), id.Slug(p.Metadata[metaMeter])}
	if p.Recurring != nil && p.Recurring.UsageType == stripe.PriceRecurringUsageTypeMetered && m.meter == "" {
		m.meter = "?" // metered, and none of ours
	}
	return m
}

// priceMeta reads what a price stands for, once, however many ask.
func (c *Client) priceMeta(ctx context.Context, priceID string) (priceMeta, error) {
	m, err, _ := c.reading.Do(priceID, func() (any, error) {
		if m, ok := c.sold.Load(priceID); ok {
			return m, nil
		}
		// Without the asker's patience: others wait for the same answer.
		p, err := call(context.WithoutCancel(ctx), c, "read price", func(ctx context.Context) (*stripe.Price, error) { return c.api.V1Prices.Retrieve(ctx, priceID, nil) })
		if err != nil {
			return priceMeta{}, err
		}
		m := metaOf(p)
		c.sold.Store(priceID, m)
		return m, nil
	})
	return m.(priceMeta), err
}

func invoiceOf(i *stripe.Invoice) subscription.Invoice {
	out := subscription.Invoice{
		ID: i.ID, Number: i.Number, Status: string(i.Status), Reason: string(i.BillingReason), Currency: string(i.Currency), AmountDue: i.AmountDue, AmountPaid: i.AmountPaid,
		Total: i.Total, CreatedAt: moment(i.Created), URL: i.HostedInvoiceURL, PDF: i.InvoicePDF, Attempts: i.AttemptCount, NextAttempt: moment(i.NextPaymentAttempt),
	}
	for _, tax := range i.TotalTaxes {
		out.Tax += tax.Amount
	}
	if i.StatusTransitions != nil {
		out.PaidAt = moment(i.StatusTransitions.PaidAt)
	}
	if i.Parent != nil && i.Parent.SubscriptionDetails != nil && i.Parent.SubscriptionDetails.Subscription != nil {
		out.Subscription = i.Parent.SubscriptionDetails.Subscription.ID
	}
	if i.Lines != nil {
		for _, l := range i.Lines.Data {
			out.Lines = append(out.Lines, lineOf(l))
		}
	}
	if i.Payments != nil {
		for _, paid := range i.Payments.Data {
			if paid.Payment != nil && paid.Payment.PaymentIntent != nil {
				out.Intents = append(out.Intents, paid.Payment.PaymentIntent.ID)
			}
		}
	}
	return out
}

func lineOf(l *stripe.InvoiceLineItem) subscription.InvoiceLine {
	out := subscription.InvoiceLine{Description: l.Description, Amount: l.Amount, Quantity: l.Quantity}
	if l.Period != nil {
		out.Start, out.End = moment(l.Period.Start), moment(l.Period.End)
	}
	if l.Parent != nil && l.Parent.SubscriptionItemDetails != nil {
		d := l.Parent.SubscriptionItemDetails
		out.Proration, out.Item, out.Subscription = d.Proration, d.SubscriptionItem, d.Subscription
	} else if l.Parent != nil && l.Parent.InvoiceItemDetails != nil {
		out.Proration = l.Parent.InvoiceItemDetails.Proration
	}
	if l.Pricing != nil && l.Pricing.PriceDetails != nil && l.Pricing.PriceDetails.Price != nil {
		out.PriceID = l.Pricing.PriceDetails.Price.ID
	}
	return out
}

func (c *Client) payments(ctx context.Context, p *subscription.Picture) error {
	paid := map[string]string{} // payment intent → invoice
	for _, i := range p.Invoices {
		for _, intent := range i.Intents {
			paid[intent] = i.ID
		}
	}
	found, err := whole(ctx, c, "list charges", func(ctx context.Context) *stripe.V1List[*stripe.Charge] {
		params := &stripe.ChargeListParams{Customer: &p.Customer}
		params.Limit = stripe.Int64(pageLength)
		params.AddExpand("data.refunds")
		return c.api.V1Charges.List(ctx, params)
	})
	if err != nil {
		return err
	}
	for _, ch := range found {
		if err := c.allRefunds(ctx, ch); err != nil {
			return err
		}
		disputes, err := c.disputes(ctx, ch)
		if err != nil {
			return err
		}
		pay := paymentOf(ch)
		pay.Invoice, pay.Returns = paid[pay.Intent], append(pay.Returns, disputes...)
		p.Payments = append(p.Payments, pay)
	}
	return nil
}

func paymentOf(ch *stripe.Charge) subscription.Payment {
	out := subscription.Payment{
		ID: ch.ID, Amount: ch.Amount, Currency: string(ch.Currency), Status: string(ch.Status), Refunded: ch.AmountRefunded, Disputed: ch.Disputed,
		Description: ch.Description, Failure: ch.FailureMessage, ReceiptURL: ch.ReceiptURL, CreatedAt: moment(ch.Created), TopUp: id.Slug(ch.Metadata[metaTopUp]),
	}
	if ch.Refunds != nil {
		for _, r := range ch.Refunds.Data {
			out.Returns = append(out.Returns, returnOf(r))
		}
	}
	if ch.PaymentIntent != nil {
		out.Intent = ch.PaymentIntent.ID
	}
	out.Grants, out.Expires = soldBy(ch.Metadata)
	return out
}

// soldBy returns what the metadata of a payment or of its checkout says it grants, and for how long.
func soldBy(meta map[string]string) (grants map[id.Slug]quantity.Units, expires time.Duration) {
	if meta[metaGrants] == "" || meta[metaSource] != source {
		return nil, 0
	}
	if err := json.Unmarshal([]byte(meta[metaGrants]), &grants); err != nil {
		return nil, 0
	}
	if days, err := strconv.ParseInt(meta[metaExpires], 10, 64); err == nil {
		expires = time.Duration(days) * 24 * time.Hour
	}
	return grants, expires
}

func returnOf(r *stripe.Refund) subscription.Return {
	return subscription.Return{ID: r.ID, Amount: r.Amount, Status: string(r.Status), Reason: string(r.Reason), CreatedAt: moment(r.Created)}
}

// PriceSlug returns the slug that a price was made for; empty when it is none of ours.
func (c *Client) PriceSlug(ctx context.Context, priceID string) (id.Slug, error) {
	m, err := c.priceMeta(ctx, priceID)
	return m.price, err
}

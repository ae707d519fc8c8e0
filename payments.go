package tollgate

import (
	"context"
	"errors"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/mail"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/subscription"
)

// Payments says how plans and top-ups are sold through Stripe.
type Payments struct {
	SecretKey      string // sk_test_… or sk_live_…; empty sells nothing
	WebhookSecret  string // whsec_…, of the endpoint that points here
	URL            string // of another server that speaks Stripe's API, such as a sandbox; empty is Stripe
	SuccessURL     string // where a checkout ends when a request names no other address
	CancelURL      string // where a payer goes back to
	ReturnURL      string // where the portal leads back to
	TrialDays      *int   // of every plan; the catalog's when nil
	PromotionCodes bool   // whether the checkout page takes them
	AutomaticTax   bool
	// Automatic says what customers without billing are subscribed to in the background; nil leaves them alone.
	Automatic *AutomaticPlan
	Mail      Mail // how customers are written to; the zero value writes nothing
	// NoWork leaves webhooks and what is due to other processes on the same database, or to Work.
	NoWork bool
}

// seller is what an Engine with payments has.
type seller struct {
	Payments
	stripe *stripe.Client
	mail   *mail.Sender  // nil writes nothing
	wake   chan struct{} // something is in the inbox
	ended  chan struct{}

	reporter *reporter
}

func newSeller(e *Engine, p Payments) (*seller, error) {
	letters, err := newMail(p.Mail)
	if err != nil {
		return nil, err
	}
	if d := p.TrialDays; d != nil && (*d < 0 || *d > int(plan.TrialDaysMax)) {
		return nil, fault.Field("Payments.TrialDays", *d, int(plan.TrialDaysMax), "Payments.TrialDays (--trial-days) is a whole number from 0 to %d.", int(plan.TrialDaysMax))
	}
	if p.SecretKey == "" {
		return nil, nil
	}
	for option, address := range map[string]string{"Payments.SuccessURL": p.SuccessURL, "Payments.CancelURL": p.CancelURL, "Payments.ReturnURL": p.ReturnURL} {
		if err := checkAddress(option, address); err != nil {
			return nil, err
		}
	}
	c, err := stripe.New(stripe.Options{SecretKey: p.SecretKey, WebhookSecret: p.WebhookSecret, URL: p.URL, Logger: e.log})
	if err != nil {
		return nil, err
	}
	return &seller{Payments: p, stripe: c, mail: letters, wake: make(chan struct{}, 1), ended: make(chan struct{}), reporter: newReporter()}, nil
}

// sells returns the seller. Fault: payments_not_configured.
func (e *Engine) sells() (*seller, error) {
	if e.seller == nil {
		return nil, fault.New(fault.PaymentsNotConfigured,
			"Payments are not configured: set TOLLGATE_STRIPE_SECRET_KEY and TOLLGATE_STRIPE_WEBHOOK_SECRET, then run `tollgate apply`. Everything else works without them.")
	}
	return e.seller, nil
}

// Sells reports whether payments are configured.
func (e *Engine) Sells() bool { return e.seller != nil }

// bind returns which customer at Stripe a customer is, and makes one when it is none: one, however many ask at once.
func (e *Engine) bind(ctx context.Context, c Customer) (string, error) {
	s, err := e.sells()
	if err != nil {
		return "", err
	}
	b, err := e.db.BillingOf(ctx, c.key)
	if err == nil {
		return b.Stripe, nil
	}
	if !store.None(err) {
		return "", outside("read billing", err)
	}
	made, err := s.stripe.CreateCustomer(ctx, stripe.Payer{Key: c.key, ExternalID: c.ExternalID, Email: c.Email, Name: c.Name})
	if err != nil {
		return "", err
	}
	bound, err := e.db.Bind(ctx, c.key, made, e.Now())
	return bound, unbound(made, err)
}

// unbound turns an error of binding a customer to one at Stripe into one that callers may see.
func unbound(stripeID string, err error) error {
	if errors.Is(err, store.ErrTaken) {
		return fault.New(fault.Conflict, "Stripe's customer %s is another customer's here: this database was used with another Stripe account, or with a sandbox whose state is gone. Use that one again, or an empty database.", stripeID).
			With("stripeCustomer", stripeID)
	}
	return outside("bind to Stripe", err)
}

// billing returns what is kept of a customer at Stripe. Fault: not_found, "Stripe customer not found".
func (e *Engine) billing(ctx context.Context, name id.Customer) (Customer, store.Billing, error) {
	c, err := e.Customer(ctx, name)
	if err != nil {
		return c, store.Billing{}, err
	}
	b, err := e.db.BillingOf(ctx, c.key)
	if store.None(err) {
		return c, b, fault.New(fault.NotFound, "Stripe customer not found").With("customer", string(name))
	}
	return c, b, outside("read billing", err)
}

// PaymentsOf returns a page of a customer's payments, newest first, before the one named. Faults: not_found; invalid_request for a
// cursor that names no payment of the customer.
func (e *Engine) PaymentsOf(ctx context.Context, name id.Customer, cursor string, limit int) (Page[subscription.Payment], error) {
	return recordsOf[subscription.Payment](ctx, e, name, store.RecordPayment, cursor, limit)
}

// InvoicesOf is PaymentsOf for invoices.
func (e *Engine) InvoicesOf(ctx context.Context, name id.Customer, cursor string, limit int) (Page[subscription.Invoice], error) {
	return recordsOf[subscription.Invoice](ctx, e, name, store.RecordInvoice, cursor, limit)
}

func recordsOf[T any](ctx context.Context, e *Engine, name id.Customer, kind, cursor string, limit int) (Page[T], error) {
	page := Page[T]{Data: []T{}}
	limit, err := pageLimit(limit)
	if err != nil {
		return page, err
	}
	c, err := e.Customer(ctx, name)
	if err != nil {
		return page, err
	}
	if cursor != "" {
		last, err := e.db.RecordOf(ctx, kind, cursor)
		if store.None(err) || err == nil && last.Customer != c.key {
			return page, fault.Field("cursor", cursor, nil, "cursor must be the next of an earlier page of the customer's %ss.", kind)
		}
		if err != nil {
			return page, outside("read "+kind, err)
		}
	}
	rows, err := e.db.Records(ctx, c.key, kind, cursor, limit+1)
	if err != nil {
		return page, outside("read "+kind+"s", err)
	}
	for _, r := range rows[:min(len(rows), limit)] {
		v, err := unpack[T](r.Body)
		if err != nil {
			return page, err
		}
		page.Data = append(page.Data, v)
	}
	if len(rows) > limit {
		page.Next = rows[limit-1].ID
	}
	return page, nil
}

// A RefundRequest gives money of a payment back.
type RefundRequest struct {
	Payment string         `json:"-"`
	Amount  *int64         `json:"amount,omitempty"` // minor units; all that is left when nil
	Reason  string         `json:"reason,omitempty"` // duplicate, fraudulent or requested_by_customer
	ID      id.Transaction `json:"id"`               // the caller's own id of this refund; a retry with it gives nothing more back
}

// Refund gives money back, and takes back what it had bought; for what of that is spent the catalog has a policy. The answer is the payment after
// it. Faults: not_found; invalid_request for an amount below 1 or more than is left, and for a payment that took no money; conflict when the id stands for another
// refund of the payment; payments_not_configured.
func (e *Engine) Refund(ctx context.Context, r RefundRequest) (subscription.Payment, error) {
	var none subscription.Payment
	s, err := e.sells()
	if err != nil {
		return none, err
	}
	if err := r.ID.Check("id"); err != nil {
		return none, err
	}
	switch r.Reason {
	case "", "duplicate", "fraudulent", "requested_by_customer":
	default:
		return none, fault.Field("reason", r.Reason, nil, "reason is duplicate, fraudulent or requested_by_customer.")
	}
	if r.Amount != nil && *r.Amount < 1 {
		return none, fault.Field("amount", *r.Amount, 0, "amount is a number of minor units above 0; leave it out to refund all that is left.")
	}
	rec, err := e.db.RecordOf(ctx, store.RecordPayment, r.Payment)
	if store.None(err) {
		return none, fault.New(fault.NotFound, "There is no payment %q.", r.Payment).With("payment", r.Payment)
	}
	if err != nil {
		return none, outside("read payment", err)
	}
	paid, err := unpack[subscription.Payment](rec.Body)
	if err != nil {
		return none, err
	}
	if paid.Free() {
		return none, fault.New(fault.Invalid, "The payment %s took no money, so that none can go back: revoke its grants instead.", r.Payment).With("payment", r.Payment)
	}
	if _, err := s.stripe.Refund(ctx, r.Payment, r.Amount, r.Reason, string(r.ID)); err != nil {
		return none, err
	}
	if err := e.sync(ctx, rec.Customer); err != nil {
		return none, err
	}
	if rec, err = e.db.RecordOf(ctx, store.RecordPayment, r.Payment); err != nil {
		return none, outside("read payment", err)
	}
	return unpack[subscription.Payment](rec.Body)
}

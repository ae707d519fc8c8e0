package flowglad

import (
	"context"
	"time"

	"github.com/tollgate/tollgate/id"
)

// Timing says when a change of a subscription takes effect.
type Timing string

// The timings.
const (
	Immediately Timing = "immediately"
	AtPeriodEnd Timing = "at_end_of_current_billing_period"
	Auto        Timing = "auto" // an upgrade at once, a downgrade at the period's end
)

// Payments is what this face needs a payment provider for. A func that is nil answers payments_not_configured; State may be
// nil, and then nothing was ever paid. What they are called with has been checked against the catalog. They return faults.
type Payments struct {
	// Checkout makes a page on which the customer pays, and returns where it is.
	Checkout func(context.Context, Checkout) (Session, error)
	// Session returns a checkout session. Faults: not_found.
	Session func(ctx context.Context, id string) (Session, error)
	// Subscribe puts a customer on a price, paid with what it has paid with before.
	Subscribe func(ctx context.Context, customer id.Customer, price Item) error
	// Cancel ends a customer's paid subscription, and Uncancel takes back an end at the period's end. Both do nothing where
	// there is nothing to do.
	Cancel   func(ctx context.Context, customer id.Customer, at Timing) error
	Uncancel func(ctx context.Context, customer id.Customer) error
	// Adjust replaces what a customer's subscription consists of.
	Adjust func(ctx context.Context, customer id.Customer, to Adjustment) (Adjusted, error)
	// State returns what the provider knows of a customer.
	State func(ctx context.Context, customer id.Customer) (State, error)
}

// CheckoutKind says what a checkout is for.
type CheckoutKind string

// The kinds of checkout.
const (
	CheckoutProduct    CheckoutKind = "product"
	CheckoutMethod     CheckoutKind = "add_payment_method"
	CheckoutActivation CheckoutKind = "activate_subscription"
)

// A Checkout asks for a page on which a customer buys a price of the catalog, or leaves a way to pay.
type Checkout struct {
	Customer     id.Customer
	Kind         CheckoutKind
	Item         Item   // of CheckoutProduct
	Subscription string // of the other kinds; may be empty for CheckoutMethod
	SuccessURL   string
	CancelURL    string
	Name         string         // of what is bought, for the page
	Metadata     map[string]any // to be kept with what is bought
}

// A Session is a checkout page.
type Session struct {
	ID        string
	URL       string
	Status    string // open, pending, succeeded, failed or expired
	ExpiresAt time.Time
	Checkout
}

// An Item is a price of a plan, or a top-up, and how many.
type Item struct {
	Price    id.Slug
	Quantity int64
}

// An Adjustment says what a subscription is to consist of.
type Adjustment struct {
	Items   []Item
	At      Timing
	Prorate *bool // the provider's default when nil
}

// An Adjusted is what became of an adjustment.
type Adjusted struct {
	Upgrade bool
	At      Timing // Immediately or AtPeriodEnd
}

// A State is what the payment provider knows of a customer. The zero value is a customer who never paid.
type State struct {
	PortalURL string    // where the customer manages its billing
	CancelAt  time.Time // when the subscription is to end
	TrialEnd  time.Time
	Price     id.Slug // of the plan's prices, the one that is paid; empty to tell it by the period
	Quantity  int64   // of that price; 1 when 0
	Method    string  // the id of the default way to pay
	Invoices  []Invoice
	Methods   []Method
	Purchases []Purchase
}

// An Invoice is a bill.
type Invoice struct {
	ID, Number, Status, PDF string // Status in Stripe's words
	Currency                string
	Total, Tax              int64 // minor units
	At, DueAt               time.Time
	PeriodStart, PeriodEnd  time.Time
	Lines                   []InvoiceLine
}

// An InvoiceLine is one line of a bill.
type InvoiceLine struct {
	ID, Description string
	Price           id.Slug
	Quantity        int64
	UnitAmount      int64 // minor units
}

// A Method is a way to pay: a card, most often.
type Method struct {
	ID, Type, Brand, Last4 string
	ExpiryMonth            int
	ExpiryYear             int
	CreatedAt              time.Time
}

// A Purchase is a price that was paid for.
type Purchase struct {
	ID       string
	Price    id.Slug
	Quantity int64
	Amount   int64  // minor units
	Status   string // open, pending, failed, paid, refunded or partial_refund
	At       time.Time
}

// state returns what the provider knows of a customer.
func (s *Server) state(ctx context.Context, name id.Customer) (State, error) {
	if s.opts.Payments.State == nil {
		return State{}, nil
	}
	return s.opts.Payments.State(ctx, name)
}

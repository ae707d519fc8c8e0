package subscription

import (
	"slices"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// Status is a subscription's, in Stripe's words (https://docs.stripe.com/api/subscriptions/object#subscription_object-status).
type Status string

// The eight statuses.
const (
	Trialing          Status = "trialing"
	Active            Status = "active"
	PastDue           Status = "past_due"
	Unpaid            Status = "unpaid"
	Paused            Status = "paused"
	Incomplete        Status = "incomplete"
	IncompleteExpired Status = "incomplete_expired"
	Canceled          Status = "canceled"
)

// Over reports whether a subscription of this status has ended for good.
func (s Status) Over() bool { return s == Canceled || s == IncompleteExpired }

// A Picture is everything Stripe says of one customer at one moment.
type Picture struct {
	Customer      string // at Stripe, cus_…
	Deleted       bool
	Subscriptions []Subscription
	Invoices      []Invoice
	Payments      []Payment
	Methods       []Method
}

// A Subscription is one at Stripe.
type Subscription struct {
	ID             string    `json:"id"`
	Status         Status    `json:"status"`
	Items          []Item    `json:"items"`
	Currency       string    `json:"currency"`
	CreatedAt      time.Time `json:"createdAt"`
	TrialStart     time.Time `json:"trialStart,omitzero"`
	TrialEnd       time.Time `json:"trialEnd,omitzero"`
	PeriodStart    time.Time `json:"periodStart"`
	PeriodEnd      time.Time `json:"periodEnd"`
	CancelAt       time.Time `json:"cancelAt,omitzero"`   // when it is planned to end; set for an end at the period's end too
	CanceledAt     time.Time `json:"canceledAt,omitzero"` // when that was asked for
	EndedAt        time.Time `json:"endedAt,omitzero"`
	PausedPayments bool      `json:"pausedPayments,omitempty"` // its invoices are not collected
	LatestInvoice  string    `json:"latestInvoice,omitempty"`

	Method string `json:"-"` // the way it is paid, when it has one of its own
}

// An Item is one price of a subscription.
type Item struct {
	ID       string  `json:"id"`
	Price    id.Slug `json:"price,omitempty"` // of the catalog; empty when Stripe's price is none of ours
	PriceID  string  `json:"priceId"`
	Plan     id.Slug `json:"plan,omitempty"`
	Meter    id.Slug `json:"meter,omitempty"` // of a metered price
	Quantity int64   `json:"quantity,omitempty"`
	Amount   int64   `json:"amount,omitempty"` // of a unit, minor units
	Interval string  `json:"interval,omitempty"`

	CreatedAt time.Time `json:"createdAt,omitzero"`
}

// Plan returns the plan that a subscription is for: that of its first price that has one.
func (s Subscription) Plan() id.Slug {
	for _, i := range s.Items {
		if i.Plan != "" && i.Meter == "" {
			return i.Plan
		}
	}
	return ""
}

// Licensed returns the item that is paid in advance, which the plan is sold by, or nil.
func (s Subscription) Licensed() *Item {
	for n := range s.Items {
		if s.Items[n].Meter == "" {
			return &s.Items[n]
		}
	}
	return nil
}

// Metered returns the items that are billed by use.
func (s Subscription) Metered() []Item {
	return slices.DeleteFunc(slices.Clone(s.Items), func(i Item) bool { return i.Meter == "" })
}

// Stale returns the metered items that bill by another plan's prices, though the plan that s is for is in force: what a change at
// the period's end has left to bill the last of the old plan's usage. None while the change waits for its renewal, for until then
// the old plan's usage is billed by them.
func (s Subscription) Stale(inForce id.Slug) []Item {
	if s.Status.Over() || inForce == "" || s.Plan() != inForce {
		return nil
	}
	return slices.DeleteFunc(s.Metered(), func(i Item) bool { return i.Plan == "" || i.Plan == inForce })
}

// An Invoice is what a customer owed.
type Invoice struct {
	ID           string        `json:"id"`
	Number       string        `json:"number,omitempty"`
	Subscription string        `json:"subscription,omitempty"`
	Status       string        `json:"status"` // draft, open, paid, uncollectible, void
	Reason       string        `json:"reason"` // Stripe's billing_reason
	Currency     string        `json:"currency"`
	AmountDue    int64         `json:"amountDue"`
	AmountPaid   int64         `json:"amountPaid"`
	Total        int64         `json:"total"`
	Tax          int64         `json:"tax,omitempty"` // of Total
	CreatedAt    time.Time     `json:"createdAt"`
	PaidAt       time.Time     `json:"paidAt,omitzero"`
	URL          string        `json:"url,omitempty"` // Stripe's page, on which it can be paid
	PDF          string        `json:"pdf,omitempty"`
	Attempts     int64         `json:"attempts,omitempty"`
	NextAttempt  time.Time     `json:"nextAttempt,omitzero"`
	Lines        []InvoiceLine `json:"lines"`

	Intents []string `json:"-"` // the payment intents that paid it
}

// An InvoiceLine is one amount of an invoice.
type InvoiceLine struct {
	Description string    `json:"description,omitempty"`
	Amount      int64     `json:"amount"`
	Quantity    int64     `json:"quantity,omitempty"`
	Start       time.Time `json:"start"`
	End         time.Time `json:"end"`
	Proration   bool      `json:"proration,omitempty"`
	PriceID     string    `json:"priceId,omitempty"`
	Price       id.Slug   `json:"price,omitempty"` // of the catalog
	Plan        id.Slug   `json:"plan,omitempty"`
	Meter       id.Slug   `json:"meter,omitempty"`

	Subscription string `json:"-"`
	Item         string `json:"-"`
}

// A Quote is what a change or a renewal costs, before it is made.
type Quote struct {
	Total     int64         `json:"total"`     // minor units; below 0 is credit
	AmountDue int64         `json:"amountDue"` // what is collected, after credit
	Currency  string        `json:"currency"`
	Lines     []InvoiceLine `json:"lines"`
	At        time.Time     `json:"at,omitzero"` // to send with the change, so that it costs the same
}

// A Payment is one attempt to take money that the bank has decided, or a checkout that cost nothing.
type Payment struct {
	ID          string    `json:"id"` // the charge's, or the checkout's
	Intent      string    `json:"intent,omitempty"`
	Amount      int64     `json:"amount"` // minor units
	Currency    string    `json:"currency"`
	Status      string    `json:"status"`   // succeeded, pending, failed
	Refunded    int64     `json:"refunded"` // minor units, of refunds that have not failed
	Disputed    bool      `json:"disputed,omitempty"`
	Description string    `json:"description,omitempty"`
	Failure     string    `json:"failure,omitempty"` // why it failed, in the bank's words
	Invoice     string    `json:"invoice,omitempty"`
	ReceiptURL  string    `json:"receiptUrl,omitempty"`
	TopUp       id.Slug   `json:"topUp,omitempty"`
	CreatedAt   time.Time `json:"createdAt"`
	Returns     []Return  `json:"refunds,omitempty"`

	Grants  map[id.Slug]quantity.Units `json:"-"` // what a top-up gives, as it was sold
	Expires time.Duration              `json:"-"` // of the grants after CreatedAt; 0 is never
}

// Free reports whether a payment is a checkout that cost nothing: no money was taken.
func (p Payment) Free() bool { return p.Amount == 0 }

// Purchase returns the id of what a payment bought: that of its invoice, where there is one.
func (p Payment) Purchase() string {
	if p.Invoice != "" {
		return p.Invoice
	}
	return p.ID
}

// A Return is money of a payment that went back, or is to: a refund, or a dispute.
type Return struct {
	ID        string    `json:"id"`
	Amount    int64     `json:"amount"`
	Status    string    `json:"status"` // Stripe's
	Reason    string    `json:"reason,omitempty"`
	Dispute   bool      `json:"dispute,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
}

// Stands reports whether the money is gone from the seller: a refund that was not refused, or a dispute that is not won.
func (r Return) Stands() bool {
	if r.Dispute {
		return r.Status == "needs_response" || r.Status == "under_review" || r.Status == "lost"
	}
	return r.Status != "failed" && r.Status != "canceled"
}

// Inquiry reports whether a dispute is none yet: no money has gone, and it may still become one.
func (r Return) Inquiry() bool {
	return r.Dispute && (r.Status == "warning_needs_response" || r.Status == "warning_under_review")
}

// undone says why the money of a return that does not stand is with the seller.
func (r Return) undone() string {
	switch {
	case r.Dispute && r.Status == "won":
		return "the dispute was won"
	case r.Dispute:
		return "the dispute was dropped"
	case r.Status == "canceled":
		return "the refund was cancelled"
	}
	return "the refund failed"
}

// A Method is a way to pay that a customer has left: a card, most often.
type Method struct {
	ID          string    `json:"id"`
	Type        string    `json:"type"` // Stripe's: card, link, sepa_debit …
	Brand       string    `json:"brand,omitempty"`
	Last4       string    `json:"last4,omitempty"`
	ExpiryMonth int64     `json:"expiryMonth,omitempty"`
	ExpiryYear  int64     `json:"expiryYear,omitempty"`
	Name        string    `json:"name,omitempty"` // of who pays, as typed
	Email       string    `json:"email,omitempty"`
	Country     string    `json:"country,omitempty"`
	Default     bool      `json:"default,omitempty"` // renewals are paid with it
	CreatedAt   time.Time `json:"createdAt"`
}

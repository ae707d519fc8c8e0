package sandbox

import (
	"net/http"
	"strings"
	"time"
)

// A paymentIntent is one payment from its first attempt to its last.
type paymentIntent struct {
	header
	Amount             int64             `json:"amount"`
	AmountCapturable   int64             `json:"amount_capturable"`
	AmountReceived     int64             `json:"amount_received"`
	AutomaticMethods   *automaticMethods `json:"automatic_payment_methods"`
	CanceledAt         stamp             `json:"canceled_at"`
	CancellationReason text              `json:"cancellation_reason"`
	CaptureMethod      string            `json:"capture_method"`
	ClientSecret       string            `json:"client_secret"`
	ConfirmationMethod string            `json:"confirmation_method"`
	Currency           string            `json:"currency"`
	Customer           text              `json:"customer"`
	Description        text              `json:"description"`
	LastPaymentError   *paymentError     `json:"last_payment_error"`
	LatestCharge       text              `json:"latest_charge"`
	Metadata           map[string]string `json:"metadata"`
	NextAction         *nextAction       `json:"next_action"`
	PaymentMethod      text              `json:"payment_method"`
	PaymentMethodTypes []string          `json:"payment_method_types"`
	ReceiptEmail       text              `json:"receipt_email"`
	SetupFutureUsage   text              `json:"setup_future_usage"`
	Shipping           none              `json:"shipping"`
	StatementDesc      text              `json:"statement_descriptor"`
	Status             string            `json:"status"`

	Own *intentOwn `json:"own,omitempty"`
}

type intentOwn struct {
	Invoice string `json:"invoice,omitempty"`
}

type automaticMethods struct {
	AllowRedirects text `json:"allow_redirects,omitempty"`
	Enabled        bool `json:"enabled"`
}

// nextAction sends the payer to where the bank asks for 3-D Secure.
type nextAction struct {
	RedirectToURL redirect `json:"redirect_to_url"`
	Type          string   `json:"type"`
}

type redirect struct {
	ReturnURL text `json:"return_url"`
	URL       text `json:"url"`
}

// paymentError is why the last attempt failed.
type paymentError struct {
	Charge      string `json:"charge,omitempty"`
	Code        string `json:"code"`
	DeclineCode string `json:"decline_code,omitempty"`
	Message     string `json:"message"`
	Type        string `json:"type"`

	PaymentMethod *paymentMethod `json:"payment_method,omitempty"`
}

func (*paymentIntent) kind() string    { return "payment_intent" }
func (p *paymentIntent) owner() string { return string(p.Customer) }
func (p *paymentIntent) shown(*tx) any {
	shown := *p
	shown.Own = nil
	return &shown
}

func failureOf(d *decline, charge string, m *paymentMethod) *paymentError {
	copied := *m
	copied.Own = nil
	return &paymentError{Charge: charge, Code: d.code, DeclineCode: d.declineCode, Message: d.message, Type: faultCard, PaymentMethod: &copied}
}

// newIntent adds a payment of an amount.
func (tx *tx) newIntent(amount int64, currency, customer string) *paymentIntent {
	p := &paymentIntent{header: tx.header("pi_", "payment_intent", customer), Amount: amount, CaptureMethod: "automatic", ConfirmationMethod: "automatic",
		Currency: currency, Customer: text(customer), Metadata: map[string]string{}, PaymentMethodTypes: []string{"card"},
		Status: "requires_payment_method", Own: &intentOwn{}}
	p.ClientSecret = tx.newID(p.ID + "_secret_")
	tx.add(p)
	return p
}

// session says whether the payer is there to pass 3-D Secure.
type session struct {
	off       bool
	approved  bool // the payer has just passed it
	returnURL string
}

// pay charges a payment with a card. It returns nil when the payment succeeded or asks for 3-D Secure, which its status
// says, and a card error when it was declined: the failed charge stays, and so does the error at the payment.
func (tx *tx) pay(p *paymentIntent, m *paymentMethod, at session) *fault {
	tx.edit(p)
	p.PaymentMethod, p.NextAction = text(m.ID), nil
	c := m.testCard()
	asks := c.authenticate == authenticateAlways || c.authenticate == authenticateOnce && !m.Own.SetUp
	if asks && !at.approved {
		if at.off {
			return tx.declined(p, m, unauthenticated)
		}
		p.Status, p.LastPaymentError = "requires_action", nil
		p.NextAction = &nextAction{Type: "redirect_to_url", RedirectToURL: redirect{ReturnURL: text(at.returnURL),
			URL: text(tx.base() + "/_sandbox/authenticate/" + p.ID)}}
		tx.fire("payment_intent.requires_action", p)
		return nil
	}
	if c.decline != nil {
		return tx.declined(p, m, c.decline)
	}
	made := tx.newCharge(p, m)
	made.AmountCaptured, made.Captured, made.Paid, made.Status = p.Amount, true, true, "succeeded"
	made.Outcome = &outcome{NetworkStatus: "approved_by_network", RiskLevel: "normal", SellerMessage: "Payment complete.", Type: "authorized"}
	made.ReceiptURL = text(tx.base() + "/_sandbox/receipts/" + made.ID)
	tx.fire("charge.succeeded", made)
	p.Status, p.AmountReceived, p.LatestCharge, p.LastPaymentError = "succeeded", p.Amount, text(made.ID), nil
	if p.SetupFutureUsage == "off_session" || at.approved {
		tx.edit(m)
		m.Own.SetUp = true
	}
	tx.fire("payment_intent.succeeded", p)
	if c.disputed {
		tx.dispute(made)
	}
	return nil
}

// declined fails the attempt.
func (tx *tx) declined(p *paymentIntent, m *paymentMethod, d *decline) *fault {
	made := tx.newCharge(p, m)
	made.Status, made.FailureCode, made.FailureMessage = "failed", text(d.code), text(d.message)
	made.Outcome = &outcome{NetworkStatus: "declined_by_network", Reason: text(d.declineCode), RiskLevel: "normal",
		SellerMessage: "The bank did not return any further details with this decline.", Type: "issuer_declined"}
	tx.fire("charge.failed", made)
	p.Status, p.LatestCharge = "requires_payment_method", text(made.ID)
	p.LastPaymentError = failureOf(d, made.ID, m)
	p.PaymentMethod = ""
	tx.fire("payment_intent.payment_failed", p)
	f := cardFault(d)
	f.Charge, f.PaymentIntent, f.Kept = made.ID, p, true
	return f
}

// unverified fails the attempt of a payer who did not pass 3-D Secure.
func (tx *tx) unverified(p *paymentIntent) {
	tx.edit(p)
	m, _ := find[*paymentMethod](tx, string(p.PaymentMethod))
	d := &decline{"payment_intent_authentication_failure", "", "We are unable to authenticate your payment method. Please choose a different payment method and try again."}
	p.Status, p.NextAction, p.LastPaymentError, p.PaymentMethod = "requires_payment_method", nil, failureOf(d, "", m), ""
	p.LastPaymentError.Type = faultInvalid
	tx.fire("payment_intent.payment_failed", p)
}

// base is how the sender of the request reaches the pages.
func (tx *tx) base() string {
	if tx.request.base != "" {
		return tx.request.base
	}
	return tx.server.base(nil)
}

func (tx *tx) date() time.Time { return time.Unix(tx.nowOn(""), 0).UTC() }
func (tx *tx) year() int       { return tx.date().Year() }

type intentChange struct {
	ID               string  `path:"id"`
	Amount           *int64  `form:"amount" min:"1"`
	Currency         *string `form:"currency"`
	Customer         *string `form:"customer"`
	Description      *string `form:"description"`
	Metadata         changes `form:"metadata"`
	PaymentMethod    *string `form:"payment_method"`
	ReceiptEmail     *string `form:"receipt_email"`
	SetupFutureUsage *string `form:"setup_future_usage" enum:"off_session|on_session|"`
	StatementDesc    *string `form:"statement_descriptor"`
	MethodTypes      ignored `form:"payment_method_types"`
}

type intentNew struct {
	intentChange
	AutomaticMethods *struct {
		Enabled        bool    `form:"enabled,required"`
		AllowRedirects *string `form:"allow_redirects" enum:"always|never"`
	} `form:"automatic_payment_methods"`
	CaptureMethod   *string `form:"capture_method" enum:"automatic|automatic_async"`
	Confirm         *bool   `form:"confirm"`
	OffSession      *bool   `form:"off_session"`
	ReturnURL       *string `form:"return_url"`
	ErrorOnRequires *bool   `form:"error_on_requires_action"`
}

func createIntent(tx *tx, g *intentNew) (any, error) {
	if g.Amount == nil {
		return nil, required("amount")
	}
	if g.Currency == nil {
		return nil, required("currency")
	}
	if g.Customer != nil {
		if _, err := tx.liveCustomer(*g.Customer, "customer", false); err != nil {
			return nil, err
		}
	}
	if err := checkCurrency("currency", *g.Currency); err != nil {
		return nil, err
	}
	customer := ""
	if g.Customer != nil {
		customer = *g.Customer
	}
	p := tx.newIntent(*g.Amount, strings.ToLower(*g.Currency), customer)
	if g.CaptureMethod != nil {
		p.CaptureMethod = *g.CaptureMethod
	}
	if a := g.AutomaticMethods; a != nil {
		p.AutomaticMethods = &automaticMethods{Enabled: a.Enabled}
		setText(&p.AutomaticMethods.AllowRedirects, a.AllowRedirects)
	}
	g.Customer = nil
	if err := g.intentChange.apply(tx, p); err != nil {
		return nil, err
	}
	tx.fire("payment_intent.created", p)
	if g.Confirm == nil || !*g.Confirm {
		return p, nil
	}
	return tx.confirm(p, &intentConfirm{PaymentMethod: g.PaymentMethod, OffSession: g.OffSession, ReturnURL: g.ReturnURL, ErrorOnRequires: g.ErrorOnRequires})
}

func (g *intentChange) apply(tx *tx, p *paymentIntent) error {
	if g.PaymentMethod != nil && *g.PaymentMethod != "" {
		m, err := tx.method(*g.PaymentMethod, "payment_method", false)
		if err != nil {
			return err
		}
		*g.PaymentMethod = m.ID
		p.PaymentMethod = text(m.ID)
		if p.Status == "requires_payment_method" {
			p.Status = "requires_confirmation"
		}
	}
	if g.Amount != nil {
		p.Amount = *g.Amount
	}
	if g.Currency != nil {
		if err := checkCurrency("currency", *g.Currency); err != nil {
			return err
		}
		p.Currency = strings.ToLower(*g.Currency)
	}
	if g.Customer != nil {
		c, err := tx.liveCustomer(*g.Customer, "customer", false)
		if err != nil {
			return err
		}
		p.Customer = text(c.ID)
		tx.refiled(p)
	}
	setText(&p.Description, g.Description)
	setText(&p.ReceiptEmail, g.ReceiptEmail)
	setText(&p.SetupFutureUsage, g.SetupFutureUsage)
	setText(&p.StatementDesc, g.StatementDesc)
	p.Metadata = g.Metadata.on(p.Metadata)
	return nil
}

func updateIntent(tx *tx, g *intentChange) (any, error) {
	p, err := needPath[*paymentIntent](tx, g.ID, "intent")
	if err != nil {
		return nil, err
	}
	if p.Status == "succeeded" || p.Status == "canceled" {
		if g.Amount != nil || g.PaymentMethod != nil || g.Currency != nil {
			return nil, p.unexpected("updated")
		}
	}
	tx.edit(p)
	return p, g.apply(tx, p)
}

// unexpected refuses what the status does not allow.
func (p *paymentIntent) unexpected(done string) *fault {
	return invalid("", "This PaymentIntent could not be %s because it has a status of %s.", done, p.Status).withCode("payment_intent_unexpected_state")
}

type intentConfirm struct {
	ID               string  `path:"id"`
	PaymentMethod    *string `form:"payment_method"`
	OffSession       *bool   `form:"off_session"`
	ReturnURL        *string `form:"return_url"`
	SetupFutureUsage *string `form:"setup_future_usage" enum:"off_session|on_session|"`
	ErrorOnRequires  *bool   `form:"error_on_requires_action"`
	ReceiptEmail     *string `form:"receipt_email"`
}

func confirmIntent(tx *tx, g *intentConfirm) (any, error) {
	p, err := needPath[*paymentIntent](tx, g.ID, "intent")
	if err != nil {
		return nil, err
	}
	tx.edit(p)
	return tx.confirm(p, g)
}

// confirm tries to pay, and settles the invoice of the payment when it has one.
func (tx *tx) confirm(p *paymentIntent, g *intentConfirm) (any, error) {
	if p.Status != "requires_payment_method" && p.Status != "requires_confirmation" && p.Status != "requires_action" {
		return nil, p.unexpected("confirmed")
	}
	id := string(p.PaymentMethod)
	if g.PaymentMethod != nil {
		id = *g.PaymentMethod
	}
	if id == "" {
		return nil, invalid("", "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.").
			withCode("payment_intent_unexpected_state")
	}
	m, err := tx.method(id, "payment_method", false)
	if err != nil {
		return nil, err
	}
	if m.Customer != "" && m.Customer != p.Customer {
		return nil, invalid("payment_method", "The provided PaymentMethod is attached to another customer.").withCode("payment_method_unexpected_state")
	}
	setText(&p.SetupFutureUsage, g.SetupFutureUsage)
	at := session{off: g.OffSession != nil && *g.OffSession}
	if g.ReturnURL != nil {
		at.returnURL = *g.ReturnURL
	}
	f := tx.pay(p, m, at)
	if f == nil && p.Status == "requires_action" && g.ErrorOnRequires != nil && *g.ErrorOnRequires {
		return nil, &fault{Status: http.StatusPaymentRequired, Type: faultCard, Code: "authentication_required", Message: unauthenticated.message}
	}
	if err := tx.settled(p, f == nil); err != nil {
		return nil, err
	}
	if f != nil {
		return nil, f
	}
	if p.Status == "succeeded" && p.SetupFutureUsage != "" && p.Customer != "" && m.Customer == "" {
		c, _ := find[*customer](tx, string(p.Customer))
		tx.join(m, c)
	}
	return p, nil
}

type intentCancel struct {
	ID     string  `path:"id"`
	Reason *string `form:"cancellation_reason" enum:"abandoned|duplicate|fraudulent|requested_by_customer"`
}

func cancelIntent(tx *tx, g *intentCancel) (any, error) {
	p, err := needPath[*paymentIntent](tx, g.ID, "intent")
	if err != nil {
		return nil, err
	}
	if p.Status == "succeeded" || p.Status == "canceled" {
		return nil, p.unexpected("canceled")
	}
	reason := ""
	if g.Reason != nil {
		reason = *g.Reason
	}
	tx.cancelPayment(p, reason)
	return p, nil
}

func (tx *tx) cancelPayment(p *paymentIntent, reason string) {
	tx.edit(p)
	p.Status, p.CanceledAt, p.CancellationReason, p.NextAction = "canceled", stamp(tx.now(string(p.Customer))), text(reason), nil
	tx.fire("payment_intent.canceled", p)
}

func getIntent(tx *tx, p *byID) (any, error) { return needPath[*paymentIntent](tx, p.ID, "intent") }

type intentList struct {
	listing
	Customer *string `form:"customer"`
	Created  span    `form:"created"`
}

func listIntents(tx *tx, g *intentList) (any, error) {
	return pageOf(tx, g.listing, "/v1/payment_intents", every[*paymentIntent](tx), func(p *paymentIntent) bool {
		return (g.Customer == nil || *g.Customer == string(p.Customer)) && g.Created.has(p.Created)
	})
}

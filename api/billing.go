package api

import (
	"context"
	"io"
	"net/http"
	"reflect"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/subscription"
)

// A bodyWrite is a request that is all body.
type bodyWrite struct {
	RawBody []byte
}

func (s *Server) checkout(ctx context.Context, in *bodyWrite) (tollgate.CheckoutSession, error) {
	var r tollgate.CheckoutRequest
	err := decode(in.RawBody, fields{
		"customer": &r.Customer, "price": &r.Price, "topUp": &r.TopUp, "card": &r.Card, "quantity": &r.Quantity, "trialDays": &r.TrialDays,
		"promotionCode": &r.PromotionCode, "successUrl": &r.SuccessURL, "cancelUrl": &r.CancelURL, "metadata": &r.Metadata,
	})
	if err != nil {
		return tollgate.CheckoutSession{}, err
	}
	return s.engine.Checkout(ctx, r)
}

type checkoutPath struct {
	ID string `path:"id" doc:"The id of a checkout session." example:"cs_test_1"`
}

func (s *Server) checkoutSession(ctx context.Context, in *checkoutPath) (tollgate.CheckoutSession, error) {
	return s.engine.CheckoutSession(ctx, in.ID)
}

func (s *Server) portal(ctx context.Context, in *bodyWrite) (tollgate.PortalSession, error) {
	var r tollgate.PortalRequest
	if err := decode(in.RawBody, fields{"customer": &r.Customer, "returnUrl": &r.ReturnURL}); err != nil {
		return tollgate.PortalSession{}, err
	}
	return s.engine.Portal(ctx, r)
}

// Subscriptions is the answer with a customer's subscriptions.
type Subscriptions struct {
	Data []subscription.Subscription `json:"data"`
}

func (s *Server) subscriptions(ctx context.Context, in *CustomerPath) (Subscriptions, error) {
	all, err := s.engine.Subscriptions(ctx, in.ExternalID)
	return Subscriptions{all}, err
}

type recordsPage struct {
	CustomerPath
	Limit  int    `query:"limit" doc:"How many the page has at most: a whole number from 1 to 1000, 100 when not sent." minimum:"1" maximum:"1000"`
	Cursor string `query:"cursor" doc:"The next of the page before."`
}

func (s *Server) payments(ctx context.Context, in *recordsPage) (tollgate.Page[subscription.Payment], error) {
	return s.engine.PaymentsOf(ctx, in.ExternalID, in.Cursor, in.Limit)
}

func (s *Server) invoices(ctx context.Context, in *recordsPage) (tollgate.Page[subscription.Invoice], error) {
	return s.engine.InvoicesOf(ctx, in.ExternalID, in.Cursor, in.Limit)
}

// ReportableUsage is the answer with what a customer owes for use.
type ReportableUsage struct {
	Data []tollgate.Reportable `json:"data"`
}

func (s *Server) reportable(ctx context.Context, in *CustomerPath) (ReportableUsage, error) {
	all, err := s.engine.Reportable(ctx, in.ExternalID)
	return ReportableUsage{all}, err
}

type subscriptionWrite struct {
	ID      string `path:"id" doc:"The id of a subscription." example:"sub_1"`
	RawBody []byte
}

func (in *subscriptionWrite) change() (tollgate.ChangeRequest, error) {
	r := tollgate.ChangeRequest{Subscription: in.ID}
	err := decode(in.RawBody, fields{"price": &r.Price, "quantity": &r.Quantity, "when": &r.When, "at": &r.At})
	return r, err
}

func (s *Server) changeSubscription(ctx context.Context, in *subscriptionWrite) (subscription.Subscription, error) {
	r, err := in.change()
	if err != nil {
		return subscription.Subscription{}, err
	}
	return s.engine.ChangeSubscription(ctx, r)
}

func (s *Server) previewChange(ctx context.Context, in *subscriptionWrite) (tollgate.ChangePreview, error) {
	r, err := in.change()
	if err != nil {
		return tollgate.ChangePreview{}, err
	}
	return s.engine.PreviewChange(ctx, r)
}

// A CancelRequest says when a subscription ends.
type CancelRequest struct {
	When tollgate.When `json:"when,omitempty"`
}

func (s *Server) cancelSubscription(ctx context.Context, in *subscriptionWrite) (subscription.Subscription, error) {
	var r CancelRequest
	if len(in.RawBody) > 0 {
		if err := decode(in.RawBody, fields{"when": &r.When}); err != nil {
			return subscription.Subscription{}, err
		}
	}
	return s.engine.CancelSubscription(ctx, in.ID, r.When)
}

func (s *Server) resumeSubscription(ctx context.Context, in *subscriptionWrite) (subscription.Subscription, error) {
	return s.engine.ResumeSubscription(ctx, in.ID)
}

func (s *Server) pauseSubscription(ctx context.Context, in *subscriptionWrite) (subscription.Subscription, error) {
	return s.engine.PauseSubscription(ctx, in.ID)
}

type subscriptionPath struct {
	ID string `path:"id" doc:"The id of a subscription." example:"sub_1"`
}

func (s *Server) upcomingInvoice(ctx context.Context, in *subscriptionPath) (subscription.Quote, error) {
	return s.engine.UpcomingInvoice(ctx, in.ID)
}

type paymentWrite struct {
	ID             string         `path:"id" doc:"The id of a payment." example:"ch_1"`
	IdempotencyKey id.Transaction `header:"Idempotency-Key" doc:"Stands in for an id that is not sent."`
	RawBody        []byte
}

func (s *Server) refund(ctx context.Context, in *paymentWrite) (subscription.Payment, error) {
	r := tollgate.RefundRequest{Payment: in.ID}
	if err := decode(in.RawBody, fields{"amount": &r.Amount, "reason": &r.Reason, "id": &r.ID}); err != nil {
		return subscription.Payment{}, err
	}
	if r.ID == "" {
		r.ID = in.IdempotencyKey
	}
	return s.engine.Refund(ctx, r)
}

// webhookBytesMax is the largest webhook that is read.
const webhookBytesMax = 1 << 20

// webhook takes Stripe's webhooks. It needs no key: the signature over the raw body is one.
func (s *Server) webhook(x *exchange, r *http.Request) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, webhookBytesMax+1))
	if err != nil || len(body) > webhookBytesMax {
		return fault.New(fault.TooLarge, "The webhook cannot be read: it is cut off, or larger than %d bytes.", webhookBytesMax)
	}
	err = s.engine.Webhook(r.Context(), body, r.Header.Get("Stripe-Signature"))
	if f := fault.Of(err); f != nil && f.Code == fault.Invalid {
		text, marshalErr := f.MarshalJSON()
		if marshalErr != nil {
			return marshalErr
		}
		send(x, http.StatusBadRequest, append(text, '\n')) // Stripe's own documentation answers so
		return nil
	}
	if err != nil {
		return err
	}
	return answer(x, Received{true})
}

// Received is the answer to a webhook that is kept.
type Received struct {
	Received bool `json:"received"`
}

func billingOperations() map[string]operation {
	sold := []fault.Code{fault.NotFound, fault.Conflict, fault.PaymentRefused, fault.PaymentsNotConfigured}
	missing := []fault.Code{fault.NotFound, fault.Invalid}
	one := reflect.TypeFor[subscription.Subscription]()
	hook := operation{
		name: "stripeWebhook", tag: billingTag, summary: "Receive Stripe's webhooks", answer: reflect.TypeFor[Received](), body: reflect.TypeFor[object](),
		about:   "For Stripe, which signs what it sends. The event is kept once and answered; what it means is read from Stripe a moment later. A signature that is wrong, missing or older than five minutes answers 400.",
		refuses: []fault.Code{fault.PaymentsNotConfigured, fault.Unavailable},
	}
	other := hook
	other.name = "stripeWebhookAlias"
	return map[string]operation{
		"POST /v1/checkout-sessions": {
			name: "openCheckout", tag: billingTag, summary: "Open a checkout",
			about: "Makes a visit to Stripe's page, where the customer buys a plan's price or a top-up, or saves a card. Send the customer to url. Who has a live subscription is answered 409: change it instead. So is who is paying for one at this moment, and of checkouts for plans that are opened at once each but the last, for only one can be paid.",
			body:  reflect.TypeFor[tollgate.CheckoutRequest](), example: `{"customer": "user_42", "price": "pro_monthly", "successUrl": "https://example.com/billing?session={CHECKOUT_SESSION_ID}"}`,
			answer: reflect.TypeFor[tollgate.CheckoutSession](), refuses: sold,
		},
		"GET /v1/checkout-sessions/{id}": {
			name: "readCheckout", tag: billingTag, summary: "Read a checkout", about: "For the page that the customer comes back to: what was bought is true here before this answers.",
			answer: reflect.TypeFor[tollgate.CheckoutSession](), refuses: append(missing, fault.PaymentsNotConfigured),
		},
		"POST /v1/portal-sessions": {
			name: "openPortal", tag: billingTag, summary: "Open the billing portal", about: "Makes a visit to Stripe's portal: cards, invoices, cancellation. 404 for who never bought anything.",
			body: reflect.TypeFor[tollgate.PortalRequest](), example: `{"customer": "user_42", "returnUrl": "https://example.com/billing"}`,
			answer: reflect.TypeFor[tollgate.PortalSession](), refuses: sold,
		},
		"GET /v1/customers/{externalId}/subscriptions": {
			name: "listSubscriptions", tag: billingTag, summary: "List a customer's subscriptions", about: "The one that counts, as Stripe last said; none for who never subscribed. Should others live beside it, they follow: they are paid for and give nothing, so cancel them.",
			answer: reflect.TypeFor[Subscriptions](), refuses: missing,
		},
		"GET /v1/customers/{externalId}/payments": {
			name: "listPayments", tag: billingTag, summary: "List a customer's payments", about: "Newest first, with what was refunded. A top-up that a promotion code made free is one of 0, with the id of its checkout.",
			answer: reflect.TypeFor[tollgate.Page[subscription.Payment]](), refuses: missing,
		},
		"GET /v1/customers/{externalId}/invoices": {
			name: "listInvoices", tag: billingTag, summary: "List a customer's invoices", about: "Newest first.",
			answer: reflect.TypeFor[tollgate.Page[subscription.Invoice]](), refuses: missing,
		},
		"GET /v1/customers/{externalId}/reportable-usage": {
			name: "listReportableUsage", tag: billingTag, summary: "List what is billed by use", about: "For the period that was paid for: what Stripe has been told of each meter, and what it has yet to be told.",
			answer: reflect.TypeFor[ReportableUsage](), refuses: append(missing, fault.PaymentsNotConfigured),
		},
		"POST /v1/subscriptions/{id}/change": {
			name: "changeSubscription", tag: billingTag, summary: "Change a subscription",
			about: "To another price or quantity. A dearer one counts at once and its difference is paid at once; a cheaper one counts from the next renewal on; when says otherwise. A card that does not pay leaves everything as it was. A subscription that is to end still does: at the end of the period that the change begins, if it begins one.",
			body:  reflect.TypeFor[tollgate.ChangeRequest](), example: `{"price": "business_monthly"}`, answer: one, refuses: sold,
		},
		"POST /v1/subscriptions/{id}/preview": {
			name: "previewChange", tag: billingTag, summary: "Preview a change", about: "What the change would cost, and what it would give. Send at along with the change, so that it costs the same.",
			body: reflect.TypeFor[tollgate.ChangeRequest](), example: `{"price": "business_monthly"}`, answer: reflect.TypeFor[tollgate.ChangePreview](), refuses: sold,
		},
		"POST /v1/subscriptions/{id}/cancel": {
			name: "cancelSubscription", tag: billingTag, summary: "Cancel a subscription", about: "At the end of its period, or now with when set to now.",
			body: reflect.TypeFor[CancelRequest](), example: `{"when": "period_end"}`, optional: true, answer: one, refuses: sold,
		},
		"POST /v1/subscriptions/{id}/resume": {
			name: "resumeSubscription", tag: billingTag, summary: "Resume a subscription", about: "Takes a planned cancellation or a pause back.",
			body: reflect.TypeFor[Nothing](), optional: true, answer: one, refuses: sold,
		},
		"POST /v1/subscriptions/{id}/pause": {
			name: "pauseSubscription", tag: billingTag, summary: "Pause a subscription", about: "Renewals are not billed, and give nothing, until it is resumed.",
			body: reflect.TypeFor[Nothing](), optional: true, answer: one, refuses: sold,
		},
		"GET /v1/subscriptions/{id}/upcoming": {
			name: "upcomingInvoice", tag: billingTag, summary: "Preview the next renewal", answer: reflect.TypeFor[subscription.Quote](), refuses: sold,
		},
		"POST /v1/payments/{id}/refunds": {
			name: "refundPayment", tag: billingTag, summary: "Refund a payment",
			about: "Gives money back, all that is left without an amount. What the payment had bought is taken back in proportion, as far as it is not spent. The header Idempotency-Key stands in for an id that is not sent.",
			body:  reflect.TypeFor[tollgate.RefundRequest](), example: `{"amount": 500, "reason": "requested_by_customer", "id": "ticket_17"}`,
			answer: reflect.TypeFor[subscription.Payment](), refuses: sold,
		},
		"POST /webhooks/stripe":     hook,
		"POST /api/webhooks/stripe": other,
	}
}

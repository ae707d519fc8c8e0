package sandbox_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v86"
	"github.com/tollgate/tollgate/sandbox"
	"github.com/tollgate/tollgate/sandbox/conform"
)

// A mailbox receives webhooks, as a shop's server does: it checks the signature with stripe-go before it reads a
// payload.
type mailbox struct {
	*testing.T
	file   *conform.File
	secret string // set before the first delivery

	mu       sync.Mutex
	received map[string]stripe.EventType // by id
}

func (m *mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		m.Errorf("read a webhook: %v", err)
		return
	}
	event, err := stripe.ConstructEvent(body, r.Header.Get("Stripe-Signature"), m.secret)
	if err != nil {
		m.Errorf("ConstructEvent refuses a webhook: %v\n%s", err, body)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, p := range m.file.Event(body) {
		m.Errorf("a webhook: %s\n%s", p, body)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.received[event.ID] = event.Type
}

// got reports whether an event has arrived.
func (m *mailbox) got(event object) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return string(m.received[event.id()]) == event.text("type")
}

// A life is one customer's history with a shop, told with stripe-go.
type life struct {
	*shop
	ctx     context.Context
	stripe  *stripe.Client
	mailbox *mailbox
	told    int // events of the steps so far
}

func openLife(t *testing.T) *life {
	t.Helper()
	s := openShop(t, sandbox.Options{})
	file, err := conform.Load()
	if err != nil {
		t.Fatal(err)
	}
	l := &life{shop: s, ctx: t.Context(), mailbox: &mailbox{T: t, file: file, received: map[string]stripe.EventType{}}}
	l.stripe = stripe.NewClient("sk_test_life", stripe.WithBackends(stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL:             stripe.String(s.url),
		EnableTelemetry: stripe.Bool(false),
	})))
	hooks := httptest.NewServer(l.mailbox)
	t.Cleanup(hooks.Close)
	endpoint, err := l.stripe.V1WebhookEndpoints.Create(l.ctx, &stripe.WebhookEndpointCreateParams{
		URL:           stripe.String(hooks.URL),
		EnabledEvents: []*string{stripe.String("*")},
		APIVersion:    stripe.String(stripe.APIVersion),
	})
	if err != nil {
		t.Fatal(err)
	}
	l.mailbox.secret = endpoint.Secret
	return l
}

// step runs one step and compares the events it left, in their order, with want: an event that ends in ? may be
// missing. All of them must have arrived at the mailbox.
func (l *life) step(name string, act func(), want ...string) {
	l.Helper()
	act()
	if err := l.server.Flush(l.ctx); err != nil {
		l.Fatalf("%s: flush: %v", name, err)
	}
	var got []string
	for _, event := range l.events() {
		got = append(got, event.text("type"))
		if !l.mailbox.got(event) {
			l.Errorf("%s: the webhook of %s %s has not arrived", name, event.text("type"), event.id())
		}
	}
	l.told += len(got)
	var expected []string
	rest := got
	for _, kind := range want {
		kind, optional := strings.CutSuffix(kind, "?")
		if optional && (len(rest) == 0 || rest[0] != kind) {
			continue
		}
		expected = append(expected, kind)
		if len(rest) > 0 {
			rest = rest[1:]
		}
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		l.Errorf("%s left other events than Stripe's (-want +got):\n%s", name, diff)
	}
}

// events returns the events since the last step.
func (l *life) events() []object {
	l.Helper()
	var events []object
	for _, body := range l.server.Events()[l.told:] {
		event, err := decodeObject(body)
		if err != nil {
			l.Fatal(err)
		}
		events = append(events, event)
	}
	return events
}

// must stops the test on an error of stripe-go.
func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// subscription reads the subscription.
func (l *life) subscription(id string) *stripe.Subscription {
	l.Helper()
	sub, err := l.stripe.V1Subscriptions.Retrieve(l.ctx, id, nil)
	return must(l, sub, err)
}

// periodEnd returns the end of the subscription's period.
func (l *life) periodEnd(id string) time.Time {
	l.Helper()
	return time.Unix(l.subscription(id).Items.Data[0].CurrentPeriodEnd, 0)
}

// latestInvoice reads the newest invoice of the subscription, with its payments.
func (l *life) latestInvoice(id string) *stripe.Invoice {
	l.Helper()
	params := &stripe.InvoiceRetrieveParams{}
	params.AddExpand("payments")
	invoice, err := l.stripe.V1Invoices.Retrieve(l.ctx, l.subscription(id).LatestInvoice.ID, params)
	return must(l, invoice, err)
}

// charge returns the charge that paid an invoice.
func (l *life) charge(invoice *stripe.Invoice) *stripe.Charge {
	l.Helper()
	params := &stripe.PaymentIntentRetrieveParams{}
	params.AddExpand("latest_charge")
	intent, err := l.stripe.V1PaymentIntents.Retrieve(l.ctx, invoice.Payments.Data[0].Payment.PaymentIntent.ID, params)
	return must(l, intent, err).LatestCharge
}

// payWith attaches a test card and makes it the customer's default.
func (l *life) payWith(customer, card string) {
	l.Helper()
	method, err := l.stripe.V1PaymentMethods.Attach(l.ctx, card, &stripe.PaymentMethodAttachParams{Customer: &customer})
	must(l, method, err)
	changed, err := l.stripe.V1Customers.Update(l.ctx, customer, &stripe.CustomerUpdateParams{
		InvoiceSettings: &stripe.CustomerUpdateInvoiceSettingsParams{DefaultPaymentMethod: &method.ID},
	})
	must(l, changed, err)
}

// monthly makes a monthly price, in cents.
func (l *life) monthly(name string, amount int64) *stripe.Price {
	l.Helper()
	product, err := l.stripe.V1Products.Create(l.ctx, &stripe.ProductCreateParams{Name: &name})
	must(l, product, err)
	price, err := l.stripe.V1Prices.Create(l.ctx, &stripe.PriceCreateParams{
		Product:    &product.ID,
		Currency:   stripe.String("usd"),
		UnitAmount: &amount,
		Recurring:  &stripe.PriceCreateRecurringParams{Interval: stripe.String("month")},
	})
	return must(l, price, err)
}

// The sequences of Stripe's events, as the documentation of subscription webhooks and recorded logs have them.
var (
	renewalDrafted = []string{"invoice.created", "customer.subscription.updated"}
	renewalPaid    = []string{
		"invoice.finalized", "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "customer.updated?",
		"invoice.updated", "invoice.paid", "invoice.payment_succeeded", "invoice_payment.paid",
	}
	renewalFailed = []string{
		"invoice.finalized", "payment_intent.created", "charge.failed", "payment_intent.payment_failed", "invoice.updated",
		"invoice.payment_failed", "customer.subscription.updated", "customer.updated?",
	}
	retryPaid = []string{
		"charge.succeeded", "payment_intent.succeeded", "invoice.updated", "invoice.paid", "invoice.payment_succeeded",
		"invoice_payment.paid", "customer.subscription.updated", "customer.updated?",
	}
)

// finalized is past the hour for which a renewal's invoice stays a draft.
const finalized = time.Hour + time.Minute

func TestAWholeLife(t *testing.T) {
	t.Parallel()
	l := openLife(t)
	var (
		basic, pro *stripe.Price
		customer   *stripe.Customer
		session    *stripe.CheckoutSession
		sub        string
		err        error
	)

	l.step("the catalogue", func() {
		basic, pro = l.monthly("Basic", 2000), l.monthly("Pro", 5000)
	}, "product.created", "price.created", "plan.created?", "product.created", "price.created", "plan.created?")

	l.step("the customer", func() {
		customer, err = l.stripe.V1Customers.Create(l.ctx, &stripe.CustomerCreateParams{Email: stripe.String("jo@example.com")})
		must(t, customer, err)
	}, "customer.created")

	l.step("a checkout session", func() {
		session, err = l.stripe.V1CheckoutSessions.Create(l.ctx, &stripe.CheckoutSessionCreateParams{
			Mode:       stripe.String("subscription"),
			Customer:   &customer.ID,
			SuccessURL: stripe.String("https://example.com/ok?session={CHECKOUT_SESSION_ID}"),
			LineItems:  []*stripe.CheckoutSessionCreateLineItemParams{{Price: &basic.ID, Quantity: stripe.Int64(1)}},
			SubscriptionData: &stripe.CheckoutSessionCreateSubscriptionDataParams{
				TrialPeriodDays: stripe.Int64(14),
				Metadata:        map[string]string{"plan": "basic"},
			},
		})
		must(t, session, err)
	})

	l.step("checkout with a trial", func() {
		to := l.pay(session.URL, "4242424242424242")
		if want := "https://example.com/ok?session=" + session.ID; to != want {
			t.Errorf("the page leads to %s, want %s", to, want)
		}
	}, "setup_intent.created", "setup_intent.succeeded", "payment_method.attached", "customer.updated?", "customer.subscription.created",
		"invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_succeeded", "checkout.session.completed")

	session, err = l.stripe.V1CheckoutSessions.Retrieve(l.ctx, session.ID, nil)
	must(t, session, err)
	if session.Status != "complete" || session.PaymentStatus != "no_payment_required" {
		t.Errorf("the session is %s and %s, want complete and no_payment_required", session.Status, session.PaymentStatus)
	}
	sub = session.Subscription.ID
	if got := l.subscription(sub); got.Status != "trialing" || got.Metadata["plan"] != "basic" {
		t.Errorf("the subscription is %s with %v, want trialing with the metadata of subscription_data", got.Status, got.Metadata)
	}
	trialEnd := l.periodEnd(sub)

	l.step("three days before the trial's end", func() { l.advance(trialEnd.AddDate(0, 0, -3)) }, "customer.subscription.trial_will_end")
	l.step("the trial's end", func() { l.advance(trialEnd) }, "customer.subscription.updated", "invoice.created")
	l.wantStatus(sub, "active")
	l.step("the first payment", func() { l.advance(trialEnd.Add(finalized)) }, renewalPaid...)
	l.wantPaid(sub, 2000, "subscription_cycle")

	for _, renewal := range []string{"the first renewal", "the second renewal", "the third renewal"} {
		end := l.periodEnd(sub)
		l.step(renewal, func() { l.advance(end) }, renewalDrafted...)
		l.step(renewal+"'s payment", func() { l.advance(end.Add(finalized)) }, renewalPaid...)
		l.wantPaid(sub, 2000, "subscription_cycle")
	}

	l.step("a card that will fail", func() { l.payWith(customer.ID, "pm_card_chargeCustomerFail") }, "payment_method.attached", "customer.updated")
	// The subscription has a card of its own from checkout, which goes before the customer's.
	l.step("the subscription's card", func() {
		changed, err := l.stripe.V1Customers.Retrieve(l.ctx, customer.ID, nil)
		must(t, changed, err)
		updated, err := l.stripe.V1Subscriptions.Update(l.ctx, sub, &stripe.SubscriptionUpdateParams{
			DefaultPaymentMethod: &changed.InvoiceSettings.DefaultPaymentMethod.ID,
		})
		must(t, updated, err)
	}, "customer.subscription.updated")
	end := l.periodEnd(sub)
	l.step("a renewal", func() { l.advance(end) }, renewalDrafted...)
	l.step("its payment, which fails", func() { l.advance(end.Add(finalized)) }, renewalFailed...)
	l.wantStatus(sub, "past_due")
	failed := l.latestInvoice(sub)
	if failed.Status != "open" || failed.AttemptCount != 1 || failed.NextPaymentAttempt == 0 {
		t.Errorf("the unpaid invoice is %s after %d attempts, next at %d; want open, 1, and a time", failed.Status, failed.AttemptCount, failed.NextPaymentAttempt)
	}

	l.step("a card that works", func() {
		method, err := l.stripe.V1PaymentMethods.Attach(l.ctx, "pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &customer.ID})
		must(t, method, err)
		updated, err := l.stripe.V1Subscriptions.Update(l.ctx, sub, &stripe.SubscriptionUpdateParams{DefaultPaymentMethod: &method.ID})
		must(t, updated, err)
	}, "payment_method.attached", "customer.subscription.updated")
	l.step("the retry", func() { l.advance(time.Unix(failed.NextPaymentAttempt, 0).Add(time.Minute)) }, retryPaid...)
	l.wantStatus(sub, "active")
	l.wantPaid(sub, 2000, "subscription_cycle")

	l.upgrade(sub, pro)
	l.downgrade(sub, basic)
	l.refunds(sub)
	l.dispute(customer.ID)
	l.leave(sub, customer.ID)
}

// upgrade moves to a dearer price at once, and compares the invoice with its preview.
func (l *life) upgrade(sub string, price *stripe.Price) {
	l.Helper()
	item := l.subscription(sub).Items.Data[0]
	at := l.server.Now().Unix()
	preview, err := l.stripe.V1Invoices.CreatePreview(l.ctx, &stripe.InvoiceCreatePreviewParams{
		Subscription: &sub,
		SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
			Items:             []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{ID: &item.ID, Price: &price.ID}},
			ProrationBehavior: stripe.String("always_invoice"),
			ProrationDate:     &at,
		},
	})
	must(l, preview, err)
	l.step("an upgrade", func() {
		updated, err := l.stripe.V1Subscriptions.Update(l.ctx, sub, &stripe.SubscriptionUpdateParams{
			Items:             []*stripe.SubscriptionUpdateItemParams{{ID: &item.ID, Price: &price.ID}},
			ProrationBehavior: stripe.String("always_invoice"),
			ProrationDate:     &at,
		})
		must(l, updated, err)
	}, "invoiceitem.created?", "invoiceitem.created?", "customer.subscription.updated", "invoice.created", "invoice.finalized", "payment_intent.created",
		"charge.succeeded", "payment_intent.succeeded", "customer.updated?", "invoice.updated?", "invoice.paid", "invoice.payment_succeeded", "invoice_payment.paid")
	invoice := l.latestInvoice(sub)
	if invoice.BillingReason != "subscription_update" || invoice.Status != "paid" || invoice.Total != preview.Total || invoice.Total <= 0 {
		l.Errorf("the upgrade's invoice is %s, %s, of %d; want subscription_update, paid, of the preview's %d", invoice.BillingReason, invoice.Status, invoice.Total, preview.Total)
	}
	if diff := cmp.Diff(lines(preview), lines(invoice)); diff != "" {
		l.Errorf("the upgrade's lines differ from its preview's (-preview +invoice):\n%s", diff)
	}
}

// lines returns the amounts and texts of an invoice's lines.
func lines(invoice *stripe.Invoice) map[string]int64 {
	amounts := map[string]int64{}
	for _, line := range invoice.Lines.Data {
		amounts[line.Description] = line.Amount
	}
	return amounts
}

// downgrade moves to a cheaper price with effect from the next period: nothing is prorated.
func (l *life) downgrade(sub string, price *stripe.Price) {
	l.Helper()
	item := l.subscription(sub).Items.Data[0]
	end := l.periodEnd(sub)
	l.step("a downgrade for the next period", func() {
		updated, err := l.stripe.V1Subscriptions.Update(l.ctx, sub, &stripe.SubscriptionUpdateParams{
			Items:             []*stripe.SubscriptionUpdateItemParams{{ID: &item.ID, Price: &price.ID}},
			ProrationBehavior: stripe.String("none"),
		})
		must(l, updated, err)
	}, "customer.subscription.updated")
	l.step("the renewal after the downgrade", func() { l.advance(end.Add(finalized)) }, slices.Concat(renewalDrafted, renewalPaid)...)
	l.wantPaid(sub, price.UnitAmount, "subscription_cycle")
}

// refunds gives a part of the newest payment back, and then the rest.
func (l *life) refunds(sub string) {
	l.Helper()
	charge := l.charge(l.latestInvoice(sub))
	refund := func(amount *int64) {
		made, err := l.stripe.V1Refunds.Create(l.ctx, &stripe.RefundCreateParams{Charge: &charge.ID, Amount: amount})
		must(l, made, err)
	}
	sequence := []string{"refund.created", "charge.refunded", "refund.updated", "charge.refund.updated?"}
	l.step("a partial refund", func() { refund(stripe.Int64(500)) }, sequence...)
	charge = l.charge(l.latestInvoice(sub))
	if charge.AmountRefunded != 500 || charge.Refunded {
		l.Errorf("after a partial refund the charge has %d refunded, %t; want 500, false", charge.AmountRefunded, charge.Refunded)
	}
	l.step("the refund of the rest", func() { refund(nil) }, sequence...)
	charge = l.charge(l.latestInvoice(sub))
	if charge.AmountRefunded != 2000 || !charge.Refunded {
		l.Errorf("after the refund of the rest the charge has %d refunded, %t; want 2000, true", charge.AmountRefunded, charge.Refunded)
	}
	if invoice := l.latestInvoice(sub); invoice.Status != "paid" {
		l.Errorf("after the refund the invoice is %s, want paid: refunds leave invoices alone", invoice.Status)
	}
	l.wantStatus(sub, "active")
}

// dispute pays with the card whose payments are disputed.
func (l *life) dispute(customer string) {
	l.Helper()
	l.step("a disputed payment", func() {
		intent, err := l.stripe.V1PaymentIntents.Create(l.ctx, &stripe.PaymentIntentCreateParams{
			Amount: stripe.Int64(1500), Currency: stripe.String("usd"), Customer: &customer, Confirm: stripe.Bool(true),
			PaymentMethod: stripe.String("pm_card_createDispute"), ReturnURL: stripe.String("https://example.com"),
		})
		must(l, intent, err)
	}, "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "charge.dispute.created", "charge.updated?",
		"charge.dispute.funds_withdrawn?")
}

// leave cancels in the portal, waits for the end of the period, and deletes the customer.
func (l *life) leave(sub, customer string) {
	l.Helper()
	var portal *stripe.BillingPortalSession
	l.step("a portal session", func() {
		var err error
		portal, err = l.stripe.V1BillingPortalSessions.Create(l.ctx, &stripe.BillingPortalSessionCreateParams{
			Customer: &customer, ReturnURL: stripe.String("https://example.com/account"),
		})
		must(l, portal, err)
	}, "billing_portal.configuration.created?", "billing_portal.session.created")
	end := l.periodEnd(sub)
	l.step("cancel in the portal", func() { l.cancelInPortal(portal.URL, sub) }, "customer.subscription.updated")
	canceled := l.subscription(sub)
	if canceled.CancelAt != end.Unix() || canceled.CancelAtPeriodEnd || canceled.Status != "active" {
		l.Errorf("after the portal's cancel the subscription is %s with cancel_at %d and cancel_at_period_end %t; want active, %d, false",
			canceled.Status, canceled.CancelAt, canceled.CancelAtPeriodEnd, end.Unix())
	}
	// Nobody answered the dispute, so it is lost on the way.
	l.step("the end", func() { l.advance(end.Add(finalized)) }, "charge.dispute.closed", "customer.subscription.deleted")
	gone := l.subscription(sub)
	if gone.Status != "canceled" || gone.EndedAt != end.Unix() || gone.CancellationDetails.Reason != "cancellation_requested" {
		l.Errorf("at the end the subscription is %s, ended at %d because of %s; want canceled, %d, cancellation_requested",
			gone.Status, gone.EndedAt, gone.CancellationDetails.Reason, end.Unix())
	}
	l.step("the customer deleted", func() {
		deleted, err := l.stripe.V1Customers.Delete(l.ctx, customer, nil)
		must(l, deleted, err)
	}, "customer.deleted")
}

func (l *life) wantStatus(sub string, want stripe.SubscriptionStatus) {
	l.Helper()
	if got := l.subscription(sub).Status; got != want {
		l.Errorf("the subscription is %s, want %s", got, want)
	}
}

// wantPaid expects the newest invoice to be paid, by one charge of the amount.
func (l *life) wantPaid(sub string, amount int64, reason stripe.InvoiceBillingReason) {
	l.Helper()
	invoice := l.latestInvoice(sub)
	if invoice.Status != "paid" || invoice.AmountPaid != amount || invoice.BillingReason != reason {
		l.Errorf("the newest invoice is %s with %d paid, a %s; want paid, %d, %s", invoice.Status, invoice.AmountPaid, invoice.BillingReason, amount, reason)
		return
	}
	if charge := l.charge(invoice); charge.Amount != amount || !charge.Paid {
		l.Errorf("the charge of the newest invoice is of %d, paid %t; want %d, true", charge.Amount, charge.Paid, amount)
	}
}

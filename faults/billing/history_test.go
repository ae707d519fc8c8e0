package billing_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/sandbox"
)

// A drawing is a test whose failures are rapid's, so that it looks for a smaller history that fails.
type drawing struct {
	testing.TB
	rapid *rapid.T
}

func (d drawing) Fatal(args ...any)            { d.rapid.Fatal(args...) }
func (d drawing) Fatalf(f string, args ...any) { d.rapid.Fatalf(f, args...) }
func (d drawing) Error(args ...any)            { d.rapid.Error(args...) }
func (d drawing) Errorf(f string, args ...any) { d.rapid.Errorf(f, args...) }
func (d drawing) Helper()                      {}

// TestNoHistoryGivesMoreOrLessThanWasPaidFor: whatever customers buy, change, cancel, dispute and fail to pay, and however
// the webhooks of it come, requests are never more than the invoices at Stripe paid for, tokens are what top-ups paid for,
// and in the end everybody stands as Stripe says.
func TestNoHistoryGivesMoreOrLessThanWasPaidFor(t *testing.T) {
	t.Parallel()
	for _, after := range []string{"canceled", "unpaid"} { // what becomes of a subscription that no retry paid
		t.Run(after, func(t *testing.T) {
			t.Parallel()
			testdb.Each(t, func(t *testing.T, db string) {
				t.Parallel()
				histories(t, open(t, db, sandbox.Options{Seed: 7, AfterRetries: after}))
			})
		})
	}
}

func histories(t *testing.T, shop *shop) {
	played := 0
	rapid.Check(t, func(rt *rapid.T) {
		if played++; played > historiesMax() && !t.Failed() {
			return
		}
		s := *shop
		s.TB = drawing{t, rt}
		h := &history{shop: &s, draw: rt, used: map[id.Customer][]consumed{}}
		defer h.leave()
		h.policies()
		for n := range rapid.IntRange(1, 3).Draw(rt, "customers") {
			name := id.Customer(fmt.Sprintf("c%d-%d", played, n))
			s.customer(name)
			h.names = append(h.names, name)
		}
		for range rapid.IntRange(4, 24).Draw(rt, "deeds") {
			h.deed()
			h.bounded(false)
		}
		h.finish()
	})
}

// historiesMax returns how many histories one run plays: under the race detector, each takes seconds.
func historiesMax() int {
	if raced {
		return 6
	}
	return 20
}

// policies puts drawn ones in force.
func (h *history) policies() {
	spent := func(what string) string { return h.pick(what, "forgive", "debt", "suspend") }
	rule := func(what string) string {
		if then := h.pick(what, "default_plan", "keep", "no_access"); then != "keep" {
			return fmt.Sprintf("{grace: %dd, then: %s}", rapid.IntRange(0, 10).Draw(h.draw, "grace"), then)
		}
		return "{then: keep}"
	}
	h.publish(fmt.Sprintf("refunds: {spent: %s}\ndisputes: {spent: %s}\naccess: {past_due: %s, unpaid: %s, paused: %s, incomplete: {then: %s}}",
		spent("refunds"), spent("disputes"), rule("past_due"), rule("unpaid"), rule("paused"), h.pick("incomplete", "default_plan", "no_access")))
}

// A history is what some customers do, in rapid's choice.
type history struct {
	*shop
	draw   *rapid.T
	names  []id.Customer
	used   map[id.Customer][]consumed // requests
	serial int
}

type consumed struct {
	at     time.Time
	amount int64
}

// since returns how many requests a customer has consumed from a moment on.
func (h *history) since(name id.Customer, from time.Time) (sum int64) {
	for _, c := range h.used[name] {
		if !c.at.Before(from) {
			sum += c.amount
		}
	}
	return sum
}

func (h *history) pick(what string, from ...string) string {
	return rapid.SampledFrom(from).Draw(h.draw, what)
}

// deed does one thing. Between two of them passes at least a minute, as it does between people's clicks.
func (h *history) deed() {
	if err := h.sandbox.AdvanceBy(h.ctx, time.Minute); err != nil {
		h.Fatal(err)
	}
	name := id.Customer(rapid.SampledFrom(h.names).Draw(h.draw, "customer"))
	switch h.pick("deed", "subscribe", "subscribe", "subscribe", "top up", "consume", "consume", "consume", "wait", "wait", "wait", "change", "change", "change",
		"cancel", "resume", "pause", "refund", "refund", "card", "card", "portal cancel", "end trial", "webhooks", "work", "replay", "reconcile", "sync") {
	case "subscribe":
		h.subscribe(name)
	case "top up":
		h.checkout(tollgate.CheckoutRequest{Customer: name, TopUp: "pack", Quantity: int64(rapid.IntRange(1, 4).Draw(h.draw, "quantity"))})
	case "consume":
		h.consume(name)
	case "wait":
		hours := rapid.OneOf(rapid.IntRange(1, 5), rapid.IntRange(24, 40*24)).Draw(h.draw, "hours")
		if err := h.sandbox.AdvanceBy(h.ctx, time.Duration(hours)*time.Hour); err != nil {
			h.Fatal(err)
		}
	case "change":
		r := tollgate.ChangeRequest{Price: id.Slug(h.pick("price", "pro_monthly", "pro_yearly", "max_monthly")), When: tollgate.When(h.pick("when", "", "now", "period_end"))}
		h.onSubscription(name, func(sub string) error {
			r.Subscription = sub
			_, err := h.engine.ChangeSubscription(h.ctx, r)
			return err
		})
	case "cancel":
		when := tollgate.When(h.pick("when", "now", "period_end"))
		h.onSubscription(name, func(sub string) error { _, err := h.engine.CancelSubscription(h.ctx, sub, when); return err })
	case "resume":
		h.onSubscription(name, func(sub string) error { _, err := h.engine.ResumeSubscription(h.ctx, sub); return err })
	case "pause":
		h.onSubscription(name, func(sub string) error { _, err := h.engine.PauseSubscription(h.ctx, sub); return err })
	case "refund":
		h.refund(name)
	case "card":
		number := h.pick("card", visa, failing)
		h.inPortal(name, func(page string) { h.portal(page, number) })
	case "portal cancel":
		h.at = h.stripeIDs()
		h.onSubscription(name, func(sub string) error {
			h.inPortal(name, func(page string) {
				h.submit(page, url.Values{"action": {"cancel"}, "subscription": {sub}})
			})
			return nil
		})
	case "end trial":
		h.endTrial(name)
	case "webhooks":
		h.sandbox.SetChaos(sandbox.Chaos{Duplicate: rapid.IntRange(0, 60).Draw(h.draw, "double"), Drop: rapid.SampledFrom([]int{0, 0, 30, 100}).Draw(h.draw, "drop"),
			Delay: rapid.IntRange(0, 60).Draw(h.draw, "delay"), DelayMax: 3 * time.Millisecond})
	case "work":
		h.settle()
	case "replay":
		h.replay()
	case "reconcile":
		if _, err := h.engine.Reconcile(h.ctx); err != nil {
			h.Fatal(err)
		}
	case "sync":
		if err := h.engine.SyncCustomer(h.ctx, name); err != nil && !fault.Has(err, fault.NotFound) {
			h.Fatal(err)
		}
	}
}

// refusable are the answers that a deed may meet, depending on what was done before.
func (h *history) refusable(err error) {
	h.Helper()
	for _, code := range []fault.Code{fault.Conflict, fault.Invalid, fault.PaymentRefused, fault.NotFound} {
		if fault.Has(err, code) {
			return
		}
	}
	if err != nil {
		h.Fatal(err)
	}
}

func (h *history) subscribe(name id.Customer) {
	r := tollgate.CheckoutRequest{Customer: name, Price: id.Slug(h.pick("price", "pro_monthly", "pro_monthly", "max_monthly", "pro_yearly"))}
	if rapid.Bool().Draw(h.draw, "no trial") {
		r.TrialDays = &noTrial
	}
	h.checkout(r)
}

func (h *history) checkout(r tollgate.CheckoutRequest) {
	card := h.pick("with", visa, visa, visa, declined, failing, disputing, refundFails)
	session, err := h.engine.Checkout(h.ctx, r)
	h.refusable(err)
	if err == nil {
		h.pay(session.URL, card)
	}
}

const refundFails = "4000000000005126"

// consume takes some of what is available, or all.
func (h *history) consume(name id.Customer) {
	for _, balance := range []id.Slug{"requests", "tokens"} {
		left := h.available(name, balance)
		if left <= 0 {
			continue
		}
		amount := left
		if !rapid.Bool().Draw(h.draw, "all of it") {
			amount = rapid.Int64Range(1, left).Draw(h.draw, "amount")
		}
		h.serial++
		c, err := h.engine.Customer(h.ctx, name)
		if err != nil {
			h.Fatal(err)
		}
		err = h.use(name, balance, amount, fmt.Sprint("t", h.serial))
		if c.Plan == "" && fault.Has(err, fault.Suspended) {
			continue
		}
		if c.Plan == "" || err != nil {
			h.Fatalf("%d of %d %s on the plan %q: %v", amount, left, balance, c.Plan, err)
		}
		if balance == "requests" {
			h.used[name] = append(h.used[name], consumed{h.sandbox.Now(), amount})
		}
	}
}

// onSubscription does something to the newest subscription at Stripe, if there is one.
func (h *history) onSubscription(name id.Customer, do func(sub string) error) {
	at := h.stripeIDs()[name]
	if at == "" {
		return
	}
	for _, sub := range list[object](h.shop, "/v1/subscriptions", of(at)) {
		h.refusable(do(sub.ID))
		return
	}
}

func (h *history) inPortal(name id.Customer, do func(page string)) {
	session, err := h.engine.Portal(h.ctx, tollgate.PortalRequest{Customer: name})
	h.refusable(err)
	if err == nil {
		do(session.URL)
	}
}

func (h *history) endTrial(name id.Customer) {
	h.onSubscription(name, func(sub string) error {
		for _, s := range list[object](h.shop, "/v1/subscriptions", of(h.stripeIDs()[name])) {
			if s.ID == sub && s.Status == "trialing" {
				h.send(http.MethodPost, "/v1/subscriptions/"+sub, url.Values{"trial_end": {"now"}})
			}
		}
		return nil
	})
}

// refund gives a part or all of some payment back.
func (h *history) refund(name id.Customer) {
	payments, err := h.engine.PaymentsOf(h.ctx, name, "", 0)
	if err != nil {
		h.Fatal(err)
	}
	if len(payments.Data) == 0 {
		return
	}
	p := payments.Data[rapid.IntRange(0, len(payments.Data)-1).Draw(h.draw, "payment")]
	h.serial++
	r := tollgate.RefundRequest{Payment: p.ID, ID: id.Transaction(fmt.Sprint("r", h.serial))}
	if rapid.Bool().Draw(h.draw, "a part") {
		r.Amount = new(rapid.Int64Range(1, p.Amount).Draw(h.draw, "minor units"))
	}
	for range rapid.IntRange(1, 2).Draw(h.draw, "times") {
		_, err := h.engine.Refund(h.ctx, r)
		h.refusable(err)
	}
}

func (h *history) replay() {
	events, err := h.engine.Webhooks(h.ctx, "", 40)
	if err != nil {
		h.Fatal(err)
	}
	if len(events) == 0 {
		return
	}
	ev := events[rapid.IntRange(0, len(events)-1).Draw(h.draw, "event")]
	if err := h.engine.ReplayWebhook(h.ctx, ev.ID); err != nil {
		h.Fatal(err)
	}
}

// bounded compares what customers have and had with what they paid for.
func (h *history) bounded(settled bool) {
	h.Helper()
	ids := h.stripeIDs()
	for _, name := range h.names {
		at := ids[name]
		if at == "" {
			continue
		}
		left := h.available(name, "requests")
		if most, used := h.paidFor(at), h.since(name, time.Time{}); used+left > most {
			h.Errorf("%s consumed %d requests and has %d left; its invoices paid for %d:\n%s", name, used, left, most, h.account(at))
		}
		h.topUpsMatch(name, at, settled)
	}
	if h.draw.Failed() {
		h.draw.FailNow()
	}
}

// finish brings everything to its end and compares it with Stripe.
func (h *history) finish() {
	h.Helper()
	h.sandbox.SetChaos(sandbox.Chaos{})
	if err := h.sandbox.Flush(h.ctx); err != nil {
		h.Fatal(err)
	}
	h.recover()
	h.bounded(true)
	for _, name := range h.names {
		h.agrees(name)
		h.whole(name)
	}
	parked(h.shop)
	h.audit()
}

// account spells what Stripe says of a customer, for a failure's text.
func (h *history) account(at string) string {
	var out strings.Builder
	for _, s := range list[object](h.shop, "/v1/subscriptions", url.Values{"customer": {at}, "status": {"all"}}) {
		fmt.Fprintf(&out, "subscription %s of %s\n", s.Status, moment(s.Created))
	}
	for _, i := range list[invoiceTold](h.shop, "/v1/invoices", of(at)) {
		fmt.Fprintf(&out, "invoice of %s, %s, %s:", moment(i.Created), i.Reason, i.Status)
		for _, l := range i.Lines.Data {
			fmt.Fprintf(&out, " %d for %s to %s;", l.Amount, moment(l.Period.Start), moment(l.Period.End))
		}
		fmt.Fprintln(&out)
	}
	return out.String()
}

func moment(at int64) string { return time.Unix(at, 0).UTC().Format("2006-01-02 15:04:05") }

// whole fails when a customer has less of the window that is paid for than was not consumed since it began.
func (h *history) whole(name id.Customer) {
	h.Helper()
	at := h.stripeIDs()[name]
	if at == "" {
		return
	}
	d := h.decided(at)
	if d.Plan == "" || d.Paid.None() {
		return
	}
	window := d.Paid.Window(d.Plan == "pro", h.sandbox.Now())
	limit := int64(d.Paid.Limit(quantity.Whole(limits[string(d.Plan)]), 0) / quantity.One)
	if left, used := h.available(name, "requests"), h.since(name, window.Start); left < limit-used {
		h.Errorf("%s has %d requests left of the %d that it paid for, and consumed %d of them since %s:\n%s", name, left, limit, used, window.Start, h.account(at))
	}
}

// leave ends the subscriptions of a history, so that later ones are not slowed down by them.
func (h *history) leave() {
	h.sandbox.SetChaos(sandbox.Chaos{})
	ids := h.stripeIDs()
	for _, name := range h.names {
		if at := ids[name]; at != "" {
			for _, sub := range list[object](h.shop, "/v1/subscriptions", of(at)) {
				h.send(http.MethodDelete, "/v1/subscriptions/"+sub.ID, nil)
			}
		}
	}
	if err := h.sandbox.Flush(h.ctx); err != nil {
		h.Fatal(err)
	}
	h.recover()
}

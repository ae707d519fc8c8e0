package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/tollgate/tollgate/sandbox"
	"pgregory.net/rapid"
)

// frozen is a clock that only the test moves.
func frozen(year, month, day int) sandbox.Options {
	return sandbox.Options{Frozen: true, Start: time.Date(year, time.Month(month), day, 12, 0, 0, 0, time.UTC)}
}

// renew advances to the end of a subscription's period and past the hour of its draft.
func (s *shop) renew(sub object) object {
	s.Helper()
	now := s.get("/v1/subscriptions/"+sub.id(), "")
	s.advance(s.unix(now, "items.data.0.current_period_end").Add(2 * time.Hour))
	return s.get("/v1/subscriptions/"+sub.id(), "expand[]=latest_invoice")
}

func TestTheAnchorsDayIsKeptOverShortMonths(t *testing.T) {
	t.Parallel()
	s := openShop(t, frozen(2026, 1, 31))
	sub := s.subscription()
	for _, want := range []string{"2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"} {
		if got := s.unix(s.get("/v1/subscriptions/"+sub.id(), ""), "items.data.0.current_period_end").Format(time.DateOnly); got != want {
			t.Errorf("the period ends on %s, want %s", got, want)
		}
		s.renew(sub)
	}
}

func TestWhatFollowsTheLastRetry(t *testing.T) {
	t.Parallel()
	for _, after := range []string{"canceled", "unpaid", "past_due"} {
		t.Run(after, func(t *testing.T) {
			t.Parallel()
			options := frozen(2026, 3, 1)
			options.AfterRetries = after
			s := openShop(t, options)
			sub := s.subscription()
			s.card(sub.text("customer"), "pm_card_chargeCustomerFail")
			s.renew(sub)
			for range 3 { // the retries after 3, 5 and 7 days
				now := s.get("/v1/subscriptions/"+sub.id(), "expand[]=latest_invoice")
				s.want(now, "status", "past_due")
				s.advance(s.unix(now, "latest_invoice.next_payment_attempt").Add(time.Minute))
			}
			now := s.get("/v1/subscriptions/"+sub.id(), "expand[]=latest_invoice")
			s.want(now, "status", after)
			s.want(now, "latest_invoice.attempt_count", 4)
			s.want(now, "latest_invoice.next_payment_attempt", "")
			if after == "canceled" {
				s.want(now, "cancellation_details.reason", "payment_failed")
			}
			if after == "unpaid" { // later invoices stay drafts, and paying makes it active again
				late := s.renew(sub)
				s.want(late, "latest_invoice.status", "draft")
				s.card(sub.text("customer"), "pm_card_visa")
				s.post("/v1/invoices/"+late.text("latest_invoice.id")+"/pay", "")
				s.want(s.get("/v1/subscriptions/"+sub.id(), ""), "status", "active")
			}
			s.checkEvents()
		})
	}
}

func TestATrialWithoutACardEndsAsItsSettingsSay(t *testing.T) {
	t.Parallel()
	for behavior, want := range map[string]string{"cancel": "canceled", "pause": "paused", "create_invoice": "past_due"} {
		t.Run(behavior, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, frozen(2026, 3, 1))
			sub := s.post("/v1/subscriptions", "customer=%s&items[0][price]=%s&trial_period_days=7&trial_settings[end_behavior][missing_payment_method]=%s",
				s.post("/v1/customers", "").id(), s.price(900).id(), behavior)
			s.want(s.get("/v1/invoices/"+sub.text("latest_invoice"), ""), "total", 0)
			s.want(s.renew(sub), "status", want)
			s.checkEvents()
		})
	}
}

func TestAFirstInvoiceThatIsNotPaidExpires(t *testing.T) {
	t.Parallel()
	s := openShop(t, frozen(2026, 3, 1))
	sub := s.failing()
	s.advance(s.server.Now().Add(22 * time.Hour))
	s.want(s.get("/v1/subscriptions/"+sub.id(), ""), "status", "incomplete")
	s.advance(s.server.Now().Add(2 * time.Hour))
	s.want(s.get("/v1/subscriptions/"+sub.id(), ""), "status", "incomplete_expired")
	s.want(s.get("/v1/invoices/"+sub.text("latest_invoice.id"), ""), "status", "void")
	s.checkEvents()
}

func TestAPaymentBehaviourSaysWhatAFailedUpgradeLeaves(t *testing.T) {
	t.Parallel()
	for _, behavior := range []string{"allow_incomplete", "error_if_incomplete", "pending_if_incomplete"} {
		t.Run(behavior, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, frozen(2026, 3, 1))
			sub := s.subscription()
			s.card(sub.text("customer"), "pm_card_chargeCustomerFail")
			events := len(s.server.Events())
			form := fmt.Sprintf("items[0][id]=%s&items[0][price]=%s&proration_behavior=always_invoice&payment_behavior=%s",
				sub.text("items.data.0.id"), s.price(5000).id(), behavior)
			w, _ := s.request("POST", "/v1/subscriptions/"+sub.id(), form, nil)
			now := s.get("/v1/subscriptions/"+sub.id(), "expand[]=latest_invoice")
			switch behavior {
			case "allow_incomplete":
				s.want(now, "status", "past_due")
				s.want(now, "items.data.0.price.unit_amount", 5000)
			case "error_if_incomplete":
				if w.StatusCode != http.StatusPaymentRequired {
					t.Errorf("the upgrade is answered %d, want 402", w.StatusCode)
				}
				s.want(now, "status", "active")
				s.want(now, "items.data.0.price.unit_amount", 2000)
				if got := len(s.server.Events()) - events; got != 2 { // the product and the price
					t.Errorf("a refused upgrade left %d events, want 2", got)
				}
			case "pending_if_incomplete":
				s.want(now, "status", "active")
				s.want(now, "items.data.0.price.unit_amount", 2000)
				s.want(now, "pending_update.subscription_items.0.price.unit_amount", 5000)
				visa := s.post("/v1/payment_methods/pm_card_visa/attach", "customer=%s", sub.text("customer"))
				s.post("/v1/invoices/"+now.text("latest_invoice.id")+"/pay", "payment_method=%s", visa.id())
				paid := s.get("/v1/subscriptions/"+sub.id(), "")
				s.want(paid, "items.data.0.price.unit_amount", 5000)
				s.want(paid, "pending_update", "")
			}
			s.checkEvents()
		})
	}
}

func TestUsageIsBilledInArrearsUntilItsInvoiceIsFinalized(t *testing.T) {
	t.Parallel()
	s := openShop(t, frozen(2026, 3, 1))
	meter := s.meter()
	price := s.post("/v1/prices", "product=%s&currency=usd&billing_scheme=tiered&tiers_mode=graduated&recurring[interval]=month&recurring[usage_type]=metered"+
		"&recurring[meter]=%s&tiers[0][up_to]=100&tiers[0][unit_amount]=0&tiers[1][up_to]=inf&tiers[1][unit_amount_decimal]=0.125&tiers[1][flat_amount]=500",
		s.product().id(), meter.id())
	customer := s.customer("pm_card_visa")
	sub := s.post("/v1/subscriptions", "customer=%s&items[0][price]=%s", customer.id(), price.id())
	s.want(sub, "status", "active")
	s.want(sub, "latest_invoice", "")
	use := func(n int, at time.Time) {
		s.post("/v1/billing/meter_events", "event_name=calls&payload[stripe_customer_id]=%s&payload[value]=%d&timestamp=%d", customer.id(), n, at.Unix())
	}
	end := s.unix(sub, "items.data.0.current_period_end")
	use(150, s.server.Now())
	s.want(s.post("/v1/invoices/create_preview", "subscription=%s", sub.id()), "total", 506) // 500 + 50 × 0.125 = 506.25
	s.advance(end.Add(time.Minute))
	use(50, end.Add(-time.Second)) // late, and still counted
	use(1000, end.Add(time.Second))
	now := s.get("/v1/subscriptions/"+sub.id(), "expand[]=latest_invoice")
	s.want(now, "latest_invoice.status", "draft")
	s.advance(end.Add(2 * time.Hour))
	invoice := s.get("/v1/invoices/"+now.text("latest_invoice.id"), "")
	s.want(invoice, "total", 513) // 500 + 100 × 0.125 = 512.5, rounded away from zero
	s.want(invoice, "lines.data.0.quantity", 200)
	s.want(invoice, "status", "paid")
	use(10, end.Add(-time.Second)) // too late
	s.want(s.get("/v1/invoices/"+invoice.id(), ""), "total", 513)
}

// A preview must say to the minor unit what is billed, whatever is changed and when.
func TestAnInvoiceIsWhatItsPreviewSaid(t *testing.T) {
	t.Parallel()
	s := openShop(t, frozen(2026, 1, 15))
	coupon := s.post("/v1/coupons", "percent_off=33.33&duration=forever")
	prices := make([]object, 6)
	for i := range prices {
		interval := []string{"month", "year"}[i%2]
		prices[i] = s.post("/v1/prices", "product=%s&currency=usd&unit_amount_decimal=%s&recurring[interval]=%s", s.product().id(),
			[]string{"999", "10799", "33.335", "2000", "0", "123456"}[i], interval)
	}
	rapid.Check(t, func(r *rapid.T) {
		s := &shop{T: t, server: s.server, checks: s.checks, url: s.url}
		pick := func(name string) object { return rapid.SampledFrom(prices).Draw(r, name) }
		discount := ""
		if rapid.Bool().Draw(r, "discount") {
			discount = "&discounts[0][coupon]=" + coupon.id()
		}
		sub := s.post("/v1/subscriptions", "customer=%s&items[0][price]=%s&items[0][quantity]=%d%s", s.customer("pm_card_visa").id(), pick("from").id(),
			rapid.IntRange(1, 7).Draw(r, "quantity"), discount)
		s.advance(s.server.Now().Add(time.Duration(rapid.IntRange(1, 20*86400).Draw(r, "wait")) * time.Second))
		at := s.server.Now().Unix()
		change := fmt.Sprintf("items[0][id]=%s&items[0][price]=%s&items[0][quantity]=%d&proration_behavior=%s&proration_date=%d", sub.text("items.data.0.id"),
			pick("to").id(), rapid.IntRange(1, 7).Draw(r, "new quantity"), rapid.SampledFrom([]string{"always_invoice", "create_prorations", "none"}).Draw(r, "behavior"), at)
		nested := ""
		for pair, values := range mustParse(change) {
			nested += "&subscription_details" + bracketed(pair) + "=" + url.QueryEscape(values[0])
		}
		before, events := s.get("/v1/subscriptions/"+sub.id(), "").text("latest_invoice"), len(s.server.Events())
		preview := s.post("/v1/invoices/create_preview", "subscription=%s%s", sub.id(), nested)
		if got := s.get("/v1/subscriptions/"+sub.id(), "").text("latest_invoice"); got != before || len(s.server.Events()) != events {
			r.Fatalf("a preview changed something: the latest invoice is %s, was %s", got, before)
		}
		after := s.post("/v1/subscriptions/"+sub.id(), "%s&expand[]=latest_invoice", change)
		if after.text("latest_invoice.id") == before { // billed with the next renewal
			after = s.renew(sub)
		}
		for _, field := range []string{"total", "subtotal", "lines.data.0.amount"} {
			if got, want := after.text("latest_invoice."+field), preview.text(field); got != want {
				r.Fatalf("the invoice's %s is %s, its preview said %s\n%v\n%v", field, got, want, preview, after)
			}
		}
		s.delete("/v1/subscriptions/" + sub.id())
	})
}

func mustParse(form string) url.Values {
	values, err := url.ParseQuery(form)
	if err != nil {
		panic(err)
	}
	return values
}

// bracketed turns items[0][id] into [items][0][id].
func bracketed(name string) string {
	for i := range name {
		if name[i] == '[' {
			return "[" + name[:i] + "]" + name[i:]
		}
	}
	return "[" + name + "]"
}

func TestARefundCanFailLater(t *testing.T) {
	t.Parallel()
	s := openShop(t, frozen(2026, 3, 1))
	p := s.payment("pm_card_refundFail")
	refund := s.post("/v1/refunds", "payment_intent=%s&amount=400", p.id())
	s.want(refund, "status", "succeeded")
	s.advance(s.server.Now().Add(2 * time.Hour))
	failed := s.get("/v1/refunds/"+refund.id(), "expand[]=charge")
	s.want(failed, "status", "failed")
	s.want(failed, "failure_reason", "expired_or_canceled_card")
	s.want(failed, "charge.amount_refunded", 0)
	s.checkEvents()
}

func TestADisputeIsWonWithEvidence(t *testing.T) {
	t.Parallel()
	s := openShop(t, frozen(2026, 3, 1))
	charge := s.payment("pm_card_createDispute").text("latest_charge")
	dispute := s.get("/v1/disputes", "charge=%s", charge).list("data")[0]
	s.want(dispute, "status", "needs_response")
	s.want(s.post("/v1/disputes/"+dispute.id(), "evidence[uncategorized_text]=winning_evidence"), "status", "won")
	s.checkEvents()
}

func TestTaxIsAFixedRateWhereItIsOn(t *testing.T) {
	t.Parallel()
	options := frozen(2026, 3, 1)
	options.TaxPercent = 19
	s := openShop(t, options)
	for enabled, want := range map[bool]string{true: "2380", false: "2000"} {
		sub := s.post("/v1/subscriptions", "customer=%s&items[0][price]=%s&automatic_tax[enabled]=%t&expand[]=latest_invoice",
			s.customer("pm_card_visa").id(), s.price(2000).id(), enabled)
		s.want(sub, "latest_invoice.total", want)
		s.want(sub, "latest_invoice.amount_paid", want)
	}
}

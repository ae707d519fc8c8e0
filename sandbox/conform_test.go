package sandbox_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/sandbox"
)

// A visit calls one operation, named by its method and its path in Stripe's OpenAPI file, and says what it does there.
type visit struct {
	operation string
	call      func(s *shop)
}

// visits has every operation that the sandbox promises.
var visits = []visit{
	{"POST /v1/customers", func(s *shop) {
		c := s.post("/v1/customers", "email=jo@example.com&name=Jo&metadata[team]=42&payment_method=pm_card_visa")
		s.want(c, "email", "jo@example.com")
		s.want(c, "metadata.team", 42)
	}},
	{"GET /v1/customers", func(s *shop) {
		c := s.customer("pm_card_visa")
		s.want(s.get("/v1/customers", "limit=1&expand[]=data.invoice_settings.default_payment_method&expand[]=data.subscriptions"), "data.0.id", c.id())
	}},
	{"GET /v1/customers/{customer}", func(s *shop) {
		c := s.customer("pm_card_visa")
		s.want(s.get("/v1/customers/"+c.id(), "expand[]=subscriptions"), "subscriptions.object", "list")
	}},
	{"POST /v1/customers/{customer}", func(s *shop) {
		c := s.post("/v1/customers", "name=Jo&metadata[a]=1&metadata[b]=2")
		c = s.post("/v1/customers/"+c.id(), "name=&metadata[a]=&metadata[c]=3")
		s.want(c, "name", "")
		s.want(c, "metadata.a", "")
		s.want(c, "metadata.b", 2)
		s.want(c, "metadata.c", 3)
	}},
	{"DELETE /v1/customers/{customer}", func(s *shop) {
		c := s.post("/v1/customers", "")
		s.want(s.delete("/v1/customers/"+c.id()), "deleted", true)
		s.want(s.get("/v1/customers/"+c.id(), ""), "deleted", true)
	}},
	{"GET /v1/customers/search", func(s *shop) {
		s.post("/v1/customers", "email=a@example.com&metadata[team]=7")
		b := s.post("/v1/customers", "email=b@example.com&metadata[team]=42")
		found := s.get("/v1/customers/search", "query=metadata['team']:'42'")
		s.want(found, "object", "search_result")
		s.want(found, "data.0.id", b.id())
		s.want(found, "data.1", "")
		s.want(s.get("/v1/customers/search", "query=email:'b@example.com'"), "data.0.id", b.id())
	}},
	{"POST /v1/products", func(s *shop) {
		s.want(s.post("/v1/products", "id=prod_pro&name=Pro&description=All&metadata[k]=v"), "id", "prod_pro")
	}},
	{"GET /v1/products", func(s *shop) {
		p := s.product()
		s.want(s.get("/v1/products", "active=true"), "data.0.id", p.id())
	}},
	{"GET /v1/products/{id}", func(s *shop) {
		s.want(s.get("/v1/products/"+s.product().id(), ""), "name", "Pro")
	}},
	{"POST /v1/products/{id}", func(s *shop) {
		price := s.price(500)
		p := s.post("/v1/products/"+price.text("product"), "active=false&default_price=%s&name=Old&expand[]=default_price", price.id())
		s.want(p, "active", false)
		s.want(p, "default_price.unit_amount", 500)
	}},
	{"POST /v1/prices", func(s *shop) {
		meter := s.meter()
		tiered := s.post("/v1/prices", "product=%s&currency=usd&billing_scheme=tiered&tiers_mode=graduated&expand[]=tiers"+
			"&recurring[interval]=month&recurring[usage_type]=metered&recurring[meter]=%s"+
			"&tiers[0][up_to]=1000&tiers[0][unit_amount]=0&tiers[1][up_to]=inf&tiers[1][unit_amount_decimal]=0.25", s.product().id(), meter.id())
		s.want(tiered, "tiers.0.up_to", 1000)
		s.want(tiered, "tiers.1.up_to", "")
		s.want(tiered, "tiers.1.unit_amount_decimal", "0.25")
		s.want(tiered, "unit_amount", "")
		s.want(tiered, "recurring.meter", meter.id())
		once := s.post("/v1/prices", "product_data[name]=Pack&currency=eur&unit_amount=900&lookup_key=pack&nickname=Pack")
		s.want(once, "type", "one_time")
		s.want(once, "unit_amount_decimal", "900")
	}},
	{"GET /v1/prices", func(s *shop) {
		price := s.price(500)
		s.price(700)
		list := s.get("/v1/prices", "product=%s&active=true&type=recurring&expand[]=data.tiers&expand[]=data.product", price.text("product"))
		s.want(list, "data.0.id", price.id())
		s.want(list, "data.0.product.name", "Pro")
		s.want(list, "data.1", "")
	}},
	{"GET /v1/prices/{price}", func(s *shop) {
		s.want(s.get("/v1/prices/"+s.price(500).id(), "expand[]=product"), "product.object", "product")
	}},
	{"POST /v1/prices/{price}", func(s *shop) {
		old := s.post("/v1/prices/"+s.price(500).id(), "lookup_key=pro&nickname=Old")
		price := s.post("/v1/prices/"+s.price(700).id(), "lookup_key=pro&transfer_lookup_key=true&active=false&metadata[k]=v")
		s.want(price, "lookup_key", "pro")
		s.want(price, "active", false)
		s.want(s.get("/v1/prices/"+old.id(), ""), "lookup_key", "")
	}},
	{"POST /v1/coupons", func(s *shop) {
		s.want(s.post("/v1/coupons", "id=half&percent_off=50&duration=repeating&duration_in_months=3"), "percent_off", 50)
		s.want(s.post("/v1/coupons", "amount_off=300&currency=usd&duration=forever"), "amount_off", 300)
	}},
	{"GET /v1/coupons", func(s *shop) {
		c := s.coupon()
		s.want(s.get("/v1/coupons", ""), "data.0.id", c.id())
	}},
	{"GET /v1/coupons/{coupon}", func(s *shop) {
		s.want(s.get("/v1/coupons/"+s.coupon().id(), ""), "valid", true)
	}},
	{"POST /v1/coupons/{coupon}", func(s *shop) {
		s.want(s.post("/v1/coupons/"+s.coupon().id(), "name=Spring"), "name", "Spring")
	}},
	{"DELETE /v1/coupons/{coupon}", func(s *shop) {
		s.want(s.delete("/v1/coupons/"+s.coupon().id()), "deleted", true)
	}},
	{"POST /v1/promotion_codes", func(s *shop) {
		s.want(s.post("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=%s&code=SPRING", s.coupon().id()), "code", "SPRING")
	}},
	{"GET /v1/promotion_codes", func(s *shop) {
		s.post("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=%s&code=SPRING", s.coupon().id())
		s.want(s.get("/v1/promotion_codes", "code=SPRING&expand[]=data.promotion.coupon"), "data.0.promotion.coupon.percent_off", 25)
	}},
	{"GET /v1/promotion_codes/{promotion_code}", func(s *shop) {
		p := s.post("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=%s", s.coupon().id())
		s.want(s.get("/v1/promotion_codes/"+p.id(), ""), "active", true)
	}},
	{"POST /v1/promotion_codes/{promotion_code}", func(s *shop) {
		p := s.post("/v1/promotion_codes", "promotion[type]=coupon&promotion[coupon]=%s", s.coupon().id())
		s.want(s.post("/v1/promotion_codes/"+p.id(), "active=false"), "active", false)
	}},
	{"POST /v1/checkout/sessions", func(s *shop) {
		price := s.price(2000)
		c := s.post("/v1/checkout/sessions", "mode=subscription&customer=%s&client_reference_id=u1&success_url=https://example.com/ok&cancel_url=https://example.com/no"+
			"&line_items[0][price]=%s&line_items[0][quantity]=2&subscription_data[trial_period_days]=14&subscription_data[metadata][k]=v"+
			"&metadata[k]=v&allow_promotion_codes=true&expand[]=line_items", s.customer("pm_card_visa").id(), price.id())
		s.want(c, "status", "open")
		s.want(c, "url", s.url+"/c/pay/"+c.id())
		s.want(c, "line_items.data.0.price.id", price.id())
		s.want(s.post("/v1/checkout/sessions", "mode=setup&currency=usd&success_url=https://example.com/ok"), "mode", "setup")
		paid := s.post("/v1/checkout/sessions", "mode=payment&success_url=https://example.com/ok&customer_email=jo@example.com"+
			"&line_items[0][quantity]=3&line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=150&line_items[0][price_data][product_data][name]=Pack")
		s.want(paid, "amount_total", 450)
	}},
	{"GET /v1/checkout/sessions", func(s *shop) {
		c := s.session()
		s.want(s.get("/v1/checkout/sessions", "limit=3"), "data.0.id", c.id())
	}},
	{"GET /v1/checkout/sessions/{session}", func(s *shop) {
		c := s.get("/v1/checkout/sessions/"+s.session().id(), "expand[]=line_items&expand[]=subscription")
		s.want(c, "payment_status", "unpaid")
		s.want(c, "line_items.data.0.quantity", 1)
	}},
	{"POST /v1/checkout/sessions/{session}/expire", func(s *shop) {
		c := s.post("/v1/checkout/sessions/"+s.session().id()+"/expire", "")
		s.want(c, "status", "expired")
		s.want(c, "url", "")
	}},
	{"GET /v1/checkout/sessions/{session}/line_items", func(s *shop) {
		s.want(s.get("/v1/checkout/sessions/"+s.session().id()+"/line_items", "expand[]=data.price.product"), "data.0.price.product.name", "Pro")
	}},
	{"POST /v1/billing_portal/sessions", func(s *shop) {
		p := s.post("/v1/billing_portal/sessions", "customer=%s&return_url=https://example.com", s.customer("pm_card_visa").id())
		s.want(p, "url", s.url+"/p/session/"+p.id())
		sub := s.subscription()
		flow := s.post("/v1/billing_portal/sessions", "customer=%s&flow_data[type]=subscription_cancel&flow_data[subscription_cancel][subscription]=%s",
			sub.text("customer"), sub.id())
		s.want(flow, "flow.subscription_cancel.subscription", sub.id())
	}},
	{"POST /v1/billing_portal/configurations", func(s *shop) {
		price := s.price(500)
		p := s.post("/v1/billing_portal/configurations", "business_profile[headline]=Hi&default_return_url=https://example.com"+
			"&features[payment_method_update][enabled]=true&features[invoice_history][enabled]=true"+
			"&features[subscription_cancel][enabled]=true&features[subscription_cancel][mode]=at_period_end"+
			"&features[subscription_update][enabled]=true&features[subscription_update][default_allowed_updates][]=price"+
			"&features[subscription_update][products][0][product]=%s&features[subscription_update][products][0][prices][]=%s", price.text("product"), price.id())
		s.want(p, "features.subscription_cancel.mode", "at_period_end")
		s.want(p, "active", true)
	}},
	{"GET /v1/billing_portal/configurations", func(s *shop) {
		s.post("/v1/billing_portal/sessions", "customer=%s", s.customer("pm_card_visa").id())
		s.want(s.get("/v1/billing_portal/configurations", "is_default=true"), "data.0.is_default", true)
	}},
	{"POST /v1/subscriptions", func(s *shop) {
		sub := s.subscription()
		s.want(sub, "status", "active")
		s.want(sub, "latest_invoice.status", "paid")
		s.want(sub, "billing_mode.type", "flexible")
		trial := s.post("/v1/subscriptions", "customer=%s&items[0][price]=%s&items[0][quantity]=3&trial_period_days=14&metadata[k]=v"+
			"&trial_settings[end_behavior][missing_payment_method]=pause", s.customer("pm_card_visa").id(), s.price(900).id())
		s.want(trial, "status", "trialing")
		s.want(trial, "items.data.0.quantity", 3)
		s.want(s.failing(), "status", "incomplete")
	}},
	{"GET /v1/subscriptions", func(s *shop) {
		sub := s.subscription()
		s.delete("/v1/subscriptions/" + sub.id())
		s.want(s.get("/v1/subscriptions", "customer=%s", sub.text("customer")), "data.0", "")
		all := s.get("/v1/subscriptions", "customer=%s&status=all&expand[]=data.latest_invoice&expand[]=data.default_payment_method", sub.text("customer"))
		s.want(all, "data.0.status", "canceled")
		s.want(all, "data.0.latest_invoice.object", "invoice")
	}},
	{"GET /v1/subscriptions/{subscription_exposed_id}", func(s *shop) {
		sub := s.get("/v1/subscriptions/"+s.subscription().id(), "expand[]=customer&expand[]=items.data.price.product&expand[]=latest_invoice.payments")
		s.want(sub, "items.data.0.price.product.object", "product")
		s.want(sub, "customer.email", "jo@example.com")
		s.want(sub, "latest_invoice.payments.data.0.status", "paid")
	}},
	{"POST /v1/subscriptions/{subscription_exposed_id}", func(s *shop) {
		sub := s.subscription()
		item := sub.text("items.data.0.id")
		up := s.post("/v1/subscriptions/"+sub.id(), "items[0][id]=%s&items[0][price]=%s&proration_behavior=always_invoice&metadata[k]=v&expand[]=latest_invoice",
			item, s.price(5000).id())
		s.want(up, "items.data.0.price.unit_amount", 5000)
		s.want(up, "latest_invoice.billing_reason", "subscription_update")
		s.want(s.post("/v1/subscriptions/"+sub.id(), "cancel_at_period_end=true"), "cancel_at_period_end", true)
		s.want(s.post("/v1/subscriptions/"+sub.id(), "cancel_at_period_end=false&pause_collection[behavior]=void"), "pause_collection.behavior", "void")
		s.want(s.post("/v1/subscriptions/"+sub.id(), "pause_collection="), "pause_collection", "")
	}},
	{"DELETE /v1/subscriptions/{subscription_exposed_id}", func(s *shop) {
		s.want(s.delete("/v1/subscriptions/"+s.subscription().id()), "status", "canceled")
		s.want(s.do(http.MethodDelete, "/v1/subscriptions/"+s.subscription().id(), "invoice_now=true&prorate=true"), "status", "canceled")
	}},
	{"POST /v1/subscriptions/{subscription}/resume", func(s *shop) {
		customer := s.post("/v1/customers", "email=jo@example.com")
		sub := s.post("/v1/subscriptions", "customer=%s&items[0][price]=%s&trial_period_days=1&trial_settings[end_behavior][missing_payment_method]=pause",
			customer.id(), s.price(900).id())
		s.advance(s.unix(sub, "trial_end").Add(2 * time.Hour))
		s.want(s.get("/v1/subscriptions/"+sub.id(), ""), "status", "paused")
		s.card(customer.id(), "pm_card_visa")
		s.want(s.post("/v1/subscriptions/"+sub.id()+"/resume", "billing_cycle_anchor=now"), "status", "active")
	}},
	{"GET /v1/subscription_items", func(s *shop) {
		customer := s.post("/v1/customers", "email=jo@example.com")
		form := "customer=" + customer.id() + "&trial_period_days=3"
		for n := range 12 {
			form += fmt.Sprintf("&items[%d][price]=%s", n, s.price(100+n).id())
		}
		sub := s.post("/v1/subscriptions", "%s", form)
		s.want(sub, "items.has_more", true)
		first := s.get("/v1/subscription_items", "subscription=%s&limit=10", sub.id())
		s.want(first, "data.9.id", sub.text("items.data.9.id"))
		rest := s.get("/v1/subscription_items", "subscription=%s&starting_after=%s", sub.id(), first.text("data.9.id"))
		s.want(rest, "data.1.price.unit_amount", 111)
		s.want(rest, "has_more", false)
		back := s.get("/v1/subscription_items", "subscription=%s&limit=1&ending_before=%s", sub.id(), rest.text("data.1.id"))
		s.want(back, "data.0.id", rest.text("data.0.id"))
		s.want(back, "has_more", true)
		for _, cursor := range []string{"starting_after", "ending_before"} {
			s.refused("GET", "/v1/subscription_items", "subscription="+sub.id()+"&"+cursor+"=si_none", nil,
				refusal{400, invalid, "resource_missing", cursor, "No such item: 'si_none'"})
		}
	}},
	{"GET /v1/invoices", func(s *shop) {
		sub := s.subscription()
		list := s.get("/v1/invoices", "customer=%s&subscription=%s&status=paid&expand[]=data.payments", sub.text("customer"), sub.id())
		s.want(list, "data.0.id", sub.text("latest_invoice.id"))
		s.want(list, "data.0.payments.data.0.amount_paid", 2000)
	}},
	{"GET /v1/invoices/{invoice}", func(s *shop) {
		sub := s.subscription()
		invoice := s.get("/v1/invoices/"+sub.text("latest_invoice.id"),
			"expand[]=payments.data.payment.payment_intent.latest_charge&expand[]=confirmation_secret&expand[]=customer&expand[]=parent.subscription_details.subscription")
		s.want(invoice, "amount_paid", 2000)
		s.want(invoice, "parent.subscription_details.subscription.id", sub.id())
		s.want(invoice, "payments.data.0.payment.payment_intent.latest_charge.paid", true)
	}},
	{"GET /v1/invoices/{invoice}/lines", func(s *shop) {
		s.want(s.get("/v1/invoices/"+s.subscription().text("latest_invoice.id")+"/lines", "limit=5"), "data.0.amount", 2000)
	}},
	{"POST /v1/invoices/{invoice}/pay", func(s *shop) {
		sub := s.failing()
		visa := s.post("/v1/payment_methods/pm_card_visa/attach", "customer=%s", sub.text("customer"))
		s.want(s.post("/v1/invoices/"+sub.text("latest_invoice.id")+"/pay", "payment_method=%s", visa.id()), "status", "paid")
		s.want(s.get("/v1/subscriptions/"+sub.id(), ""), "status", "active")
		s.want(s.post("/v1/invoices/"+s.failing().text("latest_invoice.id")+"/pay", "paid_out_of_band=true"), "status", "paid")
	}},
	{"POST /v1/invoices/{invoice}/finalize", func(s *shop) {
		s.want(s.post("/v1/invoices/"+s.draft()+"/finalize", "auto_advance=false"), "status", "open")
	}},
	{"POST /v1/invoices/{invoice}/void", func(s *shop) {
		s.want(s.post("/v1/invoices/"+s.failing().text("latest_invoice.id")+"/void", ""), "status", "void")
	}},
	{"POST /v1/invoices/{invoice}/mark_uncollectible", func(s *shop) {
		invoice := s.post("/v1/invoices/"+s.draft()+"/finalize", "auto_advance=false")
		s.want(s.post("/v1/invoices/"+invoice.id()+"/mark_uncollectible", ""), "status", "uncollectible")
	}},
	{"POST /v1/invoices/create_preview", func(s *shop) {
		sub := s.subscription()
		preview := s.post("/v1/invoices/create_preview", "subscription=%s&subscription_details[items][0][id]=%s&subscription_details[items][0][price]=%s"+
			"&subscription_details[proration_behavior]=always_invoice&subscription_details[proration_date]=%d",
			sub.id(), sub.text("items.data.0.id"), s.price(5000).id(), s.server.Now().Unix())
		s.want(preview, "total", 3000)
		s.want(s.post("/v1/invoices/create_preview", "subscription=%s", sub.id()), "total", 2000)
	}},
	{"GET /v1/invoice_payments", func(s *shop) {
		sub := s.subscription()
		list := s.get("/v1/invoice_payments", "invoice=%s&status=paid&expand[]=data.payment.payment_intent", sub.text("latest_invoice.id"))
		s.want(list, "data.0.amount_paid", 2000)
		intent := list.text("data.0.payment.payment_intent.id")
		back := s.get("/v1/invoice_payments", "payment[type]=payment_intent&payment[payment_intent]=%s", intent)
		s.want(back, "data.0.invoice", sub.text("latest_invoice.id"))
	}},
	{"GET /v1/invoice_payments/{invoice_payment}", func(s *shop) {
		list := s.get("/v1/invoice_payments", "invoice=%s", s.subscription().text("latest_invoice.id"))
		s.want(s.get("/v1/invoice_payments/"+list.text("data.0.id"), ""), "is_default", true)
	}},
	{"POST /v1/invoiceitems", func(s *shop) {
		sub := s.subscription()
		item := s.post("/v1/invoiceitems", "customer=%s&amount=700&currency=usd&subscription=%s&description=Set-up", sub.text("customer"), sub.id())
		s.want(item, "amount", 700)
		s.want(s.post("/v1/invoices/create_preview", "subscription=%s", sub.id()), "total", 2700)
	}},
	{"GET /v1/invoiceitems", func(s *shop) {
		customer := s.customer("pm_card_visa").id()
		item := s.post("/v1/invoiceitems", "customer=%s&amount=700&currency=usd", customer)
		s.want(s.get("/v1/invoiceitems", "customer=%s&pending=true", customer), "data.0.id", item.id())
	}},
	{"POST /v1/payment_intents", func(s *shop) {
		s.want(s.payment("pm_card_visa"), "status", "succeeded")
		s.want(s.payment("pm_card_authenticationRequired"), "status", "requires_action")
		s.want(s.post("/v1/payment_intents", "amount=500&currency=usd&metadata[k]=v"), "status", "requires_payment_method")
	}},
	{"GET /v1/payment_intents", func(s *shop) {
		s.want(s.get("/v1/payment_intents", "limit=1&expand[]=data.latest_charge"), "object", "list")
		p := s.payment("pm_card_visa")
		s.want(s.get("/v1/payment_intents", ""), "data.0.id", p.id())
	}},
	{"GET /v1/payment_intents/{intent}", func(s *shop) {
		p := s.get("/v1/payment_intents/"+s.payment("pm_card_visa").id(), "expand[]=latest_charge&expand[]=payment_method")
		s.want(p, "latest_charge.amount", 1000)
		s.want(p, "payment_method.card.last4", 4242)
	}},
	{"POST /v1/payment_intents/{intent}/confirm", func(s *shop) {
		p := s.post("/v1/payment_intents", "amount=500&currency=usd&customer=%s", s.customer("pm_card_visa").id())
		s.want(s.post("/v1/payment_intents/"+p.id()+"/confirm", "payment_method=pm_card_visa&return_url=https://example.com"), "status", "succeeded")
	}},
	{"POST /v1/payment_intents/{intent}/cancel", func(s *shop) {
		p := s.post("/v1/payment_intents", "amount=500&currency=usd")
		s.want(s.post("/v1/payment_intents/"+p.id()+"/cancel", "cancellation_reason=abandoned"), "status", "canceled")
	}},
	{"GET /v1/setup_intents/{intent}", func(s *shop) {
		sub := s.post("/v1/subscriptions", "customer=%s&items[0][price]=%s&trial_period_days=7&payment_behavior=default_incomplete",
			s.post("/v1/customers", "").id(), s.price(900).id())
		s.want(s.get("/v1/setup_intents/"+sub.text("pending_setup_intent"), ""), "status", "requires_payment_method")
	}},
	{"GET /v1/charges", func(s *shop) {
		p := s.payment("pm_card_visa")
		list := s.get("/v1/charges", "payment_intent=%s&expand[]=data.refunds", p.id())
		s.want(list, "data.0.id", p.text("latest_charge"))
		s.want(list, "data.0.refunds.object", "list")
	}},
	{"GET /v1/charges/{charge}", func(s *shop) {
		s.want(s.get("/v1/charges/"+s.payment("pm_card_visa").text("latest_charge"), "expand[]=payment_intent"), "payment_intent.status", "succeeded")
	}},
	{"POST /v1/refunds", func(s *shop) {
		p := s.payment("pm_card_visa")
		s.want(s.post("/v1/refunds", "payment_intent=%s&amount=300&reason=requested_by_customer&metadata[k]=v", p.id()), "amount", 300)
		s.want(s.post("/v1/refunds", "charge=%s&expand[]=charge", p.text("latest_charge")), "charge.refunded", true)
	}},
	{"GET /v1/refunds", func(s *shop) {
		p := s.payment("pm_card_visa")
		refund := s.post("/v1/refunds", "payment_intent=%s", p.id())
		s.want(s.get("/v1/refunds", "payment_intent=%s", p.id()), "data.0.id", refund.id())
	}},
	{"GET /v1/refunds/{refund}", func(s *shop) {
		refund := s.post("/v1/refunds", "payment_intent=%s", s.payment("pm_card_visa").id())
		s.want(s.get("/v1/refunds/"+refund.id(), ""), "status", "succeeded")
	}},
	{"POST /v1/payment_methods", func(s *shop) {
		method := s.post("/v1/payment_methods", "type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2034&card[cvc]=123")
		s.want(method, "card.last4", 4242)
	}},
	{"GET /v1/payment_methods", func(s *shop) {
		customer := s.customer("pm_card_visa")
		s.want(s.get("/v1/payment_methods", "customer=%s&type=card", customer.id()), "data.0.card.brand", "visa")
	}},
	{"POST /v1/payment_methods/{payment_method}/attach", func(s *shop) {
		customer := s.post("/v1/customers", "")
		method := s.post("/v1/payment_methods/pm_card_visa/attach", "customer=%s", customer.id())
		s.want(method, "customer", customer.id())
		if method.id() == "pm_card_visa" {
			s.Error("attaching pm_card_visa gave no copy of its own")
		}
	}},
	{"POST /v1/payment_methods/{payment_method}/detach", func(s *shop) {
		method := s.post("/v1/payment_methods/pm_card_visa/attach", "customer=%s", s.post("/v1/customers", "").id())
		s.want(s.post("/v1/payment_methods/"+method.id()+"/detach", ""), "customer", "")
	}},
	{"GET /v1/customers/{customer}/payment_methods", func(s *shop) {
		c := s.customer("pm_card_visa")
		s.want(s.get("/v1/customers/"+c.id()+"/payment_methods", "type=card"), "data.0.card.last4", 4242)
	}},
	{"DELETE /v1/products/{id}", func(s *shop) {
		s.want(s.delete("/v1/products/"+s.product().id()), "deleted", true)
	}},
	{"GET /v1/billing_portal/configurations/{configuration}", func(s *shop) {
		made := s.post("/v1/billing_portal/configurations", "features[invoice_history][enabled]=true")
		s.want(s.get("/v1/billing_portal/configurations/"+made.id(), ""), "features.invoice_history.enabled", true)
	}},
	{"POST /v1/billing_portal/configurations/{configuration}", func(s *shop) {
		made := s.post("/v1/billing_portal/configurations", "features[invoice_history][enabled]=true")
		s.want(s.post("/v1/billing_portal/configurations/"+made.id(), "active=false&metadata[k]=v"), "active", false)
	}},
	{"POST /v1/invoices", func(s *shop) {
		c := s.customer("pm_card_visa")
		s.post("/v1/invoiceitems", "customer=%s&amount=700&currency=usd", c.id())
		s.want(s.post("/v1/invoices", "customer=%s&currency=usd&pending_invoice_items_behavior=include", c.id()), "total", 700)
	}},
	{"DELETE /v1/invoices/{invoice}", func(s *shop) {
		made := s.post("/v1/invoices", "customer=%s&currency=usd", s.customer("pm_card_visa").id())
		s.want(s.delete("/v1/invoices/"+made.id()), "deleted", true)
	}},
	{"GET /v1/invoiceitems/{invoiceitem}", func(s *shop) {
		item := s.post("/v1/invoiceitems", "customer=%s&amount=700&currency=usd", s.customer("pm_card_visa").id())
		s.want(s.get("/v1/invoiceitems/"+item.id(), ""), "amount", 700)
	}},
	{"DELETE /v1/invoiceitems/{invoiceitem}", func(s *shop) {
		item := s.post("/v1/invoiceitems", "customer=%s&amount=700&currency=usd", s.customer("pm_card_visa").id())
		s.want(s.delete("/v1/invoiceitems/"+item.id()), "deleted", true)
	}},
	{"POST /v1/payment_intents/{intent}", func(s *shop) {
		p := s.post("/v1/payment_intents", "amount=500&currency=usd")
		s.want(s.post("/v1/payment_intents/"+p.id(), "amount=600&metadata[k]=v"), "amount", 600)
	}},
	{"GET /v1/setup_intents", func(s *shop) {
		s.want(s.get("/v1/setup_intents", "limit=1"), "object", "list")
	}},
	{"POST /v1/refunds/{refund}", func(s *shop) {
		refund := s.post("/v1/refunds", "payment_intent=%s", s.payment("pm_card_visa").id())
		s.want(s.post("/v1/refunds/"+refund.id(), "metadata[k]=v"), "metadata.k", "v")
	}},
	{"GET /v1/disputes", func(s *shop) {
		charge := s.payment("pm_card_createDispute").text("latest_charge")
		s.want(s.get("/v1/disputes", "charge=%s", charge), "data.0.charge", charge)
	}},
	{"GET /v1/disputes/{dispute}", func(s *shop) {
		s.payment("pm_card_createDispute")
		s.want(s.get("/v1/disputes/"+s.get("/v1/disputes", "").text("data.0.id"), ""), "status", "needs_response")
	}},
	{"POST /v1/disputes/{dispute}", func(s *shop) {
		s.payment("pm_card_createDispute")
		s.want(s.post("/v1/disputes/"+s.get("/v1/disputes", "").text("data.0.id"), "evidence[uncategorized_text]=losing_evidence"), "status", "lost")
	}},
	{"POST /v1/disputes/{dispute}/close", func(s *shop) {
		s.payment("pm_card_createDispute")
		s.want(s.post("/v1/disputes/"+s.get("/v1/disputes", "").text("data.0.id")+"/close", ""), "status", "lost")
	}},
	{"GET /v1/payment_methods/{payment_method}", func(s *shop) {
		method := s.post("/v1/payment_methods/pm_card_visa/attach", "customer=%s", s.post("/v1/customers", "").id())
		s.want(s.get("/v1/payment_methods/"+method.id(), ""), "card.last4", 4242)
	}},
	{"POST /v1/payment_methods/{payment_method}", func(s *shop) {
		method := s.post("/v1/payment_methods/pm_card_visa/attach", "customer=%s", s.post("/v1/customers", "").id())
		s.want(s.post("/v1/payment_methods/"+method.id(), "billing_details[name]=Jo&metadata[k]=v"), "billing_details.name", "Jo")
	}},
	{"POST /v1/billing/meters/{id}", func(s *shop) {
		s.want(s.post("/v1/billing/meters/"+s.meter().id(), "display_name=More"), "display_name", "More")
	}},
	{"POST /v1/billing/meters", func(s *shop) {
		meter := s.post("/v1/billing/meters", "display_name=Calls&event_name=calls&default_aggregation[formula]=count"+
			"&customer_mapping[type]=by_id&customer_mapping[event_payload_key]=who&value_settings[event_payload_key]=n")
		s.want(meter, "value_settings.event_payload_key", "n")
		s.want(meter, "status", "active")
	}},
	{"GET /v1/billing/meters", func(s *shop) {
		meter := s.meter()
		s.want(s.get("/v1/billing/meters", "status=active"), "data.0.id", meter.id())
	}},
	{"GET /v1/billing/meters/{id}", func(s *shop) {
		s.want(s.get("/v1/billing/meters/"+s.meter().id(), ""), "event_name", "calls")
	}},
	{"POST /v1/billing/meters/{id}/deactivate", func(s *shop) {
		s.want(s.post("/v1/billing/meters/"+s.meter().id()+"/deactivate", ""), "status", "inactive")
	}},
	{"POST /v1/billing/meters/{id}/reactivate", func(s *shop) {
		meter := s.post("/v1/billing/meters/"+s.meter().id()+"/deactivate", "")
		s.want(s.post("/v1/billing/meters/"+meter.id()+"/reactivate", ""), "status", "active")
	}},
	{"GET /v1/billing/meters/{id}/event_summaries", func(s *shop) {
		meter, customer := s.meter(), s.customer("pm_card_visa")
		now := s.server.Now().Truncate(time.Minute)
		for _, amount := range []int{3, 4} {
			s.post("/v1/billing/meter_events", "event_name=calls&payload[stripe_customer_id]=%s&payload[value]=%d&timestamp=%d", customer.id(), amount, now.Unix())
		}
		list := s.get("/v1/billing/meters/"+meter.id()+"/event_summaries", "customer=%s&start_time=%d&end_time=%d",
			customer.id(), now.Add(-time.Hour).Unix(), now.Add(time.Hour).Unix())
		s.want(list, "data.0.aggregated_value", 7)
	}},
	{"POST /v1/billing/meter_events", func(s *shop) {
		s.meter()
		event := s.post("/v1/billing/meter_events", "event_name=calls&identifier=u1&payload[stripe_customer_id]=%s&payload[value]=3", s.customer("pm_card_visa").id())
		s.want(event, "payload.value", 3)
		s.want(event, "identifier", "u1")
	}},
	{"POST /v1/billing/meter_event_adjustments", func(s *shop) {
		s.meter()
		s.post("/v1/billing/meter_events", "event_name=calls&identifier=u1&payload[stripe_customer_id]=%s&payload[value]=3", s.customer("pm_card_visa").id())
		s.want(s.post("/v1/billing/meter_event_adjustments", "event_name=calls&type=cancel&cancel[identifier]=u1"), "cancel.identifier", "u1")
	}},
	{"GET /v1/events", func(s *shop) {
		s.subscription()
		s.payment("pm_card_visa")
		all := s.get("/v1/events", "limit=100")
		if got := len(all.list("data")); got < 10 {
			s.Errorf("a subscription and a payment left %d events, want at least 10", got)
		}
		some := s.get("/v1/events", "types[]=invoice.paid&types[]=product.created&created[gte]=1")
		for _, event := range some.list("data") {
			if kind := event.text("type"); kind != "invoice.paid" && kind != "product.created" {
				s.Errorf("the events of two types have one %s", kind)
			}
		}
		s.want(s.get("/v1/events", "type=customer.created&delivery_success=true"), "object", "list")
	}},
	{"GET /v1/events/{id}", func(s *shop) {
		customer := s.customer("pm_card_visa")
		list := s.get("/v1/events", "type=customer.created")
		s.want(s.get("/v1/events/"+list.text("data.0.id"), ""), "data.object.id", customer.id())
	}},
	{"POST /v1/webhook_endpoints", func(s *shop) {
		if secret := s.endpoint().text("secret"); !strings.HasPrefix(secret, "whsec_") {
			s.Errorf("the secret is %q, want whsec_…", secret)
		}
	}},
	{"GET /v1/webhook_endpoints", func(s *shop) {
		endpoint := s.endpoint()
		list := s.get("/v1/webhook_endpoints", "")
		s.want(list, "data.0.id", endpoint.id())
		s.want(list, "data.0.secret", "")
	}},
	{"GET /v1/webhook_endpoints/{webhook_endpoint}", func(s *shop) {
		endpoint := s.get("/v1/webhook_endpoints/"+s.endpoint().id(), "")
		s.want(endpoint, "secret", "")
		s.want(endpoint, "api_version", apiVersion)
	}},
	{"POST /v1/webhook_endpoints/{webhook_endpoint}", func(s *shop) {
		s.want(s.post("/v1/webhook_endpoints/"+s.endpoint().id(), "disabled=true&enabled_events[]=invoice.paid"), "status", "disabled")
	}},
	{"DELETE /v1/webhook_endpoints/{webhook_endpoint}", func(s *shop) {
		s.want(s.delete("/v1/webhook_endpoints/"+s.endpoint().id()), "deleted", true)
	}},
	{"POST /v1/test_helpers/test_clocks", func(s *shop) {
		s.want(s.post("/v1/test_helpers/test_clocks", "frozen_time=1767225600&name=Year"), "status", "ready")
	}},
	{"GET /v1/test_helpers/test_clocks", func(s *shop) {
		clock := s.clock()
		s.want(s.get("/v1/test_helpers/test_clocks", ""), "data.0.id", clock.id())
	}},
	{"GET /v1/test_helpers/test_clocks/{test_clock}", func(s *shop) {
		s.want(s.get("/v1/test_helpers/test_clocks/"+s.clock().id(), ""), "status", "ready")
	}},
	{"DELETE /v1/test_helpers/test_clocks/{test_clock}", func(s *shop) {
		s.want(s.delete("/v1/test_helpers/test_clocks/"+s.clock().id()), "deleted", true)
	}},
	{"POST /v1/test_helpers/test_clocks/{test_clock}/advance", func(s *shop) {
		clock := s.clock()
		customer := s.post("/v1/customers", "test_clock=%s", clock.id())
		s.card(customer.id(), "pm_card_visa")
		sub := s.post("/v1/subscriptions", "customer=%s&items[0][price]=%s", customer.id(), s.price(900).id())
		to := s.unix(sub, "items.data.0.current_period_end").Add(2 * time.Hour)
		s.post("/v1/test_helpers/test_clocks/"+clock.id()+"/advance", "frozen_time=%d", to.Unix())
		s.ready(clock.id())
		s.want(s.get("/v1/invoices", "subscription=%s", sub.id()), "data.0.billing_reason", "subscription_cycle")
	}},
}

// draft returns the draft invoice of a renewal that is not an hour old.
func (s *shop) draft() string {
	s.Helper()
	sub := s.subscription()
	s.advance(s.unix(sub, "items.data.0.current_period_end").Add(time.Minute))
	list := s.get("/v1/invoices", "subscription=%s&status=draft", sub.id())
	if list.at("data.0") == nil {
		s.Fatal("a minute after the renewal there is no draft invoice")
	}
	return list.text("data.0.id")
}

// ready waits until a test clock has arrived.
func (s *shop) ready(clock string) {
	s.Helper()
	const triesMax = 200
	for range triesMax {
		if s.get("/v1/test_helpers/test_clocks/"+clock, "").text("status") == "ready" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Fatal("the test clock does not become ready")
}

func TestEveryEndpointAnswersAsStripeDoes(t *testing.T) {
	t.Parallel()
	for _, v := range visits {
		t.Run(strings.ReplaceAll(v.operation, "/", "⁄"), func(t *testing.T) {
			t.Parallel()
			s := openShop(t, sandbox.Options{})
			v.call(s)
			if s.checks.Seen()[v.operation] == 0 {
				t.Errorf("the case of %s does not call it; it calls %v", v.operation, s.checks.Seen())
			}
			s.checkEvents()
		})
	}
}

// surface is what the sandbox promises to answer, beside pages and its own control.
var surface = []string{
	"POST /v1/customers",
	"GET /v1/customers",
	"GET /v1/customers/{customer}",
	"POST /v1/customers/{customer}",
	"DELETE /v1/customers/{customer}",
	"GET /v1/customers/search",
	"POST /v1/products",
	"GET /v1/products",
	"GET /v1/products/{id}",
	"POST /v1/products/{id}",
	"POST /v1/prices",
	"GET /v1/prices",
	"GET /v1/prices/{price}",
	"POST /v1/prices/{price}",
	"POST /v1/coupons",
	"GET /v1/coupons",
	"GET /v1/coupons/{coupon}",
	"POST /v1/coupons/{coupon}",
	"DELETE /v1/coupons/{coupon}",
	"POST /v1/promotion_codes",
	"GET /v1/promotion_codes",
	"GET /v1/promotion_codes/{promotion_code}",
	"POST /v1/promotion_codes/{promotion_code}",
	"POST /v1/checkout/sessions",
	"GET /v1/checkout/sessions",
	"GET /v1/checkout/sessions/{session}",
	"POST /v1/checkout/sessions/{session}/expire",
	"GET /v1/checkout/sessions/{session}/line_items",
	"POST /v1/billing_portal/sessions",
	"POST /v1/billing_portal/configurations",
	"GET /v1/billing_portal/configurations",
	"POST /v1/subscriptions",
	"GET /v1/subscriptions",
	"GET /v1/subscriptions/{subscription_exposed_id}",
	"POST /v1/subscriptions/{subscription_exposed_id}",
	"DELETE /v1/subscriptions/{subscription_exposed_id}",
	"POST /v1/subscriptions/{subscription}/resume",
	"GET /v1/subscription_items",
	"GET /v1/invoices",
	"GET /v1/invoices/{invoice}",
	"GET /v1/invoices/{invoice}/lines",
	"POST /v1/invoices/{invoice}/pay",
	"POST /v1/invoices/{invoice}/finalize",
	"POST /v1/invoices/{invoice}/void",
	"POST /v1/invoices/{invoice}/mark_uncollectible",
	"POST /v1/invoices/create_preview",
	"GET /v1/invoice_payments",
	"GET /v1/invoice_payments/{invoice_payment}",
	"POST /v1/invoiceitems",
	"GET /v1/invoiceitems",
	"POST /v1/payment_intents",
	"GET /v1/payment_intents",
	"GET /v1/payment_intents/{intent}",
	"POST /v1/payment_intents/{intent}/confirm",
	"POST /v1/payment_intents/{intent}/cancel",
	"GET /v1/setup_intents/{intent}",
	"GET /v1/charges",
	"GET /v1/charges/{charge}",
	"POST /v1/refunds",
	"GET /v1/refunds",
	"GET /v1/refunds/{refund}",
	"POST /v1/payment_methods",
	"GET /v1/payment_methods",
	"POST /v1/payment_methods/{payment_method}/attach",
	"POST /v1/payment_methods/{payment_method}/detach",
	"POST /v1/billing/meters",
	"GET /v1/billing/meters",
	"GET /v1/billing/meters/{id}",
	"POST /v1/billing/meters/{id}/deactivate",
	"POST /v1/billing/meters/{id}/reactivate",
	"GET /v1/billing/meters/{id}/event_summaries",
	"POST /v1/billing/meter_events",
	"POST /v1/billing/meter_event_adjustments",
	"GET /v1/events",
	"GET /v1/events/{id}",
	"POST /v1/webhook_endpoints",
	"GET /v1/webhook_endpoints",
	"GET /v1/webhook_endpoints/{webhook_endpoint}",
	"POST /v1/webhook_endpoints/{webhook_endpoint}",
	"DELETE /v1/webhook_endpoints/{webhook_endpoint}",
	"POST /v1/test_helpers/test_clocks",
	"GET /v1/test_helpers/test_clocks",
	"GET /v1/test_helpers/test_clocks/{test_clock}",
	"DELETE /v1/test_helpers/test_clocks/{test_clock}",
	"POST /v1/test_helpers/test_clocks/{test_clock}/advance",
}

func TestEveryPromisedEndpointHasItsCase(t *testing.T) {
	t.Parallel()
	for _, operation := range surface {
		if !slices.ContainsFunc(visits, func(v visit) bool { return v.operation == operation }) {
			t.Errorf("%s has no case in visits", operation)
		}
	}
}

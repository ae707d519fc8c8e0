package flowglad

import (
	"strings"

	"github.com/tollgate/tollgate"
)

const (
	read   = tollgate.ScopeRead
	record = tollgate.ScopeRecord
	full   = tollgate.ScopeFull
)

// table lists every route below /api/v1/. Of two that fit, the first is meant.
func (s *Server) table() []route {
	var all []route
	add := func(need tollgate.Scope, method, pattern string, do func(*call) (any, error)) {
		all = append(all, route{method, pattern, strings.Split(pattern, "/"), need, do})
	}
	add(read, "GET", "customers", s.listCustomers)
	add(record, "POST", "customers", s.createCustomer)
	add(read, "GET", "customers/{}", s.customer)
	add(record, "PUT", "customers/{}", s.updateCustomer)
	add(read, "GET", "customers/{}/billing", s.billing)
	add(read, "GET", "customers/{}/usage-balances", s.usageBalances)
	add(full, "POST", "customers/{}/archive", s.archiveCustomer)

	add(record, "POST", "usage-events", s.createUsageEvent)
	add(record, "POST", "usage-events/bulk", s.createUsageEvents)
	add(read, "GET", "usage-events/{}", s.usageEvent)

	add(read, "GET", "subscriptions", s.listSubscriptions)
	add(full, "POST", "subscriptions", s.createSubscription)
	add(read, "GET", "subscriptions/{}", s.subscription)
	add(full, "POST", "subscriptions/{}/cancel", s.cancelSubscription)
	add(full, "POST", "subscriptions/{}/uncancel", s.uncancelSubscription)
	add(full, "POST", "subscriptions/{}/adjust", s.adjustSubscription)

	add(full, "POST", "checkout-sessions", s.createCheckout)
	add(read, "GET", "checkout-sessions", s.listCheckouts)
	add(read, "GET", "checkout-sessions/{}", s.checkout)

	add(read, "GET", "resource-claims/{}/usages", s.seatUsages)
	add(read, "GET", "resource-claims/{}/usage", s.seatUsage)
	add(read, "GET", "resource-claims/{}/claims", s.seatClaims)
	add(record, "POST", "resource-claims/{}/claim", s.claimSeats)
	add(record, "POST", "resource-claims/{}/release", s.releaseSeats)
	add(read, "GET", "resources", s.listResources)
	add(read, "GET", "resources/{}", s.resource)

	for _, name := range []string{"pricing-models", "catalogs"} { // catalogs: as versions up to 0.11 call it
		add(read, "GET", name, s.listPricingModels)
		add(read, "GET", name+"/default", s.defaultPricingModel)
		add(read, "GET", name+"/{}", s.pricingModel)
		add(full, "POST", name+"/{}/clone", s.onePricingModel)
		add(full, "POST", name, s.onePricingModel)
		add(full, "PUT", name+"/{}", s.onePricingModel)
	}
	add(read, "GET", "products", s.listProducts)
	add(read, "GET", "products/{}", s.product)
	add(full, "POST", "products", s.createProduct)
	add(full, "PUT", "products/{}", s.updateProduct)
	add(read, "GET", "prices", s.listPrices)
	add(full, "POST", "prices", s.createPrice)
	add(full, "PUT", "prices/{}", s.updatePrice)
	add(read, "GET", "usage-meters", s.listUsageMeters)
	add(read, "GET", "usage-meters/{}", s.usageMeter)
	add(full, "POST", "usage-meters", s.createUsageMeter)
	add(full, "PUT", "usage-meters/{}", s.updateUsageMeter)

	add(read, "GET", "invoices", s.listInvoices)
	add(read, "GET", "invoices/{}", s.invoice)
	add(read, "GET", "invoice-line-items", s.listLines)
	add(read, "GET", "invoice-line-items/{}", s.line)
	add(read, "GET", "payments", s.listPayments)
	add(read, "GET", "payments/{}", s.payment)
	add(read, "GET", "payment-methods", s.listMethods)
	add(read, "GET", "payment-methods/{}", s.method)
	add(read, "GET", "discounts", s.listDiscounts)
	add(read, "GET", "discounts/{}", s.discount)
	add(full, "POST", "discounts", s.createDiscount)
	add(full, "PUT", "discounts/{}", s.updateDiscount)
	add(full, "POST", "payments/{}/refund", s.refundPayment)
	return all
}

package api

import (
	"net/http"

	"github.com/tollgate/tollgate"
)

const (
	read   = tollgate.ScopeRead
	record = tollgate.ScopeRecord
	full   = tollgate.ScopeFull
)

// routes lists every route of the API.
func (s *Server) routes() {
	typed(s, record, "PUT /v1/customers/{externalId}", s.putCustomer)
	typed(s, read, "GET /v1/customers/{externalId}", s.customer)
	typed(s, record, "PATCH /v1/customers/{externalId}", s.patchCustomer)
	typed(s, full, "DELETE /v1/customers/{externalId}", s.eraseCustomer)
	typed(s, read, "GET /v1/customers", s.customers)
	typed(s, full, "POST /v1/customers/{externalId}/tokens", s.createToken)

	s.plain(record, "POST /v1/consume", s.consume)
	s.plain(record, "POST /v1/events", s.events)
	typed(s, full, "DELETE /v1/customers/{externalId}/events/{transactionId}", s.void)
	typed(s, read, "POST /v1/check", s.check)

	typed(s, record, "POST /v1/holds", s.hold)
	typed(s, record, "POST /v1/holds/{id}/capture", s.capture)
	typed(s, record, "POST /v1/holds/{id}/release", s.release)

	typed(s, full, "POST /v1/customers/{externalId}/grants", s.grant)
	typed(s, full, "POST /v1/grants/{id}/revoke", s.revoke)

	typed(s, full, "POST /v1/customers/{externalId}/adjustments", s.adjust)
	typed(s, full, "POST /v1/customers/{externalId}/resets", s.reset)
	typed(s, full, "POST /v1/customers/{externalId}/limit-adjustments", s.addLimitAdjustment)
	typed(s, read, "GET /v1/customers/{externalId}/limit-adjustments", s.limitAdjustments)
	typed(s, full, "DELETE /v1/limit-adjustments/{id}", s.removeLimitAdjustment)
	typed(s, read, "GET /v1/plans/{slug}/limits/{meter}", s.planLimit)
	typed(s, read, "GET /v1/customers/{externalId}/limits/{meter}", s.customerLimit)

	typed(s, read, "GET /v1/customers/{externalId}/usage", s.usage)
	typed(s, read, "POST /v1/usage/batch", s.usageBatch)
	typed(s, read, "GET /v1/usage/top", s.usageTop)

	typed(s, read, "GET /v1/customers/{externalId}/balances", s.balances)
	typed(s, read, "GET /v1/customers/{externalId}/balances/{slug}", s.balance)
	typed(s, read, "GET /v1/customers/{externalId}/entries", s.entries)
	typed(s, read, "GET /v1/customers/{externalId}/explain/{slug}", s.explain)

	s.plain(read, "GET /v1/catalog", s.catalog)
	typed(s, full, "PUT /v1/catalog", s.publish)
	typed(s, read, "GET /v1/prices", s.prices)
	typed(s, full, "PUT /v1/prices/{slug}", s.syncPrice)

	typed(s, full, "POST /v1/checkout-sessions", s.checkout)
	typed(s, full, "GET /v1/checkout-sessions/{id}", s.checkoutSession)
	typed(s, full, "POST /v1/portal-sessions", s.portal)
	typed(s, read, "GET /v1/customers/{externalId}/subscriptions", s.subscriptions)
	typed(s, read, "GET /v1/customers/{externalId}/payments", s.payments)
	typed(s, read, "GET /v1/customers/{externalId}/invoices", s.invoices)
	typed(s, read, "GET /v1/customers/{externalId}/reportable-usage", s.reportable)
	typed(s, full, "POST /v1/subscriptions/{id}/change", s.changeSubscription)
	typed(s, full, "POST /v1/subscriptions/{id}/preview", s.previewChange)
	typed(s, full, "POST /v1/subscriptions/{id}/cancel", s.cancelSubscription)
	typed(s, full, "POST /v1/subscriptions/{id}/resume", s.resumeSubscription)
	typed(s, full, "POST /v1/subscriptions/{id}/pause", s.pauseSubscription)
	typed(s, full, "GET /v1/subscriptions/{id}/upcoming", s.upcomingInvoice)
	typed(s, full, "POST /v1/payments/{id}/refunds", s.refund)
	s.plain(open, "POST /webhooks/stripe", s.webhook)
	s.plain(open, "POST /api/webhooks/stripe", s.webhook)

	typed(s, full, "PUT /v1/debug", s.debug)

	s.plain(open, "GET /healthz", s.health)
	s.plain(open, "GET /readyz", s.ready)
	s.plain(open, "GET /metrics", s.showMetrics)
	s.plain(open, "GET /openapi.json", s.showOpenAPI)
	s.plain(open, "GET /docs", s.showDocs)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange)
		s.fail(x, s.unmatched(x, r))
	})
}

// A handler answers a request, or returns the error to answer with.
type handler func(x *exchange, r *http.Request) error

// handle registers a handler that requests reach when they are admitted.
func (s *Server) handle(need tollgate.Scope, pattern string, h handler) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange)
		x.restorePath(r)
		err := s.admit(x, r, need)
		if err == nil {
			err = h(x, r)
		}
		if err != nil {
			s.fail(x, err)
		}
	})
}

// plain registers a route that huma only describes.
func (s *Server) plain(need tollgate.Scope, pattern string, h handler) {
	s.handle(need, pattern, h)
	s.huma.OpenAPI().AddOperation(s.operation(need, pattern))
}

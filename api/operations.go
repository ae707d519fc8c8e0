package api

import (
	"maps"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/plan"
)

// An operation is what the documentation says of a route.
type operation struct {
	name, tag, summary, about string

	body       reflect.Type
	example    string   // of the body, as JSON
	kinds      []string // of the body; JSON when nil
	optional   bool     // the body may be left out
	answer     reflect.Type
	answers    []string // the kinds of the answer; JSON when nil
	reply      string   // an example of the answer, as JSON
	also       map[int]*huma.Response
	refuses    []fault.Code // beyond what every route may refuse with
	parameters []*huma.Param
}

// The groups of operations.
const (
	customersTag  = "Customers"
	usageTag      = "Usage"
	holdsTag      = "Holds"
	grantsTag     = "Grants"
	limitsTag     = "Limits and adjustments"
	statisticsTag = "Statistics"
	balancesTag   = "Balances"
	catalogTag    = "Catalog"
	billingTag    = "Billing"
	serverTag     = "Server"
)

func tags() []*huma.Tag {
	return []*huma.Tag{
		{Name: usageTag, Description: "Meter what customers use, and refuse what their balance does not cover."},
		{Name: customersTag, Description: "Who is metered: users or organisations, named by your own ids."},
		{Name: balancesTag, Description: "What is left, why, and how it came about."},
		{Name: holdsTag, Description: "Set units aside before the cost of the work is known."},
		{Name: grantsTag, Description: "Give units on top of the plan, and take them back."},
		{Name: limitsTag, Description: "Limits as they are, moved for one customer, and usage corrected by hand."},
		{Name: statisticsTag, Description: "What was used, when, and by whom."},
		{Name: catalogTag, Description: "What is metered and sold: one document, versioned."},
		{Name: billingTag, Description: "Plans and top-ups sold through Stripe. Without Stripe keys, these answer 503 and everything else works."},
		{Name: serverTag, Description: "For those who run Tollgate. Only PUT /v1/debug needs a key."},
	}
}

// operations describes every route, by its pattern.
func operations() map[string]operation {
	all := map[string]operation{}
	for _, group := range []map[string]operation{
		customerOperations(), tokenOperations(), usageOperations(), balanceOperations(), holdOperations(), grantOperations(), limitOperations(),
		usageStatisticsOperations(), catalogOperations(), billingOperations(), serverOperations(),
	} {
		maps.Copy(all, group)
	}
	return all
}

// made is the answer of a request that made something.
func made(schema string) map[int]*huma.Response {
	return map[int]*huma.Response{201: {Description: "The request created it", Content: map[string]*huma.MediaType{jsonType: {Schema: &huma.Schema{Ref: schemaPrefix + schema}}}}}
}

func typeName[T any]() string { return reflect.TypeFor[T]().Name() }

const limitsNeedFull = "plan and timezone decide on what the customer may use: they need a key of scope full."

func customerOperations() map[string]operation {
	customer, change := reflect.TypeFor[tollgate.Customer](), reflect.TypeFor[tollgate.CustomerChange]()
	return map[string]operation{
		"PUT /v1/customers/{externalId}": {
			name: "putCustomer", tag: customersTag, summary: "Create or change a customer",
			about:   "Creates the customer on the default plan, or changes the one that is there. Safe to repeat: calls that arrive together make one customer. Fields that are not sent stay as they are; {} is enough.\n\n" + limitsNeedFull,
			body:    change,
			example: `{"name": "Ada Lovelace", "email": "ada@example.com", "metadata": {"team": "engines"}}`,
			answer:  customer, refuses: []fault.Code{fault.Conflict},
			also: made(typeName[tollgate.Customer]()),
		},
		"GET /v1/customers/{externalId}": {
			name: "getCustomer", tag: customersTag, summary: "Read a customer", answer: customer, refuses: []fault.Code{fault.NotFound, fault.Invalid},
		},
		"PATCH /v1/customers/{externalId}": {
			name: "patchCustomer", tag: customersTag, summary: "Change a customer",
			about: "Changes a customer that is there. Metadata is merged key by key; a null value removes its key.\n\n" + limitsNeedFull,
			body:  change, example: `{"metadata": {"team": null, "seat": "4"}, "plan": "pro"}`,
			answer: customer, refuses: []fault.Code{fault.NotFound, fault.Conflict},
		},
		"DELETE /v1/customers/{externalId}": {
			name: "eraseCustomer", tag: customersTag, summary: "Erase a customer",
			about:  "Removes, for good, what names or describes the customer: the externalId, name, email, metadata and the properties of its events. The ledger stays, under a number nobody can look up, so that totals do not change. Who has a live subscription is answered 409: cancel it first, for it would go on and be billed. Stripe is told nothing: delete the customer there afterwards.",
			answer: reflect.TypeFor[Erased](), refuses: []fault.Code{fault.NotFound, fault.Conflict, fault.Invalid},
		},
		"GET /v1/customers": {
			name: "listCustomers", tag: customersTag, summary: "List customers", about: "A page of customers, oldest first. Ask for the next page with after set to the page's next.",
			answer: reflect.TypeFor[tollgate.Page[tollgate.Customer]](), refuses: []fault.Code{fault.NotFound, fault.Invalid},
		},
	}
}

func usageOperations() map[string]operation {
	return map[string]operation{
		"POST /v1/consume": {
			name: "consume", tag: usageTag, summary: "Consume: check and record as one act",
			about: "Either the balance covers the amount and the usage is durably recorded, or it is refused with 402 and nothing is written. No number of parallel calls spends a unit twice.\n\n" +
				"A transactionId counts once, for ever: send the same request again after a timeout, and the first answer comes back with duplicate set to true. With record set to true the usage has already happened and is never refused.",
			body: reflect.TypeFor[meter.Usage](), example: `{"customer": "user_42", "meter": "ai_requests", "amount": 1, "transactionId": "req_1001"}`,
			answer: reflect.TypeFor[tollgate.Receipt](), refuses: []fault.Code{fault.InsufficientCredits, fault.Suspended, fault.NotFound, fault.Conflict}, reply: `{"event": {"customer": "user_42", "meter": "ai_requests", "amount": 1, "transactionId": "req_1001", "at": "2026-01-31T15:04:05Z", "recordedAt": "2026-01-31T15:04:05Z", "charged": 1, "paidBy": "ai_requests"}, "balance": {"slug": "ai_requests", "used": 1, "limit": 20, "available": 19, "unlimited": false, "resetsAt": "2026-02-01T00:00:00Z"}, "duplicate": false}`,
		},
		"POST /v1/events": {
			name: "sendEvents", tag: usageTag, summary: "Send a batch of usage",
			about:   "Up to 1,000 usage facts, each decided by itself: data[i] answers events[i] with its own status, as consume would. The facts of one customer are decided in their order. The events may also be sent as a bare JSON array.",
			body:    reflect.TypeFor[BatchRequest](),
			example: `{"events": [{"customer": "user_42", "meter": "ai_requests", "amount": 1, "transactionId": "req_1002"}, {"customer": "user_43", "meter": "tokens", "amount": 1830, "transactionId": "req_1003", "record": true}]}`,
			answer:  reflect.TypeFor[BatchAnswer](), reply: `{"data": [{"status": 200, "event": {"customer": "user_42", "meter": "ai_requests", "amount": 1, "transactionId": "req_1002", "at": "2026-01-31T15:04:05Z", "recordedAt": "2026-01-31T15:04:05Z", "charged": 1, "paidBy": "ai_requests"}, "balance": {"slug": "ai_requests", "used": 1, "limit": 20, "available": 19, "unlimited": false, "resetsAt": "2026-02-01T00:00:00Z"}, "duplicate": false}, {"error": "not_found", "message": "There is no customer \"user_43\".", "customer": "user_43", "status": 404}]}`,
		},
		"DELETE /v1/customers/{externalId}/events/{transactionId}": {
			name: "voidEvent", tag: usageTag, summary: "Void an event",
			about:  "Undoes usage: its units return to the very allowance and grants that paid for it. The transactionId stays used. Voiding twice answers as the first time.",
			answer: reflect.TypeFor[tollgate.Voided](), refuses: []fault.Code{fault.NotFound, fault.Conflict, fault.Invalid},
		},
		"POST /v1/check": {
			name: "check", tag: usageTag, summary: "Check an amount or a feature",
			about: "Says whether the customer may use an amount of a meter, or a feature, at this moment; it writes nothing and promises nothing about the next. Only consume and holds decide. An amount that is not covered answers 200 with allowed false; a feature that the plan does not include answers 403 feature_not_in_plan, also with allowed false.",
			body:  reflect.TypeFor[tollgate.CheckRequest](), example: `{"customer": "user_42", "meter": "ai_requests", "amount": 3}`,
			answer: reflect.TypeFor[tollgate.Check](), refuses: []fault.Code{fault.Suspended, fault.FeatureNotInPlan, fault.NotFound}, reply: `{"allowed": true, "meter": "ai_requests", "balance": "ai_requests", "limit": 20, "available": 19, "required": 3, "resetsAt": "2026-02-01T00:00:00Z", "plan": "free"}`,
		},
	}
}

func balanceOperations() map[string]operation {
	missing := []fault.Code{fault.NotFound, fault.Invalid}
	return map[string]operation{
		"GET /v1/customers/{externalId}/balances": {
			name: "listBalances", tag: balancesTag, summary: "List a customer's balances",
			about:  "Every balance that the plan includes or that the customer has used or been granted, in the order of their slugs.",
			answer: reflect.TypeFor[Balances](), refuses: missing,
		},
		"GET /v1/customers/{externalId}/balances/{slug}": {
			name: "getBalance", tag: balancesTag, summary: "Read a balance", about: "What is left of a meter or a credits pool, now or as it was at a past instant.",
			answer: reflect.TypeFor[credit.Balance](), refuses: missing, reply: `{"slug": "ai_requests", "used": 1, "limit": 20, "available": 19, "unlimited": false, "resetsAt": "2026-02-01T00:00:00Z"}`,
		},
		"GET /v1/customers/{externalId}/entries": {
			name: "listEntries", tag: balancesTag, summary: "Read the ledger of a balance",
			about:  "A page of ledger lines, newest first. The amounts of all lines add up to the balance. Ask for the next page with cursor set to the page's next.",
			answer: reflect.TypeFor[tollgate.Page[tollgate.Line]](), refuses: missing,
		},
		"GET /v1/customers/{externalId}/explain/{slug}": {
			name: "explainBalance", tag: balancesTag, summary: "Explain a balance",
			about:  "The balance down to the grants and events that made it, in sentences a support person can read.",
			answer: reflect.TypeFor[tollgate.Explanation](), refuses: missing,
		},
	}
}

func holdOperations() map[string]operation {
	refused := []fault.Code{fault.InsufficientCredits, fault.Suspended, fault.NotFound, fault.Conflict}
	return map[string]operation{
		"POST /v1/holds": {
			name: "hold", tag: holdsTag, summary: "Hold units",
			about: "Sets units aside: they leave the balance now, so that a capture of up to as much cannot be refused. A hold that is neither captured nor released expires, after 24 hours unless expiresIn says otherwise. While it is open nothing else can use its transactionId. The header Idempotency-Key stands in for a transactionId that is not sent.",
			body:  reflect.TypeFor[tollgate.HoldRequest](), example: `{"customer": "user_42", "meter": "tokens", "amount": 4000, "transactionId": "req_1004", "expiresIn": 600}`,
			answer: reflect.TypeFor[tollgate.Held](), refuses: refused,
		},
		"POST /v1/holds/{id}/capture": {
			name: "captureHold", tag: holdsTag, summary: "Capture a hold",
			about: "Turns the hold into usage: all of it, a part (the rest goes back), or more than it when the balance covers the rest. Without an amount all of it is captured.",
			body:  reflect.TypeFor[CaptureRequest](), example: `{"amount": 3120}`, optional: true, answer: reflect.TypeFor[tollgate.Receipt](), refuses: refused,
		},
		"POST /v1/holds/{id}/release": {
			name: "releaseHold", tag: holdsTag, summary: "Release a hold", about: "Lets the hold go: its units return to where they came from.",
			answer: reflect.TypeFor[tollgate.Held](), body: reflect.TypeFor[Nothing](), optional: true, refuses: []fault.Code{fault.NotFound},
		},
	}
}

func grantOperations() map[string]operation {
	return map[string]operation{
		"POST /v1/customers/{externalId}/grants": {
			name: "grant", tag: grantsTag, summary: "Grant units",
			about: "Gives the customer units of a balance on top of its plan. Units of a meter that the plan pays from a credits pool wait until a plan pays from them: grant units of the pool. With an id, a retry grants nothing more; the header Idempotency-Key stands in for an id that is not sent. Without either every call is a new grant.",
			body:  reflect.TypeFor[tollgate.GrantRequest](), example: `{"balance": "ai_requests", "amount": 100, "id": "welcome_42", "source": "bonus", "reason": "Welcome gift", "expiresAt": "2030-01-01T00:00:00Z"}`,
			answer: reflect.TypeFor[tollgate.Granted](), refuses: []fault.Code{fault.NotFound, fault.Conflict},
		},
		"POST /v1/grants/{id}/revoke": {
			name: "revokeGrant", tag: grantsTag, summary: "Revoke a grant", about: "Takes back what is left of a grant; what was spent stays spent. Revoking twice answers as the first time.",
			body: reflect.TypeFor[RevokeRequest](), example: `{"reason": "Order refunded"}`, optional: true,
			answer: reflect.TypeFor[tollgate.Revoked](), refuses: []fault.Code{fault.NotFound},
		},
	}
}

func catalogOperations() map[string]operation {
	kinds, document := []string{jsonType, yamlType}, reflect.TypeFor[plan.Catalog]()
	return map[string]operation{
		"GET /v1/catalog": {
			name: "getCatalog", tag: catalogTag, summary: "Read the catalog", about: "The catalog in force, as JSON with its defaults filled in. With Accept: application/yaml, the document as its author wrote it.",
			answer: document, answers: kinds, refuses: []fault.Code{fault.NotFound},
		},
		"PUT /v1/catalog": {
			name: "publishCatalog", tag: catalogTag, summary: "Publish a catalog",
			about: "Reads the document, YAML or JSON, and puts it in force as a new version. The answer lists what changed. A document with mistakes is refused with every problem, its line, its column and what to write instead. One without changes publishes nothing.",
			body:  document, kinds: kinds,
			example: `{"meters": {"ai_requests": {"name": "AI requests", "aggregation": "sum"}}, "plans": {"free": {"name": "Free", "default": true, "includes": {"ai_requests": {"limit": 20, "every": "day"}}}}}`,
			answer:  reflect.TypeFor[tollgate.Publication](), refuses: []fault.Code{fault.Conflict},
		},
	}
}

func serverOperations() map[string]operation {
	status := reflect.TypeFor[Health]()
	return map[string]operation{
		"GET /healthz": {name: "health", tag: serverTag, summary: "Is the process alive?", answer: status},
		"GET /readyz":  {name: "ready", tag: serverTag, summary: "Can it serve?", about: "200 when the database answers, 503 when it does not.", answer: status, refuses: []fault.Code{fault.Unavailable}},
		"GET /metrics": {name: "metrics", tag: serverTag, summary: "Prometheus metrics", answer: reflect.TypeFor[string](), answers: []string{"text/plain"}},
		"GET /openapi.json": {
			name: "openapi", tag: serverTag, summary: "This API as OpenAPI 3.1", answer: reflect.TypeFor[object](),
		},
		"PUT /v1/debug": {
			name: "debug", tag: serverTag, summary: "Log a customer's acts",
			about: "This process logs every act of the customer, or of all with *, for a while: what was asked, the terms, what paid, the balance before and after. Properties are never logged.",
			body:  reflect.TypeFor[DebugRequest](), example: `{"customer": "user_42", "seconds": 600}`, answer: reflect.TypeFor[tollgate.Debugging](),
		},
		"GET /docs": {name: "docs", tag: serverTag, summary: "This API as a page", answer: reflect.TypeFor[string](), answers: []string{"text/html"}},
	}
}

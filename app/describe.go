package app

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
)

const (
	pagesTag    = "Pages"
	tokenScheme = "token"
	jsonType    = "application/json"
)

// What bodies carry, for the description of the routes; the handlers decode field by field.
type (
	checkBody struct {
		Meter   id.Slug        `json:"meter,omitempty" doc:"The slug of a meter, instead of a feature."`
		Amount  quantity.Units `json:"amount,omitempty" doc:"How many units of the meter; 1 when not sent."`
		Feature id.Slug        `json:"feature,omitempty" doc:"The slug of a feature, instead of a meter."`
	}
	usageEventBody struct {
		Customer       id.Customer     `json:"customer,omitempty" doc:"Who used it: a secret key must say."`
		UsageMeterSlug id.Slug         `json:"usageMeterSlug" doc:"The slug of a meter."`
		Amount         quantity.Units  `json:"amount,omitempty" doc:"How many units were used. May be left out on meters that count events."`
		TransactionID  id.Transaction  `json:"transactionId,omitempty" doc:"Your own id of this act, the same on every retry; the header Idempotency-Key stands in for it. Without either, a retry counts again."`
		Properties     json.RawMessage `json:"properties,omitempty" doc:"A JSON object of your own, up to 16 KiB."`
		Record         bool            `json:"record,omitempty" doc:"true: it has happened and is recorded whatever the balance."`
	}
	changeBody struct {
		PriceSlug    id.Slug `json:"priceSlug,omitempty" doc:"The slug of a price or a top-up of the catalog."`
		PriceID      string  `json:"priceId,omitempty" doc:"Instead of priceSlug: a price of the catalog, or one of Stripe's (price_…)."`
		PlanID       id.Slug `json:"planId,omitempty" doc:"Instead of a price: the slug of a plan."`
		BillingCycle string  `json:"billingCycle,omitempty" enum:"monthly,yearly" doc:"Which price of the plan: monthly when not sent."`
	}
	checkoutBody struct {
		PriceSlug    id.Slug `json:"priceSlug,omitempty" doc:"The slug of a price or a top-up of the catalog."`
		PriceID      string  `json:"priceId,omitempty" doc:"Instead of priceSlug: a price of the catalog, or one of Stripe's (price_…)."`
		PlanID       id.Slug `json:"planId,omitempty" doc:"Instead of a price: the slug of a plan."`
		BillingCycle string  `json:"billingCycle,omitempty" enum:"monthly,yearly" doc:"Which price of the plan: monthly when not sent."`
		Quantity     int64   `json:"quantity,omitempty" minimum:"1" maximum:"1000" doc:"How many; 1 when not sent."`
		SuccessURL   string  `json:"successUrl,omitempty" doc:"Where to return to after paying: on this site, or on one that may call."`
		CancelURL    string  `json:"cancelUrl,omitempty" doc:"Where to return to without paying."`
	}
	portalBody struct {
		ReturnURL string `json:"returnUrl,omitempty" doc:"Where to return to: on this site, or on one that may call."`
	}
)

// What the catalog spells in its own way, for the description of GET /billing.
type (
	allowance struct {
		Limit    orWord         `json:"limit" doc:"How many units a window has, or \"unlimited\"."`
		Every    period.Every   `json:"every" doc:"When it renews."`
		Soft     bool           `json:"soft,omitempty" doc:"Usage past the limit is accepted."`
		Rollover *plan.Rollover `json:"rollover,omitempty" doc:"How much of what is left goes on; left out when none."`
		Overage  *plan.Price    `json:"overage,omitempty" doc:"What usage past the limit costs; left out when nothing."`
	}
	tier struct {
		UpTo       orWord          `json:"upTo" doc:"Where the tier ends, or \"inf\"."`
		UnitAmount money.UnitPrice `json:"unitAmount" doc:"The price of a unit, in minor units, as a decimal string."`
		FlatAmount money.UnitPrice `json:"flatAmount" doc:"Added once when the tier is reached, in minor units, as a decimal string."`
	}
	orWord struct{}
)

// Schema implements huma.SchemaProvider: a number, or a word in its place.
func (orWord) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{{Type: huma.TypeNumber}, {Type: huma.TypeString}}}
}

// A route is what the description says of one.
type route struct {
	pattern, name, summary, about string
	action                        tollgate.Action
	body                          any // nil: none
	optional                      bool
	example                       string
	answer                        any // nil: a stream of events
	refuses                       []fault.Code
	query                         [][2]string // names and what they mean
}

func described() []route {
	buying := []fault.Code{fault.NotFound, fault.PaymentsNotConfigured}
	return []route{
		{pattern: "GET /billing", name: "getBilling", summary: "Everything a front end shows", action: tollgate.ActionRead, answer: Billing{}},
		{
			pattern: "POST /check", name: "checkOwn", summary: "Check an amount or a feature", action: tollgate.ActionCheck, body: checkBody{}, example: `{"meter": "ai_requests", "amount": 3}`,
			answer: tollgate.Check{}, refuses: []fault.Code{fault.Suspended, fault.FeatureNotInPlan, fault.NotFound},
		},
		{
			pattern: "GET /usage", name: "getOwnUsage", summary: "Statistics of a meter", action: tollgate.ActionRead, answer: tollgate.UsageReport{}, refuses: []fault.Code{fault.NotFound, fault.Invalid},
			query: [][2]string{
				{"meter", "The slug of a meter. It must be sent."}, {"period", "As for GET /v1/customers/{externalId}/usage."}, {"from", "With to, instead of a period: an instant or a date."},
				{"to", "Where the span ends; now when not sent."}, {"groupBy", "hour, day (when not sent), week, month or none."}, {"timezone", "An IANA name."},
				{"weekStart", "monday (when not sent) or sunday."}, {"fill", "true shows parts of the span without usage too."},
			},
		},
		{
			pattern: "GET /events", name: "watchBalances", summary: "Live balances", action: tollgate.ActionRead,
			about: "Server-sent events. balances carries {\"balances\": […]}: at once, and within a second of every change. end says that the stream ends as intended: expired, or gone when the customer was erased. A stream lasts up to 15 minutes.",
			query: [][2]string{{"access_token", "The customer token, for callers that cannot set headers."}},
		},
		{
			pattern: "POST /usage-events", name: "recordUsageEvent", summary: "Record usage, from a server", action: record, body: usageEventBody{},
			about:   "Checks and records as POST /v1/consume does. It takes a secret key of the scope record, and no customer token: whoever sits before a browser can leave the request out or change its amount.",
			example: `{"customer": "user_42", "usageMeterSlug": "ai_requests", "amount": 1, "transactionId": "req_1001"}`,
			answer:  tollgate.Receipt{}, refuses: []fault.Code{fault.InsufficientCredits, fault.Suspended, fault.NotFound, fault.Conflict},
		},
		{
			pattern: "POST /create-checkout", name: "createCheckout", summary: "Begin to buy", action: tollgate.ActionCheckout, body: checkoutBody{}, example: `{"priceSlug": "pro_monthly"}`,
			about: "Send one of priceSlug, priceId and planId.", answer: Redirect{}, refuses: buying,
		},
		{pattern: "GET /subscriptions", name: "listOwnSubscriptions", summary: "List subscriptions", about: "The current one first.", action: tollgate.ActionRead, answer: list[OwnSubscription]{}},
		{
			pattern: "DELETE /subscriptions/{id}", name: "cancelOwnSubscription", summary: "Cancel a subscription", about: "It ends with its period.", action: tollgate.ActionManage,
			answer: OwnSubscription{}, refuses: buying,
		},
		{
			pattern: "POST /subscriptions/{id}/change", name: "changeOwnSubscription", summary: "Change a subscription", about: "Send one of priceSlug, priceId and planId.", action: tollgate.ActionManage,
			body: changeBody{}, example: `{"planId": "pro", "billingCycle": "yearly"}`, answer: OwnSubscription{}, refuses: buying,
		},
		{pattern: "GET /payments", name: "listOwnPayments", summary: "List payments", about: "Newest first.", action: tollgate.ActionRead, answer: list[OwnPayment]{}, refuses: []fault.Code{fault.PaymentsNotConfigured}},
		{
			pattern: "POST /payments/stripe/portal", name: "openStripePortal", summary: "Open the billing portal", action: tollgate.ActionManage, body: portalBody{}, optional: true,
			answer: Redirect{}, refuses: []fault.Code{fault.PaymentsNotConfigured},
		},
		{
			pattern: "POST /portal", name: "openOwnPortal", summary: "Open the billing portal", action: tollgate.ActionManage, body: portalBody{}, optional: true,
			answer: Redirect{}, refuses: []fault.Code{fault.PaymentsNotConfigured},
		},
	}
}

// Describe adds the routes under opts.Prefix to an OpenAPI document that has the schema Error, and returns them in order.
func Describe(doc *huma.OpenAPI, opts Options) []*huma.Operation {
	registry := doc.Components.Schemas
	registry.RegisterTypeAlias(reflect.TypeFor[plan.Allowance](), reflect.TypeFor[allowance]())
	registry.RegisterTypeAlias(reflect.TypeFor[plan.Tier](), reflect.TypeFor[tier]())
	registry.RegisterTypeAlias(reflect.TypeFor[period.Days](), reflect.TypeFor[string]())
	registry.RegisterTypeAlias(reflect.TypeFor[money.UnitPrice](), reflect.TypeFor[string]())
	doc.Tags = append(doc.Tags, &huma.Tag{Name: pagesTag, Description: "For a customer's own pages, with a customer token. None of them shows another customer, or records what a browser says."})
	doc.Components.SecuritySchemes[tokenScheme] = &huma.SecurityScheme{
		Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "A customer token, made by POST /v1/customers/{externalId}/tokens, that carries the action.",
	}
	var all []*huma.Operation
	for _, r := range described() {
		op := r.operation(registry, opts.prefix())
		doc.AddOperation(op)
		all = append(all, op)
	}
	return all
}

func (r route) operation(registry huma.Registry, prefix string) *huma.Operation {
	method, path, _ := strings.Cut(r.pattern, " ")
	op := &huma.Operation{
		Method: method, Path: prefix + path, OperationID: r.name, Summary: r.summary, Description: r.about, Tags: []string{pagesTag},
		Security: []map[string][]string{{tokenScheme: {}}}, Extensions: map[string]any{"x-action": string(r.action)}, Responses: map[string]*huma.Response{},
	}
	if r.action == record {
		op.Security, op.Extensions = []map[string][]string{{"key": {}}}, map[string]any{"x-scope": string(tollgate.ScopeRecord)}
	}
	for _, name := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Description: "The id of one of the customer's own subscriptions.", Schema: &huma.Schema{Type: huma.TypeString, Examples: []any{"sub_0123456789abcdefghjkmnpqrstvw"}}})
	}
	for _, q := range r.query {
		op.Parameters = append(op.Parameters, &huma.Param{Name: q[0], In: "query", Required: q[0] == "meter", Description: q[1], Schema: &huma.Schema{Type: huma.TypeString, Examples: []any{map[string]string{"meter": "ai_requests"}[q[0]]}}})
	}
	codes := append([]fault.Code{fault.Unauthorized, fault.Forbidden, fault.RateLimited, fault.Unavailable, fault.Internal}, r.refuses...)
	if r.body != nil {
		op.RequestBody = &huma.RequestBody{Required: !r.optional, Content: map[string]*huma.MediaType{jsonType: {Schema: registry.Schema(reflect.TypeOf(r.body), true, "")}}}
		if r.example != "" {
			op.RequestBody.Content[jsonType].Example = json.RawMessage(r.example)
		}
		codes = append(codes, fault.TooLarge, fault.Invalid)
	}
	answer := map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}
	if r.answer != nil {
		answer = map[string]*huma.MediaType{jsonType: {Schema: registry.Schema(reflect.TypeOf(r.answer), true, "")}}
	}
	op.Responses[strconv.Itoa(http.StatusOK)] = &huma.Response{Description: "OK", Content: answer}
	for _, c := range codes {
		status, words := strconv.Itoa(fault.New(c, "").Status()), string(c)
		if r := op.Responses[status]; r != nil && r.Description != words {
			words = r.Description + " or " + words
		}
		op.Responses[status] = &huma.Response{Description: words, Content: map[string]*huma.MediaType{jsonType: {Schema: &huma.Schema{Ref: "#/components/schemas/Error"}}}}
	}
	return op
}

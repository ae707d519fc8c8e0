package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
)

func (s *Server) adjust(ctx context.Context, in *grantWrite) (tollgate.Adjusted, error) {
	r := tollgate.AdjustmentRequest{Customer: in.ExternalID}
	var amount *quantity.Units
	err := decode(in.RawBody, fields{
		"meter": &r.Meter, "amount": &amount, "kind": &r.Kind, "reason": &r.Reason, "transactionId": &r.TransactionID, "properties": &r.Properties,
	})
	switch {
	case err != nil:
		return tollgate.Adjusted{}, err
	case amount == nil:
		return tollgate.Adjusted{}, fault.Field("amount", nil, nil, "amount is missing: send how many units of the meter to adjust.")
	}
	if r.Amount = *amount; r.TransactionID == "" {
		r.TransactionID = in.IdempotencyKey
	}
	return s.engine.AdjustUsage(ctx, r)
}

// A ResetBody describes the body of a reset.
type ResetBody struct {
	tollgate.ResetRequest
	Meter id.Slug `json:"meter,omitempty"`
}

func (s *Server) reset(ctx context.Context, in *grantWrite) (tollgate.Reset, error) {
	r := tollgate.ResetRequest{Customer: in.ExternalID}
	var slug id.Slug
	err := decode(in.RawBody, fields{"balance": &r.Balance, "meter": &slug, "reason": &r.Reason, "id": &r.ID})
	if err != nil {
		return tollgate.Reset{}, err
	}
	if r.Balance, err = oneOf(r.Balance, slug); err != nil {
		return tollgate.Reset{}, err
	}
	if r.ID == "" {
		r.ID = in.IdempotencyKey
	}
	return s.engine.ResetUsage(ctx, r)
}

// oneOf returns the balance that a body names: by its own slug, or by a meter that it pays for.
func oneOf(balance, meter id.Slug) (id.Slug, error) {
	switch {
	case balance != "" && meter != "":
		return "", fault.Field("meter", string(meter), nil, "Send either meter or balance.")
	case balance == "" && meter == "":
		return "", fault.Field("meter", "", nil, "meter is missing: send the slug of a meter, or balance with that of a credits pool.")
	case balance == "":
		return meter, nil
	}
	return balance, nil
}

// An added limit adjustment answers 201 when the request added it.
type added struct{ tollgate.LimitAdjusted }

func (a added) status() int {
	if a.Duplicate {
		return http.StatusOK
	}
	return http.StatusCreated
}

// A LimitAdjustmentBody describes the body that adds a limit adjustment.
type LimitAdjustmentBody struct {
	tollgate.LimitAdjustmentRequest
	Meter id.Slug `json:"meter,omitempty"`
}

func (s *Server) addLimitAdjustment(ctx context.Context, in *grantWrite) (added, error) {
	r := tollgate.LimitAdjustmentRequest{Customer: in.ExternalID}
	var slug id.Slug
	var amount *quantity.Units
	err := decode(in.RawBody, fields{
		"balance": &r.Balance, "meter": &slug, "amount": &amount, "type": &r.Type, "startDate": &r.StartsAt, "endDate": &r.EndsAt,
		"reason": &r.Reason, "metadata": &r.Metadata, "id": &r.ID,
	})
	if err != nil {
		return added{}, err
	}
	if r.Balance, err = oneOf(r.Balance, slug); err != nil {
		return added{}, err
	}
	if amount == nil {
		return added{}, fault.Field("amount", nil, nil, "amount is missing: send by how much to move the limit, below 0 to lower it.")
	}
	if r.Amount = *amount; r.ID == "" {
		r.ID = in.IdempotencyKey
	}
	out, err := s.engine.AddLimitAdjustment(ctx, r)
	return added{out}, err
}

// LimitAdjustments is the answer with every limit adjustment of a customer.
type LimitAdjustments struct {
	Data []tollgate.LimitAdjusted `json:"data"`
}

func (s *Server) limitAdjustments(ctx context.Context, in *CustomerPath) (LimitAdjustments, error) {
	all, err := s.engine.LimitAdjustments(ctx, in.ExternalID)
	return LimitAdjustments{all}, err
}

type limitAdjustmentPath struct {
	ID string `path:"id" doc:"The id that the limit adjustment was answered with." example:"limit_0123456789abcdefghjkmnpqrstvw"`
}

func (s *Server) removeLimitAdjustment(ctx context.Context, in *limitAdjustmentPath) (tollgate.LimitAdjusted, error) {
	return s.engine.RemoveLimitAdjustment(ctx, in.ID)
}

type planLimitPath struct {
	Slug  id.Slug `path:"slug" doc:"The slug of a plan." example:"pro"`
	Meter id.Slug `path:"meter" doc:"The slug of a meter or of a credits pool." example:"ai_requests"`
}

func (s *Server) planLimit(ctx context.Context, in *planLimitPath) (tollgate.PlanLimit, error) {
	return s.engine.LimitOfPlan(ctx, in.Slug, in.Meter)
}

type customerLimitPath struct {
	CustomerPath
	Meter id.Slug `path:"meter" doc:"The slug of a meter or of a credits pool." example:"ai_requests"`
}

func (s *Server) customerLimit(ctx context.Context, in *customerLimitPath) (tollgate.CustomerLimit, error) {
	return s.engine.LimitOf(ctx, in.ExternalID, in.Meter)
}

// Prices is the answer with everything that is sold.
type Prices struct {
	Data []tollgate.ShownPrice `json:"data"`
}

func (s *Server) prices(ctx context.Context, _ *struct{}) (Prices, error) {
	all, err := s.engine.Prices(ctx)
	return Prices{all}, err
}

type priceWrite struct {
	Slug    id.Slug `path:"slug" doc:"The slug of a price or a top-up." example:"pro_monthly"`
	RawBody []byte
}

// A PriceSync is the amount that a price has at Stripe.
type PriceSync struct {
	Amount   int64      `json:"amount"` // minor units
	Currency string     `json:"currency"`
	AsOf     *time.Time `json:"asOf,omitempty"` // now when not sent
}

func (s *Server) syncPrice(ctx context.Context, in *priceWrite) (tollgate.ShownPrice, error) {
	var amount *int64
	p := PriceSync{}
	if err := decode(in.RawBody, fields{"amount": &amount, "currency": &p.Currency, "asOf": &p.AsOf}); err != nil {
		return tollgate.ShownPrice{}, err
	}
	if amount == nil {
		return tollgate.ShownPrice{}, fault.Field("amount", nil, nil, "amount is missing: send a whole number of minor units, such as 799 for $7.99.")
	}
	at := s.engine.Now()
	if p.AsOf != nil {
		at = *p.AsOf
	}
	return s.engine.SyncPrice(ctx, in.Slug, money.Amount{Minor: *amount, Currency: p.Currency}, at)
}

func limitOperations() map[string]operation {
	missing := []fault.Code{fault.NotFound, fault.Invalid}
	return map[string]operation{
		"POST /v1/customers/{externalId}/adjustments": {
			name: "adjustUsage", tag: limitsTag, summary: "Correct usage by hand",
			about: "kind refund forgives usage of the running window: its units go back to what paid. kind deduction takes units as usage. kind bonus grants units. " +
				"Without a kind, an amount below 0 is a refund and one above 0 a bonus. The header Idempotency-Key stands in for a transactionId that is not sent.",
			body: reflect.TypeFor[tollgate.AdjustmentRequest](), example: `{"meter": "ai_requests", "amount": 10, "kind": "bonus", "reason": "loyalty_reward", "transactionId": "ticket_17"}`,
			answer: reflect.TypeFor[tollgate.Adjusted](), refuses: []fault.Code{fault.InsufficientCredits, fault.NotFound, fault.Conflict},
		},
		"POST /v1/customers/{externalId}/resets": {
			name: "resetUsage", tag: limitsTag, summary: "Reset usage",
			about: "What the running window has used begins again at 0, and its allowance is whole again but for open holds. Send either balance or meter. The window ends when it would have. The header Idempotency-Key stands in for an id that is not sent.",
			body:  reflect.TypeFor[ResetBody](), example: `{"balance": "ai_requests", "reason": "Incident of 3 March", "id": "incident_3"}`,
			answer: reflect.TypeFor[tollgate.Reset](), refuses: []fault.Code{fault.NotFound, fault.Conflict},
		},
		"POST /v1/customers/{externalId}/limit-adjustments": {
			name: "addLimitAdjustment", tag: limitsTag, summary: "Move a customer's limit",
			about: "one_time moves the limit from startDate to endDate; recurring moves the limit of every window that overlaps them, and without endDate lasts until it is removed. Below 0 the amount lowers the limit. Send either balance or meter. The header Idempotency-Key stands in for an id that is not sent.",
			body:  reflect.TypeFor[LimitAdjustmentBody](), example: `{"balance": "ai_requests", "amount": 50, "type": "one_time", "endDate": "2030-01-01T00:00:00Z", "reason": "Holiday promotion", "id": "promo_7"}`,
			answer: reflect.TypeFor[tollgate.LimitAdjusted](), refuses: []fault.Code{fault.NotFound, fault.Conflict},
			also: made(typeName[tollgate.LimitAdjusted]()),
		},
		"GET /v1/customers/{externalId}/limit-adjustments": {
			name: "listLimitAdjustments", tag: limitsTag, summary: "List a customer's limit adjustments", about: "Oldest first, with those that are over or were removed.",
			answer: reflect.TypeFor[LimitAdjustments](), refuses: missing,
		},
		"DELETE /v1/limit-adjustments/{id}": {
			name: "removeLimitAdjustment", tag: limitsTag, summary: "Remove a limit adjustment", about: "Ends it now. It stays in the list. Removing twice answers as the first time.",
			answer: reflect.TypeFor[tollgate.LimitAdjusted](), refuses: missing,
		},
		"GET /v1/plans/{slug}/limits/{meter}": {
			name: "getPlanLimit", tag: limitsTag, summary: "Read a plan's limit", about: "What a plan gives of a meter or a credits pool. A meter that a pool pays for answers with the pool's limit, and says so in balance.",
			answer: reflect.TypeFor[tollgate.PlanLimit](), refuses: missing,
		},
		"GET /v1/customers/{externalId}/limits/{meter}": {
			name: "getCustomerLimit", tag: limitsTag, summary: "Read a customer's limit", about: "What the customer's plan gives now, with the limit adjustments that move it.",
			answer: reflect.TypeFor[tollgate.CustomerLimit](), refuses: missing,
		},
		"GET /v1/prices": {
			name: "listPrices", tag: catalogTag, summary: "List prices", about: "Every price and top-up of the catalog, with the amount last synced, for display.",
			answer: reflect.TypeFor[Prices](),
		},
		"PUT /v1/prices/{slug}": {
			name: "syncPrice", tag: catalogTag, summary: "Sync a price",
			about: "Stores the amount that a price has at Stripe, for display. An amount as of an earlier moment than the one stored changes nothing.",
			body:  reflect.TypeFor[PriceSync](), example: `{"amount": 799, "currency": "usd"}`,
			answer: reflect.TypeFor[tollgate.ShownPrice](), refuses: missing,
		},
	}
}

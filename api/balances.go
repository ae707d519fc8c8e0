package api

import (
	"context"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
)

type rawBody struct {
	RawBody []byte
}

func (s *Server) check(ctx context.Context, in *rawBody) (tollgate.Check, error) {
	var r tollgate.CheckRequest
	err := decode(in.RawBody, fields{"customer": &r.Customer, "meter": &r.Meter, "amount": &r.Amount, "feature": &r.Feature})
	if err != nil {
		return tollgate.Check{}, err
	}
	if r.Feature != "" && r.Meter == "" {
		if _, err := s.engine.CheckFeature(ctx, r.Customer, r.Feature); err != nil {
			return tollgate.Check{}, err // 403 when the plan does not include it
		}
	}
	return s.engine.Check(ctx, r)
}

// Balances is the answer with every balance of a customer.
type Balances struct {
	Data []credit.Balance `json:"data"`
}

func (s *Server) balances(ctx context.Context, in *CustomerPath) (Balances, error) {
	all, err := s.engine.Balances(ctx, in.ExternalID)
	return Balances{all}, err
}

// A BalancePath is the part of a path that names a balance.
type BalancePath struct {
	CustomerPath
	Slug id.Slug `path:"slug" doc:"The slug of a meter or of a credits pool." example:"ai_requests"`
}

type balanceRead struct {
	BalancePath
	At time.Time `query:"at" doc:"A past instant such as 2026-01-31T15:04:05Z (RFC 3339): the balance is shown as it was then. One in the future is refused; up to five minutes ahead it counts as now." example:"2026-01-31T15:04:05Z"`
}

func (s *Server) balance(ctx context.Context, in *balanceRead) (credit.Balance, error) {
	if in.At.IsZero() {
		return s.engine.Balance(ctx, in.ExternalID, in.Slug)
	}
	return s.engine.BalanceAt(ctx, in.ExternalID, in.Slug, in.At)
}

type entriesRead struct {
	CustomerPath
	Balance id.Slug `query:"balance" required:"true" doc:"The slug of a meter or of a credits pool. It must be sent." example:"ai_requests"`
	Cursor  string  `query:"cursor" doc:"The next of the page before; without it the page begins at the newest entry." example:"101"`
	Limit   int     `query:"limit" minimum:"1" maximum:"1000" doc:"How many entries the page has at most: a whole number from 1 to 1000, 100 when not sent." example:"100"`
}

func (s *Server) entries(ctx context.Context, in *entriesRead) (tollgate.Page[tollgate.Line], error) {
	return s.engine.Entries(ctx, in.ExternalID, in.Balance, in.Cursor, in.Limit)
}

func (s *Server) explain(ctx context.Context, in *BalancePath) (tollgate.Explanation, error) {
	return s.engine.Explain(ctx, in.ExternalID, in.Slug)
}

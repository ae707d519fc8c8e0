package api

import (
	"context"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

type grantWrite struct {
	CustomerPath
	KeyedBody
}

func (s *Server) grant(ctx context.Context, in *grantWrite) (tollgate.Granted, error) {
	r := tollgate.GrantRequest{Customer: in.ExternalID}
	var amount *quantity.Units
	err := decode(in.RawBody, fields{
		"balance": &r.Balance, "amount": &amount, "id": &r.ID, "source": &r.Source, "priority": &r.Priority,
		"startsAt": &r.StartsAt, "expiresAt": &r.ExpiresAt, "reason": &r.Reason,
	})
	switch {
	case err != nil:
		return tollgate.Granted{}, err
	case r.Balance == "":
		return tollgate.Granted{}, fault.Field("balance", "", nil, "balance is missing: send the slug of a meter or a credits pool.")
	case amount == nil:
		return tollgate.Granted{}, fault.Field("amount", nil, nil, "amount is missing: send how many units to grant.")
	}
	if r.Amount = *amount; r.ID == "" {
		r.ID = in.IdempotencyKey
	}
	return s.engine.Grant(ctx, r)
}

type grantRevoke struct {
	ID      string `path:"id" doc:"The id that the grant was answered with." example:"grant_0123456789abcdefghjkmnpqrstvw"`
	RawBody []byte
}

// A RevokeRequest says why a grant is taken back.
type RevokeRequest struct {
	Reason string `json:"reason,omitempty"`
}

func (s *Server) revoke(ctx context.Context, in *grantRevoke) (tollgate.Revoked, error) {
	var r RevokeRequest
	if err := decodeOptional(in.RawBody, fields{"reason": &r.Reason}); err != nil {
		return tollgate.Revoked{}, err
	}
	return s.engine.Revoke(ctx, in.ID, r.Reason)
}

type eventVoid struct {
	CustomerPath
	TransactionID id.Transaction `path:"transactionId" doc:"The transactionId of the event, percent-encoded as one part of the path." example:"req_1001"`
	Reason        string         `query:"reason" doc:"Why, for the ledger: up to 1000 bytes." example:"wrong model"`
}

func (s *Server) void(ctx context.Context, in *eventVoid) (tollgate.Voided, error) {
	return s.engine.Void(ctx, in.ExternalID, in.TransactionID, in.Reason)
}

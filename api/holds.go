package api

import (
	"context"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// A KeyedBody is a body whose id may come in a header.
type KeyedBody struct {
	IdempotencyKey id.Transaction `header:"Idempotency-Key" doc:"The id of this act when the body has none: 1 to 255 bytes, the same on every retry." example:"9f2c"`
	RawBody        []byte
}

func (s *Server) hold(ctx context.Context, in *KeyedBody) (tollgate.Held, error) {
	var r tollgate.HoldRequest
	var amount *quantity.Units
	var expires *int64
	err := decode(in.RawBody, fields{
		"customer": &r.Customer, "meter": &r.Meter, "amount": &amount, "transactionId": &r.TransactionID, "expiresIn": &expires,
	})
	if err != nil {
		return tollgate.Held{}, err
	}
	if amount == nil {
		return tollgate.Held{}, fault.Field("amount", nil, nil, "amount is missing: send how many units to set aside.")
	}
	if r.Amount = *amount; r.TransactionID == "" {
		r.TransactionID = in.IdempotencyKey
	}
	if r.ExpiresIn, err = seconds("expiresIn", expires); err != nil {
		return tollgate.Held{}, err
	}
	return s.engine.Hold(ctx, r)
}

// A HoldPath is the part of a path that names a hold.
type HoldPath struct {
	ID string `path:"id" doc:"The id that the hold was answered with." example:"hold_0123456789abcdefghjkmnpqrstvw"`
}

type holdWrite struct {
	HoldPath
	RawBody []byte
}

// A CaptureRequest says how much of a hold was used.
type CaptureRequest struct {
	Amount *quantity.Units `json:"amount,omitempty"`
}

func (s *Server) capture(ctx context.Context, in *holdWrite) (tollgate.Receipt, error) {
	var r CaptureRequest
	if err := decodeOptional(in.RawBody, fields{"amount": &r.Amount}); err != nil {
		return tollgate.Receipt{}, err
	}
	return s.engine.Capture(ctx, in.ID, r.Amount)
}

// Nothing describes a body that carries nothing.
type Nothing struct{}

func (s *Server) release(ctx context.Context, in *holdWrite) (tollgate.Held, error) {
	if err := decodeOptional(in.RawBody, fields{}); err != nil {
		return tollgate.Held{}, err
	}
	return s.engine.Release(ctx, in.ID)
}

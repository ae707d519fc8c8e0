package api

import (
	"context"
	"reflect"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
)

func (s *Server) createToken(ctx context.Context, in *customerWrite) (tollgate.Token, error) {
	r := tollgate.TokenRequest{Customer: in.ExternalID}
	var expires *int64
	if err := decodeOptional(in.RawBody, fields{"actions": &r.Actions, "expiresIn": &expires}); err != nil {
		return tollgate.Token{}, err
	}
	var err error
	if r.ExpiresIn, err = seconds("expiresIn", expires); err != nil {
		return tollgate.Token{}, err
	}
	return s.engine.CreateToken(ctx, r)
}

func tokenOperations() map[string]operation {
	return map[string]operation{
		"POST /v1/customers/{externalId}/tokens": {
			name: "createToken", tag: customersTag, summary: "Make a customer token",
			about: "A short-lived token with which a page speaks for this one customer, and no other, on the app routes under /api. It lasts 15 minutes when expiresIn is not sent, 24 hours at most, and ends when its customer is erased. " +
				"Its actions are read, check, checkout and manage; read and check when not sent. It never records usage, grants, adjusts or refunds: what a browser sends, its user can change. Make it on your server, for the user you have signed in.",
			body: reflect.TypeFor[tollgate.TokenRequest](), optional: true, example: `{"actions": ["read", "check", "checkout"], "expiresIn": 900}`,
			answer: reflect.TypeFor[tollgate.Token](), refuses: []fault.Code{fault.NotFound},
		},
	}
}

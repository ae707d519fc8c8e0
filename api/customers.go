package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

// A CustomerPath is the part of a path that names a customer.
type CustomerPath struct {
	ExternalID id.Customer `path:"externalId" doc:"The app's own name for the customer, percent-encoded as one part of the path: 1 to 255 bytes of any text." example:"user_42"`
}

type customerWrite struct {
	CustomerPath
	RawBody []byte

	scope tollgate.Scope // of the key that asks
}

// Resolve implements huma.Resolver: it notes the key's scope.
func (in *customerWrite) Resolve(ctx huma.Context) []error {
	if _, w := humago.Unwrap(ctx); w != nil {
		in.scope = w.(*exchange).scope
	}
	return nil
}

// change reads the body. A key that records may make and describe customers, but not decide on what they may use: a plan gives
// allowances, and a zone moves the ends of windows. Faults: invalid_request, forbidden.
func (in *customerWrite) change() (ch tollgate.CustomerChange, err error) {
	err = decode(in.RawBody, fields{
		"name": &ch.Name, "email": &ch.Email, "timezone": &ch.Timezone, "metadata": &ch.Metadata, "plan": &ch.Plan, "guest": &ch.Guest,
	})
	switch {
	case err != nil:
		return ch, err
	case ch.Plan != nil && !in.scope.Allows(full):
		return ch, forbidden(in.scope, full, "a plan").With("field", "plan")
	case ch.Timezone != nil && !in.scope.Allows(full):
		return ch, forbidden(in.scope, full, "a timezone").With("field", "timezone")
	}
	return ch, nil
}

// A stored customer answers 201 when the request made it.
type stored struct {
	tollgate.Customer
	created bool
}

func (c stored) status() int {
	if c.created {
		return http.StatusCreated
	}
	return http.StatusOK
}

func (s *Server) putCustomer(ctx context.Context, in *customerWrite) (stored, error) {
	ch, err := in.change()
	if err != nil {
		return stored{}, err
	}
	c, created, err := s.engine.PutCustomer(ctx, in.ExternalID, ch)
	return stored{c, created}, err
}

func (s *Server) patchCustomer(ctx context.Context, in *customerWrite) (tollgate.Customer, error) {
	ch, err := in.change()
	if err != nil {
		return tollgate.Customer{}, err
	}
	return s.engine.PatchCustomer(ctx, in.ExternalID, ch)
}

func (s *Server) customer(ctx context.Context, in *CustomerPath) (tollgate.Customer, error) {
	return s.engine.Customer(ctx, in.ExternalID)
}

// An Erased is the answer to the erasure of a customer.
type Erased struct {
	ExternalID id.Customer `json:"externalId"`
	Erased     bool        `json:"erased"`
}

func (s *Server) eraseCustomer(ctx context.Context, in *CustomerPath) (Erased, error) {
	return Erased{in.ExternalID, true}, s.engine.EraseCustomer(ctx, in.ExternalID)
}

type customersPage struct {
	After id.Customer `query:"after" doc:"The next of the page before; without it the list begins at the oldest customer." example:"user_41"`
	Limit int         `query:"limit" minimum:"1" maximum:"1000" doc:"How many customers the page has at most: a whole number from 1 to 1000, 100 when not sent." example:"100"`
}

func (s *Server) customers(ctx context.Context, in *customersPage) (tollgate.Page[tollgate.Customer], error) {
	return s.engine.Customers(ctx, in.After, in.Limit)
}

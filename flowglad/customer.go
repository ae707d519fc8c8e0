package flowglad

import (
	"context"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
)

// archivedKey is the metadata key that says when a customer was archived, in milliseconds since 1970.
const archivedKey = "flowglad_archived"

// A customer is a customer as the wire has it.
type customer struct {
	ID                string   `json:"id"`
	ExternalID        string   `json:"externalId"`
	Email             string   `json:"email"`
	Name              string   `json:"name"`
	Livemode          bool     `json:"livemode"`
	OrganizationID    string   `json:"organizationId"`
	PricingModelID    string   `json:"pricingModelId"`
	Archived          bool     `json:"archived"`
	Domain            *string  `json:"domain"`
	IconURL           *string  `json:"iconURL"`
	LogoURL           *string  `json:"logoURL"`
	InvoiceNumberBase *string  `json:"invoiceNumberBase"`
	UserID            *string  `json:"userId"`
	BillingAddress    *address `json:"billingAddress"`
	CreatedAt         int64    `json:"createdAt"`
	UpdatedAt         int64    `json:"updatedAt"`
}

// An address is a billing address, which Stripe keeps and Tollgate does not.
type address struct{}

func shownCustomer(c tollgate.Customer, live bool) customer {
	return customer{
		ID: c.ID(), ExternalID: string(c.ExternalID), Email: c.Email, Name: c.Name, Livemode: live, OrganizationID: organizationID,
		PricingModelID: modelID, Archived: c.Metadata[archivedKey] != "", CreatedAt: ms(c.CreatedAt), UpdatedAt: ms(c.UpdatedAt),
	}
}

type customerAnswer struct {
	Customer customer `json:"customer"`
}

// present returns a customer that is not archived.
func (s *Server) present(ctx context.Context, name id.Customer) (tollgate.Customer, error) {
	c, err := s.engine.Customer(ctx, name)
	if err == nil && c.Metadata[archivedKey] != "" || fault.Has(err, fault.NotFound) || fault.Has(err, fault.Invalid) {
		return c, unknown(name)
	}
	return c, err
}

func unknown(name id.Customer) error {
	return missing("Customer with externalId %s not found", strings.ToValidUTF8(string(name), "?"))
}

// customer is GET customers/{externalId}.
func (s *Server) customer(c *call) (any, error) {
	found, err := s.present(c.Context(), id.Customer(c.args[0]))
	return customerAnswer{shownCustomer(found, c.live)}, err
}

// A customerWrite is what a caller may set on a customer.
type customerWrite struct {
	ExternalID *string `json:"externalId"`
	Name       *string `json:"name"`
	Email      *string `json:"email"`
}

type created struct {
	Data createdData `json:"data"`
}

type createdData struct {
	Customer          customer       `json:"customer"`
	Subscription      subscriptionOf `json:"subscription"`
	SubscriptionItems []item         `json:"subscriptionItems"`
}

// createCustomer is POST customers. It makes the customer on the default plan, or finds the one that is there: the first page
// of a new user sends several at once. What is there is not overwritten, but what is empty is filled in.
func (s *Server) createCustomer(c *call) (any, error) {
	var in struct {
		Customer customerWrite `json:"customer"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Customer.ExternalID == nil {
		return nil, invalid("customer.externalId is missing.")
	}
	made, err := s.ensure(c.Context(), id.Customer(*in.Customer.ExternalID), in.Customer)
	if err != nil {
		return nil, err
	}
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	standing, err := s.engine.Standing(c.Context(), made.ExternalID)
	if err != nil {
		return nil, err
	}
	sub := sh.subscription(standing, standing.Current(), state{})
	return created{createdData{shownCustomer(made, c.live), sub.subscriptionOf, sub.Items}}, nil
}

// ensure returns the customer of a name, made when there is none and brought back when it was archived.
func (s *Server) ensure(ctx context.Context, name id.Customer, in customerWrite) (tollgate.Customer, error) {
	var change tollgate.CustomerChange
	found, err := s.engine.Customer(ctx, name)
	switch {
	case fault.Has(err, fault.NotFound):
		change.Name, change.Email = filled(in.Name), filled(in.Email)
	case err != nil:
		return found, err
	default:
		if found.Name == "" {
			change.Name = filled(in.Name)
		}
		if found.Email == "" {
			change.Email = filled(in.Email)
		}
		archived := found.Metadata[archivedKey] != ""
		if archived {
			change.Metadata = map[string]*string{archivedKey: nil}
		}
		if change.Name == nil && change.Email == nil && !archived {
			return found, nil
		}
	}
	c, _, err := s.engine.PutCustomer(ctx, name, change)
	return c, err
}

// filled is s, and nil for a text that says nothing.
func filled(s *string) *string {
	if s == nil || *s == "" {
		return nil
	}
	return s
}

// updateCustomer is PUT customers/{externalId}.
func (s *Server) updateCustomer(c *call) (any, error) {
	var in struct {
		Customer customerWrite `json:"customer"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return s.update(c.Context(), c.live, id.Customer(c.args[0]), in.Customer)
}

func (s *Server) update(ctx context.Context, live bool, name id.Customer, in customerWrite) (customerAnswer, error) {
	if in.ExternalID != nil && *in.ExternalID != string(name) {
		return customerAnswer{}, invalid("An externalId cannot be changed.")
	}
	if _, err := s.present(ctx, name); err != nil {
		return customerAnswer{}, err
	}
	c, err := s.engine.PatchCustomer(ctx, name, tollgate.CustomerChange{Name: in.Name, Email: in.Email})
	if err != nil {
		return customerAnswer{}, err
	}
	return customerAnswer{shownCustomer(c, live)}, nil
}

// archiveCustomer is POST customers/{externalId}/archive: its subscription ends, it is on the default plan, and it is not found
// any more until it is created again. Its ledger goes on where it was, so that nobody gets an allowance anew by leaving.
func (s *Server) archiveCustomer(c *call) (any, error) {
	ctx, name := c.Context(), id.Customer(c.args[0])
	found, err := s.engine.Customer(ctx, name)
	if err != nil {
		return nil, unknownOr(err, name)
	}
	if found.Metadata[archivedKey] != "" {
		return customerAnswer{shownCustomer(found, c.live)}, nil
	}
	if s.engine.Sells() {
		if err := s.end(ctx, name, Immediately); err != nil {
			return nil, err
		}
	}
	now, free := s.engine.Now().Format("2006-01-02T15:04:05.000Z07:00"), s.engine.Catalog().DefaultPlan().Slug
	archived, err := s.engine.PatchCustomer(ctx, name, tollgate.CustomerChange{Plan: &free, Metadata: map[string]*string{archivedKey: &now}})
	if err != nil {
		return nil, err
	}
	s.owners.drop()
	return customerAnswer{shownCustomer(archived, c.live)}, nil
}

// unknownOr is the wire's refusal of an unknown customer, and err when it is another error.
func unknownOr(err error, name id.Customer) error {
	if fault.Has(err, fault.NotFound) || fault.Has(err, fault.Invalid) {
		return unknown(name)
	}
	return err
}

// listCustomers is GET customers.
func (s *Server) listCustomers(c *call) (any, error) {
	page, total, err := s.customers(c)
	if err != nil {
		return nil, err
	}
	data := []customer{}
	for _, one := range page.Data {
		data = append(data, shownCustomer(one, c.live))
	}
	return list{data, page.Next != "", total, c.URL.Query().Get("cursor"), page.Next}, nil
}

// customers returns the page of customers that a call asks for, and how many there are in all.
func (s *Server) customers(c *call) (page tollgate.Page[tollgate.Customer], total int, err error) {
	limit, cursor, err := c.page()
	if err != nil {
		return page, 0, err
	}
	if total, err = s.engine.CountCustomers(c.Context()); err != nil {
		return page, 0, err
	}
	page, err = s.engine.Customers(c.Context(), id.Customer(cursor), limit)
	if fault.Has(err, fault.NotFound) {
		err = invalid("cursor must be the nextCursor of an earlier page.")
	}
	return page, total, err
}

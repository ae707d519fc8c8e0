package flowglad

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

// createSubscription is POST subscriptions. A plan that costs nothing, or is not to be charged, is put in force at once; any
// other needs a payment provider.
func (s *Server) createSubscription(c *call) (any, error) {
	var in struct {
		CustomerID         string `json:"customerId"`
		CustomerExternalID string `json:"customerExternalId"`
		PriceID            string `json:"priceId"`
		PriceSlug          string `json:"priceSlug"`
		Quantity           *int64 `json:"quantity"`
		DoNotCharge        bool   `json:"doNotCharge"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	name, err := s.named(c.Context(), in.CustomerID, id.Customer(in.CustomerExternalID))
	if err != nil {
		return nil, err
	}
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	p, err := sh.sold(in.PriceID, in.PriceSlug)
	if err != nil {
		return nil, err
	}
	quantity, err := count(in.Quantity)
	switch {
	case err != nil:
		return nil, err
	case p.Type != ofSubscription:
		return nil, invalid("%q is not a subscription price.", p.Slug)
	}
	switch {
	case in.DoNotCharge || p.UnitPrice == 0:
		if _, err := s.engine.PatchCustomer(c.Context(), name, tollgate.CustomerChange{Plan: &p.plan}); err != nil {
			return nil, err
		}
	case !s.engine.Sells():
		return nil, errNotConfigured
	default:
		if _, err := s.engine.Subscribe(c.Context(), tollgate.SubscribeRequest{Customer: name, Price: p.slug, Quantity: quantity}); err != nil {
			return nil, err
		}
	}
	return s.changed(c, name)
}

// named returns the customer that a request names in one of two ways.
func (s *Server) named(ctx context.Context, customerID string, name id.Customer) (id.Customer, error) {
	if customerID != "" {
		c, err := s.engine.CustomerByID(ctx, customerID)
		if err != nil {
			return "", err
		}
		name = c.ExternalID
	}
	if name == "" {
		return "", invalid("Name the customer by customerId or customerExternalId.")
	}
	_, err := s.present(ctx, name)
	return name, err
}

// sold returns the price of a plan or top-up that a request names by its id or its slug.
func (sh *shelf) sold(priceOfID, slug string) (price, error) {
	if (priceOfID == "") == (slug == "") {
		return price{}, invalid("Name the price by exactly one of priceId and priceSlug.")
	}
	if priceOfID != "" {
		slug, _ = strings.CutPrefix(priceOfID, priceID(""))
	}
	p, ok := sh.prices[id.Slug(slug)]
	switch {
	case !ok || priceOfID != "" && p.ID != priceOfID:
		return price{}, invalid("There is no price %q in the catalog.", cmp.Or(priceOfID, slug))
	case p.Type == ofUsage:
		return price{}, invalid("%q is a usage price: nobody buys it.", p.Slug)
	case p.plan != "" && sh.catalog.Plans[p.plan].Guest:
		return price{}, invalid("%q is of the plan for guests: nobody buys it.", p.Slug)
	}
	return p, nil
}

// count returns a quantity, which is 1 when it is not sent.
func count(sent *int64) (int64, error) {
	switch {
	case sent == nil:
		return 1, nil
	case *sent < 1 || *sent > 1_000_000:
		return 0, invalid("quantity must be a whole number from 1 to 1000000.")
	}
	return *sent, nil
}

// changed answers with a customer's current subscription, after a change of it.
func (s *Server) changed(c *call, name id.Customer) (subscriptionAnswer, error) {
	return s.shownSubscription(c, name, tollgate.Subscription{})
}

// running returns the current subscription of an id, and refuses one that has ended.
func (s *Server) running(ctx context.Context, subscriptionID string) (tollgate.Subscription, id.Customer, error) {
	sub, owner, err := s.engine.Subscription(ctx, subscriptionID)
	if err == nil && (!sub.EndedAt.IsZero() || sub.Status == "canceled") {
		err = invalid("The subscription %s is canceled already.", subscriptionID)
	}
	return sub, owner.ExternalID, err
}

// cancelSubscription is POST subscriptions/{id}/cancel.
func (s *Server) cancelSubscription(c *call) (any, error) { return s.cancel(c, c.args[0]) }

func (s *Server) cancel(c *call, subscriptionID string) (any, error) {
	var in struct {
		Cancellation struct {
			Timing Timing `json:"timing"`
		} `json:"cancellation"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	sub, name, err := s.running(c.Context(), subscriptionID)
	at := in.Cancellation.Timing
	switch {
	case err != nil:
		return nil, err
	case at != AtPeriodEnd && at != Immediately:
		return nil, invalid("cancellation.timing is %s or %s.", AtPeriodEnd, Immediately)
	case sub.Plan == s.engine.Catalog().DefaultPlan().Slug:
		return nil, invalid("The default plan costs nothing and cannot be canceled.")
	case !s.engine.Sells():
		return nil, errNotConfigured
	}
	if err := s.end(c.Context(), name, at); err != nil {
		return nil, err
	}
	if at == AtPeriodEnd {
		return s.changed(c, name)
	}
	return s.oneSubscription(c, subscriptionID)
}

// uncancelSubscription is POST subscriptions/{id}/uncancel.
func (s *Server) uncancelSubscription(c *call) (any, error) { return s.uncancel(c, c.args[0]) }

func (s *Server) uncancel(c *call, subscriptionID string) (any, error) {
	_, name, err := s.running(c.Context(), subscriptionID)
	if err != nil {
		return nil, err
	}
	if !s.engine.Sells() {
		return nil, errNotConfigured
	}
	if err := s.stay(c.Context(), name); err != nil {
		return nil, err
	}
	return s.changed(c, name)
}

// An adjustmentWrite is what a subscription is to consist of, as it is sent.
type adjustmentWrite struct {
	Timing               Timing      `json:"timing"`
	NewSubscriptionItems []itemWrite `json:"newSubscriptionItems"`
	Prorate              *bool       `json:"prorateCurrentBillingPeriod"`
}

type itemWrite struct {
	PriceID   string `json:"priceId"`
	PriceSlug string `json:"priceSlug"`
	Quantity  *int64 `json:"quantity"`
}

// adjustSubscription is POST subscriptions/{id}/adjust.
func (s *Server) adjustSubscription(c *call) (any, error) {
	var in struct {
		Adjustment adjustmentWrite `json:"adjustment"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	return s.adjust(c, c.args[0], in.Adjustment)
}

func (s *Server) adjust(c *call, subscriptionID string, in adjustmentWrite) (any, error) {
	sub, name, err := s.running(c.Context(), subscriptionID)
	if err != nil {
		return nil, err
	}
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	var to []sale
	if !slices.Contains([]Timing{Immediately, AtPeriodEnd, Auto}, in.Timing) {
		return nil, invalid("adjustment.timing is %s, %s or %s.", Immediately, AtPeriodEnd, Auto)
	}
	if len(in.NewSubscriptionItems) == 0 {
		return nil, invalid("adjustment.newSubscriptionItems is empty.")
	}
	for _, w := range in.NewSubscriptionItems {
		p, err := sh.sold(w.PriceID, w.PriceSlug)
		if err != nil {
			return nil, err
		}
		if p.Type != ofSubscription {
			return nil, invalid("%q is not a subscription price.", p.Slug)
		}
		n, err := count(w.Quantity)
		if err != nil {
			return nil, err
		}
		to = append(to, sale{p.slug, n})
	}
	if free := sh.planOf(sub.Plan); sh.priceOf(free, sub).UnitPrice == 0 {
		return nil, invalid("The plan %q costs nothing and cannot be adjusted: use createSubscription or a checkout.", free.Slug)
	}
	if !s.engine.Sells() {
		return nil, errNotConfigured
	}
	upgrade, at, err := s.move(c.Context(), name, to, in.Timing)
	if err != nil {
		return nil, err
	}
	after, err := s.changed(c, name)
	return struct {
		subscriptionAnswer
		SubscriptionItems []item `json:"subscriptionItems"`
		IsUpgrade         bool   `json:"isUpgrade"`
		ResolvedTiming    Timing `json:"resolvedTiming"`
	}{after, after.Subscription.Items, upgrade, at}, err
}

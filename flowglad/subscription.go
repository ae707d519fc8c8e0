package flowglad

import (
	"cmp"
	"slices"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

// A subscriptionOf is a subscription as the wire has it.
type subscriptionOf struct {
	ID                       string         `json:"id"`
	Status                   string         `json:"status"`
	Current                  bool           `json:"current"`
	Renews                   bool           `json:"renews"`
	CustomerID               string         `json:"customerId"`
	PriceID                  string         `json:"priceId"`
	PricingModelID           string         `json:"pricingModelId"`
	OrganizationID           string         `json:"organizationId"`
	Livemode                 bool           `json:"livemode"`
	Name                     string         `json:"name"`
	Metadata                 map[string]any `json:"metadata"`
	Interval                 string         `json:"interval"`
	IntervalCount            int            `json:"intervalCount"`
	StartDate                int64          `json:"startDate"`
	TrialEnd                 *int64         `json:"trialEnd"`
	BillingCycleAnchorDate   int64          `json:"billingCycleAnchorDate"`
	CurrentBillingPeriodFrom *int64         `json:"currentBillingPeriodStart"`
	CurrentBillingPeriodTo   *int64         `json:"currentBillingPeriodEnd"`
	CanceledAt               *int64         `json:"canceledAt"`
	CancelScheduledAt        *int64         `json:"cancelScheduledAt"`
	CancellationReason       *string        `json:"cancellationReason"`
	ReplacedBySubscriptionID *string        `json:"replacedBySubscriptionId"`
	IsFreePlan               bool           `json:"isFreePlan"`
	DoNotCharge              bool           `json:"doNotCharge"`
	RunBillingAtPeriodStart  bool           `json:"runBillingAtPeriodStart"`
	DefaultPaymentMethodID   *string        `json:"defaultPaymentMethodId"`
	BackupPaymentMethodID    *string        `json:"backupPaymentMethodId"`
	CreatedAt                int64          `json:"createdAt"`
	UpdatedAt                int64          `json:"updatedAt"`
}

// A rich subscription is one with all that hangs on it.
type rich struct {
	subscriptionOf
	Items        []item       `json:"subscriptionItems"`
	Experimental experimental `json:"experimental"`
}

type experimental struct {
	FeatureItems       []featureItem `json:"featureItems"`
	UsageMeterBalances []balanceRow  `json:"usageMeterBalances"`
}

// An item is what a subscription consists of: the price of its plan.
type item struct {
	ID              string         `json:"id"`
	Type            string         `json:"type"`
	SubscriptionID  string         `json:"subscriptionId"`
	PriceID         string         `json:"priceId"`
	PricingModelID  string         `json:"pricingModelId"`
	Quantity        int64          `json:"quantity"`
	UnitPrice       int64          `json:"unitPrice"`
	Name            string         `json:"name"`
	ExternalID      *string        `json:"externalId"`
	Metadata        map[string]any `json:"metadata"`
	ManuallyCreated bool           `json:"manuallyCreated"`
	Livemode        bool           `json:"livemode"`
	AddedDate       int64          `json:"addedDate"`
	ExpiredAt       *int64         `json:"expiredAt"`
	CreatedAt       int64          `json:"createdAt"`
	UpdatedAt       int64          `json:"updatedAt"`
	Price           price          `json:"price"`
}

const (
	statusActive = "active"
	// statusScheduled is the wire's word for a subscription that ends with its period.
	statusScheduled = "cancellation_scheduled"
)

// current reports whether a subscription of a status counts.
func current(status string) bool {
	return slices.Contains([]string{statusActive, "past_due", "trialing", statusScheduled, "unpaid"}, status)
}

// subscription returns one of a customer's subscriptions with all that hangs on it. Balances and features are those of the
// current one; a past one has none.
func (sh *shelf) subscription(st tollgate.Standing, sub tollgate.Subscription, paying state) rich {
	p := sh.planOf(sub.Plan)
	paid, quantity := sh.priceOf(p, sub), int64(1)
	billed := paying.live()
	if item := billed.Licensed(); item != nil && sub.EndedAt.IsZero() {
		if sold, ok := sh.prices[item.Price]; ok && sold.plan == sub.Plan {
			paid, quantity = sold, max(item.Quantity, 1)
		}
	}
	updated := ms(sub.Since)
	if !sub.EndedAt.IsZero() {
		updated = ms(sub.EndedAt)
	}
	out := rich{subscriptionOf: subscriptionOf{
		ID: sub.ID, Status: sub.Status, Renews: true, CustomerID: st.Customer.ID(), PriceID: paid.ID, PricingModelID: modelID,
		OrganizationID: organizationID, Livemode: sh.model.Livemode, Name: p.Name, Interval: *paid.IntervalUnit, IntervalCount: 1,
		StartDate: ms(sub.Since), BillingCycleAnchorDate: ms(sub.Anchor), CurrentBillingPeriodFrom: msOrNil(sub.Period.Start),
		CurrentBillingPeriodTo: msOrNil(sub.Period.End), CanceledAt: msOrNil(sub.EndedAt), IsFreePlan: paid.free || paid.UnitPrice == 0,
		RunBillingAtPeriodStart: true, CreatedAt: ms(sub.Since), UpdatedAt: updated,
	}}
	out.Experimental = experimental{[]featureItem{}, []balanceRow{}}
	if sub.EndedAt.IsZero() {
		out.TrialEnd, out.DefaultPaymentMethodID = msOrNil(billed.TrialEnd), textOrNil(paying.method())
		if out.CancelScheduledAt = msOrNil(billed.CancelAt); out.CancelScheduledAt != nil && current(sub.Status) {
			out.Status = statusScheduled
		}
		out.Experimental = experimental{sh.items(p, sub.ID, ms(sub.Since), updated), sh.balances(st, sub)}
	}
	if out.Current = current(out.Status); !out.Current && sub.EndedAt.IsZero() && sub.Plan == sh.catalog.DefaultPlan().Slug {
		// What was paid for is over or never began; the plan that everybody has is in force all the same.
		out.Status, out.Current = statusActive, true
	}
	out.Items = []item{{
		ID: itemID(sub.ID), Type: "static", SubscriptionID: sub.ID, PriceID: paid.ID, PricingModelID: modelID, Quantity: quantity,
		UnitPrice: paid.UnitPrice, Name: p.Name, Livemode: sh.model.Livemode, AddedDate: ms(sub.Since),
		ExpiredAt: msOrNil(sub.EndedAt), CreatedAt: ms(sub.Since), UpdatedAt: updated, Price: paid,
	}}
	return out
}

// priceOf returns the price of a plan that fits a subscription's period: a yearly one when the period is a year.
func (sh *shelf) priceOf(p *product, sub tollgate.Subscription) price {
	yearly := sub.Period.End.Sub(sub.Period.Start) > 300*24*time.Hour
	for _, one := range p.Prices {
		if one.Type == ofSubscription && (*one.IntervalUnit == "year") == yearly {
			return one
		}
	}
	return p.DefaultPrice
}

// newest orders subscriptions as the wire does: the packages look at the first.
func newest(all []rich) {
	slices.SortStableFunc(all, func(x, y rich) int {
		return cmp.Or(cmp.Compare(y.CreatedAt, x.CreatedAt), cmp.Compare(y.UpdatedAt, x.UpdatedAt), cmp.Compare(x.ID, y.ID))
	})
}

type subscriptionAnswer struct {
	Subscription rich `json:"subscription"`
}

// subscription is GET subscriptions/{id}.
func (s *Server) subscription(c *call) (any, error) { return s.oneSubscription(c, c.args[0]) }

func (s *Server) oneSubscription(c *call, subscriptionID string) (subscriptionAnswer, error) {
	sub, owner, err := s.engine.Subscription(c.Context(), subscriptionID)
	if err != nil {
		return subscriptionAnswer{}, err
	}
	return s.shownSubscription(c, owner.ExternalID, sub)
}

func (s *Server) shownSubscription(c *call, name id.Customer, sub tollgate.Subscription) (subscriptionAnswer, error) {
	st, err := s.engine.Standing(c.Context(), name)
	if err != nil {
		return subscriptionAnswer{}, err
	}
	if sub.EndedAt.IsZero() {
		sub = st.Current()
	}
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return subscriptionAnswer{}, err
	}
	state, err := s.state(c.Context(), name)
	return subscriptionAnswer{sh.subscription(st, sub, state)}, err
}

// listSubscriptions is GET subscriptions: the current one of each customer, in the order of the customers.
func (s *Server) listSubscriptions(c *call) (any, error) {
	page, total, err := s.customers(c)
	if err != nil {
		return nil, err
	}
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	data := []subscriptionOf{}
	for _, one := range page.Data {
		sub, _, err := s.engine.Subscription(c.Context(), one.Subscription)
		if err != nil {
			return nil, err
		}
		state, err := s.state(c.Context(), one.ExternalID)
		if err != nil {
			return nil, err
		}
		data = append(data, sh.subscription(tollgate.Standing{Customer: one}, sub, state).subscriptionOf)
	}
	return list{data, page.Next != "", total, c.URL.Query().Get("cursor"), page.Next}, nil
}

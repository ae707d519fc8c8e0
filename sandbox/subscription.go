package sandbox

import (
	"slices"
)

// A subscription bills a customer again and again.
type subscription struct {
	header
	Application              none              `json:"application"`
	ApplicationFeePercent    none              `json:"application_fee_percent"`
	AutomaticTax             subscriptionTax   `json:"automatic_tax"`
	BillingCycleAnchor       int64             `json:"billing_cycle_anchor"`
	BillingCycleAnchorConfig none              `json:"billing_cycle_anchor_config"`
	BillingMode              billingMode       `json:"billing_mode"`
	BillingSchedules         []none            `json:"billing_schedules"`
	BillingThresholds        none              `json:"billing_thresholds"`
	CancelAt                 stamp             `json:"cancel_at"`
	CancelAtPeriodEnd        bool              `json:"cancel_at_period_end"`
	CanceledAt               stamp             `json:"canceled_at"`
	CancellationDetails      cancelDetails     `json:"cancellation_details"`
	CollectionMethod         string            `json:"collection_method"`
	Currency                 string            `json:"currency"`
	Customer                 string            `json:"customer"`
	DaysUntilDue             *int64            `json:"days_until_due"`
	DefaultPaymentMethod     text              `json:"default_payment_method"`
	DefaultSource            none              `json:"default_source"`
	DefaultTaxRates          []none            `json:"default_tax_rates"`
	Description              text              `json:"description"`
	Discounts                []string          `json:"discounts"`
	EndedAt                  stamp             `json:"ended_at"`
	InvoiceSettings          subscriptionBills `json:"invoice_settings"`
	Items                    sublist[*subItem] `json:"items"`
	LatestInvoice            text              `json:"latest_invoice"`
	Metadata                 map[string]string `json:"metadata"`
	NextPendingItemInvoice   none              `json:"next_pending_invoice_item_invoice"`
	OnBehalfOf               none              `json:"on_behalf_of"`
	PauseCollection          *pauseCollection  `json:"pause_collection"`
	PaymentSettings          paymentSettings   `json:"payment_settings"`
	PendingItemInterval      none              `json:"pending_invoice_item_interval"`
	PendingSetupIntent       text              `json:"pending_setup_intent"`
	PendingUpdate            *pendingUpdate    `json:"pending_update"`
	Schedule                 none              `json:"schedule"`
	StartDate                int64             `json:"start_date"`
	Status                   string            `json:"status"`
	TestClock                text              `json:"test_clock"`
	TransferData             none              `json:"transfer_data"`
	TrialEnd                 stamp             `json:"trial_end"`
	TrialSettings            trialSettings     `json:"trial_settings"`
	TrialStart               stamp             `json:"trial_start"`

	Own *subscriptionOwn `json:"own,omitempty"`
}

type subscriptionOwn struct {
	Warned  bool       `json:"warned,omitempty"`  // that the trial will end
	Pending []*subItem `json:"pending,omitempty"` // the items of the pending update
	Invoice string     `json:"invoice,omitempty"` // that the pending update waits for
}

type subscriptionTax struct {
	DisabledReason none    `json:"disabled_reason"`
	Enabled        bool    `json:"enabled"`
	Liability      *issuer `json:"liability"`
}

type billingMode struct {
	Flexible  *flexible `json:"flexible"`
	Type      string    `json:"type"`
	UpdatedAt int64     `json:"updated_at,omitempty"`
}

type flexible struct {
	ProrationDiscounts string `json:"proration_discounts"`
}

type cancelDetails struct {
	Comment  text `json:"comment"`
	Feedback text `json:"feedback"`
	Reason   text `json:"reason"`
}

type subscriptionBills struct {
	AccountTaxIDs none   `json:"account_tax_ids"`
	Issuer        issuer `json:"issuer"`
}

type pauseCollection struct {
	Behavior  string `json:"behavior" form:"behavior,required" enum:"keep_as_draft|mark_uncollectible|void"`
	ResumesAt stamp  `json:"resumes_at" form:"resumes_at"`
}

type paymentSettings struct {
	PaymentMethodOptions     none `json:"payment_method_options"`
	PaymentMethodTypes       none `json:"payment_method_types"`
	SaveDefaultPaymentMethod text `json:"save_default_payment_method"`
}

type pendingUpdate struct {
	BillingCycleAnchor none       `json:"billing_cycle_anchor"`
	ExpiresAt          int64      `json:"expires_at"`
	SubscriptionItems  []*subItem `json:"subscription_items"`
	TrialEnd           none       `json:"trial_end"`
	TrialFromPlan      none       `json:"trial_from_plan"`
}

type trialSettings struct {
	EndBehavior endBehavior `json:"end_behavior"`
}

type endBehavior struct {
	MissingPaymentMethod string `json:"missing_payment_method"`
}

// A subItem is one price that a subscription bills.
type subItem struct {
	ID                 string            `json:"id"`
	Object             string            `json:"object"`
	BillingThresholds  none              `json:"billing_thresholds"`
	Created            int64             `json:"created"`
	CurrentPeriodEnd   int64             `json:"current_period_end"`
	CurrentPeriodStart int64             `json:"current_period_start"`
	Discounts          []string          `json:"discounts"`
	Metadata           map[string]string `json:"metadata"`
	Price              *price            `json:"price"`
	Quantity           *int64            `json:"quantity,omitempty"` // nil of a metered price
	Subscription       string            `json:"subscription"`
	TaxRates           []none            `json:"tax_rates"`
}

// itemsShown is how many items a subscription holds; the list of its items has the others.
const itemsShown = 10

func (*subscription) kind() string    { return "subscription" }
func (s *subscription) owner() string { return s.Customer }
func (s *subscription) shown(tx *tx) any {
	shown := *s
	shown.Own = nil
	shown.Items.Data = shownItems(tx, s.Items.Data[:min(len(s.Items.Data), itemsShown)])
	shown.Items.HasMore = len(s.Items.Data) > itemsShown
	if s.PendingUpdate != nil {
		p := *s.PendingUpdate
		p.SubscriptionItems = shownItems(tx, p.SubscriptionItems)
		shown.PendingUpdate = &p
	}
	return &shown
}

func shownItems(tx *tx, items []*subItem) []*subItem {
	shown := make([]*subItem, len(items))
	for i, item := range items {
		copied := *item
		p := item.Price
		if tx != nil {
			if now, ok := find[*price](tx, item.Price.ID); ok {
				p = now
			}
		}
		copied.Price = p.shown(tx).(*price)
		shown[i] = &copied
	}
	return shown
}

// over reports whether a subscription has ended.
func (s *subscription) over() bool { return s.Status == "canceled" || s.Status == "incomplete_expired" }

// recurring returns how often a subscription is billed.
func (s *subscription) recurring() *recurring { return s.Items.Data[0].Price.Recurring }

// period returns the current period.
func (s *subscription) period() period {
	i := s.Items.Data[0]
	return period{Start: i.CurrentPeriodStart, End: i.CurrentPeriodEnd}
}

// setPeriod moves all items to a period.
func (s *subscription) setPeriod(p period) {
	for i, item := range s.Items.Data {
		copied := *item
		copied.CurrentPeriodStart, copied.CurrentPeriodEnd = p.Start, p.End
		s.Items.Data[i] = &copied
	}
}

func (i *subItem) metered() bool { return i.Price.Recurring.UsageType == "metered" }

func (i *subItem) quantity() int64 {
	if i.Quantity == nil {
		return 0
	}
	return *i.Quantity
}

func (s *subscription) licensed() bool {
	return slices.ContainsFunc(s.Items.Data, func(i *subItem) bool { return !i.metered() })
}

// The times of a subscription's life (Stripe documentation, "How subscriptions work").
const (
	incompleteFor = 23 * 60 * 60
	warnedBefore  = 3 * 24 * 60 * 60
)

// dues: the trial's end is announced, periods end, cancellations come into effect, and what was left incomplete expires.
func (s *subscription) dues() []due {
	var all []due
	at := func(when int64, name string, do func(tx *tx, s *subscription) error) {
		all = append(all, due{when, name, func(tx *tx, id string) error {
			s, _ := find[*subscription](tx, id)
			tx.edit(s)
			return do(tx, s)
		}})
	}
	if s.over() {
		return nil
	}
	if s.PendingUpdate != nil {
		at(s.PendingUpdate.ExpiresAt, "expire update", (*tx).expireUpdate)
	}
	if p := s.PauseCollection; p != nil && p.ResumesAt != 0 {
		at(int64(p.ResumesAt), "resume collection", func(tx *tx, s *subscription) error {
			s.PauseCollection = nil
			tx.updated("customer.subscription.updated", s)
			return nil
		})
	}
	end := s.period().End
	switch s.Status {
	case "incomplete":
		at(s.Created+incompleteFor, "expire", (*tx).expire)
		return all
	case "paused":
		if s.CancelAt != 0 {
			at(int64(s.CancelAt), "cancel", (*tx).end)
		}
		return all
	case "trialing":
		if !s.Own.Warned {
			at(max(int64(s.TrialEnd)-warnedBefore, s.Created), "warn", func(tx *tx, s *subscription) error {
				tx.warn(s)
				return nil
			})
		}
	}
	if s.CancelAt != 0 && int64(s.CancelAt) <= end {
		at(int64(s.CancelAt), "cancel", (*tx).end)
		return all
	}
	at(end, "cycle", (*tx).cycle)
	return all
}

// warn says that a trial will end.
func (tx *tx) warn(s *subscription) {
	s.Own.Warned = true
	tx.fire("customer.subscription.trial_will_end", s)
}

func getSubscription(tx *tx, p *byID) (any, error) { return needPath[*subscription](tx, p.ID, "id") }

type subscriptionList struct {
	listing
	Customer           *string `form:"customer"`
	Price              *string `form:"price"`
	Status             *string `form:"status" enum:"active|all|canceled|ended|incomplete|incomplete_expired|past_due|paused|trialing|unpaid"`
	CollectionMethod   *string `form:"collection_method" enum:"charge_automatically|send_invoice"`
	Created            span    `form:"created"`
	CurrentPeriodEnd   span    `form:"current_period_end"`
	CurrentPeriodStart span    `form:"current_period_start"`
	TestClock          *string `form:"test_clock"`
}

func listSubscriptions(tx *tx, g *subscriptionList) (any, error) {
	all := every[*subscription](tx)
	if g.Customer != nil {
		all = owned[*subscription](tx, *g.Customer)
	}
	return pageOf(tx, g.listing, "/v1/subscriptions", all, func(s *subscription) bool {
		switch {
		case g.Status == nil && s.Status == "canceled":
			return false
		case g.Status == nil || *g.Status == "all":
		case *g.Status == "ended":
			if !s.over() {
				return false
			}
		case *g.Status != s.Status:
			return false
		}
		return (g.Price == nil || slices.ContainsFunc(s.Items.Data, func(i *subItem) bool { return i.Price.ID == *g.Price })) &&
			(g.CollectionMethod == nil || *g.CollectionMethod == s.CollectionMethod) && g.Created.has(s.Created) &&
			g.CurrentPeriodEnd.has(s.period().End) && g.CurrentPeriodStart.has(s.period().Start) && (g.TestClock == nil || *g.TestClock == string(s.TestClock))
	})
}

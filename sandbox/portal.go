package sandbox

import "slices"

// A portalSession is one visit of a customer to the billing portal.
type portalSession struct {
	header
	Configuration string      `json:"configuration"`
	Customer      string      `json:"customer"`
	Flow          *portalFlow `json:"flow"`
	Locale        text        `json:"locale"`
	OnBehalfOf    none        `json:"on_behalf_of"`
	ReturnURL     text        `json:"return_url"`
	URL           string      `json:"url"`

	Own *portalOwn `json:"own,omitempty"`
}

type portalOwn struct {
	Failure string `json:"failure,omitempty"`
	Notice  string `json:"notice,omitempty"`
}

type portalFlow struct {
	AfterCompletion           flowAfter    `json:"after_completion"`
	CustomerUpdate            none         `json:"customer_update"`
	SubscriptionCancel        *flowCancel  `json:"subscription_cancel"`
	SubscriptionUpdate        *flowUpdate  `json:"subscription_update"`
	SubscriptionUpdateConfirm *flowConfirm `json:"subscription_update_confirm"`
	Type                      string       `json:"type"`
}

type flowAfter struct {
	HostedConfirmation none          `json:"hosted_confirmation"`
	Redirect           *flowRedirect `json:"redirect"`
	Type               string        `json:"type"`
}

type flowRedirect struct {
	ReturnURL string `json:"return_url" form:"return_url,required"`
}

type flowCancel struct {
	Retention    none   `json:"retention"`
	Subscription string `json:"subscription"`
}

type flowUpdate struct {
	Subscription string `json:"subscription"`
}

type flowConfirm struct {
	Discounts    none       `json:"discounts"`
	Items        []flowItem `json:"items"`
	Subscription string     `json:"subscription"`
}

type flowItem struct {
	ID       string `json:"id" form:"id,required"`
	Price    text   `json:"price" form:"price"`
	Quantity *int64 `json:"quantity,omitempty" form:"quantity"`
}

func (*portalSession) kind() string    { return "billing_portal.session" }
func (p *portalSession) owner() string { return p.Customer }
func (p *portalSession) shown(*tx) any {
	shown := *p
	shown.Own = nil
	return &shown
}

type portalNew struct {
	Configuration *string `form:"configuration"`
	Customer      string  `form:"customer,required"`
	Locale        *string `form:"locale"`
	ReturnURL     *string `form:"return_url"`
	FlowData      *struct {
		Type            string `form:"type,required" enum:"payment_method_update|subscription_cancel|subscription_update|subscription_update_confirm"`
		AfterCompletion struct {
			Type     *string       `form:"type" enum:"hosted_confirmation|portal_homepage|redirect"`
			Redirect *flowRedirect `form:"redirect"`
		} `form:"after_completion"`
		SubscriptionCancel *struct {
			Subscription string  `form:"subscription,required"`
			Retention    ignored `form:"retention"`
		} `form:"subscription_cancel"`
		SubscriptionUpdate *struct {
			Subscription string `form:"subscription,required"`
		} `form:"subscription_update"`
		SubscriptionUpdateConfirm *struct {
			Subscription string     `form:"subscription,required"`
			Items        []flowItem `form:"items,required"`
			Discounts    ignored    `form:"discounts"`
		} `form:"subscription_update_confirm"`
	} `form:"flow_data"`
}

func createPortal(tx *tx, g *portalNew) (any, error) {
	owner, err := tx.liveCustomer(g.Customer, "customer", false)
	if err != nil {
		return nil, err
	}
	var c *portalConfiguration
	if g.Configuration != nil {
		if c, err = need[*portalConfiguration](tx, *g.Configuration, "configuration"); err != nil {
			return nil, err
		}
	} else {
		c = tx.defaultConfiguration()
	}
	p := &portalSession{header: tx.header("bps_", "billing_portal.session", owner.ID), Configuration: c.ID, Customer: owner.ID, ReturnURL: c.DefaultReturnURL, Own: &portalOwn{}}
	setText(&p.Locale, g.Locale)
	if g.ReturnURL != nil {
		if err := checkURL("return_url", *g.ReturnURL); err != nil {
			return nil, err
		}
		p.ReturnURL = text(*g.ReturnURL)
	}
	if err := g.flow(tx, p); err != nil {
		return nil, err
	}
	p.URL = tx.base() + "/p/session/" + p.ID
	tx.add(p)
	tx.fire("billing_portal.session.created", p)
	return p, nil
}

// flow reads what the visit is for, when it is for one thing only.
func (g *portalNew) flow(tx *tx, p *portalSession) error {
	d := g.FlowData
	if d == nil {
		return nil
	}
	p.Flow = &portalFlow{Type: d.Type, AfterCompletion: flowAfter{Type: "portal_homepage", Redirect: d.AfterCompletion.Redirect}}
	setTextOf(&p.Flow.AfterCompletion.Type, d.AfterCompletion.Type)
	of := func(id, param string) error {
		s, err := need[*subscription](tx, id, param)
		if err == nil && (s.Customer != p.Customer || s.over()) {
			err = invalid(param, "The subscription %s is not an active one of the customer %s.", id, p.Customer)
		}
		return err
	}
	switch {
	case d.Type == "subscription_cancel" && d.SubscriptionCancel != nil:
		p.Flow.SubscriptionCancel = &flowCancel{Subscription: d.SubscriptionCancel.Subscription}
		return of(d.SubscriptionCancel.Subscription, "flow_data[subscription_cancel][subscription]")
	case d.Type == "subscription_update" && d.SubscriptionUpdate != nil:
		p.Flow.SubscriptionUpdate = &flowUpdate{d.SubscriptionUpdate.Subscription}
		return of(d.SubscriptionUpdate.Subscription, "flow_data[subscription_update][subscription]")
	case d.Type == "subscription_update_confirm" && d.SubscriptionUpdateConfirm != nil:
		p.Flow.SubscriptionUpdateConfirm = &flowConfirm{Subscription: d.SubscriptionUpdateConfirm.Subscription, Items: d.SubscriptionUpdateConfirm.Items}
		return of(d.SubscriptionUpdateConfirm.Subscription, "flow_data[subscription_update_confirm][subscription]")
	case d.Type != "payment_method_update":
		return required("flow_data[" + d.Type + "]")
	}
	return nil
}

func setTextOf(field *string, given *string) {
	if given != nil {
		*field = *given
	}
}

// A portalConfiguration says what customers may do in the portal.
type portalConfiguration struct {
	header
	Active           bool              `json:"active"`
	Application      none              `json:"application"`
	BusinessProfile  businessProfile   `json:"business_profile"`
	DefaultReturnURL text              `json:"default_return_url"`
	Features         portalFeatures    `json:"features"`
	IsDefault        bool              `json:"is_default"`
	LoginPage        loginPage         `json:"login_page"`
	Metadata         map[string]string `json:"metadata"`
	Name             text              `json:"name"`
	Updated          int64             `json:"updated"`
}

type businessProfile struct {
	Headline          text `json:"headline" form:"headline"`
	PrivacyPolicyURL  text `json:"privacy_policy_url" form:"privacy_policy_url"`
	TermsOfServiceURL text `json:"terms_of_service_url" form:"terms_of_service_url"`
}

type loginPage struct {
	Enabled bool `json:"enabled"`
	URL     text `json:"url"`
}

type portalFeatures struct {
	CustomerUpdate      portalCustomer `json:"customer_update" form:"customer_update"`
	InvoiceHistory      enabled        `json:"invoice_history" form:"invoice_history"`
	PaymentMethodUpdate enabled        `json:"payment_method_update" form:"payment_method_update"`
	SubscriptionCancel  portalCancel   `json:"subscription_cancel" form:"subscription_cancel"`
	SubscriptionUpdate  portalUpdate   `json:"subscription_update" form:"subscription_update"`
}

type enabled struct {
	Enabled bool `json:"enabled" form:"enabled"`
}

type portalCustomer struct {
	AllowedUpdates []string `json:"allowed_updates" form:"allowed_updates"`
	Enabled        bool     `json:"enabled" form:"enabled"`
}

type portalCancel struct {
	CancellationReason portalReason `json:"cancellation_reason" form:"cancellation_reason"`
	Enabled            bool         `json:"enabled" form:"enabled"`
	Mode               string       `json:"mode" form:"mode" enum:"at_period_end|immediately"`
	ProrationBehavior  string       `json:"proration_behavior" form:"proration_behavior" enum:"always_invoice|create_prorations|none"`
}

type portalReason struct {
	Enabled bool     `json:"enabled" form:"enabled"`
	Options []string `json:"options" form:"options"`
}

type portalUpdate struct {
	DefaultAllowedUpdates []string        `json:"default_allowed_updates" form:"default_allowed_updates"`
	Enabled               bool            `json:"enabled" form:"enabled"`
	Products              []portalProduct `json:"products,omitempty" form:"products"`
	ProrationBehavior     string          `json:"proration_behavior" form:"proration_behavior" enum:"always_invoice|create_prorations|none"`
	ScheduleAtPeriodEnd   portalSchedule  `json:"schedule_at_period_end" form:"schedule_at_period_end"`
	TrialUpdateBehavior   string          `json:"trial_update_behavior" form:"trial_update_behavior" enum:"continue_trial|end_trial"`
	BillingCycleAnchor    text            `json:"billing_cycle_anchor" form:"billing_cycle_anchor"`
}

type portalProduct struct {
	AdjustableQuantity portalQuantity `json:"adjustable_quantity" form:"adjustable_quantity"`
	Prices             []string       `json:"prices" form:"prices"`
	Product            string         `json:"product" form:"product,required"`
}

type portalQuantity struct {
	Enabled bool   `json:"enabled" form:"enabled"`
	Maximum *int64 `json:"maximum" form:"maximum"`
	Minimum int64  `json:"minimum" form:"minimum"`
}

type portalSchedule struct {
	Conditions []portalCondition `json:"conditions" form:"conditions"`
}

type portalCondition struct {
	Type string `json:"type" form:"type,required" enum:"decreasing_item_amount|shortening_interval"`
}

func (*portalConfiguration) kind() string    { return "billing_portal.configuration" }
func (p *portalConfiguration) shown(*tx) any { return p }

// defaultConfiguration returns the one that sessions without one use. The first session makes it.
func (tx *tx) defaultConfiguration() *portalConfiguration {
	for _, c := range every[*portalConfiguration](tx) {
		if c.IsDefault {
			return c
		}
	}
	c := tx.newConfiguration(portalFeatures{CustomerUpdate: portalCustomer{Enabled: true, AllowedUpdates: []string{"email", "address"}}, InvoiceHistory: enabled{true},
		PaymentMethodUpdate: enabled{true}, SubscriptionCancel: portalCancel{Enabled: true}})
	c.IsDefault = true
	tx.add(c)
	tx.fire("billing_portal.configuration.created", c)
	return c
}

func (tx *tx) newConfiguration(f portalFeatures) *portalConfiguration {
	c := &portalConfiguration{header: tx.header("bpc_", "billing_portal.configuration", ""), Active: true, Features: f, Metadata: map[string]string{}}
	c.Updated = c.Created
	c.Features.fill()
	return c
}

// fill puts Stripe's defaults where nothing is said.
func (f *portalFeatures) fill() {
	empty := func(list *[]string) {
		if *list == nil {
			*list = []string{}
		}
	}
	word := func(field *string, usual string) {
		if *field == "" {
			*field = usual
		}
	}
	empty(&f.CustomerUpdate.AllowedUpdates)
	empty(&f.SubscriptionCancel.CancellationReason.Options)
	empty(&f.SubscriptionUpdate.DefaultAllowedUpdates)
	word(&f.SubscriptionCancel.Mode, "at_period_end")
	word(&f.SubscriptionCancel.ProrationBehavior, "none")
	word(&f.SubscriptionUpdate.ProrationBehavior, "none")
	word(&f.SubscriptionUpdate.TrialUpdateBehavior, "end_trial")
	if f.SubscriptionUpdate.ScheduleAtPeriodEnd.Conditions == nil {
		f.SubscriptionUpdate.ScheduleAtPeriodEnd.Conditions = []portalCondition{}
	}
	for i := range f.SubscriptionUpdate.Products {
		empty(&f.SubscriptionUpdate.Products[i].Prices)
	}
}

type configurationGiven struct {
	ID               string           `path:"id"`
	Active           *bool            `form:"active"`
	BusinessProfile  *businessProfile `form:"business_profile"`
	DefaultReturnURL *string          `form:"default_return_url"`
	Features         *portalFeatures  `form:"features"`
	LoginPage        *enabled         `form:"login_page"`
	Metadata         changes          `form:"metadata"`
	Name             *string          `form:"name"`
}

func createConfiguration(tx *tx, g *configurationGiven) (any, error) {
	if g.Features == nil {
		return nil, required("features")
	}
	c := tx.newConfiguration(*g.Features)
	if !slices.ContainsFunc(every[*portalConfiguration](tx), func(o *portalConfiguration) bool { return o.IsDefault }) {
		c.IsDefault = true
	}
	if err := g.apply(tx, c); err != nil {
		return nil, err
	}
	tx.add(c)
	tx.fire("billing_portal.configuration.created", c)
	return c, nil
}

func (g *configurationGiven) apply(tx *tx, c *portalConfiguration) error {
	if g.Features != nil {
		c.Features = *g.Features
		c.Features.fill()
	}
	for n, p := range c.Features.SubscriptionUpdate.Products {
		if _, err := need[*product](tx, p.Product, urlf("features[subscription_update][products][%d][product]", n)); err != nil {
			return err
		}
		for k, id := range p.Prices {
			at := urlf("features[subscription_update][products][%d][prices][%d]", n, k)
			sold, err := need[*price](tx, id, at)
			if err != nil {
				return err
			}
			if sold.Product != p.Product {
				return invalid(at, "The price %s does not belong to the product %s.", id, p.Product)
			}
		}
	}
	if g.Active != nil {
		c.Active = *g.Active
	}
	if g.BusinessProfile != nil {
		c.BusinessProfile = *g.BusinessProfile
	}
	if g.LoginPage != nil {
		c.LoginPage.Enabled = g.LoginPage.Enabled
		if c.LoginPage.URL = ""; c.LoginPage.Enabled {
			c.LoginPage.URL = text(tx.base() + "/p/login/" + c.ID)
		}
	}
	setText(&c.DefaultReturnURL, g.DefaultReturnURL)
	setText(&c.Name, g.Name)
	c.Metadata = g.Metadata.on(c.Metadata)
	return nil
}

func updateConfiguration(tx *tx, g *configurationGiven) (any, error) {
	c, err := needPath[*portalConfiguration](tx, g.ID, "configuration")
	if err != nil {
		return nil, err
	}
	tx.edit(c)
	if err := g.apply(tx, c); err != nil {
		return nil, err
	}
	c.Updated = tx.now("")
	tx.updated("billing_portal.configuration.updated", c)
	return c, nil
}

func getConfiguration(tx *tx, p *byID) (any, error) {
	return needPath[*portalConfiguration](tx, p.ID, "configuration")
}

type configurationList struct {
	listing
	Active    *bool `form:"active"`
	IsDefault *bool `form:"is_default"`
}

func listConfigurations(tx *tx, g *configurationList) (any, error) {
	return pageOf(tx, g.listing, "/v1/billing_portal/configurations", every[*portalConfiguration](tx), func(c *portalConfiguration) bool {
		return (g.Active == nil || *g.Active == c.Active) && (g.IsDefault == nil || *g.IsDefault == c.IsDefault)
	})
}

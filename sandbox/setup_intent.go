package sandbox

// A setupIntent saves a card for later payments.
type setupIntent struct {
	header
	AutomaticMethods   *automaticMethods `json:"automatic_payment_methods"`
	CancellationReason text              `json:"cancellation_reason"`
	ClientSecret       string            `json:"client_secret"`
	Customer           text              `json:"customer"`
	Description        text              `json:"description"`
	LastSetupError     *paymentError     `json:"last_setup_error"`
	Metadata           map[string]string `json:"metadata"`
	NextAction         *nextAction       `json:"next_action"`
	PaymentMethod      text              `json:"payment_method"`
	PaymentMethodTypes []string          `json:"payment_method_types"`
	Status             string            `json:"status"`
	Usage              string            `json:"usage"`
}

func (*setupIntent) kind() string    { return "setup_intent" }
func (s *setupIntent) owner() string { return string(s.Customer) }
func (s *setupIntent) shown(*tx) any { return s }

func (tx *tx) newSetup(customer string) *setupIntent {
	s := &setupIntent{header: tx.header("seti_", "setup_intent", customer), Customer: text(customer), Metadata: map[string]string{},
		PaymentMethodTypes: []string{"card"}, Status: "requires_payment_method", Usage: "off_session"}
	s.ClientSecret = tx.newID(s.ID + "_secret_")
	tx.add(s)
	tx.fire("setup_intent.created", s)
	return s
}

// setUp saves a card. It returns nil when that succeeded or asks for 3-D Secure, which the status says, and a card error
// when the bank refused.
func (tx *tx) setUp(s *setupIntent, m *paymentMethod, approved bool) *fault {
	tx.edit(s)
	c := m.testCard()
	s.PaymentMethod, s.NextAction = text(m.ID), nil
	if c.refused {
		s.Status, s.LastSetupError = "requires_payment_method", failureOf(c.decline, "", m)
		s.PaymentMethod = ""
		tx.fire("setup_intent.setup_failed", s)
		f := cardFault(c.decline)
		f.SetupIntent, f.Kept = s, true
		return f
	}
	if c.authenticate != authenticateNever && !approved {
		s.Status, s.LastSetupError = "requires_action", nil
		s.NextAction = &nextAction{Type: "redirect_to_url", RedirectToURL: redirect{URL: text(tx.base() + "/_sandbox/authenticate/" + s.ID)}}
		tx.fire("setup_intent.requires_action", s)
		return nil
	}
	s.Status, s.LastSetupError = "succeeded", nil
	tx.edit(m)
	m.Own.SetUp = true
	tx.fire("setup_intent.succeeded", s)
	return nil
}

// unset fails the set-up of a payer who did not pass 3-D Secure.
func (tx *tx) unset(s *setupIntent) {
	tx.edit(s)
	m, _ := find[*paymentMethod](tx, string(s.PaymentMethod))
	d := &decline{"setup_intent_authentication_failure", "", "We are unable to authenticate your payment method. Please choose a different payment method and try again."}
	s.Status, s.NextAction, s.LastSetupError, s.PaymentMethod = "requires_payment_method", nil, failureOf(d, "", m), ""
	s.LastSetupError.Type = faultInvalid
	tx.fire("setup_intent.setup_failed", s)
}

func getSetup(tx *tx, p *byID) (any, error) { return needPath[*setupIntent](tx, p.ID, "intent") }

type setupList struct {
	listing
	Customer *string `form:"customer"`
	Created  span    `form:"created"`
}

func listSetups(tx *tx, g *setupList) (any, error) {
	return pageOf(tx, g.listing, "/v1/setup_intents", every[*setupIntent](tx), func(s *setupIntent) bool {
		return (g.Customer == nil || *g.Customer == string(s.Customer)) && g.Created.has(s.Created)
	})
}

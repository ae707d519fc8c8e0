package sandbox

import "net/http"

// A paymentMethod is a card, of a customer when it is attached.
type paymentMethod struct {
	header
	AllowRedisplay string            `json:"allow_redisplay"`
	BillingDetails billingDetails    `json:"billing_details"`
	Card           *card             `json:"card,omitempty"`
	Customer       text              `json:"customer"`
	Metadata       map[string]string `json:"metadata"`
	Type           string            `json:"type"`

	Own *methodOwn `json:"own,omitempty"`
}

type methodOwn struct {
	Card     string `json:"card"`             // the name of the test card
	SetUp    bool   `json:"set_up,omitempty"` // authenticated for later payments
	Detached bool   `json:"detached,omitempty"`
}

type billingDetails struct {
	Address address `json:"address" form:"address"`
	Email   text    `json:"email" form:"email"`
	Name    text    `json:"name" form:"name"`
	Phone   text    `json:"phone" form:"phone"`
	TaxID   text    `json:"tax_id" form:"tax_id"`
}

type card struct {
	Brand             string     `json:"brand"`
	Checks            cardChecks `json:"checks"`
	Country           string     `json:"country"`
	DisplayBrand      string     `json:"display_brand"`
	ExpMonth          int        `json:"exp_month"`
	ExpYear           int        `json:"exp_year"`
	Fingerprint       string     `json:"fingerprint"`
	Funding           string     `json:"funding"`
	GeneratedFrom     none       `json:"generated_from"`
	Last4             string     `json:"last4"`
	Networks          networks   `json:"networks"`
	RegulatedStatus   string     `json:"regulated_status"`
	ThreeDSecureUsage threeDS    `json:"three_d_secure_usage"`
	Wallet            none       `json:"wallet"`
}

type cardChecks struct {
	AddressLine1Check      none `json:"address_line1_check"`
	AddressPostalCodeCheck none `json:"address_postal_code_check"`
	CVCCheck               text `json:"cvc_check"`
}

type networks struct {
	Available []string `json:"available"`
	Preferred none     `json:"preferred"`
}

type threeDS struct {
	Supported bool `json:"supported"`
}

func (*paymentMethod) kind() string    { return "payment_method" }
func (m *paymentMethod) owner() string { return string(m.Customer) }
func (m *paymentMethod) shown(*tx) any {
	shown := *m
	shown.Own = nil
	return &shown
}

func (m *paymentMethod) testCard() testCard {
	c, _ := cardByName(m.Own.Card)
	return c
}

// newMethod makes a card that belongs to nobody yet.
func (tx *tx) newMethod(c testCard, month, year int, details billingDetails) *paymentMethod {
	const last = 4
	m := &paymentMethod{header: tx.header("pm_", "payment_method", ""), AllowRedisplay: "unspecified", BillingDetails: details,
		Metadata: map[string]string{}, Type: "card", Own: &methodOwn{Card: c.name}}
	m.Card = &card{Brand: c.brand, Checks: cardChecks{CVCCheck: "pass"}, Country: "US", DisplayBrand: c.brand, ExpMonth: month, ExpYear: year,
		Fingerprint: fingerprint(c.number), Funding: "credit", Last4: c.number[len(c.number)-last:], Networks: networks{Available: []string{c.brand}},
		RegulatedStatus: "unregulated", ThreeDSecureUsage: threeDS{Supported: true}}
	tx.add(m)
	return m
}

// The expiry of the cards that names such as pm_card_visa stand for.
const (
	testExpiryMonth = 12
	testExpiryYears = 8
)

// method returns a payment method by its id; a name such as pm_card_visa makes a new one.
func (tx *tx) method(id, param string, inPath bool) (*paymentMethod, error) {
	if c, ok := cardByName(id); ok {
		return tx.newMethod(c, testExpiryMonth, tx.year()+testExpiryYears, billingDetails{}), nil
	}
	m, ok := find[*paymentMethod](tx, id)
	if !ok {
		return nil, absent("payment_method", id, param, inPath)
	}
	return m, nil
}

// attach makes a payment method a customer's. A card that is declined when it is saved is a card error.
func (tx *tx) attach(id string, c *customer, param string) (*paymentMethod, error) {
	m, err := tx.method(id, param, param == "")
	if err != nil {
		return nil, err
	}
	if m.Customer == text(c.ID) {
		return m, nil
	}
	if m.Customer != "" || m.Own.Detached {
		return nil, invalid("", "The payment method you provided has already been attached to a customer.").withCode("payment_method_unexpected_state")
	}
	if t := m.testCard(); t.refused {
		return nil, cardFault(t.decline)
	}
	tx.join(m, c)
	return m, nil
}

// join attaches without asking the bank.
func (tx *tx) join(m *paymentMethod, c *customer) {
	tx.edit(m)
	m.Customer = text(c.ID)
	tx.refiled(m)
	tx.fire("payment_method.attached", m)
}

func cardFault(d *decline) *fault {
	return &fault{Status: http.StatusPaymentRequired, Type: faultCard, Code: d.code, DeclineCode: d.declineCode, Message: d.message}
}

type methodNew struct {
	Type           string         `form:"type,required" enum:"card"`
	BillingDetails billingDetails `form:"billing_details"`
	Card           *struct {
		Number   string  `form:"number"`
		ExpMonth int     `form:"exp_month"`
		ExpYear  int     `form:"exp_year"`
		CVC      string  `form:"cvc"`
		Token    *string `form:"token"`
	} `form:"card"`
	Metadata       changes `form:"metadata"`
	AllowRedisplay *string `form:"allow_redisplay" enum:"always|limited|unspecified"`
}

func createMethod(tx *tx, p *methodNew) (any, error) {
	if p.Card == nil {
		return nil, required("card")
	}
	var c testCard
	var ok bool
	month, year := p.Card.ExpMonth, p.Card.ExpYear
	if p.Card.Token != nil { // tok_visa is pm_card_visa
		const prefix = "tok_"
		if len(*p.Card.Token) > len(prefix) {
			c, ok = cardByName("pm_card_" + (*p.Card.Token)[len(prefix):])
		}
		month, year = testExpiryMonth, tx.year()+testExpiryYears
	} else {
		c, ok = cardByNumber(digits(p.Card.Number))
	}
	if !ok {
		f := invalid("card[number]", "Your card number is incorrect.").withCode("incorrect_number")
		f.Status, f.Type = http.StatusPaymentRequired, faultCard
		return nil, f
	}
	if err := tx.checkExpiry(month, year); err != nil {
		return nil, err
	}
	m := tx.newMethod(c, month, year, p.BillingDetails)
	m.Metadata = p.Metadata.on(nil)
	if p.AllowRedisplay != nil {
		m.AllowRedisplay = *p.AllowRedisplay
	}
	return m, nil
}

// checkExpiry refuses a card that is past its month.
func (tx *tx) checkExpiry(month, year int) error {
	refuse := func(param, code, message string) error {
		f := invalid(param, "%s", message).withCode(code)
		f.Status, f.Type = http.StatusPaymentRequired, faultCard
		return f
	}
	const months, century = 12, 100
	if month < 1 || month > months {
		return refuse("card[exp_month]", "invalid_expiry_month", "Your card's expiration month is invalid.")
	}
	if year < century {
		year += 2000
	}
	now := tx.date()
	if year < now.Year() || year > now.Year()+50 || year == now.Year() && month < int(now.Month()) {
		return refuse("card[exp_year]", "invalid_expiry_year", "Your card's expiration year is invalid.")
	}
	return nil
}

func getMethod(tx *tx, p *byID) (any, error) {
	return needPath[*paymentMethod](tx, p.ID, "payment_method")
}

type methodChange struct {
	ID             string          `path:"id"`
	BillingDetails *billingDetails `form:"billing_details"`
	Metadata       changes         `form:"metadata"`
	Card           struct {
		ExpMonth *int `form:"exp_month"`
		ExpYear  *int `form:"exp_year"`
	} `form:"card"`
}

func updateMethod(tx *tx, p *methodChange) (any, error) {
	m, err := needPath[*paymentMethod](tx, p.ID, "payment_method")
	if err != nil {
		return nil, err
	}
	tx.edit(m)
	if p.BillingDetails != nil {
		m.BillingDetails = *p.BillingDetails
	}
	if p.Card.ExpMonth != nil {
		m.Card.ExpMonth = *p.Card.ExpMonth
	}
	if p.Card.ExpYear != nil {
		m.Card.ExpYear = *p.Card.ExpYear
	}
	m.Metadata = p.Metadata.on(m.Metadata)
	tx.updated("payment_method.updated", m)
	return m, nil
}

type methodList struct {
	listing
	Customer *string `form:"customer"`
	Type     *string `form:"type"`
}

func listMethods(tx *tx, p *methodList) (any, error) {
	return pageOf(tx, p.listing, "/v1/payment_methods", every[*paymentMethod](tx), func(m *paymentMethod) bool {
		return (p.Customer == nil || *p.Customer == string(m.Customer)) && (p.Type == nil || *p.Type == m.Type)
	})
}

type customerMethodList struct {
	ID string `path:"id"`
	listing
	Type           *string `form:"type"`
	AllowRedisplay ignored `form:"allow_redisplay"`
}

func listCustomerMethods(tx *tx, p *customerMethodList) (any, error) {
	if _, err := tx.liveCustomer(p.ID, "customer", true); err != nil {
		return nil, err
	}
	return pageOf(tx, p.listing, urlf("/v1/customers/%s/payment_methods", p.ID), owned[*paymentMethod](tx, p.ID),
		func(m *paymentMethod) bool { return p.Type == nil || *p.Type == m.Type })
}

type methodAttach struct {
	ID       string `path:"id"`
	Customer string `form:"customer,required"`
}

func attachMethod(tx *tx, p *methodAttach) (any, error) {
	if _, err := tx.method(p.ID, "payment_method", true); err != nil {
		return nil, err
	}
	c, err := tx.liveCustomer(p.Customer, "customer", false)
	if err != nil {
		return nil, err
	}
	return tx.attach(p.ID, c, "payment_method")
}

func detachMethod(tx *tx, p *byID) (any, error) {
	m, err := needPath[*paymentMethod](tx, p.ID, "payment_method")
	if err != nil {
		return nil, err
	}
	if m.Customer == "" {
		return nil, invalid("", "The payment method you provided is not attached to a customer so detachment is impossible.").
			withCode("payment_method_unexpected_state")
	}
	owner, _ := find[*customer](tx, string(m.Customer))
	tx.edit(m)
	m.Customer, m.Own.Detached = "", true
	tx.refiled(m)
	tx.updated("payment_method.detached", m)
	if string(owner.InvoiceSettings.DefaultPaymentMethod) == m.ID {
		tx.edit(owner)
		owner.InvoiceSettings.DefaultPaymentMethod = ""
		tx.updated("customer.updated", owner)
	}
	for _, s := range owned[*subscription](tx, owner.ID) {
		if string(s.DefaultPaymentMethod) == m.ID {
			tx.edit(s)
			s.DefaultPaymentMethod = ""
			tx.updated("customer.subscription.updated", s)
		}
	}
	return m, nil
}

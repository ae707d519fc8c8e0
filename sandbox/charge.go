package sandbox

// A charge is one attempt to take money.
type charge struct {
	header
	Amount               int64             `json:"amount"`
	AmountCaptured       int64             `json:"amount_captured"`
	AmountRefunded       int64             `json:"amount_refunded"`
	BalanceTransaction   text              `json:"balance_transaction"`
	BillingDetails       billingDetails    `json:"billing_details"`
	CalculatedDescriptor text              `json:"calculated_statement_descriptor"`
	Captured             bool              `json:"captured"`
	Currency             string            `json:"currency"`
	Customer             text              `json:"customer"`
	Description          text              `json:"description"`
	Disputed             bool              `json:"disputed"`
	FailureCode          text              `json:"failure_code"`
	FailureMessage       text              `json:"failure_message"`
	Metadata             map[string]string `json:"metadata"`
	Outcome              *outcome          `json:"outcome"`
	Paid                 bool              `json:"paid"`
	PaymentIntent        text              `json:"payment_intent"`
	PaymentMethod        text              `json:"payment_method"`
	PaymentMethodDetails chargedWith       `json:"payment_method_details"`
	ReceiptEmail         text              `json:"receipt_email"`
	ReceiptNumber        text              `json:"receipt_number"`
	ReceiptURL           text              `json:"receipt_url"`
	Refunded             bool              `json:"refunded"`
	Shipping             none              `json:"shipping"`
	Status               string            `json:"status"`
}

type outcome struct {
	AdviceCode    text   `json:"advice_code"`
	NetworkStatus text   `json:"network_status"`
	Reason        text   `json:"reason"`
	RiskLevel     string `json:"risk_level"`
	SellerMessage text   `json:"seller_message"`
	Type          string `json:"type"`
}

type chargedWith struct {
	Card chargedCard `json:"card"`
	Type string      `json:"type"`
}

type chargedCard struct {
	Brand        string     `json:"brand"`
	Checks       cardChecks `json:"checks"`
	Country      string     `json:"country"`
	ExpMonth     int        `json:"exp_month"`
	ExpYear      int        `json:"exp_year"`
	Fingerprint  string     `json:"fingerprint"`
	Funding      string     `json:"funding"`
	Installments none       `json:"installments"`
	Last4        string     `json:"last4"`
	Mandate      none       `json:"mandate"`
	Network      string     `json:"network"`
	ThreeDSecure none       `json:"three_d_secure"`
	Wallet       none       `json:"wallet"`
}

func (*charge) kind() string    { return "charge" }
func (c *charge) owner() string { return string(c.Customer) }
func (c *charge) shown(*tx) any { return c }

// newCharge adds an attempt at a payment.
func (tx *tx) newCharge(p *paymentIntent, m *paymentMethod) *charge {
	c := &charge{header: tx.header("ch_", "charge", string(p.Customer)), Amount: p.Amount, BillingDetails: m.BillingDetails, Currency: p.Currency,
		Customer: p.Customer, Description: p.Description, Metadata: p.Metadata, PaymentIntent: text(p.ID), PaymentMethod: text(m.ID), ReceiptEmail: p.ReceiptEmail}
	c.PaymentMethodDetails = chargedWith{Type: "card", Card: chargedCard{Brand: m.Card.Brand, Checks: m.Card.Checks, Country: m.Card.Country,
		ExpMonth: m.Card.ExpMonth, ExpYear: m.Card.ExpYear, Fingerprint: m.Card.Fingerprint, Funding: m.Card.Funding, Last4: m.Card.Last4, Network: m.Card.Brand}}
	tx.add(c)
	return c
}

// refundsShown is how many refunds a charge that is expanded holds, the newest; the list of refunds has the others.
const refundsShown = 10

func refundsOfCharge(tx *tx, id string) any {
	c, ok := find[*charge](tx, id)
	if !ok {
		return nil
	}
	var all []*refund
	for _, r := range tx.refundsOf(c) {
		all = append([]*refund{r}, all...)
	}
	shown := listed(urlf("/v1/charges/%s/refunds", id), shownAll(tx, all[:min(len(all), refundsShown)]))
	shown.HasMore = len(all) > refundsShown
	return shown
}

func getCharge(tx *tx, p *byID) (any, error) { return needPath[*charge](tx, p.ID, "charge") }

type chargeList struct {
	listing
	Customer      *string `form:"customer"`
	PaymentIntent *string `form:"payment_intent"`
	Created       span    `form:"created"`
}

func listCharges(tx *tx, g *chargeList) (any, error) {
	return pageOf(tx, g.listing, "/v1/charges", every[*charge](tx), func(c *charge) bool {
		return (g.Customer == nil || *g.Customer == string(c.Customer)) && (g.PaymentIntent == nil || *g.PaymentIntent == string(c.PaymentIntent)) &&
			g.Created.has(c.Created)
	})
}

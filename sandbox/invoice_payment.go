package sandbox

// An invoicePayment ties a payment to the invoice that it pays.
type invoicePayment struct {
	header
	AmountPaid        *int64             `json:"amount_paid"`
	AmountRequested   int64              `json:"amount_requested"`
	Currency          string             `json:"currency"`
	Invoice           string             `json:"invoice"`
	IsDefault         bool               `json:"is_default"`
	Payment           paymentRef         `json:"payment"`
	Status            string             `json:"status"`
	StatusTransitions paymentTransitions `json:"status_transitions"`

	Own *invoicePaymentOwn `json:"own,omitempty"`
}

type invoicePaymentOwn struct {
	Customer string `json:"customer"`
}

type paymentRef struct {
	PaymentIntent string `json:"payment_intent"`
	Type          string `json:"type"`
}

type paymentTransitions struct {
	CanceledAt stamp `json:"canceled_at"`
	PaidAt     stamp `json:"paid_at"`
}

func (*invoicePayment) kind() string    { return "invoice_payment" }
func (p *invoicePayment) owner() string { return p.Own.Customer }
func (p *invoicePayment) shown(*tx) any {
	shown := *p
	shown.Own = nil
	return &shown
}

// tie makes a payment the one that pays an invoice.
func (tx *tx) tie(i *invoice, p *paymentIntent) *invoicePayment {
	tx.edit(p)
	p.Own.Invoice = i.ID
	t := &invoicePayment{header: tx.header("inpay_", "invoice_payment", i.Customer), AmountRequested: i.AmountDue, Currency: i.Currency, Invoice: i.ID,
		IsDefault: true, Payment: paymentRef{PaymentIntent: p.ID, Type: "payment_intent"}, Status: "open", Own: &invoicePaymentOwn{i.Customer}}
	tx.add(t)
	i.Own.Payment = t.ID
	return t
}

// paymentOf returns the payment of an open invoice, and what ties it to it.
func (tx *tx) paymentOf(i *invoice) (*paymentIntent, *invoicePayment) {
	t, ok := find[*invoicePayment](tx, i.Own.Payment)
	if !ok {
		return nil, nil
	}
	p, _ := find[*paymentIntent](tx, t.Payment.PaymentIntent)
	return p, t
}

func paymentsOfInvoice(tx *tx, id string) any {
	var all []*invoicePayment
	if i, ok := find[*invoice](tx, id); ok && i.Own.Payment != "" {
		t, _ := find[*invoicePayment](tx, i.Own.Payment)
		all = append(all, t)
	}
	return listed("/v1/invoice_payments", shownAll(tx, all))
}

func secretOfInvoice(tx *tx, id string) any {
	i, ok := find[*invoice](tx, id)
	if !ok {
		return nil
	}
	p, _ := tx.paymentOf(i)
	if p == nil {
		return nil
	}
	return map[string]any{"client_secret": p.ClientSecret, "type": "payment_intent"}
}

func getInvoicePayment(tx *tx, p *byID) (any, error) {
	return needPath[*invoicePayment](tx, p.ID, "invoice_payment")
}

type invoicePaymentList struct {
	listing
	Invoice *string `form:"invoice"`
	Payment *struct {
		Type          string  `form:"type,required" enum:"payment_intent|charge|payment_record"`
		PaymentIntent *string `form:"payment_intent"`
	} `form:"payment"`
	Status  *string `form:"status" enum:"open|paid|canceled"`
	Created span    `form:"created"`
}

func listInvoicePayments(tx *tx, g *invoicePaymentList) (any, error) {
	return pageOf(tx, g.listing, "/v1/invoice_payments", every[*invoicePayment](tx), func(p *invoicePayment) bool {
		return (g.Invoice == nil || *g.Invoice == p.Invoice) && (g.Status == nil || *g.Status == p.Status) && g.Created.has(p.Created) &&
			(g.Payment == nil || g.Payment.PaymentIntent == nil || *g.Payment.PaymentIntent == p.Payment.PaymentIntent)
	})
}

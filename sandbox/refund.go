package sandbox

// A refund gives money of a charge back.
type refund struct {
	ID                 string            `json:"id"`
	Object             string            `json:"object"`
	Created            int64             `json:"created"`
	Amount             int64             `json:"amount"`
	BalanceTransaction text              `json:"balance_transaction"`
	Charge             text              `json:"charge"`
	Currency           string            `json:"currency"`
	Destination        *refundTo         `json:"destination_details,omitempty"`
	FailureReason      string            `json:"failure_reason,omitempty"`
	Metadata           map[string]string `json:"metadata"`
	PaymentIntent      text              `json:"payment_intent"`
	Reason             text              `json:"reason"`
	ReceiptNumber      text              `json:"receipt_number"`
	Status             string            `json:"status"`

	Own *refundOwn `json:"own,omitempty"`
}

type refundTo struct {
	Card refundToCard `json:"card"`
	Type string       `json:"type"`
}

type refundToCard struct {
	ReferenceStatus string `json:"reference_status"`
	ReferenceType   string `json:"reference_type"`
	Type            string `json:"type"`
}

type refundOwn struct {
	Customer string `json:"customer,omitempty"`
	Fails    int64  `json:"fails,omitempty"` // when the bank will say that it failed
}

func (r *refund) ident() string { return r.ID }
func (*refund) kind() string    { return "refund" }
func (r *refund) made() int64   { return r.Created }
func (r *refund) owner() string { return r.Own.Customer }
func (r *refund) shown(tx *tx) any {
	shown := *r
	shown.Own = nil
	return &shown
}

// refundFailsAfter is how long the card …5126 takes to refuse a refund that had succeeded, in seconds.
const refundFailsAfter = 60 * 60

func (r *refund) dues() []due {
	if r.Own.Fails == 0 {
		return nil
	}
	return []due{{r.Own.Fails, "fail", failRefund}}
}

type refundNew struct {
	Amount        *int64  `form:"amount" min:"1"`
	Charge        *string `form:"charge"`
	PaymentIntent *string `form:"payment_intent"`
	Metadata      changes `form:"metadata"`
	Reason        *string `form:"reason" enum:"duplicate|fraudulent|requested_by_customer"`
}

func createRefund(tx *tx, g *refundNew) (any, error) {
	c, err := g.target(tx)
	if err != nil {
		return nil, err
	}
	left := c.AmountCaptured - c.AmountRefunded
	if !c.Paid {
		return nil, invalid("charge", "Charge %s has not been paid, so it cannot be refunded.", c.ID)
	}
	if left == 0 {
		return nil, invalid("", "Charge %s has already been refunded.", c.ID).withCode("charge_already_refunded")
	}
	if c.Disputed {
		return nil, invalid("", "Charge %s has been charged back; cannot issue a refund.", c.ID).withCode("charge_disputed")
	}
	amount := left
	if g.Amount != nil {
		amount = *g.Amount
	}
	if amount > left {
		return nil, invalid("amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)", display(amount, c.Currency), display(left, c.Currency))
	}
	r := &refund{ID: tx.newID("re_"), Object: "refund", Created: tx.now(string(c.Customer)), Amount: amount, Charge: text(c.ID), Currency: c.Currency, Metadata: g.Metadata.on(nil),
		PaymentIntent: c.PaymentIntent, Status: "succeeded", Own: &refundOwn{Customer: string(c.Customer)},
		Destination: &refundTo{Type: "card", Card: refundToCard{ReferenceStatus: "pending", ReferenceType: "acquirer_reference_number", Type: "refund"}}}
	setText(&r.Reason, g.Reason)
	if m, ok := find[*paymentMethod](tx, string(c.PaymentMethod)); ok && m.testCard().refundFails {
		r.Own.Fails = r.Created + refundFailsAfter
	}
	tx.add(r)
	tx.edit(c)
	c.AmountRefunded += amount
	c.Refunded = c.AmountRefunded == c.AmountCaptured
	tx.fire("refund.created", r)
	tx.updated("charge.refunded", c)
	tx.edit(r)
	r.Destination.Card.ReferenceStatus = "available"
	tx.updated("refund.updated", r)
	return r, nil
}

// target returns the charge that is to be refunded.
func (g *refundNew) target(tx *tx) (*charge, error) {
	switch {
	case g.Charge != nil:
		return need[*charge](tx, *g.Charge, "charge")
	case g.PaymentIntent != nil:
		p, err := need[*paymentIntent](tx, *g.PaymentIntent, "payment_intent")
		if err != nil {
			return nil, err
		}
		c, ok := find[*charge](tx, string(p.LatestCharge))
		if !ok || p.Status != "succeeded" {
			return nil, invalid("payment_intent", "This PaymentIntent (%s) does not have a successful charge to refund.", p.ID).withCode("payment_intent_unexpected_state")
		}
		return c, nil
	}
	return nil, invalid("", "One of the following params should be provided for this request: payment_intent or charge.").withCode(codeRequired)
}

// failRefund gives the money back to the charge.
func failRefund(tx *tx, id string) error {
	r, _ := find[*refund](tx, id)
	tx.edit(r)
	r.Status, r.FailureReason, r.Own.Fails = "failed", "expired_or_canceled_card", 0
	c, _ := find[*charge](tx, string(r.Charge))
	tx.edit(c)
	c.AmountRefunded -= r.Amount
	c.Refunded = false
	tx.updated("refund.failed", r)
	tx.updated("charge.refund.updated", r)
	return nil
}

func (tx *tx) refundsOf(c *charge) []*refund {
	var all []*refund
	for _, r := range every[*refund](tx) {
		if string(r.Charge) == c.ID {
			all = append(all, r)
		}
	}
	return all
}

func getRefund(tx *tx, p *byID) (any, error) { return needPath[*refund](tx, p.ID, "refund") }

type refundChange struct {
	ID       string  `path:"id"`
	Metadata changes `form:"metadata"`
}

func updateRefund(tx *tx, p *refundChange) (any, error) {
	r, err := needPath[*refund](tx, p.ID, "refund")
	if err != nil {
		return nil, err
	}
	tx.edit(r)
	r.Metadata = p.Metadata.on(r.Metadata)
	tx.updated("refund.updated", r)
	return r, nil
}

type refundList struct {
	listing
	Charge        *string `form:"charge"`
	PaymentIntent *string `form:"payment_intent"`
	Created       span    `form:"created"`
}

func listRefunds(tx *tx, g *refundList) (any, error) {
	return pageOf(tx, g.listing, "/v1/refunds", every[*refund](tx), func(r *refund) bool {
		return (g.Charge == nil || *g.Charge == string(r.Charge)) && (g.PaymentIntent == nil || *g.PaymentIntent == string(r.PaymentIntent)) && g.Created.has(r.Created)
	})
}

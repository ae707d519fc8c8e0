package sandbox

import "maps"

// A dispute is a charge that the cardholder does not accept.
type dispute struct {
	header
	Amount               int64             `json:"amount"`
	BalanceTransactions  []none            `json:"balance_transactions"`
	Charge               string            `json:"charge"`
	Currency             string            `json:"currency"`
	EnhancedEligibility  []string          `json:"enhanced_eligibility_types"`
	Evidence             map[string]any    `json:"evidence"`
	EvidenceDetails      evidenceDetails   `json:"evidence_details"`
	IsChargeRefundable   bool              `json:"is_charge_refundable"`
	Metadata             map[string]string `json:"metadata"`
	PaymentIntent        text              `json:"payment_intent"`
	PaymentMethodDetails disputedWith      `json:"payment_method_details"`
	Reason               string            `json:"reason"`
	Status               string            `json:"status"`

	Own *disputeOwn `json:"own,omitempty"`
}

type disputeOwn struct {
	Customer string `json:"customer,omitempty"`
}

type evidenceDetails struct {
	DueBy               stamp    `json:"due_by"`
	EnhancedEligibility struct{} `json:"enhanced_eligibility"`
	HasEvidence         bool     `json:"has_evidence"`
	PastDue             bool     `json:"past_due"`
	SubmissionCount     int      `json:"submission_count"`
}

type disputedWith struct {
	Card disputedCard `json:"card"`
	Type string       `json:"type"`
}

type disputedCard struct {
	Brand             string `json:"brand"`
	CaseType          string `json:"case_type"`
	Network           string `json:"network"`
	NetworkReasonCode text   `json:"network_reason_code"`
}

// evidenceDays is how long a seller has to answer a dispute.
const evidenceDays = 9

func (*dispute) kind() string    { return "dispute" }
func (d *dispute) owner() string { return d.Own.Customer }
func (d *dispute) shown(*tx) any {
	shown := *d
	shown.Own = nil
	return &shown
}

// dues: a dispute that nobody answers is lost.
func (d *dispute) dues() []due {
	if d.Status != "needs_response" {
		return nil
	}
	return []due{{int64(d.EvidenceDetails.DueBy), "lose", func(tx *tx, id string) error {
		d, _ := find[*dispute](tx, id)
		tx.closeDispute(d, "lost")
		return nil
	}}}
}

// dispute makes a dispute of a charge's whole amount.
func (tx *tx) dispute(c *charge) {
	d := &dispute{header: tx.header("du_", "dispute", string(c.Customer)), Amount: c.Amount, BalanceTransactions: []none{}, Charge: c.ID, Currency: c.Currency,
		EnhancedEligibility: []string{}, Evidence: map[string]any{"enhanced_evidence": map[string]any{}}, Metadata: map[string]string{},
		PaymentIntent: c.PaymentIntent, Reason: "fraudulent", Status: "needs_response", Own: &disputeOwn{Customer: string(c.Customer)},
		PaymentMethodDetails: disputedWith{Type: "card", Card: disputedCard{Brand: c.PaymentMethodDetails.Card.Brand, CaseType: "chargeback", Network: c.PaymentMethodDetails.Card.Brand, NetworkReasonCode: "10.4"}}}
	d.EvidenceDetails.DueBy = stamp(d.Created + evidenceDays*int64(day.Seconds()))
	tx.add(d)
	tx.edit(c)
	c.Disputed = true
	tx.fire("charge.dispute.created", d)
	tx.updated("charge.updated", c)
	tx.fire("charge.dispute.funds_withdrawn", d)
}

// closeDispute ends a dispute as "won" or "lost".
func (tx *tx) closeDispute(d *dispute, status string) {
	tx.edit(d)
	d.Status = status
	d.EvidenceDetails.PastDue = status == "lost" && !d.EvidenceDetails.HasEvidence
	tx.updated("charge.dispute.closed", d)
	if status == "won" {
		tx.fire("charge.dispute.funds_reinstated", d)
	}
}

func getDispute(tx *tx, p *byID) (any, error) { return needPath[*dispute](tx, p.ID, "dispute") }

type disputeList struct {
	listing
	Charge        *string `form:"charge"`
	PaymentIntent *string `form:"payment_intent"`
	Created       span    `form:"created"`
}

func listDisputes(tx *tx, g *disputeList) (any, error) {
	return pageOf(tx, g.listing, "/v1/disputes", every[*dispute](tx), func(d *dispute) bool {
		return (g.Charge == nil || *g.Charge == d.Charge) && (g.PaymentIntent == nil || *g.PaymentIntent == string(d.PaymentIntent)) && g.Created.has(d.Created)
	})
}

type disputeChange struct {
	ID       string         `path:"id"`
	Given    *evidenceGiven `form:"evidence"`
	Metadata changes        `form:"metadata"`
	Submit   *bool          `form:"submit"`
}

type evidenceGiven struct {
	UncategorizedText  *string `form:"uncategorized_text"`
	ProductDescription *string `form:"product_description"`
	AccessActivityLog  *string `form:"access_activity_log"`
}

// winningEvidence and losingEvidence decide a dispute in test mode (Stripe documentation, "Test disputes").
const (
	winningEvidence = "winning_evidence"
	losingEvidence  = "losing_evidence"
)

func updateDispute(tx *tx, p *disputeChange) (any, error) {
	d, err := needPath[*dispute](tx, p.ID, "dispute")
	if err != nil {
		return nil, err
	}
	tx.edit(d)
	d.Metadata = p.Metadata.on(d.Metadata)
	if g := p.Given; g != nil {
		d.Evidence = maps.Clone(d.Evidence)
		for name, given := range map[string]*string{"uncategorized_text": g.UncategorizedText, "product_description": g.ProductDescription,
			"access_activity_log": g.AccessActivityLog} {
			if given != nil {
				d.Evidence[name] = *given
			}
		}
		d.EvidenceDetails.HasEvidence = true
		if p.Submit == nil || *p.Submit {
			d.EvidenceDetails.SubmissionCount++
			d.Status = "under_review"
		}
	}
	tx.updated("charge.dispute.updated", d)
	switch d.Evidence["uncategorized_text"] {
	case winningEvidence:
		tx.closeDispute(d, "won")
	case losingEvidence:
		tx.closeDispute(d, "lost")
	}
	return d, nil
}

func closeDispute(tx *tx, p *byID) (any, error) {
	d, err := needPath[*dispute](tx, p.ID, "dispute")
	if err != nil {
		return nil, err
	}
	tx.closeDispute(d, "lost")
	return d, nil
}

package flowglad

import (
	"strings"

	"github.com/tollgate/tollgate"
)

// A billedInvoice is an invoice with its lines as the wire has it.
type billedInvoice struct {
	Invoice invoice       `json:"invoice"`
	Lines   []invoiceLine `json:"invoiceLineItems"`
}

type invoice struct {
	ownership
	ID                     string  `json:"id"`
	Type                   string  `json:"type"`
	Status                 string  `json:"status"`
	InvoiceNumber          string  `json:"invoiceNumber"`
	InvoiceDate            int64   `json:"invoiceDate"`
	DueDate                *int64  `json:"dueDate"`
	Currency               string  `json:"currency"`
	Subtotal               int64   `json:"subtotal"`
	TaxAmount              int64   `json:"taxAmount"`
	PdfURL                 *string `json:"pdfURL"`
	SubscriptionID         *string `json:"subscriptionId"`
	BillingPeriodID        *string `json:"billingPeriodId"`
	BillingPeriodStartDate *int64  `json:"billingPeriodStartDate"`
	BillingPeriodEndDate   *int64  `json:"billingPeriodEndDate"`
	PurchaseID             *string `json:"purchaseId"`
	Memo                   *string `json:"memo"`
	OwnerMembershipID      *string `json:"ownerMembershipId"`
	ApplicationFee         *int64  `json:"applicationFee"`
	BankPaymentOnly        *bool   `json:"bankPaymentOnly"`
	BillingRunID           *string `json:"billingRunId"`
	TaxRatePercentage      *string `json:"taxRatePercentage"`
	TaxState               *string `json:"taxState"`
	CreatedAt              int64   `json:"createdAt"`
	UpdatedAt              int64   `json:"updatedAt"`
}

type invoiceLine struct {
	ID             string  `json:"id"`
	Type           string  `json:"type"`
	InvoiceID      string  `json:"invoiceId"`
	Description    *string `json:"description"`
	Price          int64   `json:"price"`
	PriceID        *string `json:"priceId"`
	Quantity       int64   `json:"quantity"`
	Livemode       bool    `json:"livemode"`
	PricingModelID string  `json:"pricingModelId"`
	CreatedAt      int64   `json:"createdAt"`
	UpdatedAt      int64   `json:"updatedAt"`
}

type paymentMethod struct {
	ID                string         `json:"id"`
	CustomerID        string         `json:"customerId"`
	Livemode          bool           `json:"livemode"`
	PricingModelID    string         `json:"pricingModelId"`
	Type              string         `json:"type"`
	Default           bool           `json:"default"`
	PaymentMethodData map[string]any `json:"paymentMethodData"`
	BillingDetails    map[string]any `json:"billingDetails"`
	Metadata          map[string]any `json:"metadata"`
	CreatedAt         int64          `json:"createdAt"`
	UpdatedAt         int64          `json:"updatedAt"`
}

type purchase struct {
	ownership
	ID                   string         `json:"id"`
	Name                 string         `json:"name"`
	PriceID              string         `json:"priceId"`
	PriceType            string         `json:"priceType"`
	Status               string         `json:"status"`
	Quantity             int64          `json:"quantity"`
	FirstInvoiceValue    int64          `json:"firstInvoiceValue"`
	TotalPurchaseValue   *int64         `json:"totalPurchaseValue"`
	PricePerBillingCycle *int64         `json:"pricePerBillingCycle"`
	IntervalUnit         *string        `json:"intervalUnit"`
	IntervalCount        *int           `json:"intervalCount"`
	TrialPeriodDays      *int           `json:"trialPeriodDays"`
	PurchaseDate         int64          `json:"purchaseDate"`
	EndDate              *int64         `json:"endDate"`
	Metadata             map[string]any `json:"metadata"`
	Proposal             *string        `json:"proposal"`
	Archived             *bool          `json:"archived"`
	BankPaymentOnly      *bool          `json:"bankPaymentOnly"`
	Position             int            `json:"position"`
	CreatedAt            int64          `json:"createdAt"`
	UpdatedAt            int64          `json:"updatedAt"`
}

func (sh *shelf) invoices(st tollgate.Standing, state State) []billedInvoice {
	out := []billedInvoice{}
	for _, from := range state.Invoices {
		made := billedInvoice{Lines: []invoiceLine{}, Invoice: invoice{
			ownership: sh.ownership(st.Customer.ID()), ID: from.ID, Type: "standalone", Status: from.Status, InvoiceNumber: from.Number,
			InvoiceDate: ms(from.At), DueDate: msOrNil(from.DueAt), Currency: strings.ToUpper(from.Currency), Subtotal: from.Total - from.Tax,
			TaxAmount: from.Tax, PdfURL: textOrNil(from.PDF), CreatedAt: ms(from.At), UpdatedAt: ms(from.At),
		}}
		if !from.PeriodEnd.IsZero() {
			sub := st.Current().ID
			period := periodID(sub, from.PeriodStart)
			made.Invoice.Type, made.Invoice.SubscriptionID, made.Invoice.BillingPeriodID = ofSubscription, &sub, &period
			made.Invoice.BillingPeriodStartDate, made.Invoice.BillingPeriodEndDate = msOrNil(from.PeriodStart), msOrNil(from.PeriodEnd)
		}
		for _, line := range from.Lines {
			made.Lines = append(made.Lines, invoiceLine{
				ID: line.ID, Type: "static", InvoiceID: from.ID, Description: textOrNil(line.Description), Price: line.UnitAmount,
				PriceID: textOrNil(sh.knownPrice(line.Price).ID), Quantity: line.Quantity, Livemode: sh.model.Livemode,
				PricingModelID: modelID, CreatedAt: ms(from.At), UpdatedAt: ms(from.At),
			})
		}
		out = append(out, made)
	}
	return out
}

func (sh *shelf) methods(st tollgate.Standing, state State) []paymentMethod {
	out := []paymentMethod{}
	for _, from := range state.Methods {
		details := map[string]any{"name": st.Customer.Name, "email": st.Customer.Email, "address": addressUnknown()}
		out = append(out, paymentMethod{
			ID: from.ID, CustomerID: st.Customer.ID(), Livemode: sh.model.Livemode, PricingModelID: modelID, Type: from.Type, Default: from.ID == state.Method, BillingDetails: details,
			PaymentMethodData: map[string]any{"brand": from.Brand, "last4": from.Last4, "exp_month": from.ExpiryMonth, "exp_year": from.ExpiryYear},
			CreatedAt:         ms(from.CreatedAt), UpdatedAt: ms(from.CreatedAt),
		})
	}
	return out
}

func (sh *shelf) purchases(st tollgate.Standing, state State) []purchase {
	out := []purchase{}
	for _, from := range state.Purchases {
		p := sh.knownPrice(from.Price)
		made := purchase{
			ownership: sh.ownership(st.Customer.ID()), ID: from.ID, Name: p.Slug, PriceID: p.ID, PriceType: p.Type, Status: from.Status,
			Quantity: from.Quantity, FirstInvoiceValue: from.Amount, PurchaseDate: ms(from.At), CreatedAt: ms(from.At), UpdatedAt: ms(from.At),
		}
		if p.Name != nil {
			made.Name = *p.Name
		}
		if p.Type == ofSubscription {
			days := 0
			made.PricePerBillingCycle, made.IntervalUnit, made.IntervalCount = &p.UnitPrice, p.IntervalUnit, p.IntervalCount
			if made.TrialPeriodDays = p.TrialPeriodDays; made.TrialPeriodDays == nil {
				made.TrialPeriodDays = &days
			}
		} else {
			total := from.Amount
			made.TotalPurchaseValue = &total
		}
		out = append(out, made)
	}
	return out
}

// addressUnknown is an address in the wire's form: Stripe keeps it, Tollgate does not.
func addressUnknown() map[string]any {
	return map[string]any{"line1": nil, "line2": nil, "city": nil, "state": nil, "postal_code": nil, "country": ""}
}

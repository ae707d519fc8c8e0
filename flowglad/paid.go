package flowglad

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/subscription"
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

// shownInvoice spells an invoice with its lines.
func shownInvoice(c tollgate.Customer, from subscription.Invoice, live bool) billedInvoice {
	out := billedInvoice{Lines: []invoiceLine{}, Invoice: invoice{
		ownership: ownedBy(c, live), ID: from.ID, Type: "purchase", PurchaseID: &from.ID, Status: from.Status, InvoiceNumber: from.Number,
		InvoiceDate: ms(from.CreatedAt), Currency: strings.ToUpper(from.Currency), Subtotal: from.Total - from.Tax, TaxAmount: from.Tax,
		PdfURL: textOrNil(from.PDF), CreatedAt: ms(from.CreatedAt), UpdatedAt: ms(from.CreatedAt),
	}}
	var last subscription.InvoiceLine
	for n, line := range from.Lines {
		if from.Subscription != "" && last.End.Before(line.End) {
			last = line
		}
		out.Lines = append(out.Lines, shownLine(from, n, live))
	}
	if !last.End.IsZero() {
		sub := c.Subscription
		period := periodID(sub, last.Start)
		out.Invoice.Type, out.Invoice.PurchaseID = ofSubscription, nil
		out.Invoice.SubscriptionID, out.Invoice.BillingPeriodID = &sub, &period
		out.Invoice.BillingPeriodStartDate, out.Invoice.BillingPeriodEndDate = msOrNil(last.Start), msOrNil(last.End)
	}
	return out
}

// lineID is of the n-th line of an invoice.
func lineID(invoiceID string, n int) string { return "ili_" + invoiceID + "_" + strconv.Itoa(n) }

// lineOf reads what lineID wrote.
func lineOf(s string) (invoiceID string, n int, ok bool) {
	rest, ours := strings.CutPrefix(s, "ili_")
	i := strings.LastIndexByte(rest, '_')
	if !ours || i < 0 {
		return "", 0, false
	}
	n, err := strconv.Atoi(rest[i+1:])
	return rest[:i], n, err == nil && n >= 0
}

// shownLine spells the n-th line of an invoice. Its price is what the line costs in all: that of a part of a period has no
// price of one.
func shownLine(of subscription.Invoice, n int, live bool) invoiceLine {
	from := of.Lines[n]
	out := invoiceLine{
		ID: lineID(of.ID, n), Type: "static", InvoiceID: of.ID, Description: textOrNil(from.Description), Price: from.Amount,
		Quantity: 1, Livemode: live, PricingModelID: modelID, CreatedAt: ms(of.CreatedAt), UpdatedAt: ms(of.CreatedAt),
	}
	if from.Price != "" {
		price := priceID(from.Price)
		out.PriceID = &price
	}
	if n := from.Quantity; n > 1 && from.Amount%n == 0 {
		out.Price, out.Quantity = from.Amount/n, n
	}
	return out
}

// shownMethod spells a way to pay.
func shownMethod(c tollgate.Customer, from subscription.Method, live bool) paymentMethod {
	where := addressUnknown()
	where["country"] = from.Country
	return paymentMethod{
		ID: from.ID, CustomerID: c.ID(), Livemode: live, PricingModelID: modelID, Type: from.Type, Default: from.Default,
		BillingDetails:    map[string]any{"name": textOrNil(from.Name), "email": textOrNil(from.Email), "address": where},
		PaymentMethodData: map[string]any{"brand": from.Brand, "last4": from.Last4, "exp_month": from.ExpiryMonth, "exp_year": from.ExpiryYear},
		CreatedAt:         ms(from.CreatedAt), UpdatedAt: ms(from.CreatedAt),
	}
}

// A sold is a price that was paid for.
type sold struct {
	id     string
	price  id.Slug
	amount int64 // minor units
	at     time.Time
}

// bought returns what a customer has paid for, newest first: top-ups that were not given back, and the beginnings of
// subscriptions.
func (st state) bought() []sold {
	var all []sold
	for _, p := range st.Payments {
		if p.TopUp != "" && p.Status == "succeeded" && (p.Free() || p.Refunded < p.Amount) {
			all = append(all, sold{p.Purchase(), p.TopUp, p.Amount, p.CreatedAt})
		}
	}
	for _, i := range st.Invoices {
		if i.Status != "paid" || i.Reason != "subscription_create" {
			continue
		}
		for _, line := range i.Lines {
			if line.Plan != "" && line.Meter == "" && line.Price != "" {
				all = append(all, sold{i.ID, line.Price, i.AmountPaid, i.CreatedAt})
			}
		}
	}
	slices.SortStableFunc(all, func(x, y sold) int { return y.at.Compare(x.at) })
	return all
}

func (sh *shelf) purchases(c tollgate.Customer, paying state) []purchase {
	out := []purchase{}
	for _, from := range paying.bought() {
		p := sh.knownPrice(from.price)
		made := purchase{
			ownership: ownedBy(c, sh.model.Livemode), ID: from.id, Name: p.Slug, PriceID: p.ID, PriceType: p.Type, Status: "paid",
			Quantity: 1, FirstInvoiceValue: from.amount, PurchaseDate: ms(from.at), CreatedAt: ms(from.at), UpdatedAt: ms(from.at),
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
			total := from.amount
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

package flowglad

import (
	"context"
	"strconv"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/subscription"
)

// A payment is a payment as the wire has it.
type payment struct {
	ownership
	ID                string  `json:"id"`
	Amount            int64   `json:"amount"`
	Currency          string  `json:"currency"`
	Status            string  `json:"status"`
	ChargeDate        int64   `json:"chargeDate"`
	Description       *string `json:"description"`
	FailureCode       *string `json:"failureCode"`
	FailureMessage    *string `json:"failureMessage"`
	InvoiceID         string  `json:"invoiceId"` // empty for none
	PaymentMethod     string  `json:"paymentMethod"`
	PaymentMethodID   *string `json:"paymentMethodId"`
	PurchaseID        *string `json:"purchaseId"`
	SubscriptionID    *string `json:"subscriptionId"`
	BillingPeriodID   *string `json:"billingPeriodId"`
	Refunded          bool    `json:"refunded"`
	RefundedAmount    *int64  `json:"refundedAmount"`
	RefundedAt        *int64  `json:"refundedAt"`
	ReceiptURL        *string `json:"receiptURL"`
	ApplicationFee    *int64  `json:"applicationFee"`
	Subtotal          *int64  `json:"subtotal"`
	TaxAmount         *int64  `json:"taxAmount"`
	TaxRatePercentage *string `json:"taxRatePercentage"`
	TaxState          *string `json:"taxState"`
	CreatedAt         int64   `json:"createdAt"`
	UpdatedAt         int64   `json:"updatedAt"`
}

type paymentAnswer struct {
	Payment payment `json:"payment"`
}

// shownPayment spells a payment. Which card it was is not kept.
func shownPayment(c tollgate.Customer, from subscription.Payment, live bool) payment {
	out := payment{
		ownership: ownedBy(c, live), ID: from.ID, Amount: from.Amount, Currency: strings.ToUpper(from.Currency), Status: from.Status,
		ChargeDate: ms(from.CreatedAt), Description: textOrNil(from.Description), FailureMessage: textOrNil(from.Failure), InvoiceID: from.Invoice,
		PaymentMethod: "card", ReceiptURL: textOrNil(from.ReceiptURL), Refunded: from.Refunded > 0 && from.Refunded >= from.Amount,
		CreatedAt: ms(from.CreatedAt), UpdatedAt: ms(from.CreatedAt),
	}
	switch {
	case out.Refunded:
		out.Status = "refunded"
	case from.Status == "pending":
		out.Status = "processing"
	}
	if from.TopUp != "" {
		purchase := from.Purchase()
		out.PurchaseID = &purchase
	} else if from.Invoice != "" {
		out.SubscriptionID = &c.Subscription
	}
	if from.Refunded > 0 {
		out.RefundedAmount = &from.Refunded
	}
	for _, back := range from.Returns {
		if at := ms(back.CreatedAt); back.Stands() && at > out.UpdatedAt {
			out.UpdatedAt = at
		}
		if back.Stands() && !back.Dispute {
			out.RefundedAt = msOrNil(back.CreatedAt)
		}
	}
	return out
}

// listAt answers a list that is read from a position on, which the cursor names, spelled by show. The cursor also says how many
// came before, because the total of what Stripe lists is not known: it is what was seen, and one when there is more.
func listAt[T any](s *Server, c *call, read func(ctx context.Context, before string, limit int) (tollgate.Page[T], error), show func(T) (any, error)) (any, error) {
	limit, cursor, err := c.page()
	if err != nil {
		return nil, err
	}
	seen, before := 0, ""
	if cursor != "" {
		text, at, ok := strings.Cut(cursor, ".")
		if seen, err = strconv.Atoi(text); err != nil || !ok || seen < 0 {
			return nil, errCursor
		}
		before = at
	}
	out := list{CurrentCursor: cursor}
	data := []any{}
	if s.engine.Sells() {
		page, err := read(c.Context(), before, limit)
		if fault.Has(err, fault.NotFound) || fault.Has(err, fault.Invalid) {
			return nil, errCursor
		}
		if err != nil {
			return nil, err
		}
		for _, one := range page.Data {
			shown, err := show(one)
			if err != nil {
				return nil, err
			}
			data = append(data, shown)
		}
		if page.Next != "" {
			out.NextCursor = strconv.Itoa(seen+len(data)) + "." + page.Next
		}
	}
	out.Data, out.HasMore, out.Total = data, out.NextCursor != "", seen+len(data)
	if out.HasMore {
		out.Total++
	}
	return out, nil
}

var errCursor = refuse(400, badRequest, "cursor must be the nextCursor of an earlier page.")

// A reader reads a page of everyone's records.
type reader[T any] func(ctx context.Context, before string, limit int) (tollgate.Page[tollgate.Owned[T]], int, error)

// listRecords answers a list of everyone's records, spelled by show.
func listRecords[T any](c *call, read reader[T], show func(tollgate.Customer, T, bool) any) (any, error) {
	limit, cursor, err := c.page()
	if err != nil {
		return nil, err
	}
	page, total, err := read(c.Context(), cursor, limit)
	if fault.Has(err, fault.Invalid) {
		return nil, errCursor
	}
	if err != nil {
		return nil, err
	}
	data := []any{}
	for _, one := range page.Data {
		data = append(data, show(one.Customer, one.Record, c.live))
	}
	return list{data, page.Next != "", total, cursor, page.Next}, nil
}

// listInvoices is GET invoices.
func (s *Server) listInvoices(c *call) (any, error) {
	return listRecords(c, s.engine.AllInvoices, func(of tollgate.Customer, i subscription.Invoice, live bool) any {
		return shownInvoice(of, i, live).Invoice
	})
}

// invoice is GET invoices/{id}.
func (s *Server) invoice(c *call) (any, error) {
	found, err := s.engine.Invoice(c.Context(), c.args[0])
	if err != nil {
		return nil, absent(err, "Invoice", c.args[0])
	}
	return shownInvoice(found.Customer, found.Record, c.live), nil
}

// listLines is GET invoice-line-items: those of the newest invoice first. The cursor is a line; the invoices of a page are read
// from that of the line on.
func (s *Server) listLines(c *call) (any, error) {
	return listAt(s, c, func(ctx context.Context, before string, limit int) (tollgate.Page[invoiceLine], error) {
		page := tollgate.Page[invoiceLine]{Data: []invoiceLine{}}
		after, from := "", 0
		if before != "" {
			invoiceID, n, ok := lineOf(before)
			found, err := s.engine.Invoice(ctx, invoiceID)
			if !ok || err != nil {
				return page, errCursor
			}
			after = found.Record.ID
			for from = n + 1; from < len(found.Record.Lines) && len(page.Data) < limit; from++ {
				page.Data = append(page.Data, shownLine(found.Record, from, c.live))
			}
			if from < len(found.Record.Lines) {
				page.Next = page.Data[limit-1].ID
				return page, nil
			}
		}
		more, _, err := s.engine.AllInvoices(ctx, after, limit)
		for _, one := range more.Data {
			for n := range one.Record.Lines {
				if len(page.Data) == limit {
					page.Next = page.Data[limit-1].ID
					return page, nil
				}
				page.Data = append(page.Data, shownLine(one.Record, n, c.live))
			}
		}
		if more.Next != "" && len(page.Data) > 0 {
			page.Next = page.Data[len(page.Data)-1].ID
		}
		return page, err
	}, func(line invoiceLine) (any, error) { return line, nil })
}

// line is GET invoice-line-items/{id}.
func (s *Server) line(c *call) (any, error) {
	invoiceID, n, ok := lineOf(c.args[0])
	if !ok {
		return nil, missing("Invoice line item %s not found", c.args[0])
	}
	found, err := s.engine.Invoice(c.Context(), invoiceID)
	if err == nil && n >= len(found.Record.Lines) {
		err = missing("Invoice line item %s not found", c.args[0])
	}
	if err != nil {
		return nil, absent(err, "Invoice line item", c.args[0])
	}
	return shownLine(found.Record, n, c.live), nil
}

// listPayments is GET payments.
func (s *Server) listPayments(c *call) (any, error) {
	return listRecords(c, s.engine.AllPayments, func(of tollgate.Customer, p subscription.Payment, live bool) any { return shownPayment(of, p, live) })
}

// payment is GET payments/{id}.
func (s *Server) payment(c *call) (any, error) {
	found, err := s.engine.Payment(c.Context(), c.args[0])
	if err != nil {
		return nil, absent(err, "Payment", c.args[0])
	}
	return paymentAnswer{shownPayment(found.Customer, found.Record, c.live)}, nil
}

// listMethods is GET payment-methods.
func (s *Server) listMethods(c *call) (any, error) {
	return listRecords(c, s.engine.AllMethods, func(of tollgate.Customer, m subscription.Method, live bool) any { return shownMethod(of, m, live) })
}

// method is GET payment-methods/{id}.
func (s *Server) method(c *call) (any, error) {
	found, err := s.engine.Method(c.Context(), c.args[0])
	if err != nil {
		return nil, absent(err, "Payment method", c.args[0])
	}
	return struct {
		PaymentMethod paymentMethod `json:"paymentMethod"`
	}{shownMethod(found.Customer, found.Record, c.live)}, nil
}

// absent is the wire's refusal of what there is not, and err when it is another error.
func absent(err error, what, name string) error {
	if fault.Has(err, fault.NotFound) {
		return missing("%s %s not found", what, name)
	}
	return err
}

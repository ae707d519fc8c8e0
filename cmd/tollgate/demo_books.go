package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

// What the sandbox's API says, read without any code of the engine.
type (
	demoThere struct {
		ID string `json:"id"`
	}
	demoCustomerThere struct {
		demoThere
		Metadata map[string]string `json:"metadata"`
	}
	demoMeterThere struct {
		demoThere
		EventName string `json:"event_name"`
	}
	demoChargeThere struct {
		demoThere
		Amount   int64  `json:"amount"`
		Refunded int64  `json:"amount_refunded"`
		Status   string `json:"status"`
	}
	demoInvoiceThere struct {
		demoThere
		Lines struct {
			Data []struct {
				Amount  int64 `json:"amount"`
				Pricing struct {
					Details struct {
						Price string `json:"price"`
					} `json:"price_details"`
				} `json:"pricing"`
			} `json:"data"`
		} `json:"lines"`
	}
	demoSessionThere struct {
		demoThere
		Mode    string `json:"mode"`
		Payment string `json:"payment_status"`
	}
	demoItemThere struct {
		demoThere
		Price    demoThere `json:"price"`
		Quantity int64     `json:"quantity"`
	}
	demoPriceThere struct {
		demoThere
		Slug id.Slug `json:"lookup_key"`
	}
)

func (o demoThere) name() string { return o.ID }

// books compares, when all is done, the payments that Tollgate has with those of the sandbox, and what it gave with what
// was paid for.
func (s *demoShop) books(ctx context.Context, buyers []demoBuyer, declined demoBuyer) (demoBooks, error) {
	var out demoBooks
	here := map[string]subscription.Payment{}
	for _, b := range append(buyers[:len(buyers):len(buyers)], declined) {
		payments, err := ask[tollgate.Page[subscription.Payment]](ctx, s.client, http.MethodGet, of(b.name)+"/payments", nil)
		if err != nil {
			return out, err
		}
		for _, p := range payments.Data {
			here[p.ID] = p
			out.Here.add(p.Status, p.Amount, p.Refunded)
		}
	}
	charges, err := list[demoChargeThere](ctx, s.bank, "/v1/charges?limit=100")
	if err != nil {
		return out, err
	}
	for _, c := range charges {
		if p, ok := here[c.ID]; !ok || p.Amount != c.Amount || p.Status != c.Status || p.Refunded != c.Refunded {
			return out, fmt.Errorf("the payment %+v of Stripe is %+v in Tollgate", c, p)
		}
		out.Stripe.add(c.Status, c.Amount, c.Refunded)
	}
	if out.Here != out.Stripe {
		return out, fmt.Errorf("there are the payments %+v in Tollgate, and %+v at Stripe", out.Here, out.Stripe)
	}
	for _, slug := range []id.Slug{demoRequests, demoCredits} {
		row := demoCredited{Balance: slug}
		if row.PaidFor, err = s.paidFor(ctx, slug); err != nil {
			return out, err
		}
		if row.Granted, err = s.given(ctx, slug, buyers); err != nil {
			return out, err
		}
		if row.Granted != row.PaidFor {
			return out, fmt.Errorf("%s of %s were paid for, but %s were given", row.PaidFor, slug, row.Granted)
		}
		out.Credits = append(out.Credits, row)
	}
	return out, nil
}

// add counts a payment.
func (b *demoPayments) add(status string, amount, refunded int64) {
	switch status {
	case "succeeded":
		b.Paid++
		b.Amount += amount
	case "failed":
		b.Failed++
	}
	if refunded > 0 {
		b.Refunds++
		b.Refunded += refunded
	}
}

// paidFor returns how much of a balance was paid for, by what the sandbox has: each paid invoice for a plan in advance pays for
// what the plan gives in a period, each top-up of a paid checkout for what it grants.
func (s *demoShop) paidFor(ctx context.Context, slug id.Slug) (quantity.Units, error) {
	prices, err := list[demoPriceThere](ctx, s.bank, "/v1/prices?limit=100")
	if err != nil {
		return 0, err
	}
	slugs := map[string]id.Slug{}
	for _, p := range prices {
		slugs[p.ID] = p.Slug
	}
	invoices, err := list[demoInvoiceThere](ctx, s.bank, "/v1/invoices?limit=100&status=paid")
	if err != nil {
		return 0, err
	}
	var sum quantity.Units
	for _, i := range invoices {
		for _, l := range i.Lines.Data {
			if o := s.offer(slugs[l.Pricing.Details.Price]); !o.topUp() && l.Amount == o.amount.Minor {
				sum += s.catalog.Plans[o.plan].Includes[slug].Limit
			}
		}
	}
	sessions, err := list[demoSessionThere](ctx, s.bank, "/v1/checkout/sessions?limit=100")
	if err != nil {
		return 0, err
	}
	for _, session := range sessions {
		if session.Mode != "payment" || session.Payment != "paid" {
			continue
		}
		items, err := list[demoItemThere](ctx, s.bank, "/v1/checkout/sessions/"+session.ID+"/line_items?limit=100")
		if err != nil {
			return 0, err
		}
		for _, i := range items {
			grants, _ := s.offer(slugs[i.Price.ID]).grants[slug].Times(quantity.Whole(i.Quantity))
			sum += grants
		}
	}
	return sum, nil
}

// given returns what the ledgers of the buyers say they were given of a balance for money.
func (s *demoShop) given(ctx context.Context, slug id.Slug, buyers []demoBuyer) (quantity.Units, error) {
	var sum quantity.Units
	for i := range buyers {
		lines, err := s.lines(ctx, buyers[i].name, slug)
		if err != nil {
			return 0, err
		}
		for _, l := range lines {
			switch {
			case l.Kind == credit.KindGrant:
				sum += l.Amount
			case l.Window != nil && l.Window.Billed:
				sum += l.Window.Limit
			}
		}
	}
	return sum, nil
}

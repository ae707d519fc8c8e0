package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

// decline lets a customer pay with a card that the bank declines: it stays on its plan, pays nothing, and is refused as
// before.
func (s *demoShop) decline(ctx context.Context, b demoBuyer) (demoDeclined, error) {
	plan, o := s.customers[b.customer].plan, s.offer(b.slug)
	out := demoDeclined{Customer: b.name, Card: demoCardDeclined, Asked: o.amount}
	before, err := s.balance(ctx, b.name, demoRequests)
	if err != nil {
		return out, err
	}
	opened, landed, page, err := s.checkout(ctx, &b, demoCardDeclined)
	if err != nil {
		return out, err
	}
	if out.Answer = alert(page); out.Answer == "" || landed.String() != opened.URL {
		return out, fmt.Errorf("the card %s was to be declined, but the page %s led to %s", demoCardDeclined, opened.URL, landed)
	}
	if err := s.settle(ctx); err != nil {
		return out, err
	}
	session, err := ask[tollgate.CheckoutSession](ctx, s.client, http.MethodGet, "/v1/checkout-sessions/"+opened.ID, nil)
	if err != nil {
		return out, err
	}
	c, err := ask[tollgate.Customer](ctx, s.client, http.MethodGet, of(b.name), nil)
	if err != nil {
		return out, err
	}
	after, err := s.balance(ctx, b.name, demoRequests)
	if err != nil {
		return out, err
	}
	if session.Status != "open" || c.Plan != plan || after.Used != before.Used || *after.Limit != *before.Limit || *after.Available != *before.Available {
		return out, fmt.Errorf("the card of %s was declined, but its checkout is %s, it is on %s and has %s of %s requests left", b.name, session.Status, c.Plan, after.Available, after.Limit)
	}
	out.Plan = c.Plan
	r := s.tallies[b.customer].unserved[0]
	r.At = s.clock.now()
	_, refused, err := s.consume(ctx, &demoTally{}, s.usage(r, demoRequests, 1, r.transaction("request")), demoRequests)
	if err == nil && !refused {
		err = fmt.Errorf("the card of %s was declined, and it is served all the same", b.name)
	}
	return out, err
}

// refund gives the money of a top-up of credits back, twice under the same id. What is not spent of it must be taken back,
// once: the allowance of the day pays before the top-up does, so what it has left says how much that is.
func (s *demoShop) refund(ctx context.Context, b *demoBuyer) (demoRefund, error) {
	o := s.offer(b.slug)
	out := demoRefund{Customer: b.name, TopUp: b.slug, Granted: o.grants[demoCredits]}
	before, err := s.balance(ctx, b.name, demoCredits)
	if err != nil {
		return out, err
	}
	payments, err := ask[tollgate.Page[subscription.Payment]](ctx, s.client, http.MethodGet, of(b.name)+"/payments", nil)
	if err != nil {
		return out, err
	}
	if len(payments.Data) != 1 || payments.Data[0].Amount != o.amount.Minor {
		return out, fmt.Errorf("%s has paid once, %s, but its payments are %+v", b.name, o.amount, payments.Data)
	}
	body := tollgate.RefundRequest{Reason: "requested_by_customer", ID: id.Transaction("refund-" + string(b.name))}
	for range 2 {
		after, err := ask[subscription.Payment](ctx, s.client, http.MethodPost, "/v1/payments/"+payments.Data[0].ID+"/refunds", body)
		if err != nil {
			return out, err
		}
		if after.Refunded != o.amount.Minor || len(after.Returns) != 1 {
			return out, fmt.Errorf("%s was to get %s back, once, but its payment is %+v", b.name, o.amount, after)
		}
		out.Back = money.Amount{Minor: after.Refunded, Currency: after.Currency}
	}
	if err := s.settle(ctx); err != nil {
		return out, err
	}
	now, err := s.balance(ctx, b.name, demoCredits)
	if err != nil {
		return out, err
	}
	lines, err := s.lines(ctx, b.name, demoCredits)
	if err != nil {
		return out, err
	}
	var taken quantity.Units
	for _, l := range lines {
		if l.Kind == credit.KindClawBack {
			taken -= l.Amount
		}
	}
	unspent := min(*before.Available, out.Granted)
	out.Spent, out.TakenBack, out.Left = out.Granted-unspent, taken, *now.Available
	if taken != unspent || out.Left != *before.Available-unspent || now.Used != before.Used {
		return out, fmt.Errorf("%s had %s of %s credits unspent, but the refund took %s back and left %s", b.name, unspent, out.Granted, taken, out.Left)
	}
	return out, nil
}

// lines returns the ledger of a balance, newest line first.
func (s *demoShop) lines(ctx context.Context, name id.Customer, slug id.Slug) ([]tollgate.Line, error) {
	var all []tollgate.Line
	for cursor := ""; ; {
		page, err := ask[tollgate.Page[tollgate.Line]](ctx, s.client, http.MethodGet, of(name)+"/entries?limit=1000&balance="+string(slug)+cursor, nil)
		if err != nil {
			return nil, err
		}
		if all = append(all, page.Data...); page.Next == "" {
			return all, nil
		}
		cursor = "&cursor=" + page.Next
	}
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

// month moves the clock to the renewals: first to where their invoices are drafts, and nothing is given yet, then to where
// they are paid. It returns what each plan has paid, and adds to metered what its usage cost.
func (s *demoShop) month(ctx context.Context, buyers []demoBuyer, metered []demoMetered) ([]demoRenewed, error) {
	var end time.Time
	ends := map[id.Customer]time.Time{}
	for i := range buyers {
		b := &buyers[i]
		if s.offer(b.slug).topUp() {
			continue
		}
		c, err := ask[tollgate.Customer](ctx, s.client, http.MethodGet, of(b.name), nil)
		if err != nil {
			return nil, err
		}
		if ends[b.name] = c.Period.End; c.Period.End.After(end) {
			end = c.Period.End
		}
	}
	const draft = time.Hour // for which a renewal's invoice is one
	if err := s.advance(ctx, end.Add(draft/2)); err != nil {
		return nil, err
	}
	for i := range buyers {
		if end, subscribes := ends[buyers[i].name]; subscribes {
			if err := s.unrenewed(ctx, &buyers[i], end); err != nil {
				return nil, err
			}
		}
	}
	if err := s.advance(ctx, end.Add(draft+time.Minute)); err != nil {
		return nil, err
	}
	var out []demoRenewed
	for _, slug := range []id.Slug{demoSellsPro, demoSellsScale} {
		o := s.offer(slug)
		row := demoRenewed{Plan: o.plan, Advance: o.amount, Usage: o.amount, Paid: o.amount}
		row.Advance.Minor, row.Usage.Minor, row.Paid.Minor = 0, 0, 0
		for i := range buyers {
			if buyers[i].slug != slug {
				continue
			}
			if err := s.renewed(ctx, &buyers[i], ends[buyers[i].name], &row, metered); err != nil {
				return nil, err
			}
		}
		out = append(out, row)
	}
	return out, nil
}

// unrenewed returns an error when a subscriber whose renewal is not paid yet has more than what its last period left.
func (s *demoShop) unrenewed(ctx context.Context, b *demoBuyer, end time.Time) error {
	c, err := ask[tollgate.Customer](ctx, s.client, http.MethodGet, of(b.name), nil)
	if err != nil {
		return err
	}
	if !c.Period.End.Equal(end) {
		return fmt.Errorf("the renewal of %s at %s is not paid yet, but it has the period %s", b.name, moment(end), c.Period)
	}
	if b.slug != demoSellsPro {
		return nil
	}
	has, err := s.balance(ctx, b.name, demoRequests)
	if err != nil {
		return err
	}
	if used := quantity.Whole(b.served.Accepted); has.Used != used || *has.Available != *has.Limit-used {
		return fmt.Errorf("the renewal of %s at %s is not paid yet, but it has used %s and has %s left, instead of %s used", b.name, moment(end), has.Used, has.Available, used)
	}
	return nil
}

// renewed returns an error when a subscriber's renewal is not paid as it must be, or has not given it a new period. A
// request and its tokens open that: windows open when they are first used.
func (s *demoShop) renewed(ctx context.Context, b *demoBuyer, end time.Time, row *demoRenewed, metered []demoMetered) error {
	o := s.offer(b.slug)
	invoices, err := ask[tollgate.Page[subscription.Invoice]](ctx, s.client, http.MethodGet, of(b.name)+"/invoices", nil)
	if err != nil {
		return err
	}
	usage := money.Amount{Currency: o.amount.Currency}
	for i := range metered {
		if metered[i].Customer == b.name {
			if usage, err = s.price(demoTokens).Cost(quantity.Whole(metered[i].Used)); err != nil {
				return err
			}
			metered[i].Cost = usage
		}
	}
	paid := o.amount.Minor + usage.Minor
	if len(invoices.Data) != 2 || invoices.Data[0].Status != "paid" || invoices.Data[0].Reason != "subscription_cycle" || invoices.Data[0].AmountPaid != paid {
		return fmt.Errorf("the renewal of %s was to be paid, %d, but its invoices are %+v", b.name, paid, invoices.Data)
	}
	c, err := ask[tollgate.Customer](ctx, s.client, http.MethodGet, of(b.name), nil)
	if err != nil {
		return err
	}
	if c.Plan != o.plan || c.Status != "active" || !c.Period.Start.Equal(end) {
		return fmt.Errorf("%s has paid the renewal of %s at %s, but is on %s, %s, with the period %s", b.name, o.plan, moment(end), c.Plan, c.Status, c.Period)
	}
	row.Subscriptions++
	row.Advance.Minor += o.amount.Minor
	row.Usage.Minor += usage.Minor
	row.Paid.Minor += invoices.Data[0].AmountPaid
	if err := s.fresh(ctx, b); err != nil {
		return err
	}
	return s.serveMore(ctx, b)
}

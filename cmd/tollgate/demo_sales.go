package main

import (
	"context"
	"fmt"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
)

// demoSales is what came of selling to the customers of a replay. Every number was compared with what it must be.
type demoSales struct {
	Seconds  float64        `json:"seconds"`
	Webhooks int            `json:"webhooks"` // that came, each worked on
	Sold     []demoSold     `json:"sold"`
	Declined demoDeclined   `json:"declined"`
	Refund   demoRefund     `json:"refund"`
	Metered  []demoMetered  `json:"metered"`
	Renewed  []demoRenewed  `json:"renewed"`
	Books    demoBooks      `json:"books"`
	Audit    tollgate.Audit `json:"audit"`
}

// A demoSold is what was sold of one thing, and how much of what its buyers had been refused was served then.
type demoSold struct {
	Slug     id.Slug      `json:"slug"`
	Name     string       `json:"name"`
	Buyers   int64        `json:"buyers"`
	Quantity int64        `json:"quantity"`
	Each     money.Amount `json:"each"`
	Paid     money.Amount `json:"paid"`
	Requests int64        `json:"requests"` // served
	Tokens   int64        `json:"tokens"`
}

// A demoDeclined is a checkout whose card was declined.
type demoDeclined struct {
	Customer id.Customer  `json:"customer"`
	Card     string       `json:"card"`
	Asked    money.Amount `json:"asked"`
	Answer   string       `json:"answer"` // of the page
	Plan     id.Slug      `json:"plan"`   // before and after
}

// A demoRefund is a top-up whose money was given back.
type demoRefund struct {
	Customer  id.Customer    `json:"customer"`
	TopUp     id.Slug        `json:"topUp"`
	Back      money.Amount   `json:"back"`
	Granted   quantity.Units `json:"granted"`
	Spent     quantity.Units `json:"spent"` // forgiven
	TakenBack quantity.Units `json:"takenBack"`
	Left      quantity.Units `json:"left"` // of the plan's allowance
}

// A demoMetered is what a customer used of a meter that is billed by use: as the answers said, as Stripe was told, as
// Stripe counts, and what it cost.
type demoMetered struct {
	Customer id.Customer  `json:"customer"`
	Used     int64        `json:"used"`
	Reported int64        `json:"reported"`
	AtStripe int64        `json:"atStripe"`
	Cost     money.Amount `json:"cost"`
}

// A demoRenewed is what the subscribers of a plan have paid for their second month.
type demoRenewed struct {
	Plan          id.Slug      `json:"plan"`
	Subscriptions int64        `json:"subscriptions"`
	Advance       money.Amount `json:"advance"` // for the month to come
	Usage         money.Amount `json:"usage"`   // of the month before
	Paid          money.Amount `json:"paid"`
}

// demoBooks compares Tollgate with Stripe.
type demoBooks struct {
	Here    demoPayments   `json:"tollgate"`
	Stripe  demoPayments   `json:"stripe"`
	Credits []demoCredited `json:"credits"`
}

// demoPayments adds up payments, in minor units.
type demoPayments struct {
	Paid     int64 `json:"paid"`
	Amount   int64 `json:"amount"`
	Refunds  int64 `json:"refunds"`
	Refunded int64 `json:"refunded"`
	Failed   int64 `json:"failed"`
}

// A demoCredited is how much of a balance was given for money.
type demoCredited struct {
	Balance id.Slug        `json:"balance"`
	Granted quantity.Units `json:"granted"` // by Tollgate
	PaidFor quantity.Units `json:"paidFor"` // by what Stripe has
}

// run sells, and returns what came of it; or the first thing that is not as it must be.
func (s *demoShop) run(ctx context.Context) (*demoSales, error) {
	out := &demoSales{}
	buyers, declined, err := s.buyers()
	if err != nil {
		return nil, err
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"20 customers pay", func() error { return s.sell(ctx, buyers) }},
		{"what they were refused is served", func() error { return s.serve(ctx, buyers) }},
		{"what was sold is added up", func() error { out.Sold = s.sold(buyers); return nil }},
		{"a card is declined", func() (err error) { out.Declined, err = s.decline(ctx, declined); return err }},
		{"a payment is refunded", func() (err error) { out.Refund, err = s.refund(ctx, refunded(buyers)); return err }},
		{"usage is reported", func() (err error) { out.Metered, err = s.report(ctx, buyers); return err }},
		{"a month passes", func() (err error) { out.Renewed, err = s.month(ctx, buyers, out.Metered); return err }},
		{"books are compared", func() (err error) { out.Books, err = s.books(ctx, buyers, declined); return err }},
		{"webhooks are counted", func() (err error) { out.Webhooks, err = s.webhooks(ctx); return err }},
		{"the ledger is added up", func() (err error) { out.Audit, err = s.engine.Audit(ctx); return err }},
	} {
		s.doing.Store(step.name)
		if err := step.do(); err != nil {
			return nil, err
		}
	}
	return out, out.check()
}

// refunded returns the first buyer of credits.
func refunded(buyers []demoBuyer) *demoBuyer {
	for i := range buyers {
		if buyers[i].slug == demoSellsCredits {
			return &buyers[i]
		}
	}
	return nil
}

// sold adds up what the buyers have bought, in the order of buyers.
func (s *demoShop) sold(buyers []demoBuyer) []demoSold {
	var out []demoSold
	at := map[id.Slug]int{}
	for i := range buyers {
		b, o := &buyers[i], s.offer(buyers[i].slug)
		if _, known := at[b.slug]; !known {
			at[b.slug] = len(out)
			out = append(out, demoSold{Slug: b.slug, Name: o.name, Each: o.amount, Paid: money.Amount{Currency: o.amount.Currency}})
		}
		row := &out[at[b.slug]]
		row.Buyers++
		row.Quantity += b.quantity
		row.Paid.Minor += o.amount.Minor * b.quantity
		row.Requests += b.served.Accepted
		row.Tokens += b.served.Tokens
	}
	return out
}

// check returns an error when what Stripe was paid is not what was sold, renewed and refunded.
func (r *demoSales) check() error {
	want := demoPayments{Failed: 1, Refunds: 1, Refunded: r.Refund.Back.Minor}
	for _, x := range r.Sold {
		want.Paid += x.Buyers
		want.Amount += x.Paid.Minor
	}
	for _, x := range r.Renewed {
		want.Paid += x.Subscriptions
		want.Amount += x.Paid.Minor
	}
	if r.Books.Stripe != want {
		return fmt.Errorf("%+v was sold, renewed, refunded and declined, but Stripe has %+v", want, r.Books.Stripe)
	}
	return nil
}

// webhooks returns how many webhooks have come: every one that the sandbox has sent, each worked on, and nothing is left to
// differ from Stripe.
func (s *demoShop) webhooks(ctx context.Context) (int, error) {
	var all []tollgate.StripeEvent
	err := s.until(ctx, "every webhook has come", func() (bool, error) {
		var err error
		all, err = s.engine.Webhooks(ctx, "", tollgate.PageMax)
		return len(all) >= min(len(s.stripe.Events()), tollgate.PageMax), err
	})
	if err != nil {
		return 0, err
	}
	for _, e := range all {
		if e.State != "done" {
			return 0, fmt.Errorf("the webhook %s of %s is %s: %s", e.ID, e.Type, e.State, e.Error)
		}
	}
	differences, err := s.engine.Diagnose(ctx, false)
	if err == nil && len(differences) > 0 {
		err = fmt.Errorf("not everything in Tollgate is as it is at Stripe: %+v", differences)
	}
	return len(all), err
}

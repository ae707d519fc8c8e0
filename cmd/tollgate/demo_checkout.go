package main

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
)

// Stripe's test cards (https://docs.stripe.com/testing).
const (
	demoCardPays     = "4242 4242 4242 4242"
	demoCardDeclined = "4000 0000 0000 0002"
)

// sell takes the buyers through checkout, all at the same time, and holds what each has then against what it bought. That
// comes by webhooks alone: nobody asks for it.
func (s *demoShop) sell(ctx context.Context, buyers []demoBuyer) error {
	credits := make([]quantity.Units, len(buyers)) // before
	group, all := errgroup.WithContext(ctx)
	for i := range buyers {
		group.Go(func() error {
			b := &buyers[i]
			before, err := s.balance(all, b.name, s.granted(b.slug))
			if err != nil {
				return err
			}
			credits[i] = *before.Available
			opened, landed, page, err := s.checkout(all, b, demoCardPays)
			if err != nil {
				return err
			}
			if landed.Query().Get("paid") != opened.ID {
				return fmt.Errorf("%s has paid for %s and came to %s, where the page says %q", b.name, b.slug, landed, alert(page))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	for i := range buyers {
		if err := s.bought(ctx, &buyers[i], credits[i]); err != nil {
			return err
		}
	}
	return nil
}

// granted returns the balance that shows whether something was bought.
func (s *demoShop) granted(slug id.Slug) id.Slug {
	if _, ok := s.offer(slug).grants[demoCredits]; ok {
		return demoCredits
	}
	return demoRequests
}

// checkout opens a checkout and pays it with a card. It returns where the page led to, and what it says.
func (s *demoShop) checkout(ctx context.Context, b *demoBuyer, card string) (opened tollgate.CheckoutSession, landed *url.URL, page string, err error) {
	o := s.offer(b.slug)
	body := tollgate.CheckoutRequest{Customer: b.name, Quantity: b.quantity}
	if o.topUp() {
		body.TopUp = b.slug
	} else {
		body.Price = b.slug
	}
	if opened, err = ask[tollgate.CheckoutSession](ctx, s.client, http.MethodPost, "/v1/checkout-sessions", body); err != nil {
		return opened, nil, "", err
	}
	due := money.Amount{Minor: o.amount.Minor * b.quantity, Currency: o.amount.Currency}
	landed, page, err = s.visit(ctx, opened.URL, due.Format(), url.Values{
		"action": {"pay"}, "email": {string(b.name) + "@example.com"}, "number": {card}, "expiry": {"12 / 34"}, "cvc": {"123"},
	})
	return opened, landed, page, err
}

// visit opens a page as a browser does, looks at what is due, fills in the form, and goes where it leads.
func (s *demoShop) visit(ctx context.Context, page, due string, form url.Values) (landed *url.URL, text string, err error) {
	_, shown, err := s.browse(ctx, http.MethodGet, page, nil)
	if err != nil {
		return nil, "", err
	}
	for _, want := range []string{due, `name="email"`, `name="number"`, `name="expiry"`, `name="cvc"`, `value="pay"`} {
		if !strings.Contains(shown, want) {
			return nil, "", fmt.Errorf("the checkout page %s does not show %q", page, want)
		}
	}
	return s.browse(ctx, http.MethodPost, page, form)
}

func (s *demoShop) browse(ctx context.Context, method, page string, form url.Values) (landed *url.URL, text string, err error) {
	r, err := http.NewRequestWithContext(ctx, method, page, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, "", err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", r.URL.Scheme+"://"+r.URL.Host)
	}
	answer, err := s.client.http.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close() // it was read to its end, or the connection is given up
	body, err := io.ReadAll(io.LimitReader(answer.Body, demoAnswerMax))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s answered %s", method, page, answer.Status)
	}
	return answer.Request.URL, string(body), err
}

// alert returns what a page warns of.
func alert(page string) string {
	if m := regexp.MustCompile(`role="alert">([^<]*)<`).FindStringSubmatch(page); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// bought returns an error when a buyer does not have exactly what it has paid for. before is what it had left of the balance
// that shows it.
func (s *demoShop) bought(ctx context.Context, b *demoBuyer, before quantity.Units) error {
	o := s.offer(b.slug)
	c, err := ask[tollgate.Customer](ctx, s.client, http.MethodGet, of(b.name), nil)
	if err != nil {
		return err
	}
	if o.topUp() {
		slug := s.granted(b.slug)
		now, err := s.balance(ctx, b.name, slug)
		if err != nil {
			return err
		}
		more, _ := o.grants[slug].Times(quantity.Whole(b.quantity))
		if c.Plan != s.customers[b.customer].plan || *now.Available != before+more {
			return fmt.Errorf("%s has paid for %s of %s, had %s and has %s, on %s", b.name, more, slug, before, now.Available, c.Plan)
		}
		return nil
	}
	if c.Plan != o.plan || c.Status != "active" {
		return fmt.Errorf("%s has paid for %s and is on %s, %s", b.name, o.plan, c.Plan, c.Status)
	}
	return s.fresh(ctx, b)
}

// fresh returns an error when a subscriber does not have all that its plan gives in a period, unused.
func (s *demoShop) fresh(ctx context.Context, b *demoBuyer) error {
	for slug, gives := range s.catalog.Plans[s.offer(b.slug).plan].Includes {
		has, err := ask[credit.Balance](ctx, s.client, http.MethodGet, of(b.name)+"/balances/"+string(slug), nil)
		if err != nil {
			return err
		}
		full := has.Limit != nil && has.Available != nil && *has.Limit == gives.Limit && *has.Available == gives.Limit
		if has.Used != 0 || has.Unlimited != gives.Unlimited || !gives.Unlimited && !full {
			return fmt.Errorf("%s has paid for a period, and has used %s of %s and %s left, of %s", b.name, has.Used, slug, has.Available, gives.Limit)
		}
	}
	return nil
}

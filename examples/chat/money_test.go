package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/quantity"
)

const (
	paysCard   = "4242424242424242"
	brokenCard = "4000000000000002"
)

// pay buys something with a card on Stripe's page, and returns the page that follows.
func (p *person) pay(order url.Values, card string) reply {
	p.Helper()
	page := p.post("/checkout", order, http.StatusSeeOther).Header.Get("Location")
	if !strings.HasPrefix(page, p.stripeURL+"/") {
		p.Fatalf("the checkout leads to %s", page)
	}
	return p.post(page, url.Values{"action": {"pay"}, "email": {"ada@example.com"}, "number": {card}, "expiry": {"12/40"}, "cvc": {"123"}}, 0)
}

// buy pays, and comes back.
func (p *person) buy(order url.Values) {
	p.Helper()
	w := p.pay(order, paysCard)
	if w.StatusCode != http.StatusSeeOther || !strings.HasPrefix(w.Header.Get("Location"), p.url+"/paid?session=cs_") {
		p.Fatalf("paying answered %d and leads to %q: %s", w.StatusCode, w.Header.Get("Location"), w.text)
	}
	if to := p.get(w.Header.Get("Location"), http.StatusSeeOther).Header.Get("Location"); to != "/?paid" {
		p.Fatalf("coming back leads to %s", to)
	}
}

var (
	pro        = url.Values{"price": {"pro_monthly"}}
	topUp      = url.Values{"topUp": {"requests_100"}}
	topUpToken = url.Values{"topUp": {"token_credits_1000"}}
)

// waits asks again until what is true follows from a webhook.
func (p *person) waits(what string, is func() bool) {
	p.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Fatal(what)
		}
	}
}

func (p *person) plan() string {
	p.Helper()
	c, err := p.engine.Customer(p.Context(), p.id())
	if err != nil {
		p.Fatal(err)
	}
	return string(c.Plan)
}

func TestProIsThereWhenThePayerComesBack(t *testing.T) {
	t.Parallel()
	p := begin(t, options{}).user("Ada")
	for range 20 {
		p.ask("What is a toll?")
	}
	p.refused("And now?")
	if w := p.pay(pro, brokenCard); w.StatusCode == http.StatusSeeOther || !strings.Contains(w.text, "declined") {
		t.Errorf("a card that is declined: %d %s", w.StatusCode, w.text)
	}
	p.refused("And now?")

	p.buy(pro)
	p.has(requests, 0, quantity.Whole(1000))
	p.has(credits, 0, quantity.Whole(2000))
	_, tokens := p.ask("And now?")
	p.has(requests, quantity.One, quantity.Whole(999))
	p.buy(topUp)
	p.buy(topUpToken)
	p.has(requests, quantity.One, quantity.Whole(1099))
	p.has(credits, creditsOf(tokens), quantity.Whole(3000)-creditsOf(tokens))

	page := p.get("/account", http.StatusOK).text
	for _, want := range []string{"<h2>Pro</h2>", "$7.99", "$1.99", "<td>100 AI requests</td>", "$4.99", "<td>1,000 token credits</td>", `/receipts/ch_`, "Renews on "} {
		if !strings.Contains(page, want) {
			t.Errorf("the account does not show %s:\n%s", want, page)
		}
	}
	if page := p.get("/pricing", http.StatusOK).text; strings.Contains(page, `name="price"`) || !strings.Contains(page, `name="topUp"`) {
		t.Errorf("who has Pro is offered it again, or no top-up:\n%s", page)
	}
	p.post("/checkout", pro, http.StatusConflict)
}

func TestAPlanIsCancelledKeptAndEnds(t *testing.T) {
	t.Parallel()
	p := begin(t, options{}).user("Ada")
	account := func(want string) {
		t.Helper()
		if page := p.get("/account", http.StatusOK).text; !strings.Contains(page, want) {
			t.Errorf("the account does not say %s:\n%s", want, page)
		}
	}
	for _, path := range []string{"/cancel", "/resume"} { // nothing to do, nothing done
		p.post(path, nil, http.StatusSeeOther)
	}
	account("Nothing was paid yet.")
	p.buy(pro)
	p.buy(topUp)
	p.post("/cancel", nil, http.StatusSeeOther)
	account("Ends on " + date(p.engine.Now().AddDate(0, 1, 0)))
	p.post("/resume", nil, http.StatusSeeOther)
	account("Renews on " + date(p.engine.Now().AddDate(0, 1, 0)))

	p.ask("Of the first month")
	if err := p.stripe.AdvanceBy(t.Context(), 32*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	p.waits("the renewal does not arrive", func() bool { return p.balance(requests).Used == 0 })
	p.has(requests, 0, quantity.Whole(1100))

	p.post("/cancel", nil, http.StatusSeeOther)
	if err := p.stripe.AdvanceBy(t.Context(), 32*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	p.waits("the end does not arrive", func() bool { return p.plan() == "free" })
	p.has(requests, 0, quantity.Whole(120)) // what was bought stays
	account("<h2>Free</h2>")
}

func TestThePortalLeadsBack(t *testing.T) {
	t.Parallel()
	p := begin(t, options{}).user("Ada")
	p.buy(topUp)
	at := p.post("/portal", nil, http.StatusSeeOther).Header.Get("Location")
	if page := p.get(at, http.StatusOK).text; !strings.HasPrefix(at, p.stripeURL+"/") || !strings.Contains(page, p.url+"/account") {
		t.Errorf("the portal at %s leads nowhere:\n%s", at, page)
	}
}

func TestWhatIsNotForSaleIsNotSold(t *testing.T) {
	t.Parallel()
	c := begin(t, options{})
	p := c.user("Ada")
	for _, order := range []url.Values{{}, {"price": {"nothing"}}, {"topUp": {"nothing"}}, {"price": {"pro_monthly"}, "topUp": {"requests_100"}}} {
		p.post("/checkout", order, http.StatusUnprocessableEntity)
	}
	p.get("/paid?session=cs_nothing", http.StatusNotFound)
	page := p.post("/checkout", pro, http.StatusSeeOther).Header.Get("Location")
	session := page[strings.LastIndex(page, "cs_"):]
	if to := p.get("/paid?session="+session, http.StatusSeeOther).Header.Get("Location"); to != "/pricing" || p.plan() != "free" {
		t.Errorf("who has not paid is led to %s, and is on %s", to, p.plan())
	}
}

package billing_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	stripeapi "github.com/tollgate/tollgate/internal/stripe"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

// What the sandbox's API says, read without any code of the engine.
type (
	object struct {
		ID       string            `json:"id"`
		Status   string            `json:"status"`
		Created  int64             `json:"created"`
		Amount   int64             `json:"amount"`
		Customer string            `json:"customer"`
		Charge   string            `json:"charge"`
		Metadata map[string]string `json:"metadata"`
	}
	invoiceTold struct {
		object
		Reason string `json:"billing_reason"`
		Parent *struct {
			Details *struct {
				Subscription string `json:"subscription"`
			} `json:"subscription_details"`
		} `json:"parent"`
		Lines struct {
			Data []lineTold `json:"data"`
		} `json:"lines"`
	}
	lineTold struct {
		Amount int64 `json:"amount"`
		Period struct {
			Start int64 `json:"start"`
			End   int64 `json:"end"`
		} `json:"period"`
		Parent struct {
			Item *struct {
				Proration bool `json:"proration"`
			} `json:"subscription_item_details"`
		} `json:"parent"`
		Pricing struct {
			Details struct {
				Price string `json:"price"`
			} `json:"price_details"`
		} `json:"pricing"`
	}
	priceTold struct {
		object
		Recurring *struct {
			Interval string `json:"interval"`
		} `json:"recurring"`
	}
)

// list reads all objects of a kind from the sandbox's API.
func list[T interface{ name() string }](s *shop, path string, filter url.Values) []T {
	s.Helper()
	var all []T
	after := ""
	for {
		q := url.Values{"limit": {"100"}}
		for k, v := range filter {
			q[k] = v
		}
		if after != "" {
			q.Set("starting_after", after)
		}
		r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.url+path+"?"+q.Encode(), nil)
		if err != nil {
			s.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+secretKey)
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			s.Fatal(err)
		}
		var page struct {
			Data    []T  `json:"data"`
			HasMore bool `json:"has_more"`
		}
		err = json.NewDecoder(w.Body).Decode(&page)
		w.Body.Close()
		if err != nil || w.StatusCode != http.StatusOK {
			s.Fatalf("GET %s answered %d, %v", path, w.StatusCode, err)
		}
		all = append(all, page.Data...)
		if !page.HasMore {
			return all
		}
		after = page.Data[len(page.Data)-1].name()
	}
}

func (o object) name() string { return o.ID }

// stripeID returns who a customer is at the sandbox, "" when it is nobody. It is an error when it is two.
func (s *shop) stripeID(name id.Customer) string {
	s.Helper()
	var found []string
	for _, c := range list[object](s, "/v1/customers", nil) {
		if c.Metadata["customer"] == string(name) {
			found = append(found, c.ID)
		}
	}
	if len(found) > 1 {
		s.Fatalf("%s is %d customers at Stripe", name, len(found))
	}
	if len(found) == 0 {
		return ""
	}
	return found[0]
}

func of(customer string) url.Values { return url.Values{"customer": {customer}} }

// agrees compares a customer with Stripe: the status with that of the newest subscription that lives there, and plan and
// period with what is decided from a fresh picture.
func (s *shop) agrees(name id.Customer) {
	s.Helper()
	at := s.stripeID(name)
	if at == "" {
		return
	}
	c, err := s.engine.Customer(s.ctx, name)
	if err != nil {
		s.Fatal(err)
	}
	subs := list[object](s, "/v1/subscriptions", url.Values{"customer": {at}, "status": {"all"}})
	var live []object
	for _, sub := range subs {
		if sub.Status != "canceled" && sub.Status != "incomplete_expired" {
			live = append(live, sub)
		}
	}
	if len(live) > 1 {
		s.Errorf("%s has %d live subscriptions", name, len(live))
	}
	if len(live) == 1 && c.Status != live[0].Status {
		s.Errorf("%s is %s, and %s at Stripe", name, c.Status, live[0].Status)
	}
	if len(live) == 0 && len(subs) > 0 && (c.Plan != "free" || !subscription.Status(c.Status).Over()) {
		s.Errorf("%s is on %s, %s, and has no live subscription at Stripe", name, c.Plan, c.Status)
	}
	d := s.decided(at)
	if d.Subscription == nil {
		return
	}
	if d.Plan == "" && !d.NoAccess {
		d.Plan = "free"
	}
	if c.Plan != d.Plan || c.Status != string(d.Status) {
		s.Errorf("%s is on %s (%s); Stripe's picture says %s (%s)", name, c.Plan, c.Status, d.Plan, d.Status)
	}
	if !d.Paid.None() && !c.Period.Equal(d.Paid.Span) {
		s.Errorf("%s has the period %v; Stripe's picture says %v", name, c.Period, d.Paid.Span)
	}
}

// decided returns what is decided from a fresh picture of a customer at Stripe.
func (s *shop) decided(at string) subscription.Decision {
	s.Helper()
	client, err := stripeapi.New(stripeapi.Options{SecretKey: secretKey, WebhookSecret: "whsec_none", URL: s.url})
	if err != nil {
		s.Fatal(err)
	}
	picture, err := client.Fetch(s.ctx, at)
	if err != nil {
		s.Fatal(err)
	}
	return subscription.Decide(picture, s.engine.Catalog().Access, s.sandbox.Now())
}

// limits are what the plans include of requests.
var limits = map[string]int64{"pro": 1000, "max": 5000}

// paidFor returns the most requests that a customer's invoices at Stripe have paid for: for each one that begins a period
// the largest limit among the plans paid for until the next one begins, as often as it has months; and what is free.
func (s *shop) paidFor(at string) int64 {
	s.Helper()
	type price struct {
		plan   string
		months int64
	}
	prices := map[string]price{}
	for _, p := range list[priceTold](s, "/v1/prices", nil) {
		if p.Recurring != nil {
			prices[p.ID] = price{p.Metadata["plan"], map[string]int64{"month": 1, "year": 12}[p.Recurring.Interval]}
		}
	}
	type span struct {
		start, end, months int64
	}
	var begun []span
	type bought struct {
		plan       string
		start, end int64
	}
	var plans []bought
	for _, i := range list[invoiceTold](s, "/v1/invoices", of(at)) {
		if i.Status != "paid" || i.Parent == nil || i.Parent.Details == nil {
			continue
		}
		for _, l := range i.Lines.Data {
			p, ok := prices[l.Pricing.Details.Price]
			if !ok || l.Amount < 0 {
				continue
			}
			plans = append(plans, bought{p.plan, l.Period.Start, l.Period.End})
			if l.Parent.Item == nil || !l.Parent.Item.Proration {
				begun = append(begun, span{l.Period.Start, l.Period.End, p.months})
			}
		}
	}
	slices.SortFunc(begun, func(a, b span) int { return int(a.start - b.start) })
	const free = 20
	sum := int64(free)
	for n, b := range begun {
		next := int64(1 << 60)
		if n+1 < len(begun) {
			next = max(begun[n+1].start, b.end)
		}
		var limit int64
		for _, p := range plans {
			if p.start < next && p.end > b.start {
				limit = max(limit, limits[p.plan])
			}
		}
		sum += limit * b.months
	}
	return sum
}

// lines returns the whole ledger of a balance.
func (s *shop) lines(name id.Customer, balance id.Slug) []tollgate.Line {
	s.Helper()
	var all []tollgate.Line
	cursor := ""
	for {
		page, err := s.engine.Entries(s.ctx, name, balance, cursor, 100)
		if err != nil {
			s.Fatal(err)
		}
		all = append(all, page.Data...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// topUpsMatch compares the grants of top-ups with the payments at Stripe: each paid one's units, once, and what refunds and
// disputes may have taken.
func (s *shop) topUpsMatch(name id.Customer, at string, settled bool) {
	s.Helper()
	const each, price = 100, 500
	var paid, back int64
	charges := map[string]object{}
	for _, ch := range list[object](s, "/v1/charges", of(at)) {
		if ch.Status == "succeeded" && ch.Metadata["topUp"] == "pack" {
			charges[ch.ID] = ch
			paid += ch.Amount / price * each
		}
	}
	share := map[string]int64{} // money gone, by charge
	for _, r := range append(list[object](s, "/v1/refunds", nil), list[object](s, "/v1/disputes", nil)...) {
		if _, ours := charges[r.Charge]; !ours {
			continue
		}
		if r.Status == "failed" || r.Status == "canceled" || r.Status == "won" {
			continue
		}
		share[r.Charge] += r.Amount
	}
	for charge, gone := range share {
		back += min(gone, charges[charge].Amount) * each / price
	}
	var granted, undone, clawed, used quantity.Units
	for _, l := range s.lines(name, "tokens") {
		switch {
		case l.Kind == credit.KindClawBack, l.Kind == credit.KindDebt:
			clawed -= l.Amount
		case l.Kind == credit.KindRestore:
			undone += l.Amount
		case l.Kind == credit.KindGrant:
			granted += l.Amount
		case l.Event != nil:
			used += l.Event.Charged
		}
	}
	whole := func(u quantity.Units) int64 { return int64(u / quantity.One) }
	if whole(granted) > paid || settled && whole(granted) != paid {
		s.Errorf("%s was granted %d tokens for payments of %d (settled: %t)", name, whole(granted), paid, settled)
	}
	if undone > clawed {
		s.Errorf("%s got %s tokens back, of %s that were taken", name, undone, clawed)
	}
	if taken := whole(clawed - undone); settled && taken > back {
		s.Errorf("%s lost %d tokens to refunds of at most %d", name, taken, back)
	}
	if left := s.available(name, "tokens"); left != whole(granted-used-clawed+undone) {
		s.Errorf("%s has %d tokens left: %s granted, %s used, %s taken or owed, %s of it given back", name, left, granted, used, clawed, undone)
	}
	c := s.engine.Catalog()
	owes := c.Refunds.Spent != credit.Forgive && c.Disputes.Spent != credit.Forgive
	if taken := whole(clawed - undone); settled && owes && taken < back {
		s.Errorf("%s lost or owes %d tokens for refunds of %d", name, taken, back)
	}
}

// A standing is what a customer has, without ids, so that two customers can be compared.
type standing struct {
	Plan             id.Slug
	Status           string
	Start, End       time.Time
	Requests, Tokens int64
	Ends             time.Time // of the subscription, as planned
	Invoices         []string
	Payments         []string
}

func (s *shop) standing(name id.Customer) standing {
	s.Helper()
	c, err := s.engine.Customer(s.ctx, name)
	if err != nil {
		s.Fatal(err)
	}
	out := standing{Plan: c.Plan, Status: c.Status, Start: c.Period.Start, End: c.Period.End, Requests: s.available(name, "requests"), Tokens: s.available(name, "tokens")}
	subs, err := s.engine.Subscriptions(s.ctx, name)
	if err != nil {
		s.Fatal(err)
	}
	for _, sub := range subs {
		out.Ends = sub.CancelAt
	}
	invoices, err := s.engine.InvoicesOf(s.ctx, name, "", 100)
	if err != nil {
		s.Fatal(err)
	}
	for _, i := range invoices.Data {
		out.Invoices = append(out.Invoices, fmt.Sprintf("%s %s %s %d of %d", i.CreatedAt.Format(time.DateOnly), i.Reason, i.Status, i.AmountPaid, i.Total))
	}
	payments, err := s.engine.PaymentsOf(s.ctx, name, "", 100)
	if err != nil {
		s.Fatal(err)
	}
	for _, p := range payments.Data {
		text := fmt.Sprintf("%s %s %d, disputed %t", p.CreatedAt.Format(time.DateOnly), p.Status, p.Amount, p.Disputed)
		for _, r := range p.Returns {
			text += fmt.Sprintf(", %s %d", r.Status, r.Amount)
		}
		out.Payments = append(out.Payments, text)
	}
	slices.Sort(out.Invoices)
	slices.Sort(out.Payments)
	return out
}

// same fails when a customer does not stand as another one.
func (s *shop) same(want standing, name id.Customer, how string) {
	s.Helper()
	if diff := cmp.Diff(want, s.standing(name)); diff != "" {
		s.Errorf("%s: %s stands otherwise (-want +got):\n%s", how, name, diff)
	}
}

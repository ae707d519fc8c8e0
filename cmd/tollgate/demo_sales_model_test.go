package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/money"
	"github.com/tollgate/tollgate/quantity"
)

// A naiveBuyer is a customer and what it buys, in cents.
type naiveBuyer struct {
	who, what string
	times     int64
	cents     int64 // each
}

// buyers returns the 20 who pay, and the one whose card is declined: the two on Pro who run out buy requests, the two
// on Free with most tokens refused buy credits, of the others on Free the four with most requests refused buy Scale, and
// the next twelve Pro. Who comes first among equals has the smaller name.
func (m naive) buyers() []naiveBuyer {
	var out []naiveBuyer
	most := func(pro bool, refused map[string][]int64, n int) []string {
		var found []string
		for _, who := range slices.Sorted(maps.Keys(refused)) {
			last := who[len(who)-1]
			if (last == '0') == pro && last != '5' && !slices.ContainsFunc(out, func(b naiveBuyer) bool { return b.who == who }) {
				found = append(found, who)
			}
		}
		slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(len(refused[b]), len(refused[a])) })
		return found[:n]
	}
	for _, who := range most(true, m.denied, 2) {
		out = append(out, naiveBuyer{who, "requests_100", int64(len(m.denied[who])+99) / 100, 199})
	}
	for _, who := range most(false, m.short, 2) {
		out = append(out, naiveBuyer{who, "token_credits_1000", 1, 499})
	}
	for i, who := range most(false, m.denied, 17) {
		if i < 4 {
			out = append(out, naiveBuyer{who, "scale_monthly", 1, 1900})
		} else {
			out = append(out, naiveBuyer{who, "pro_monthly", 1, 799})
		}
	}
	return out
}

// served returns what a buyer was refused and is served when it has paid.
func (m naive) served(b naiveBuyer) (requests, tokens int64) {
	var all []int64
	if b.what != "token_credits_1000" {
		requests = int64(len(m.denied[b.who]))
		all = append(all, m.denied[b.who]...)
	}
	if b.what != "requests_100" {
		all = append(all, m.short[b.who]...)
	}
	for _, n := range all {
		tokens += n
	}
	return requests, tokens
}

// onScale returns what tokens cost on Scale, in cents: a five-hundredth of one each, halves up.
func onScale(tokens int64) int64 { return (tokens + 250) / 500 }

// sales returns what the demo must say of its sales, but for how long they took.
func (m naive) sales() *demoSales {
	usd := func(cents int64) money.Amount { return money.Amount{Minor: cents, Currency: "usd"} }
	buyers := m.buyers()
	out := &demoSales{Audit: tollgate.Audit{Accounts: 2*m.customers + 4, Findings: []tollgate.Finding{}}} // four on Scale have tokens of their own
	names := map[string]string{"requests_100": "100 AI requests", "token_credits_1000": "1,000 token credits", "scale_monthly": "Scale", "pro_monthly": "Pro"}
	for _, b := range buyers[:20] {
		n := len(out.Sold)
		if n == 0 || out.Sold[n-1].Slug != id.Slug(b.what) {
			out.Sold = append(out.Sold, demoSold{Slug: id.Slug(b.what), Name: names[b.what], Each: usd(b.cents), Paid: usd(0)})
			n++
		}
		row := &out.Sold[n-1]
		requests, tokens := m.served(b)
		row.Buyers, row.Quantity, row.Paid.Minor = row.Buyers+1, row.Quantity+b.times, row.Paid.Minor+b.times*b.cents
		row.Requests, row.Tokens = row.Requests+requests, row.Tokens+tokens
		out.Books.Here.Paid++
		out.Books.Here.Amount += b.times * b.cents
	}
	out.Declined = demoDeclined{Customer: id.Customer(buyers[20].who), Card: "4000 0000 0000 0002", Asked: usd(799), Answer: "Your card was declined.", Plan: "free"}

	_, tokens := m.served(buyers[2])
	spent := tokens - m.tokens[buyers[2].who] // the day's credits pay first
	out.Refund = demoRefund{Customer: id.Customer(buyers[2].who), TopUp: "token_credits_1000", Back: usd(499), Granted: quantity.Whole(1000),
		Spent: quantity.Whole(spent) / 1000, TakenBack: quantity.Whole(1_000_000-spent) / 1000}

	pro := demoRenewed{Plan: "pro", Subscriptions: 12, Advance: usd(12 * 799), Usage: usd(0), Paid: usd(12 * 799)}
	scale := demoRenewed{Plan: "scale", Subscriptions: 4, Advance: usd(4 * 1900), Usage: usd(0), Paid: usd(4 * 1900)}
	for _, b := range buyers[4:8] {
		_, tokens := m.served(b)
		out.Metered = append(out.Metered, demoMetered{Customer: id.Customer(b.who), Used: tokens, Reported: tokens, AtStripe: tokens, Cost: usd(onScale(tokens))})
		scale.Usage.Minor += onScale(tokens)
		scale.Paid.Minor += onScale(tokens)
	}
	out.Renewed = []demoRenewed{pro, scale}

	here := &out.Books.Here
	here.Paid, here.Amount = here.Paid+16, here.Amount+pro.Paid.Minor+scale.Paid.Minor
	here.Refunds, here.Refunded, here.Failed = 1, 499, 1
	out.Books.Stripe = *here
	requests, credits := quantity.Whole(2*12*1000+100*(buyers[0].times+buyers[1].times)), quantity.Whole(2*12*2000+2*1000)
	out.Books.Credits = []demoCredited{{"ai_requests", requests, requests}, {"token_credits", credits, credits}}
	return out
}

// naiveBalances are what a customer has: requests, and tokens that its credits pay for.
type naiveBalances struct {
	requests, requestsLeft, tokens, tokensLeft int64
	unlimited                                  bool
}

func (b naiveBalances) String() string {
	left := fmt.Sprint(b.requestsLeft)
	if b.unlimited {
		left = "<nil>"
	}
	return fmt.Sprintf("%d requests used, %s left; %s credits used, %s left, 0 held", b.requests, left, quantity.Whole(b.tokens)/1000, quantity.Whole(b.tokensLeft)/1000)
}

// afterSales returns what the buyers have when the sales are over and what the demo prints was pasted: a window of their plan
// in which subscribers have asked once, and what top-ups have left.
func (m naive) afterSales() map[string]naiveBalances {
	out := map[string]naiveBalances{}
	buyers := m.buyers()
	for i, b := range buyers[:20] {
		requests, tokens := m.served(b)
		switch b.what {
		case "requests_100":
			out[b.who] = naiveBalances{requestsLeft: 1000 + 100*b.times - requests, tokensLeft: 2_000_000}
		case "token_credits_1000":
			left := naiveBalances{requestsLeft: 20, tokensLeft: 30_000}
			if i != 2 { // whose money went back
				left.tokensLeft += 1_000_000 - (tokens - m.tokens[b.who])
			}
			out[b.who] = left
		case "scale_monthly":
			out[b.who] = naiveBalances{requests: 1, unlimited: true}
		case "pro_monthly":
			out[b.who] = naiveBalances{requests: 1, requestsLeft: 999, tokens: m.denied[b.who][0], tokensLeft: 2_000_000 - m.denied[b.who][0]}
		}
	}
	pasted := out[naivePasted]
	pasted.tokens, pasted.tokensLeft = pasted.tokens+1000, pasted.tokensLeft-1000
	out[naivePasted] = pasted
	return out
}

// naivePasted is whose tokens are used by what the demo prints.
const naivePasted = "user-006"

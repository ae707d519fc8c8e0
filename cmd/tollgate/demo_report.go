package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/examples/trace"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

const demoHeaviest = 5 // customers shown

// A demoReport is what a demo prints: the totals of the replay and of the sales after it, and the proof that they are right.
type demoReport struct {
	Trace     demoTrace      `json:"trace"`
	Requests  int64          `json:"requests"` // sent: those of the trace, and the others of bursts
	Accepted  int64          `json:"accepted"`
	Refused   int64          `json:"refused"` // for want of requests
	Refusals  []demoRefusal  `json:"refusals"`
	Repeats   demoRepeats    `json:"repeats"`
	Bursts    demoBursts     `json:"bursts"`
	Tokens    int64          `json:"tokens"` // charged
	Unpaid    int64          `json:"unpaid"` // accepted requests whose tokens were refused for want of credits
	Holds     demoHolds      `json:"holds"`
	Speed     demoSpeed      `json:"speed"`
	Heaviest  []demoHeavy    `json:"heaviest"`
	Audit     tollgate.Audit `json:"audit"`
	Sales     *demoSales     `json:"sales"`
	Citation  string         `json:"citation"`
	explained tollgate.Explanation
	database  string
}

// A demoTrace says what was replayed.
type demoTrace struct {
	Requests  int64     `json:"requests"`
	Customers int64     `json:"customers"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
}

// A demoRefusal counts what one balance of a plan has refused.
type demoRefusal struct {
	Plan    id.Slug        `json:"plan"`
	Balance id.Slug        `json:"balance"`
	Limit   quantity.Units `json:"limit"`
	Every   period.Every   `json:"every"`
	Refused int64          `json:"refused"`
}

// A demoRepeats counts the requests that were sent a second time.
type demoRepeats struct {
	Sent       int64 `json:"sent"`
	Duplicates int64 `json:"duplicates"` // accepted before: answered again, counted once
	Refused    int64 `json:"refused"`    // refused before, and again
}

// A demoBursts counts the requests that were sent at the same moment.
type demoBursts struct {
	Bursts   int64 `json:"bursts"`
	Requests int64 `json:"requests"`
	Left     int64 `json:"left"` // what there was for them
	Accepted int64 `json:"accepted"`
}

// A demoHolds counts the tokens that were set aside before they were used.
type demoHolds struct {
	Opened   int64 `json:"opened"`
	Captured int64 `json:"captured"`
	Held     int64 `json:"held"` // tokens
	Used     int64 `json:"used"` // of them, captured
}

// A demoSpeed says how fast the replay went.
type demoSpeed struct {
	Seconds         float64 `json:"seconds"`
	Calls           int64   `json:"calls"`  // HTTP requests
	Events          int64   `json:"events"` // recorded
	EventsPerSecond int64   `json:"eventsPerSecond"`
	P50Micros       int64   `json:"p50Micros"`
	P99Micros       int64   `json:"p99Micros"`
}

// A demoHeavy is a customer as the API shows it after the replay.
type demoHeavy struct {
	Customer    id.Customer    `json:"customer"`
	Plan        id.Slug        `json:"plan"`
	Requests    int64          `json:"requests"` // sent
	Used        quantity.Units `json:"used"`
	Limit       quantity.Units `json:"limit"`
	Tokens      int64          `json:"tokens"`
	Credits     quantity.Units `json:"credits"` // used
	CreditLimit quantity.Units `json:"creditLimit"`
}

// report adds up what the replay has counted and holds it against the balances and the ledger.
func (d *demo) report(ctx context.Context, p *replay, took time.Duration) (*demoReport, error) {
	var sum demoTally
	byPlan := map[id.Slug]*demoTally{}
	var customers []demoHeavy
	for i, customer := range p.customers {
		heavy, err := p.compare(ctx, i)
		if err != nil {
			return nil, err
		}
		customers = append(customers, heavy)
		if byPlan[customer.plan] == nil {
			byPlan[customer.plan] = &demoTally{}
		}
		byPlan[customer.plan].add(p.tallies[i])
		sum.add(p.tallies[i])
	}
	slices.SortStableFunc(customers, func(a, b demoHeavy) int { return int(b.Requests - a.Requests) })
	audit, err := d.engine.Audit(ctx)
	if err != nil {
		return nil, err
	}
	explained, err := d.engine.Explain(ctx, p.explained(), demoCredits)
	if err != nil {
		return nil, err
	}
	n := int64(len(d.requests))
	return &demoReport{
		Trace:    demoTrace{Requests: n, Customers: demoCustomers, From: d.requests[0].At, To: d.requests[n-1].At},
		Requests: sum.Sent, Accepted: sum.Accepted, Refused: sum.Refused, Refusals: p.refusals(byPlan),
		Repeats: demoRepeats{Sent: sum.Duplicates + sum.Again, Duplicates: sum.Duplicates, Refused: sum.Again},
		Bursts:  demoBursts{Bursts: sum.Bursts, Requests: sum.BurstSent, Left: sum.BurstLeft, Accepted: sum.BurstAccepted},
		Tokens:  sum.Tokens, Unpaid: sum.TokensRefused,
		Holds: demoHolds{Opened: sum.Holds, Captured: sum.Captured, Held: sum.HeldTokens, Used: sum.UsedTokens},
		Speed: demoSpeed{
			Seconds: took.Seconds(), Calls: int64(len(sum.took)), Events: sum.Events,
			EventsPerSecond: int64(float64(sum.Events) / max(took.Seconds(), 0.001)),
			P50Micros:       sum.percentile(50).Microseconds(), P99Micros: sum.percentile(99).Microseconds(),
		},
		Heaviest: customers[:demoHeaviest], Audit: audit, Citation: trace.Citation, explained: explained, database: d.db.String(),
	}, nil
}

// refusals returns what refused, plan by plan in the catalog's order.
func (p *replay) refusals(byPlan map[id.Slug]*demoTally) []demoRefusal {
	out := []demoRefusal{}
	for slug, t := range byPlan {
		includes := p.catalog.Plans[slug].Includes
		requests, credits := includes[demoRequests], includes[demoCredits]
		out = append(out,
			demoRefusal{slug, demoRequests, requests.Limit, requests.Every, t.Refused},
			demoRefusal{slug, demoCredits, credits.Limit, credits.Every, t.TokensRefused})
	}
	slices.SortFunc(out, func(a, b demoRefusal) int {
		if a.Balance != b.Balance {
			return len(a.Balance) - len(b.Balance) // requests come before credits
		}
		return p.catalog.Plans[a.Plan].Position - p.catalog.Plans[b.Plan].Position
	})
	return out
}

// compare asks for the balances of a customer and returns an error when they are not what the answers add up to.
func (p *replay) compare(ctx context.Context, i int) (demoHeavy, error) {
	t, name := p.tallies[i], p.customers[i].name
	requests, err := p.balance(ctx, name, demoRequests)
	if err != nil {
		return demoHeavy{}, err
	}
	credits, err := p.balance(ctx, name, demoCredits)
	if err != nil {
		return demoHeavy{}, err
	}
	cost, ok := quantity.Whole(t.Tokens).Times(p.catalog.Credits[demoCredits].Costs[demoTokens])
	switch {
	case !ok || credits.Used != cost || *credits.Available != *credits.Limit-cost || *credits.Held != 0:
		return demoHeavy{}, fmt.Errorf("%s has used %s credits and has %s left, but the answers charged %s of %s", name, credits.Used, credits.Available, cost, credits.Limit)
	case requests.Used != quantity.Whole(t.Accepted) || *requests.Available != *requests.Limit-requests.Used:
		return demoHeavy{}, fmt.Errorf("%s has used %s requests and has %s left, but the answers accepted %d of %s", name, requests.Used, requests.Available, t.Accepted, requests.Limit)
	}
	return demoHeavy{
		Customer: name, Plan: p.customers[i].plan, Requests: t.Sent, Used: requests.Used, Limit: *requests.Limit,
		Tokens: t.Tokens, Credits: credits.Used, CreditLimit: *credits.Limit,
	}, nil
}

// explained returns the customer whose credits are explained: the first guest with a hold that was captured, whose
// ledger is short and has a line of every kind.
func (p *replay) explained() id.Customer {
	for i, customer := range p.customers {
		if customer.plan == "guest" && p.tallies[i].Captured > 0 {
			return customer.name
		}
	}
	return p.customers[0].name
}

package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/examples/trace"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// A naive model counts what the demo must count, from the CSV and the limits below alone: maps, loops and whole
// tokens. It shares nothing with what it checks but who sends which request.
type naive struct {
	requests map[string]int64 // left, by customer
	tokens   map[string]int64 // left, by customer
	sent     map[string]int64
	used     map[string]int64 // requests
	paid     map[string]int64 // tokens
	refused  map[string]int64 // requests, by plan
	unpaid   map[string]int64 // usages of tokens, by plan

	denied map[string][]int64 // the tokens of requests that were refused, but for bursts, by customer
	short  map[string][]int64 // the tokens that were refused, by customer

	duplicates, again         int64
	bursts, burstAccepted     int64
	holds, held, usedOfHolds  int64
	events, calls, customers  int64
	accepted, refusals, total int64
}

// The limits of chat.yaml, as literal numbers: whoever changes them there changes the demo.
func naiveRequests() map[string]int64 { return map[string]int64{"guest": 5, "free": 20, "pro": 1000} }

func naiveTokens() map[string]int64 {
	return map[string]int64{"guest": 10_000, "free": 30_000, "pro": 2_000_000} // 1 credit is 1,000 tokens
}

// replayNaively plays the trace in its order, one request at a time.
func replayNaively(t *testing.T, requests []trace.Request) naive {
	t.Helper()
	m := naive{
		requests: map[string]int64{}, tokens: map[string]int64{}, sent: map[string]int64{}, used: map[string]int64{},
		paid: map[string]int64{}, refused: map[string]int64{}, unpaid: map[string]int64{},
		denied: map[string][]int64{}, short: map[string][]int64{},
	}
	customers := newDemoCustomers()
	var left []int64
	for _, c := range customers {
		m.requests[string(c.name)], m.tokens[string(c.name)] = naiveRequests()[string(c.plan)], naiveTokens()[string(c.plan)]
		left = append(left, naiveRequests()[string(c.plan)])
	}
	m.customers = int64(len(customers))
	for i, r := range spread(requests, customers, left) {
		who, plan := string(customers[r.customer].name), string(customers[r.customer].plan)
		in, out := requests[i].Context, requests[i].Generated
		copies := 1
		if i%500 == 250 {
			if copies = 16; m.requests[who] < 1 || m.requests[who] > 15 {
				t.Errorf("the burst of request %d goes to %s, who has %d left: not near the limit", i, who, m.requests[who])
			}
			m.bursts++
			m.burstAccepted += m.requests[who]
		}
		for range copies {
			m.sent[who]++
			m.calls++
			accepted := m.requests[who] > 0
			if i%100 == 99 {
				m.calls++
				if accepted {
					m.duplicates++
				} else {
					m.again++
				}
			}
			if !accepted {
				m.refused[plan]++
				if copies == 1 {
					m.denied[who] = append(m.denied[who], in+out)
				}
				continue
			}
			m.requests[who]--
			m.used[who]++
			m.events++
			m.calls++
			needed := in + out
			hold := i%50 == 25
			if hold {
				needed = in + 2*out
			}
			if needed > m.tokens[who] {
				m.unpaid[plan]++
				if copies == 1 {
					m.short[who] = append(m.short[who], in+out)
				}
				continue
			}
			if hold {
				m.holds++
				m.held += needed
				m.usedOfHolds += in + out
				m.calls++
			}
			m.tokens[who] -= in + out
			m.paid[who] += in + out
			m.events++
		}
	}
	for _, c := range customers {
		m.accepted += m.used[string(c.name)]
		m.total += m.sent[string(c.name)]
	}
	m.refusals = m.refused["guest"] + m.refused["free"] + m.refused["pro"]
	return m
}

// report returns what the demo has to print, but for how fast it was.
func (m naive) report(requests []trace.Request) demoReport {
	one := quantity.Whole
	var tokens int64
	for _, n := range m.paid {
		tokens += n
	}
	r := demoReport{
		Trace:    demoTrace{Requests: 19366, Customers: 200, From: requests[0].At, To: requests[len(requests)-1].At},
		Requests: m.total, Accepted: m.accepted, Refused: m.refusals,
		Refusals: []demoRefusal{
			{"guest", "ai_requests", one(5), period.Never, m.refused["guest"]},
			{"free", "ai_requests", one(20), period.Day, m.refused["free"]},
			{"pro", "ai_requests", one(1000), period.BillingPeriod, m.refused["pro"]},
			{"guest", "token_credits", one(10), period.Never, m.unpaid["guest"]},
			{"free", "token_credits", one(30), period.Day, m.unpaid["free"]},
			{"pro", "token_credits", one(2000), period.BillingPeriod, m.unpaid["pro"]},
		},
		Repeats: demoRepeats{Sent: 193, Duplicates: m.duplicates, Refused: m.again},
		Bursts:  demoBursts{Bursts: m.bursts, Requests: 16 * m.bursts, Left: m.burstAccepted, Accepted: m.burstAccepted},
		Tokens:  tokens, Unpaid: m.unpaid["guest"] + m.unpaid["free"] + m.unpaid["pro"],
		Holds: demoHolds{Opened: m.holds, Captured: m.holds, Held: m.held, Used: m.usedOfHolds},
		Speed: demoSpeed{Calls: m.calls, Events: m.events},
		// Each customer has two accounts, each with a line for its window; a hold is a line beside the event.
		Audit:    tollgate.Audit{Accounts: 2 * m.customers, Lines: 2*m.customers + m.events + m.holds, Findings: []tollgate.Finding{}},
		Sales:    m.sales(),
		Citation: trace.Citation,
	}
	for who, sent := range m.sent {
		plan := "free"
		switch who[len(who)-1] {
		case '0':
			plan = "pro"
		case '5':
			plan = "guest"
		}
		r.Heaviest = append(r.Heaviest, demoHeavy{
			Customer: id.Customer(who), Plan: id.Slug(plan), Requests: sent, Used: one(m.used[who]), Limit: one(naiveRequests()[plan]),
			Tokens: m.paid[who], Credits: one(m.paid[who]) / 1000, CreditLimit: one(naiveTokens()[plan]) / 1000,
		})
	}
	slices.SortFunc(r.Heaviest, func(a, b demoHeavy) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Customer, b.Customer))
	})
	r.Heaviest = r.Heaviest[:5]
	return r
}

// readTrace reads the CSV without the package that embeds it.
func readTrace(t *testing.T) []trace.Request {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("..", "..", "examples", "trace", "azure_llm_conv.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(unpacked).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var requests []trace.Request
	for _, row := range rows[1:] {
		at, err := time.Parse("2006-01-02 15:04:05", row[0])
		if err != nil {
			t.Fatal(err)
		}
		in, err := strconv.ParseInt(row[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		out, err := strconv.ParseInt(row[2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, trace.Request{At: at, Context: in, Generated: out})
	}
	return requests
}

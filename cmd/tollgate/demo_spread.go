package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/tollgate/tollgate/examples/trace"
	"github.com/tollgate/tollgate/id"
)

// How the trace becomes the requests of an app. All of it is fixed, so that every run sends the same requests.
const (
	demoCustomers = 200
	demoSeed      = 2023

	demoTwiceEvery = 100 // one request in so many is sent twice
	demoTwiceAt    = 99
	demoBurstEvery = 500 // one in so many is sent as a burst
	demoBurstAt    = 250
	demoBurstSize  = 16 // requests at the same time
	demoHoldEvery  = 50 // one in so many holds its tokens before it knows how many they are
	demoHoldAt     = 25
)

// A demoCustomer is one of those the trace is spread over.
type demoCustomer struct {
	name   id.Customer
	plan   id.Slug
	weight int64
}

// A demoRequest is what one request of the trace has become.
type demoRequest struct {
	trace.Request
	index    int // in the trace
	customer int // of the demo's customers
	burst    bool
	twice    bool
	hold     bool
}

// transaction returns the id under which the request does something.
func (r demoRequest) transaction(what string) string { return fmt.Sprintf("%s-%d", what, r.index) }

// newDemoCustomers returns the customers. Every tenth pays for Pro, and these are the ones who ask most; every tenth
// is a guest, and these ask least; all others are on Free.
func newDemoCustomers() []demoCustomer {
	customers := make([]demoCustomer, demoCustomers)
	rank := demoCustomers / 10
	for i := range customers {
		n := i + 1
		c := demoCustomer{name: id.Customer(fmt.Sprintf("user-%03d", n))}
		switch n % 10 {
		case 0:
			c.plan, c.weight = "pro", demoWeight(n/10)
		case 5:
			c.plan, c.weight = "guest", demoWeight(demoCustomers-demoCustomers/10+n/10+1)
		default:
			rank++
			c.plan, c.weight = "free", demoWeight(rank)
		}
		customers[i] = c
	}
	return customers
}

// demoWeight returns how much the customer of a rank, from 1 on, asks compared to others: 1/(rank+17)², a law of Zipf
// with Mandelbrot's correction, which keeps the first from having almost everything.
func demoWeight(rank int) int64 { return 1_000_000_000 / int64((rank+17)*(rank+17)) }

// spread gives every request of the trace to a customer, and bursts to customers near their limit. left is how many
// requests each may make in all.
func spread(requests []trace.Request, customers []demoCustomer, left []int64) []demoRequest {
	var sums []int64
	var sum int64
	for _, c := range customers {
		sum += c.weight
		sums = append(sums, sum)
	}
	left = slices.Clone(left)
	draw := splitMix(demoSeed)
	out := make([]demoRequest, len(requests))
	for i, request := range requests {
		x := int64(draw.next() % uint64(sum))
		at, _ := slices.BinarySearch(sums, x+1)
		r := demoRequest{
			Request: request, index: i, customer: at,
			burst: i%demoBurstEvery == demoBurstAt, twice: i%demoTwiceEvery == demoTwiceAt, hold: i%demoHoldEvery == demoHoldAt,
		}
		asks := int64(1)
		if r.burst {
			r.customer = nearLimit(customers, left, at)
			asks = demoBurstSize
		}
		left[r.customer] = max(left[r.customer]-asks, 0)
		out[i] = r
	}
	return out
}

// nearLimit returns, of the customers who have some requests left but fewer than a burst has, the one who asks most:
// those who ask less get there later. Without any it returns other.
func nearLimit(customers []demoCustomer, left []int64, other int) int {
	near := -1
	for i, c := range customers {
		if 0 < left[i] && left[i] < demoBurstSize && (near < 0 || c.weight > customers[near].weight) {
			near = i
		}
	}
	if near < 0 {
		return other
	}
	return near
}

// minutes cuts requests into those of the same minute.
func minutes(requests []demoRequest) [][]demoRequest {
	var out [][]demoRequest
	for from, i := 0, 1; i <= len(requests); i++ {
		if i == len(requests) || !requests[i].At.Truncate(time.Minute).Equal(requests[from].At.Truncate(time.Minute)) {
			out = append(out, requests[from:i])
			from = i
		}
	}
	return out
}

// A splitMix is Vigna's generator SplitMix64 (https://prng.di.unimi.it/splitmix64.c), written out so that its numbers
// are the same whatever the version of Go.
type splitMix uint64

func (s *splitMix) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

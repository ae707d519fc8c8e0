package main

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
)

// serve sends again, for all buyers at the same time, what each was refused before it paid. All of it must be served.
func (s *demoShop) serve(ctx context.Context, buyers []demoBuyer) error {
	group, all := errgroup.WithContext(ctx)
	for i := range buyers {
		group.Go(func() error { return s.serveOne(all, &buyers[i]) })
	}
	return group.Wait()
}

// serveOne sends again, in their order and under the same transactionIds, the requests that a buyer was refused when it has
// bought requests, and the tokens when it has bought what pays for them.
func (s *demoShop) serveOne(ctx context.Context, b *demoBuyer) error {
	o, t := s.offer(b.slug), s.tallies[b.customer]
	if o.topUp() && o.grants[demoRequests] == 0 {
		t.unserved = nil
	}
	if o.topUp() && o.grants[demoCredits] == 0 {
		t.unpaid = nil
	}
	again := slices.Concat(t.unserved, t.unpaid)
	slices.SortStableFunc(again, func(a, b demoRequest) int { return a.index - b.index })
	for _, r := range again {
		if slices.ContainsFunc(t.unserved, func(u demoRequest) bool { return u.index == r.index }) {
			if err := s.serveRequest(ctx, b, r, r.transaction("request")); err != nil {
				return err
			}
		}
		if err := s.serveTokens(ctx, b, r, r.transaction("tokens")); err != nil {
			return err
		}
	}
	return nil
}

// serveMore sends another request of a buyer, which was refused before and is served.
func (s *demoShop) serveMore(ctx context.Context, b *demoBuyer) error {
	r := s.tallies[b.customer].unserved[0]
	if err := s.serveRequest(ctx, b, r, r.transaction("request-renewed")); err != nil {
		return err
	}
	return s.serveTokens(ctx, b, r, r.transaction("tokens-renewed"))
}

// serveRequest consumes a request, which must be accepted.
func (s *demoShop) serveRequest(ctx context.Context, b *demoBuyer, r demoRequest, transaction string) error {
	r.At = s.clock.now()
	_, refused, err := s.consume(ctx, &b.served, s.usage(r, demoRequests, 1, transaction), demoRequests)
	if err == nil && refused {
		err = fmt.Errorf("%s has paid for %s, and is refused request %d all the same", b.name, b.slug, r.index)
	}
	b.served.Accepted++
	return err
}

// serveTokens consumes the tokens of a request, which must be accepted.
func (s *demoShop) serveTokens(ctx context.Context, b *demoBuyer, r demoRequest, transaction string) error {
	r.At = s.clock.now()
	err := s.payTokens(ctx, &b.served, r, transaction)
	if err == nil && b.served.TokensRefused > 0 {
		err = fmt.Errorf("%s has paid for %s, and is refused the tokens of request %d all the same", b.name, b.slug, r.index)
	}
	return err
}

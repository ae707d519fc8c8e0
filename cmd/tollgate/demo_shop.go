package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/sandbox"
)

const (
	// demoSecretKey is what the sandbox beside the demo is called with: it takes any key of this kind.
	demoSecretKey = "sk_test_demo"
	demoSettleMax = time.Minute // webhooks and reports of usage take no longer
	demoSettle    = 5 * time.Millisecond
)

// A demoStripe is the sandbox that a demo sells through.
type demoStripe struct {
	*sandbox.Server
	url  string
	stop func()
}

// openDemoStripe starts a sandbox whose clock begins at a time of the trace, and runs.
func openDemoStripe(ctx context.Context, at time.Time) (*demoStripe, error) {
	server, url, stop, err := beside(ctx, "127.0.0.1:0", sandbox.Options{Start: at, Log: slog.New(slog.DiscardHandler)})
	return &demoStripe{server, url, stop}, err
}

// payments returns how an engine sells through the sandbox, which sends its webhooks to the API at url.
func (s *demoStripe) payments(url string) (tollgate.Payments, error) {
	secret, err := s.Listen(url + "/webhooks/stripe")
	return tollgate.Payments{SecretKey: demoSecretKey, WebhookSecret: secret, URL: s.url, SuccessURL: url + "/docs?paid={CHECKOUT_SESSION_ID}"}, err
}

// catchUp moves the sandbox's clock to where a replay has ended, and lets the engine's clock follow it.
func (s *demoStripe) catchUp(ctx context.Context, clock *replayClock) error {
	const second = time.Second // of which the sandbox counts whole ones
	at := clock.now().Add(second - 1).Truncate(second)
	if now := s.Now(); now.After(at) {
		at = now
	}
	if err := s.Advance(ctx, at); err != nil {
		return err
	}
	clock.follow(s.Now)
	return nil
}

// A demoShop sells to the customers of a replay.
type demoShop struct {
	*replay
	engine *tollgate.Engine
	stripe *demoStripe
	bank   *demoClient  // reads what the sandbox has, by its API
	doing  atomic.Value // string: for who watches
}

// settle waits until every webhook that is due was delivered and worked on.
func (s *demoShop) settle(ctx context.Context) error {
	if err := s.stripe.Flush(ctx); err != nil {
		return err
	}
	return s.until(ctx, "webhooks are worked on", func() (bool, error) {
		waiting, err := s.engine.Webhooks(ctx, "pending", 1)
		return len(waiting) == 0, err
	})
}

// until waits until done says so.
func (s *demoShop) until(ctx context.Context, what string, done func() (bool, error)) error {
	for start := time.Now(); ; {
		is, err := done()
		switch {
		case err != nil || is:
			return err
		case time.Since(start) > demoSettleMax:
			return fmt.Errorf("waited %s until %s, and they are not", demoSettleMax, what)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(demoSettle):
		}
	}
}

// advance moves the clock of the sandbox and the engine, and settles.
func (s *demoShop) advance(ctx context.Context, to time.Time) error {
	if err := s.stripe.Advance(ctx, to); err != nil {
		return err
	}
	return s.settle(ctx)
}

// ask reads a path of Tollgate's API. No refusal is expected.
func ask[T any](ctx context.Context, c *demoClient, method, path string, body any) (T, error) {
	var out T
	a, err := c.call(ctx, method, path, body)
	if err != nil {
		return out, err
	}
	refused, err := a.read(&out)
	if err == nil && refused != nil {
		err = a.unexpected("it had to succeed")
	}
	return out, err
}

// list reads all objects of a kind from the sandbox.
func list[T interface{ name() string }](ctx context.Context, c *demoClient, path string) ([]T, error) {
	var all []T
	for after := ""; ; {
		page, err := ask[struct {
			Data    []T  `json:"data"`
			HasMore bool `json:"has_more"`
		}](ctx, c, http.MethodGet, path+after, nil)
		if err != nil {
			return nil, err
		}
		if all = append(all, page.Data...); !page.HasMore {
			return all, nil
		}
		after = "&starting_after=" + page.Data[len(page.Data)-1].name()
	}
}

// of returns the path of a customer.
func of(name id.Customer) string { return "/v1/customers/" + string(name) }

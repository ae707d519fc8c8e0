package billing_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

func TestCustomersWithoutBillingAreSubscribedOnce(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := console(t, db, sandbox.Options{}, func(o *tollgate.Options) { o.Payments.Automatic = &tollgate.AutomaticPlan{Price: "console_monthly"} })
		elsewhere := "123456789012"
		for _, name := range []id.Customer{"one", "two", "three"} {
			s.customer(name)
		}
		for name, key := range map[id.Customer]string{"aws": "awsAccountId", "azure": "azureSubscriptionId"} {
			if _, _, err := s.engine.PutCustomer(s.ctx, name, tollgate.CustomerChange{Metadata: map[string]*string{key: &elsewhere}}); err != nil {
				t.Fatal(err)
			}
		}
		// Half of the answers are lost on the way, and two processes are at it.
		s.sandbox.SetChaos(sandbox.Chaos{Faults: []sandbox.Fault{{Method: http.MethodPost, Path: "/v1/", Percent: 50, Lose: true}}})
		other := s.begin(db)
		for range 5 {
			if err := s.sandbox.AdvanceBy(s.ctx, 3*time.Minute); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for _, e := range []*tollgate.Engine{s.engine, other} {
				wg.Go(func() {
					for {
						if n, err := e.Work(s.ctx); err != nil || n == 0 {
							return
						}
					}
				})
			}
			wg.Wait()
		}
		s.sandbox.SetChaos(sandbox.Chaos{})
		s.minute()
		s.minute()
		for _, name := range []id.Customer{"one", "two", "three"} {
			s.want("subscribed", name, "console", requests, 10_000)
			if got := s.subscription(name); got.Status != "trialing" || len(got.Items) != 3 {
				t.Errorf("%s has a %s subscription of %d items, want trialing, of 3", name, got.Status, len(got.Items))
			}
			var found struct {
				Data []struct{} `json:"data"`
			}
			s.read("/v1/subscriptions?status=all&customer="+s.stripeID(name), &found)
			if len(found.Data) != 1 {
				t.Errorf("%s has %d subscriptions at Stripe", name, len(found.Data))
			}
		}
		for _, name := range []id.Customer{"aws", "azure"} {
			if at := s.stripeID(name); at != "" {
				t.Errorf("%s, who is billed elsewhere, is %s at Stripe", name, at)
			}
		}
		s.advance(30*day + 2*time.Hour)
		if got := s.subscription("one").Status; got != "paused" {
			t.Errorf("a trial that ended without a card is %s, want paused", got)
		}
		s.want("after the trial", "one", "none", requests, 0)
	})
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/plan"
)

// report lets the engine tell Stripe what is billed by use, and holds what was used against what was told, and against
// what Stripe counts. It moves the clock by half an hour and a bit, after which the engine itself has compared them.
func (s *demoShop) report(ctx context.Context, buyers []demoBuyer) ([]demoMetered, error) {
	if err := s.advance(ctx, s.stripe.Now().Add(time.Minute)); err != nil { // usage is counted by the minute
		return nil, err
	}
	var out []demoMetered
	for i := range buyers {
		if buyers[i].slug != demoSellsScale {
			continue
		}
		one := demoMetered{Customer: buyers[i].name, Used: buyers[i].served.Tokens}
		err := s.until(ctx, "usage is reported", func() (bool, error) {
			if _, err := s.engine.Work(ctx); err != nil {
				return false, err
			}
			told, err := s.reportable(ctx, one.Customer)
			one.Reported = told.AlreadyReported
			return told.ToReport == 0 && told.AlreadyReported > 0, err
		})
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	if err := s.advance(ctx, s.stripe.Now().Add(demoCheckAfter)); err != nil {
		return nil, err
	}
	err := s.until(ctx, "reports are compared", func() (bool, error) {
		n, err := s.engine.Work(ctx)
		return n == 0, err
	})
	if err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].AtStripe, err = s.counted(ctx, out[i].Customer); err != nil {
			return nil, err
		}
		if x := out[i]; x.Reported != x.Used || x.AtStripe != x.Used {
			return nil, fmt.Errorf("%s has used %d tokens, but %d were reported and Stripe counts %d", x.Customer, x.Used, x.Reported, x.AtStripe)
		}
	}
	trouble, err := s.engine.ReportErrors(ctx)
	if err == nil && len(trouble) > 0 {
		err = fmt.Errorf("usage was not reported: %+v", trouble)
	}
	return out, err
}

// demoCheckAfter is when reports have been compared with what Stripe counts (docs/reporting.md).
const demoCheckAfter = 31 * time.Minute

// reportable returns what a customer owes for tokens.
func (s *demoShop) reportable(ctx context.Context, name id.Customer) (tollgate.Reportable, error) {
	all, err := ask[struct{ Data []tollgate.Reportable }](ctx, s.client, http.MethodGet, of(name)+"/reportable-usage", nil)
	if err == nil && (len(all.Data) != 1 || all.Data[0].Meter != demoTokens) {
		err = fmt.Errorf("%s pays for tokens by use, but what it owes is %+v", name, all.Data)
	}
	if err != nil {
		return tollgate.Reportable{}, err
	}
	return all.Data[0], nil
}

// counted returns how many tokens of a customer's period the sandbox's meter counts.
func (s *demoShop) counted(ctx context.Context, name id.Customer) (int64, error) {
	told, err := s.reportable(ctx, name)
	if err != nil {
		return 0, err
	}
	meters, err := list[demoMeterThere](ctx, s.bank, "/v1/billing/meters?limit=100")
	if err != nil {
		return 0, err
	}
	customers, err := list[demoCustomerThere](ctx, s.bank, "/v1/customers?limit=100")
	if err != nil {
		return 0, err
	}
	from, to := told.PeriodStart.Truncate(time.Minute), s.stripe.Now().Add(time.Minute).Truncate(time.Minute)
	for _, m := range meters {
		for _, c := range customers {
			if !strings.HasSuffix(m.EventName, "_"+string(demoTokens)) || c.Metadata["customer"] != string(name) {
				continue
			}
			sums, err := ask[struct {
				Data []struct {
					Value json.Number `json:"aggregated_value"`
				} `json:"data"`
			}](ctx, s.bank, http.MethodGet, fmt.Sprintf("/v1/billing/meters/%s/event_summaries?customer=%s&start_time=%d&end_time=%d", m.ID, c.ID, from.Unix(), to.Unix()), nil)
			if err != nil || len(sums.Data) != 1 {
				return 0, fmt.Errorf("read what Stripe counts of %s: %v, %w", name, sums.Data, err)
			}
			return sums.Data[0].Value.Int64()
		}
	}
	return 0, fmt.Errorf("the sandbox has no meter of tokens, or no customer %s", name)
}

// price returns by what the usage of a meter is billed.
func (s *demoShop) price(meter id.Slug) plan.Price {
	for _, p := range s.catalog.Plans {
		for _, price := range p.Prices {
			if price.Meter == meter {
				return price
			}
		}
	}
	return plan.Price{}
}

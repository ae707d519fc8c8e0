package stripe

import (
	"context"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
)

// slug returns the balance that a meter of ours counts, and false for a meter of others.
func (m meterFound) slug() (id.Slug, bool) {
	slug, ours := strings.CutPrefix(m.EventName, eventPrefix)
	return id.Slug(slug), ours
}

const (
	meterActive   = "active"
	meterInactive = "inactive"
)

func (s *shelf) compareMeters(want *goods, out *Changes) error {
	for _, w := range want.meters {
		found := s.meter(w.slug)
		line := Step{Kind: KindMeter, Slug: w.slug, What: w.name}
		if found == nil {
			line.Op = OpCreate
			out.add(step{Step: line, path: "/v1/billing/meters", form: form{{"display_name", w.name},
				{"event_name", MeterName(w.slug)}, {"default_aggregation[formula]", "sum"}}})
			continue
		}
		if formula := found.DefaultAggregation.Formula; formula != "sum" {
			return fault.New(fault.Conflict, "Stripe has a meter %s that does not add up (%s). Deactivate it there, and apply again.", found.EventName, formula)
		}
		out.ids[ref(KindMeter, w.slug)] = found.ID
		line.Op, line.ID = OpChange, found.ID
		path := "/v1/billing/meters/" + found.ID
		if found.Status != meterActive {
			line.What = "counts again"
			out.add(step{Step: line, path: path + "/reactivate", done: func(s state) bool { return s.Status == meterActive }})
		}
		if found.DisplayName != w.name {
			differs := differences{}
			differs.text("name", found.DisplayName, w.name)
			line.What = differs.String()
			out.add(step{Step: line, path: path, form: form{{"display_name", w.name}}})
		}
	}
	return nil
}

// meter returns the meter of a balance: the active one, else the newest, else nil.
func (s *shelf) meter(slug id.Slug) *meterFound {
	var found *meterFound
	for i := range s.meters {
		if of, ours := s.meters[i].slug(); ours && of == slug && (found == nil || found.Status != meterActive) {
			found = &s.meters[i]
		}
	}
	return found
}

// retireMeters deactivates the meters that nothing sold counts with, but keeps those that somebody still pays by: Stripe
// takes no usage for an inactive meter.
func (c *Client) retireMeters(ctx context.Context, s *shelf, want *goods, out *Changes) error {
	for _, m := range s.meters {
		slug, ours := m.slug()
		if !ours || m.Status != meterActive || slices.ContainsFunc(want.meters, func(w meterWish) bool { return w.slug == slug }) {
			continue
		}
		line := Step{Op: OpArchive, Kind: KindMeter, Slug: slug, ID: m.ID, What: m.DisplayName}
		used, err := c.billed(ctx, s, m.ID)
		if err != nil {
			return err
		}
		if used {
			line.Op, line.What = OpKeep, m.DisplayName+": subscriptions still pay by it"
		}
		out.add(step{Step: line, path: "/v1/billing/meters/" + m.ID + "/deactivate",
			done: func(s state) bool { return s.Status == meterInactive }})
	}
	return nil
}

// billed reports whether a subscription that has not ended has a price with this meter.
func (c *Client) billed(ctx context.Context, s *shelf, meter string) (bool, error) {
	for _, p := range s.prices {
		if p.Recurring == nil || p.Recurring.Meter != meter {
			continue
		}
		var page struct {
			Data []struct{} `json:"data"`
		}
		query := form{{"price", p.ID}, {"limit", "1"}}
		if err := c.read(ctx, "/v1/subscriptions?"+query.encode(), &page); err != nil {
			return false, err
		}
		if len(page.Data) > 0 {
			return true, nil
		}
	}
	return false, nil
}

package flowglad

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tollgate/tollgate/id"
)

// allSeats returns every resource that the plan of a subscription has, in the order of their slugs.
func (s *Server) allSeats(c *call, subscriptionID string, only func(id.Slug) bool) ([]seatAnswer, error) {
	sub, owner, err := s.engine.Subscription(c.Context(), subscriptionID)
	if err != nil {
		return nil, err
	}
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	out := []seatAnswer{}
	for _, slug := range slices.Sorted(maps.Keys(sh.catalog.Plans[sub.Plan].Includes)) {
		if !sh.resources[slug] || !only(slug) {
			continue
		}
		st, err := s.readSeats(c, sub, owner.ExternalID, slug)
		if err != nil {
			return nil, err
		}
		one, err := st.answer()
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// seatUsages is GET resource-claims/{subscriptionId}/usages: a bare list.
func (s *Server) seatUsages(c *call) (any, error) {
	q := c.URL.Query()
	slugs, ids := words(q.Get("resourceSlugs")), words(q.Get("resourceIds"))
	return s.allSeats(c, c.args[0], func(slug id.Slug) bool {
		return len(slugs)+len(ids) == 0 || slices.Contains(slugs, string(slug)) || slices.Contains(ids, resourceID(slug))
	})
}

func words(joined string) []string {
	return slices.DeleteFunc(strings.Split(joined, ","), func(s string) bool { return s == "" })
}

// slugIn returns the resource that a query names by its slug or its id.
func slugIn(c *call) id.Slug {
	q := c.URL.Query()
	byID, _ := strings.CutPrefix(q.Get("resourceId"), resourceID(""))
	return id.Slug(cmp.Or(q.Get("resourceSlug"), byID))
}

// seatUsage is GET resource-claims/{subscriptionId}/usage.
func (s *Server) seatUsage(c *call) (any, error) {
	st, err := s.seatsOf(c, c.args[0], slugIn(c))
	if err != nil {
		return nil, err
	}
	return st.answer()
}

type claimsAnswer struct {
	Claims []claim `json:"claims"`
}

// seatClaims is GET resource-claims/{subscriptionId}/claims; without a resource, those of all.
func (s *Server) seatClaims(c *call) (any, error) { return s.claimsOf(c, c.args[0], slugIn(c)) }

func (s *Server) claimsOf(c *call, subscriptionID string, slug id.Slug) (claimsAnswer, error) {
	out := claimsAnswer{[]claim{}}
	if slug != "" {
		st, err := s.seatsOf(c, subscriptionID, slug)
		if err != nil {
			return out, err
		}
		out.Claims = append(out.Claims, st.active...)
		return out, nil
	}
	all, err := s.allSeats(c, subscriptionID, func(id.Slug) bool { return true })
	for _, one := range all {
		out.Claims = append(out.Claims, one.Claims...)
	}
	return out, err
}

// claimSeats is POST resource-claims/{subscriptionId}/claim.
func (s *Server) claimSeats(c *call) (any, error) { return s.claimed(c, c.args[0]) }

func (s *Server) claimed(c *call, subscriptionID string) (any, error) {
	var in claimWrite
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	st, err := s.seatsOf(c, subscriptionID, in.ResourceSlug)
	if err != nil {
		return nil, err
	}
	return st.take(in)
}

// releaseSeats is POST resource-claims/{subscriptionId}/release.
func (s *Server) releaseSeats(c *call) (any, error) { return s.released(c, c.args[0]) }

func (s *Server) released(c *call, subscriptionID string) (any, error) {
	var in claimWrite
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	st, err := s.seatsOf(c, subscriptionID, in.ResourceSlug)
	if err != nil {
		return nil, err
	}
	return st.give(in)
}

// A resource is what can be claimed.
type resource struct {
	ID             string `json:"id"`
	Slug           string `json:"slug"`
	Name           string `json:"name"`
	Active         bool   `json:"active"`
	Livemode       bool   `json:"livemode"`
	OrganizationID string `json:"organizationId"`
	PricingModelID string `json:"pricingModelId"`
	CreatedAt      int64  `json:"createdAt"`
	UpdatedAt      int64  `json:"updatedAt"`
}

func (sh *shelf) resourcesSold() []resource {
	out := []resource{}
	for _, slug := range slices.Sorted(maps.Keys(sh.resources)) {
		if sh.resources[slug] {
			out = append(out, resource{ID: resourceID(slug), Slug: string(slug), Name: sh.catalog.Meters[slug].Name, Active: true,
				Livemode: sh.model.Livemode, OrganizationID: organizationID, PricingModelID: modelID})
		}
	}
	return out
}

// listResources is GET resources.
func (s *Server) listResources(c *call) (any, error) {
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	return struct {
		Resources []resource `json:"resources"`
	}{sh.resourcesSold()}, nil
}

// resource is GET resources/{id}.
func (s *Server) resource(c *call) (any, error) {
	sh, err := s.shelf(c.Context(), c.live)
	if err != nil {
		return nil, err
	}
	for _, one := range sh.resourcesSold() {
		if one.ID == c.args[0] {
			return struct {
				Resource resource `json:"resource"`
			}{one}, nil
		}
	}
	return nil, missing("Resource %s not found", c.args[0])
}

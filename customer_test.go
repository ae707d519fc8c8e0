package tollgate_test

import (
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
)

func TestNobodyBecomesAGuestAgain(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock(noon()))
		yes, no := true, false
		for _, step := range []struct {
			guest *bool
			plan  id.Slug
		}{{&yes, "guest"}, {nil, "guest"}, {&no, "free"}, {&yes, "free"}} {
			c, _, err := e.PutCustomer(t.Context(), "ada", tollgate.CustomerChange{Guest: step.guest})
			if err != nil || c.Plan != step.plan {
				t.Fatalf("the plan is %s, want %s (%v)", c.Plan, step.plan, err)
			}
		}
	})
}

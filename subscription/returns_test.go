package subscription_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

// TestTogetherReturnsTakeTheShareOfTheMoneyThatIsGone, in whole units, rounded in the customer's favour: whichever of them failed,
// were won, are asked about only, or come first.
func TestTogetherReturnsTakeTheShareOfTheMoneyThatIsGone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pay := subscription.Payment{ID: "ch", Amount: rapid.Int64Range(1, 1000).Draw(t, "amount"), Status: "succeeded", CreatedAt: on(1, 15),
			Grants: map[id.Slug]quantity.Units{"tokens": quantity.Whole(rapid.Int64Range(1, 1000).Draw(t, "units"))}}
		var gone int64
		told := map[string]bool{}
		for n := range rapid.IntRange(0, 6).Draw(t, "returns") {
			r := subscription.Return{ID: fmt.Sprint("r", n), Amount: rapid.Int64Range(1, pay.Amount).Draw(t, "back"), CreatedAt: on(1, rapid.IntRange(16, 17).Draw(t, "day")),
				Dispute: rapid.Bool().Draw(t, "dispute")}
			statuses := []string{"succeeded", "pending", "requires_action", "failed", "canceled"}
			if r.Dispute {
				statuses = []string{"needs_response", "under_review", "lost", "won", "warning_closed", "warning_needs_response", "warning_under_review"}
			}
			r.Status = rapid.SampledFrom(statuses).Draw(t, "status")
			if pay.Returns = append(pay.Returns, r); r.Stands() {
				gone += r.Amount
			}
			told[r.ID] = !r.Inquiry()
		}
		decide := func() map[string]subscription.ClawBack {
			all := map[string]subscription.ClawBack{}
			for _, c := range subscription.Decide(subscription.Picture{Payments: []subscription.Payment{pay}}, subscription.Policy{}, on(1, 20)).ClawBacks {
				all[c.ID] = c
			}
			return all
		}
		backs := decide()
		var sum quantity.Units
		for _, r := range pay.Returns {
			c, is := backs[r.ID]
			if is != told[r.ID] || c.Amount < 0 || !r.Stands() && c.Amount > 0 || is && (c.Undone == "") != r.Stands() {
				t.Errorf("the claw-back of %+v is %+v (%t)", r, c, is)
			}
			sum += c.Amount
		}
		want := pay.Grants["tokens"].Share(min(gone, pay.Amount), pay.Amount)
		if want -= want % quantity.One; sum != want {
			t.Errorf("%d of %d are gone, and %s of %s are taken, want %s: %v", gone, pay.Amount, sum, pay.Grants["tokens"], want, backs)
		}
		mix(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), pay.Returns)
		if diff := cmp.Diff(backs, decide()); diff != "" {
			t.Errorf("another order decides otherwise (-want +got):\n%s", diff)
		}
	})
}

package tollgate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/quantity"
)

// What the writer keeps of an account's terms and payer goes with the time and the catalog that they are of, though nobody has
// written the customer.
func TestWhatIsKnownOfAnAccountEndsWithWhatItIsOf(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := open(t, url, c)
		for _, name := range []id.Customer{"ann", "bob", "cem"} {
			put(t, e, name, "free")
		}
		spend := func(step string, customer id.Customer, meter id.Slug, amount int64, want string) {
			t.Helper()
			r, err := e.Consume(t.Context(), use(customer, meter, amount, step))
			switch {
			case want == "" && !fault.Has(err, fault.InsufficientCredits):
				t.Errorf("%s: %+v, %v; want insufficient_credits", step, r.Balance, err)
			case want != "" && (err != nil || r.Balance.Available.String() != want):
				t.Errorf("%s: %+v, %v; want %s available", step, r.Balance, err, want)
			}
		}
		end := noon().Add(time.Hour)
		_, err := e.AddLimitAdjustment(t.Context(), tollgate.LimitAdjustmentRequest{
			Customer: "ann", Balance: "requests", Amount: quantity.Whole(5), Type: credit.OneTime, EndsAt: &end,
		})
		if err != nil {
			t.Fatal(err)
		}
		spend("while the limit is moved", "ann", "requests", 1, "14")
		c.move(2 * time.Hour)
		spend("past the limit that was moved until an hour ago", "ann", "requests", 10, "")
		spend("after it was moved", "ann", "requests", 1, "8")
		spend("under a low limit", "bob", "requests", 1, "9")
		spend("a unit for a thousand tokens", "cem", "tokens", 1000, "99")

		other := strings.NewReplacer("requests: {limit: 10, every: day}", "requests: {limit: 30, every: day}", `tokens: "0.001"`, `tokens: "0.002"`).Replace(shop)
		if _, err := e.Publish(t.Context(), "shop.yaml", []byte(other), false); err != nil {
			t.Fatal(err)
		}
		spend("under a higher limit", "bob", "requests", 21, "8")
		spend("two units for a thousand tokens", "cem", "tokens", 1000, "97")
	})
}

package tollgate_test

import (
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
)

const (
	// visitors is a catalog whose plans pay for one unique meter from different balances.
	visitors = `
currency: usd
meters:
  users: {aggregation: unique, property: userId}
  peak:  {aggregation: max}
  calls: {aggregation: sum}
credits:
  credits: {costs: {users: 10, peak: 1, calls: 1}}
plans:
  free: {default: true, includes: {credits: {limit: 100, every: month}}}
  pro:  {includes: {users: {limit: 5, every: month}}}
`
	// noVisitors is visitors without the meters that do not add up.
	noVisitors = `
currency: usd
meters:
  calls: {aggregation: sum}
credits:
  credits: {costs: {calls: 1}}
plans:
  free: {default: true, includes: {credits: {limit: 100, every: month}}}
  pro:  {includes: {calls: {limit: 5, every: month}}}
`
)

func visit(t testing.TB, e *tollgate.Engine, tx id.Transaction, user string) {
	t.Helper()
	if _, err := e.Consume(t.Context(), meter.Usage{Customer: "ann", Meter: "users", TransactionID: tx, Properties: []byte(`{"userId":"` + user + `"}`)}); err != nil {
		t.Fatal(err)
	}
}

func void(t testing.TB, e *tollgate.Engine, tx id.Transaction) tollgate.Voided {
	t.Helper()
	v, err := e.Void(t.Context(), "ann", tx, "")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestAVoidReturnsAUniqueValueToTheBalanceThatPaidForIt: the pool paid for a value, then the plan changed and the meter's own
// balance, whose events name the value for nothing, would have been given the pool's units.
func TestAVoidReturnsAUniqueValueToTheBalanceThatPaidForIt(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		for _, order := range [][]id.Transaction{{"a", "b"}, {"b", "a"}} {
			t.Run(string(order[0])+" first", func(t *testing.T) {
				c := newClock(noon())
				e := openWith(t, url, tollgate.Options{Now: c.now})
				publish(t, e, visitors)
				if err := e.EraseCustomer(t.Context(), "ann"); err != nil && !fault.Has(err, fault.NotFound) {
					t.Fatal(err)
				}
				put(t, e, "ann", "pro")
				for _, user := range []string{"1", "2", "3", "4", "5"} {
					visit(t, e, id.Transaction("tx-"+user), user)
				}
				c.move(time.Second)
				put(t, e, "ann", "free")
				visit(t, e, "a", "v") // ten credits
				c.move(time.Second)
				put(t, e, "ann", "pro")
				visit(t, e, "b", "v") // paid for already
				if v := void(t, e, order[0]); v.Returned != 0 {
					t.Errorf("the void of %s returned %s while the other event names the value, want 0", order[0], v.Returned)
				}
				put(t, e, "ann", "free")
				v := void(t, e, order[1])
				if v.Returned.String() != "10" || v.Balance.Slug != "credits" {
					t.Errorf("the last void returned %s to %s, want 10 to credits", v.Returned, v.Balance.Slug)
				}
				if again := void(t, e, order[1]); !again.Duplicate || again.Returned != v.Returned {
					t.Errorf("the last void again: %+v, want the first answer", again)
				}
				if got := available(t, e, "ann", "credits"); got != "100" {
					t.Errorf("%s credits available, want 100: nothing stands that they paid for", got)
				}
				put(t, e, "ann", "pro")
				if got := available(t, e, "ann", "users"); got != "0" {
					t.Errorf("%s users available, want 0: five values stand", got)
				}
				if err := e.RollUp(t.Context()); err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

// TestAVoidGoesByWhatTheMeterWas: events of meters that have left the catalog are voided by the rules under which they were recorded.
func TestAVoidGoesByWhatTheMeterWas(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		c := newClock(noon())
		e := openWith(t, url, tollgate.Options{Now: c.now})
		publish(t, e, visitors)
		put(t, e, "ann", "free")
		visit(t, e, "a", "v")
		visit(t, e, "b", "v")
		if _, err := e.Consume(t.Context(), use("ann", "peak", 9, "p")); err != nil {
			t.Fatal(err)
		}
		c.move(time.Minute)
		publish(t, e, noVisitors)
		if v := void(t, e, "a"); v.Returned != 0 {
			t.Errorf("the void of a returned %s while b names the value, want 0", v.Returned)
		}
		if v := void(t, e, "b"); v.Returned.String() != "10" {
			t.Errorf("the void of b, the last that names the value, returned %s, want 10", v.Returned)
		}
		if _, err := e.Void(t.Context(), "ann", "p", ""); !fault.Has(err, fault.Conflict) {
			t.Errorf("the void of a reading of a max meter: %v, want a conflict", err)
		}
	})
}

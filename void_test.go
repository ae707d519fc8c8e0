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

// TestAVoidGivesNothingBackThatAResetHasForgotten: a value was paid for before a reset, and the last event that names it came after. Its
// void gives back what the payer had used, which the reset has taken out of the window already.
func TestAVoidGivesNothingBackThatAResetHasForgotten(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		c := newClock(noon())
		e := open(t, db, c)
		put(t, e, "ann", "free") // two users a month
		user := func(tx, value string) error {
			c.move(time.Second)
			_, err := e.Consume(t.Context(), meter.Usage{Customer: "ann", Meter: "users", TransactionID: id.Transaction(tx), Properties: []byte(`{"userId":"` + value + `"}`)})
			return err
		}
		done := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		done(user("a", "v"))
		_, err := e.ResetUsage(t.Context(), tollgate.ResetRequest{Customer: "ann", Balance: "users"})
		done(err)
		for tx, value := range map[string]string{"b": "v", "c": "w", "d": "x"} {
			done(user(tx, value))
		}
		for _, tx := range []id.Transaction{"a", "b"} {
			_, err := e.Void(t.Context(), "ann", tx, "")
			done(err)
		}
		if err := user("e", "y"); !fault.Has(err, fault.InsufficientCredits) {
			t.Errorf("a third value since the reset: %v, want insufficient_credits", err)
		}
	})
}

// TestAResetForgetsOnlyWindowsOfItsSort: what a plan gave once is used, and a reset comes while another plan's month is open. The void
// gives it back, for the reset did not.
func TestAResetForgetsOnlyWindowsOfItsSort(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		c := newClock(noon())
		e := open(t, db, c)
		put(t, e, "ann", "guest") // five requests, once
		for _, act := range []func() error{
			func() error { return second(e.Consume(t.Context(), use("ann", "requests", 5, "a"))) },
			func() error { put(t, e, "ann", "pro"); return nil },
			func() error { return second(e.Consume(t.Context(), use("ann", "requests", 7, "b"))) },
			func() error {
				return second(e.ResetUsage(t.Context(), tollgate.ResetRequest{Customer: "ann", Balance: "requests"}))
			},
			func() error { return second(e.Void(t.Context(), "ann", "b", "")) },
			func() error { return second(e.Void(t.Context(), "ann", "a", "")) },
		} {
			c.move(time.Second)
			if err := act(); err != nil {
				t.Fatal(err)
			}
		}
		if got := available(t, e, "ann", "requests"); got != "1000" {
			t.Errorf("%s are left of the month, want 1000: the reset gave its 7 back, and no void gives more", got)
		}
		put(t, e, "ann", "guest")
		if got := available(t, e, "ann", "requests"); got != "5" {
			t.Errorf("%s are left of what the guest plan gave, want all 5", got)
		}
	})
}

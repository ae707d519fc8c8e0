package tollgate_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/quantity"
)

// acts are what may be done under a transactionId, each on the balance that it names.
type acts struct {
	t *testing.T
	e *tollgate.Engine
}

func (a acts) consume(tx string) error {
	_, err := a.e.Consume(a.t.Context(), use("ann", "requests", 1, tx))
	return err
}

func (a acts) deduct(tx string) error {
	return a.adjust(tollgate.AdjustDeduction, tx)
}

func (a acts) bonus(tx string) error { return a.adjust(tollgate.AdjustBonus, tx) }

func (a acts) adjust(kind tollgate.AdjustmentKind, tx string) error {
	_, err := a.e.AdjustUsage(a.t.Context(), tollgate.AdjustmentRequest{
		Customer: "ann", Meter: "requests", Kind: kind, Amount: quantity.One, Reason: "r", TransactionID: id.Transaction(tx)})
	return err
}

func (a acts) hold(tx string) error {
	_, err := a.held(tx)
	return err
}

// held holds on another balance than the rest.
func (a acts) held(tx string) (tollgate.Held, error) {
	return a.e.Hold(a.t.Context(), tollgate.HoldRequest{Customer: "ann", Meter: "tokens", Amount: quantity.Whole(1000), TransactionID: id.Transaction(tx), ExpiresIn: 60})
}

// TestOneTransactionIDStandsForOneThing: whichever of two different acts comes second under a transactionId is told so, at once and
// wherever the first one was done; both go on being answered as before.
func TestOneTransactionIDStandsForOneThing(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		c := newClock(noon())
		here, there := acts{t, open(t, url, c)}, acts{t, open(t, url, c)}
		put(t, here.e, "ann", "free")
		kinds := map[string]func(acts, string) error{"consume": acts.consume, "deduct": acts.deduct, "bonus": acts.bonus, "hold": acts.hold}
		for first, one := range kinds {
			for second, other := range kinds {
				if first == second {
					continue
				}
				tx := fmt.Sprint(first, " then ", second)
				if err := one(here, tx); err != nil {
					t.Fatalf("%s: the first: %v", tx, err)
				}
				for where, a := range map[string]acts{"here": here, "there": there} {
					if err := other(a, tx); !fault.Has(err, fault.Conflict) {
						t.Errorf("%s %s: %v, want a conflict", tx, where, err)
					}
					if err := one(a, tx); err != nil {
						t.Errorf("%s: the first again, %s: %v", tx, where, err)
					}
				}
			}
		}
	})
}

// TestAHoldKeepsItsTransactionIDWhileItIsOpen: its capture has it, and nobody else; when it was let go or has expired, what has
// happened all the same can be recorded under it.
func TestAHoldKeepsItsTransactionIDWhileItIsOpen(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		c := newClock(noon())
		a := acts{t, open(t, url, c)}
		put(t, a.e, "ann", "free")
		hold := func(tx string) string {
			t.Helper()
			h, err := a.held(tx)
			if err != nil {
				t.Fatal(err)
			}
			return h.ID
		}
		captured, released, expired := hold("captured"), hold("released"), hold("expired")
		for range 2 {
			if _, err := a.e.Capture(t.Context(), captured, nil); err != nil {
				t.Errorf("the capture: %v", err)
			}
		}
		if err := a.consume("captured"); !fault.Has(err, fault.Conflict) {
			t.Errorf("usage under the id of a capture: %v, want a conflict", err)
		}
		if _, err := a.e.Event(t.Context(), "ann", "released"); !fault.Has(err, fault.NotFound) {
			t.Errorf("the event of an open hold: %v, want not_found", err)
		}
		if _, err := a.e.Void(t.Context(), "ann", "released", ""); !fault.Has(err, fault.NotFound) {
			t.Errorf("the void of an open hold: %v, want not_found", err)
		}
		if _, err := a.e.Release(t.Context(), released); err != nil {
			t.Fatal(err)
		}
		if err := a.consume("released"); err != nil {
			t.Errorf("usage under the id of a hold that was let go: %v", err)
		}
		c.move(time.Minute)
		for range 2 {
			if err := a.consume("expired"); err != nil {
				t.Errorf("usage under the id of a hold that has expired: %v", err)
			}
		}
		for tx, h := range map[string]string{"released": released, "expired": expired} {
			if _, err := a.e.Capture(t.Context(), h, nil); !fault.Has(err, fault.NotFound) {
				t.Errorf("the capture of the hold %s: %v, want not_found", tx, err)
			}
			if again := hold(tx); again != h {
				t.Errorf("the hold %s again is %s, want %s", tx, again, h)
			}
		}
		if got := available(t, a.e, "ann", "requests"); got != "8" {
			t.Errorf("%s requests available, want 8", got)
		}
		if got := available(t, a.e, "ann", "credits"); got != "99" {
			t.Errorf("%s credits available, want 99", got)
		}
	})
}

// TestHoldsAndUsageThatRaceForATransactionID: on two processes, one of the two has it, and what has it works on.
func TestHoldsAndUsageThatRaceForATransactionID(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		c := newClock(noon())
		both := []acts{{t, open(t, url, c)}, {t, open(t, url, c)}}
		put(t, both[0].e, "ann", "pro")
		for round := range 10 {
			tx := fmt.Sprint("round ", round)
			var used, held atomic.Int64
			var wg sync.WaitGroup
			for i := range 8 {
				a := both[i%2]
				wg.Go(func() {
					act, done := acts.consume, &used
					if i/2%2 == 1 {
						act, done = acts.hold, &held
					}
					err := act(a, tx)
					if err != nil && !fault.Has(err, fault.Conflict) {
						t.Errorf("%s: %v", tx, err)
					}
					if err == nil {
						done.Add(1)
					}
				})
			}
			wg.Wait()
			if n, m := used.Load(), held.Load(); n+m != 4 || n*m != 0 {
				t.Errorf("%s: %d were told that they had used and %d that they had held, want 4 of one kind", tx, n, m)
			}
			if held.Load() == 0 {
				continue
			}
			h, err := both[1].held(tx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := both[0].e.Capture(t.Context(), h.ID, nil); err != nil {
				t.Errorf("%s: the capture: %v", tx, err)
			}
		}
	})
}

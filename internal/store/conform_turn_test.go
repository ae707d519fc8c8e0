package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate/internal/store"
)

func TestOneTurnOfACustomerIsTheNewest(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx, c := t.Context(), customer("ann")
		insert(t, db, c)
		var bound sync.WaitGroup
		for range 8 { // all find that the customer is none at Stripe yet
			bound.Go(func() {
				if at, err := db.Bind(ctx, c.Key, "cus_1", noon()); err != nil || at != "cus_1" {
					t.Errorf("bound to %q, %v; want cus_1", at, err)
				}
			})
		}
		bound.Wait()
		take := func(at time.Time, want int64) {
			t.Helper()
			if turn, taken, err := db.TakeTurn(ctx, c.Key, at); err != nil || taken != (want > 0) || taken && turn != want {
				t.Errorf("at %s turn %d is taken (%t, %v), want %d", at, turn, taken, err, want)
			}
		}
		is := func(turn int64, want bool) {
			t.Helper()
			if newest, err := db.IsTurn(ctx, c.Key, turn); err != nil || newest != want {
				t.Errorf("turn %d is the newest: %t, %v; want %t", turn, newest, err, want)
			}
		}
		hold := func(turn int64, until time.Time, want bool) {
			t.Helper()
			if held, err := db.HoldTurn(ctx, c.Key, turn, until); err != nil || held != want {
				t.Errorf("turn %d is held: %t, %v; want %t", turn, held, err, want)
			}
		}
		take(noon(), 1)
		is(1, true)
		take(noon(), 2)
		is(1, false)
		is(2, true)
		hold(1, noon().Add(time.Hour), false)
		hold(2, noon().Add(time.Hour), true)
		take(noon().Add(time.Hour-time.Second), 0)
		is(2, true)
		hold(2, time.Time{}, true)
		take(noon(), 3)
		hold(3, noon().Add(time.Hour), true)
		take(noon().Add(time.Hour), 4) // whoever held it is gone
		hold(3, time.Time{}, false)
		take(noon(), 5)

		var taken sync.WaitGroup
		numbers := make([]int64, 16)
		for n := range numbers {
			taken.Go(func() {
				var err error
				if numbers[n], _, err = db.TakeTurn(ctx, c.Key, noon()); err != nil {
					t.Error(err)
				}
			})
		}
		taken.Wait()
		seen := map[int64]bool{}
		for _, n := range numbers {
			seen[n] = true
		}
		if len(seen) != len(numbers) || !seen[5+16] {
			t.Errorf("16 turns at once are %v, want 6 to 21", numbers)
		}
	})
}

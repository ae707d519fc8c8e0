package store_test

import (
	"testing"
	"time"

	"github.com/tollgate/tollgate/internal/store"
)

// TestWhatIsClaimedIsSettledByWhoClaimedItLast: a worker whose lease is over says nothing of another one's attempt, and nothing of what was
// settled.
func TestWhatIsClaimedIsSettledByWhoClaimedItLast(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx, c := t.Context(), customer("ann")
		insert(t, db, c)
		start := noon().Truncate(time.Minute)
		report := store.Report{ReportKey: store.ReportKey{Customer: c.Key, Meter: "requests", Start: start}, End: start.AddDate(0, 1, 0), Number: 1, Event: "e", Identifier: "i",
			Quantity: 1, Total: 1, At: start, NextAt: start, CreatedAt: start}
		if _, err := db.PutReports(ctx, report); err != nil {
			t.Fatal(err)
		}
		if _, err := db.PutEvents(ctx, store.StripeEvent{ID: "evt", Kind: "invoice.paid", Payload: "{}", State: store.EventPending, CreatedAt: start, ReceivedAt: start}); err != nil {
			t.Fatal(err)
		}
		if _, err := db.PutAutomatic(ctx, start, c.Key); err != nil {
			t.Fatal(err)
		}
		for name, claim := range map[string]func(now time.Time) (settle func(failed bool) error, attempt int64){
			"report": func(now time.Time) (func(bool) error, int64) {
				all, err := db.ClaimReports(ctx, now, now.Add(time.Minute), 10)
				if err != nil || len(all) == 0 {
					return nil, 0
				}
				return func(failed bool) error {
					r := all[0]
					if r.State, r.Error = store.ReportSent, ""; failed {
						r.State, r.Error, r.Attempts = store.ReportPending, "later", r.Attempts-1
					}
					return db.SettleReport(ctx, r, all[0].Attempts)
				}, all[0].Attempts
			},
			"event": func(now time.Time) (func(bool) error, int64) {
				all, err := db.ClaimEvents(ctx, now, now.Add(time.Minute), 10)
				if err != nil || len(all) == 0 {
					return nil, 0
				}
				return func(failed bool) error {
					e := all[0]
					if e.State, e.Error = store.EventDone, ""; failed {
						e.State, e.Error = store.EventPending, "later"
					}
					return db.SettleEvents(ctx, []store.StripeEvent{e})
				}, all[0].Attempts
			},
			"automatic subscription": func(now time.Time) (func(bool) error, int64) {
				all, err := db.ClaimAutomatic(ctx, now, now.Add(time.Minute), 10)
				if err != nil || len(all) == 0 {
					return nil, 0
				}
				return func(failed bool) error {
					a := all[0]
					if a.State, a.Error = store.AutomaticDone, ""; failed {
						a.State, a.Error = store.AutomaticPending, "later"
					}
					return db.SettleAutomatic(ctx, a)
				}, all[0].Attempts
			},
		} {
			must := func(at time.Duration, attempt int64) func(bool) error {
				t.Helper()
				settle, got := claim(start.Add(at))
				if settle == nil || got != attempt {
					t.Fatalf("%s: the claim after %s is attempt %d, want %d", name, at, got, attempt)
				}
				return settle
			}
			settle := func(of func(bool) error, failed bool) {
				t.Helper()
				if err := of(failed); err != nil {
					t.Fatal(err)
				}
			}
			late := must(0, 1)
			second := must(2*time.Minute, 2)
			settle(late, false) // as done
			third := must(4*time.Minute, 3)
			settle(second, true) // to be tried at once
			if again, _ := claim(start.Add(4*time.Minute + time.Second)); again != nil {
				t.Errorf("%s: a late worker gave up the lease of another one", name)
			}
			settle(third, false)
			settle(third, true)
			if again, n := claim(start.Add(time.Hour)); again != nil {
				t.Errorf("%s: what was settled is claimed again, as attempt %d", name, n)
			}
		}
	})
}

// TestAReplayedEventIsWorkedOnAgainWhateverBecameOfIt, from its first attempt.
func TestAReplayedEventIsWorkedOnAgainWhateverBecameOfIt(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		if found, err := db.ReplayEvent(ctx, "evt", noon()); err != nil || found {
			t.Errorf("an event that never came is replayed: %t, %v", found, err)
		}
		if _, err := db.PutEvents(ctx, store.StripeEvent{ID: "evt", Kind: "invoice.paid", Payload: "{}", State: store.EventPending, CreatedAt: noon(), ReceivedAt: noon()}); err != nil {
			t.Fatal(err)
		}
		for _, state := range []string{store.EventDone, store.EventParked, store.EventPending} {
			all, err := db.ClaimEvents(ctx, noon(), noon().Add(time.Minute), 10)
			if err != nil || len(all) != 1 || all[0].Attempts != 1 {
				t.Fatalf("claimed are %+v, %v; want the event for the first time", all, err)
			}
			all[0].State, all[0].Error = state, "why"
			if err := db.SettleEvents(ctx, all); err != nil {
				t.Fatal(err)
			}
			if found, err := db.ReplayEvent(ctx, "evt", noon()); err != nil || !found {
				t.Errorf("%s: replayed: %t, %v", state, found, err)
			}
		}
	})
}

package store_test

import (
	"testing"
	"time"

	"github.com/tollgate/tollgate/internal/store"
)

// What the doctor's repair needs of the store.

func TestACustomerIsBoundAgainOnlyFromWhoItWas(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		c := customer("ann")
		insert(t, db, c)
		if _, err := db.Bind(t.Context(), c.Key, "cus_1", noon()); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			before, to, after string
			done              bool
		}{{"cus_0", "cus_2", "cus_1", false}, {"cus_1", "cus_2", "cus_2", true}, {"cus_1", "cus_3", "cus_2", false}} {
			done, err := db.Rebind(t.Context(), c.Key, tt.before, tt.to)
			if err != nil || done != tt.done {
				t.Errorf("from %s to %s: %t, %v; want %t", tt.before, tt.to, done, err, tt.done)
			}
			if b, err := db.BillingOf(t.Context(), c.Key); err != nil || b.Stripe != tt.after {
				t.Errorf("after %s to %s it is %s, %v; want %s", tt.before, tt.to, b.Stripe, err, tt.after)
			}
			if _, at, err := db.TakeTicket(t.Context(), c.Key); err != nil || at != tt.after {
				t.Errorf("after %s to %s a reading is of %s, %v; want %s", tt.before, tt.to, at, err, tt.after)
			}
		}
	})
}

func TestReportsAreCorrectedAndHastened(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx, c := t.Context(), customer("ann")
		insert(t, db, c)
		start := noon().Truncate(time.Minute)
		k := store.ReportKey{Customer: c.Key, Meter: "requests", Start: start}
		step := func(number, quantity, total int64, at time.Duration) store.Report {
			return store.Report{ReportKey: k, End: start.AddDate(0, 1, 0), Number: number, Event: "tollgate_requests", Identifier: string(rune('a' + number)),
				Quantity: quantity, Total: total, At: start.Add(at), NextAt: start, CreatedAt: start}
		}
		if _, err := db.PutReports(ctx, step(1, 10, 10, time.Minute), step(2, 5, 15, time.Hour)); err != nil {
			t.Fatal(err)
		}
		sent := step(1, 10, 10, time.Minute)
		sent.State, sent.NextAt = store.ReportSent, start.Add(time.Hour)
		waits := step(2, 5, 15, time.Hour)
		waits.State, waits.NextAt, waits.Error = store.ReportPending, start.Add(2*time.Hour), "refused"
		for _, r := range []store.Report{sent, waits} {
			if err := db.SettleReport(ctx, r, 0); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := db.ReportedBefore(ctx, k, start.Add(time.Hour)); err != nil || got.Events != 10 || got.Pending != 0 || !got.CheckAt.Equal(sent.NextAt) {
			t.Errorf("before the second step: %+v, %v; want 10 sent and nothing pending, to be compared at %s", got, err, sent.NextAt)
		}
		if fresh, err := db.CorrectReport(ctx, step(2, -3, 7, time.Minute)); err != nil || fresh {
			t.Errorf("a correction under a number that is taken: %t, %v", fresh, err)
		}
		if fresh, err := db.CorrectReport(ctx, step(3, -3, 12, time.Minute)); err != nil || !fresh {
			t.Errorf("a correction: %t, %v", fresh, err)
		}
		if got, err := db.ReportedOf(ctx, k); err != nil || got.Events != 7 || got.Pending != 5 || got.Last != 3 {
			t.Errorf("after the correction: %+v, %v; want 7 taken, 5 pending, and 3 the last", got, err)
		}
		if got, err := db.LatestReports(ctx, c.Key, start); err != nil || len(got) != 1 || got[0].Number != 3 || got[0].State != store.ReportConfirmed || got[0].Total != 12 {
			t.Errorf("the latest reports are %+v, %v; want the correction", got, err)
		}
		if got, err := db.LatestReports(ctx, c.Key, start.AddDate(0, 1, 0)); err != nil || len(got) != 0 {
			t.Errorf("of periods that end later there is %+v, %v; want nothing", got, err)
		}
		if got, err := db.TroubledReportsOf(ctx, c.Key, 10); err != nil || len(got) != 1 || got[0].Error != "refused" {
			t.Errorf("in trouble are %+v, %v; want the second step", got, err)
		}
		due := func() int {
			t.Helper()
			claimed, err := db.ClaimReports(ctx, start.Add(time.Minute), start.Add(3*time.Hour), 10)
			if err != nil {
				t.Fatal(err)
			}
			return len(claimed)
		}
		if n := due(); n != 0 {
			t.Errorf("%d reports are due before they are hastened", n)
		}
		if err := db.HastenReports(ctx, c.Key, start.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if n := due(); n != 1 {
			t.Errorf("%d reports are due after they were hastened, want 1", n)
		}
	})
}

func TestAStepIsIncludedOrClaimedByItsCustomerAlone(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		ctx, ann, bob := t.Context(), customer("ann"), customer("bob")
		insert(t, db, ann)
		insert(t, db, bob)
		start := noon().Truncate(time.Minute)
		k := store.ReportKey{Customer: ann.Key, Meter: "requests", Start: start}
		identify := func(number int64) string { return string(rune('a' + number)) }
		step := func(of store.ReportKey, number, quantity, total int64, next time.Time) store.Report {
			return store.Report{ReportKey: of, End: start.AddDate(0, 1, 0), Number: number, Event: "tollgate_requests", Identifier: identify(number),
				Quantity: quantity, Total: total, At: start, NextAt: next, CreatedAt: start}
		}
		include := func(total int64) store.Reported {
			t.Helper()
			err := db.Update(ctx, func(tx *store.Tx) error { return tx.IncludeReport(ctx, step(k, 0, 0, total, start), identify) })
			if err != nil {
				t.Fatal(err)
			}
			got, err := db.ReportedOf(ctx, k)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if got := include(30); got.Included != 30 || got.Pending != 0 || got.All() != 0 {
			t.Errorf("of 30 used before: %+v", got)
		}
		if got := include(30); got.Included != 30 {
			t.Errorf("included twice: %+v", got)
		}
		later := start.Add(time.Hour)
		other := store.ReportKey{Customer: bob.Key, Meter: "requests", Start: start}
		if n, err := db.PutReports(ctx, step(k, 2, 5, 35, later), step(k, 3, 1, 36, start), step(other, 1, 4, 4, start)); err != nil || n != 3 {
			t.Fatal(n, err)
		}
		if got := include(32); got.Included != 26 || got.Pending != 6 {
			t.Errorf("a period that comes to less begins again: %+v, want 26 of 32 beside 6 that are pending", got)
		}
		claimed, err := db.ClaimReportsOf(ctx, ann.Key, later)
		if err != nil || len(claimed) != 1 || claimed[0].Number != 2 || claimed[0].Attempts != 1 {
			t.Errorf("of ann are claimed %+v, %v; want the first that waits, though its time has not come", claimed, err)
		}
		if got := include(40); got.Included != 34 || got.Pending != 6 {
			t.Errorf("and to more: %+v, want 34 of 40 beside 6 that are pending", got)
		}
	})
}

package tollgate_test

import (
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/testdb"
)

// Should an act ever end twice, nobody is told of another one that has not ended.
func TestAnActThatEndsTwiceTellsNobodyOfAnother(t *testing.T) {
	t.Parallel()
	if tollgate.EndTwice() {
		t.Error("whoever waits for two acts is told, though one has not ended")
	}
}

// A writer tells the transactions of a group and of a moment ago apart by hashes. Those that share one are still two.
func TestTransactionsWhoseHashesCollideAreTwo(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock(noon()))
		put(t, e, "ann", "free")
		ann, err := e.Customer(t.Context(), "ann")
		if err != nil {
			t.Fatal(err)
		}
		for round, want := range [][]bool{{false, false, true, true}, {true, true, true, true}} {
			out, err := tollgate.ConsumeAsOne(t.Context(), e, ann,
				use("ann", "requests", 1, "a"), use("ann", "requests", 1, "b"), use("ann", "requests", 1, "a"), use("ann", "requests", 1, "b"))
			if err != nil {
				t.Fatal(err)
			}
			for i, o := range out {
				if o.Err != nil || o.Duplicate != want[i] || string(o.Event.TransactionID) != "ab"[i%2:i%2+1] {
					t.Errorf("round %d, act %d: %+v, %v; want duplicate %t", round, i, o.Receipt, o.Err, want[i])
				}
			}
		}
		if got := available(t, e, "ann", "requests"); got != "8" {
			t.Errorf("%s available, want 8 of 10", got)
		}
	})
}

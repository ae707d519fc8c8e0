package pace_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tollgate/tollgate/pace"
)

func TestEachSenderHasItsOwnPace(t *testing.T) {
	t.Parallel()
	p := pace.New(0.01, 2)
	for i := range 2 {
		if wait := p.Wait("ada"); wait != 0 {
			t.Errorf("request %d of a burst of 2 waits %s", i, wait)
		}
	}
	for range 3 { // what is refused takes nobody's turn
		if wait := p.Wait("ada"); wait < 99*time.Second || wait > 100*time.Second {
			t.Errorf("the third request waits %s, want 100 s", wait)
		}
	}
	if wait := p.Wait("bob"); wait != 0 {
		t.Errorf("another sender waits %s", wait)
	}
}

func TestBurstIsASecondsWorthWhenNobodySays(t *testing.T) {
	t.Parallel()
	for perSecond, want := range map[float64]int{0.1: 1, 1: 1, 2.5: 3} {
		if got := pace.New(perSecond, 0).Burst; got != want {
			t.Errorf("%v a second: burst %d, want %d", perSecond, got, want)
		}
	}
	for _, none := range []float64{0, -1} {
		p := pace.New(none, 0)
		for range 1000 {
			if wait := p.Wait("ada"); wait != 0 {
				t.Fatalf("%v a second, which is no limit: wait %s", none, wait)
			}
		}
	}
}

func ExampleRetryAfter() {
	fmt.Println(pace.RetryAfter(time.Second), pace.RetryAfter(time.Second+1))
	// Output: 1 2
}

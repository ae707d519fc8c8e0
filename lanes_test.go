package tollgate_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/quantity"
)

// While two processes write the same accounts, half of the writers of each work, and all of them again later, each with what it may
// still rely on: nothing is spent twice or lost.
func TestWritersStandBackWhileProcessesCross(t *testing.T) {
	t.Parallel()
	c := newClock(noon())
	url := testdb.Postgres(t)
	var both []*tollgate.Engine
	for range 2 {
		both = append(both, openShop(t, url, tollgate.Options{Now: c.now, Writers: 4}))
		tollgate.Widen(both[len(both)-1])
	}
	const customers, rounds = 40, 6
	for i := range customers {
		put(t, both[0], id.Customer(fmt.Sprint("c", i)), "pro")
	}
	spend := func(round int, engines ...*tollgate.Engine) {
		var wg sync.WaitGroup
		for n, e := range engines {
			for i := range customers {
				wg.Go(func() {
					tx := fmt.Sprint(round, "-", n, "-", i)
					if _, err := e.Consume(t.Context(), use(id.Customer(fmt.Sprint("c", i)), "requests", 1, tx)); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
	}
	for phase := range 3 {
		for round := range rounds {
			spend(100*phase+round, both...)
		}
		if n := tollgate.Working(both[0]) + tollgate.Working(both[1]); n == 8 {
			t.Errorf("phase %d: all writers of both work", phase)
		}
		c.move(time.Minute)
		if n := tollgate.Working(both[0]) + tollgate.Working(both[1]); n != 8 {
			t.Errorf("phase %d: a minute later %d of 8 writers work", phase, n)
		}
		for round := range rounds { // one process alone, so that the other's caches are old
			spend(100*phase+50+round, both[phase%2])
		}
		c.move(time.Minute)
	}
	var counted int
	if err := both[0].SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM account WHERE before <> ''").Scan(&counted); err != nil || counted == 0 {
		t.Errorf("%d accounts were ever counted on before their events were decided: %v", counted, err)
	}
	for i := range customers {
		got := available(t, both[0], id.Customer(fmt.Sprint("c", i)), "requests")
		if want := fmt.Sprint(1000 - 3*rounds*3); got != want {
			t.Errorf("customer %d has %s left, want %s", i, got, want)
		}
	}
	if a, err := both[0].Audit(t.Context()); err != nil || len(a.Findings) > 0 {
		t.Errorf("audit: %+v, %v", a.Findings, err)
	}
}

// Half of the writers work while few acts come at a time, and all of them while many do; each finds what the others have written.
func TestAsManyWritersWorkAsGroupsAreLarge(t *testing.T) {
	t.Parallel()
	c := newClock(noon())
	e := openShop(t, testdb.Postgres(t), tollgate.Options{Now: c.now, Writers: 4})
	const customers, turns = 20, 3
	for i := range customers {
		put(t, e, id.Customer(fmt.Sprint("c", i)), "pro")
	}
	spent := 0 // by each
	spend := func(times int) {
		var all sync.WaitGroup
		for i := range customers {
			who := id.Customer(fmt.Sprint("c", i))
			for range times {
				spent++
				tx := fmt.Sprint(spent)
				all.Go(func() {
					if _, err := e.Record(t.Context(), use(who, "requests", 1, tx)); err != nil {
						t.Error(err)
					}
				})
			}
			if times == 1 { // one at a time
				all.Wait()
			}
		}
		all.Wait()
	}
	if n := tollgate.Working(e); n != 2 {
		t.Fatalf("%d of 4 writers work at first, want half", n)
	}
	each := 0
	for turn := range turns {
		for range 200 {
			if tollgate.Working(e) == 4 {
				break
			}
			spend(40)
			each += 40
		}
		if n := tollgate.Working(e); n != 4 {
			t.Fatalf("turn %d: %d of 4 writers work while hundreds of acts come at a time", turn, n)
		}
		for range 10 { // the clock stands: no change soon after another
			spend(1)
			each++
		}
		if n := tollgate.Working(e); n != 4 {
			t.Errorf("turn %d: %d of 4 writers work within seconds of a change", turn, n)
		}
		c.move(time.Minute)
		for range 200 {
			if tollgate.Working(e) == 2 {
				break
			}
			spend(1)
			each++
		}
		if n := tollgate.Working(e); n != 2 {
			t.Fatalf("turn %d: %d of 4 writers work while acts come one at a time", turn, n)
		}
		c.move(time.Minute)
	}
	for i := range customers {
		b, err := e.Balance(t.Context(), id.Customer(fmt.Sprint("c", i)), "requests")
		if err != nil || b.Used != quantity.Whole(int64(each)) {
			t.Errorf("customer %d used %s, want %d: %v", i, b.Used, each, err)
		}
	}
	if a, err := e.Audit(t.Context()); err != nil || len(a.Findings) > 0 {
		t.Errorf("audit: %+v, %v", a.Findings, err)
	}
}

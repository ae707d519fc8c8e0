package faults_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate/internal/testdb"
)

var seedFlag = flag.Uint64("seed", 0, "the seed of a load to run again")

func seed(t testing.TB) uint64 {
	s := *seedFlag
	if s == 0 {
		s = rand.Uint64N(1_000_000) + 1
	}
	t.Logf("seed %d: to run this load again, add -args -seed %d", s, s)
	return s
}

const (
	kills      = 20
	killsShort = 3
	callers    = 24
)

func TestKillingTheServerLosesNothingAcknowledgedAndDoublesNothing(t *testing.T) {
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		l := newLoad(seed(t))
		random := rand.New(rand.NewPCG(l.seed, 0))
		key := prepare(t, db)
		rounds := kills
		if testing.Short() {
			rounds = killsShort
		}
		for round := range rounds {
			s := serve(t, db, key)
			if round == 0 {
				populate(t, s)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() { l.call(ctx, t, s) })
			}
			time.Sleep(time.Duration(random.Int64N(int64(400 * time.Millisecond)))) // the moment is what is tried here
			s.kill(t)
			cancel()
			wg.Wait()
		}
		t.Logf("%d acts were begun, %d requests acknowledged, %d acts unsure", l.next, len(l.answers), len(l.unsure))
		if len(l.answers) < rounds {
			t.Fatalf("only %d requests were acknowledged: the load did not run", len(l.answers))
		}
		s := serve(t, db, key)
		t.Log(runProgram(t, "audit", "--db", db))
		l.replay(t, s, callers)
		l.checkTotals(t, s)
		l.replay(t, s, callers) // nothing is new now
		l.checkTotals(t, s)
		t.Log(runProgram(t, "audit", "--db", db))
	})
}

// call does acts until ctx ends or the server is gone.
func (l *load) call(ctx context.Context, t testing.TB, s *server) {
	for ctx.Err() == nil {
		n := l.take()
		if !l.do(t, s, n) {
			l.giveBack(n)
			select {
			case <-s.ended:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}
}

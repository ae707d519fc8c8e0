package billing_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/testdb"
)

// An interruption is a context that, before whatever asks it so many times goes on, has something happen.
type interruption struct {
	context.Context
	asked  atomic.Int64
	at     int64
	happen func() error
	end    chan error
}

func (m *interruption) Done() <-chan struct{} {
	if m.asked.Add(1) == m.at {
		m.end <- m.happen()
	}
	return m.Context.Done()
}

// TestAChangeBesideACountBillsNothingTwice changes the plan at every few moments of a round in which another process counts usage,
// what the plan before billed of the same meter being more than what the new one does.
func TestAChangeBesideACountBillsNothingTwice(t *testing.T) {
	t.Parallel()
	const step = 5
	for at, reached := int64(1), true; reached; at += step {
		reached = false
		t.Run(fmt.Sprint("moment ", at), func(t *testing.T) { reached = changeBesideACount(t, at) })
	}
}

// changeBesideACount reports whether the round has so many moments.
func changeBesideACount(t *testing.T, at int64) (reached bool) {
	db := testdb.Postgres(t)
	s := climbing(t, db, "scale", nil)
	s.burn("50", "on scale")
	s.minute()
	other := s.begin(db)
	round := func(ctx context.Context) {
		for n := 1; n > 0; {
			var err error
			if n, err = other.Work(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	round(s.ctx)
	if err := s.sandbox.AdvanceBy(s.ctx, time.Minute); err != nil {
		t.Fatal(err)
	}
	subscribed := s.subscription("org").ID
	during := &interruption{Context: s.ctx, at: at, end: make(chan error, 1), happen: func() error {
		_, err := s.engine.ChangeSubscription(s.ctx, tollgate.ChangeRequest{Subscription: subscribed, Price: "past_monthly", When: tollgate.Now})
		return err
	}}
	round(during)
	if during.asked.Load() < at {
		return false
	}
	if err := <-during.end; err != nil {
		t.Fatal(err)
	}
	s.settle()
	s.advance(2 * time.Hour)
	if got := s.reportable("org", "tokens"); got.AlreadyReported != 50 || got.ToReport != 0 {
		t.Errorf("%d are reported, and %d to be; want 50 and 0", got.AlreadyReported, got.ToReport)
	}
	return true
}

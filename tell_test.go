package tollgate_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// On SQLite a group can be read before it is on disk. Until then nobody is told of it, neither its own callers nor who
// repeats one of its transactions; and when it does not get there, all are told to ask again.
func TestNobodyIsToldOfWhatIsNotYetOnDisk(t *testing.T) {
	t.Parallel()
	e := openPlenty(t, testdb.SQLite(t))
	put(t, e, "ann", "")
	release, broken := make(chan struct{}), errors.New("the disk does not answer")
	var fails atomic.Bool
	fails.Store(true)
	tollgate.OnFlush(e, func(flush func(context.Context) error) error {
		if !fails.Load() {
			return flush(context.Background())
		}
		<-release
		return broken
	})
	const events = 200
	var all []meter.Usage
	for i := range events {
		all = append(all, use("ann", "requests", 1, fmt.Sprint("t", i)))
	}
	told := make(chan []tollgate.Outcome, 1)
	go func() {
		out, err := e.Batch(context.Background(), all)
		if err != nil {
			t.Error(err)
		}
		told <- out
	}()
	for {
		b, err := e.Balance(t.Context(), "ann", "requests")
		if err != nil {
			t.Fatal(err)
		}
		if b.Used == quantity.Whole(events) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	repeated := make(chan error, 1)
	go func() {
		_, err := e.Consume(context.Background(), all[7])
		repeated <- err
	}()
	select {
	case <-told:
		t.Fatal("the batch was answered before it was on disk")
	case <-repeated:
		t.Fatal("the repeat was answered before what it repeats was on disk")
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	for _, item := range <-told {
		if !fault.Has(item.Err, fault.Unavailable) {
			t.Fatalf("an event that is not on disk: %v, want unavailable", item.Err)
		}
	}
	if err := <-repeated; !fault.Has(err, fault.Unavailable) {
		t.Errorf("the repeat of an event that is not on disk: %v, want unavailable", err)
	}
	fails.Store(false)
	out, err := e.Batch(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	for i, item := range out {
		if item.Err != nil || !item.Receipt.Duplicate {
			t.Fatalf("event %d again: %+v, want a duplicate", i, item)
		}
	}
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
)

const (
	streamsMax    = 4       // batches in flight; a customer's lines all go through one stream
	readAhead     = 256     // lines read before a stream takes them
	batchBytesMax = 1 << 20 // of lines in a batch, so that long lines do not fill the memory
	triesMax      = 8       // of a batch that the database could not take
	retryWait     = 50 * time.Millisecond
	pauseMax      = time.Second // what a slow input has sent is imported after this long
)

// An importer imports events in several streams.
type importer struct {
	engine  *tollgate.Engine
	send    func(context.Context, []meter.Usage) ([]tollgate.Outcome, error)
	tally   *tally
	seed    maphash.Seed // of the choice of streams
	streams [streamsMax]stream
}

// A stream imports its customers' events one batch after the other.
type stream struct {
	full    chan []event // batches on their way
	filling []event
	bytes   int
}

func newImporter(engine *tollgate.Engine, t *tally, backfill bool) *importer {
	im := &importer{engine: engine, send: engine.Batch, tally: t, seed: maphash.MakeSeed()}
	if backfill {
		im.send = engine.Backfill
	}
	for i := range im.streams {
		im.streams[i].full = make(chan []event)
	}
	return im
}

// run imports what lines holds. When ctx ends it reads no further, and sees what it has read to its end.
func (im *importer) run(ctx context.Context, lines *lineReader) error {
	group, work := errgroup.WithContext(context.WithoutCancel(ctx))
	for i := range im.streams {
		group.Go(func() error { return im.drain(work, im.streams[i].full) })
	}
	read := im.dispatch(ctx, work, lines)
	for i := range im.streams {
		close(im.streams[i].full)
	}
	return errors.Join(group.Wait(), read)
}

// dispatch reads lines and hands them to the streams until there are no more, ctx ends, or a stream fails, which
// ends work.
func (im *importer) dispatch(ctx, work context.Context, lines *lineReader) error {
	events, ended, stop := make(chan event, readAhead), make(chan error, 1), make(chan struct{})
	defer close(stop)
	go func() { // ends with the input or with stop; where the input is a pipe that stays silent, with the process
		defer close(events)
		ended <- im.read(lines, events, stop)
	}()
	idle := time.NewTicker(pauseMax)
	defer idle.Stop()
	for {
		select {
		case e, ok := <-events:
			if !ok {
				im.flush(work)
				return <-ended
			}
			im.take(work, e)
		case <-idle.C:
			im.flush(work)
		case <-ctx.Done():
			im.flush(work)
			return errors.New("it was interrupted")
		case <-work.Done():
			return nil // the stream says why
		}
	}
}

// read sends the events that lines holds until there are no more or stop is closed.
func (im *importer) read(lines *lineReader, events chan<- event, stop <-chan struct{}) error {
	for {
		e, err := lines.next()
		var bad badLine
		switch {
		case errors.As(err, &bad):
			im.tally.invalid(bad)
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("line %d cannot be read: %w", lines.number, err)
		}
		select {
		case events <- e:
		case <-stop:
			return nil
		}
	}
}

// take puts an event into its customer's stream.
func (im *importer) take(work context.Context, e event) {
	s := &im.streams[maphash.String(im.seed, string(e.usage.Customer))%streamsMax]
	if len(s.filling) == tollgate.BatchMax || s.bytes+e.bytes > batchBytesMax {
		s.flush(work)
	}
	s.filling, s.bytes = append(s.filling, e), s.bytes+e.bytes
}

func (im *importer) flush(work context.Context) {
	for i := range im.streams {
		im.streams[i].flush(work)
	}
}

// flush sends what the stream has collected on its way.
func (s *stream) flush(work context.Context) {
	if len(s.filling) == 0 {
		return
	}
	select {
	case s.full <- s.filling:
	case <-work.Done():
	}
	s.filling, s.bytes = make([]event, 0, tollgate.BatchMax), 0
}

// drain imports the batches of a stream.
func (im *importer) drain(ctx context.Context, batches <-chan []event) error {
	for batch := range batches {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := im.commit(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// commit brings every event of a batch to its end. Those whose customer is not known yet, and those that the
// database could not take, are sent again in their order.
func (im *importer) commit(ctx context.Context, batch []event) error {
	for try := 1; ; try++ {
		usage := make([]meter.Usage, len(batch))
		for i, e := range batch {
			usage[i] = e.usage
		}
		outcomes, err := im.send(ctx, usage)
		if err != nil {
			return err
		}
		again, unknown, failed := im.sort(batch, outcomes)
		if len(again) == 0 {
			return nil
		}
		if err := im.engine.EnsureCustomers(ctx, unknown); err != nil {
			failed = err
		}
		switch {
		case failed != nil && !fault.Has(failed, fault.Unavailable):
			return failed
		case try == triesMax:
			return cmp.Or(failed, fmt.Errorf("customers are erased while their events are imported: %q", unknown))
		case failed != nil:
			select {
			case <-time.After(retryWait << try):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		batch = again
	}
}

// sort counts the events that came to an end, and returns the others: the customers they lack, and the last
// error that kept one from its end.
func (im *importer) sort(batch []event, outcomes []tollgate.Outcome) (again []event, unknown []id.Customer, failed error) {
	var n counts
	asked := map[id.Customer]bool{}
	for i, o := range outcomes {
		e, f := batch[i], fault.Of(o.Err)
		switch {
		case o.Err == nil && o.Duplicate:
			n.Duplicate++
		case o.Err == nil:
			n.Accepted++
		case f == nil || f.Code == fault.Unavailable:
			again, failed = append(again, e), o.Err
		case f.Code == fault.InsufficientCredits, f.Code == fault.Suspended:
			n.Refused++
		case f.Code == fault.NotFound && f.Details["customer"] != nil:
			again = append(again, e)
			if !asked[e.usage.Customer] {
				asked[e.usage.Customer], unknown = true, append(unknown, e.usage.Customer)
			}
		default:
			im.tally.invalid(badLine{e.line, f.Message})
		}
	}
	im.tally.add(n)
	return again, unknown, failed
}

package tollgate

import "context"

// An end is how an act ends once its view is committed.
type end struct {
	op  *op
	err error
}

// tell ends acts: as they end, or, when what that rests on may not be on disk, as unconfirmed.
func tell(ends []end, flushed error) {
	for _, end := range ends {
		if flushed != nil {
			end.err = unavailable(flushed)
		}
		end.op.finish(end.err)
	}
}

// flushesMax is how many groups may wait to be on disk before their writer waits as well.
const flushesMax = 2

// A teller tells acts their ends once all that is committed is on disk, while their writer decides the next ones.
type teller struct {
	flush func(context.Context) error
	due   chan []end
	ended chan struct{}
}

func newTeller(flush func(context.Context) error) *teller {
	t := &teller{flush: flush, due: make(chan []end, flushesMax), ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		for ends := range t.due {
			tell(ends, t.flush(context.Background()))
		}
	}()
	return t
}

func (t *teller) close() {
	close(t.due)
	<-t.ended
}

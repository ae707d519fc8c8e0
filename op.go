package tollgate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/meter"
)

// An op is one act on one account on its way through a writer. Either it leaves an event under its txid, or a
// ledger line under its name.
type op struct {
	ctx      context.Context
	customer id.Customer
	shard    int    // of the customers: the cache that knows this one
	who      id.Key // when set, the customer of that name must be this one
	req      credit.Request
	hash     int64 // of what the caller sent; the same id with another hash is a conflict
	was      int64 // when not 0, how an older version would have made that hash

	usage  bool           // the meter's payer names the account: slug and cost are filled in
	slug   id.Slug        // the account
	txid   id.Transaction // of the event this leaves
	event  meter.Event    // the event this leaves, as far as the caller's request says
	name   string         // of the ledger line this leaves
	given  givenID        // what the caller calls that
	claims id.Transaction // what no usage may have while the hold is open that this leaves, or ever when it leaves another line
	value  string         // of a unique meter: the property's value
	since  int64          // of a unique meter's void: the start of the window it was counted in
	void   id.Transaction // the event this undoes
	lock   bool           // must look ids up before deciding
	past   bool           // is told, under the lock, what has moved the account's grants
	looked bool           // the locked attempt under way has looked its id up
	lapsed *store.Event   // a claim on its transactionId that is over

	// answer makes what a ledger line's caller is told, from the account after it.
	answer func(s *credit.State, line credit.Entry, now time.Time) any

	key  id.Key  // of the customer
	m    *member // the customer as load found it: while acts are decided on the cache, as it is there
	mark uint64  // see cache.mark
	done *latch  // opens when this and those that share it have ended; then err and what follows are set

	ended     bool
	err       error
	duplicate bool
	left      *store.Event // the event
	said      string       // the answer, as JSON
}

// transaction returns the transactionId of the event that an act leaves, or of the one that it keeps others from leaving.
func (o *op) transaction() id.Transaction { return cmp.Or(o.txid, o.claims) }

// A givenID is an id as the caller gave it, and the field it stood in.
type givenID struct{ field, id string }

// crossed is the fault of an act whose id stands for another one.
func (o *op) crossed() error {
	if o.given.id != "" {
		return conflict(o.given.field, o.given.id)
	}
	_, thing, _ := strings.Cut(o.name, ":")
	return conflict("id", thing)
}

func conflict(field, value string) error {
	return fault.New(fault.Conflict, "The %s %q has been used with another request. Send the same request again, or a new id.", field, value).
		With("field", field).With("value", value)
}

// finish ends an act. It panics when the act has ended before: whoever waits might otherwise be told of something that has not
// been done.
func (o *op) finish(err error) {
	if o.ended {
		panic("an act has ended twice")
	}
	o.ended, o.err = true, err
	o.done.end()
}

// A latch opens when so many acts have ended.
type latch struct {
	left atomic.Int64
	open chan struct{}
}

func newLatch(acts int) *latch {
	l := &latch{open: make(chan struct{})}
	l.left.Store(int64(acts))
	return l
}

// end counts an act that has ended.
func (l *latch) end() {
	if l.left.Add(-1) == 0 {
		close(l.open)
	}
}

// wait returns nil when all acts have ended, or the end of ctx if that comes first.
func (l *latch) wait(ctx context.Context) error {
	if ctx.Done() == nil { // a wait for one thing costs less than for either of two
		<-l.open
		return nil
	}
	select {
	case <-l.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// receipt returns what the caller of a usage act is told when it has ended without an error.
func (o *op) receipt() Receipt {
	e := o.left.Event
	e.Customer = o.customer
	return Receipt{Event: e, Balance: o.left.Answer(), Duplicate: o.duplicate}
}

// read fills in what the caller of any other act was told.
func (o *op) read(into any) error {
	if err := json.Unmarshal([]byte(o.said), into); err != nil {
		return fmt.Errorf("read the answer to %s: %w", o.name, err)
	}
	return nil
}

func unknownCustomer(c id.Customer) error {
	return fault.New(fault.NotFound, "There is no customer %q. Create it with PUT /v1/customers/{externalId} first.", string(c)).
		With("customer", string(c))
}

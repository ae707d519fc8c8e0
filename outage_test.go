package tollgate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// plenty is a catalog in which nothing runs out.
const plenty = `
meters:
  requests: {aggregation: sum}
plans:
  free: {default: true, includes: {requests: {limit: 1000000, every: never}}}
`

// openPlenty opens an Engine on real time.
func openPlenty(t testing.TB, url string) *tollgate.Engine {
	t.Helper()
	e := openWith(t, url, tollgate.Options{})
	if _, err := e.Publish(t.Context(), "plenty.yaml", []byte(plenty), false); err != nil {
		t.Fatal(err)
	}
	return e
}

// bulky returns usage that takes room in a database.
func bulky(customer id.Customer, tx string) meter.Usage {
	u := use(customer, "requests", 1, tx)
	u.Properties = json.RawMessage(`{"filler":"` + strings.Repeat("x", 8000) + `"}`)
	return u
}

func TestAFullDiskRefusesAndRecoversWithoutARestart(t *testing.T) {
	t.Parallel()
	e := openPlenty(t, testdb.SQLite(t))
	ctx := t.Context()
	const customers = 4
	for i := range customers {
		put(t, e, id.Customer(fmt.Sprint("c", i)), "")
	}
	put(t, e, "more", "")
	pragma := func(text string) (n int64) {
		t.Helper()
		if err := e.SQL().QueryRow("PRAGMA " + text).Scan(&n); err != nil { // on the one connection that writes
			t.Fatal(err)
		}
		return n
	}
	const events = 160
	do := func(i int) (tollgate.Receipt, error) {
		return e.Consume(ctx, bulky(id.Customer(fmt.Sprint("c", i%customers)), fmt.Sprint("t", i)))
	}
	for round := range 3 {
		if got := pragma(fmt.Sprint("max_page_count = ", pragma("page_count")+60)); got == 0 {
			t.Fatal("the limit was not set")
		}
		var mu sync.Mutex
		acknowledged := map[int]tollgate.Receipt{}
		var refused atomic.Int64
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := round*events + w; i < (round+1)*events; i += 8 {
					r, err := do(i)
					if err == nil {
						mu.Lock()
						acknowledged[i] = r
						mu.Unlock()
						continue
					}
					refused.Add(1)
					if !fault.Has(err, fault.Unavailable) {
						t.Errorf("event %d: %v, want unavailable", i, err)
					}
					// In the same group as one that cannot be written, an act that has its answer keeps it.
					out, err := e.Batch(ctx, []meter.Usage{use("nobody", "requests", 1, "x"), bulky("more", fmt.Sprint(i))})
					if err != nil || !fault.Has(out[0].Err, fault.NotFound) || out[1].Err != nil && !fault.Has(out[1].Err, fault.Unavailable) {
						t.Errorf("a batch on a full disk: %v %+v, want not_found and unavailable", err, out)
					}
				}
			})
		}
		wg.Wait()
		if refused.Load() == 0 || len(acknowledged) == 0 {
			t.Fatalf("%d acknowledged and %d refused: the disk was to fill up on the way", len(acknowledged), refused.Load())
		}
		if err := e.Ready(ctx); err != nil {
			t.Errorf("reading on a full disk: %v", err)
		}
		grant := tollgate.GrantRequest{Customer: "c0", Balance: "requests", Amount: quantity.One, ID: id.Transaction(fmt.Sprint("g", round)), Reason: strings.Repeat("x", 1000)}
		for grantErr := error(nil); grantErr == nil; { // what room is left is used up
			_, grantErr = e.Grant(ctx, grant)
			if grantErr != nil && !fault.Has(grantErr, fault.Unavailable) {
				t.Errorf("a grant: %v, want unavailable", grantErr)
			}
			grant.ID += "+"
		}
		if audit, err := e.Audit(ctx); err != nil || len(audit.Findings) > 0 {
			t.Errorf("audit of the full database: %+v, %v", audit, err)
		}
		pragma("max_page_count = 1000000")
		for i := round * events; i < (round+1)*events; i++ {
			r, err := do(i)
			if err != nil {
				t.Fatalf("event %d with room again: %v", i, err)
			}
			first, told := acknowledged[i]
			if told != r.Duplicate {
				t.Errorf("event %d: duplicate %t, want %t", i, r.Duplicate, told)
			}
			if told && (!first.Event.RecordedAt.Equal(r.Event.RecordedAt) || *first.Balance.Available != *r.Balance.Available) {
				t.Errorf("event %d: answered %+v, then %+v", i, first, r)
			}
		}
	}
	for i := range customers {
		b, err := e.Balance(ctx, id.Customer(fmt.Sprint("c", i)), "requests")
		if err != nil || b.Used != quantity.Whole(3*events/customers) {
			t.Errorf("c%d used %s, %v; want %d", i, b.Used, err, 3*events/customers)
		}
	}
}

// A wire is a loopback TCP proxy that can be cut.
type wire struct {
	target  string
	listen  net.Listener
	trigger atomic.Pointer[[]byte] // once a client has sent this, the server's answers are lost until its transaction is over; then the connection is cut

	mu      sync.Mutex
	down    bool
	stalled chan struct{} // while open, nothing passes; nil when words flow
	open    map[net.Conn]bool
	ends    sync.WaitGroup
}

// newWire returns a wire to the server of a PostgreSQL URL, and the URL that leads through it.
func newWire(t testing.TB, address string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{target: u.Host, listen: l, open: map[net.Conn]bool{}}
	w.ends.Go(w.accept)
	t.Cleanup(func() {
		l.Close()
		w.stall(false)
		w.cut(true)
		w.ends.Wait()
	})
	u.Host = l.Addr().String()
	return w, u.String()
}

// accept runs until the listener is closed.
func (w *wire) accept() {
	for {
		client, err := w.listen.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", w.target)
		w.mu.Lock()
		if err != nil || w.down {
			w.mu.Unlock()
			client.Close()
			if err == nil {
				server.Close()
			}
			continue
		}
		w.open[client], w.open[server] = true, true
		w.mu.Unlock()
		armed := new(atomic.Bool)
		w.ends.Go(func() {
			w.copy(server, client, func(words []byte) (pass, on bool) {
				if t := w.trigger.Load(); t != nil && bytes.Contains(words, *t) && w.trigger.CompareAndSwap(t, nil) {
					armed.Store(true)
				}
				return true, true
			})
		})
		var lost []byte
		w.ends.Go(func() {
			w.copy(client, server, func(words []byte) (pass, on bool) {
				if !armed.Load() {
					return true, true
				}
				lost = append(lost, words...)
				return false, !bytes.Contains(lost, []byte(idle))
			})
		})
	}
}

// idle is how the server ends its answers when no transaction is open: a ReadyForQuery.
const idle = "Z\x00\x00\x00\x05I"

// copy hands words over until a side closes, or look says that they are not to go on; then it closes both. Words that look does
// not let pass are lost.
func (w *wire) copy(to, from net.Conn, look func([]byte) (pass, on bool)) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		w.mu.Lock()
		stalled := w.stalled
		w.mu.Unlock()
		if stalled != nil {
			<-stalled
		}
		if n > 0 {
			pass, on := look(buf[:n])
			if pass {
				if _, writeErr := to.Write(buf[:n]); writeErr != nil {
					err = writeErr
				}
			}
			if !on {
				err = io.EOF
			}
		}
		if err != nil {
			to.Close()
			from.Close()
			w.mu.Lock()
			delete(w.open, to)
			delete(w.open, from)
			w.mu.Unlock()
			return
		}
	}
}

// cut closes every connection. With down it admits no new ones until cut(false).
func (w *wire) cut(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = down
	for c := range w.open {
		c.Close()
	}
}

func (w *wire) restore() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = false
}

// stall keeps words from passing while connections stay open.
func (w *wire) stall(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stalled != nil {
		close(w.stalled)
		w.stalled = nil
	}
	if on {
		w.stalled = make(chan struct{})
	}
}

func (w *wire) loseAnswerTo(words string) {
	b := []byte(words)
	w.trigger.Store(&b)
}

// loaded runs disturb while callers consume, then sends everything again, and checks that each event is there once.
func loaded(t *testing.T, e *tollgate.Engine, disturb func(round int)) {
	t.Helper()
	const customers, callers = 8, 16
	for i := range customers {
		put(t, e, id.Customer(fmt.Sprint("c", i)), "")
	}
	do := func(i int) (tollgate.Receipt, error) {
		return e.Consume(context.Background(), use(id.Customer(fmt.Sprint("c", i%customers)), "requests", 1, fmt.Sprint("t", i)))
	}
	var next, unsure atomic.Int64
	var mu sync.Mutex
	acknowledged := map[int]tollgate.Receipt{}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				r, err := do(i)
				if err != nil {
					unsure.Add(1)
					if !fault.Has(err, fault.Unavailable) {
						t.Errorf("event %d: %v, want unavailable", i, err)
					}
					continue
				}
				mu.Lock()
				acknowledged[i] = r
				mu.Unlock()
			}
		})
	}
	for round := range 10 {
		disturb(round)
		mu.Lock()
		before := len(acknowledged)
		mu.Unlock()
		began := time.Now()
		for { // it works again, without a restart
			mu.Lock()
			more := len(acknowledged) > before+callers
			mu.Unlock()
			if more {
				break
			}
			if time.Since(began) > 20*time.Second {
				t.Fatalf("round %d: nothing was recorded within 20 seconds of the fault", round)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	stop()
	wg.Wait()
	if len(acknowledged) == 0 || unsure.Load() == 0 {
		t.Fatalf("%d events acknowledged, %d unsure: want some of both", len(acknowledged), unsure.Load())
	}
	t.Logf("%d events acknowledged, %d unsure", len(acknowledged), unsure.Load())
	found := 0
	var again sync.WaitGroup
	for w := range callers {
		again.Go(func() {
			for i := w; i < int(next.Load()); i += callers {
				r, err := do(i)
				if err != nil {
					t.Errorf("event %d again: %v", i, err)
					continue
				}
				mu.Lock()
				first, told := acknowledged[i]
				if !told && r.Duplicate {
					found++ // it was recorded, though nobody could say so
				}
				mu.Unlock()
				if told && (!r.Duplicate || !first.Event.RecordedAt.Equal(r.Event.RecordedAt) || *first.Balance.Available != *r.Balance.Available) {
					t.Errorf("event %d was answered %+v, then %+v", i, first, r)
				}
			}
		})
	}
	again.Wait()
	t.Logf("%d of the unsure ones had been recorded", found)
	var used quantity.Units
	for i := range customers {
		b, err := e.Balance(t.Context(), id.Customer(fmt.Sprint("c", i)), "requests")
		if err != nil {
			t.Fatal(err)
		}
		used += b.Used
	}
	if used != quantity.Whole(next.Load()) {
		t.Errorf("%s used in all, want %d", used, next.Load())
	}
}

func TestCutConnectionsLoseNothingAndDoubleNothing(t *testing.T) {
	t.Parallel()
	w, url := newWire(t, testdb.Postgres(t))
	e := openPlenty(t, url)
	loaded(t, e, func(round int) {
		time.Sleep(time.Duration(3+7*round) * time.Millisecond)
		w.cut(round%2 == 0)
		if round%2 == 0 { // for a while nobody can reach the server
			time.Sleep(20 * time.Millisecond)
			w.restore()
		}
	})
}

func TestTerminatedBackendsLoseNothingAndDoubleNothing(t *testing.T) {
	t.Parallel()
	url := testdb.Postgres(t)
	e := openPlenty(t, url)
	admin, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close(context.Background()) })
	loaded(t, e, func(round int) {
		time.Sleep(time.Duration(3+7*round) * time.Millisecond)
		_, err := admin.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`)
		if err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	})
}

// The answer to a commit is lost on its way. The writer looks once more, or tells its caller that nothing is certain;
// either way the same request again finds what was done, even where it could not be done twice.
func TestACommitWhoseAnswerIsLostIsFoundByTheRetry(t *testing.T) {
	t.Parallel()
	w, url := newWire(t, testdb.Postgres(t))
	c := newClock(noon())
	e := open(t, url, c)
	ctx := t.Context()
	put(t, e, "ann", "free")
	put(t, e, "bob", "pro")
	if _, err := e.Consume(ctx, use("ann", "requests", 1, "warm")); err != nil { // statements are prepared now
		t.Fatal(err)
	}
	if _, err := e.Grant(ctx, tollgate.GrantRequest{Customer: "ann", Balance: "requests", Amount: quantity.One, ID: "warm"}); err != nil {
		t.Fatal(err)
	}
	many := make([]meter.Usage, 250)
	for i := range many {
		many[i] = use("bob", "requests", 1, fmt.Sprint("many-", i))
	}
	for _, tt := range []struct {
		name, words string
		wary        bool
		do          func() (duplicate bool, err error)
	}{
		{"one event", "one-event", false, func() (bool, error) {
			r, err := e.Consume(ctx, use("ann", "requests", 8, "one-event"))
			return r.Duplicate, err
		}},
		{"one event more, under the lock", "consume", true, func() (bool, error) { // the loss before made the writer wary
			r, err := e.Consume(ctx, use("ann", "requests", 2, "another"))
			return r.Duplicate, err
		}},
		{"a hold", "hold:", false, func() (bool, error) {
			h, err := e.Hold(ctx, tollgate.HoldRequest{Customer: "ann", Meter: "tokens", Amount: quantity.Whole(100_000), TransactionID: "h"})
			return h.Duplicate, err
		}},
		{"a large batch", "many-", false, func() (bool, error) {
			out, err := e.Batch(ctx, many)
			if err != nil {
				return false, err
			}
			for _, o := range out {
				if o.Err != nil {
					return false, o.Err
				}
				if o.Duplicate != out[0].Duplicate {
					return false, errors.New("a part of the batch was recorded")
				}
			}
			return out[0].Duplicate, nil
		}},
	} {
		if !tt.wary {
			c.move(time.Minute) // since the last loss
		}
		w.loseAnswerTo(tt.words)
		if _, err := tt.do(); err != nil && !fault.Has(err, fault.Unavailable) {
			t.Errorf("%s: %v, want unavailable or success", tt.name, err)
		}
		if w.trigger.Load() != nil {
			t.Fatalf("%s: no commit with %q passed", tt.name, tt.words)
		}
		duplicate, err := tt.do()
		if err != nil || !duplicate {
			t.Errorf("%s again: duplicate %t, %v; want what was recorded the first time", tt.name, duplicate, err)
		}
	}
	if got := available(t, e, "ann", "requests"); got != "0" {
		t.Errorf("ann has %s requests, want 0: 10 and 1 granted, less 1, 8 and 2", got)
	}
	if got := available(t, e, "ann", "credits"); got != "0" {
		t.Errorf("ann has %s credits, want 0", got)
	}
	if got := available(t, e, "bob", "requests"); got != "750" {
		t.Errorf("bob has %s requests, want 750", got)
	}
}

func TestAWriteThatNobodyAnswersIsGivenUp(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for the writer to give up")
	}
	w, url := newWire(t, testdb.Postgres(t))
	e := openPlenty(t, url)
	put(t, e, "ann", "")
	if _, err := e.Consume(t.Context(), use("ann", "requests", 1, "warm")); err != nil {
		t.Fatal(err)
	}
	w.stall(true)
	began := time.Now()
	var patient sync.WaitGroup
	patient.Go(func() {
		if _, err := e.Consume(t.Context(), use("ann", "requests", 1, "patient")); !fault.Has(err, fault.Unavailable) {
			t.Errorf("a caller who waits: %v, want unavailable", err)
		}
	})
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := e.Consume(short, use("ann", "requests", 1, "impatient")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a caller who does not wait: %v, want its deadline", err)
	}
	patient.Wait()
	if took := time.Since(began); took > time.Minute {
		t.Errorf("the writer gave up after %s", took)
	}
	w.stall(false)
	w.cut(false)
	for _, tx := range []string{"impatient", "patient"} {
		var err error
		for range 30 { // one for each connection of the pool that is dead and not yet known to be
			if _, err = e.Consume(t.Context(), use("ann", "requests", 1, tx)); err == nil {
				break
			}
		}
		if err != nil {
			t.Errorf("%s after the fault: %v", tx, err)
		}
	}
	if got := available(t, e, "ann", "requests"); got != "999997" {
		t.Errorf("available %s, want 999997", got)
	}
}

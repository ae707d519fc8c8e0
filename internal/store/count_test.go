package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/quantity"
)

// counter counts on one account as it was first read, and as a writer of a process that others cross does.
type counter struct {
	db    *store.DB
	want  store.Want
	known *store.Account
	asked []store.Found // what each call of decide was given
}

// newCounter returns a counter of a new account that is about to record tx, one unit.
func newCounter(t *testing.T, db *store.DB, name id.Customer, tx id.Transaction) *counter {
	t.Helper()
	k := account(t, db, name)
	c, err := db.CustomerOf(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return &counter{db: db, known: k, want: store.Want{
		Accounts: []store.AccountKey{k.AccountKey}, Known: map[id.Key]*store.Customer{c.Key: &c},
		Counts: []store.Count{{Known: k, Lines: 1, Used: quantity.One, Spent: quantity.One, Last: tx}},
	}}
}

// spend charges one unit under tx to an account, and more to what was used of it.
func spend(a *store.Account, tx id.Transaction, more quantity.Units) *store.Batch {
	after := *a
	after.Counted = true
	after.State.Seq++
	after.State.Window.Used += quantity.One + more
	after.State.Window.Spent += quantity.One
	e := event(a.AccountKey, after.State.Seq, tx)
	e.Used = after.State.Window.Used
	return &store.Batch{Accounts: []*store.Account{&after}, Events: []*store.Event{e}}
}

func (c *counter) run(t *testing.T, tx id.Transaction, more quantity.Units) error {
	t.Helper()
	return c.db.Locked(t.Context(), c.want, func(f store.Found) (*store.Batch, error) {
		c.asked = append(c.asked, f)
		return spend(f.Accounts[c.known.AccountKey], tx, more), nil
	})
}

// ask fails unless decide was called once for each of counted, on counts or not.
func (c *counter) ask(t *testing.T, counted ...bool) {
	t.Helper()
	var got []bool
	for _, f := range c.asked {
		got = append(got, f.Counted)
	}
	differ(t, "calls of decide", counted, got)
}

// What others have counted meanwhile is found, and what was foreseen is added to it.
func TestCountsAreAddedToWhatIsThere(t *testing.T) {
	t.Parallel()
	db := open(t, testdb.Postgres(t))
	c := newCounter(t, db, "ann", "mine")
	if err := db.Commit(t.Context(), spend(c.known, "theirs", 0)); err != nil {
		t.Fatal(err)
	}
	before := reread(t, db, c.known.AccountKey)
	if err := c.run(t, "mine", 0); err != nil {
		t.Fatal(err)
	}
	c.ask(t, true)
	differ(t, "the account that was found", before, c.asked[0].Accounts[c.known.AccountKey])
	after, counted := reread(t, db, c.known.AccountKey), *before
	counted.Counted = true
	if after.Version != counted.Next() || after.State.Seq != 2 || after.State.Window.Used != quantity.Whole(2) || after.State.Window.Spent != quantity.Whole(2) {
		t.Errorf("afterwards: %+v", after)
	}
	var lines []string
	for _, l := range everything(t, db, c.known.AccountKey, "").Lines {
		lines = append(lines, fmt.Sprint(l.Seq, " ", l.Event.TransactionID))
	}
	differ(t, "lines", []string{"1 theirs", "2 mine"}, lines)
}

// A repeat counts nothing: its account stays as it is, and its event and its customer are found.
func TestARepeatAmongCountsIsFound(t *testing.T) {
	t.Parallel()
	db := open(t, testdb.Postgres(t))
	c, repeated := newCounter(t, db, "ann", "mine"), newCounter(t, db, "bob", "")
	if err := db.Commit(t.Context(), spend(repeated.known, "again", 0)); err != nil {
		t.Fatal(err)
	}
	before := reread(t, db, repeated.known.AccountKey)
	n := store.Name{Customer: repeated.known.Customer, Name: "again"}
	c.want.Accounts, c.want.Transactions = append(c.want.Accounts, repeated.known.AccountKey), []store.Name{n}
	c.want.Known[repeated.known.Customer] = repeated.want.Known[repeated.known.Customer]
	if err := c.run(t, "mine", 0); err != nil {
		t.Fatal(err)
	}
	c.ask(t, true)
	if c.asked[0].Events[n] == nil || c.asked[0].Customers[n.Customer] == nil {
		t.Errorf("found %+v of customers %+v", c.asked[0].Events, c.asked[0].Customers)
	}
	differ(t, "the account of the repeat", before, reread(t, db, repeated.known.AccountKey))
}

// Whatever is not as it was foreseen is decided again as if nothing had been.
func TestCountsThatWereNotForeseenAreUndone(t *testing.T) {
	t.Parallel()
	db := open(t, testdb.Postgres(t))
	for name, tt := range map[string]struct {
		before  func(*testing.T, *counter)
		tx      id.Transaction
		more    quantity.Units
		counted []bool // decide's calls
		version int64  // behind the one that counting alone would have led to
	}{
		"more is used":            {func(*testing.T, *counter) {}, "tx", 5, []bool{true, false}, 0},
		"another event is last":   {func(*testing.T, *counter) {}, "other", 0, []bool{true, false}, 0},
		"the plan gives another":  {outdate, "tx", 0, []bool{false}, 1},
		"the account has changed": {func(t *testing.T, c *counter) { change(t, c) }, "tx", 0, []bool{false}, 1},
		"an account is not there": {func(_ *testing.T, c *counter) {
			c.want.Counts[0].Known = &store.Account{AccountKey: store.AccountKey{Customer: c.known.Customer, Slug: "none"}}
		}, "tx", 0, []bool{false}, 0},
		"a customer is not known": {func(_ *testing.T, c *counter) { c.want.Known = nil }, "tx", 0, []bool{false}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t, db, id.Customer(name), "tx")
			tt.before(t, c)
			before := reread(t, db, c.known.AccountKey)
			if err := c.run(t, tt.tx, tt.more); err != nil {
				t.Fatal(err)
			}
			c.ask(t, tt.counted...)
			differ(t, "the account that was found", before, c.asked[len(c.asked)-1].Accounts[c.known.AccountKey])
			after := reread(t, db, c.known.AccountKey)
			if got, want := after.State.Window.Used, before.State.Window.Used+quantity.One+tt.more; got != want || after.State.Seq != before.State.Seq+1 {
				t.Errorf("used %s at line %d, want %s at line %d", got, after.State.Seq, want, before.State.Seq+1)
			}
			if before.Version != c.known.Version+tt.version {
				t.Errorf("version %d, want %d", before.Version, c.known.Version+tt.version)
			}
		})
	}
}

func outdate(t *testing.T, c *counter) {
	t.Helper()
	moved := *c.want.Known[c.known.Customer]
	moved.Timezone = "Asia/Tokyo"
	update(t, c.db, func(tx *store.Tx) error { return tx.UpdateCustomer(t.Context(), moved, true) })
}

func change(t *testing.T, c *counter) {
	t.Helper()
	other := *c.known
	other.State.Limit = 9
	if err := c.db.Commit(t.Context(), &store.Batch{Accounts: []*store.Account{&other}}); err != nil {
		t.Fatal(err)
	}
}

// An error leaves nothing of what was counted before it, and the connection as it was.
func TestCountsOfAGroupThatFailsAreUndone(t *testing.T) {
	t.Parallel()
	db := open(t, testdb.Postgres(t)+"&pool_max_conns=1")
	c := newCounter(t, db, "ann", "mine")
	if err := db.Commit(t.Context(), spend(c.known, "mine", 0)); err != nil {
		t.Fatal(err)
	}
	before := everything(t, db, c.known.AccountKey, "")
	if err := c.run(t, "mine", 0); !errors.Is(err, store.ErrSeen) {
		t.Errorf("an id that is there: %v, want %v", err, store.ErrSeen)
	}
	differ(t, "after an id that was there", before, everything(t, db, c.known.AccountKey, ""))
	no := errors.New("no")
	err := db.Locked(t.Context(), c.want, func(store.Found) (*store.Batch, error) { return nil, no })
	if !errors.Is(err, no) {
		t.Errorf("a decision that fails: %v, want %v", err, no)
	}
	differ(t, "after a decision that failed", before, everything(t, db, c.known.AccountKey, ""))
}

func TestCountsOfManyAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	db := open(t, testdb.Postgres(t))
	const callers, turns = 8, 20
	names := []id.Customer{"ann", "bob", "cem"}
	var all []*counter
	for _, name := range names {
		all = append(all, newCounter(t, db, name, ""))
	}
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for turn := range turns {
				tx := id.Transaction(fmt.Sprint(i, "-", turn))
				var want store.Want
				want.Known = map[id.Key]*store.Customer{}
				for _, c := range all {
					want.Accounts = append(want.Accounts, c.known.AccountKey)
					want.Known[c.known.Customer] = c.want.Known[c.known.Customer]
					want.Counts = append(want.Counts, c.want.Counts[0])
					want.Counts[len(want.Counts)-1].Last = tx
				}
				err := db.Locked(t.Context(), want, func(f store.Found) (*store.Batch, error) {
					out := &store.Batch{}
					for k := range f.Accounts {
						b := spend(f.Accounts[k], tx, 0)
						out.Accounts, out.Events = append(out.Accounts, b.Accounts...), append(out.Events, b.Events...)
					}
					if !f.Counted {
						t.Error("decided without counts")
					}
					return out, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for i, c := range all {
		if got := reread(t, db, c.known.AccountKey); got.State.Window.Used != quantity.Whole(callers*turns) || got.State.Seq != callers*turns {
			t.Errorf("%s used %s in %d lines, want %d", names[i], got.State.Window.Used, got.State.Seq, callers*turns)
		}
	}
}

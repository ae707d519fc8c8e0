package tollgate_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// shop is the catalog of these tests: one balance of each kind.
const shop = `
currency: usd
upgradeUrl: /pricing
meters:
  requests: {name: Requests, aggregation: sum, unit: request}
  tokens:   {name: Tokens, aggregation: sum, unit: token}
  images:   {name: Images, aggregation: count}
  storage:  {name: Storage, aggregation: max, unit: GB, decimals: 3}
  seats:    {name: Seats, aggregation: last}
  users:    {name: Users, aggregation: unique, property: userId}
credits:
  credits: {name: Credits, costs: {tokens: "0.001", images: 20}}
features:
  api: {name: API}
plans:
  guest:
    name: Guest
    guest: true
    includes:
      requests: {limit: 5, every: never}
  free:
    name: Free
    default: true
    includes:
      requests: {limit: 10, every: day}
      credits:  {limit: 100, every: never}
      storage:  {limit: 5, every: month}
      seats:    {limit: 3, every: never}
      users:    {limit: 2, every: month}
  pro:
    name: Pro
    includes:
      requests: {limit: 1000, every: billing_period}
      credits:  {limit: 5000, every: billing_period, rollover: {max: 500}}
      storage:  {limit: unlimited}
      users:    {limit: 2, every: month, soft: true}
    features: {api: true}
`

// A clock is the time of a test, moved by hand.
type clock struct{ at atomic.Pointer[time.Time] }

func newClock(t time.Time) *clock {
	c := &clock{}
	c.at.Store(&t)
	return c
}

func (c *clock) now() time.Time { return *c.at.Load() }

func (c *clock) move(d time.Duration) {
	t := c.now().Add(d)
	c.at.Store(&t)
}

func noon() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC) }

// open opens an Engine on url with the shop's catalog. It is audited and closed with the test.
func open(t testing.TB, url string, c *clock) *tollgate.Engine {
	t.Helper()
	return openShop(t, url, tollgate.Options{Now: c.now})
}

// openShop is open with options.
func openShop(t testing.TB, url string, o tollgate.Options) *tollgate.Engine {
	t.Helper()
	e := openWith(t, url, o)
	if _, err := e.Publish(t.Context(), "shop.yaml", []byte(shop), false); err != nil {
		t.Fatal(err)
	}
	return e
}

func openWith(t testing.TB, url string, o tollgate.Options) *tollgate.Engine {
	t.Helper()
	e, err := tollgate.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		audit, err := e.Audit(context.Background())
		if err != nil || len(audit.Findings) > 0 {
			t.Errorf("audit: %+v, %v", audit.Findings, err)
		}
		if err := e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return e
}

func put(t testing.TB, e *tollgate.Engine, name id.Customer, plan id.Slug) {
	t.Helper()
	var ch tollgate.CustomerChange
	if plan != "" {
		ch.Plan = &plan
	}
	if _, _, err := e.PutCustomer(t.Context(), name, ch); err != nil {
		t.Fatal(err)
	}
}

func use(customer id.Customer, m id.Slug, amount int64, tx string) meter.Usage {
	u := quantity.Whole(amount)
	return meter.Usage{Customer: customer, Meter: m, Amount: &u, TransactionID: id.Transaction(tx)}
}

func available(t testing.TB, e *tollgate.Engine, customer id.Customer, slug id.Slug) string {
	t.Helper()
	b, err := e.Balance(t.Context(), customer, slug)
	if err != nil {
		t.Fatal(err)
	}
	if b.Available == nil {
		return "unlimited"
	}
	return b.Available.String()
}

func TestSixtyFourCallersSpendTenUnitsExactlyTenTimes(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock(noon()))
		put(t, e, "ann", "free")
		var accepted, refused atomic.Int64
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				_, err := e.Consume(t.Context(), use("ann", "requests", 1, fmt.Sprint("tx-", i)))
				switch {
				case err == nil:
					accepted.Add(1)
				case fault.Has(err, fault.InsufficientCredits):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if accepted.Load() != 10 || refused.Load() != 54 {
			t.Errorf("accepted %d and refused %d, want 10 and 54", accepted.Load(), refused.Load())
		}
		if got := available(t, e, "ann", "requests"); got != "0" {
			t.Errorf("available %s, want 0", got)
		}
	})
}

func TestTwoProcessesOnOneDatabaseSpendTenUnitsExactlyTenTimes(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		a := open(t, url, c)
		b := open(t, url, c)
		for i := range 5 {
			put(t, a, id.Customer(fmt.Sprint("c", i)), "free")
		}
		var accepted atomic.Int64
		var wg sync.WaitGroup
		for i := range 320 {
			e := a
			if i%2 == 1 {
				e = b
			}
			wg.Go(func() {
				_, err := e.Consume(t.Context(), use(id.Customer(fmt.Sprint("c", i%5)), "requests", 1, fmt.Sprint("tx-", i)))
				if err == nil {
					accepted.Add(1)
				} else if !fault.Has(err, fault.InsufficientCredits) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if accepted.Load() != 50 {
			t.Errorf("accepted %d, want 50", accepted.Load())
		}
	})
}

func TestFiftySendsOfOneTransactionMakeOneEvent(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		engines := []*tollgate.Engine{open(t, url, c), open(t, url, c)}
		put(t, engines[0], "ann", "free")
		var firsts atomic.Int64
		var mu sync.Mutex
		answers := map[string]int{}
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				r, err := engines[i%2].Consume(t.Context(), use("ann", "requests", 3, "same"))
				if err != nil {
					t.Error(err)
					return
				}
				if !r.Duplicate {
					firsts.Add(1)
				}
				mu.Lock()
				answers[fmt.Sprint(r.Event.RecordedAt, r.Event.Amount, r.Balance.Used, *r.Balance.Limit, *r.Balance.Available, *r.Balance.ResetsAt)]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if firsts.Load() != 1 || len(answers) != 1 {
			t.Errorf("%d first answers, answers %v; want 1 and 50 equal ones", firsts.Load(), answers)
		}
		if got := available(t, engines[1], "ann", "requests"); got != "7" {
			t.Errorf("available %s, want 7", got)
		}
	})
}

func TestAnotherPayloadUnderATransactionIsAConflict(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock(noon()))
		put(t, e, "ann", "free")
		if _, err := e.Consume(t.Context(), use("ann", "requests", 1, "tx")); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Consume(t.Context(), use("ann", "requests", 2, "tx")); !fault.Has(err, fault.Conflict) {
			t.Errorf("got %v, want a conflict", err)
		}
		if _, err := e.Consume(t.Context(), use("bob", "requests", 2, "tx")); !fault.Has(err, fault.NotFound) {
			t.Errorf("got %v, want not_found", err)
		}
	})
}

func TestARefusalIsNotRemembered(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock(noon()))
		put(t, e, "ann", "free")
		_, err := e.Consume(t.Context(), use("ann", "requests", 11, "tx"))
		if !fault.Has(err, fault.InsufficientCredits) {
			t.Fatalf("got %v, want insufficient_credits", err)
		}
		f := fault.Of(err)
		if f.Details["required"] != quantity.Whole(11) || f.Details["availableBalance"] != quantity.Whole(10) || f.Details["upgradeUrl"] != "/pricing" {
			t.Errorf("details %v", f.Details)
		}
		if _, err := e.Grant(t.Context(), tollgate.GrantRequest{Customer: "ann", Balance: "requests", Amount: quantity.Whole(5), ID: "g1"}); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Consume(t.Context(), use("ann", "requests", 11, "tx")); err != nil {
			t.Errorf("after a grant: %v", err)
		}
		if got := available(t, e, "ann", "requests"); got != "4" {
			t.Errorf("available %s, want 4", got)
		}
	})
}

func TestAPlanChangeKeepsWhatWasUsed(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e, other := open(t, url, c), open(t, url, c)
		put(t, e, "ann", "free")
		for i := range 8 {
			if _, err := e.Consume(t.Context(), use("ann", "requests", 1, fmt.Sprint("a", i))); err != nil {
				t.Fatal(err)
			}
		}
		put(t, other, "ann", "pro")
		r, err := e.Consume(t.Context(), use("ann", "requests", 100, "b"))
		if err != nil || r.Balance.Available.String() != "892" {
			t.Fatalf("after the upgrade: %+v, %v; want 892 available", r.Balance, err)
		}
		put(t, other, "ann", "free")
		if _, err := e.Consume(t.Context(), use("ann", "requests", 1, "c")); !fault.Has(err, fault.InsufficientCredits) {
			t.Errorf("after the downgrade: %v, want insufficient_credits", err)
		}
		put(t, other, "ann", "pro")
		if got := available(t, e, "ann", "requests"); got != "892" {
			t.Errorf("after another upgrade: %s available, want 892", got)
		}
	})
}

func TestHoldsAreCapturedOnceInPartOrReleased(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := open(t, url, c)
		put(t, e, "ann", "free")
		hold := func(tx string, n int64) tollgate.Held {
			t.Helper()
			h, err := e.Hold(t.Context(), tollgate.HoldRequest{Customer: "ann", Meter: "tokens", Amount: quantity.Whole(n), TransactionID: id.Transaction(tx)})
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
		h := hold("chat-1", 60_000)
		if again := hold("chat-1", 60_000); again.ID != h.ID || !again.Duplicate {
			t.Errorf("the same hold again: %+v", again)
		}
		if got := available(t, e, "ann", "credits"); got != "40" {
			t.Errorf("held: %s available, want 40", got)
		}
		if _, err := e.Hold(t.Context(), tollgate.HoldRequest{Customer: "ann", Meter: "tokens", Amount: quantity.Whole(40_001), TransactionID: "chat-2"}); !fault.Has(err, fault.InsufficientCredits) {
			t.Errorf("a hold of more: %v", err)
		}
		part := quantity.Whole(25_500)
		r, err := e.Capture(t.Context(), h.ID, &part)
		if err != nil || r.Event.Charged.String() != "25.5" || r.Balance.Available.String() != "74.5" {
			t.Fatalf("capture: %+v, %v", r, err)
		}
		if r, err := e.Capture(t.Context(), h.ID, &part); err != nil || !r.Duplicate || r.Balance.Available.String() != "74.5" {
			t.Errorf("capture again: %+v, %v", r, err)
		}
		if _, err := e.Capture(t.Context(), h.ID, nil); !fault.Has(err, fault.Conflict) {
			t.Errorf("capture of another amount: %v, want conflict", err)
		}
		if _, err := e.Release(t.Context(), h.ID); !fault.Has(err, fault.NotFound) {
			t.Errorf("release of a captured hold: %v, want not_found", err)
		}
		h = hold("chat-3", 10_000)
		for i := range 2 {
			if rel, err := e.Release(t.Context(), h.ID); err != nil || rel.Charged.String() != "10" || rel.Duplicate != (i == 1) {
				t.Errorf("release %d: %+v, %v", i, rel, err)
			}
		}
		h = hold("chat-4", 74_500)
		c.move(25 * time.Hour)
		if got := available(t, e, "ann", "credits"); got != "74.5" {
			t.Errorf("after the hold expired: %s available, want 74.5", got)
		}
		if _, err := e.Capture(t.Context(), h.ID, nil); !fault.Has(err, fault.NotFound) {
			t.Errorf("capture of an expired hold: %v, want not_found", err)
		}
	})
}

func TestAVoidGivesUnitsBackToTheGrantThatPaid(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := open(t, url, c)
		put(t, e, "ann", "free")
		soon := noon().Add(time.Hour)
		g, err := e.Grant(t.Context(), tollgate.GrantRequest{Customer: "ann", Balance: "requests", Amount: quantity.Whole(3), ExpiresAt: &soon})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Consume(t.Context(), use("ann", "requests", 5, "tx")); err != nil { // 3 from the grant, 2 from the plan
			t.Fatal(err)
		}
		for i := range 2 {
			v, err := e.Void(t.Context(), "ann", "tx", "wrong model")
			if err != nil || v.Returned.String() != "5" || v.Duplicate != (i == 1) {
				t.Fatalf("void %d: %+v, %v", i, v, err)
			}
		}
		b, err := e.Balance(t.Context(), "ann", "requests")
		if err != nil || b.Used != 0 || len(b.Grants) != 1 || b.Grants[0].ID != g.ID || b.Grants[0].Remaining.String() != "3" {
			t.Errorf("after the void: %+v, %v", b, err)
		}
		if _, err := e.Void(t.Context(), "ann", "none", ""); !fault.Has(err, fault.NotFound) {
			t.Errorf("void of nothing: %v", err)
		}
		r, err := e.Revoke(t.Context(), g.ID, "")
		if err != nil || r.Amount.String() != "3" {
			t.Errorf("revoke: %+v, %v", r, err)
		}
		if got := available(t, e, "ann", "requests"); got != "10" {
			t.Errorf("after the revoke: %s available, want 10", got)
		}
	})
}

func TestAUniqueMeterCountsEachValueOncePerWindow(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := open(t, url, c)
		put(t, e, "ann", "free")
		seat := func(user, tx string) error {
			_, err := e.Consume(t.Context(), meter.Usage{Customer: "ann", Meter: "users", TransactionID: id.Transaction(tx), Properties: fmt.Appendf(nil, `{"userId":%q}`, user)})
			return err
		}
		for i, user := range []string{"u1", "u2", "u1", "u2", "u1"} {
			if err := seat(user, fmt.Sprint("t", i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := seat("u3", "t9"); !fault.Has(err, fault.InsufficientCredits) {
			t.Errorf("a third user: %v", err)
		}
		for _, tx := range []id.Transaction{"t0", "t2"} { // t4 still names u1
			if v, err := e.Void(t.Context(), "ann", tx, ""); err != nil || v.Returned != 0 {
				t.Errorf("void %s: %+v, %v", tx, v, err)
			}
		}
		if v, err := e.Void(t.Context(), "ann", "t4", ""); err != nil || v.Returned.String() != "1" {
			t.Errorf("void of the last: %+v, %v", v, err)
		}
		if err := seat("u3", "t9"); err != nil {
			t.Errorf("a third user in the room that was made: %v", err)
		}
		c.move(31 * 24 * time.Hour)
		if got := available(t, e, "ann", "users"); got != "2" {
			t.Errorf("next month: %s available, want 2", got)
		}
		if err := seat("u1", "t10"); err != nil {
			t.Error(err)
		}
	})
}

// A void looks for its value in the window that the event was counted in, whatever the plan is by then.
func TestAVoidOfAUniqueEventKeepsToItsWindow(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := openWith(t, url, tollgate.Options{Now: c.now})
		_, err := e.Publish(t.Context(), "c.yaml", []byte(`
meters:
  users: {aggregation: unique, property: userId}
plans:
  a: {default: true, includes: {users: {limit: 3, every: month}}}
  b: {includes: {users: {limit: 3, every: week}}}
`), false)
		if err != nil {
			t.Fatal(err)
		}
		sees := func(tx string, charged int64) {
			t.Helper()
			r, err := e.Consume(t.Context(), meter.Usage{Customer: "ann", Meter: "users", TransactionID: id.Transaction(tx), Properties: []byte(`{"userId":"x"}`)})
			if err != nil || r.Event.Charged != quantity.Whole(charged) {
				t.Errorf("%s is charged %s (%v), want %d", tx, r.Event.Charged, err, charged)
			}
		}
		void := func(tx string, returned int64) {
			t.Helper()
			v, err := e.Void(t.Context(), "ann", id.Transaction(tx), "")
			if err != nil || v.Returned != quantity.Whole(returned) {
				t.Errorf("the void of %s returns %s (%v), want %d", tx, v.Returned, err, returned)
			}
		}
		put(t, e, "ann", "a")
		sees("month 1", 1)
		sees("month 2", 0)
		put(t, e, "ann", "b")
		sees("week 1", 1)
		void("month 1", 0) // the second still names the value
		sees("week 2", 0)
		void("month 2", 1)
		void("week 1", 0)
		void("week 2", 1)
		sees("week 3", 1)
		put(t, e, "ann", "a")
		sees("month 3", 1)
		if got := available(t, e, "ann", "users"); got != "1" { // the week counts, as usage does when plans change
			t.Errorf("%s available, want 1", got)
		}
	})
}

func TestABatchAnswersItemByItem(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock(noon()))
		put(t, e, "ann", "free")
		late := noon().Add(-48 * time.Hour)
		old := use("ann", "requests", 1, "old")
		old.At = &late
		out, err := e.Batch(t.Context(), []meter.Usage{
			use("ann", "requests", 4, "1"), use("ann", "requests", 4, "1"), use("ann", "requests", 7, "2"),
			use("nobody", "requests", 1, "3"), use("ann", "nothing", 1, "4"), old, use("ann", "requests", 5, "5"),
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"ok", "duplicate", "insufficient_credits", "not_found", "not_found", "late", "ok"}
		for i, o := range out {
			got := "ok"
			switch {
			case o.Err != nil:
				got = string(fault.Of(o.Err).Code)
			case o.Duplicate:
				got = "duplicate"
			case o.Event.Late:
				got = "late"
			}
			if got != want[i] {
				t.Errorf("item %d: %s (%v), want %s", i, got, o.Err, want[i])
			}
		}
		if _, err := e.Batch(t.Context(), make([]meter.Usage, tollgate.BatchMax+1)); !fault.Has(err, fault.TooLarge) {
			t.Errorf("a batch of one more than the limit: %v", err)
		}
	})
}

func TestConcurrentFirstCallsMakeOneCustomer(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		engines := []*tollgate.Engine{open(t, url, c), open(t, url, c)}
		var made atomic.Int64
		var mu sync.Mutex
		subs := map[string]bool{}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				got, created, err := engines[i%2].PutCustomer(t.Context(), "a/b|c@d e", tollgate.CustomerChange{})
				if err != nil {
					t.Error(err)
				}
				if created {
					made.Add(1)
				}
				mu.Lock()
				subs[got.Subscription] = true
				mu.Unlock()
			})
		}
		wg.Wait()
		if made.Load() != 1 || len(subs) != 1 {
			t.Errorf("%d customers, %d subscriptions; want one of each", made.Load(), len(subs))
		}
	})
}

func TestUsageInTheCallersTransactionLivesAndDiesWithIt(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock(noon()))
		put(t, e, "ann", "free")
		if _, err := e.SQL().Exec("CREATE TABLE job (id TEXT)"); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Consume(t.Context(), use("ann", "requests", 1, "warm")); err != nil { // the writer now knows the account
			t.Fatal(err)
		}
		stop := errors.New("stop")
		run := func(tx string, fail error) error {
			sqlTx, err := e.SQL().BeginTx(t.Context(), nil)
			if err != nil {
				return err
			}
			defer sqlTx.Rollback()
			if _, err := sqlTx.Exec("INSERT INTO job (id) VALUES ($1)", tx); err != nil {
				return err
			}
			if _, err := e.ConsumeTx(t.Context(), sqlTx, use("ann", "requests", 2, tx)); err != nil {
				return err
			}
			if fail != nil {
				return fail
			}
			return sqlTx.Commit()
		}
		if err := run("job-1", stop); err != stop {
			t.Fatal(err)
		}
		if got := available(t, e, "ann", "requests"); got != "9" {
			t.Errorf("after a rollback: %s available, want 9", got)
		}
		if err := run("job-2", nil); err != nil {
			t.Fatal(err)
		}
		if r, err := e.Consume(t.Context(), use("ann", "requests", 1, "after")); err != nil || r.Balance.Available.String() != "6" {
			t.Errorf("after a commit: %+v, %v; want 6 available", r.Balance, err)
		}
		if r, err := e.Consume(t.Context(), use("ann", "requests", 2, "job-2")); err != nil || !r.Duplicate {
			t.Errorf("the same transaction through the writer: %+v, %v", r, err)
		}
		var jobs int
		if err := e.SQL().QueryRow("SELECT count(*) FROM job").Scan(&jobs); err != nil || jobs != 1 {
			t.Errorf("%d jobs, %v; want 1", jobs, err)
		}
	})
}

func TestAnErasedCustomerIsGoneAndItsLedgerStillBalances(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e, other := open(t, url, c), open(t, url, c)
		put(t, e, "ann", "free")
		if _, err := e.Consume(t.Context(), use("ann", "requests", 1, "tx")); err != nil {
			t.Fatal(err)
		}
		if err := other.EraseCustomer(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Consume(t.Context(), use("ann", "requests", 1, "tx2")); !fault.Has(err, fault.NotFound) {
			t.Errorf("consume after the erasure: %v, want not_found", err)
		}
		put(t, e, "ann", "free")
		if got := available(t, e, "ann", "requests"); got != "10" {
			t.Errorf("a new customer of that name: %s available, want 10", got)
		}
	})
}

func TestBalanceAtAPastInstantAndExplain(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := open(t, url, c)
		put(t, e, "ann", "free")
		for i := range 4 {
			c.move(time.Hour)
			if _, err := e.Consume(t.Context(), use("ann", "requests", 2, fmt.Sprint("t", i))); err != nil {
				t.Fatal(err)
			}
		}
		for hours, want := range map[int]string{-1: "0", 0: "10", 1: "8", 2: "6", 4: "2"} {
			b, err := e.BalanceAt(t.Context(), "ann", "requests", noon().Add(time.Duration(hours)*time.Hour))
			if err != nil || b.Available.String() != want {
				t.Errorf("after %d hours: %v, %v; want %s", hours, b.Available, err, want)
			}
		}
		for ahead, want := range map[time.Duration]fault.Code{0: "", tollgate.AheadMax: "", tollgate.AheadMax + time.Second: fault.Invalid} {
			_, err := e.BalanceAt(t.Context(), "ann", "requests", c.now().Add(ahead))
			if (want == "") != (err == nil) || err != nil && (!fault.Has(err, want) || fault.Of(err).Details["field"] != "at") {
				t.Errorf("%s ahead: %v, want %q for the field at", ahead, err, want)
			}
		}
		c.move(24 * time.Hour)
		x, err := e.Explain(t.Context(), "ann", "requests")
		if err != nil || len(x.Lines) != 5 || len(x.Pending) != 2 {
			t.Fatalf("explain: %+v, %v", x, err)
		}
		sum := x.Opening
		for _, l := range x.Lines {
			sum += l.Amount
			t.Log(l.Text)
		}
		if sum != x.Lines[4].Balance {
			t.Errorf("lines add up to %s, want %s", sum, x.Lines[4].Balance)
		}
		t.Log(x.Summary)
	})
}

// TestAnExplanationAddsUp with what the ledger's balance has and what is available has not, and the other way round.
func TestAnExplanationAddsUp(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		c := newClock(noon())
		e := open(t, url, c)
		put(t, e, "ann", "free") // ten requests a day
		later := c.now().Add(72 * time.Hour)
		over := use("ann", "requests", 63, "over")
		over.Record = true
		for _, step := range []struct {
			do   func() error
			want string
		}{
			{func() error {
				return second(e.AddLimitAdjustment(t.Context(), tollgate.LimitAdjustmentRequest{Customer: "ann", Balance: "requests", Amount: quantity.Whole(50), Type: credit.OneTime, EndsAt: &later, Reason: "party", ID: "a"}))
			}, "Requests: 60 requests left (the plan gives 10 requests, limit adjustments give 50 more, 0 used) until 11 Mar 2026 00:00 UTC."},
			{func() error {
				return second(e.Grant(t.Context(), tollgate.GrantRequest{Customer: "ann", Balance: "requests", Amount: quantity.Whole(20), ID: "g", StartsAt: &later}))
			}, "Requests: 60 requests left (the plan gives 10 requests, limit adjustments give 50 more, 0 used) until 11 Mar 2026 00:00 UTC."},
			{func() error { return second(e.Consume(t.Context(), over)) },
				"Requests: 0 requests left (the plan gives 10 requests, limit adjustments give 50 more, 63 used, 3 past the hard limit, which take nothing of what is left) until 11 Mar 2026 00:00 UTC."},
			{func() error { c.move(24 * time.Hour); return nil },
				"Requests: 60 requests left (the plan gives 10 requests, limit adjustments give 50 more, 0 used) until 12 Mar 2026 00:00 UTC."},
			{func() error {
				return second(e.Hold(t.Context(), tollgate.HoldRequest{Customer: "ann", Meter: "requests", Amount: quantity.Whole(4), TransactionID: "h", ExpiresIn: 72 * 3600}))
			}, "Requests: 56 requests left (the plan gives 10 requests, limit adjustments give 50 more, 0 used, 4 held) until 12 Mar 2026 00:00 UTC."},
			{func() error { c.move(24 * time.Hour); return nil },
				"Requests: 60 requests left (the plan gives 10 requests, limit adjustments give 50 more, 0 used) until 13 Mar 2026 00:00 UTC."},
		} {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			x, err := e.Explain(t.Context(), "ann", "requests")
			if err != nil {
				t.Fatal(err)
			}
			if x.Summary != step.want {
				t.Errorf("it is told as\n%s\nwant\n%s", x.Summary, step.want)
			}
			if wrong := addsUp(x); wrong != "" {
				t.Error(wrong)
			}
			for _, l := range x.Lines {
				for _, lot := range l.Lots {
					if l.Kind == credit.KindGrant && lot.Remaining != lot.Amount {
						t.Errorf("the line of grant %s shows %s left of %s", lot.ID, lot.Remaining, lot.Amount)
					}
				}
			}
		}
	})
}

func TestKeysAreScopedAndRevocable(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock(noon()))
		secret, k, err := e.CreateKey(t.Context(), tollgate.ScopeRecord, "app", false)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Authenticate(t.Context(), secret)
		if err != nil || got.ID != k.ID || tollgate.Scope(got.Scope).Allows(tollgate.ScopeFull) || !tollgate.Scope(got.Scope).Allows(tollgate.ScopeRead) {
			t.Errorf("authenticate: %+v, %v", got, err)
		}
		if err := e.RevokeKey(t.Context(), k.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Authenticate(t.Context(), secret); !fault.Has(err, fault.Unauthorized) {
			t.Errorf("a revoked key: %v", err)
		}
	})
}

func TestAProcessWhoseClockLagsOpensNoWindowAgain(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		ahead, behind := newClock(time.Date(2026, 3, 11, 0, 0, 1, 0, time.UTC)), newClock(time.Date(2026, 3, 10, 23, 59, 58, 0, time.UTC))
		a, b := open(t, url, ahead), open(t, url, behind)
		put(t, b, "ann", "free")
		var accepted int
		for i := range 40 { // 10 on the tenth, 10 on the eleventh, however the clocks differ
			e := b
			if i >= 10 && i%2 == 0 {
				e = a
			}
			_, err := e.Consume(t.Context(), use("ann", "requests", 1, fmt.Sprint(i)))
			if err == nil {
				accepted++
			} else if !fault.Has(err, fault.InsufficientCredits) {
				t.Fatal(err)
			}
		}
		if accepted != 20 {
			t.Errorf("accepted %d, want 20", accepted)
		}
	})
}

func TestEnsuringCustomersMakesThoseThatAreMissing(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		engines := []*tollgate.Engine{open(t, url, c), open(t, url, c)}
		put(t, engines[0], "ann", "pro")
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if err := engines[i%2].EnsureCustomers(t.Context(), []id.Customer{"zoe", "ann", "bob", "zoe"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		page, err := engines[0].Customers(t.Context(), "", 0)
		if err != nil || len(page.Data) != 3 {
			t.Fatalf("%d customers, %v; want 3", len(page.Data), err)
		}
		for _, got := range page.Data {
			if want := map[id.Customer]id.Slug{"ann": "pro", "bob": "free", "zoe": "free"}[got.ExternalID]; got.Plan != want {
				t.Errorf("%s is on %s, want %s", got.ExternalID, got.Plan, want)
			}
		}
		if err := engines[0].EnsureCustomers(t.Context(), make([]id.Customer, tollgate.BatchMax+1)); !fault.Has(err, fault.Invalid) {
			t.Errorf("one more than the limit: %v", err)
		}
	})
}

package tollgate_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// pair opens two Engines on one database: two processes, as far as either can tell.
func pair(t *testing.T, url string) (a, b *tollgate.Engine) {
	t.Helper()
	c := newClock(noon())
	return open(t, url, c), open(t, url, c)
}

func TestARepeatAfterAnErasureIsNotAnsweredFromMemory(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		a, b := pair(t, url)
		for _, eraser := range []*tollgate.Engine{a, b} {
			put(t, a, "ann", "free")
			usage := use("ann", "requests", 4, "tx")
			if _, err := a.Consume(t.Context(), usage); err != nil {
				t.Fatal(err)
			}
			if err := eraser.EraseCustomer(t.Context(), "ann"); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Consume(t.Context(), usage); !fault.Has(err, fault.NotFound) {
				t.Errorf("after the erasure: %v, want not_found", err)
			}
			put(t, eraser, "ann", "free")
			r, err := a.Consume(t.Context(), usage)
			if err != nil || r.Duplicate || r.Balance.Available.String() != "6" {
				t.Errorf("a new customer of that name: %+v, %v; want a new event and 6 available", r, err)
			}
			if err := eraser.EraseCustomer(t.Context(), "ann"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestARefusalIsNeverStale(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		a, b := pair(t, url)
		put(t, a, "ann", "free")
		for _, e := range []*tollgate.Engine{a, b} { // both know the account
			if _, err := e.Consume(t.Context(), use("ann", "requests", 5, fmt.Sprintf("%p", e))); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Grant(t.Context(), tollgate.GrantRequest{Customer: "ann", Balance: "requests", Amount: quantity.Whole(3)}); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Consume(t.Context(), use("ann", "requests", 3, "x")); err != nil {
			t.Errorf("after a grant elsewhere: %v", err)
		}
		if err := b.EraseCustomer(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		put(t, b, "ann", "free")
		if _, err := a.Consume(t.Context(), use("ann", "requests", 10, "y")); err != nil {
			t.Errorf("of a customer made anew elsewhere: %v", err)
		}
		if _, err := a.Consume(t.Context(), use("ann", "requests", 1, "z")); !fault.Has(err, fault.InsufficientCredits) {
			t.Errorf("past its limit: %v", err)
		}
		if err := b.EraseCustomer(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		put(t, b, "ann", "free")
		if _, err := a.Consume(t.Context(), use("ann", "requests", 10, "w")); err != nil { // a locks first now
			t.Errorf("of a customer made anew elsewhere, by a wary writer: %v", err)
		}
	})
}

func TestPlansChangeUnderLoadWithoutMintingUnits(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		a, b := pair(t, url)
		engines := []*tollgate.Engine{a, b}
		put(t, a, "ann", "free")
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range 25 {
					_, err := engines[w%2].Consume(t.Context(), use("ann", "tokens", 1000, fmt.Sprint(w, "-", i)))
					if err != nil && !fault.Has(err, fault.InsufficientCredits) {
						t.Error(err)
					}
				}
			})
		}
		for i := range 20 {
			put(t, engines[i%2], "ann", []id.Slug{"pro", "free"}[i%2])
		}
		wg.Wait()
		put(t, b, "ann", "free")
		balance, err := a.Balance(t.Context(), "ann", "credits")
		if err != nil {
			t.Fatal(err)
		}
		page, err := b.Entries(t.Context(), "ann", "credits", "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		events := 0
		for _, l := range page.Data {
			if l.Event != nil {
				events++
			}
		}
		if balance.Used > quantity.Whole(int64(events)) || events > 200 {
			t.Errorf("used %s in %d events", balance.Used, events)
		}
	})
}

// A revoke that comes between a void's look at the grants and its lock must not bring the grant back.
func TestAVoidBringsNoRevokedGrantBack(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		a, b := pair(t, url)
		for i := range 15 {
			name := id.Customer(fmt.Sprint("c", i))
			put(t, a, name, "free")
			soon := noon().Add(time.Hour)
			g, err := a.Grant(t.Context(), tollgate.GrantRequest{Customer: name, Balance: "requests", Amount: quantity.Whole(3), ExpiresAt: &soon})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.Consume(t.Context(), use(name, "requests", 3, "tx")); err != nil { // the grant is spent and gone
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for _, do := range []func() error{
				func() error { _, err := a.Void(t.Context(), name, "tx", ""); return err },
				func() error { _, err := b.Revoke(t.Context(), g.ID, ""); return err },
			} {
				wg.Go(func() {
					if err := do(); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if got := available(t, a, name, "requests"); got != "10" {
				t.Errorf("%s has %s: the plan's 10 and nothing of the revoked grant", name, got)
			}
		}
	})
}

func TestABatchIsDecidedInItsOrder(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock(noon()))
		for round, name := range []id.Customer{"ann", "bob"} {
			put(t, e, name, "free")
			if round == 1 {
				if _, err := e.Consume(t.Context(), use(name, "requests", 0, "warm")); err != nil {
					t.Fatal(err)
				}
			}
			out, err := e.Batch(t.Context(), []meter.Usage{
				use(name, "requests", 11, "a"), // refused: the same id with less may follow
				use(name, "requests", 6, "a"),
				use(name, "requests", 11, "a"), // and now it is another request under the same id
				use(name, "requests", 5, "b"),
				use(name, "requests", 4, "c"),
				use(name, "requests", 4, "c"),
			})
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			for _, o := range out {
				if o.Err != nil {
					said += refusal(o.Err) + " "
					continue
				}
				said += told(*o.Receipt, nil) + " "
			}
			want := "insufficient_credits 11 of 10; 6 charged 6, used 6, available 4, duplicate false; conflict; insufficient_credits 5 of 4; " +
				"4 charged 4, used 10, available 0, duplicate false; 4 charged 4, used 10, available 0, duplicate true; "
			if said != want {
				t.Errorf("%s:\ngot  %s\nwant %s", name, said, want)
			}
		}
	})
}

func TestTextsThatADatabaseCannotKeepAreRefused(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock(noon()))
		put(t, e, "ann", "free")
		ctx := t.Context()
		grant := func(g tollgate.GrantRequest) error {
			g.Customer, g.Balance, g.Amount = "ann", "requests", quantity.One
			_, err := e.Grant(ctx, g)
			return err
		}
		change := func(ch tollgate.CustomerChange) error {
			_, _, err := e.PutCustomer(ctx, "ann", ch)
			return err
		}
		for _, bad := range []string{"a\x00b", "\xff", "a\xc3"} {
			for field, do := range map[string]func() error{
				"name":     func() error { return change(tollgate.CustomerChange{Name: &bad}) },
				"email":    func() error { return change(tollgate.CustomerChange{Email: &bad}) },
				"timezone": func() error { return change(tollgate.CustomerChange{Timezone: &bad}) },
				"metadata": func() error { return change(tollgate.CustomerChange{Metadata: map[string]*string{bad: new("x")}}) },
				"value":    func() error { return change(tollgate.CustomerChange{Metadata: map[string]*string{"x": &bad}}) },
				"reason":   func() error { return grant(tollgate.GrantRequest{Reason: bad}) },
				"source":   func() error { return grant(tollgate.GrantRequest{Source: bad}) },
				"id":       func() error { return grant(tollgate.GrantRequest{ID: id.Transaction(bad)}) },
				"customer": func() error { _, err := e.Customer(ctx, id.Customer(bad)); return err },
				"void":     func() error { _, err := e.Void(ctx, "ann", "tx", bad); return err },
				"event":    func() error { _, err := e.Consume(ctx, use("ann", "requests", 1, bad)); return err },
				"key name": func() error { _, _, err := e.CreateKey(ctx, tollgate.ScopeRead, bad, false); return err },
			} {
				if err := do(); !fault.Has(err, fault.Invalid) {
					t.Errorf("%s %q: %v, want invalid_request", field, bad, err)
				}
			}
		}
		nul := use("ann", "requests", 1, "p")
		nul.Properties = []byte(`{"a":"b\u0000"}`)
		if _, err := e.Consume(ctx, nul); !fault.Has(err, fault.Invalid) {
			t.Errorf("a NUL in properties: %v, want invalid_request", err)
		}
		far := time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, g := range []tollgate.GrantRequest{{ExpiresAt: &far}, {StartsAt: &far}} {
			if err := grant(g); !fault.Has(err, fault.Invalid) {
				t.Errorf("%+v: %v, want invalid_request", g, err)
			}
		}
		if _, err := e.Consume(ctx, use("ann", "requests", 10, "all")); err != nil && !fault.Has(err, fault.InsufficientCredits) {
			t.Errorf("the account after all that: %v", err)
		}
	})
}

func TestHoldsAreNotDeniedWhenTheDatabaseIsGone(t *testing.T) {
	t.Parallel()
	w, url := newWire(t, testdb.Postgres(t))
	e := open(t, url, newClock(noon()))
	put(t, e, "ann", "free")
	h, err := e.Hold(t.Context(), tollgate.HoldRequest{Customer: "ann", Meter: "requests", Amount: quantity.One, TransactionID: "h"})
	if err != nil {
		t.Fatal(err)
	}
	w.loseAnswerTo("c.id = $1 AND c.erased_at = 0") // the look at the hold's customer, after the one at the hold
	if _, err := e.Release(t.Context(), h.ID); !fault.Has(err, fault.Unavailable) || w.trigger.Load() != nil {
		t.Errorf("a hold whose customer cannot be read: %v, want unavailable", err)
	}
	w.cut(true)
	for name, do := range map[string]func(context.Context) error{
		"capture":  func(ctx context.Context) error { _, err := e.Capture(ctx, h.ID, nil); return err },
		"release":  func(ctx context.Context) error { _, err := e.Release(ctx, h.ID); return err },
		"void":     func(ctx context.Context) error { _, err := e.Void(ctx, "ann", "t", ""); return err },
		"balance":  func(ctx context.Context) error { _, err := e.Balance(ctx, "ann", "requests"); return err },
		"balances": func(ctx context.Context) error { _, err := e.Balances(ctx, "ann"); return err },
		"entries":  func(ctx context.Context) error { _, err := e.Entries(ctx, "ann", "requests", "", 0); return err },
		"explain":  func(ctx context.Context) error { _, err := e.Explain(ctx, "ann", "requests"); return err },
		"check": func(ctx context.Context) error {
			_, err := e.Check(ctx, tollgate.CheckRequest{Customer: "ann", Meter: "requests"})
			return err
		},
		"put": func(ctx context.Context) error {
			_, _, err := e.PutCustomer(ctx, "ann", tollgate.CustomerChange{})
			return err
		},
		"erase": func(ctx context.Context) error { return e.EraseCustomer(ctx, "ann") },
		"key":   func(ctx context.Context) error { _, err := e.Authenticate(ctx, "sk_test_x"); return err },
		"ready": func(ctx context.Context) error { return e.Ready(ctx) },
		"batch": func(ctx context.Context) error {
			out, err := e.Batch(ctx, []meter.Usage{use("ann", "requests", 1, "x"), use("nobody", "requests", 1, "x")})
			return errors.Join(err, out[0].Err, out[1].Err)
		},
	} {
		if err := do(t.Context()); !fault.Has(err, fault.Unavailable) {
			t.Errorf("%s without a database: %v, want unavailable", name, err)
		}
	}
	w.restore()
	within := time.Now().Add(10 * time.Second)
	for err = errors.New("not yet"); err != nil && time.Now().Before(within); {
		_, err = e.Capture(t.Context(), h.ID, nil)
	}
	if err != nil {
		t.Errorf("the capture, with the database again: %v", err)
	}
}

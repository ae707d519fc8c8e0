package tollgate_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

const (
	// bakery has what is done below, on a plan whose pool pays for bread by the tenth.
	bakery = `
currency: usd
meters:
  bread: {aggregation: sum, decimals: 1}
  users: {aggregation: unique, property: userId}
credits:
  credits: {costs: {bread: 2}}
plans:
  free: {default: true, includes: {credits: {limit: 1000, every: month}, users: {limit: 10, every: month}}}
  pro:  {includes: {bread: {limit: 1000, every: month}}}
`
	// coarse has the same meters by other rules.
	coarse = `
currency: usd
meters:
  bread: {aggregation: max}
  users: {aggregation: sum}
plans:
  free: {default: true, includes: {bread: {limit: 1000, every: month}}}
  pro:  {includes: {bread: {limit: 1000, every: month}}}
`
	// closed has neither the meters nor the pool.
	closed = `
currency: usd
meters:
  cake: {aggregation: sum}
plans:
  free: {default: true, includes: {cake: {limit: 100, every: month}}}
  pro:  {includes: {cake: {limit: 100, every: month}}}
`
)

// An order is an act that can be done again, with its amount as it was or another one.
type order func(t *testing.T, e *tollgate.Engine, amount quantity.Units) (any, error)

func orders(now time.Time) map[string]order {
	ends := now.Add(time.Hour)
	adjust := func(kind tollgate.AdjustmentKind) order {
		return func(t *testing.T, e *tollgate.Engine, amount quantity.Units) (any, error) {
			return e.AdjustUsage(t.Context(), tollgate.AdjustmentRequest{Customer: "ann", Meter: "bread", Kind: kind, Amount: amount, Reason: "r", TransactionID: id.Transaction(kind)})
		}
	}
	usage := func(tx id.Transaction, amount quantity.Units) meter.Usage {
		return meter.Usage{Customer: "ann", Meter: "bread", Amount: &amount, TransactionID: tx, Properties: []byte(`{"b": 1, "a": [2]}`)}
	}
	return map[string]order{
		"consume": func(t *testing.T, e *tollgate.Engine, amount quantity.Units) (any, error) {
			return e.Consume(t.Context(), usage("consume", amount))
		},
		"record": func(t *testing.T, e *tollgate.Engine, amount quantity.Units) (any, error) {
			return e.Record(t.Context(), usage("record", amount))
		},
		"record for": func(t *testing.T, e *tollgate.Engine, amount quantity.Units) (any, error) {
			c, err := e.Customer(t.Context(), "ann")
			if err != nil {
				return nil, err
			}
			return e.RecordFor(t.Context(), c, usage("record for", amount))
		},
		"batch": func(t *testing.T, e *tollgate.Engine, amount quantity.Units) (any, error) {
			out, err := e.Batch(t.Context(), []meter.Usage{usage("batch", amount), usage("", amount), {Customer: "ann", Meter: "no", TransactionID: "no"}})
			if err != nil {
				return nil, err
			}
			if out[1].Err == nil || !fault.Has(out[2].Err, fault.NotFound) {
				t.Errorf("what repeats nothing: %v and %v, want two refusals", out[1].Err, out[2].Err)
			}
			if out[0].Err != nil {
				return nil, out[0].Err
			}
			return *out[0].Receipt, nil
		},
		"consume in a transaction": func(t *testing.T, e *tollgate.Engine, amount quantity.Units) (any, error) {
			tx, err := e.SQL().BeginTx(t.Context(), nil)
			if err != nil {
				return nil, err
			}
			r, err := e.ConsumeTx(t.Context(), tx, usage("tx", amount))
			if err != nil {
				return nil, fmt.Errorf("%w, then %v", err, tx.Rollback())
			}
			return r, tx.Commit()
		},
		"refund": adjust(tollgate.AdjustRefund), "deduction": adjust(tollgate.AdjustDeduction), "bonus": adjust(tollgate.AdjustBonus),
		"hold": func(t *testing.T, e *tollgate.Engine, amount quantity.Units) (any, error) {
			return e.Hold(t.Context(), tollgate.HoldRequest{Customer: "ann", Meter: "bread", Amount: amount, TransactionID: "hold"})
		},
		"capture": func(t *testing.T, e *tollgate.Engine, amount quantity.Units) (any, error) {
			h, err := e.Hold(t.Context(), tollgate.HoldRequest{Customer: "ann", Meter: "bread", Amount: quantity.Whole(9), TransactionID: "capture"})
			if err != nil {
				return nil, err
			}
			return e.Capture(t.Context(), h.ID, &amount)
		},
		"grant": func(t *testing.T, e *tollgate.Engine, amount quantity.Units) (any, error) {
			return e.Grant(t.Context(), tollgate.GrantRequest{Customer: "ann", Balance: "bread", Amount: amount, ID: "grant", ExpiresAt: &ends})
		},
		"reset": func(t *testing.T, e *tollgate.Engine, amount quantity.Units) (any, error) {
			balance := id.Slug("bread")
			if amount == quantity.One {
				balance = "cake"
			}
			return e.ResetUsage(t.Context(), tollgate.ResetRequest{Customer: "ann", Balance: balance, ID: "reset"})
		},
		"limit adjustment": func(t *testing.T, e *tollgate.Engine, amount quantity.Units) (any, error) {
			l, err := e.AddLimitAdjustment(t.Context(), tollgate.LimitAdjustmentRequest{Customer: "ann", Balance: "bread", Amount: amount, Type: credit.OneTime, EndsAt: &ends, ID: "limit"})
			l.Active = false // whether it counts at this moment
			return l, err
		},
	}
}

// TestARepeatIsAnsweredAsAtFirstWhateverHasChanged: the plan, the rules of a meter, the catalog and the time.
func TestARepeatIsAnsweredAsAtFirstWhateverHasChanged(t *testing.T) {
	t.Parallel()
	half, err := quantity.Parse("1.5")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(t *testing.T, e *tollgate.Engine, c *clock){
		"the plan":          func(t *testing.T, e *tollgate.Engine, _ *clock) { put(t, e, "ann", "pro") },
		"the meter's rules": func(t *testing.T, e *tollgate.Engine, _ *clock) { publish(t, e, coarse) },
		"the catalog":       func(t *testing.T, e *tollgate.Engine, _ *clock) { publish(t, e, closed) },
		"the time":          func(_ *testing.T, _ *tollgate.Engine, c *clock) { c.move(400 * 24 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testdb.Each(t, func(t *testing.T, url string) {
				t.Parallel()
				c := newClock(noon())
				e := openWith(t, url, tollgate.Options{Now: c.now})
				publish(t, e, bakery)
				put(t, e, "ann", "free")
				all, first := orders(c.now()), map[string]any{}
				if _, err := e.Record(t.Context(), use("ann", "bread", 100, "something to refund")); err != nil {
					t.Fatal(err)
				}
				for name, do := range all {
					if first[name], err = do(t, e, half); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
				}
				change(t, e, c)
				other := openWith(t, url, tollgate.Options{Now: c.now})
				for name, do := range all {
					for _, e := range []*tollgate.Engine{e, other} {
						again, err := do(t, e, half)
						if err != nil {
							t.Errorf("%s again: %v", name, err)
							continue
						}
						if diff := cmp.Diff(repeated(t, first[name], true), repeated(t, again, false)); diff != "" {
							t.Errorf("%s again (-first +again):\n%s", name, diff)
						}
						if _, err := do(t, e, quantity.One); !fault.Has(err, fault.Conflict) {
							t.Errorf("%s of another payload: %v, want a conflict", name, err)
						}
					}
				}
			})
		})
	}
}

// repeated returns an answer as its JSON reads, marked as a repeat if mark says so.
func repeated(t *testing.T, answer any, mark bool) map[string]any {
	t.Helper()
	if mark {
		v := reflect.New(reflect.TypeOf(answer)).Elem()
		v.Set(reflect.ValueOf(answer))
		v.FieldByName("Duplicate").SetBool(true)
		answer = v.Interface()
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestWhatWasHeldIsCapturedAfterItsMeterHasLeft: a hold remembers what its meter was.
func TestWhatWasHeldIsCapturedAfterItsMeterHasLeft(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		c := newClock(noon())
		e := openWith(t, url, tollgate.Options{Now: c.now})
		publish(t, e, bakery)
		put(t, e, "ann", "free")
		half, err := quantity.Parse("1.5")
		if err != nil {
			t.Fatal(err)
		}
		for name, amount := range map[string]*quantity.Units{"all of it": nil, "a part": &half} {
			held := quantity.Whole(2) + half
			h, err := e.Hold(t.Context(), tollgate.HoldRequest{Customer: "ann", Meter: "bread", Amount: held, TransactionID: id.Transaction(name)})
			if err != nil {
				t.Fatal(err)
			}
			c.move(time.Minute)
			publish(t, e, closed)
			want := held
			if amount != nil {
				want = *amount
			}
			if r, err := e.Capture(t.Context(), h.ID, amount); err != nil || r.Event.Amount != want {
				t.Errorf("%s: captured %s, %v; want %s", name, r.Event.Amount, err, want)
			}
			publish(t, e, bakery)
		}
	})
}

// TestALimitAdjustmentIsAddedOnceForEver: one that was removed, and of which the customer's row knows nothing any more, does not
// count again when its request is repeated.
func TestALimitAdjustmentIsAddedOnceForEver(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		c := newClock(noon())
		e := open(t, url, c)
		put(t, e, "ann", "free")
		request := tollgate.LimitAdjustmentRequest{Customer: "ann", Balance: "requests", Amount: quantity.Whole(5), Type: credit.Recurring, ID: "first", Reason: "a birthday"}
		first, err := e.AddLimitAdjustment(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		removed, err := e.RemoveLimitAdjustment(t.Context(), first.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.SQL().ExecContext(t.Context(), "UPDATE customer SET adjustments = ''"); err != nil { // as after very many more
			t.Fatal(err)
		}
		for range 2 {
			again, err := e.AddLimitAdjustment(t.Context(), request)
			if err != nil || !again.Duplicate || again.Active || again.ID != first.ID || !again.RemovedAt.Equal(removed.RemovedAt) {
				t.Errorf("the first one again: %+v, %v; want it as it was removed", again, err)
			}
			again, err = e.RemoveLimitAdjustment(t.Context(), first.ID)
			if err != nil || !again.Duplicate || !again.RemovedAt.Equal(removed.RemovedAt) {
				t.Errorf("its removal again: %+v, %v; want it as it was removed", again, err)
			}
		}
		other := request
		other.Amount = quantity.Whole(6)
		if _, err := e.AddLimitAdjustment(t.Context(), other); !fault.Has(err, fault.Conflict) {
			t.Errorf("another amount under its id: %v, want a conflict", err)
		}
		if err := e.EraseCustomer(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		if _, err := e.RemoveLimitAdjustment(t.Context(), first.ID); !fault.Has(err, fault.NotFound) {
			t.Errorf("its removal after its customer was erased: %v, want not_found", err)
		}
		var kept int
		if err := e.SQL().QueryRowContext(t.Context(), "SELECT count(*) FROM entry WHERE answer LIKE '%birthday%'").Scan(&kept); err != nil || kept != 0 {
			t.Errorf("%d rows know of an erased customer's birthday, %v", kept, err)
		}
	})
}

// TestABonusThatWasMadeAsAGrantIsKnown: older versions knew a bonus by the grant that it came to.
func TestABonusThatWasMadeAsAGrantIsKnown(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		e := openWith(t, url, tollgate.Options{Now: newClock(noon()).now})
		publish(t, e, bakery)
		put(t, e, "ann", "free")
		if _, err := e.Grant(t.Context(), tollgate.GrantRequest{Customer: "ann", Balance: "credits", Amount: quantity.Whole(6), ID: "old", Source: "bonus", Reason: "r"}); err != nil {
			t.Fatal(err)
		}
		bonus := tollgate.AdjustmentRequest{Customer: "ann", Meter: "bread", Kind: tollgate.AdjustBonus, Amount: quantity.Whole(3), Reason: "r", TransactionID: "old"}
		again, err := e.AdjustUsage(t.Context(), bonus)
		if err != nil || !again.Duplicate {
			t.Errorf("the same bonus: %+v, %v; want the first answer", again, err)
		}
		bonus.Amount = quantity.Whole(4)
		if _, err := e.AdjustUsage(t.Context(), bonus); !fault.Has(err, fault.Conflict) {
			t.Errorf("another bonus: %v, want a conflict", err)
		}
	})
}

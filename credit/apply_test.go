package credit_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// An account applies requests one after the other, from noon of 2 March 2026 on.
type account struct {
	t     *testing.T
	state credit.State
	terms credit.Terms
	now   time.Time
	lines []credit.Entry
}

func newAccount(t *testing.T, limit quantity.Units) *account {
	t.Helper()
	a := &account{t: t, now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	a.day(limit)
	return a
}

// day gives the account terms of limit a day.
func (a *account) day(limit quantity.Units) {
	a.terms = credit.Terms{Limit: limit, Window: period.Window(period.Day, nil, period.Cycle{}, a.now)}
}

func (a *account) try(r credit.Request) (credit.Result, error) {
	a.t.Helper()
	if r.Cost == 0 {
		r.Cost = quantity.One
	}
	state, lines, res, err := credit.Apply(a.state, a.terms, r, a.now)
	a.state, a.lines = state, append(a.lines, lines...)
	return res, err
}

func (a *account) do(r credit.Request) credit.Result {
	a.t.Helper()
	res, err := a.try(r)
	if err != nil {
		a.t.Fatalf("%s %s: %v", r.Kind, r.Cause, err)
	}
	return res
}

func (a *account) refused(r credit.Request, want fault.Code) {
	a.t.Helper()
	if _, err := a.try(r); !fault.Has(err, want) {
		a.t.Fatalf("%s %s gives %v, want %s", r.Kind, r.Cause, err, want)
	}
}

func (a *account) grant(id string, n quantity.Units) {
	a.t.Helper()
	a.do(credit.Request{Kind: credit.KindGrant, Lot: credit.Lot{
		ID: id, Amount: n, Priority: credit.PriorityDefault, CreatedAt: a.now, StartsAt: a.now,
	}})
}

func (a *account) available(want quantity.Units) {
	a.t.Helper()
	if got := a.state.Available(a.now); got != want {
		a.t.Fatalf("%s available, want %s", got, want)
	}
}

func (a *account) folds() {
	a.t.Helper()
	folded, err := credit.Fold(credit.State{}, a.lines)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := folded.Same(&a.state); err != nil {
		a.t.Fatalf("the ledger leads elsewhere: %v", err)
	}
}

func consume(id string, n quantity.Units) credit.Request {
	return credit.Request{Kind: credit.KindConsume, Cause: id, Aggregation: meter.Sum, Amount: n}
}

func (a *account) holdRequest(id string, n quantity.Units) credit.Request {
	return credit.Request{Kind: credit.KindHold, Cause: id, Amount: n, ExpiresAt: a.now.Add(credit.HoldMax)}
}

func TestRefusalSaysWhatIsLeftAndWhen(t *testing.T) {
	t.Parallel()
	a := newAccount(t, 3*quantity.One)
	_, err := a.try(consume("e1", 7*quantity.One/2))
	want := `{"error":"insufficient_credits","message":"The balance has 3 left; 3.5 is required.",` +
		`"availableBalance":3,"required":3.5,"resetsAt":"2026-03-03T00:00:00Z"}`
	if got := asJSON(t, fault.Of(err)); got != want {
		t.Errorf("the refusal is\n%s, want\n%s", got, want)
	}
}

func TestAmountsBelowZeroAreRefused(t *testing.T) {
	t.Parallel()
	for _, k := range []credit.Kind{credit.KindConsume, credit.KindRecord, credit.KindHold, credit.KindCapture} {
		a := newAccount(t, 10)
		a.do(a.holdRequest("h1", 5))
		a.refused(credit.Request{Kind: k, Cause: "h1", Amount: -1}, fault.Invalid)
		a.available(5)
	}
	a := newAccount(t, 10)
	a.refused(credit.Request{Kind: credit.KindGrant, Lot: credit.Lot{ID: "g", Amount: -1}}, fault.Invalid)
}

func TestSameIDTwiceIsAConflict(t *testing.T) {
	t.Parallel()
	a := newAccount(t, 10)
	a.grant("g", 5)
	a.refused(credit.Request{Kind: credit.KindGrant, Lot: credit.Lot{ID: "g", Amount: 5}}, fault.Conflict)
	a.do(a.holdRequest("h", 5))
	a.refused(a.holdRequest("h", 5), fault.Conflict)
	a.available(10)
	a.do(credit.Request{Kind: credit.KindRelease, Cause: "h"})
	a.available(15)
	a.folds()
}

func TestOnlyMetersThatAddUpCanBeHeld(t *testing.T) {
	t.Parallel()
	for _, agg := range meter.Aggregations() {
		a := newAccount(t, 10)
		r := a.holdRequest("h", 5)
		r.Aggregation = agg
		_, err := a.try(r)
		if adds := agg == meter.Sum || agg == meter.Count; adds != (err == nil) {
			t.Errorf("a hold of a %s meter gives %v", agg, err)
		}
	}
}

func TestGrantsAndHoldsStopAtTheirLimits(t *testing.T) {
	t.Parallel()
	a := newAccount(t, 2*credit.HoldsMax)
	for i := range credit.LotsMax {
		a.grant(fmt.Sprint("g", i), 1)
	}
	a.refused(credit.Request{Kind: credit.KindGrant, Lot: credit.Lot{ID: "more", Amount: 1}}, fault.Invalid)
	for i := range credit.HoldsMax {
		a.do(a.holdRequest(fmt.Sprint("h", i), 1))
	}
	a.refused(a.holdRequest("more", 1), fault.Invalid)
	a.do(credit.Request{Kind: credit.KindCapture, Cause: "h0", Amount: 1})
	a.do(a.holdRequest("more", 1))
	a.available(2*credit.HoldsMax + credit.LotsMax - credit.HoldsMax - 1)
}

func TestHoldReleasedAfterItsWindowLeavesTheNextAllowanceWhole(t *testing.T) {
	t.Parallel()
	a := newAccount(t, 10)
	r := a.holdRequest("h", 6)
	r.ExpiresAt = a.now.Add(13 * time.Hour)
	a.do(r)
	a.now = a.now.Add(24 * time.Hour)
	a.day(10)
	a.do(credit.Request{})
	last := a.lines[len(a.lines)-1]
	if last.Kind != credit.KindAllowance || last.Amount != 10 {
		t.Errorf("the window opens with a line %s of %s, want an allowance of the limit", last.Kind, last.Amount)
	}
	a.folds()
}

func TestGrantNamedLikeAWordOfTheLedgerExpires(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"window", "plan"} {
		a := newAccount(t, 10)
		a.do(credit.Request{Kind: credit.KindGrant, Lot: credit.Lot{ID: id, Amount: 5, StartsAt: a.now, ExpiresAt: a.now.Add(time.Hour)}})
		a.now = a.now.Add(2 * time.Hour)
		a.do(credit.Request{})
		a.available(10)
		a.folds()
	}
}

// A replica whose clock is behind by a little must not open yesterday's window again, nor carry twice.
func TestClockThatIsBehindOpensNoWindowAgain(t *testing.T) {
	t.Parallel()
	a := newAccount(t, 10)
	at := func(now time.Time) {
		a.now = now
		a.day(10)
		a.terms.Rollover = 5
	}
	midnight := time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
	a.do(consume("e1", 4))
	var paid quantity.Units
	for i := range 20 {
		at(midnight.Add(time.Duration(i%2*2-1) * time.Millisecond))
		if i == 0 {
			at(midnight)
		}
		r := consume(fmt.Sprint("e2_", i), 3)
		if _, err := a.try(r); err == nil {
			paid += 3
		}
	}
	if paid != 15 {
		t.Errorf("%s was paid by an allowance of 10 and 5 carried over", paid)
	}
	for _, e := range a.lines {
		if e.Kind == credit.KindPlanChange {
			t.Errorf("line %d changes the plan, which nobody did", e.Seq)
		}
	}
	a.folds()
}

func TestWindowTakenUpAgainGivesNoSecondAllowance(t *testing.T) {
	t.Parallel()
	a := newAccount(t, 10)
	month := credit.Terms{Limit: 100, Window: period.Window(period.Month, nil, period.Cycle{}, a.now)}
	a.terms = month
	a.do(consume("e1", 60))
	a.day(10)
	a.do(credit.Request{})
	a.now = a.now.Add(24 * time.Hour)
	a.terms = month
	a.do(credit.Request{})
	a.available(40)
	if last := a.lines[len(a.lines)-1]; last.Kind != credit.KindPlanChange {
		t.Errorf("the month is taken up again with a line of kind %s", last.Kind)
	}
	a.folds()
}

func TestCaptureWithinItsHoldIsNeverRefused(t *testing.T) {
	t.Parallel()
	a := newAccount(t, 0)
	a.terms.Unlimited = true
	a.do(a.holdRequest("h", quantity.Max))
	for i := range 3 {
		a.do(consume(fmt.Sprint("e", i), quantity.Max))
	}
	a.refused(consume("past", 1), fault.Invalid)
	a.do(credit.Request{Kind: credit.KindCapture, Cause: "h", Amount: quantity.Max})
	a.folds()
}

func TestCaptureCostsWhatItsHoldCost(t *testing.T) {
	t.Parallel()
	a := newAccount(t, 10*quantity.One)
	r := a.holdRequest("h", 5*quantity.One)
	r.Cost = 2 * quantity.One
	a.do(r)
	res := a.do(credit.Request{Kind: credit.KindCapture, Cause: "h", Amount: 5 * quantity.One, Cost: 3 * quantity.One})
	if res.Charge != 10*quantity.One {
		t.Errorf("the capture costs %s, want the 10 that were held, whatever the catalog says since", res.Charge)
	}
}

func TestLastMeterThatFellAndIsVoidedFillsNoGrantBeyondItsAmount(t *testing.T) {
	t.Parallel()
	a := newAccount(t, 0)
	a.terms.Keep = true
	a.grant("g", 10)
	last := credit.Request{Kind: credit.KindConsume, Cause: "e1", Aggregation: meter.Last, Meter: "seats", Amount: 10, UsageAt: a.now}
	rise := a.do(last)
	last.Cause, last.Amount = "e2", 0
	fall := a.do(last)
	a.do(credit.Request{Kind: credit.KindVoid, Cause: "e1", Parts: rise.Parts})
	a.available(10)
	a.do(consume("e3", 10))
	a.do(credit.Request{Kind: credit.KindVoid, Cause: "e2", Parts: fall.Parts})
	a.available(0)
	a.folds()
}

func TestChargeOfAFallIsWhatWasGivenBack(t *testing.T) {
	t.Parallel()
	a := newAccount(t, 10)
	a.grant("g", 10)
	last := credit.Request{Kind: credit.KindConsume, Cause: "e1", Aggregation: meter.Last, Meter: "seats", Amount: 20, UsageAt: a.now}
	a.do(last)
	a.do(credit.Request{Kind: credit.KindRevoke, Cause: "g"})
	last.Cause, last.Amount = "e2", 0
	if res := a.do(last); res.Charge != -10 {
		t.Errorf("the fall charges %s; only the 10 of the allowance could go back", res.Charge)
	}
}

// No sum wraps, however often the largest amounts are granted, held, consumed, voided and released.
func TestLargestAmountsNeverWrap(t *testing.T) {
	t.Parallel()
	a := newAccount(t, quantity.Max)
	sane := func(did string) {
		t.Helper()
		for name, n := range map[string]quantity.Units{
			"balance": a.state.Balance(), "available": a.state.Available(a.now), "held": a.state.Held(),
			"used": a.state.Window.Used, "spent": a.state.Window.Spent,
		} {
			if n < -6*quantity.Max || n > 7*quantity.Max || name != "balance" && n < 0 {
				t.Fatalf("after %s the %s is %d", did, name, n)
			}
		}
	}
	type voidable struct {
		parts []credit.Part
		lots  []credit.Lot
	}
	var voids []voidable
	for i := range 400 {
		if i%9 == 8 {
			a.now = a.now.Add(24 * time.Hour)
			a.day(quantity.Max)
			a.terms.Rollover = quantity.Max
			a.terms.Unlimited = i%2 == 0
		}
		id := fmt.Sprint("x", i)
		lot := credit.Lot{ID: id, Amount: quantity.Max, Priority: 1, CreatedAt: a.now, StartsAt: a.now}
		_, _ = a.try(credit.Request{Kind: credit.KindGrant, Lot: lot})
		sane("a grant")
		_, _ = a.try(a.holdRequest(id, quantity.Max))
		sane("a hold")
		res, err := a.try(credit.Request{Kind: credit.KindRecord, Cause: id, Aggregation: meter.Sum, Amount: quantity.Max})
		if err == nil {
			voids = append(voids, voidable{res.Parts, []credit.Lot{lot}})
		}
		sane("a record")
		if i%5 == 4 && len(voids) > 0 {
			_, _ = a.try(credit.Request{Kind: credit.KindVoid, Cause: id, Parts: voids[0].parts, Lots: voids[0].lots})
			voids = voids[1:]
			sane("a void")
		}
	}
	for _, h := range a.state.Holds {
		a.do(credit.Request{Kind: credit.KindRelease, Cause: h.ID})
		sane("a release")
	}
	a.folds()
}

// Usage of many windows, all undone on one day.
func TestVoidsOfTheLargestAmountsNeverWrap(t *testing.T) {
	t.Parallel()
	a := newAccount(t, 0)
	var voids []credit.Request
	for i := range 12 {
		a.now = a.now.Add(24 * time.Hour)
		a.day(0)
		id := fmt.Sprint("g", i)
		a.grant(id, quantity.Max)
		lot := a.state.Lots[0]
		res := a.do(consume("e"+id, quantity.Max))
		voids = append(voids, credit.Request{Kind: credit.KindVoid, Cause: "e" + id, Parts: res.Parts, Lots: []credit.Lot{lot}})
	}
	for i, r := range voids {
		if i < 4 {
			a.do(r)
			continue
		}
		a.refused(r, fault.Invalid)
	}
	a.available(4 * quantity.Max)
	a.folds()
}

func TestAmountsPastTheirLimitAreRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		amount, cost quantity.Units
		ok           bool
	}{
		{"the largest amount is accepted", quantity.Max, quantity.One, true},
		{"one past the largest amount is not", quantity.Max + 1, quantity.One, false},
		{"a large amount at a small cost is still too large an amount", quantity.Max + quantity.One, 1, false},
		{"the largest charge is accepted", quantity.Max / 2, 2 * quantity.One, true},
		{"one past the largest charge is not", quantity.Max/2 + 1, 2 * quantity.One, false},
		{"a product that does not fit is not", quantity.Max, quantity.Max, false},
		{"a product of more than six decimals is not", 1, quantity.One / 2, false},
		{"the largest number there is is not", math.MaxInt64, quantity.One, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, k := range []credit.Kind{credit.KindConsume, credit.KindRecord, credit.KindHold} {
				a := newAccount(t, 0)
				a.terms.Unlimited = true
				_, err := a.try(credit.Request{Kind: k, Cause: "e", Amount: tt.amount, Cost: tt.cost, ExpiresAt: a.now.Add(time.Hour)})
				if tt.ok && err != nil || !tt.ok && !fault.Has(err, fault.Invalid) {
					t.Errorf("%s of %s at %s gives %v", k, tt.amount, tt.cost, err)
				}
			}
		})
	}
}

func TestViewAsJSON(t *testing.T) {
	t.Parallel()
	a := newAccount(t, 10*quantity.One)
	a.grant("g", 5*quantity.One)
	r := a.holdRequest("h", 3*quantity.One/2)
	r.Meter, r.TransactionID = "calls", "t1"
	a.do(r)
	for _, tt := range []struct {
		name string
		got  any
		want string
	}{
		{
			"a receipt has six fields", a.state.Receipt("calls", a.now),
			`{"slug":"calls","used":0,"limit":10,"available":13.5,"unlimited":false,"resetsAt":"2026-03-03T00:00:00Z"}`,
		},
		{
			"a view has them all", a.state.View("calls", a.now),
			`{"slug":"calls","used":0,"limit":10,"available":13.5,"unlimited":false,"resetsAt":"2026-03-03T00:00:00Z",` +
				`"held":1.5,"granted":5,"since":"2026-03-02T00:00:00Z",` +
				`"grants":[{"id":"g","source":"","amount":5,"remaining":5,"priority":100,"createdAt":"2026-03-02T12:00:00Z","startsAt":"2026-03-02T12:00:00Z"}],` +
				`"holds":[{"id":"h","meter":"calls","transactionId":"t1","amount":1.5,"cost":1,"charge":1.5,"parts":[{"amount":-1.5,"at":"2026-03-02T12:00:00Z"}],` +
				`"createdAt":"2026-03-02T12:00:00Z","expiresAt":"2026-04-01T12:00:00Z"}]}`,
		},
		{
			"nothing is limited", (&credit.State{Unlimited: true, Window: credit.Window{Used: 3 * quantity.One}}).Receipt("calls", a.now),
			`{"slug":"calls","used":3,"limit":null,"available":null,"unlimited":true,"resetsAt":null}`,
		},
		{
			"an entry", a.lines[2],
			`{"seq":3,"kind":"hold","amount":-1.5,"balance":13.5,"at":"2026-03-02T12:00:00Z","recordedAt":"2026-03-02T12:00:00Z",` +
				`"cause":"h","meter":"calls","parts":[{"amount":-1.5,"at":"2026-03-02T12:00:00Z"}],` +
				`"hold":{"id":"h","meter":"calls","transactionId":"t1","amount":1.5,"cost":1,"charge":1.5,"parts":[{"amount":-1.5,"at":"2026-03-02T12:00:00Z"}],` +
				`"createdAt":"2026-03-02T12:00:00Z","expiresAt":"2026-04-01T12:00:00Z"}}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, asJSON(t, tt.got)); diff != "" {
				t.Errorf("the JSON has changed (-want +got):\n%s", diff)
			}
		})
	}
}

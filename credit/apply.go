package credit

import (
	"slices"
	"time"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// Causes that are not somebody's id.
const (
	causeWindow = "window" // time: a window opened or closed
	causePlan   = "plan"   // the customer's plan, or the catalog, changed
)

// A Request asks an account for one act. Kind says which; the other fields are read as that act needs.
type Request struct {
	// Kind is one of KindConsume, KindRecord, KindBackfill, KindHold, KindCapture, KindRelease, KindGrant,
	// KindRevoke, KindClawBack, KindRestore, KindVoid, KindRefund, KindDeduction, KindReset, or empty to bring the account up to
	// date and nothing else.
	Kind Kind

	Cause         string            // the id the lines name: transactionId, hold or grant
	Reason        string            // words of the caller, for the ledger
	Meter         id.Slug           // usage and holds
	Aggregation   meter.Aggregation // usage and holds
	Amount        quantity.Units    // of the meter: usage, holds, captures
	Cost          quantity.Units    // of the account per unit of the meter: usage, holds
	UsageAt       time.Time         // when the usage happened; only a last meter cares
	TransactionID id.Transaction    // a hold's
	ExpiresAt     time.Time         // a hold's
	Lot           Lot               // a grant's; Remaining is ignored. A refund's: its ID and Source, for what no source takes back
	Parts         []Part            // a void's: what had paid
	Seq           int64             // a void's: the line of the usage
	Lots          []Lot             // a void's: the lots among Parts as they were granted, should the account have let go of them
	Policy        ClawBackPolicy    // a claw-back's; empty is Forgive. Its Lot has the ID and the Amount of the grant
	Past          []Entry           // a claw-back's and its undoing's: the account's lines before it that MovesGrants, in their order
	Returns       []Return          // all of the grant that Lot names, in place of one claw-back or undoing: see Unsettled
}

// A Result is what a request did.
type Result struct {
	Charge quantity.Units // what the account paid or, for a void or a revoke, got back or lost
	Parts  []Part         // what paid, for usage and holds
	Own    int            // where among the lines the request's own is; -1 when it wrote none
}

// Apply brings s up to date with the clock and its terms, then does what r asks. It returns the new
// state, the ledger lines written in order, and the result. s itself is not changed.
//
// A refusal is a *fault.Error: insufficient_credits with availableBalance and required when a hard limit
// does not cover the amount; suspended when nothing may be consumed; not_found when the hold is not open; invalid_request when an amount or a
// count is past its limit; conflict when the account has a grant or an open hold of that id already. The
// state and lines returned with a refusal are those of bringing s up to date alone and may be saved or
// dropped.
//
// An account's time never goes back before its open window: should now, from a clock that is behind, lie
// before it, the act counts as of the window's start.
func Apply(s State, t Terms, r Request, now time.Time) (State, []Entry, Result, error) {
	if s.Opened && now.Before(s.Window.Start) && !t.Window.Start.After(s.Window.Start) {
		now, t.Window, t.Billed, t.Paid = s.Window.Start, s.Window.Span, s.Window.Billed, s.Paid
	}
	if now.Before(t.Window.Start) { // a period of Stripe's, whose clock is ahead
		now = t.Window.Start
	}
	a := act{State: s.clone(), terms: t, now: now}
	a.settle()
	before := len(a.lines)
	res, err := a.do(r)
	res.Own = slices.IndexFunc(a.lines[before:], func(e Entry) bool { return e.Kind == r.Kind })
	if res.Own >= 0 {
		res.Own += before
	}
	return a.State, a.lines, res, err
}

// Change brings s up to date with the terms it was on and puts it on others from now on. Where terms are changed, this is to be
// done in the same moment, for both are known then: what the windows before it carry over, and what the first window after
// it has used already. An account that nobody has touched stays so.
func Change(s State, from, to Terms, now time.Time) (State, []Entry) {
	if !s.Opened {
		return s, nil
	}
	var lines []Entry
	renewed := s.Window.continues(from.Billed, from.Window) && to.Paid.After(s.Paid)
	if !renewed { // else the period ends with the next one, and need not be made longer before
		s, lines, _, _ = Apply(s, from, Request{}, now)
	}
	to.Since, to.First = time.Time{}, period.Span{} // they begin now
	s, more, _, _ := Apply(s, to, Request{}, now)
	return s, append(lines, more...)
}

// act is one run of Apply.
type act struct {
	State
	terms Terms
	now   time.Time
	lines []Entry

	recorded time.Time      // when the lines are written, if that is not now
	rollover quantity.Units // what the window that closed carries into the one to open
}

// write posts a line, and then those of the debts that the units it brought pay. It returns the line as posted.
func (a *act) write(e Entry) Entry {
	e = a.add(e)
	if len(a.Debts) > 0 {
		a.collect(e.At)
	}
	return e
}

func (a *act) add(e Entry) Entry {
	e.RecordedAt = a.now
	if !a.recorded.IsZero() {
		e.RecordedAt = a.recorded
	}
	if e.At.IsZero() {
		e.At = a.now
	}
	e = a.post(e)
	a.lines = append(a.lines, e)
	return e
}

func (a *act) do(r Request) (Result, error) {
	if r.Amount < 0 || r.Lot.Amount < 0 {
		return Result{}, fault.Field("amount", min(r.Amount, r.Lot.Amount), nil, "The amount is below zero: to give units back, void the usage or grant them.")
	}
	switch r.Kind {
	case KindConsume, KindRecord, KindDeduction:
		return a.consume(r)
	case KindRefund:
		return a.refund(r)
	case KindReset:
		a.write(Entry{Kind: KindReset, Cause: r.Cause, Reason: r.Reason})
		return Result{}, nil
	case KindBackfill:
		a.write(Entry{Kind: r.Kind, Cause: r.Cause, Meter: r.Meter})
		return Result{}, nil
	case KindHold:
		return a.setAside(r)
	case KindCapture:
		return a.capture(r)
	case KindRelease:
		return a.release(r)
	case KindGrant:
		return a.grant(r)
	case KindRevoke:
		return a.revoke(r)
	case KindClawBack, KindRestore:
		res, err := a.returned(r)
		if err == nil {
			a.collect(a.now)
		}
		return res, err
	case KindVoid:
		return a.void(r)
	}
	return Result{}, nil
}

// consume charges usage: all of it, or for consume under a hard limit nothing.
func (a *act) consume(r Request) (Result, error) {
	if err := a.refused(); err != nil && r.Kind == KindConsume {
		return Result{}, err
	}
	charge, gauge, err := a.charge(r)
	if err != nil {
		return Result{}, err
	}
	parts, err := a.pay(charge, r.Kind == KindRecord)
	if err != nil {
		return Result{}, err
	}
	a.write(Entry{Kind: r.Kind, Cause: r.Cause, Meter: r.Meter, Parts: parts, Gauge: gauge})
	return Result{Charge: paid(parts), Parts: parts}, nil
}

// charge turns an amount of the meter into units of the account. A max meter pays for the rise of its
// peak within the window, a last meter for the rise or fall since its latest value; all others pay for the
// amount (1 for a counted event, 1 or 0 for a unique value: the caller says which).
func (a *act) charge(r Request) (quantity.Units, *Gauge, error) {
	amount := r.Amount
	var gauge *Gauge
	switch r.Aggregation {
	case meter.Max:
		amount = max(r.Amount-a.gauge(r.Meter).Value, 0)
		if amount > 0 {
			gauge = &Gauge{Meter: r.Meter, Value: r.Amount, At: r.UsageAt}
		}
	case meter.Last:
		if g := a.gauge(r.Meter); r.UsageAt.Before(g.At) {
			amount = 0
		} else {
			amount = r.Amount - g.Value
			gauge = &Gauge{Meter: r.Meter, Value: r.Amount, At: r.UsageAt}
		}
	}
	charge, err := price(amount, r.Cost)
	if err == nil {
		err = a.count(charge)
	}
	return charge, gauge, err
}

// countMax bounds what one window counts, so that no sum of an account can overflow.
const countMax = 4 * quantity.Max

// bears reports whether w can count a charge more.
func (w *Window) bears(charge quantity.Units) bool {
	return w.Used+charge <= countMax && w.Spent+charge <= countMax
}

// price returns amount × cost, and refuses what one request cannot carry.
func price(amount, cost quantity.Units) (quantity.Units, error) {
	charge, ok := amount.Times(cost)
	if !ok || amount > quantity.Max || charge > quantity.Max {
		return 0, tooMuch(amount)
	}
	return charge, nil
}

// count refuses a charge that would take the open window past what it can count.
func (a *act) count(charge quantity.Units) error {
	if !a.Window.bears(charge) {
		return tooMuch(charge)
	}
	return nil
}

func tooMuch(amount quantity.Units) error {
	return fault.Field("amount", amount, quantity.Max, "The amount is too large to be charged here: one request carries up to %s, one window up to %s.", quantity.Max, countMax)
}

// paid returns what parts took, all together.
func paid(parts []Part) quantity.Units {
	var sum quantity.Units
	for _, p := range parts {
		sum -= p.Amount
	}
	return sum
}

// grant adds a lot.
func (a *act) grant(r Request) (Result, error) {
	if a.lot(r.Lot.ID) != nil {
		return Result{}, fault.New(fault.Conflict, "The balance has a grant %q already.", r.Lot.ID).With("grant", r.Lot.ID)
	}
	if len(a.Lots) >= LotsMax {
		return Result{}, fault.Field("grants", len(a.Lots)+1, LotsMax, "The balance carries %d grants already; the limit is %d.", len(a.Lots), LotsMax)
	}
	if r.Lot.Amount > quantity.Max {
		return Result{}, fault.Field("amount", r.Lot.Amount, quantity.Max, "One grant carries up to %s.", quantity.Max)
	}
	if r.Lot.Amount > a.growth() {
		return Result{}, pastBalance(r.Lot.Amount)
	}
	a.addLot(KindGrant, r.Lot, r.Reason, r.Lot.CreatedAt)
	return Result{Charge: r.Lot.Amount}, nil
}

func pastBalance(amount quantity.Units) error {
	return fault.Field("amount", amount, countMax, "The balance would grow past its limit.")
}

func (a *act) addLot(k Kind, l Lot, reason string, at time.Time) {
	a.write(Entry{
		Kind: k, Cause: l.ID, Reason: reason, At: at,
		Lots: []Lot{l.empty()}, Parts: []Part{{Grant: l.ID, Amount: l.Amount}},
	})
}

// revoke takes back what is left of a grant. What was spent stays spent; what open holds have set aside
// is lost to the lot when they are released.
func (a *act) revoke(r Request) (Result, error) {
	var left quantity.Units
	if l := a.lot(r.Cause); l != nil {
		left = l.Remaining
	}
	a.write(Entry{Kind: KindRevoke, Cause: r.Cause, Reason: r.Reason, Parts: []Part{{Grant: r.Cause, Amount: -left}}})
	return Result{Charge: -left}, nil
}

// void gives usage back to the very sources that paid for it. What a source cannot take back, because its
// window is over or its grant expired or was revoked, is gone with the source.
func (a *act) void(r Request) (Result, error) {
	var back []Part
	growth := a.growth()
	for _, p := range r.Parts {
		past := a.forgot(r.Seq, p)
		if p.Grant == "" && past {
			continue // the reset has given back what the allowance had paid
		}
		back = append(back, Part{Grant: p.Grant, Amount: -p.Amount, At: p.At, Ever: p.Ever, Past: past})
		if p.Grant == "" {
			continue
		}
		if -p.Amount > growth {
			return Result{}, pastBalance(-p.Amount)
		}
		growth += p.Amount
	}
	if err := a.notRefunded(r.Cause, back); err != nil {
		return Result{}, err
	}
	var lots []Lot
	for _, l := range r.Lots {
		if a.lot(l.ID) == nil && !l.ended(a.now) {
			lots = append(lots, l.empty())
		}
	}
	made := a.write(Entry{Kind: KindVoid, Cause: r.Cause, Reason: r.Reason, Meter: r.Meter, Parts: back, Lots: lots})
	return Result{Charge: made.Amount, Parts: back}, nil
}

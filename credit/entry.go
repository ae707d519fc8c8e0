package credit

import (
	"slices"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// Kind says what a ledger line records.
type Kind string

// The kinds of ledger line.
const (
	KindAllowance  Kind = "allowance"   // a window opened with the plan's allowance
	KindExpire     Kind = "expire"      // a window or a lot came to its end
	KindRollover   Kind = "roll_over"   // a window's unspent units carried into the next
	KindPlanChange Kind = "plan_change" // the limit of the open window changed
	KindGrant      Kind = "grant"       // units were granted
	KindRevoke     Kind = "revoke"      // a grant's unspent units were taken back
	KindConsume    Kind = "consume"     // usage, refused when the balance does not cover it
	KindRecord     Kind = "record"      // usage that is never refused
	KindBackfill   Kind = "backfill"    // usage of the past, for the statistics alone
	KindHold       Kind = "hold"        // units set aside
	KindCapture    Kind = "capture"     // a hold turned into usage
	KindRelease    Kind = "release"     // a hold let go
	KindVoid       Kind = "void"        // usage undone
	KindRefund     Kind = "refund"      // usage forgiven by an operator: an event with a negative amount
	KindDeduction  Kind = "deduction"   // units an operator takes away as usage
	KindClawBack   Kind = "claw_back"   // a part of a grant's unspent units was taken back, because its payment was
	KindDebt       Kind = "debt"        // what a claw-back found spent is owed
	KindDebtPaid   Kind = "debt_paid"   // units of grants paid what was owed
	KindRestore    Kind = "restore"     // a claw-back was undone, because its payment stayed after all
	KindReset      Kind = "reset"       // what the open window counts begins again at nothing
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{
		KindAllowance, KindExpire, KindRollover, KindPlanChange, KindGrant, KindRevoke, KindClawBack, KindDebt, KindDebtPaid, KindRestore,
		KindConsume, KindRecord, KindBackfill, KindHold, KindCapture, KindRelease, KindVoid, KindRefund, KindDeduction, KindReset,
	}
}

// IsUsage reports whether a line of this kind is a usage event, whose ledger line is its event row.
func (k Kind) IsUsage() bool {
	switch k {
	case KindConsume, KindRecord, KindBackfill, KindCapture, KindRefund, KindDeduction:
		return true
	}
	return false
}

// MovesGrants reports whether a line moves units of a grant, or what is owed for one, otherwise than usage and holds do, and is
// not the one that made it: such lines make Request.Past.
func MovesGrants(e Entry) bool {
	switch e.Kind {
	case KindRevoke, KindClawBack, KindDebt, KindDebtPaid, KindRestore:
		return true
	case KindExpire:
		return e.Cause != causeWindow
	}
	return false
}

// An Entry is one immutable ledger line.
type Entry struct {
	Seq        int64          `json:"seq"` // 1, 2, 3 … within the account
	Kind       Kind           `json:"kind"`
	Amount     quantity.Units `json:"amount"`  // what the line added to the balance; negative when it took
	Balance    quantity.Units `json:"balance"` // the balance after it
	At         time.Time      `json:"at"`      // when it took effect
	RecordedAt time.Time      `json:"recordedAt"`
	Cause      string         `json:"cause"` // what brought it about: a transactionId, a grant, a hold, "plan" or "window"
	Reason     string         `json:"reason,omitempty"`
	Meter      id.Slug        `json:"meter,omitempty"` // of usage and holds
	Parts      []Part         `json:"parts,omitempty"` // what each source moved; for usage, what paid
	Window     *Opening       `json:"window,omitempty"`
	Lots       []Lot          `json:"lots,omitempty"` // lots that come (back) to the account with this line
	Hold       *Hold          `json:"hold,omitempty"`
	Debt       *Debt          `json:"debt,omitempty"`  // what a claw-back found spent
	Share      quantity.Units `json:"share,omitempty"` // of a claw-back: what the money that went back had bought
	Gauge      *Gauge         `json:"gauge,omitempty"`
	Used       quantity.Units `json:"used,omitempty"` // of a reset: what the open window had counted
}

// An Opening is the span and the limit that an allowance or plan_change line sets.
type Opening struct {
	period.Span
	Limit     quantity.Units `json:"limit"`
	Unlimited bool           `json:"unlimited,omitempty"`
	Soft      bool           `json:"soft,omitempty"`
	Billed    bool           `json:"billed,omitempty"` // a period of a subscription at Stripe
	Paid      time.Time      `json:"paid,omitzero"`    // when the invoice was made that paid for it
	// Left is what the window that a plan change left for this one had charged to its allowance.
	Left quantity.Units `json:"left,omitempty"`
}

// Filled returns the line with its lots as it leaves them: in the ledger they are empty, and the line's parts fill them.
func (e Entry) Filled() Entry {
	e.Lots = slices.Clone(e.Lots)
	for i := range e.Lots {
		for _, p := range e.Parts {
			if p.Grant == e.Lots[i].ID {
				e.Lots[i].Remaining += p.Amount
			}
		}
	}
	return e
}

// post applies one line to the state: the only way a state changes. It depends on nothing but the state
// and the line, so that posting a ledger again rebuilds the account. It returns the line with its
// sequence number, amount and balance.
func (s *State) post(e Entry) Entry {
	before, now := s.Balance(), e.RecordedAt
	if e.Kind == KindPlanChange || e.Kind == KindRelease || e.Kind == KindDebtPaid || e.Kind == KindExpire && e.Cause != causeWindow {
		now = e.At // before it was recorded, when nobody had touched the account: windows that ran then count
	}
	s.Suspended = slices.DeleteFunc(s.Suspended, func(w Window) bool { return w.ended(now) })
	for _, l := range e.Lots {
		if s.lot(l.ID) == nil {
			at, _ := slices.BinarySearchFunc(s.Lots, l, Lot.burnsBefore)
			s.Lots = slices.Insert(s.Lots, at, l)
		}
	}
	switch e.Kind {
	case KindAllowance:
		s.open(*e.Window, false, now)
	case KindPlanChange:
		o := *e.Window
		if o.Left = 0; s.Opened && !s.Window.is(o) {
			o.Left = s.Window.Spent
		}
		e.Window = &o
		s.open(o, true, now)
	case KindExpire:
		if len(e.Parts) == 0 { // the window; a lot's line names the lot
			s.Window.Spent = s.Limit // nothing is left of the window, and nothing owed
		} else {
			s.move(e, e.Parts, 1)
		}
	case KindHold:
		s.move(e, e.Parts, 1)
		s.Holds = append(s.Holds, *e.Hold)
	case KindRelease:
		s.unhold(e)
	case KindCapture:
		s.unhold(e)
		s.move(e, e.Parts, 1)
		s.use(e.Parts)
	case KindConsume, KindRecord, KindVoid, KindDeduction:
		s.move(e, e.Parts, 1)
		s.use(e.Parts)
	case KindRefund:
		s.move(e, e.Parts, 1)
		s.use(e.Parts)
		for i := range 1 + len(s.Suspended) {
			for _, p := range e.Parts {
				if w := s.window(i); w.counts(p) {
					w.Refunded = min(w.Refunded+p.Amount, countMax)
				}
			}
		}
	case KindReset:
		e.Used = s.Window.Used
		s.reset()
	case KindGrant, KindRollover:
		s.move(e, e.Parts, 1)
	case KindRevoke:
		s.move(e, e.Parts, 1)
		s.Lots = slices.DeleteFunc(s.Lots, func(l Lot) bool { return l.ID == e.Cause })
		s.Debts = slices.DeleteFunc(s.Debts, func(d Debt) bool { return !d.counts() && d.Grant == e.Cause })
	case KindClawBack, KindDebtPaid:
		s.move(e, e.Parts, 1)
		s.payOff(e.Cause, paid(e.Parts))
	case KindRestore:
		for _, p := range e.Parts {
			if l := s.lot(p.Grant); l != nil {
				l.Remaining += p.Amount
			}
		}
		s.Debts = slices.DeleteFunc(s.Debts, func(d Debt) bool { return d.ID == e.Cause })
	}
	if e.Debt != nil {
		s.Debts = append(s.Debts, *e.Debt)
	}
	if e.Gauge != nil {
		s.Gauges = slices.DeleteFunc(s.Gauges, func(g Gauge) bool { return g.Meter == e.Gauge.Meter })
		s.Gauges = append(s.Gauges, *e.Gauge)
	}
	s.Seq++
	e.Seq, e.Balance = s.Seq, s.Balance()
	e.Amount = e.Balance - before
	return e
}

// open makes o the open window. A plan change keeps what has been used so far (see carried), or takes up
// again a window that an earlier plan change had left, so that no round of changes mints units. A window that
// a new invoice paid for begins with nothing used, as does one that time opens; a billed one that has been
// over begins with nothing left.
func (s *State) open(o Opening, planChange bool, now time.Time) {
	old, opened := s.Window, s.Opened
	fresh := o.Paid.After(s.Paid)
	same := old.is(o)
	switch {
	case !planChange, fresh:
		s.Window = Window{}
		s.Gauges = nil
	case !same:
		s.Window = s.carried(o.End.IsZero())
	}
	switch i := s.suspended(o.Billed, o.Span); {
	case fresh, planChange && same:
	case i >= 0:
		s.Window = s.Suspended[i]
		s.Suspended = slices.Delete(s.Suspended, i, i+1)
	case o.Billed && !o.Start.After(s.Billed): // a period long over: its allowance was given
		s.Window.Over = true
	}
	if s.Window.Over {
		s.Window.Spent = max(s.Window.Spent, o.Limit)
	}
	if planChange && opened && (!same || fresh) && !old.ended(now) {
		s.Suspended = append(s.Suspended, old)
	}
	s.Window.Span, s.Window.Billed = o.Span, o.Billed
	s.Opened, s.Limit, s.Unlimited, s.Soft = true, o.Limit, o.Unlimited, o.Soft
	if fresh {
		s.Paid = o.Paid
	}
	if o.Billed && o.Start.After(s.Billed) {
		s.Billed = o.Start
	}
}

// reset begins the counts of the open window again at nothing, and those of the suspended ones that a plan
// change would carry them into. What open holds have set aside stays set aside.
func (s *State) reset() {
	for i := range 1 + len(s.Suspended) {
		if w := s.window(i); w.End.IsZero() == s.Window.End.IsZero() {
			w.Used, w.Spent, w.Refunded = 0, s.heldWithin(*w), 0
		}
	}
	s.Gauges = nil
	s.Reset = s.Seq + 1
	if s.ever() {
		s.ResetEver = s.Reset
		return
	}
	s.ResetRenewing = s.Reset
}

// forgot reports whether a reset has come since line seq, of windows of the sort that p counts in.
func (s *State) forgot(seq int64, p Part) bool {
	last := s.ResetRenewing
	if p.Ever {
		last = s.ResetEver
	}
	return last > 0 && seq <= last
}

// suspended returns where a window of that span is among the suspended ones, -1 when it is not.
func (s *State) suspended(billed bool, span period.Span) int {
	return slices.IndexFunc(s.Suspended, func(w Window) bool { return w.Span.Equal(span) || w.continues(billed, span) })
}

// carried returns the counts that a new window starts from after a plan change: the largest of the open
// window's and of the suspended ones', which still run. Windows that never end count apart: they pass nothing
// on to windows that renew, nor those to them, and each is taken up again as it was left.
func (s *State) carried(ever bool) Window {
	most := s.Window
	if most.End.IsZero() != ever {
		most = Window{}
	}
	for _, w := range s.Suspended {
		if w.End.IsZero() == ever {
			most.Spent, most.Used = max(most.Spent, w.Spent), max(most.Used, w.Used)
		}
	}
	return most
}

// move adds sign × each part to its source, as of e. A part of the allowance counts in every window that
// holds the moment it was charged and still runs; a part of a lot that has ended or gone is lost with the
// lot. No lot comes to hold more than was granted, less what holds have set aside, nor less than nothing.
func (s *State) move(e Entry, parts []Part, sign quantity.Units) {
	for _, p := range parts {
		n := sign * p.Amount
		if p.Grant != "" {
			if l := s.lot(p.Grant); l != nil && (e.Kind == KindExpire || !l.ended(e.At)) {
				l.Remaining = max(l.Remaining+min(n, s.room(*l)), 0)
			}
			continue
		}
		for i := range 1 + len(s.Suspended) {
			if w := s.window(i); w.counts(p) && !w.ended(e.At) {
				w.Spent = min(max(w.Spent-n, 0), countMax)
			}
		}
	}
}

// room returns how many units l can take back.
func (s *State) room(l Lot) quantity.Units {
	return max(l.Amount-l.Remaining-s.heldFrom(l.ID), 0)
}

// use counts consumption (negative parts) and its undoing (positive parts) as used.
func (s *State) use(parts []Part) {
	for _, p := range parts {
		for i := range 1 + len(s.Suspended) {
			if w := s.window(i); w.counts(p) {
				w.Used = min(max(w.Used-p.Amount, 0), countMax)
			}
		}
	}
}

// window returns the open window for 0, and the suspended ones after it.
func (s *State) window(i int) *Window {
	if i == 0 {
		return &s.Window
	}
	return &s.Suspended[i-1]
}

// unhold gives a hold's units back to the sources they came from.
func (s *State) unhold(e Entry) {
	if h, ok := s.hold(e.Cause); ok {
		s.Holds = slices.DeleteFunc(s.Holds, func(h Hold) bool { return h.ID == e.Cause })
		s.move(e, h.Parts, -1)
	}
}

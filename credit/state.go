package credit

import (
	"cmp"
	"slices"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

const (
	// PriorityDefault is the burn priority of allowances and of grants that name none; lower burns first.
	PriorityDefault = 100
	// PriorityMax is the largest burn priority.
	PriorityMax = 1000
	// LotsMax is how many grants with units left, started or not, one account can carry.
	LotsMax = 1000
	// HoldsMax is how many open holds one account can carry.
	HoldsMax = 1000
	// HoldDefault is how long a hold lasts when its request names no time.
	HoldDefault = 24 * time.Hour
	// HoldMax is the longest a hold can last.
	HoldMax = 30 * 24 * time.Hour

	// sourceRollover marks the lots that no grant request made: a void finds them in the account alone, so
	// they stay until they end.
	sourceRollover = "roll_over"
)

// Terms are what the customer's plan gives an account now. The zero value is "not in the plan": a hard
// limit of nothing, for ever.
type Terms struct {
	Window    period.Span    // the window that holds now
	Limit     quantity.Units // per window; 0 when unlimited
	Unlimited bool
	Soft      bool           // accept past the limit
	Rollover  quantity.Units // how much of what a window leaves unspent the next one gets; 0 for none
	Keep      bool           // a meter of aggregation last pays from here: spent lots stay, to be given back to
	NoAccess  bool           // the customer's subscription gives no access: nothing is consumed or held
	Reason    string         // why Limit is not the plan's, for the lines that set it

	// Billed is set when Window is a period of a subscription at Stripe. Its end can move (a trial is
	// extended, a renewal is not paid yet): a billed window with the start of the open one is the open one.
	Billed bool
	// Paid is when the invoice was made that paid for Window's allowance; zero when none did. An account
	// opens one fresh window for each invoice, and never one for an invoice older than the last.
	Paid time.Time

	// Since is when these terms came into force, and First their window of that moment; zero when they always were. An account
	// that nobody has touched since is put on them as of then, so that it does not matter when somebody does.
	Since time.Time
	First period.Span
}

// A State is what an account is at one moment. The zero value is an account nobody has touched.
type State struct {
	Seq       int64 // ledger lines written so far
	Opened    bool  // a window has been opened
	Window    Window
	Limit     quantity.Units // of the open window; 0 when unlimited
	Unlimited bool
	Soft      bool
	Suspended []Window // windows a plan change left before their end; they go on counting
	Lots      []Lot    // in burn order
	Holds     []Hold   // oldest first
	Gauges    []Gauge
	Debts     []Debt    // oldest first
	Paid      time.Time // of the newest invoice whose allowance was given; zero before the first
	Billed    time.Time // start of the newest billed window that was opened; zero before the first
	Reset     int64     // the line of the last reset; 0 before the first
	// ResetEver and ResetRenewing are those of the last resets of windows that never end, and of windows that renew: each
	// forgets what its own sort had counted.
	ResetEver, ResetRenewing int64
}

// A Window counts what is consumed within a span.
type Window struct {
	period.Span
	Used  quantity.Units `json:"used"`  // consumed, whoever paid
	Spent quantity.Units `json:"spent"` // charged to the allowance, open holds included; above the limit when overdrawn
	// Billed is set when the window is a period of a subscription at Stripe.
	Billed bool `json:"billed,omitempty"`
	// Over is set when the window was over before and is open again: its allowance was given, and is gone.
	Over bool `json:"over,omitempty"`
	// Refunded is what refunds have given back in this window.
	Refunded quantity.Units `json:"refunded,omitempty"`
}

func (w Window) ended(at time.Time) bool { return !w.End.IsZero() && !at.Before(w.End) }

// continues reports whether a billed window is w itself, its end where it was or moved.
func (w Window) continues(billed bool, span period.Span) bool {
	return w.Billed && billed && w.Start.Equal(span.Start)
}

// is reports whether o is the opening of w itself, with another limit or another end.
func (w Window) is(o Opening) bool { return w.Span.Equal(o.Span) || w.continues(o.Billed, o.Span) }

// counts reports whether the window counts what a part moved.
func (w Window) counts(p Part) bool { return !p.Past && p.Ever == w.End.IsZero() && w.Contains(p.At) }

// A Lot is a grant's units as an account holds them.
type Lot struct {
	ID        string         `json:"id"`
	Source    string         `json:"source"` // bonus, top_up, adjustment, roll_over, …
	Amount    quantity.Units `json:"amount"` // as granted
	Remaining quantity.Units `json:"remaining"`
	Priority  int            `json:"priority"`
	CreatedAt time.Time      `json:"createdAt"`
	StartsAt  time.Time      `json:"startsAt"`
	ExpiresAt time.Time      `json:"expiresAt,omitzero"` // never when zero
}

// A Hold is units set aside until their cost is known. They have left the lots that would pay.
type Hold struct {
	ID            string         `json:"id"`
	Meter         id.Slug        `json:"meter"`
	TransactionID id.Transaction `json:"transactionId"`
	Amount        quantity.Units `json:"amount"` // of the meter
	Cost          quantity.Units `json:"cost"`   // of the account per unit of the meter, for the capture to keep
	Charge        quantity.Units `json:"charge"` // of the account
	Parts         []Part         `json:"parts,omitempty"`
	CreatedAt     time.Time      `json:"createdAt"`
	ExpiresAt     time.Time      `json:"expiresAt"`
}

// A Gauge is the running value of a max or last meter within the open window.
type Gauge struct {
	Meter id.Slug        `json:"meter"`
	Value quantity.Units `json:"value"`
	At    time.Time      `json:"at"`
}

// A Part is what one source of units moved: negative when it paid.
type Part struct {
	Grant  string         `json:"grant,omitempty"` // the lot; empty for the plan's allowance
	Amount quantity.Units `json:"amount"`
	At     time.Time      `json:"at,omitzero"` // when it was charged: the windows that hold this moment count it
	// Ever is set when the window then open never ends. Such windows and those that renew count apart: each
	// part counts only in windows of its own sort, so that neither eats the other's allowance.
	Ever bool `json:"ever,omitempty"`
	// Past is set when a reset came between the usage and its void: no window counts it any more.
	Past bool `json:"past,omitempty"`
}

// Balance returns the ledger's balance: the sum of every entry's amount. It is signed: usage past a
// limit shows as a negative balance until its window ends, and a debt until it is paid.
func (s *State) Balance() quantity.Units {
	sum := s.Limit - s.Window.Spent
	for _, l := range s.Lots {
		sum += l.Remaining
	}
	return sum - s.Owed()
}

// At returns when an act that happens now happens for this account: now, or the start of the open window
// when that is later. A process whose clock lags behind another's must not open again a window that the
// other has closed. Terms are to be those of the same moment.
func (s *State) At(now time.Time) time.Time {
	if s.Opened && now.Before(s.Window.Start) {
		return s.Window.Start
	}
	return now
}

// Held returns the units set aside by open holds.
func (s *State) Held() quantity.Units {
	var sum quantity.Units
	for _, h := range s.Holds {
		sum += h.Charge
	}
	return sum
}

// heldFrom returns the units that open holds have set aside from one lot, or from the allowance as the
// open window counts it.
func (s *State) heldFrom(grant string) quantity.Units {
	if grant == "" {
		return s.heldWithin(s.Window)
	}
	return s.held(func(p Part) bool { return p.Grant == grant })
}

// heldWithin returns the units of the allowance that open holds have set aside as w counts them.
func (s *State) heldWithin(w Window) quantity.Units {
	return s.held(func(p Part) bool { return p.Grant == "" && w.counts(p) })
}

func (s *State) held(of func(Part) bool) quantity.Units {
	var sum quantity.Units
	for _, h := range s.Holds {
		for _, p := range h.Parts {
			if of(p) {
				sum -= p.Amount
			}
		}
	}
	return sum
}

// growth returns how many units can still be added, counting the allowance as unspent, every hold as
// released and every debt as paid, so that no balance ever overflows.
func (s *State) growth() quantity.Units {
	most, ok := (s.Balance() + s.Owed() + s.Window.Spent).Plus(s.Held())
	if !ok {
		return 0
	}
	return max(countMax-most, 0)
}

// Granted returns what is left in the lots that have started by now and not ended.
func (s *State) Granted(now time.Time) quantity.Units {
	var sum quantity.Units
	for _, l := range s.Lots {
		if l.live(now) {
			sum += l.Remaining
		}
	}
	return sum
}

// Available returns what can be consumed at now. Under a hard limit it is negative only by what the account owes; under a
// soft one it is, too, once the limit is passed. It has no meaning when the account is unlimited.
func (s *State) Available(now time.Time) quantity.Units {
	rest := s.Limit - s.Window.Spent
	if !s.Soft {
		rest = max(rest, 0)
	}
	return rest + s.Granted(now) - s.Owed()
}

func (l Lot) live(now time.Time) bool { return !now.Before(l.StartsAt) && !l.ended(now) }

func (l Lot) ended(now time.Time) bool { return !l.ExpiresAt.IsZero() && !now.Before(l.ExpiresAt) }

// burnsBefore is the burn order: priority, then soonest expiry, then oldest, then id. It is total, for
// no two lots of an account share an id.
func (l Lot) burnsBefore(m Lot) int {
	if c := cmp.Compare(l.Priority, m.Priority); c != 0 {
		return c
	}
	switch le, me := l.ExpiresAt, m.ExpiresAt; {
	case le.IsZero() != me.IsZero():
		return cmp.Compare(zeros(le), zeros(me))
	case !le.Equal(me):
		return le.Compare(me)
	}
	if c := l.CreatedAt.Compare(m.CreatedAt); c != 0 {
		return c
	}
	return cmp.Compare(l.ID, m.ID)
}

func zeros(t time.Time) int {
	if t.IsZero() {
		return 1
	}
	return 0
}

// allowance is the open window's allowance seen as a lot, so that it takes its place in the burn order.
func (s *State) allowance() Lot {
	return Lot{
		Priority: PriorityDefault, CreatedAt: s.Window.Start, ExpiresAt: s.Window.End,
		Remaining: max(s.Limit-s.Window.Spent, 0),
	}
}

func (s *State) lot(id string) *Lot {
	for i := range s.Lots {
		if s.Lots[i].ID == id {
			return &s.Lots[i]
		}
	}
	return nil
}

func (s *State) hold(id string) (Hold, bool) {
	for _, h := range s.Holds {
		if h.ID == id {
			return h, true
		}
	}
	return Hold{}, false
}

func (s *State) gauge(m id.Slug) Gauge {
	for _, g := range s.Gauges {
		if g.Meter == m {
			return g
		}
	}
	return Gauge{Meter: m}
}

// OnlyCounted reports whether s is from but for its lines and what its open window counts, as usage that the allowance pays
// leaves it. A state with lists (lots, holds, gauges, debts, suspended windows) is never taken for one.
func (s *State) OnlyCounted(from *State) bool {
	lists := len(s.Suspended) + len(s.Lots) + len(s.Holds) + len(s.Gauges) + len(s.Debts) +
		len(from.Suspended) + len(from.Lots) + len(from.Holds) + len(from.Gauges) + len(from.Debts)
	w, v := s.Window, from.Window
	return lists == 0 && s.Opened == from.Opened && s.Limit == from.Limit && s.Unlimited == from.Unlimited && s.Soft == from.Soft &&
		s.Paid.Equal(from.Paid) && s.Billed.Equal(from.Billed) && s.Reset == from.Reset && s.ResetEver == from.ResetEver && s.ResetRenewing == from.ResetRenewing &&
		w.Span.Equal(v.Span) && w.Billed == v.Billed && w.Over == v.Over && w.Refunded == v.Refunded
}

// Foresee returns s as r, which is usage, is likely to leave it: paid for by the plan's allowance, and changed in nothing but what
// OnlyCounted leaves out. It returns false where something else is likely. This is a guess, made without the terms; what happens is
// Apply's to say.
func (s State) Foresee(r Request, now time.Time) (State, bool) {
	charge, err := price(r.Amount, r.Cost)
	summed := r.Aggregation == meter.Sum || r.Aggregation == meter.Count
	if err != nil || !summed || r.Kind != KindConsume && r.Kind != KindRecord || !s.Opened || s.Window.ended(now) || !s.Window.bears(charge) ||
		!s.OnlyCounted(&s) {
		return s, false
	}
	s.Seq++
	s.Window.Used += charge
	s.Window.Spent += charge
	return s, s.Unlimited || s.Soft || s.Window.Spent <= s.Limit
}

// clone returns a copy that shares no memory with s.
func (s *State) clone() State {
	c := *s
	c.Suspended = slices.Clone(s.Suspended)
	c.Lots = slices.Clone(s.Lots)
	c.Holds = slices.Clone(s.Holds)
	c.Gauges = slices.Clone(s.Gauges)
	c.Debts = slices.Clone(s.Debts)
	return c
}

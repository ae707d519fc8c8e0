package credit

import (
	"time"

	"github.com/tollgate/tollgate/quantity"
)

// TermKind says what a term of a reckoning counts.
type TermKind string

// The kinds of term, in the order in which they are told.
const (
	TermPlan        TermKind = "plan"        // what the plan gives
	TermAdjustments TermKind = "adjustments" // by how much limit adjustments move that
	TermUsed        TermKind = "used"        // what is used in the window, whoever paid
	TermGrantsPaid  TermKind = "grants_paid" // what of that grants paid
	TermGone        TermKind = "gone"        // what was taken of the allowance before this window began
	TermHeld        TermKind = "held"        // what holds have set aside of the window's allowance
	TermPastLimit   TermKind = "past_limit"  // what was used past a hard limit
	TermGrants      TermKind = "grants"      // what is left in grants
	TermNotStarted  TermKind = "not_started" // what is left in grants that begin later
	TermOwed        TermKind = "owed"        // debts
)

// TermKinds lists every kind.
func TermKinds() []TermKind {
	return []TermKind{TermPlan, TermAdjustments, TermUsed, TermGrantsPaid, TermGone, TermHeld, TermPastLimit, TermGrants, TermNotStarted, TermOwed}
}

// A Term is one of the numbers that add up to what is available.
type Term struct {
	Kind   TermKind       `json:"kind"`
	Amount quantity.Units `json:"amount"` // below zero when it takes
	Text   string         `json:"text"`
}

// Reckon returns what is available as a sum: terms, by their kinds, none of them zero but what the plan gives and what is used. plan
// is what the plan gives before limit adjustments, s must be up to date. apart is what lies between the ledger's balance and what is
// available: added to the balance, it gives the same. An unlimited account has neither.
func (w Words) Reckon(s *State, plan quantity.Units, now time.Time) (sum, apart []Term) {
	if s.Unlimited {
		return nil, nil
	}
	add := func(to *[]Term, k TermKind, amount quantity.Units, before, after string) {
		if amount != 0 || k == TermUsed {
			*to = append(*to, Term{k, amount, before + max(amount, -amount).String() + after})
		}
	}
	sum = []Term{{TermPlan, plan, "the plan gives " + w.count(plan)}}
	if adjusted := s.Limit - plan; adjusted > 0 {
		add(&sum, TermAdjustments, adjusted, "limit adjustments give ", " more")
	} else {
		add(&sum, TermAdjustments, adjusted, "limit adjustments take ", "")
	}
	held := s.heldFrom("")
	add(&sum, TermUsed, -s.Window.Used, "", " used")
	if charged := s.Window.Spent - held; charged <= s.Window.Used {
		add(&sum, TermGrantsPaid, s.Window.Used-charged, "", " of them paid by grants")
	} else { // a period that was over and is open again, or what a window that a plan change left had set aside
		add(&sum, TermGone, s.Window.Used-charged, "", " gone before this window began")
	}
	add(&sum, TermHeld, -held, "", " held")
	if past := max(s.Window.Spent-s.Limit, 0); !s.Soft {
		add(&sum, TermPastLimit, past, "", " past the hard limit, which take nothing of what is left")
		add(&apart, TermPastLimit, past, "", " past the hard limit take nothing of what is left")
	}
	granted := s.Granted(now)
	add(&sum, TermGrants, granted, "", " left in grants")
	later := -granted
	for _, l := range s.Lots {
		later += l.Remaining
	}
	add(&apart, TermNotStarted, -later, "", " in grants count when these begin")
	add(&sum, TermOwed, -s.Owed(), "", " owed")
	return sum, apart
}

package credit_test

import (
	"fmt"
	"slices"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
)

// What the histories and their model know of money that goes back.

// A modelClaim is one claw-back.
type modelClaim struct {
	id, grant string
	policy    credit.ClawBackPolicy
	made      int64 // found spent
	owed      int64
	later     int64 // taken from its own grant after it was made
	undone    bool
}

func (m *model) owed() (sum int64) {
	for _, c := range m.claims {
		if c.policy != credit.Forgive {
			sum += c.owed
		}
	}
	return sum
}

func (m *model) barred() bool {
	return slices.ContainsFunc(m.claims, func(c modelClaim) bool { return c.policy == credit.Suspend && c.owed > 0 })
}

// forgiven reports whether what comes back to a lot is taken at once.
func (m *model) forgiven(lot string) bool {
	return slices.ContainsFunc(m.claims, func(c modelClaim) bool { return c.policy == credit.Forgive && c.owed > 0 && c.grant == lot })
}

// take moves n units from a lot for a claim; back when n is below zero.
func (m *model) take(lot string, n int64, claim string) {
	m.moves = append(m.moves, modelMove{source: lot, n: n, at: m.now, when: m.now, moved: true, window: m.open, claim: claim})
}

// collect pays one unit at a time: what is forgiven from its own grant, then what is owed from the first grant that has any.
func (m *model) collect() {
	for _, forgiven := range []bool{true, false} {
		for i := range m.claims {
			c := &m.claims[i]
			for c.owed > 0 && (c.policy == credit.Forgive) == forgiven {
				var from []modelLot
				for _, l := range m.lots {
					if m.remaining(l) > 0 && (!forgiven || l.ID == c.grant) {
						from = append(from, l)
					}
				}
				if len(from) == 0 {
					break
				}
				l := slices.MinFunc(from, func(a, b modelLot) int {
					if first(a.Lot, b.Lot) {
						return -1
					}
					return 1
				})
				m.take(l.ID, 1, c.id)
				c.owed--
				if l.ID == c.grant {
					c.later++
				}
			}
		}
	}
}

// spent counts what usage, holds and the debts of other grants took of a lot, and no claw-back has found yet.
func (m *model) spent(lot string) (n int64) {
	of := map[string]modelClaim{}
	for _, c := range m.claims {
		of[c.id] = c
		if c.grant == lot && !c.undone {
			n -= c.made - c.later
		}
	}
	for _, mv := range m.moves {
		if mv.moved && mv.source == lot && of[mv.claim].grant != lot {
			n += mv.n
		}
	}
	return max(n, 0)
}

// past returns the lines that a claw-back and its undoing are told.
func (h *history) past() (past []credit.Entry) {
	for _, e := range h.lines {
		if credit.MovesGrants(e) {
			past = append(past, e)
		}
	}
	return past
}

func (h *history) clawBack() {
	h.touchModel()
	if len(h.model.lots) == 0 {
		h.apply(credit.Request{}, "")
		return
	}
	l := h.model.lots[h.choose("which grant", len(h.model.lots))]
	if l.Source == "roll_over" { // nobody bought it
		h.apply(credit.Request{}, "")
		return
	}
	n := int64(1 + h.choose("share", int(l.Amount)))
	c := modelClaim{id: h.name("re"), grant: l.ID, policy: credit.ClawBackPolicies()[h.choose("policy", 3)]}
	taken := min(n, h.model.remaining(l))
	c.made = min(n-taken, h.model.spent(l.ID))
	c.owed = c.made
	past := h.past()
	res := h.apply(credit.Request{Kind: credit.KindClawBack, Cause: c.id, Amount: units(n), Policy: c.policy, Past: past,
		Lot: credit.Lot{ID: l.ID, Amount: l.Amount}}, "")
	if int64(res.Charge) != -taken {
		h.t.Fatalf("the claw-back of %d took %d, want %d", n, -res.Charge, taken)
	}
	h.model.claims = append(h.model.claims, c)
	h.model.take(l.ID, taken, c.id)
	h.model.collect()
	h.compare()
}

func (h *history) restore() {
	h.touchModel()
	m := h.model
	var open []int
	for i, c := range m.claims {
		if !c.undone {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		h.apply(credit.Request{}, "")
		return
	}
	c := &m.claims[open[h.choose("which claw-back", len(open))]]
	id := h.name("undo")
	before := h.sumOf(c.id)
	past := h.past()
	h.apply(credit.Request{Kind: credit.KindRestore, Cause: c.id, Past: past, Lot: credit.Lot{ID: id + "_lot", Source: "top_up"}}, "")
	var homeless int64
	revoked := false
	for _, l := range slices.Clone(m.lots) {
		var k int64
		for _, mv := range m.moves {
			if mv.claim == c.id && mv.source == l.ID {
				k += mv.n
			}
		}
		switch {
		case k == 0:
		case l.gone:
			revoked = true
		case m.ended(l):
			homeless += k
		default:
			n := min(k, int64(l.Amount)-m.remaining(l)-m.setAside(l.ID))
			m.take(l.ID, -n, c.id)
			homeless += k - n
		}
	}
	if homeless > 0 {
		m.lots = append(m.lots, modelLot{Lot: credit.Lot{
			ID: id + "_lot", Source: "top_up", Amount: units(homeless), Priority: 100, CreatedAt: h.now, StartsAt: h.now,
		}})
	}
	c.undone, c.owed = true, 0
	if after := h.sumOf(c.id); !revoked && after != 0 {
		h.t.Fatalf("the claw-back %s moved the balance by %d, and undone by %d in all", c.id, before, after)
	}
	m.collect()
	h.compare()
}

// sumOf adds up what the lines of a claw-back have moved the balance by.
func (h *history) sumOf(claim string) (n int64) {
	for _, e := range h.lines {
		if e.Cause == claim {
			n += int64(e.Amount)
		}
	}
	return n
}

// ownLine checks the lines that a request wrote: its own, once, a grant before it of what no source took back, and those of debts.
func (h *history) ownLine(r credit.Request, lines []credit.Entry, own credit.Entry) credit.Entry {
	h.t.Helper()
	if own.Kind != r.Kind || own.Cause != r.Cause {
		h.t.Fatalf("the own line of %s %s is %s %s", r.Kind, r.Cause, own.Kind, own.Cause)
	}
	counts := map[credit.Kind]int{}
	for _, e := range lines {
		counts[e.Kind]++
	}
	delete(counts, credit.KindDebtPaid)
	if r.Kind == credit.KindClawBack {
		delete(counts, credit.KindDebt)
	} else {
		delete(counts, credit.KindClawBack)
	}
	if r.Kind == credit.KindRefund || r.Kind == credit.KindRestore {
		delete(counts, credit.KindGrant)
	}
	if len(counts) != 1 || counts[r.Kind] != 1 {
		h.t.Fatalf("%s wrote %s, want 1 line of its own", r.Kind, fmt.Sprint(counts))
	}
	return own
}

// barred says what consuming and holding meet while the account is suspended.
func (h *history) barred(want fault.Code) fault.Code {
	if h.model.barred() {
		return fault.Suspended
	}
	return want
}

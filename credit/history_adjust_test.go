package credit_test

import (
	"slices"
	"sort"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// What the histories and their model know of refunds and resets; a deduction is consumed as usage is.

func (h *history) refund() {
	h.touchModel()
	n := int64(h.choose("amount", 25))
	id := h.name("refund")
	r := credit.Request{Kind: credit.KindRefund, Cause: id, Meter: "calls", Amount: units(n), Cost: quantity.One, Lot: credit.Lot{ID: id + "_lot", Source: "refund"}}
	if n > h.model.used() {
		h.apply(r, fault.Invalid)
		return
	}
	parts, rest := h.model.unburn(n)
	res := h.apply(r, "")
	for _, p := range parts {
		h.model.giveBack(h.plan, p, p.n, true)
	}
	if rest > 0 {
		p := modelPart{id + "_lot", rest, h.now, h.model.never(h.model.open)}
		h.model.lots = append(h.model.lots, modelLot{Lot: credit.Lot{
			ID: p.source, Source: "refund", Amount: units(rest), Priority: 100, CreatedAt: h.now, StartsAt: h.now,
		}})
		h.model.giveBack(h.plan, p, 0, true)
		parts = append(parts, p)
	}
	h.model.collect()
	var got []modelPart
	for _, p := range res.Parts {
		got = append(got, modelPart{p.Grant, int64(p.Amount), p.At, p.Ever})
	}
	if diff := cmp.Diff(parts, got, cmp.AllowUnexported(modelPart{})); diff != "" || int64(res.Charge) != -n {
		h.t.Fatalf("line %d: a refund of %d charged %d, and gave back otherwise than what burns last first (-want +got):\n%s", h.state.Seq, n, res.Charge, diff)
	}
	h.compare()
}

func (h *history) reset() {
	h.touchModel()
	used := h.model.used()
	h.apply(credit.Request{Kind: credit.KindReset, Cause: h.name("reset")}, "")
	if got := int64(h.lines[len(h.lines)-1].Used); got != used {
		h.t.Fatalf("line %d: the reset says that %d were used, want %d", h.state.Seq, got, used)
	}
	h.model.reset()
	h.compare()
}

func (m *model) never(window int) bool { return m.windows[window].span.End.IsZero() }

// giveBack moves a part back to its source, n units of it, and counts the whole part as no longer used.
func (m *model) giveBack(plan int, p modelPart, n int64, refund bool) {
	m.move(plan, modelPart{p.source, n, p.at, p.ever}, -1, m.now, true, false)
	m.move(plan, p, -1, m.now, false, true)
	m.moves[len(m.moves)-1].refund = refund
}

// setAside is what open holds have taken from a lot.
func (m *model) setAside(lot string) (n int64) {
	for _, h := range m.holds {
		for _, p := range h.parts {
			if p.source == lot {
				n += p.n
			}
		}
	}
	return n
}

// setAsideWithin is what open holds have taken from the allowance, as a window counts it.
func (m *model) setAsideWithin(s period.Span) (n int64) {
	for _, h := range m.holds {
		for _, p := range h.parts {
			if p.source == "" && p.ever == s.End.IsZero() && holds(s, p.at) {
				n += p.n
			}
		}
	}
	return n
}

// room is what a lot can take back: nothing once it is spent up and gone.
func (m *model) room(l modelLot) int64 {
	left, aside := m.remaining(l), m.setAside(l.ID)
	if l.gone || m.ended(l) || left == 0 && aside == 0 && l.Source != "roll_over" || m.forgiven(l.ID) {
		return 0
	}
	return int64(l.Amount) - left - aside
}

// unburn says who takes n units back, what burns last first, and how many nobody does.
func (m *model) unburn(n int64) (parts []modelPart, rest int64) {
	type source struct {
		lot  credit.Lot
		room int64
	}
	w := m.windows[m.open].span
	_, spent := m.counts(m.open)
	sources := []source{{credit.Lot{Priority: 100, ExpiresAt: w.End, CreatedAt: w.Start}, spent - m.setAsideWithin(w)}}
	for _, l := range m.lots {
		if !m.now.Before(l.StartsAt) {
			sources = append(sources, source{l.Lot, m.room(l)})
		}
	}
	sort.Slice(sources, func(i, j int) bool { return first(sources[j].lot, sources[i].lot) })
	for _, s := range sources {
		if k := min(s.room, n); k > 0 {
			parts = append(parts, modelPart{s.lot.ID, k, m.now, w.End.IsZero()})
			n -= k
		}
	}
	return parts, n
}

// refunded replays what refunds have given back in a window.
func (m *model) refunded(i int) int64 {
	w := m.windows[i]
	n := w.refunded
	for _, mv := range m.moves[w.since:] {
		if mv.refund && mv.ever == w.span.End.IsZero() && holds(w.span, mv.at) && !over(w.span, mv.when) {
			n -= mv.n
		}
	}
	return n
}

// reset begins the counts of the open window, and of those of its sort that still run, again at what holds have set aside.
func (m *model) reset() {
	for i := range m.windows {
		w := &m.windows[i]
		if m.never(i) != m.never(m.open) || over(w.span, m.now) {
			continue
		}
		_, spent := m.counts(i)
		held := m.setAsideWithin(w.span)
		w.forgiven += spent - held
		w.used, w.spent, w.refunded, w.since = 0, held, 0, len(m.moves)
	}
	*m.resets.of(m.never(m.open))++
}

// forgot reports whether a reset has come since a usage, of windows of the sort that a part of it counts in.
func (m *model) forgot(u usage, p modelPart) bool { return *u.resets.of(p.ever) < *m.resets.of(p.ever) }

// back returns the parts of a usage that a void gives back: a reset has given the allowance's back already. It reports
// false when refunds have given back too much of the window for the void.
func (m *model) back(u usage) ([]modelPart, bool) {
	parts := slices.DeleteFunc(slices.Clone(u.model), func(p modelPart) bool { return p.source == "" && m.forgot(u, p) })
	w := m.windows[m.open].span
	var counted int64
	for _, p := range parts {
		if p.ever == w.End.IsZero() && holds(w, p.at) && !m.forgot(u, p) {
			counted += p.n
		}
	}
	return parts, m.refunded(m.open) == 0 || counted <= m.used()
}

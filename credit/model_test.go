package credit_test

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/period"
)

// A model is an account kept the slow way: the list of everything that ever moved, from which each figure
// is computed again from the beginning. It shares nothing with package credit but the input types.
type model struct {
	now     time.Time
	moves   []modelMove
	windows []modelWindow // every window ever opened
	open    int           // index of the open one; -1 before the first touch
	terms   credit.Terms  // in force in the open window
	lots    []modelLot
	holds   []modelHold
	rolls   []modelRoll
	claims  []modelClaim
	resets  modelResets
}

// A modelMove took n units from a source (gave back when negative).
type modelMove struct {
	source string // "" is the allowance
	n      int64
	at     time.Time // when the units were charged
	when   time.Time // when the move took effect
	used   bool      // counts as used
	moved  bool      // counts against its source
	ever   bool      // charged while the open window never ends
	plan   int       // the plan in force
	window int       // the window open
	refund bool      // given back by one
	claim  string    // the claw-back that took it, or what is owed for it
}

type modelWindow struct {
	span        period.Span
	since       int // moves before this one are not its own
	used, spent int64
	refunded    int64 // carried from the window before
	forgiven    int64 // by resets
}

// modelResets are how many resets there were, by whether the open window never ends: true in 1.
type modelResets [2]int

func (r *modelResets) of(ever bool) *int {
	if ever {
		return &r[1]
	}
	return &r[0]
}

type modelLot struct {
	credit.Lot
	gone bool // revoked
}

type modelHold struct {
	id      string
	parts   []modelPart
	expires time.Time
}

type modelPart struct {
	source string
	n      int64
	at     time.Time
	ever   bool // charged while the open window never ends
}

type modelRoll struct {
	window period.Span
	n      int64
}

func newModel() *model { return &model{open: -1} }

// counts replays the moves that concern a window: those charged at a moment it holds, since it first
// opened, while it ran. Neither count ever falls below zero.
func (m *model) counts(i int) (used, spent int64) {
	w := m.windows[i]
	used, spent = w.used, w.spent
	for _, mv := range m.moves[w.since:] {
		if mv.ever != w.span.End.IsZero() || !holds(w.span, mv.at) || over(w.span, mv.when) {
			continue
		}
		if mv.used {
			used = max(used+mv.n, 0)
		}
		if mv.moved && mv.source == "" {
			spent = max(spent+mv.n, 0)
		}
	}
	return used, spent
}

func holds(s period.Span, t time.Time) bool { return !t.Before(s.Start) && !over(s, t) }
func over(s period.Span, t time.Time) bool  { return !s.End.IsZero() && !t.Before(s.End) }
func same(a, b period.Span) bool            { return a.Start.Equal(b.Start) && a.End.Equal(b.End) }

func (m *model) limit() int64 { return int64(m.terms.Limit) }

func (m *model) used() int64 { u, _ := m.counts(m.open); return u }

// rest is the signed rest of the allowance.
func (m *model) rest() int64 { _, s := m.counts(m.open); return m.limit() - s }

func (m *model) remaining(l modelLot) int64 {
	if l.gone || m.ended(l) {
		return 0
	}
	n := int64(l.Amount)
	for _, mv := range m.moves {
		if mv.moved && mv.source == l.ID {
			n -= mv.n
		}
	}
	return n
}

func (m *model) ended(l modelLot) bool { return !l.ExpiresAt.IsZero() && !m.now.Before(l.ExpiresAt) }

func (m *model) balance() int64 {
	sum := m.rest()
	for _, l := range m.lots {
		sum += m.remaining(l)
	}
	return sum - m.owed()
}

func (m *model) available() int64 {
	sum := m.rest()
	if sum < 0 && !m.terms.Soft {
		sum = 0
	}
	for _, l := range m.lots {
		if !m.now.Before(l.StartsAt) {
			sum += m.remaining(l)
		}
	}
	return sum - m.owed()
}

func (m *model) held() int64 {
	var sum int64
	for _, h := range m.holds {
		for _, p := range h.parts {
			sum += p.n
		}
	}
	return sum
}

func (m *model) move(plan int, p modelPart, sign int64, when time.Time, moved, used bool) {
	m.moves = append(m.moves, modelMove{
		source: p.source, n: sign * p.n, at: p.at, when: when, used: used, moved: moved, plan: plan, window: m.open, ever: p.ever,
	})
}

// touch brings the model to now under the terms.
func (m *model) touch(now time.Time, t credit.Terms, plan int) {
	end := now.Add(time.Second)
	if m.open >= 0 && over(m.windows[m.open].span, now) {
		end = m.windows[m.open].span.End
	}
	sort.SliceStable(m.holds, func(i, j int) bool { return m.holds[i].expires.Before(m.holds[j].expires) })
	letGo := func(before time.Time) {
		for len(m.holds) > 0 && m.holds[0].expires.Before(before) && !m.holds[0].expires.After(now) {
			m.now = m.holds[0].expires
			m.giveBackHold(plan, m.holds[0].id, m.now)
			m.collect()
		}
	}
	letGo(end)
	closed := m.open >= 0 && over(m.windows[m.open].span, now)
	var unspent int64
	var old period.Span
	if closed {
		m.now = end
		unspent, old = max(m.rest(), 0), m.windows[m.open].span
	}
	letGo(now.Add(time.Second))
	m.now = now
	if closed {
		m.rollOver(unspent, old, t)
		m.collect()
	}
	if m.open >= 0 && !closed && same(m.windows[m.open].span, t.Window) {
		m.terms = t
		return
	}
	next := slices.IndexFunc(m.windows, func(w modelWindow) bool { return same(w.span, t.Window) && !over(w.span, now) })
	if next < 0 {
		w := modelWindow{span: t.Window, since: len(m.moves)}
		if m.open >= 0 && !closed {
			w.used, w.spent = m.carried(t.Window.End.IsZero())
			if !t.Window.End.IsZero() && !m.never(m.open) {
				w.refunded = m.refunded(m.open)
			}
		}
		m.windows = append(m.windows, w)
		next = len(m.windows) - 1
	}
	m.open, m.terms = next, t
}

// carried is what a window that a plan change opens anew counts from the start: the most that the window
// it leaves, or another that still runs, has counted, among windows that end; nothing when it never ends.
func (m *model) carried(never bool) (used, spent int64) {
	if never {
		return 0, 0 // there is one such window, and this is it
	}
	if !m.windows[m.open].span.End.IsZero() {
		used, spent = m.counts(m.open)
	}
	for _, i := range m.left() {
		u, s := m.counts(i)
		used, spent = max(used, u), max(spent, s)
	}
	return used, spent
}

// left lists the windows with an end that still run and are not open.
func (m *model) left() []int {
	var is []int
	for i, w := range m.windows {
		if i != m.open && !w.span.End.IsZero() && !over(w.span, m.now) {
			is = append(is, i)
		}
	}
	return is
}

func (m *model) rollOver(unspent int64, old period.Span, t credit.Terms) {
	if m.terms.Unlimited || t.Window.End.IsZero() || t.Window.Start.Before(old.End) {
		return
	}
	if t.Window.Start.After(old.End) {
		unspent = int64(t.Limit)
	}
	n := min(unspent, int64(t.Rollover))
	if n <= 0 {
		return
	}
	m.rolls = append(m.rolls, modelRoll{t.Window, n})
	m.lots = append(m.lots, modelLot{Lot: credit.Lot{
		ID: fmt.Sprintf("roll_over_%d", t.Window.Start.UnixMicro()), Source: "roll_over", Amount: units(n),
		Priority: 100, CreatedAt: t.Window.Start.Add(-time.Microsecond), StartsAt: t.Window.Start, ExpiresAt: t.Window.End,
	}})
}

func (m *model) giveBackHold(plan int, id string, when time.Time) {
	i := slices.IndexFunc(m.holds, func(h modelHold) bool { return h.id == id })
	for _, p := range m.holds[i].parts {
		if !m.takesBack(p.source, when) {
			continue
		}
		m.move(plan, p, -1, when, true, false)
	}
	m.holds = slices.Delete(m.holds, i, i+1)
}

// takesBack reports whether what a hold had from a source can go back there.
func (m *model) takesBack(source string, when time.Time) bool {
	l := m.lot(source)
	return source == "" || l != nil && !l.gone && (l.ExpiresAt.IsZero() || when.Before(l.ExpiresAt))
}

func (m *model) lot(id string) *modelLot {
	for i := range m.lots {
		if m.lots[i].ID == id {
			return &m.lots[i]
		}
	}
	return nil
}

// burn says what pays for n units, one unit at a time, each from the first source that has any left. It
// reports false when a hard limit refuses.
func (m *model) burn(n int64, overdraw bool) ([]modelPart, bool) {
	if n == 0 {
		return nil, true
	}
	if m.terms.Unlimited {
		return []modelPart{{"", n, m.now, m.windows[m.open].span.End.IsZero()}}, true
	}
	if n > m.available() && !overdraw && !m.terms.Soft {
		return nil, false
	}
	type source struct {
		lot  credit.Lot
		left int64
	}
	w := m.windows[m.open].span
	sources := []source{{credit.Lot{Priority: 100, ExpiresAt: w.End, CreatedAt: w.Start}, max(m.rest(), 0)}}
	for _, l := range m.lots {
		if !m.now.Before(l.StartsAt) {
			sources = append(sources, source{l.Lot, m.remaining(l)})
		}
	}
	sort.Slice(sources, func(i, j int) bool { return first(sources[i].lot, sources[j].lot) })
	var parts []modelPart
	take := func(id string) {
		for i := range parts {
			if parts[i].source == id {
				parts[i].n++
				return
			}
		}
		parts = append(parts, modelPart{id, 1, m.now, w.End.IsZero()})
	}
	for range n {
		i := slices.IndexFunc(sources, func(s source) bool { return s.left > 0 })
		if i < 0 {
			take("")
			continue
		}
		sources[i].left--
		take(sources[i].lot.ID)
	}
	return parts, true
}

// first is the burn order in words: lower priority, then what ends sooner (never comes last), then the
// older, then the smaller id.
func first(a, b credit.Lot) bool {
	if a.Priority != b.Priority {
		return a.Priority < b.Priority
	}
	if !a.ExpiresAt.Equal(b.ExpiresAt) {
		if a.ExpiresAt.IsZero() || b.ExpiresAt.IsZero() {
			return b.ExpiresAt.IsZero()
		}
		return a.ExpiresAt.Before(b.ExpiresAt)
	}
	if !a.CreatedAt.Equal(b.CreatedAt) {
		return a.CreatedAt.Before(b.CreatedAt)
	}
	return a.ID < b.ID
}

package credit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

func units(n int64) quantity.Units { return quantity.Units(n) }

// A chooser chooses one of n.
type chooser func(what string, n int) int

// A failer is what testing.T and rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// A history drives an account and its model through the same acts and compares them after each.
type history struct {
	t       failer
	choose  chooser
	state   credit.State
	lines   []credit.Entry
	model   *model
	now     time.Time
	plan    int
	anchor  time.Time
	serial  int
	usages  []usage // what can be voided
	revoked map[string]bool
	own     credit.Entry // the last request's own line
}

type usage struct {
	id     string
	parts  []credit.Part
	model  []modelPart
	seq    int64       // its line
	resets modelResets // before it
}

// plansCount is how many plans terms knows.
const plansCount = 9

// terms are those of the plan now.
func (h *history) terms() credit.Terms {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		h.t.Fatalf("loading the zone: %v", err)
	}
	window := func(e period.Every) period.Span {
		return period.Window(e, zone, period.Cycle{Anchor: h.anchor}, h.now)
	}
	switch h.plan {
	case 1:
		return credit.Terms{Window: window(period.Day), Limit: 10}
	case 2:
		return credit.Terms{Window: window(period.Day), Limit: 20, Rollover: 5}
	case 3:
		return credit.Terms{Window: window(period.BillingPeriod), Limit: 50, Rollover: 30}
	case 4:
		return credit.Terms{Window: window(period.Never), Limit: 15}
	case 5:
		return credit.Terms{Window: window(period.Day), Unlimited: true}
	case 6:
		return credit.Terms{Window: window(period.Week), Limit: 12, Soft: true}
	case 7:
		return credit.Terms{Window: window(period.Week), Limit: 30}
	case 8:
		return credit.Terms{Window: window(period.Month), Unlimited: true}
	}
	return credit.Terms{}
}

func newHistory(t failer, choose chooser) *history {
	start := time.Date(2026, 3, 5, 17, 30, 0, 0, time.UTC) // a DST change lies three days ahead
	return &history{
		t: t, choose: choose, model: newModel(), now: start, anchor: start.AddDate(0, 0, -20),
		plan: 1, revoked: map[string]bool{},
	}
}

// step passes some time, perhaps changes the plan, and does one act.
func (h *history) step() {
	switch h.choose("time", 8) {
	case 0, 1, 2:
		h.now = h.now.Add(time.Duration(h.choose("seconds", 3)) * time.Second)
	case 3, 4, 5:
		h.now = h.now.Add(time.Duration(h.choose("minutes", 24*60)) * time.Minute)
	case 6:
		h.now = h.now.Add(time.Duration(h.choose("hours", 24*9)) * time.Hour)
	case 7:
		if h.choose("far", 4) == 0 {
			h.now = h.now.AddDate(0, 0, h.choose("days", 70))
		}
	}
	switch h.choose("plan", 6) {
	case 0:
		h.plan = h.choose("which plan", plansCount)
	case 1:
		if h.choose("subscribe anew", 3) == 0 {
			h.anchor = h.now
		}
	}
	h.serial++
	switch h.choose("act", 22) {
	case 0, 1, 2:
		h.consume(credit.KindConsume)
	case 3:
		h.consume(credit.KindRecord)
	case 4, 5:
		h.hold()
	case 6, 7:
		h.capture()
	case 8:
		h.release()
	case 9, 10:
		h.grant()
	case 11:
		h.revoke()
	case 12:
		h.void()
	case 13:
		if h.choose("backfill", 2) == 0 {
			h.apply(credit.Request{Kind: credit.KindBackfill, Cause: h.name("event"), Meter: "calls"}, "")
			return
		}
		h.apply(credit.Request{}, "")
	case 14:
		h.consume(credit.KindDeduction)
	case 15, 16:
		h.refund()
	case 17:
		h.reset()
	case 18, 19, 20:
		h.clawBack()
	case 21:
		h.restore()
	}
}

func (h *history) name(of string) string { return fmt.Sprintf("%s_%d", of, h.serial) }

func (h *history) consume(k credit.Kind) {
	h.touchModel()
	n := int64(h.choose("amount", 25))
	parts, ok := h.model.burn(n, k == credit.KindRecord)
	want := code(ok, fault.InsufficientCredits)
	if k == credit.KindConsume {
		want, ok = h.barred(want), ok && !h.model.barred()
	}
	res := h.apply(credit.Request{
		Kind: k, Cause: h.name("event"), Meter: "calls", Amount: units(n), Cost: quantity.One, UsageAt: h.now,
	}, want)
	if !ok {
		return
	}
	for _, p := range parts {
		h.model.move(h.plan, p, 1, h.now, true, true)
	}
	h.paid(res, n, parts)
	h.usages = append(h.usages, usage{h.name("event"), res.Parts, parts, h.own.Seq, h.model.resets})
	h.compare()
}

func code(ok bool, c fault.Code) fault.Code {
	if ok {
		return ""
	}
	return c
}

// paid compares what paid with what the model burned.
func (h *history) paid(res credit.Result, n int64, parts []modelPart) {
	h.t.Helper()
	if int64(res.Charge) != n {
		h.t.Fatalf("line %d: the charge is %d, want %d", h.state.Seq, res.Charge, n)
	}
	var got []modelPart
	for _, p := range res.Parts {
		got = append(got, modelPart{p.Grant, -int64(p.Amount), p.At, p.Ever})
	}
	sort := func(a, b modelPart) int { return bytes.Compare([]byte(a.String()), []byte(b.String())) }
	want := slices.Clone(parts)
	slices.SortFunc(got, sort)
	slices.SortFunc(want, sort)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(modelPart{})); diff != "" {
		h.t.Fatalf("line %d: what paid is not what burns first (-want +got):\n%s", h.state.Seq, diff)
	}
}

func (p modelPart) String() string {
	return fmt.Sprintf("%s %d %d", p.source, p.at.UnixMicro(), p.n)
}

func (h *history) hold() {
	h.touchModel()
	id := h.name("hold")
	if len(h.model.holds) > 0 && h.choose("an id twice", 8) == 0 {
		h.apply(credit.Request{
			Kind: credit.KindHold, Cause: h.model.holds[0].id, Amount: 1, Cost: quantity.One, ExpiresAt: h.now.Add(time.Hour),
		}, h.barred(fault.Conflict))
		return
	}
	n := int64(h.choose("amount", 20))
	expires := h.now.Add(time.Duration(1+h.choose("hold minutes", 60*60)) * time.Minute)
	parts, ok := h.model.burn(n, false)
	res := h.apply(credit.Request{
		Kind: credit.KindHold, Cause: id, Meter: "calls", Amount: units(n), Cost: quantity.One, ExpiresAt: expires,
	}, h.barred(code(ok, fault.InsufficientCredits)))
	if !ok || h.model.barred() {
		return
	}
	for _, p := range parts {
		h.model.move(h.plan, p, 1, h.now, true, false)
	}
	h.model.holds = append(h.model.holds, modelHold{id, parts, expires})
	h.paid(res, n, parts)
	h.compare()
}

func (h *history) someHold() (modelHold, bool) {
	if len(h.model.holds) == 0 {
		return modelHold{}, false
	}
	return h.model.holds[h.choose("which hold", len(h.model.holds))], true
}

func (h *history) capture() {
	h.touchModel()
	hold, ok := h.someHold()
	if !ok {
		h.apply(credit.Request{Kind: credit.KindCapture, Cause: "hold_none", Cost: quantity.One}, fault.NotFound)
		return
	}
	var total int64
	for _, p := range hold.parts {
		total += p.n
	}
	n := total
	switch h.choose("capture", 3) {
	case 0:
		n = int64(h.choose("less", int(total)+1))
	case 1:
		n += int64(h.choose("more", 8))
	}
	var parts []modelPart
	rest := n
	for _, p := range hold.parts {
		if p.n = min(p.n, rest); p.n > 0 {
			parts = append(parts, p)
			rest -= p.n
		}
	}
	more, ok := h.model.burn(rest, false)
	if !ok && n <= total {
		h.t.Fatalf("the model refuses a capture within the hold")
	}
	want := code(ok, fault.InsufficientCredits)
	if rest > 0 {
		want, ok = h.barred(want), ok && !h.model.barred()
	}
	res := h.apply(credit.Request{
		Kind: credit.KindCapture, Cause: hold.id, Amount: units(n), Cost: quantity.One,
	}, want)
	if !ok {
		return
	}
	h.model.giveBackHold(h.plan, hold.id, h.now)
	for _, p := range parts { // from a grant that has ended they have moved once, with the hold
		h.model.move(h.plan, p, 1, h.now, h.model.takesBack(p.source, h.now), true)
	}
	for _, p := range more {
		h.model.move(h.plan, p, 1, h.now, true, true)
	}
	parts = append(parts, more...)
	h.model.collect()
	h.paid(res, n, parts)
	h.usages = append(h.usages, usage{hold.id, res.Parts, parts, h.own.Seq, h.model.resets})
	h.compare()
}

func (h *history) release() {
	h.touchModel()
	hold, ok := h.someHold()
	if !ok {
		h.apply(credit.Request{Kind: credit.KindRelease, Cause: "hold_none"}, fault.NotFound)
		return
	}
	before := h.model.balance()
	res := h.apply(credit.Request{Kind: credit.KindRelease, Cause: hold.id}, "")
	h.model.giveBackHold(h.plan, hold.id, h.now)
	var total int64
	for _, p := range hold.parts {
		total += p.n
	}
	if got, want := int64(res.Charge), h.model.balance()-before; got != want || got > total {
		h.t.Fatalf("the release gave back %d, want %d, of the %d held", got, want, total)
	}
	h.model.collect()
	h.compare()
}

func (h *history) grant() {
	h.touchModel()
	if h.choose("an id twice", 8) == 0 {
		if id := h.someLot(); id != "" {
			h.apply(credit.Request{Kind: credit.KindGrant, Lot: credit.Lot{ID: id, Amount: 5, CreatedAt: h.now}}, fault.Conflict)
			return
		}
	}
	l := credit.Lot{
		ID: h.name("grant"), Source: "bonus", Amount: units(int64(1 + h.choose("amount", 25))),
		Priority:  []int{0, 50, 100, 100, 100, 100, 150, credit.PriorityMax}[h.choose("priority", 8)],
		CreatedAt: h.now, StartsAt: h.now,
	}
	if h.choose("starts later", 4) == 0 {
		l.StartsAt = h.now.Add(time.Duration(h.choose("starts", 48)) * time.Hour)
	}
	switch h.choose("expires", 4) {
	case 0, 1:
		l.ExpiresAt = l.StartsAt.Add(time.Duration(1+h.choose("lasts", 90)) * time.Hour)
	case 2:
		l.ExpiresAt = h.terms().Window.End // as soon as the allowance
	}
	h.apply(credit.Request{Kind: credit.KindGrant, Cause: l.ID, Lot: l}, "")
	h.model.lots = append(h.model.lots, modelLot{Lot: l})
	h.model.collect()
	h.compare()
}

// someLot returns a lot with units left, or none.
func (h *history) someLot() string {
	var ids []string
	for _, l := range h.model.lots {
		if h.model.remaining(l) > 0 {
			ids = append(ids, l.ID)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return ids[h.choose("which grant", len(ids))]
}

func (h *history) revoke() {
	h.touchModel()
	if len(h.model.lots) == 0 {
		h.apply(credit.Request{Kind: credit.KindRevoke, Cause: "grant_none"}, "")
		return
	}
	l := &h.model.lots[h.choose("which grant", len(h.model.lots))]
	left := h.model.remaining(*l)
	res := h.apply(credit.Request{Kind: credit.KindRevoke, Cause: l.ID}, "")
	if int64(res.Charge) != -left {
		h.t.Fatalf("the revoke took %d, want the %d that were left", -res.Charge, left)
	}
	l.gone = true
	h.revoked[l.ID] = true
	h.compare()
}

func (h *history) void() {
	h.touchModel()
	if len(h.usages) == 0 {
		h.apply(credit.Request{}, "")
		return
	}
	i := h.choose("which usage", len(h.usages))
	u := h.usages[i]
	back, ok := h.model.back(u)
	var lots []credit.Lot
	for _, p := range u.parts {
		if l := h.model.lot(p.Grant); l != nil && !l.gone && l.Source != "roll_over" {
			lots = append(lots, l.Lot)
		}
	}
	before := h.model.balance()
	res := h.apply(credit.Request{Kind: credit.KindVoid, Cause: u.id, Meter: "calls", Parts: u.parts, Lots: lots, Seq: u.seq}, code(ok, fault.Conflict))
	if !ok {
		return
	}
	h.usages = slices.Delete(h.usages, i, i+1)
	var paid int64
	for _, p := range back {
		paid += p.n
		n := p.n
		if l := h.model.lot(p.source); l != nil { // no more than it was granted, should a refund have been here first
			n = 0
			if !l.gone && !h.model.ended(*l) {
				n = min(p.n, int64(l.Amount)-h.model.remaining(*l)-h.model.setAside(l.ID))
			}
		}
		if !h.model.forgot(u, p) {
			h.model.giveBack(h.plan, p, n, false)
		} else { // the reset has forgotten that it was used
			h.model.move(h.plan, modelPart{p.source, n, p.at, p.ever}, -1, h.now, true, false)
		}
	}
	if got, want := int64(res.Charge), h.model.balance()-before; got != want || got > paid {
		h.t.Fatalf("the void gave back %d, want %d, of the %d paid", got, want, paid)
	}
	h.model.collect()
	h.compare()
}

func (h *history) touchModel() { h.model.touch(h.now, h.terms(), h.plan) }

// apply asks the account, and checks all that needs no model. want is the code of the refusal expected.
func (h *history) apply(r credit.Request, want fault.Code) credit.Result {
	h.t.Helper()
	terms := h.terms()
	h.model.touch(h.now, terms, h.plan)
	r.Aggregation = meter.Sum
	before := asJSON(h.t, h.state)
	touched, touchLines, _, err := credit.Apply(h.state, terms, credit.Request{}, h.now)
	if err != nil {
		h.t.Fatalf("a touch is refused: %v", err)
	}
	next, lines, res, err := credit.Apply(h.state, terms, r, h.now)
	again, linesAgain, resAgain, errAgain := credit.Apply(h.state, terms, r, h.now)
	if diff := cmp.Diff(next, again); diff != "" {
		h.t.Fatalf("%s twice from one state leads to two states:\n%s", r.Kind, diff)
	}
	if diff := cmp.Diff(lines, linesAgain) + cmp.Diff(res, resAgain); diff != "" || (err == nil) != (errAgain == nil) {
		h.t.Fatalf("%s twice from one state gives two answers:\n%s", r.Kind, diff)
	}
	if after := asJSON(h.t, h.state); before != after {
		h.t.Fatalf("%s changed the state it was given from\n%s to\n%s", r.Kind, before, after)
	}
	switch {
	case want == "" && err != nil:
		h.t.Fatalf("%s %s of %d is refused: %v; the balance is %d, the model has %d available",
			r.Kind, r.Cause, r.Amount, err, next.Balance(), h.model.available())
	case want != "" && !fault.Has(err, want):
		h.t.Fatalf("%s %s of %d gives %v, want %s; the model has %d available", r.Kind, r.Cause, r.Amount, err, want, h.model.available())
	case want != "":
		if diff := cmp.Diff(touchLines, lines) + cmp.Diff(touched, next); diff != "" {
			h.t.Fatalf("a refused %s leaves something:\n%s", r.Kind, diff)
		}
	case r.Kind != "":
		h.own = h.ownLine(r, lines[len(touchLines):], lines[res.Own])
	}
	h.post(lines)
	h.state = next
	if want != "" || r.Kind == "" || r.Kind == credit.KindBackfill {
		h.compare()
	}
	return res
}

// post checks new lines against those before them.
func (h *history) post(lines []credit.Entry) {
	h.t.Helper()
	var seq int64
	var balance quantity.Units
	if n := len(h.lines); n > 0 {
		seq, balance = h.lines[n-1].Seq, h.lines[n-1].Balance
	}
	for i, e := range lines {
		seq, balance = seq+1, balance+e.Amount
		if e.Seq != seq || e.Balance != balance {
			h.t.Fatalf("line %d (%s) leaves %d, want line %d to leave %d", e.Seq, e.Kind, e.Balance, seq, balance)
		}
		if e.Cause == "" {
			h.t.Fatalf("line %d (%s) names no cause", e.Seq, e.Kind)
		}
		if i > 0 && e.At.Before(lines[i-1].At) {
			h.t.Fatalf("line %d (%s) is at %s, before line %d (%s) at %s",
				e.Seq, e.Kind, e.At, lines[i-1].Seq, lines[i-1].Kind, lines[i-1].At)
		}
	}
	h.lines = append(h.lines, lines...)
}

// compare holds the account against the model, figure by figure.
func (h *history) compare() {
	h.t.Helper()
	s, m := &h.state, h.model
	figures := func(balance, available, used, held int64) string {
		return fmt.Sprintf("balance %d, available %d, used %d, held %d", balance, available, used, held)
	}
	got := figures(int64(s.Balance()), int64(s.Available(h.now)), int64(s.Window.Used), int64(s.Held()))
	want := figures(m.balance(), m.available(), m.used(), m.held())
	if got != want {
		h.t.Fatalf("after line %d (%s) at %s on plan %d the account has\n%s; the model has\n%s\n%s",
			s.Seq, h.lines[len(h.lines)-1].Kind, h.now, h.plan, got, want, asJSON(h.t, s))
	}
	reckons(h.t, s, h.now)
	if !same(s.Window.Span, h.terms().Window) {
		h.t.Fatalf("the open window is %v, want %v", s.Window.Span, h.terms().Window)
	}
	if !s.Soft && !s.Unlimited && s.Available(h.now) < -s.Owed() {
		h.t.Fatalf("a hard limit leaves %d available, with %d owed", s.Available(h.now), s.Owed())
	}
	if !slices.IsSortedFunc(s.Lots, func(a, b credit.Lot) int {
		if first(a, b) {
			return -1
		}
		return 1
	}) {
		h.t.Fatalf("the grants are not in burn order: %v", s.Lots)
	}
	for _, l := range s.Lots {
		if l.Remaining < 0 || l.Remaining > l.Amount {
			h.t.Fatalf("grant %s has %d left of %d", l.ID, l.Remaining, l.Amount)
		}
	}
	for _, l := range m.lots {
		i := slices.IndexFunc(s.Lots, func(o credit.Lot) bool { return o.ID == l.ID })
		var got int64
		if i >= 0 {
			got = int64(s.Lots[i].Remaining)
		}
		if want := m.remaining(l); got != want {
			h.t.Fatalf("grant %s has %d left, want %d", l.ID, got, want)
		}
	}
}

// finish checks what concerns the whole ledger.
func (h *history) finish() {
	var stored []credit.Entry
	if err := json.Unmarshal([]byte(asJSON(h.t, h.lines)), &stored); err != nil {
		h.t.Fatalf("reading the ledger back: %v", err)
	}
	folded, err := credit.Fold(credit.State{}, stored)
	if err != nil {
		h.t.Fatalf("folding the ledger: %v", err)
	}
	if err := h.state.Same(&folded); err != nil {
		h.t.Fatalf("the ledger leads elsewhere: %v", err)
	}
	if got, want := asJSON(h.t, folded.Suspended), asJSON(h.t, h.state.Suspended); got != want {
		h.t.Fatalf("the ledger leads to the suspended windows %s, want %s", got, want)
	}
	h.oneAllowancePerWindow()
	h.noPlanGivesMoreThanItsLimit()
}

func (h *history) oneAllowancePerWindow() {
	opened := map[string]int64{}
	rolled := map[string]bool{}
	for _, e := range h.lines {
		switch e.Kind {
		case credit.KindAllowance:
			span := fmt.Sprint(e.Window.Start.UnixMicro(), e.Window.End.UnixMicro())
			if before, twice := opened[span]; twice {
				h.t.Fatalf("line %d opens the window of line %d again", e.Seq, before)
			}
			opened[span] = e.Seq
		case credit.KindRollover:
			if rolled[e.Cause] {
				h.t.Fatalf("line %d rolls over %s again", e.Seq, e.Cause)
			}
			rolled[e.Cause] = true
			if e.Amount > 30 {
				h.t.Fatalf("line %d rolls over %d, more than any plan lets", e.Seq, e.Amount)
			}
		}
	}
}

// noPlanGivesMoreThanItsLimit adds up, from the list of moves, what the allowance of each plan and window
// paid while that plan and window were in force, recorded usage and soft limits aside. Whatever went back
// to the window meanwhile could be paid again.
func (h *history) noPlanGivesMoreThanItsLimit() {
	type key struct {
		plan, window int
	}
	limits := map[int]int64{0: 0, 1: 10, 2: 20, 3: 50, 4: 15, 7: 30}
	paid := map[key]int64{}
	back := map[int]int64{}
	for i, w := range h.model.windows {
		back[i] = w.forgiven
	}
	overdrawn := map[key]bool{}
	for _, mv := range h.model.moves {
		if mv.source != "" || !mv.moved {
			continue
		}
		// A hold captured pays again what it had set aside, perhaps from a window of the other sort.
		if mv.n < 0 || mv.at.Before(mv.when) || mv.ever != h.model.windows[mv.window].span.End.IsZero() {
			for i, w := range h.model.windows {
				if mv.ever == w.span.End.IsZero() && holds(w.span, mv.at) && !over(w.span, mv.when) {
					back[i] -= mv.n
				}
			}
			continue
		}
		paid[key{mv.plan, mv.window}] += mv.n
	}
	for _, e := range h.lines {
		if e.Kind != credit.KindRecord {
			continue
		}
		for _, mv := range h.model.moves {
			if mv.when.Equal(e.At) {
				overdrawn[key{mv.plan, mv.window}] = true
			}
		}
	}
	for k, n := range paid {
		if limit, hard := limits[k.plan]; hard && !overdrawn[k] && n > limit+back[k.window] {
			h.t.Fatalf("the allowance of plan %d paid %d in one window, limit %d, given back %d", k.plan, n, limit, back[k.window])
		}
	}
}

func asJSON(t failer, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("writing %T as JSON: %v", v, err)
	}
	return string(b)
}

func TestRandomHistoriesMatchTheNaiveModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t, func(what string, n int) int { return rapid.IntRange(0, n-1).Draw(t, what) })
		h.plan = h.choose("first plan", plansCount)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			h.step()
		}
		h.finish()
	})
}

// FuzzApply reads its bytes as the choices of a history.
func FuzzApply(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1500 {
			t.Skip("long histories find nothing that short ones do not")
		}
		h := newHistory(t, func(_ string, n int) int {
			v := 0
			for size := 1; size < n && len(b) > 0; size *= 256 {
				v, b = v*256+int(b[0]), b[1:]
			}
			return v % n
		})
		for len(b) > 0 {
			h.step()
		}
		h.finish()
	})
}

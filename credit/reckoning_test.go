package credit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// reckons fails unless what is told of an account adds up: the terms to what is available, that of usage to what is used, the
// ledger's balance and what lies apart to what is available, and the sentence to the terms.
func reckons(t failer, s *credit.State, now time.Time) {
	t.Helper()
	w := credit.Words{Name: "Calls", Unit: "call"}
	plan := s.Limit / 2 // half is given by adjustments
	sum, apart := w.Reckon(s, plan, now)
	if s.Unlimited {
		if len(sum)+len(apart) > 0 {
			t.Fatalf("an unlimited account is %v, %v", sum, apart)
		}
		return
	}
	all := map[credit.TermKind]quantity.Units{}
	var available quantity.Units
	summary := w.Summary(s, plan, now)
	for _, term := range sum {
		if _, twice := all[term.Kind]; twice || term.Text == "" || !strings.Contains(summary, term.Text) {
			t.Fatalf("the term %v of %q", term, summary)
		}
		all[term.Kind], available = term.Amount, available+term.Amount
	}
	balance := s.Balance()
	for _, term := range apart {
		balance += term.Amount
	}
	if want := s.Available(now); available != want || balance != want || all[credit.TermUsed] != -s.Window.Used {
		t.Fatalf("%s are available and %s used; the terms give %s and %s, the ledger %s:\n%v\n%v", want, s.Window.Used, available, -all[credit.TermUsed], balance, sum, apart)
	}
}

// TestAnAccountIsToldAsASum: each case adds up otherwise.
func TestAnAccountIsToldAsASum(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	terms := credit.Terms{Limit: 20 * unit, Window: period.Span{Start: start, End: start.AddDate(0, 0, 1)}}
	tomorrow := terms
	tomorrow.Window = period.Span{Start: start.AddDate(0, 0, 1), End: start.AddDate(0, 0, 2)}
	use := func(k credit.Kind, n quantity.Units) credit.Request {
		return credit.Request{Kind: k, Cause: "u", Meter: "calls", Aggregation: meter.Sum, Amount: n * unit, Cost: unit, ExpiresAt: start.AddDate(0, 0, 9)}
	}
	grant := func(n quantity.Units, from time.Time) credit.Request {
		return credit.Request{Kind: credit.KindGrant, Cause: "g", Lot: credit.Lot{ID: "g", Source: "bonus", Amount: n * unit, Priority: 50, CreatedAt: start, StartsAt: from}}
	}
	for name, tt := range map[string]struct {
		acts []credit.Request
		then credit.Terms
		want string
	}{
		"a limit of which adjustments give a part": {
			[]credit.Request{use(credit.KindConsume, 5)}, credit.Terms{Limit: 70 * unit, Window: terms.Window},
			"Calls: 65 calls left (the plan gives 20 calls, limit adjustments give 50 more, 5 used) until 2 May 2026 00:00 UTC."},
		"a limit of which adjustments take a part": {
			[]credit.Request{use(credit.KindConsume, 5)}, credit.Terms{Limit: 15 * unit, Window: terms.Window},
			"Calls: 10 calls left (the plan gives 20 calls, limit adjustments take 5, 5 used) until 2 May 2026 00:00 UTC."},
		"recorded past a hard limit": {
			[]credit.Request{use(credit.KindRecord, 23)}, terms,
			"Calls: 0 calls left (the plan gives 20 calls, 23 used, 3 past the hard limit, which take nothing of what is left) until 2 May 2026 00:00 UTC."},
		"paid by a grant": {
			[]credit.Request{grant(8, start), use(credit.KindConsume, 10)}, terms,
			"Calls: 18 calls left (the plan gives 20 calls, 10 used, 8 of them paid by grants) until 2 May 2026 00:00 UTC."},
		"a grant that begins later": {
			[]credit.Request{grant(8, start.AddDate(0, 0, 3)), use(credit.KindConsume, 10)}, terms,
			"Calls: 10 calls left (the plan gives 20 calls, 10 used) until 2 May 2026 00:00 UTC."},
		"held": {
			[]credit.Request{use(credit.KindHold, 4)}, terms,
			"Calls: 16 calls left (the plan gives 20 calls, 0 used, 4 held) until 2 May 2026 00:00 UTC."},
		"held of a window that has ended": {
			[]credit.Request{use(credit.KindHold, 4)}, tomorrow,
			"Calls: 20 calls left (the plan gives 20 calls, 0 used) until 3 May 2026 00:00 UTC."},
		"past a soft limit": {
			[]credit.Request{use(credit.KindRecord, 23)}, credit.Terms{Limit: 20 * unit, Soft: true, Window: terms.Window},
			"Calls: 3 calls past the limit (the plan gives 20 calls, 23 used) until 2 May 2026 00:00 UTC."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s credit.State
			var err error
			for _, r := range tt.acts {
				if s, _, _, err = credit.Apply(s, terms, r, start.Add(time.Hour)); err != nil {
					t.Fatal(err)
				}
			}
			now := tt.then.Window.Start.Add(2 * time.Hour)
			if s, _, _, err = credit.Apply(s, tt.then, credit.Request{}, now); err != nil {
				t.Fatal(err)
			}
			reckons(t, &s, now)
			if got := (credit.Words{Name: "Calls", Unit: "call"}).Summary(&s, terms.Limit, now); got != tt.want {
				t.Errorf("it is told as\n%s\nwant\n%s", got, tt.want)
			}
			if over := s.View("calls", now).Overage; (over != nil) != tt.then.Soft {
				t.Errorf("the overage is %v: it is that of a soft limit, and of no other", over)
			}
		})
	}
}

// TestAReadingThatFellGivesBack says so, and to what.
func TestAReadingThatFellGivesBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	terms := credit.Terms{Limit: 3 * unit, Keep: true}
	w := credit.Words{Name: "Seats", Unit: "seat"}
	s, _, _, err := credit.Apply(credit.State{}, terms, credit.Request{Kind: credit.KindGrant, Lot: credit.Lot{ID: "g", Source: "bonus", Amount: 5 * unit, Priority: 200, CreatedAt: now, StartsAt: now}}, now)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []string{
		"Usage r of seats took 5 seats (3 from the plan, 2 from grant g).",
		"Usage r of seats was recorded after the fact and gave back 4 seats (2 to grant g, 2 to the plan).",
		"Usage r of seats took 0 seats.",
	} {
		r := credit.Request{Kind: credit.KindConsume, Cause: "r", Meter: "seats", Aggregation: meter.Last, Amount: 5 * unit, Cost: unit, UsageAt: now}
		if n > 0 {
			r.Kind, r.Amount = credit.KindRecord, unit
		}
		if n > 1 {
			r.Kind = credit.KindConsume
		}
		var lines []credit.Entry
		if s, lines, _, err = credit.Apply(s, terms, r, now); err != nil {
			t.Fatal(err)
		}
		if got := w.Tell(lines[len(lines)-1]); got != want {
			t.Errorf("it is told as %q, want %q", got, want)
		}
		reckons(t, &s, now)
	}
}

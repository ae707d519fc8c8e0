package credit_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// A buyer plays one account that has nothing but what was bought.
type buyer struct {
	t     failer
	state credit.State
	lines []credit.Entry
	now   time.Time
	terms credit.Terms
}

func newBuyer(t failer) *buyer {
	return &buyer{t: t, now: time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)}
}

func (b *buyer) try(r credit.Request) (credit.Result, error) {
	r.Past = b.past()
	b.now = b.now.Add(time.Minute)
	s, lines, res, err := credit.Apply(b.state, b.terms, r, b.now)
	b.state, b.lines = s, append(b.lines, lines...)
	return res, err
}

func (b *buyer) do(r credit.Request) credit.Result {
	b.t.Helper()
	res, err := b.try(r)
	if err != nil {
		b.t.Fatalf("%s %s: %v", r.Kind, r.Cause, err)
	}
	return res
}

func (b *buyer) buy(name string, n int64, expires time.Time) {
	b.t.Helper()
	b.do(credit.Request{Kind: credit.KindGrant, Cause: name, Lot: credit.Lot{
		ID: name, Source: "top_up", Amount: units(n), Priority: credit.PriorityDefault, CreatedAt: b.now, StartsAt: b.now, ExpiresAt: expires}})
}

func (b *buyer) use(name string, n int64) credit.Result {
	b.t.Helper()
	return b.do(use(credit.KindConsume, name, n))
}

func use(k credit.Kind, name string, n int64) credit.Request {
	return credit.Request{Kind: k, Cause: name, Meter: "m", Aggregation: meter.Sum, Amount: units(n), Cost: quantity.One}
}

func (b *buyer) clawBack(cause, grant string, of, n int64, p credit.ClawBackPolicy) {
	b.t.Helper()
	b.do(credit.Request{Kind: credit.KindClawBack, Cause: cause, Amount: units(n), Policy: p, Lot: credit.Lot{ID: grant, Amount: units(of)}})
}

func (b *buyer) restore(cause string) {
	b.t.Helper()
	b.do(credit.Request{Kind: credit.KindRestore, Cause: cause, Lot: credit.Lot{ID: "back_" + cause, Source: "top_up"}})
}

// has compares what is available and owed, and the ledger with the account.
func (b *buyer) has(when string, available, owed int64) {
	b.t.Helper()
	if got, o := int64(b.state.Available(b.now)), int64(b.state.Owed()); got != available || o != owed {
		b.t.Fatalf("%s: %d available and %d owed, want %d and %d", when, got, o, available, owed)
	}
	folded, err := credit.Fold(credit.State{}, b.lines)
	if err != nil {
		b.t.Fatalf("%s: the ledger does not follow: %v", when, err)
	}
	if err := folded.Same(&b.state); err != nil {
		b.t.Fatalf("%s: the ledger leads elsewhere: %v", when, err)
	}
}

func TestOnlyWhatIsSpentIsOwed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name            string
		play            func(b *buyer)
		available, owed int64
	}{
		{"nothing is spent", func(b *buyer) { b.clawBack("r", "g", 100, 100, credit.Owe) }, 0, 0},
		{"a part is spent, and the rest covers the share", func(b *buyer) {
			b.use("u", 30)
			b.clawBack("r", "g", 100, 50, credit.Owe)
		}, 20, 0},
		{"all is spent", func(b *buyer) {
			b.use("u", 100)
			b.clawBack("r", "g", 100, 50, credit.Owe)
		}, -50, 50},
		{"what expired is not spent", func(b *buyer) {
			b.buy("e", 100, b.now.Add(time.Hour))
			b.use("u", 40)
			b.now = b.now.Add(2 * time.Hour)
			b.clawBack("r", "e", 100, 100, credit.Owe)
		}, 60, 0}, // e had burned first: 40 of it are owed, and g pays them
		{"what was revoked is not spent", func(b *buyer) {
			b.use("u", 40)
			b.do(credit.Request{Kind: credit.KindRevoke, Cause: "g"})
			b.clawBack("r", "g", 100, 100, credit.Owe)
		}, -40, 40},
		{"no unit is found spent twice", func(b *buyer) {
			b.use("u", 40)
			b.do(credit.Request{Kind: credit.KindRevoke, Cause: "g"})
			b.clawBack("r", "g", 100, 60, credit.Owe)
			b.clawBack("s", "g", 100, 40, credit.Owe)
		}, -40, 40},
		{"what paid a debt is spent", func(b *buyer) {
			b.use("u", 100)
			b.clawBack("r", "g", 100, 100, credit.Owe)
			b.buy("h", 150, time.Time{})
			b.clawBack("s", "h", 150, 150, credit.Owe)
		}, -100, 100},
		{"other grants pay at once", func(b *buyer) {
			b.buy("h", 30, time.Time{})
			b.use("u", 100)
			b.clawBack("r", "g", 100, 100, credit.Owe)
		}, -70, 70},
		{"what is held is owed until it is let go", func(b *buyer) {
			h := use(credit.KindHold, "h", 80)
			h.ExpiresAt = b.now.Add(time.Hour)
			b.do(h)
			b.clawBack("r", "g", 100, 100, credit.Owe)
			b.has("held", -80, 80)
			b.now = b.now.Add(2 * time.Hour)
			b.do(credit.Request{})
		}, 0, 0},
		{"what is held and captured stays owed", func(b *buyer) {
			h := use(credit.KindHold, "h", 80)
			h.ExpiresAt = b.now.Add(time.Hour)
			b.do(h)
			b.clawBack("r", "g", 100, 100, credit.Owe)
			b.do(credit.Request{Kind: credit.KindCapture, Cause: "h", Amount: units(50), Cost: quantity.One})
		}, -50, 50},
		{"a void pays", func(b *buyer) {
			used := b.use("u", 100)
			b.clawBack("r", "g", 100, 100, credit.Owe)
			b.do(credit.Request{Kind: credit.KindVoid, Cause: "u", Parts: used.Parts, Lots: []credit.Lot{{ID: "g", Source: "top_up", Amount: units(100), Priority: 100}}})
		}, 0, 0},
		{"what is forgiven is not owed", func(b *buyer) {
			b.use("u", 70)
			b.clawBack("r", "g", 100, 100, credit.Forgive)
			b.buy("h", 10, time.Time{})
		}, 10, 0},
		{"what is forgiven is taken when it comes back", func(b *buyer) {
			used := b.use("u", 70)
			b.clawBack("r", "g", 100, 60, "") // no policy is forgive
			b.do(credit.Request{Kind: credit.KindVoid, Cause: "u", Parts: used.Parts, Lots: []credit.Lot{{ID: "g", Source: "top_up", Amount: units(100), Priority: 100}}})
		}, 40, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBuyer(t)
			b.buy("g", 100, time.Time{})
			tt.play(b)
			b.has("at the end", tt.available, tt.owed)
		})
	}
}

func TestAClawBackIsUndoneToTheUnit(t *testing.T) {
	t.Parallel()
	b := newBuyer(t)
	b.buy("g", 100, time.Time{})
	b.use("u", 60)
	b.clawBack("r", "g", 100, 100, credit.Owe)
	b.has("refunded", -60, 60)
	ends := b.now.Add(time.Hour)
	b.buy("h", 45, ends)
	b.has("a part is paid", -15, 15)
	b.restore("r")
	b.has("the refund failed", 85, 0)
	b.clawBack("s", "g", 100, 100, credit.Owe)
	b.has("refunded once more: the grant is found as it was", -15, 15)
	b.restore("s")
	b.now = ends
	b.do(credit.Request{})
	b.has("what had paid ended when it would have", 40, 0)
}

func TestWhatCannotComeBackToItsGrantBecomesOneThatLasts(t *testing.T) {
	t.Parallel()
	b := newBuyer(t)
	b.buy("g", 100, b.now.Add(time.Hour))
	b.use("u", 60)
	b.clawBack("r", "g", 100, 100, credit.Owe)
	b.now = b.now.Add(2 * time.Hour)
	b.restore("r")
	b.has("the grant has ended meanwhile", 40, 0)
	if l := b.state.Lots; len(l) != 1 || l[0].ID != "back_r" || !l[0].ExpiresAt.IsZero() {
		t.Errorf("the grants are %v, want one that lasts", l)
	}
}

func TestASuspendedAccountRecordsAndReleasesButConsumesNothing(t *testing.T) {
	t.Parallel()
	b := newBuyer(t)
	b.terms = credit.Terms{Limit: units(1000), Soft: true}
	b.buy("g", 100, time.Time{})
	h := use(credit.KindHold, "h", 20)
	h.ExpiresAt = b.now.Add(time.Hour)
	b.do(h)
	b.use("u", 1100)
	b.clawBack("r", "g", 100, 100, credit.Suspend)
	owed := int64(b.state.Owed())
	if owed == 0 {
		t.Fatal("nothing is owed")
	}
	for _, r := range []credit.Request{use(credit.KindConsume, "v", 1), use(credit.KindConsume, "v", 0), use(credit.KindHold, "w", 1),
		{Kind: credit.KindCapture, Cause: "h", Amount: units(21), Cost: quantity.One}} {
		if _, err := b.try(r); !fault.Has(err, fault.Suspended) || fault.Of(err).Details["owed"] != units(owed) {
			t.Errorf("%s of %s is answered %v, want suspended with what is owed", r.Kind, r.Amount, err)
		}
	}
	b.do(use(credit.KindRecord, "late", 5))
	b.do(credit.Request{Kind: credit.KindCapture, Cause: "h", Amount: units(20), Cost: quantity.One})
	b.buy("pays", owed, time.Time{})
	b.use("x", 1)
	b.terms.NoAccess = true
	for _, r := range []credit.Request{use(credit.KindConsume, "y", 1), use(credit.KindHold, "z", 1)} {
		if _, err := b.try(r); !fault.Has(err, fault.Suspended) {
			t.Errorf("%s without access is answered %v, want suspended", r.Kind, err)
		}
	}
	b.do(use(credit.KindRecord, "later", 5))
}

// TestWhatIsLeftIsWhatWasPaidForAndNotUsed: whatever is bought, used, voided, refunded, and failed to be refunded, and in
// whatever order: an account that owes has what was bought less what was used and paid back; one whose debts are forgiven has of
// each grant what was bought less what was used of it and paid back, and never less than nothing.
func TestWhatIsLeftIsWhatWasPaidForAndNotUsed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := newBuyer(t)
		policy := rapid.SampledFrom(credit.ClawBackPolicies()).Draw(t, "policy")
		bought, usedOf, backOf := map[string]int64{}, map[string]int64{}, map[string]int64{}
		type usage struct {
			name string
			res  credit.Result
		}
		var grants []string
		var usages []usage
		type back struct {
			cause, grant string
			n            int64
		}
		var backs []back
		returns := map[string]map[string]int64{} // of each grant: what each of its returns takes by now
		lots := map[string]credit.Lot{}
		for n := range rapid.IntRange(1, 30).Draw(t, "deeds") {
			name := fmt.Sprint("n", n)
			switch rapid.SampledFrom([]string{"buy", "use", "use", "void", "refund", "refund", "undo", "returns", "returns"}).Draw(t, "deed") {
			case "buy":
				bought[name] = rapid.Int64Range(1, 50).Draw(t, "bought")
				grants = append(grants, name)
				b.buy(name, bought[name], time.Time{})
				lots[name] = b.state.Lots[slices.IndexFunc(b.state.Lots, func(l credit.Lot) bool { return l.ID == name })]
			case "use":
				left := int64(b.state.Available(b.now))
				if left <= 0 {
					continue
				}
				res := b.use(name, rapid.Int64Range(1, left).Draw(t, "used"))
				for _, p := range res.Parts {
					usedOf[p.Grant] -= int64(p.Amount)
				}
				usages = append(usages, usage{name, res})
			case "void":
				if len(usages) == 0 {
					continue
				}
				u := usages[0]
				usages = usages[1:]
				r := credit.Request{Kind: credit.KindVoid, Cause: u.name, Parts: u.res.Parts}
				for _, p := range u.res.Parts {
					usedOf[p.Grant] += int64(p.Amount)
					r.Lots = append(r.Lots, lots[p.Grant])
				}
				b.do(r)
			case "refund":
				if len(grants) == 0 {
					continue
				}
				g := rapid.SampledFrom(grants).Draw(t, "of")
				n := rapid.Int64Range(0, bought[g]-backOf[g]).Draw(t, "share")
				backOf[g] += n
				backs = append(backs, back{name, g, n})
				b.clawBack(name, g, bought[g], n, policy)
			case "undo":
				if len(backs) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(backs)-1).Draw(t, "which")
				r := backs[i]
				backs = append(backs[:i:i], backs[i+1:]...)
				backOf[r.grant] -= r.n
				b.restore(r.cause)
			case "returns":
				if len(grants) == 0 {
					continue
				}
				g := rapid.SampledFrom(grants).Draw(t, "of")
				left, wanted, changed := bought[g]-backOf[g], map[string]int64{}, false
				for _, n := range returns[g] {
					left += n
				}
				backOf[g] = bought[g] - left
				for _, r := range []string{g + "_re_1", g + "_re_2", g + "_du"} {
					wanted[r] = rapid.Int64Range(0, left).Draw(t, "share")
					left -= wanted[r]
					backOf[g] += wanted[r]
					changed = changed || wanted[r] != returns[g][r]
				}
				returns[g] = wanted
				if acted := b.settle(name, g, bought[g], policy, wanted); acted != changed {
					t.Fatalf("%s: to take %v of %s was an act: %t, want %t", name, wanted, g, acted, changed)
				}
			}
			var all, forgiven int64
			for g, n := range bought {
				left := n - usedOf[g] - backOf[g]
				all += left
				forgiven += max(left, 0)
			}
			if policy == credit.Forgive {
				b.has(name, forgiven, 0)
			} else {
				b.has(name, all, max(-all, 0))
			}
		}
	})
}

package credit_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/fault"
)

// past are the lines that a claw-back and its undoing are told.
func (b *buyer) past() (past []credit.Entry) {
	for _, e := range b.lines {
		if credit.MovesGrants(e) {
			past = append(past, e)
		}
	}
	return past
}

// settle brings what a grant has lost in line with its returns, and reports whether that took an act.
func (b *buyer) settle(when, grant string, of int64, p credit.ClawBackPolicy, wanted map[string]int64) bool {
	b.t.Helper()
	r := credit.Request{Kind: credit.KindClawBack, Lot: credit.Lot{ID: grant, Amount: units(of)}}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		r.Returns = append(r.Returns, credit.Return{ID: name, Policy: p, Share: units(wanted[name]), Home: credit.Lot{ID: "home_" + when + name, Source: "top_up"}})
	}
	lost, due, _ := credit.Unsettled(b.past(), r.Lot, r.Returns)
	if len(due) == 0 {
		r.Kind = credit.KindRestore
	}
	if len(lost)+len(due) == 0 {
		return false
	}
	if res := b.do(r); res.Own < 0 {
		b.t.Fatalf("%s: the act has no line of its own", when)
	}
	return true
}

// TestWhatAFailedRefundTookIsTakenForTheDispute: at no moment is it there to be spent, and it is not found spent.
func TestWhatAFailedRefundTookIsTakenForTheDispute(t *testing.T) {
	t.Parallel()
	for _, policy := range credit.ClawBackPolicies() {
		b := newBuyer(t)
		b.buy("g", 100, time.Time{})
		b.settle("first", "g", 100, policy, map[string]int64{"re": 60})
		b.settle("then", "g", 100, policy, map[string]int64{"re": 60, "du": 40})
		b.has("refunded and disputed", 0, 0)
		before := len(b.lines)
		b.settle("failed", "g", 100, policy, map[string]int64{"re": 0, "du": 100})
		b.has("the refund failed", 0, 0)
		if last := b.lines[before:]; len(last) != 3 || !last[0].RecordedAt.Equal(last[2].RecordedAt) {
			t.Errorf("%s: the lines are %v, want two undoings and a claw-back in one act", policy, last)
		}
		if b.settle("again", "g", 100, policy, map[string]int64{"re": 0, "du": 100}) {
			t.Errorf("%s: what was settled is settled again", policy)
		}
		b.settle("won", "g", 100, policy, map[string]int64{"re": 0, "du": 0})
		b.has("the dispute is won", 100, 0)
	}
}

// TestThePolicyOfTheDisputeIsForWhatTheRefundFoundSpent, which was forgiven as long as the refund stood.
func TestThePolicyOfTheDisputeIsForWhatTheRefundFoundSpent(t *testing.T) {
	t.Parallel()
	b := newBuyer(t)
	b.buy("g", 100, time.Time{})
	b.use("u", 70)
	b.settle("refunded", "g", 100, credit.Forgive, map[string]int64{"re": 60})
	b.has("refunded", 0, 0)
	b.settle("disputed", "g", 100, credit.Suspend, map[string]int64{"re": 60, "du": 40})
	b.has("and disputed", -40, 40)
	b.settle("failed", "g", 100, credit.Suspend, map[string]int64{"re": 0, "du": 100})
	b.has("the refund failed", -70, 70)
	b.settle("won", "g", 100, credit.Suspend, map[string]int64{"re": 0, "du": 0})
	b.has("the dispute is won", 30, 0)
}

// TestWhatAnEndedGrantCannotTakeIsTakenForTheDisputeAllTheSame: the refund that failed gives nothing back that is not due.
func TestWhatAnEndedGrantCannotTakeIsTakenForTheDisputeAllTheSame(t *testing.T) {
	t.Parallel()
	b := newBuyer(t)
	b.buy("g", 100, b.now.Add(time.Hour))
	b.settle("refunded", "g", 100, credit.Owe, map[string]int64{"re": 60})
	b.now = b.now.Add(2 * time.Hour)
	b.settle("disputed", "g", 100, credit.Owe, map[string]int64{"re": 60, "du": 40})
	b.has("40 have expired", 0, 0)
	b.settle("failed", "g", 100, credit.Owe, map[string]int64{"re": 0, "du": 100})
	b.has("the refund failed", 0, 0)
	b.settle("won", "g", 100, credit.Owe, map[string]int64{"re": 0, "du": 0})
	b.has("the dispute is won", 60, 0)
}

// TestAClawBackOfBeforeSharesWereToldStands: its line does not say how much it was to take.
func TestAClawBackOfBeforeSharesWereToldStands(t *testing.T) {
	t.Parallel()
	for _, policy := range credit.ClawBackPolicies() {
		b := newBuyer(t)
		b.buy("g", 100, time.Time{})
		b.use("u", 70)
		b.settle("refunded", "g", 100, policy, map[string]int64{"re": 60})
		for i := range b.lines {
			b.lines[i].Share = 0
		}
		if b.settle("again", "g", 100, policy, map[string]int64{"re": 60}) {
			t.Errorf("%s: the refund was taken back for again", policy)
		}
		b.settle("failed", "g", 100, policy, map[string]int64{"re": 0})
		b.has("the refund failed", 30, 0)
	}
}

// TestReturnsThatNobodySawTogetherComeRight: of two readings each saw another return of more than half, and a third one that one of them failed.
func TestReturnsThatNobodySawTogetherComeRight(t *testing.T) {
	t.Parallel()
	b := newBuyer(t)
	b.buy("g", 100, time.Time{})
	b.settle("one", "g", 100, credit.Owe, map[string]int64{"re": 60})
	b.settle("other", "g", 100, credit.Owe, map[string]int64{"du": 100})
	b.has("both", 0, 0)
	b.settle("third", "g", 100, credit.Owe, map[string]int64{"re": 0, "du": 100})
	b.has("the refund failed", 0, 0)
}

// TestReturnsThatAreSettledAreRefused, so that no act is without a line of its own.
func TestReturnsThatAreSettledAreRefused(t *testing.T) {
	t.Parallel()
	b := newBuyer(t)
	b.buy("g", 100, time.Time{})
	b.settle("refunded", "g", 100, credit.Owe, map[string]int64{"re": 60})
	before := len(b.lines)
	_, err := b.try(credit.Request{Kind: credit.KindClawBack, Lot: credit.Lot{ID: "g", Amount: 100}, Returns: []credit.Return{{ID: "re", Share: units(60)}}})
	if !fault.Has(err, fault.Conflict) || len(b.lines) != before {
		t.Errorf("the answer is %v and %d new lines, want a conflict and none", err, len(b.lines)-before)
	}
}

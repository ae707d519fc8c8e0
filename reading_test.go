package tollgate

import (
	"fmt"
	"testing"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/subscription"
)

// begin numbers a reading, which is to find some returns.
func (p *purchase) begin(returns ...subscription.Return) reading {
	p.Helper()
	ticket, _, err := p.engine.db.TakeTicket(p.Context(), p.customer.Key)
	if err != nil {
		p.Fatal(err)
	}
	return reading{customer: p.customer, ticket: ticket, decision: p.decided("1", returns...)}
}

// keep keeps what a reading has found.
func (p *purchase) keep(r reading) reading {
	p.Helper()
	var err error
	if r.newest, err = p.engine.keep(p.Context(), p.customer, subscription.Picture{}, r.decision, nil, r.ticket, p.engine.book.Load().Version); err != nil {
		p.Fatal(err)
	}
	return r
}

// follow does what a reading has found, and fails unless that is all there is to do, or is not.
func (p *purchase) follow(r reading, want bool) {
	p.Helper()
	if done, err := p.engine.follow(p.Context(), r); err != nil || done != want {
		p.Errorf("the reading %d is done: %t, %v; want %t", r.ticket, done, err, want)
	}
}

// TestAReadingThatWasOvertakenIsReadAgain: it pauses before it is kept, or before it takes back, until a newer one that has found something
// else is done. One that is not the newest when it is kept takes and gives nothing back; what one took that was the newest
// when it was kept is undone by the next.
func TestAReadingThatWasOvertakenIsReadAgain(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		p := buys(t, db, "")
		for n, tt := range []struct {
			name         string
			older, newer []subscription.Return
			left         int64
		}{
			{"a refund that failed", []subscription.Return{p.refund("re_1", 500, "pending")}, []subscription.Return{p.refund("re_1", 500, "failed")}, 100},
			{"a dispute that was won", []subscription.Return{p.dispute("du_1", "under_review")}, []subscription.Return{p.dispute("du_1", "won")}, 100},
			{"an inquiry that became a dispute", []subscription.Return{p.dispute("du_1", "warning_needs_response")}, []subscription.Return{p.dispute("du_1", "needs_response")}, 0},
			{"a dispute of a payment whose refund failed", []subscription.Return{p.refund("re_1", 300, "failed")},
				[]subscription.Return{p.refund("re_1", 300, "failed"), p.dispute("du_1", "needs_response")}, 0},
			{"a refund more", []subscription.Return{p.refund("re_1", 100, "succeeded")},
				[]subscription.Return{p.refund("re_1", 100, "succeeded"), p.refund("re_2", 200, "succeeded")}, 40},
		} {
			for _, kept := range []bool{false, true} {
				p.customer = p.new(id.Customer(fmt.Sprintf("u%d %t", n, kept)))
				if _, err := p.engine.db.Bind(t.Context(), p.customer.Key, "cus_"+string(p.customer.ExternalID), p.bought); err != nil {
					t.Fatal(err)
				}
				when := fmt.Sprintf("%s, kept: %t", tt.name, kept)
				p.look()
				older := p.begin(tt.older...)
				if kept {
					older = p.keep(older)
				}
				p.follow(p.keep(p.begin(tt.newer...)), true)
				p.left(when+": the newer one is done", tt.left)
				if !kept {
					older = p.keep(older)
				}
				p.follow(older, len(older.decision.ClawBacks) == 0)
				if !kept {
					p.left(when+": the older one does nothing", tt.left)
				}
				p.follow(p.keep(p.begin(tt.newer...)), true)
				p.left(when+": read again", tt.left)
			}
		}
	})
}

// TestWhatAnErasedCustomerPaidReachesNobodyElse: a reading found a top-up and a refund, and its customer is erased, and replaced by
// another one of its name, before it does what follows.
func TestWhatAnErasedCustomerPaidReachesNobodyElse(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		p := buys(t, db, "refunds: {spent: suspend}\n")
		p.look()
		before := p.customer
		if err := p.engine.EraseCustomer(t.Context(), before.ExternalID); err != nil {
			t.Fatal(err)
		}
		p.customer = p.new(before.ExternalID)
		if p.customer.Key == before.Key {
			t.Fatal("the customer is who it was")
		}
		for _, payment := range []string{"1", "2"} { // the first was granted
			if _, err := p.engine.settle(t.Context(), before, p.decided(payment, p.refund("re_"+payment, 300, "succeeded"))); err == nil {
				t.Errorf("payment %s is settled", payment)
			}
		}
		if lines, err := p.engine.Entries(t.Context(), before.ExternalID, "requests", "", 0); err != nil || len(lines.Data) > 0 {
			t.Errorf("another customer has the lines %+v, %v", lines.Data, err)
		}
	})
}

// TestOfTwoReadingsThatTakeBackAtOnceOneDoes: the other one is told so, whatever it has found, and is right when it reads again.
func TestOfTwoReadingsThatTakeBackAtOnceOneDoes(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		p := buys(t, db, "refunds: {spent: debt}\n")
		p.look()
		older := p.decided("1", p.refund("re_1", 300, "succeeded"))
		newer := p.decided("1", p.refund("re_1", 300, "failed"), p.dispute("du_1", "needs_response"))
		var ops []*op
		for _, d := range []subscription.Decision{older, newer} {
			o, err := p.engine.clawBackOp(t.Context(), p.customer, d.Grants[0], d.ClawBacks)
			if err != nil {
				t.Fatal(err)
			}
			ops = append(ops, o)
		}
		for n, o := range ops {
			var out Revoked
			if err := p.engine.doNamed(t.Context(), o, nil, &out, &out.Duplicate); err != nil || out.Duplicate != (n > 0) {
				t.Errorf("act %d is done already: %t, %v", n, out.Duplicate, err)
			}
		}
		p.left("the first one is done", 40)
		for range 2 {
			if done, err := p.engine.clawBack(t.Context(), p.customer, newer.Grants[0], newer.ClawBacks); err != nil || !done {
				t.Errorf("the newer one is done when it comes again: %t, %v", done, err)
			}
			p.left("the newer one is done", 0)
		}
		lines, err := p.engine.Entries(t.Context(), p.customer.ExternalID, "requests", "", 0)
		if err != nil || len(lines.Data) != 5 {
			t.Errorf("the ledger has %d lines, %v; want an allowance, a grant, a claw-back, its undoing and another one", len(lines.Data), err)
		}
	})
}

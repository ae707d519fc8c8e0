package tollgate_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/quantity"
)

// What the random histories know of refunds, deductions and resets.

// adjust does a refund, a deduction or a reset to the Engine. Adjustments share their ids with usage, resets have their own.
func (x *doer) adjust(d deed) string {
	ctx := context.Background()
	if d.Kind == "reset" {
		r, err := x.e.ResetUsage(ctx, tollgate.ResetRequest{Customer: x.name, Balance: d.Meter, ID: id.Transaction(fmt.Sprint(d.Tx))})
		if err != nil {
			return refusal(err)
		}
		return held(r.PreResetTotal, r.Duplicate)
	}
	kind := map[string]tollgate.AdjustmentKind{"refund": tollgate.AdjustRefund, "deduct": tollgate.AdjustDeduction}[d.Kind]
	r, err := x.e.AdjustUsage(ctx, tollgate.AdjustmentRequest{Customer: x.name, Meter: d.Meter, Kind: kind, Reason: "by hand",
		Amount: quantity.Whole(int64(d.Amount + 1)), TransactionID: id.Transaction(fmt.Sprint(d.Tx))})
	if err != nil {
		return refusal(err)
	}
	return told(tollgate.Receipt{Event: *r.Event, Balance: r.Balance, Duplicate: r.Duplicate}, nil)
}

// refunded says what is left of the grants that refunds made.
func refunded(grants []credit.Lot) string {
	var left quantity.Units
	for _, l := range grants {
		if l.Source == string(tollgate.AdjustRefund) {
			left += l.Remaining
		}
	}
	return fmt.Sprintf(" refunded %s", left)
}

// refunded says what is left of the grants that refunds made.
func (b *modelBalance) refunded() string {
	var left quantity.Units
	for _, l := range b.lots {
		if l.refund {
			left += l.left
		}
	}
	return fmt.Sprintf(" refunded %s", left)
}

// adjust does a refund, a deduction or a reset to the model.
func (m *modelState) adjust(d deed) string {
	slug, _ := payer(d)
	b := m.balances[slug]
	switch d.Kind {
	case "reset":
		return m.doOnce(fmt.Sprint("reset ", d.Tx), string(d.Meter), func() (quantity.Units, string) {
			used := b.used
			b.used, b.spent, b.back = 0, b.held(""), 0
			b.resets++
			return used, ""
		})
	case "deduct":
		d.Amount++
		_, charge := payer(d)
		return m.consume(d, slug, charge)
	}
	d.Amount++
	_, charge := payer(d)
	request := fmt.Sprint(d.Kind, d.Meter, d.Amount)
	if e := m.events[d.Tx]; e != nil {
		if e.request != request {
			return "conflict;"
		}
		return e.answer + "true;"
	}
	if m.keeps(d.Tx) {
		return "conflict;"
	}
	if charge > b.used {
		return "invalid_request;"
	}
	b.used, b.back = b.used-charge, b.back+charge
	m.refund(b, d.Tx, charge)
	m.events[d.Tx] = &modelEvent{modelOnce: modelOnce{request, m.receipt(slug, -d.Amount, -charge)}, slug: slug, refund: true}
	return m.events[d.Tx].answer + "false;"
}

// refund gives a charge back: to what burns last first, none above what it gave nor what holds have set aside. A grant that
// is spent up takes none. What nobody takes is a new grant.
func (m *modelState) refund(b *modelBalance, tx int, charge quantity.Units) {
	sources := m.sources(b, 0)
	slices.Reverse(sources)
	for _, l := range sources {
		room := b.spent - b.held("")
		if !l.allowance {
			aside := b.held(l.id)
			if l.left == 0 && aside == 0 {
				continue
			}
			room = l.amount - l.left - aside
		}
		n := max(min(room, charge), 0)
		charge -= n
		if l.allowance {
			b.spent -= n
		} else {
			l.left += n
		}
	}
	if charge > 0 {
		l := &modelLot{id: fmt.Sprint("refund", tx), amount: charge, left: charge, priority: 100, created: m.now, refund: true}
		b.lots[l.id] = l
	}
}

// held is what open holds have set aside of a grant, or of the allowance of the window.
func (b *modelBalance) held(lot string) (n quantity.Units) {
	for _, h := range b.holds {
		for _, p := range h.parts {
			if h.open && p.lot == lot && (lot != "" || b.counts(p.at)) {
				n += p.n
			}
		}
	}
	return n
}

// sources are the allowance, with so much left, and the grants, as they burn.
func (m *modelState) sources(b *modelBalance, allowance quantity.Units) []*modelLot {
	own := &modelLot{allowance: true, priority: 100, left: allowance}
	if b.daily {
		own.created, own.expires = b.start, b.start.Add(24*time.Hour)
	}
	all := []*modelLot{own}
	for _, l := range b.lots {
		all = append(all, l)
	}
	far := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	ends := func(l *modelLot) time.Time {
		if l.expires.IsZero() {
			return far
		}
		return l.expires
	}
	slices.SortFunc(all, func(x, y *modelLot) int {
		return cmp.Or(x.priority-y.priority, ends(x).Compare(ends(y)), x.created.Compare(y.created))
	})
	return all
}

// void undoes an event: what a reset has given back it does not give back again, and not what refunds have.
func (m *modelState) void(e *modelEvent) (quantity.Units, string) {
	b := m.balances[e.slug]
	var parts []modelPart
	var counted quantity.Units
	for _, p := range e.parts {
		if p.lot == "" && e.resets < b.resets {
			continue
		}
		parts = append(parts, p)
		if b.counts(p.at) && e.resets == b.resets {
			counted += p.n
		}
	}
	if b.back > 0 && counted > b.used {
		return 0, "conflict;"
	}
	before := m.ledger(e.slug)
	b.giveBack(parts)
	if e.resets == b.resets {
		b.use(parts, -1)
	}
	return m.ledger(e.slug) - before, ""
}

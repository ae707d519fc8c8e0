package subscription

import (
	"time"

	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// gap is by how much a period lasts longer when its end has come and the next one is not paid yet. It is only
// a bound for the window to have: how long the plan stays in force without payment is the policy's to say.
const gap = 7 * 24 * time.Hour

// clamp is by how much the last month of a period may be longer: a period that began on 28 February for an anchor on the
// 31st ends on 31 March, which is one month.
const clamp = 3 * 24 * time.Hour

// Paid is the billing period that a customer paid for, or has on trial. The zero value is none.
type Paid struct {
	period.Span
	At       time.Time // when the invoice was made that gave the period's allowance; zero on trial
	Amount   int64     // of that invoice, minor units
	Refunded int64     // of Amount: given back, or lost in a dispute
}

// None reports that nothing was paid for and nothing is on trial.
func (p Paid) None() bool { return p.End.IsZero() }

// Equal reports whether p and q give the same.
func (p Paid) Equal(q Paid) bool {
	return p.Span.Equal(q.Span) && p.At.Equal(q.At) && p.Amount == q.Amount && p.Refunded == q.Refunded
}

// Window returns the window that holds now of an allowance that renews with the period, or, monthly, with its
// months: they are counted from the period's start, and the last one ends with the period. When the period is
// over, its last window goes on, because nobody has paid for the next one; before the period, its first has begun.
func (p Paid) Window(monthly bool, now time.Time) period.Span {
	w := p.Span
	if monthly {
		for n := 1; ; n++ {
			next := period.AddMonths(p.Start, n)
			if !next.Add(clamp).Before(p.End) {
				break
			}
			if now.Before(next) {
				w.End = next
				break
			}
			w.Start = next
		}
	}
	for !now.Before(w.End) {
		w.End = w.End.Add(gap)
	}
	return w
}

// Limit returns what is left of an allowance when part of its price was refunded: the same part of its units is
// taken back, in whole units of the given decimals, rounded in the customer's favour.
func (p Paid) Limit(limit quantity.Units, decimals int) quantity.Units {
	if p.Amount <= 0 || p.Refunded <= 0 {
		return limit
	}
	if p.Refunded >= p.Amount {
		return 0
	}
	taken := limit.Share(p.Refunded, p.Amount)
	for range 6 - decimals {
		taken /= 10
	}
	for range 6 - decimals {
		taken *= 10
	}
	return limit - taken
}

package credit

import (
	"slices"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// A Balance is what a customer can still use, as shown to people and programs. Receipts carry its first
// six fields; the rest is set where a balance is asked for by name.
type Balance struct {
	Slug      id.Slug         `json:"slug"`
	Used      quantity.Units  `json:"used"`      // consumed in the open window, whoever paid
	Limit     *quantity.Units `json:"limit"`     // the plan's allowance for the window; null when unlimited
	Available *quantity.Units `json:"available"` // null when unlimited; below zero only past a soft limit or in debt
	Unlimited bool            `json:"unlimited"`
	ResetsAt  *time.Time      `json:"resetsAt"` // when the window ends; null when it never does

	Held    *quantity.Units `json:"held,omitempty"`    // set aside by open holds
	Granted *quantity.Units `json:"granted,omitempty"` // the part of available that grants give
	Overage *quantity.Units `json:"overage,omitempty"` // used past a soft limit in this window; left out under a hard one
	Debt    *quantity.Units `json:"debt,omitempty"`    // owed, and taken off available; left out when nothing is
	Soft    bool            `json:"soft,omitempty"`
	Since   *time.Time      `json:"since,omitempty"` // when the window began
	Grants  []Lot           `json:"grants,omitempty"`
	Holds   []Hold          `json:"holds,omitempty"`
	Debts   []Debt          `json:"debts,omitempty"` // what debt is made of, oldest first
	// Suspended says that nothing is consumed or held until the debt, or the customer's subscription, is paid.
	Suspended bool `json:"suspended,omitempty"`
}

// Receipt returns the balance as an answer to a request carries it.
func (s *State) Receipt(slug id.Slug, now time.Time) Balance {
	b := Balance{Slug: slug, Used: s.Window.Used, Unlimited: s.Unlimited, ResetsAt: s.resetsAt()}
	if !s.Unlimited {
		limit, available := s.Limit, s.Available(now)
		b.Limit, b.Available = &limit, &available
	}
	return b
}

// View returns the balance in full. s must be up to date: what Apply returned for now.
func (s *State) View(slug id.Slug, now time.Time) Balance {
	b := s.Receipt(slug, now)
	held, granted := s.Held(), s.Granted(now)
	b.Held, b.Granted, b.Soft = &held, &granted, s.Soft
	if over := s.Window.Spent - s.Limit; over > 0 && s.Soft && !s.Unlimited {
		b.Overage = &over
	}
	if !s.Window.Start.IsZero() {
		start := s.Window.Start
		b.Since = &start
	}
	b.Grants, b.Holds, b.Suspended = slices.Clone(s.Lots), slices.Clone(s.Holds), s.Barred()
	if owed := s.Owed(); owed > 0 {
		b.Debt, b.Debts = &owed, slices.DeleteFunc(slices.Clone(s.Debts), func(d Debt) bool { return !d.counts() })
	}
	return b
}

// Price returns what an amount of a meter would cost the account now: for a max or last meter the rise over its
// running value. It reports false when the price does not fit.
func (s *State) Price(m meter.Meter, amount, cost quantity.Units) (quantity.Units, bool) {
	if m.Aggregation == meter.Max || m.Aggregation == meter.Last {
		amount = max(amount-s.gauge(m.Slug).Value, 0)
	}
	return amount.Times(cost)
}

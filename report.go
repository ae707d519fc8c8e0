package tollgate

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/plan"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

// A Reportable is what a customer owes for the use of one meter in its billing period, in whole units: what Stripe has been
// told, and what it has yet to be told. Together they are what the period comes to.
type Reportable struct {
	Meter           id.Slug   `json:"meter"`    // or credits pool
	Slug            id.Slug   `json:"slug"`     // of the price that bills it, in the catalog
	ToReport        int64     `json:"toReport"` // below 0 when more was told than is owed
	AlreadyReported int64     `json:"alreadyReported"`
	PeriodStart     time.Time `json:"periodStart"`
	PeriodEnd       time.Time `json:"periodEnd"`
}

// Reportable returns what is billed by use on a customer's subscription, for the period that was paid for, in the order of
// the meters; none for who has no such subscription. A trial is listed, with nothing to report: its usage is not billed.
//
// What is billed is what the ledger charged to the plan's allowance in the windows that began within the period: past the
// limit where the allowance has an overage, all of it where the meter has a price of its own. What a grant paid
// is paid for; voids and refunds are taken off; events recorded late count where they were charged. Faults: not_found,
// payments_not_configured.
func (e *Engine) Reportable(ctx context.Context, name id.Customer) ([]Reportable, error) {
	if _, err := e.sells(); err != nil {
		return nil, err
	}
	c, err := e.Customer(ctx, name)
	if err != nil {
		return nil, err
	}
	out := []Reportable{}
	b, err := e.db.BillingOf(ctx, c.key)
	if store.None(err) {
		return out, nil
	}
	if err != nil {
		return nil, outside("read billing", err)
	}
	bills, err := e.bills(ctx, []store.Billing{b})
	if err != nil {
		return nil, err
	}
	if err := e.countBills(ctx, bills); err != nil {
		return nil, err
	}
	for _, one := range bills {
		if !one.period.Start.Equal(c.row.Paid.Start) {
			continue // of a period before
		}
		told, err := e.db.ReportedOf(ctx, one.key())
		if err != nil {
			return nil, outside("read reports", err)
		}
		out = append(out, Reportable{Meter: one.balance, Slug: one.slug, AlreadyReported: told.All(), ToReport: one.owed - told.All() - told.Included,
			PeriodStart: one.period.Start, PeriodEnd: one.period.End})
	}
	if p := c.row.Paid; !p.None() && p.At.IsZero() {
		for _, i := range meteredItems(b) {
			if slug, _, ok := billedBy(e.book.Load().plan(c.Plan), i); ok {
				out = append(out, Reportable{Meter: i.Meter, Slug: slug, PeriodStart: p.Start, PeriodEnd: p.End})
			}
		}
	}
	slices.SortFunc(out, func(a, b Reportable) int { return compare(a.Meter, b.Meter) })
	return out, nil
}

func compare(a, b id.Slug) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// A bill is one metered item of one billing period of a customer.
type bill struct {
	customer *store.Customer
	balance  id.Slug
	slug     id.Slug // of the price, in the catalog
	period   store.PaidPeriod
	terms    plan.Allowance
	overage  bool      // what is past the limit is billed; else all
	since    time.Time // when the item at Stripe began to count
	owed     int64     // whole units
}

func (b *bill) key() store.ReportKey {
	return store.ReportKey{Customer: b.customer.Key, Meter: b.balance, Start: b.period.Start}
}

func (b *bill) account() store.AccountKey {
	return store.AccountKey{Customer: b.customer.Key, Slug: b.balance}
}

// lateMax is how long after its end a period is still looked at: Stripe takes no usage that is older
// (https://docs.stripe.com/billing/subscriptions/usage-based/recording-usage-api).
const lateMax = 35 * 24 * time.Hour

// bills returns what customers are billed by use, for the periods that were paid for and are not long over.
func (e *Engine) bills(ctx context.Context, of []store.Billing) ([]*bill, error) {
	now, book := e.Now(), e.book.Load()
	items := map[id.Key][]subscription.Item{}
	begun := map[id.Key]time.Time{}
	var keys []id.Key
	for _, b := range of {
		s, ok := liveOf(b, now)
		if metered := meteredItems(b); ok && len(metered) > 0 {
			keys = append(keys, b.Customer)
			items[b.Customer], begun[b.Customer] = metered, s.CreatedAt
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	customers, err := e.db.CustomersByKeys(ctx, keys)
	if err != nil {
		return nil, outside("read customers", err)
	}
	periods, err := e.db.PaidPeriods(ctx, keys, now.Add(-lateMax))
	if err != nil {
		return nil, outside("read paid periods", err)
	}
	var out []*bill
	for i := range customers {
		c := &customers[i]
		for _, p := range periods[c.Key] {
			if p.Start.Before(begun[c.Key]) || p.Start.After(now) {
				continue // of a subscription before this one
			}
			plan := book.plan(p.Plan)
			for _, item := range items[c.Key] {
				if slug, overage, ok := billedBy(plan, item); ok {
					out = append(out, &bill{customer: c, balance: item.Meter, slug: slug, period: p, terms: plan.Includes[item.Meter], overage: overage, since: item.CreatedAt})
				}
			}
		}
	}
	return out, nil
}

// endedMax is how long an ended subscription is still looked at, for usage that nobody told Stripe of.
const endedMax = 24 * time.Hour

// liveOf returns the subscription of a customer at Stripe, and false when there is none or it ended a while ago.
func liveOf(b store.Billing, now time.Time) (subscription.Subscription, bool) {
	if len(b.Shown) == 0 {
		return subscription.Subscription{}, false
	}
	s, err := unpack[subscription.Subscription](b.Shown)
	return s, err == nil && (!s.Status.Over() || now.Before(s.EndedAt.Add(endedMax)))
}

// meteredItems returns what a customer's subscription bills by use.
func meteredItems(b store.Billing) []subscription.Item {
	var s struct {
		Items []subscription.Item `json:"items"`
	}
	if len(b.Shown) == 0 || json.Unmarshal(b.Shown, &s) != nil {
		return nil
	}
	return slices.DeleteFunc(s.Items, func(i subscription.Item) bool { return i.Meter == "" || i.Price == "" })
}

// billedBy returns the slug of the price by which a plan bills what a metered item counts, and whether that is usage past a
// limit alone; false when the plan bills none.
func billedBy(p plan.Plan, i subscription.Item) (slug id.Slug, overage, ok bool) {
	a, included := p.Includes[i.Meter]
	if included && a.Overage != nil {
		return a.Overage.Slug, true, true
	}
	for _, price := range p.Prices {
		if included && price.Meter == i.Meter && (i.Interval == "" || string(price.Every) == i.Interval) {
			return price.Slug, false, true
		}
	}
	return "", false, false
}

// countBills fills in what bills come to, from the ledger.
func (e *Engine) countBills(ctx context.Context, bills []*bill) error {
	if len(bills) == 0 {
		return nil
	}
	since := map[store.AccountKey]time.Time{}
	var keys []store.AccountKey
	for _, b := range bills {
		k := b.account()
		from, known := since[k]
		if !known {
			keys = append(keys, k)
		}
		if !known || b.period.Start.Before(from) {
			since[k] = b.period.Start
		}
	}
	// First the accounts, then the lines: a window that closes in between is found by its lines.
	accounts, err := e.db.Accounts(ctx, keys)
	if err != nil {
		return outside("read balances", err)
	}
	stored := map[store.AccountKey]credit.State{}
	for _, a := range accounts {
		stored[a.AccountKey] = a.State
	}
	lines, err := e.db.WindowLines(ctx, since)
	if err != nil {
		return outside("read windows", err)
	}
	book := e.book.Load()
	windows := map[store.AccountKey][]credit.Spent{}
	for _, b := range bills {
		k := b.account()
		s, touched := stored[k]
		if !touched {
			continue
		}
		all, known := windows[k]
		if !known {
			now := s.At(e.Now())
			current, _, _, err := credit.Apply(s, e.terms(book, b.customer, b.balance, now), credit.Request{}, now)
			if err != nil {
				return err
			}
			all = credit.Windows(lines[k], &s, &current)
			windows[k] = all
		}
		b.owed = b.owes(all)
	}
	return nil
}

// owes adds up what the windows that began within the bill's period are billed for, in whole units: a part of one waits
// for the rest of it.
func (b *bill) owes(windows []credit.Spent) int64 {
	renews := b.terms.Every == period.BillingPeriod || b.terms.Every == period.BillingMonth
	var least, sum quantity.Units
	if b.period.Refunded { // the limit that a refund took back was not used for nothing: it costs no overage
		least = b.terms.Limit
	}
	for _, w := range windows {
		switch {
		case !b.period.Contains(w.Start) || renews && !w.Billed:
		case b.overage:
			sum += w.Over(least)
		default:
			sum += max(w.Amount, 0)
		}
	}
	return int64(sum / quantity.One)
}

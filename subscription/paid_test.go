package subscription_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func TestPaidWindow(t *testing.T) {
	t.Parallel()
	month := subscription.Paid{Span: period.Span{Start: date(2026, 1, 31), End: date(2026, 2, 28)}}
	year := subscription.Paid{Span: period.Span{Start: date(2026, 1, 31), End: date(2027, 1, 31)}}
	march := subscription.Paid{Span: period.Span{Start: date(2026, 2, 28), End: date(2026, 3, 31)}} // anchored on the 31st
	leap := subscription.Paid{Span: period.Span{Start: date(2027, 2, 28), End: date(2028, 2, 29)}}
	for _, c := range []struct {
		name       string
		paid       subscription.Paid
		monthly    bool
		now        time.Time
		start, end time.Time
	}{
		{"within the month", month, false, date(2026, 2, 3), date(2026, 1, 31), date(2026, 2, 28)},
		{"not renewed yet", month, false, date(2026, 2, 28), date(2026, 1, 31), date(2026, 3, 7)},
		{"long not renewed", month, false, date(2026, 3, 20), date(2026, 1, 31), date(2026, 3, 21)},
		{"before it begins", month, false, date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 28)},
		{"a monthly price's month", month, true, date(2026, 2, 3), date(2026, 1, 31), date(2026, 2, 28)},
		{"a yearly price", year, false, date(2026, 7, 1), date(2026, 1, 31), date(2027, 1, 31)},
		{"its first month", year, true, date(2026, 2, 27), date(2026, 1, 31), date(2026, 2, 28)},
		{"its second month", year, true, date(2026, 2, 28), date(2026, 2, 28), date(2026, 3, 31)},
		{"its last month", year, true, date(2027, 1, 30), date(2026, 12, 31), date(2027, 1, 31)},
		{"a month that ends later than it began", march, true, date(2026, 3, 29), date(2026, 2, 28), date(2026, 3, 31)},
		{"a year that ends later than it began", leap, true, date(2028, 2, 28), date(2028, 1, 28), date(2028, 2, 29)},
		{"its last month, not renewed", year, true, date(2027, 2, 1), date(2026, 12, 31), date(2027, 2, 7)},
	} {
		if got := c.paid.Window(c.monthly, c.now); !got.Start.Equal(c.start) || !got.End.Equal(c.end) {
			t.Errorf("%s: %s to %s, want %s to %s", c.name, got.Start, got.End, c.start, c.end)
		}
	}
}

func TestPaidLimit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount, refunded int64
		limit            quantity.Units
		decimals         int
		want             quantity.Units
	}{
		{799, 0, quantity.Whole(1000), 0, quantity.Whole(1000)},
		{0, 0, quantity.Whole(1000), 0, quantity.Whole(1000)}, // a free price
		{799, 799, quantity.Whole(1000), 0, 0},
		{900, 300, quantity.Whole(1000), 0, quantity.Whole(667)}, // 333.3 taken: 333
		{900, 300, quantity.Whole(1000), 2, quantity.Whole(1000) - 333_330_000},
		{900, 300, quantity.Whole(1000), 6, quantity.Whole(1000) - 333_333_333},
		{1 << 62, 1 << 61, quantity.Max, 6, quantity.Max / 2},
	} {
		p := subscription.Paid{Amount: c.amount, Refunded: c.refunded}
		if got := p.Limit(c.limit, c.decimals); got != c.want {
			t.Errorf("%d of %d refunded leaves %s of %s, want %s", c.refunded, c.amount, got, c.limit, c.want)
		}
	}
}

// TestPaidLimitTakesNoMoreThanItsShare: refunds never take more than their part, nor leave more than a unit too much.
func TestPaidLimitTakesNoMoreThanItsShare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64Range(1, 1e9).Draw(t, "amount")
		refunded := rapid.Int64Range(0, amount).Draw(t, "refunded")
		limit := quantity.Whole(rapid.Int64Range(0, 1e6).Draw(t, "limit"))
		taken := limit - subscription.Paid{Amount: amount, Refunded: refunded}.Limit(limit, 0)
		units := int64(taken / quantity.One)
		whole := int64(limit / quantity.One)
		if units*amount > whole*refunded || (units+1)*amount <= whole*refunded || taken%quantity.One != 0 {
			t.Fatalf("%s of %s taken for %d of %d", taken, limit, refunded, amount)
		}
	})
}

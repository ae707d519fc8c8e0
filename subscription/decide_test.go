package subscription_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/subscription"
)

func on(month, day int) time.Time {
	return time.Date(2026, time.Month(month), day, 10, 0, 0, 0, time.UTC)
}

// sub is a monthly subscription to a plan, in a period.
func sub(name string, plan id.Slug, status subscription.Status, start, end time.Time) subscription.Subscription {
	return subscription.Subscription{ID: name, Status: status, CreatedAt: on(1, 15), PeriodStart: start, PeriodEnd: end,
		Items: []subscription.Item{{ID: "si", Price: plan + "_monthly", Plan: plan, Amount: 800, Interval: "month"}}}
}

// bill is an invoice of subscription s for one line of a plan.
func bill(name, reason, status string, made time.Time, plan id.Slug, amount int64, start, end time.Time) subscription.Invoice {
	i := subscription.Invoice{ID: name, Subscription: "s", Reason: reason, Status: status, CreatedAt: made, Total: amount,
		Lines: []subscription.InvoiceLine{{Amount: amount, Plan: plan, Start: start, End: end, Subscription: "s", Item: "si"}}}
	if status == "paid" {
		i.AmountPaid = amount
	}
	return i
}

// prorated is the paid invoice of a change: the old plan's rest goes back, the new plan's is billed.
func prorated(name string, made time.Time, from, to id.Slug, back, amount int64, end time.Time) subscription.Invoice {
	i := bill(name, "subscription_update", "paid", made, to, amount, made, end)
	i.Lines[0].Proration = true
	i.Lines = append(i.Lines, subscription.InvoiceLine{Amount: -back, Plan: from, Start: made, End: end, Proration: true, Subscription: "s", Item: "si"})
	return i
}

// yearlyToMonthly are the paid invoices of a year of pro, and of its change to max by the month.
func yearlyToMonthly(bought, changed, end time.Time) []subscription.Invoice {
	year := bought.AddDate(1, 0, 0)
	i := bill("i2", "subscription_update", "paid", changed, "max", 2000, changed, end)
	i.Lines = append(i.Lines, subscription.InvoiceLine{Amount: -7300, Plan: "pro", Start: changed, End: year, Proration: true, Subscription: "s", Item: "si"})
	return []subscription.Invoice{i, bill("i1", "subscription_create", "paid", bought, "pro", 8000, bought, year)}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	month := []time.Time{on(1, 15), on(2, 15), on(3, 15)}
	first := bill("i1", "subscription_create", "paid", month[0], "pro", 800, month[0], month[1])
	trial := func(status subscription.Status, start, end time.Time) subscription.Subscription {
		s := sub("s", "pro", status, start, end)
		s.TrialStart, s.TrialEnd = on(1, 1), month[0]
		s.CreatedAt = on(1, 1)
		return s
	}
	free := bill("i0", "subscription_create", "paid", on(1, 1), "pro", 0, on(1, 1), month[0])
	late := sub("s", "pro", subscription.PastDue, month[1], month[2])
	unpaid := bill("i2", "subscription_cycle", "open", month[1], "pro", 800, month[1], month[2])
	dearer := trial(subscription.Trialing, on(1, 1), month[0])
	dearer.Items = []subscription.Item{{ID: "si", Price: "max_monthly", Plan: "max", Amount: 2000, Interval: "month"}}
	cut := trial(subscription.PastDue, on(1, 5), on(2, 5))
	cut.TrialEnd = on(1, 5)
	older := sub("s0", "max", subscription.Canceled, on(1, 1), on(2, 1))
	older.CreatedAt = on(1, 1)
	for _, tt := range []struct {
		name       string
		picture    subscription.Picture
		now        time.Time
		plan       id.Slug
		status     subscription.Status
		start, end time.Time // of the paid period
		until      time.Time
	}{
		{name: "a customer who never subscribed has the default plan", now: on(1, 20), status: subscription.Active},
		{name: "a paid first invoice gives its period", now: on(1, 20), plan: "pro", status: subscription.Active, start: month[0], end: month[1],
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{sub("s", "pro", subscription.Active, month[0], month[1])}, Invoices: []subscription.Invoice{first}}},
		{name: "a renewal that is a draft gives nothing yet", now: on(2, 15), plan: "pro", status: subscription.Active, start: month[0], end: month[1],
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{sub("s", "pro", subscription.Active, month[1], month[2])},
				Invoices: []subscription.Invoice{bill("i2", "subscription_cycle", "draft", month[1], "pro", 800, month[1], month[2]), first}}},
		{name: "a renewal that is paid gives the next period", now: on(2, 16), plan: "pro", status: subscription.Active, start: month[1], end: month[2],
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{sub("s", "pro", subscription.Active, month[1], month[2])},
				Invoices: []subscription.Invoice{bill("i2", "subscription_cycle", "paid", month[1], "pro", 800, month[1], month[2]), first}}},
		{name: "an upgrade that is paid changes the plan and opens no period", now: on(1, 25), plan: "max", status: subscription.Active, start: month[0], end: month[1],
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{sub("s", "max", subscription.Active, month[0], month[1])},
				Invoices: []subscription.Invoice{prorated("i2", on(1, 20), "pro", "max", 600, 1500, month[1]), first}}},
		{name: "a change that nothing was paid for waits for the renewal", now: on(1, 25), plan: "pro", status: subscription.Active, start: month[0], end: month[1],
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{sub("s", "lite", subscription.Active, month[0], month[1])}, Invoices: []subscription.Invoice{first}}},
		{name: "of two changes within a second the one that the subscription names counts", now: on(1, 25), plan: "pro", status: subscription.Active, start: month[0], end: month[1],
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{sub("s", "pro", subscription.Active, month[0], month[1])},
				Invoices: []subscription.Invoice{prorated("i3", on(1, 20), "max", "pro", 1500, 600, month[1]), prorated("i2", on(1, 20), "pro", "max", 600, 1500, month[1]), first}}},
		{name: "an upgrade in the second of the purchase counts, though a downgrade is planned", now: on(1, 25), plan: "max", status: subscription.Active, start: month[0], end: month[1],
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{sub("s", "pro", subscription.Active, month[0], month[1])},
				Invoices: []subscription.Invoice{first, prorated("h2", month[0], "pro", "max", 800, 2000, month[1])}}},
		{name: "a change from a year to a month of another plan counts at once", now: on(2, 20), plan: "max", status: subscription.Active, start: month[0], end: month[2],
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{sub("s", "max", subscription.Active, month[1], month[2])},
				Invoices: yearlyToMonthly(month[0], month[1], month[2])}},
		{name: "a late payment keeps the plan for the grace", now: month[1].Add(6 * 24 * time.Hour), plan: "pro", status: subscription.PastDue, start: month[0], end: month[1],
			until: month[1].Add(7 * 24 * time.Hour), picture: subscription.Picture{Subscriptions: []subscription.Subscription{late}, Invoices: []subscription.Invoice{unpaid, first}}},
		{name: "a late payment loses the plan when the grace ends", now: month[1].Add(7 * 24 * time.Hour), status: subscription.PastDue,
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{late}, Invoices: []subscription.Invoice{unpaid, first}}},
		{name: "unpaid has the default plan", now: on(2, 20), status: subscription.Unpaid,
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{sub("s", "pro", subscription.Unpaid, month[1], month[2])}, Invoices: []subscription.Invoice{unpaid, first}}},
		{name: "incomplete has the default plan", now: on(1, 15), status: subscription.Incomplete,
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{sub("s", "pro", subscription.Incomplete, month[0], month[1])}}},
		{name: "paused has the default plan", now: on(1, 20), status: subscription.Paused,
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{trial(subscription.Paused, on(1, 1), month[0])}, Invoices: []subscription.Invoice{free}}},
		{name: "a trial is a period", now: on(1, 5), plan: "pro", status: subscription.Trialing, start: on(1, 1), end: month[0],
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{trial(subscription.Trialing, on(1, 1), month[0])}, Invoices: []subscription.Invoice{free}}},
		{name: "a change in a trial gives nothing more", now: on(1, 5), plan: "pro", status: subscription.Trialing, start: on(1, 1), end: month[0],
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{dearer}, Invoices: []subscription.Invoice{free}}},
		{name: "a trial that is over and not paid goes on with what it has left", now: month[0], plan: "pro", status: subscription.Active, start: on(1, 1), end: month[0],
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{trial(subscription.Active, month[0], month[1])},
				Invoices: []subscription.Invoice{bill("i1", "subscription_cycle", "draft", month[0], "pro", 800, month[0], month[1]), free}}},
		{name: "a trial that was ended before its time is no paid period", now: on(1, 6), plan: "pro", status: subscription.PastDue, start: on(1, 1), end: on(1, 5),
			until: on(1, 12), picture: subscription.Picture{Subscriptions: []subscription.Subscription{cut}, Invoices: []subscription.Invoice{bill("i1", "subscription_update", "open", on(1, 5), "pro", 800, on(1, 5), on(2, 5)), free}}},
		{name: "a trial that is paid gives the period after it", now: on(1, 16), plan: "pro", status: subscription.Active, start: month[0], end: month[1],
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{trial(subscription.Active, month[0], month[1])},
				Invoices: []subscription.Invoice{bill("i1", "subscription_cycle", "paid", month[0], "pro", 800, month[0], month[1]), free}}},
		{name: "a live subscription counts before one that has ended", now: on(1, 20), plan: "pro", status: subscription.Active, start: month[0], end: month[1],
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{older, sub("s", "pro", subscription.Active, month[0], month[1])}, Invoices: []subscription.Invoice{first}}},
		{name: "who cancelled has the default plan", now: on(1, 20), status: subscription.Canceled,
			picture: subscription.Picture{Subscriptions: []subscription.Subscription{older}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := subscription.Decide(tt.picture, subscription.DefaultPolicy(), tt.now)
			if d.Plan != tt.plan || d.Status != tt.status {
				t.Errorf("the plan is %q (%s), want %q (%s)", d.Plan, d.Status, tt.plan, tt.status)
			}
			if !d.Paid.Start.Equal(tt.start) || !d.Paid.End.Equal(tt.end) {
				t.Errorf("the paid period is %s to %s, want %s to %s", d.Paid.Start, d.Paid.End, tt.start, tt.end)
			}
			if !d.Until.Equal(tt.until) {
				t.Errorf("the plan is lost at %s, want %s", d.Until, tt.until)
			}
		})
	}
}

func TestOfSeveralSubscriptionsThatLiveOneCounts(t *testing.T) {
	t.Parallel()
	made := func(name string, status subscription.Status, day int) subscription.Subscription {
		s := sub(name, id.Slug(name), status, on(1, day), on(2, day))
		s.CreatedAt = on(1, day)
		return s
	}
	all := []subscription.Subscription{
		made("newer", subscription.Active, 9), made("b_older", subscription.Active, 5), made("c_older", subscription.Active, 5), made("trial", subscription.Trialing, 12),
		made("late", subscription.PastDue, 14), made("unpaid", subscription.Incomplete, 15), made("ended", subscription.Canceled, 16),
	}
	want := []string{"newer", "b_older", "c_older", "trial", "late", "unpaid"}
	for range 50 {
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		d := subscription.Decide(subscription.Picture{Subscriptions: all}, subscription.DefaultPolicy(), on(1, 20))
		got := []string{d.Subscription.ID}
		for _, s := range d.Beside {
			got = append(got, s.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" || d.Plan != "newer" {
			t.Fatalf("on %s; the one that counts and those beside it (-want +got):\n%s", d.Plan, diff)
		}
	}
}

func TestReturnsTakeTheirShareOfWhatAPaymentBought(t *testing.T) {
	t.Parallel()
	back := func(name string, amount int64, status string) subscription.Return {
		return subscription.Return{ID: name, Amount: amount, Status: status, CreatedAt: on(1, 20)}
	}
	lost := back("d", 300, "needs_response")
	lost.Dispute = true
	won := lost
	won.Status = "won"
	asked, answered, closed := lost, lost, lost
	asked.Status, answered.Status, closed.Status = "warning_needs_response", "warning_under_review", "warning_closed"
	answered.ID = "f"
	for _, tt := range []struct {
		name    string
		returns []subscription.Return
		taken   map[string]int64 // by return; those given back are not there
		undone  []string
	}{
		{name: "none takes nothing"},
		{name: "a third takes a third, rounded in the customer's favour", returns: []subscription.Return{back("a", 100, "succeeded")}, taken: map[string]int64{"a": 33}},
		{name: "three thirds take all", returns: []subscription.Return{back("a", 100, "succeeded"), back("b", 100, "pending"), back("c", 100, "succeeded")},
			taken: map[string]int64{"a": 33, "b": 33, "c": 34}},
		{name: "one that failed takes nothing", returns: []subscription.Return{back("a", 300, "failed")}, undone: []string{"a: the refund failed"}},
		{name: "one that failed is undone though its share would be less than a unit", returns: []subscription.Return{back("a", 1, "canceled")}, undone: []string{"a: the refund was cancelled"}},
		{name: "one that failed leaves its share to those after it", returns: []subscription.Return{back("a", 200, "failed"), lost}, taken: map[string]int64{"d": 100},
			undone: []string{"a: the refund failed"}},
		{name: "a dispute takes all, and no refund more", returns: []subscription.Return{lost, back("e", 200, "succeeded")}, taken: map[string]int64{"d": 100}},
		{name: "a dispute that is won gives back", returns: []subscription.Return{won}, undone: []string{"d: the dispute was won"}},
		{name: "an inquiry neither takes nor gives back", returns: []subscription.Return{asked, answered}},
		{name: "an inquiry that came to nothing gives back", returns: []subscription.Return{closed}, undone: []string{"d: the dispute was dropped"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pay := subscription.Payment{ID: "ch", Intent: "pi", Amount: 300, Status: "succeeded", CreatedAt: on(1, 15), Returns: tt.returns,
				Grants: map[id.Slug]quantity.Units{"tokens": quantity.Whole(100)}, Expires: 24 * time.Hour}
			d := subscription.Decide(subscription.Picture{Payments: []subscription.Payment{pay}}, subscription.Policy{}, on(1, 21))
			want := []subscription.Grant{{ID: "top-up:pi:tokens", Balance: "tokens", Amount: quantity.Whole(100), ExpiresAt: on(1, 16), Payment: "ch"}}
			if diff := cmp.Diff(want, d.Grants); diff != "" {
				t.Errorf("the grants differ (-want +got):\n%s", diff)
			}
			taken, undone := map[string]int64{}, []string(nil)
			for _, c := range d.ClawBacks {
				if c.Undone != "" {
					undone = append(undone, c.ID+": "+c.Undone)
				}
				if c.Amount == 0 {
					continue
				}
				taken[c.ID] += int64(c.Amount / quantity.One)
			}
			if tt.taken == nil {
				tt.taken = map[string]int64{}
			}
			if diff := cmp.Diff(tt.taken, taken); diff != "" {
				t.Errorf("what is taken back differs (-want +got):\n%s", diff)
			}
			if len(tt.taken)+len(tt.undone) == 0 && len(d.ClawBacks) > 0 {
				t.Errorf("claw-backs of nothing: %v", d.ClawBacks)
			}
			if diff := cmp.Diff(tt.undone, undone); diff != "" {
				t.Errorf("what is given back differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDecideDoesNotDependOnTheOrderOfLists: Stripe lists newest first, and promises no order within one second.
func TestDecideDoesNotDependOnTheOrderOfLists(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPicture(t)
		now := drawDay(t)
		policy := drawPolicy(t)
		want := subscription.Decide(p, policy, now)
		if want.Subscription != nil { // it points into the picture
			kept := *want.Subscription
			want.Subscription = &kept
		}
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		mix(random, p.Subscriptions)
		mix(random, p.Invoices)
		mix(random, p.Payments)
		for _, i := range p.Invoices {
			mix(random, i.Lines)
		}
		for _, pay := range p.Payments {
			mix(random, pay.Returns)
		}
		if diff := cmp.Diff(want, subscription.Decide(p, policy, now)); diff != "" {
			t.Fatalf("another order of the same lists decides otherwise (-want +got):\n%s", diff)
		}
	})
}

func mix[T any](random *rand.Rand, all []T) {
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
}

func drawPolicy(t *rapid.T) subscription.Policy {
	var p subscription.Policy
	for _, s := range p.Statuses() {
		rule, _ := p.Rule(s)
		rule.Grace = period.Days(rapid.IntRange(0, 40).Draw(t, "grace"))
		rule.Then = rapid.SampledFrom(subscription.Choices()).Draw(t, "then")
	}
	return p
}

func drawDay(t *rapid.T) time.Time { return on(1+rapid.IntRange(0, 2).Draw(t, "month"), 15) }

// drawPicture draws few different times, so that many of them are the same.
func drawPicture(t *rapid.T) subscription.Picture {
	var p subscription.Picture
	statuses := []subscription.Status{subscription.Trialing, subscription.Active, subscription.PastDue, subscription.Unpaid, subscription.Paused,
		subscription.Incomplete, subscription.Canceled, subscription.IncompleteExpired}
	plans := []id.Slug{"pro", "max", ""}
	for n := range rapid.IntRange(0, 3).Draw(t, "subscriptions") {
		s := sub(fmt.Sprint("s", n), rapid.SampledFrom(plans).Draw(t, "plan"), rapid.SampledFrom(statuses).Draw(t, "status"), drawDay(t), drawDay(t))
		s.CreatedAt = drawDay(t)
		if rapid.Bool().Draw(t, "trial") {
			s.TrialStart, s.TrialEnd = s.CreatedAt, drawDay(t)
		}
		p.Subscriptions = append(p.Subscriptions, s)
	}
	for n := range rapid.IntRange(0, 6).Draw(t, "invoices") {
		i := subscription.Invoice{ID: fmt.Sprint("i", n), Subscription: fmt.Sprint("s", rapid.IntRange(0, 2).Draw(t, "of")), CreatedAt: drawDay(t), AmountPaid: 800,
			Status: rapid.SampledFrom([]string{"paid", "paid", "open", "draft"}).Draw(t, "invoice"),
			Reason: rapid.SampledFrom([]string{"subscription_create", "subscription_cycle", "subscription_update"}).Draw(t, "reason")}
		for range rapid.IntRange(1, 3).Draw(t, "lines") {
			i.Lines = append(i.Lines, subscription.InvoiceLine{Amount: rapid.SampledFrom([]int64{-800, 0, 800}).Draw(t, "amount"), Start: drawDay(t), End: drawDay(t),
				Plan: rapid.SampledFrom(plans).Draw(t, "line"), Proration: rapid.Bool().Draw(t, "proration"), Subscription: i.Subscription, Item: "si"})
		}
		p.Invoices = append(p.Invoices, i)
	}
	for n := range rapid.IntRange(0, 4).Draw(t, "payments") {
		pay := subscription.Payment{ID: fmt.Sprint("ch", n), Intent: fmt.Sprint("pi", n), Amount: 300, CreatedAt: drawDay(t), Invoice: fmt.Sprint("i", rapid.IntRange(0, 5).Draw(t, "invoice")),
			Status: rapid.SampledFrom([]string{"succeeded", "succeeded", "failed"}).Draw(t, "payment")}
		if rapid.Bool().Draw(t, "top-up") {
			pay.Grants = map[id.Slug]quantity.Units{"tokens": quantity.Whole(100), "requests": quantity.Whole(7)}
		}
		for k := range rapid.IntRange(0, 3).Draw(t, "returns") {
			pay.Returns = append(pay.Returns, subscription.Return{ID: fmt.Sprint("re", n, k), Amount: rapid.Int64Range(1, 300).Draw(t, "back"), CreatedAt: drawDay(t),
				Status: rapid.SampledFrom([]string{"succeeded", "pending", "failed"}).Draw(t, "return")})
		}
		p.Payments = append(p.Payments, pay)
	}
	return p
}

package flowglad_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/flowglad"
	"github.com/tollgate/tollgate/internal/testdb"
)

// TestFourCreatesAtOnceMakeOneCustomer: the first page of a new user mounts several hooks, each of which creates the customer.
func TestFourCreatesAtOnceMakeOneCustomer(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := open(t, url, flowglad.Options{})
		for round := range 20 {
			var wg sync.WaitGroup
			answers := make([]reply, 4)
			for i := range answers {
				wg.Go(func() {
					answers[i] = b.send("POST", "/api/v1/customers", fmt.Sprintf(`{"customer":{"externalId":"new %d","email":"a@b.c","name":""}}`, round))
				})
			}
			wg.Wait()
			for _, a := range answers {
				if a.status != 200 || a.text(t, "data.subscription.id") != answers[0].text(t, "data.subscription.id") || a.text(t, "data.customer.email") != "a@b.c" {
					t.Fatalf("four creates at once answer\n%s\nand\n%d %s", answers[0].body, a.status, a.body)
				}
			}
		}
	})
}

func event(sub, tx, meter string, amount int) string {
	return fmt.Sprintf(`{"usageEvent":{"amount":%d,"subscriptionId":%q,"transactionId":%q,"usageMeterSlug":%q}}`, amount, sub, tx, meter)
}

// TestARetryNeverCountsTwice: however often and at once it comes, and however the meter is named.
func TestARetryNeverCountsTwice(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := open(t, url, flowglad.Options{})
		sub := b.customer("ada")
		names := []string{`"usageMeterSlug":"ai_requests"`, `"usageMeterId":"meter_ai_requests"`, `"priceSlug":"ai_requests_overage"`, `"priceId":"price_ai_requests_overage"`,
			`"priceId":"price_ai_requests_overage","usageMeterId":"meter_ai_requests"`}
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				a := b.send("POST", "/api/v1/usage-events", fmt.Sprintf(`{"usageEvent":{"amount":3,"subscriptionId":%q,"transactionId":"tx","properties":{"n":1},%s}}`, sub, names[i%len(names)]))
				if a.status != 200 || a.text(t, "usageEvent.amount") != "3" {
					t.Errorf("%d %s", a.status, a.body)
				}
			})
			wg.Go(func() { // the same transaction on a second meter counts there
				if a := b.send("POST", "/api/v1/usage-events", event(sub, "tx", "tokens", 1000)); a.status != 200 || a.text(t, "usageEvent.usageMeterId") != "meter_tokens" {
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		wg.Wait()
		a := b.must("GET", "/api/v1/customers/ada/usage-balances", "")
		for path, want := range map[string]string{"0.slug": "ai_credits", "0.usedBalance": "1", "1.slug": "ai_requests", "1.usedBalance": "3", "3.slug": "tokens", "3.usedBalance": "1000", "3.availableBalance": "29000", "3.balanceLimit": "30000"} {
			if got := a.text(t, "usageMeterBalances."+path); got != want {
				t.Errorf("%s is %s, want %s: %s", path, got, want, a.body)
			}
		}
		report, err := b.engine.Audit(t.Context())
		if err != nil || len(report.Findings) > 0 {
			t.Errorf("the audit finds %v, %v", report.Findings, err)
		}
	})
}

func TestUsageIsNeverRefusedForWantOfBalance(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
	sub := b.customer("ada")
	b.must("POST", "/api/v1/usage-events", event(sub, "1", "ai_requests", 50))
	b.must("POST", "/api/v1/usage-events", event(sub, "2", "exports", 5)) // not in the plan
	a := b.must("GET", "/api/v1/customers/ada/usage-balances", "")
	if got := a.text(t, "usageMeterBalances.1.availableBalance") + " " + a.text(t, "usageMeterBalances.1.usedBalance"); got != "0 50" {
		t.Errorf("past a hard limit the balance shows %s, want 0 50: %s", got, a.body)
	}
	pro := b.must("POST", "/api/v1/subscriptions", `{"priceSlug":"pro_monthly","doNotCharge":true,"customerExternalId":"ada"}`).text(t, "subscription.id")
	b.must("POST", "/api/v1/usage-events", event(pro, "3", "ai_requests", 1200))
	a = b.must("GET", "/api/v1/customers/ada/usage-balances", "")
	for i := range 6 {
		if a.text(t, fmt.Sprintf("usageMeterBalances.%d.slug", i)) == "ai_requests" {
			if got := a.text(t, fmt.Sprintf("usageMeterBalances.%d.availableBalance", i)); !strings.HasPrefix(got, "-") {
				t.Errorf("past a soft limit the balance shows %s, want less than 0: %s", got, a.body)
			}
		}
	}
}

// TestAnEventBelongsToItsSubscription: a retry that crosses a change of plan is answered, another act under the same name is a
// conflict that is not tried again.
func TestAnEventBelongsToItsSubscription(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
	free := b.customer("ada")
	first := b.must("POST", "/api/v1/usage-events", event(free, "tx", "ai_requests", 1))
	b.clock.move(time.Hour)
	pro := b.must("POST", "/api/v1/subscriptions", `{"priceSlug":"pro_monthly","doNotCharge":true,"customerExternalId":"ada"}`).text(t, "subscription.id")
	if a := b.must("POST", "/api/v1/usage-events", event(free, "tx", "ai_requests", 1)); a.body != first.body {
		t.Errorf("the retry answers %s, want %s", a.body, first.body)
	}
	a := b.send("POST", "/api/v1/usage-events", event(pro, "tx", "ai_requests", 1))
	if a.status != 409 || a.header.Get("X-Should-Retry") != "false" || a.text(t, "code") != "CONFLICT" {
		t.Errorf("the same transactionId on another subscription: %d %v %s", a.status, a.header, a.body)
	}
	if a := b.must("POST", "/api/v1/usage-events", event(free, "late", "ai_requests", 1)); a.text(t, "usageEvent.subscriptionId") != free {
		t.Errorf("usage sent for a subscription that has just ended is answered %s", a.body)
	}
	a = b.must("GET", "/api/v1/customers/ada/billing", "")
	if a.text(t, "subscriptions.0.id") != pro || a.text(t, "subscriptions.1.id") != free || a.text(t, "subscriptions.1.status") != "canceled" ||
		a.text(t, "currentSubscriptions.0.id") != pro || a.text(t, "currentSubscriptions.1") != "null" {
		t.Errorf("the newest subscription does not come first: %s", a.body)
	}
}

// TestABulkIsCheckedBeforeItIsRecorded: a mistake in the last event records none.
func TestABulkIsCheckedBeforeItIsRecorded(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
	sub := b.customer("ada")
	one := func(tx, meter string) string {
		return fmt.Sprintf(`{"amount":1,"subscriptionId":%q,"transactionId":%q,"usageMeterSlug":%q}`, sub, tx, meter)
	}
	bulk := func(events ...string) string { return `{"usageEvents":[` + strings.Join(events, ",") + `]}` }
	if a := b.send("POST", "/api/v1/usage-events/bulk", bulk(one("1", "ai_requests"), one("2", "miles"))); a.status != 404 {
		t.Errorf("an unknown meter: %d %s", a.status, a.body)
	}
	many := make([]string, tollgate.BatchMax+1)
	for i := range many {
		many[i] = one(fmt.Sprint(i), "ai_requests")
	}
	if a := b.send("POST", "/api/v1/usage-events/bulk", bulk(many...)); a.status != 400 {
		t.Errorf("one event too many: %d %s", a.status, a.body)
	}
	for range 2 {
		a := b.must("POST", "/api/v1/usage-events/bulk", bulk(many[1:]...))
		if a.text(t, "usageEvents.999.transactionId") != "1000" {
			t.Errorf("the thousandth event is answered %s", a.text(t, "usageEvents.999"))
		}
	}
	if a := b.must("GET", "/api/v1/customers/ada/usage-balances", ""); a.text(t, "usageMeterBalances.1.usedBalance") != "1000" {
		t.Errorf("a bulk sent twice: %s", a.body)
	}
}

// TestAnErasedCustomersSubscriptionIsNobodys: not even its successor's under the same name.
func TestAnErasedCustomersSubscriptionIsNobodys(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
	old := b.customer("ada")
	b.must("POST", "/api/v1/usage-events", event(old, "1", "ai_requests", 1))
	if err := b.engine.EraseCustomer(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	b.customer("ada")
	if a := b.send("POST", "/api/v1/usage-events", event(old, "2", "ai_requests", 1)); a.status != 404 {
		t.Errorf("usage of an erased customer's subscription: %d %s", a.status, a.body)
	}
	if a := b.must("GET", "/api/v1/customers/ada/usage-balances", ""); a.text(t, "usageMeterBalances.1.usedBalance") != "0" {
		t.Errorf("its successor was charged: %s", a.body)
	}
	sub := b.pro("eve")
	b.must("POST", "/api/v1/usage-events", event(sub, "1", "ai_requests", 1))
	b.must("POST", "/api/v1/customers/eve/archive", "")
	if a := b.send("POST", "/api/v1/usage-events", event(sub, "2", "ai_requests", 1)); a.status != 404 {
		t.Errorf("usage of an archived customer: %d %s", a.status, a.body)
	}
}

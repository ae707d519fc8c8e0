package tollgate_test

import (
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
)

// TestStandingShowsTheSubscriptionsOfAllTime: newest first, and each is found by its id with the customer whose it is.
func TestStandingShowsTheSubscriptionsOfAllTime(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := open(t, url, c)
		for _, plan := range []id.Slug{"free", "pro", "free", "pro"} {
			if _, _, err := e.PutCustomer(t.Context(), "ada", tollgate.CustomerChange{Plan: &plan}); err != nil {
				t.Fatal(err)
			}
			c.move(time.Hour)
		}
		if _, err := e.Consume(t.Context(), use("ada", "requests", 3, "t1")); err != nil {
			t.Fatal(err)
		}
		st, err := e.Standing(t.Context(), "ada")
		if err != nil {
			t.Fatal(err)
		}
		var plans []id.Slug
		for i, s := range st.Subscriptions {
			plans = append(plans, s.Plan)
			if (i == 0) != s.EndedAt.IsZero() || i > 0 && (s.Status != "canceled" || !s.EndedAt.Equal(st.Subscriptions[i-1].Since)) {
				t.Errorf("subscription %d is %+v", i, s)
			}
			found, owner, err := e.Subscription(t.Context(), s.ID)
			if err != nil || found != s || owner.ExternalID != "ada" {
				t.Errorf("%s is found as %+v of %s, %v; want %+v", s.ID, found, owner.ExternalID, err, s)
			}
		}
		if len(plans) != 4 || plans[0] != "pro" || plans[1] != "free" || plans[3] != "free" {
			t.Errorf("the plans were %v, newest first", plans)
		}
		balances, err := e.Balances(t.Context(), "ada")
		if err != nil || len(balances) != len(st.Balances) {
			t.Errorf("%d balances stand, and there are %d, %v", len(st.Balances), len(balances), err)
		}
		found, err := e.CustomerByID(t.Context(), st.Customer.ID())
		if err != nil || found.ExternalID != "ada" {
			t.Errorf("%s is found as %s, %v", st.Customer.ID(), found.ExternalID, err)
		}
		event, err := e.Event(t.Context(), "ada", "t1")
		if err != nil || event.Meter != "requests" || event.Customer != "ada" {
			t.Errorf("the event is %+v, %v", event, err)
		}
		if n, err := e.CountCustomers(t.Context()); err != nil || n != 1 {
			t.Errorf("%d customers, %v", n, err)
		}
		for what, err := range map[string]error{
			"an id of nobody":              second(e.CustomerByID(t.Context(), id.Derived("cust", 42, "customer"))),
			"another id of ada's":          second(e.CustomerByID(t.Context(), "cust_"+st.Current().ID[len("sub_"):])),
			"an unknown event":             second(e.Event(t.Context(), "ada", "t2")),
			"a subscription of nobody":     third(e.Subscription(t.Context(), id.Derived("sub", 42, "x"))),
			"a subscription ada never had": third(e.Subscription(t.Context(), "sub_"+st.Customer.ID()[len("cust_"):])),
		} {
			if !fault.Has(err, fault.NotFound) {
				t.Errorf("%s: %v, want not_found", what, err)
			}
		}
	})
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

// TestRecordForKnowsWhoIsMeant: not who has the name by now.
func TestRecordForKnowsWhoIsMeant(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		e := open(t, url, newClock(noon()))
		for range 3 {
			c, _, err := e.PutCustomer(t.Context(), "ada", tollgate.CustomerChange{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := e.RecordFor(t.Context(), c, use("somebody", "requests", 25, "t1")); err != nil {
				t.Fatal(err)
			}
			if err := e.EraseCustomer(t.Context(), "ada"); err != nil {
				t.Fatal(err)
			}
			if _, err := e.RecordFor(t.Context(), c, use("ada", "requests", 1, "t2")); !fault.Has(err, fault.NotFound) {
				t.Errorf("an erased customer: %v", err)
			}
			if _, _, err = e.PutCustomer(t.Context(), "ada", tollgate.CustomerChange{}); err != nil {
				t.Fatal(err)
			}
			if _, err := e.RecordFor(t.Context(), c, use("ada", "requests", 1, "t3")); !fault.Has(err, fault.NotFound) {
				t.Errorf("an erased customer whose name another has: %v", err)
			}
			if b, err := e.Balance(t.Context(), "ada", "requests"); err != nil || b.Used != 0 {
				t.Errorf("its successor has used %s, %v", b.Used, err)
			}
			if err := e.EraseCustomer(t.Context(), "ada"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

package tollgate_test

import (
	"fmt"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/quantity"
)

func TestBalanceVersionsChangeWithEveryWrite(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		c := newClock(noon())
		e := open(t, url, c)
		other := openWith(t, url, tollgate.Options{Now: c.now, NoRollUp: true})
		put(t, e, "ann/é", "free")
		put(t, e, "bob", "free")
		versions := func() map[id.Customer]int64 {
			t.Helper()
			got, err := e.BalanceVersions(t.Context(), []id.Customer{"ann/é", "bob", "nobody", "ann/é"})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		before := versions()
		if _, ok := before["nobody"]; ok || len(before) != 2 {
			t.Errorf("versions of two customers and one who is not there: %v", before)
		}
		if again := versions(); again["ann/é"] != before["ann/é"] {
			t.Error("a version changed though nothing was written")
		}
		pro := id.Slug("pro")
		for name, act := range map[string]func() error{
			"a consume elsewhere": func() error { _, err := other.Consume(t.Context(), use("ann/é", "requests", 1, "t")); return err },
			"a grant": func() error {
				_, err := e.Grant(t.Context(), tollgate.GrantRequest{Customer: "ann/é", Balance: "requests", Amount: quantity.One})
				return err
			},
			"another plan": func() error {
				_, err := e.PatchCustomer(t.Context(), "ann/é", tollgate.CustomerChange{Plan: &pro})
				return err
			},
		} {
			before = versions()
			if err := act(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			after := versions()
			if after["ann/é"] == before["ann/é"] {
				t.Errorf("%s did not change the version", name)
			}
			if after["bob"] != before["bob"] {
				t.Errorf("%s of ann changed bob's version", name)
			}
		}
		if err := e.EraseCustomer(t.Context(), "ann/é"); err != nil {
			t.Fatal(err)
		}
		if _, ok := versions()["ann/é"]; ok {
			t.Error("an erased customer has a version")
		}
	})
}

func TestBalanceVersionsHaveALimit(t *testing.T) {
	t.Parallel()
	e := open(t, testdb.SQLite(t), newClock(noon()))
	names := make([]id.Customer, tollgate.BatchMax+1)
	for i := range names {
		names[i] = id.Customer(fmt.Sprint("c", i))
	}
	if got, err := e.BalanceVersions(t.Context(), names[:tollgate.BatchMax]); err != nil || len(got) != 0 {
		t.Errorf("of %d customers: %v, %v", tollgate.BatchMax, got, err)
	}
	if _, err := e.BalanceVersions(t.Context(), names); !fault.Has(err, fault.Invalid) {
		t.Errorf("of one more: %v, want invalid_request", err)
	}
}

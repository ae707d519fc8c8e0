package store_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/quantity"
)

// The conformance suite: what the store promises, method by method, on each engine. Its files are conform_*_test.go.

// each runs a test on a fresh database of each engine.
func each(t *testing.T, run func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Parallel()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		run(t, open(t, url))
	})
}

// open opens a database that is closed with the test.
func open(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func noon() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 123456000, time.UTC) }

// customer returns a customer that has every field.
func customer(name id.Customer) store.Customer {
	key := id.NewKey()
	return store.Customer{
		Key: key, ExternalID: name, Name: "Ann", Email: "ann@example.com", Timezone: "Europe/Paris",
		Metadata: map[string]string{"team": "red"}, CreatedAt: noon(), UpdatedAt: noon(),
		Subscription: id.New("sub", key), Plan: "free", Status: "active", Cycle: period.Cycle{Anchor: noon(), Months: 3}, Since: noon(),
	}
}

// insert writes a new customer.
func insert(t testing.TB, db *store.DB, c store.Customer) store.Customer {
	t.Helper()
	update(t, db, func(tx *store.Tx) error {
		made, err := tx.InsertCustomer(t.Context(), c)
		if err == nil && !made {
			err = fmt.Errorf("%q is taken", c.ExternalID)
		}
		return err
	})
	c.Version = 1
	return c
}

func update(t testing.TB, db *store.DB, write func(*store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), write); err != nil {
		t.Fatal(err)
	}
}

// account returns a new account of a new customer, as it is read.
func account(t testing.TB, db *store.DB, name id.Customer) *store.Account {
	t.Helper()
	c := insert(t, db, customer(name))
	return ensure(t, db, store.AccountKey{Customer: c.Key, Slug: "requests"})
}

// ensure makes an account where it is missing and reads it.
func ensure(t testing.TB, db *store.DB, k store.AccountKey) *store.Account {
	t.Helper()
	update(t, db, func(tx *store.Tx) error { return tx.EnsureAccounts(t.Context(), []store.AccountKey{k}) })
	return reread(t, db, k)
}

// reread reads an account that is there.
func reread(t testing.TB, db *store.DB, k store.AccountKey) *store.Account {
	t.Helper()
	found, err := db.Accounts(t.Context(), []store.AccountKey{k})
	if err != nil || len(found) != 1 {
		t.Fatalf("accounts of %v: %d found, %v; want 1", k, len(found), err)
	}
	return &found[0]
}

// event returns an event that has every field.
func event(k store.AccountKey, seq int64, tx id.Transaction) *store.Event {
	return &store.Event{
		Event: meter.Event{
			Meter: "chat", Amount: 2_500_000, TransactionID: tx, At: noon().Add(-time.Hour), RecordedAt: noon(), Charged: 5_000_000,
			PaidBy: k.Slug, Late: true, Properties: []byte(`{"model":"gpt"}`),
		},
		Key: k.Customer,
		Line: credit.Entry{
			Seq: seq, Kind: credit.KindCapture, Amount: -5_000_000, Balance: 7_000_000, At: noon(), RecordedAt: noon(), Cause: "hold_1", Meter: "chat",
			Parts: []credit.Part{{Grant: "grant_1", Amount: -4_000_000, At: noon().Add(-time.Minute)}, {Amount: -1_000_000, At: noon()}},
		},
		Hash: -77, Hold: "hold_1", VoidedAt: noon().Add(time.Hour), Used: 5_000_000, Limit: 12_000_000, Available: 7_000_000,
		ResetsAt: noon().Add(24 * time.Hour),
	}
}

// entry returns a ledger line that has every field a row keeps.
func entry(k store.AccountKey, seq int64, name string) *store.Entry {
	return &store.Entry{
		AccountKey: k, Name: name, Hash: 1 << 62, Answer: `{"a":1}`,
		Entry: credit.Entry{
			Seq: seq, Kind: credit.KindHold, Amount: -3, Balance: 9, At: noon().Add(-time.Second), RecordedAt: noon(), Cause: "cause", Reason: "reason",
			Meter: "chat", Parts: []credit.Part{part()}, Window: &credit.Opening{Span: span(), Limit: 7, Unlimited: true, Soft: true, Billed: true, Paid: noon()},
			Lots: []credit.Lot{lot()}, Hold: new(hold()), Debt: new(debt()), Share: 7,
		},
	}
}

func span() period.Span { return period.Span{Start: noon(), End: noon().Add(time.Hour)} }

func debt() credit.Debt {
	return credit.Debt{ID: "re_1", Grant: "grant_1", Owed: 4, Policy: credit.Suspend}
}

func part() credit.Part {
	return credit.Part{Grant: "grant_1", Amount: -3, At: noon(), Ever: true, Past: true}
}

func lot() credit.Lot {
	return credit.Lot{
		ID: "grant_1", Source: "bonus", Amount: quantity.Max, Remaining: 1, Priority: 1000,
		CreatedAt: noon(), StartsAt: noon().Add(time.Minute), ExpiresAt: noon().Add(time.Hour),
	}
}

func hold() credit.Hold {
	return credit.Hold{
		ID: "hold_1", Meter: "chat", TransactionID: "tx", Amount: 1, Cost: 2, Charge: 3, Parts: []credit.Part{part()},
		CreatedAt: noon(), ExpiresAt: noon().Add(time.Hour),
	}
}

// fullState returns a state with no field empty.
func fullState() credit.State {
	window := credit.Window{Span: span(), Used: 11, Spent: 12, Billed: true, Over: true, Refunded: 2}
	return credit.State{
		Seq: 9, Opened: true, Window: window, Limit: 40, Unlimited: true, Soft: true, Suspended: []credit.Window{window},
		Lots: []credit.Lot{lot()}, Holds: []credit.Hold{hold()}, Gauges: []credit.Gauge{{Meter: "chat", Value: 5, At: noon()}},
		Debts: []credit.Debt{debt()}, Paid: noon(), Billed: noon().Add(-time.Hour), Reset: 3, ResetEver: 2, ResetRenewing: 3,
	}
}

// empty names the first field within v that is zero.
func empty(v reflect.Value, name string) string {
	if _, ok := v.Interface().(time.Time); ok || v.Kind() != reflect.Struct && v.Kind() != reflect.Slice && v.Kind() != reflect.Pointer {
		if v.IsZero() {
			return name
		}
		return ""
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return name
		}
		return empty(v.Elem(), name)
	case reflect.Slice:
		if v.Len() == 0 {
			return name
		}
		return empty(v.Index(0), name)
	}
	for i := range v.NumField() {
		if found := empty(v.Field(i), name+"."+v.Type().Field(i).Name); found != "" {
			return found
		}
	}
	return ""
}

func TestASampleStateHasEveryField(t *testing.T) {
	t.Parallel()
	if name := empty(reflect.ValueOf(fullState()), "State"); name != "" {
		t.Errorf("%s is empty: the round trips of this suite would not notice its loss", name)
	}
}

// differ reports how got differs from want.
func differ(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(store.Account{}, store.Event{})); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// oddTexts are texts that both engines must keep as they are.
func oddTexts() []string {
	return []string{
		`a/b|c@d e`, `'; DROP TABLE event; --`, `"quoted" and 'quoted'`, `back\slash\`, `\u0041 \n is no escape`, "tab\tline\nreturn\r",
		"\u2028 \u2029", "émoji 🦦 中文", "\x7f\x01", `{"json":[1]}`, "<b>&amp;</b>", "$1 %s ?", " leading and trailing ", "123", "null", "true",
		strings.Repeat("é", 127) + "x",
	}
}

package store_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/period"
	"github.com/tollgate/tollgate/subscription"
	"github.com/tollgate/tollgate/usage"
)

func TestFiftyCallersMakeOneCustomer(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		var made atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				var mine bool
				err := db.Update(t.Context(), func(tx *store.Tx) (err error) {
					mine, err = tx.InsertCustomer(t.Context(), customer("a/b|c@d e"))
					return err
				})
				if err != nil {
					t.Error(err)
				}
				if mine {
					made.Add(1)
				}
			})
		}
		wg.Wait()
		found, err := db.CustomersAfter(t.Context(), time.Time{}, 0, 10)
		if err != nil || made.Load() != 1 || len(found) != 1 {
			t.Errorf("%d calls made a customer and %d are there (%v), want one", made.Load(), len(found), err)
		}
		var subscriptions int
		if err := db.SQL().QueryRow("SELECT count(*) FROM subscription").Scan(&subscriptions); err != nil || subscriptions != 1 {
			t.Errorf("%d subscriptions (%v), want one", subscriptions, err)
		}
	})
}

func TestCustomersAreFoundByNameAndKey(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		var names []id.Customer
		want := map[id.Customer]store.Customer{}
		for i, text := range oddTexts() {
			c := customer(id.Customer(text))
			c.Name, c.Email = text, text
			c.Metadata = map[string]string{text: text, "empty": ""}
			c.CreatedAt = c.CreatedAt.Add(time.Duration(i/2) * time.Second) // in pairs of the same moment
			c.UpdatedAt = c.CreatedAt
			want[c.ExternalID] = insert(t, db, c)
			names = append(names, c.ExternalID)
		}
		for name, c := range want {
			byName, err := db.CustomerOf(t.Context(), name)
			if err != nil {
				t.Fatalf("%q: %v", name, err)
			}
			differ(t, string(name), c, byName)
			byKey, err := db.CustomerByKey(t.Context(), c.Key)
			if err != nil {
				t.Fatalf("%q: %v", name, err)
			}
			differ(t, string(name), c, byKey)
		}
		found, err := db.CustomersOf(t.Context(), append(names, "nobody", "LEADING", `\u0041`))
		if err != nil {
			t.Fatal(err)
		}
		got := map[id.Customer]store.Customer{}
		for _, c := range found {
			got[c.ExternalID] = c
		}
		differ(t, "customers of names", want, got)
		if _, err := db.CustomerOf(t.Context(), "nobody"); !store.None(err) {
			t.Errorf("nobody: %v, want no row", err)
		}
		if _, err := db.CustomerByKey(t.Context(), 1); !store.None(err) {
			t.Errorf("key 1: %v, want no row", err)
		}
		if found, err := db.CustomersOf(t.Context(), nil); err != nil || len(found) != 0 {
			t.Errorf("no names: %d found, %v", len(found), err)
		}

		var pages []store.Customer
		for last := (store.Customer{}); ; {
			page, err := db.CustomersAfter(t.Context(), last.CreatedAt, last.Key, 3)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			pages = append(pages, page...)
			last = page[len(page)-1]
		}
		oldestFirst := slices.IsSortedFunc(pages, func(a, b store.Customer) int { return a.CreatedAt.Compare(b.CreatedAt) })
		if len(pages) != len(want) || !oldestFirst {
			t.Errorf("pages of three have %d customers (oldest first %t), want %d", len(pages), oldestFirst, len(want))
		}
	})
}

func TestUpdateCustomerOutdatesAccountsOnlyWhenTermsMove(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a := account(t, db, "ann")
		c, err := db.CustomerOf(t.Context(), "ann")
		if err != nil {
			t.Fatal(err)
		}
		c.Name, c.Email, c.Timezone, c.Metadata, c.UpdatedAt = "B", "", "Asia/Tokyo", map[string]string{}, noon().Add(time.Hour)
		for _, terms := range []bool{false, true} {
			update(t, db, func(tx *store.Tx) error { return tx.UpdateCustomer(t.Context(), c, terms) })
			if terms {
				c.Version++
				a.Version++
				a.CustomerVersion++
			}
			got, err := db.CustomerOf(t.Context(), "ann")
			if err != nil {
				t.Fatal(err)
			}
			differ(t, fmt.Sprint("customer, terms ", terms), c, got)
			differ(t, fmt.Sprint("account, terms ", terms), a, reread(t, db, a.AccountKey))
		}
	})
}

func TestSubscribeEndsOnePlanAndBeginsTheNext(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a := account(t, db, "ann")
		c, err := db.CustomerOf(t.Context(), "ann")
		if err != nil {
			t.Fatal(err)
		}
		next := c
		next.Plan, next.Subscription, next.Status, next.Since = "pro", id.New("sub", c.Key), "trialing", noon().Add(time.Hour)
		next.Cycle = period.Cycle{Anchor: next.Since, Months: 12}
		next.Paid = subscription.Paid{Span: period.Span{Start: next.Since, End: next.Since.AddDate(1, 0, 0)}, At: next.Since, Amount: 7990, Refunded: 790}
		update(t, db, func(tx *store.Tx) error { return tx.Subscribe(t.Context(), next, next.Since) })
		next.Version++
		got, err := db.CustomerOf(t.Context(), "ann")
		if err != nil {
			t.Fatal(err)
		}
		differ(t, "customer", next, got)
		if got := reread(t, db, a.AccountKey); got.Version != a.Version+1 || got.CustomerVersion != 2 {
			t.Errorf("account version %d of customer version %d, want %d of 2", got.Version, got.CustomerVersion, a.Version+1)
		}
		type answer struct {
			Plan  id.Slug
			Cycle period.Cycle
			Paid  subscription.Paid
			None  bool
		}
		for at, want := range map[time.Duration]answer{
			-time.Microsecond:            {None: true},
			0:                            {Plan: "free", Cycle: c.Cycle},
			time.Hour - time.Microsecond: {Plan: "free", Cycle: c.Cycle},
			time.Hour:                    {Plan: "pro", Cycle: next.Cycle, Paid: next.Paid},
			24 * time.Hour:               {Plan: "pro", Cycle: next.Cycle, Paid: next.Paid},
		} {
			err := db.View(t.Context(), func(tx *store.Tx) error {
				then := c
				err := tx.PlanAt(t.Context(), &then, noon().Add(at))
				if store.None(err) != want.None || err != nil && !want.None {
					return fmt.Errorf("after %s: %w", at, err)
				}
				if !want.None {
					differ(t, at.String(), want, answer{Plan: then.Plan, Cycle: then.Cycle, Paid: then.Paid})
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		if err := db.Commit(t.Context(), &store.Batch{Accounts: []*store.Account{a}}); err == nil {
			t.Error("an account read before the plan change was written after it")
		}
	})
}

// An account that is made while a plan change commits must not carry the customer's version of before: its next
// writer would go on with the old plan, and no version would stop it.
func TestAnAccountMadeDuringAPlanChangeKnowsOfIt(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		c := insert(t, db, customer("ann"))
		k := store.AccountKey{Customer: c.Key, Slug: "requests"}
		read := make(chan int64, 1)
		update(t, db, func(tx *store.Tx) error {
			locked, err := tx.LockCustomer(t.Context(), "ann")
			if err != nil {
				return err
			}
			locked.Plan, locked.Subscription, locked.Since = "pro", id.New("sub", c.Key), noon().Add(time.Hour)
			if err := tx.Subscribe(t.Context(), locked, locked.Since); err != nil {
				return err
			}
			go func() {
				defer close(read)
				if err := db.Update(t.Context(), func(tx *store.Tx) error { return tx.EnsureAccounts(t.Context(), []store.AccountKey{k}) }); err != nil {
					t.Error(err)
					return
				}
				found, err := db.Accounts(t.Context(), []store.AccountKey{k})
				if err != nil || len(found) != 1 {
					t.Errorf("%d accounts, %v", len(found), err)
					return
				}
				read <- found[0].CustomerVersion
			}()
			select {
			case version := <-read:
				t.Errorf("the account was made with customer version %d before the plan change committed", version)
			case <-time.After(200 * time.Millisecond): // it waits, as it must
			}
			return nil
		})
		if version, ok := <-read; ok && version != 2 {
			t.Errorf("the account knows customer version %d, want 2", version)
		}
	})
}

func TestEraseLeavesTheLedgerAndNothingThatNamesTheCustomer(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		a, b := account(t, db, "ann"), account(t, db, "bob")
		for _, a := range []*store.Account{a, b} {
			if err := db.Commit(t.Context(), batch(a, 3, "t")); err != nil {
				t.Fatal(err)
			}
		}
		before := everything(t, db, b.AccountKey, "t")
		at := noon().Add(time.Hour)
		for _, key := range []id.Key{a.Customer, b.Customer} {
			at := fmt.Sprint("cus_", key)
			update(t, db, func(tx *store.Tx) error {
				return tx.Post(t.Context(), store.MailBox, store.Letter{Cause: at, Customer: key, Body: json.RawMessage(`{"to":"ann@example.com"}`), CreatedAt: noon()})
			})
			if _, err := db.Bind(t.Context(), key, at, noon()); err != nil {
				t.Fatal(err)
			}
			update(t, db, func(tx *store.Tx) error {
				r := store.Record{Customer: key, CreatedAt: noon(), Body: json.RawMessage(`{"last4":"4242"}`)}
				var all []store.Record
				for _, r.Kind = range []string{store.RecordMethod, store.RecordPayment} {
					r.ID = r.Kind + at
					all = append(all, r)
				}
				return tx.WriteRecords(t.Context(), all)
			})
			if _, err := db.PutEvents(t.Context(), store.StripeEvent{ID: "evt_" + at, Stripe: at, Payload: `{"email":"ann@example.com"}`, State: store.EventDone}); err != nil {
				t.Fatal(err)
			}
		}
		update(t, db, func(tx *store.Tx) error {
			c, err := tx.LockCustomer(t.Context(), "ann")
			if err != nil {
				return err
			}
			return tx.Erase(t.Context(), c.Key, at)
		})
		for _, key := range []id.Key{a.Customer, b.Customer} {
			at := fmt.Sprint("cus_", key)
			if _, err := db.PutEvents(t.Context(), store.StripeEvent{ID: "evt_late_" + at, Stripe: at, Payload: `{"email":"ann@example.com"}`, State: store.EventPending}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.CustomerOf(t.Context(), "ann"); !store.None(err) {
			t.Errorf("by name: %v, want no row", err)
		}
		if _, err := db.CustomerByKey(t.Context(), a.Customer); !store.None(err) {
			t.Errorf("by key: %v, want no row", err)
		}
		if found, err := db.CustomersOf(t.Context(), []id.Customer{"ann", id.Customer(fmt.Sprint("erased:", a.Customer))}); err != nil || len(found) != 0 {
			t.Errorf("among names: %v, %v", found, err)
		}
		insert(t, db, customer("erased:living"))
		var names []id.Customer
		err := db.EachUsage(t.Context(), []id.Customer{"ann", id.Customer(fmt.Sprint("erased:", a.Customer)), "erased:living", "bob"}, []id.Slug{"requests"},
			period.Span{Start: noon(), End: at}, usage.Grain, func(u store.CustomerUsage) { names = append(names, u.Name) })
		slices.Sort(names)
		if want := []id.Customer{"bob", "erased:living"}; err != nil || !slices.Equal(names, want) {
			t.Errorf("the usage is of %v, want %v (%v)", names, want, err)
		}
		erased := everything(t, db, a.AccountKey, "t")
		if len(erased.Lines) != 4 || erased.Seen.Events != 0 {
			t.Errorf("%d lines and %d seen values, want 4 and 0", len(erased.Lines), erased.Seen.Events)
		}
		for _, l := range erased.Lines {
			if l.Event != nil && l.Event.Properties != nil {
				t.Errorf("event %s keeps %s", l.Event.TransactionID, l.Event.Properties)
			}
		}
		var traces int
		if err := db.SQL().QueryRow(`SELECT count(*) FROM customer WHERE id = $1 AND (name <> '' OR email <> '' OR metadata <> '{}' OR timezone <> '' OR external_id = 'ann')`,
			int64(a.Customer)).Scan(&traces); err != nil || traces != 0 {
			t.Errorf("the customer's row still describes it (%v)", err)
		}
		for _, kept := range []struct {
			what, query string
			want        int
		}{
			{"e-mails", "SELECT count(*) FROM mail WHERE body LIKE '%ann@%'", 1},
			{"what Stripe's events say, before and after", "SELECT count(*) FROM stripe_event WHERE payload LIKE '%ann@%'", 2},
			{"Stripe's events", "SELECT count(*) FROM stripe_event", 4},
			{"ways to pay", "SELECT count(*) FROM stripe_record WHERE kind = 'method'", 1},
			{"payments", "SELECT count(*) FROM stripe_record WHERE kind = 'payment'", 2},
		} {
			if err := db.SQL().QueryRow(kept.query).Scan(&traces); err != nil || traces != kept.want {
				t.Errorf("%s: %d are kept, want %d, the other customer's among them (%v)", kept.what, traces, kept.want, err)
			}
		}
		differ(t, "another customer", before, everything(t, db, b.AccountKey, "t"))
		stale := batch(&before.Account, 1, "late")
		stale.Accounts[0].AccountKey, stale.Events[0].Key, stale.Entries[0].Customer = a.AccountKey, a.Customer, a.Customer
		if err := db.Commit(t.Context(), stale); err == nil {
			t.Error("an account of an erased customer was written with the version of before")
		}
		update(t, db, func(tx *store.Tx) error {
			return tx.EnsureAccounts(t.Context(), []store.AccountKey{{Customer: a.Customer, Slug: "other"}})
		})
		if found, err := db.Accounts(t.Context(), []store.AccountKey{{Customer: a.Customer, Slug: "other"}}); err != nil || len(found) != 0 {
			t.Errorf("an erased customer got a new account: %v, %v", found, err)
		}
		insert(t, db, customer("ann")) // the name is free again
	})
}

// An event that is committed while its customer is erased must not keep what describes the customer.
func TestAnEventCommittedDuringAnErasureKeepsNoProperties(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		const customers, events = 10, 40
		var wg sync.WaitGroup
		for i := range customers {
			name := id.Customer(fmt.Sprint("c", i))
			a := account(t, db, name)
			begun := make(chan struct{})
			wg.Go(func() {
				for n := range events {
					if n == events/4 {
						close(begun)
					}
					b := &store.Batch{Accounts: []*store.Account{a}, Events: []*store.Event{event(a.AccountKey, int64(n+1), id.Transaction(fmt.Sprint(n)))}}
					if err := db.Commit(t.Context(), b); err != nil {
						return // the versions have moved: the customer is erased
					}
					a.Version++
				}
			})
			wg.Go(func() {
				<-begun
				err := db.Update(t.Context(), func(tx *store.Tx) error {
					c, err := tx.LockCustomer(t.Context(), name)
					if err != nil {
						return err
					}
					return tx.Erase(t.Context(), c.Key, noon())
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var kept int
		if err := db.SQL().QueryRow("SELECT count(*) FROM event WHERE properties <> ''").Scan(&kept); err != nil || kept != 0 {
			t.Errorf("%d events of erased customers keep their properties (%v)", kept, err)
		}
	})
}

// TestSubscriptionsOfACustomer: every row there was, newest first, each found by its id, and no other customer's.
func TestSubscriptionsOfACustomer(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		first := insert(t, db, customer("ada"))
		other := insert(t, db, customer("eve"))
		next := first
		next.Plan, next.Since, next.Subscription = "pro", noon().Add(time.Hour), id.New("sub", first.Key)
		renewed := next // another period of the same subscription is a row of its own
		renewed.Subscription = id.New("sub", first.Key)
		renewed.Paid = subscription.Paid{Span: period.Span{Start: noon(), End: noon().Add(720 * time.Hour)}, At: noon(), Amount: 799}
		for i, c := range []store.Customer{next, renewed} {
			update(t, db, func(tx *store.Tx) error {
				return tx.Subscribe(t.Context(), c, noon().Add(time.Duration(i+1)*time.Hour))
			})
		}
		rows, err := db.SubscriptionsOf(t.Context(), first.Key, 10)
		if err != nil || len(rows) != 3 {
			t.Fatalf("%d rows, %v; want 3", len(rows), err)
		}
		for i, want := range []store.Customer{renewed, next, first} {
			got := rows[i]
			if got.ID != want.Subscription || got.Plan != want.Plan || !got.Since.Equal(want.Since) || got.Cycle != want.Cycle || !got.Paid.Equal(want.Paid) || got.EndedAt.IsZero() != (i == 0) {
				t.Errorf("row %d is %+v, want that of %+v", i, got, want)
			}
			found, ok, err := db.SubscriptionOf(t.Context(), first.Key, got.ID)
			if err != nil || !ok || found != got {
				t.Errorf("%s is found as %+v, %t, %v", got.ID, found, ok, err)
			}
		}
		if rows, err = db.SubscriptionsOf(t.Context(), first.Key, 2); err != nil || len(rows) != 2 {
			t.Errorf("%d rows, %v; want the 2 newest", len(rows), err)
		}
		if _, ok, err := db.SubscriptionOf(t.Context(), first.Key, other.Subscription); ok || err != nil {
			t.Errorf("eve's subscription is found as ada's: %t, %v", ok, err)
		}
		if n, err := db.CountCustomers(t.Context()); n != 2 || err != nil {
			t.Errorf("%d customers, %v; want 2", n, err)
		}
		update(t, db, func(tx *store.Tx) error { return tx.Erase(t.Context(), other.Key, noon()) })
		if n, err := db.CountCustomers(t.Context()); n != 1 || err != nil {
			t.Errorf("%d customers after an erasure, %v; want 1", n, err)
		}
	})
}

package billing_test

import (
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/store"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// late makes customers whose second payment has failed, and leaves them in their grace.
func (s *shop) late(names ...id.Customer) {
	s.Helper()
	none := 0
	for _, name := range names {
		s.customer(name)
		s.buy(tollgate.CheckoutRequest{Customer: name, Price: "pro_monthly", TrialDays: &none}, visa)
		s.settle()
		s.failCard(name)
	}
	s.advance(31*day + 2*time.Hour)
	for _, name := range names {
		s.want("in its grace", name, "pro", "requests", 1000)
	}
}

// eraseAsBefore erases a customer whose subscription lives, as versions did that let it go on.
func (s *shop) eraseAsBefore(db string, name id.Customer) {
	s.Helper()
	other, err := store.Open(s.ctx, db)
	if err != nil {
		s.Fatal(err)
	}
	defer other.Close()
	err = other.Update(s.ctx, func(tx *store.Tx) error {
		c, err := tx.LockCustomer(s.ctx, name)
		if err != nil {
			return err
		}
		return tx.Erase(s.ctx, c.Key, s.sandbox.Now())
	})
	if err != nil {
		s.Fatal(err)
	}
}

func TestWhoCannotBeLookedAtHoldsUpNobody(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{AfterRetries: "past_due"})
		s.late("gone", "lost", "cid")
		if err := s.engine.EraseCustomer(s.ctx, "gone"); !fault.Has(err, fault.Conflict) {
			t.Errorf("erasing who has a subscription is answered %v, want a conflict", err)
		}
		s.eraseAsBefore(db, "gone")
		spoil := func(metadata string, sooner int) {
			t.Helper()
			_, err := s.engine.SQL().ExecContext(s.ctx, "UPDATE customer SET metadata = $1 WHERE external_id = 'lost'", metadata)
			if err == nil {
				_, err = s.engine.SQL().ExecContext(s.ctx, "UPDATE stripe_customer SET until = until - $1 WHERE customer = (SELECT id FROM customer WHERE external_id = 'lost')", sooner)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		spoil("{", 1000) // a row that cannot be read, of the first to lapse
		if err := s.sandbox.AdvanceBy(s.ctx, 8*day); err != nil {
			t.Fatal(err)
		}
		if err := s.sandbox.Flush(s.ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := s.engine.Work(s.ctx); err == nil {
			t.Error("a customer whose row cannot be read is looked at")
		}
		s.want("after its grace", "cid", "free", "requests", 20)
		const reading = "GET /v1/subscriptions"
		before := s.calls.Seen()[reading]
		for range 3 {
			if _, err := s.engine.Work(s.ctx); err != nil {
				t.Errorf("right after that: %v", err)
			}
		}
		if again := s.calls.Seen()[reading] - before; again != 0 {
			t.Errorf("%d readings of customers that have gone or are to be tried later", again)
		}
		if err := s.sandbox.AdvanceBy(s.ctx, 2*time.Minute); err != nil {
			t.Fatal(err)
		}
		spoil("{}", 0)
		if _, err := s.engine.Work(s.ctx); err != nil {
			t.Error(err)
		}
		s.want("tried again", "lost", "free", "requests", 20)
	})
}

// A process decides by the catalog it knows. One that is replaced meanwhile must not have the last word.
func TestANewPolicyHoldsForWhomAnotherProcessLooksAt(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		s := open(t, db, sandbox.Options{AfterRetries: "past_due"})
		s.late("cid")
		other := s.begin(db)
		if _, err := other.Publish(s.ctx, "catalog.yaml", []byte("access: {past_due: {grace: 0d, then: default_plan}}\n"+catalog), false); err != nil {
			t.Fatal(err)
		}
		if err := s.engine.SyncCustomer(s.ctx, "cid"); err != nil { // most likely, it has not noticed yet
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Minute); s.engine.Catalog().Version != other.Catalog().Version; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the other catalog is not noticed")
			}
		}
		s.advance(10 * time.Second)
		s.want("without a grace", "cid", "free", "requests", 20)
	})
}

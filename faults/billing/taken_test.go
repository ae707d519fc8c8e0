package billing_test

import (
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// A sandbox that kept its state in memory is started again beside a database that stayed.

func TestACustomerAtStripeWhoIsAnothersHereIsRefusedAsAConflict(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		pack := func(s *shop, name id.Customer) error {
			_, err := s.engine.Checkout(s.ctx, tollgate.CheckoutRequest{Customer: name, TopUp: "pack"})
			return err
		}
		first := open(t, db, sandbox.Options{})
		first.customer("ann")
		if err := pack(first, "ann"); err != nil {
			t.Fatal(err)
		}
		again := open(t, db, sandbox.Options{}) // of the same seed: its first customer has the id that ann has
		again.customer("bob")
		err := pack(again, "bob")
		if f := fault.Of(err); f == nil || f.Code != fault.Conflict || f.Details["stripeCustomer"] != first.stripeID("ann") {
			t.Errorf("bob is refused with %v, want a conflict that names %s", err, first.stripeID("ann"))
		}
		other := open(t, db, sandbox.Options{Seed: 1})
		if err := pack(other, "bob"); err != nil {
			t.Errorf("beside a sandbox of another seed bob is refused: %v", err)
		}
	})
}

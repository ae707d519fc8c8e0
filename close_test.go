package tollgate_test

import (
	"context"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// TestAnEngineClosesAfterItsConnectionWasDropped: database/sql drops the connection whose statement a caller gave up, and
// closing the statements of a connection that is gone crashed.
func TestAnEngineClosesAfterItsConnectionWasDropped(t *testing.T) {
	t.Parallel()
	e, err := tollgate.Open(t.Context(), testdb.SQLite(t), tollgate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Publish(t.Context(), "catalog.yaml", []byte(shop), false); err != nil {
		t.Fatal(err)
	}
	if _, _, err := e.PutCustomer(t.Context(), "ann", tollgate.CustomerChange{}); err != nil {
		t.Fatal(err)
	}
	one := quantity.One
	if _, err := e.Consume(t.Context(), meter.Usage{Customer: id.Customer("ann"), Meter: "requests", Amount: &one, TransactionID: "a"}); err != nil {
		t.Fatal(err)
	}
	const forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := e.SQL().ExecContext(ctx, forever); err == nil {
			t.Error("a query without an end has ended")
		}
		cancel()
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

package tollgate_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/id"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// The README's twelve lines: open, publish a catalog, consume.
func Example() {
	dir, err := os.MkdirTemp("", "tollgate")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, catalog := context.Background(), []byte(`
meters: {ai_requests: {aggregation: sum, unit: request}}
plans: {free: {default: true, includes: {ai_requests: {limit: 2, every: day}}}}`)

	engine, err := tollgate.Open(ctx, filepath.Join(dir, "app.db"), tollgate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	engine.Publish(ctx, "catalog.yaml", catalog, false)
	engine.PutCustomer(ctx, "user-42", tollgate.CustomerChange{})
	one := quantity.One
	for _, id := range []id.Transaction{"chat-1", "chat-2", "chat-2", "chat-3"} {
		r, err := engine.Consume(ctx, meter.Usage{Customer: "user-42", Meter: "ai_requests", Amount: &one, TransactionID: id})
		if fault.Has(err, fault.InsufficientCredits) {
			fmt.Println(id, "refused: send the user to the pricing page")
			continue
		}
		fmt.Println(id, "left", *r.Balance.Available, "duplicate", r.Duplicate)
	}
	// Output:
	// chat-1 left 1 duplicate false
	// chat-2 left 0 duplicate false
	// chat-2 left 0 duplicate true
	// chat-3 refused: send the user to the pricing page
}

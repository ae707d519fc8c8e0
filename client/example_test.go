package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/client"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

// The README's program, against a server.
func Example() {
	ctx := context.Background()
	url, key, stop := serve(ctx)
	defer stop()

	c, err := client.New(url, key, client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if _, err := c.PutCustomer(ctx, "user-42", tollgate.CustomerChange{}); err != nil {
		log.Fatal(err)
	}
	one := quantity.One
	for _, reply := range []string{"1", "2", "2", "3"} {
		r, err := c.Consume(ctx, meter.Usage{Customer: "user-42", Meter: "ai_requests", Amount: &one, TransactionID: client.OperationID("chat", reply)})
		if fault.Has(err, fault.InsufficientCredits) {
			fmt.Println("refused: send the user to", fault.Of(err).Details["upgradeUrl"])
			continue
		}
		fmt.Println(r.Event.TransactionID, "left", *r.Balance.Available, "duplicate", r.Duplicate)
	}
	// Output:
	// chat_1 left 1 duplicate false
	// chat_2 left 0 duplicate false
	// chat_2 left 0 duplicate true
	// refused: send the user to /pricing
}

// serve is a server for the example, as `tollgate serve` is one.
func serve(ctx context.Context) (url, key string, stop func()) {
	dir, err := os.MkdirTemp("", "tollgate")
	if err != nil {
		log.Fatal(err)
	}
	engine, err := tollgate.Open(ctx, filepath.Join(dir, "app.db"), tollgate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	catalog := []byte(`
upgradeUrl: /pricing
meters: {ai_requests: {aggregation: sum, unit: request}}
plans: {free: {default: true, includes: {ai_requests: {limit: 2, every: day}}}}`)
	if _, err := engine.Publish(ctx, "catalog.yaml", catalog, false); err != nil {
		log.Fatal(err)
	}
	if key, _, err = engine.CreateKey(ctx, tollgate.ScopeRecord, "example", false); err != nil {
		log.Fatal(err)
	}
	web := httptest.NewServer(api.New(engine, api.Options{}))
	return web.URL, key, func() {
		web.Close()
		engine.Close()
		os.RemoveAll(dir)
	}
}

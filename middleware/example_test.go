package middleware_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/middleware"
	"github.com/tollgate/tollgate/quantity"
	"github.com/tollgate/tollgate/spool"
)

// An answer costs the tokens it has; 40 are set aside before anybody knows.
func ExampleNew() {
	dir, err := os.MkdirTemp("", "tollgate")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(context.Background())
	engine, err := tollgate.Open(ctx, filepath.Join(dir, "app.db"), tollgate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	catalog := []byte(`
meters: {tokens: {aggregation: sum}}
plans: {free: {default: true, includes: {tokens: {limit: 100, every: never}}}}`)
	engine.Publish(ctx, "catalog.yaml", catalog, false)
	engine.PutCustomer(ctx, "user-42", tollgate.CustomerChange{})

	kept, err := spool.Open(filepath.Join(dir, "usage"), spool.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer kept.Close()
	defer stop()
	go kept.Run(ctx, middleware.Deliver(engine)) // ends with ctx

	userID := func(*http.Request) (string, error) { return "user-42", nil } // your session
	meter := middleware.New(engine, "tokens", middleware.Cost(quantity.Whole(40)), userID, middleware.Options{
		Outage: middleware.OpenUpTo(quantity.Whole(500)), Spool: kept, UpgradeURL: "/pricing",
	})
	chat := meter(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, piece := range []string{"Hello", ", ", "world"} {
			io.WriteString(w, piece)
			middleware.Of(r.Context()).Use(quantity.Whole(10))
		}
	}))
	for range 3 {
		w := httptest.NewRecorder()
		chat.ServeHTTP(w, httptest.NewRequest("POST", "/chat", nil))
		fmt.Println(w.Code, w.Header().Get("RateLimit"))
	}
	// Output:
	// 200 "tokens";r=60
	// 200 "tokens";r=30
	// 200 "tokens";r=0
}

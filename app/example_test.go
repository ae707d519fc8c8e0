package app_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/app"
)

// A program serves its own pages behind its own session.
func ExampleHandler() {
	dir, err := os.MkdirTemp("", "tollgate")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	engine, err := tollgate.Open(context.Background(), filepath.Join(dir, "app.db"), tollgate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	catalog := []byte(`
meters: {ai_requests: {aggregation: sum}}
plans: {free: {default: true, includes: {ai_requests: {limit: 20, every: day}}}}`)
	if _, err := engine.Publish(context.Background(), "catalog.yaml", catalog, false); err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.Handle("/api/", app.Handler(engine, func(r *http.Request) (string, error) {
		user, _, _ := r.BasicAuth() // your session
		return user, nil
	}, app.Options{}))

	for _, user := range []string{"", "user-42"} {
		r := httptest.NewRequest("POST", "/api/check", strings.NewReader(`{"meter": "ai_requests", "amount": 3}`))
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth(user, "")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, strings.Contains(w.Body.String(), `"allowed":true`))
	}
	// Output:
	// 401 false
	// 200 true
}

package flowglad_test

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
	"github.com/tollgate/tollgate/flowglad"
	"github.com/tollgate/tollgate/id"
)

// A Go server whose React pages use @flowglad/react: it mounts the face, and says whose a page is.
func Example() {
	dir, err := os.MkdirTemp("", "flowglad")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	engine, err := tollgate.Open(ctx, filepath.Join(dir, "app.db"), tollgate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	engine.Publish(ctx, "catalog.yaml", []byte(catalogText), false)

	face, err := flowglad.New(engine, flowglad.Options{
		Identify: func(r *http.Request) (id.Customer, error) {
			session, err := r.Cookie("session")
			if err != nil {
				return "", err
			}
			return id.Customer("user_of_" + session.Value), nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/api/flowglad/", face)

	r := httptest.NewRequest("POST", "/api/flowglad/usage-meters/balances", strings.NewReader(`{}`))
	r.AddCookie(&http.Cookie{Name: "session", Value: "s1"})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.Contains(w.Body.String(), `"slug":"ai_requests"`))
	// Output: 200 true
}

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/sandbox"
)

func TestNoStartOfTheSandboxGivesTheIDsOfAnotherOne(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 2 {
		server, err := openSandbox(sandbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/customers", strings.NewReader(""))
		r.Header.Set("Authorization", "Bearer sk_test_1")
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		body, _ := io.ReadAll(w.Body)
		_, rest, ok := strings.Cut(string(body), `"id":"cus_`)
		name, _, _ := strings.Cut(rest, `"`)
		if !ok || seen[name] {
			t.Errorf("a customer of a new sandbox is %q of %s, want an id that none before had", name, body)
		}
		seen[name] = true
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}
}

package conform_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/sandbox/conform"
)

func TestRequestsOfALibraryAreHeldToTheFileWhateverTheyAreAnswered(t *testing.T) {
	t.Parallel()
	version := load(t).Version
	for _, tt := range []struct {
		name, method, target, form string
		version                    string // empty: the request is made by hand
		want                       []string
	}{
		{"a good request", "POST", "/v1/prices", "currency=usd", version, nil},
		{"a good query", "GET", "/v1/prices?active=true&limit=3", "", version, nil},
		{"an unknown name", "POST", "/v1/prices", "currency=usd&amount=1", version, []string{"$.amount: is not a key of Stripe's"}},
		{"an unknown name in the query", "GET", "/v1/prices?kind=a", "", version, []string{"$.kind: is not a key of Stripe's"}},
		{"a wrong type", "POST", "/v1/prices", "currency=usd&unit_amount=much", version, []string{"$.unit_amount"}},
		{"what is missing", "POST", "/v1/prices", "unit_amount=1", version, []string{"$.currency: is missing"}},
		{"an operation Stripe does not have", "DELETE", "/v1/prices/price_1", "", version, []string{"Stripe has no DELETE /v1/prices/price_1"}},
		{"another version", "POST", "/v1/prices", "currency=usd", "2019-01-01", []string{`is of the API version "2019-01-01"`}},
		{"by hand", "POST", "/v1/prices", "amount=1", "", nil},
		{"a page", "GET", "/c/pay/cs_1", "", version, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			heard := &listener{TB: t}
			client := conform.Requests(heard, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				form, err := io.ReadAll(r.Body)
				if err != nil || string(form) != tt.form {
					t.Errorf("the server read the form %q and %v, want %q", form, err, tt.form)
				}
				w.WriteHeader(http.StatusTeapot)
			}))
			r := httptest.NewRequest(tt.method, tt.target, strings.NewReader(tt.form))
			if tt.version != "" {
				r.Header.Set("X-Stripe-Client-User-Agent", "{}")
				r.Header.Set("Stripe-Version", tt.version)
			}
			w := httptest.NewRecorder()
			client.ServeHTTP(w, r)
			if w.Code != http.StatusTeapot {
				t.Errorf("the client got %d, want what the server answered", w.Code)
			}
			if len(heard.heard) != len(tt.want) {
				t.Fatalf("reported %q, want %q", heard.heard, tt.want)
			}
			for i, want := range tt.want {
				if !strings.Contains(heard.heard[i], want) {
					t.Errorf("reported %q, want %q in it", heard.heard[i], want)
				}
			}
			counted := 0
			if tt.version != "" && strings.HasSuffix(strings.Split(tt.target, "?")[0], "/prices") {
				counted = 1
			}
			if got := client.Seen()[tt.method+" /v1/prices"]; got != counted {
				t.Errorf("the operation was seen %d times, want %d", got, counted)
			}
		})
	}
}

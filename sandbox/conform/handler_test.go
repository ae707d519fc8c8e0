package conform_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tollgate/tollgate/sandbox/conform"
)

// listener is a test that keeps what would have failed it.
type listener struct {
	testing.TB
	heard []string
}

func (l *listener) Errorf(format string, args ...any) {
	l.heard = append(l.heard, fmt.Sprintf(format, args...))
}

func TestTheHandlerReportsWhatIsNotAsStripes(t *testing.T) {
	t.Parallel()
	price := func(change func(map[string]any)) string {
		object := fixtures(t)["price"]
		change(object)
		return string(encode(t, object))
	}
	good := price(func(map[string]any) {})
	list := func(data string) string {
		return `{"object":"list","url":"/v1/prices","has_more":false,"data":[` + data + `]}`
	}
	product := string(encode(t, fixtures(t)["product"]))
	expanded := strings.Replace(good, `"product":"`, `"product":`+product+`,"nickname":"`, 1)
	refused := `{"error":{"type":"invalid_request_error","message":"no"}}`
	for _, tt := range []struct {
		name, method, target, form string
		status                     int
		answer                     string
		want                       []string // in what is reported; none = nothing is
	}{
		{"a good answer", "POST", "/v1/prices", "currency=usd", 200, good, nil},
		{"a good list", "GET", "/v1/prices?limit=1", "", 200, list(good), nil},
		{"a bad request, refused", "POST", "/v1/prices", "amount=1", 400, refused, nil},
		{"a bad request, accepted", "POST", "/v1/prices", "currency=usd&amount=1", 200, good,
			[]string{"POST /v1/prices with currency=usd&amount=1", "$.amount: of the request is not a key of Stripe's"}},
		{"a bad object", "GET", "/v1/prices/price_1", "", 200, price(func(o map[string]any) { delete(o, "type") }),
			[]string{"$.type: is missing"}},
		{"a bad object in a list", "GET", "/v1/prices", "", 200, list(price(func(o map[string]any) { o["amount"] = 1 })),
			[]string{"$.data[0].amount: is not a key of Stripe's"}},
		{"another object", "GET", "/v1/products/prod_1", "", 200, good, []string{"$.object: is \"price\", want one of [\"product\"]"}},
		{"an id where an object was asked for", "GET", "/v1/prices?expand[]=data.product", "", 200, list(good),
			[]string{"$.data[0].product: is an id, although expand asks for the object"}},
		{"an object that was asked for", "GET", "/v1/prices?expand[]=data.product", "", 200, list(expanded), nil},
		{"a bad error", "GET", "/v1/prices/price_1", "", 404, `{"error":{"message":"no"}}`, []string{"$.error.type: is missing"}},
		{"an error that is a page", "GET", "/v1/prices/price_1", "", 500, `<h1>no</h1>`, []string{"is not JSON"}},
		{"an operation Stripe does not have, refused", "DELETE", "/v1/prices/price_1", "", 404, refused, nil},
		{"an operation Stripe does not have, done", "DELETE", "/v1/prices/price_1", "", 200, good,
			[]string{"the answer is 200, but Stripe has no such operation"}},
		{"a page", "GET", "/c/pay/cs_1", "", 200, `<h1>Pay</h1>`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			heard := &listener{TB: t}
			handler := conform.Handler(heard, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				form, err := io.ReadAll(r.Body)
				if err != nil || string(form) != tt.form {
					t.Errorf("the server read the form %q and %v, want %q", form, err, tt.form)
				}
				w.Header().Set("Request-Id", "req_1")
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.answer)
			}))
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(tt.method, tt.target, strings.NewReader(tt.form)))
			if w.Code != tt.status || w.Body.String() != tt.answer {
				t.Errorf("the client got %d %s, want what the server answered", w.Code, w.Body)
			}
			if len(tt.want) == 0 {
				if len(heard.heard) > 0 {
					t.Errorf("reported %q, want nothing", heard.heard)
				}
				return
			}
			for _, want := range tt.want {
				if len(heard.heard) != 1 || !strings.Contains(heard.heard[0], want) {
					t.Errorf("reported %q, want one report with %q", heard.heard, want)
				}
			}
		})
	}
}

func TestTheHandlerCountsTheOperationsThatSucceeded(t *testing.T) {
	t.Parallel()
	answer := encode(t, fixtures(t)["customer"])
	handler := conform.Handler(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Request-Id", "req_1")
		w.Write(answer)
	}))
	for _, target := range []string{"/v1/customers/cus_1", "/v1/customers/cus_2"} {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil))
	}
	if got := handler.Seen()["GET /v1/customers/{customer}"]; got != 2 {
		t.Errorf("two customers were read, %d counted: %v", got, handler.Seen())
	}
}

package api_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/internal/testdb"
)

func TestARetryIsAnsweredAsTheFirstTime(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := open(t, url, api.Options{})
		b.customer("ada")
		held := b.send("POST", "/v1/holds", `{"customer":"ada","meter":"ai_requests","amount":2,"transactionId":"held"}`).field(t, "id")
		let := b.send("POST", "/v1/holds", `{"customer":"ada","meter":"ai_requests","amount":2,"transactionId":"let"}`).field(t, "id")
		given := b.send("POST", "/v1/customers/ada/grants", `{"balance":"ai_requests","amount":2,"id":"given"}`).field(t, "id")
		b.send("POST", "/v1/consume", `{"customer":"ada","meter":"ai_requests","amount":1,"transactionId":"undo"}`)
		for _, s := range []struct {
			method, path, body string
			header             []string
		}{
			{"POST", "/v1/consume", `{"customer":"ada","meter":"ai_requests","amount":1,"transactionId":"c"}`, nil},
			{"POST", "/v1/events", `[{"customer":"ada","meter":"ai_requests","amount":1,"transactionId":"b"}]`, nil},
			{"POST", "/v1/holds", `{"customer":"ada","meter":"ai_requests","amount":1,"transactionId":"h"}`, nil},
			{"POST", "/v1/holds", `{"customer":"ada","meter":"ai_requests","amount":1}`, []string{"Idempotency-Key", "h2"}},
			{"POST", fmt.Sprintf("/v1/holds/%s/capture", held), `{"amount":1}`, nil},
			{"POST", fmt.Sprintf("/v1/holds/%s/release", let), ``, nil},
			{"POST", "/v1/customers/ada/grants", `{"balance":"ai_requests","amount":1,"id":"g"}`, nil},
			{"POST", "/v1/customers/ada/grants", `{"balance":"ai_requests","amount":1}`, []string{"Idempotency-Key", "g2"}},
			{"POST", fmt.Sprintf("/v1/grants/%s/revoke", given), ``, nil},
			{"DELETE", "/v1/customers/ada/events/undo", ``, nil},
		} {
			first := b.send(s.method, s.path, s.body, s.header...)
			b.clock.move(1)
			again := b.send(s.method, s.path, s.body, s.header...)
			if first.status != 200 || again.status != 200 {
				t.Errorf("%s %s: %d %s, then %d %s", s.method, s.path, first.status, first.body, again.status, again.body)
				continue
			}
			if want := strings.Replace(first.body, `"duplicate":false`, `"duplicate":true`, 1); again.body != want || want == first.body {
				t.Errorf("%s %s: the retry answers\n%s after\n%s", s.method, s.path, again.body, first.body)
			}
		}
	})
}

func TestTheBodysIDGoesBeforeTheHeaders(t *testing.T) {
	t.Parallel()
	b := openSQLite(t)
	b.customer("ada")
	body := `{"balance":"ai_requests","amount":1,"id":"body"}`
	b.send("POST", "/v1/customers/ada/grants", body, "Idempotency-Key", "header")
	if a := b.send("POST", "/v1/customers/ada/grants", body); a.field(t, "duplicate") != true {
		t.Errorf("the grant was not made under the id of its body: %s", a.body)
	}
}

func TestParallelRequestsNeverOverspend(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		b := open(t, url, api.Options{})
		b.customer("ada")
		b.send("POST", "/v1/consume", `{"customer":"ada","meter":"ai_requests","amount":10,"transactionId":"before"}`)
		web := httptest.NewServer(b.server)
		defer web.Close()
		var accepted, refused atomic.Int64
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				switch a := b.wire(web, "POST", "/v1/consume", fmt.Sprintf(`{"customer":"ada","meter":"ai_requests","amount":1,"transactionId":"t%d"}`, i)); a.status {
				case 200:
					accepted.Add(1)
				case 402:
					refused.Add(1)
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		wg.Wait()
		if accepted.Load() != 10 || refused.Load() != 54 {
			t.Errorf("64 requests on a balance of 10: %d accepted, %d refused", accepted.Load(), refused.Load())
		}
	})
}

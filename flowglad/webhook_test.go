package flowglad_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/flowglad"
	"github.com/tollgate/tollgate/internal/testdb"
)

// A told is a webhook that arrived.
type told struct {
	ID   string
	Type string
	Data struct {
		ID       string
		Customer struct{ ExternalID string }
	}
}

// An ear takes webhooks. It refuses those that it was told to refuse, and checks the signature of each.
type ear struct {
	t      *testing.T
	hook   flowglad.Webhook
	mu     sync.Mutex
	refuse int // so many at first
	tries  []string
	taken  []told
}

func listen(t *testing.T, refuse int) *ear {
	t.Helper()
	e := &ear{t: t, refuse: refuse}
	web := httptest.NewServer(e)
	t.Cleanup(web.Close)
	e.hook = flowglad.Webhook{URL: web.URL, Secret: flowglad.NewWebhookSecret()}
	return e
}

func (e *ear) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		e.t.Error(err)
	}
	e.tries = append(e.tries, r.Header.Get("svix-id"))
	if len(e.tries) <= e.refuse {
		http.Error(w, "busy", http.StatusServiceUnavailable)
		return
	}
	stamp, err := strconv.ParseInt(r.Header.Get("svix-timestamp"), 10, 64)
	if err != nil {
		e.t.Error(err)
	}
	want, err := e.hook.Sign(r.Header.Get("svix-id"), time.Unix(stamp, 0), body)
	if err != nil || want.Get("svix-signature") != r.Header.Get("svix-signature") {
		e.t.Errorf("the signature is %s, want %s, %v", r.Header.Get("svix-signature"), want.Get("svix-signature"), err)
	}
	var one told
	if err := json.Unmarshal(body, &one); err != nil || one.Data.ID == "" || one.ID != r.Header.Get("svix-id") {
		e.t.Errorf("the body is %s, %v", body, err)
	}
	e.taken = append(e.taken, one)
}

// heard returns the types of what was taken of a customer, in order.
func (e *ear) heard(name string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var kinds []string
	for _, one := range e.taken {
		if one.Data.Customer.ExternalID == name {
			kinds = append(kinds, one.Type)
		}
	}
	return kinds
}

// tried waits until something was tried.
func (e *ear) tried() {
	for n := 0; n == 0; {
		time.Sleep(5 * time.Millisecond)
		e.mu.Lock()
		n = len(e.tries)
		e.mu.Unlock()
	}
}

// want waits until a customer's webhooks are these.
func (e *ear) want(name string, kinds ...string) {
	e.t.Helper()
	e.compare(name, kinds, func([]string) {})
}

// wantAll is want where the order may vary: a reading of Stripe may see a payment before the subscription that it is for.
func (e *ear) wantAll(name string, kinds ...string) {
	e.t.Helper()
	e.compare(name, kinds, slices.Sort[[]string])
}

func (e *ear) compare(name string, kinds []string, order func([]string)) {
	e.t.Helper()
	got := e.heard(name)
	for end := time.Now().Add(20 * time.Second); len(got) < len(kinds) && time.Now().Before(end); got = e.heard(name) {
		time.Sleep(5 * time.Millisecond)
	}
	order(kinds)
	order(got)
	if diff := cmp.Diff(kinds, got); diff != "" {
		e.t.Errorf("the webhooks of %s (-want +got):\n%s", name, diff)
	}
}

func TestWebhooksAreSentInOrderUntilTheyAreTaken(t *testing.T) {
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		e := listen(t, 1)
		b := open(t, db, flowglad.Options{Webhook: &e.hook})
		b.pro("ada")
		b.must("PUT", "/api/v1/customers/ada", `{"customer":{"name":"Ada"}}`)
		b.must("PUT", "/api/v1/customers/ada", `{"customer":{"name":"Ada"}}`)
		b.must("POST", "/api/v1/customers/ada/archive", ``)
		e.tried() // and refused: the clock stands still, and so do the others
		if got := e.heard("ada"); len(got) > 0 {
			t.Errorf("%v came before what was refused", got)
		}
		for len(e.heard("ada")) == 0 {
			b.clock.move(time.Second)
			time.Sleep(5 * time.Millisecond)
		}
		e.want("ada", "customer.created", "subscription.created", "customer.updated", "subscription.canceled", "customer.updated")
		if e.tries[0] != e.tries[1] {
			t.Errorf("the second try has the id %s, the first one %s", e.tries[1], e.tries[0])
		}
		ids := map[string]bool{}
		for _, one := range e.taken {
			ids[one.ID] = true
		}
		if len(ids) != len(e.taken) {
			t.Errorf("%d webhooks have %d ids", len(e.taken), len(ids))
		}
	})
}

func TestWhatWasNotSentIsSentAfterARestart(t *testing.T) {
	t.Parallel()
	deaf := listen(t, 1_000_000)
	b := openSQLite(t, flowglad.Options{Webhook: &deaf.hook})
	b.customer("ada")
	deaf.tried()
	b.server.Close()
	e := listen(t, 0)
	again, err := flowglad.New(b.engine, flowglad.Options{Webhook: &e.hook})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(again.Close)
	b.clock.move(2 * time.Minute)
	e.want("ada", "customer.created")
	if e.tries[0] != deaf.tries[0] {
		t.Errorf("after the restart its id is %s, before %s", e.tries[0], deaf.tries[0])
	}
}

func TestProcessesShareWebhooks(t *testing.T) {
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		e := listen(t, 0)
		b := open(t, db, flowglad.Options{Webhook: &e.hook})
		for range 3 {
			other, err := flowglad.New(b.engine, flowglad.Options{Webhook: &e.hook})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(other.Close)
		}
		const customers = 30
		for i := range customers {
			b.pro("team_" + strconv.Itoa(i))
		}
		for i := range customers {
			e.want("team_"+strconv.Itoa(i), "customer.created", "subscription.created")
		}
		if n := len(e.tries); n != 2*customers {
			t.Errorf("%d were sent, want %d", n, 2*customers)
		}
	})
}

func TestWhatStripeSaysIsToldOnce(t *testing.T) {
	testdb.Each(t, func(t *testing.T, db string) {
		t.Parallel()
		e := listen(t, 0)
		s := openShop(t, db, flowglad.Options{Webhook: &e.hook})
		sub := s.buy("ada", "max_monthly")
		e.wantAll("ada", "customer.created", "subscription.created", "payment.succeeded", "purchase.completed")
		s.buy("ada", "requests_100")
		s.must("POST", "/api/v1/subscriptions/"+sub+"/cancel", `{"cancellation":{"timing":"at_end_of_current_billing_period"}}`)
		s.must("POST", "/api/v1/subscriptions/"+sub+"/uncancel", ``)
		s.must("POST", "/api/v1/subscriptions/"+sub+"/cancel", `{"cancellation":{"timing":"immediately"}}`)
		for range 3 {
			if err := s.engine.SyncCustomer(t.Context(), "ada"); err != nil {
				t.Fatal(err)
			}
		}
		e.wantAll("ada", "customer.created", "subscription.created", "payment.succeeded", "purchase.completed", "payment.succeeded", "purchase.completed",
			"subscription.updated", "subscription.updated", "subscription.canceled")
		payments := s.all("payments", "id")
		for _, one := range e.taken {
			if strings.HasPrefix(one.Type, "payment.") && !slices.Contains(payments, one.Data.ID) {
				t.Errorf("%s is about %s, which is no payment", one.Type, one.Data.ID)
			}
		}
	})
}

func TestNobodyIsToldOfWhoIsErased(t *testing.T) {
	t.Parallel()
	e := listen(t, 1)
	b := openSQLite(t, flowglad.Options{Webhook: &e.hook})
	b.customer("ada")
	e.tried()
	if err := b.engine.EraseCustomer(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	b.clock.move(time.Hour)
	b.customer("bob")
	e.want("bob", "customer.created")
	if got := e.heard("ada"); len(got) > 0 {
		t.Errorf("%v was told", got)
	}
}

func TestABadWebhookIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{Webhook: &flowglad.Webhook{URL: "http://127.0.0.1:1/", Secret: flowglad.NewWebhookSecret()}})
	for _, w := range []flowglad.Webhook{
		{URL: "https://a.test/hook", Secret: "secret"}, {URL: "https://a.test/hook", Secret: "whsec_"}, {URL: "https://a.test/hook", Secret: "whsec_a-b_"},
		{URL: "a.test", Secret: flowglad.NewWebhookSecret()}, {URL: "ftp://a.test", Secret: flowglad.NewWebhookSecret()},
	} {
		if _, err := flowglad.New(b.engine, flowglad.Options{Webhook: &w}); err == nil {
			t.Errorf("%+v is accepted", w)
		}
	}
	if _, err := flowglad.New(b.engine, flowglad.Options{Origins: []string{"app.example.com"}}); err == nil {
		t.Error("an origin without a scheme is accepted")
	}
}

func TestAWebhookNeedsAnEngineThatKeepsNotices(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
	w := flowglad.Webhook{URL: "https://a.test/hook", Secret: flowglad.NewWebhookSecret()}
	if _, err := flowglad.New(b.engine, flowglad.Options{Webhook: &w}); err == nil || !strings.Contains(err.Error(), "Notices") {
		t.Errorf("without notices: %v", err)
	}
}

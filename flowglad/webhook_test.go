package flowglad_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/flowglad"
)

func TestWebhooksAreSentInOrderUntilTheyAreTaken(t *testing.T) {
	t.Parallel()
	secret := flowglad.NewWebhookSecret()
	var kinds []string
	tries := 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // one at a time
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if tries++; tries == 1 {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		stamp, err := strconv.ParseInt(r.Header.Get("svix-timestamp"), 10, 64)
		if err != nil {
			t.Error(err)
		}
		want, err := flowglad.Webhook{Secret: secret}.Sign(r.Header.Get("svix-id"), time.Unix(stamp, 0), body)
		if err != nil || want.Get("svix-signature") != r.Header.Get("svix-signature") {
			t.Errorf("the signature is %s, want %s, %v", r.Header.Get("svix-signature"), want.Get("svix-signature"), err)
		}
		var told struct {
			Type string
			Data struct {
				ID       string
				Customer struct{ ExternalID string }
			}
		}
		if err := json.Unmarshal(body, &told); err != nil || told.Data.Customer.ExternalID != "ada" || told.Data.ID == "" {
			t.Errorf("the body is %s, %v", body, err)
		}
		kinds = append(kinds, told.Type)
	}))
	t.Cleanup(web.Close)
	b := openSQLite(t, flowglad.Options{Webhook: &flowglad.Webhook{URL: web.URL, Secret: secret}})
	b.pro("ada")
	b.must("PUT", "/api/v1/customers/ada", `{"customer":{"name":"Ada"}}`)
	b.must("POST", "/api/v1/customers/ada/archive", ``)
	if err := b.server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"customer.created", "subscription.created", "customer.updated", "subscription.canceled", "customer.updated"}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
}

func TestAWebhookNobodyTakesDoesNotHoldTheServer(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) }))
	t.Cleanup(web.Close)
	b := openSQLite(t, flowglad.Options{Webhook: &flowglad.Webhook{URL: web.URL, Secret: flowglad.NewWebhookSecret()}})
	b.customer("ada")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := b.server.Close(ctx); err == nil {
		t.Error("Close says that all was sent")
	}
}

func TestABadWebhookIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	b := openSQLite(t, flowglad.Options{})
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

package stripe_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/stripe"
)

func TestARefusalOfStripesHasTheDetailsThatItGives(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"error":{"type":"invalid_request_error","message":"No."}}`:                                                       nil,
		`{"error":{"type":"invalid_request_error","message":"No.","code":"parameter_invalid_empty","param":"return_url"}}`: {"stripeCode", "stripeParam"},
		`{"error":{"type":"card_error","message":"No.","code":"card_declined","decline_code":"do_not_honor"}}`:             {"declineCode", "stripeCode"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, body)
		}))
		t.Cleanup(server.Close)
		c, err := stripe.New(stripe.Options{SecretKey: "sk_test_x", WebhookSecret: "whsec_x", URL: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Portal(t.Context(), "cus_1", "")
		var f *fault.Error
		if !errors.As(err, &f) {
			t.Fatalf("%s is told as %v, want a fault", body, err)
		}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(f.Details))); diff != "" {
			t.Errorf("%s is told with other details (-want +got):\n%s", body, diff)
		}
	}
}

package billing_test

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v86"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/testdb"
	"github.com/tollgate/tollgate/sandbox"
)

// Whoever has once seen a webhook could send it again for ever, if its age did not count.
func TestAWebhookWhoseSignatureIsOldIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, testdb.SQLite(t), sandbox.Options{})
	for _, tt := range []struct {
		id      string
		age     time.Duration
		refused bool
	}{{"evt_new", 0, false}, {"evt_young", 4 * time.Minute, false}, {"evt_old", 6 * time.Minute, true}, {"evt_ancient", 400 * day, true}} {
		body := []byte(`{"id":"` + tt.id + `","object":"event","api_version":"` + stripe.APIVersion + `","type":"customer.updated","data":{"object":{"id":"cus_1","object":"customer"}}}`)
		signed := stripe.GenerateTestSignedPayload(&stripe.UnsignedPayload{Payload: body, Secret: s.secret, Timestamp: time.Now().Add(-tt.age)})
		err := s.engine.Webhook(s.ctx, body, signed.Header)
		if refused := fault.Has(err, fault.Invalid); refused != tt.refused || !refused && err != nil {
			t.Errorf("one that was signed %s ago: %v, refused should be %t", tt.age, err, tt.refused)
		}
	}
	events, err := s.engine.Webhooks(s.ctx, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.ID == "evt_old" || e.ID == "evt_ancient" {
			t.Errorf("%s, which was refused, is kept", e.ID)
		}
	}
}

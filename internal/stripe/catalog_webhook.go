package stripe

import (
	"fmt"
	"slices"

	stripe "github.com/stripe/stripe-go/v86"
)

const endpointEnabled = "enabled"

// compareWebhooks adds the steps to one endpoint at the wish's URL, of the API version that this program reads. An
// endpoint keeps its version (https://docs.stripe.com/webhooks/versioning), so another version is another endpoint.
func (s *shelf) compareWebhooks(w Wish, out *Changes) {
	if w.WebhookURL == "" {
		return
	}
	f := form{{"url", w.WebhookURL}}
	for i, kind := range webhookEvents() {
		f.add(fmt.Sprintf("enabled_events[%d]", i), kind)
	}
	metadata := pairs{{"source", source}}
	f.metadata(metadata)
	line := Step{Kind: KindWebhook, What: w.WebhookURL}
	var right *endpointFound
	var others []step
	for i := range s.endpoints {
		e := &s.endpoints[i]
		other := Step{Kind: KindWebhook, ID: e.ID, What: e.URL}
		switch {
		case e.URL == w.WebhookURL && e.APIVersion == stripe.APIVersion && right == nil:
			right = e
		case e.URL == w.WebhookURL && e.Status == endpointEnabled:
			other.Op = OpArchive
			others = append(others, step{Step: other, path: "/v1/webhook_endpoints/" + e.ID, form: form{{"disabled", "true"}}})
		case e.URL != w.WebhookURL && e.Metadata["source"] == source && e.Status == endpointEnabled:
			other.Op = OpKeep
			other.What += ": another of Tollgate's; disable it at Stripe when nothing answers there"
			others = append(others, step{Step: other})
		}
	}
	if right == nil {
		line.Op = OpCreate
		out.add(step{Step: line, path: "/v1/webhook_endpoints", form: append(f, pair{"api_version", stripe.APIVersion})})
		out.add(others...)
		return
	}
	differs := differences{}
	differs.flag(sameEvents(right.EnabledEvents), "events")
	differs.flag(right.Status == endpointEnabled, "enabled again")
	differs.flag(metadata.within(right.Metadata), "metadata")
	if len(differs) > 0 {
		line.Op, line.ID, line.What = OpChange, right.ID, differs.String()
		out.add(step{Step: line, path: "/v1/webhook_endpoints/" + right.ID, form: append(f, pair{"disabled", "false"})})
	}
	out.add(others...)
}

func sameEvents(found []string) bool {
	want := webhookEvents()
	slices.Sort(want)
	found = slices.Clone(found)
	slices.Sort(found)
	return slices.Equal(found, want)
}

// webhookEvents are the types of events that an endpoint of ours gets.
func webhookEvents() []string {
	kinds := []stripe.EventType{
		stripe.EventTypeCheckoutSessionCompleted,
		stripe.EventTypeCheckoutSessionExpired,
		stripe.EventTypeCheckoutSessionAsyncPaymentSucceeded,
		stripe.EventTypeCheckoutSessionAsyncPaymentFailed,
		stripe.EventTypeCustomerSubscriptionCreated,
		stripe.EventTypeCustomerSubscriptionUpdated,
		stripe.EventTypeCustomerSubscriptionDeleted,
		stripe.EventTypeCustomerSubscriptionPaused,
		stripe.EventTypeCustomerSubscriptionResumed,
		stripe.EventTypeCustomerSubscriptionTrialWillEnd,
		stripe.EventTypeInvoiceCreated,
		stripe.EventTypeInvoiceFinalized,
		stripe.EventTypeInvoicePaid,
		stripe.EventTypeInvoicePaymentSucceeded,
		stripe.EventTypeInvoicePaymentFailed,
		stripe.EventTypeInvoicePaymentActionRequired,
		stripe.EventTypeChargeRefunded,
		stripe.EventTypeRefundCreated,
		stripe.EventTypeRefundUpdated,
		stripe.EventTypeRefundFailed,
		stripe.EventTypeChargeDisputeCreated,
		stripe.EventTypeChargeDisputeUpdated,
		stripe.EventTypeChargeDisputeClosed,
		stripe.EventTypePriceCreated,
		stripe.EventTypePriceUpdated,
		stripe.EventTypePriceDeleted,
		stripe.EventTypeProductUpdated,
		stripe.EventTypeCustomerUpdated,
		stripe.EventTypeCustomerDeleted,
		stripe.EventTypePaymentMethodAttached,
		stripe.EventTypePaymentMethodDetached,
		stripe.EventTypePaymentMethodUpdated,
	}
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = string(kind)
	}
	return names
}

// Package sandbox is a Stripe that runs on your machine: an HTTP server that answers as Stripe's API of one version does,
// keeps state, moves its own clock, sends signed webhooks, and shows the hosted checkout and portal pages. It needs no
// account and no network. It imports nothing of the rest of its module.
//
//	server, err := sandbox.New(sandbox.Options{})
//	listening := httptest.NewServer(server)
//	client := stripe.NewClient("sk_test_123", stripe.WithBackends(stripe.NewBackendsWithConfig(
//		&stripe.BackendConfig{URL: stripe.String(listening.URL)})))
//
// # How it works
//
// One lock guards the whole state. An API call is one transaction on it: a refused call changes nothing, and fires
// nothing. What happens with time (trials end, periods renew, invoices are finalized and retried, sessions expire)
// follows from what each object says, stands in an agenda for each clock, and runs in the order of its time when the
// clock gets there: the sandbox's own, which runs with the wall clock and which Advance moves ahead, or a test clock.
// Events are rendered when they happen, so that a late webhook is as stale as a real one.
//
// Money is integer minor units; decimals and fractions are rational numbers, rounded half away from zero once per line.
//
// Nothing here ran against the real Stripe. What an answer looks like is Stripe's own description (its OpenAPI file,
// which package conform holds the tests to); what happens when is from its documentation and from logs that others have
// published. docs/sandbox.md lists what is covered and what is known to differ.
package sandbox

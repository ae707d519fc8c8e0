// Package stripe is the door to Stripe: stripe-go with retries of its own, in the words of the nouns. It decides nothing;
// package subscription does.
//
// No call is made inside a database transaction. Every call that creates something carries an idempotency key that follows
// from its cause, so that a call whose answer was lost is repeated safely.
package stripe

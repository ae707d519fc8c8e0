// Package billing has only tests: the engine with payments against the Stripe sandbox, with what can go wrong between them.
package billing

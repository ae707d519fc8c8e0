// Package billing has only tests: the engine with payments against the Stripe sandbox, with what can go wrong between them.
//
// What the engine sends to Stripe is held to Stripe's OpenAPI description in all of them. The tests that kill the process
// (kill_*_test.go) run it apart: this test's own program, started again, with a gate between it and all it reaches.
package billing

//go:build race

package billing_test

// raced is whether the race detector watches: it makes these tests several times as slow.
const raced = true

package main

import (
	"os"
	"strings"
	"testing"
)

// TestMain forgets what the shell has set for the program, such as a key of Stripe's: the tests say themselves what they need.
func TestMain(m *testing.M) {
	for _, set := range os.Environ() {
		name, _, _ := strings.Cut(set, "=")
		if strings.HasPrefix(name, "TOLLGATE_") && !strings.HasPrefix(name, "TOLLGATE_TEST_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	m.Run()
}

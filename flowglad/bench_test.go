package flowglad_test

import (
	"fmt"
	"testing"

	"github.com/tollgate/tollgate/flowglad"
)

// BenchmarkBilling is GET billing without a connection: the read that every page's hooks run on.
func BenchmarkBilling(b *testing.B) {
	s := openSQLite(b, flowglad.Options{})
	s.pro("ada")
	b.ReportAllocs()
	for b.Loop() {
		s.must("GET", "/api/v1/customers/ada/billing", "")
	}
}

// BenchmarkBillingOfAPayer is BenchmarkBilling where plans are sold, of a customer who has bought one.
func BenchmarkBillingOfAPayer(b *testing.B) {
	s := openShopSQLite(b, flowglad.Options{})
	s.buy("ada", "max_monthly")
	b.ReportAllocs()
	for b.Loop() {
		s.must("GET", "/api/v1/customers/ada/billing", "")
	}
}

// BenchmarkUsageEvent is POST usage-events without a connection, durable on SQLite, one caller.
func BenchmarkUsageEvent(b *testing.B) {
	s := openSQLite(b, flowglad.Options{})
	sub := s.pro("ada")
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		s.must("POST", "/api/v1/usage-events", event(sub, fmt.Sprint(n), "ai_requests", 1))
	}
}

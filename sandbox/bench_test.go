package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tollgate/tollgate/sandbox"
)

// BenchmarkAYearOfRenewals advances 1,000 monthly subscriptions through 12 renewals. It reports the seconds that took
// and the memory that is in use at the end, in MiB.
func BenchmarkAYearOfRenewals(b *testing.B) {
	const subscriptions, months = 1000, 12
	for b.Loop() {
		b.StopTimer()
		server, err := sandbox.New(sandbox.Options{Frozen: true, Start: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			b.Fatal(err)
		}
		call := func(path, form string) object {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, strings.NewReader(form))
			r.Header.Set("Authorization", "Bearer sk_test_123")
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				b.Fatalf("POST %s answered %d %s", path, w.Code, w.Body)
			}
			answer, err := decodeObject(w.Body.Bytes())
			if err != nil {
				b.Fatal(err)
			}
			return answer
		}
		product := call("/v1/products", "name=Pro")
		price := call("/v1/prices", "currency=usd&unit_amount=2000&recurring[interval]=month&product="+product.id())
		for range subscriptions {
			customer := call("/v1/customers", "email="+url.QueryEscape("jo@example.com"))
			method := call("/v1/payment_methods/pm_card_visa/attach", "customer="+customer.id())
			call("/v1/customers/"+customer.id(), "invoice_settings[default_payment_method]="+method.id())
			call("/v1/subscriptions", "customer="+customer.id()+"&items[0][price]="+price.id())
		}
		b.StartTimer()
		start := time.Now()
		for range months {
			if err := server.Advance(b.Context(), server.Now().AddDate(0, 0, 31)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(time.Since(start).Seconds(), "s/year")
		b.StopTimer()
		var memory runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&memory)
		b.ReportMetric(float64(memory.HeapInuse)/(1<<20), "MiB")
		b.ReportMetric(float64(memory.Sys)/(1<<20), "MiB-sys")
		if err := server.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

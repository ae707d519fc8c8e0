package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/credit"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/quantity"
)

const usageText = `{"customer":"user_42","meter":"visits","transactionId":"req_0123456789","properties":{"model":"gpt-4","tokens":[12,34]}}`

func BenchmarkDecodeUsage(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(usageText)))
	for b.Loop() {
		var u meter.Usage
		if err := api.DecodeUsage([]byte(usageText), &u); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeUsageEncodingJSON(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(usageText)))
	for b.Loop() {
		var u meter.Usage
		if err := json.Unmarshal([]byte(usageText), &u); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeBatch(b *testing.B) {
	body := []byte("[")
	for i := range tollgate.BatchMax {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, usageText...)
	}
	body = append(body, ']')
	b.ReportAllocs()
	for b.Loop() {
		if _, bad, err := api.DecodeBatch(body); err != nil || bad > 0 {
			b.Fatal(bad, err)
		}
	}
}

// sampleReceipt returns a receipt as consume answers it.
func sampleReceipt() tollgate.Receipt {
	limit, available, resets := quantity.Whole(20), quantity.Whole(17), noon().Add(12*time.Hour)
	return tollgate.Receipt{
		Event: meter.Event{
			Customer: "user_42", Meter: "visits", Amount: quantity.One, TransactionID: "req_0123456789", At: noon(),
			RecordedAt: noon(), Charged: quantity.One, PaidBy: "visits",
		},
		Balance: credit.Balance{Slug: "visits", Used: quantity.Whole(3), Limit: &limit, Available: &available, ResetsAt: &resets},
	}
}

func BenchmarkEncodeReceipt(b *testing.B) {
	r := sampleReceipt()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var m api.Moments
		var err error
		if buf, err = api.AppendReceipt(&m, buf[:0], &r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeReceiptEncodingJSON(b *testing.B) {
	r := sampleReceipt()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(&r); err != nil {
			b.Fatal(err)
		}
	}
}

// connections is how many clients the HTTP benchmarks have.
const connections = 64

// BenchmarkConsumeHTTP is POST /v1/consume over loopback, durable on SQLite.
func BenchmarkConsumeHTTP(b *testing.B) {
	s := openSQLite(b)
	for i := range 1000 {
		s.customer(fmt.Sprintf("user_%d", i))
	}
	load(b, s.server, s.keys[tollgate.ScopeRecord])
}

// BenchmarkBareHTTP is the least a server can do: decode the same body and answer the same JSON with
// encoding/json.
func BenchmarkBareHTTP(b *testing.B) {
	load(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var u meter.Usage
		if err := json.NewDecoder(r.Body).Decode(&u); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		receipt := sampleReceipt()
		receipt.Event.Customer, receipt.Event.TransactionID = u.Customer, u.TransactionID
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(&receipt); err != nil {
			panic(err)
		}
	}), "key")
}

// load sends b.N requests over 64 connections.
func load(b *testing.B, handler http.Handler, key string) {
	b.Helper()
	web := httptest.NewServer(handler)
	b.Cleanup(web.Close)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}}
	var sent atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	began := time.Now()
	for range connections {
		wg.Go(func() {
			for n := sent.Add(1); n <= int64(b.N); n = sent.Add(1) {
				if err := call(client, web.URL, key, n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "req/s")
}

func call(client *http.Client, url, key string, n int64) error {
	body := fmt.Sprintf(`{"customer":"user_%d","meter":"visits","transactionId":"req_%d"}`, n%1000, n)
	r, err := http.NewRequest("POST", url+"/v1/consume", strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	a, err := client.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err == nil && a.StatusCode != http.StatusOK {
		err = fmt.Errorf("%d %s", a.StatusCode, text)
	}
	return err
}

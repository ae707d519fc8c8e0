package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
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
		var err error
		if buf, err = api.AppendReceipt(buf[:0], &r); err != nil {
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

// load sends b.N requests over 64 connections, with as little of a client as will do.
func load(b *testing.B, handler http.Handler, key string) {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go server.Serve(listener)
	b.Cleanup(func() { server.Close() })
	var sent atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	began := time.Now()
	for range connections {
		wg.Go(func() {
			if err := call(listener.Addr().String(), key, &sent, int64(b.N)); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "req/s")
}

func call(addr, key string, sent *atomic.Int64, most int64) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	var request []byte
	for {
		n := sent.Add(1)
		if n > most {
			return nil
		}
		body := fmt.Sprintf(`{"customer":"user_%d","meter":"visits","transactionId":"req_%d"}`, n%1000, n)
		request = fmt.Appendf(request[:0], "POST /v1/consume HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", key, len(body), body)
		if _, err := conn.Write(request); err != nil {
			return err
		}
		a, err := http.ReadResponse(answers, nil)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(a.Body)
		if err != nil || a.StatusCode != http.StatusOK {
			return fmt.Errorf("%d %s %w", a.StatusCode, text, err)
		}
	}
}

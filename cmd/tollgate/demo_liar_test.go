package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tollgate/tollgate/examples/catalogs"
	"github.com/tollgate/tollgate/examples/trace"
	"github.com/tollgate/tollgate/meter"
	"github.com/tollgate/tollgate/plan"
)

// TestDemoStopsAtAnAnswerThatIsWrong lets the demo speak to an API that breaks one promise at a time.
func TestDemoStopsAtAnAnswerThatIsWrong(t *testing.T) {
	t.Parallel()
	const (
		accepted = `{"event":{"customer":%q,"meter":%q,"amount":%s,"transactionId":%q,"at":%q},"duplicate":%t}`
		refused  = `{"error":"insufficient_credits","message":"","balance":%q,"availableBalance":%d,"required":%d}`
	)
	accept := func(u meter.Usage, duplicate bool) string {
		return fmt.Sprintf(accepted, u.Customer, u.Meter, u.Amount, u.TransactionID, u.At.Format(time.RFC3339Nano), duplicate)
	}
	for _, tt := range []struct {
		name   string
		asks   demoRequest
		answer func(n int64, u meter.Usage) (int, string) // to the n-th usage, from 1 on
		want   string
	}{
		{"a burst may not get one request too many", demoRequest{burst: true}, func(n int64, u meter.Usage) (int, string) {
			if n > 4 && u.Meter == demoRequests {
				return 402, fmt.Sprintf(refused, demoRequests, 0, 1)
			}
			return 200, accept(u, false)
		}, "4 were accepted, but 3 were left"},
		{"a repeat may not count", demoRequest{twice: true}, func(_ int64, u meter.Usage) (int, string) {
			return 200, accept(u, false)
		}, "the first one to the same request was"},
		{"a first try is no duplicate", demoRequest{}, func(_ int64, u meter.Usage) (int, string) {
			return 200, accept(u, true)
		}, "sent for the first time"},
		{"a balance that suffices may not refuse", demoRequest{}, func(int64, meter.Usage) (int, string) {
			return 402, fmt.Sprintf(refused, demoRequests, 1, 1)
		}, "the balance suffices"},
		{"a refusal must name its balance", demoRequest{}, func(int64, meter.Usage) (int, string) {
			return 402, fmt.Sprintf(refused, demoCredits, 0, 1)
		}, "what is missing of ai_requests"},
		{"an event must be the one sent", demoRequest{}, func(_ int64, u meter.Usage) (int, string) {
			u.TransactionID = "another"
			return 200, accept(u, false)
		}, "not the one that was sent"},
		{"an error ends the demo", demoRequest{}, func(int64, meter.Usage) (int, string) { return 500, `{"error":"internal"}` }, "500"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					fmt.Fprint(w, `{"slug":"ai_requests","used":2,"limit":5,"available":3,"held":0}`)
					return
				}
				var u meter.Usage
				if err := json.NewDecoder(r.Body).Decode(&u); err != nil {
					t.Error(err)
				}
				status, body := tt.answer(n.Add(1), u)
				w.WriteHeader(status)
				fmt.Fprint(w, body)
			}))
			defer server.Close()
			document, err := fs.ReadFile(catalogs.FS, sampleCatalog)
			if err != nil {
				t.Fatal(err)
			}
			catalog, err := plan.Parse(sampleCatalog, document)
			if err != nil {
				t.Fatal(err)
			}
			p := &replay{client: newDemoClient(server.URL, ""), clock: &replayClock{}, catalog: catalog, customers: newDemoCustomers(), tallies: make([]demoTally, demoCustomers)}
			defer p.client.close()
			tt.asks.Request = trace.Request{At: time.Date(2023, 11, 16, 18, 15, 0, 0, time.UTC), Context: 10, Generated: 10}
			if err := p.play(t.Context(), []demoRequest{tt.asks}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the demo says %v, want something with %q", err, tt.want)
			}
		})
	}
}

func TestDemoRefusesADatabaseInUse(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ours.db")
	if err := os.WriteFile(file, []byte("not yours"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, beside transcript
	code := run(t.Context(), []string{"demo", "--once", "--db", file}, &console{in: strings.NewReader(""), out: &out, err: &beside})
	if code != exitFailed || !strings.Contains(beside.String(), "is not empty") {
		t.Errorf("the demo ends with code %d and says %q, want 1 and that the file is not empty", code, beside.String())
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "not yours" {
		t.Errorf("the file has %q, %v: it was touched", text, err)
	}
}

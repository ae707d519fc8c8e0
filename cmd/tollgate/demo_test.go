package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/id"
)

// A transcript is what a command writes, readable while it writes.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *transcript) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(b)
}

func (w *transcript) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func TestDemoCountsWhatANaiveModelCounts(t *testing.T) {
	t.Parallel()
	requests := readTrace(t)
	model := replayNaively(t, requests)
	file := filepath.Join(t.TempDir(), "demo.db")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, beside transcript
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"demo", "--json", "--db", file}, &console{in: strings.NewReader(""), out: &out, err: &beside})
	}()
	for !strings.Contains(beside.String(), "Ctrl-C ends the demo.") {
		select {
		case code := <-ended:
			t.Fatalf("the demo ended with code %d instead of staying up:\n%s", code, beside.String())
		case <-time.After(20 * time.Millisecond):
		}
	}

	var got demoReport
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if s := got.Speed; s.Seconds <= 0 || s.EventsPerSecond <= 0 || s.P50Micros <= 0 || s.P99Micros < s.P50Micros {
		t.Errorf("the speed is %+v, want more than nothing", s)
	}
	got.Speed = demoSpeed{Calls: got.Speed.Calls, Events: got.Speed.Events}
	if x := got.Sales; x == nil || x.Seconds <= 0 || x.Webhooks <= 0 || x.Audit.Lines <= got.Audit.Lines {
		t.Fatalf("the sales are %+v, want some that took time, webhooks and lines", x)
	}
	got.Sales.Seconds, got.Sales.Webhooks, got.Sales.Audit.Lines = 0, 0, 0
	if diff := cmp.Diff(model.report(requests), got, cmpopts.IgnoreUnexported(demoReport{})); diff != "" {
		t.Errorf("the demo does not count what the model counts (-model +demo):\n%s", diff)
	}

	pasteCommands(t, beside.String())
	stop()
	if code := <-ended; code != exitDone {
		t.Errorf("the demo ends with code %d, want 0:\n%s", code, beside.String())
	}
	compareBalances(t, file, requests[len(requests)-1].At, model)
}

// pasteCommands does what the commands do that the demo prints: a look at balances, and the same usage twice.
func pasteCommands(t *testing.T, text string) {
	t.Helper()
	commands := regexp.MustCompile(`(?s)Bearer (sk_test_\w+)' \\\n  (http://\S+)(?: -d '([^']*)')?\n`).FindAllStringSubmatch(text, -1)
	if len(commands) != 2 {
		t.Fatalf("%d commands can be pasted, want 2:\n%s", len(commands), text)
	}
	for i, want := range []string{`"slug":"ai_requests","used":1,"limit":1000,"available":999`, `"duplicate":false`, `"duplicate":true`} {
		command := commands[min(i, 1)]
		method := http.MethodGet
		if command[3] != "" {
			method = http.MethodPost
		}
		request, err := http.NewRequestWithContext(t.Context(), method, command[2], strings.NewReader(command[3]))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+command[1])
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s %s answered %d %s, %v; want %s in it", method, command[2], answer.StatusCode, body, err, want)
		}
	}
}

// compareBalances opens what the demo has left behind: customers who bought nothing are looked at as of the end of the trace,
// the others as of the end of the sales.
func compareBalances(t *testing.T, file string, end time.Time, model naive) {
	t.Helper()
	now := end
	engine, err := tollgate.Open(t.Context(), file, tollgate.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	bought := model.afterSales()
	for who := range model.sent {
		now = end
		want, found := bought[who]
		if found {
			now = end.AddDate(0, 1, 0).Add(2 * time.Hour)
		} else {
			want = naiveBalances{requests: model.used[who], requestsLeft: model.requests[who], tokens: model.paid[who], tokensLeft: model.tokens[who]}
		}
		requests, err := engine.Balance(t.Context(), id.Customer(who), "ai_requests")
		if err != nil {
			t.Fatal(err)
		}
		credits, err := engine.Balance(t.Context(), id.Customer(who), "token_credits")
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%s requests used, %s left; %s credits used, %s left, %s held", requests.Used, requests.Available, credits.Used, credits.Available, credits.Held)
		if want := want.String(); got != want {
			t.Errorf("%s has\n%s, want\n%s", who, got, want)
		}
	}
}

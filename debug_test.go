package tollgate_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/internal/testdb"
)

// A logSink is a log that several goroutines write.
type logSink struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *logSink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *logSink) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.text.String()
	s.text.Reset()
	return out
}

func TestDebugLogsOneCustomerOrAll(t *testing.T) {
	t.Parallel()
	var sink logSink
	c := newClock(noon())
	e := openShop(t, testdb.SQLite(t), tollgate.Options{Now: c.now, Logger: slog.New(slog.NewJSONHandler(&sink, nil))})
	put(t, e, "ann", "")
	put(t, e, "bob", "")
	consume := func(ids ...string) string {
		for _, id := range ids {
			u := use("ann", "requests", 8, id)
			u.Properties = json.RawMessage(`{"prompt":"secret"}`)
			e.Consume(t.Context(), u)                                // the second is refused
			e.Consume(t.Context(), use("bob", "requests", 1, id+id)) // nobody asked for him
		}
		return sink.take()
	}
	if text := consume("a"); text != "" {
		t.Errorf("logged without being asked: %s", text)
	}
	if _, err := e.Debug("ann", time.Minute); err != nil {
		t.Fatal(err)
	}
	text := consume("b")
	for _, want := range []string{`"customer":"ann"`, `"act":"consume"`, `"id":"b"`, `"amount":"8"`, `"refused":"insufficient_credits`, `"decided":"lock"`, `"limit":"10"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %s:\n%s", want, text)
		}
	}
	if strings.Contains(text, "bob") || strings.Contains(text, "secret") {
		t.Errorf("the log has what nobody asked for:\n%s", text)
	}
	if _, err := e.Debug("ann", -1); err != nil {
		t.Fatal(err)
	}
	if text := consume("c"); text != "" {
		t.Errorf("logged after its end: %s", text)
	}
	if _, err := e.Debug(tollgate.Everyone, 0); err != nil {
		t.Fatal(err)
	}
	if text := consume("d"); !strings.Contains(text, `"customer":"bob"`) || !strings.Contains(text, `"sources":["plan -1"]`) {
		t.Errorf("bob is missing among all:\n%s", text)
	}
	if _, err := e.Debug("ann", 25*time.Hour); !fault.Has(err, fault.Invalid) {
		t.Errorf("25 hours: %v", err)
	}
}

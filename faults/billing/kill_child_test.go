package billing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
)

const (
	// mortalVariable makes the test binary the process that is killed: it has a mortal as JSON.
	mortalVariable = "TOLLGATE_FAULTS_MORTAL"
	// clockHeader carries the time to a mortal, in microseconds since 1970.
	clockHeader = "Tollgate-Clock"
	// workPath has a mortal do what is due, until nothing is.
	workPath = "/mortal/work"
)

func TestMain(m *testing.M) {
	if text := os.Getenv(mortalVariable); text != "" {
		err := live(text)
		fmt.Fprintln(os.Stderr, "mortal:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// program returns the path of the program that becomes a mortal: this one, but without the race detector, which would take
// most of a short life.
func program(t *testing.T) string {
	t.Helper()
	info, ok := debug.ReadBuildInfo()
	if !ok || !slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return os.Args[0]
	}
	path := filepath.Join(t.TempDir(), "mortal.exe")
	if output, err := exec.Command("go", "test", "-c", "-vet=off", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go test -c: %v\n%s", err, output)
	}
	return path
}

// A mortal is a process that serves the API, and is killed.
type mortal struct {
	DB     string // of which every commit is told to Gate first, when it is a SQLite file
	Gate   string // URL that answers when a commit may go on
	Stripe string // URL
	Secret string // of webhooks
	Now    int64  // microseconds since 1970
}

// live serves until it is killed, or its standard input ends. It writes its address on its standard output.
func live(text string) error {
	var m mortal
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return err
	}
	sqlite.RegisterConnectionHook(func(c sqlite.ExecQuerierContext, _ string) error {
		c.(sqlite.HookRegisterer).RegisterCommitHook(m.commit)
		return nil
	})
	var clock atomic.Int64
	clock.Store(m.Now)
	ctx := context.Background()
	e, err := tollgate.Open(ctx, m.DB, tollgate.Options{
		Now: func() time.Time { return time.UnixMicro(clock.Load()) }, NoRollUp: true,
		Payments: tollgate.Payments{SecretKey: secretKey, WebhookSecret: m.Secret, URL: m.Stripe, SuccessURL: "https://example.com/ok", NoWork: true},
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", api.New(e, api.Options{}))
	mux.HandleFunc("POST "+workPath, func(w http.ResponseWriter, r *http.Request) {
		for {
			n, err := e.Work(r.Context())
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			if n == 0 {
				return
			}
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	go func() { // nobody is left to kill it
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if now, err := strconv.ParseInt(r.Header.Get(clockHeader), 10, 64); err == nil {
			clock.Store(now)
		}
		mux.ServeHTTP(w, r)
	}))
}

// commit asks whether a commit may go on, and waits for the answer. SQLite calls it before anything of the commit is
// in its file (https://www.sqlite.org/c3ref/commit_hook.html).
func (m mortal) commit() int32 {
	w, err := http.Post(m.Gate, "text/plain", bytes.NewReader(nil))
	if err != nil {
		fmt.Fprintln(os.Stderr, "mortal: ask for a commit:", err)
		os.Exit(1)
	}
	w.Body.Close()
	return 0
}

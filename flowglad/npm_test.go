package flowglad_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/flowglad"
	"github.com/tollgate/tollgate/internal/testdb"
)

// npmFolder holds the tests that run in Node, and Flowglad's packages, which scripts/provide installs.
const npmFolder = "npm"

// TestTheNpmPackages runs Flowglad's own packages, unmodified, against the program and against a server with pages and a
// payment provider. Without Node or the packages it is skipped, or fails when TOLLGATE_TEST_REQUIRE names node.
func TestTheNpmPackages(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and runs Node")
	}
	t.Parallel()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join(npmFolder, "node_modules", ".package-lock.json"))
	}
	if err != nil {
		if strings.Contains(os.Getenv(testdb.RequireVariable), "node") {
			t.Fatalf("Node and the npm packages are required: run scripts/provide node: %v", err)
		}
		t.Skipf("no Node or no npm packages: run scripts/provide node: %v", err)
	}
	hooks := newMailbox(t)
	url, key := startProgram(t, hooks)
	paid, paidKey := startPaid(t)
	tests := exec.CommandContext(t.Context(), node, "--test", "--test-timeout=120000", "--test-force-exit")
	tests.Dir = npmFolder
	tests.Env = append(os.Environ(), "TOLLGATE_URL="+url+"/flowglad", "TOLLGATE_KEY="+key, "PAID_URL="+paid, "PAID_KEY="+paidKey,
		"HOOKS_URL="+hooks.url, "HOOKS_SECRET="+hooks.secret, "NODE_ENV=test")
	if out, err := tests.CombinedOutput(); err != nil {
		t.Errorf("node --test: %v\n%s", err, out)
	}
}

// A mailbox keeps the webhooks it gets, and answers GET with them.
type mailbox struct {
	url, secret string
	mu          sync.Mutex
	letters     []letter
}

type letter struct {
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

func newMailbox(t *testing.T) *mailbox {
	m := &mailbox{secret: flowglad.NewWebhookSecret(), letters: []letter{}}
	web := httptest.NewServer(m)
	t.Cleanup(web.Close)
	m.url = web.URL
	return m
}

func (m *mailbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.Method == http.MethodGet {
		if err := json.NewEncoder(w).Encode(m.letters); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l := letter{map[string]string{}, string(body)}
	for name := range r.Header {
		l.Headers[strings.ToLower(name)] = r.Header.Get(name)
	}
	m.letters = append(m.letters, l)
}

// startProgram builds the program, runs `tollgate dev` on a free port and returns its URL and key.
func startProgram(t *testing.T, hooks *mailbox) (url, key string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "tollgate")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/tollgate").CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "dev", "--db", testdb.SQLite(t), "--addr", "127.0.0.1:0", "--catalog", "testdata/catalog.yaml", "--flowglad-root")
	cmd.Env = append(os.Environ(), "TOLLGATE_FLOWGLAD_WEBHOOK="+hooks.url, "TOLLGATE_FLOWGLAD_WEBHOOK_SECRET="+hooks.secret)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("tollgate dev: %v", err)
		}
	})
	said := bufio.NewScanner(out)
	for url == "" || key == "" {
		if !said.Scan() {
			t.Fatalf("tollgate dev said no URL and key: %v", said.Err())
		}
		if found := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(said.Text()); found != "" && url == "" {
			url = found
		}
		if found := regexp.MustCompile(`sk_test_\w+`).FindString(said.Text()); found != "" {
			key = found
		}
	}
	go io.Copy(io.Discard, out) // ends with the program
	return url, key
}

// startPaid serves pages, known by the header X-User, with a payment provider that says yes.
func startPaid(t *testing.T) (url, key string) {
	t.Helper()
	e, err := tollgate.Open(t.Context(), testdb.SQLite(t), tollgate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = e.Publish(t.Context(), "catalog.yaml", []byte(catalogText), false); err != nil {
		t.Fatal(err)
	}
	if key, _, err = e.CreateKey(t.Context(), tollgate.ScopeFull, "", false); err != nil {
		t.Fatal(err)
	}
	p := &paying{}
	s, err := flowglad.New(e, flowglad.Options{Identify: byHeader, PagesRecord: true, Payments: p.payments()})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		web.Close()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return web.URL, key
}

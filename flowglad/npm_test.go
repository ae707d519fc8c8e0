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
	"slices"
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

// TestTheNpmPackages runs Flowglad's own packages, unmodified, against the program and against a server with
// pages. Without Node or the packages it is skipped, or fails when TOLLGATE_TEST_REQUIRE names node.
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
	program := buildProgram(t)
	dev := startDev(t, program, hooks)
	unsold := startUnsold(t, program)
	pages, pagesKey, pagesSandbox := startPages(t)
	tests := exec.CommandContext(t.Context(), node, "--test", "--test-timeout=120000", "--test-force-exit")
	tests.Dir = npmFolder
	tests.Env = append(os.Environ(), "TOLLGATE_URL="+dev.url+"/flowglad", "TOLLGATE_KEY="+dev.key, "SANDBOX_URL="+dev.sandbox,
		"UNSOLD_URL="+unsold.url+"/flowglad", "UNSOLD_KEY="+unsold.key, "PAGES_URL="+pages, "PAGES_KEY="+pagesKey, "PAGES_SANDBOX_URL="+pagesSandbox,
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

// A running is a program that serves.
type running struct{ url, key, sandbox string }

func buildProgram(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "tollgate")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/tollgate").CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	return program
}

// startDev runs `tollgate dev`, which sells through the sandbox inside it. Nothing of it is shared with another run: its
// ports are free ones, its database is the test's own and the sandbox is in memory.
func startDev(t *testing.T, program string, hooks *mailbox) running {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "dev", "--db", testdb.SQLite(t), "--addr", "127.0.0.1:0",
		"--sandbox", "127.0.0.1:0", "--sandbox-file", "", "--catalog", "testdata/catalog.yaml", "--flowglad-root")
	cmd.Env = append(os.Environ(), "TOLLGATE_FLOWGLAD_WEBHOOK="+hooks.url, "TOLLGATE_FLOWGLAD_WEBHOOK_SECRET="+hooks.secret)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	found := start(t, cmd, out, `at (http://127\.0\.0\.1:\d+) `, `(sk_test_\w+)`, `(http://127\.0\.0\.1:\d+)/_sandbox/`)
	return running{found[0], found[1], found[2]}
}

// startUnsold runs `tollgate serve` without a Stripe key.
func startUnsold(t *testing.T, program string) running {
	t.Helper()
	db := testdb.SQLite(t)
	once := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), program, append(args, "--db", db)...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("tollgate %s: %v", args[0], err)
		}
		return strings.TrimSpace(string(out))
	}
	once("apply", "testdata/catalog.yaml")
	key := once("key", "create", "--scope", "full")
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "serve", "--db", db, "--addr", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "TOLLGATE_STRIPE_SECRET_KEY=", "TOLLGATE_STRIPE_WEBHOOK_SECRET=")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	return running{url: start(t, cmd, said, `(http://127\.0\.0\.1:\d+)`)[0], key: key}
}

// start runs a program until the test ends and returns what each pattern has captured from what it says first.
func start(t *testing.T, cmd *exec.Cmd, says io.Reader, patterns ...string) []string {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", cmd.Args, err)
		}
	})
	found := make([]string, len(patterns))
	for said := bufio.NewScanner(says); slices.Contains(found, ""); {
		if !said.Scan() {
			t.Fatalf("%v did not say all of %q: %v", cmd.Args, patterns, said.Err())
		}
		for i, pattern := range patterns {
			if match := regexp.MustCompile(pattern).FindStringSubmatch(said.Text()); match != nil && found[i] == "" {
				found[i] = match[1]
			}
		}
	}
	go io.Copy(io.Discard, says) // ends with the program
	return found
}

// startPages serves pages, known by the header X-User, and sells through a sandbox.
func startPages(t *testing.T) (url, key, sandbox string) {
	t.Helper()
	s := openShopSQLite(t, flowglad.Options{Identify: byHeader, PagesRecord: true})
	web := httptest.NewServer(s.server)
	t.Cleanup(web.Close)
	return web.URL, s.keys[tollgate.ScopeFull], s.sandboxURL
}

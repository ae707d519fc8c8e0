package js_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/tollgate/tollgate/internal/testdb"
)

// A world is a site with pages, the program with the sandbox beside it, and a secret key.
type world struct {
	*testing.T
	site     string // the address of the pages, another origin than the program's
	url, key string // of the program
	pages    *http.ServeMux
	count    atomic.Int64
}

// strict is what a careful site has its pages keep to: no inline style or script, no eval, nothing of other sites.
const strict = "default-src 'none'; script-src 'self' %[1]s; connect-src 'self' %[1]s; style-src 'self'; base-uri 'none'; form-action 'none'"

// open builds the program, runs `tollgate dev` with the sandbox, and serves pages of another site that may call it.
// POST /token there answers with a token of the customer that ?customer names.
func open(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, pages: http.NewServeMux()}
	site := httptest.NewServer(w.pages)
	t.Cleanup(site.Close)
	w.site = site.URL
	w.run(buildProgram(t), "dev", "--db", testdb.SQLite(t), "--addr", "127.0.0.1:0", "--sandbox", "127.0.0.1:0", "--sandbox-file", "",
		"--catalog", "testdata/catalog.yaml", "--origin", w.site)
	w.pages.HandleFunc("GET /page.css", func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/css")
		io.WriteString(rw, "html { background: Canvas; color: CanvasText; font-family: sans-serif } body { max-width: 50em; margin: 2em auto } body > * { margin-bottom: 1em }") //nolint:errcheck // a page that has left is not told
	})
	w.pages.HandleFunc("POST /token", func(rw http.ResponseWriter, r *http.Request) {
		token := w.post("/v1/customers/"+r.URL.Query().Get("customer")+"/tokens", map[string]any{"actions": []string{"read", "check", "checkout", "manage"}})
		rw.Header().Set("Content-Type", "application/json")
		rw.Write(token) //nolint:errcheck // a page that has left is not told
	})
	return w
}

// program is where the program is once it is built, for all tests.
var (
	program      string
	programBuilt sync.Once
)

// TestMain removes the program after the tests.
func TestMain(m *testing.M) {
	code := m.Run()
	if program != "" {
		if err := os.RemoveAll(filepath.Dir(program)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// buildProgram builds the program, once, and returns its path.
func buildProgram(t *testing.T) string {
	t.Helper()
	programBuilt.Do(func() {
		folder, err := os.MkdirTemp("", "tollgate-js-*")
		if err != nil {
			t.Fatal(err)
		}
		program = filepath.Join(folder, "tollgate")
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/tollgate").CombinedOutput(); err != nil {
			t.Fatalf("build the program: %v\n%s", err, out)
		}
	})
	return program
}

// run starts the program and waits until it says where it listens and what the key is.
func (w *world) run(program string, args ...string) {
	w.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(w.Context()), program, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			w.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			w.Errorf("tollgate dev: %v", err)
		}
	})
	said := bufio.NewScanner(out)
	for w.url == "" || w.key == "" {
		if !said.Scan() {
			w.Fatalf("tollgate dev said no URL and key: %v", said.Err())
		}
		if found := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(said.Text()); found != "" && w.url == "" {
			w.url = found
		}
		if found := regexp.MustCompile(`sk_test_\w+`).FindString(said.Text()); found != "" {
			w.key = found
		}
	}
	go io.Copy(io.Discard, out) // ends with the program
}

// page serves a page of the site under a strict content security policy.
func (w *world) page(path, body string) {
	w.pages.HandleFunc("GET "+path, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		rw.Header().Set("Content-Security-Policy", fmt.Sprintf(strict, w.url))
		fmt.Fprintf(rw, "<!doctype html><html lang=en><meta name=color-scheme content=%s><meta name=viewport content='width=device-width'><title>Test</title><link rel=stylesheet href=/page.css>%s",
			r.URL.Query().Get("scheme"), strings.NewReplacer("TOLLGATE", w.url, "CUSTOMER", r.URL.Query().Get("customer")).Replace(body))
	})
}

// post calls the program with the secret key and returns what it answers; anything but success ends the test.
func (w *world) post(path string, body any) []byte { return w.send(http.MethodPost, path, body) }

func (w *world) send(method, path string, body any) []byte {
	text, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(w.Context()), method, w.url+path, strings.NewReader(string(text)))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.key)
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Errorf("%s %s: %v", method, path, err)
		return nil
	}
	defer a.Body.Close()
	out, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode >= 300 {
		w.Errorf("%s %s: %d %s %v", method, path, a.StatusCode, out, err)
	}
	return out
}

// get reads what the program answers into out.
func (w *world) get(path string, out any) {
	if err := json.Unmarshal(w.send(http.MethodGet, path, nil), out); err != nil {
		w.Fatalf("%s: %v", path, err)
	}
}

// customer makes a customer that has used so many of its 20 requests today.
func (w *world) customer(name string, used int) {
	w.send(http.MethodPut, "/v1/customers/"+name, struct{}{})
	if used > 0 {
		w.consume(name, used)
	}
}

func (w *world) consume(name string, amount int) {
	w.post("/v1/consume", map[string]any{"customer": name, "meter": "ai_requests", "amount": amount, "transactionId": fmt.Sprintf("%s-%d-%d", name, amount, w.n())})
}

// n returns another number every time.
func (w *world) n() int64 { return w.count.Add(1) }

package js_test

import (
	"bytes"
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/api"
	"github.com/tollgate/tollgate/app"
	"github.com/tollgate/tollgate/internal/testdb"
)

var update = flag.Bool("update", false, "write the generated files anew")

// nodeMax bounds one run of Node.
const nodeMax = 4 * time.Minute

// needNode returns the path of Node. Without it or what scripts/provide installs, the test is skipped, or fails when
// TOLLGATE_TEST_REQUIRE names node.
func needNode(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what runs outside Go")
	}
	program, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join("node_modules", ".package-lock.json"))
	}
	if err != nil {
		if strings.Contains(os.Getenv(testdb.RequireVariable), "node") {
			t.Fatalf("Node and the npm packages are required: run scripts/provide node: %v", err)
		}
		t.Skipf("no Node or no npm packages: run scripts/provide node: %v", err)
	}
	return program
}

// node runs Node in this folder, and returns what it said. What it refuses fails the test.
func node(t *testing.T, env []string, args ...string) string {
	t.Helper()
	program := needNode(t)
	ctx, cancel := context.WithTimeout(t.Context(), nodeMax)
	defer cancel()
	run := exec.CommandContext(ctx, program, args...)
	run.Env = append(os.Environ(), env...)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// sameAs compares a file that Node has made with the one that is committed; -update replaces the latter.
func sameAs(t *testing.T, made, committed string) {
	t.Helper()
	got, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(committed, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what its sources make: run go test ./js -run %s -update", committed, t.Name())
	}
}

// TestTypesAreThoseOfTheDescription makes src/wire.ts from what a server says of itself at /openapi.json, app routes
// included, so that the types of the package cannot differ from the server's.
func TestTypesAreThoseOfTheDescription(t *testing.T) {
	t.Parallel()
	e, err := tollgate.Open(t.Context(), testdb.SQLite(t), tollgate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s := api.New(e, api.Options{Version: "test", Describe: func(doc *huma.OpenAPI) []*huma.Operation { return app.Describe(doc, app.Options{}) }})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("/openapi.json answers %d", w.Code)
	}
	folder := t.TempDir()
	description, types := filepath.Join(folder, "openapi.json"), filepath.Join(folder, "wire.ts")
	if err := os.WriteFile(description, w.Body.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	node(t, nil, "types.js", description, types)
	sameAs(t, types, "src/wire.ts")
}

// TestTheSourcesAreTyped has TypeScript read the sources, their tests, and the pages of the browser tests.
func TestTheSourcesAreTyped(t *testing.T) {
	t.Parallel()
	needNode(t)
	buildPackage(t) // test/page.tsx has its types from there
	node(t, nil, "node_modules/typescript/bin/tsc", "-p", "tsconfig.test.json")
}

// TestVitest runs the tests in test, some of them against the program.
func TestVitest(t *testing.T) {
	t.Parallel()
	needNode(t)
	buildPackage(t)
	w := open(t)
	node(t, []string{"TOLLGATE_URL=" + w.url, "TOLLGATE_KEY=" + w.key, "NO_COLOR=1"}, "node_modules/vitest/vitest.mjs", "run")
}

// buildPackage makes dist, the published package, once in a run of the tests.
func buildPackage(t *testing.T) {
	t.Helper()
	builtOnce.Do(func() { node(t, nil, "build.js") })
}

var builtOnce sync.Once

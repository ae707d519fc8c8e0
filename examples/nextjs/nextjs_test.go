// Package nextjs_test walks the Next.js example in a browser.
package nextjs_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tollgate/tollgate/internal/testbrowser"
	"github.com/tollgate/tollgate/internal/testdb"
)

const (
	buildMax = 5 * time.Minute
	pageMax  = testbrowser.ActMax
	// perDay is how many questions the free plan of the sample catalog has.
	perDay = 20
)

// TestAPersonUsesUpBuysAndCancels builds the example, starts it beside `tollgate dev` with nothing set but the two variables, and
// walks it. Without Node or the packages it is skipped, or fails when TOLLGATE_TEST_REQUIRE names node.
func TestAPersonUsesUpBuysAndCancels(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what runs outside Go")
	}
	t.Parallel()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join("node_modules", ".package-lock.json"))
	}
	if err != nil {
		if strings.Contains(os.Getenv(testdb.RequireVariable), "node") {
			t.Fatalf("Node and the npm packages are required: run scripts/provide node: %v", err)
		}
		t.Skipf("no Node or no npm packages: run scripts/provide node: %v", err)
	}
	next := []string{node, filepath.Join("node_modules", "next", "dist", "bin", "next")}
	build, cancel := context.WithTimeout(t.Context(), buildMax)
	defer cancel()
	cmd := exec.CommandContext(build, next[0], next[1], "build")
	cmd.Env = append(os.Environ(), "NEXT_TELEMETRY_DISABLED=1")
	if out, err := cmd.CombinedOutput(); err != nil { // it checks the types, too
		t.Fatalf("next build: %v\n%s", err, out)
	}

	program := filepath.Join(t.TempDir(), "tollgate")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../cmd/tollgate").CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	dev := exec.CommandContext(context.WithoutCancel(t.Context()), program, "dev", "--db", testdb.SQLite(t), "--addr", "127.0.0.1:0", "--sandbox", "127.0.0.1:0", "--sandbox-file", "")
	said := start(t, dev, `at (http://127\.0\.0\.1:\d+) `, `(sk_test_\w+)`, `(http://127\.0\.0\.1:\d+)/_sandbox/`)
	serve := exec.CommandContext(context.WithoutCancel(t.Context()), next[0], next[1], "start", "--hostname", "127.0.0.1", "--port", "0")
	serve.Env = append(os.Environ(), "NEXT_TELEMETRY_DISABLED=1", "FLOWGLAD_BASE_URL="+said[0]+"/flowglad", "FLOWGLAD_SECRET_KEY="+said[1])
	app := start(t, serve, `(http://127\.0\.0\.1:\d+)`)[0]

	v := openBrowser(t)
	v.Act("visit", chromedp.Navigate(app))
	v.Act("sign up", chromedp.SendKeys(chromedp.CSS("input[name=name]"), "Ada"), chromedp.Click(chromedp.CSS("button")))
	v.until("#plan", "Free")
	v.until("#remaining", fmt.Sprint(perDay))
	for left := perDay - 1; left >= 0; left-- {
		v.ask("abc")
		v.until("#remaining", fmt.Sprint(left))
	}
	v.until("#said", "You asked: cba")
	v.ask("one more")
	v.until("#said", "Usage limit reached")

	v.Act("upgrade", chromedp.Click(chromedp.CSS("#upgrade")))
	v.at(said[2] + "/c/pay/")
	v.Fill(map[string]string{"number": "4242424242424242", "expiry": "12 / 34", "cvc": "123", "name": "Ada"})
	v.Act("pay", chromedp.Click(chromedp.CSS("button[value=pay]")))
	v.at(app)
	v.reloadUntil("#plan", "Pro")
	v.until("#remaining", "1000")
	v.ask("still there?")
	v.until("#remaining", "999")
	v.Act("cancel", chromedp.Click(chromedp.CSS("#cancel")))
	v.until("#ending", "Ends at")
	v.until("#plan", "Pro")
	v.Act("manage", chromedp.Click(chromedp.CSS("#portal")))
	v.at(said[2] + "/p/session/")
}

// start runs a program until the test ends and returns what each pattern has captured from what it says first.
func start(t *testing.T, cmd *exec.Cmd, patterns ...string) []string {
	t.Helper()
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
		_ = cmd.Wait() // Node says by its status that it was ended
	})
	found := make([]string, len(patterns))
	for said := bufio.NewScanner(out); slices.Contains(found, ""); {
		if !said.Scan() {
			t.Fatalf("%v did not say all of %q: %v", cmd.Args, patterns, said.Err())
		}
		for i, pattern := range patterns {
			if match := regexp.MustCompile(pattern).FindStringSubmatch(said.Text()); match != nil && found[i] == "" {
				found[i] = match[1]
			}
		}
	}
	go io.Copy(io.Discard, out) // ends with the program
	return found
}

// A visitor is a person at a browser.
type visitor struct {
	*testing.T
	*testbrowser.Page
}

func openBrowser(t *testing.T) *visitor { return &visitor{t, testbrowser.Open(t, 1100, 900)} }

// ask asks a question as soon as the page lets it.
func (v *visitor) ask(question string) {
	v.Helper()
	field := chromedp.CSS("input[name=question]")
	v.Act("ask", chromedp.WaitEnabled(chromedp.CSS("#ask")), chromedp.Clear(field), chromedp.SendKeys(field, question), chromedp.Click(chromedp.CSS("#ask")))
}

// until waits until a place of the page says something.
func (v *visitor) until(place, want string) {
	v.Helper()
	var got string
	for end := time.Now().Add(pageMax); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = v.Glimpse(place); strings.HasPrefix(got, want) {
			return
		}
	}
	v.Fatalf("%s says %q, want %q:\n%s", place, got, want, v.Glimpse("body"))
}

// reloadUntil reloads the page until a place says something: what was bought may arrive a moment after the payer.
func (v *visitor) reloadUntil(place, want string) {
	v.Helper()
	for end := time.Now().Add(pageMax); time.Now().Before(end); {
		v.until(place, "")
		if strings.HasPrefix(v.Glimpse(place), want) {
			return
		}
		v.Act("reload", chromedp.Reload())
	}
	v.Fatalf("%s does not say %q:\n%s", place, want, v.Glimpse("body"))
}

// at waits until the browser is at an address that begins so.
func (v *visitor) at(address string) {
	v.Helper()
	var got string
	for end := time.Now().Add(pageMax); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got, _ = chromedp.Run(v.Ctx, chromedp.Location()); strings.HasPrefix(got, address) {
			return
		}
	}
	v.Fatalf("the browser is at %s, want %s:\n%s", got, address, v.Glimpse("body"))
}

package sandbox_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tollgate/tollgate/sandbox"
)

// nodeMax bounds the run of the Node client.
const nodeMax = 2 * time.Minute

// TestTheNodeClient runs the tests in js, which drive a sandbox with Stripe's own Node client.
func TestTheNodeClient(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what runs outside Go")
	}
	t.Parallel()
	node, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join("js", "node_modules", "stripe"))
	}
	if err != nil {
		t.Fatalf("%v: run scripts/provide node, which says what to install", err)
	}
	s := openShop(t, sandbox.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), nodeMax)
	defer cancel()
	run := exec.CommandContext(ctx, node, "--test", "--test-reporter=spec")
	run.Dir = "js"
	run.Env = append(os.Environ(), "SANDBOX_URL="+s.url)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Errorf("node --test: %v\n%s", err, out)
	}
	s.checkEvents()
}

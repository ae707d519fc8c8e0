package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A hesitant answers yes, after something has happened.
type hesitant struct {
	io.Reader
	meanwhile func()
}

func (h *hesitant) Read(b []byte) (int, error) {
	if h.meanwhile != nil {
		h.meanwhile()
		h.meanwhile = nil
	}
	return h.Reader.Read(b)
}

// A yes is to the differences that were shown: what somebody else published meanwhile is not overwritten.
func TestApplyPublishesOverWhatItShowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, mine, theirs := filepath.Join(dir, "t.db"), filepath.Join(dir, "mine.yaml"), filepath.Join(dir, "theirs.yaml")
	for file, limit := range map[string]string{mine: "10", theirs: "20"} {
		if err := os.WriteFile(file, []byte(strings.Replace(tiny, "unlimited", limit, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := &hesitant{strings.NewReader("yes\n"), func() { must(t, "", "apply", "--db", db, theirs) }}
	c := newTyped(in)
	c.inTerminal, c.outTerminal = true, true
	if code := run(t.Context(), []string{"apply", "--db", db, mine}, &c.console); code != exitFailed {
		t.Errorf("apply exits with %d, want %d:\n%s", code, exitFailed, c.stdout.String())
	}
	if said := c.stderr.String(); !strings.Contains(said, "Version 1 of the catalog is in force, not 0") {
		t.Errorf("apply says %q", said)
	}
	if out := must(t, "", "apply", "--db", db, "--dry-run", theirs); !strings.Contains(out, "No changes") {
		t.Errorf("the other catalog is no longer in force:\n%s", out)
	}
}

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandsThatLookMakeNoDatabase(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"audit", "backup COPY", "balances ada", "customers", "customers get ada", "doctor", "doctor --repair --stripe-key sk_test_1 --stripe-url http://127.0.0.1:1", "entries ada requests",
		"explain ada requests", "key list", "key revoke key_1", "key end-tokens", "limits show ada requests", "limits add ada requests 1 --id x --reason test",
		"limits remove x", "adjust ada 1 --meter requests --id x --reason test", "reset ada requests --id x --reason test", "usage ada --meter requests",
		"webhooks", "webhooks replay evt_1",
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			typo := filepath.Join(t.TempDir(), "typo.db")
			args := strings.Fields(strings.ReplaceAll(command, "COPY", typo+".copy"))
			c := newTyped(strings.NewReader(""))
			code := run(t.Context(), append(args, "--db", typo), &c.console)
			if want := "there is no database " + typo; code != exitFailed || !strings.Contains(c.stderr.String(), want) {
				t.Errorf("exit %d: %s, want %d and %q", code, c.stderr.String(), exitFailed, want)
			}
			if _, err := os.Stat(typo); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the file is there: %v", err)
			}
		})
	}
}

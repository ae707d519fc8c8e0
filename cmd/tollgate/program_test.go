package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tollgate/tollgate"
	"github.com/tollgate/tollgate/internal/testdb"
)

const tiny = `
meters:
  requests: {aggregation: sum}
plans:
  free:
    default: true
    includes: {requests: {limit: unlimited, every: never}}
`

// A typed is a console for a test: what goes in, and what came out.
type typed struct {
	console
	stdout, stderr buffer
}

func newTyped(in io.Reader) *typed {
	var t typed
	t.console = console{in: in, out: &t.stdout, err: redacting{&t.stderr}}
	return &t
}

// A buffer may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// must runs a command line that has to succeed, and returns its standard output.
func must(t *testing.T, in string, args ...string) string {
	t.Helper()
	c := newTyped(strings.NewReader(in))
	if code := run(t.Context(), args, &c.console); code != exitDone {
		t.Fatalf("tollgate %s: exit %d\n%s", strings.Join(args, " "), code, c.stderr.String())
	}
	return c.stdout.String()
}

func TestApplyAsksOnATerminal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, answer string
		args         []string
		code         int
		version      int64
	}{
		{"yes publishes", "yes\n", nil, exitDone, 1},
		{"no does not", "no\n", nil, exitFailed, 0},
		{"neither does silence", "", nil, exitFailed, 0},
		{"--yes answers beforehand", "", []string{"--yes"}, exitDone, 1},
		{"--json does not ask", "", []string{"--json"}, exitDone, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db, file := testdb.SQLite(t), filepath.Join(t.TempDir(), "tiny.yaml")
			if err := os.WriteFile(file, []byte(tiny), 0o600); err != nil {
				t.Fatal(err)
			}
			c := newTyped(strings.NewReader(tt.answer))
			c.inTerminal, c.outTerminal = true, true
			if code := run(t.Context(), append([]string{"apply", file, "--db", db}, tt.args...), &c.console); code != tt.code {
				t.Errorf("exit %d, want %d\n%s%s", code, tt.code, c.stdout.String(), c.stderr.String())
			}
			engine, err := tollgate.Open(t.Context(), db, tollgate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer engine.Close()
			if got := engine.Catalog().Version; got != tt.version {
				t.Errorf("version %d is in force, want %d", got, tt.version)
			}
		})
	}
}

func TestAuditNamesEachAccountThatDiffers(t *testing.T) {
	t.Parallel()
	testdb.Each(t, func(t *testing.T, db string) {
		must(t, tiny, "apply", "-", "--db", db)
		must(t, fact("t-1", 0)+"\n"+fact("t-2", 0), "import", "-", "--db", db)
		must(t, "", "audit", "--db", db)
		engine, err := tollgate.Open(t.Context(), db, tollgate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := engine.SQL().ExecContext(t.Context(), "UPDATE account SET used = used + 1000000"); err != nil {
			t.Fatal(err)
		}
		if err := engine.Close(); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct{ arg, want string }{{"", "ada       requests  "}, {"--json", `"findings":[{"customer":"ada","balance":"requests"`}} {
			c := newTyped(nil)
			args := strings.Fields("audit " + tt.arg)
			if code := run(t.Context(), append(args, "--db", db), &c.console); code != exitFailed {
				t.Errorf("exit %d, want %d", code, exitFailed)
			}
			if !strings.Contains(c.stdout.String(), tt.want) {
				t.Errorf("audit %s prints\n%swant %s in it", tt.arg, c.stdout.String(), tt.want)
			}
			if want := "error: the ledger does not balance: 1 of 1 accounts differ\n"; c.stderr.String() != want {
				t.Errorf("the error is %q, want %q", c.stderr.String(), want)
			}
		}
	})
}

func TestImportIsInterruptedAndRunAgain(t *testing.T) {
	t.Parallel()
	const total, half = 4000, 2500
	var all strings.Builder
	for i := range total {
		fmt.Fprintf(&all, `{"customer":"c%d","meter":"requests","amount":1,"transactionId":"t-%d"}`+"\n", i%70, i)
	}
	lines := strings.SplitAfterN(all.String(), "\n", half+1)
	testdb.Each(t, func(t *testing.T, db string) {
		must(t, tiny, "apply", "-", "--db", db)
		ctx, interrupt := context.WithCancel(t.Context())
		in, feed := io.Pipe()
		defer feed.Close()
		go func() {
			io.WriteString(feed, strings.Join(lines[:half], "")) // returns when the import has read it all
			interrupt()
		}()
		c := newTyped(in)
		if code := run(ctx, []string{"import", "-", "--db", db}, &c.console); code != exitFailed {
			t.Errorf("exit %d after an interruption, want %d", code, exitFailed)
		}
		var first, second counts
		scan := func(text string, n *counts) {
			if _, err := fmt.Sscanf(text, "accepted %d duplicate %d refused %d invalid %d\n", &n.Accepted, &n.Duplicate, &n.Refused, &n.Invalid); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
		}
		scan(c.stdout.String(), &first)
		if first.Accepted == 0 || first.total() != first.Accepted {
			t.Errorf("the first run ends with %+v, want some accepted and nothing else", first)
		}
		scan(must(t, all.String(), "import", "-", "--db", db), &second)
		if second.Duplicate != first.Accepted || second.Accepted != total-first.Accepted {
			t.Errorf("the second run ends with %+v after %+v: together they must accept %d", second, first, total)
		}
		if got := must(t, "", "audit", "--db", db); !strings.HasPrefix(got, "ledger balanced: 70 accounts") {
			t.Errorf("audit prints %s", got)
		}
	})
}

func TestEveryCommandIsInTheDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	parser, err := newParser(t.Context(), &newTyped(nil).console, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range strings.Split(string(text), "\n## ")[1:] {
		title, body, _ := strings.Cut(part, "\n")
		sections[title] = body
	}
	var documented int
	for _, leaf := range parser.Model.Leaves(true) {
		title := leaf.Path()
		body, ok := sections["tollgate "+title]
		if !ok {
			t.Errorf("docs/commands.md has no section %q", "## tollgate "+title)
			continue
		}
		documented++
		for _, flag := range leaf.Flags {
			if !strings.Contains(body, "`--"+flag.Name) {
				t.Errorf("the section of tollgate %s does not explain --%s", title, flag.Name)
			}
			for _, env := range flag.Envs {
				if !strings.Contains(string(text), "`"+env+"`") {
					t.Errorf("docs/commands.md does not name the variable %s", env)
				}
			}
		}
	}
	for title := range sections {
		if strings.HasPrefix(title, "tollgate ") {
			documented--
		}
	}
	if documented != 0 {
		t.Errorf("docs/commands.md explains %d commands that do not exist", -documented)
	}
}

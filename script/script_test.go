package script_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tollgate/tollgate/internal/testdb"
)

// root is the module's folder as seen from this one.
const root = ".."

func TestMain(m *testing.M) {
	if signal.Ignored(syscall.SIGHUP) {
		// Under nohup the program would honour it, and the script of a terminal that is closed wait for ever. What is caught
		// here is not ignored by those started from here; it is not read, so nothing else changes.
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "script:", err)
		code = 1
	}
	os.Exit(code)
}

// run builds the program once, puts it first on PATH, and runs the tests.
func run(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "tollgate-script-")
	if err != nil {
		return 0, err
	}
	defer func() {
		if removed := os.RemoveAll(folder); err == nil {
			err = removed
		}
	}()
	if err := build(folder); err != nil {
		return 0, err
	}
	path := folder + string(os.PathListSeparator) + os.Getenv("PATH")
	if err := os.Setenv("PATH", path); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// build puts the program into folder. Under the race detector the program is built with it too: its
// packages are compiled that way already, and a race in the program fails the script.
func build(folder string) error {
	args := []string{"build", "-buildvcs=false", "-o", filepath.Join(folder, "tollgate"+suffix())}
	if raceEnabled() {
		args = append(args, "-race")
	}
	command := exec.Command("go", append(args, "./cmd/tollgate")...)
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(command.Args[1:], " "), err, output)
	}
	return nil
}

func suffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

func raceEnabled() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, setting := range info.Settings {
		if setting.Key == "-race" {
			return setting.Value == "true"
		}
	}
	return false
}

func TestScripts(t *testing.T) {
	t.Parallel()
	readSources(t)
	for _, database := range []struct {
		name  string
		fresh func(testing.TB) string
	}{
		{"sqlite", testdb.SQLite},
		{"postgres", testdb.Postgres},
	} {
		t.Run(database.name, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir:                 "testdata",
				Setup:               setup(database.fresh),
				Condition:           condition(database.name),
				RequireExplicitExec: true,
				RequireUniqueNames:  true,
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"capture":  capture,
					"freeport": freeport,
					"http":     request,
					"waitfor":  waitFor,
				},
			})
		})
	}
}

// setup gives a script its database.
func setup(fresh func(testing.TB) string) func(*testscript.Env) error {
	return func(env *testscript.Env) error {
		t, ok := env.T().(testing.TB)
		if !ok {
			return fmt.Errorf("%T is no testing.TB", env.T())
		}
		env.Setenv("DB", fresh(t))
		readme, err := filepath.Abs(filepath.Join(root, "README.md"))
		env.Setenv("README", readme)
		return err
	}
}

// condition lets a script say [sqlite] or [postgres] before a line.
func condition(database string) func(string) (bool, error) {
	return func(asked string) (bool, error) {
		switch asked {
		case "sqlite", "postgres":
			return asked == database, nil
		}
		return false, fmt.Errorf("unknown condition %q", asked)
	}
}

// readSources looks at every file the program may be built from. The build itself happens in another
// process, so go test would otherwise serve the cached result of an older program.
func readSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			base := entry.Name()
			hidden := strings.HasPrefix(base, ".") && name != root
			if hidden || base == "testdata" || base == "node_modules" || base == "bin" {
				return fs.SkipDir
			}
			return nil
		}
		_, err = os.Stat(name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

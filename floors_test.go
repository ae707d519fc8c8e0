package tollgate_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const (
	module         = "github.com/tollgate/tollgate"
	nounFloorMax   = 4   // packages up to here are pure
	topFloor       = 9   // programs nothing imports
	fileLinesMax   = 400 // of a file that is not a test
	rootPackage    = "." // the verbs
	testdbPackage  = "internal/testdb"
	browserPackage = "internal/testbrowser"
)

// A place says where a package stands and what it may import.
type place struct {
	floor int
	alone bool   // imports no other package of the module
	only  string // when set, the only package whose non-test files may import it
}

// floors is the table of DESIGN.md: a package imports only from floors below its own.
var floors = map[string]place{
	// Ground words.
	"fault":    {floor: 0},
	"quantity": {floor: 1},
	"period":   {floor: 1},
	"id":       {floor: 1},
	"money":    {floor: 2},

	// Nouns: types and all the rules.
	"meter":        {floor: 2},
	"credit":       {floor: 3},
	"subscription": {floor: 3},
	"plan":         {floor: 4},
	"usage":        {floor: 4},

	// Doors to the outside.
	"internal/mail":   {floor: 5},
	"internal/store":  {floor: 5},
	"internal/stripe": {floor: 5},
	"pace":            {floor: 5},
	"spool":           {floor: 5},

	// Verbs.
	rootPackage: {floor: 6},

	// Faces.
	"api":        {floor: 7},
	"app":        {floor: 7},
	"client":     {floor: 7},
	"flowglad":   {floor: 7},
	"middleware": {floor: 7},
	"web":        {floor: 7},

	// The program.
	"cmd/tollgate": {floor: 8},

	// Beside: these import nothing of the rest.
	"sandbox":           {floor: 7, alone: true},
	"examples/catalogs": {floor: 7, alone: true},
	"examples/trace":    {floor: 7, alone: true},
	"js":                {floor: 7, alone: true},
	testdbPackage:       {floor: 8, alone: true, only: "bench"},
	browserPackage:      {floor: 8, alone: true, only: browserPackage},    // for tests
	"sandbox/conform":   {floor: 8, alone: true, only: "sandbox/conform"}, // for tests
}

// tops are the folders whose packages stand on top: examples, benchmarks, and the tests of the program, which
// nothing else imports.
var tops = []string{"examples", "bench", "script", "faults"}

// namesRefused say nothing about what a package holds.
var namesRefused = []string{
	"util", "utils", "common", "core", "types", "model", "models", "service", "services",
	"helper", "helpers", "pkg",
}

// importsImpure are what a noun may not import: deadlines, the outside, and logging.
var importsImpure = []string{
	"context", "database/sql", "database/sql/driver", "log", "log/slog", "log/syslog",
	"net", "net/http", "os", "os/exec", "os/signal", "testing",
}

// clockCalls read the clock or wait for it. Nouns receive times as arguments.
var clockCalls = []string{
	"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer",
}

// filesLong are the files allowed more than fileLinesMax lines, each with its reason.
var filesLong = map[string]string{}

func TestImportsGoDownTheFloors(t *testing.T) {
	t.Parallel()
	// The test reads the files itself, so that go test knows what its result depends on.
	broken, err := breaches(os.DirFS("."), filesLong)
	if err != nil {
		t.Fatal(err)
	}
	for _, breach := range broken {
		t.Error(breach)
	}
}

// breaches names every place where the tree breaks the rules of the floors, in the order of its
// files. The error is about reading the tree.
func breaches(tree fs.FS, long map[string]string) ([]string, error) {
	var found []string
	reported := map[string]bool{}
	report := func(format string, args ...any) {
		breach := fmt.Sprintf(format, args...)
		if !reported[breach] {
			reported[breach] = true
			found = append(found, breach)
		}
	}
	longSeen := map[string]bool{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return enter(tree, name)
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		if lines := strings.Count(string(source), "\n"); lines > fileLinesMax {
			longSeen[name] = true
			if long[name] == "" {
				report("%s has %d lines, more than %d: split it, or say in filesLong why not", name, lines, fileLinesMax)
			}
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		checkFile(name, file, report)
		return nil
	})
	for name := range long {
		if !longSeen[name] {
			report("%s is in filesLong without need: delete its line", name)
		}
	}
	return found, err
}

// enter skips the folders the go command skips, and other modules.
func enter(tree fs.FS, name string) error {
	if name == "." {
		return nil
	}
	base := path.Base(name)
	if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") ||
		slices.Contains([]string{"testdata", "vendor", "node_modules"}, base) {
		return fs.SkipDir
	}
	if _, err := fs.Stat(tree, path.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func checkFile(name string, file *ast.File, report func(string, ...any)) {
	pkg := path.Dir(name)
	for _, word := range append(strings.Split(pkg, "/"), file.Name.Name) {
		if slices.Contains(namesRefused, word) {
			report("package %s: %q names no thing: use a word of the domain", pkg, word)
		}
	}
	from, ok := placeOf(pkg)
	if !ok {
		report("package %s has no floor: add it to the table floors", pkg)
		return
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			report("%s: %v", name, err)
			continue
		}
		if from.floor <= nounFloorMax && slices.Contains(importsImpure, imported) {
			report("%s imports %s: floor %d is pure", name, imported, from.floor)
		}
		if to, ours := inModule(imported); ours {
			checkImport(name, pkg, from, to, report)
		}
	}
	if from.floor <= nounFloorMax {
		checkClock(name, file, report)
	}
}

// checkImport checks one import of a package of the module.
func checkImport(name, pkg string, from place, imported string, report func(string, ...any)) {
	to, ok := placeOf(imported)
	switch {
	case !ok:
		report("%s imports %s, which has no floor", name, imported)
	case from.alone:
		report("%s imports %s: %s imports nothing of the rest", name, imported, pkg)
	case to.only != "" && !within(pkg, to.only):
		report("%s imports %s, which is for tests and %s", name, imported, to.only)
	case from.floor == topFloor && pkg != imported && within(imported, pkg):
		// A program on top may have packages of its own in its folder.
	case to.floor >= from.floor:
		report("%s (floor %d) imports %s (floor %d): imports go down", name, from.floor, imported, to.floor)
	}
}

// checkClock reports uses of the clock, under whatever name the file imports package time.
func checkClock(name string, file *ast.File, report func(string, ...any)) {
	clock := ""
	for _, spec := range file.Imports {
		if spec.Path.Value != `"time"` {
			continue
		}
		clock = "time"
		if spec.Name != nil {
			clock = spec.Name.Name
		}
	}
	if clock == "." {
		report("%s imports time as a dot, which hides the clock", name)
		return
	}
	ast.Inspect(file, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		on, ok := selector.X.(*ast.Ident)
		if ok && clock != "" && on.Name == clock && slices.Contains(clockCalls, selector.Sel.Name) {
			report("%s uses time.%s: a noun receives times as arguments", name, selector.Sel.Name)
		}
		return true
	})
}

// placeOf returns where a package stands. Every package within tops stands on the top floor, unless
// the table says otherwise.
func placeOf(pkg string) (place, bool) {
	if at, ok := floors[pkg]; ok {
		return at, true
	}
	for _, top := range tops {
		if within(pkg, top) {
			return place{floor: topFloor}, true
		}
	}
	return place{}, false
}

// within reports whether a package is folder or lies below it.
func within(pkg, folder string) bool {
	return pkg == folder || strings.HasPrefix(pkg, folder+"/")
}

// inModule returns the folder of an import of this module.
func inModule(imported string) (folder string, ours bool) {
	if imported == module {
		return rootPackage, true
	}
	return strings.CutPrefix(imported, module+"/")
}

func TestBreachesAreFound(t *testing.T) {
	t.Parallel()
	source := func(pkg string, imports ...string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "package %s\n\n", pkg)
		for _, imported := range imports {
			fmt.Fprintf(&b, "import %q\n", imported)
		}
		return b.String()
	}
	long := "package store\n" + strings.Repeat("\n", fileLinesMax-1)
	for _, tt := range []struct {
		name string
		tree map[string]string
		long map[string]string
		want []string
	}{
		{
			name: "imports that go down are fine",
			tree: map[string]string{
				"fault/fault.go":       source("fault", "fmt"),
				"id/id.go":             source("id", module+"/fault", "time"),
				"plan/plan.go":         source("plan", module+"/meter", "github.com/goccy/go-yaml"),
				"engine.go":            source("tollgate", module+"/internal/store", "context", "log/slog"),
				"cmd/tollgate/main.go": source("main", module, module+"/api", module+"/sandbox", module+"/examples/catalogs"),
				"examples/chat/x.go":   source("main", module+"/client"),
				"bench/main.go":        source("main", module+"/internal/testdb", module+"/bench/plain"),
				"bench/plain/plain.go": source("plain", "database/sql"),
			},
		},
		{
			name: "an import may not go up",
			tree: map[string]string{"id/id.go": source("id", module+"/plan")},
			want: []string{"id/id.go (floor 1) imports plan (floor 4): imports go down"},
		},
		{
			name: "an import may not stay on its floor",
			tree: map[string]string{"api/api.go": source("api", module+"/web")},
			want: []string{"api/api.go (floor 7) imports web (floor 7): imports go down"},
		},
		{
			name: "the verbs may not import a face",
			tree: map[string]string{"engine.go": source("tollgate", module+"/api")},
			want: []string{"engine.go (floor 6) imports api (floor 7): imports go down"},
		},
		{
			name: "a door may not import the verbs",
			tree: map[string]string{"internal/store/db.go": source("store", module)},
			want: []string{"internal/store/db.go (floor 5) imports . (floor 6): imports go down"},
		},
		{
			name: "a face may not import the sandbox",
			tree: map[string]string{"api/api.go": source("api", module+"/sandbox")},
			want: []string{"api/api.go (floor 7) imports sandbox (floor 7): imports go down"},
		},
		{
			name: "the sandbox imports nothing of the rest",
			tree: map[string]string{"sandbox/server.go": source("sandbox", module+"/fault")},
			want: []string{"sandbox/server.go imports fault: sandbox imports nothing of the rest"},
		},
		{
			name: "test databases are for tests and benchmarks",
			tree: map[string]string{
				"examples/chat/main.go": source("main", module+"/internal/testdb"),
				"bench/main.go":         source("main", module+"/internal/testdb"),
			},
			want: []string{"examples/chat/main.go imports internal/testdb, which is for tests and bench"},
		},
		{
			name: "one program on top may not import another",
			tree: map[string]string{"examples/chat/main.go": source("main", module+"/bench")},
			want: []string{"examples/chat/main.go (floor 9) imports bench (floor 9): imports go down"},
		},
		{
			name: "a package needs a floor",
			tree: map[string]string{
				"invoice/invoice.go": source("invoice"),
				"api/api.go":         source("api", module+"/ledger"),
			},
			want: []string{
				"api/api.go imports ledger, which has no floor",
				"package invoice has no floor: add it to the table floors",
			},
		},
		{
			name: "empty names are refused, as folder and as package",
			tree: map[string]string{
				"bench/utils/a.go": source("utils"),
				"bench/plain/a.go": source("helpers"),
			},
			want: []string{
				`package bench/plain: "helpers" names no thing: use a word of the domain`,
				`package bench/utils: "utils" names no thing: use a word of the domain`,
			},
		},
		{
			name: "nouns are pure",
			tree: map[string]string{
				"credit/apply.go": source("credit", "context", "database/sql", "log/slog"),
				"meter/meter.go":  source("meter", "net/http", "os", "log"),
			},
			want: []string{
				"credit/apply.go imports context: floor 3 is pure",
				"credit/apply.go imports database/sql: floor 3 is pure",
				"credit/apply.go imports log/slog: floor 3 is pure",
				"meter/meter.go imports net/http: floor 2 is pure",
				"meter/meter.go imports os: floor 2 is pure",
				"meter/meter.go imports log: floor 2 is pure",
			},
		},
		{
			name: "nouns do not read the clock, under any name",
			tree: map[string]string{
				"credit/a.go":          "package credit\n\nimport \"time\"\n\nvar a = time.Now()\n",
				"credit/b.go":          "package credit\n\nimport clock \"time\"\n\nvar b = clock.Since\n",
				"credit/c.go":          "package credit\n\nimport . \"time\"\n\nvar c = Now()\n",
				"credit/d.go":          "package credit\n\nimport \"time\"\n\nvar d = time.Unix(0, 0)\n",
				"internal/store/db.go": "package store\n\nimport \"time\"\n\nvar e = time.Now()\n",
			},
			want: []string{
				"credit/a.go uses time.Now: a noun receives times as arguments",
				"credit/b.go uses time.Since: a noun receives times as arguments",
				"credit/c.go imports time as a dot, which hides the clock",
			},
		},
		{
			name: "a file at the limit of lines is fine",
			tree: map[string]string{"internal/store/db.go": long},
		},
		{
			name: "a file one line past the limit is not",
			tree: map[string]string{"internal/store/db.go": long + "\n"},
			want: []string{"internal/store/db.go has 401 lines, more than 400: split it, or say in filesLong why not"},
		},
		{
			name: "a long file with a reason is fine, and a reason without a long file is not",
			tree: map[string]string{"internal/store/db.go": long + "\n"},
			long: map[string]string{"internal/store/db.go": "one table", "internal/store/tx.go": "gone"},
			want: []string{"internal/store/tx.go is in filesLong without need: delete its line"},
		},
		{
			name: "tests, test data, hidden folders, packages of others and other modules are not looked at",
			tree: map[string]string{
				"id/id_test.go":               source("id", module+"/plan"),
				"id/testdata/a.go":            source("id", module+"/plan"),
				"js/node_modules/x/util/a.go": source("util"),
				".cache/a.go":                 source("common"),
				"plugin/go.mod":               "module other\n",
				"plugin/a.go":                 source("plugin"),
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tree := fstest.MapFS{}
			for name, text := range tt.tree {
				tree[name] = &fstest.MapFile{Data: []byte(text)}
			}
			got, err := breaches(tree, tt.long)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("breaches (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAFileThatDoesNotParseIsAnError(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{"id/id.go": {Data: []byte("package")}}
	if _, err := breaches(tree, nil); err == nil {
		t.Error("a file that cannot be parsed passed")
	}
}

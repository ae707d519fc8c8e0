package plan_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/tollgate/tollgate/fault"
	"github.com/tollgate/tollgate/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with the file, or writes it under -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; if the change is wanted, run the tests with -update (-want +got):\n%s", file, diff)
	}
}

func read(t testing.TB, file string) *plan.Catalog {
	t.Helper()
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := plan.Parse(filepath.Base(file), doc)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The transcripts: each refused_*.yaml has as many mistakes as it can hold, and its golden file says
// what Parse answers to each.
func TestEveryMistakeIsAnsweredWithItsPlaceAndWhatToWriteInstead(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/refused_*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = plan.Parse(filepath.Base(file), doc)
		var problems plan.Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s: got %v, want Problems", file, err)
			continue
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" || p.Instead == "" {
				t.Errorf("%s: a problem lacks its place, its message or what to write instead: %+v", file, p)
			}
		}
		golden(t, strings.TrimSuffix(file, ".yaml")+".golden", problems.Error()+"\n")
	}
}

func TestADocumentThatIsNotACatalogIsRefusedAtOnePlace(t *testing.T) {
	t.Parallel()
	const minimal = "plans: {free: {default: true}}\n"
	cases := map[string]struct{ doc, want string }{
		"nothing at all":         {"", "1:1: the catalog is empty; start with meters: and plans:"},
		"only comments":          {"# later\n", "1:1: the catalog is empty; start with meters: and plans:"},
		"null":                   {"~\n", "1:1: the catalog is empty; start with meters: and plans:"},
		"an empty mapping":       {"{}", "1:1: the catalog is empty; start with meters: and plans:"},
		"a list":                 {"- tokens\n", "1:1: this is a list where a mapping belongs; start with meters: and plans:"},
		"a word":                 {"catalog", `1:1: this is "catalog" where a mapping belongs; start with meters: and plans:`},
		"an unclosed brace":      {"plans: {free: {default: true}", "1:8: this is not YAML: could not find flow mapping end token '}'; check the indentation, the quotes and the brackets"},
		"a tab as indentation":   {"plans:\n\tfree: {}\n", "2:1: this is not YAML: found character '\t' that cannot start any token; check the indentation, the quotes and the brackets"},
		"bytes that are no text": {"plans: \xff\n", "1:1: the document is not UTF-8 text; save it as UTF-8"},
		"a NUL":                  {"plans: \x00\n", "1:1: the document is not UTF-8 text; save it as UTF-8"},
		"an alias":               {"plans: {free: &f {default: true}, pro: *f}\n", "1:15: anchors, aliases and merge keys are not read; write the value out"},
		"a merge key":            {"plans:\n  free: {default: true}\n  pro:\n    <<: {trial: 1d}\n", "4:5: anchors, aliases and merge keys are not read; write the value out"},
		"a tag":                  {"plans: !!map {}\n", "1:8: tags, directives and ? keys are not read; write plain keys and values"},
		"an explicit key":        {"? plans\n: {}\n", "1:1: tags, directives and ? keys are not read; write plain keys and values"},
		"a second document":      {minimal + "---\n" + minimal, "3:1: a second document starts here, and a file holds one catalog; remove the line --- or ... above it"},
		"what follows an end":    {minimal + "...\n" + minimal, "3:1: a second document starts here, and a file holds one catalog; remove the line --- or ... above it"},
		"a key that is too long": {strings.Repeat("k", plan.KeyBytesMax+1) + ": 1\n", "1:1: the key has 256 bytes; the limit is 255"},
		"a text that is too long": {"upgradeUrl: /" + strings.Repeat("x", plan.TextBytesMax) + "\n",
			"1:13: the text has 4097 bytes; the limit is 4096"},
	}
	for name, c := range cases {
		_, err := plan.Parse("", []byte(c.doc))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", name, err, c.want)
		}
	}
}

func TestADocumentThatWouldBlowUpIsRefusedQuickly(t *testing.T) {
	t.Parallel()
	fill := func(s string) string { return strings.Repeat(s, plan.DocumentBytesMax/len(s)) }
	for name, doc := range map[string]string{
		"open brackets":      fill("["),
		"open braces":        fill("{a: "),
		"dashes":             fill("- "),
		"explicit keys":      fill("? "),
		"tags":               fill("!a "),
		"anchors":            fill("&a "),
		"chained keys":       fill("a: "),
		"many keys":          fill("a:\n"),
		"many items":         "[" + fill("a,")[1:],
		"quotes":             fill(`"`),
		"colons":             fill(":"),
		"deep indentation":   deep(1400),
		"a billion laughs":   laughs(),
		"one very long word": fill("x"),
	} {
		begin := time.Now()
		if _, err := plan.Parse("", []byte(doc)); err == nil {
			t.Errorf("%s: accepted", name)
		}
		if took := time.Since(begin); took > 20*time.Second { // about one second; race detectors are slow
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func deep(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func laughs() string {
	doc := "a0: &a0 [lol]\n"
	for i := range 30 {
		doc += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i+1, i+1, i, i)
	}
	return doc
}

func TestTheSizeOfADocumentIsLimited(t *testing.T) {
	t.Parallel()
	doc := []byte("plans: {free: {default: true}}\n")
	pad := func(n int) []byte {
		return append(doc[:len(doc):len(doc)], []byte(strings.Repeat("\n", n-len(doc)))...)
	}
	if _, err := plan.Parse("", pad(plan.DocumentBytesMax)); err != nil {
		t.Errorf("a document of the largest size: got %v, want none", err)
	}
	if _, err := plan.Parse("", pad(plan.DocumentBytesMax+1)); !fault.Has(err, fault.TooLarge) {
		t.Errorf("a document one byte past the limit: got %v, want %s", err, fault.TooLarge)
	}
}

func TestTheNumberOfWordsAndTheDepthAreLimited(t *testing.T) {
	t.Parallel()
	wide := func(tokens int) string { // [a, a, …] under a key: two tokens for the key, two brackets
		n := (tokens - 4) / 2
		return "plans: [" + strings.Repeat("a,", n) + "]"
	}
	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	const words, depth = "words and signs", "nests deeper"
	for _, c := range []struct {
		doc, refusal string
		refused      bool
	}{
		{wide(plan.DocumentTokensMax), words, false},
		{wide(plan.DocumentTokensMax + 2), words, true},
		{nested(plan.DocumentDepthMax), depth, false},
		{nested(plan.DocumentDepthMax + 1), depth, true},
		{deep(plan.DocumentDepthMax), depth, false},
		{deep(plan.DocumentDepthMax + 1), depth, true},
	} {
		_, err := plan.Parse("", []byte(c.doc))
		if err == nil || strings.Contains(err.Error(), c.refusal) != c.refused {
			t.Errorf("%.40s…: got %.200v, refused because it %q: want %v", c.doc, err, c.refusal, c.refused)
		}
	}
}

func TestOnlySoManyProblemsAreReported(t *testing.T) {
	t.Parallel()
	var problems plan.Problems
	_, err := plan.Parse("", []byte("plans:\n"+strings.Repeat("  A b: {}\n", plan.ProblemsMax+50)))
	if !errors.As(err, &problems) || len(problems) != plan.ProblemsMax {
		t.Fatalf("got %d problems, want %d", len(problems), plan.ProblemsMax)
	}
	if last := problems[plan.ProblemsMax-1].Message; !strings.Contains(last, "more problems)") {
		t.Errorf("the last problem is %q, want it to count the others", last)
	}
}

func TestProblemsAreAnInvalidFaultWithTheirPlaces(t *testing.T) {
	t.Parallel()
	_, err := plan.Parse("chat.yaml", []byte("plans:\n  free: {default: true, trial: 2 weeks}\n"))
	f := fault.Of(err)
	if f == nil {
		t.Fatalf("got %v, want a fault", err)
	}
	got, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"error":"invalid_request","message":"The catalog has 1 problem: correct each line named under problems and send it again.",` +
		`"problems":[{"file":"chat.yaml","line":2,"column":32,"path":"plans.free.trial","message":"this is \"2 weeks\"","instead":"write whole days, from 1d to 730d"}]}`
	if string(got) != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestPlacesAreCountedInCharactersAlsoWithWindowsLineEnds(t *testing.T) {
	t.Parallel()
	_, err := plan.Parse("", []byte("\ufeffplans:\r\n  free: {name: \"é 😀\", default: tru}\r\n"))
	want := `2:32: plans.free.default: this is "tru"; write true or false`
	if err == nil || !strings.HasPrefix(err.Error(), "1:1: plans: no plan") || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want it to end with %s", err, want)
	}
}

func catalogs(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../examples/catalogs/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("the example catalogs are missing: %v, %v", files, err)
	}
	return append(files, "testdata/example.yaml", "testdata/models.yaml")
}

func TestTheExampleCatalogsAreAcceptedAndTheirJSONReadsBackTheSame(t *testing.T) {
	t.Parallel()
	for _, file := range catalogs(t) {
		c := read(t, file)
		doc, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := plan.Parse("", doc)
		if err != nil {
			t.Errorf("%s: its JSON form is refused: %v", file, err)
			continue
		}
		var unmarshalled plan.Catalog
		if err := json.Unmarshal(doc, &unmarshalled); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		private := cmpopts.IgnoreUnexported(plan.Catalog{})
		if diff := cmp.Diff(c, parsed, private); diff != "" {
			t.Errorf("%s: parsed from its JSON form it differs (-want +got):\n%s", file, diff)
		}
		if diff := cmp.Diff(c, &unmarshalled, private, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: unmarshalled it differs (-want +got):\n%s", file, diff)
		}
		if unmarshalled.Location().String() != c.Timezone {
			t.Errorf("%s: unmarshalled its zone is %v, want %s", file, unmarshalled.Location(), c.Timezone)
		}
	}
}

func TestTheJSONFormIsTheDocumentWithItsDefaults(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(read(t, "testdata/models.yaml"), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/models.json.golden", string(got)+"\n")
}

func TestTextsInJSONAreReadAsJSONReadsThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.StringMatching(`[a-zé😀\\"'{}#&*:,/<ÿ-][ -~é😀\x{2028}\t\n]{0,20}`).Draw(t, "text")
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "ascii") {
			text = ascii(text)
		}
		c, err := plan.Parse("", []byte(`{"plans": {"free": {"default": true, "name": `+string(text)+`}}}`))
		if err != nil {
			t.Fatalf("%s is refused: %v", text, err)
		}
		if got := c.Plans["free"].Name; got != want {
			t.Fatalf("%s is read as %q, want %q", text, got, want)
		}
	})
}

// ascii escapes what is not ASCII, as many JSON libraries do: past U+FFFF as two surrogates.
func ascii(text []byte) []byte {
	var out []byte
	for _, r := range string(text) {
		if r < 0x80 {
			out = append(out, byte(r))
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			out = fmt.Appendf(out, `\u%04x`, u)
		}
	}
	return out
}

package js_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// examples is where the examples of the documentation are read by TypeScript: inside the package, so that its name means
// itself, and where nothing is committed.
const examples = "dist/examples"

// TestTheDocumentationsExamplesAreTyped has TypeScript read every example against the published package.
func TestTheDocumentationsExamplesAreTyped(t *testing.T) {
	t.Parallel()
	needNode(t)
	buildPackage(t)
	if err := os.MkdirAll(examples, 0o755); err != nil {
		t.Fatal(err)
	}
	config := `{"extends": "../../tsconfig.json", "compilerOptions": {"rootDir": "../..", "noEmit": true, "types": ["node"], "skipLibCheck": false, "lib": ["es2023", "dom", "dom.iterable"]},
		"files": ["../../test/examples.d.ts"], "include": ["*.ts", "*.tsx"], "exclude": []}`
	files := map[string]string{"tsconfig.json": config}
	for _, page := range []string{"../docs/javascript.md", "README.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for i, block := range regexp.MustCompile("(?s)```(tsx?)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			name := strings.TrimSuffix(filepath.Base(page), ".md")
			files[fmt.Sprintf("%s-%d.%s", name, i+1, block[1])] = block[2]
		}
	}
	if len(files) < 10 {
		t.Fatalf("there are only %d files: are the examples found?", len(files))
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(examples, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	node(t, nil, "node_modules/typescript/bin/tsc", "-p", examples)
}

// TestTheDocumentationsElementsAreThere compares the elements that the documentation shows with those that src defines.
func TestTheDocumentationsElementsAreThere(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/javascript.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("src/elements.ts")
	if err != nil {
		t.Fatal(err)
	}
	class := map[string]string{} // of an element
	for _, m := range regexp.MustCompile(`define\("(tollgate-[a-z-]+)", (\w+)\)`).FindAllStringSubmatch(string(source), -1) {
		class[m[1]] = m[2]
	}
	shown := regexp.MustCompile(`<(tollgate-[a-z-]+)([^>]*)>`).FindAllStringSubmatch(string(text), -1)
	if len(shown) < len(class) || len(class) != 4 {
		t.Errorf("%d elements are shown, %d defined", len(shown), len(class))
	}
	for _, m := range shown {
		_, observed, ok := strings.Cut(string(source), "class "+class[m[1]]+" ")
		if class[m[1]] == "" || !ok {
			t.Errorf("there is no element %s", m[1])
			continue
		}
		_, observed, _ = strings.Cut(observed, "observedAttributes = [")
		observed, _, _ = strings.Cut(observed, "]")
		for _, attribute := range regexp.MustCompile(`([a-z-]+)=`).FindAllStringSubmatch(m[2], -1) {
			if attribute[1] != "theme" && !strings.Contains(observed, `"`+attribute[1]+`"`) {
				t.Errorf("%s has no attribute %s", m[1], attribute[1])
			}
		}
	}
	style, err := os.ReadFile("src/style.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, variable := range regexp.MustCompile(`--tollgate-[a-z-]+`).FindAllString(string(style), -1) {
		if !strings.Contains(string(text), variable) {
			t.Errorf("docs/javascript.md does not tell of %s", variable)
		}
	}
	for _, variable := range regexp.MustCompile(`--tollgate-[a-z-]+`).FindAllString(string(text), -1) {
		if !strings.Contains(string(style), variable) {
			t.Errorf("there is no variable %s", variable)
		}
	}
}
